"""The proxy dies in mid transaction and is started again on the same store."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import conversation_2x as station_2x
from .conversation_16 import assert_whole, at, boot, meter, readings, start, stop, transaction_events
from .world import Peer, World, python_peer, world


@pytest.mark.parametrize("csms", ["ocpp2.0.1", "ocpp2.1"])
async def test_a_transaction_outlives_the_proxy(tmp_path: Path, csms: str) -> None:
    async with world(tmp_path, "ocpp1.6", csms) as (everything, station, far):
        await boot(station, far)
        number = await start(station, 1, "CARD-1", 1000, 2)
        await meter(station, 1, number, "1100", 3)
        everything.proxy.process.kill()
        await station.line("closed")
        await far.line("closed")
        await station.end()
        assert station.complaints == []

        await everything.start_proxy()
        station = await everything.start_station(python_peer())
        assert await start(station, 1, "CARD-1", 1000, 2) == number
        assert [event["eventType"] for event in transaction_events(far)] == ["Started", "Updated"]
        await meter(station, 1, number, "1200", 4)
        await stop(station, number, 1300, 5, "Local", "CARD-1")
        await stop(station, number, 1300, 5, "Local", "CARD-1")

        events = transaction_events(far)
        assert_whole(events)
        assert [value for event in events for _, value in readings(event)] == [1000, 1100, 1200, 1300]
        assert station.complaints == []
        assert everything.proxy.warnings == []


async def test_what_was_under_way_is_told_once_the_proxy_is_back(tmp_path: Path) -> None:
    """The CSMS is silent when the proxy dies: the Started that it may have seen comes again with the same number."""
    async with world(tmp_path, "ocpp1.6", "ocpp2.0.1") as (everything, station, far):
        await boot(station, far)
        far.tell(silence="TransactionEvent")
        payload = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 5, "timestamp": at(2)}
        station.tell(call="StartTransaction", payload=payload, number=0)
        first = await far.next("TransactionEvent")
        everything.proxy.process.kill()
        await station.line("closed")

        far.tell(answer="TransactionEvent", payload={"idTokenInfo": {"status": "Accepted"}})
        await everything.start_proxy()
        again: Peer = await everything.start_station(python_peer())
        number = await start(again, 1, "CARD-1", 5, 2)
        await stop(again, number, 9, 8, "Local")
        events = transaction_events(far)
        assert events[0] == first
        told = [event for index, event in enumerate(events) if event not in events[:index]]
        assert_whole(told)
        assert [event["eventType"] for event in events] in (["Started", "Started", "Ended"], ["Started", "Ended"])
        assert again.complaints == []


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
async def test_a_transaction_of_a_2x_station_outlives_the_proxy(tmp_path: Path, version: str) -> None:
    """It dies twice: between two events, and while the CSMS has the StopTransaction and has not answered."""
    async with world(tmp_path, version, "ocpp1.6") as (everything, station, far):
        await station_2x.boot(station, far)
        token = {"idToken": "CARD-1", "type": "ISO14443"}
        begin = {
            "evse": {"id": 1, "connectorId": 1},
            "idToken": token,
            "meterValue": station_2x.reading(1, 1000, "Transaction.Begin"),
        }
        await station_2x.event(station, "Started", 0, "Authorized", **begin)
        await _die(everything, station)

        station = await everything.start_station(python_peer())
        answer = await station_2x.event(station, "Started", 0, "Authorized", offline=True, **begin)
        assert answer["idTokenInfo"]["status"] == "Accepted"
        readings = station_2x.reading(3, 1200, "Sample.Periodic")
        await station_2x.event(station, "Updated", 1, "MeterValuePeriodic", meterValue=readings)
        far.tell(silence="StopTransaction")
        end = {
            "eventType": "Ended",
            "timestamp": station_2x.at(5),
            "triggerReason": "EVCommunicationLost",
            "seqNo": 2,
            "transactionInfo": {"transactionId": station_2x.TRANSACTION, "stoppedReason": "EVDisconnected"},
        }
        station.tell(call="TransactionEvent", payload=end, number=0)
        stopped = await far.next("StopTransaction")
        await _die(everything, station)

        far.tell(answer="StopTransaction", payload={})
        station = await everything.start_station(python_peer())
        assert await station.call("TransactionEvent", {**end, "offline": True}) == {}
        assert await station.call("TransactionEvent", {**end, "offline": True}) == {}
        [started] = far.payloads("StartTransaction")
        assert (started["connectorId"], started["idTag"], started["meterStart"]) == (1, "CARD-1", 1000)
        [values] = far.payloads("MeterValues")
        assert values["transactionId"] == stopped["transactionId"]
        assert far.payloads("StopTransaction") == [stopped, stopped]
        assert (stopped["meterStop"], stopped["reason"]) == (1200, "EVDisconnected")
        assert station.complaints == []


async def _die(everything: World, station: Peer) -> None:
    """Kill the proxy and start it again on the same store; the station's process ends with its connection."""
    everything.proxy.process.kill()
    await station.line("closed")
    await station.end()
    await everything.start_proxy()
