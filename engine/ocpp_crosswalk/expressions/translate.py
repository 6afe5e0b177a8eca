"""From JSONata's syntax tree to Python's: everything but paths and calls."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from . import blocks, calls, paths
from .code import Code, Env, Marks, Unit, Unsupported, defined, mangled, none_for_undefined
from .names import is_builtin
from .parse import Node, offset_of, walk
from .quote import call, const, name, quote, tuple_of
from .reference import carried
from .runtime import Place

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}
_ORDER = {"<": "less", "<=": "at_most", ">": "greater", ">=": "at_least"}
_SAFE = 2**53


class Translator:
    """Translates one expression into code of a unit.

    ``value`` gives the value, ``nullable`` the value with None for undefined and null alike and no marks, ``truth``
    something whose truth is that of the cast to boolean. All raise Unsupported.
    """

    def __init__(self, unit: Unit, source: str, root: Node) -> None:
        self.unit = unit
        self.source = source
        self.has_arrays = False
        self.has_distinct = False
        for node in walk(root):
            self._look(node)
        if self.has_arrays and self.has_distinct:
            raise Unsupported("$distinct beside an array constructor")

    def _look(self, node: Node) -> None:
        if node.tuple or node.focus is not None or node.index is not None or node.type == "parent":
            raise Unsupported("a path with @, # or %")
        if node.type == "unary" and node.value == "[":
            self.has_arrays = True
        if node.type == "variable" and node.value == "distinct":
            self.has_distinct = True

    def at(self, node: Node) -> str:
        """The name of the constant that says where ``node`` stands."""
        return self.unit.constant("AT_", self.place(node))

    def place(self, node: Node) -> Place:
        """Where ``node`` stands."""
        return Place(self.source, self._offset(node))

    def _offset(self, node: Node) -> int:
        try:
            return offset_of(node, self.source)
        except (AttributeError, IndexError, TypeError):
            return 0

    # -- three ways to have a value --

    def value(self, node: Node, env: Env) -> Code:
        """The value of an expression, with everything that is written behind it."""
        code = self.bare(node, env)
        for item in node.predicate or ():
            code = paths.filtered(self, code, item.expr, env)
        if node.group is not None and node.type != "path":
            code = paths.grouped(self, code, node.group, env)
        if node.keep_array and code.marks is not Marks.NONE:
            return Code(call("mangle_kept", code.tree), code.marks)
        return mangled(code)

    def bare(self, node: Node, env: Env) -> Code:
        """The value before predicates, and possibly a raw sequence."""
        translate = _TRANSLATIONS.get(node.type)
        if translate is None:
            raise Unsupported(f"an expression of the kind {node.type!r}")
        return translate(self, node, env)

    def nullable(self, node: Node, env: Env) -> ast.expr:
        """The value without marks, with None for undefined as for null."""
        if not node.predicate and node.group is None and not node.keep_array:
            if node.type == "path":
                tree = paths.nullable(self, node, env)
                if tree is not None:
                    return tree
            elif node.type == "variable":
                return self.variable_or_none(node, env)
            elif node.type == "function":
                tree = calls.nullable(self, node, env)
                if tree is not None:
                    return tree
            elif node.type == "condition":
                return self._condition(node, env, self.nullable, const(None))
            elif node.type == "block" and len(node.expressions) == 1:
                return self.nullable(node.expressions[0], env)
        return none_for_undefined(self.unit, self.value(node, env))

    def is_there(self, node: Node, env: Env) -> bool:
        """Whether the value is sure to be neither undefined nor null."""
        return defined(self.value(node, env))

    def truth(self, node: Node, env: Env) -> ast.expr:
        """Something that is true or false as the value, cast to boolean, is."""
        if not node.predicate and node.group is None:
            if node.type == "binary" and node.value in ("and", "or"):
                sides = [self.truth(node.lhs, env), self.truth(node.rhs, env)]
                return ast.BoolOp(ast.And() if node.value == "and" else ast.Or(), sides)
            if node.type == "function":
                tree = calls.truth(self, node, env)
                if tree is not None:
                    return tree
            if node.type == "condition":
                return self._condition(node, env, self.truth, const(False))
            if node.type == "block" and len(node.expressions) == 1:
                return self.truth(node.expressions[0], env)
            if node.type in ("path", "variable"):
                return call("truth", self.nullable(node, env))
        code = self.value(node, env)
        if code.kind in ("boolean", "string", "maybe"):
            return code.tree
        if isinstance(code.tree, ast.Constant):
            return const(bool(code.tree.value))
        return call("truth", code.tree)

    # -- names --

    def variable_or_none(self, node: Node, env: Env) -> ast.expr:
        """A variable, with None for undefined."""
        text = str(node.value)
        if text and text != "$" and text not in env.locals and not self.is_function(text):
            return quote("v.get(N)", N=const(text))
        if text == "" and env.single:
            return name(env.context)
        if text == "$" and env.root_single:
            return name(env.root)
        return none_for_undefined(self.unit, self.value(node, env))

    def is_function(self, text: str) -> bool:
        """Whether a name is that of a function of the registry, or of JSONata."""
        return text in self.unit.functions or is_builtin(text)

    def _condition(
        self, node: Node, env: Env, translate: Callable[[Node, Env], ast.expr], otherwise: ast.expr
    ) -> ast.expr:
        inner = None if node._else is None else translate(node._else, env)
        return ast.IfExp(self.truth(node.condition, env), translate(node.then, env), inner or otherwise)


# -- literals and names --


def _literal(t: Translator, node: Node, env: Env) -> Code:
    return Code(const(carried(node.value)), kind="string" if isinstance(node.value, str) else "")


def _value(t: Translator, node: Node, env: Env) -> Code:
    return Code(const(node.value), kind="boolean" if isinstance(node.value, bool) else "")


def _variable(t: Translator, node: Node, env: Env) -> Code:
    text = str(node.value)
    if text == "":
        return Code(call("unwrap", name(env.context)) if env.outer else name(env.context), env.marks)
    if text == "$":
        return Code(name(env.root))
    if text in env.locals:
        local = env.locals[text]
        return Code(name(local.variable), local.marks, raw=local.marks is Marks.DEEP)
    if text in t.unit.functions:
        return Code(calls.function_value(t, text, node), Marks.DEEP)
    if is_builtin(text):
        return Code(quote("v.get(N, F)", N=const(text), F=calls.function_value(t, text, node)), Marks.DEEP)
    return Code(quote("v.get(N, U)", N=const(text)))


def _lambda(t: Translator, node: Node, env: Env) -> Code:
    if node.thunk:
        return t.value(node.body, env)
    arity = const(len(node.arguments))
    return Code(call("FunctionValue", blocks.lambda_(t, node, env), arity, arity), Marks.DEEP)


# -- operators --


def _binary(t: Translator, node: Node, env: Env) -> Code:
    operator = str(node.value)
    if operator in ("and", "or"):
        sides = [_boolean(t, node.lhs, env), _boolean(t, node.rhs, env)]
        return Code(ast.BoolOp(ast.And() if operator == "and" else ast.Or(), sides), kind="boolean")
    if operator == "&":
        return _concatenation(t, node, env)
    if operator in ("=", "!="):
        return _equality(t, node, env, operator)
    if operator == "in":
        return _membership(t, node, env)
    left, right = t.value(node.lhs, env), t.value(node.rhs, env)
    if operator in _ORDER:
        return _ordering(t, node, operator, left.tree, right.tree)
    if operator in _ARITHMETIC:
        return Code(call(_ARITHMETIC[operator], left.tree, right.tree, name(t.at(node))))
    raise Unsupported(f"the operator {operator}")


def _boolean(t: Translator, node: Node, env: Env) -> ast.expr:
    code = t.value(node, env)
    return code.tree if code.kind == "boolean" else call("truth", code.tree)


def _equality(t: Translator, node: Node, env: Env, operator: str) -> Code:
    left, right = node.lhs, node.rhs
    if _plain_literal(left) and not _plain_literal(right):
        left, right = right, left
    if _plain_literal(right) and isinstance(right.value, str):
        if operator == "=":
            return Code(quote("X == L", X=t.nullable(left, env), L=const(right.value)), kind="boolean")
        code = t.value(left, env)
        if code.kind == "string":
            return Code(quote("X != L", X=code.tree, L=const(right.value)), kind="boolean")
        tree = quote("(T := X) is not U and T != L", T=t.unit.fresh(), X=code.tree, L=const(right.value))
        return Code(tree, kind="boolean")
    if operator == "=" and _plain_literal(right) and type(right.value) is int and abs(right.value) < _SAFE:
        tree = quote(
            "(T := X) == L and type(T) is not bool", T=t.unit.fresh(), X=t.nullable(left, env), L=const(right.value)
        )
        return Code(tree, kind="boolean")
    function = "equal" if operator == "=" else "unequal"
    return Code(call(function, t.value(node.lhs, env).tree, t.value(node.rhs, env).tree), kind="boolean")


def _plain_literal(node: Node) -> bool:
    return node.type in ("string", "number") and not node.predicate and node.group is None


def _membership(t: Translator, node: Node, env: Env) -> Code:
    items = node.rhs
    if items.type == "unary" and items.value == "[" and not items.predicate and items.group is None:
        values = [item.value if _plain_literal(item) else None for item in items.expressions]
        if values and all(isinstance(value, str) for value in values):
            literals = tuple_of([const(value) for value in values])
            return Code(quote("X in L", X=t.nullable(node.lhs, env), L=literals), kind="boolean")
    return Code(call("member", t.value(node.lhs, env).tree, t.value(items, env).tree), kind="boolean")


def _ordering(t: Translator, node: Node, operator: str, left: ast.expr, right: ast.expr) -> Code:
    slow = call(_ORDER[operator], left, right, name(t.at(node)))
    if isinstance(right, ast.Constant) and type(right.value) is int and not isinstance(left, ast.Constant):
        quick = quote(f"T {operator} L", T=(variable := t.unit.fresh()), L=right)
        slow = call(_ORDER[operator], name(variable), right, name(t.at(node)))
        return Code(quote("Q if type(T := X) is int else S", Q=quick, S=slow, T=variable, X=left), kind="maybe")
    return Code(slow, kind="maybe")


def _concatenation(t: Translator, node: Node, env: Env) -> Code:
    parts: list[ast.expr] = []
    pending = [node]
    while pending:
        part = pending.pop()
        if part.type == "binary" and part.value == "&" and not part.predicate and part.group is None:
            pending += [part.rhs, part.lhs]
            continue
        code = t.value(part, env)
        parts.append(code.tree if code.kind == "string" else call("text", code.tree))
    tree = parts[0]
    for more in parts[1:]:
        tree = ast.BinOp(tree, ast.Add(), more)
    return Code(tree, kind="string")


def _unary(t: Translator, node: Node, env: Env) -> Code:
    if node.value == "-":
        return Code(call("negate", t.value(node.expression, env).tree, name(t.at(node))))
    if node.value == "[":
        return _array(t, node, env)
    return paths.object_(t, node, env)


def _array(t: Translator, node: Node, env: Env) -> Code:
    items: list[ast.expr] = []
    marks = Marks.NONE
    for item in node.expressions:
        if item.type == "binary" and item.value == "..":
            first, last = t.value(item.lhs, env), t.value(item.rhs, env)
            items.append(ast.Starred(call("span", first.tree, last.tree, name(t.at(node))), ast.Load()))
            continue
        code = t.value(item, env)
        nested = str(item.value) == "["
        if code.marks is Marks.DEEP or (nested and code.marks is not Marks.NONE):
            marks = Marks.DEEP
        if isinstance(code.tree, ast.Constant) or code.kind in ("string", "boolean"):
            items.append(code.tree)
        else:
            spread = quote("() if (T := X) is U else (T,)", T=t.unit.fresh(), X=code.tree)
            items.append(ast.Starred(spread if nested else call("spread", code.tree), ast.Load()))
    tree: ast.expr = ast.List(items, ast.Load())
    if node.consarray:
        return Code(call("constructed", tree), max(marks, Marks.TOP))
    return Code(tree, marks)


def _condition(t: Translator, node: Node, env: Env) -> Code:
    then = t.value(node.then, env)
    other = Code(name("U")) if node._else is None else t.value(node._else, env)
    kind = then.kind if then.kind == other.kind else ""
    tree = ast.IfExp(t.truth(node.condition, env), then.tree, other.tree)
    return _again(Code(tree, max(then.marks, other.marks), kind))


def _again(code: Code) -> Code:
    """What is around a value has another look at it: the one value of a sequence may be a sequence of one."""
    return Code(code.tree, code.marks, code.kind, raw=code.marks is Marks.DEEP)


def _block(t: Translator, node: Node, env: Env) -> Code:
    code = blocks.block(t, node, env)
    return _again(code)


def _apply(t: Translator, node: Node, env: Env) -> Code:
    if node.rhs.type == "function" and not node.rhs.predicate and node.rhs.group is None and not node.rhs.keep_array:
        return calls.function(t, node.rhs, env, first=t.value(node.lhs, env))
    if node.rhs.type == "function":
        raise Unsupported("~> with a predicate behind the call")
    left, right = t.value(node.lhs, env), t.value(node.rhs, env)
    return Code(call("applied", left.tree, right.tree, name(t.at(node))), Marks.DEEP, raw=True)


def _wildcard(t: Translator, node: Node, env: Env) -> Code:
    return Code(call("wildcard", name(env.context)), max(env.marks, Marks.TOP), raw=True)


def _descendant(t: Translator, node: Node, env: Env) -> Code:
    return Code(call("descendants", name(env.context)), max(env.marks, Marks.TOP), raw=True)


def _call(t: Translator, node: Node, env: Env) -> Code:
    return calls.function(t, node, env)


def _path(t: Translator, node: Node, env: Env) -> Code:
    return paths.path(t, node, env)


def _name(t: Translator, node: Node, env: Env) -> Code:
    return Code(call("among", name(env.context), const(str(node.value))), max(env.marks, Marks.TOP), raw=True)


_TRANSLATIONS: dict[Any, Callable[[Translator, Node, Env], Code]] = {
    "apply": _apply,
    "binary": _binary,
    "block": _block,
    "condition": _condition,
    "descendant": _descendant,
    "function": _call,
    "lambda": _lambda,
    "name": _name,
    "number": _literal,
    "path": _path,
    "string": _literal,
    "unary": _unary,
    "value": _value,
    "variable": _variable,
    "wildcard": _wildcard,
}
