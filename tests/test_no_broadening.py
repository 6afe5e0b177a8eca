"""A 1.6 station is never told to do more than a 2.x CSMS asked for.

1.6 lacks filters and scopes that 2.x has, and takes what is left out for "any" or for "the whole station". So a command
whose filter or scope 1.6 cannot say is refused, split, or carried whole; what is left of it is never sent.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Session, Side
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Pair, Version

NOW = 1_790_000_000.0
CROSSWALK = Crosswalk.load()
PAIRS = [Pair.parse("ocpp1.6--ocpp2.0.1"), Pair.parse("ocpp1.6--ocpp2.1")]
TOPOLOGY = [[1, 1], [1, 2], [3, 1]]
"""EVSE 1 has the connectors 1 and 2 of 1.6, EVSE 3 has connector 3, and there is no EVSE 2."""
SETTINGS = {"topology": TOPOLOGY, "stationSupports": ["security", "pnc", "costmsg"]}
TOKEN = {"idToken": "ANNA", "type": "Central"}
EXPIRY = "2026-12-01T00:00:00Z"
PERIODS = [{"startPeriod": 0, "limit": 16}]


def profile(**more: Any) -> dict[str, Any]:
    """A default profile, with something else about it."""
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS}
    basic = {"id": 3, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative"}
    return {**basic, "chargingSchedule": [schedule], **more}


def variable(component: str, name: str, value: str, **more: Any) -> dict[str, Any]:
    """A SetVariables of one variable."""
    place = {"component": {"name": component, **more.pop("place", {})}, "variable": {"name": name}}
    return {"setVariableData": [{**place, "attributeValue": value, **more}]}


def told(session: Session, action: str, payload: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What the station gets, and what the CSMS is answered, when every call to the station is accepted."""
    outs = list(session.receive(Side.CSMS, json.dumps([2, "c1", action, payload]), now=NOW))
    station, answers = [], []
    while outs:
        out = outs.pop(0)
        frame = json.loads(out.text)
        if out.to is Side.CSMS:
            answers.append(frame)
        else:
            station.append(frame[2:])
            answer = ANSWERS.get(frame[2], {"status": "Accepted"})
            outs += session.receive(Side.STATION, json.dumps([3, frame[1], answer]), now=NOW)
    return station, answers


ANSWERS: dict[str, Any] = {"GetConfiguration": {}, "GetDiagnostics": {"fileName": "f"}, "UpdateFirmware": {}}


def opened(pair: Pair, settings: dict[str, Any] = SETTINGS) -> Session:
    session = CROSSWALK.session("CP", station=pair.station, csms=pair.csms, settings=settings)
    session.connect(now=NOW)
    return session


def started(session: Session, connector: int) -> str:
    """Start a transaction at a connector; gives its 2.x id."""
    start = {"connectorId": connector, "idTag": "ANNA", "meterStart": 0, "timestamp": "2026-09-21T14:13:20Z"}
    (out,) = session.receive(Side.STATION, json.dumps([2, "s1", "StartTransaction", start]), now=NOW)
    frame = json.loads(out.text)
    session.receive(Side.CSMS, json.dumps([3, frame[1], {}]), now=NOW)
    identifier: str = frame[3]["transactionInfo"]["transactionId"]
    return identifier


NOTHING: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "an unknown EVSE's availability",
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 2}},
        {"status": "Rejected"},
    ),
    (
        "an EVSE that there cannot be",
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 0}},
        {"status": "Rejected"},
    ),
    (
        "a connector of no EVSE",
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 0, "connectorId": 1}},
        {"status": "Rejected"},
    ),
    (
        "profiles of a purpose that 1.6 lacks",
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"chargingProfilePurpose": "ChargingStationExternalConstraints"}},
        {"status": "Unknown"},
    ),
    (
        "profiles of an unknown EVSE",
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"evseId": 2, "stackLevel": 1}},
        {"status": "Unknown"},
    ),
    ("profiles without criteria", "ClearChargingProfile", {}, {"status": "Unknown"}),
    ("profiles with empty criteria", "ClearChargingProfile", {"chargingProfileCriteria": {}}, {"status": "Unknown"}),
    (
        "a transaction's profile for the whole station",
        "SetChargingProfile",
        {"evseId": 0, "chargingProfile": profile(chargingProfilePurpose="TxProfile")},
        {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}},
    ),
    ("one EVSE's reset", "Reset", {"type": "Immediate", "evseId": 1}, {"status": "Rejected"}),
    ("one EVSE's reset on idle", "Reset", {"type": "OnIdle", "evseId": 3}, {"status": "Rejected"}),
    ("a stop of an unknown transaction", "RequestStopTransaction", {"transactionId": "1"}, {"status": "Rejected"}),
    (
        "a start on an unknown EVSE",
        "RequestStartTransaction",
        {"remoteStartId": 1, "evseId": 2, "idToken": TOKEN},
        {"status": "Rejected"},
    ),
    (
        "a start for nobody",
        "RequestStartTransaction",
        {"remoteStartId": 1, "evseId": 1, "idToken": {"idToken": "", "type": "NoAuthorization"}},
        {"status": "Rejected"},
    ),
    (
        "a start with two schedules",
        "RequestStartTransaction",
        {
            "remoteStartId": 1,
            "evseId": 1,
            "idToken": TOKEN,
            "chargingProfile": profile(
                chargingProfilePurpose="TxProfile", chargingSchedule=profile()["chargingSchedule"] * 2
            ),
        },
        {"status": "Rejected"},
    ),
    (
        "a reservation of a connector type",
        "ReserveNow",
        {"id": 1, "expiryDateTime": EXPIRY, "idToken": TOKEN, "connectorType": "cCCS2"},
        {"status": "Rejected"},
    ),
    (
        "a reservation on an unknown EVSE",
        "ReserveNow",
        {"id": 1, "expiryDateTime": EXPIRY, "idToken": TOKEN, "evseId": 2},
        {"status": "Rejected"},
    ),
    (
        "a reservation on EVSE 0",
        "ReserveNow",
        {"id": 1, "expiryDateTime": EXPIRY, "idToken": TOKEN, "evseId": 0},
        {"status": "Rejected"},
    ),
    (
        "a profile of a purpose that 1.6 lacks",
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": profile(chargingProfilePurpose="ChargingStationExternalConstraints")},
        {"status": "Rejected"},
    ),
    (
        "a profile for a phase",
        "SetChargingProfile",
        {
            "evseId": 1,
            "chargingProfile": profile(
                chargingSchedule=[
                    {
                        "id": 1,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6, "numberPhases": 1, "phaseToUse": 3}],
                    }
                ]
            ),
        },
        {"status": "Rejected"},
    ),
    (
        "a profile of an unknown transaction",
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": profile(chargingProfilePurpose="TxProfile", transactionId="gone")},
        {"status": "Rejected"},
    ),
    (
        "a profile on an unknown EVSE",
        "SetChargingProfile",
        {"evseId": 2, "chargingProfile": profile()},
        {"status": "Rejected"},
    ),
    (
        "an absolute profile without a start",
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": profile(chargingProfileKind="Absolute")},
        {"status": "Rejected"},
    ),
    ("a schedule of an unknown EVSE", "GetCompositeSchedule", {"evseId": 2, "duration": 60}, {"status": "Rejected"}),
    ("a list of version 0", "SendLocalList", {"versionNumber": 0, "updateType": "Full"}, {"status": "Failed"}),
    (
        "an unlock of an unknown connector",
        "UnlockConnector",
        {"evseId": 2, "connectorId": 1},
        {"status": "UnknownConnector"},
    ),
    (
        "an unlock of connector 3 of an EVSE with two",
        "UnlockConnector",
        {"evseId": 1, "connectorId": 3},
        {"status": "UnknownConnector"},
    ),
    ("an unlock of EVSE 0", "UnlockConnector", {"evseId": 0, "connectorId": 1}, {"status": "UnknownConnector"}),
    (
        "a trigger for an unknown EVSE",
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
        {"status": "Rejected"},
    ),
    (
        "a trigger for the main meter alone",
        "TriggerMessage",
        {"requestedMessage": "MeterValues", "evse": {"id": 0}},
        {"status": "Rejected"},
    ),
    (
        "a trigger for a transaction where none runs",
        "TriggerMessage",
        {"requestedMessage": "TransactionEvent", "evse": {"id": 1}},
        {"status": "Rejected"},
    ),
    (
        "a trigger of a combined certificate",
        "TriggerMessage",
        {"requestedMessage": "SignCombinedCertificate"},
        {"status": "NotImplemented"},
    ),
    (
        "what a customer's data are",
        "CustomerInformation",
        {"requestId": 1, "report": True, "clear": True, "idToken": TOKEN},
        {"status": "Rejected"},
    ),
    (
        "another network",
        "SetNetworkProfile",
        {
            "configurationSlot": 1,
            "connectionData": {
                "ocppVersion": "OCPP20",
                "ocppTransport": "JSON",
                "ocppCsmsUrl": "wss://elsewhere.example",
                "messageTimeout": 30,
                "securityProfile": 1,
                "ocppInterface": "Wired0",
            },
        },
        {"status": "Rejected"},
    ),
    (
        "attribute types other than Actual",
        "SetVariables",
        variable("OCPPCommCtrlr", "HeartbeatInterval", "60", attributeType="Target"),
        {"attributeStatus": "NotSupportedAttributeType"},
    ),
    (
        "a station-wide variable at one EVSE",
        "SetVariables",
        variable("TxCtrlr", "EVConnectionTimeOut", "60", place={"evse": {"id": 1}}),
        {"attributeStatus": "UnknownComponent"},
    ),
    (
        "a list with a member that 1.6 lacks",
        "SetVariables",
        variable("SampledDataCtrlr", "TxUpdatedMeasurands", "Energy.Apparent.Import,Voltage"),
        {"attributeStatus": "Rejected"},
    ),
    (
        "the password",
        "SetVariables",
        variable("SecurityCtrlr", "BasicAuthPassword", "0123456789ABCDEF"),
        {"attributeStatus": "Rejected"},
    ),
    (
        "a URL under any name",
        "SetVariables",
        variable("OCPP16LegacyCtrlr", "Anything", "wss://elsewhere.example"),
        {"attributeStatus": "Rejected"},
    ),
    (
        "the address of the CSMS",
        "SetVariables",
        variable("OCPP16LegacyCtrlr", "CentralSystemURL", "elsewhere.example"),
        {"attributeStatus": "Rejected"},
    ),
]
"""What 1.6 cannot say: the station gets nothing, and the CSMS is refused."""

NOTHING_21: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "profiles of another purpose that 1.6 lacks",
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"chargingProfilePurpose": "PriorityCharging"}},
        {"status": "Unknown"},
    ),
    ("a reset that resumes", "Reset", {"type": "ImmediateAndResume"}, {"status": "Rejected"}),
    (
        "a dynamic profile",
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": profile(chargingProfileKind="Dynamic")},
        {"status": "Rejected"},
    ),
    (
        "a limit for each phase",
        "SetChargingProfile",
        {
            "evseId": 1,
            "chargingProfile": profile(
                chargingSchedule=[
                    {
                        "id": 1,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16, "limit_L2": 6}],
                    }
                ]
            ),
        },
        {"status": "Rejected"},
    ),
    (
        "an update of a dynamic schedule",
        "UpdateDynamicSchedule",
        {"chargingProfileId": 1, "scheduleUpdate": {"limit": 6}},
        {"status": "Rejected"},
    ),
    (
        "a log of another kind",
        "GetLog",
        {"logType": "DataCollectorLog", "requestId": 1, "log": {"remoteLocation": "https://l.example"}},
        {"status": "Rejected"},
    ),
    (
        "a trigger of a vendor",
        "TriggerMessage",
        {"requestedMessage": "CustomTrigger", "customTrigger": "x"},
        {"status": "NotImplemented"},
    ),
]

SPLIT: list[tuple[str, str, dict[str, Any], list[Any]]] = [
    (
        "an EVSE's availability",
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 1}},
        [
            ["ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}],
            ["ChangeAvailability", {"connectorId": 2, "type": "Inoperative"}],
        ],
    ),
    (
        "one connector's availability",
        "ChangeAvailability",
        {"operationalStatus": "Operative", "evse": {"id": 1, "connectorId": 2}},
        [["ChangeAvailability", {"connectorId": 2, "type": "Operative"}]],
    ),
    (
        "an EVSE's profiles of a level",
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"evseId": 1, "stackLevel": 4}},
        [
            ["ClearChargingProfile", {"connectorId": 1, "stackLevel": 4}],
            ["ClearChargingProfile", {"connectorId": 2, "stackLevel": 4}],
        ],
    ),
    (
        "the station's own profiles",
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"evseId": 0}},
        [["ClearChargingProfile", {"connectorId": 0}]],
    ),
    (
        "a status of one connector",
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 2}},
        [["TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 2}]],
    ),
    (
        "a differential list without entries",
        "SendLocalList",
        {"versionNumber": 2, "updateType": "Differential"},
        [["SendLocalList", {"listVersion": 2, "updateType": "Differential"}]],
    ),
    (
        "some diagnostics",
        "GetLog",
        {
            "logType": "SecurityLog",
            "requestId": 1,
            "log": {"remoteLocation": "https://l.example", "oldestTimestamp": EXPIRY},
        },
        [
            [
                "GetLog",
                {
                    "logType": "SecurityLog",
                    "requestId": 1,
                    "log": {"remoteLocation": "https://l.example", "oldestTimestamp": "2026-12-01T00:00:00.000Z"},
                },
            ]
        ],
    ),
    (
        "two variables, of which one may not be written",
        "SetVariables",
        {
            "setVariableData": [
                *variable("OCPPCommCtrlr", "HeartbeatInterval", "60")["setVariableData"],
                *variable("OCPPCommCtrlr", "HeartbeatInterval", "70", attributeType="MaxSet")["setVariableData"],
            ]
        },
        [["ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}]],
    ),
]
"""What 1.6 can say in parts: exactly these are sent."""


def rows(table: list[Any], pairs: list[Pair]) -> list[Any]:
    """A parameter set for each row of ``table``, on each pair."""
    return [pytest.param(pair, *rest, id=f"{pair}: {name}") for pair in pairs for name, *rest in table]


@pytest.mark.parametrize(("pair", "action", "payload", "answer"), [*rows(NOTHING, PAIRS), *rows(NOTHING_21, PAIRS[1:])])
def test_the_station_gets_nothing(pair: Pair, action: str, payload: dict[str, Any], answer: dict[str, Any]) -> None:
    assert violation(pair.csms, action, "request", payload, formats=True) is None, "the call has to be valid"
    station, answers = told(opened(pair), action, payload)
    assert station == []
    (frame,) = answers
    assert frame[:2] == [3, "c1"]
    given = frame[2].get("setVariableResult", [frame[2]])[0]
    assert {name: given.get(name) for name in answer} == answer


@pytest.mark.parametrize(("pair", "action", "payload", "calls"), rows(SPLIT, PAIRS))
def test_the_station_gets_just_this(pair: Pair, action: str, payload: dict[str, Any], calls: list[Any]) -> None:
    assert violation(pair.csms, action, "request", payload, formats=True) is None, "the call has to be valid"
    assert told(opened(pair), action, payload)[0] == calls


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_profile_of_a_transaction_is_for_its_connector_only(pair: Pair) -> None:
    session = opened(pair)
    wanted = profile(chargingProfilePurpose="TxProfile", transactionId=started(session, 2))
    station, _ = told(session, "SetChargingProfile", {"evseId": 1, "chargingProfile": wanted})
    assert [payload["connectorId"] for _, payload in station] == [2]
    assert told(opened(pair), "SetChargingProfile", {"evseId": 3, "chargingProfile": wanted})[0] == []


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_reset_on_idle_does_not_end_a_transaction(pair: Pair) -> None:
    session = opened(pair)
    started(session, 1)
    station, answers = told(session, "Reset", {"type": "OnIdle"})
    assert station == []
    assert answers == [[3, "c1", {"status": "Scheduled"}]]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_an_unlock_does_not_end_a_transaction(pair: Pair) -> None:
    session = opened(pair)
    started(session, 2)
    assert told(session, "UnlockConnector", {"evseId": 1, "connectorId": 2})[0] == []
    assert told(session, "UnlockConnector", {"evseId": 1, "connectorId": 1})[0] == [
        ["UnlockConnector", {"connectorId": 1}]
    ]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_firmware_that_nobody_verifies_is_not_installed(pair: Pair) -> None:
    firmware = {
        "location": "https://f.example",
        "retrieveDateTime": EXPIRY,
        "signature": "S",
        "signingCertificate": "C",
    }
    session = opened(pair, {"topology": TOPOLOGY})
    station, (answer,) = told(session, "UpdateFirmware", {"requestId": 1, "firmware": firmware})
    assert [action for action, _ in station] == ["GetConfiguration"]
    assert answer[2]["status"] == "Rejected"


SCOPES = {
    "ChangeAvailability": ("evse", "id", "connectorId"),
    "TriggerMessage": ("evse", "id", "connectorId"),
    "ClearChargingProfile": ("chargingProfileCriteria", "evseId", None),
    "SetChargingProfile": (None, "evseId", None),
    "GetCompositeSchedule": (None, "evseId", None),
    "ReserveNow": (None, "evseId", None),
    "RequestStartTransaction": (None, "evseId", None),
    "UnlockConnector": (None, "evseId", "connectorId"),
}
"""Where each command of 2.x says which EVSE, and which connector of it."""
IRRELEVANT = ("BootNotification", "FirmwareStatusNotification", "Heartbeat", "LogStatusNotification")
"""Triggers for which an EVSE means nothing (F06.FR.03)."""


@pytest.mark.parametrize("action", SCOPES)
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_no_generated_command_leaves_its_scope(pair: Pair, action: str) -> None:
    """The connectors that the station is told lie in the EVSE that the CSMS named; where it named one, one is told."""
    rng = random.Random(f"{pair} {action}")
    holder, evse_name, connector_name = SCOPES[action]
    seen = 0
    for _ in range(150):
        payload = random_payload(rng, pair.csms, action, "request")
        if "chargingProfile" in payload:
            payload["chargingProfile"] = profile()
        place = payload if holder is None else payload.get(holder)
        if not isinstance(place, dict) or evse_name not in place:
            continue
        place[evse_name] = rng.choice((0, 1, 2, 3, 4, -1 if pair.csms is Version.V201 else 7))
        if connector_name and connector_name in place:
            place[connector_name] = rng.choice((1, 2, 3))
        if violation(pair.csms, action, "request", payload, formats=True) is not None:
            continue
        if payload.get("requestedMessage") in IRRELEVANT or "chargingProfileId" in payload:
            continue
        evse, connector = place[evse_name], place.get(connector_name or "")
        allowed = {
            number
            for number, (evse_id, connector_id) in enumerate(TOPOLOGY, 1)
            if evse_id == evse and connector in (None, connector_id)
        }
        # An EVSE beyond those that the setting lists may exist: connector n is then EVSE n (docs/decisions.md).
        allowed |= {evse} if evse > len(TOPOLOGY) and connector in (None, 1) else set()
        allowed |= {0} if evse == 0 and connector is None else set()
        station, _ = told(opened(pair), action, payload)
        for name, sent in station:
            if name in ("GetConfiguration", "DataTransfer", "ExtendedTriggerMessage"):
                continue
            seen += 1
            assert sent.get("connectorId") in allowed, (payload, name, sent)
    assert seen > 0
