"""Python syntax trees from patterns: the compiler's only way to make code."""

from __future__ import annotations

import ast
import threading
from functools import lru_cache
from typing import Any


def quote(pattern: str, **parts: ast.expr | str) -> ast.expr:
    """The tree of the Python expression ``pattern``, with names replaced: by a tree, or by another name."""
    filled: ast.expr = _fill(_parsed(pattern), parts)
    return filled


def statements(pattern: str, **parts: ast.expr | str) -> list[ast.stmt]:
    """The trees of the Python statements in ``pattern``, with names replaced as in `quote`."""
    return [_fill(statement, parts) for statement in _parsed_statements(pattern)]


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> ast.expr:
    with _PARSER:
        return ast.parse(pattern, mode="eval").body


@lru_cache(maxsize=256)
def _parsed_statements(pattern: str) -> list[ast.stmt]:
    with _PARSER:
        return ast.parse(pattern).body


_PARSER = threading.RLock()
"""Python 3.11 counts the depth of all trees that it makes in one place: two threads that make trees at once end with
"SystemError: AST constructor recursion depth mismatch"."""


def _fill(node: Any, parts: dict[str, ast.expr | str]) -> Any:
    if isinstance(node, list):
        return [_fill(item, parts) for item in node]
    if isinstance(node, ast.Name):
        part = parts.get(node.id)
        if isinstance(part, str):
            return ast.Name(part, node.ctx)
        return node if part is None else part
    if isinstance(node, ast.arg) and isinstance(renamed := parts.get(node.arg), str):
        return ast.arg(renamed)
    if isinstance(node, ast.AST) and node._fields:
        return type(node)(**{name: _fill(value, parts) for name, value in ast.iter_fields(node)})
    return node


def const(value: Any) -> ast.expr:
    """A literal: a string, a number, True, False or None."""
    return ast.Constant(value)


def name(identifier: str) -> ast.expr:
    """A name that is read."""
    return ast.Name(identifier, ast.Load())


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """A call of a named function."""
    return ast.Call(name(function), list(arguments), [])


def tuple_of(items: list[ast.expr]) -> ast.expr:
    """A tuple."""
    return ast.Tuple(items, ast.Load())


def function_of(parameters: list[tuple[str, ast.expr | None]], body: ast.expr) -> ast.expr:
    """A `lambda` with these parameters, each with its default or none."""
    defaults = [default for _, default in parameters if default is not None]
    arguments = ast.arguments([], [ast.arg(text) for text, _ in parameters], None, [], [], None, defaults)
    return ast.Lambda(arguments, body)
