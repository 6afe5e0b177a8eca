"""What one 2.x version has and the other lacks: peers made of the package `ocpp`, through the installed program."""

from __future__ import annotations

import json
from pathlib import Path

from .conversation_2x import at, boot, event
from .world import Json, world


def _profile(**period: Json | float | str) -> Json:
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": 5,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                {
                    "id": 1,
                    "startSchedule": at(0),
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, **period}],
                }
            ],
        },
    }


async def test_a_21_station_on_a_201_csms(tmp_path: Path) -> None:
    async with world(tmp_path, "ocpp2.1", "ocpp2.0.1") as (everything, station, far):
        await boot(station, far)
        state = {
            "eventId": 1,
            "timestamp": at(1),
            "trigger": "Delta",
            "actualValue": "Occupied",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}},
            "variable": {"name": "AvailabilityState"},
        }
        assert await station.call("NotifyEvent", {"generatedAt": at(1), "seqNo": 0, "eventData": [state]}) == {}
        told = far.payloads("StatusNotification")[-1]
        assert (told["evseId"], told["connectorId"], told["connectorStatus"]) == (2, 1, "Occupied")
        assert far.payloads("NotifyEvent") == []

        far.tell(answer="SignCertificate", payload={"status": "Accepted"})
        request = {"csr": "CSR", "certificateType": "ChargingStationCertificate", "requestId": 42}
        assert (await station.call("SignCertificate", request))["status"] == "Accepted"
        assert "requestId" not in await far.next("SignCertificate")
        station.tell(answer="CertificateSigned", payload={"status": "Accepted"})
        signed = {"certificateChain": "PEM", "certificateType": "ChargingStationCertificate"}
        assert (await far.call("CertificateSigned", signed))["status"] == "Accepted"
        assert (await station.next("CertificateSigned"))["requestId"] == 42

        stream = {"constantStreamData": {"id": 1, "variableMonitoringId": 3, "params": {"interval": 60}}}
        assert (await station.call("OpenPeriodicEventStream", stream))["status"] == "Rejected"
        values = {"id": 1, "pending": 0, "basetime": at(2), "data": [{"t": 0, "v": "21"}]}
        station.tell(raw=json.dumps([6, "send-1", "NotifyPeriodicEventStream", values]))
        assert (await station.call("Heartbeat", {}))["currentTime"]
        assert [line["frame"] for line in station.lines if "frame" in line and line["frame"][1] == "send-1"] == []

        await event(
            station,
            "Updated",
            7,
            "TxResumed",
            "resumed",
            info={"operationMode": "ChargingOnly", "tariffId": "Night"},
            costDetails={
                "totalUsage": {"energy": 1, "chargingTime": 1, "idleTime": 0},
                "totalCost": {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"exclTax": 1}},
            },
        )
        resumed = far.payloads("TransactionEvent")[-1]
        assert (resumed["seqNo"], resumed["triggerReason"]) == (7, "ChargingStateChanged")
        assert resumed["transactionInfo"] == {"transactionId": "resumed"}
        assert "costDetails" not in resumed
        assert everything.proxy.warnings == []


async def test_a_201_station_on_a_21_csms(tmp_path: Path) -> None:
    async with world(tmp_path, "ocpp2.0.1", "ocpp2.1") as (everything, station, far):
        await boot(station, far)
        station.tell(answer="SetChargingProfile", payload={"status": "Accepted"})
        assert (await far.call("SetChargingProfile", _profile(limit=16)))["status"] == "Accepted"
        assert (await station.next("SetChargingProfile"))["chargingProfile"]["id"] == 5
        answer = await far.call("SetChargingProfile", _profile(setpoint=-16, operationMode="CentralSetpoint"))
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "InvalidSchedule")
        assert len(station.payloads("SetChargingProfile")) == 1

        assert (await far.call("Reset", {"type": "ImmediateAndResume"}))["status"] == "Rejected"
        assert station.payloads("Reset") == []
        assert (await far.call("ClearTariffs", {}))["clearTariffsResult"] == [{"status": "NoTariff"}]
        tariff = {"tariffId": "Night", "currency": "EUR"}
        assert await far.refused("SetDefaultTariff", {"evseId": 0, "tariff": tariff}) == "NotSupported"

        words = {"content": "0.30 per kWh", "format": "UTF8"}
        accepted = {"idTokenInfo": {"status": "Accepted"}, "tariff": {**tariff, "description": [words]}}
        far.tell(answer="Authorize", payload=accepted)
        answer = await station.call("Authorize", {"idToken": {"idToken": "CARD-1", "type": "ISO14443"}})
        assert answer == {"idTokenInfo": {"status": "Accepted", "personalMessage": words}}

        far.tell(answer="NotifyMonitoringReport", payload={})
        monitor = {"id": 7, "transaction": False, "value": 60, "type": "UpperThreshold", "severity": 4}
        report = {
            "requestId": 1,
            "seqNo": 0,
            "generatedAt": at(2),
            "monitor": [
                {
                    "component": {"name": "Connector"},
                    "variable": {"name": "Temperature"},
                    "variableMonitoring": [monitor],
                }
            ],
        }
        assert await station.call("NotifyMonitoringReport", report) == {}
        [told] = far.payloads("NotifyMonitoringReport")
        assert told["monitor"][0]["variableMonitoring"] == [
            {**monitor, "eventNotificationType": "PreconfiguredMonitor"}
        ]

        far.tell(raw=json.dumps([5, "no-such-answer", "InternalError", "made up", {}]))
        assert (await station.call("Heartbeat", {}))["currentTime"]
        assert [line for line in station.lines if "frame" in line and line["frame"][0] == 5] == []
        assert everything.proxy.warnings == []
