"""One station's link to its CSMS, without I/O: order, correlation, repeats, time-outs, state.

The promises of the design are kept here; `interpreter` knows what a mapping means, this module when it runs.
The host's duties: call `connect` once per pair of sockets, hand every text frame to `receive`, save `state` when
`dirty` before the returned frames leave, send them in order, and call `expire` at `due`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from . import interpreter
from .events import Event, EventKind
from .frames import Call, CallError, CallResult, CallResultError, FrameError, Send, encode, parse
from .ids import Ids, is_usable
from .intake import Intake
from .interpreter import Exchange, Failure, MappingFault, OutgoingCall
from .journal import Journal
from .mapping.model import Answer
from .mapping.pack import PairMappings
from .outbox import Outbox, Waiting
from .peer import Arrived, Peer
from .protocol import MessageType, error_code, is_final
from .repeats import Identities, fingerprint
from .validation import Validation
from .versions import PEOPLE, Pair, Side, Version
from .view import View

HOLD_SECONDS = 10.0
"""How long durable calls wait, after a reconnect, for the station to speak first."""
RETRY_SECONDS = 10.0
"""Pause before a durable call that was refused is tried again, times the number of attempts."""
MAX_ATTEMPTS = 3
"""How often a durable call is tried on one connection."""
MAX_TRIES = 8
"""How often a call that a mapping insists on is tried again, after twice the time of before each."""
_INSIST = "insist"
"""The timer of such a call, by its identity."""


@dataclass(slots=True)
class Out:
    """A frame to be sent: ``to`` is the side, ``text`` the OCPP-J frame."""

    to: Side
    text: str


class StateError(ValueError):
    """What is given as the state of a session is none."""


class Session:
    """One station's link. Made by `Crosswalk.session`."""

    def __init__(
        self,
        identity: str,
        mappings: PairMappings,
        settings: Mapping[str, Any],
        state: bytes | None = None,
        tables: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.identity = identity
        self.pair = mappings.pair
        self._pair_name = str(self.pair)
        self._mappings = mappings
        self._settings = settings
        self._tables = tables or {}
        self._patience = float(settings["callTimeout"])
        self._checks = Validation(self.pair, settings["validation"])
        self._journal = Journal(identity)
        self._out: list[Out] = []
        self._now = 0.0
        self._restore(_carried_over(state, self.pair))

    # -- state --

    def _restore(self, state: Mapping[str, Any]) -> None:
        link = state.get("link", {})
        data: dict[str, Any] = state.get("data", {})
        self._ids = Ids(state.get("epoch", ""), state.get("counter", 0))
        self._intake = Intake(self.pair, self._checks, self._mappings.repairs, data, self._journal)
        boxes = {side: Outbox(link.get(side, {}).get("outbox")) for side in Side}
        self._identities = identities = Identities(state.get("memory"))
        self._detached: list[Exchange] = []
        detached = self._detached
        self._view = View(
            identity=self.identity,
            pair=self.pair,
            settings=self._settings,
            data=data,
            fresh_id=self._ids.fresh,
            note=self._journal.note,
            drop=self._journal.drop,
            waiting=lambda: boxes[Side.CSMS].payloads,
            untold=lambda view: _untold(view, boxes[Side.CSMS], arrived, detached, identities),
            tables=self._tables,
        )
        self._view.epoch = self._ids.epoch
        self._station, self._csms = (self._restored(side, link.get(side, {}), box) for side, box in boxes.items())
        self._peers: dict[str, Peer] = {Side.STATION: self._station, Side.CSMS: self._csms}
        arrived = self._station.inbox
        restored = (self._exchange(saved) for saved in link.get("detached", ()))
        detached += [exchange for exchange in restored if exchange is not None]
        for owner in self._peers.values():
            payload = None if owner.active is None else owner.active.awaiting
            for peer in self._peers.values():
                if payload is None:
                    peer.outbox.disown(owner.side)
                else:
                    peer.outbox.supply(owner.side, payload)
        self._silent_until: float = link.get("silent_until", 0.0)

    def _restored(self, side: Side, saved: Mapping[str, Any], box: Outbox) -> Peer:
        return Peer(side, self.pair.version(side), saved, box, self._exchange(saved.get("active")))

    def _exchange(self, saved: Mapping[str, Any] | None) -> Exchange | None:
        """The saved exchange, if the mappings that are loaded now can still go on with it."""
        if not saved:
            return None
        mapping = self._mappings.find(saved["origin"], saved["action"])
        if mapping is None or not 0 <= saved["route"] < len(mapping.routes):
            text = "an exchange under way was given up: the mappings have changed since it began"
            self._journal.add(EventKind.GIVEN_UP, saved["origin"], saved["action"], _first(saved["ids"]), text)
            return None
        return Exchange.from_json(saved, mapping, self._view)

    @property
    def state(self) -> bytes:
        """The whole session as a JSON document, for `Crosswalk.session` to go on with."""
        return orjson.dumps(
            {
                "v": 1,
                "pair": self._pair_name,
                "epoch": self._ids.epoch,
                "counter": self._ids.counter,
                "link": {
                    "station": self._station.as_json(),
                    "csms": self._csms.as_json(),
                    "detached": [exchange.as_json() for exchange in self._detached],
                    "silent_until": self._silent_until,
                },
                "memory": self._identities.as_json(),
                "data": self._view.as_json(),
            }
        )

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way: another session, of other mappings even, may take over the state."""
        return self._station.is_idle and self._csms.is_idle and not self._detached

    @property
    def dirty(self) -> bool:
        """Whether the state changed in a way that has to be saved before the frames leave."""
        return self._view.dirty

    def saved(self) -> None:
        """Tell the session that its state has been saved."""
        self._view.dirty = False

    def leave_out(self, kinds: frozenset[EventKind]) -> None:
        """Spare the work for events of these ``kinds``: nobody wants them."""
        self._journal.unheard = kinds

    def take_events(self) -> list[Event]:
        """What happened since the last call."""
        return self._journal.take()

    @property
    def due(self) -> float | None:
        """When `expire` has something to do, in seconds since the epoch; None when nothing is awaited."""
        held = self._view.held_until
        moments = [
            self._station.outbox.due(held=False),
            self._csms.outbox.due(held=bool(held)),
            self._silent_until,
            held,
        ]
        moments += [timer["at"] for timer in self._view.timers]
        return min(filter(None, moments), default=None)

    # -- what the host calls --

    def connect(self, *, now: float) -> list[Out]:
        """A new pair of sockets is up. What was under way on the old ones is dropped, but for what is durable."""
        self._begin(now)
        self._view.epoch = self._ids.name_epoch(now)
        for peer in self._peers.values():
            exchange, peer.active = peer.active, None
            if exchange is not None and exchange.mapping.durable:
                exchange.ids = {}
                self._detached.append(exchange)
            elif exchange is not None and exchange.once and exchange.left:
                self._identities.keep_exchange(exchange.once, exchange.as_json())
            peer.inbox.clear()
            peer.outbox.reconnect()
            for call in peer.outbox.waiting:
                call.id = self._ids.fresh()
            peer.answered.clear()
        due = any(timer["name"] == _INSIST and timer["at"] <= now for timer in self._view.timers)
        pending = due or self._detached or any(peer.outbox.waiting for peer in self._peers.values())
        self._silent_until = now + HOLD_SECONDS if pending else 0.0
        self._touch()
        return self._end()

    def receive(self, side: Side | str, text: str | bytes, *, now: float) -> list[Out]:
        """Take in a frame from ``side``; gives the frames to send, in order. Never raises for what a peer sent."""
        self._begin(now)
        if not self._ids.epoch:
            self._view.epoch = self._ids.name_epoch(now)
        peer = self._peers[side]
        side = peer.side
        try:
            frame = parse(text, peer.version)
        except FrameError as error:
            self._unreadable(peer, error)
            return self._end()
        match frame:
            case Call():
                self._arrive(peer, Arrived(frame.id, frame.action, frame.payload, len(text), fingerprint(text)))
            case Send():
                self._arrive(peer, Arrived(frame.id, frame.action, frame.payload, len(text), fingerprint(text), True))
            case CallResult():
                self._result(peer, frame)
            case CallError():
                failure = Failure(frame.code, frame.description, frame.details, far=True)
                self._landed(peer, frame.id, failure)
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
        if self._silent_until and now >= self._silent_until:
            self._silent_until = 0.0
        if 0 < self._view.held_until <= now:
            self._view.hold(0.0)
        for peer in self._peers.values():
            call, side = peer.outbox.flight, peer.side
            if call is not None and now >= peer.outbox.flight_due:
                self._journal.add(EventKind.TIMEOUT, side, call.action, call.id, f"the {side} did not answer in time")
                description = f"the {PEOPLE[side]} did not answer {call.action} in time"
                self._landed(peer, call.id, Failure("GenericError", description))
        for timer in [timer for timer in self._view.timers if timer["at"] <= now]:
            self._view.cancel_timer(timer["name"], timer["key"])
            if timer["name"] == _INSIST:
                self._try_again(timer["key"])
            else:
                self._run_timer(timer)
        return self._end()

    # -- arriving calls --

    def _arrive(self, peer: Peer, arrived: Arrived) -> None:
        side = peer.side
        answer = peer.answered.find(arrived.id, arrived.mark)
        if answer is not None:
            self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "answered as before")
            self._out.append(Out(side, answer))
            return
        if peer.is_under_way(arrived):
            self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "the first one is still under way")
            return
        mapping = self._mappings.find(side, arrived.action)
        first = mapping is not None and mapping.first
        if not peer.has_room(arrived, 0 if first else len(self._other(peer).outbox.waiting)):
            text = "too many calls wait for an answer already"
            self._journal.add(EventKind.INVALID_INPUT, side, arrived.action, arrived.id, text)
            self._refuse(peer, arrived, Failure("GenericError", text))
            return
        payload = self._intake.request(side, arrived.action, arrived.payload, arrived.id, send=arrived.send)
        if isinstance(payload, Failure):
            self._refuse(peer, arrived, payload)
            return
        arrived.payload = payload
        peer.inbox.append(arrived)
        if peer is self._station and not first:
            self._silent_until = 0.0

    def _refuse(self, peer: Peer, arrived: Arrived, failure: Failure) -> None:
        """Answer a call with an error; a SEND has no answer."""
        if not arrived.send:
            self._answer_error(peer.side, arrived.id, failure)

    def _unreadable(self, peer: Peer, error: FrameError) -> None:
        self._journal.add(EventKind.PROTOCOL_ERROR, peer.side, "", error.id or "", error.reason)
        if error.answerable and error.id is not None:
            self._answer_error(peer.side, error.id, Failure(error.code, error.reason))
        elif error.id is not None and error.message_type in _ANSWERS:
            text = f"the {PEOPLE[peer.side]}'s answer is broken: {error.reason}"
            self._landed(peer, error.id, Failure("InternalError", text))

    # -- exchanges --

    def _pump(self) -> None:
        """Start what can start and send what can leave, until nothing moves."""
        moved = True
        while moved:
            moved = False
            for peer in self._peers.values():
                if peer.active is None and (peer.inbox or self._detached) and self._start_next(peer):
                    moved = True
                box = peer.outbox
                if box.waiting and box.flight is None:
                    held = peer is self._csms and self._view.held_until > 0
                    call = box.take(self._now, self._now + self._patience, silent=bool(self._silent_until), held=held)
                    if call is not None:
                        moved = True
                        self._send(peer, call)

    def _start_next(self, peer: Peer) -> bool:
        if self._detached and peer is self._station and not (self._silent_until or self._view.held_until):
            peer.active = self._detached.pop(0)
            self._step(peer, peer.active)
            return True
        if not peer.inbox:
            return False
        arrived = peer.inbox.pop(0)
        side = peer.side
        self._journal.about = (side, arrived.action, arrived.id)
        mapping = self._mappings.find(side, arrived.action)
        if mapping is None:
            refusal = Failure("NotSupported", f"{self.pair} has no mapping of {arrived.action}", refused=True)
            self._journal.add(EventKind.REFUSED, side, arrived.action, arrived.id, refusal.description)
            self._refuse(peer, arrived, refusal)
            return True
        try:
            identity = interpreter.identity(mapping, arrived.payload, self._view)
            if identity and self._repeat(peer, arrived, identity):
                return True
            exchange = interpreter.begin(mapping, arrived.payload, self._view)
        except MappingFault as fault:
            self._journal.add(EventKind.INVALID_OUTPUT, side, arrived.action, arrived.id, fault.failure.description)
            self._refuse(peer, arrived, fault.failure)
            return True
        exchange.once = identity
        if not arrived.send:
            exchange.ids[arrived.id] = arrived.mark
        peer.active = exchange
        self._report_drops(side, exchange, interpreter.dropped_from_request(exchange))
        self._step(peer, exchange)
        return True

    def _repeat(self, peer: Peer, arrived: Arrived, identity: str) -> bool:
        side = peer.side
        answer = self._identities.answer(identity)
        if answer is not None:
            self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "answered as before")
            self._answer(peer, arrived.id, arrived.mark, answer)
            return True
        for exchange in self._detached:
            if exchange.once == identity:
                self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "joined to the first one")
                exchange.ids[arrived.id] = arrived.mark
                if self._view.held_until:
                    self._detached.remove(exchange)
                    peer.active = exchange
                    self._step(peer, exchange)
                return True
        unfinished = self._exchange(self._identities.unanswered(identity))
        if unfinished is None:
            return False
        self._journal.add(EventKind.REPEAT, side, arrived.action, arrived.id, "sent again")
        unfinished.ids = {arrived.id: arrived.mark}
        peer.active = unfinished
        self._step(peer, unfinished)
        return True

    def _step(self, peer: Peer, exchange: Exchange) -> None:
        """Bring the exchange to its next call, or to its end."""
        mapping = exchange.mapping
        self._journal.about = (peer.side, mapping.action, _first(exchange.ids))
        try:
            call = interpreter.advance(exchange)
        except MappingFault as fault:
            text = fault.failure.description
            self._tell(EventKind.INVALID_OUTPUT, peer.side, exchange, text)
            self._finish(peer, exchange, fault.failure)
            return
        if call is None:
            self._finish(peer, exchange, None)
            return
        failure = self._invalid(call, peer.side, exchange)
        if failure is not None:
            self._reply_failed(peer, exchange, failure)
            return
        if exchange.once or mapping.durable:
            self._touch()
        receiver = self._peers[call.to]
        message_id = self._call_id(exchange, receiver)
        exchange.left = True
        receiver.outbox.add(Waiting(message_id, call.action, call.payload, peer.side, mapping.durable, mapping.first))

    def _call_id(self, exchange: Exchange, receiver: Peer) -> str:
        """The sender's own id for the only call of an exchange, when it is sent for the first time; a fresh one for all
        others."""
        steps = exchange.outcome.steps  # type: ignore[union-attr]
        alone = exchange.step == len(steps) - 1 and not exchange.all_replies and steps[-1].each is None
        given = _first(exchange.ids)
        if alone and is_usable(given) and not receiver.outbox.has_used(given):
            return given
        return self._ids.fresh()

    def _finish(self, peer: Peer, exchange: Exchange, failure: Failure | None) -> None:
        side, mapping = peer.side, exchange.mapping
        peer.active = None
        unfinished = exchange.as_json() if exchange.once and exchange.left else None
        try:
            answer = interpreter.finish(exchange, failure)
        except MappingFault as fault:
            self._tell(EventKind.INVALID_OUTPUT, side, exchange, fault.failure.description)
            answer = fault.failure
        if isinstance(answer, dict) and not peer.actions[mapping.action].send:
            answer = self._fit(side, exchange, answer)
        if isinstance(answer, Failure):
            if answer.refused:
                self._tell(EventKind.REFUSED, side, exchange, answer.description, _route(exchange))
            if unfinished is not None:
                self._identities.keep_exchange(exchange.once, unfinished, longer=self._insist(exchange, answer))
            for message_id in exchange.ids:
                self._answer_error(side, message_id, answer)
        else:
            kind = EventKind.TRANSLATED if exchange.all_replies else EventKind.ANSWERED_HERE
            outcome = exchange.outcome
            self._tell(kind, side, exchange, outcome.because if isinstance(outcome, Answer) else "", _route(exchange))
            if exchange.once:
                self._touch()
                self._identities.keep_answer(exchange.once, answer)
                if mapping.insist is not None:
                    self._view.cancel_timer(_INSIST, exchange.once)
            for message_id, mark in exchange.ids.items():
                self._answer(peer, message_id, mark, answer)
        self._further(side, exchange)

    def _insist(self, exchange: Exchange, failure: Failure) -> bool:
        """A call of the station was not taken: whether the link will try it by itself if the station does not repeat
        it."""
        seconds = self._insistence(exchange)
        if not seconds:
            return False
        if exchange.tries < MAX_TRIES:
            self._view.set_timer(_INSIST, self._now + seconds * 2**exchange.tries, {}, exchange.once)
            return True
        text = f"given up after {exchange.tries} more attempts: {failure.description}"
        self._tell(EventKind.GIVEN_UP, Side.STATION, exchange, text, {"payload": exchange.payload})
        return False

    def _insistence(self, exchange: Exchange) -> float:
        try:
            return interpreter.insistence(exchange)
        except MappingFault as fault:
            self._tell(EventKind.INVALID_OUTPUT, Side.STATION, exchange, fault.failure.description)
            return 0.0

    def _try_again(self, identity: str) -> None:
        """Take up a call that was not taken, if it still matters."""
        saved = self._identities.unanswered(identity)
        if saved is None:
            text = "a call that was not taken was given up: too many others came after it"
            self._journal.add(EventKind.GIVEN_UP, Side.STATION, identity.partition(":")[0], "", text)
        exchange = self._exchange(saved)
        if exchange is not None and self._insistence(exchange):
            exchange.tries += 1
            exchange.ids = {}
            self._detached.append(exchange)

    def _fit(self, side: Side, exchange: Exchange, answer: dict[str, Any]) -> dict[str, Any] | Failure:
        """The answer, or a failure when it must not leave, reported."""
        found = self._checks.leaving(side, exchange.action, "response", answer)
        if found is None:
            return answer
        text = f"the answer to {exchange.action} would break its schema: {found.path}: {found.reason}"
        self._tell(_misfit(interpreter.answer_copies(exchange, found.path, answer)), side, exchange, text)
        return Failure("InternalError", text) if self._checks.enforced else answer

    def _further(self, side: Side | str, exchange: Exchange) -> None:
        try:
            calls = interpreter.further_calls(exchange)
        except MappingFault as fault:
            self._journal.add(EventKind.INVALID_OUTPUT, side, exchange.action, "", fault.failure.description)
            return
        for call in calls:
            if self._invalid(call, side, exchange) is None:
                if call.durable:
                    self._touch()
                message_id, asked = self._ids.fresh(), side == call.to
                waiting = Waiting(message_id, call.action, call.payload, durable=call.durable, asked=asked)
                self._peers[call.to].outbox.add(waiting)

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
        self._further("timer", exchange)

    # -- answers to calls of ours --

    def _result(self, peer: Peer, frame: CallResult) -> None:
        call = peer.outbox.flight
        if call is None or call.id != frame.id:
            self._journal.add(EventKind.LATE_ANSWER, peer.side, "", frame.id, "an answer to no call that is open")
            return
        self._landed(peer, frame.id, self._intake.response(peer.side, call.action, frame.payload, frame.id))

    def _landed(self, peer: Peer, message_id: str, result: dict[str, Any] | Failure) -> None:
        """The peer has answered a call, or will never."""
        side = peer.side
        call = peer.outbox.land(message_id)
        if call is None:
            self._journal.add(EventKind.LATE_ANSWER, side, "", message_id, "an answer to no call that is open")
            return
        if isinstance(result, Failure) and result.far:
            text = f"{result.code}: {result.description}".rstrip(": ")
            self._journal.add(EventKind.PEER_ERROR, side, call.action, message_id, text)
        if call.first and isinstance(result, dict):
            self._silent_until = 0.0
        if not call.owner:
            self._settle(peer, call, result)
            return
        owner = self._peers[call.owner]
        exchange = owner.active
        if exchange is None:
            return
        if isinstance(result, Failure):
            self._reply_failed(owner, exchange, result)
            return
        if exchange.once or call.durable:
            self._touch()
        self._report_drops(side, exchange, interpreter.dropped_from_reply(exchange, result))
        interpreter.accept_reply(exchange, result)
        self._step(owner, exchange)

    def _settle(self, peer: Peer, call: Waiting, result: dict[str, Any] | Failure) -> None:
        """A call that no exchange waits for has its answer; what it tells beyond a status goes nowhere."""
        for name in result if isinstance(result, dict) else ():
            text = f"The link added the call {call.action}; its answer has nobody to go to."
            self._journal.add(EventKind.DROPPED_FIELD, peer.side, call.action, call.id, text, {"field": name})
        if not call.durable:
            return
        self._touch()
        if isinstance(result, Failure):
            never = result.far and is_final(result.code, peer.version)
            if not never and call.attempts < MAX_ATTEMPTS:
                call.id = self._ids.fresh()
                peer.outbox.retry(call, self._now + RETRY_SECONDS * call.attempts)
            else:
                why = f"the {PEOPLE[peer.side]} never takes it" if never else result.description
                text = f"given up after {call.attempts} attempts: {why}"
                self._journal.add(EventKind.GIVEN_UP, peer.side, call.action, call.id, text, {"payload": call.payload})

    def _reply_failed(self, peer: Peer, exchange: Exchange, failure: Failure) -> None:
        try:
            if interpreter.stand_in(exchange, failure):
                self._step(peer, exchange)
                return
        except MappingFault as fault:
            failure = fault.failure
        self._finish(peer, exchange, failure)

    # -- frames out --

    def _send(self, peer: Peer, call: Waiting) -> None:
        if peer.actions[call.action].send:
            self._out.append(Out(peer.side, encode(Send(call.id, call.action, call.payload))))
            self._landed(peer, call.id, {})
        else:
            self._out.append(Out(peer.side, encode(Call(call.id, call.action, call.payload))))

    def _answer(self, peer: Peer, message_id: str, mark: str, answer: dict[str, Any]) -> None:
        text = encode(CallResult(message_id, answer))
        peer.answered.keep(message_id, mark, text)
        self._out.append(Out(peer.side, text))

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
        self._view.dirty = True

    def _other(self, peer: Peer) -> Peer:
        return self._csms if peer is self._station else self._station

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


def _untold(
    view: View, box: Outbox, arrived: list[Arrived], detached: list[Exchange], identities: Identities
) -> list[dict[str, Any]]:
    """See `View.untold`."""
    untaken = [exchange.as_json() for exchange in detached]
    insisted = (timer["key"] for timer in view.timers if timer["name"] == _INSIST)
    untaken += filter(None, map(identities.unanswered, insisted))
    calls = (exchange["calls"][len(exchange["replies"]) :][:1] for exchange in untaken)
    return [*box.payloads, *(call.payload for call in arrived), *chain.from_iterable(calls)]


def _carried_over(state: bytes | None, pair: Pair) -> dict[str, Any]:
    """What was saved, if it still means something: the pair is the same, or the CSMS moved from one 2.x version to the
    other. Raises StateError."""
    if not state:
        return {}
    try:
        saved: dict[str, Any] = orjson.loads(state)
        earlier = Pair.parse(saved["pair"])
    except (ValueError, LookupError, TypeError) as error:
        raise StateError(f"no state of a session: {error}") from None
    both_newer = Version.V16 not in (earlier.csms, pair.csms)
    return saved if earlier == pair or (earlier.station == pair.station and both_newer) else {}


def _route(exchange: Exchange) -> dict[str, Any] | None:
    """The name of the route that was taken, for an event."""
    name = exchange.mapping.routes[exchange.route].name
    return {"route": name} if name else None


def _misfit(copied: bool) -> EventKind:
    """What it is when a payload does not fit: a copied value is the peer's, anything else the mapping's fault."""
    return EventKind.REFUSED if copied else EventKind.INVALID_OUTPUT


def _first(ids: Mapping[str, str]) -> str:
    return next(iter(ids), "")
