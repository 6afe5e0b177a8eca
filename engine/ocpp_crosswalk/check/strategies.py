"""From a schema to a maker of valid values, whatever the choices come from.

A ``Maker`` is a function of a ``Source``: Hypothesis draws in one case (``drawn.py``) and a seeded random generator in
the other (``generate.py``). It is built once per schema, so that making a payload costs little. Field values that
occur in practice are in ``samples.yaml``, mixed with what only the schema allows: empty strings, strings of
the greatest length, the ends of ranges, any Unicode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import yaml

from ..schemas import Schema

INT32 = 2**31 - 1
"""OCPP's integers have 32 bits (part 2, primitive data types), although the schemas do not say so."""
FIELDS = 120
"""After so many fields, a payload gets only those that are required: keeps Hypothesis' examples small."""
ELEMENTS = 3
"""An array gets at most so many elements, unless its minimum is greater."""
_LONGEST = 300
_ANYTHING: Sequence[Any] = ("text", 1, 2.5, True, {"a": 1, "b": [1, "x", None]}, [1, 2], {}, '{"a": 1}')
_ZONES = ("Z", "Z", "Z", "+00:00", "+02:00", "-05:00", "+05:30")
_FRACTIONS = ("", "", ".123", ".5", ".000", ".123456")


class Source(Protocol):
    """Where choices come from."""

    share: int
    """How many of ten optional fields are present, 0 to 10."""
    fields: int
    """The fields made so far for the payload in the making."""

    def below(self, limit: int) -> int:
        """A whole number from 0 to ``limit`` - 1; the simplest is 0."""

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included, the ends more often than by chance."""

    def text(self, longest: int) -> str:
        """Any text of at most ``longest`` characters, without lone surrogates."""


Maker = Callable[[Source], Any]


def maker(schema: Schema, path: tuple[str, ...] = ()) -> Maker:
    """The maker of values that ``schema`` allows; ``path`` are the field names that lead to it.

    Raises ValueError for a schema of a kind that OCPP does not use, so that none is served badly in silence.
    """
    if "enum" in schema:
        return _one_of(tuple(schema["enum"]))
    match schema.get("type"):
        case "object":
            return _object(schema, path)
        case "array":
            return _array(schema, path)
        case "string":
            return _date_time if schema.get("format") == "date-time" else _string(schema, path)
        case "integer":
            return _integer(schema, path)
        case "number":
            return _number(schema)
        case "boolean":
            return _one_of((False, True))
        case None:
            return _anything
        case other:
            raise ValueError(f"no values can be made for the type {other!r} at {'.'.join(path)}")


def _one_of(values: Sequence[Any]) -> Maker:
    return lambda source: values[source.below(len(values))]


def _anything(source: Source) -> Any:
    """Some JSON other than null; a new one each time, so that whoever gets it may change it."""
    return deepcopy(_ANYTHING[source.below(len(_ANYTHING))])


def _object(schema: Schema, path: tuple[str, ...]) -> Maker:
    """The required fields and some of the others. Every tenth ``customData`` has a field of its own."""
    required = schema.get("required", ())
    fields = [
        (name, name in required, maker(part, (*path, name))) for name, part in schema.get("properties", {}).items()
    ]
    extensible = schema.get("additionalProperties") is not False

    def make(source: Source) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for name, needed, part in fields:
            if needed or (source.fields < FIELDS and source.below(10) >= 10 - source.share):
                source.fields += 1
                value[name] = part(source)
        if extensible and source.below(10) == 9:
            value["vendorField"] = _anything(source)
        return value

    return make


def _array(schema: Schema, path: tuple[str, ...]) -> Maker:
    low = schema.get("minItems", 0)
    high = max(low, min(schema.get("maxItems", ELEMENTS), ELEMENTS))
    part = maker(schema["items"], path)

    def make(source: Source) -> list[Any]:
        size = low + source.below(high - low + 1)
        if size == 0 and source.below(4):
            size = 1
        if source.fields >= FIELDS:
            size = low
        return [part(source) for _ in range(size)]

    return make


def _string(schema: Schema, path: tuple[str, ...]) -> Maker:
    """Mostly samples; of twenty strings one is empty, one as long as may be, and two are any text."""
    longest = schema.get("maxLength", _LONGEST)
    known: list[str] = [text for text in _named("strings", path) if len(text) <= longest] or ["x"]
    full = ("0123456789ABCDEF" * (longest // 16 + 1))[:longest]

    def make(source: Source) -> str:
        draw = source.below(20)
        if draw < 16:
            return known[source.below(len(known))]
        if draw == 16:
            return ""
        return full if draw == 17 else source.text(min(longest, _LONGEST))

    return make


def _integer(schema: Schema, path: tuple[str, ...]) -> Maker:
    """Mostly small numbers; one of ten is anything that the schema and 32 bits allow."""
    low, high = _bounds(schema)
    likely: Sequence[int] = _named("integers", path)
    least, most = max(low, likely[0]), min(high, likely[1])

    def make(source: Source) -> int:
        if least <= most and source.below(10) < 9:
            return least + source.below(most - least + 1)
        return source.between(low, high)

    return make


def _number(schema: Schema) -> Maker:
    """Whole numbers, tenths, and where the schema allows it up to six decimals (OCPP 2.x part 2, decimal)."""
    low, high = _bounds(schema)
    low, high = max(low, -1_000_000), min(high, 1_000_000)
    scales = (1, 10, 10) if "multipleOf" in schema else (1, 10, 100, 1_000_000)
    if schema.get("multipleOf", 0.1) != 0.1:
        raise ValueError(f"no values can be made for multipleOf {schema['multipleOf']}")
    least, most = (0, min(high, 400)) if high > 0 and low <= 0 else (low, high)

    def make(source: Source) -> int | float:
        scale = scales[source.below(len(scales))]
        if source.below(10) < 9:
            value = least * scale + source.below((most - least) * scale + 1)
        else:
            value = source.between(low * scale, high * scale)
        return value if scale == 1 else value / scale

    return make


def _bounds(schema: Schema) -> tuple[int, int]:
    return int(schema.get("minimum", -INT32 - 1)), int(schema.get("maximum", INT32))


def _date_time(source: Source) -> str:
    """A time of 2024 or 2025 in one of the forms of RFC 3339."""
    draw = source.below(2 * 12 * 28 * 86400)
    draw, second = divmod(draw, 60)
    draw, minute = divmod(draw, 60)
    draw, hour = divmod(draw, 24)
    draw, day = divmod(draw, 28)
    year, month = divmod(draw, 12)
    fraction = _FRACTIONS[source.below(len(_FRACTIONS))]
    zone = _ZONES[source.below(len(_ZONES))]
    date = f"{2024 + year}-{month + 1:02}-{day + 1:02}"
    return f"{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"


@cache
def _samples() -> Mapping[str, Mapping[str, Any]]:
    """``samples.yaml``."""
    text = Path(__file__).with_name("samples.yaml").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return loaded


def _named(kind: str, path: tuple[str, ...]) -> Any:
    """The entry for the field at ``path``: that of its last two names, else of its last, else ``*``."""
    table = _samples()[kind]
    for name in (".".join(path[-2:]), *path[-1:]):
        if name in table:
            return table[name]
    return table["*"]
