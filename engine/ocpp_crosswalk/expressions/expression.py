"""The expression that mappings use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..diagnostics import Position
from .functions import Function
from .parse import parse
from .reference import ReferenceExpression
from .values import Scope


class Expression:
    """One JSONata expression: `source`, its syntax tree `node`, the place `at` where it stands, and `evaluate`.

    Raises ExpressionError when ``source`` is not JSONata.
    """

    __slots__ = ("_reference", "at", "node", "source")

    def __init__(self, source: str, functions: Mapping[str, Function], at: Position | None = None) -> None:
        self.at = at or Position("")
        self.source = source
        self.node = parse(source)
        self._reference = ReferenceExpression(source, functions)

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The value over ``data``, or UNDEFINED. Raises ExpressionError when evaluation fails."""
        return self._reference.evaluate(data, scope)
