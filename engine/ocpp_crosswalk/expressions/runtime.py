"""What generated code calls: JSONata's operators on plain Python values.

Undefined is `UNDEFINED`, null is None. A `Sequence` is a list that JSONata has made rather than found: it is one
of the places where JSONata tells one array from another. Everything here does what jsonata-python does with the
same values, and raises ExpressionError where it raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from json import dumps
from typing import Any, NamedTuple, NoReturn

from jsonata.functions import Functions

from .parse import ExpressionError
from .values import UNDEFINED

U = UNDEFINED


class Place(NamedTuple):
    """Where in which expression something stands. ``root``: its context is the whole input."""

    source: str
    offset: int
    root: bool = False


class Sequence(list[Any]):
    """A list with JSONata's marks.

    ``sequence``: one value is the same as that value alone, none the same as undefined, unless ``keep`` is set.
    ``cons``: written as an array constructor in a path, and not flattened into the path's result.
    ``outer``: the wrapping of an input that is an array.
    """

    sequence = True
    keep = False
    cons = False
    outer = False


def unsequenced(items: Iterable[Any]) -> Sequence:
    """An array that JSONata has made and that is no sequence."""
    made = Sequence(items)
    made.sequence = False
    return made


class FunctionValue:
    """A function as a value: ``call`` takes ``most`` arguments at most; ``arity`` says how many to offer it.

    ``native`` is jsonata-python's own object, where the function is one of JSONata's.
    """

    __slots__ = ("arity", "call", "most", "native")

    def __init__(self, call: Callable[..., Any], arity: int, most: int) -> None:
        self.call = call
        self.arity = arity
        self.most = most
        self.native: Any = None


def called(function: Any, arguments: tuple[Any, ...], at: Place) -> Any:
    """The result of a function that an expression has as a value."""
    if not isinstance(function, FunctionValue):
        fail(at, f"{kind(function)} cannot be called")
    return function.call(*arguments[: function.most])


def applied(value: Any, function: Any, at: Place) -> Any:
    """`value ~> function`; two functions make the one that calls them in order."""
    if not isinstance(function, FunctionValue):
        fail(at, f"~> needs a function on its right, not {kind(function)}")
    if not isinstance(value, FunctionValue):
        return function.call(*(value,)[: function.most])
    return FunctionValue(lambda item: mangle(function.call(mangle(value.call(item)))), 1, 1)


def registered(function: Callable[..., Any], view: Any, hook: bool, parameters: int) -> FunctionValue:
    """A function of the registry as a value."""

    def call(*arguments: Any) -> Any:
        plain = [None if (value := deep(argument)) is U else copied(value) for argument in arguments]
        plain += [None] * (parameters - len(plain))
        result = copied(function(view, *plain) if hook else function(*plain))
        return U if result is None else result

    return FunctionValue(call, 1, 255)


def fail(at: Place, reason: str) -> NoReturn:
    """Raise the ExpressionError for what went wrong at a place."""
    raise ExpressionError(at.source, reason, at.offset)


def kind(value: Any) -> str:
    """The kind of a value, in words for people."""
    if value is U:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object" if isinstance(value, dict) else "a function"


# -- sequences --


def mangle(value: Any) -> Any:
    """A value as the rest of the expression sees it: a sequence of one is its value, of none undefined."""
    if type(value) is Sequence and value.sequence:
        if not value:
            return U
        if len(value) == 1 and not value.keep:
            return value[0]
    return value


def mangle_kept(value: Any) -> Any:
    """`mangle` after `[]`: a sequence stays an array."""
    if type(value) is Sequence and value.sequence:
        value.keep = True
        return value or U
    return value


def flat(value: Any) -> Any:
    """A value whose own marks are taken off."""
    return list(value) if type(value) is Sequence else value


def deep(value: Any) -> Any:
    """A value with the marks taken off at every depth. Raises TypeError for a function."""
    if isinstance(value, list):
        return [None if (inner := deep(item)) is U else inner for item in value]
    if isinstance(value, dict):
        return {name: deep(item) for name, item in value.items()}
    if isinstance(value, FunctionValue) or (value is not U and value is not None and hasattr(value, "finditer")):
        raise TypeError("a function is not a JSON value")
    return value


def copied(value: Any) -> Any:
    """A JSON value that shares nothing with ``value``: what a session keeps changes, what a mapping saw does not."""
    if isinstance(value, dict):
        if _SINGLE.issuperset(map(type, value.values())):
            return dict(value)
        return {name: inner if type(inner) in _SINGLE else copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [inner if type(inner) in _SINGLE else copied(inner) for inner in value]
    return value


_SINGLE = frozenset((str, int, float, bool, type(None)))


def spread(value: Any) -> Any:
    """What an item adds to an array constructor."""
    if value is U:
        return ()
    return value if isinstance(value, list) else (value,)


def constructed(items: list[Any]) -> Sequence:
    """An array constructor at the end of a path: it is not flattened into the path's result."""
    made = unsequenced(items)
    made.cons = True
    return made


def wrap(data: Any) -> Any:
    """The input as the outermost context: an array counts as one value."""
    if not isinstance(data, list):
        return data
    wrapped = Sequence([data])
    wrapped.outer = True
    return wrapped


def unwrap(context: Any) -> Any:
    """`$`, where the context may be the wrapped input."""
    return context[0] if type(context) is Sequence and context.outer else context


def span(first: Any, last: Any, at: Place) -> Any:
    """`[first..last]`: the integers, none when a limit is undefined or they are the wrong way round."""
    for side, limit in (("left", first), ("right", last)):
        if limit is not U and (isinstance(limit, bool) or not isinstance(limit, int)):
            fail(at, f"the {side} side of .. has to be an integer, not {kind(limit)}")
    if first is U or last is U or first > last:
        return ()
    if last - first >= _LONGEST:
        fail(at, f"the range {first}..{last} is too long")
    return range(first, last + 1)


_LONGEST = 10**7


# -- booleans, equality, comparison --


def truth(value: Any) -> bool:
    """The cast to boolean; undefined counts as false."""
    if value is True or value is False or value is None:
        return value is True
    if isinstance(value, list):
        return any(map(truth, value))
    if isinstance(value, (str, dict, int, float)):
        return bool(value)
    return False


def equal(left: Any, right: Any) -> bool:
    """`=`: false when a side is undefined."""
    if left is U or right is U:
        return False
    if isinstance(left, (list, dict, bool)) or isinstance(right, bool):
        return _deep_equal(left, right)
    if _is_number(left) and _is_number(right):
        return float(left) == float(right)
    return bool(left == right)


def unequal(left: Any, right: Any) -> bool:
    """`!=`: false, too, when a side is undefined."""
    return left is not U and right is not U and not equal(left, right)


def _deep_equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_deep_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_deep_equal(left[name], right[name]) for name in left)
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def member(value: Any, items: Any) -> bool:
    """`in`."""
    if value is U or items is U:
        return False
    return value in items if isinstance(items, list) else bool(items == value)


def less(left: Any, right: Any, at: Place) -> Any:
    """`<`: undefined when a side is."""
    if (t := type(left)) is type(right) and (t is int or t is str or t is float):
        return left < right
    return U if _order(left, right, "<", at) is None else left < right


def at_most(left: Any, right: Any, at: Place) -> Any:
    """`<=`: undefined when a side is."""
    if (t := type(left)) is type(right) and (t is int or t is str or t is float):
        return left <= right
    return U if _order(left, right, "<=", at) is None else left <= right


def greater(left: Any, right: Any, at: Place) -> Any:
    """`>`: undefined when a side is."""
    if (t := type(left)) is type(right) and (t is int or t is str or t is float):
        return left > right
    return U if _order(left, right, ">", at) is None else left > right


def at_least(left: Any, right: Any, at: Place) -> Any:
    """`>=`: undefined when a side is."""
    if (t := type(left)) is type(right) and (t is int or t is str or t is float):
        return left >= right
    return U if _order(left, right, ">=", at) is None else left >= right


def _order(left: Any, right: Any, operator: str, at: Place) -> bool | None:
    """True when both sides can be compared, None when one is undefined."""
    for value in (left, right):
        if value is not U and not isinstance(value, str) and not _is_number(value):
            fail(at, f"{operator} compares numbers or strings, not {kind(value)}")
    if left is U or right is U:
        return None
    if isinstance(left, str) != isinstance(right, str):
        fail(at, f"{operator} needs two numbers or two strings, not {kind(left)} and {kind(right)}")
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# -- numbers and strings --


_EXACT = 2**53


def number(value: float, at: Place) -> Any:
    """The result of a calculation: an integer where it is one of 64 bits, which JSON can carry; undefined for what is
    no number."""
    if value != value:
        return U
    if math.isinf(value):
        fail(at, "the result is too large for a number")
    whole = int(value)
    if whole != value:
        return value
    return whole if -(2**63) <= whole < 2**63 else float(whole)


def numeric(value: Any, operator: str, side: str, at: Place) -> bool:
    """Whether a side of an operator is a number and not undefined; anything else is an error."""
    if value is U:
        return False
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        fail(at, f"the {side} side of {operator} has to be a number, not {kind(value)}")
    if value in (math.inf, -math.inf):
        fail(at, f"the {side} side of {operator} is too large for a number")
    return True


def _calculation(operator: str, calculate: Callable[[float, float], float]) -> Callable[[Any, Any, Place], Any]:
    def operation(left: Any, right: Any, at: Place) -> Any:
        on_left = numeric(left, operator, "left", at)
        if not numeric(right, operator, "right", at) or not on_left:
            return U
        try:
            return number(calculate(float(left), float(right)), at)
        except ArithmeticError as error:
            fail(at, f"{operator} fails: {error}")

    return operation


_slow_add = _calculation("+", lambda left, right: left + right)
_slow_subtract = _calculation("-", lambda left, right: left - right)
_slow_multiply = _calculation("*", lambda left, right: left * right)
divide = _calculation("/", lambda left, right: left / right)
remainder = _calculation("%", lambda left, right: int(math.fmod(left, right)))


def add(left: Any, right: Any, at: Place) -> Any:
    """`+`"""
    if type(left) is int and type(right) is int and -_EXACT < left < _EXACT and -_EXACT < right < _EXACT:
        total = left + right
        if -_EXACT < total < _EXACT:
            return total
    return _slow_add(left, right, at)


def subtract(left: Any, right: Any, at: Place) -> Any:
    """`-`"""
    if type(left) is int and type(right) is int and -_EXACT < left < _EXACT and -_EXACT < right < _EXACT:
        difference = left - right
        if -_EXACT < difference < _EXACT:
            return difference
    return _slow_subtract(left, right, at)


def multiply(left: Any, right: Any, at: Place) -> Any:
    """`*`"""
    if type(left) is int and type(right) is int and -_EXACT < left < _EXACT and -_EXACT < right < _EXACT:
        product = left * right
        if -_EXACT < product < _EXACT:
            return product
    return _slow_multiply(left, right, at)


def negate(value: Any, at: Place) -> Any:
    """Unary `-`"""
    return number(-float(value), at) if numeric(value, "-", "right", at) else U


def text(value: Any) -> str:
    """The cast to a string that `&` makes; undefined is empty."""
    if type(value) is str:
        return value
    if value is U:
        return ""
    if type(value) is int and -_SHORT < value < _SHORT:
        return str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence) and value.outer:
        return text(value[0])
    if isinstance(value, (list, dict)) or value is None or isinstance(value, bool):
        return dumps(value, default=_no_text, separators=(",", ":"))
    return str(Functions.string(value, None)) if isinstance(value, (int, float)) else ""


_SHORT = 10**15


def _no_text(value: Any) -> str:
    return ""
