"""Proof by generation: made-up valid calls through the real session, and every frame that leaves is judged.

The payloads come from the makers behind the Hypothesis strategies of `drawn`, driven by a seeded generator, so that
a run is repeatable and a hundred times faster than Hypothesis' own; a payload that fails is made smaller before it is
shown. Calls of one pair share sessions, so that there are transactions, reservations and profiles to refer to.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Container, Iterator, Set
from dataclasses import dataclass, field
from typing import Any

from ..crosswalk import Crosswalk
from ..diagnostics import Diagnostic, Diagnostics, Severity
from ..events import EventKind
from ..mapping import model
from ..protocol import MessageType, protocol
from ..schemas import violation
from ..session import Session
from ..versions import Pair, Side
from .generate import KnownIds, random_payload

CALLS_PER_SESSION = 40
"""After so many calls a fresh session begins."""
_START = 1_790_000_000.0
_FAILING = 0.04
"""How often a made-up peer answers with an error."""
_ANOTHER = 0.5
"""How often another call comes before the one that is tried."""
_WAITS = 20
"""How often time passes until a call is answered."""
_SHRINKING = 200
"""How many smaller payloads are tried at most."""


@dataclass
class Proof:
    """What was run. ``taken`` counts the calls of each route, by mapping and number of the route."""

    calls: int = 0
    frames: int = 0
    taken: dict[tuple[str, str, int], int] = field(default_factory=dict)


def prove(
    crosswalk: Crosswalk,
    pair: Pair,
    *,
    examples: int,
    seed: int,
    diagnostics: Diagnostics,
    advance: Callable[[], None] = lambda: None,
    passed_over: Container[str] = (),
) -> Proof:
    """Run ``examples`` generated calls of every action of ``pair``; ``advance`` is called after each action. Actions
    whose mapping is in a file of ``passed_over`` are not tried."""
    proof = Proof()
    for (origin, _), mapping in crosswalk.mappings(pair).mappings.items():
        if origin != "timer" and mapping.at.file not in passed_over:
            _prove_action(crosswalk, mapping, Side(origin), examples, seed, proof, diagnostics)
            advance()
    return proof


def _prove_action(
    crosswalk: Crosswalk,
    mapping: model.Mapping,
    side: Side,
    examples: int,
    seed: int,
    proof: Proof,
    diagnostics: Diagnostics,
) -> None:
    pair, action = mapping.pair, mapping.action
    rng = random.Random(zlib.crc32(f"{seed} {pair} {side} {action}".encode()))
    stage: _Stage | None = None
    for number in range(examples):
        if stage is None or number % CALLS_PER_SESSION == 0:
            stage = _Stage(crosswalk, pair, rng)
        stage.warm_up()
        payload = stage.payload(side, action)
        found = stage.run(side, action, payload)
        proof.calls += 1
        proof.frames += stage.frames
        for route in stage.routes:
            key = (str(side), action, route)
            proof.taken[key] = proof.taken.get(key, 0) + 1
        for code, message in found:
            small = _smaller(crosswalk, pair, side, action, payload, code, seed)
            shown = json.dumps(small, ensure_ascii=False)
            diagnostics.add(code, mapping.at, message, f"The call was {action} {shown}", action)
            stage = None
        if found:
            return


class _Stage:
    """A session between two made-up peers."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, rng: random.Random) -> None:
        self._pair = pair
        self._rng = rng
        self._now = _START
        self._session: Session = crosswalk.session("PROOF", station=pair.station, csms=pair.csms)
        self._session.connect(now=self._now)
        self._session.take_events()
        self._count = 0
        self._names = crosswalk.mappings(pair)
        self._ids = KnownIds(self._rng)
        self.frames = 0
        self.routes: list[int] = []

    def payload(self, side: Side, action: str) -> dict[str, Any]:
        """A made-up call. Half of its ids are ones that were seen before, so that calls have to do with each other."""
        version = self._pair.version(side)
        made = random_payload(self._rng, version, action, "request")
        known = self._ids.within(made)
        return known if violation(version, action, "request", known, formats=True) is None else made

    def warm_up(self) -> None:
        """Half of the time, one other call of either side comes first; what is wrong with it is told with its own."""
        if self._rng.random() < _ANOTHER:
            side = self._rng.choice(list(Side))
            action = self._rng.choice(protocol(self._pair.version(side)).sends(side))
            if self._names.find(side, action) is not None:
                self.run(side, action, self.payload(side, action))

    def run(self, side: Side, action: str, payload: dict[str, Any]) -> list[tuple[str, str]]:
        """Deliver one call and answer what it leads to; gives code and text of everything that was wrong."""
        self._now += self._rng.random() * 10
        self._count += 1
        self.frames = 0
        self.routes = []
        found: list[tuple[str, str]] = []
        message_id = f"m{self._count}"
        self._ids.see(payload)
        kind = MessageType.SEND if protocol(self._pair.version(side)).actions[action].send else MessageType.CALL
        answers = 0
        try:
            pending = list(
                self._session.receive(side, json.dumps([kind.value, message_id, action, payload]), now=self._now)
            )
            waits = 0
            while pending or (kind is MessageType.CALL and not answers and waits < _WAITS):
                if not pending:
                    waits += 1
                    self._now = max(self._now, self._session.due or self._now)
                    pending = list(self._session.expire(now=self._now))
                    continue
                out = pending.pop(0)
                self.frames += 1
                frame = json.loads(out.text)
                self._ids.see(frame[-1])
                if frame[0] in (MessageType.CALL.value, MessageType.SEND.value):
                    found += self._judge(out.to, frame[2], "request", frame[3])
                    if frame[0] == MessageType.CALL.value:
                        pending += self._session.receive(out.to, self._reply(out.to, frame), now=self._now)
                elif out.to == side and frame[1] == message_id:
                    answers += 1
                    if frame[0] == MessageType.CALLRESULT.value:
                        found += self._judge(side, action, "response", frame[2])
        except Exception as error:
            return [("XW253", f"the engine fails on {action}: {type(error).__name__}: {error}")]
        if answers != (kind is MessageType.CALL):
            found.append(("XW251", f"{action} was answered {answers} times"))
        return found + list(self._events(side, action))

    def _reply(self, side: Side, frame: list[Any]) -> str:
        if self._rng.random() < _FAILING:
            return json.dumps([MessageType.CALLERROR.value, frame[1], "InternalError", "made up", {}])
        payload = random_payload(self._rng, self._pair.version(side), frame[2], "response")
        return json.dumps([MessageType.CALLRESULT.value, frame[1], payload])

    def _judge(self, to: Side, action: str, kind: Any, payload: Any) -> list[tuple[str, str]]:
        broken = violation(self._pair.version(to), action, kind, payload, formats=True)
        return (
            [] if broken is None else [("XW252", f"the {kind} of {action} that left for the {to} is invalid: {broken}")]
        )

    def _events(self, side: Side, action: str) -> Iterator[tuple[str, str]]:
        mapping = self._names.find(side, action)
        names = [route.name for route in mapping.routes] if mapping else []
        for event in self._session.take_events():
            if event.kind is EventKind.INVALID_OUTPUT:
                yield "XW250", event.text
            elif event.kind is EventKind.INVALID_INPUT and event.action == action:
                yield "XW252", f"a valid {action} was rejected: {event.text}"
            if event.action == action and (name := event.detail.get("route")) in names:
                self.routes.append(names.index(name))


def _smaller(
    crosswalk: Crosswalk, pair: Pair, side: Side, action: str, payload: dict[str, Any], code: str, seed: int
) -> dict[str, Any]:
    """The payload without what the failure does not need; itself where a fresh session does not fail on it."""

    def fails(candidate: dict[str, Any]) -> bool:
        if violation(pair.version(side), action, "request", candidate, formats=True) is not None:
            return False
        stage = _Stage(crosswalk, pair, random.Random(seed))
        return any(found == code for found, _ in stage.run(side, action, candidate))

    tries = 0
    progress = fails(payload)
    while progress:
        progress = False
        for candidate in _without_one(payload):
            tries += 1
            if tries > _SHRINKING:
                return payload
            if fails(candidate):
                payload, progress = candidate, True
                break
    return payload


def _without_one(value: Any) -> Iterator[Any]:
    """The value with one member or element less, at any depth, the biggest parts first."""
    if isinstance(value, dict):
        for name in value:
            yield {key: inner for key, inner in value.items() if key != name}
        for name, inner in value.items():
            for smaller in _without_one(inner):
                yield {**value, name: smaller}
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
        for index, inner in enumerate(value):
            for smaller in _without_one(inner):
                yield [*value[:index], smaller, *value[index + 1 :]]


def never_taken(
    crosswalk: Crosswalk,
    pair: Pair,
    proof: Proof,
    by_cases: Set[tuple[str, str, str]],
    passed_over: Container[str] = (),
) -> Iterator[Diagnostic]:
    """A note for each route that neither a generated call nor a case took; none for files in ``passed_over``."""
    for (origin, action), mapping in crosswalk.mappings(pair).mappings.items():
        if origin == "timer" or len(mapping.routes) == 1 or mapping.at.file in passed_over:
            continue
        for number, route in enumerate(mapping.routes):
            if (origin, action, number) not in proof.taken and (origin, action, route.name) not in by_cases:
                yield Diagnostic(
                    "XW254",
                    route.at,
                    f"no generated {action} and no case took the route {route.name!r}",
                    "Write a case for it.",
                    f"routes[{number}]",
                    Severity.NOTE,
                )
