"""Templates: the YAML trees that shape an outgoing payload.

Structure is YAML, values are JSONata; keys that begin with `$` are directives. Each node gives a JSON value
over a payload and a scope, or UNDEFINED, which leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import Position
from ..expressions import UNDEFINED, Expression, Scope


@dataclass(frozen=True, slots=True)
class Node:
    """Any node of a template; ``at`` is where it stands. `compile.run` keeps the node's generated code in ``code``."""

    at: Position
    code: Any = field(default=None, init=False, repr=False, compare=False)

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The value over ``data``, or UNDEFINED. Raises ExpressionError."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A number, a boolean, or `{$const: ...}`."""

    value: Any

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The constant itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Leaf(Node):
    """A JSONata expression. Null counts as undefined: OCPP has no null.

    ``type`` is what the mapping says of its result (`$type`), where the checker cannot see it.
    """

    expression: Expression
    type: Mapping[str, Any] | None = None

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The expression's value."""
        value = self.expression.evaluate(data, scope)
        return UNDEFINED if value is None else value


@dataclass(frozen=True, slots=True)
class Table:
    """A named value-to-value map. ``otherwise`` is the result for what it lacks, if it has one; else UNDEFINED.

    ``drops`` are the values that are lost, each with the reason: they become nothing, or what ``values`` has for them.
    """

    name: str
    values: Mapping[str, Any]
    otherwise: Any
    at: Position
    drops: Mapping[str, str] = field(default_factory=dict)

    def lookup(self, value: Any) -> Any:
        """What ``value`` becomes: UNDEFINED for one that becomes nothing or that the table lacks."""
        key = value if isinstance(value, str) else table_key(value)
        return self.values.get(key, UNDEFINED if key in self.drops else self.otherwise)

    def lacks(self, value: Any) -> bool:
        """Whether the table says nothing about ``value``."""
        key = value if isinstance(value, str) else table_key(value)
        return key not in self.values and key not in self.drops and self.otherwise is UNDEFINED


def table_key(value: Any) -> str:
    """What stands for ``value`` in a table: `true`, `5`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """`{$table: name, of: expr, else: template}`."""

    table: Table
    of: Node
    otherwise: Node | None

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The table's result; undefined for an undefined value."""
        value = self.of.evaluate(data, scope)
        if value is UNDEFINED:
            return UNDEFINED
        if self.otherwise is not None and self.table.lacks(value):
            return self.otherwise.evaluate(data, scope)
        report_drop(self.table, value, scope)
        return self.table.lookup(value)


def report_drop(table: Table, value: Any, scope: Scope) -> None:
    """Report a value that ``table`` drops; any other is none of its business."""
    key = value if isinstance(value, str) else table_key(value)
    if key in table.drops and scope.view is not None:
        scope.view.drop(table.drops[key], {"value": key, "table": table.name})


@dataclass(frozen=True, slots=True)
class Array(Node):
    """A YAML list: one element for each template that gives a value; left out when none does."""

    items: tuple[Node, ...]

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The array of the items' values."""
        values = [value for item in self.items if (value := item.evaluate(data, scope)) is not UNDEFINED]
        return values or UNDEFINED


@dataclass(frozen=True, slots=True)
class Object(Node):
    """An object. ``when`` makes it conditional; ``copy`` starts it from the fields that both schemas share. That it is
    left out is reported where ``because`` says why.

    Without a copy, an object whose members are all left out is left out; the copy of an empty object is empty.
    """

    fields: tuple[tuple[str, Node], ...]
    when: Expression | None = None
    copy: Copy | None = None
    because: str | None = None

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The object, or UNDEFINED when ``when`` does not hold or no member has a value."""
        if self.when is not None and not truthy(self.when.evaluate(data, scope)):
            if self.because is not None:
                left_out(scope, self.because)
            return UNDEFINED
        result: dict[str, Any] = {}
        copied: Any = UNDEFINED if self.copy is None else self.copy.evaluate(data, scope)
        if copied is not UNDEFINED:
            result = copied
        for name, node in self.fields:
            value = node.evaluate(data, scope)
            if value is not UNDEFINED:
                result[name] = value
        return result if result or copied is not UNDEFINED else UNDEFINED


@dataclass(frozen=True, slots=True)
class Convert:
    """How a copy treats a value of a type that needs more than copying."""

    node: Node

    def evaluate(self, value: Any, scope: Scope) -> Any:
        """The converted value, or UNDEFINED."""
        return self.node.evaluate(value, scope)


@dataclass(frozen=True, slots=True)
class CopyList:
    """How a copy treats an array: each element by itself; an array left with none is left out."""

    item: Copy | Convert | CopyList

    def evaluate(self, value: Any, scope: Scope) -> Any:
        """The array of the copied elements."""
        if not isinstance(value, list):
            return UNDEFINED
        copied = [result for item in value if (result := self.item.evaluate(item, scope)) is not UNDEFINED]
        return copied or UNDEFINED


@dataclass(frozen=True, slots=True)
class Copy:
    """`$copy`: the fields of the source that the target's schema has too, in place and recursively.

    ``fields`` names them; None for one that is taken as it is.
    """

    fields: Mapping[str, Copy | Convert | CopyList | None]

    def evaluate(self, value: Any, scope: Scope) -> Any:
        """A new object with the shared fields of ``value``; UNDEFINED when it is not an object."""
        if not isinstance(value, dict):
            return UNDEFINED
        result: dict[str, Any] = {}
        for name, inner in value.items():
            if name not in self.fields:
                continue
            step = self.fields[name]
            copied = inner if step is None else step.evaluate(inner, scope)
            if copied is not UNDEFINED and copied is not None:
                result[name] = copied
        return result


@dataclass(frozen=True, slots=True)
class With(Node):
    """`{$with: expr, ...}` and the use of a part: the body is over the expression's value."""

    of: Node
    body: Node

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The body over the inner value; UNDEFINED when there is none."""
        value = self.of.evaluate(data, scope)
        return UNDEFINED if value is UNDEFINED else self.body.evaluate(value, scope)


@dataclass(frozen=True, slots=True)
class Each(Node):
    """`{$each: expr, ...}`: an array with one element per value; left out when it has none."""

    over: Expression
    body: Node

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """The array of the body's values over each element."""
        values = [
            value
            for element in elements(self.over.evaluate(data, scope))
            if (value := self.body.evaluate(element, scope)) is not UNDEFINED
        ]
        return values or UNDEFINED


def left_out(scope: Scope, because: str) -> None:
    """Report that an object is left out."""
    if scope.view is not None:
        scope.view.drop(because, {})


def elements(value: Any) -> list[Any]:
    """What there is to go through in ``value``: an array's elements, one single value, or nothing."""
    if value is UNDEFINED or value is None:
        return []
    return value if isinstance(value, list) else [value]


def truthy(value: Any) -> bool:
    """JSONata's cast to boolean, as conditions need it."""
    if isinstance(value, list):
        return any(truthy(item) for item in value)
    return bool(value)
