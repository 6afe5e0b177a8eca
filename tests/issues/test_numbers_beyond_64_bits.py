"""Found by tools/hostile.py: a whole number beyond 64 bits came into the state, which then could not be saved."""

from __future__ import annotations

import json

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
