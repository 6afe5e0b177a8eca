"""State: saved before frames leave, fenced, carried to the next connection and to other instances."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ocpp_crosswalk.runner import serving
from ocpp_crosswalk.runner.config import StoreConfig
from ocpp_crosswalk.stores import Fenced, MemoryStore, Saved, StoreError

from .harness import FakeCsms, World, boot, call, config_for, refusal, until, world

START = {"connectorId": 1, "idTag": "TAG", "meterStart": 100, "timestamp": "2025-01-01T10:00:00Z"}
STOP = {"meterStop": 900, "timestamp": "2025-01-01T11:00:00Z"}


class Shaky(MemoryStore):
    """Fails when told to."""

    failing: Exception | None = None
    slow = 0.0

    async def load(self, identity: str) -> Saved | None:
        if self.failing:
            raise self.failing
        return await super().load(identity)

    async def save(self, identity: str, data: bytes, version: int) -> int:
        version = await super().save(identity, data, version)
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.failing:
            raise self.failing
        return version


def events(csms: FakeCsms) -> list[tuple[str, int, str]]:
    """Type, sequence number and transaction of the TransactionEvents that the CSMS got."""
    return [
        (payload["eventType"], payload["seqNo"], payload["transactionInfo"]["transactionId"])
        for action, payload in csms.calls
        if action == "TransactionEvent"
    ]


async def test_a_transaction_goes_on_after_the_station_reconnects() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        await boot(station)
        started = await call(station, "1", "StartTransaction", START)
        station.transport.abort()
        station = await w.station()
        stopped = await call(station, "2", "StopTransaction", {**STOP, "transactionId": started[2]["transactionId"]})
        assert stopped[0] == 3
        (first, second) = events(w.csms)
        assert (first[:2], second[:2]) == (("Started", 0), ("Ended", 1))
        assert first[2] == second[2]
        await station.close()


async def test_a_transaction_goes_on_in_another_instance(tmp_path: Path) -> None:
    csms = FakeCsms("ocpp2.0.1")
    store = StoreConfig(f"sqlite:{tmp_path / 'state.sqlite'}")
    async with csms.running():
        config = config_for(csms, store=store)
        async with serving(config) as one, serving(config) as other:
            station = await World(csms, one).station()
            await boot(station)
            started = await call(station, "1", "StartTransaction", START)
            moved = await World(csms, other).station()
            again = await call(moved, "1b", "StartTransaction", START)
            assert again[2] == started[2]
            stop = {**STOP, "transactionId": started[2]["transactionId"]}
            assert (await call(moved, "2", "StopTransaction", stop))[0] == 3
            assert [event[:2] for event in events(csms)] == [("Started", 0), ("Ended", 1)]
            # the older instance owns the station no longer: what it tries to write ends its link
            await station.send(json.dumps([2, "3", "StartTransaction", {**START, "connectorId": 2}]))
            await asyncio.wait_for(station.wait_closed(), 2)
            assert station.close_code == 1001
            assert "another instance" in (station.close_reason or "")
            assert (await call(moved, "4", "Heartbeat", {}))[0] == 3
            await moved.close()


async def test_frames_leave_after_the_state_is_saved() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        store = w.service.proxy._around.store = Shaky()
        station = await w.station()
        await boot(station)
        store.slow = 0.3
        await station.send(json.dumps([2, "1", "StartTransaction", START]))
        await asyncio.sleep(0.15)
        assert events(w.csms) == []
        await until(lambda: len(events(w.csms)) == 1)
        await station.close()


@pytest.mark.parametrize("error", [StoreError("the disk is full"), Fenced("CP-1")])
async def test_what_cannot_be_saved_does_not_leave(error: Exception) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        store = w.service.proxy._around.store = Shaky()
        station = await w.station()
        await boot(station)
        store.failing = error
        await station.send(json.dumps([2, "1", "StartTransaction", START]))
        await asyncio.wait_for(station.wait_closed(), 2)
        assert station.close_code == (1011 if type(error) is StoreError else 1001)
        assert events(w.csms) == []
        await until(lambda: w.csms.closes)
        store.failing = None
        station = await w.station()
        assert (await call(station, "2", "StartTransaction", START))[0] == 3
        assert [event[:2] for event in events(w.csms)] == [("Started", 0)]
        await station.close()


async def test_a_store_that_cannot_be_read_is_a_503() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        store = w.service.proxy._around.store = Shaky()
        store.failing = StoreError("gone")
        response = await refusal(w.station())
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        await until(lambda: w.csms.closes)
        assert w.service.proxy.links == 0


async def test_a_connection_claims_the_state_even_while_another_writes() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        store = w.service.proxy._around.store = MemoryStore()
        load, lost = store.load, 0

        async def racing(identity: str) -> Saved | None:
            nonlocal lost
            saved = await load(identity)
            if lost < 3:
                lost += 1
                data = saved.data if saved else b'{"pair":"ocpp1.6--ocpp2.0.1"}'
                await store.save(identity, data, saved.version if saved else 0)
            return saved

        store.load = racing  # type: ignore[method-assign]
        station = await w.station()
        assert lost == 3
        assert (await boot(station))[0] == 3
        await station.close()


async def test_a_link_that_passes_through_needs_no_store() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        store = w.service.proxy._around.store = Shaky()
        store.failing = StoreError("gone")
        station = await w.station("CP-1", "ocpp2.0.1")
        assert (await call(station, "1", "Heartbeat", {}))[0] == 3
        await station.close()


async def test_a_station_that_changed_its_version_starts_afresh() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        store = w.service.proxy._around.store = MemoryStore()
        await store.save("CP-1", b'{"pair":"ocpp2.1--ocpp1.6","no":"sense"}', 0)
        station = await w.station()
        assert (await boot(station))[0] == 3
        await station.close()
