"""One exchange: a mapping and payloads in; calls, an answer, and further calls out.

The interpreter knows nothing of links, order or time-outs; that is the session's job. It changes no state but what
hooks change through the view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .diagnostics import Position
from .expressions import UNDEFINED, ExpressionError, Scope
from .mapping.compile import run
from .mapping.drops import DropTree
from .mapping.model import Answer, Binding, Forward, Refuse, Send
from .mapping.model import Mapping as ActionMapping
from .mapping.template import Node, Object, elements, truthy
from .versions import Side
from .view import View


class OutgoingCall(NamedTuple):
    """A call to be sent: to whom, which action, which payload."""

    to: Side
    action: str
    payload: dict[str, Any]
    durable: bool = False
    copies: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result: an OCPP error code and a description for people.

    ``far`` says that the code is the far side's (its version's), not the sender's.
    """

    code: str
    description: str
    details: Mapping[str, Any] = field(default_factory=dict)
    far: bool = False
    refused: bool = False


@dataclass(slots=True)
class Exchange:
    """An exchange under way: a call, its mapping, and how far the mapping's route has come.

    `as_json` and `from_json` carry it to another process.
    """

    mapping: ActionMapping
    payload: dict[str, Any]
    scope: Scope
    ids: dict[str, str] = field(default_factory=dict)
    """The messages that wait for the answer: their ids, with the fingerprints of their frames."""
    route: int = -1
    step: int = 0
    calls: list[dict[str, Any]] = field(default_factory=list)
    """The payloads of the current step, in order."""
    replies: list[Any] = field(default_factory=list)
    """The replies to the current step's calls so far."""
    all_replies: list[Any] = field(default_factory=list)
    once: str = ""
    tries: int = 0
    """How often the link has tried it again by itself."""
    left: bool = False
    """Whether a call of it left, or was about to when it was saved."""

    @property
    def action(self) -> str:
        """The call's action."""
        return self.mapping.action

    @property
    def outcome(self) -> Forward | Answer | Refuse:
        """What the exchange's route does."""
        return self.mapping.routes[self.route].outcome

    @property
    def awaiting(self) -> dict[str, Any] | None:
        """The payload of the call whose reply is awaited, if one is."""
        return self.calls[len(self.replies)] if len(self.replies) < len(self.calls) else None

    def as_json(self) -> dict[str, Any]:
        """The exchange as a JSON object. It shares structure with the exchange."""
        variables = self.scope.variables.copy()
        del variables["settings"], variables["request"]
        return {
            "origin": self.mapping.origin,
            "action": self.mapping.action,
            "payload": self.payload,
            "variables": variables,
            "ids": self.ids,
            "route": self.route,
            "step": self.step,
            "calls": self.calls,
            "replies": self.replies,
            "all_replies": self.all_replies,
            "once": self.once,
            "tries": self.tries,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], mapping: ActionMapping, view: View) -> Exchange:
        """The exchange that ``saved`` holds, to go on with its mapping as it is now."""
        names = ("ids", "route", "step", "calls", "replies", "all_replies", "once", "tries")
        scope = Scope({**saved["variables"], "request": saved["payload"], "settings": view.settings}, view)
        kept = {name: saved[name] for name in names}
        return cls(mapping, saved["payload"], scope, left=True, **kept)


class MappingFault(Exception):
    """A mapping failed on a payload; ``failure`` is what the sender is told."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.description)
        self.failure = failure


def insistence(exchange: Exchange) -> float:
    """After how many seconds the link tries a call again by itself that was not taken; 0: never. Raises
    MappingFault."""
    if exchange.mapping.insist is None:
        return 0.0
    value = _evaluate(exchange.mapping.insist, exchange.payload, exchange.scope)
    return float(value) if isinstance(value, (int, float)) and value > 0 else 0.0


def begin(mapping: ActionMapping, payload: dict[str, Any], view: View) -> Exchange:
    """Start an exchange: bind `let`, choose the route. Raises MappingFault when no route holds or an
    expression fails."""
    scope = Scope({"request": payload, "settings": view.settings}, view)
    exchange = Exchange(mapping, payload, scope)
    _bind(mapping.let, payload, scope)
    for index, route in enumerate(mapping.routes):
        if route.when is None or truthy(_evaluate(route.when, payload, scope)):
            exchange.route = index
            _bind(route.let, payload, scope)
            return exchange
    raise MappingFault(Failure("NotSupported", f"no route of the mapping of {mapping.action} takes this payload"))


def identity(mapping: ActionMapping, payload: dict[str, Any], view: View) -> str:
    """What `once` gives for the call: calls with the same non-empty identity are repeats of each other."""
    if mapping.once is None:
        return ""
    value = _evaluate(mapping.once, payload, Scope({"request": payload, "settings": view.settings}, view))
    return f"{mapping.action}:{value}" if isinstance(value, str) and value else ""


def advance(exchange: Exchange) -> OutgoingCall | None:
    """The next call of the exchange, or None when every step has its replies.

    A call that is to be sent again, because it was not taken, is asked once more whether its `when` holds.
    """
    outcome = exchange.outcome
    if not isinstance(outcome, Forward):
        return None
    while exchange.step < len(outcome.steps):
        step = outcome.steps[exchange.step]
        if not exchange.replies:
            if not exchange.calls:
                exchange.calls = _payloads(step, exchange.payload, exchange.scope)
            elif not _wanted(step, exchange.payload, exchange.scope):
                exchange.calls = []
        if (payload := exchange.awaiting) is not None:
            return OutgoingCall(step.to, step.action, payload, copies=step.copies)
        if step.name and exchange.replies:
            result = exchange.replies if step.each is not None else exchange.replies[-1]
            exchange.scope.variables[step.name] = result
        exchange.all_replies.extend(exchange.replies)
        exchange.calls, exchange.replies = [], []
        exchange.step += 1
    return None


def accept_reply(exchange: Exchange, payload: dict[str, Any]) -> None:
    """Note the reply to the call that `advance` gave last."""
    exchange.replies.append(payload)


def stand_in(exchange: Exchange, failure: Failure) -> bool:
    """Where the step has an `instead` and that gives a value, note it as the reply and say True. An `instead` without
    members always does."""
    outcome = exchange.outcome
    assert isinstance(outcome, Forward)
    instead = outcome.steps[exchange.step].instead
    if instead is None:
        return False
    variables = {**exchange.scope.variables, "error": _error_value(failure)}
    value = _template(instead, exchange.payload, Scope(variables, exchange.scope.view))
    if value is UNDEFINED:
        if not (isinstance(instead, Object) and not instead.fields):
            return False
        value = {}
    exchange.replies.append(value)
    return True


def finish(exchange: Exchange, failure: Failure | None) -> dict[str, Any] | Failure:
    """The answer to the call: a payload, or a failure. Binds `after`."""
    outcome = exchange.outcome
    scope = exchange.scope
    if isinstance(outcome, Refuse):
        return Failure(outcome.code, outcome.because, refused=True)
    if isinstance(outcome, Answer):
        return _object(_template(outcome.response, exchange.payload, scope))
    reply: Any = UNDEFINED
    if failure is not None:
        scope.variables["error"] = _error_value(failure)
    elif exchange.all_replies:
        reply = exchange.all_replies[-1]
        scope.variables["reply"] = reply
    scope.variables["replies"] = [*exchange.all_replies, *exchange.replies] if failure else exchange.all_replies
    _bind(outcome.after, reply, scope)
    if failure is None:
        return _object(_template(outcome.response, reply, scope))
    if outcome.error is not None:
        value = _template(outcome.error, reply, scope)
        if value is not UNDEFINED:
            return _object(value)
    return failure


def further_calls(exchange: Exchange) -> list[OutgoingCall]:
    """The calls of `also`, in order; to be taken after `finish`."""
    also = exchange.mapping.routes[exchange.route].also if exchange.route >= 0 else ()
    return [
        OutgoingCall(send.to, send.action, payload, send.durable)
        for send in also
        for payload in _payloads(send, exchange.payload, exchange.scope)
    ]


def dropped_from_request(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """What of the call the exchange's route does not carry over: (dotted path, reason)."""
    lost = exchange.mapping.routes[exchange.route].lost
    yield from _dropped(lost.in_request, exchange.payload, exchange.scope)


def dropped_from_reply(exchange: Exchange, reply: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What of a reply the exchange's route does not carry over: (dotted path, reason)."""
    lost = exchange.mapping.routes[exchange.route].lost
    yield from _dropped(lost.in_response, reply, exchange.scope)


def answer_copies(exchange: Exchange, path: str, answer: Any) -> bool:
    """Whether the answer is a copy of the far side's, and what stands at ``path`` of it is copied."""
    outcome = exchange.outcome
    arrived = [exchange.payload, *exchange.all_replies]
    return isinstance(outcome, Forward) and outcome.copies and is_copied(path, answer, arrived)


def is_copied(path: str, made: Any, arrived: Any) -> bool:
    """Whether the value at ``path`` of a payload that was made is one that arrived. An array or an object is taken for
    copied; what is missing is not."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(made, list):
            made = made[int(step)]
        elif isinstance(made, dict) and step in made:
            made = made[step]
        else:
            return False
    return isinstance(made, (list, dict)) or _occurs(made, arrived)


def _occurs(leaf: Any, value: Any) -> bool:
    if isinstance(value, dict):
        return any(_occurs(leaf, inner) for inner in value.values())
    if isinstance(value, list):
        return any(_occurs(leaf, inner) for inner in value)
    return bool(leaf == value)


def _dropped(drops: DropTree, payload: Any, scope: Scope) -> Iterator[tuple[str, str]]:
    for path, reason, when in drops.found(payload):
        if when is None or truthy(_evaluate(when, payload, scope)):
            yield path, reason


def _wanted(send: Send, payload: Any, scope: Scope) -> bool:
    return send.when is None or truthy(_evaluate(send.when, payload, scope))


def _payloads(send: Send, payload: Any, scope: Scope) -> list[dict[str, Any]]:
    """The payloads of the calls that a step makes, in order."""
    if not _wanted(send, payload, scope):
        return []
    sources = [payload] if send.each is None else elements(_evaluate(send.each, payload, scope))
    return [_object(_template(send.request, source, scope)) for source in sources]


def _bind(bindings: tuple[Binding, ...], data: Any, scope: Scope) -> None:
    for binding in bindings:
        value = _template(binding.template, data, scope)
        if value is not UNDEFINED:
            scope.variables[binding.name] = value


def _object(value: Any) -> dict[str, Any]:
    if value is UNDEFINED:
        return {}
    if not isinstance(value, dict):
        raise MappingFault(Failure("InternalError", "the mapping makes a payload that is not an object"))
    return value


def _template(node: Node, data: Any, scope: Scope) -> Any:
    try:
        return run(node, data, scope)
    except ExpressionError as error:
        raise MappingFault(
            Failure("InternalError", f"the mapping fails at {_place(error.at or node.at)}: {error}")
        ) from error


def _place(at: Position) -> str:
    """A place as the peers are told it: without the folders of this machine."""
    return str(at).rpartition("/")[2]


def _evaluate(expression: Any, data: Any, scope: Scope) -> Any:
    try:
        return expression.evaluate(data, scope)
    except ExpressionError as error:
        raise MappingFault(
            Failure("InternalError", f"the mapping fails at {_place(expression.at.shifted(error.offset))}: {error}")
        ) from error


def _error_value(failure: Failure) -> dict[str, Any]:
    return {"code": failure.code, "description": failure.description}
