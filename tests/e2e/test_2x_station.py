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


@pytest.mark.parametrize("station_version", ["ocpp2.0.1", "ocpp2.1"])
async def test_driven_by_a_16_csms(tmp_path: Path, station_version: str) -> None:
    async with world(tmp_path, station_version, "ocpp1.6") as (everything, station, far):
        await boot(station, far)
        heartbeat = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
        told = {"getVariableResult": [{"attributeStatus": "Accepted", "attributeValue": "60", **heartbeat}]}
        station.tell(answer="GetVariables", payload=told)
        answer = await far.call("GetConfiguration", {"key": ["HeartbeatInterval", "NoSuchKeyAnywhere"]})
        [key] = answer["configurationKey"]
        assert (key["key"], key["value"], answer["unknownKey"]) == ("HeartbeatInterval", "60", ["NoSuchKeyAnywhere"])
        asked = await station.next("GetVariables")
        assert [{name: row[name] for name in heartbeat} for row in asked["getVariableData"]] == [heartbeat]

        done = {"setVariableResult": [{"attributeStatus": "RebootRequired", **heartbeat}]}
        station.tell(answer="SetVariables", payload=done)
        answer = await far.call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "90"})
        assert answer["status"] == "RebootRequired"
        assert (await station.next("SetVariables"))["setVariableData"][0]["attributeValue"] == "90"

        answer = await far.call("TriggerMessage", {"requestedMessage": "StatusNotification"})
        assert answer["status"] == "Accepted"
        for evse in (1, 2):
            asked = await station.next("TriggerMessage")
            assert (asked["requestedMessage"], asked["evse"]) == ("StatusNotification", {"id": evse, "connectorId": 1})

        station.tell(answer="ChangeAvailability", payload={"status": "Scheduled"})
        answer = await far.call("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
        assert answer["status"] == "Scheduled"
        assert await station.next("ChangeAvailability") == {"operationalStatus": "Inoperative", "evse": {"id": 2}}

        station.tell(answer="UnlockConnector", payload={"status": "UnknownConnector"})
        assert (await far.call("UnlockConnector", {"connectorId": 3}))["status"] == "NotSupported"
        assert await station.next("UnlockConnector") == {"evseId": 3, "connectorId": 1}

        station.tell(answer="ReserveNow", payload={"status": "Occupied"})
        reservation = {"connectorId": 0, "expiryDate": at(600), "idTag": "APP-7", "reservationId": 5}
        assert (await far.call("ReserveNow", reservation))["status"] == "Occupied"
        asked = await station.next("ReserveNow")
        assert (asked["id"], asked["idToken"]["idToken"]) == (5, "APP-7")
        assert "evseId" not in asked

        station.tell(answer="SendLocalList", payload={"status": "Accepted"})
        entries = [{"idTag": "CARD-1", "idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}}, {"idTag": "OLD"}]
        local = {"listVersion": 4, "updateType": "Differential", "localAuthorizationList": entries}
        assert (await far.call("SendLocalList", local))["status"] == "Accepted"
        listed = (await station.next("SendLocalList"))["localAuthorizationList"]
        assert listed[0]["idTokenInfo"]["groupIdToken"]["idToken"] == "GROUP"
        assert "idTokenInfo" not in listed[1]

        station.tell(answer="ClearChargingProfile", payload={"status": "Unknown"})
        assert (await far.call("ClearChargingProfile", {}))["status"] == "Unknown"
        purposes = [
            p["chargingProfileCriteria"]["chargingProfilePurpose"] for p in station.payloads("ClearChargingProfile")
        ]
        assert purposes == ["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]

        station.tell(answer="GetLog", payload={"status": "Accepted", "filename": "log.txt"})
        assert await far.call("GetDiagnostics", {"location": "ftp://example.org/up"}) == {"fileName": "log.txt"}
        request = (await station.next("GetLog"))["requestId"]
        far.tell(answer="DiagnosticsStatusNotification", payload={})
        assert await station.call("LogStatusNotification", {"status": "Uploaded", "requestId": request}) == {}
        assert await far.next("DiagnosticsStatusNotification") == {"status": "Uploaded"}

        security = {"type": "SettingSystemTime", "timestamp": at(9)}
        assert await station.call("SecurityEventNotification", security) == {}
        assert far.payloads("SecurityEventNotification") == []
        assert everything.proxy.warnings == []
