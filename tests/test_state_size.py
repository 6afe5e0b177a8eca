"""The state of a station stays small: whatever it did, and whatever it was sent, it is bounded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Pair, Session
from ocpp_crosswalk.versions import Side, Version

START = 1_790_000_000.0
Json = dict[str, Any]
Call = tuple[str, Json]


@pytest.fixture(scope="module")
def crosswalk() -> Crosswalk:
    return Crosswalk.load()


class Life:
    """A station's link whose far side answers everything at once."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair) -> None:
        self.pair = pair
        self.now = START
        self.session: Session = crosswalk.session("CP-1", station=pair.station, csms=pair.csms)
        self.session.connect(now=self.now)
        self.numbers = 0

    def call(self, action: str, payload: Json, side: Side = Side.STATION) -> Any:
        """One call and its answer."""
        self.now += 1
        self.numbers += 1
        name = f"m{self.numbers}"
        waiting = list(self.session.receive(side, json.dumps([2, name, action, payload]), now=self.now))
        answer = None
        while waiting:
            out = waiting.pop(0)
            frame = json.loads(out.text)
            if frame[0] == 2:
                text = json.dumps([3, frame[1], self.answer(frame[2])])
                waiting += self.session.receive(out.to, text, now=self.now)
            elif frame[1] == name:
                answer = frame
        self.session.take_events()
        return answer

    def answer(self, action: str) -> Json:
        """What the far side says to a call."""
        self.numbers += 1
        if action == "StartTransaction":
            return {"transactionId": self.numbers, "idTagInfo": {"status": "Accepted"}}
        return {}

    @property
    def size(self) -> int:
        """Bytes of the state document."""
        return len(json.dumps(self.session.state))


def stamp(number: int) -> str:
    day, second = divmod(number, 86400)
    return f"2026-01-{day + 1:02}T{second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}Z"


def charge_16(life: Life, number: int) -> None:
    """A transaction of a 1.6 station, with a token of its own."""
    start = {"connectorId": 1, "idTag": f"TAG{number:08}", "meterStart": number, "timestamp": stamp(3 * number)}
    begun = life.call("StartTransaction", start)
    tx = begun[2]["transactionId"]
    value = {"timestamp": stamp(3 * number + 1), "sampledValue": [{"value": str(number)}]}
    assert life.call("MeterValues", {"connectorId": 1, "transactionId": tx, "meterValue": [value]})[0] == 3
    stop = {"transactionId": tx, "meterStop": number, "timestamp": stamp(3 * number + 2)}
    assert life.call("StopTransaction", stop)[0] == 3


def charge_2x(life: Life, number: int) -> None:
    """A transaction of a 2.x station, with a token too long for 1.6."""
    for seq, (kind, reason) in enumerate(
        [("Started", "Authorized"), ("Updated", "MeterValuePeriodic"), ("Ended", "StopAuthorized")]
    ):
        event: Json = {
            "eventType": kind,
            "triggerReason": reason,
            "seqNo": seq,
            "timestamp": stamp(3 * number + seq),
            "transactionInfo": {"transactionId": f"tx-{number}"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [{"timestamp": stamp(3 * number + seq), "sampledValue": [{"value": number}]}],
        }
        if kind == "Started":
            event["idToken"] = {"idToken": f"a-token-longer-than-20-{number:08}", "type": "Central"}
        assert life.call("TransactionEvent", event)[0] == 3


LIVES: list[tuple[str, Callable[[Life, int], None]]] = [
    ("ocpp1.6--ocpp2.0.1", charge_16),
    ("ocpp2.0.1--ocpp1.6", charge_2x),
    ("ocpp2.1--ocpp2.0.1", charge_2x),
]


@pytest.mark.parametrize(("pair", "charge"), LIVES)
def test_transactions_leave_no_trace_that_grows(
    crosswalk: Crosswalk, pair: str, charge: Callable[[Life, int], None]
) -> None:
    life = Life(crosswalk, Pair.parse(pair))
    sizes = []
    for number in range(900):
        charge(life, number)
        if number % 300 == 299:
            sizes.append(life.size)
    assert sizes[2] <= sizes[1] * 1.02
    assert max(sizes) < 64 * 1024
