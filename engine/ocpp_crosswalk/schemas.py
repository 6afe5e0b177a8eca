"""The official OCPP schemas: validate a payload, name what is wrong with it, walk a schema by path.

The files in ``schemas/<version>/`` are those of the Open Charge Alliance as ``tools/import_schemas.py`` found
them. Their oddities are dealt with here and nowhere else, by ``_load``:

* Drafts are mixed: 1.6 is draft-04, its security extension and 2.x are draft-06. A schema is judged by its
  own draft: ``1.0`` is an integer to the latter and none to the former.
* ``$id`` (``urn:OCPP:...``) is used in some files only, and never to refer to. It is ignored.
* ``additionalProperties`` stands in enumerations of strings, ``additionalItems`` beside one ``items``; both
  mean nothing there and are left out.
* ``multipleOf: 0.1`` (1.6 charging schedules) cannot be decided on binary floats: 0.3 is no multiple of 0.1
  to many libraries. jsonschema-rs compares decimals, which the tests hold against ``decimal.Decimal``.
* ``format: uri`` (two 1.6 requests) is ignored: stations in use take what is no URI. Only
  ``date-time`` is enforced, and only where the caller asks for formats.
* ``$ref`` is resolved, so that nobody else needs to. There are no recursive types.

``schemas/README.md`` lists where the files differ from those that the OCA offers for download.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import jsonschema_rs

from .protocol import Fault, protocol
from .resources import folder
from .versions import Version

Kind = Literal["request", "response"]
Schema = Mapping[str, Any]

_REASON = 200
_SHOWN = 40


class UnknownMessage(LookupError):
    """A version has no such action, or the action has no answer (SEND)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a payload.

    ``path`` is like ``meterValue[0].sampledValue[1].value``, and empty for the payload itself. ``reason`` is
    for people, and holds no value that was sent except those of enumerations and numbers. ``code`` is the
    error code for it, in the spelling of the version.
    """

    path: str
    reason: str
    code: str

    def __str__(self) -> str:
        return f"{self.path or 'payload'}: {self.reason}"


class Leaf(NamedTuple):
    """A field that holds a value. ``required``: it is there whenever the object that it belongs to is."""

    path: str
    schema: Schema
    required: bool


def request_schema(version: Version, action: str) -> Schema:
    """The schema of the call (or SEND) ``action``, without any ``$ref``. Raises UnknownMessage."""
    return _load(version, action, "request")


def response_schema(version: Version, action: str) -> Schema:
    """The schema of the answer to ``action``, without any ``$ref``. Raises UnknownMessage."""
    return _load(version, action, "response")


def violation(version: Version, action: str, kind: Kind, payload: object, *, formats: bool) -> Violation | None:
    """The most telling violation of the schema by ``payload``, or None when it is valid. Raises
    UnknownMessage.

    With ``formats`` date-times must be RFC 3339 with a zone: meant for what leaves. Of several violations the
    one deepest in the payload is given, then a missing field before a wrong type, a wrong value, and an
    unknown field.
    """
    if payload == {}:
        return _violation_of_nothing(version, action, kind)
    return _violation(version, action, kind, payload, formats)


@cache
def _violation_of_nothing(version: Version, action: str, kind: Kind) -> Violation | None:
    """What is wrong with an empty payload. Half of all answers are empty."""
    return _violation(version, action, kind, {}, False)


def _violation(version: Version, action: str, kind: Kind, payload: object, formats: bool) -> Violation | None:
    validator = _validator(version, action, kind, formats)
    try:
        if validator.is_valid(payload):
            return None
        found = min((_place(error) for error in validator.iter_errors(payload)), default=None)
    except ValueError as problem:
        return Violation("", f"is not JSON: {problem}"[:_REASON], protocol(version).code(Fault.FORMAT))
    if found is None:
        return Violation("", "is not valid", protocol(version).code(Fault.FORMAT))
    return Violation(found.path, found.reason[:_REASON], protocol(version).code(found.fault))


def walk(schema: Schema, parts: Sequence[str]) -> Schema | None:
    """The part of ``schema`` at the field names ``parts``, or None when the schema forbids such a field.

    Arrays are passed through on the way, so that ``["meterValue", "timestamp"]`` is the schema of a
    timestamp, while ``["meterValue"]`` is that of the array. ``{}`` stands for a field that may be anything.
    """
    for name in parts:
        schema = element(schema)
        properties = schema.get("properties", {})
        if name in properties:
            schema = properties[name]
        elif is_open(schema):
            schema = {}
        else:
            return None
    return schema


def leaves(schema: Schema) -> Iterator[Leaf]:
    """Every field of ``schema`` that holds a value, in the schema's order.

    Paths are dotted and without indices: ``meterValue.sampledValue.value``. An array of plain values is one
    leaf, and so is an object that may hold anything (``customData``, ``data``).
    """
    yield from _leaves(schema, "")


def element(schema: Schema) -> Schema:
    """The schema of what an array (of arrays) holds; of anything else, ``schema`` itself."""
    while "items" in schema:
        schema = schema["items"]
    return schema


def is_open(schema: Schema) -> bool:
    """Whether a value of ``schema`` may have fields that the schema does not name."""
    return schema.get("type", "object") == "object" and schema.get("additionalProperties", True) is not False


def _leaves(schema: Schema, prefix: str) -> Iterator[Leaf]:
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        inner = element(part)
        if inner.get("properties") and not is_open(inner):
            yield from _leaves(inner, f"{prefix}{name}.")
        else:
            yield Leaf(prefix + name, part, name in required)


@cache
def _load(version: Version, action: str, kind: Kind) -> Schema:
    """A schema file, put in order as the module's docstring says."""
    return _resolved(_file(version, action, kind))


@cache
def _file(version: Version, action: str, kind: Kind) -> dict[str, Any]:
    """A schema file as it stands."""
    known = protocol(version).actions.get(action)
    if known is None:
        raise UnknownMessage(f"{version} has no action {action!r}")
    if kind == "response" and known.send:
        raise UnknownMessage(f"{action} of {version} is sent without an answer")
    plain = known.send or (version is Version.V16 and kind == "request")
    name = action if plain else f"{action}{kind.capitalize()}"
    loaded: dict[str, Any] = json.loads((folder("schemas") / version / f"{name}.json").read_text("utf-8"))
    return loaded


@cache
def _validator(version: Version, action: str, kind: Kind, formats: bool) -> jsonschema_rs.Validator:
    """A compiled schema; they are compiled when they are first needed."""
    draft4 = "draft-04" in _file(version, action, kind)["$schema"]
    validator = jsonschema_rs.Draft4Validator if draft4 else jsonschema_rs.Draft6Validator
    return validator(dict(_load(version, action, kind)), validate_formats=formats)


def _resolved(file: dict[str, Any]) -> Schema:
    """``file`` without references and without what the module's docstring says is ignored."""
    definitions = file.get("definitions", {})
    done: dict[str, Schema] = {}

    def resolve(schema: dict[str, Any]) -> Schema:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/definitions/")
            if name not in done:
                done[name] = resolve(definitions[name])
            return done[name]
        result = {key: value for key, value in schema.items() if key not in ("$id", "$schema", "definitions")}
        if result.get("type") != "object":
            result.pop("additionalProperties", None)
        if isinstance(result.get("items"), dict):
            result.pop("additionalItems", None)
            result["items"] = resolve(result["items"])
        if result.get("format") == "uri":
            del result["format"]
        if "properties" in result:
            result["properties"] = {name: resolve(part) for name, part in result["properties"].items()}
        return result

    return resolve(file)


class _Found(NamedTuple):
    """One violation, in the order in which they are told: see ``violation``."""

    height: int
    rank: int
    path: str
    reason: str
    fault: Fault


def _place(error: jsonschema_rs.ValidationError) -> _Found:
    """What ``error`` says, in our words."""
    path: list[str | int] = list(error.instance_path)
    about = error.kind.as_dict()
    value: Any = error.instance
    match error.kind.name:
        case "required":
            path.append(about["property"])
            rank, fault, reason = 0, Fault.OCCURRENCE, "is missing and required"
        case "minItems" | "maxItems":
            most = "at least" if error.kind.name == "minItems" else "at most"
            rank, fault, reason = (
                0,
                Fault.OCCURRENCE,
                f"has {len(value)} elements; {most} {about['limit']} allowed",
            )
        case "type":
            rank, fault, reason = 1, Fault.TYPE, f"must be of type {about['types'][0]}, not {_type(value)}"
        case "enum":
            known = ", ".join(map(str, about["options"]))
            rank, fault, reason = 2, Fault.PROPERTY, f"{_shown(value)} is not one of {known}"
        case "maxLength":
            rank, fault = 2, Fault.PROPERTY
            reason = f"has {len(value)} characters; at most {about['limit']} allowed"
        case "minimum" | "maximum":
            rank, fault, reason = (
                2,
                Fault.PROPERTY,
                f"{_shown(value)} is beyond the {error.kind.name} {about['limit']}",
            )
        case "multipleOf":
            rank, fault, reason = (
                2,
                Fault.PROPERTY,
                f"{_shown(value)} is not a multiple of {about['multiple_of']}",
            )
        case "format":
            rank, fault, reason = (
                2,
                Fault.PROPERTY,
                f"{_shown(value)} is not a {about['format']} (RFC 3339 with zone)",
            )
        case "additionalProperties":
            path.append(min(about["unexpected"]))
            rank, fault, reason = 3, Fault.FORMAT, "is not a field of this object"
        case other:
            rank, fault, reason = 3, Fault.FORMAT, f"breaks the rule {other!r} of the schema"
    return _Found(-len(path), rank, _dotted(path), reason, fault)


def _dotted(path: Sequence[str | int]) -> str:
    """``path`` as ``meterValue[0].value``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _shown(value: object) -> str:
    """``value``, cut to what fits into a reason."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _type(value: object) -> str:
    """What JSON Schema calls the type of ``value``."""
    names: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return "null" if value is None else names.get(type(value), "object")
