"""When a link asks its session what is due: a timer that is set stays set, and only an earlier time moves it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.runner import Connection, Dial, Handshake, MemoryAdapter, Proxy, Route, Target
from ocpp_crosswalk.stores import MemoryStore
from ocpp_crosswalk.versions import Version

CROSSWALK = Crosswalk.load()
TARGET = Target("main", "memory", (Version.V201,))
NOW = "2025-01-01T00:00:00Z"
BOOT = ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
ANSWERS = {"BootNotification": {"currentTime": NOW, "interval": 300, "status": "Accepted"}}
SOON = 0.6
"""A time-out for tests, in seconds."""


class Timers:
    """Notes which timers a loop is asked to set for links, and their delays in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.delays: list[float] = []
        self.handles: list[asyncio.TimerHandle] = []
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def noted(delay: float, callback: Any, *arguments: Any, **more: Any) -> asyncio.TimerHandle:
            handle = call_later(delay, callback, *arguments, **more)
            if getattr(callback, "__name__", "") == "_ring":
                self.delays.append(delay)
                self.handles.append(handle)
            return handle

        monkeypatch.setattr(loop, "call_later", noted)


@pytest.fixture
async def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    return Timers(monkeypatch)


class Far:
    """A CSMS that answers what it is told to answer, and can call."""

    def __init__(self) -> None:
        self.silent = False
        self.calls: list[tuple[str, dict[str, Any], float]] = []
        self.connection: Connection

    async def serve(self, connection: Connection, dial: Dial) -> None:
        self.connection = connection
        while True:
            frame = json.loads(await connection.receive())
            if frame[0] == 2:
                self.calls.append((frame[2], frame[3], time.time()))
                if not self.silent:
                    payload = ANSWERS.get(frame[2], {"currentTime": NOW} if frame[2] == "Heartbeat" else {})
                    await connection.send(json.dumps([3, frame[1], payload]))


@asynccontextmanager
async def linked(far: Far, call_timeout: float) -> AsyncIterator[tuple[Connection, Proxy]]:
    """A 1.6 station that has booted, linked to a 2.0.1 CSMS."""
    memory = MemoryAdapter(far.serve, ["ocpp2.0.1"])

    def route(handshake: Handshake) -> Route:
        return Route(TARGET, handshake.offers, settings={"callTimeout": call_timeout})

    async with Proxy(CROSSWALK, route, stations=[memory], csms=memory, store=MemoryStore()) as proxy:
        station, _ = await memory.station("CP-1", "ocpp1.6")
        assert (await call(station, "boot", *BOOT))[0] == 3
        yield station, proxy


async def call(station: Connection, message_id: str, action: str, payload: dict[str, Any]) -> Any:
    await station.send(json.dumps([2, message_id, action, payload]))
    return json.loads(await asyncio.wait_for(station.receive(), 5))


async def test_calls_that_are_answered_in_time_set_no_further_timer(timers: Timers) -> None:
    async with linked(Far(), 30) as (station, _):
        for number in range(50):
            assert (await call(station, str(number), "Heartbeat", {}))[0] == 3
        assert len(timers.delays) == 1
        assert timers.delays[0] == pytest.approx(30, abs=1)


async def test_a_timer_that_rings_too_early_is_set_again(timers: Timers) -> None:
    """The call that it was set for has been answered; a later one has not."""
    far = Far()
    async with linked(far, SOON) as (station, _):
        await asyncio.sleep(SOON / 2)
        far.silent = True
        began = time.time()
        answer = await call(station, "late", "Heartbeat", {})
        elapsed = time.time() - began
        assert answer[:2] == [4, "late"]
        assert elapsed >= SOON
        assert len(timers.delays) == 2
        assert timers.delays[1] < SOON


async def test_an_earlier_time_moves_the_timer(timers: Timers) -> None:
    """A reservation ends long before the call that made it would have timed out."""
    far = Far()
    async with linked(far, 30) as (station, _):
        ends = time.time() + 1.0
        expiry = datetime.fromtimestamp(ends, UTC).isoformat()
        reserve = {"id": 7, "expiryDateTime": expiry, "evseId": 1, "idToken": {"idToken": "TAG", "type": "Central"}}
        await far.connection.send(json.dumps([2, "r", "ReserveNow", reserve]))
        asked = json.loads(await asyncio.wait_for(station.receive(), 5))
        assert asked[2] == "ReserveNow"
        await station.send(json.dumps([3, asked[1], {"status": "Accepted"}]))
        async with asyncio.timeout(5):
            while far.calls[-1][0] != "ReservationStatusUpdate":
                await asyncio.sleep(0.01)
        _, payload, at = far.calls[-1]
        assert payload == {"reservationId": 7, "reservationUpdateStatus": "Expired"}
        assert ends <= at < ends + 2
        first, moved, *_ = timers.delays
        assert (round(first), round(moved)) == (30, 1)


async def test_a_link_that_has_ended_is_not_asked_any_more(timers: Timers) -> None:
    far = Far()
    async with linked(far, 30) as (station, proxy):
        far.silent = True
        await station.send(json.dumps([2, "1", "Heartbeat", {}]))
        async with asyncio.timeout(5):
            while far.calls[-1][0] != "Heartbeat":
                await asyncio.sleep(0.01)
        await station.close(1000, "")
        async with asyncio.timeout(5):
            while proxy.links:
                await asyncio.sleep(0.01)
        assert timers.handles[-1].cancelled()
