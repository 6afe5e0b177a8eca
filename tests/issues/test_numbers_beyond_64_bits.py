"""Found by tools/hostile.py: a whole number beyond 64 bits came into the state, which then could not be saved."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.expressions import Expression, Scope
from ocpp_crosswalk.hooks import BUILTIN


@pytest.mark.parametrize("register", [1e308, -1e308, 2.0**64])
def test_a_register_that_no_integer_holds(register: float) -> None:
    session = Crosswalk.load().session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    session.connect(now=1.8e9)
    # the number of the reservation can be repaired; the register was made a whole number of 309 digits with it
    start = {"connectorId": 1, "idTag": "A", "timestamp": "2026-01-01T00:00:00Z", "reservationId": "38"}
    frame = json.dumps([2, "1", "StartTransaction", {**start, "meterStart": register}])
    (out,) = session.receive("station", frame, now=1.8e9)
    assert json.loads(out.text)[:3] == [4, "1", "TypeConstraintViolation"]
    assert session.state


@pytest.mark.parametrize("source", ["a * 4", "a + a", "-a - a"])
def test_a_calculation_stays_what_json_can_carry(source: str) -> None:
    value = Expression(source, BUILTIN).evaluate({"a": 2**63 - 1}, Scope({}))
    assert isinstance(value, float)
    assert orjson.dumps(value)


_PERIOD = {"startPeriod": 0, "limit": 1e308}
_SCHEDULE = {"evseId": 1, "duration": 60, "scheduleStart": "2026-01-01T00:00:00Z", "chargingRateUnit": "A"}
_NEEDS = {
    "requestedEnergyTransfer": "AC_single_phase",
    "acChargingParameters": dict.fromkeys(("energyAmount", "evMinCurrent", "evMaxCurrent", "evMaxVoltage"), 1e30),
}
_UNPLUGGED = {"vendorId": "org.openchargealliance.costmsg", "messageId": "ConnectorUnplugged"}
_TAKEN = {"status": "Accepted"}
_STARTED = {
    "eventType": "Started",
    "timestamp": "2026-01-01T00:00:00Z",
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "T"},
    "evse": {"id": 1, "connectorId": 1},
    "idToken": {"idToken": "A", "type": "Local"},
    "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": 1e300}]}],
}
_BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


@pytest.mark.parametrize(
    ("station", "csms", "side", "call", "answer"),
    [
        (
            "ocpp1.6",
            "ocpp2.0.1",
            "station",
            ["BootNotification", _BOOT],
            {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 1e30},
        ),
        ("ocpp1.6", "ocpp2.0.1", "station", ["DataTransfer", {**_UNPLUGGED, "data": '{"transactionId": 1e300}'}], {}),
        ("ocpp2.0.1", "ocpp1.6", "station", ["TransactionEvent", _STARTED], {"transactionId": 1, "idTagInfo": _TAKEN}),
        ("ocpp2.1", "ocpp2.0.1", "station", ["NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": _NEEDS}], {}),
        (
            "ocpp2.0.1",
            "ocpp1.6",
            "csms",
            ["GetCompositeSchedule", {"connectorId": 1, "duration": 60}],
            {"status": "Accepted", "schedule": {**_SCHEDULE, "chargingSchedulePeriod": [_PERIOD]}},
        ),
    ],
)
def test_a_number_that_was_calculated_leaves_or_is_refused(
    station: str, csms: str, side: str, call: list[Any], answer: dict[str, Any]
) -> None:
    session = Crosswalk.load().session("CP-1", station=station, csms=csms)
    session.connect(now=1.8e9)
    outs = session.receive(side, json.dumps([2, "1", *call]), now=1.8e9)
    for out in list(outs):
        frame = json.loads(out.text)
        if frame[0] == 2:
            outs += session.receive(out.to, json.dumps([3, frame[1], answer]), now=1.8e9)
    assert outs
    assert not [event for event in session.take_events() if "the mapping fails" in event.text]
    assert session.state
