"""One station's link to its CSMS, without I/O: order, correlation, repeats, time-outs, state.

The promises of the design are kept here; `interpreter` knows what a mapping means, this module when it runs.
The host's duties: call `connect` once per pair of sockets, hand every text frame to `receive`, save `state` when
`dirty` before the returned frames leave, send them in order, and call `expire` at `due`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import interpreter
from .events import Event, EventKind
from .frames import Call, CallError, CallResult, CallResultError, FrameError, Send, encode, parse
from .ids import Ids, is_usable
from .intake import Intake
from .interpreter import Exchange, Failure, MappingFault, OutgoingCall
from .journal import Journal
from .mapping.model import Answer
from .mapping.model import Mapping as ActionMapping
from .mapping.pack import PairMappings
from .outbox import Outbox, Waiting
from .protocol import MessageType, error_code, protocol
from .repeats import AnsweredIds, Identities
from .validation import Validation
from .versions import PEOPLE, Side
from .view import View

HOLD_SECONDS = 10.0
"""How long durable calls wait, after a reconnect, for the station to speak first."""
RETRY_SECONDS = 10.0
"""Pause before a durable call that was refused is tried again, times the number of attempts."""
MAX_ATTEMPTS = 3
"""How often a durable call is tried on one connection."""
MAX_WAITING = 256
"""How many calls of one side may wait for their turn. OCPP-J has a peer wait for an answer before it calls again, so
more of them are no peer's that keeps to it: they are answered with an error."""
MAX_WAITING_BYTES = 4 * 2**20
"""How much text these calls may be."""

_SIDES = (Side.STATION, Side.CSMS)


@dataclass(frozen=True, slots=True)
class Out:
    """A frame to be sent: ``to`` is the side, ``text`` the OCPP-J frame."""

    to: Side
    text: str


@dataclass(slots=True)
class _Arrived:
    """A call that waits its turn."""

    id: str
    action: str
    payload: dict[str, Any]
    send: bool = False
    size: int = field(default=0, compare=False)


class Session:
    """One station's link. Made by `Crosswalk.session`."""

    def __init__(
        self,
        identity: str,
        mappings: PairMappings,
        settings: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
        tables: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.identity = identity
        self.pair = mappings.pair
        self._mappings = mappings
        self._settings = settings
        self._tables = tables or {}
        self._checks = Validation(self.pair, settings["validation"])
        self._protocols = {side: protocol(self.pair.version(side)) for side in _SIDES}
        self._journal = Journal(identity)
        self._out: list[Out] = []
        self._now = 0.0
        self.dirty = False
        """Whether the state changed in a way that has to be saved before the frames leave."""
        self._restore(state or {})

    # -- state --

    def _restore(self, state: Mapping[str, Any]) -> None:
        link = state.get("link", {})
        self._ids = Ids(state.get("epoch", ""), state.get("counter", 0))
        self._data: dict[str, Any] = state.get("data", {})
        self._intake = Intake(self.pair, self._checks, self._mappings.repairs, self._data, self._journal)
        self._view = View(
            identity=self.identity,
            pair=self.pair,
            settings=self._settings,
            data=self._data,
            fresh_id=self._ids.fresh,
            changed=self._touch,
            note=self._journal.note,
            drop=self._journal.drop,
            waiting=lambda: self._outbox[Side.CSMS].payloads,
            tables=self._tables,
        )
        self._view.epoch = self._ids.epoch
        self._inbox = {side: deque(_Arrived(*row) for row in link.get("inbox", {}).get(side, ())) for side in _SIDES}
        self._active: dict[Side, Exchange | None] = {
            side: self._exchange(link.get("active", {}).get(side)) for side in _SIDES
        }
        detached = (self._exchange(saved) for saved in link.get("detached", ()))
        self._detached = deque(exchange for exchange in detached if exchange is not None)
        self._outbox = {side: Outbox(link.get("outbox", {}).get(side)) for side in _SIDES}
        for side in _SIDES:
            if self._active[side] is None:
                for box in self._outbox.values():
                    box.disown(side)
        self._held_until: float = link.get("held_until", 0.0)
        self._answered = {side: AnsweredIds(link.get("answered", {}).get(side)) for side in _SIDES}
        self._identities = Identities(state.get("memory"))

    def _exchange(self, saved: Mapping[str, Any] | None) -> Exchange | None:
        """The saved exchange, if the mappings that are loaded now can still go on with it."""
        if not saved:
            return None
        mapping = self._mappings.find(saved["origin"], saved["action"])
        if mapping is None or not 0 <= saved["route"] < len(mapping.routes):
            text = "an exchange under way was given up: the mappings have changed since it began"
            self._journal.add(EventKind.GIVEN_UP, saved["origin"], saved["action"], _first(saved["ids"]), text)
            return None
        return Exchange.from_json(saved, self._settings)

    @property
    def state(self) -> dict[str, Any]:
        """The whole session as a JSON-able document. It shares structure with the session: use it at once."""
        return {
            "v": 1,
            "epoch": self._ids.epoch,
            "counter": self._ids.counter,
            "link": {
                "inbox": _both(lambda side: [[a.id, a.action, a.payload, a.send, a.size] for a in self._inbox[side]]),
                "active": _both(lambda side: x.as_json() if (x := self._active[side]) else None),
                "detached": [exchange.as_json() for exchange in self._detached],
                "outbox": _both(lambda side: self._outbox[side].as_json()),
                "held_until": self._held_until,
                "answered": _both(lambda side: self._answered[side].as_json()),
            },
            "memory": self._identities.as_json(),
            "data": self._data,
        }

    def saved(self) -> None:
        """Tell the session that its state has been saved."""
        self.dirty = False

    def leave_out(self, kinds: frozenset[EventKind]) -> None:
        """Spare the work for events of these ``kinds``: nobody wants them."""
        self._journal.unheard = kinds

    def take_events(self) -> list[Event]:
        """What happened since the last call."""
        return self._journal.take()

    @property
    def due(self) -> float | None:
        """When `expire` has something to do, in seconds since the epoch; None when nothing is awaited."""
        moments = [box.due for box in self._outbox.values() if box.flight is not None or box.waiting]
        if "timers" in self._data:
            moments += [timer["at"] for timer in self._data["timers"].get("set", ())]
        if self._held_until:
            moments.append(self._held_until)
        return min((moment for moment in moments if moment is not None), default=None) if moments else None

    # -- what the host calls --

    def connect(self, *, now: float) -> list[Out]:
        """A new pair of sockets is up. What was under way on the old ones is dropped, but for what is durable."""
        self._begin(now)
        self._view.epoch = self._ids.name_epoch(now)
        for side in _SIDES:
            exchange, self._active[side] = self._active[side], None
            if exchange is not None and self._is_durable(exchange):
                exchange.ids = []
                self._detached.append(exchange)
            self._inbox[side].clear()
            self._outbox[side].reconnect()
            for call in self._outbox[side].waiting:
                call.id = self._ids.fresh()
            self._answered[side].clear()
        pending = self._detached or any(box.waiting for box in self._outbox.values())
        self._held_until = now + HOLD_SECONDS if pending else 0.0
        self.dirty = True
        return self._end()

    def receive(self, side: Side | str, text: str | bytes, *, now: float) -> list[Out]:
        """Take in a frame from ``side``; gives the frames to send, in order. Never raises for what a peer sent."""
        self._begin(now)
        if not self._ids.epoch:
            self._view.epoch = self._ids.name_epoch(now)
        side = Side(side)
        try:
            frame = parse(text, self.pair.version(side))
        except FrameError as error:
            self._unreadable(side, error)
            return self._end()
        match frame:
            case Call():
                self._arrive(side, _Arrived(frame.id, frame.action, frame.payload, size=len(text)))
            case Send():
                self._arrive(side, _Arrived(frame.id, frame.action, frame.payload, True, len(text)))
            case CallResult():
                self._result(side, frame)
            case CallError():
                failure = Failure(frame.code, frame.description, frame.details, far=True)
                self._landed(side, frame.id, failure)
            case CallResultError():
                self._journal.add(
                    EventKind.PEER_ERROR,
                    side,
                    "",
                    frame.id,
                    f"could not use our answer: {frame.code} {frame.description}",
                )
        return self._end()

    def expire(self, *, now: float) -> list[Out]:
        """Answer what the far side never answered, try again what is due, run timers."""
        self._begin(now)
        if self._held_until and now >= self._held_until:
            self._held_until = 0.0
        for side in _SIDES:
            call = self._outbox[side].flight
            if call is not None and now >= self._outbox[side].flight_due:
                self._journal.add(EventKind.TIMEOUT, side, call.action, call.id, f"the {side} did not answer in time")
                description = f"the {PEOPLE[side]} did not answer {call.action} in time"
                self._landed(side, call.id, Failure("GenericError", description))
        for timer in [t for t in self._data.get("timers", {}).get("set", ()) if t["at"] <= now]:
            self._view.cancel_timer(timer["name"], timer["key"])
            self._run_timer(timer)
        return self._end()

    # -- arriving calls --

    def _arrive(self, side: Side, arrived: _Arrived) -> None:
        answer = self._answered[side].find(arrived.id, arrived.action, arrived.payload)
        if answer is not None:
            self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "answered as before")
            self._out.append(Out(side, answer))
            return
        if self._is_under_way(side, arrived):
            self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "the first one is still under way")
            return
        if not self._has_room(side, arrived):
            self._fail(side, arrived, Failure("GenericError", "too many calls wait for an answer already"))
            return
        payload = self._intake.request(side, arrived.action, arrived.payload, arrived.id, send=arrived.send)
        if isinstance(payload, Failure):
            if not arrived.send:
                self._answer_error(side, arrived.id, payload)
            return
        arrived.payload = payload
        self._inbox[side].append(arrived)
        if side is Side.STATION and self._held_until:
            mapping = self._mappings.find(side, arrived.action)
            if mapping is None or not mapping.first:
                self._held_until = 0.0

    def _is_under_way(self, side: Side, arrived: _Arrived) -> bool:
        """Whether the same message came in before, and its answer is still to come."""
        active = self._active[side]
        if active and arrived.id in active.ids and (active.action, active.payload) == (arrived.action, arrived.payload):
            return True
        return any(a == arrived for a in self._inbox[side] if a.id == arrived.id)

    def _has_room(self, side: Side, arrived: _Arrived) -> bool:
        """Whether one more call of a side may wait."""
        inbox = self._inbox[side]
        if len(inbox) + len(self._outbox[side.other].waiting) >= MAX_WAITING:
            return False
        return not inbox or sum(call.size for call in inbox) + arrived.size <= MAX_WAITING_BYTES

    def _fail(self, side: Side, arrived: _Arrived, failure: Failure) -> None:
        self._journal.add(EventKind.INVALID_INPUT, side, arrived.action, arrived.id, failure.description)
        if not arrived.send:
            self._answer_error(side, arrived.id, failure)

    def _unreadable(self, side: Side, error: FrameError) -> None:
        self._journal.add(EventKind.PROTOCOL_ERROR, side, "", error.id or "", error.reason)
        if error.answerable and error.id is not None:
            self._answer_error(side, error.id, Failure(error.code, error.reason))
        elif error.id is not None and error.message_type in _ANSWERS:
            self._landed(
                side,
                error.id,
                Failure("InternalError", f"the {PEOPLE[side]}'s answer is broken: {error.reason}"),
            )

    # -- exchanges --

    def _pump(self) -> None:
        """Start what can start and send what can leave, until nothing moves."""
        moved = True
        while moved:
            moved = False
            for side in _SIDES:
                if self._active[side] is None and (self._inbox[side] or self._detached) and self._start_next(side):
                    moved = True
                box = self._outbox[side]
                if box.waiting and box.flight is None:
                    due = self._now + float(self._settings["callTimeout"])
                    call = box.take(self._now, due, held=bool(self._held_until))
                    if call is not None:
                        moved = True
                        self._send(side, call)

    def _start_next(self, side: Side) -> bool:
        if side is Side.STATION and self._detached and not self._held_until:
            exchange = self._detached.popleft()
            self._active[side] = exchange
            self._step(side, exchange)
            return True
        if not self._inbox[side]:
            return False
        arrived = self._inbox[side].popleft()
        self._journal.about = (side, arrived.action, arrived.id)
        mapping = self._mappings.find(side, arrived.action)
        if mapping is None:
            refusal = Failure("NotSupported", f"{self.pair} has no mapping of {arrived.action}", refused=True)
            self._journal.add(EventKind.REFUSED, side, arrived.action, arrived.id, refusal.description)
            if not arrived.send:
                self._answer_error(side, arrived.id, refusal)
            return True
        try:
            identity = interpreter.identity(mapping, arrived.payload, self._view)
            if identity and self._repeat(side, arrived, identity):
                return True
            exchange = interpreter.begin(mapping, arrived.payload, self._view)
        except MappingFault as fault:
            self._journal.add(EventKind.INVALID_OUTPUT, side, arrived.action, arrived.id, fault.failure.description)
            if not arrived.send:
                self._answer_error(side, arrived.id, fault.failure)
            return True
        exchange.once = identity
        if not arrived.send:
            exchange.ids.append(arrived.id)
        self._active[side] = exchange
        self._report_drops(side, exchange, interpreter.dropped_from_request(mapping, exchange, self._view))
        self._step(side, exchange)
        return True

    def _repeat(self, side: Side, arrived: _Arrived, identity: str) -> bool:
        answer = self._identities.answer(identity)
        if answer is not None:
            self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "answered as before")
            self._answer(side, arrived.id, arrived.action, arrived.payload, answer)
            return True
        for exchange in self._detached:
            if exchange.once == identity:
                self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "joined to the first one")
                exchange.ids.append(arrived.id)
                return True
        unfinished = self._exchange(self._identities.unanswered(identity))
        if unfinished is None:
            return False
        self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "sent again")
        unfinished.ids = [arrived.id]
        self._active[side] = unfinished
        self._step(side, unfinished)
        return True

    def _step(self, side: Side, exchange: Exchange) -> None:
        """Bring the exchange to its next call, or to its end."""
        self._journal.about = (side, exchange.action, _first(exchange.ids))
        mapping = self._mapping_of(exchange)
        try:
            call = interpreter.advance(mapping, exchange, self._view)
        except MappingFault as fault:
            text = fault.failure.description
            self._tell(EventKind.INVALID_OUTPUT, side, exchange, text)
            self._finish(side, exchange, fault.failure)
            return
        if call is None:
            self._finish(side, exchange, None)
            return
        failure = self._invalid(call, side, exchange)
        if failure is not None:
            self._reply_failed(side, exchange, failure)
            return
        if exchange.once or mapping.durable:
            self._touch()
            if exchange.once:
                self._identities.keep_exchange(exchange.once, exchange.as_json())
        message_id = self._call_id(mapping, exchange, call)
        waiting = Waiting(
            message_id, call.action, call.payload, owner=side, durable=mapping.durable, first=mapping.first
        )
        self._outbox[call.to].add(waiting)

    def _call_id(self, mapping: ActionMapping, exchange: Exchange, call: OutgoingCall) -> str:
        """The sender's own id for a call that is simply forwarded for the first time, a fresh one for all others."""
        outcome = mapping.routes[exchange.route].outcome
        single = len(outcome.steps) == 1 and outcome.steps[0].each is None  # type: ignore[union-attr]
        given = _first(exchange.ids)
        if single and is_usable(given) and not self._outbox[call.to].has_used(given):
            return given
        return self._ids.fresh()

    def _finish(self, side: Side, exchange: Exchange, failure: Failure | None) -> None:
        mapping = self._mapping_of(exchange)
        self._active[side] = None
        try:
            answer = interpreter.finish(mapping, exchange, failure, self._view)
        except MappingFault as fault:
            self._tell(EventKind.INVALID_OUTPUT, side, exchange, fault.failure.description)
            answer = fault.failure
        if isinstance(answer, dict) and not self._protocols[side].actions[exchange.action].send:
            found = self._checks.leaving(side, exchange.action, "response", answer)
            if found is not None:
                text = f"the answer to {exchange.action} would break its schema: {found.path}: {found.reason}"
                kind = _misfit(interpreter.answer_copies(mapping, exchange, found.path, answer))
                self._tell(kind, side, exchange, text)
                if self._checks.enforced:
                    answer = Failure("InternalError", text)
        if isinstance(answer, Failure):
            if answer.refused:
                name = mapping.routes[exchange.route].name
                detail = {"route": name} if name else None
                self._tell(EventKind.REFUSED, side, exchange, answer.description, detail)
            for message_id in exchange.ids:
                self._answer_error(side, message_id, answer)
        else:
            kind = EventKind.TRANSLATED if exchange.all_replies else EventKind.ANSWERED_HERE
            route = mapping.routes[exchange.route]
            reason = route.outcome.because if isinstance(route.outcome, Answer) else ""
            detail = {"route": route.name} if route.name else None
            self._tell(kind, side, exchange, reason, detail)
            if exchange.once:
                self._touch()
                self._identities.keep_answer(exchange.once, answer)
            for message_id in exchange.ids:
                self._answer(side, message_id, exchange.action, exchange.payload, answer)
        self._further(side, mapping, exchange)

    def _further(self, side: Side | str, mapping: ActionMapping, exchange: Exchange) -> None:
        try:
            calls = list(interpreter.further_calls(mapping, exchange, self._view))
        except MappingFault as fault:
            self._journal.add(EventKind.INVALID_OUTPUT, side, exchange.action, "", fault.failure.description)
            return
        for call in calls:
            if self._invalid(call, side, exchange) is None:
                if call.durable:
                    self._touch()
                self._outbox[call.to].add(Waiting(self._ids.fresh(), call.action, call.payload, durable=call.durable))

    def _invalid(self, call: OutgoingCall, side: Side | str, exchange: Exchange) -> Failure | None:
        """Why a call that is about to leave must not leave, reported; None when it may."""
        found = self._checks.leaving(call.to, call.action, "request", call.payload)
        if found is None:
            return None
        copied = call.copies and interpreter.is_copied(found.path, call.payload, exchange.payload)
        text = f"{call.action} would break its schema: {found.path or 'the payload'}: {found.reason}"
        self._tell(_misfit(copied), side, exchange, text, {"payload": call.payload})
        if not self._checks.enforced:
            return None
        text = f"no valid {call.action} can be made of this: {found.path or 'the payload'} {found.reason}"
        return Failure(found.code if copied else "InternalError", text, far=copied)

    def _run_timer(self, timer: Mapping[str, Any]) -> None:
        self._journal.about = ("timer", timer["name"], "")
        mapping = self._mappings.find("timer", timer["name"])
        if mapping is None:
            self._journal.add(
                EventKind.INVALID_OUTPUT, "timer", timer["name"], "", "there is no mapping for this timer"
            )
            return
        try:
            exchange = interpreter.begin(mapping, timer["payload"], self._view)
        except MappingFault as fault:
            self._journal.add(EventKind.INVALID_OUTPUT, "timer", timer["name"], "", fault.failure.description)
            return
        self._further("timer", mapping, exchange)

    # -- answers to calls of ours --

    def _result(self, side: Side, frame: CallResult) -> None:
        call = self._outbox[side].flight
        if call is None or call.id != frame.id:
            self._journal.add(EventKind.LATE_ANSWER, side, "", frame.id, "an answer to no call that is open")
            return
        self._landed(side, frame.id, self._intake.response(side, call.action, frame.payload, frame.id))

    def _landed(self, side: Side, message_id: str, result: dict[str, Any] | Failure) -> None:
        call = self._outbox[side].land(message_id)
        if call is None:
            self._journal.add(EventKind.LATE_ANSWER, side, "", message_id, "an answer to no call that is open")
            return
        if isinstance(result, Failure) and result.far:
            text = f"{result.code}: {result.description}".rstrip(": ")
            self._journal.add(EventKind.PEER_ERROR, side, call.action, message_id, text)
        if call.first:
            self._held_until = 0.0
        if not call.owner:
            self._settle(side, call, result)
            return
        owner = Side(call.owner)
        exchange = self._active[owner]
        if exchange is None:
            return
        if isinstance(result, Failure):
            self._reply_failed(owner, exchange, result)
            return
        if exchange.once or call.durable:
            self._touch()
        lost = interpreter.dropped_from_reply(self._mapping_of(exchange), exchange, result, self._view)
        self._report_drops(side, exchange, lost)
        interpreter.accept_reply(exchange, result)
        self._step(owner, exchange)

    def _settle(self, side: Side, call: Waiting, result: dict[str, Any] | Failure) -> None:
        """A call that no exchange waits for has its answer; what it tells beyond a status goes nowhere."""
        for name in result if isinstance(result, dict) else ():
            text = f"The link added the call {call.action}; its answer has nobody to go to."
            self._journal.add(EventKind.DROPPED_FIELD, side, call.action, call.id, text, {"field": name})
        if not call.durable:
            return
        self._touch()
        if isinstance(result, Failure):
            if call.attempts < MAX_ATTEMPTS:
                call.id = self._ids.fresh()
                self._outbox[side].retry(call, self._now + RETRY_SECONDS * call.attempts)
            else:
                text = f"given up after {call.attempts} attempts: {result.description}"
                self._journal.add(EventKind.GIVEN_UP, side, call.action, call.id, text, {"payload": call.payload})

    def _reply_failed(self, side: Side, exchange: Exchange, failure: Failure) -> None:
        mapping = self._mapping_of(exchange)
        try:
            if interpreter.stand_in(mapping, exchange, failure, self._view):
                self._step(side, exchange)
                return
        except MappingFault as fault:
            failure = fault.failure
        self._finish(side, exchange, failure)

    # -- frames out --

    def _send(self, side: Side, call: Waiting) -> None:
        action = self._protocols[side].actions[call.action]
        if action.send:
            self._out.append(Out(side, encode(Send(call.id, call.action, call.payload))))
            self._landed(side, call.id, {})
        else:
            self._out.append(Out(side, encode(Call(call.id, call.action, call.payload))))

    def _answer(
        self, side: Side, message_id: str, action: str, payload: dict[str, Any], answer: dict[str, Any]
    ) -> None:
        text = encode(CallResult(message_id, answer))
        self._answered[side].keep(message_id, action, payload, text)
        self._out.append(Out(side, text))

    def _answer_error(self, side: Side, message_id: str, failure: Failure) -> None:
        sender, far = self.pair.version(side), self.pair.version(side.other)
        code = error_code(failure.code, far if failure.far else sender, sender)
        description = failure.description[:_MAX_DESCRIPTION]
        self._out.append(Out(side, encode(CallError(message_id, code, description, dict(failure.details)))))

    # -- small things --

    def _begin(self, now: float) -> None:
        self._now = self._view.now = now
        self._out = []

    def _end(self) -> list[Out]:
        self._pump()
        return self._out

    def _touch(self) -> None:
        self.dirty = True

    def _mapping_of(self, exchange: Exchange) -> ActionMapping:
        mapping = self._mappings.find(exchange.origin, exchange.action)
        if mapping is None:
            raise RuntimeError(f"the mapping of {exchange.action} is gone, with an exchange under way")
        return mapping

    def _is_durable(self, exchange: Exchange) -> bool:
        return self._mapping_of(exchange).durable

    def _tell(
        self, kind: EventKind, side: Side | str, exchange: Exchange, text: str, detail: dict[str, Any] | None = None
    ) -> None:
        """Write down what happened to an exchange."""
        self._journal.add(kind, side, exchange.action, _first(exchange.ids), text, detail)

    def _report_drops(self, origin: Side, exchange: Exchange, fields: Iterable[tuple[str, str]]) -> None:
        try:
            self._journal.dropped(origin, exchange.action, _first(exchange.ids), fields)
        except MappingFault as fault:
            text = f"cannot tell what is dropped: {fault.failure.description}"
            self._tell(EventKind.INVALID_OUTPUT, origin, exchange, text)


_ANSWERS = (MessageType.CALLRESULT, MessageType.CALLERROR)
_MAX_DESCRIPTION = 255


def _both(of: Callable[[Side], Any]) -> dict[str, Any]:
    """What ``of`` gives for each side, as a JSON object."""
    return {"station": of(Side.STATION), "csms": of(Side.CSMS)}


def _misfit(copied: bool) -> EventKind:
    """What it is when a payload does not fit: a copied value is the peer's, anything else the mapping's fault."""
    return EventKind.REFUSED if copied else EventKind.INVALID_OUTPUT


def _first(ids: list[str]) -> str:
    return ids[0] if ids else ""
