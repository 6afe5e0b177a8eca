"""What an expression sees, by type, and what has been read of payloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..expressions.parse import Node
from .facts import CONTEXT, Access, Definition, facts
from .types import Array, Fact, FieldPath, Object, Schema, Source, Type, refined


@dataclass(frozen=True)
class Environment:
    """The context (`$`) and the variables in reach, by type."""

    context: Type
    variables: Mapping[str, Type]
    root: Type | None = None
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    made_of: Mapping[str, Reads] = field(default_factory=dict)
    """What the bound variables are made of: whoever uses one uses that."""

    def within(self, context: Type) -> Environment:
        """The same with another context."""
        return replace(self, context=context, definitions={})

    def defining(self, name: str, definition: Definition) -> Environment:
        """The same, where ``name`` stands for a condition over the context."""
        return replace(self, definitions={**self.definitions, name: definition})

    def if_(self, condition: Node, truth: bool) -> Environment:
        """The same where ``condition`` is true, or where it is false."""
        return self.knowing(facts(condition, truth, self.definitions))

    def binding(self, name: str, value: Type, made_of: Reads | None = None) -> Environment:
        """The same with one more variable, that is made of what ``made_of`` says."""
        known = {other: reads for other, reads in self.made_of.items() if other != name}
        if made_of is not None:
            known[name] = made_of
        return replace(self, variables={**self.variables, name: value}, made_of=known)

    def base(self, name: str) -> Type | None:
        """The type of a variable, or of the context."""
        return self.context if name == CONTEXT else self.variables.get(name)

    def knowing(self, facts: Mapping[Access, Fact]) -> Environment:
        """The same under what is known. A fact about a payload's field holds wherever that payload is seen."""
        result = self
        for (base, path), fact in facts.items():
            result = result._knowing(base, path, fact)
        return result

    def _knowing(self, base: str, path: FieldPath, fact: Fact) -> Environment:
        at = self.base(base)
        if at is None:
            return self
        source = source_of(at)
        context, variables = self.context, dict(self.variables)
        for name in (CONTEXT, *self.variables):
            here = self.base(name)
            relative = path if name == base else _relative(here, source, path)
            if here is None or relative is None:
                continue
            narrowed = refined(here, {relative: fact})
            if name == CONTEXT:
                context = narrowed
            else:
                variables[name] = narrowed
        return replace(self, context=context, variables=variables)


def source_of(value: Type) -> Source | None:
    """Where an object came from, if it is one that arrived."""
    if len(value.options) == 1 and isinstance(value.options[0], Object):
        return value.options[0].source
    return None


def _relative(here: Type | None, source: Source | None, path: FieldPath) -> FieldPath | None:
    other = source_of(here) if here is not None else None
    if source is None or other is None or other.payload != source.payload:
        return None
    whole = (*source.path, *path)
    return whole[len(other.path) :] if whole[: len(other.path)] == other.path else None


@dataclass
class Reads:
    """The fields of payloads that something was made of, and those that were only asked about.

    A condition asks: what it decides depends on the field, but nothing of the field leaves.
    """

    fields: set[Source] = field(default_factory=set)
    asked: set[Source] = field(default_factory=set)

    def copy(self) -> Reads:
        """The same, to go on from."""
        return Reads(set(self.fields), set(self.asked))

    def asking(self) -> Reads:
        """What is read through this one, the conditions, counts as asked about."""
        return Reads(self.asked, self.asked)

    def include(self, other: Reads) -> None:
        """Note all that ``other`` has noted."""
        self.fields |= other.fields
        self.asked |= other.asked

    def field(self, source: Source) -> None:
        """Note that the field, and everything in it, is used."""
        self.fields.add(source)

    def whole(self, value: Type) -> None:
        """Note that all of a value is used."""
        for option in value.options:
            if isinstance(option, Object):
                if option.source is not None:
                    self.fields.add(option.source)
                else:
                    for name in option.names:
                        self.whole(option.lookup(name))
            elif isinstance(option, Array):
                self.whole(option.item)

    def as_schema(self, value: Type, schema: Schema) -> None:
        """Note that those parts of a value are used that ``schema`` names; all where it names none."""
        properties: Mapping[str, Any] = schema.get("properties", {})
        for option in value.options:
            if isinstance(option, Array):
                self.as_schema(option.item, schema.get("items", {}))
            elif isinstance(option, Object):
                if not properties or schema.get("additionalProperties", True) is not False:
                    self.whole(Type((option,)))
                    continue
                for name, inner in properties.items():
                    found = option.field(name)
                    if found is not None:
                        if option.source is not None and not has_objects(found):
                            self.fields.add(option.source.field(name))
                        self.as_schema(found, inner)


def has_objects(value: Type) -> bool:
    """Whether a value has fields of its own that may be read one by one."""
    for option in value.options:
        if isinstance(option, Array) and has_objects(option.item):
            return True
        if isinstance(option, Object) and option.names:
            return True
    return False
