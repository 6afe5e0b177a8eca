"""Stations for the driver `chaos`: they charge, queue what they have to tell, and repeat it until it is answered.

A 1.6 station behaves as OCPP 1.6 3.7 and 4.8 to 4.10 ask, a 2.x station as OCPP 2.0.1 E04, E12 and E13: messages of
transactions are told in order, kept while offline, and sent again, with a new message id, when no answer came.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from chaos_ledger import Charge
from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Version

Json = dict[str, Any]
_ANSWER_SECONDS = 8.0
"""How long a station waits for an answer before it takes the connection for dead."""
_MOST_WAITING = 30
_CANNOT_CONNECT = (OSError, TimeoutError, EOFError, websockets.InvalidHandshake, websockets.ConnectionClosed)


@dataclass
class Habits:
    """What all stations of a run have in common."""

    urls: Sequence[str]
    """Where the instances of the proxy listen; one is taken at random for each connection."""
    version: Version
    interval: float
    """Seconds between two messages of a station, on average."""
    moves: float = 0.0
    """Chance that a station, after an answer, opens a new connection and leaves the old one as it is."""
    stalls: float = 0.0
    """Chance that a station, after an answer, does not read for a while."""
    stall_seconds: float = 3.0


@dataclass
class Told:
    """Something that waits to be told: what it is of a charge."""

    charge: Charge
    kind: str
    register: int
    timestamp: str
    number: int


class Station:
    """One station with one connector; `run` until `stopping` is set and everything is told."""

    def __init__(self, identity: str, habits: Habits, seed: int, figures: Counter[str]) -> None:
        self.identity = identity
        self.charges: list[Charge] = []
        self.complaints: list[str] = []
        self.stopping = False
        self._habits = habits
        self._random = random.Random(seed)
        self._figures = figures
        self._queue: deque[Told] = deque()
        self._changed = asyncio.Event()
        self._ids = count(1)
        self._register = 1_000_000 * (seed % 1000 + 1)
        self._awaited: tuple[str, asyncio.Future[Json]] | None = None
        self._numbers: dict[str, int] = {}
        """The transaction ids that a 1.6 station was given."""
        self._left: list[ClientConnection] = []

    async def run(self) -> None:
        """Live: charge and tell."""
        async with asyncio.TaskGroup() as group:
            story = group.create_task(self._charge())
            await self._tell_all(story)
        for socket in self._left:
            socket.transport.abort()

    # -- charging --

    async def _charge(self) -> None:
        while not self.stopping:
            charge = Charge(self.identity, f"{self.identity}-{len(self.charges)}", self._register)
            self.charges.append(charge)
            self._tell(charge, "begin")
            number = 0
            while not self.stopping and number < 6:
                await self._pause()
                if len(self._queue) < _MOST_WAITING:
                    number += 1
                    self._register += self._random.randint(1, 50)
                    charge.readings.append(self._register)
                    self._tell(charge, "reading", number)
            await self._pause()
            self._register += 1
            charge.end = self._register
            self._tell(charge, "end", number + 1)
            self._register += 1
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(self._habits.interval * self._random.uniform(0.2, 1.8))

    def _tell(self, charge: Charge, kind: str, number: int = 0) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._queue.append(Told(charge, kind, self._register, stamp, number))
        self._changed.set()

    # -- telling --

    async def _tell_all(self, story: asyncio.Task[None]) -> None:
        while not (story.done() and not self._queue):
            try:
                socket = await connect(
                    f"{self._random.choice(self._habits.urls)}/{self.identity}",
                    subprotocols=[str(self._habits.version)],  # type: ignore[list-item]
                    proxy=None,
                    compression=None,
                    open_timeout=10,
                    ping_interval=None,
                    close_timeout=0.5,
                    max_queue=1,
                )
            except _CANNOT_CONNECT:
                self._figures["connections refused"] += 1
                await asyncio.sleep(self._random.uniform(0.2, 0.8))
                continue
            self._figures["connections"] += 1
            with suppress(websockets.ConnectionClosed, TimeoutError):
                await self._connected(socket, story)
                continue
            self._figures["connections lost"] += 1
            socket.transport.abort()
            await asyncio.sleep(self._random.uniform(0, 0.2))

    async def _connected(self, socket: ClientConnection, story: asyncio.Task[None]) -> None:
        """Tell over one connection until all is told or the station moves. Raises ConnectionClosed, TimeoutError."""
        reader = asyncio.create_task(self._read(socket))
        try:
            if self._random.random() < 0.2:
                await self._ask(socket, reader, "BootNotification", _BOOT[self._habits.version is Version.V16])
            while not (story.done() and not self._queue):
                if not self._queue:
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(asyncio.shield(self._changed.wait()), 0.5)
                    if reader.done():
                        await reader
                    continue
                await self._tell_next(socket, reader)
                if self._random.random() < self._habits.moves:
                    self._leave(socket)
                    self._figures["moves"] += 1
                    return
            await socket.close()
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def _leave(self, socket: ClientConnection) -> None:
        """Forget a connection without a word, as a station does whose network changed."""
        self._left.append(socket)
        if len(self._left) > 2:
            self._left.pop(0).transport.abort()

    async def _tell_next(self, socket: ClientConnection, reader: asyncio.Task[None]) -> None:
        told = self._queue[0]
        action, payload = self._call(told)
        answer = await self._ask(socket, reader, action, payload)
        if answer is None:
            self._figures["CALLERRORs"] += 1
            await asyncio.sleep(self._random.uniform(0.1, 0.5))
            return
        if told.kind == "begin" and "transactionId" in answer:
            self._numbers[told.charge.tag] = answer["transactionId"]
        self._queue.popleft()
        self._figures[f"{told.kind} told"] += 1

    async def _ask(
        self, socket: ClientConnection, reader: asyncio.Task[None], action: str, payload: Json
    ) -> Json | None:
        """A call and its answer; None for a CALLERROR. Raises ConnectionClosed, TimeoutError."""
        message_id = f"{self.identity}-{next(self._ids)}"
        answered = asyncio.get_running_loop().create_future()
        self._awaited = (message_id, answered)
        self._figures["calls"] += 1
        await socket.send(json.dumps([2, message_id, action, payload]))
        await asyncio.wait({answered, reader}, timeout=_ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self._awaited = None
        if not answered.done():
            if reader.done():
                await reader
            self._figures["calls without an answer in time"] += 1
            raise TimeoutError
        frame = answered.result()
        if frame[0] == 4:
            return None
        wrong = violation(self._habits.version, action, "response", frame[2], formats=True)
        if wrong is not None:
            self.complaints.append(f"the answer to {action} is not valid: {wrong}")
        return dict(frame[2])

    async def _read(self, socket: ClientConnection) -> None:
        """Answer calls, and hand answers over. Raises ConnectionClosed."""
        seen: set[str] = set()
        while True:
            if self._random.random() < self._habits.stalls:
                self._figures["stalls"] += 1
                await asyncio.sleep(self._habits.stall_seconds)
            frame = json.loads(await socket.recv())
            if frame[0] == 2:
                if frame[1] in seen:
                    self.complaints.append(f"called twice with the id {frame[1]}")
                seen.add(frame[1])
                self._figures["calls of the CSMS"] += 1
                await socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
            elif self._awaited is None or self._awaited[0] != frame[1] or self._awaited[1].done():
                self.complaints.append(f"an answer to no open call: {frame}")
            else:
                self._awaited[1].set_result(frame)

    # -- what is said --

    def _call(self, told: Told) -> tuple[str, Json]:
        if self._habits.version is not Version.V16:
            return "TransactionEvent", _event(told)
        if told.kind == "begin":
            start = {"connectorId": 1, "idTag": told.charge.tag, "meterStart": told.register}
            return "StartTransaction", {**start, "timestamp": told.timestamp}
        number = self._numbers[told.charge.tag]
        if told.kind == "end":
            stop = {"transactionId": number, "meterStop": told.register, "timestamp": told.timestamp}
            return "StopTransaction", stop
        return "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [_sampled(told, str, None)]}


_BOOT = {
    True: {"chargePointVendor": "Vendor", "chargePointModel": "Model"},
    False: {"reason": "PowerUp", "chargingStation": {"vendorName": "Vendor", "model": "Model"}},
}
_EVENTS = {
    "begin": ("Started", "Authorized", "Transaction.Begin"),
    "reading": ("Updated", "MeterValuePeriodic", None),
    "end": ("Ended", "StopAuthorized", "Transaction.End"),
}


def _event(told: Told) -> Json:
    kind, reason, context = _EVENTS[told.kind]
    payload: Json = {
        "eventType": kind,
        "triggerReason": reason,
        "seqNo": told.number,
        "timestamp": told.timestamp,
        "transactionInfo": {"transactionId": f"tx-{told.charge.tag}", "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [_sampled(told, float, context)],
    }
    if kind == "Started":
        payload["idToken"] = {"idToken": told.charge.tag, "type": "ISO14443"}
    if kind == "Ended":
        payload["transactionInfo"] |= {"chargingState": "Idle", "stoppedReason": "Local"}
    return payload


def _sampled(told: Told, form: type, context: str | None) -> Json:
    sample = {"value": form(told.register), "measurand": "Energy.Active.Import.Register"}
    return {"timestamp": told.timestamp, "sampledValue": [{**sample, **({"context": context} if context else {})}]}
