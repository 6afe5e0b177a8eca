"""Pure functions on single values: times, numbers, texts."""

from __future__ import annotations

import math
import re
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any

import orjson

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER, NUMBER, STRING, Type
from ..repeats import digest
from ..times import read_time, time_text
from ..view import View

functions = Registry()

TIMESTAMP = {"type": "string", "format": "date-time"}


@functions.hook(
    "utc",
    parameters=(Parameter("timestamp", STRING, optional=True),),
    result=TIMESTAMP,
    examples=(
        Example("$utc('2026-01-02T03:04:05+02:00')", "2026-01-02T01:04:05.000Z"),
        Example("$utc('2026-01-02T03:04:05.123456')", "2026-01-02T03:04:05.123Z"),
    ),
)
def utc(view: View, timestamp: str | None) -> str:
    """The moment in UTC with milliseconds (OCPP 2.x allows at most three decimals). A text without a zone is
    in UTC; an absent or unreadable one becomes the time of receipt, and an unreadable one is reported."""
    text = read_time(timestamp)[1] if isinstance(timestamp, str) else None
    if text:
        return text
    if timestamp:
        view.drop("A time that cannot be read becomes that of receipt.", {"value": str(timestamp)[:_SHORT]})
    return time_text(view.now)


@functions.function(
    "isTime",
    parameters=(Parameter("timestamp", STRING, optional=True),),
    result=BOOLEAN,
    examples=(
        Example("$isTime('2026-01-02T03:04:05Z')", True),
        Example("$isTime('tomorrow')", False),
        Example("$isTime(nothing)", True),
    ),
)
def is_time(timestamp: str | None) -> bool:
    """Whether a text names a moment, or is absent or empty. An order for a time that is none is not carried out: now
    would be something else than was asked."""
    return not timestamp or (isinstance(timestamp, str) and read_time(timestamp)[0] is not None)


@functions.hook("now", result=TIMESTAMP)
def now(view: View) -> str:
    """The time of receipt, in UTC with milliseconds."""
    return time_text(view.now)


@functions.hook(
    "offline",
    parameters=(Parameter("timestamp", STRING),),
    result=BOOLEAN,
    optional_result=True,
)
def offline(view: View, timestamp: str | None) -> bool | None:
    """True when the moment lies before this connection: the station was offline then and queued the message
    (OCPP 2.0.1 E04.FR.03). Undefined otherwise, since false is OCPP's default."""
    moment = read_time(timestamp)[0] if isinstance(timestamp, str) else None
    if moment is None or moment.timestamp() >= view.connected_at - CLOCK_MARGIN:
        return None
    return True


CLOCK_MARGIN = 5.0
"""Seconds by which a station's clock may be slow without its messages being taken for queued ones."""


def as_list(value: Any) -> list[Any]:
    """The elements of what may be a list in JSONata, where the only element stands for itself, and None for none."""
    return [] if value is None else value if isinstance(value, list) else [value]


@functions.function(
    "numeric",
    parameters=(Parameter("value", ANY),),
    result=NUMBER,
    optional_result=True,
    examples=(
        Example("$numeric('12.50')", 12.5),
        Example("$numeric('1.0E3')", 1000),
        Example("$numeric('n/a')", None),
    ),
)
def numeric(value: Any) -> float | int | None:
    """The number that a text stands for; undefined when it stands for none."""
    if type(value) is str and len(value) <= _SHORT:
        return _known_number(value)
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else value
    return _number(str(value))


def _number(text: str) -> float | int | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    if number.is_integer() and -_EXACT < number < _EXACT:
        return int(number)
    return number if math.isfinite(number) else None


_known_number = lru_cache(1024)(_number)
"""A message asks for the same number twice, and meters often tell the same."""
_SHORT = 40
"""Characters of a text that is kept beyond its message."""
_EXACT = 2**53


@functions.function(
    "integer",
    parameters=(Parameter("value", ANY),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$integer('12.6')", 13), Example("$integer(12)", 12), Example("$integer('1e20')", None)),
)
def integer(value: Any) -> int | None:
    """The nearest integer; undefined when the value is no number, or one that no field holds."""
    number = numeric(value)
    return None if number is None or not -_EXACT < number < _EXACT else round(number)


@functions.function(
    "plain",
    parameters=(Parameter("value", NUMBER), Parameter("exponent", INTEGER, optional=True)),
    result=STRING,
    examples=(
        Example("$plain(12.5)", "12.5"),
        Example("$plain(1.5, 3)", "1500"),
        Example("$plain(0.0000001)", "0.0000001"),
    ),
)
def plain(value: float, exponent: int | None = None) -> str:
    """The number times ten to the exponent as a text without an exponent, as 1.6 carries values."""
    text = str(value)
    if exponent or not _PLAIN.fullmatch(text):
        text = f"{Decimal(text).scaleb(max(-_FAR, min(_FAR, exponent or 0))):f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_FAR = 30
"""Exponents beyond this mean nothing in any unit."""


def _cut(_text: Any, length: Any, *_others: Any) -> Type:
    return {"type": "string", "maxLength": length} if isinstance(length, int) else STRING


@functions.function(
    "truncate",
    parameters=(Parameter("text", STRING), Parameter("length", INTEGER)),
    result=STRING,
    narrow=_cut,
    examples=(Example("$truncate('abcdef', 4)", "abcd"),),
)
def truncate(text: str, length: int) -> str:
    """The first ``length`` characters. For descriptive text only: identifiers are never cut."""
    return text[:length]


@functions.hook(
    "fitting",
    parameters=(Parameter("text", STRING), Parameter("length", INTEGER), Parameter("what", STRING)),
    result=STRING,
    optional_result=True,
    examples=(Example("$fitting('abc', 3, 'name')", "abc"), Example("$fitting('abcd', 3, 'name')", None)),
    narrow=_cut,
)
def fitting(view: View, text: str, length: int, what: str) -> str | None:
    """A text that means nothing when it is cut: itself, or undefined when it is longer than ``length``; that it was
    left out is reported, as ``what``."""
    if len(text) <= length:
        return text
    view.drop(f"{what} of {len(text)} characters is left out: at most {length} fit", {})
    return None


def _stepped(_value: Any, decimals: Any) -> Type:
    return {"type": "number", "multipleOf": 10**-decimals} if isinstance(decimals, int) else NUMBER


@functions.function(
    "lowered",
    parameters=(Parameter("value", NUMBER), Parameter("decimals", INTEGER)),
    result=NUMBER,
    examples=(Example("$lowered(16.47, 1)", 16.4), Example("$lowered(16.4, 1)", 16.4), Example("$lowered(32, 1)", 32)),
    narrow=_stepped,
)
def lowered(value: float, decimals: int) -> float | int:
    """The number with so many decimals, never more than it was: a limit that is rounded up is no limit."""
    if not -_EXACT < value < _EXACT:
        return value  # beyond it no float has decimals
    number = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_FLOOR)
    return int(number) if number == number.to_integral_value() else float(number)


@functions.function(
    "digest",
    parameters=(Parameter("value", ANY),),
    result={"type": "string", "maxLength": 24},
    examples=(Example("$digest({'a': 1}) = $digest({'a': 1})", True),),
)
def digest_of(value: Any) -> str:
    """A short text that is the same for the same value: the identity of a call, for `once`."""
    return digest(value)


@functions.function(
    "toText",
    parameters=(Parameter("value", ANY),),
    result=STRING,
    examples=(Example("$toText('a')", "a"), Example("$toText({'a': [1]})", '{"a":[1]}')),
)
def to_text(value: Any) -> str:
    """A string as it is; any other JSON value as JSON text (1.6 DataTransfer carries text only)."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


@functions.function(
    "fromText",
    parameters=(Parameter("text", STRING),),
    result=ANY,
    optional_result=True,
    examples=(Example("$fromText('{\"a\": [1]}')", {"a": [1]}), Example("$fromText('no JSON')", None)),
)
def from_text(text: str) -> Any:
    """The JSON value that a text holds; undefined when it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
