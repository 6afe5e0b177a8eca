"""What an exchange costs in process: the session alone, without sockets, event loop and store.

On a machine with other work this is the steadiest figure: it is that of the best of many batches of calls.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from time import perf_counter

import links
import orjson
from links import show
from peers import Conversation

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.events import EventKind
from ocpp_crosswalk.session import Out, Session
from ocpp_crosswalk.versions import Side

BATCH = 22
"""Calls of a batch: whole rounds of every conversation, in less time than a processor gives to one process at once."""
_NOW = 1_790_000_000.0
_EVENTS = frozenset(EventKind)
CONVERSATIONS: dict[str, Conversation] = {
    "Heartbeat": links.heartbeats,
    "Authorize": links.authorizations,
    "StatusNotification": links.statuses,
    "MeterValues in a transaction, 3 values": links.metering(3),
    "MeterValues in a transaction, 10 values": links.metering(10),
    "a charging station's day": links.charging,
}


@dataclass(slots=True)
class Spent:
    """Time: for what a station sends and for what the CSMS sends, each with making the state for the store; ``saves``
    is how often that was needed."""

    station: float = 0.0
    station_state: float = 0.0
    csms: float = 0.0
    csms_state: float = 0.0
    saves: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.station + self.station_state + self.csms + self.csms_state

    def per_call(self) -> Spent:
        """Seconds of a batch as microseconds per call."""
        micro = 1e6 / BATCH
        times = (self.station, self.station_state, self.csms, self.csms_state)
        return Spent(*(seconds * micro for seconds in times), self.saves / BATCH)


class Host:
    """A session with nobody who hears its events, a station that calls, and a CSMS that answers."""

    def __init__(self, session: Session, conversation: Conversation) -> None:
        self.session = session
        self.spent = Spent()
        self._calls = conversation(1)
        self._call = next(self._calls)
        self._numbers = count(1)
        self._now = _NOW
        session.connect(now=self._now)

    def exchange(self) -> None:
        """The station's next call, and all that follows from it."""
        self._now += 1
        action, payload = self._call
        answer = {}
        pending = [(Side.STATION, b'[2,"%d","%b",%b]' % (next(self._numbers), action.encode(), payload))]
        while pending:
            for out in self._receive(*pending.pop()):
                frame = orjson.loads(out.text)
                if frame[0] == 2:
                    reply = links.answer(frame[2]) if out.to == Side.CSMS else b'{"status":"Accepted"}'
                    pending.append((out.to, b'[3,"%b",%b]' % (frame[1].encode(), reply)))
                elif frame[0] == 3:
                    answer = frame[2]
                else:
                    raise SystemExit(f"{action} was answered by {out.text!r}")
        self._call = self._calls.send(answer)

    def _receive(self, side: Side, frame: bytes) -> list[Out]:
        """As a link does it: `runner/translated.py`."""
        session, spent = self.session, self.spent
        began = perf_counter()
        session.leave_out(_EVENTS)
        outs = session.receive(side, frame, now=self._now)
        session.take_events()
        received = perf_counter()
        if session.dirty:
            session.state  # noqa: B018
            session.saved()
            spent.saves += 1
        session.due  # noqa: B018
        saved = perf_counter()
        if side is Side.STATION:
            spent.station += received - began
            spent.station_state += saved - received
        else:
            spent.csms += received - began
            spent.csms_state += saved - received
        return outs


def costs(hosts: Iterable[Host], batches: int) -> list[Spent]:
    """What a call costs at each host in its best batch. They take turns, so that what else the machine does meets
    them alike; in the first batch, which does not count, mappings are compiled."""
    found: list[tuple[Host, list[Spent]]] = [(host, []) for host in hosts]
    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(batches + 1):
        gc.collect()
        for host, spent in found:
            host.spent = Spent()
            for _ in range(BATCH):
                host.exchange()
            spent.append(host.spent)
    gc.enable()
    gc.unfreeze()
    return [min(spent[1:], key=lambda batch: batch.total).per_call() for _, spent in found]


def session_of(crosswalk: Crosswalk, validation: str = "enforce") -> Session:
    """A session of a 1.6 station with a 2.0.1 CSMS."""
    return crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1", settings={"validation": validation})


def report(batches: int = 200) -> None:
    """Print the table."""
    crosswalk = Crosswalk.load()
    kinds = [(name, validation) for name in CONVERSATIONS for validation in ("enforce", "off")]
    hosts = [Host(session_of(crosswalk, validation), CONVERSATIONS[name]) for name, validation in kinds]
    print("One exchange in process, microseconds; a 1.6 station, a 2.0.1 CSMS")
    rows: list[tuple[object, ...]] = [
        ("", "validation", "call", "+ state", "answer", "+ state", "all", "saves", "state bytes")
    ]
    for (name, validation), host, spent in zip(kinds, hosts, costs(hosts, batches), strict=True):
        figures = (spent.station, spent.station_state, spent.csms, spent.csms_state, spent.total)
        size = len(host.session.state)
        rows.append((name, validation, *(f"{figure:.1f}" for figure in figures), f"{spent.saves:.1f}", size))
    show(rows)
    print()
