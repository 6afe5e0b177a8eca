"""Transactions of a 1.6 station through everything that happens to links and processes.

The station keeps its messages until they are answered, as 1.6 asks for (4.8, errata 3.18). Whatever happens in
between, the CSMS has to hear of every transaction once, with sequence numbers without gaps and in order.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from host import Host
from ocpp_crosswalk import Crosswalk, Out
from ocpp_crosswalk.versions import Pair, Side

CROSSWALK = Crosswalk.load()
CONNECTORS = st.integers(1, 2)


def _time(number: int) -> str:
    return f"2026-09-21T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"


class Transactions(RuleBasedStateMachine):
    """A station that charges at two connectors, a CSMS that is not always there, and processes that die."""

    def __init__(self) -> None:
        super().__init__()
        self.host: Host
        self.tick = 0
        self.queue: deque[dict[str, Any]] = deque()
        """The station's transaction messages, oldest first; they go when they are answered."""
        self.charging: dict[int, dict[str, Any]] = {}
        """The open transaction of each connector."""
        self.all: list[dict[str, Any]] = []
        self.flying: tuple[str, dict[str, Any] | None] | None = None
        """The station's call that has no answer: its id, and its entry in the queue."""
        self.events: dict[str, dict[int, str]] = {}
        """What the CSMS heard: payload by sequence number, by transaction."""

    @initialize(pair=st.sampled_from(["ocpp1.6--ocpp2.0.1", "ocpp1.6--ocpp2.1"]))
    def begin(self, pair: str) -> None:
        self.host = Host(CROSSWALK, Pair.parse(pair))

    # -- the station --

    @rule(connector=CONNECTORS)
    def start(self, connector: int) -> None:
        if connector in self.charging:
            return
        self.tick += 1
        self.charging[connector] = {"connector": connector, "began": self.tick, "number": None, "ended": None}
        self.all.append(self.charging[connector])
        self.queue.append({"action": "StartTransaction", "of": self.charging[connector], "tick": self.tick})

    @rule(connector=CONNECTORS)
    def measure(self, connector: int) -> None:
        if connector in self.charging:
            self.tick += 1
            self.queue.append({"action": "MeterValues", "of": self.charging[connector], "tick": self.tick})

    @rule(connector=CONNECTORS)
    def stop(self, connector: int) -> None:
        if connector in self.charging:
            self.tick += 1
            transaction = self.charging.pop(connector)
            transaction["ended"] = self.tick
            self.queue.append({"action": "StopTransaction", "of": transaction, "tick": self.tick})

    @rule(connector=CONNECTORS, status=st.sampled_from(["Charging", "SuspendedEV", "Finishing"]))
    def report(self, connector: int, status: str) -> None:
        if self.flying is None:
            self.tick += 1
            payload = {
                "connectorId": connector,
                "errorCode": "NoError",
                "status": status,
                "timestamp": _time(self.tick),
            }
            self.say("StatusNotification", payload, None)

    @rule(lost=st.booleans())
    def send(self, lost: bool) -> None:
        """Send the oldest message. ``lost``: the process dies before it has saved what it made of it."""
        if self.flying is not None or not self.queue:
            return
        entry = self.queue[0]
        if lost:
            text = json.dumps([2, "lost", entry["action"], self.payload(entry)])
            self.host.session.receive(Side.STATION, text, now=self.host.now)
            self.crash()
        else:
            self.say(entry["action"], self.payload(entry), entry)

    def payload(self, entry: dict[str, Any]) -> dict[str, Any]:
        of, time = entry["of"], _time(entry["tick"])
        if entry["action"] == "StartTransaction":
            return {"connectorId": of["connector"], "idTag": "ANNA", "meterStart": of["began"], "timestamp": time}
        assert of["number"] is not None, "the start comes first in the queue"
        if entry["action"] == "StopTransaction":
            return {"transactionId": of["number"], "meterStop": entry["tick"], "timestamp": time}
        reading = {"timestamp": time, "sampledValue": [{"value": str(entry["tick"])}]}
        return {"connectorId": of["connector"], "transactionId": of["number"], "meterValue": [reading]}

    def say(self, action: str, payload: dict[str, Any], entry: dict[str, Any] | None) -> None:
        self.tick += 1
        self.flying = (f"s{self.tick}", entry)
        self.heard(self.host.call(Side.STATION, f"s{self.tick}", action, payload))

    # -- the CSMS, links and processes --

    @rule()
    def answer(self) -> None:
        if self.host.owed[Side.CSMS] is not None:
            self.heard(self.host.answer(Side.CSMS, {}))

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

    # -- what is heard --

    def heard(self, outs: list[Out]) -> None:
        for out in outs:
            kind, message_id, *rest = json.loads(out.text)
            if out.to is Side.CSMS:
                if rest[0] == "TransactionEvent":
                    self.event(rest[1])
            elif kind in (3, 4):
                assert self.flying is not None and self.flying[0] == message_id
                entry, self.flying = self.flying[1], None
                if kind == 3 and entry is not None:
                    assert self.queue.popleft() is entry
                    if entry["action"] == "StartTransaction":
                        entry["of"]["number"] = rest[0]["transactionId"]

    def event(self, payload: dict[str, Any]) -> None:
        known = self.events.setdefault(payload["transactionInfo"]["transactionId"], {})
        number, text = payload["seqNo"], json.dumps(payload, sort_keys=True)
        if number in known:
            assert known[number] == text, "another event of the same number"
        else:
            assert number == len(known), f"event {number} after {len(known)} others"
            known[number] = text

    @invariant()
    def no_more_than_there_were(self) -> None:
        assert len(self.events) <= len(self.all)

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
        told = [(json.loads(known[0])["meterValue"][0]["sampledValue"][0]["value"]) for known in self.events.values()]
        assert sorted(told) == [transaction["began"] for transaction in self.all]
        numbers = [transaction["number"] for transaction in self.all]
        assert len(set(numbers)) == len(numbers)
        for known in self.events.values():
            kinds = [json.loads(known[number])["eventType"] for number in range(len(known))]
            began = json.loads(known[0])["meterValue"][0]["sampledValue"][0]["value"]
            transaction = next(row for row in self.all if row["began"] == began)
            middle = kinds[1:-1] if transaction["ended"] else kinds[1:]
            assert kinds[0] == "Started"
            assert (kinds[-1] == "Ended") == (transaction["ended"] is not None)
            assert set(middle) <= {"Updated"}


Transactions.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestTransactions = Transactions.TestCase
