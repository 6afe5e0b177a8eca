"""The state of a station stays small: whatever it did, and whatever it was sent, it is bounded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Pair, Session
from ocpp_crosswalk.peer import MAX_WAITING, MAX_WAITING_BYTES
from ocpp_crosswalk.versions import Side

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
        return len(self.session.state)


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
    for number in range(600):
        charge(life, number)
        if number % 200 == 199:
            sizes.append(life.size)
    assert sizes[2] <= sizes[1] * 1.02
    assert max(sizes) < 64 * 1024


def test_the_token_that_was_used_last_can_be_given_back(crosswalk: Crosswalk) -> None:
    """However many came before it, and however old it is when it is used all the time."""
    life = Life(crosswalk, Pair.parse("ocpp2.0.1--ocpp1.6"))
    always, others = "a-token-longer-than-20-characters", "another-token-longer-than-20-"

    def alias(token: str) -> str:
        life.now += 1
        call = [2, f"a{life.now}", "Authorize", {"idToken": {"idToken": token, "type": "Central"}}]
        (out,) = life.session.receive("station", json.dumps(call), now=life.now)
        asked = json.loads(out.text)
        answer = {"idTagInfo": {"status": "Accepted", "parentIdTag": asked[3]["idTag"]}}
        (back,) = life.session.receive("csms", json.dumps([3, asked[1], answer]), now=life.now)
        assert json.loads(back.text)[2]["idTokenInfo"]["groupIdToken"]["idToken"] == token
        return str(asked[3]["idTag"])

    first = alias(always)
    for number in range(1000):
        alias(f"{others}{number:06}")
        if number % 100 == 0:
            assert alias(always) == first
    assert life.size < 100 * 1024


def test_connectors_that_no_station_has_take_no_room(crosswalk: Crosswalk) -> None:
    for pair in ("ocpp1.6--ocpp2.0.1", "ocpp2.0.1--ocpp1.6"):
        life = Life(crosswalk, Pair.parse(pair))
        for number in range(1, 1200):
            if pair.startswith("ocpp1.6"):
                error = {"connectorId": number, "errorCode": "GroundFailure", "status": "Faulted"}
                assert life.call("StatusNotification", error)[0] == 3
            else:
                status = {"timestamp": stamp(number), "connectorStatus": "Faulted", "evseId": number, "connectorId": 1}
                assert life.call("StatusNotification", status)[0] in (3, 4)
        assert life.size < 64 * 1024


def test_a_flood_of_calls_is_answered_not_kept(crosswalk: Crosswalk) -> None:
    """The CSMS does not answer: what cannot wait is answered with an error at once, and nothing is lost in silence."""
    life = Life(crosswalk, Pair.parse("ocpp1.6--ocpp2.0.1"))
    errors = []
    for number in range(2000):
        outs = life.session.receive("station", json.dumps([2, f"f{number}", "Authorize", {"idTag": "A"}]), now=START)
        errors += [json.loads(out.text) for out in outs if out.to is Side.STATION]
    assert len(errors) == 2000 - MAX_WAITING - 1
    assert {tuple(error[:1] + error[2:4]) for error in errors} == {
        (4, "GenericError", "too many calls wait for an answer already")
    }
    assert life.size < 64 * 1024
    answered = set()
    for _ in range(MAX_WAITING + 1):
        now = life.session.due
        assert now is not None
        answered |= {json.loads(out.text)[1] for out in life.session.expire(now=now) if out.to is Side.STATION}
    assert answered | {error[1] for error in errors} == {f"f{number}" for number in range(2000)}


def test_large_calls_wait_by_their_size(crosswalk: Crosswalk) -> None:
    life = Life(crosswalk, Pair.parse("ocpp1.6--ocpp2.0.1"))
    data = {"vendorId": "V", "data": "x" * 1_000_000}
    outs = [
        out
        for number in range(20)
        for out in life.session.receive("station", json.dumps([2, f"f{number}", "DataTransfer", data]), now=START)
    ]
    assert sum(out.to is Side.STATION for out in outs) == 20 - 1 - MAX_WAITING_BYTES // 1_000_000
    assert life.size < 8 * 2**20


def test_what_earlier_connections_left_unanswered_is_bounded(crosswalk: Crosswalk) -> None:
    """A station that begins transactions and hangs up, on and on, while the CSMS is silent."""
    life = Life(crosswalk, Pair.parse("ocpp1.6--ocpp2.0.1"))
    for number in range(300):
        start = {"connectorId": 1, "idTag": f"T{number}", "meterStart": 0, "timestamp": stamp(number)}
        life.session.receive("station", json.dumps([2, f"s{number}", "StartTransaction", start]), now=START + number)
        life.session.connect(now=START + number + 0.5)
    assert life.size < 64 * 1024


def test_large_transactions_without_an_answer_are_bounded(crosswalk: Crosswalk) -> None:
    life = Life(crosswalk, Pair.parse("ocpp1.6--ocpp2.0.1"))
    sampled = [{"value": str(number), "measurand": "Voltage"} for number in range(4000)]
    for number in range(60):
        values = {"connectorId": 1, "meterValue": [{"timestamp": stamp(number), "sampledValue": sampled}]}
        outs = life.session.receive("station", json.dumps([2, f"v{number}", "MeterValues", values]), now=START + number)
        for out in outs:
            life.session.receive("csms", json.dumps([4, json.loads(out.text)[1], "InternalError", "", {}]), now=START)
    assert life.size < 3 * 2**20


def test_a_list_of_tokens_keeps_only_those_that_need_an_alias(crosswalk: Crosswalk) -> None:
    life = Life(crosswalk, Pair.parse("ocpp2.0.1--ocpp1.6"))
    before = life.size
    entries = [{"idTag": f"TAG{number:08}", "idTagInfo": {"status": "Accepted"}} for number in range(5000)]
    life.call("SendLocalList", {"listVersion": 1, "updateType": "Full", "localAuthorizationList": entries}, Side.CSMS)
    tokens = json.loads(life.session.state)["data"].get("tokens", {})
    assert tokens == {}
    entries[7]["idTag"] = "card #7"
    life.call("SendLocalList", {"listVersion": 2, "updateType": "Full", "localAuthorizationList": entries}, Side.CSMS)
    assert list(json.loads(life.session.state)["data"]["tokens"]["listed aliases"].values()) == ["card #7"]
    assert life.size < before + 4096


def test_monitors_that_a_csms_sets_are_bounded(crosswalk: Crosswalk) -> None:
    life = Life(crosswalk, Pair.parse("ocpp2.0.1--ocpp2.1"))
    sizes = []
    for number in range(900):
        of = {"component": {"name": "C" * 50}, "variable": {"name": f"V{number}"}, "type": "Delta", "severity": 5}
        call = [2, f"s{number}", "SetVariableMonitoring", {"setMonitoringData": [{**of, "value": 1}]}]
        (asked,) = life.session.receive(Side.CSMS, json.dumps(call), now=START)
        result = {"setMonitoringResult": [{**of, "id": number, "status": "Accepted"}]}
        (back,) = life.session.receive(Side.STATION, json.dumps([3, json.loads(asked.text)[1], result]), now=START)
        assert json.loads(back.text)[0] == 3
        life.session.take_events()
        sizes.append(life.size)
    assert sizes[-1] <= sizes[len(sizes) // 2] * 1.02
    assert life.size < 64 * 1024
