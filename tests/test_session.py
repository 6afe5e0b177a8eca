"""The seven promises of the session (docs/architecture.md), by attempts to break them."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from host import Host
from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.check.generate import random_payload
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

    @rule(side=SIDES, action=st.sampled_from(["Heartbeat", "NoSuchThing", "Reset", "BootNotification"]))
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
            json.dumps(self.host.session.state, allow_nan=False)

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
