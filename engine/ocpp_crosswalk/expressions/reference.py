"""The reference evaluator: jsonata-python itself.

It defines what an expression means. It runs what the compiler does not know, and tests compare the compiler
with it. It differs from `expressions.compile` in speed only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

from .functions import Function
from .parse import ExpressionError, describe
from .values import UNDEFINED, Scope


class ReferenceExpression:
    """An expression evaluated by jsonata-python, with the functions of a registry bound in."""

    def __init__(self, source: str, functions: Mapping[str, Function]) -> None:
        try:
            self._jsonata = Jsonata(source)
        except JException as error:
            raise ExpressionError(source, describe(error)) from None
        self._jsonata.set_output_convert_nulls(False)
        self._jsonata.set_validate_input(False)
        self._source = source
        self._functions = functions

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The value over ``data``, or UNDEFINED. Raises ExpressionError when evaluation fails."""
        bindings: dict[str, Any] = {name: _inward(value) for name, value in scope.variables.items()}
        for name, function in self._functions.items():
            bindings[name] = Jsonata.JLambda(_bound(function, scope.view))
        try:
            result = self._jsonata.evaluate(_inward(data), bindings)
        except JException as error:
            raise ExpressionError(self._source, describe(error)) from error
        return _outward(result)


def _bound(function: Function, view: Any) -> Any:
    def call(*arguments: Any) -> Any:
        plain = [_argument(argument) for argument in arguments]
        return function.call(view, *plain) if function.hook else function.call(*plain)

    return call


def _argument(value: Any) -> Any:
    plain = _outward(value)
    return None if plain is UNDEFINED else plain


def _inward(value: Any) -> Any:
    return None if value is UNDEFINED else value


def _outward(value: Any) -> Any:
    if value is None:
        return UNDEFINED
    if value is Utils.NULL_VALUE:
        return None
    return Utils.convert_nulls(value)
