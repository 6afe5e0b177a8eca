"""The compiler of expressions: JSONata in, a Python function out.

What it does not know is left to the reference, expression by expression. What it does compile means exactly what
the reference means.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from .code import Env, Unit, Unsupported, stripped
from .functions import Function
from .parse import Node, walk
from .quote import statements
from .translate import Translator
from .values import Scope

Evaluate = Callable[[Any, Scope], Any]


def source_of(
    source: str, node: Node, functions: Mapping[str, Function], *, over_object: bool, name: str = "evaluate"
) -> tuple[str, dict[str, Any]]:
    """The Python source of a function, called ``name``, of the data and the scope, and the names that it finds.

    ``over_object``: the data is sure to be an object, and the code raises AttributeError where something further in
    is expected to be one and is not; it is then to be run again without this (unless the expression `mutates`).
    Raises Unsupported when the compiler does not know something in the expression.
    """
    unit = Unit(functions)
    assume = over_object and not mutates(node, functions)
    root = "d" if over_object else "root"
    env = Env("d", single=over_object, outer=not over_object, root=root, root_single=over_object, assume=assume)
    try:
        tree = stripped(Translator(unit, source, node).value(node, env))
    except RecursionError:
        raise Unsupported("an expression nested too deeply") from None
    body = [] if over_object else statements("root = d; d = wrap(d)")
    module = ast.Module([function_over(name, [*body, *statements("return X", X=tree)])], [])
    return ast.unparse(ast.fix_missing_locations(module)), unit.namespace()


def function_over(name: str, body: list[ast.stmt]) -> ast.FunctionDef:
    """The function of the data and the scope with this body, which may read ``v`` and ``view`` from the scope."""
    used = {part.id for statement in body for part in ast.walk(statement) if isinstance(part, ast.Name)}
    start = [("v", "v = s.variables"), ("view", "view = s.view")]
    read = [line for text, code in start if text in used for line in statements(code)]
    arguments = ast.arguments([], [ast.arg("d"), ast.arg("s")], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, [*read, *body], [], None)


def compiled(source: str, node: Node, functions: Mapping[str, Function], *, over_object: bool) -> Evaluate:
    """The function of the data and the scope that an expression is; it may raise what is in `reference.FAULTS`.

    Raises Unsupported.
    """
    text, namespace = source_of(source, node, functions, over_object=over_object)
    try:
        exec(compile(text, f"<{source}>", "exec"), namespace)
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise Unsupported(f"an expression too large for Python: {error}") from None
    function: Evaluate = namespace["evaluate"]
    return function


def mutates(node: Node, functions: Mapping[str, Function]) -> bool:
    """Whether an expression calls a function that changes state, and so must not be run twice."""
    return any(
        part.type == "variable" and (called := functions.get(str(part.value))) is not None and called.mutates
        for part in walk(node)
    )
