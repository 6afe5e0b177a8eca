"""Reservations over a time without a link."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Session
from ocpp_crosswalk.session import Out

START = 1_790_000_000.0
EXPIRY = START + 100
BACK = START + 300


def time_of(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def frames(outs: list[Out]) -> list[Any]:
    return [json.loads(out.text) for out in outs]


def actions(outs: list[Out]) -> list[str]:
    return [frame[2] for frame in frames(outs) if frame[0] == 2]


@pytest.fixture
def back() -> Session:
    """The link of a station that was away when its reservation expired, up again."""
    crosswalk = Crosswalk.load()
    session = crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    session.connect(now=START)
    wish = {"id": 7, "expiryDateTime": time_of(EXPIRY), "idToken": {"idToken": "A", "type": "Central"}, "evseId": 1}
    (asked,) = frames(session.receive("csms", json.dumps([2, "1", "ReserveNow", wish]), now=START))
    session.receive("station", json.dumps([3, asked[1], {"status": "Accepted"}]), now=START)
    again = crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1", state=session.state)
    assert actions(again.connect(now=BACK)) == []
    return again


def test_a_reservation_that_was_used_meanwhile_is_not_told_as_expired(back: Session) -> None:
    assert actions(back.expire(now=BACK + 1)) == []
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": time_of(START + 50), "reservationId": 7}
    (started,) = frames(back.receive("station", json.dumps([2, "1", "StartTransaction", start]), now=BACK + 2))
    assert (started[2], started[3]["reservationId"]) == ("TransactionEvent", 7)
    back.receive("csms", json.dumps([3, started[1], {}]), now=BACK + 3)
    assert actions(back.expire(now=BACK + 600)) == []


def test_one_that_was_not_used_is_told_as_expired_after_a_while(back: Session) -> None:
    assert actions(back.expire(now=BACK + 1)) == []
    assert actions(back.expire(now=BACK + 61)) == ["ReservationStatusUpdate"]
