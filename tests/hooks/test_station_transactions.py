"""What of the TransactionEvents of a 2.x station a 1.6 CSMS is not told, and that this is said."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Pair, Version
from ocpp_crosswalk.hooks.station_answers import charging_begun, charging_over, charging_stopped
from ocpp_crosswalk.hooks.station_transactions import charging_event
from ocpp_crosswalk.hooks.topology import learn
from ocpp_crosswalk.view import View

SETTINGS = Crosswalk.load().with_settings({})


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def view(notes: list[str]) -> View:
    return View(
        identity="CP",
        pair=Pair(Version.V201, Version.V16),
        settings=SETTINGS,
        data={},
        fresh_id=lambda: "id",
        note=notes.append,
    )


def _event(kind: str, minute: int, trigger: str = "MeterValuePeriodic", **more: Any) -> dict[str, Any]:
    event = {"id": "T", "type": kind, "timestamp": _time(minute), "trigger": trigger, "reason": "Local"}
    return event | {"free": False} | more


def _time(minute: int) -> str:
    return f"2026-01-01T00:{minute:02}:00.000Z"


def _reading(minute: int, wh: float, **sample: Any) -> dict[str, Any]:
    return {"timestamp": _time(minute), "sampledValue": [{"value": wh, **sample}]}


def _begin(view: View) -> None:
    place = {"evse": {"id": 1, "connectorId": 1}, "tag": "ANNA", "meterValue": [_reading(0, 1000)]}
    plan = charging_event(view, _event("Started", 0, "Authorized", **place))
    assert plan["start"]["meterStart"] == 1000
    charging_begun(view, "T", 7, {"status": "Accepted"})


def test_registers_below_those_of_the_first_driver_are_reported_at_the_end(view: View, notes: list[str]) -> None:
    _begin(view)
    charging_event(view, _event("Updated", 10, "StopAuthorized", tag="ANNA", meterValue=[_reading(10, 2000)]))
    assert charging_stopped(view, "T", 7)
    charging_event(view, _event("Updated", 20, "Authorized", tag="BEN"))
    charging_begun(view, "T", 8, {"status": "Accepted"})
    assert not notes
    readings = [_reading(0, 1000, context="Transaction.Begin"), _reading(5, 1500), _reading(30, 7000)]
    plan = charging_event(view, _event("Ended", 30, meterValue=readings))
    assert plan["register"]["floor"] == 2000
    assert notes == ["2 registers, from 1000 Wh on, are below the 2000 Wh told before; left out"]


def test_registers_that_come_after_the_end_and_are_below_it_are_reported(view: View, notes: list[str]) -> None:
    _begin(view)
    charging_event(view, _event("Ended", 10, meterValue=[_reading(10, 2000)]))
    assert charging_stopped(view, "T", 7)
    assert charging_over(view, "T")
    charging_event(view, _event("Updated", 11, meterValue=[_reading(9, 2000)]))
    assert not notes
    charging_event(view, _event("Updated", 11, meterValue=[_reading(9, 1900)]))
    assert notes == ["1 registers, from 1900 Wh on, are below the 2000 Wh told before; left out"]


def test_readings_before_the_evse_is_known_are_reported(view: View, notes: list[str]) -> None:
    charging_event(view, _event("Started", 0, "EVDetected", meterValue=[_reading(0, 1000)]))
    assert not notes
    plan = charging_event(view, _event("Updated", 1, meterValue=[_reading(1, 80, measurand="SoC")]))
    assert "values" not in plan
    assert notes == ["readings of transaction T are left out: it has not begun for the CSMS, and its EVSE is not known"]


def test_readings_after_an_end_without_an_evse_are_reported(view: View, notes: list[str]) -> None:
    charging_event(view, _event("Started", 0, "EVDetected"))
    charging_event(view, _event("Ended", 10, "EVDeparted"))
    assert charging_over(view, "T")
    notes.clear()
    charging_event(view, _event("Updated", 11, meterValue=[_reading(9, 2000)]))
    assert notes == ["readings of transaction T are left out: it has ended, and its EVSE is not known"]


def test_readings_before_the_beginning_that_are_late_are_not_those_of_the_next_transaction(
    view: View, notes: list[str]
) -> None:
    place = {"evse": {"id": 1, "connectorId": 1}}
    charging_event(view, _event("Started", 0, "CablePluggedIn", **place))
    charging_event(view, _event("Started", 10, "CablePluggedIn", **place) | {"id": "U"})
    plan = charging_event(view, _event("Updated", 1, meterValue=[_reading(1, 80, measurand="SoC")]))
    assert "values" not in plan
    assert "another one runs on its connector" in notes[0]


def test_a_connector_that_is_named_too_late_is_reported_once(view: View, notes: list[str]) -> None:
    _begin(view)
    for minute in (1, 2):
        charging_event(view, _event("Updated", minute, "CablePluggedIn", evse={"id": 1, "connectorId": 2}))
    assert notes == ["transaction T is on connector 2, but began on 1 for the CSMS"]


@pytest.mark.parametrize(
    "event", [_event("Updated", 1, "ChargingStateChanged", chargingState="Charging"), _event("Ended", 1)]
)
def test_a_connector_that_is_never_named_has_a_stand_in(view: View, notes: list[str], event: dict[str, Any]) -> None:
    for number in (1, 2):
        learn(view, 1, number)
    plan = charging_event(
        view, _event("Started", 0, "Authorized", evse={"id": 1}, tag="ANNA", meterValue=[_reading(0, 1000)])
    )
    assert "start" not in plan
    assert charging_event(view, event)["start"]["connectorId"] == 1
    assert notes == ["transaction T does not name its connector of EVSE 1; 1 stands in"]


def test_a_late_reading_does_not_lower_the_register_that_the_csms_knows(view: View, notes: list[str]) -> None:
    _begin(view)
    charging_event(view, _event("Updated", 5, meterValue=[_reading(0, 900, context="Transaction.Begin")]))
    plan = charging_event(view, _event("Ended", 6))
    assert plan["stop"]["meterStop"] == 1000
    assert len(notes) == 1


def test_an_end_whose_beginning_never_comes_is_not_kept_where_the_evse_is_known(view: View) -> None:
    charging_event(view, _event("Ended", 10, "EVDeparted", evse={"id": 1}))
    assert charging_over(view, "T")
    charging_event(view, _event("Ended", 10, "EVDeparted") | {"id": "U"})
    assert not charging_over(view, "U")
