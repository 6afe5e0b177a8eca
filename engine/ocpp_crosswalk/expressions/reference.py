"""The reference evaluator: jsonata-python itself.

It defines what an expression means. It runs what the compiler does not know, and tests compare the compiler
with it. It differs from `expressions.compile` in speed only.

jsonata-python takes Python's None for undefined in some places and for null in others. Here every null goes in as
its own null object and comes out as None, so that null and undefined are never mixed up; and what comes out is
plain lists and dicts that share nothing with what went in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

from .functions import Function
from .parse import ExpressionError, Node, describe, parse
from .values import UNDEFINED, Scope

FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What evaluating an expression may raise when values are not what it takes them for."""


class ReferenceExpression:
    """An expression evaluated by jsonata-python, with the functions of a registry bound in.

    Raises ExpressionError when ``source`` is not JSONata. ``node`` is its tree, where the caller has it already.
    """

    def __init__(self, source: str, functions: Mapping[str, Function], node: Node | None = None) -> None:
        self._jsonata = Jsonata("null")
        self._jsonata.ast = parse(source) if node is None else node
        self._jsonata.set_output_convert_nulls(False)
        self._jsonata.set_validate_input(False)
        self._source = source
        self._functions = functions

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The value over ``data``, or UNDEFINED. Raises ExpressionError when evaluation fails."""
        bindings: dict[str, Any] = {name: inward(value) for name, value in scope.variables.items()}
        for name, function in self._functions.items():
            bindings[name] = Jsonata.JLambda(_bound(function, scope.view))
        try:
            return outward(self._jsonata.evaluate(inward(data), bindings))
        except ExpressionError:
            raise
        except JException as error:
            raise ExpressionError(self._source, describe(error), max(0, (error.location or 0) - 1)) from error
        except FAULTS as error:
            raise ExpressionError(self._source, explain(error)) from error


def explain(error: BaseException) -> str:
    """What to tell people about a Python error that an evaluation ran into. A value that it quotes is left out: the
    text goes to peers and into logs."""
    said = str(error) or type(error).__name__
    if isinstance(error, (ValueError, LookupError)):
        said = _QUOTED.sub("...", said)
    return f"the values do not fit the expression: {said}"


_QUOTED = re.compile(r"(?<!\w)(['\"]).*\1", re.DOTALL)


def arguments_for(function: Function, arguments: list[Any]) -> list[Any]:
    """The arguments of a call: trailing ones that were left out are None, as undefined ones are."""
    missing = len(function.parameters) - len(arguments)
    return arguments + [None] * missing if missing > 0 else arguments


def _bound(function: Function, view: Any) -> Any:
    def call(*arguments: Any) -> Any:
        plain = arguments_for(function, [_argument(argument) for argument in arguments])
        result = function.call(view, *plain) if function.hook else function.call(*plain)
        return None if result is None else inward(result)

    return call


def _argument(value: Any) -> Any:
    plain = outward(value)
    return None if plain is UNDEFINED else plain


def inward(value: Any) -> Any:
    """A JSON value or UNDEFINED as jsonata-python wants it; a copy."""
    if value is None:
        return Utils.NULL_VALUE
    if value is UNDEFINED:
        return None
    if isinstance(value, dict):
        return {name: inward(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [inward(inner) for inner in value]
    return value


def outward(value: Any) -> Any:
    """A value of jsonata-python as a JSON value or UNDEFINED; a copy."""
    if value is None:
        return UNDEFINED
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {name: _inner(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_inner(inner) for inner in value]
    if not isinstance(value, _SCALARS):
        raise TypeError("a function is not a JSON value")
    return carried(value)


_SCALARS = (str, int, float)


def carried(value: Any) -> Any:
    """The value itself; for a whole number of more than 64 bits, which JSON does not carry, the float."""
    return float(value) if type(value) is int and not -(2**63) <= value < 2**64 else value


def _inner(value: Any) -> Any:
    plain = outward(value)
    return None if plain is UNDEFINED else plain
