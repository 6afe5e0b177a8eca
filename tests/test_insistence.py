"""What a mapping insists on is tried again by the link itself: not for ever, nor twice, nor when the station did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, EventKind, Out, Session, repeats
from ocpp_crosswalk.repeats import KEPT_IDENTITIES
from ocpp_crosswalk.session import MAX_TRIES

NOW = 1_790_000_000.0
CROSSWALK = Crosswalk.load()
START = {"connectorId": 1, "idTag": "ANNA", "meterStart": 10, "timestamp": "2026-09-21T00:00:10Z"}
STOP = {"meterStop": 20, "timestamp": "2026-09-21T01:00:00Z"}


class Talk:
    """A 1.6 station with a transaction whose end it is about to tell a 2.1 CSMS."""

    def __init__(self, **settings: Any) -> None:
        self.now = NOW
        self.session: Session = CROSSWALK.session("CP-1", station="ocpp1.6", csms="ocpp2.1", settings=settings)
        self.session.connect(now=NOW)
        started = self.calls("1", "StartTransaction", START)
        self.number = self.csms(started[0], 3, {})[0][2]["transactionId"]

    def frames(self, outs: list[Out]) -> list[Any]:
        return [json.loads(out.text) for out in outs]

    def calls(self, message_id: str, action: str, payload: dict[str, Any]) -> list[Any]:
        """The station calls; what leaves because of it."""
        return self.frames(self.session.receive("station", json.dumps([2, message_id, action, payload]), now=self.now))

    def stops(self, message_id: str) -> list[Any]:
        return self.calls(message_id, "StopTransaction", {**STOP, "transactionId": self.number})

    def csms(self, call: Any, kind: int, *rest: Any) -> list[Any]:
        """The CSMS answers a call; what leaves because of it."""
        return self.frames(self.session.receive("csms", json.dumps([kind, call[1], *rest]), now=self.now))

    def refuses(self, call: Any) -> list[Any]:
        return self.csms(call, 4, "InternalError", "busy", {})

    def wait(self) -> list[Any]:
        """Until the session wants to be asked; what leaves then."""
        assert self.session.due is not None
        self.now = self.session.due
        return self.frames(self.session.expire(now=self.now))

    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.session.take_events()]


def test_each_time_after_twice_the_time_of_before_and_not_for_ever() -> None:
    talk = Talk()
    (ended,) = talk.stops("2")
    assert talk.refuses(ended)[0][:3] == [4, "2", "InternalError"]
    waits = []
    while talk.session.due is not None:
        assert EventKind.GIVEN_UP not in talk.kinds()
        since = talk.now
        (again,) = talk.wait()
        assert again[2:] == ended[2:]
        assert talk.refuses(again) == []
        waits.append(talk.now - since)
    assert waits == [900.0 * 2**number for number in range(MAX_TRIES)]
    (event,) = [event for event in talk.session.take_events() if event.kind is EventKind.GIVEN_UP]
    assert (event.action, event.detail["payload"]["meterStop"]) == ("StopTransaction", 20)
    assert event.text == "given up after 8 more attempts: busy"


def test_a_repeat_that_the_csms_takes_ends_it() -> None:
    talk = Talk()
    (ended,) = talk.stops("2")
    talk.refuses(ended)
    talk.now += 60
    (again,) = talk.stops("3")
    assert talk.csms(again, 3, {})[0][:2] == [3, "3"]
    assert talk.session.due is None


def test_a_repeat_that_fails_too_moves_it() -> None:
    talk = Talk()
    talk.refuses(talk.stops("2")[0])
    talk.now += 60
    talk.refuses(talk.stops("3")[0])
    assert talk.session.due == talk.now + 900


@pytest.mark.parametrize("taken", [True, False])
def test_a_repeat_while_the_link_tries_is_answered_with_what_that_leads_to(taken: bool) -> None:
    talk = Talk()
    talk.refuses(talk.stops("2")[0])
    (again,) = talk.wait()
    assert talk.stops("3") == []
    outs = talk.csms(again, 3, {}) if taken else talk.refuses(again)
    if taken:
        assert [frame[:2] for frame in outs] == [[3, "3"]]
    else:
        assert [frame[0] for frame in outs] == [2]
        assert talk.csms(outs[0], 3, {})[0][:2] == [3, "3"]
    assert talk.session.due is None


def test_the_operator_may_leave_it_to_the_station() -> None:
    talk = Talk(insistAfter=0)
    talk.refuses(talk.stops("2")[0])
    assert talk.session.due is None


def test_other_calls_are_the_stations_own_business() -> None:
    talk = Talk()
    value = {"timestamp": "2026-09-21T00:30:00Z", "sampledValue": [{"value": "15"}]}
    (call,) = talk.calls("2", "MeterValues", {"connectorId": 1, "transactionId": talk.number, "meterValue": [value]})
    talk.refuses(call)
    assert talk.session.due is None


def test_after_a_reconnect_the_station_speaks_first() -> None:
    talk = Talk()
    talk.refuses(talk.stops("2")[0])
    talk.now += 10_000
    assert talk.session.connect(now=talk.now) == []
    assert talk.frames(talk.session.expire(now=talk.now)) == []
    (boot,) = talk.calls("1", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    answer = {"status": "Accepted", "interval": 5, "currentTime": "2026-09-21T04:00:00Z"}
    accepted, ended = talk.csms(boot, 3, answer)
    assert (accepted[0], ended[3]["eventType"]) == (3, "Ended")


def test_it_is_not_forgotten_for_what_comes_after_it() -> None:
    talk = Talk()
    talk.refuses(talk.stops("2")[0])
    for number in range(KEPT_IDENTITIES + 10):
        begun = {**START, "timestamp": f"2026-09-21T02:{number // 60:02}:{number % 60:02}Z", "connectorId": 2}
        for call in talk.calls(f"s{number}", "StartTransaction", begun):
            while call[0] == 2:
                (call, *_) = talk.csms(call, 3, {})
    talk.session = CROSSWALK.session("CP-1", station="ocpp1.6", csms="ocpp2.1", state=talk.session.state)
    (again,) = talk.wait()
    assert again[3]["eventType"] == "Ended"


def test_when_it_is_forgotten_it_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "KEPT_LONGER", 0)
    monkeypatch.setattr(repeats, "KEPT_IDENTITIES", 1)
    talk = Talk()
    talk.refuses(talk.stops("2")[0])
    assert talk.csms(talk.calls("3", "StartTransaction", {**START, "connectorId": 2})[0], 3, {})[0][:2] == [3, "3"]
    assert talk.wait() == []
    (event,) = [event for event in talk.session.take_events() if event.kind is EventKind.GIVEN_UP]
    assert (event.action, event.text) == (
        "StopTransaction",
        "a call that was not taken was given up: too many others came after it",
    )
