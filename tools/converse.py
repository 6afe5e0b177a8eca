"""Plays generated conversations: random valid calls from both sides, interleaved, with errors, refusals and time-outs.

    python tools/converse.py [PAIR ...] [--count 20000] [--seed 1] [--calls 12]

One conversation is one station's link: both sides call at random (several calls may wait), answer late, with an error,
with an invalid answer or not at all, repeat a call, lose the connection, and the session moves through its saved state
to a new one. What the sides support, and which connectors there are, is chosen anew for each conversation; a
DataTransfer of 1.6 often carries a message of Plug & Charge or of costs.

It counts what must never happen: a frame that breaks its official schema, a call that is answered twice or not at all
(although its connection stayed), two calls in flight toward one side, an id that was used before, an exception. Exit 1
when any of these is not zero.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
import zlib
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocpp_crosswalk import PAIRS, Crosswalk, EventKind, Out, Pair, Side, Version
from ocpp_crosswalk.check.generate import KnownIds, random_payload
from ocpp_crosswalk.protocol import MessageType, protocol
from ocpp_crosswalk.schemas import violation

BATCH = 500
_KNOWN = 0.5
_USUAL = frozenset(
    {
        "BootNotification",
        "GetBaseReport",
        "GetChargingProfiles",
        "GetConfiguration",
        "MeterValues",
        "NotifyEvent",
        "RemoteStartTransaction",
        "RequestStartTransaction",
        "Reset",
        "SetChargingProfile",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
        "TransactionEvent",
        "TriggerMessage",
    }
)
"""What half of the calls are: those that lead to more than an answer."""
_TUNNELLED, _COSTS = 0.7, 0.3
"""How often a DataTransfer of 1.6 carries another message, and how often that is about costs."""
_PLUG_AND_CHARGE = {
    Side.STATION: ("Authorize", "GetCertificateStatus", "Get15118EVCertificate", "SignCertificate"),
    Side.CSMS: (
        "CertificateSigned",
        "DeleteCertificate",
        "GetInstalledCertificateIds",
        "InstallCertificate",
        "TriggerMessage",
    ),
}
TIMEOUT = 30.0
"""The call timeout of the session, in seconds."""
_TOPOLOGIES: tuple[Any, ...] = ([], [], [[1, 1], [1, 2], [2, 1]], [[2, 1]])


def _settings(rng: random.Random) -> dict[str, Any]:
    """What the sides support, and which connectors there are."""
    extensions = ("security", "pnc", "costmsg")
    return {
        "callTimeout": TIMEOUT,
        "stationSupports": [name for name in extensions if rng.random() < _KNOWN],
        "csmsSupports": [name for name in extensions if rng.random() < _KNOWN],
        "topology": rng.choice(_TOPOLOGIES),
        "abandonedAfter": rng.choice((0, 20, 900)),
        "unsignedFirmware": rng.choice(("refuse", "forward")),
    }


@dataclass
class Result:
    """What happened in some conversations."""

    conversations: int = 0
    calls: int = 0
    frames: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, other: Result) -> None:
        """Count ``other`` in."""
        self.conversations += other.conversations
        self.calls += other.calls
        self.frames += other.frames
        self.outcomes += other.outcomes
        self.faults += other.faults
        for kind, text in other.examples.items():
            self.examples.setdefault(kind, text)


class Conversation:
    """One station's link between two peers that do what they like."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, seed: int, result: Result) -> None:
        self._crosswalk = crosswalk
        self._pair = pair
        self._rng = random.Random(zlib.crc32(f"{pair} {seed}".encode()))
        self._settings = _settings(self._rng)
        self._result = result
        self._now = 1.79e9
        self._session = self._new(None)
        self._waiting: dict[tuple[Side, str], str] = {}
        """Calls that a peer made on this connection and that have no answer, with their action."""
        self._open: dict[Side, deque[list[Any]]] = {side: deque() for side in Side}
        """Calls that a peer got and has not answered."""
        self._flying: dict[Side, tuple[str, float]] = {}
        """The call that a peer got last on this connection, while it owes the answer, and when it came."""
        self._owed: Counter[tuple[Side, str]] = Counter()
        """How often a peer sent a call on this connection and got no answer."""
        self._used: dict[Side, set[str]] = {side: set() for side in Side}
        self._ids = KnownIds(self._rng)
        self._sent: list[tuple[Side, str]] = []
        self._count = 0
        self._take(self._session.connect(now=self._now))

    def play(self, calls: int) -> None:
        """Make ``calls`` calls and whatever goes with them, then wait until all is answered."""
        for _ in range(calls):
            self._act()
        for _ in range(60):
            if not self._waiting and not any(self._open.values()):
                break
            for side in Side:
                while self._open[side]:
                    self._reply(side)
            due = self._session.due
            self._now = max(self._now, due) if due is not None else self._now + 1
            self._take(self._session.expire(now=self._now))
        for side, message_id in self._waiting:
            self._fault("unanswered", f"{self._waiting[(side, message_id)]} from the {side}")

    def _act(self) -> None:
        self._now += self._rng.random() * 4
        draw = self._rng.random()
        if draw < 0.55:
            self._call()
        elif draw < 0.88:
            side = self._rng.choice(list(Side))
            if self._open[side]:
                self._reply(side)
        elif draw < 0.91 and self._sent:
            side, text = self._rng.choice(self._sent[-3:])
            self._result.outcomes["repeated"] += 1
            self._owed[side, json.loads(text)[1]] += 1
            self._take(self._session.receive(side, text, now=self._now))
        elif draw < 0.95:
            kept = self._session._view._data
            self._session = self._new(self._session.state)
            if self._session._view._data != kept:
                self._fault("changed without View.change", f"{kept}")
            self._result.outcomes["moved"] += 1
        elif draw < 0.98:
            self._now += self._rng.choice((1, 40, 400))
            self._take(self._session.expire(now=self._now))
        else:
            self._reconnect()

    def _reconnect(self) -> None:
        self._result.outcomes["reconnected"] += 1
        self._waiting.clear()
        self._sent.clear()
        self._owed.clear()
        self._flying.clear()
        for calls in self._open.values():
            calls.clear()
        self._take(self._session.connect(now=self._now))

    def _call(self) -> None:
        side = self._rng.choice(list(Side))
        version = self._pair.version(side)
        actions = protocol(version).sends(side)
        usual = [action for action in actions if action in _USUAL]
        action = self._rng.choice(usual if self._rng.random() < _KNOWN else actions)
        made = random_payload(self._rng, version, action, "request")
        known = self._ids.within(made)
        payload = known if violation(version, action, "request", known, formats=True) is None else made
        if action == "DataTransfer" and version is Version.V16 and self._rng.random() < _TUNNELLED:
            payload = self._tunnelled(side)
        self._count += 1
        message_id = f"{side}-{self._count}"
        send = protocol(version).actions[action].send
        kind = MessageType.SEND if send else MessageType.CALL
        text = json.dumps([kind.value, message_id, action, payload])
        self._result.calls += 1
        self._ids.see(payload)
        if not send:
            self._waiting[(side, message_id)] = action
            self._owed[side, message_id] += 1
            self._sent.append((side, text))
        self._take(self._session.receive(side, text, now=self._now))

    def _reply(self, side: Side) -> None:
        frame = self._open[side].popleft()
        if self._flying.get(side, ("", 0.0))[0] == frame[1]:
            del self._flying[side]
        draw = self._rng.random()
        version = self._pair.version(side)
        if draw < 0.05:
            self._result.outcomes["not answered"] += 1
            self._now += 31
            self._take(self._session.expire(now=self._now))
            return
        if draw < 0.12:
            self._result.outcomes["answered with an error"] += 1
            text = json.dumps([MessageType.CALLERROR.value, frame[1], "InternalError", "made up", {}])
        elif draw < 0.15:
            self._result.outcomes["answered with nonsense"] += 1
            text = json.dumps([MessageType.CALLRESULT.value, frame[1], {"status": 7, "unheard": []}])
        else:
            payload = random_payload(self._rng, version, frame[2], "response")
            self._ids.see(payload)
            text = json.dumps([MessageType.CALLRESULT.value, frame[1], payload])
        self._take(self._session.receive(side, text, now=self._now))

    def _take(self, outs: list[Out]) -> None:
        for out in outs:
            self._result.frames += 1
            frame = json.loads(out.text)
            self._ids.see(frame[-1])
            version = self._pair.version(out.to)
            if frame[0] in (MessageType.CALL, MessageType.SEND):
                self._judge(out.to, frame[2], "request", frame[3])
                if frame[1] in self._used[out.to]:
                    self._fault("id used twice", f"{frame[1]} of {frame[2]} to the {out.to}")
                self._used[out.to].add(frame[1])
                if frame[0] == MessageType.CALL:
                    last, since = self._flying.get(out.to, ("", 0.0))
                    if last and self._now < since + TIMEOUT:
                        self._fault("two calls in flight", f"{last} and {frame[1]} to the {out.to}")
                    self._flying[out.to] = (frame[1], self._now)
                    self._open[out.to].append(frame)
                continue
            self._owed[out.to, frame[1]] -= 1
            if self._owed[out.to, frame[1]] < 0:
                self._fault("answer to nothing", f"{frame} to the {out.to}")
            action = self._waiting.pop((out.to, frame[1]), None)
            if action is None:
                continue
            if frame[0] == MessageType.CALLRESULT:
                self._result.outcomes["answered"] += 1
                self._judge(out.to, action, "response", frame[2])
            else:
                self._result.outcomes["refused"] += 1
                if frame[2] not in protocol(version).meanings:
                    self._fault("unknown error code", frame[2])
        for event in self._session.take_events():
            if event.kind is EventKind.INVALID_OUTPUT:
                self._fault("invalid output", f"{event.action}: {event.text}")

    def _judge(self, to: Side, action: str, kind: Any, payload: Any) -> None:
        found = violation(self._pair.version(to), action, kind, payload, formats=True)
        if found is not None:
            self._fault("invalid frame", f"{action} {kind} to the {to}: {found}")

    def _fault(self, kind: str, text: str) -> None:
        self._result.faults[kind] += 1
        self._result.examples.setdefault(f"{kind}: {text[:160]}", text)

    def _new(self, state: Any) -> Any:
        return self._crosswalk.session(
            "CP", station=self._pair.station, csms=self._pair.csms, state=state, settings=self._settings
        )

    def _tunnelled(self, side: Side) -> dict[str, Any]:
        """A DataTransfer that carries a message of Plug & Charge or of costs, as ``side`` may send it."""
        action = self._rng.choice(_PLUG_AND_CHARGE[side])
        inner = random_payload(self._rng, Version.V201, action, "request")
        if self._rng.random() < _COSTS:
            numbers = self._ids.of("transactionId") or [1]
            inner = {"transactionId": self._rng.choice(numbers), "timestamp": "2026-01-01T00:00:00Z", "cost": 1.5}
            action = self._rng.choice(("ConnectorUnplugged", "RunningCost", "FinalCost", "SetUserPrice"))
            return {"vendorId": "org.openchargealliance.costmsg", "messageId": action, "data": json.dumps(inner)}
        return {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": action, "data": json.dumps(inner)}


def converse(pair_name: str, first: int, count: int, calls: int, *layers: Path) -> Result:
    """Play ``count`` conversations, numbered from ``first``, with the mappings of ``layers`` over the built-in ones."""
    crosswalk = Crosswalk.load(layers)
    pair = Pair.parse(pair_name)
    result = Result()
    for number in range(first, first + count):
        result.conversations += 1
        try:
            Conversation(crosswalk, pair, number, result).play(calls)
        except Exception:
            result.faults["exception"] += 1
            text = traceback.format_exc()
            result.examples.setdefault(f"exception: {text.splitlines()[-1][:160]}", f"conversation {number}\n{text}")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*", type=Pair.parse, metavar="PAIR", help="as ocpp1.6--ocpp2.1 (default: all)")
    parser.add_argument("--count", type=int, default=20000, help="conversations for each pair (default 20000)")
    parser.add_argument("--calls", type=int, default=12, help="things that happen in a conversation (default 12)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    bad = False
    with ProcessPoolExecutor(args.processes) as pool:
        for pair in args.pairs or PAIRS:
            began = time.perf_counter()
            starts = range(0, args.count, BATCH)
            jobs = [
                pool.submit(converse, str(pair), args.seed * 10**7 + start, min(BATCH, args.count - start), args.calls)
                for start in starts
            ]
            result = Result()
            for job in jobs:
                result.add(job.result())
            seconds = time.perf_counter() - began
            print(f"{pair}: {result.conversations} conversations, {result.calls} calls,", end=" ")
            print(f"{result.frames} frames, {seconds:.0f} s")
            print("   ", ", ".join(f"{count} {kind}" for kind, count in sorted(result.outcomes.items())))
            print(
                "    faults:",
                ", ".join(f"{count} {kind}" for kind, count in result.faults.items()) or "none",
                flush=True,
            )
            for kind, text in sorted(result.examples.items()):
                print(f"      {kind if not kind.startswith('exception') else text}")
            bad = bad or bool(result.faults)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
