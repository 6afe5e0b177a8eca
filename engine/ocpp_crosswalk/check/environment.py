"""What an expression sees, by type; what has been read of payloads; and what conditions prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..expressions.parse import Node
from .types import ABSENT, PRESENT, Array, Fact, FieldPath, Object, Schema, Source, Type, refined

CONTEXT = ""
"""The name of `$`, the context, among the bases of an access."""


@dataclass(frozen=True)
class Environment:
    """The context (`$`) and the variables in reach, by type."""

    context: Type
    variables: Mapping[str, Type]
    root: Type | None = None
    definitions: Mapping[str, Definition] = field(default_factory=dict)

    def within(self, context: Type) -> Environment:
        """The same with another context."""
        return replace(self, context=context, definitions={})

    def defining(self, name: str, definition: Definition) -> Environment:
        """The same, where ``name`` stands for a condition over the context."""
        return replace(self, definitions={**self.definitions, name: definition})

    def if_(self, condition: Node, truth: bool) -> Environment:
        """The same where ``condition`` is true, or where it is false."""
        return self.knowing(facts(condition, truth, self.definitions))

    def binding(self, name: str, value: Type) -> Environment:
        """The same with one more variable."""
        return replace(self, variables={**self.variables, name: value})

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


Definition = tuple[FieldPath, Node]
"""What a bound condition stands for: an expression, over the field of the context that the path leads to."""

Access = tuple[str, FieldPath]
"""A variable (or the context) and the names of the fields that lead from it."""


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

    A condition asks: what it decides depends on the field, but nothing of the field leaves. Such a field is not lost
    in silence, and it may be declared as dropped.
    """

    fields: set[Source] = field(default_factory=set)
    asked: set[Source] = field(default_factory=set)

    def copy(self) -> Reads:
        """The same, to go on from."""
        return Reads(set(self.fields), set(self.asked))

    def asking(self) -> Reads:
        """What is read through this one, the conditions, counts as asked about."""
        return Reads(self.asked, self.asked)

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


def access(node: Node) -> Access | None:
    """The access that an expression is, if it is no more than that: `a.b`, `$tx.id`, `$x`."""
    if node.type == "variable" and not _stages(node):
        return (CONTEXT if node.value == "" else str(node.value), ())
    if node.type != "path" or node.group is not None:
        return None
    base, names = CONTEXT, []
    for number, step in enumerate(node.steps):
        if _stages(step):
            return None
        if number == 0 and step.type == "variable":
            base = CONTEXT if step.value == "" else str(step.value)
        elif step.type == "name":
            names.append(str(step.value))
        else:
            return None
    return base, tuple(names)


def _stages(node: Node) -> list[Any]:
    return (node.predicate or []) + (node.stages or [])


def facts(node: Node, truth: bool, definitions: Mapping[str, Definition] | None = None) -> dict[Access, Fact]:
    """What follows from the condition ``node`` being true or false."""
    definitions = definitions or {}
    node = _plain(node)
    if (direct := access(node)) is not None:
        found = {direct: PRESENT} if truth else {}
        if not direct[1] and direct[0] in definitions:
            prefix, definition = definitions[direct[0]]
            for (base, path), fact in facts(definition, truth).items():
                found[(base, (*prefix, *path) if base == CONTEXT else path)] = fact
        return found
    if node.type == "function" and node.procedure.type == "variable" and len(node.arguments) == 1:
        inner = _plain(node.arguments[0])
        match node.procedure.value:
            case "not":
                return facts(inner, not truth, definitions)
            case "boolean":
                return facts(inner, truth, definitions)
            case "exists":
                return _existing(inner, truth)
        return {}
    if node.type != "binary":
        return {}
    match node.value, truth:
        case ("and", True) | ("or", False):
            return _both(facts(node.lhs, truth, definitions), facts(node.rhs, truth, definitions))
        case ("or", True) | ("and", False):
            return _either(facts(node.lhs, truth, definitions), facts(node.rhs, truth, definitions))
        case ("=" | "!=" | "in" | ">" | ">=" | "<" | "<=", _):
            return _compared(node, truth)
    return {}


def _existing(node: Node, truth: bool) -> dict[Access, Fact]:
    found = access(node)
    if found is None and node.type == "function" and node.procedure.type == "variable":
        text = call_text(str(node.procedure.value), list(node.arguments))
        return {(CONTEXT, (text,)): PRESENT} if text is not None and truth else {}
    return {} if found is None else {found: PRESENT if truth else ABSENT}


def call_text(name: str, arguments: list[Node]) -> str | None:
    """A call of plain arguments as a text: a fact under this text says that the call has a result."""
    texts: list[str] = []
    for argument in arguments:
        found, values = access(argument), constants(argument)
        if found is not None:
            texts.append(f"${found[0]}.{'.'.join(found[1])}")
        elif values is not None:
            texts.append(repr(values))
        else:
            return None
    return f"${name}({', '.join(texts)})"


def _plain(node: Node) -> Node:
    """A node without the parentheses around it."""
    while node.type == "block" and len(node.expressions) == 1:
        node = node.expressions[0]
    return node


def _both(one: dict[Access, Fact], other: dict[Access, Fact]) -> dict[Access, Fact]:
    result = dict(one)
    for key, fact in other.items():
        result[key] = result[key].also(fact) if key in result else fact
    return result


def _either(one: dict[Access, Fact], other: dict[Access, Fact]) -> dict[Access, Fact]:
    result: dict[Access, Fact] = {}
    for key in one.keys() & other.keys():
        left, right = one[key], other[key]
        values = left.values | right.values if left.values is not None and right.values is not None else None
        present = left.present if left.present == right.present else None
        result[key] = Fact(present, values, left.excluded & right.excluded)
    return result


def constants(node: Node) -> list[Any] | None:
    """The constant, or the list of constants, that an expression is."""
    if node.type in ("string", "number") or (node.type == "value" and node.value is not None):
        return [node.value]
    if node.type == "unary" and node.value == "[":
        found = [constants(item) for item in node.expressions]
        return None if any(item is None for item in found) else [value for item in found if item for value in item]
    return None


_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_NEGATED = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}


def _compared(node: Node, truth: bool) -> dict[Access, Fact]:
    operator, left, right = node.value, _plain(node.lhs), _plain(node.rhs)
    if operator != "in" and constants(left) is not None:
        left, right, operator = right, left, _FLIPPED.get(operator, operator)
    values = constants(right)
    if values is None:
        if (every := _as_many(left, right)) is not None:
            return (
                {every: Fact(present=True, deep=True)} if (operator == "=") is truth and operator in ("=", "!=") else {}
            )
        both = [found for side in (left, right) if (found := access(side)) is not None]
        return dict.fromkeys(both, PRESENT) if truth and operator in ("=", "in") else {}
    counted = _counted(left)
    target = access(left if counted is None else counted[1])
    if target is None:
        return {}
    among = frozenset(value for value in values if not isinstance(value, (list, dict)))
    if operator in ("=", "in", "!="):
        if counted is not None:
            some = counted[0] == "count" and operator != "!=" and truth and 0 not in among
            return {target: PRESENT} if some else {}
        if operator == "!=":
            return {target: Fact(present=True, excluded=among) if truth else Fact(values=among)}
        return {target: Fact(present=True, values=among) if truth else Fact(excluded=among)}
    limit = values[0]
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or len(values) != 1:
        return {}
    return _bounded(target, counted, operator, limit, truth)


def _as_many(left: Node, right: Node) -> Access | None:
    """`$count(a.b) = $count(a.b.c)`: every b has a c. Gives the access of c."""
    one, other = _counted(left), _counted(right)
    if one is None or other is None or one[0] != "count" or other[0] != "count":
        return None
    first, second = access(one[1]), access(other[1])
    if first is None or second is None or first[0] != second[0]:
        return None
    short, long = sorted((first[1], second[1]), key=len)
    return (first[0], long) if len(long) == len(short) + 1 and long[: len(short)] == short else None


def _bounded(
    target: Access, counted: tuple[str, Node] | None, operator: str, limit: float, truth: bool
) -> dict[Access, Fact]:
    if not truth:
        operator = _NEGATED[operator]
    present = truth or None
    if counted is None:
        return {
            target: Fact(
                present=present,
                low=limit if operator == ">=" else None,
                above=limit if operator == ">" else None,
                high=limit if operator in ("<=", "<") else None,
            )
        }
    if counted[0] == "length":
        longest = limit if operator == "<=" else limit - 1 if operator == "<" else None
        return {target: Fact(present=present, longest=None if longest is None else int(longest))}
    some = (operator == ">=" and limit >= 1) or (operator == ">" and limit >= 0)
    return {target: PRESENT} if some else {}


def _counted(node: Node) -> tuple[str, Node] | None:
    """`$length(x)` or `$count(x)`: which of them, and the node of x."""
    if node.type == "function" and node.procedure.value in ("length", "count") and len(node.arguments) == 1:
        return str(node.procedure.value), node.arguments[0]
    return None
