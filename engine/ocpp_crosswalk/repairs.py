"""Puts right what stations get wrong and can mean only one thing, by the tables in `mappings/repairs/`.

A message is repaired along its official schema: each value that does not fit is changed by the one rule that makes it
fit, or left alone. Whether the result is valid is for the caller to see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .frames import whole

Schema = Mapping[str, Any]
Normal = Callable[[str], str | None]

_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_SPACING = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """One table of repairs. ``vendor`` and ``model`` are shell patterns; None fits all stations."""

    name: str
    vendor: str | None = None
    model: str | None = None
    kinds: frozenset[str] = frozenset()
    """Which of unknownFields, emptyOptional, nullOptional, numbers, booleans, texts, times, fieldCase, valueCase."""
    spellings: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()

    @classmethod
    def from_document(cls, value: Mapping[str, Any]) -> Rules:
        """The rules that a file of repairs holds."""
        match = value.get("match", {})
        return cls(
            value["repairs"],
            match.get("vendor"),
            match.get("model"),
            frozenset(key for key in value if key in _KINDS),
            value.get("spellings", {}),
            value.get("fields", {}),
            frozenset(value.get("cut", ())),
        )

    def fits(self, vendor: str, model: str) -> bool:
        """Whether the rules are for stations of this vendor and model."""
        pairs = ((self.vendor, vendor), (self.model, model))
        return all(pattern is None or fnmatchcase(text.casefold(), pattern.casefold()) for pattern, text in pairs)


_KINDS = frozenset(
    {
        "unknownFields",
        "emptyOptional",
        "nullOptional",
        "numbers",
        "booleans",
        "texts",
        "times",
        "fieldCase",
        "valueCase",
    }
)


def repaired(payload: Any, schema: Schema, rules: Sequence[Rules], normal_time: Normal) -> tuple[Any, list[str]]:
    """``payload`` with what does not fit ``schema`` put right by ``rules``, and what was done, for people.

    ``normal_time`` gives a time in RFC 3339, or None for what is no time. The payload itself is not changed.
    """
    work = _Repair(rules, normal_time)
    return work.value(payload, schema, ""), work.done


class _Gone:
    """Stands for a value that is removed."""


_GONE = _Gone()


class _Repair:
    def __init__(self, rules: Sequence[Rules], normal_time: Normal) -> None:
        self._kinds = frozenset[str]().union(*(rule.kinds for rule in rules)) if rules else frozenset()
        self._cut = frozenset[str]().union(*(rule.cut for rule in rules)) if rules else frozenset()
        self._spellings = {wrong: right for rule in rules for wrong, right in rule.spellings.items()}
        self._fields = {wrong: right for rule in rules for wrong, right in rule.fields.items()}
        self._normal_time = normal_time
        self.done: list[str] = []

    def value(self, value: Any, schema: Schema, path: str) -> Any:
        if isinstance(value, dict) and "properties" in schema:
            return self._object(value, schema, path)
        if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            return [self.value(item, schema["items"], f"{path}[{n}]") for n, item in enumerate(value)]
        return self._scalar(value, schema, path)

    def _object(self, value: dict[str, Any], schema: Schema, path: str) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema["properties"]
        required = schema.get("required", ())
        closed = schema.get("additionalProperties", True) is False
        result: dict[str, Any] = {}
        for name, inner in self._named(value, properties, path).items():
            here = f"{path}.{name}" if path else name
            if name not in properties:
                if closed and "unknownFields" in self._kinds:
                    self.done.append(f"{here}: removed, OCPP has no such field")
                else:
                    result[name] = inner
                continue
            if name not in required and self._absent(inner, properties[name]):
                self.done.append(f"{here}: removed, it says nothing")
                continue
            result[name] = self.value(inner, properties[name], here)
        return result

    def _named(self, value: dict[str, Any], properties: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The members, by the names that they should have."""
        folded = {name.casefold(): name for name in properties} if "fieldCase" in self._kinds else {}
        result: dict[str, Any] = {}
        for name, inner in value.items():
            right = name if name in properties else self._fields.get(name) or folded.get(name.casefold(), name)
            if right != name and right in properties and right not in value and right not in result:
                self.done.append(f"{path}.{name}".removeprefix(".") + f": is called {right}")
                result[right] = inner
            else:
                result[name] = inner
        return result

    def _absent(self, value: Any, schema: Schema) -> bool:
        if value is None:
            return "nullOptional" in self._kinds
        if value != "" or "emptyOptional" not in self._kinds:
            return False
        plain = schema.get("type") == "string" and "enum" not in schema and schema.get("format") != "date-time"
        return not plain

    def _scalar(self, value: Any, schema: Schema, path: str) -> Any:
        fixed = self._fixed(value, schema, path.rpartition(".")[2].partition("[")[0])
        if fixed is not value and (fixed != value or type(fixed) is not type(value)):
            self.done.append(f"{path}: {value!r} is taken as {fixed!r}"[:200])
        return fixed

    def _fixed(self, value: Any, schema: Schema, name: str) -> Any:
        kind = schema.get("type")
        if isinstance(value, str):
            text = value.strip()
            if kind in ("integer", "number") and "numbers" in self._kinds and _NUMBER.fullmatch(text):
                return whole(float(text))
            if kind == "boolean" and "booleans" in self._kinds and text.casefold() in _TRUE | _FALSE:
                return text.casefold() in _TRUE
            return self._text(value, schema, name)
        if kind == "boolean" and "booleans" in self._kinds and not isinstance(value, bool) and value in (0, 1):
            return bool(value)
        if (
            kind == "string"
            and isinstance(value, (bool, int, float))
            and "texts" in self._kinds
            and "enum" not in schema
        ):
            return str(value).lower() if isinstance(value, bool) else str(whole(float(value)))
        return value

    def _text(self, value: str, schema: Schema, name: str) -> str:
        if "enum" in schema:
            return self._member(value, schema["enum"])
        if schema.get("format") == "date-time" and "times" in self._kinds:
            return self._normal_time(value) or value
        longest = schema.get("maxLength")
        if longest is not None and len(value) > longest and name in self._cut:
            return value[:longest]
        return value

    def _member(self, value: str, members: Sequence[str]) -> str:
        if value in members:
            return value
        meant = self._spellings.get(value, value)
        if meant in members:
            return meant
        if "valueCase" in self._kinds:
            near = [member for member in members if _bare(member) == _bare(value)]
            if len(near) == 1:
                return near[0]
        return value


def _bare(text: str) -> str:
    """A value without case, spaces, hyphens and underscores."""
    return _SPACING.sub("", text).casefold()
