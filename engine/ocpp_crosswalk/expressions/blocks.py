"""From JSONata's blocks, bindings and function definitions to Python."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .code import Code, Env, Local, Marks, Unsupported
from .parse import Node, walk
from .quote import call, const, function_of, name, quote, tuple_of

if TYPE_CHECKING:
    from .translate import Translator


def block(t: Translator, node: Node, env: Env) -> Code:
    """The value of the last of several expressions; what they bind is known to those after it."""
    if not node.expressions:
        return Code(name("U"))
    bound: dict[str, Local] = {}
    later = {str(part.lhs.value) for part in node.expressions if _is_binding(part)}
    codes: list[Code] = []
    for part in node.expressions:
        if _is_binding(part):
            codes.append(_binding(t, part, env, bound, later))
            continue
        _reject_early(part, later - bound.keys(), env)
        codes.append(t.value(part, env.binding(bound)))
    if len(codes) == 1:
        return codes[0]
    tree = ast.Subscript(tuple_of([code.tree for code in codes]), const(-1), ast.Load())
    return Code(tree, codes[-1].marks, codes[-1].kind)


def _is_binding(node: Node) -> bool:
    return bool(node.type == "bind" and not node.predicate and node.group is None)


def _binding(t: Translator, node: Node, env: Env, bound: dict[str, Local], later: set[str]) -> Code:
    text = str(node.lhs.value)
    if t.is_function(text) or text in ("", "$"):
        raise Unsupported("a binding that hides a function")
    if text in bound:
        raise Unsupported("a name that is bound twice")
    local = Local(t.unit.fresh("x"), Marks.DEEP)
    if node.rhs.type == "lambda" and not node.rhs.thunk:
        if text in env.locals:
            raise Unsupported("a function bound to a name that is bound already")
        _reject_early(node.rhs, later - bound.keys() - {text}, env)
        arity = const(len(node.rhs.arguments))
        recursive = local if any(p.type == "variable" and p.value == text for p in walk(node.rhs.body)) else None
        function = lambda_(t, node.rhs, env.binding(bound), recursive, text)
        code = Code(call("FunctionValue", function, arity, arity), Marks.DEEP)
    else:
        _reject_early(node.rhs, later - bound.keys(), env)
        code = t.value(node.rhs, env.binding(bound))
    bound[text] = Local(local.variable, code.marks)
    return Code(quote("(N := X)", N=local.variable, X=code.tree), code.marks)


def _reject_early(node: Node, unbound: set[str], env: Env) -> None:
    """A name used before it is bound means another one now, and perhaps this one later."""
    if any(part.type == "lambda" and not part.thunk for part in walk(node)) and any(
        part.type == "variable" and part.value in unbound for part in walk(node)
    ):
        raise Unsupported("a function that uses a name bound after it")


def lambda_(t: Translator, node: Node, env: Env, recursive: Local | None = None, bound: str = "") -> ast.expr:
    """A Python function for a function that the expression defines; ``bound`` is what it is bound to."""
    if node.signature is not None:
        raise Unsupported("a function with a signature")
    parameters: list[tuple[str, ast.expr | None]] = []
    inner: dict[str, Local] = {} if recursive is None else {bound: recursive}
    for argument in node.arguments:
        text = str(argument.value)
        if text in env.locals or text in inner or t.is_function(text) or text in ("", "$"):
            raise Unsupported("a parameter that hides another name")
        variable = t.unit.fresh("p")
        parameters.append((variable, quote("v.get(N, U)", N=const(text))))
        inner[text] = Local(variable, Marks.DEEP)
    if recursive is not None:
        _reject_tail_calls(node.body)
    return function_of(parameters, t.value(node.body, env.binding(inner)).tree)


def _reject_tail_calls(body: Node) -> None:
    """jsonata-python makes loops of calls in tail position; here they would be as deep as Python's stack."""
    for part in walk(body):
        if part.type == "lambda" and part.thunk:
            raise Unsupported("a recursive function")
