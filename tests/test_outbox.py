"""The order in which calls leave toward one side, against a model that knows every call."""

from __future__ import annotations

import json
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ocpp_crosswalk.outbox import Outbox, Waiting

PATIENCE = 30.0


def call(number: int, action: str, **flags: bool) -> Waiting:
    return Waiting(f"m{number}", action, {"number": number}, **flags)  # type: ignore[arg-type]


class Order(RuleBasedStateMachine):
    """Calls are put in, sent, taken, refused and sent again, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.box = Outbox()
        self.now = 1000.0
        self.numbers = count(1)
        self.silent = self.held = False
        self.due: dict[int, Waiting] = {}
        """The calls that have still to be taken, in the order in which they came; what was sent is before the rest."""

    def is_held(self, one: Waiting) -> bool:
        return self.held and not one.owner and not one.asked

    def may_leave(self, one: Waiting, queue: list[Waiting]) -> bool:
        """Whether nothing but silence keeps a call of the queue back."""
        ahead = queue[: queue.index(one) + 1]
        return not self.is_held(one) and all(
            other.action != one.action or self.is_held(other) or other.not_before <= self.now for other in ahead
        )

    @rule(
        action=st.sampled_from("AB"),
        kind=st.sampled_from([{"durable": True}, {"durable": True, "asked": True}, {"asked": True}, {}]),
    )
    def add(self, action: str, kind: dict[str, bool]) -> None:
        one = call(next(self.numbers), action, **kind)
        self.due[one.payload["number"]] = one
        self.box.add(one)
        self.take()

    @precondition(lambda self: not any(one.owner for one in self.due.values()))
    @rule(action=st.sampled_from("AB"), first=st.booleans())
    def forward(self, action: str, first: bool) -> None:
        """A call of the other side, which has one under way at a time."""
        one = call(next(self.numbers), "First" if first else action, first=first)
        one.owner = "station"
        self.due[one.payload["number"]] = one
        self.box.add(one)
        self.take()

    def take(self) -> None:
        """The session asks after all that happens."""
        busy, before = self.box.flight, list(self.box.waiting)
        taken = self.box.take(self.now, self.now + PATIENCE, silent=self.silent, held=self.held)
        if busy is not None:
            assert taken is None
            return
        if taken is None:
            assert self.silent or not any(self.may_leave(one, before) for one in before), "it could have left"
            due = self.box.due(held=self.held)
            assert self.silent or due is None or due > self.now, "the host would ask again at once, for nothing"
            return
        assert taken.not_before <= self.now, "it left before its time"
        assert taken.first or not self.silent
        assert not self.is_held(taken)
        passed = before[: before.index(taken)]
        assert not any(self.may_leave(one, before) for one in passed), "it passed one that could have left"
        number = taken.payload["number"]
        earlier = list(self.due.values())[: list(self.due).index(number)]
        assert all(one.action != taken.action or self.is_held(one) for one in earlier), "out of order"
        self.due = {number: taken} | self.due

    @precondition(lambda self: self.box.flight is not None)
    @rule()
    def answered(self) -> None:
        assert self.box.flight is not None
        landed = self.box.land(self.box.flight.id)
        assert landed is not None
        del self.due[landed.payload["number"]]
        self.take()

    @precondition(lambda self: self.box.flight is not None and not self.box.flight.owner and self.box.flight.durable)
    @rule(pause=st.sampled_from([0.0, 10.0, 20.0]))
    def refused(self, pause: float) -> None:
        assert self.box.flight is not None
        landed = self.box.land(self.box.flight.id)
        assert landed is not None
        self.box.retry(landed, self.now + pause)
        self.take()

    @rule(seconds=st.sampled_from([1.0, 9.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.take()

    @rule()
    def wait_until_due(self) -> None:
        due = self.box.due(held=self.held)
        if due is not None and self.box.flight is None:
            self.now = max(self.now, due)
            self.take()
            assert self.silent or self.box.flight, "the host was called for nothing"

    @rule(silent=st.booleans(), held=st.booleans())
    def hold(self, silent: bool, held: bool) -> None:
        self.silent, self.held = silent, held
        self.take()

    @rule()
    def reconnect(self) -> None:
        self.box.reconnect()
        self.due = {number: one for number, one in self.due.items() if one.durable and not one.owner}
        self.take()

    @rule()
    def another_process(self) -> None:
        saved = json.loads(json.dumps(self.box.as_json()))
        owned = [one for one in self.due.values() if one.owner]
        before, self.box = self.box, Outbox(saved)
        for one in owned:
            self.box.supply("station", one.payload)
        assert (self.box.flight, self.box.waiting) == (before.flight, before.waiting)
        kept = {one.payload["number"]: one for one in (self.box.flight, *self.box.waiting) if one is not None}
        self.due = {number: kept[number] for number in self.due}

    @invariant()
    def nothing_is_lost(self) -> None:
        kept = [one.payload["number"] for one in (self.box.flight, *self.box.waiting) if one is not None]
        assert sorted(kept) == sorted(self.due)


Order.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None, derandomize=True)
TestOrder = Order.TestCase
