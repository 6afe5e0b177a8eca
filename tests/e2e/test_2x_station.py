"""2.x stations on a CSMS of the other 2.x version, and on a 1.6 CSMS, all made of the package `ocpp`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conversation_2x import TRANSACTION, at, boot, charges, event, reading
from .conversation_16 import assert_whole, moment, readings
from .world import world


@pytest.mark.parametrize(("station_version", "csms"), [("ocpp2.0.1", "ocpp2.1"), ("ocpp2.1", "ocpp2.0.1")])
async def test_on_the_other_2x(tmp_path: Path, station_version: str, csms: str) -> None:
    async with world(tmp_path, station_version, csms) as (everything, station, far):
        await boot(station, far)
        booted = await far.next("BootNotification")
        assert booted["reason"] == "PowerUp"
        assert booted["chargingStation"]["serialNumber"] == "S-2"
        await charges(station, far)
        events = far.payloads("TransactionEvent")
        assert_whole(events)
        assert {e["transactionInfo"]["transactionId"] for e in events} == {TRANSACTION}
        assert [e["triggerReason"] for e in events] == [
            "Authorized",
            "ChargingStateChanged",
            "MeterValuePeriodic",
            "MeterValueClock",
            "StopAuthorized",
        ]
        assert [r for e in events for r in readings(e)] == [
            ("Transaction.Begin", 1000),
            ("Sample.Periodic", 1250),
            ("Sample.Clock", 1500),
            ("Transaction.End", 1800),
        ]
        assert events[0]["idToken"] == {"idToken": "CARD-1", "type": "ISO14443"}
        assert events[-1]["transactionInfo"]["stoppedReason"] == "Local"

        token = {"idToken": "APP-7", "type": "Central"}
        answer = await far.call("RequestStartTransaction", {"remoteStartId": 77, "evseId": 2, "idToken": token})
        assert answer["status"] == "Accepted"
        asked = await station.next("RequestStartTransaction")
        assert (asked["remoteStartId"], asked["evseId"], asked["idToken"]) == (77, 2, token)
        info = {"remoteStartId": asked["remoteStartId"], "chargingState": "Charging"}
        await event(station, "Started", 0, "RemoteStart", "second", info=info, evse={"id": 2}, idToken=token)
        assert far.payloads("TransactionEvent")[-1]["transactionInfo"]["remoteStartId"] == 77
        assert (await far.call("RequestStopTransaction", {"transactionId": "second"}))["status"] == "Accepted"
        assert (await station.next("RequestStopTransaction"))["transactionId"] == "second"
        await event(station, "Ended", 1, "RemoteStop", "second", info={"stoppedReason": "Remote"})
        assert_whole(far.payloads("TransactionEvent")[-2:])
        assert (await far.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
        assert (await station.next("Reset"))["type"] == "Immediate"
        assert everything.proxy.warnings == []


@pytest.mark.parametrize("station_version", ["ocpp2.0.1", "ocpp2.1"])
async def test_on_a_16_csms(tmp_path: Path, station_version: str) -> None:
    async with world(tmp_path, station_version, "ocpp1.6") as (everything, station, far):
        await boot(station, far)
        booted = await far.next("BootNotification")
        assert (booted["chargePointVendor"], booted["chargePointModel"]) == ("Acme", "Duo 2")
        await charges(station, far)
        [started] = far.payloads("StartTransaction")
        [stopped] = far.payloads("StopTransaction")
        assert (started["connectorId"], started["idTag"], started["meterStart"]) == (1, "CARD-1", 1000)
        assert moment(started["timestamp"]) == moment(at(1))
        assert (stopped["meterStop"], stopped.get("reason", "Local"), stopped["idTag"]) == (1800, "Local", "CARD-1")
        number = stopped["transactionId"]
        assert isinstance(number, int)
        values = far.payloads("MeterValues")
        assert {v.get("transactionId") for v in values} == {number}
        samples = [s for v in values for m in v["meterValue"] for s in m["sampledValue"]]
        watthours = [float(s["value"]) * (1000 if s.get("unit") == "kWh" else 1) for s in samples]
        assert watthours[-2:] == [1250, 1500]
        statuses = [s["status"] for s in far.payloads("StatusNotification") if s["connectorId"] == 1]
        assert statuses[0] == "Available"
        assert "Charging" in statuses
        assert statuses[-1] == "Available"

        answer = await far.call("RemoteStartTransaction", {"idTag": "APP-7", "connectorId": 2})
        assert answer["status"] == "Accepted"
        asked = await station.next("RequestStartTransaction")
        assert (asked["evseId"], asked["idToken"]["idToken"]) == (2, "APP-7")
        info = {"remoteStartId": asked["remoteStartId"], "chargingState": "Charging"}
        begin = reading(1, 40, "Transaction.Begin")
        token = asked["idToken"]
        await event(
            station, "Started", 0, "RemoteStart", "second", info=info, evse={"id": 2}, idToken=token, meterValue=begin
        )
        second = far.payloads("StartTransaction")[-1]
        assert (second["connectorId"], second["idTag"], second["meterStart"]) == (2, "APP-7", 40)
        assert (await far.call("RemoteStopTransaction", {"transactionId": number}))["status"] == "Rejected"
        assert (await far.call("RemoteStopTransaction", {"transactionId": number + 1}))["status"] == "Accepted"
        assert (await station.next("RequestStopTransaction"))["transactionId"] == "second"
        end = reading(2, 95, "Transaction.End")
        await event(station, "Ended", 1, "RemoteStop", "second", info={"stoppedReason": "Remote"}, meterValue=end)
        last = far.payloads("StopTransaction")[-1]
        assert (last["transactionId"], last["meterStop"], last["reason"]) == (number + 1, 95, "Remote")
        assert len(far.payloads("StartTransaction")) == 2
        assert (await far.call("Reset", {"type": "Soft"}))["status"] == "Accepted"
        await station.next("Reset")
        assert everything.proxy.warnings == []
