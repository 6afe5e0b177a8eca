"""Validation templates: what each node gives, and whether that fits the field that it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..diagnostics import Diagnostic, Diagnostics, Position, suggestion
from ..expressions import UNDEFINED as NOTHING
from ..expressions import Expression, Function
from ..expressions.parse import offset_of, walk
from ..mapping import template as t
from .environment import Environment, Reads, has_objects
from .fit import BOUNDS, misfits, missing
from .gathered import Everywhere, Flow, Tables
from .infer import Inference
from .results import element, texts_of
from .types import (
    UNDEFINED,
    Array,
    Object,
    Schema,
    Source,
    Type,
    anything,
    is_faulty,
    literal,
    of_schema,
    record,
    union,
)


class TemplateChecker:
    """Infers types of templates and expressions of one mapping, and reports what does not fit."""

    def __init__(
        self, functions: Mapping[str, Function], diagnostics: Diagnostics, tables: Tables, everywhere: Everywhere
    ) -> None:
        self._functions = functions
        self._diagnostics = diagnostics
        self._tables = tables
        self._everywhere = everywhere
        self.reads: Reads | None = Reads()
        self.used: set[str] = set()
        """The names of the variables that expressions used."""
        self.flows: list[Flow] = []
        """What the fields that leave are made of."""
        self.message = ""
        """The message that fields are written to."""
        self.pure = True
        """Whether expressions may not change state here."""
        self.lenient = False
        """Whether values out of bounds refuse the call instead of being a fault of the mapping (`$copy`)."""

    def expression(self, expression: Expression, env: Environment) -> Type:
        """The type of an expression's value."""
        self._discipline(expression)

        def say(code: str, offset: int, message: str, remedy: str) -> None:
            self._diagnostics.add(code, expression.at.shifted(offset), message, remedy)

        def compare(offset: int, constant: str, remedy: str | None) -> None:
            at = expression.at.shifted(offset)
            finding = None
            if remedy is not None:
                finding = Diagnostic("XW203", at, f"the value is never {constant!r}", remedy)
            self._everywhere.note("XW203", at, constant, finding)

        inference = Inference(expression.source, self._functions, self.reads, say, compare)
        return inference.type(expression.node, replace(env, root=env.context))

    def _discipline(self, expression: Expression) -> None:
        for node in walk(expression.node):
            if node.type == "variable":
                self.used.add(str(node.value))
            function = self._functions.get(str(node.value)) if node.type == "variable" else None
            if function is not None and function.tables:
                self._tables_of(function, expression.at.shifted(offset_of(node, expression.source)))
            if self.pure and function is not None and function.mutates:
                self._diagnostics.add(
                    "XW230",
                    expression.at.shifted(offset_of(node, expression.source)),
                    f"${function.name} changes state, and may be called from `let` and `after` only",
                    "Bind it by `let` and use the name here.",
                )

    def _tables_of(self, function: Function, at: Position) -> None:
        for name in function.tables:
            if name in self._tables.known:
                self._tables.use(name).everything = True
            else:
                self._diagnostics.add(
                    "XW206",
                    at,
                    f"${function.name} reads the table {name!r}, which does not exist",
                    "Write it in mappings/tables/, or correct what the function declares.",
                )

    def condition(self, expression: Expression, env: Environment) -> None:
        """Check an expression of which only the truth counts."""
        with self.reading(None if self.reads is None else self.reads.asking()):
            self.expression(expression, env)

    @contextmanager
    def reading(self, reads: Reads | None) -> Iterator[None]:
        """Note what is read in ``reads``, for as long as the block lasts."""
        outer, self.reads = self.reads, reads
        try:
            yield
        finally:
            self.reads = outer

    def node(self, node: t.Node, env: Environment, target: Schema | None, path: str) -> Type:
        """The type of a template's value. With a ``target``, what does not fit is reported, and is read."""
        if target is None or not isinstance(node, t.Constant | t.Leaf | t.Lookup):
            return self._node(node, env, target, path)
        with self._flowing(path):
            return self._node(node, env, target, path)

    @contextmanager
    def _flowing(self, path: str) -> Iterator[None]:
        """Note what the field at ``path`` is made of, as long as the block lasts."""
        outer = self.reads
        reads = Reads()
        with self.reading(reads):
            yield
        self.flows.append(Flow(self.message, path.partition(".")[2], frozenset(reads.fields)))
        if outer is not None:
            outer.include(reads)

    def _node(self, node: t.Node, env: Environment, target: Schema | None, path: str) -> Type:
        match node:
            case t.Constant(at, value):
                if value is NOTHING:
                    return UNDEFINED
                return self._fitted(literal(value), target, at, path)
            case t.Leaf(at, expression):
                return self._leaf(node, expression, env, target, at, path)
            case t.Lookup():
                return self._fitted(self._lookup(node, env, path), target, node.at, path)
            case t.Array(at, items):
                inner = (target or {}).get("items") if target else None
                types = [self.node(item, env, inner, f"{path}[{n}]") for n, item in enumerate(items)]
                if target is not None and "items" not in target:
                    return self._fitted(Type((Array(union(types).present(), 1, len(types)),)), target, at, path)
                sure = sum(not item.optional for item in types)
                return self._shaped(Array(union(types).present(), max(sure, 1), len(types)), not sure, target, at, path)
            case t.Each():
                return self._each(node, env, target, path)
            case t.With():
                return self._with(node, env, target, path)
            case t.Object():
                return self._object(node, env, target, path)
        return anything("a node that the checker does not know")

    def _leaf(
        self, node: t.Leaf, expression: Expression, env: Environment, target: Schema | None, at: Position, path: str
    ) -> Type:
        value = self.expression(expression, env)
        if node.type is not None:
            if self.reads is not None:
                self.reads.whole(value)
            value = of_schema(node.type, optional=value.optional)
        if target is not None and self.reads is not None:
            self.reads.whole(value)
        return self._fitted(value, target, at, path)

    def _fitted(self, value: Type, target: Schema | None, at: Position, path: str) -> Type:
        if target is not None:
            for misfit in misfits(value, target):
                if not (self.lenient and misfit.code in BOUNDS):
                    inner = f"{path}.{misfit.path}".rstrip(".") if misfit.path else path
                    self._diagnostics.add(misfit.code, at, misfit.message, misfit.remedy, inner)
        return value

    def _shaped(self, array: Array, optional: bool, target: Schema | None, at: Position, path: str) -> Type:
        """An array whose elements were checked one by one: its size is left to check."""
        if target is not None:
            if target.get("type", "array") != "array":
                self._diagnostics.add("XW211", at, "an array cannot stand where one value is wanted", "", path)
            most = target.get("maxItems")
            if most is not None and (array.high is None or array.high > most) and not self.lenient:
                self._diagnostics.add(
                    "XW215",
                    at,
                    f"more than {most} elements may come, but may not leave",
                    "Take the first ones, or refuse the rest.",
                    path,
                )
        return Type((array,), optional)

    def _lookup(self, node: t.Lookup, env: Environment, path: str) -> Type:
        value = self.node(node.of, env, None, path)
        table = node.table
        known = texts_of(value)
        use = self._tables.use(table.name)
        results: list[Type] = []
        otherwise = table.otherwise is not NOTHING or node.otherwise is not None
        nothing = False
        if known is None:
            use.everything = True
            results += [literal(result) for result in table.values.values()]
            nothing = not table.drops.keys() <= table.values.keys() or not otherwise
            if not otherwise and not is_faulty(value):
                self._diagnostics.add(
                    "XW224",
                    node.at,
                    f"values may come that the table {table.name!r} does not know",
                    "Give a result for the rest with `else`.",
                    path,
                )
        else:
            use.looked_up |= known
            lacking = sorted(known - set(table.values) - set(table.drops))
            results += [literal(table.values[name]) for name in sorted(known) if name in table.values]
            nothing = any(name in table.drops and name not in table.values for name in known)
            if lacking and not otherwise:
                nothing = True
                self._diagnostics.add(
                    "XW223",
                    node.at,
                    f"the table {table.name!r} has no entry for {', '.join(lacking)}",
                    f"Add to {table.at.file} what becomes of each, or list it there under `drops` with the reason.",
                    path,
                )
            if not lacking:
                otherwise = False
        if otherwise:
            narrowed = env
            if table.otherwise is not NOTHING:
                results.append(literal(table.otherwise))
            elif node.otherwise is not None:
                results.append(self.node(node.otherwise, narrowed, None, path))
        return union(results).maybe(value.optional or nothing) if results else UNDEFINED

    def _each(self, node: t.Each, env: Environment, target: Schema | None, path: str) -> Type:
        over = self.expression(node.over, env)
        inner = None
        if target is not None:
            if target.get("type", "array") != "array":
                self._diagnostics.add("XW211", node.at, "$each makes an array, where one value is wanted", "", path)
            inner = target.get("items", {})
        item = self.node(node.body, env.within(element(over)), inner, f"{path}[]")
        high: int | None = 0
        for option in over.options:
            size = option.high if isinstance(option, Array) else 1
            high = None if size is None or high is None else max(high, size)
        sure = (
            not over.optional and not item.optional and all(not isinstance(o, Array) or o.low > 0 for o in over.options)
        )
        return self._shaped(Array(item.present(), 1, high), not sure, target, node.at, path)

    def _with(self, node: t.With, env: Environment, target: Schema | None, path: str) -> Type:
        of = self.node(node.of, env, None, path)
        body = self.node(node.body, env.within(of.present()), target, path)
        return body.maybe(of.optional)

    def _object(self, node: t.Object, env: Environment, target: Schema | None, path: str) -> Type:
        if node.when is not None:
            self.condition(node.when, env)
            env = env.if_(node.when.node, True)
        properties: Schema | None = None
        if target is not None:
            if target.get("type", "object") != "object":
                self._diagnostics.add("XW211", node.at, "an object cannot stand where one value is wanted", "", path)
                target = None
            else:
                properties = target.get("properties", {})
        members: dict[str, Type] = {}
        copied = node.copy is not None
        if node.copy is not None:
            members.update(
                self._copied(node.copy, env.context, env, target, path, node.at, {n for n, _ in node.fields})
            )
        for name, inner in node.fields:
            schema = None
            here = f"{path}.{name}" if path else name
            if properties is not None and target is not None:
                schema = properties.get(name)
                if schema is None and target.get("additionalProperties", True) is False:
                    self._diagnostics.add(
                        "XW210",
                        inner.at,
                        f"there is no field {name!r} to write",
                        suggestion(name, properties) or f"Its fields are {', '.join(properties) or 'none'}.",
                        here,
                    )
                schema = schema if schema is not None else {}
            members[name] = self.node(inner, env, schema, here)
        if target is not None:
            self._required(node, members, target, path)
        left_out = not copied and all(member.optional for member in members.values()) and bool(members)
        return record(members).maybe(node.when is not None or left_out)

    def _required(self, node: t.Object, members: Mapping[str, Type], target: Schema, path: str) -> None:
        for name in target.get("required", ()):
            found = members.get(name, UNDEFINED)
            if not found.optional:
                continue
            others = [other for other, value in members.items() if other != name and value.options]
            if found.options and not others and node.copy is None and path:
                continue  # the object is left out with its only member
            gap = missing(name)
            at = next((inner.at for field_name, inner in node.fields if field_name == name), node.at)
            self._diagnostics.add(gap.code, at, gap.message, gap.remedy, f"{path}.{name}" if path else name)

    def _copied(
        self,
        copy: t.Copy,
        source: Type,
        env: Environment,
        target: Schema | None,
        path: str,
        at: Position,
        overridden: set[str],
    ) -> dict[str, Type]:
        members: dict[str, Type] = {}
        properties: Mapping[str, Any] = (target or {}).get("properties", {})
        for option in source.options:
            if not isinstance(option, Object):
                continue
            for name, step in copy.fields.items():
                found = option.field(name)
                if found is None or name in overridden:
                    continue
                here = f"{path}.{name}" if path else name
                if option.source is not None and (step is None or not has_objects(found)):
                    with self._flowing(here):
                        self._copied_field(option.source.field(name))
                value = self._copy_step(step, found, env, properties.get(name, {}), here, at)
                members[name] = union((members[name], value)) if name in members else value
        return members

    def _copied_field(self, source: Source) -> None:
        if self.reads is not None:
            self.reads.field(source)

    def _copy_step(self, step: Any, found: Type, env: Environment, target: Schema, path: str, at: Position) -> Type:
        if step is None:
            if self.reads is not None:
                self.reads.whole(found)
            lenient, self.lenient = self.lenient, True
            self._fitted(found, target, at, path)
            self.lenient = lenient
            return found
        if isinstance(step, t.CopyList):
            items = self._copy_step(step.item, element(found), env, target.get("items", {}), f"{path}[]", at)
            high = max((o.high for o in found.options if isinstance(o, Array) and o.high is not None), default=None)
            sure = not items.optional and all(isinstance(o, Array) and o.low > 0 for o in found.options)
            return Type((Array(items.present(), 1, high),), found.optional or not sure)
        inner = env.within(found.present())
        if isinstance(step, t.Convert):
            return self.node(step.node, inner, target, path).maybe(found.optional)
        members = self._copied(step, found, inner, target, path, at, set())
        value = record(members)
        for name in target.get("required", ()):
            if members.get(name, UNDEFINED).optional:
                gap = missing(name)
                self._diagnostics.add(gap.code, at, gap.message, gap.remedy, f"{path}.{name}")
        return value.maybe(found.optional)


__all__ = ["TemplateChecker"]
