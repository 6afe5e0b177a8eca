"""What is left out under a condition, in the middle of a payload, is reported where it happens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Event, EventKind, Session

NOW = 1_790_000_000.0
TIME = "2026-01-01T00:00:10Z"
CROSSWALK = Crosswalk.load()
LONG = "x" * 600


def _sample(**more: Any) -> dict[str, Any]:
    return {"evseId": 1, "meterValue": [{"timestamp": TIME, "sampledValue": [{"value": 1}, {"value": 80, **more}]}]}


def _message(content: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": 1, "priority": "NormalCycle", "message": {"content": content, "format": kind}, **more}


LIMIT = {"startPeriod": 0, "limit": 6}


def _profile(number: int, kind: str) -> dict[str, Any]:
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [LIMIT]}
    return {
        "id": number,
        "stackLevel": number,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    }


def _profiles(*kinds: str) -> dict[str, Any]:
    profiles = [_profile(number, kind) for number, kind in enumerate(kinds)]
    return {"requestId": 1, "chargingLimitSource": "CSO", "evseId": 1, "chargingProfile": profiles}


def _monitors(*kinds: str) -> dict[str, Any]:
    monitor = {"transaction": False, "value": 1, "severity": 1, "eventNotificationType": "CustomMonitor"}
    monitors = [{"id": number, "type": kind, **monitor} for number, kind in enumerate(kinds)]
    of = {"component": {"name": "C"}, "variable": {"name": "V"}, "variableMonitoring": monitors}
    return {"requestId": 1, "seqNo": 0, "generatedAt": TIME, "monitor": [of]}


def _certificates(*kinds: str) -> dict[str, Any]:
    of = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
    chain = [{"certificateType": kind, "certificateHashData": of} for kind in kinds]
    return {"status": "Accepted", "certificateHashDataChain": chain}


def _needs(mode: str) -> dict[str, Any]:
    return {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": mode}}


def _session(pair: str) -> Session:
    station, _, csms = pair.partition("--")
    session = CROSSWALK.session("CP-1", station=station, csms=csms)
    session.connect(now=NOW)
    session.take_events()
    return session


def _losses(session: Session) -> list[Event]:
    return [event for event in session.take_events() if event.kind is EventKind.DROPPED_FIELD]


OLDER, NEWER = "ocpp2.1--ocpp2.0.1", "ocpp2.0.1--ocpp2.1"


@pytest.mark.parametrize(
    ("pair", "action", "payload", "reason"),
    [
        (OLDER, "MeterValues", _sample(measurand="Display.PresentSOC"), "no values of a display"),
        (OLDER, "MeterValues", _sample(location="Upstream"), "the site's connection"),
        (
            OLDER,
            "Authorize",
            {
                "idToken": {
                    "idToken": "A",
                    "type": "Central",
                    "additionalInfo": [{"additionalIdToken": "x" * 40, "type": "PIN"}],
                }
            },
            "36 characters",
        ),
        (
            OLDER,
            "NotifyDisplayMessages",
            {"requestId": 1, "messageInfo": [_message("Hello", "UTF8"), _message(LONG, "URI")]},
            "leads nowhere",
        ),
        (
            OLDER,
            "NotifyDisplayMessages",
            {"requestId": 1, "messageInfo": [_message("Hello", "UTF8", state="Discharging")]},
            "a vehicle that discharges",
        ),
        (
            OLDER,
            "NotifyChargingLimit",
            {
                "chargingLimit": {"chargingLimitSource": "SO"},
                "chargingSchedule": [
                    {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [LIMIT]},
                    {"id": 2, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "setpoint": 5}]},
                ],
            },
            "consist of limits",
        ),
        (OLDER, "ReportChargingProfiles", _profiles("Relative", "Dynamic"), "cannot say some of the profiles"),
        (OLDER, "NotifyMonitoringReport", _monitors("Delta", "TargetDelta"), "relative to a target"),
        (OLDER, "NotifyMonitoringReport", _monitors("TargetDeltaRelative"), "relative to a target"),
        (OLDER, "NotifyEVChargingNeeds", _needs("AC_BPT"), "it is told as three"),
        (
            NEWER,
            "GetInstalledCertificateIds",
            {"certificateType": ["V2GRootCertificate", "OEMRootCertificate"]},
            "OEM root certificates",
        ),
        (
            NEWER,
            "GetChargingProfiles",
            {"requestId": 1, "chargingProfile": {"chargingLimitSource": ["CSO", "X-Mine"]}},
            "some of these sources",
        ),
    ],
)
def test_it_is_reported(pair: str, action: str, payload: dict[str, Any], reason: str) -> None:
    session = _session(pair)
    side = "csms" if pair == NEWER else "station"
    (out,) = session.receive(side, json.dumps([2, "m1", action, payload]), now=NOW)
    assert json.loads(out.text)[2] == action
    (event,) = [event for event in _losses(session) if reason in event.text]
    assert (event.action, event.message_id) == (action, "m1")


@pytest.mark.parametrize(
    ("action", "payload", "answer", "told", "reason"),
    [
        (
            "GetInstalledCertificateIds",
            {},
            _certificates("V2GRootCertificate", "OEMRootCertificate"),
            _certificates("V2GRootCertificate"),
            "no OEM root certificates",
        ),
        ("ClearDisplayMessage", {"id": 7}, {"status": "Rejected"}, {"status": "Unknown"}, "may still be shown"),
    ],
)
def test_it_is_reported_of_an_answer(action: str, payload: Any, answer: Any, told: Any, reason: str) -> None:
    session = _session(OLDER)
    (out,) = session.receive("csms", json.dumps([2, "m1", action, payload]), now=NOW)
    (back,) = session.receive("station", json.dumps([3, json.loads(out.text)[1], answer]), now=NOW)
    assert json.loads(back.text)[2] == told
    (event,) = [event for event in _losses(session) if reason in event.text]
    assert (event.action, event.message_id) == (action, "m1")


@pytest.mark.parametrize(
    ("pair", "action", "payload"),
    [
        (OLDER, "MeterValues", _sample(measurand="SoC", location="EV")),
        (
            OLDER,
            "NotifyDisplayMessages",
            {"requestId": 1, "messageInfo": [_message("Hello", "UTF8", state="Charging")]},
        ),
        (OLDER, "ReportChargingProfiles", _profiles("Relative", "Absolute")),
        (OLDER, "NotifyEVChargingNeeds", _needs("DC")),
        (NEWER, "GetInstalledCertificateIds", {"certificateType": ["V2GRootCertificate"]}),
        (NEWER, "GetInstalledCertificateIds", {}),
        (NEWER, "GetChargingProfiles", {"requestId": 1, "chargingProfile": {"chargingLimitSource": ["CSO", "EMS"]}}),
        (NEWER, "GetChargingProfiles", {"requestId": 1, "chargingProfile": {"stackLevel": 1}}),
    ],
)
def test_what_is_carried_is_not(pair: str, action: str, payload: dict[str, Any]) -> None:
    session = _session(pair)
    session.receive("csms" if pair == NEWER else "station", json.dumps([2, "m1", action, payload]), now=NOW)
    assert not _losses(session)


def _stop(*values: dict[str, Any]) -> dict[str, Any]:
    samples = [{"value": "7", "context": "Transaction.End"}, *values]
    data = [{"timestamp": TIME, "sampledValue": samples}]
    return {"transactionId": 12, "meterStop": 7, "timestamp": TIME, "transactionData": data}


def _signed(value: str) -> dict[str, Any]:
    return {"value": value, "format": "SignedData", "context": "Transaction.End"}


STATUS = {"connectorId": 0, "status": "Available", "errorCode": "NoError", "timestamp": TIME}
SAYS = {"info": "door open", "vendorErrorCode": "E9"}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "A1"}


@pytest.mark.parametrize(
    ("csms", "calls", "fields"),
    [
        ("ocpp2.0.1", [("StopTransaction", _stop(_signed("A" * 2504)))], ["sampledValue.value"]),
        ("ocpp2.1", [("StopTransaction", _stop(_signed("A" * 2504)))], []),
        ("ocpp2.1", [("StopTransaction", _stop(_signed("A" * 32768)))], []),
        ("ocpp2.1", [("StopTransaction", _stop(_signed("A" * 32772)))], ["sampledValue.value"]),
        (
            "ocpp2.0.1",
            [("StopTransaction", _stop(_signed("OCMF|a"), _signed("OCMF|b")))],
            ["transactionData.sampledValue.format"],
        ),
        ("ocpp2.0.1", [("StopTransaction", _stop(_signed("OCMF|a"), _signed("OCMF|a")))], []),
        ("ocpp2.0.1", [("BootNotification", {**BOOT, "chargeBoxSerialNumber": "B2"})], ["chargeBoxSerialNumber"]),
        ("ocpp2.0.1", [("BootNotification", {**BOOT, "chargeBoxSerialNumber": "A1"})], []),
        ("ocpp2.0.1", [("StatusNotification", {**STATUS, **SAYS})], []),
        ("ocpp2.0.1", [("StatusNotification", STATUS), ("StatusNotification", {**STATUS, **SAYS})], list(SAYS)),
        ("ocpp2.0.1", [("StatusNotification", {**STATUS, **SAYS, "errorCode": "WeakSignal"})], []),
        (
            "ocpp2.0.1",
            [
                ("StatusNotification", {**STATUS, "connectorId": 1, "errorCode": "WeakSignal"}),
                ("StatusNotification", {**STATUS, **SAYS, "connectorId": 1}),
            ],
            list(SAYS),
        ),
    ],
)
def test_of_a_1_6_station(csms: str, calls: list[tuple[str, dict[str, Any]]], fields: list[str]) -> None:
    """Just what is lost of the last call is reported."""
    session = CROSSWALK.session("CP-1", station="ocpp1.6", csms=csms)
    session.connect(now=NOW)
    for action, payload in calls:
        session.take_events()
        _played(session, "station", action, payload, {})
    assert _dropped(session) == sorted(fields)


BOOTED = {"status": "Accepted", "currentTime": TIME, "interval": 300}
REFUSED = {"idTokenInfo": {"status": "NotAtThisTime", "cacheExpiryDateTime": TIME}}
BLOCKED = {"idTokenInfo": {"status": "Blocked", "cacheExpiryDateTime": TIME}}
SAID = {"updatedPersonalMessage": {"format": "UTF8", "content": "Bye"}}
VALUES = {"connectorId": 1, "transactionId": 12, "meterValue": [{"timestamp": TIME, "sampledValue": [{"value": "7"}]}]}
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": TIME}
STOP = {"transactionId": 12, "meterStop": 7, "timestamp": TIME}
SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
WHOLE = {"status": "Accepted", "scheduleStart": TIME, "chargingSchedule": SCHEDULE}
TOKEN = {"idToken": "A", "type": "Central"}
LISTED = {"versionNumber": 1, "updateType": "Full"}
FREE = {"idToken": "", "type": "NoAuthorization"}


SIGNED = {"location": "https://example.com/f", "retrieveDateTime": TIME, "signature": "S", "signingCertificate": "C"}


def _schedule(**more: Any) -> dict[str, Any]:
    return {**WHOLE, "chargingSchedule": {**SCHEDULE, **more}}


def _remote_start(**more: Any) -> dict[str, Any]:
    purpose = {"chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
    profile = {"id": 1, "stackLevel": 0, **purpose, "chargingSchedule": [{"id": 1, **SCHEDULE}], **more}
    return {"remoteStartId": 1, "idToken": TOKEN, "chargingProfile": profile}


@pytest.mark.parametrize(
    ("side", "action", "payload", "answer", "fields"),
    [
        ("station", "Authorize", {"idTag": "A"}, REFUSED, ["idTokenInfo.cacheExpiryDateTime"]),
        ("station", "Authorize", {"idTag": "A"}, BLOCKED, []),
        ("station", "StartTransaction", START, REFUSED, ["idTokenInfo.cacheExpiryDateTime"]),
        ("station", "StopTransaction", STOP, REFUSED, ["idTokenInfo.cacheExpiryDateTime"]),
        ("station", "StopTransaction", STOP, SAID, ["updatedPersonalMessage", "updatedPersonalMessage.format"]),
        ("station", "StopTransaction", STOP, {**SAID, "totalCost": 1}, ["status", "updatedPersonalMessage.format"]),
        ("station", "MeterValues", VALUES, SAID, ["updatedPersonalMessage", "updatedPersonalMessage.format"]),
        ("csms", "GetCompositeSchedule", {"duration": 60, "evseId": 1}, WHOLE, []),
        (
            "csms",
            "GetCompositeSchedule",
            {"duration": 60, "evseId": 1},
            {"status": "Rejected", "chargingSchedule": SCHEDULE},
            ["chargingSchedule"],
        ),
        (
            "csms",
            "GetCompositeSchedule",
            {"duration": 60, "evseId": 1},
            _schedule(chargingSchedulePeriod=[{"startPeriod": 0, "limit": 6, "numberPhases": 4}]),
            ["chargingSchedule.chargingSchedulePeriod.numberPhases"],
        ),
        (
            "csms",
            "GetCompositeSchedule",
            {"duration": 60, "evseId": 1},
            _schedule(startSchedule="2026-01-01T00:00:11Z"),
            ["chargingSchedule.startSchedule"],
        ),
        (
            "csms",
            "GetCompositeSchedule",
            {"duration": 60, "evseId": 1},
            _schedule(startSchedule="2026-01-01T01:00:10+01:00"),
            [],
        ),
        ("csms", "TriggerMessage", {"requestedMessage": "Heartbeat", "evse": {"id": 1}}, {}, ["evse"]),
        ("csms", "TriggerMessage", {"requestedMessage": "MeterValues", "evse": {"id": 1}}, {}, []),
        (
            "csms",
            "SendLocalList",
            {**LISTED, "localAuthorizationList": [{"idToken": TOKEN, **BLOCKED}, {"idToken": FREE, **BLOCKED}]},
            {},
            ["localAuthorizationList.idToken.idToken"],
        ),
        (
            "csms",
            "SendLocalList",
            {**LISTED, "localAuthorizationList": [{"idToken": TOKEN, **REFUSED}]},
            {},
            ["localAuthorizationList.idTokenInfo.cacheExpiryDateTime"],
        ),
        (
            "csms",
            "RequestStartTransaction",
            _remote_start(transactionId="gone"),
            {},
            ["chargingProfile.chargingSchedule.id", "chargingProfile.transactionId"],
        ),
    ],
)
def test_of_an_answer_to_a_1_6_station_and_of_a_csms(
    side: str, action: str, payload: dict[str, Any], answer: dict[str, Any], fields: list[str]
) -> None:
    """Just what is lost of a CSMS's call, and of the answer to a call, is reported."""
    session = CROSSWALK.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1", settings={"stationSupports": ["costmsg"]})
    session.connect(now=NOW)
    _played(session, side, action, payload, answer)
    assert _dropped(session) == fields


@pytest.mark.parametrize(("timestamp", "said"), [("yesterday", True), (TIME, False), ("", False)])
def test_a_time_that_cannot_be_read(timestamp: str, said: bool) -> None:
    session = CROSSWALK.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    session.connect(now=NOW)
    _played(session, "station", "StatusNotification", {**STATUS, "timestamp": timestamp}, {})
    values = [event.detail["value"] for event in session.take_events() if event.kind is EventKind.DROPPED_FIELD]
    assert set(values) == ({timestamp} if said else set())


@pytest.mark.parametrize(
    ("extensions", "fields"), [([], ["firmware.signature", "firmware.signingCertificate"]), (["security"], [])]
)
def test_a_signature_that_nobody_verifies(extensions: list[str], fields: list[str]) -> None:
    settings = {"unsignedFirmware": "forward", "stationSupports": extensions}
    session = CROSSWALK.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1", settings=settings)
    session.connect(now=NOW)
    _played(session, "csms", "UpdateFirmware", {"requestId": 1, "firmware": SIGNED}, {})
    assert _dropped(session) == fields


def _played(session: Session, side: str, action: str, payload: dict[str, Any], answer: dict[str, Any]) -> None:
    """A call, and answers to what it leads to: ``answer``, or that all is well."""
    outs = session.receive(side, json.dumps([2, "m1", action, payload]), now=NOW)
    while outs:
        out = outs.pop(0)
        frame = json.loads(out.text)
        if frame[0] == 2:
            well = BOOTED if "Boot" in frame[2] else {"status": "Accepted"} if out.to == "station" else {}
            reply = answer if answer and out.to != side else well
            outs += session.receive(out.to, json.dumps([3, frame[1], reply]), now=NOW)


def _dropped(session: Session) -> list[str]:
    return sorted(event.detail["field"] for event in session.take_events() if event.kind is EventKind.DROPPED_FIELD)
