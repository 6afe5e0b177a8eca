"""What stations get wrong and can mean only one thing is put right, reported, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, EventKind, Session
from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Version

CROSSWALK = Crosswalk.load()
TIME = "2026-01-01T00:00:00Z"
SAMPLE: dict[str, Any] = {"value": "1", "unit": "Wh"}


def opened(crosswalk: Crosswalk = CROSSWALK) -> Session:
    session = crosswalk.session("CP", station="ocpp1.6", csms="ocpp2.0.1")
    session.connect(now=1.8e9)
    return session


def arrives(action: str, payload: dict[str, Any], session: Session | None = None) -> tuple[list[Any], list[str]]:
    """The frames that leave, and the repairs that were reported."""
    session = session or opened()
    outs = session.receive("station", json.dumps([2, "1", action, payload]), now=1.8e9 + 1)
    repairs = [event.text for event in session.take_events() if event.kind is EventKind.REPAIRED]
    return [json.loads(out.text) for out in outs], repairs


def meter(**sample: Any) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": TIME, "sampledValue": [{**SAMPLE, **sample}]}]}


@pytest.mark.parametrize(
    ("action", "payload", "said"),
    [
        ("MeterValues", meter(unit="kwh"), "'kwh' is taken as 'kWh'"),
        ("MeterValues", meter(measurand="Frequency", unit="Hz"), "'Hz' is taken as 'Hertz'"),
        ("MeterValues", meter(value=12.5), "12.5 is taken as '12.5'"),
        ("MeterValues", meter(context="sample.periodic"), "is taken as 'Sample.Periodic'"),
        ("MeterValues", meter(phase=""), "removed, it says nothing"),
        ("MeterValues", {**meter(), "connectorId": "1"}, "'1' is taken as 1"),
        ("MeterValues", {**meter(), "transactionId": None}, "removed, it says nothing"),
        ("MeterValues", {**meter(), "vendorField": 1}, "removed, OCPP has no such field"),
        (
            "StatusNotification",
            {"connectorId": 1, "status": "suspendedEV", "errorCode": "No Error", "info": "x" * 60},
            "is taken as 'SuspendedEV'",
        ),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": "A", "meterStart": 5.0, "timestamp": "2026-01-01 00:00:00"},
            "is taken as '2026-01-01T00:00:00.000Z'",
        ),
        (
            "StartTransaction",
            {"connectorId": 1, "idtag": "A", "meterStart": 5, "timestamp": TIME},
            "idtag: is called idTag",
        ),
    ],
)
def test_it_is_repaired_and_said(action: str, payload: dict[str, Any], said: str) -> None:
    assert violation(Version.V16, action, "request", payload, formats=True) is not None
    frames, repairs = arrives(action, payload)
    assert frames and not any(frame[0] == 4 for frame in frames), frames
    assert any(said in text for text in repairs), repairs


def test_a_long_identifier_is_never_cut() -> None:
    payload = {"connectorId": 1, "idTag": "x" * 21, "meterStart": 5, "timestamp": TIME}
    (frame,), repairs = arrives("StartTransaction", payload)
    assert frame[0] == 4
    assert not repairs


def test_what_may_mean_two_things_is_refused() -> None:
    (frame,), _ = arrives("StatusNotification", {"connectorId": 1, "status": "Suspended", "errorCode": "NoError"})
    assert frame[:3] == [4, "1", "PropertyConstraintViolation"]


def test_a_valid_message_is_not_touched() -> None:
    payload = {"connectorId": 1, "status": "Available", "errorCode": "NoError", "info": "", "timestamp": TIME}
    assert arrives("StatusNotification", payload)[1] == []


def test_answers_of_the_station_are_repaired_too() -> None:
    session = opened()
    (out,) = session.receive("csms", '[2,"1","ClearCache",{}]', now=1.8e9 + 1)
    message_id = json.loads(out.text)[1]
    (out,) = session.receive("station", json.dumps([3, message_id, {"status": "accepted", "x": 1}]), now=1.8e9 + 2)
    assert json.loads(out.text) == [3, "1", {"status": "Accepted"}]


def test_the_csms_is_held_to_its_schema() -> None:
    (out,) = opened().receive("csms", '[2,"1","ClearCache",{"x":1}]', now=1.8e9 + 1)
    assert json.loads(out.text)[0] == 4


def test_a_vendor_has_repairs_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "repairs" / "acme.yaml"
    file.parent.mkdir()
    file.write_text("repairs: acme\nmatch: {vendor: ACME*}\nspellings: {Loading: Charging}\n", "utf-8")
    crosswalk = Crosswalk.load([tmp_path])
    status = {"connectorId": 1, "status": "Loading", "errorCode": "NoError"}
    for vendor, accepted in (("Acme Ltd", True), ("Other", False)):
        session = opened(crosswalk)
        session.receive(
            "station",
            json.dumps([2, "b", "BootNotification", {"chargePointVendor": vendor, "chargePointModel": "M"}]),
            now=1.8e9,
        )
        frames, repairs = arrives("StatusNotification", status, session)
        assert bool(repairs) is accepted
        assert any(frame[0] == 4 for frame in frames) is not accepted
