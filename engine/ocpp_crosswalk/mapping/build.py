"""From a document to templates and expressions. Every fault becomes a finding with its place."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..diagnostics import Diagnostics, Position, suggestion
from ..expressions import UNDEFINED, Expression, ExpressionError, Function
from ..expressions.names import UNAVAILABLE, builtins, called, is_builtin, names
from ..expressions.parse import shortened, walk
from ..protocol import protocol
from ..repairs import Rules
from ..schemas import request_schema, response_schema
from ..schemas import walk as walk_schema
from ..versions import Version
from . import model
from .document import Document, PathInDocument
from .template import Array, Constant, Convert, Copy, CopyList, Each, Leaf, Lookup, Node, Object, Table, With

ALWAYS = frozenset({"request", "settings"})
"""The names that every expression knows."""


@dataclass
class Resources:
    """What mapping files may refer to by name."""

    functions: Mapping[str, Function]
    tables: dict[str, Table] = field(default_factory=dict)
    parts: dict[str, Document] = field(default_factory=dict)
    settings: dict[str, model.Setting] = field(default_factory=dict)
    repairs: dict[str, Rules] = field(default_factory=dict)
    copies: dict[tuple[Version, Version], Document] = field(default_factory=dict)
    """How `$copy` treats types that differ, from one version to another."""

    @cached_property
    def table_values(self) -> dict[str, Mapping[str, Any]]:
        """The values of every table, by its name; to be asked for when all layers have been read."""
        return {name: table.values for name, table in self.tables.items()}


class Builder:
    """Builds the templates and expressions of one document. Findings go to ``diagnostics``; what is faulty becomes a
    placeholder."""

    def __init__(self, document: Document, resources: Resources, diagnostics: Diagnostics) -> None:
        self._document = document
        self._resources = resources
        self._diagnostics = diagnostics
        self._using: tuple[str, ...] = ()
        self._copier = _Copier(None, resources, diagnostics)

    def copying(self, source: Version, target: Version) -> None:
        """From here on `$copy` follows what is written about copies from ``source`` to ``target``."""
        self._copier = _Copier(self._resources.copies.get((source, target)), self._resources, self._diagnostics)

    def copy_drops(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, str]:
        """What a whole copy from ``source`` to ``target`` loses, as written for the versions of `copying`."""
        return self._copier.drops(source, target)

    def error(self, code: str, path: PathInDocument, message: str, remedy: str = "", offset: int = 0) -> None:
        """Note a finding about the value at ``path``."""
        at = self._document.inside(path, offset)
        self._diagnostics.add(code, at, message, remedy, _dotted(path))

    def is_function(self, name: str) -> bool:
        """Whether expressions call something by this name."""
        return name in self._resources.functions or is_builtin(name)

    def at(self, path: PathInDocument) -> Position:
        """Where ``path`` stands."""
        return self._document.position(path)

    def value(self, path: PathInDocument) -> Any:
        """The plain value at ``path``; None when there is none."""
        value = self._document.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def expression(self, path: PathInDocument, known: frozenset[str]) -> Expression | None:
        """The expression at ``path``, or None where the key is absent or faulty."""
        source = self.value(path)
        if source is None:
            return None
        if isinstance(source, (bool, int, float)):
            source = str(source).lower() if isinstance(source, bool) else str(source)
        if not isinstance(source, str):
            self.error("XW104", path, "an expression has to be a string", "Write the JSONata as one string.")
            return None
        try:
            expression = Expression(source, self._resources.functions, self.at(path))
        except ExpressionError as error:
            self.error("XW107", path, f"{error.reason}, in `{shortened(source)}`", "", error.offset)
            return None
        functions = self._resources.functions
        for name, offset in sorted(names(expression.node).items()):
            if name in known or name in functions or is_builtin(name):
                continue
            reason = f": {UNAVAILABLE[name]}" if name in UNAVAILABLE else ""
            remedy = suggestion(name, {*known, *functions, *builtins()})
            if not remedy and name in called(expression.node):
                remedy = f"Functions are JSONata's and {', '.join('$' + n for n in sorted(functions))}."
            elif not remedy:
                remedy = f"Known here: {', '.join('$' + n for n in sorted(known))}."
            self.error("XW108", path, f"${name} is not known here{reason}", remedy, offset)
        for name in sorted(_settings_read(expression) - set(self._resources.settings)):
            remedy = suggestion(name, self._resources.settings) or "Settings are declared in mappings/settings.yaml."
            self.error("XW113", path, f"there is no setting {name!r}", remedy)
        return expression

    def template(self, path: PathInDocument, known: frozenset[str], target: Mapping[str, Any] | None) -> Node:
        """The template at ``path``; ``target`` is the schema of what it writes, for `$copy`."""
        value = self.value(path)
        at = self.at(path)
        if isinstance(value, dict):
            return self._object(value, path, known, target, at)
        if isinstance(value, list):
            item = _items(target)
            return Array(at, tuple(self.template((*path, i), known, item) for i in range(len(value))))
        if isinstance(value, (bool, int, float)):
            return Constant(at, value)
        expression = self.expression(path, known)
        return Leaf(at, expression) if expression else Constant(at, UNDEFINED)

    def type_of(self, path: PathInDocument) -> Mapping[str, Any] | None:
        """What `$type` says of the object or array at ``path``, which is built there; None when it says nothing."""
        value = self.value(path)
        kind = value.get("$type") if isinstance(value, dict) and "$value" not in value else None
        return self._official(kind, (*path, "$type")) if isinstance(kind, str) else kind

    def _object(
        self,
        value: dict[str, Any],
        path: PathInDocument,
        known: frozenset[str],
        target: Mapping[str, Any] | None,
        at: Position,
    ) -> Node:
        if "$const" in value:
            return Constant(at, value["$const"])
        if "$table" in value:
            return self._lookup(value, path, known, at)
        if "$part" in value:
            return self._part(value, path, known, target, at)
        if "$type" in value and "$value" not in value:
            if target is not None:
                self.error("XW104", (*path, "$type"), "$type needs `$value`", "Give the expression as `$value`.")
            target = self.type_of(path)
        if "$each" in value:
            over = self.expression((*path, "$each"), known)
            inner = known
            body = self._body(value, path, inner, _items(target), at)
            return Each(at, over, body) if over else Constant(at, UNDEFINED)
        if "$with" in value:
            of = self.template((*path, "$with"), known, None)
            return With(at, of, self._body(value, path, known, target, at))
        return self._body(value, path, known, target, at)

    def _body(
        self,
        value: dict[str, Any],
        path: PathInDocument,
        known: frozenset[str],
        target: Mapping[str, Any] | None,
        at: Position,
    ) -> Node:
        if "$value" in value:
            node = self.template((*path, "$value"), known, target)
            if "$type" in value:
                return self._typed(node, value["$type"], (*path, "$type"))
            return node
        properties = (target or {}).get("properties", {})
        fields = tuple(
            (key, self.template((*path, key), known, properties.get(key))) for key in value if not key.startswith("$")
        )
        when = self.expression((*path, "$when"), known)
        copy = self._copier.copy(target or {}, overridden=value) if value.get("$copy") else None
        because = value.get("$because")
        if because is not None and when is None:
            self.error("XW104", (*path, "$because"), "$because needs `$when`", "Say when the object is left out.")
        return Object(at, fields, when, copy, because)

    def _typed(self, node: Node, kind: Any, path: PathInDocument) -> Node:
        if isinstance(kind, str):
            kind = self._official(kind, path)
        if isinstance(node, Leaf):
            return Leaf(node.at, node.expression, kind)
        self.error("XW104", path, "$type says the type of an expression", "Give `$value` as one JSONata string.")
        return node

    def _official(self, name: str, path: PathInDocument) -> Mapping[str, Any]:
        """The part of an official schema that ``name`` stands for, as `ocpp2.0.1/Authorize/request.idToken`."""
        version, _, rest = name.partition("/")
        action, _, rest = rest.partition("/")
        kind, _, inner = rest.partition(".")
        found: Mapping[str, Any] | None = None
        if (
            version in list(Version)
            and action in protocol(Version(version)).actions
            and kind in ("request", "response")
        ):
            schema_of = request_schema if kind == "request" else response_schema
            found = walk_schema(schema_of(Version(version), action), [part for part in inner.split(".") if part])
        if found is None:
            remedy = "Write it as ocpp2.0.1/Authorize/request.idToken."
            self.error("XW104", path, f"{name!r} is no part of an official schema", remedy)
        return found or {}

    def _lookup(self, value: dict[str, Any], path: PathInDocument, known: frozenset[str], at: Position) -> Node:
        name = value["$table"]
        table = self._resources.tables.get(name)
        if table is None:
            remedy = suggestion(str(name), self._resources.tables) or "Tables are files in mappings/tables/."
            self.error("XW105", (*path, "$table"), f"there is no table {name!r}", remedy)
            return Constant(at, UNDEFINED)
        if "of" not in value:
            self.error("XW104", path, "$table needs `of`", "Add `of:` with the expression to look up.")
            return Constant(at, UNDEFINED)
        otherwise = self.template((*path, "else"), known, None) if "else" in value else None
        return Lookup(at, table, self.template((*path, "of"), known, None), otherwise)

    def _part(
        self,
        value: dict[str, Any],
        path: PathInDocument,
        known: frozenset[str],
        target: Mapping[str, Any] | None,
        at: Position,
    ) -> Node:
        name = value["$part"]
        part = self._resources.parts.get(name)
        if part is None:
            remedy = suggestion(str(name), self._resources.parts) or "Parts are files in mappings/parts/."
            self.error("XW110", (*path, "$part"), f"there is no part {name!r}", remedy)
            return Constant(at, UNDEFINED)
        if name in self._using:
            self.error("XW111", (*path, "$part"), f"the part {name!r} uses itself: {' -> '.join(self._using)}")
            return Constant(at, UNDEFINED)
        inner = Builder(part, self._resources, self._diagnostics)
        inner._using = (*self._using, name)
        inner._copier = self._copier
        if "$each" in value:
            over = self.expression((*path, "$each"), known)
            body = inner.template(("template",), known, _items(target))
            return Each(at, over, body) if over else Constant(at, UNDEFINED)
        body = inner.template(("template",), known, target)
        return With(at, self.template((*path, "of"), known, None), body) if "of" in value else body


class _Copier:
    """Makes the plan of `$copy` for a target schema, with the conversions written for its types."""

    def __init__(self, conversions: Document | None, resources: Resources, diagnostics: Diagnostics) -> None:
        self._conversions = conversions
        self._resources = resources
        self._diagnostics = diagnostics

    def copy(self, schema: Mapping[str, Any], overridden: Container[str] = ()) -> Copy:
        """The plan for an object of this schema, whatever is written about its own type, without the fields that are
        ``overridden`` beside it."""
        properties: Mapping[str, Any] = schema.get("properties", {})
        return Copy({name: self._step(inner) for name, inner in properties.items() if name not in overridden})

    def _step(self, schema: Mapping[str, Any]) -> Copy | Convert | CopyList | None:
        kind = schema.get("javaType")
        if self._conversions is not None and kind in self._conversions.value["types"]:
            builder = Builder(self._conversions, self._resources, self._diagnostics)
            builder._copier = self
            return Convert(builder.template(("types", str(kind)), ALWAYS, schema))
        if schema.get("additionalProperties", True) is False and "properties" in schema:
            return self.copy(schema)
        if (items := _items(schema)) is not None and (step := self._step(items)) is not None:
            return CopyList(step)
        return None

    def drops(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, str]:
        """The fields that a copy from ``source`` to ``target`` loses, with the reasons written for their types."""
        reasons = self._conversions.value.get("drops", {}) if self._conversions is not None else {}
        return dict(_lost(source, target, reasons, ""))


def _lost(
    source: Mapping[str, Any], target: Mapping[str, Any], reasons: Mapping[str, str], prefix: str
) -> Iterator[tuple[str, str]]:
    source, target = _items(source) or source, _items(target) or target
    wanted: Mapping[str, Any] = target.get("properties", {})
    for name, inner in source.get("properties", {}).items():
        path = f"{prefix}{name}"
        if name in wanted:
            yield from _lost(inner, wanted[name], reasons, f"{path}.")
        elif reason := reasons.get(f"{source.get('javaType', '')}.{name}"):
            yield path, reason


def _settings_read(expression: Expression) -> set[str]:
    """The names in `$settings.<name>` that an expression reads."""
    if "settings" not in expression.source:
        return set()
    return {
        str(node.steps[1].value)
        for node in walk(expression.node)
        if node.type == "path"
        and len(node.steps) > 1
        and (node.steps[0].type, node.steps[0].value) == ("variable", "settings")
        and node.steps[1].type == "name"
    }


def _items(target: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    items = (target or {}).get("items")
    return items if isinstance(items, Mapping) else None


def _dotted(path: Iterable[str | int]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
