"""What is left out under a condition, in the middle of a payload, is reported where it happens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, EventKind

NOW = 1_790_000_000.0
TIME = "2026-01-01T00:00:10Z"
CROSSWALK = Crosswalk.load()
LONG = "x" * 600


def _sample(**more: Any) -> dict[str, Any]:
    return {"evseId": 1, "meterValue": [{"timestamp": TIME, "sampledValue": [{"value": 1}, {"value": 80, **more}]}]}


def _message(content: str, kind: str) -> dict[str, Any]:
    return {"id": 1, "priority": "NormalCycle", "message": {"content": content, "format": kind}}


LIMIT = {"startPeriod": 0, "limit": 6}


@pytest.mark.parametrize(
    ("action", "payload", "reason"),
    [
        ("MeterValues", _sample(measurand="Display.PresentSOC"), "no values of a display"),
        (
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
            "NotifyDisplayMessages",
            {"requestId": 1, "messageInfo": [_message("Hello", "UTF8"), _message(LONG, "URI")]},
            "leads nowhere",
        ),
        (
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
    ],
)
def test_it_is_reported(action: str, payload: dict[str, Any], reason: str) -> None:
    session = CROSSWALK.session("CP-1", station="ocpp2.1", csms="ocpp2.0.1")
    session.connect(now=NOW)
    (out,) = session.receive("station", json.dumps([2, "m1", action, payload]), now=NOW)
    assert json.loads(out.text)[2] == action
    (event,) = [event for event in session.take_events() if reason in event.text]
    assert event.kind is EventKind.DROPPED_FIELD
    assert (event.action, event.message_id) == (action, "m1")


@pytest.mark.parametrize(("phases", "told"), [(5, True), (-1, True), (3, False)])
def test_a_number_of_phases_that_cannot_be_is_reported(phases: int, told: bool) -> None:
    session = CROSSWALK.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    session.connect(now=NOW)
    ask = [2, "m1", "GetCompositeSchedule", {"evseId": 1, "duration": 60}]
    (out,) = session.receive("csms", json.dumps(ask), now=NOW)
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [LIMIT, {**LIMIT, "numberPhases": phases}]}
    answer = {"status": "Accepted", "chargingSchedule": schedule}
    session.receive("station", json.dumps([3, json.loads(out.text)[1], answer]), now=NOW)
    fields = [event.detail["field"] for event in session.take_events() if event.kind is EventKind.DROPPED_FIELD]
    assert fields == (["chargingSchedule.chargingSchedulePeriod.numberPhases"] if told else [])


def test_what_is_carried_is_not() -> None:
    session = CROSSWALK.session("CP-1", station="ocpp2.1", csms="ocpp2.0.1")
    session.connect(now=NOW)
    session.receive("station", json.dumps([2, "m1", "MeterValues", _sample(measurand="SoC")]), now=NOW)
    assert not [event for event in session.take_events() if event.kind is EventKind.DROPPED_FIELD]
