"""From JSONata's paths to Python: chains of look-ups where one object leads to another, `sequences.path` elsewhere."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .code import Code, Env, Marks, Unsupported, lambda_name, mangled, sequence
from .parse import Node
from .quote import call, const, function_of, name, quote, tuple_of

if TYPE_CHECKING:
    from .translate import Translator


def path(t: Translator, node: Node, env: Env) -> Code:
    """The value of a path, before what is written behind it."""
    code = _steps(t, node, env)
    return code if node.group is None else grouped(t, code, node.group, env)


def nullable(t: Translator, node: Node, env: Env) -> ast.expr | None:
    """The value of a path of plain names, with None for undefined; None for any other path."""
    names = _names(node)
    if names is None or node.group is not None:
        return None
    if names and node.steps[0].type == "name":
        if not env.single:
            return None
        return _chain(t, quote("X.get(N)", X=name(env.context), N=const(names[0])), names[1:], none=True)
    base = _head(t, node.steps[0], env)
    if base is None or base.marks is not Marks.NONE:
        return None
    return _chain(t, t.nullable(node.steps[0], env), names, none=True)


def _steps(t: Translator, node: Node, env: Env) -> Code:
    first = node.steps[0]
    names = _names(node)
    if names is not None:
        if first.type == "name":
            if not env.single:
                return Code(_tail(name(env.context), names), _found(env.marks))
            return Code(_chain(t, quote("X.get(N, U)", X=name(env.context), N=const(names[0])), names[1:]))
        base = _head(t, first, env)
        if base is not None:
            return Code(_chain(t, base.tree, names), _found(base.marks))
    if not node.keep_singleton_array and env.single and first.type == "name" and not _special(first):
        start = _filtered_head(t, first, env)
        rest = [step.value for step in node.steps[1:] if step.type == "name" and not step.stages and not _special(step)]
        if start is not None and len(rest) == len(node.steps) - 1:
            return start if not rest else Code(_chain(t, start.tree, rest), _found(start.marks))
        sifted = _sifted_end(t, node, env)
        if sifted is not None:
            return sifted
        if start is not None and env.assume:
            made = _records(t, start, node.steps[1:], env)
            if made is not None:
                return made
    return _general(t, node, env)


def _sifted_end(t: Translator, node: Node, env: Env) -> Code | None:
    """A path of names over one object that ends in filters by what is true; None for any other."""
    *_, last = node.steps
    if any(step.type != "name" or _special(step) or (step.stages and step is not last) for step in node.steps):
        return None
    names = [const(str(step.value)) for step in node.steps]
    reached = call("reach", name(env.context), tuple_of(names))
    code = Code(reached, listed=reached)
    for stage in last.stages or ():
        if stage.type != "filter":
            return None
        code = filtered(t, code, stage.expr, env)
        if code.listed is None:
            return None
    return code


def _records(t: Translator, start: Code, steps: list[Node], env: Env) -> Code | None:
    """Steps that are object constructors, with filters, over a value; None when there are others among them."""
    code = start
    for step in steps:
        if step.type != "unary" or step.value != "{" or _special(step) or not step.lhs_object:
            return None
        if any(stage.type != "filter" or stage.expr.type == "number" for stage in step.stages or ()):
            return None
        context = lambda_name(t.unit)
        made = t.value(step, env.within(context, _found(code.marks)))
        code = sequence(call("records", _items(code), function_of([(context, None)], made.tree)), made.marks)
        for stage in step.stages or ():
            code = filtered(t, code, stage.expr, env)
            if code.listed is None:
                return None
    return code


def _items(code: Code) -> ast.expr:
    """What there is to go through in a value: a list or a tuple."""
    return code.listed or call("items", code.tree)


def _names(node: Node) -> list[str] | None:
    """The names that a path consists of after its head (which may be a name); None when there is more in it."""
    if node.keep_singleton_array:
        return None
    names = []
    for position, step in enumerate(node.steps):
        if step.type == "name" and not step.stages and not _special(step):
            names.append(str(step.value))
        elif position > 0 or step.stages or step.consarray or step.type in ("name", "sort"):
            return None
    return names


def _special(step: Node) -> bool:
    """Whether a step has more to it than its type and its stages."""
    return bool(step.predicate or step.group is not None or step.keep_array)


def _head(t: Translator, first: Node, env: Env) -> Code | None:
    """The value of a path's first step, where the context counts as one value; None where it may be an array."""
    if first.type == "variable" or env.single:
        return t.value(first, env)
    return None


def _found(marks: Marks) -> Marks:
    """What may be marked in what a path of names finds in a value."""
    return Marks.DEEP if marks is Marks.DEEP else Marks.NONE


def _tail(value: ast.expr, names: list[str]) -> ast.expr:
    return call("tail", value, tuple_of([const(text) for text in names]))


def _chain(t: Translator, start: ast.expr, names: list[str], *, none: bool = False) -> ast.expr:
    """Look-ups from object to object; from the first array on, `tail` takes over."""
    tree = start
    for position, text in enumerate(names):
        variable = t.unit.fresh()
        inner = quote("T.get(N)" if none else "T.get(N, U)", T=variable, N=const(text))
        other = call("tail_or_none" if none else "tail", name(variable), tuple_of([const(n) for n in names[position:]]))
        tree = quote("A if type(T := X) is dict else B", A=inner, B=other, T=variable, X=tree)
        if position < len(names) - 1:
            rest = _chain(t, inner, names[position + 1 :], none=none)
            return ast.IfExp(tree.test, rest, other) if isinstance(tree, ast.IfExp) else tree
    return tree


def _filtered_head(t: Translator, first: Node, env: Env) -> Code | None:
    """`name[...]...` over one object."""
    code = Code(quote("X.get(N, U)", X=name(env.context), N=const(str(first.value))))
    for stage in first.stages or ():
        if stage.type != "filter":
            return None
        code = filtered(t, code, stage.expr, env)
    return mangled(code)


def filtered(t: Translator, code: Code, predicate: Node, env: Env) -> Code:
    """A value with a filter behind it."""
    inner = Marks.DEEP if code.marks is Marks.DEEP else Marks.NONE
    marks = max(inner, Marks.TOP)
    if predicate.type == "number":
        position = const(int(predicate.value))
        settled = None if inner else call("index", code.tree, position)
        return Code(call("where", code.tree, position), marks, raw=True, settled=settled)
    context = lambda_name(t.unit)
    test = t.value(predicate, env.within(context, inner))
    if test.kind not in ("boolean", "maybe"):
        return Code(call("where", code.tree, function_of([(context, None)], test.tree)), marks, raw=True)
    return sequence(_sifted(_items(code), context, t.truth(predicate, env.within(context, inner))), inner)


def _sifted(items: ast.expr, context: str, truth: ast.expr) -> ast.expr:
    """The list of the items for which something is true. Python wants no names bound in what a comprehension goes
    through."""
    if any(isinstance(part, ast.NamedExpr) for part in ast.walk(items)):
        return call("sifted", items, function_of([(context, None)], truth))
    return quote("[C for C in X if T]", C=context, X=items, T=truth)


def grouped(t: Translator, code: Code, group: Node, env: Env) -> Code:
    """A value with `{...}` behind it."""
    inner = Marks.DEEP if code.marks is Marks.DEEP else Marks.NONE
    pairs, marks = _pairs(t, group, env, inner)
    return Code(call("grouped", code.tree, pairs, name(t.at(group))), marks)


def object_(t: Translator, node: Node, env: Env) -> Code:
    """An object constructor."""
    keys = [key.value if key.type == "string" and not key.predicate else None for key, _ in node.lhs_object]
    if env.single and all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
        values = [t.value(value, env) for _, value in node.lhs_object]
        made: ast.expr = ast.Dict([const(key) for key in keys], [code.tree for code in values])
        marks = Marks.DEEP if any(code.marks for code in values) else Marks.NONE
        return Code(made if all(code.kind in ("boolean", "string") for code in values) else call("record", made), marks)
    pairs, marks = _pairs(t, node, env, env.marks)
    return Code(call("grouped", name(env.context), pairs, name(t.at(node))), marks)


def _pairs(t: Translator, node: Node, env: Env, marks: Marks) -> tuple[ast.expr, Marks]:
    pairs: list[ast.expr] = []
    found = Marks.NONE
    for key, value in node.lhs_object:
        contexts = lambda_name(t.unit), lambda_name(t.unit)
        key_code = t.value(key, env.within(contexts[0], marks))
        # a group of several is an array that JSONata has made
        value_code = t.value(value, env.within(contexts[1], max(marks, Marks.TOP)))
        found = Marks.DEEP if value_code.marks else found
        pairs.append(
            tuple_of(
                [
                    function_of([(contexts[0], None)], key_code.tree),
                    function_of([(contexts[1], None)], value_code.tree),
                ]
            )
        )
    return tuple_of(pairs), found


def _general(t: Translator, node: Node, env: Env) -> Code:
    steps: list[ast.expr] = []
    marks = env.marks
    for position, step in enumerate(node.steps):
        how, what, marks = _step(t, step, position, env, marks)
        stages: list[ast.expr] = []
        for stage in step.stages or ():
            if stage.type != "filter":
                raise Unsupported("a path with #")
            stages.append(_stage(t, stage.expr, env, marks))
        steps.append(tuple_of([name(how), what, tuple_of(stages)]))
    tree = call("path", name(env.context), tuple_of(steps))
    assert isinstance(tree, ast.Call)
    if node.keep_singleton_array:
        tree.keywords.append(ast.keyword("keep", const(True)))
    if node.steps[0].type == "variable":
        tree.keywords.append(ast.keyword("absolute", const(True)))
    return Code(tree, max(marks, Marks.TOP), raw=True)


def _step(t: Translator, step: Node, position: int, env: Env, marks: Marks) -> tuple[str, ast.expr, Marks]:
    context = lambda_name(t.unit)
    if step.type == "sort":
        return "SORT", _terms(t, step, env, marks), marks
    if step.type == "name" and not step.predicate and step.group is None:
        return ("KEPT" if step.keep_array else "NAME"), const(str(step.value)), _found(marks)
    if position == 0 and step.consarray:
        code = t.value(step, env.within(context, Marks.DEEP if marks is Marks.DEEP else Marks.TOP, outer=env.outer))
        return "FIRST", function_of([(context, None)], code.tree), Marks.DEEP if code.marks else Marks.NONE
    inner = env.within(context, marks) if position else _first_context(env, context, step)
    code = t.value(step, inner)
    found = Marks.DEEP if code.marks is Marks.DEEP or step.consarray else Marks.NONE
    return "EVALUATE", function_of([(context, None)], code.tree), found


def _first_context(env: Env, context: str, step: Node) -> Env:
    """The context of a path's first step: an element of the context, or the context itself for a variable."""
    if step.type == "variable":
        return env.within(context, env.marks, outer=env.outer)
    return replace(env, context=context, outer=False)


def _stage(t: Translator, predicate: Node, env: Env, marks: Marks) -> ast.expr:
    if predicate.type == "number":
        return const(int(predicate.value))
    context = lambda_name(t.unit)
    return function_of([(context, None)], t.value(predicate, env.within(context, marks)).tree)


def _terms(t: Translator, step: Node, env: Env, marks: Marks) -> ast.expr:
    terms: list[ast.expr] = []
    for term in step.terms:
        context = lambda_name(t.unit)
        code: Any = t.value(term.expression, env.within(context, marks))
        function = function_of([(context, None)], code.tree)
        terms.append(tuple_of([function, const(bool(term.descending)), name(t.at(step))]))
    return tuple_of(terms)
