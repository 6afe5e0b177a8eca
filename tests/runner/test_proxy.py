"""The proxy as a part of another program: its life, its subscriptions, a routing of one's own."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Event, EventKind, Version
from ocpp_crosswalk.runner import (
    Closed,
    Connection,
    Dial,
    Handshake,
    LinkInfo,
    MemoryAdapter,
    Observer,
    Proxy,
    Refused,
    Route,
    Router,
    Target,
)
from ocpp_crosswalk.runner.config import Endpoint
from ocpp_crosswalk.runner.observers import Observers
from ocpp_crosswalk.stores import MemoryStore, StoreError

from .harness import FakeCsms, boot, until, world

CROSSWALK = Crosswalk.load()
TARGET = Target("main", "memory", (Version.V201,))


async def csms(connection: Connection, dial: Dial) -> None:
    """A CSMS that answers heartbeats."""
    while True:
        frame = json.loads(await connection.receive())
        await connection.send(json.dumps([3, frame[1], {"currentTime": "2025-01-01T00:00:00Z"}]))


class Parts:
    """What a proxy is made of, noting the end of each."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        parts = self

        class Adapter(MemoryAdapter):
            def __init__(self, name: str, *, fails: bool = False) -> None:
                super().__init__(csms, ["ocpp2.0.1"])
                self.name, self.fails = name, fails

            async def close(self) -> None:
                await super().close()
                parts.ended.append(self.name)
                if self.fails:
                    raise RuntimeError(f"{self.name} does not close")

        class Store(MemoryStore):
            failing = False

            async def save(self, identity: str, data: bytes, version: int) -> int:
                if self.failing:
                    raise StoreError("the disk is full")
                return await super().save(identity, data, version)

            async def close(self) -> None:
                await super().close()
                parts.ended.append("store")

        self.make = Adapter
        self.store = Store()

    def proxy(self, stations: MemoryAdapter, far: MemoryAdapter, routing: Any = None) -> Proxy:
        return Proxy(CROSSWALK, routing or Router([TARGET]), stations=[stations], csms=far, store=self.store)


async def heartbeat(station: Connection) -> Any:
    await station.send('[2,"1","Heartbeat",{}]')
    return json.loads(await asyncio.wait_for(station.receive(), 2))


# -- its life --


async def test_closing_ends_links_then_adapters_then_the_store() -> None:
    parts = Parts()
    near, far = parts.make("near"), parts.make("far")
    proxy = parts.proxy(near, far)
    await proxy.start()
    station, _ = await near.station("CP-1", "ocpp1.6")
    assert (await heartbeat(station))[0] == 3
    await proxy.close()
    await proxy.close()
    assert sorted(parts.ended[:2]) == ["far", "near"]
    assert parts.ended[2:] == ["store"]
    with pytest.raises(Closed):
        await station.receive()
    with pytest.raises(Refused, match="503"):
        await near.station("CP-1", "ocpp1.6")


async def test_what_does_not_close_keeps_nothing_else_open() -> None:
    parts = Parts()
    proxy = parts.proxy(parts.make("near", fails=True), parts.make("far", fails=True))
    await proxy.start()
    with pytest.raises(RuntimeError, match="does not close"):
        await proxy.close()
    assert sorted(parts.ended) == ["far", "near", "store"]


async def test_what_does_not_start_is_closed() -> None:
    class Unable(MemoryAdapter):
        async def listen(self, admit: Any) -> None:
            raise OSError("the address is taken")

    parts = Parts()
    with pytest.raises(OSError, match="taken"):
        async with parts.proxy(Unable(), parts.make("far")):
            pass
    assert parts.ended == ["far", "store"]


# -- what its host does wrong --


class Faults(Observer):
    """Counts what it hears of."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []
        self.refusals: list[int] = []

    def faulted(self, identity: str, error: Exception) -> None:
        self.faults.append((identity, str(error)))

    def refused(self, handshake: Handshake, refusal: Refused) -> None:
        self.refusals.append(refusal.status)


def raising(error: Exception) -> Any:
    def function(*arguments: Any) -> Any:
        raise error

    return function


class Odd(MemoryStore):
    """A store that does what no store should."""

    def __init__(self, **methods: Any) -> None:
        super().__init__()
        vars(self).update(methods)


async def nothing_of_use(*_: Any) -> Any:
    return "state"


@pytest.mark.parametrize(
    ("routing", "store", "said"),
    [
        (raising(ValueError("no such tenant")), MemoryStore(), "no such tenant"),
        (lambda handshake: None, MemoryStore(), "the routing gave NoneType; it has to give a Route, or raise Refused"),
        (Router([TARGET]), Odd(load=raising(KeyError("row"))), "'row'"),
        (Router([TARGET]), Odd(load=nothing_of_use), ""),
        (Router([TARGET]), Odd(save=raising(KeyError("row"))), "'row'"),
        (Router([TARGET]), Odd(save=lambda *_: None), ""),
        (Router([TARGET]), Odd(save=nothing_of_use), ""),
    ],
)
async def test_a_fault_in_a_handshake_is_logged_counted_and_a_500(
    routing: Any, store: MemoryStore, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    memory, observer = MemoryAdapter(csms, ["ocpp2.0.1"]), Faults()
    proxy = Proxy(CROSSWALK, routing, stations=[memory], csms=memory, store=store, observers=[observer])
    async with proxy:
        with pytest.raises(Refused, match="500 internal error"):
            await memory.station("CP-1", "ocpp1.6")
        assert proxy.links == 0
    ((identity, error),) = observer.faults
    assert identity == "CP-1"
    assert said in error
    assert observer.refusals == [500]
    (record,) = [record for record in caplog.records if record.name == "ocpp_crosswalk"]
    assert record.exc_info
    assert record.fields["station"] == "CP-1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("hook", ["opened", "connected", "arrived", "sent", "handled", "stored", "happened", "closed"])
async def test_an_observer_that_fails_harms_no_link_and_no_other(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    class Bad(Observer):
        pass

    setattr(Bad, hook, raising(RuntimeError(f"bad {hook}")))
    observer = Faults()
    heard: list[Any] = []
    setattr(observer, hook, lambda *arguments: heard.append(arguments))
    parts = Parts()
    near = parts.make("near")
    proxy = Proxy(
        CROSSWALK, Router([TARGET]), stations=[near], csms=near, store=parts.store, observers=[Bad(), observer]
    )
    async with asyncio.timeout(5), proxy:
        station, _ = await near.station("CP-1", "ocpp1.6")
        assert (await heartbeat(station))[0] == 3
        assert (await heartbeat(station))[0] == 3
    assert len(observer.faults) == len(heard) >= 1
    assert set(observer.faults) == {("CP-1", f"bad {hook}")}
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 1
    assert f"Bad.{hook} failed" in logged[0]


async def test_an_observer_of_faults_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Bad(Observer):
        def opened(self, link: LinkInfo) -> None:
            raise RuntimeError("opened")

        def faulted(self, identity: str, error: Exception) -> None:
            raise RuntimeError("faulted")

    Observers([Bad()]).opened(LinkInfo("CP", 1, "main", Version.V16, Version.V16))
    assert ["Bad.opened" in r.getMessage() for r in caplog.records] == [True, False]
    assert "Bad.faulted" in caplog.records[1].getMessage()


# -- subscriptions --


async def listening(event: Event, link: LinkInfo) -> None:
    """No subscriber: it would have to be awaited."""


class Listening:
    async def __call__(self, event: Event, link: LinkInfo) -> None: ...


@pytest.mark.parametrize("subscriber", [listening, Listening(), partial(listening), "log"])
async def test_what_is_no_subscriber_is_said_at_once(subscriber: Any) -> None:
    parts = Parts()
    proxy = parts.proxy(parts.make("near"), parts.make("far"))
    with pytest.raises(ValueError, match="is no subscriber"):
        proxy.subscribe(subscriber)
    await proxy.close()


async def test_an_observer_that_would_have_to_be_awaited_is_none() -> None:
    class Bad(Observer):
        async def opened(self, link: LinkInfo) -> None:  # type: ignore[override]
            pass

    with pytest.raises(ValueError, match="opened is a coroutine function; observers are not awaited"):
        Observers([Bad()])


async def test_events_are_told_by_kind_until_the_subscription_ends() -> None:
    parts = Parts()
    near = parts.make("near")
    told: list[tuple[EventKind, int, str]] = []
    everything: list[EventKind] = []

    def note(event: Event, link: LinkInfo) -> None:
        told.append((event.kind, link.number, event.identity))

    def broken(event: Event, link: LinkInfo) -> None:
        everything.append(event.kind)
        raise RuntimeError("a fault of the subscriber")

    async with parts.proxy(near, near) as proxy:
        end = proxy.subscribe(note, EventKind.CONNECTED, EventKind.DISCONNECTED)
        proxy.subscribe(broken)
        for number in (1, 2):
            station, _ = await near.station("CP-1", "ocpp1.6")
            assert (await heartbeat(station))[0] == 3
            await station.close(1000, "bye")
            await until(lambda: proxy.links == 0)
            assert told == [(EventKind.CONNECTED, 1, "CP-1"), (EventKind.DISCONNECTED, 1, "CP-1")], number
            end()
    assert everything == [EventKind.CONNECTED, EventKind.TRANSLATED, EventKind.DISCONNECTED] * 2


async def test_an_end_says_by_whom_and_why() -> None:
    parts = Parts()
    near = parts.make("near")
    ends: list[Event] = []
    async with parts.proxy(near, near) as proxy:
        proxy.subscribe(lambda event, link: ends.append(event), EventKind.DISCONNECTED)
        station, _ = await near.station("CP-1", "ocpp1.6")
        await station.close(4001, "moving")
        await until(lambda: ends)
    assert (ends[0].text, ends[0].detail["code"], ends[0].detail["by"]) == ("moving", 4001, "station")
    assert ends[0].detail["seconds"] >= 0


async def test_a_failing_store_is_an_event() -> None:
    parts = Parts()
    near = parts.make("near")
    events: list[Event] = []
    async with parts.proxy(near, near) as proxy:
        proxy.subscribe(lambda event, link: events.append(event), EventKind.STORE_ERROR)
        parts.store.failing = True
        with pytest.raises(Refused, match="503"):
            await near.station("CP-1", "ocpp1.6")
    (event,) = events
    assert (event.identity, event.text, event.detail) == ("CP-1", "the disk is full", {"operation": "save"})


# -- routing --


async def test_a_routing_function_may_wait_and_refuse() -> None:
    parts = Parts()
    near = parts.make("near")

    async def route(handshake: Handshake) -> Route:
        await asyncio.sleep(0)
        if handshake.identity != "CP-1":
            raise Refused(402, "not paid")
        return Route(TARGET, ("ocpp1.6",))

    async with parts.proxy(near, near, route):
        station, version = await near.station("CP-1")
        assert version is None
        assert (await heartbeat(station))[0] == 3
        with pytest.raises(Refused, match="402 not paid"):
            await near.station("CP-2", "ocpp1.6")


# -- from a configuration --


async def test_middleware_of_a_configuration_runs_and_latency_is_in_the_metrics(tmp_path: Path) -> None:
    file = tmp_path / "ours.py"
    file.write_text(
        "def post_upstream(call, at):\n"
        "    if call.action == 'BootNotification':\n"
        "        call.payload['reason'] = 'Watchdog'\n\n"
        "middleware = [post_upstream]\n"
    )
    config: dict[str, Any] = {"middleware": (file, "latency"), "metrics": Endpoint("127.0.0.1", 0)}
    async with world(FakeCsms("ocpp2.0.1"), **config) as w:
        station = await w.station()
        assert (await boot(station))[2]["status"] == "Accepted"
        assert w.csms.calls[0][1]["reason"] == "Watchdog"
        reader, writer = await asyncio.open_connection("127.0.0.1", w.service.metrics_port)
        writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        labels = 'action="BootNotification",pair="ocpp1.6--ocpp2.0.1",part="whole",side="station"'
        assert f"ocpp_crosswalk_answer_seconds_count{{{labels}}} 1.0" in text
        await station.close()
