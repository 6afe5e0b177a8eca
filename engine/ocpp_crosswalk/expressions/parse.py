"""Parsing: jsonata-python's own parser, with errors that say where and what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.parser import Parser

Node: TypeAlias = Parser.Symbol
"""A node of jsonata-python's syntax tree."""


class ExpressionError(ValueError):
    """An expression that cannot be parsed or evaluated.

    ``offset`` is the position in the source, in characters from 0; ``reason`` is for people.
    """

    def __init__(self, source: str, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (in `{source}`, character {offset + 1})")
        self.source = source
        self.reason = reason
        self.offset = offset


def parse(source: str) -> Node:
    """The syntax tree of ``source``. Raises ExpressionError when it is not JSONata."""
    try:
        return Parser().parse(source)
    except JException as error:
        raise ExpressionError(source, describe(error), _offset(error)) from None


def describe(error: JException) -> str:
    """What ``error`` says, with its placeholders filled in."""
    return str(error).strip() or f"JSONata error {error.error}"


def _offset(error: JException) -> int:
    location = getattr(error, "location", 0)
    return max(0, location - 1) if isinstance(location, int) else 0


def walk(node: Any) -> Iterator[Node]:
    """Every node of the tree below ``node``, itself included, each once, parents first."""
    seen: set[int] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, (list, tuple)):
            pending.extend(reversed(current))
            continue
        if not isinstance(current, Parser.Symbol) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        for name, value in vars(current).items():
            if name != "_outer_instance" and isinstance(value, (Parser.Symbol, list, tuple)):
                pending.append(value)


__all__ = ["ExpressionError", "Jsonata", "Node", "describe", "parse", "walk"]
