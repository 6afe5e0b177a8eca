"""From JSONata's function calls to Python's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jsonata import Jsonata

from .builtins import SHORTCUTS, builtin_value
from .code import Code, Env, Marks, Unsupported, none_for_undefined, shortcut_name
from .functions import Function
from .names import is_builtin
from .parse import Node
from .quote import call, const, name, quote, tuple_of

if TYPE_CHECKING:
    from .translate import Translator

_SCALARS = ("string", "boolean", "number", "integer")
_CLOSED = frozenset({"eval", "now", "millis", "random", "shuffle"})
"""Functions that depend on more than their arguments: the reference calls them."""


def function(t: Translator, node: Node, env: Env, first: Code | None = None) -> Code:
    """The value of a call, before what is written behind it; ``first`` is an argument that `~>` puts in front."""
    procedure = node.procedure
    known = _named(t, procedure, env)
    if isinstance(known, Function):
        tree = _registered(t, known, node, env, first)
        return Code(quote("U if (T := X) is None else T", T=t.unit.fresh(), X=tree))
    arguments = _arguments(t, node, env, first, regex=known is not None)
    if known is not None:
        return _builtin(t, known, node, env, arguments)
    if procedure.type == "path":
        raise Unsupported("a call of a path")
    tree = call("called", t.value(procedure, env).tree, tuple_of([code.tree for code in arguments]), name(t.at(node)))
    return Code(tree, Marks.DEEP, raw=True)


def nullable(t: Translator, node: Node, env: Env) -> ast.expr | None:
    """The result of a registry's function, with None for undefined; None for any other call."""
    known = _named(t, node.procedure, env)
    return _registered(t, known, node, env, None) if isinstance(known, Function) else None


def _result_or_none(t: Translator, node: Node, env: Env) -> ast.expr | None:
    """`nullable` of an expression that is nothing but a call."""
    plain = node.type == "function" and not node.predicate and node.group is None and not node.keep_array
    return nullable(t, node, env) if plain else None


def truth(t: Translator, node: Node, env: Env) -> ast.expr | None:
    """The truth of `$exists` and `$not` without going through their values."""
    known = _named(t, node.procedure, env)
    if len(node.arguments) != 1:
        return None
    if known == "boolean":
        return t.truth(node.arguments[0], env)
    if known == "not" and _is_boolean(t, node.arguments[0], env):
        return ast.UnaryOp(ast.Not(), t.truth(node.arguments[0], env))
    if isinstance(known, Function):
        return call("truth", _registered(t, known, node, env, None))
    return None


def function_value(t: Translator, text: str, node: Node) -> ast.expr:
    """A function of the registry or of JSONata as a value."""
    registered = t.unit.functions.get(text)
    if registered is None:
        if text in _CLOSED:
            raise Unsupported(f"${text}")
        return name(t.unit.constant("function_", builtin_value(text, t.place(node))))
    identifier = t.unit.function(registered, guarded=True)
    view = name("view") if registered.hook else const(None)
    return call("registered", name(identifier), view, const(registered.hook), const(len(registered.parameters)))


def _named(t: Translator, procedure: Node, env: Env) -> Function | str | None:
    """The function that a call names: one of the registry, the name of one of JSONata's, or none of these."""
    if procedure.type != "variable" or procedure.predicate or procedure.group is not None:
        return None
    text = str(procedure.value)
    if text in env.locals:
        return None
    registered = t.unit.functions.get(text)
    if registered is not None:
        return registered
    if Jsonata.static_frame.lookup(text) is None:
        return None
    if text in _CLOSED or not is_builtin(text):
        raise Unsupported(f"${text}")
    return text


def _is_boolean(t: Translator, node: Node, env: Env) -> bool:
    return t.value(node, env).kind == "boolean"


def _arguments(t: Translator, node: Node, env: Env, first: Code | None, *, regex: bool) -> list[Code]:
    codes = [] if first is None else [first]
    for argument in node.arguments:
        if regex and argument.type == "regex":
            codes.append(Code(name(t.unit.constant("RX_", argument.value)), Marks.DEEP))
        else:
            codes.append(t.value(argument, env))
    return codes


def _registered(t: Translator, known: Function, node: Node, env: Env, first: Code | None) -> ast.expr:
    """A call of a function of the registry: None stands for undefined, in what goes in and what comes out."""
    arguments = [] if first is None else [none_for_undefined(t.unit, first)]
    arguments += [t.nullable(argument, env) for argument in node.arguments]
    if known.mutates and not known.apart:
        arguments = [
            tree if isinstance(tree, ast.Constant) or parameter in _SCALARS else call("copied", tree)
            for tree, parameter in zip(arguments, _types(known, len(arguments)), strict=True)
        ]
    arguments += [const(None)] * (len(known.parameters) - len(arguments))
    looks: list[ast.expr] = []
    fitting = len(arguments) == len(known.parameters)
    if known.unguarded is not None and fitting:
        for position, parameter in enumerate(known.parameters):
            if not parameter.optional and not _there(arguments[position], env):
                variable = t.unit.fresh()
                looks.append(quote("(T := X) is None", T=variable, X=arguments[position]))
                arguments[position] = name(variable)
    tree = call(t.unit.function(known, guarded=not fitting), *([name("view")] if known.hook else []), *arguments)
    if known.hook and not known.apart and known.result.get("type") not in _SCALARS:
        tree = call("copied", tree)
    return tree if not looks else ast.IfExp(_any(looks), const(None), tree)


def _there(argument: ast.expr, env: Env) -> bool:
    """Whether an argument is sure to be neither undefined nor null."""
    if isinstance(argument, ast.Name):
        return env.single and argument.id == env.context
    return isinstance(argument, ast.Constant) and argument.value is not None


def _any(tests: list[ast.expr]) -> ast.expr:
    """Whether one of the tests holds, all of them made: every argument of a call is evaluated."""
    tree = tests[0]
    for test in tests[1:]:
        tree = ast.BinOp(tree, ast.BitOr(), test)
    return tree


def _types(known: Function, count: int) -> list[object]:
    types: list[object] = [parameter.type.get("type") for parameter in known.parameters[:count]]
    return types + [None] * (count - len(types))


def _builtin(t: Translator, text: str, node: Node, env: Env, arguments: list[Code]) -> Code:
    if text == "exists" and len(arguments) == 1:
        if node.arguments and (tree := _result_or_none(t, node.arguments[0], env)) is not None:
            return Code(quote("X is not None", X=tree), kind="boolean")
        sure = isinstance(arguments[0].tree, ast.Constant) or arguments[0].kind in ("boolean", "string")
        return Code(const(True) if sure else quote("X is not U", X=arguments[0].tree), kind="boolean")
    shortcut = SHORTCUTS.get((text, len(arguments)))
    at = name(t.at(node))
    trees = [code.tree for code in arguments]
    if shortcut is None:
        standing_in = name(env.context) if len(arguments) < _most(text) else name("U")
        return Code(call("reference", const(text), tuple_of(trees), standing_in, at), Marks.DEEP, raw=True)
    if text == "not" and arguments[0].kind == "boolean":
        return Code(ast.UnaryOp(ast.Not(), trees[0]), kind="boolean")
    if text == "string" and arguments[0].kind == "string":
        return arguments[0]
    context = [name(env.context)] if shortcut.context else []
    tree = call(shortcut_name(text, len(trees)), *trees, *context, at)
    if shortcut.scalar:
        return Code(tree, kind=shortcut.kind)
    marks = max((Marks.TOP, *(code.marks for code in arguments)))
    return Code(tree, Marks.DEEP if text in ("map", "filter") else marks, raw=True)


def _most(text: str) -> int:
    """How many arguments a function of JSONata takes at most."""
    count: int = Jsonata.static_frame.lookup(text).signature.get_number_of_args()
    return count
