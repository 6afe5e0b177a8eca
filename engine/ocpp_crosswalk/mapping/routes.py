"""From a document to the model of a mapping: its routes, calls, answers and drops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..diagnostics import Position, suggestion
from ..expressions import UNDEFINED
from ..protocol import protocol
from ..schemas import leaves, request_schema, response_schema
from ..versions import Pair, Side, Version
from . import model
from .build import ALWAYS, Builder
from .document import PathInDocument
from .template import Constant

_REPLY = frozenset({"reply", "replies"})
_RESERVED = ALWAYS | _REPLY | {"error"}
_NOTHING = Constant(Position(""), UNDEFINED)
_PEOPLE = {Side.STATION: "station", Side.CSMS: "CSMS"}


def build_mapping(builder: Builder, pair: Pair, origin: str, everywhere: Mapping[str, str]) -> model.Mapping:
    """The mapping that the builder's document holds, for calls from ``origin`` (station, csms or timer).

    ``everywhere`` are the fields that the pair drops at any depth, by name, with the reason.
    """
    return _MappingBuilder(builder, pair, origin, everywhere=everywhere).build()


def build_refusal(builder: Builder, pair: Pair, origin: str, action: str, path: PathInDocument) -> model.Mapping:
    """The mapping that one line of a pair's table of refusals stands for."""
    return _MappingBuilder(builder, pair, origin, path, action).build()


class _MappingBuilder:
    """Builds one mapping, from a whole document or from a line of a table of refusals."""

    def __init__(
        self,
        builder: Builder,
        pair: Pair,
        origin: str,
        root: PathInDocument = (),
        action: str | None = None,
        everywhere: Mapping[str, str] | None = None,
    ) -> None:
        self._everywhere = everywhere or {}
        self._b = builder
        self._pair = pair
        self._origin = origin
        self._root = root
        self._action = action if action is not None else str(self._get("call") or self._get("timer") or "")
        self._sender = Side(origin) if origin != "timer" else None
        self._response: Mapping[str, Any] | None = None
        self._copied = model.Drops()
        self._shared_drops = model.Drops()

    def _get(self, *path: str | int) -> Any:
        return self._b.value((*self._root, *path))

    def build(self) -> model.Mapping:
        root = self._root
        if self._sender is not None:
            version = self._pair.version(self._sender)
            exists = self._knows(version, self._action, self._sender, (*root, "call"))
            if exists and not protocol(version).actions[self._action].send:
                self._response = response_schema(version, self._action)
        once = self._b.expression((*root, "once"), ALWAYS)
        let, known = self._bindings((*root, "let"), ALWAYS)
        self._shared_drops = self._drops((*root, "drops"), known)
        if "routes" in (self._get() or {}):
            shared = self._also(root, known | _REPLY | {"error"})
            routes = tuple(self._route((*root, "routes", i), known, shared) for i in range(len(self._get("routes"))))
        else:
            routes = (self._route(root, known, whole=True),)
        return model.Mapping(
            pair=self._pair,
            origin=self._origin,
            action=self._action,
            at=self._b.at((*root, "call") if not self._root else root),
            routes=routes,
            let=let,
            once=once,
            insist=self._b.expression((*root, "insist"), ALWAYS),
            durable=bool(self._get("durable")),
            first=bool(self._get("first")),
            drops=self._shared_drops,
            spec=tuple(self._get("spec") or ()),
            note=self._get("note") or "",
        )

    def _knows(self, version: Version, action: str, sender: Side, path: PathInDocument) -> bool:
        actions = protocol(version).sends(sender)
        if action in actions:
            return True
        self._b.error(
            "XW109",
            path,
            f"{action!r} is not an action that an {version} {_PEOPLE[sender]} sends",
            suggestion(action, actions),
        )
        return False

    def _bindings(
        self, path: PathInDocument, known: frozenset[str]
    ) -> tuple[tuple[model.Binding, ...], frozenset[str]]:
        bindings: list[model.Binding] = []
        for name in self._b.value(path) or {}:
            here = (*path, name)
            if name in _RESERVED or self._b.is_function(name):
                self._b.error(
                    "XW114",
                    here,
                    f"${name} has a meaning already and cannot be bound",
                    "Choose another name.",
                )
            template = self._b.template(here, known, None)
            bindings.append(model.Binding(name, template, self._b.at(here), self._b.type_of(here)))
            known |= {name}
        return tuple(bindings), known

    def _also(self, path: PathInDocument, known: frozenset[str]) -> tuple[model.Send, ...]:
        entries = self._b.value((*path, "also")) or ()
        return tuple(
            self._send((*path, "also", i), known, Side(entry["to"]), "call") for i, entry in enumerate(entries)
        )

    def _route(
        self,
        path: PathInDocument,
        known: frozenset[str],
        shared: tuple[model.Send, ...] = (),
        *,
        whole: bool = False,
    ) -> model.Route:
        value = self._b.value(path) or {}
        when = None if whole else self._b.expression((*path, "when"), known)
        let: tuple[model.Binding, ...] = ()
        if not whole:
            let, known = self._bindings((*path, "let"), known)
        self._copied = model.Drops()
        self._b.copying(self._pair.station, self._pair.station)
        outcome, replied = self._outcome(value, path, known)
        drops = self._copied if whole else self._copied.merged(self._drops((*path, "drops"), known))
        return model.Route(
            name=str(value.get("name", "")) if not whole else "",
            when=when,
            let=let,
            outcome=outcome,
            also=(*shared, *self._also(path, replied)),
            drops=drops,
            at=self._b.at(path),
            lost=self._unsaid(outcome).merged(self._shared_drops).merged(drops),
        )

    def _unsaid(self, outcome: model.Outcome) -> model.Drops:
        """What the whole pair drops of the call and of the replies to what it becomes."""
        if not self._everywhere or self._sender is None or not isinstance(outcome, model.Forward):
            return model.Drops()
        response: dict[str, str] = {}
        for step in outcome.steps:
            far = protocol(self._pair.version(step.to))
            if step.action in far.actions and not step.copies and not far.actions[step.action].send:
                response.update(self._named(response_schema(far.version, step.action)))
        near = self._pair.version(self._sender)
        copied = any(step.copies for step in outcome.steps) or self._action not in protocol(near).actions
        request = {} if copied else dict(self._named(request_schema(near, self._action)))
        return model.Drops(request, response)

    def _named(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for leaf in leaves(schema):
            names = leaf.path.split(".")
            for number, name in enumerate(names, 1):
                if reason := self._everywhere.get(name):
                    yield ".".join(names[:number]), reason
                    break

    def _outcome(
        self, value: Mapping[str, Any], path: PathInDocument, known: frozenset[str]
    ) -> tuple[model.Outcome, frozenset[str]]:
        at = self._b.at(path)
        because = str(value.get("because", ""))
        if "refuse" in value:
            return model.Refuse(str(value["refuse"]), because, at), known
        if "answer" in value:
            return model.Answer(self._b.template((*path, "answer"), known, self._response), at, because), known
        if self._sender is None:
            return model.Answer(_NOTHING, at), known
        to = self._sender.other
        if "steps" in value:
            steps_known, steps = known, []
            for i in range(len(value["steps"])):
                steps.append(self._send((*path, "steps", i), steps_known, to, "forward"))
                if steps[-1].name:
                    steps_known |= {steps[-1].name}
        else:
            steps_known, steps = known, [self._send(path, known, to, "forward")]
            if steps[0].name:
                steps_known |= {steps[0].name}
        after, replied = self._bindings((*path, "after"), steps_known | _REPLY | {"error"})
        self._b.copying(self._pair.version(to), self._pair.version(self._sender))
        answered = protocol(self._pair.version(to)).actions.get(steps[-1].action)
        if self._response is not None and self._copies(path, "response") and answered and not answered.send:
            reply = response_schema(self._pair.version(to), answered.name)
            self._copied = self._copied.merged(model.Drops(response=self._b.copy_drops(reply, self._response)))
        response = self._b.template((*path, "response"), replied, self._response) if "response" in value else _NOTHING
        error = self._b.template((*path, "error"), replied, self._response) if "error" in value else None
        return model.Forward(tuple(steps), after, response, error, at, _has_copy(value.get("response"))), replied

    def _send(self, path: PathInDocument, known: frozenset[str], to: Side, key: str) -> model.Send:
        value = self._b.value(path)
        action = str(value.get(key, ""))
        version = self._pair.version(to)
        target = None
        if self._knows(version, action, to.other, (*path, key)):
            target = request_schema(version, action)
        self._b.copying(self._pair.version(to.other), version)
        sender = self._sender
        known_call = sender is not None and self._action in protocol(self._pair.version(sender)).actions
        if (
            key == "forward"
            and target is not None
            and sender is not None
            and known_call
            and self._copies(path, "request")
        ):
            source = request_schema(self._pair.version(sender), self._action)
            self._copied = self._copied.merged(model.Drops(request=self._b.copy_drops(source, target)))
        return model.Send(
            to=to,
            action=action,
            request=self._b.template((*path, "request"), known, target) if "request" in value else _NOTHING,
            at=self._b.at((*path, key)),
            when=self._b.expression((*path, "when"), known) if path[-2:-1] in (("steps",), ("also",)) else None,
            each=self._b.expression((*path, "each"), known),
            name=value.get("as"),
            instead=self._b.template((*path, "instead"), known | {"error"}, None) if "instead" in value else None,
            durable=bool(value.get("durable")) and key == "call",
            copies=_has_copy(value.get("request")),
        )

    def _copies(self, path: PathInDocument, key: str) -> bool:
        """Whether the template under ``key`` is a copy of the whole payload."""
        template = self._b.value((*path, key))
        return isinstance(template, dict) and bool(template.get("$copy"))

    def _drops(self, path: PathInDocument, known: frozenset[str]) -> model.Drops:
        value = self._b.value(path) or {}
        always: dict[str, dict[str, str]] = {"request": {}, "response": {}}
        sometimes: list[model.SometimesDropped] = []
        for which, named in always.items():
            for name, reason in (value.get(which) or {}).items():
                if isinstance(reason, str):
                    named[name] = reason
                    continue
                here = (*path, which, name)
                when = self._b.expression((*here, "when"), known)
                if when is not None:
                    sometimes.append(model.SometimesDropped(which, name, when, reason["because"], self._b.at(here)))
        return model.Drops(always["request"], always["response"], tuple(sometimes))


def _has_copy(template: Any) -> bool:
    """Whether a template copies something, at any depth."""
    if isinstance(template, dict):
        return bool(template.get("$copy")) or any(_has_copy(inner) for inner in template.values())
    return isinstance(template, list) and any(_has_copy(inner) for inner in template)
