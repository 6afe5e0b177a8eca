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
