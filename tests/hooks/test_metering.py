"""Signed values of a 1.6 station go as far as the CSMS's version lets them."""

from __future__ import annotations

import json

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.hooks.metering import LONGEST_SIGNED
from ocpp_crosswalk.schemas import request_schema, walk
from ocpp_crosswalk.versions import Version


@pytest.mark.parametrize("action", ["MeterValues", "TransactionEvent"])
@pytest.mark.parametrize("version", LONGEST_SIGNED)
def test_signed_values_have_the_bounds_of_the_schema(version: Version, action: str) -> None:
    signed = walk(request_schema(version, action), ["meterValue", "sampledValue", "signedMeterValue"])
    assert signed is not None
    bounds = {name: member.get("maxLength") for name, member in signed["properties"].items() if name != "customData"}
    assert bounds == LONGEST_SIGNED[version]


@pytest.mark.parametrize("version", LONGEST_SIGNED)
@pytest.mark.parametrize("over", [0, 4])
def test_signed_data_goes_whole_or_not_at_all(version: Version, over: int) -> None:
    session = Crosswalk.load().session("CP-1", station="ocpp1.6", csms=version)
    data = "A" * (LONGEST_SIGNED[version]["signedMeterData"] + over)
    values = [{"value": "7"}, {"value": data, "format": "SignedData"}]
    payload = {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-01T00:00:10Z", "sampledValue": values}]}
    (out,) = session.receive("station", json.dumps([2, "m1", "MeterValues", payload]), now=1_790_000_000.0)
    (sampled,) = json.loads(out.text)[3]["meterValue"][0]["sampledValue"]
    assert sampled["value"] == 7
    assert sampled.get("signedMeterValue", {}).get("signedMeterData") == (None if over else data)
