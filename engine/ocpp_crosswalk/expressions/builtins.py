"""JSONata's own functions, as generated code calls them.

`reference` calls the function of jsonata-python, whatever its arguments are. The other functions here are short
cuts: they do the same for the values that nearly always come, and leave the rest to `reference`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jsonata import Jsonata
from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from .parse import describe
from .reference import carried
from .runtime import FunctionValue, Place, Sequence, U, fail, mangle, text, truth
from .sequences import appended


def reference(name: str, arguments: tuple[Any, ...], context: Any, at: Place) -> Any:
    """The result of jsonata-python's function ``name``; ``context`` stands in for a first argument left out."""
    function = Jsonata.static_frame.lookup(name)
    try:
        given = function.validate([_inward(argument) for argument in arguments], _inward(context))
        return _outward(function.call(None, given))
    except JException as error:
        fail(at, describe(error))


def builtin_value(name: str, at: Place) -> FunctionValue:
    """A function of JSONata as a value, to be handed to another function."""
    native = Jsonata.static_frame.lookup(name)
    value = FunctionValue(
        lambda *arguments: reference(name, arguments, U, at), native.signature.get_min_number_of_args(), 255
    )
    value.native = native
    return value


def _inward(value: Any) -> Any:
    """A value as jsonata-python has it, with its marks."""
    if value is U:
        return None
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {name: _inward(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        made = Utils.JList([_inward(inner) for inner in value])
        made.sequence, made.keep_singleton = value.sequence, value.keep
        made.cons, made.outer_wrapper = value.cons, value.outer
        return made
    if isinstance(value, list):
        return [_inward(inner) for inner in value]
    return value.native or _Native(value) if isinstance(value, FunctionValue) else value


class _Native(Jsonata.JFunction):  # type: ignore[misc]
    """A function of generated code as jsonata-python has functions; it stands in as its own signature."""

    def __init__(self, value: FunctionValue) -> None:
        super().__init__(None, None)
        self.value = value
        self.signature = self

    def call(self, input: Any, args: Any) -> Any:
        """The result over values of jsonata-python."""
        return _inward(mangle(self.value.call(*[_outward(argument) for argument in args[: self.value.most]])))

    def validate(self, args: Any, context: Any) -> Any:
        """Any arguments will do."""
        return args

    def get_min_number_of_args(self) -> int:
        """How many arguments to offer."""
        return self.value.arity


def _outward(value: Any) -> Any:
    """A value of jsonata-python as generated code has it, with its marks."""
    if value is None:
        return U
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {name: _outward(inner) for name, inner in value.items()}
    if isinstance(value, Utils.JList):
        made = Sequence([_outward(inner) for inner in value])
        made.sequence, made.keep, made.cons, made.outer = (
            value.sequence,
            value.keep_singleton,
            value.cons,
            value.outer_wrapper,
        )
        return made
    if isinstance(value, list):
        return [_outward(inner) for inner in value]
    if isinstance(value, _Native):
        return value.value
    if isinstance(value, Jsonata.JLambda):
        return FunctionValue(_called(value), 0, 255)
    if isinstance(value, Jsonata.JNativeFunction):
        return builtin_value(value.function_name, Place("", 0))
    return carried(value)


def _called(function: Any) -> Callable[..., Any]:
    return lambda *arguments: _outward(function.call(None, [_inward(argument) for argument in arguments]))


# -- short cuts --


def count(value: Any, at: Place) -> Any:
    """`$count`"""
    if isinstance(value, list):
        return len(value)
    return 0 if value is U or value is None else 1


def boolean(value: Any, at: Place) -> Any:
    """`$boolean`"""
    return U if value is U else truth(value)


def negation(value: Any, at: Place) -> Any:
    """`$not`"""
    return U if value is U else not truth(value)


def string(value: Any, at: Place) -> Any:
    """`$string` without a second argument"""
    return U if value is U else text(value)


def number(value: Any, at: Place) -> Any:
    """`$number`"""
    if type(value) is int:
        return value
    if type(value) is str and len(value) < _DIGITS and value.isdecimal() and value.isascii():
        return int(value)
    return reference("number", (value,), U, at)


_DIGITS = 15


def rounded(value: Any, at: Place) -> Any:
    """`$round` without a second argument"""
    return value if type(value) is int and -_EXACT < value < _EXACT else reference("round", (value,), U, at)


_EXACT = 2**53


def _over_numbers(name: str, quick: Callable[[list[Any]], Any]) -> Callable[[Any, Place], Any]:
    def shortcut(value: Any, at: Place) -> Any:
        if isinstance(value, list) and value and all(type(item) is int and -_SMALL < item < _SMALL for item in value):
            return quick(value)
        return reference(name, (value,), U, at)

    return shortcut


_SMALL = 2**40
largest = _over_numbers("max", max)
smallest = _over_numbers("min", min)
total = _over_numbers("sum", sum)


def length(value: Any, at: Place) -> Any:
    """`$length`"""
    return len(value) if type(value) is str else reference("length", (value,), U, at)


def uppercase(value: Any, at: Place) -> Any:
    """`$uppercase`"""
    return value.upper() if type(value) is str else reference("uppercase", (value,), U, at)


def lowercase(value: Any, at: Place) -> Any:
    """`$lowercase`"""
    return value.casefold() if type(value) is str else reference("lowercase", (value,), U, at)


def contains(value: Any, token: Any, at: Place) -> Any:
    """`$contains`"""
    if type(value) is str and type(token) is str:
        return token in value
    return reference("contains", (value, token), U, at)


def substring(value: Any, start: Any, context: Any, at: Place) -> Any:
    """`$substring` with two arguments"""
    if type(value) is str and type(start) is int:
        return Functions.substring(value, start, None)
    return reference("substring", (value, start), context, at)


def substring_of(value: Any, start: Any, size: Any, at: Place) -> Any:
    """`$substring` with three arguments"""
    if type(value) is str and type(start) is int and type(size) is int:
        return Functions.substring(value, start, size)
    return reference("substring", (value, start, size), U, at)


def split(value: Any, separator: Any, context: Any, at: Place) -> Any:
    """`$split` without a limit"""
    if type(value) is str and type(separator) is str and separator:
        return value.split(separator)
    return reference("split", (value, separator), context, at)


def join(values: Any, separator: Any, at: Place) -> Any:
    """`$join` with a separator"""
    if isinstance(values, list) and type(separator) is str and all(type(value) is str for value in values):
        return separator.join(values)
    return reference("join", (values, separator), U, at)


def merge(values: Any, at: Place) -> Any:
    """`$merge`"""
    if isinstance(values, list) and all(type(value) is dict for value in values):
        merged: dict[str, Any] = {}
        for value in values:
            merged.update(value)
        return merged
    return reference("merge", (values,), U, at)


def kind_of(value: Any, at: Place) -> Any:
    """`$type`"""
    if type(value) is str:
        return "string"
    return reference("type", (value,), U, at)


def append(left: Any, right: Any, at: Place) -> Any:
    """`$append`"""
    return appended(left, right)


def mapped(values: Any, function: Any, at: Place) -> Any:
    """`$map`"""
    if not isinstance(function, FunctionValue) or function.native is not None:
        return reference("map", (values, function), U, at)
    if values is U or values is None:
        return U
    results = Sequence()
    items = values if isinstance(values, list) else [values]
    for position, item in enumerate(items):
        result = function.call(*(item, position, items)[: _offered(function)])
        if result is not U:
            results.append(result)
    return results


def filtered(values: Any, function: Any, at: Place) -> Any:
    """`$filter`"""
    if not isinstance(function, FunctionValue) or function.native is not None:
        return reference("filter", (values, function), U, at)
    if values is U or values is None:
        return U
    items = values if isinstance(values, list) else [values]
    offered = _offered(function)
    return Sequence(
        [item for position, item in enumerate(items) if truth(function.call(*(item, position, items)[:offered]))]
    )


def _offered(function: FunctionValue) -> int:
    return min(max(1, function.arity), function.most)


class Shortcut(NamedTuple):
    """A function that stands in for `reference`. ``scalar``: its result is never an array or object; ``kind`` is
    as in `code.Code`; ``context``: it needs the context, which may stand in for the first argument."""

    call: Callable[..., Any]
    scalar: bool = True
    kind: str = ""
    context: bool = False


SHORTCUTS: dict[tuple[str, int], Shortcut] = {
    ("append", 2): Shortcut(append, scalar=False),
    ("boolean", 1): Shortcut(boolean, kind="maybe"),
    ("contains", 2): Shortcut(contains),
    ("count", 1): Shortcut(count),
    ("filter", 2): Shortcut(filtered, scalar=False),
    ("join", 2): Shortcut(join),
    ("length", 1): Shortcut(length),
    ("lowercase", 1): Shortcut(lowercase),
    ("map", 2): Shortcut(mapped, scalar=False),
    ("max", 1): Shortcut(largest),
    ("merge", 1): Shortcut(merge, scalar=False),
    ("min", 1): Shortcut(smallest),
    ("not", 1): Shortcut(negation, kind="maybe"),
    ("number", 1): Shortcut(number),
    ("round", 1): Shortcut(rounded),
    ("split", 2): Shortcut(split, scalar=False, context=True),
    ("string", 1): Shortcut(string),
    ("substring", 2): Shortcut(substring, context=True),
    ("substring", 3): Shortcut(substring_of),
    ("sum", 1): Shortcut(total),
    ("type", 1): Shortcut(kind_of),
    ("uppercase", 1): Shortcut(uppercase),
}
"""By name and number of arguments."""
