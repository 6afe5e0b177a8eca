"""The seven promises of the session (docs/architecture.md), by attempts to break them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from host import Host
from ocpp_crosswalk import Crosswalk, EventKind, Out
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.peer import MAX_WAITING
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.versions import PAIRS, Pair, Side

CROSSWALK = Crosswalk.load()
P16 = Pair.parse("ocpp1.6--ocpp2.0.1")
SIDES = st.sampled_from(Side)
SEEDS = st.integers(0, 2**32)


class Anything(RuleBasedStateMachine):
    """Both sides say what they like, in any order; `Host` judges what leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.host: Host
        self.number = 0
        self.last: tuple[Side, str, str, Any] | None = None

    @initialize(pair=st.sampled_from(PAIRS))
    def begin(self, pair: Pair) -> None:
        self.host = Host(CROSSWALK, pair)

    @rule(side=SIDES, seed=SEEDS)
    def call(self, side: Side, seed: int) -> None:
        rng = random.Random(seed)
        version = self.host.pair.version(side)
        action = rng.choice(protocol(version).sends(side))
        self.number += 1
        self.last = (side, f"{side}-{self.number}", action, random_payload(rng, version, action, "request"))
        self.host.call(*self.last)

    @rule(side=SIDES, action=st.sampled_from(["DataTransfer", "NoSuchThing", "Reset", "BootNotification"]))
    def bad_call(self, side: Side, action: str) -> None:
        self.number += 1
        outs = self.host.call(side, f"{side}-{self.number}", action, {"no": "sense"})
        assert [out.to for out in outs] == [side]
        assert json.loads(outs[0].text)[0] == 4

    @precondition(lambda self: self.last is not None)
    @rule()
    def again(self) -> None:
        assert self.last is not None
        side, message_id, action, payload = self.last
        answered = message_id in self.host.ever_asked[side] and message_id not in self.host.asked[side]
        outs = self.host.call(side, message_id, action, payload)
        if answered and self.host.asked[side]:
            assert all(out.to is not side or json.loads(out.text)[1] != message_id for out in outs)

    @rule(side=SIDES, seed=SEEDS)
    def answer(self, side: Side, seed: int) -> None:
        owed = self.host.owed[side]
        if owed is not None:
            reply = random_payload(random.Random(seed), self.host.pair.version(side), owed[1], "response")
            self.host.answer(side, reply)

    @rule(side=SIDES)
    def answer_nonsense(self, side: Side) -> None:
        if self.host.owed[side] is not None:
            self.host.answer(side, {"no": {"sense": [1]}})

    @rule(side=SIDES, code=st.sampled_from(["InternalError", "FormationViolation", "", "Made up"]))
    def error(self, side: Side, code: str) -> None:
        if self.host.owed[side] is not None:
            self.host.error(side, code)

    @rule(
        side=SIDES, text=st.sampled_from(["", "{", "[]", "[3]", '[3,"nobody",{}]', '[4,"nobody","X","",{}]', "[9,1]"])
    )
    def garbage(self, side: Side, text: str) -> None:
        self.host.garbage(side, text, may_answer="-1")

    @rule(seconds=st.sampled_from([0.0, 1.0, 11.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.host.wait(seconds)

    @rule()
    def reconnect(self) -> None:
        self.host.connect()

    @rule()
    def restart(self) -> None:
        self.host.restart()

    @invariant()
    def state_is_json(self) -> None:
        if hasattr(self, "host"):
            json.loads(self.host.session.state)

    def teardown(self) -> None:
        if hasattr(self, "host"):
            self.host.drain()


Anything.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnything = Anything.TestCase


# -- each promise by itself --


def station_calls(host: Host, number: int, action: str, **payload: Any) -> list[Any]:
    """What leaves because of a call of the station, as frames with their side before them."""
    return frames(host.call(Side.STATION, f"s{number}", action, payload))


def frames(outs: list[Out]) -> list[Any]:
    return [[str(out.to), *json.loads(out.text)] for out in outs]


def kinds(host: Host) -> list[EventKind]:
    return [event.kind for event in host.session.take_events()]


@pytest.fixture
def host() -> Host:
    return Host(CROSSWALK, P16)


START_1 = {"connectorId": 1, "idTag": "ANNA", "meterStart": 1, "timestamp": "2026-09-21T14:40:00Z"}
UNREADABLE = [
    "",
    " ",
    "{",
    "null",
    "[]",
    "[2",
    '"x"',
    "[2]",
    "\x00",
    b"\xff\xfe",
    "[" * 5000,
    "NaN",
]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("side", Side)
def test_garbage_costs_an_error_or_nothing(pair: Pair, side: Side) -> None:
    host = Host(CROSSWALK, pair)
    for text in UNREADABLE:
        host.garbage(side, text, may_answer="-1")
    for number, frame in enumerate(
        (
            [2, "a"],
            [2, "a", "Heartbeat", []],
            [2, "a", "Heartbeat", "x" * 1_000_000],
            [2, "a", 5, {}],
            [2, "a", "Heartbeat", {}, {}],
            [2, "a", "x" * 1_000_000, {}],
            [2, "a", "DataTransfer", {"vendorId": "y" * 1_000_000}],
            [2, "a", "DataTransfer", {"vendorId": {"b": {"c": [{}] * 10_000}}}],
        )
    ):
        host.garbage(side, json.dumps(frame), may_answer="a")
        assert kinds(host), f"frame {number} was not reported"
    for frame in ([3, "a", {}], [3, "a"], [4, "a", "X", "", {}], [4, "a"], [3, 5, {}], [4, None, "X", "", {}]):
        host.garbage(side, json.dumps(frame), may_answer=None)
        assert kinds(host)
    host.drain()
    outs = frames(host.call(Side.STATION, "h", "Heartbeat", {}))
    assert [frame[:2] + frame[3:] for frame in outs] == [["csms", 2, "Heartbeat", {}]]
    outs = frames(host.answer(Side.CSMS, {"currentTime": "2026-09-21T14:40:00Z"}))
    assert [frame[:3] for frame in outs] == [["station", 3, "h"]]


def test_a_call_with_an_id_that_is_too_long_or_no_text(host: Host) -> None:
    host.garbage(Side.STATION, json.dumps([2, "i" * 37, "Heartbeat", {}]), may_answer="i" * 37)
    host.garbage(Side.STATION, json.dumps([2, 17, "Heartbeat", {}]), may_answer=None)
    host.garbage(Side.CSMS, json.dumps([2, 17, "ClearCache", {}]), may_answer="-1")


@pytest.mark.parametrize("answer", [{"status": "Maybe"}, {"status": 5}, {}, {"status": []}])
def test_an_answer_that_breaks_its_schema_is_an_error_to_who_asked(host: Host, answer: Any) -> None:
    host.call(Side.CSMS, "c", "ClearCache", {})
    (error,) = frames(host.answer(Side.STATION, answer))
    assert error[:4] == ["csms", 4, "c", "InternalError"]
    assert "ClearCache" in error[4]
    assert EventKind.INVALID_INPUT in kinds(host)


def test_bursts_from_both_sides_leave_one_at_a_time_and_in_order(host: Host) -> None:
    for number in range(30):
        host.call(Side.STATION, f"s{number}", "DataTransfer", {"vendorId": f"s{number}"})
        host.call(Side.CSMS, f"c{number}", "DataTransfer", {"vendorId": f"c{number}"})
    answered: list[str] = []
    told: list[str] = ["s0"]
    for _ in range(30):
        for side in (Side.CSMS, Side.STATION):
            for frame in frames(host.answer(side, {"status": "Accepted"})):
                if frame[1] == 3:
                    answered.append(frame[2])
                elif frame[0] == "csms":
                    told.append(frame[4]["vendorId"])
    assert told == [f"s{number}" for number in range(30)]
    assert [name for name in answered if name[0] == "s"] == told
    assert [name for name in answered if name[0] == "c"] == [f"c{number}" for number in range(30)]
    assert host.session.due is None


def test_the_same_ids_on_both_sides_and_ids_like_our_own_do_not_collide(host: Host) -> None:
    assert frames(host.call(Side.STATION, "1", "Heartbeat", {}))[0][:3] == ["csms", 2, "1"]
    assert frames(host.call(Side.CSMS, "1", "ClearCache", {}))[0][:3] == ["station", 2, "1"]
    assert frames(host.answer(Side.STATION, {"status": "Accepted"})) == [["csms", 3, "1", {"status": "Accepted"}]]
    assert frames(host.answer(Side.CSMS, {"currentTime": "2026-09-21T14:40:00Z"}))[0][:3] == ["station", 3, "1"]
    epoch = json.loads(host.session.state)["epoch"]
    host.call(Side.STATION, f"xw-{epoch}-1", "StartTransaction", START_1)
    assert frames(host.answer(Side.CSMS, {}))[0][2] == f"xw-{epoch}-1"
    host.call(Side.STATION, f"xw-{epoch}-1", "Heartbeat", {})
    assert frames(host.answer(Side.CSMS, {"currentTime": "2026-09-21T14:40:00Z"}))[0][2] == f"xw-{epoch}-1"


def test_ids_of_our_own_never_come_back_when_the_clock_stands_still_or_steps_back(host: Host) -> None:
    seen = set()
    for connector, step in enumerate((0.0, 0.0, -0.0005, 0.001, 0.0), 1):
        host.now += step
        host.connect()
        started = station_calls(host, 1, "StartTransaction", **{**START_1, "connectorId": connector})
        transaction = started[0][4]["transactionInfo"]["transactionId"]
        assert transaction not in seen
        seen.add(transaction)
        while host.owed[Side.CSMS]:
            host.answer(Side.CSMS, {})


def test_the_answer_to_a_trigger_leaves_before_what_it_triggers(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    number = frames(host.answer(Side.CSMS, {}))[0][3]["transactionId"]
    host.call(Side.CSMS, "c1", "Reset", {"type": "OnIdle"})
    stop = {"transactionId": number, "meterStop": 2, "timestamp": "2026-09-21T15:00:00Z"}
    station_calls(host, 2, "StopTransaction", **stop)
    outs = frames(host.answer(Side.CSMS, {}))
    assert [frame[:2] for frame in outs] == [["station", 3], ["station", 2]]
    assert outs[1][3] == "Reset"
    host.call(Side.CSMS, "c2", "TriggerMessage", {"requestedMessage": "Heartbeat"})
    host.answer(Side.STATION, {"status": "Accepted"})
    outs = frames(host.answer(Side.STATION, {"status": "Accepted"})) + station_calls(host, 3, "Heartbeat")
    assert [frame[:2] for frame in outs] == [["csms", 3], ["csms", 2]]


def test_silence_is_answered_once_and_what_comes_late_is_ignored(host: Host) -> None:
    host.call(Side.CSMS, "c", "ClearCache", {})
    late = host.owed[Side.STATION]
    assert late is not None
    assert host.session.due == host.now + 30
    assert frames(host.wait(29.9)) == []
    (error,) = frames(host.wait(0.1))
    assert error[:4] == ["csms", 4, "c", "GenericError"]
    assert host.session.due is None
    assert kinds(host) == [EventKind.TIMEOUT]
    assert host.text(Side.STATION, json.dumps([3, late[0], {"status": "Accepted"}])) == []
    assert kinds(host) == [EventKind.LATE_ANSWER]


def test_an_answer_to_another_call_than_the_one_in_flight_ends_nothing(host: Host) -> None:
    host.call(Side.CSMS, "c1", "ClearCache", {})
    host.call(Side.CSMS, "c2", "ClearCache", {})
    assert host.text(Side.STATION, '[3,"c2",{"status":"Accepted"}]') == []
    assert host.text(Side.CSMS, '[3,"c1",{"status":"Accepted"}]') == []
    assert [frame[:3] for frame in frames(host.answer(Side.STATION, {"status": "Rejected"}))] == [
        ["csms", 3, "c1"],
        ["station", 2, "c2"],
    ]


def test_a_broken_answer_ends_the_wait(host: Host) -> None:
    host.call(Side.CSMS, "c1", "ClearCache", {})
    owed = host.owed[Side.STATION]
    assert owed is not None
    host.owed[Side.STATION] = None
    (error,) = frames(host.text(Side.STATION, json.dumps([3, owed[0], "no object"])))
    assert error[:4] == ["csms", 4, "c1", "InternalError"]


def test_a_repeat_joins_the_first_and_gets_the_same_answer(host: Host) -> None:
    assert len(station_calls(host, 1, "StartTransaction", **START_1)) == 1
    assert station_calls(host, 1, "StartTransaction", **START_1) == []
    (first,) = frames(host.answer(Side.CSMS, {"idTokenInfo": {"status": "Blocked"}}))
    for number in (1, 2):
        host.now += 3600
        (again,) = station_calls(host, number, "StartTransaction", **START_1)
        assert again[3] == first[3]
    host.connect()
    (again,) = station_calls(host, 1, "StartTransaction", **START_1)
    assert again[3] == first[3]


def test_another_call_under_the_id_of_one_that_is_under_way_is_no_repeat(host: Host) -> None:
    session = Host(CROSSWALK, Pair.parse("ocpp2.0.1--ocpp2.1")).session
    session.receive("csms", '[2,"1","ClearCache",{}]', now=host.now)
    session.receive("csms", '[2,"1","GetLocalListVersion",{}]', now=host.now)
    outs = frames(session.receive("station", '[3,"1",{"status":"Accepted"}]', now=host.now))
    assert [frame[:2] for frame in outs] == [["csms", 3], ["station", 2]]
    assert outs[1][3] == "GetLocalListVersion"


def test_a_repeat_with_new_numbers_is_another_call(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    (first,) = frames(host.answer(Side.CSMS, {}))
    outs = station_calls(host, 2, "StartTransaction", **{**START_1, "connectorId": 2})
    assert outs[0][3] == "TransactionEvent"
    (second,) = frames(host.answer(Side.CSMS, {}))
    assert second[3]["transactionId"] != first[3]["transactionId"]


def test_dropped_fields_are_reported_and_only_when_they_were_there(host: Host) -> None:
    station_calls(host, 1, "Authorize", idTag="ANNA")
    host.answer(Side.CSMS, {"idTokenInfo": {"status": "Accepted"}})
    assert EventKind.DROPPED_FIELD not in kinds(host)
    station_calls(host, 2, "Authorize", idTag="ANNA")
    host.answer(Side.CSMS, {"idTokenInfo": {"status": "Accepted", "chargingPriority": 3}})
    (dropped,) = [event for event in host.session.take_events() if event.kind is EventKind.DROPPED_FIELD]
    assert dropped.detail == {"field": "idTokenInfo.chargingPriority"}
    assert dropped.side == "csms"
    assert dropped.text


def test_a_send_is_never_answered() -> None:
    host = Host(CROSSWALK, Pair.parse("ocpp2.1--ocpp2.0.1"))
    stream = {"id": 1, "pending": 0, "basetime": "2026-09-21T14:40:00Z", "data": [{"t": 0, "v": "1"}]}
    assert host.call(Side.STATION, "1", "NotifyPeriodicEventStream", stream) == []
    assert host.text(Side.STATION, '[6,"2","NotifyPeriodicEventStream",{"no":"sense"}]') == []
    assert host.text(Side.STATION, '[6,"3","NoSuchThing",{}]') == []
    assert EventKind.INVALID_INPUT in kinds(host)
    (error,) = frames(host.text(Side.CSMS, '[6,"4","NotifyPeriodicEventStream",{}]')) or [None]
    assert error is None


def test_durable_calls_wait_until_the_station_has_spoken(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    host.crash()
    assert host.session.due == host.now + 10
    outs = station_calls(host, 2, "BootNotification", chargePointVendor="V", chargePointModel="M")
    assert [frame[3] for frame in outs] == ["BootNotification"]
    answer = {"status": "Accepted", "currentTime": "2026-09-21T14:40:00Z", "interval": 5}
    outs = frames(host.answer(Side.CSMS, answer))
    assert [frame[0] for frame in outs] == ["station", "csms"]
    assert outs[1][4]["eventType"] == "Started"


def test_durable_calls_do_not_wait_for_ever(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    host.connect()
    assert frames(host.wait(9.9)) == []
    (out,) = frames(host.wait(0.1))
    assert out[4]["eventType"] == "Started"


BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


def boots(host: Host, number: int, status: str) -> list[Any]:
    """The station boots, and the CSMS answers; what leaves then."""
    assert station_calls(host, number, "BootNotification", **BOOT)[0][3] == "BootNotification"
    return frames(host.answer(Side.CSMS, {"status": status, "currentTime": "2026-09-21T14:40:00Z", "interval": 60}))


def charges(host: Host, number: int) -> list[Any]:
    """The connector's status, which tells of a charging state beside; what the link itself has to say of it."""
    status = {"connectorId": 1, "errorCode": "NoError", "status": ("Charging", "SuspendedEV")[number % 2]}
    told = station_calls(host, number, "StatusNotification", **status)
    while told and told[0][0] == "csms" and told[0][3] == "StatusNotification":
        told = frames(host.answer(Side.CSMS, {}))
    return [frame for frame in told if frame[0] == "csms"]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_until_the_csms_accepts_the_station_nothing_leaves_that_the_link_would_send_by_itself(
    host: Host, status: str
) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    host.answer(Side.CSMS, {})
    (event,) = charges(host, 2)
    host.connect()
    assert len(boots(host, 3, status)) == 1
    for number in range(20):
        host.restart()
        assert host.wait(40) == []
        assert charges(host, 100 + number) == []
        if number % 4 == 0:
            host.connect()
            assert host.wait(11) == []
        assert len(boots(host, 200 + number, status)) == 1
    assert EventKind.GIVEN_UP not in kinds(host)
    told = boots(host, 4, "Accepted")[1:]
    assert told[0][4] == event[4]
    numbers = []
    while told:
        numbers += [frame[4]["seqNo"] for frame in told]
        told = frames(host.answer(Side.CSMS, {}))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 1


def test_what_the_link_keeps_back_is_bounded_and_never_keeps_back_the_boot_that_ends_it(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    host.answer(Side.CSMS, {})
    assert len(boots(host, 2, "Pending")) == 1
    for number in range(2 * MAX_WAITING):
        assert charges(host, 100 + number) == []
    assert len(json.loads(host.session.state)["link"]["csms"]["outbox"]["waiting"]) == MAX_WAITING
    assert boots(host, 3, "Accepted")[1][4]["seqNo"] == 1


def test_a_boot_that_is_not_answered_ends_neither_silence_nor_hold(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    host.connect()
    station_calls(host, 2, "BootNotification", **BOOT)
    assert [frame[:2] for frame in frames(host.error(Side.CSMS))] == [["station", 4]]
    assert host.wait(9.9) == []
    assert len(boots(host, 3, "Pending")) == 1
    station_calls(host, 4, "BootNotification", **BOOT)
    assert [frame[:2] for frame in frames(host.error(Side.CSMS))] == [["station", 4]]
    assert host.wait(100) == []
    assert boots(host, 5, "Accepted")[1][4]["eventType"] == "Started"


def test_an_end_that_was_not_taken_waits_for_the_csms_to_accept_the_station(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    number = frames(host.answer(Side.CSMS, {}))[0][3]["transactionId"]
    stop = {"transactionId": number, "meterStop": 2, "timestamp": "2026-09-21T15:00:00Z"}
    station_calls(host, 2, "StopTransaction", **stop)
    host.error(Side.CSMS)
    for again in range(30):
        assert len(boots(host, 10 + again, "Pending")) == 1
        host.restart()
        assert host.wait(60) == []
    (answer, ended) = boots(host, 3, "Accepted")
    assert (answer[0], ended[4]["eventType"]) == ("station", "Ended")
    assert host.answer(Side.CSMS, {}) == []
    assert host.session.due is None


@pytest.mark.parametrize("code", ["NotImplemented", "NotSupported"])
def test_a_durable_call_that_the_csms_will_never_take_is_given_up_at_once(host: Host, code: str) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    host.answer(Side.CSMS, {})
    (event,) = charges(host, 2)
    assert host.error(Side.CSMS, code) == []
    assert host.session.due is None
    (given_up,) = [one for one in host.session.take_events() if one.kind is EventKind.GIVEN_UP]
    assert given_up.text == "given up after 1 attempts: the CSMS never takes it"
    assert given_up.detail == {"payload": event[4]}


def test_a_call_that_waits_to_be_tried_again_holds_up_those_of_its_action_only(host: Host) -> None:
    station_calls(host, 1, "StartTransaction", **START_1)
    number = frames(host.answer(Side.CSMS, {}))[0][3]["transactionId"]
    (event,) = charges(host, 2)
    assert host.error(Side.CSMS) == []
    assert station_calls(host, 3, "Authorize", idTag="BOB")[0][3] == "Authorize"
    host.answer(Side.CSMS, {"idTokenInfo": {"status": "Accepted"}})
    stop = {"transactionId": number, "meterStop": 2, "timestamp": "2026-09-21T15:00:00Z"}
    assert station_calls(host, 4, "StopTransaction", **stop) == []
    assert host.wait(9.9) == []
    (again,) = frames(host.wait(0.1))
    assert again[4] == event[4]
    (ended,) = frames(host.answer(Side.CSMS, {}))
    assert (ended[4]["eventType"], ended[4]["seqNo"]) == ("Ended", 2)


def test_an_exchange_that_the_mappings_cannot_finish_any_more_is_given_up(host: Host) -> None:
    host.call(Side.STATION, "1", "Heartbeat", {})
    host.saved = host.session.state.replace(b'"action":"Heartbeat","payload"', b'"action":"Gone","payload"', 1)
    host.session = host._new()
    assert kinds(host) == [EventKind.GIVEN_UP]
    host.asked[Side.STATION].clear()
    host.call(Side.STATION, "2", "Authorize", {"idTag": "ANNA"})
    outs = frames(host.answer(Side.CSMS, {"currentTime": "2026-09-21T14:40:00Z"}))
    assert [frame[3] for frame in outs] == ["Authorize"], "the late answer is not taken for that to Authorize"
    (out,) = frames(host.answer(Side.CSMS, {"idTokenInfo": {"status": "Blocked"}}))
    assert out == ["station", 3, "2", {"idTagInfo": {"status": "Blocked"}}]


def test_error_codes_are_those_of_the_side_that_is_told(host: Host) -> None:
    assert station_calls(host, 1, "Authorize")[0][3] == "OccurenceConstraintViolation"
    assert station_calls(host, 2, "Authorize", idTag="x" * 21)[0][3] == "PropertyConstraintViolation"
    assert frames(host.call(Side.CSMS, "1", "Reset", {}))[0][3] == "OccurrenceConstraintViolation"
    station_calls(host, 3, "Authorize", idTag="ANNA")
    assert frames(host.error(Side.CSMS, "OccurrenceConstraintViolation"))[0][3] == "OccurenceConstraintViolation"
    station_calls(host, 4, "Authorize", idTag="ANNA")
    assert frames(host.error(Side.CSMS, "RpcFrameworkError"))[0][3] in protocol(host.pair.station).error_codes.values()


def test_a_call_of_the_wrong_side_is_not_implemented(host: Host) -> None:
    assert frames(host.call(Side.CSMS, "1", "BootNotification", {}))[0][:4] == ["csms", 4, "1", "NotImplemented"]
    assert station_calls(host, 1, "Reset", type="Hard")[0][:4] == ["station", 4, "s1", "NotImplemented"]
