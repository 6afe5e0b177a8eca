"""Validation one mapping: every expression and template by type, and every field that arrives for where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..diagnostics import Diagnostic, Diagnostics, Position, suggestion
from ..expressions import Function
from ..expressions.compile import mutates
from ..mapping import model
from ..mapping import template as t
from ..mapping.compile import expressions_of
from ..protocol import protocol
from ..schemas import request_schema, response_schema
from ..versions import Side
from .environment import Environment, Reads
from .facts import CONTEXT, Definition, access
from .gathered import Everywhere, Flow, Tables
from .lost import REQUEST, Losses, reply_of
from .results import element
from .templates import TemplateChecker
from .types import UNDEFINED, Array, Boolean, Schema, Source, Type, anything, of_schema, record, union

_TEXT: Schema = {"type": "string"}
_ERROR = record({"code": of_schema(_TEXT), "description": of_schema(_TEXT)})


@dataclass(frozen=True)
class Shared:
    """What all mappings are checked against."""

    functions: Mapping[str, Function]
    settings: Mapping[str, model.Setting]
    tables: Tables
    everywhere: Everywhere
    diagnostics: Diagnostics


@dataclass(frozen=True)
class RouteFlow:
    """What a route makes of the fields that arrive, and which of them may arrive there."""

    reads: Reads
    arriving: Type
    flows: tuple[Flow, ...]


def check_mapping(mapping: model.Mapping, shared: Shared, everywhere: Mapping[str, str]) -> None:
    """Report everything that is wrong with ``mapping``. ``everywhere`` are the fields that its pair drops."""
    _MappingChecker(mapping, shared, everywhere).check()


def route_flows(mapping: model.Mapping, shared: Shared) -> list[RouteFlow]:
    """What becomes of each field that arrives, by the routes of ``mapping``."""
    return _MappingChecker(mapping, shared, {}).check()


class _MappingChecker:
    def __init__(self, mapping: model.Mapping, shared: Shared, everywhere: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._shared = shared
        self._everywhere = everywhere
        self._templates = TemplateChecker(shared.functions, shared.diagnostics, shared.tables, shared.everywhere)
        self._bound: dict[str, tuple[Position, bool]] = {}
        self._sender = None if mapping.origin == "timer" else Side(mapping.origin)

    def check(self) -> list[RouteFlow]:
        mapping = self._mapping
        request = self._request()
        env = Environment(
            request,
            {"request": request, "settings": record({n: of_schema(s.type) for n, s in self._shared.settings.items()})},
            request,
        )
        self._templates.reads = None
        for expression in (mapping.once, mapping.insist):
            if expression is not None:
                self._templates.expression(expression, env)
        shared_reads = Reads()
        self._templates.reads = shared_reads
        env = self._bindings(mapping.let, env)
        per_route: list[RouteFlow] = []
        for route in mapping.routes:
            reads = shared_reads.copy()
            self._templates.reads = reads
            self._templates.flows = []
            arriving, env = self._route(route, env)
            per_route.append(RouteFlow(reads, arriving, tuple(self._templates.flows)))
        self._exhaustive()
        self._unused()
        reasons = [route.outcome.because for route in mapping.routes if not isinstance(route.outcome, model.Forward)]
        if model.TO_DO in (*mapping.spec, *reasons):
            self._shared.diagnostics.add(
                "XW232",
                mapping.at,
                f"the mapping of {mapping.action} is not finished: it says {model.TO_DO!r}",
                "Cite the specification, and say why a call is refused.",
            )
        if self._sender is not None:
            losses = Losses(mapping, self._sender, self._everywhere, self._shared.everywhere, self._shared.diagnostics)
            losses.check([(route.reads, route.arriving) for route in per_route], shared_reads)
        return per_route

    def _request(self) -> Type:
        if self._sender is None:
            return anything("the payload of a timer")
        return of_schema(
            request_schema(self._mapping.pair.version(self._sender), self._mapping.action), Source(REQUEST, ())
        )

    def _bindings(self, bindings: Iterable[model.Binding], env: Environment) -> Environment:
        self._templates.pure = False
        for binding in bindings:
            reads = Reads()
            with self._templates.reading(reads):
                value = self._templates.node(binding.template, env, binding.type, binding.name)
            mutating = any(mutates(e.node, self._shared.functions) for e in expressions_of(binding.template))
            if not mutating and _asks(binding.template, value):
                reads = reads.asking()
            self._bound[binding.name] = (binding.at, mutating)
            env = env.binding(binding.name, value, reads)
            if mutating and self._templates.reads is not None:
                self._templates.reads.include(reads)
            if (definition := _definition(binding.template)) is not None:
                env = env.defining(binding.name, definition)
        self._templates.pure = True
        return env

    def _route(self, route: model.Route, env: Environment) -> tuple[Type, Environment]:
        """Check one route; gives what can arrive there, and what holds for the routes after it."""
        inside = after = env
        if route.when is not None:
            self._templates.condition(route.when, env)
            inside = env.if_(route.when.node, True)
            after = env.if_(route.when.node, False)
        arriving = inside.context
        inside = self._bindings(route.let, inside)
        self._sometimes_dropped(route, "request", inside)
        match route.outcome:
            case model.Answer(response):
                if self._sender is not None:
                    self._respond(response, inside)
            case model.Refuse(code, _, at):
                self._code(code, at)
            case model.Forward() as forward:
                inside = self._forward(route, forward, inside)
        steps = len(route.outcome.steps) if isinstance(route.outcome, model.Forward) else 0
        for number, send in enumerate(route.also, steps):
            self._templates.message = str(number)
            self._call(send, inside, "also")
        return arriving, after

    def _sometimes_dropped(self, route: model.Route, which: str, env: Environment) -> None:
        """Check when fields are dropped that otherwise are carried."""
        with self._templates.reading(Reads()):
            for drop in (*self._mapping.drops.sometimes, *route.drops.sometimes):
                if drop.which == which:
                    self._templates.condition(drop.when, env)

    def _forward(self, route: model.Route, forward: model.Forward, env: Environment) -> Environment:
        """Check the steps and the answer; gives what `also` sees."""
        replies: list[tuple[Type, bool]] = []
        for number, send in enumerate(forward.steps):
            self._templates.message = str(number)
            reply = self._call(send, env, "request")
            sure = send.when is None and send.each is None
            replies.append((reply, sure))
            if send.name:
                named = Type((Array(reply, 1),)) if send.each is not None else reply
                env = env.binding(send.name, named.maybe(not sure))
        last = _last(replies)
        every = union(reply for reply, _ in replies).present()
        env = replace_variables(env, replies=Type((Array(every),)), reply=last, error=_ERROR.maybe())
        self._sometimes_dropped(route, "response", env.within(last))
        answered = self._bindings(forward.after, env.within(last))
        self._templates.lenient = forward.copies
        self._respond(forward.response, answered)
        if forward.error is not None:
            failed = replace_variables(answered, error=_ERROR, reply=UNDEFINED).within(UNDEFINED)
            flows = list(self._templates.flows)
            self._respond(forward.error, failed)
            self._templates.flows = flows
        self._templates.lenient = False
        return replace_variables(answered, reply=last.maybe()).within(env.context)

    def _call(self, send: model.Send, env: Environment, path: str) -> Type:
        """Check one call that leaves, and give the type of its reply."""
        version = self._mapping.pair.version(send.to)
        if send.when is not None:
            self._templates.condition(send.when, env)
            env = env.if_(send.when.node, True)
        if send.each is not None:
            env = env.within(element(self._templates.expression(send.each, env)))
        known = protocol(version).actions.get(send.action)
        if known is None:
            return anything("an unknown action")
        self._templates.lenient = send.copies
        schema = request_schema(version, send.action)
        value = self._templates.node(send.request, env, schema, path)
        if not value.options and schema.get("required"):
            self._templates.node(t.Object(send.at, ()), env, schema, path)
        self._templates.lenient = False
        if known.send:
            return UNDEFINED
        reply = of_schema(response_schema(version, send.action), Source(reply_of(send.action), ()))
        if send.instead is None:
            return reply
        stand_in = self._templates.node(send.instead, env.binding("error", _ERROR), None, "instead")
        return union((reply, stand_in.present() if stand_in.options else record({})))

    def _respond(self, response: t.Node, env: Environment) -> None:
        assert self._sender is not None
        version = self._mapping.pair.version(self._sender)
        action = protocol(version).actions.get(self._mapping.action)
        if action is None or action.send:
            return
        schema = response_schema(version, self._mapping.action)
        self._templates.message = "answer"
        value = self._templates.node(response, env, schema, "response")
        if not value.options and schema.get("required"):
            at = self._mapping.at if isinstance(response, t.Constant) else response.at
            self._templates.node(t.Object(at, ()), env, schema, "response")

    def _code(self, code: str, at: Position) -> None:
        assert self._sender is not None
        codes = protocol(self._mapping.pair.version(self._sender)).meanings
        if code not in codes:
            remedy = suggestion(code, codes) or f"It has {', '.join(sorted(codes))}."
            version = self._mapping.pair.version(self._sender)
            self._shared.diagnostics.add("XW241", at, f"{version} has no error code {code!r}", remedy, "refuse")

    def _exhaustive(self) -> None:
        last = self._mapping.routes[-1]
        if last.when is not None and last.when.source.strip() != "true":
            self._shared.diagnostics.add(
                "XW242",
                last.at,
                "no route takes a call for which this condition does not hold",
                "End with a route whose `when` is true.",
                "routes",
            )
        for route in self._mapping.routes[:-1]:
            if route.when is not None and route.when.source.strip() == "true":
                self._shared.diagnostics.add(
                    "XW243", route.at, "the routes after this one are never taken", "Put it last.", "routes"
                )

    def _unused(self) -> None:
        for name, (at, mutating) in self._bound.items():
            finding = None
            if not mutating and name not in self._templates.used:
                finding = Diagnostic(
                    "XW231", at, f"${name} is bound and never used", "Use it, or remove the line.", f"let.{name}"
                )
            self._shared.everywhere.note("XW231", at, name, finding)


def _definition(node: t.Node) -> Definition | None:
    """The condition that a binding stands for, if it is one over the context or over one of its fields."""
    if isinstance(node, t.Leaf):
        return (), node.expression.node
    if isinstance(node, t.With) and isinstance(node.of, t.Leaf) and isinstance(node.body, t.Leaf):
        found = access(node.of.expression.node)
        if found is not None and found[0] == CONTEXT:
            return found[1], node.body.expression.node
    return None


def _asks(node: t.Node, value: Type) -> bool:
    """Whether a binding is the answer to a question about what arrived, and no part of it."""
    plain = isinstance(node, t.Leaf) and access(node.expression.node) is not None
    return not plain and bool(value.options) and all(isinstance(option, Boolean) for option in value.options)


def _last(replies: list[tuple[Type, bool]]) -> Type:
    """The reply that was the last one to come: of the last step, or of one before where steps are conditional."""
    found: list[Type] = []
    for reply, sure in reversed(replies):
        found.append(reply)
        if sure:
            return union(found)
    return union(found).maybe()


def replace_variables(env: Environment, **values: Type) -> Environment:
    """``env`` with some variables replaced."""
    for name, value in values.items():
        env = env.binding(name, value)
    return env


__all__ = ["RouteFlow", "Shared", "check_mapping", "route_flows"]
