"""Checks one mapping: every expression and template by type, and every field that arrives for where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from ..diagnostics import Diagnostic, Diagnostics, Position, suggestion
from ..expressions import Expression, Function
from ..mapping import model
from ..mapping import template as t
from ..protocol import protocol
from ..schemas import leaves, request_schema, response_schema, walk
from ..versions import Side
from .environment import CONTEXT, Definition, Environment, Reads, access
from .templates import Everywhere, Tables, TemplateChecker, calls_mutating, element
from .types import UNDEFINED, Array, Boolean, Object, Schema, Source, Type, anything, of_schema, record, union

REQUEST = "request"
"""The name of the payload that arrives, in `Source.payload`; a reply is `reply <action>`."""

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


def check_mapping(mapping: model.Mapping, shared: Shared, everywhere: Mapping[str, str]) -> None:
    """Report everything that is wrong with ``mapping``. ``everywhere`` are the fields that its pair drops."""
    _MappingChecker(mapping, shared, everywhere).check()


class _MappingChecker:
    def __init__(self, mapping: model.Mapping, shared: Shared, everywhere: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._shared = shared
        self._everywhere = everywhere
        self._templates = TemplateChecker(shared.functions, shared.diagnostics, shared.tables, shared.everywhere)
        self._bound: dict[str, tuple[Position, bool]] = {}
        self._sender = None if mapping.origin == "timer" else Side(mapping.origin)

    def check(self) -> None:
        mapping = self._mapping
        request = self._request()
        env = Environment(
            request,
            {"request": request, "settings": record({n: of_schema(s.type) for n, s in self._shared.settings.items()})},
            request,
        )
        if mapping.once is not None:
            self._templates.reads = None
            self._templates.expression(mapping.once, env)
        shared_reads = Reads()
        self._templates.reads = shared_reads
        env = self._bindings(mapping.let, env)
        per_route: list[tuple[Reads, Type]] = []
        for route in mapping.routes:
            reads = shared_reads.copy()
            self._templates.reads = reads
            arriving, env = self._route(route, env)
            per_route.append((reads, arriving))
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
            self._carried(per_route, shared_reads)

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
                value = self._templates.node(binding.template, env, None, binding.name)
            if (noted := self._templates.reads) is not None:
                (noted.asked if _asks(binding.template, value) else noted.fields).update(reads.fields)
                noted.asked.update(reads.asked)
            mutating = any(calls_mutating(e.node, self._shared.functions) for e in expressions_of(binding.template))
            self._bound[binding.name] = (binding.at, mutating)
            env = env.binding(binding.name, value)
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
        for send in route.also:
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
        for send in forward.steps:
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
            self._respond(forward.error, failed)
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

    # -- what is carried, and what is lost --

    def _carried(self, per_route: list[tuple[Reads, Type]], shared_reads: Reads) -> None:
        mapping = self._mapping
        assert self._sender is not None
        version = mapping.pair.version(self._sender)
        schema = request_schema(version, mapping.action)
        read_somewhere: set[Source] = set()
        read_everywhere: set[Source] | None = None
        far = mapping.pair.version(self._sender.other)
        responses: dict[str, Schema] = {}
        for route, (reads, arriving) in zip(mapping.routes, per_route, strict=True):
            drops = mapping.drops.merged(route.drops)
            if isinstance(route.outcome, model.Forward) or (
                isinstance(route.outcome, model.Answer) and not route.outcome.because
            ):
                self._lost(schema, REQUEST, reads, drops.request, route, "request", arriving)
                read_everywhere = reads.fields if read_everywhere is None else read_everywhere & reads.fields
            self._contradicted([(schema, REQUEST)], reads.fields, route.drops.request, route.at, "request")
            if not isinstance(route.outcome, model.Forward):
                continue
            replies: list[tuple[Schema, str]] = []
            for action in dict.fromkeys(send.action for send in route.outcome.steps):
                known = protocol(far).actions.get(action)
                if known is None or known.send:
                    continue
                replies.append((response_schema(far, action), reply_of(action)))
                self._lost(*replies[-1], reads, drops.response, route, "response")
            self._contradicted(replies, reads.fields, route.drops.response, route.at, "response")
            responses.update((payload, reply) for reply, payload in replies)
            read_somewhere |= reads.fields
        everywhere = shared_reads.fields | (read_everywhere or set())
        self._contradicted([(schema, REQUEST)], everywhere, mapping.drops.request, mapping.at, "request")
        every = [(reply, payload) for payload, reply in responses.items()]
        self._contradicted(every, read_somewhere, mapping.drops.response, mapping.at, "response")
        for path in mapping.drops.response:
            self._no_such(path, mapping.at, "response", list(responses.values()))
        for drops in (mapping.drops, *(route.drops for route in mapping.routes)):
            for drop in drops.sometimes:
                payloads = [schema] if drop.which == "request" else list(responses.values())
                self._no_such(drop.path, drop.at, drop.which, payloads)

    def _lost(
        self,
        schema: Schema,
        payload: str,
        reads: Reads,
        drops: Mapping[str, str],
        route: model.Route,
        which: str,
        arriving: Type | None = None,
    ) -> None:
        lost = [
            path
            for path in unread(schema, payload, reads.fields | reads.asked)
            if not covered(path, drops)
            and not self._everywhere_dropped(path)
            and (arriving is None or _arrives(arriving, path.split(".")))
        ]
        if not lost:
            return
        at = route.at if len(self._mapping.routes) > 1 else self._mapping.at
        named = f" by the route {route.name!r}" if route.name else ""
        reply = f" of the answer to {payload.removeprefix('reply ')}" if which == "response" else ""
        every = [leaf.path for leaf in leaves(schema) if not self._everywhere_dropped(leaf.path)]
        for path in _roots(lost, every):
            self._shared.diagnostics.add(
                "XW220",
                at,
                f"the field {path!r}{reply} is lost{named}",
                f"Carry it over, or list it under drops.{which} with the reason.",
                f"{which}.{path}",
            )

    def _everywhere_dropped(self, path: str) -> bool:
        return not self._everywhere.keys().isdisjoint(path.split("."))

    def _contradicted(
        self,
        payloads: list[tuple[Schema, str]],
        made_of: Set[Source],
        drops: Mapping[str, str],
        at: Position,
        which: str,
    ) -> None:
        """Report the drops of fields of which something is made in every one of ``payloads`` (schema and name) that
        has them. Asking about a field, so as to drop it only where that does no harm, contradicts nothing."""
        for path in drops:
            if self._everywhere_dropped(path):
                continue
            if which == "request":
                self._no_such(path, at, which, [schema for schema, _ in payloads])
            concerned = [(schema, payload) for schema, payload in payloads if _exists(schema, path)]
            if concerned and all(_used(schema, payload, made_of, path) for schema, payload in concerned):
                self._shared.diagnostics.add(
                    "XW222",
                    at,
                    f"the field {path!r} is declared as dropped, but it is read",
                    "Remove the drop, or what reads the field.",
                    f"drops.{which}.{path}",
                )

    def _no_such(self, path: str, at: Position, which: str, schemas: list[Schema]) -> None:
        finding = None
        if not any(_exists(schema, path) for schema in schemas):
            known = [leaf.path for schema in schemas for leaf in leaves(schema)]
            remedy = suggestion(path, known) or "Remove the line, or correct the path."
            message = f"there is no field {path!r} to drop"
            finding = Diagnostic("XW221", at, message, remedy, f"drops.{which}.{path}")
        self._shared.everywhere.note("XW221", at, f"{which}.{path}", finding)


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


def _used(schema: Schema, payload: str, made_of: Set[Source], path: str) -> bool:
    """Whether something was made of everything in the field at ``path``."""
    left = set(unread(schema, payload, made_of))
    return not any(
        leaf.path in left for leaf in leaves(schema) if leaf.path == path or leaf.path.startswith(f"{path}.")
    )


def _arrives(value: Type, path: list[str]) -> bool:
    """Whether a field may be there at all, under what is known of the payload."""
    if not path:
        return bool(value.options)
    return any(
        (inner := option.field(path[0])) is not None and _arrives(element(inner), path[1:])
        for option in value.options
        if isinstance(option, Object)
    )


def _last(replies: list[tuple[Type, bool]]) -> Type:
    """The reply that was the last one to come: of the last step, or of one before where steps are conditional."""
    found: list[Type] = []
    for reply, sure in reversed(replies):
        found.append(reply)
        if sure:
            return union(found)
    return union(found).maybe()


def reply_of(action: str) -> str:
    """The name of the reply to ``action`` in `Source.payload`."""
    return f"reply {action}"


def replace_variables(env: Environment, **values: Type) -> Environment:
    """``env`` with some variables replaced."""
    for name, value in values.items():
        env = env.binding(name, value)
    return env


def unread(schema: Schema, payload: str, read: Set[Source]) -> Iterator[str]:
    """The fields of a payload that are not among what was ``read``, by dotted path."""
    paths = {source.path for source in read if source.payload == payload}
    for leaf in leaves(schema):
        parts = tuple(leaf.path.split("."))
        if not any(parts[: len(path)] == path for path in paths):
            yield leaf.path


def _roots(lost: list[str], every: list[str]) -> list[str]:
    """The lost fields, an object that is lost as a whole by its own path."""
    kept = set(every) - set(lost)
    roots: dict[str, None] = {}
    for path in lost:
        parts = path.split(".")
        prefixes = (".".join(parts[:length]) for length in range(1, len(parts)))
        whole = (prefix for prefix in prefixes if not any(name.startswith(f"{prefix}.") for name in kept))
        roots[next(whole, path)] = None
    return list(roots)


def covered(path: str, drops: Mapping[str, str]) -> bool:
    """Whether ``path`` or something that holds it is declared as dropped."""
    return any(path == drop or path.startswith(f"{drop}.") for drop in drops)


def _exists(schema: Schema, path: str) -> bool:
    return walk(schema, path.split(".")) is not None


def expressions_of(node: t.Node) -> Iterator[Expression]:
    """Every expression in a template."""
    match node:
        case t.Leaf(_, expression):
            yield expression
        case t.Lookup(_, _, of, otherwise):
            yield from expressions_of(of)
            if otherwise is not None:
                yield from expressions_of(otherwise)
        case t.Array(_, items):
            for item in items:
                yield from expressions_of(item)
        case t.Each(_, over, body):
            yield over
            yield from expressions_of(body)
        case t.With(_, of, body):
            yield from expressions_of(of)
            yield from expressions_of(body)
        case t.Object(_, fields, when):
            if when is not None:
                yield when
            for _name, inner in fields:
                yield from expressions_of(inner)


__all__ = ["Shared", "check_mapping"]
