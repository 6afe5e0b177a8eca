"""Transactions through everything that happens to links and processes.

The station keeps its messages until they are answered, as both 1.6 (4.8, errata 3.18) and 2.x (E13) ask for. Whatever
happens in between, the CSMS has to hear of every transaction once, whole, and in order.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from host import Host
from ocpp_crosswalk import Crosswalk, EventKind, Out
from ocpp_crosswalk.versions import Pair, Side

CROSSWALK = Crosswalk.load()
PLACES = st.integers(1, 2)
EFFORT = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def _time(number: int) -> str:
    return f"2026-09-21T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"


def _owes(journey: Any) -> bool:
    return hasattr(journey, "host") and journey.host.owed[Side.CSMS] is not None


class Journey(RuleBasedStateMachine):
    """A station that charges at two places, a CSMS that is not always there, and processes that die."""

    def __init__(self) -> None:
        super().__init__()
        self.host: Host
        self.tick = 0
        self.queue: deque[dict[str, Any]] = deque()
        """The station's transaction messages, oldest first; they go when they are answered."""
        self.charging: dict[int, dict[str, Any]] = {}
        """The open transaction of each connector or EVSE."""
        self.all: list[dict[str, Any]] = []
        self.flying: tuple[str, dict[str, Any] | None] | None = None
        """The station's call that has no answer: its id, and its entry in the queue."""
        self.given_up = False
        """Whether a call of the link's own was answered badly too often."""

    # -- what a version of the station says, and what its CSMS makes of it --

    def message(self, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Action and payload of an entry in the queue, whose ``kind`` is start, measure or stop."""
        raise NotImplementedError

    def status(self, place: int, status: str) -> tuple[str, dict[str, Any]]:
        """A status notification."""
        raise NotImplementedError

    def answered(self, entry: dict[str, Any], payload: dict[str, Any]) -> None:
        """The station has the answer to an entry."""

    def told(self, action: str, payload: dict[str, Any]) -> None:
        """The CSMS gets a call."""
        raise NotImplementedError

    def reply(self) -> dict[str, Any]:
        """What the CSMS answers to the call that it owes an answer to."""
        raise NotImplementedError

    def check(self) -> None:
        """All is said and done."""
        raise NotImplementedError

    # -- the station --

    @rule(place=PLACES)
    def start(self, place: int) -> None:
        if place not in self.charging:
            self.tick += 1
            self.charging[place] = {"place": place, "began": self.tick, "number": None, "ended": None, "events": 0}
            self.all.append(self.charging[place])
            self.put("start", self.charging[place])

    @precondition(lambda self: not self.queue and self.flying is None)
    @rule(place=PLACES)
    def charge(self, place: int) -> None:
        """Start without any trouble, and begin to charge."""
        if not self.queue and self.flying is None:
            self.start(place)
            self.send(False)
            for _ in range(4):
                self.answer()
            self.report(place, "Charging")

    @precondition(lambda self: self.charging)
    @rule(place=PLACES)
    def measure(self, place: int) -> None:
        if place in self.charging:
            self.put("measure", self.charging[place])

    @precondition(lambda self: self.charging)
    @rule(place=PLACES)
    def stop(self, place: int) -> None:
        if place in self.charging:
            transaction = self.charging.pop(place)
            self.put("stop", transaction)
            transaction["ended"] = self.tick

    def put(self, kind: str, transaction: dict[str, Any]) -> None:
        self.tick += 1
        self.queue.append({"kind": kind, "of": transaction, "tick": self.tick, "seqNo": transaction["events"]})
        transaction["events"] += 1

    @precondition(lambda self: self.flying is None)
    @rule(place=PLACES, status=st.sampled_from(["Charging", "SuspendedEV", "Finishing"]))
    def report(self, place: int, status: str) -> None:
        if self.flying is None:
            self.tick += 1
            self.say(*self.status(place, status), None)

    @precondition(lambda self: self.queue and self.flying is None)
    @rule(lost=st.sampled_from([False, False, True]))
    def send(self, lost: bool) -> None:
        """Send the oldest message. ``lost``: the process dies before it has saved what it made of it."""
        if self.flying is not None or not self.queue:
            return
        entry = self.queue[0]
        action, payload = self.message(entry)
        if lost:
            self.host.session.receive(Side.STATION, json.dumps([2, "lost", action, payload]), now=self.host.now)
            self.crash()
        else:
            self.say(action, payload, entry)

    def say(self, action: str, payload: dict[str, Any], entry: dict[str, Any] | None) -> None:
        self.tick += 1
        self.flying = (f"s{self.tick}", entry)
        self.heard(self.host.call(Side.STATION, f"s{self.tick}", action, payload))

    # -- the CSMS, links and processes --

    @precondition(_owes)
    @rule()
    def answer(self) -> None:
        if self.host.owed[Side.CSMS] is not None:
            self.heard(self.host.answer(Side.CSMS, self.reply()))

    @precondition(_owes)
    @rule()
    def answer_and_drop(self) -> None:
        """The CSMS answers, but the connection drops before the station has heard of it."""
        if self.host.owed[Side.CSMS] is not None:
            outs = self.host.answer(Side.CSMS, self.reply())
            self.heard([out for out in outs if out.to is Side.CSMS])
            self.reconnect()

    @precondition(_owes)
    @rule()
    def fail(self) -> None:
        if self.host.owed[Side.CSMS] is not None:
            self.heard(self.host.error(Side.CSMS))

    @rule(seconds=st.sampled_from([1.0, 12.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.heard(self.host.wait(seconds))

    @rule()
    def reconnect(self) -> None:
        self.flying = None
        self.heard(self.host.connect())

    @rule()
    def crash(self) -> None:
        self.flying = None
        self.host.crash()

    @rule()
    def restart(self) -> None:
        self.host.restart()

    def heard(self, outs: list[Out]) -> None:
        self.given_up |= any(event.kind is EventKind.GIVEN_UP for event in self.host.session.take_events())
        for out in outs:
            kind, message_id, *rest = json.loads(out.text)
            if out.to is Side.CSMS:
                self.told(*rest)
            elif kind in (3, 4):
                assert self.flying is not None and self.flying[0] == message_id
                entry, self.flying = self.flying[1], None
                if kind == 3 and entry is not None:
                    assert self.queue.popleft() is entry
                    self.answered(entry, rest[0])

    def teardown(self) -> None:
        if not hasattr(self, "host"):
            return
        for _ in range(20 * (len(self.queue) + 5)):
            if self.host.owed[Side.CSMS] is not None:
                self.answer()
            elif self.queue and self.flying is None:
                self.send(False)
            else:
                self.wait(31.0)
        assert not self.queue, "the station was never rid of a message"
        self.host.drain()
        self.check()


class OldStation(Journey):
    """A 1.6 station on a 2.x CSMS: sequence numbers have no gaps and come in order."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[int, str]] = {}
        """What the CSMS heard: payload by sequence number, by transaction."""
        self.taken: set[tuple[str, int]] = set()
        """The events that the CSMS answered."""
        self.asked: tuple[str, int] | None = None

    @initialize(pair=st.sampled_from(["ocpp1.6--ocpp2.0.1", "ocpp1.6--ocpp2.1"]))
    def begin(self, pair: str) -> None:
        self.host = Host(CROSSWALK, Pair.parse(pair))

    def message(self, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        of, time = entry["of"], _time(entry["tick"])
        if entry["kind"] == "start":
            start = {"connectorId": of["place"], "idTag": "ANNA", "meterStart": of["began"], "timestamp": time}
            return "StartTransaction", start
        assert of["number"] is not None, "the start comes first in the queue"
        if entry["kind"] == "stop":
            return "StopTransaction", {"transactionId": of["number"], "meterStop": entry["tick"], "timestamp": time}
        reading = {"timestamp": time, "sampledValue": [{"value": str(entry["tick"])}]}
        payload = {"connectorId": of["place"], "transactionId": of["number"], "meterValue": [reading]}
        return "MeterValues", payload

    def status(self, place: int, status: str) -> tuple[str, dict[str, Any]]:
        payload = {"connectorId": place, "errorCode": "NoError", "status": status, "timestamp": _time(self.tick)}
        return "StatusNotification", payload

    def answered(self, entry: dict[str, Any], payload: dict[str, Any]) -> None:
        if entry["kind"] == "start":
            entry["of"]["number"] = payload["transactionId"]

    def told(self, action: str, payload: dict[str, Any]) -> None:
        self.asked = None
        if action != "TransactionEvent":
            return
        self.asked = (payload["transactionInfo"]["transactionId"], payload["seqNo"])
        known = self.events.setdefault(payload["transactionInfo"]["transactionId"], {})
        number, text = payload["seqNo"], json.dumps(payload, sort_keys=True)
        if number in known:
            assert known[number] == text, "another event of the same number"
        else:
            assert number == len(known), f"event {number} after {len(known)} others"
            known[number] = text

    def reply(self) -> dict[str, Any]:
        if self.asked is not None:
            self.taken.add(self.asked)
        return {}

    @invariant()
    def no_more_than_there_were(self) -> None:
        assert len(self.events) <= len(self.all)

    def check(self) -> None:
        heard = [[json.loads(known[number]) for number in range(len(known))] for known in self.events.values()]
        began = {events[0]["meterValue"][0]["sampledValue"][0]["value"]: events for events in heard}
        assert sorted(began) == [transaction["began"] for transaction in self.all]
        numbers = [transaction["number"] for transaction in self.all]
        assert len(set(numbers)) == len(numbers)
        for transaction in self.all:
            kinds = [event["eventType"] for event in began[transaction["began"]]]
            middle = kinds[1:-1] if transaction["ended"] else kinds[1:]
            assert kinds[0] == "Started"
            assert (kinds[-1] == "Ended") == (transaction["ended"] is not None)
            assert set(middle) <= {"Updated"}
        heard_of = {(transaction, number) for transaction, known in self.events.items() for number in known}
        assert self.given_up or self.taken == heard_of, "an event was told but never answered, nor told again"


class OldCsms(Journey):
    """A 2.x station on a 1.6 CSMS: every transaction is started once and stopped once, under the number that the
    CSMS gave it, and every reading belongs to it. A repeat says exactly the same."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: dict[str, int] = {}
        """The number given to each start, by its content."""
        self.stops: dict[int, str] = {}
        self.readings: dict[int, set[str]] = {}
        self.last: tuple[str, dict[str, Any]]

    @initialize(pair=st.sampled_from(["ocpp2.0.1--ocpp1.6", "ocpp2.1--ocpp1.6"]))
    def begin(self, pair: str) -> None:
        self.host = Host(CROSSWALK, Pair.parse(pair))

    def message(self, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        of, kind = entry["of"], entry["kind"]
        context = {"start": "Transaction.Begin", "measure": "Sample.Periodic", "stop": "Transaction.End"}[kind]
        event: dict[str, Any] = {
            "eventType": {"start": "Started", "measure": "Updated", "stop": "Ended"}[kind],
            "timestamp": _time(entry["tick"]),
            "triggerReason": {"start": "Authorized", "measure": "MeterValuePeriodic", "stop": "StopAuthorized"}[kind],
            "seqNo": entry["seqNo"],
            "transactionInfo": {"transactionId": f"tx{of['began']}"},
            "evse": {"id": of["place"], "connectorId": 1},
            "meterValue": [
                {
                    "timestamp": _time(entry["tick"]),
                    "sampledValue": [{"value": of["began"] if kind == "start" else entry["tick"], "context": context}],
                }
            ],
        }
        if kind == "start":
            event["idToken"] = {"idToken": "ANNA", "type": "Central"}
        if kind == "stop":
            event["transactionInfo"]["stoppedReason"] = "Local"
        return "TransactionEvent", event

    def status(self, place: int, status: str) -> tuple[str, dict[str, Any]]:
        told = "Available" if status == "Finishing" else "Occupied"
        payload = {"timestamp": _time(self.tick), "connectorStatus": told, "evseId": place, "connectorId": 1}
        return "StatusNotification", payload

    def told(self, action: str, payload: dict[str, Any]) -> None:
        self.last = (action, payload)
        number = payload.get("transactionId")
        if action == "StartTransaction":
            self.starts.setdefault(json.dumps(payload, sort_keys=True), len(self.starts) + 1)
        elif action == "StopTransaction":
            assert number in self.starts.values()
            text = json.dumps(payload, sort_keys=True)
            assert self.stops.setdefault(number, text) == text, "stopped twice, not in the same words"
        elif action == "MeterValues":
            assert number in self.starts.values()
            assert number not in self.stops, "a reading after the end"
            self.readings.setdefault(number, set()).add(payload["meterValue"][0]["sampledValue"][0]["value"])

    def reply(self) -> dict[str, Any]:
        action, payload = self.last
        if action == "StartTransaction":
            number = self.starts[json.dumps(payload, sort_keys=True)]
            return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
        return {"idTagInfo": {"status": "Accepted"}} if action == "Authorize" else {}

    @invariant()
    def no_more_than_there_were(self) -> None:
        assert len(self.starts) <= len(self.all)

    def check(self) -> None:
        began = {json.loads(text)["meterStart"]: number for text, number in self.starts.items()}
        assert sorted(began) == [transaction["began"] for transaction in self.all]
        for transaction in self.all:
            number = began[transaction["began"]]
            assert (number in self.stops) == (transaction["ended"] is not None)
            if transaction["ended"]:
                assert json.loads(self.stops[number])["meterStop"] == transaction["ended"]


OldStation.TestCase.settings = EFFORT
OldCsms.TestCase.settings = EFFORT
TestOldStation = OldStation.TestCase
TestOldCsms = OldCsms.TestCase
