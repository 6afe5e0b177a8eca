"""What a 1.6 CSMS asks of a 2.x station is never made wider on the way: no other EVSE, no other transaction, nothing
of the whole station that was meant for a part of it, no criterion less."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Session, Side
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.versions import Version

CROSSWALK = Crosswalk.load()
NOW = 1.79e9
TOPOLOGY = [[1, 1], [1, 2], [3, 1]]
"""Connector 2 is the second one of EVSE 1, connector 3 is EVSE 3."""
PLACED = [
    "ChangeAvailability",
    "ClearChargingProfile",
    "ExtendedTriggerMessage",
    "GetCompositeSchedule",
    "RemoteStartTransaction",
    "ReserveNow",
    "SetChargingProfile",
    "TriggerMessage",
    "UnlockConnector",
]
WHOLE = {
    "ChangeAvailability",
    "ClearChargingProfile",
    "GetCompositeSchedule",
    "ReserveNow",
    "SetChargingProfile",
}
"""What OCPP 1.6 may ask of connector 0."""
EVSE_AT = {
    "ChangeAvailability": ("evse", "id"),
    "ClearChargingProfile": ("chargingProfileCriteria", "evseId"),
    "TriggerMessage": ("evse", "id"),
}
OF_NO_CONNECTOR = {
    "BootNotification",
    "Heartbeat",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SignChargingStationCertificate",
}


def link(version: Version) -> Session:
    """A link whose CSMS knows the transaction 7 on connector 2."""
    session = CROSSWALK.session("CP", station=version, csms="ocpp1.6", settings={"topology": TOPOLOGY})
    session.connect(now=NOW)
    started = {
        "eventType": "Started",
        "timestamp": "2026-01-01T00:00:01Z",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T-1"},
        "evse": {"id": 1, "connectorId": 2},
        "idToken": {"idToken": "CARD", "type": "Central"},
        "meterValue": [{"timestamp": "2026-01-01T00:00:01Z", "sampledValue": [{"value": 5}]}],
    }
    [call] = session.receive("station", json.dumps([2, "s1", "TransactionEvent", started]), now=NOW)
    number = json.loads(call.text)[1]
    for out in session.receive(
        "csms", json.dumps([3, number, {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}]), now=NOW
    ):
        if out.to == Side.CSMS:
            session.receive("csms", json.dumps([3, json.loads(out.text)[1], {}]), now=NOW)
    return session


def told(session: Session, action: str, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The calls that reach the station when the CSMS makes this one, each accepted."""
    calls = []
    pending = session.receive("csms", json.dumps([2, "c1", action, payload]), now=NOW + 1)
    while pending:
        out = pending.pop(0)
        frame = json.loads(out.text)
        if frame[0] != 2:
            continue
        answer: dict[str, Any] = {}
        if out.to == Side.STATION:
            calls.append((frame[2], frame[3]))
            answer = {"status": "Unlocked" if frame[2] == "UnlockConnector" else "Accepted"}
        pending += session.receive(out.to, json.dumps([3, frame[1], answer]), now=NOW + 1)
    return calls


def payloads(action: str) -> Iterator[dict[str, Any]]:
    """Generated payloads, on connectors that there are and that there are not."""
    rng = random.Random(action)
    for _ in range(120):
        payload = random_payload(rng, Version.V16, action, "request")
        if "connectorId" in payload:
            payload["connectorId"] = rng.choice([-1, 0, 1, 2, 3, 4])
        profile = payload.get("csChargingProfiles") or payload.get("chargingProfile")
        if profile and rng.random() < 0.5:
            profile |= {"chargingProfilePurpose": "TxProfile", "stackLevel": 1}
            profile["chargingSchedule"]["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": 6}]
        yield payload


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
@pytest.mark.parametrize("action", PLACED)
def test_the_place_stays(action: str, version: Version) -> None:
    seen = 0
    for payload in payloads(action):
        connector = payload.get("connectorId")
        calls = told(link(version), action, payload)
        seen += len(calls)
        if connector is not None and (connector < 0 or (connector == 0 and action not in WHOLE)):
            assert calls == [], payload
        for name, call in calls:
            assert_not_wider(payload, name, call)
    assert seen > 20


def assert_not_wider(payload: dict[str, Any], name: str, call: dict[str, Any]) -> None:
    """The call to the station is of the EVSE and the transaction that the CSMS meant."""
    connector = payload.get("connectorId")
    if name == "RequestStopTransaction":
        assert (connector, call["transactionId"]) == (2, "T-1")
        return
    first, second = EVSE_AT.get(name, ("evseId", ""))
    place = call.get(first, {}).get(second) if second else call.get(first)
    by_id = name == "ClearChargingProfile" and "chargingProfileId" in call
    if name == "TriggerMessage" and call["requestedMessage"] in OF_NO_CONNECTOR:
        assert "evse" not in call
    elif connector is None or by_id:
        assert place in (None, *(evse for evse, _ in TOPOLOGY))
    elif connector == 0:
        assert place in (None, 0)
    else:
        evse, number = TOPOLOGY[connector - 1] if connector <= len(TOPOLOGY) else (connector, 1)
        assert place == evse, (payload, call)
        where = call.get("evse", call)
        if name == "UnlockConnector" or (name == "ChangeAvailability" and evse == 1):
            assert where["connectorId"] == number


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_clearing_profiles_keeps_every_criterion(version: Version) -> None:
    for payload in payloads("ClearChargingProfile"):
        calls = [call for _, call in told(link(version), "ClearChargingProfile", payload)]
        criteria = [call.get("chargingProfileCriteria", {}) for call in calls]
        if "id" in payload:
            assert [call.get("chargingProfileId") for call in calls] in ([], [payload["id"]])
        elif not payload:
            purposes = [row["chargingProfilePurpose"] for row in criteria]
            assert purposes == ["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]
        else:
            wanted = {
                "connectorId": "evseId",
                "chargingProfilePurpose": "chargingProfilePurpose",
                "stackLevel": "stackLevel",
            }
            for row in criteria:
                assert row.keys() == {wanted[name] for name in payload}, payload


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_a_transaction_that_the_csms_does_not_know_is_never_stopped(version: Version) -> None:
    for number in (-1, 0, 1, 8):
        assert told(link(version), "RemoteStopTransaction", {"transactionId": number}) == []
    assert told(link(version), "RemoteStopTransaction", {"transactionId": 7}) == [
        ("RequestStopTransaction", {"transactionId": "T-1"})
    ]


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_a_profile_for_a_transaction_is_of_that_one(version: Version) -> None:
    period = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
    profile = {
        "chargingProfileId": 5,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": period,
    }
    for connector, more in ((1, {}), (3, {}), (2, {"transactionId": 9}), (0, {})):
        payload = {"connectorId": connector, "csChargingProfiles": {**profile, **more}}
        assert told(link(version), "SetChargingProfile", payload) == []
    [(_, call)] = told(link(version), "SetChargingProfile", {"connectorId": 2, "csChargingProfiles": profile})
    assert (call["evseId"], call["chargingProfile"]["transactionId"]) == (1, "T-1")
