"""The expression that mappings use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..diagnostics import Position
from .code import Unsupported
from .compile import Evaluate, compiled, mutates
from .functions import Function
from .parse import ExpressionError, parse
from .reference import FAULTS, ReferenceExpression, explain
from .values import Scope


class Expression:
    """One JSONata expression: `source`, its syntax tree `node`, the place `at` where it stands, and `evaluate`.

    It is compiled to Python when it is first evaluated, or left to jsonata-python where the compiler does not know
    something in it: `fallback` says what. Raises ExpressionError when ``source`` is not JSONata.
    """

    __slots__ = ("_any", "_fallback", "_object", "at", "functions", "node", "source")

    def __init__(self, source: str, functions: Mapping[str, Function], at: Position | None = None) -> None:
        self.at = at or Position("")
        self.source = source
        self.node = parse(source)
        self.functions = functions
        self._any: Evaluate | None = None
        self._object: Evaluate | None = None
        self._fallback: str | None = None

    def prepare(self) -> None:
        """Compile it now, for evaluation over objects."""
        if self._object is None:
            self._object = self._compile(over_object=True)

    @property
    def fallback(self) -> str | None:
        """Why jsonata-python evaluates this expression; None when it is compiled."""
        self.prepare()
        return self._fallback

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The value over ``data``, or UNDEFINED. Raises ExpressionError when evaluation fails."""
        try:
            if type(data) is dict:
                run = self._object
                if run is None:
                    run = self._object = self._compile(over_object=True)
                try:
                    return run(data, scope)
                except AttributeError:
                    if mutates(self.node, self.functions):
                        raise
            run = self._any = self._any or self._compile(over_object=False)
            return run(data, scope)
        except ExpressionError:
            raise
        except FAULTS as error:
            raise ExpressionError(self.source, explain(error)) from error

    def _compile(self, *, over_object: bool) -> Evaluate:
        try:
            return compiled(self.source, self.node, self.functions, over_object=over_object)
        except Unsupported as reason:
            self._fallback = str(reason)
            return ReferenceExpression(self.source, self.functions, self.node).evaluate
