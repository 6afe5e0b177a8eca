"""What goes on shortened between a 2.x station and a 1.6 CSMS is reported, and only that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, EventKind
from ocpp_crosswalk.versions import Side

NOW = 1_790_000_000.0
CROSSWALK = Crosswalk.load()


def told(side: Side, action: str, payload: dict[str, Any]) -> list[tuple[EventKind, str]]:
    """What is reported when the call arrives and is answered with nothing but Accepted."""
    session = CROSSWALK.session("CP-1", station="ocpp2.0.1", csms="ocpp1.6")
    session.connect(now=NOW)
    (out,) = session.receive(side, json.dumps([2, "m1", action, payload]), now=NOW)
    frame = json.loads(out.text)
    answer: dict[str, Any] = {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 300}
    if frame[2] == "SetVariables":
        (row,) = frame[3]["setVariableData"]
        parts = {"component": row["component"], "variable": row["variable"]}
        answer = {"setVariableResult": [{**parts, "attributeStatus": "Accepted"}]}
    session.receive(out.to, json.dumps([3, frame[1], answer]), now=NOW)
    return [(event.kind, event.text) for event in session.take_events()]


@pytest.mark.parametrize(("length", "cut"), [(20, False), (21, True)])
def test_a_vendors_name(length: int, cut: bool) -> None:
    boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "V" * length, "model": "M"}}
    events = told(Side.STATION, "BootNotification", boot)
    reported = any(kind is EventKind.DROPPED_FIELD and "20 characters" in text for kind, text in events)
    assert reported is cut


@pytest.mark.parametrize(
    ("value", "phases"),
    [("Voltage,SoC", None), ("Voltage.L1,SoC,Current.Import.L2-N", "Voltage.L1, Current.Import.L2-N")],
)
def test_the_phases_of_measurands(value: str, phases: str | None) -> None:
    events = told(Side.CSMS, "ChangeConfiguration", {"key": "MeterValuesSampledData", "value": value})
    notes = [text for kind, text in events if kind is EventKind.NOTE]
    assert notes == (
        []
        if phases is None
        else [f"MeterValuesSampledData: OCPP 2.x has no phases of measurands; told without one: {phases}"]
    )
