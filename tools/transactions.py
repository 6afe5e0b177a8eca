"""Plays generated transactions of 2.x stations against a 1.6 CSMS, and counts what the CSMS saw.

    python tools/transactions.py [--count 5000] [--seed 1] [--pair ocpp2.0.1--ocpp1.6]

Each station has one or two EVSEs, a TxStartPoint and a TxStopPoint, its own habits (units, when it reads its meter,
whether it numbers events), and tells its transactions by TransactionEvents. It is offline now and then and queues what
it has to tell; the connection drops, the CSMS fails, answers late or refuses tokens; frames are repeated; and the
session goes through JSON into a new one between any two frames. The CSMS has to see, for each transaction that should
be one in 1.6, exactly one StartTransaction and one StopTransaction, in order, with readings that never run backwards.
Prints figures; exit 1 and the seeds of the stations when one of this did not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from charging_stories import BAD_TOKENS, Expectation, Habits, Story
from ocpp_crosswalk import Crosswalk, Pair, Session
from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Version

START = 1_767_225_600.0
REGISTER = "Energy.Active.Import.Register"
ROUNDING = 0.5
"""Wh by which a whole number may lie beside the register that it tells."""
_WH = {"Wh": 1, "kWh": 1000}
_RUNNING = ("Charging", "SuspendedEV", "SuspendedEVSE")
_NOT_RUNNING = ("Available", "Finishing")
_ONCE = ("StartTransaction", "MeterValues", "StopTransaction")


class Wrong(Exception):
    """The CSMS saw what it must not see."""


@dataclass
class Charge:
    """A transaction as the 1.6 CSMS knows it."""

    number: int
    connector: int
    story: Story
    readings: list[float]
    start: dict[str, Any]
    stop: dict[str, Any] | None = None


@dataclass
class Csms:
    """A 1.6 CSMS that notices everything that is out of order."""

    rng: random.Random
    figures: Counter[str]
    charges: list[Charge] = field(default_factory=list)
    unanswered: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    """What was taken in, by what it says, and whose answer the link has not had."""
    statuses: dict[int, str] = field(default_factory=dict)
    """What each connector was last said to be."""
    told: set[str] = field(default_factory=set)
    """What was taken in, and whose answer the link has had."""

    def take(self, action: str, payload: dict[str, Any], story: Story | None) -> dict[str, Any]:
        """The answer to a call; a call again that was not answered is the same call."""
        found = violation(Version.V16, action, "request", payload, formats=True)
        if found is not None:
            raise Wrong(f"{action} breaks its schema: {found.path}: {found.reason}")
        key = json.dumps([action, payload], sort_keys=True)
        if key in self.unanswered:
            self.figures["calls sent again"] += 1
            return self.unanswered[key][2]
        if key in self.told and action in _ONCE:
            raise Wrong(f"{action} is told twice: {payload}")
        answer = self._answer(action, payload, story)
        self.unanswered[key] = (action, payload, answer)
        return answer

    def answered(self, action: str, payload: dict[str, Any]) -> None:
        """The link has the answer."""
        key = json.dumps([action, payload], sort_keys=True)
        self.unanswered.pop(key, None)
        self.told.add(key)

    def _answer(self, action: str, payload: dict[str, Any], story: Story | None) -> dict[str, Any]:
        self.figures[action] += 1
        match action:
            case "Authorize":
                return {"idTagInfo": {"status": self._verdict(payload["idTag"])}}
            case "StartTransaction":
                return self._start(payload, story)
            case "MeterValues":
                self._meter_values(payload)
            case "StopTransaction":
                self._stop(payload)
            case "StatusNotification":
                self._status(payload["connectorId"], payload["status"], payload.get("timestamp"))
            case _:
                raise Wrong(f"{action} was not to be sent")
        return {}

    def _status(self, connector: int, status: str, told: str | None) -> None:
        """Statuses come in order, and fit the transactions; but one that was not taken at once may be overtaken by the
        start or the end that followed it, which its time tells."""
        self.statuses[connector] = status
        there = [charge for charge in self.charges if charge.connector == connector]
        runs = any(charge.stop is None for charge in there)
        last = there[-1] if there else None
        since = last and (last.stop or last.start)["timestamp"]
        late = told is not None and since is not None and told < since
        if not late and status in (_NOT_RUNNING if runs else _RUNNING):
            raise Wrong(f"connector {connector} is {status}, and {'a' if runs else 'no'} transaction runs there")

    def _verdict(self, tag: str) -> str:
        return "Blocked" if tag in BAD_TOKENS else "Accepted"

    def _start(self, payload: dict[str, Any], story: Story | None) -> dict[str, Any]:
        connector = payload["connectorId"]
        if story is None:
            raise Wrong("a StartTransaction that no event can have caused")
        if any(charge.connector == connector and charge.stop is None for charge in self.charges):
            raise Wrong(f"StartTransaction on connector {connector}, where a transaction runs")
        last = max((c.readings[-1] for c in self.charges if c.connector == connector), default=0.0)
        if payload["meterStart"] < last - 2 * ROUNDING:
            raise Wrong(f"meterStart {payload['meterStart']} is below {last}, where the last transaction ended")
        number = self.rng.randint(-5, 2**31 - 1)
        self.charges.append(Charge(number, connector, story, [float(payload["meterStart"])], payload))
        return {"transactionId": number, "idTagInfo": {"status": self._verdict(payload["idTag"])}}

    def _open(self, number: int, action: str) -> Charge:
        charge = next((charge for charge in self.charges if charge.number == number), None)
        if charge is None or charge.stop is not None:
            raise Wrong(f"{action} of the transaction {number}, which {'has ended' if charge else 'is unknown'}")
        return charge

    def _meter_values(self, payload: dict[str, Any]) -> None:
        if "transactionId" in payload:
            self._read(self._open(payload["transactionId"], "MeterValues"), payload["meterValue"])
        elif any(charge.connector == payload["connectorId"] and charge.stop is None for charge in self.charges):
            raise Wrong("MeterValues without the transaction that runs on the connector")

    def _stop(self, payload: dict[str, Any]) -> None:
        charge = self._open(payload["transactionId"], "StopTransaction")
        self._read(charge, payload.get("transactionData", []))
        self._reading(charge, float(payload["meterStop"]), ROUNDING)
        charge.stop = payload

    def _read(self, charge: Charge, meter_values: list[dict[str, Any]]) -> None:
        for value in meter_values:
            for sample in value["sampledValue"]:
                plain = sample.get("measurand", REGISTER) == REGISTER and "phase" not in sample
                if plain and sample.get("format") != "SignedData" and sample.get("context") != "Transaction.Begin":
                    self._reading(charge, float(sample["value"]) * _WH[sample.get("unit", "Wh")], ROUNDING)

    def _reading(self, charge: Charge, wh: float, slack: float) -> None:
        if wh < charge.readings[-1] - slack:
            raise Wrong(f"the register of {charge.number} runs from {charge.readings[-1]} back to {wh}")
        charge.readings.append(wh)


@dataclass
class Told:
    """Something that the station has to tell, and whose story it is."""

    action: str
    payload: dict[str, Any]
    story: Story


class Link:
    """One station, its link and its CSMS, under faults."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, seed: int, figures: Counter[str]) -> None:
        self.rng = rng = random.Random(seed)
        self._crosswalk, self._pair, self._figures = crosswalk, pair, figures
        self._settings = {"stopTransactionOn": rng.choice(["authorizationEnd", "transactionEnd"])}
        self._now = START
        self._connected_at = START
        self._session = self._new(None)
        self._csms = Csms(rng, figures)
        self._faults = rng.choice([0.0, 0.02, 0.06])
        self._restarts = rng.choice([0.0, 0.3, 1.0])
        self._queue: deque[Told] = deque()
        self._waiting: Told | None = None
        self._counter = 0
        self._answer: dict[str, Any] | None = None
        self._up = False
        self.stories: list[Story] = []

    def _new(self, state: bytes | None) -> Session:
        return self._crosswalk.session(
            "CP", station=self._pair.station, csms=self._pair.csms, state=state, settings=self._settings
        )

    def run(self, transactions: int) -> None:
        """Play ``transactions`` transactions. Raises Wrong."""
        habits = Habits.some(self.rng)
        lanes: list[Story | None] = [None] * self.rng.choice([1, 2])
        registers = [float(self.rng.randint(0, 10**6)) for _ in lanes]
        while len(self.stories) < transactions or any(lanes):
            lane = self.rng.randrange(len(lanes))
            story = lanes[lane]
            if story is None:
                if len(self.stories) < transactions:
                    number = len(self.stories)
                    lanes[lane] = Story(self.rng, habits, lane + 1, registers[lane], f"T-{number}", self._now)
                    self.stories.append(lanes[lane])  # type: ignore[arg-type]
                continue
            self._now += self.rng.uniform(0.5, 400)
            told = story.next(self._text(self._now))
            if told is None:
                registers[lane], lanes[lane] = story.register, None
                continue
            self._queue.append(Told(*told, story))
            if self.rng.random() >= 0.25:
                self._deliver()
            elif self.rng.random() < 0.1:
                self._forget(self._queue[-1])
        self._deliver()
        self._rest()
        self._settle()

    def _text(self, moment: float) -> str:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def _rest(self) -> None:
        """Let all timers run, on a connection that stays."""
        self._faults = 0.0
        if not self._up:
            self._connect()
        while (due := self._session.due) is not None:
            self._now = max(self._now, due)
            self._frames(self._session.expire(now=self._now))

    def _forget(self, told: Told) -> None:
        """Run out of memory offline: an intermediate event is never told (E04.FR.07)."""
        payload = told.payload
        if payload.get("eventType") == "Updated" and not payload.keys() & {"idToken", "evse"}:
            self._figures["events never told"] += 1
            self._queue.remove(told)
            told.story.told.remove(payload)

    def _deliver(self) -> None:
        """Come online, tell everything that is queued, and, perhaps, go offline."""
        while self._queue:
            if not self._up:
                self._connect()
            told = self._queue[0]
            answer = self._tell(told)
            if answer is not None:
                self._queue.popleft()
                told.story.answered(told.payload, answer)
                if self._up and self.rng.random() < 0.05:
                    self._figures["events told again"] += 1
                    if (again := self._tell(told)) is not None and again != answer:
                        raise Wrong(f"a repeat was answered with {again}, the event itself with {answer}")
        if self.rng.random() < 0.2:
            self._drop()

    def _connect(self) -> None:
        self._now += self.rng.uniform(0.1, 60)
        self._connected_at = self._now
        self._up = True
        self._waiting = None
        self._frames(self._session.connect(now=self._now))

    def _drop(self) -> None:
        if self._up:
            self._figures["connections lost"] += 1
        self._up = False

    def _tell(self, told: Told) -> dict[str, Any] | None:
        """Send an event; its answer, or None when it has to be told again."""
        payload = dict(told.payload)
        if told.action == "TransactionEvent" and self._late(payload["timestamp"]):
            payload["offline"] = True
            self._figures["events told late"] += 1
        self._counter += 1
        text = json.dumps([2, f"s{self._counter}", told.action, payload])
        self._waiting, self._answer = told, None
        self._receive("station", text)
        if self._up and self._answer is None and self._waiting is not None and self.rng.random() < 0.1:
            self._receive("station", text)
        while self._up and self._waiting is not None:
            due = self._session.due
            if due is None:
                raise Wrong(f"{told.action} is not answered, and nothing is awaited")
            self._now = max(self._now, due)
            self._frames(self._session.expire(now=self._now))
        return self._answer

    def _late(self, timestamp: str) -> bool:
        return datetime.fromisoformat(timestamp).timestamp() < self._connected_at

    def _receive(self, side: str, text: str) -> None:
        if self.rng.random() < self._restarts:
            self._figures["restarts"] += 1
            self._session = self._new(self._session.state)
        self._frames(self._session.receive(side, text, now=self._now))

    def _frames(self, outs: list[Any]) -> None:
        """What left is taken in at once; what a fault swallows is gone."""
        for event in self._session.take_events():
            if event.kind in ("invalid-output", "given-up"):
                raise Wrong(f"{event.kind}: {event.text}")
        for out in outs:
            if not self._up:
                return
            self._now += self.rng.uniform(0.001, 0.2)
            frame = json.loads(out.text)
            if str(out.to) == "csms":
                self._at_csms(frame)
            else:
                self._at_station(frame)

    def _at_csms(self, frame: list[Any]) -> None:
        _, message_id, action, payload = frame
        fault = self.rng.choice(["drop", "fails", "silent", "lost"]) if self.rng.random() < self._faults else ""
        if fault == "drop":
            self._drop()
            return
        if fault == "fails":
            self._figures["CALLERRORs of the CSMS"] += 1
            self._receive("csms", json.dumps([4, message_id, "InternalError", "", {}]))
            return
        if fault == "silent":
            self._figures["calls not answered"] += 1
            return
        story = self._waiting.story if self._waiting else None
        answer = self._csms.take(action, payload, story)
        if fault == "lost":
            self._figures["answers lost"] += 1
            if self.rng.random() < 0.5:
                self._drop()
            return
        self._csms.answered(action, payload)
        self._receive("csms", json.dumps([3, message_id, answer]))

    def _at_station(self, frame: list[Any]) -> None:
        if frame[0] == 2:
            self._figures["stops asked of the station"] += 1
            for story in self.stories:
                if story.identifier == frame[3]["transactionId"]:
                    story.asked_to_stop = True
            self._receive("station", json.dumps([3, frame[1], {"status": "Accepted"}]))
            return
        if frame[1] == f"s{self._counter}" and self._waiting is not None:
            self._waiting = None
            self._answer = frame[2] if frame[0] == 3 else None

    def _settle(self) -> None:
        """Compare what the CSMS saw with what the stories say."""
        for connector, status in self._csms.statuses.items():
            if status != "Available":
                raise Wrong(f"connector {connector} is {status} in the end")
        expectation = Expectation(self._settings["stopTransactionOn"] == "transactionEnd")
        for story in self.stories:
            self._figures[f"TxStartPoint {story.habits.start_point}"] += 1
            seen = [charge for charge in self._csms.charges if charge.story is story]
            wanted = expectation.of(story.evse, story.told)
            self._figures["transactions that 1.6 should have"] += len(wanted)
            tags = [charge.start["idTag"] for charge in seen]
            if tags != [one.tag for one in wanted]:
                raise Wrong(f"{story.identifier} began in 1.6 with {tags}, but should with {wanted}")
            for charge, one in zip(seen, wanted, strict=True):
                if charge.stop is None:
                    raise Wrong(f"{story.identifier} never stopped in 1.6")
                told = (charge.start["meterStart"], charge.stop["meterStop"])
                if abs(told[0] - one.start) > ROUNDING or abs(told[1] - one.stop) > ROUNDING:
                    raise Wrong(f"{story.identifier} was told with {told} Wh, but should as {one}")


def play(crosswalk: Crosswalk, pair: Pair, *, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Play ``count`` transactions on as many stations as it takes; gives figures, and what went wrong, by seed."""
    figures: Counter[str] = Counter()
    wrong: list[str] = []
    station = 0
    while figures["transactions"] < count:
        number = seed * 1_000_000 + station
        station += 1
        link = Link(crosswalk, pair, number, figures)
        transactions = min(link.rng.randint(1, 8), count - figures["transactions"])
        try:
            link.run(transactions)
        except Wrong as error:
            wrong.append(f"station {number}: {error}")
        figures["transactions"] += transactions
    figures["stations"] = station
    return figures, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="how many transactions (default: 5000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pair", default="ocpp2.0.1--ocpp1.6")
    options = parser.parse_args()
    began = time.perf_counter()
    figures, wrong = play(Crosswalk.load(), Pair.parse(options.pair), count=options.count, seed=options.seed)
    for name, number in sorted(figures.items()):
        print(f"{number:8}  {name}")
    print(f"{time.perf_counter() - began:8.1f}  seconds")
    print(f"{len(wrong):8}  stations went wrong")
    print(*wrong[:20], sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
