"""Found by tools/hostile.py: an EVSE of the number 1e308 was kept as text, and every later message failed at it."""

from __future__ import annotations

import json

import pytest

from ocpp_crosswalk import Crosswalk

CROSSWALK = Crosswalk.load()


@pytest.mark.parametrize("number", ["1e308", "5.0", "2147483648", "5"])
def test_a_number_that_no_evse_has_spoils_nothing(number: str) -> None:
    session = CROSSWALK.session("CP-1", station="ocpp2.0.1", csms="ocpp1.6")
    session.connect(now=1.8e9)
    status = {"timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": 77, "connectorId": 1}
    text = json.dumps([2, "1", "StatusNotification", status]).replace("77", number)
    for out in session.receive("station", text, now=1.8e9):
        frame = json.loads(out.text)
        if frame[0] == 2:
            session.receive("csms", json.dumps([3, frame[1], {}]), now=1.8e9)
    assert all(key.isdecimal() for key in json.loads(session.state)["data"].get("topology", {}).get("learnt", {}))
    values = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": 1}]}]
    (out,) = session.receive(
        "station", json.dumps([2, "2", "MeterValues", {"evseId": 1, "meterValue": values}]), now=1.8e9
    )
    assert json.loads(out.text)[2] == "MeterValues"
