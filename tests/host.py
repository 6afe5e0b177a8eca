"""A host of a session that holds it to its promises: every frame that leaves is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ocpp_crosswalk import Crosswalk, Out
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Pair, Side

START = 1_790_000_000.0


class Host:
    """One session, its clock, what each side owes, and the state that was saved last."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, settings: Mapping[str, Any] | None = None) -> None:
        self.crosswalk = crosswalk
        self.pair = pair
        self.settings = settings
        self.now = START
        self.saved: bytes | None = None
        """The state as it was saved last; None before the first time."""
        self.asked: dict[Side, dict[str, str]] = {side: {} for side in Side}
        """The calls of each side that have no answer yet: id and action."""
        self.ever_asked: dict[Side, dict[str, str]] = {side: {} for side in Side}
        self.owed: dict[Side, tuple[str, str, float] | None] = dict.fromkeys(Side)
        """The one call that each side got and has not answered: id, action, and when it times out."""
        self.told: dict[Side, set[str]] = {side: set() for side in Side}
        """Every message id that a side was called with, on any connection."""
        self.session = self._new()
        self.connect()

    # -- what happens --

    def connect(self) -> list[Out]:
        """A new pair of sockets: what was open is forgotten."""
        for side in Side:
            self.asked[side].clear()
            self.ever_asked[side].clear()
            self.owed[side] = None
        return self._judged(self.session.connect(now=self.now))

    def call(self, side: Side, message_id: str, action: str, payload: Any) -> list[Out]:
        """A call arrives, or arrives again."""
        known = protocol(self.pair.version(side)).actions.get(action)
        send = known is not None and known.send
        if not send:
            self.asked[side][message_id] = action
            self.ever_asked[side][message_id] = action
        return self.text(side, json.dumps([6 if send else 2, message_id, action, payload]))

    def answer(self, side: Side, payload: Any) -> list[Out]:
        """The side answers the call that it owes an answer to."""
        return self.text(side, json.dumps([3, self._settled(side), payload]))

    def error(self, side: Side, code: str = "InternalError") -> list[Out]:
        """The side answers with a CALLERROR."""
        return self.text(side, json.dumps([4, self._settled(side), code, "", {}]))

    def text(self, side: Side, text: str | bytes) -> list[Out]:
        """Any text arrives."""
        return self._judged(self.session.receive(side, text, now=self.now))

    def garbage(self, side: Side, text: str | bytes, *, may_answer: str | None) -> None:
        """Text that is no call and no answer to an open one: at most an error with the id ``may_answer``."""
        outs = self.session.receive(side, text, now=self.now)
        frames = [json.loads(out.text) for out in outs]
        assert [(out.to, *frame[:2]) for out, frame in zip(outs, frames, strict=True)] in (
            [],
            [(side, 4, may_answer)],
        ), (text[:200], frames)

    def wait(self, seconds: float) -> list[Out]:
        """Time passes, in one step, like for a host that was busy."""
        self.now += seconds
        return self.expire()

    def expire(self) -> list[Out]:
        """The host looks what is due."""
        for side in Side:
            owed = self.owed[side]
            if owed is not None and self.now >= owed[2]:
                self.owed[side] = None
        return self._judged(self.session.expire(now=self.now))

    def restart(self) -> None:
        """Another process goes on, on the same links, from the present state."""
        self.saved = self.session.state
        self.session = self._new()

    def crash(self) -> None:
        """The process dies; another one goes on from what was saved, on new links."""
        self.session = self._new()
        self.connect()

    def drain(self) -> None:
        """Let everything that is open come to an end by time-outs; then nobody may be owed an answer."""
        for _ in range(1000):
            due = self.session.due
            if due is None:
                break
            self.now = max(self.now, due)
            self.expire()
        else:
            raise AssertionError("the session never comes to rest")
        assert self.asked == {side: {} for side in Side}, f"never answered: {self.asked}"

    # -- the judge --

    def _new(self) -> Any:
        return self.crosswalk.session(
            "CP-1", station=self.pair.station, csms=self.pair.csms, state=self.saved, settings=self.settings
        )

    def _settled(self, side: Side) -> str:
        owed = self.owed[side]
        assert owed is not None
        self.owed[side] = None
        return owed[0]

    def _judged(self, outs: list[Out]) -> list[Out]:
        if self.session.dirty:
            self.saved = self.session.state
            self.session.saved()
        kept = json.loads(self.session.state)["data"]
        assert kept == self.session._view._data, f"changed without `View.change`: {kept} {self.session._view._data}"
        for out in outs:
            self._judge(out)
        return outs

    def _judge(self, out: Out) -> None:
        version = self.pair.version(out.to)
        kind, message_id, *rest = json.loads(out.text)
        if kind in (2, 6):
            action = protocol(version).actions[rest[0]]
            assert out.to.other in action.sender
            assert action.send == (kind == 6)
            assert violation(version, rest[0], "request", rest[1], formats=True) is None, out
            assert message_id not in self.told[out.to], f"the id was used before: {out}"
            self.told[out.to].add(message_id)
            if kind == 2:
                assert self.owed[out.to] is None, f"two calls in flight: {self.owed[out.to]} and {out}"
                timeout = float(self.session._settings["callTimeout"])
                self.owed[out.to] = (message_id, rest[0], self.now + timeout)
            return
        assert message_id in self.asked[out.to], f"answers no open call: {out}"
        asked = self.asked[out.to].pop(message_id)
        if kind == 3:
            assert violation(version, asked, "response", rest[0], formats=True) is None, out
        else:
            assert kind == 4
            assert rest[0] in protocol(version).error_codes.values()
            assert len(rest[1]) <= 255
