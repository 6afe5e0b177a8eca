"""The types that the checker computes with: which values an expression may give.

A `Type` is a set of alternatives, and whether the value may be undefined. Types come from the official schemas, from
the registry's signatures (both JSON Schema), and from what expressions build. An object that came with a payload
remembers where from (`Source`), so that what is read of it can be told from what is lost. What a condition proves
about the fields of an object is kept with the object as `Fact`s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

Schema = Mapping[str, Any]
FieldPath = tuple[str, ...]


class Source(NamedTuple):
    """A field of a payload: which payload, and the names that lead to it (arrays are passed through)."""

    payload: str
    path: FieldPath

    def field(self, name: str) -> Source:
        """The field ``name`` of it."""
        return Source(self.payload, (*self.path, name))


@dataclass(frozen=True, slots=True)
class Fact:
    """What a condition proves about a value; ``None`` is nothing.

    A ``deep`` fact holds for every element of the arrays on the way; that something is absent always does.
    """

    present: bool | None = None
    values: frozenset[Any] | None = None
    excluded: frozenset[Any] = frozenset()
    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None
    longest: int | None = None
    deep: bool = False

    def also(self, other: Fact) -> Fact:
        """Both facts together."""
        values = self.values
        if other.values is not None:
            values = other.values if values is None else values & other.values
        return Fact(
            other.present if other.present is not None else self.present,
            values,
            self.excluded | other.excluded,
            _most(self.low, other.low),
            _most(self.above, other.above),
            _least(self.high, other.high),
            _least(self.below, other.below),
            int(least) if (least := _least(self.longest, other.longest)) is not None else None,
            self.deep and other.deep,
        )


Facts = Mapping[FieldPath, Fact]
PRESENT = Fact(present=True)
ABSENT = Fact(present=False)


def _most(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)


def _least(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)


@dataclass(frozen=True, slots=True)
class Text:
    """A string: one of ``values`` where they are known; ``longest`` is its greatest length."""

    values: frozenset[str] | None = None
    longest: int | None = None
    form: str | None = None
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with its bounds and the step that it is a multiple of."""

    integer: bool = False
    low: float | None = None
    high: float | None = None
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false; ``values`` where only one of them is possible."""

    values: frozenset[bool] = frozenset((True, False))


@dataclass(frozen=True, slots=True)
class Anything:
    """A value whose type is not known. ``why`` says what could not be typed; ``told`` that a finding tells it
    already, so that nothing more is said of the value."""

    why: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """An array. A ``sequence`` is what JSONata makes of several results: undefined for none, itself for one."""

    item: Type
    low: int = 0
    high: int | None = None
    sequence: bool = False
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object with the fields that ``lookup`` gives; an ``open`` one may have any."""

    names: tuple[str, ...]
    lookup: Callable[[str], Type] = field(compare=False, hash=False)
    open: bool = False
    source: Source | None = None
    facts: tuple[tuple[FieldPath, Fact], ...] = ()

    def field(self, name: str) -> Type | None:
        """The type of the field ``name``; None when there is no such field."""
        if name in self.names:
            return refined(self.lookup(name), self._facts_of(name))
        return ANYTHING_OPTIONAL if self.open else None

    def _facts_of(self, name: str) -> dict[FieldPath, Fact]:
        return {path[1:]: fact for path, fact in self.facts if path[0] == name}


Option = Text | Number | Boolean | Array | Object | Anything


@dataclass(frozen=True, slots=True)
class Type:
    """The alternatives, and whether the value may be undefined."""

    options: tuple[Option, ...]
    optional: bool = False

    def maybe(self, optional: bool = True) -> Type:
        """This type, undefined as well if ``optional``."""
        return replace(self, optional=True) if optional and not self.optional else self

    def present(self) -> Type:
        """This type without undefined."""
        return replace(self, optional=False) if self.optional else self


UNDEFINED = Type((), optional=True)
BOOLEAN = Type((Boolean(),))
NUMBER = Type((Number(),))
INTEGER = Type((Number(integer=True),))
TEXT = Type((Text(),))
FAULTY = Type((Anything(told=True),))
"""What comes of an expression that has a finding."""
ANYTHING_OPTIONAL = Type((Anything(),), optional=True)


def anything(why: str) -> Type:
    """A type that is not known, for the reason ``why``."""
    return Type((Anything(why),), optional=True)


def is_faulty(value: Type) -> bool:
    """Whether a finding tells already what is wrong with the value."""
    return any(isinstance(option, Anything) and option.told for option in value.options)


def literal(value: Any) -> Type:
    """The type of one constant."""
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return Type((Boolean(frozenset((value,))),))
    if isinstance(value, str):
        return Type((Text(frozenset((value,)), len(value)),))
    if isinstance(value, (int, float)):
        return Type((Number(float(value).is_integer(), value, value),))
    if isinstance(value, list):
        return Type((Array(union(literal(item) for item in value), len(value), len(value)),))
    members = {name: literal(inner) for name, inner in value.items()}
    return record(members)


def record(members: Mapping[str, Type]) -> Type:
    """The type of an object with these members."""
    return Type((Object(tuple(members), members.__getitem__),))


def union(types: Iterable[Type]) -> Type:
    """A value of any one of the types. No types at all is undefined."""
    options: list[Option] = []
    optional = False
    count = 0
    for one in types:
        count += 1
        optional = optional or one.optional
        for option in one.options:
            _add(options, option)
    return Type(tuple(options), optional or count == 0)


def _add(options: list[Option], option: Option) -> None:
    for index, known in enumerate(options):
        if known == option:
            return
        if (
            isinstance(known, Text)
            and isinstance(option, Text)
            and known.values is not None
            and option.values is not None
        ):
            values = known.values | option.values
            options[index] = Text(values, max((len(value) for value in values), default=0))
            return
        if isinstance(known, Boolean) and isinstance(option, Boolean):
            options[index] = Boolean(known.values | option.values)
            return
    options.append(option)


def of_schema(schema: Schema, source: Source | None = None, *, optional: bool = False) -> Type:
    """The type of what ``schema`` accepts. ``source`` is where it arrives, if it does."""
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return union(literal(value) for value in values).maybe(optional)
    kinds = schema.get("type")
    if kinds is None and "properties" in schema:
        kinds = "object"
    if kinds is None:
        return Type((Anything(),), optional)
    if isinstance(kinds, list):
        return union(of_schema({**schema, "type": kind}, source) for kind in kinds).maybe(optional)
    match kinds:
        case "string":
            return Type((Text(None, schema.get("maxLength"), schema.get("format")),), optional)
        case "integer" | "number":
            bounds = schema.get("minimum"), schema.get("maximum")
            return Type((Number(kinds == "integer", *bounds, schema.get("multipleOf")),), optional)
        case "boolean":
            return Type((Boolean(),), optional)
        case "array":
            item = of_schema(schema.get("items", {}), source)
            return Type((Array(item, schema.get("minItems", 0), schema.get("maxItems"), source=source),), optional)
        case "null":
            return UNDEFINED
    return Type((_object(schema, source),), optional)


def _object(schema: Schema, source: Source | None) -> Object:
    properties = schema.get("properties", {})
    required = schema.get("required", ())

    def lookup(name: str) -> Type:
        return of_schema(properties[name], source.field(name) if source else None, optional=name not in required)

    is_open = schema.get("additionalProperties", True) is not False
    return Object(tuple(properties), lookup, is_open, source)


def refined(value: Type, facts: Facts) -> Type:
    """``value`` under what is known of it (empty path) and of its fields."""
    if not facts:
        return value
    own = facts.get(())
    inner = {path: fact for path, fact in facts.items() if path}
    if own is not None and own.present is False:
        return UNDEFINED
    options: list[Option] = []
    there = {path[0] for path, fact in inner.items() if _proves(fact)}
    for option in value.options:
        kept = option if own is None else _under(option, own)
        if kept is None or _lacks(kept, there, value):
            continue
        if inner and isinstance(kept, Object):
            merged = dict(kept.facts)
            for path, fact in inner.items():
                merged[path] = merged[path].also(fact) if path in merged else fact
            kept = replace(kept, facts=tuple(merged.items()))
        if inner and isinstance(kept, Array):
            every = {path: fact for path, fact in inner.items() if fact.deep or fact.present is False}
            kept = replace(kept, item=refined(kept.item, every)) if every else kept
        options.append(kept)
    present = (own is not None and own.present is True) or any(_proves(fact) for fact in inner.values())
    return Type(tuple(options), value.optional and not present)


def _lacks(option: Option, names: Set[str], among: Type) -> bool:
    """Whether an option is an object without a field of these names, which another option has."""
    return isinstance(option, Object) and any(
        option.field(name) is None
        and any(isinstance(other, Object) and other.field(name) is not None for other in among.options)
        for name in names
    )


def _proves(fact: Fact) -> bool:
    return fact.present is True and not fact.deep


def _under(option: Option, fact: Fact) -> Option | None:
    match option:
        case Text(values, longest, form, excluded):
            least = _least(longest, fact.longest)
            if fact.values is not None:
                texts = frozenset(value for value in fact.values if isinstance(value, str))
                values = texts if values is None else values & texts
            gone = frozenset(value for value in fact.excluded if isinstance(value, str))
            if values is not None:
                values -= gone
                return Text(values, max((len(value) for value in values), default=0)) if values else None
            return Text(None, None if least is None else int(least), form, excluded | gone)
        case Number(integer, low, high, step):
            above, below = fact.above, fact.below
            if integer:
                above = None if above is None else math.floor(above) + 1
                below = None if below is None else math.ceil(below) - 1
            low, high = _most(_most(low, fact.low), above), _least(_least(high, fact.high), below)
            known = [value for value in fact.values or () if isinstance(value, (int, float))]
            if fact.values is not None and known:
                low, high = _most(low, min(known)), _least(high, max(known))
            return Number(integer, low, high, step)
        case Boolean(values):
            kept = values - fact.excluded
            if fact.values is not None:
                kept &= fact.values
            return Boolean(kept) if kept else None
        case Array():
            return replace(option, low=max(option.low, 1)) if fact.present else option
    return option
