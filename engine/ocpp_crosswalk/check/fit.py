"""Whether every value of a type fits a schema; and if not, what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..diagnostics import suggestion
from .types import Anything, Array, Boolean, Number, Object, Option, Schema, Text, Type

BOUNDS = frozenset({"XW214", "XW215"})
"""Findings about bounds only: length, range, number of elements."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why some value of a type does not fit. ``path`` leads from the value to the part that does not."""

    code: str
    message: str
    remedy: str = ""
    path: str = ""

    def within(self, step: str) -> Misfit:
        """The same, seen from one level further out."""
        joined = f"{step}.{self.path}" if self.path and not self.path.startswith("[") else f"{step}{self.path}"
        return Misfit(self.code, self.message, self.remedy, joined)


def misfits(value: Type, schema: Schema, *, within_call: bool = False) -> Iterator[Misfit]:
    """Everything about ``value`` that ``schema`` rejects; undefined is the caller's matter.

    With ``within_call`` the schema is a function's parameter: unknown types pass, and so does a single value where
    several are taken, since functions see them alike.
    """
    for option in value.options:
        yield from _option(option, schema, within_call)


def _option(option: Option, schema: Schema, within_call: bool) -> Iterator[Misfit]:
    if isinstance(option, Anything):
        if not option.told and not within_call and schema and not _is_open(schema):
            why = f" ({option.why})" if option.why else ""
            yield Misfit(
                "XW212", f"the value cannot be typed{why}", "Give the result's type with `$type` beside `$value`."
            )
        return
    if "type" not in schema and "enum" not in schema and "properties" not in schema:
        return
    if within_call and isinstance(option, Array) and (option.sequence or option.high == 1):
        yield from misfits(option.item, schema.get("items", schema), within_call=True)
        return
    if within_call and schema.get("type") == "array" and not isinstance(option, Array):
        yield from _option(option, schema.get("items", {}), within_call)
        return
    match option:
        case Text():
            yield from _text(option, schema)
        case Number():
            yield from _number(option, schema)
        case Boolean():
            if not _allows(schema, "boolean"):
                yield _wrong("a boolean", schema)
        case Array():
            yield from _array(option, schema, within_call)
        case Object():
            yield from _object(option, schema, within_call)


def _is_open(schema: Schema) -> bool:
    kind = schema.get("type")
    return kind == "object" and not schema.get("properties") and schema.get("additionalProperties", True) is not False


def _allows(schema: Schema, *kinds: str) -> bool:
    if "enum" in schema:
        names = {bool: "boolean", str: "string", int: "integer", float: "number"}
        return any(names.get(type(value)) in kinds for value in schema["enum"])
    wanted = schema.get("type", "object" if "properties" in schema else None)
    return wanted is None or any(kind in kinds for kind in (wanted if isinstance(wanted, list) else [wanted]))


def _wrong(got: str, schema: Schema) -> Misfit:
    wanted = schema.get("type", "another value")
    kinds: list[str] = wanted if isinstance(wanted, list) else [wanted]
    named = {"string": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean"}
    named |= {"array": "an array", "object": "an object"}
    text = " or ".join(named.get(kind, kind) for kind in kinds)
    return Misfit("XW211", f"{got} cannot stand where {text} is wanted")


def _text(option: Text, schema: Schema) -> Iterator[Misfit]:
    if not _allows(schema, "string"):
        yield _wrong("a string", schema)
        return
    if "enum" in schema:
        allowed = [value for value in schema["enum"] if isinstance(value, str)]
        if option.values is None:
            yield Misfit(
                "XW213",
                "any text may come, but only an enumeration's values may leave",
                f"Map it with $table, or compare it. Allowed: {_list(allowed)}.",
            )
            return
        wrong: list[str] = sorted(option.values - set(allowed))
        if wrong:
            near = suggestion(wrong[0], allowed) or f"Allowed: {_list(allowed)}."
            yield Misfit("XW213", f"{_list(map(repr, wrong))} may come, but may not leave", near)
        return
    limit = schema.get("maxLength")
    if limit is not None and (option.longest is None or option.longest > limit):
        length = "of any length" if option.longest is None else f"of up to {option.longest} characters"
        yield Misfit(
            "XW214",
            f"a text {length} may come, but at most {limit} characters may leave",
            "Cut descriptive text with $truncate; give an identifier an alias.",
        )
    if schema.get("format") == "date-time" and option.form != "date-time":
        yield Misfit("XW216", "a text that is no date-time may come", "Make it one with $utc.")


def _number(option: Number, schema: Schema) -> Iterator[Misfit]:
    if not _allows(schema, "number", *(["integer"] if option.integer else [])):
        if _allows(schema, "integer"):
            yield Misfit("XW211", "a number with decimals may come, but only an integer may leave", "Use $round.")
        else:
            yield _wrong("a number", schema)
        return
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (option.low is None or option.low < low):
        yield Misfit(
            "XW215", f"a number below {low} may come, but may not leave", "Guard it with a condition, or clamp it."
        )
    if high is not None and (option.high is None or option.high > high):
        yield Misfit(
            "XW215", f"a number above {high} may come, but may not leave", "Guard it with a condition, or clamp it."
        )
    step = schema.get("multipleOf")
    if step is not None and not option.integer and (option.step is None or (option.step / step) % 1 > 1e-9):
        yield Misfit(
            "XW215", f"a number that is no multiple of {step} may come", "Use $round with the decimals allowed."
        )


def _array(option: Array, schema: Schema, within_call: bool) -> Iterator[Misfit]:
    if not _allows(schema, "array"):
        if not option.sequence or option.high != 1:
            yield Misfit(
                "XW211",
                "several values may come where one is wanted"
                if option.sequence
                else "an array cannot stand where one value is wanted",
                "Take one of them, as with [0].",
            )
        return
    if option.sequence and not within_call:
        yield Misfit(
            "XW217",
            "one value would not arrive as an array (JSONata makes a single result a value of its own)",
            "End the path with [] or use $each.",
        )
    most, least = schema.get("maxItems"), schema.get("minItems", 0)
    if most is not None and (option.high is None or option.high > most):
        yield Misfit(
            "XW215",
            f"more than {most} elements may come, but may not leave",
            "Take the first ones, or refuse the rest.",
        )
    if least > max(option.low, 1 if option.sequence else 0):
        yield Misfit("XW215", f"fewer than {least} elements may come", "Use $each, which leaves an empty array out.")
    for misfit in misfits(option.item, schema.get("items", {}), within_call=within_call):
        yield misfit.within("[]")


def _object(option: Object, schema: Schema, within_call: bool) -> Iterator[Misfit]:
    if not _allows(schema, "object"):
        yield _wrong("an object", schema)
        return
    properties: dict[str, Any] = schema.get("properties", {})
    closed = schema.get("additionalProperties", True) is False
    if not properties and not closed:
        return
    if option.open and not option.names:
        if closed and not within_call:
            yield Misfit(
                "XW212", "an object of unknown fields cannot be typed", "Give the type with `$type` beside `$value`."
            )
        return
    for name in option.names:
        if name not in properties:
            if closed and not within_call:
                yield Misfit("XW210", f"there is no field {name!r} to write", suggestion(name, properties), name)
            continue
        inner = option.field(name)
        if inner is None or not inner.options:
            continue
        for misfit in misfits(inner, properties[name], within_call=within_call):
            yield misfit.within(name)
        if inner.optional and name in schema.get("required", ()):
            yield missing(name)
    for name in schema.get("required", ()):
        found = option.field(name) if name in option.names else None
        if found is None or not found.options:
            yield missing(name)


def missing(name: str) -> Misfit:
    """The finding for a required field that may have no value."""
    return Misfit(
        "XW218",
        f"the required field {name!r} may have no value",
        "Give a default (`a ? a : b`), or make the object or the route conditional.",
        name,
    )


def _list(values: Any) -> str:
    shown = list(values)
    return ", ".join(shown[:12]) + (", ..." if len(shown) > 12 else "")


__all__ = ["BOUNDS", "Misfit", "misfits", "missing"]
