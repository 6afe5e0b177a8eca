"""Links over real sockets: translation, pass-through, the end of either side, replacement, limits."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
import websockets
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from ocpp_crosswalk.runner.config import Limits

from .harness import FakeCsms, boot, call, until, world


async def test_a_1_6_station_is_translated() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station("CP-1", "ocpp1.6")
        assert station.subprotocol == "ocpp1.6"
        answer = await boot(station)
        assert answer[:2] == [3, "boot"]
        assert answer[2]["status"] == "Accepted"
        assert w.csms.calls == [
            ("BootNotification", {"reason": "Unknown", "chargingStation": {"model": "M", "vendorName": "V"}})
        ]
        assert w.csms.requests[0].path == "/ocpp/CP-1"
        await station.close()
        await until(lambda: w.csms.closes)
        assert w.service.proxy.links == 0


@pytest.mark.parametrize("frame", ['[2, "x" ,"Made.Up",{"a": 1.50, "ü":"☃"}]', "no JSON at all", b"\x00\xff"])
async def test_frames_of_the_same_version_pass_untouched(frame: str | bytes) -> None:
    csms = FakeCsms("ocpp2.0.1")
    csms.echo = True
    async with world(csms) as w:
        station = await w.station("CP-1", "ocpp2.1", "ocpp2.0.1")
        assert station.subprotocol == "ocpp2.0.1"
        await station.send(frame)
        assert await station.recv() == frame
        assert csms.frames == [frame]
        await station.close()


async def test_the_prefix_of_the_path_is_free_and_the_identity_is_encoded() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station("RDAM%7C12%203", "ocpp1.6", path="/a/b%20c")
        assert w.csms.requests[0].path == "/ocpp/RDAM%7C12%203"
        await station.close()


async def test_garbage_costs_a_callerror_or_nothing() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        for garbage in ("", "{", "[]", "[2]", '[3,"never asked",{}]', "x" * 1_000_000, "[" * 100_000, b"\xff\xfe"):
            await station.send(garbage)
        answer = await call(station, "1", "NoSuchAction", {})
        assert answer[:3] == [4, "1", "NotImplemented"]
        answer = await call(station, "2", "Authorize", {"idTag": "y" * 1_000_000})
        assert answer[:2] == [4, "2"]
        assert (await call(station, "3", "Heartbeat", {}))[:2] == [3, "3"]
        assert [action for action, _ in w.csms.calls] == ["Heartbeat"]
        await station.close()


@pytest.mark.parametrize(
    ("code", "seen"), [(1000, 1000), (1001, 1001), (1008, 1008), (1012, 1012), (4321, 4321), (1005, 1000)]
)
async def test_when_the_csms_closes_so_does_the_station(code: int, seen: int) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        await until(lambda: w.csms.sockets)
        if code == 1005:
            w.csms.sockets[0].protocol.send_close()
            w.csms.sockets[0].send_data()
        else:
            await w.csms.sockets[0].close(code, "because")
        await asyncio.wait_for(station.wait_closed(), 1)
        assert station.close_code == seen
        assert station.close_reason == ("because" if code == seen else "the CSMS closed the connection")


async def test_when_the_csms_is_lost_the_station_is_closed_within_a_second() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        await until(lambda: w.csms.sockets)
        started = time.monotonic()
        w.csms.sockets[0].transport.abort()
        await asyncio.wait_for(station.wait_closed(), 1)
        assert time.monotonic() - started < 1
        assert station.close_code == 1001
        assert "CSMS was lost" in (station.close_reason or "")


async def test_when_the_station_is_lost_the_csms_is_closed_within_a_second() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        station.transport.abort()
        await until(lambda: w.csms.closes, 1)
        assert w.csms.closes == [(1001, "the connection to the station was lost")]


async def test_what_the_station_sent_last_still_reaches_the_csms() -> None:
    for version in ("ocpp1.6", "ocpp2.0.1"):
        async with world(FakeCsms("ocpp2.0.1")) as w:
            station = await w.station("CP-1", version)
            await station.send('[2,"1","Heartbeat",{}]')
            await station.close(1000)
            await until(lambda: w.csms.closes)
            assert [action for action, _ in w.csms.calls] == ["Heartbeat"]


async def test_pings_are_answered_and_sent_on_both_sides() -> None:
    limits = Limits(ping_seconds=0.05, pong_seconds=0.3)
    async with world(FakeCsms("ocpp2.0.1"), limits=limits) as w:
        station = await w.station(ping_interval=None)
        await until(lambda: w.csms.sockets)
        await asyncio.wait_for(await station.ping(), 1)
        await asyncio.wait_for(await w.csms.sockets[0].ping(), 1)
        await asyncio.sleep(0.6)
        assert (await call(station, "1", "Heartbeat", {}))[0] == 3
        station.transport.pause_reading()
        await until(lambda: w.csms.closes, 2)
        station.transport.abort()


async def test_a_newer_connection_replaces_a_half_open_one() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        old = await w.station()
        await boot(old)
        old.transport.pause_reading()
        started = time.monotonic()
        new = await w.station()
        assert time.monotonic() - started < 1
        assert (await call(new, "1", "Heartbeat", {}))[0] == 3
        await until(lambda: len(w.csms.closes) == 1, 1)
        await until(lambda: w.service.proxy.links == 1, 8)
        assert (await call(new, "2", "Heartbeat", {}))[0] == 3
        old.transport.abort()
        await new.close()


async def test_a_stranger_does_not_push_a_station_out() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        old = await w.station()
        w.csms.refuse = (401, {})
        with pytest.raises(websockets.InvalidStatus):
            await w.station()
        assert (await call(old, "1", "Heartbeat", {}))[0] == 3
        await old.close()


@pytest.mark.parametrize(("first", "second", "let_in"), [("a", "a", True), ("a", "b", False), ("", "", False)])
async def test_a_csms_that_lets_in_only_one_is_asked_again(first: str, second: str, let_in: bool) -> None:
    csms = FakeCsms("ocpp2.0.1")
    check = csms._check

    def only_one(socket: ServerConnection, request: Request) -> Response | None:
        csms.refuse = (409, {}) if len(csms.sockets) > len(csms.closes) else None
        return check(socket, request)

    csms._check = only_one  # type: ignore[method-assign]
    async with world(csms) as w:
        old = await w.station(additional_headers={"Authorization": first} if first else {})
        headers = {"Authorization": second} if second else {}
        if not let_in:
            with pytest.raises(websockets.InvalidStatus, match="409"):
                await w.station(additional_headers=headers)
            assert (await call(old, "1", "Heartbeat", {}))[0] == 3
            await old.close()
            return
        new = await w.station(additional_headers=headers)
        assert (await call(new, "1", "Heartbeat", {}))[0] == 3
        await asyncio.wait_for(old.wait_closed(), 2)
        await new.close()


async def test_of_many_at_once_the_last_one_stays() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        results = await asyncio.gather(*(w.station() for _ in range(20)), return_exceptions=True)
        stations = [one for one in results if not isinstance(one, BaseException)]
        await until(lambda: w.service.proxy.links == 1)
        await until(lambda: sum(one.close_code is None for one in stations) == 1)
        alive = next(one for one in stations if one.close_code is None)
        assert (await call(alive, "1", "Heartbeat", {}))[0] == 3
        await until(lambda: len(w.csms.closes) == len(w.csms.sockets) - 1)
        await alive.close()


async def test_too_large_a_frame_is_closed_with_1009() -> None:
    async with world(FakeCsms("ocpp2.0.1"), limits=Limits(frame_bytes=1000)) as w:
        station = await w.station()
        await station.send("x" * 1001)
        await asyncio.wait_for(station.wait_closed(), 1)
        assert station.close_code == 1009


async def test_too_many_frames_are_closed_with_1008() -> None:
    async with world(FakeCsms("ocpp2.0.1"), limits=Limits(frames_per_second=1, burst=5)) as w:
        station = await w.station()
        with pytest.raises(websockets.ConnectionClosed):
            for n in range(20):
                await call(station, str(n), "Heartbeat", {})
        assert station.close_code == 1008
        assert "more than 1 frames a second" in (station.close_reason or "")
        assert len(w.csms.calls) == 5


async def test_a_csms_that_does_not_read_is_closed() -> None:
    limits = Limits(send_seconds=0.2, ping_seconds=0, frames_per_second=0)
    csms = FakeCsms("ocpp2.0.1")
    csms.options["compression"] = None
    async with world(csms, limits=limits) as w:
        station = await w.station("CP-1", "ocpp2.0.1", compression=None)
        await until(lambda: w.csms.sockets)
        w.csms.sockets[0].transport.pause_reading()

        async def flood() -> None:
            while True:
                await station.send("x" * 500_000)

        flooding = asyncio.create_task(flood())
        await asyncio.wait_for(station.wait_closed(), 10)
        await asyncio.wait((flooding,))  # with an error that depends on how far the client's library was
        assert flooding.exception() is not None
        assert station.close_code == 1008
        assert station.close_reason == "the CSMS does not read what it is sent"
        w.csms.sockets[0].transport.abort()


async def test_no_more_connections_than_allowed() -> None:
    async with world(FakeCsms("ocpp2.0.1"), limits=Limits(connections=2)) as w:
        stations = [await w.station(f"CP-{n}") for n in range(2)]
        with pytest.raises(websockets.InvalidStatus) as caught:
            await w.station("CP-3")
        assert caught.value.response.status_code == 503
        assert caught.value.response.headers["Retry-After"] == "10"
        again = await w.station("CP-1")
        await until(lambda: stations[1].close_code is not None)
        for one in (again, stations[0]):
            await one.close()


async def test_a_csms_that_never_answers_costs_a_callerror() -> None:
    csms = FakeCsms("ocpp2.0.1")
    csms.silent = True
    async with world(csms, settings={"callTimeout": 0.2}) as w:
        station = await w.station()
        started = time.monotonic()
        answer = await call(station, "1", "Heartbeat", {})
        assert answer[:2] == [4, "1"]
        assert 0.15 < time.monotonic() - started < 1
        await station.close()


async def test_ending_the_service_closes_links_cleanly() -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with csms.running():
        from ocpp_crosswalk.runner import serving

        from .harness import World, config_for

        async with serving(config_for(csms)) as service:
            stations = [await World(csms, service).station(f"CP-{n}") for n in range(20)]
        for station in stations:
            await asyncio.wait_for(station.wait_closed(), 1)
            assert (station.close_code, station.close_reason) == (1012, "the proxy is being restarted")
        await until(lambda: len(csms.closes) == 20)
        assert {code for code, _ in csms.closes} == {1012}


async def test_calls_of_the_csms_reach_the_station() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        await boot(station)
        await w.csms.sockets[0].send('[2,"c1","ClearCache",{}]')
        message = json.loads(await asyncio.wait_for(station.recv(), 2))
        assert message[0] == 2
        assert message[2:] == ["ClearCache", {}]
        await station.send(json.dumps([3, message[1], {"status": "Accepted"}]))
        await until(lambda: [3, "c1", {"status": "Accepted"}] in w.csms.frames)
        await station.close()


async def test_too_large_a_frame_of_the_csms_closes_both() -> None:
    async with world(FakeCsms("ocpp2.0.1"), limits=Limits(frame_bytes=1000)) as w:
        station = await w.station()
        await until(lambda: w.csms.sockets)
        await w.csms.sockets[0].send("x" * 1001)
        await asyncio.wait_for(station.wait_closed(), 2)
        await until(lambda: w.csms.closes)
        assert w.csms.closes[0][0] == 1009
        assert station.close_code is not None


async def test_too_many_frames_of_the_csms_close_both() -> None:
    async with world(FakeCsms("ocpp2.0.1"), limits=Limits(frames_per_second=1, burst=5)) as w:
        station = await w.station()
        await until(lambda: w.csms.sockets)
        with pytest.raises(websockets.ConnectionClosed):
            for n in range(1000):
                await w.csms.sockets[0].send(f'[2,"c{n}","ClearCache",{{}}]')
                await asyncio.sleep(0)
        await asyncio.wait_for(station.wait_closed(), 2)
        assert station.close_code == 1008
        assert "the csms sent more than 1 frames a second" in (station.close_reason or "").lower()


async def test_a_station_that_does_not_read_is_closed() -> None:
    limits = Limits(send_seconds=0.2, ping_seconds=0, frames_per_second=0)
    csms = FakeCsms("ocpp2.0.1")
    csms.options["compression"] = None
    async with world(csms, limits=limits) as w:
        station = await w.station("CP-1", "ocpp2.0.1", compression=None)
        await until(lambda: csms.sockets)
        station.transport.pause_reading()

        async def flood() -> None:
            while True:
                await csms.sockets[0].send("x" * 500_000)

        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(flood(), 10)
        await until(lambda: csms.closes)
        assert csms.closes == [(1008, "the station does not read what it is sent")]
        station.transport.abort()
