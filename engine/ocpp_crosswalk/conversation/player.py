"""Plays a case on a stage and says what went otherwise.

Findings: XW300 for a step that went otherwise, XW301 for a frame that breaks the official schema or answers no
call, XW302 for a case that cannot be played as it is written. After a step that got no frame, or a frame of
another kind, the rest of the case is not played: it would only fail in consequence.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ..crosswalk import Crosswalk
from ..diagnostics import Diagnostic, Diagnostics, MappingError, Position
from ..protocol import MessageType, protocol
from ..schemas import UnknownMessage, violation
from ..versions import Pair, Side
from .files import Case, Step, moment
from .patterns import differences, filled
from .stage import Left, SessionStage, Stage

START = moment("2026-01-01T00:00:00Z")
"""When a case begins that does not say so by `at`."""


def play(case: Case, crosswalk: Crosswalk, pair: Pair, *, always_restart: bool = False) -> list[Diagnostic]:
    """Play ``case`` on a bare session of ``pair``; gives what went otherwise.

    With ``always_restart`` the state goes through JSON into a new session after everything that happens.
    """

    def stage(now: float, settings: Mapping[str, Any]) -> Stage:
        return SessionStage(crosswalk, pair, now=now, settings=settings, always_restart=always_restart)

    return play_on(stage, case, pair)


def play_on(make: Callable[[float, Mapping[str, Any]], Stage], case: Case, pair: Pair) -> list[Diagnostic]:
    """Play ``case`` on the stage that ``make(now, settings)`` gives; gives what went otherwise."""
    first = case.steps[0]
    found = Diagnostics()
    try:
        stage = make(moment(first.value) if first.kind == "at" else START, case.settings)
    except ValueError as error:
        found.add("XW302", case.at, f"the case {case.name!r} cannot be played: {error}")
    except MappingError as error:
        found.items.extend(error.diagnostics)
    else:
        _Player(stage, pair, found).play(case)
    return found.items


class _Stop(Exception):
    """The rest of the case makes no sense."""


class _Player:
    """One case on one stage."""

    def __init__(self, stage: Stage, pair: Pair, found: Diagnostics) -> None:
        self._stage = stage
        self._pair = pair
        self._found = found
        self._bound: dict[str, Any] = {}
        self._counter = 0
        self._again: tuple[Side, str, str] | None = None
        """The side, the message id and the text of the call that a side sent last."""
        self._asked: dict[Side, dict[str, str]] = {side: {} for side in Side}
        """The action of every call that a side sent on this connection, by message id."""
        self._waiting: dict[Side, list[str]] = {side: [] for side in Side}
        """The ids of the calls of a side that have no answer yet."""
        self._owed: dict[Side, deque[str]] = {side: deque() for side in Side}
        """The ids of the calls that a side got and has not answered."""

    def play(self, case: Case) -> None:
        try:
            for step in case.steps:
                self._step(step)
            self._nothing_left(case.steps[-1].at, "at the end")
        except _Stop:
            self._stage.rest()

    def _step(self, step: Step) -> None:
        side_name, _, verb = step.kind.partition("-")
        if verb.startswith("gets"):
            self._gets(step, Side(side_name), verb)
            return
        self._nothing_left(step.at, f"before `{step.kind}`")
        match step.kind:
            case "wait":
                self._stage.wait(step.value)
            case "at":
                self._stage.set_clock(moment(step.value))
            case "reconnect":
                self._stage.reconnect()
                for side in Side:
                    self._asked[side].clear()
                    self._waiting[side].clear()
                    self._owed[side].clear()
            case "restart":
                self._stage.restart()
            case "again":
                self._repeat(step)
            case _:
                self._says(step, Side(side_name), verb)

    # -- what arrives --

    def _says(self, step: Step, side: Side, verb: str) -> None:
        try:
            value = filled(step.value, self._bound)
        except LookupError as error:
            raise self._unplayable(step, str(error)) from None
        if verb == "calls":
            action, payload = value
            self._counter += 1
            message_id = f"{side}-{self._counter}"
            known = protocol(self._pair.version(side)).actions.get(action)
            kind = MessageType.SEND if known is not None and known.send else MessageType.CALL
            text = json.dumps([kind, message_id, action, payload])
            if kind is MessageType.CALL:
                self._asked[side][message_id] = action
                self._waiting[side].append(message_id)
            self._again = (side, message_id, text)
        else:
            if not self._owed[side]:
                raise self._unplayable(step, f"the {side} has no call to answer")
            message_id = self._owed[side].popleft()
            text = json.dumps([3, message_id, value] if verb == "answers" else [4, message_id, *value, {}])
        self._stage.arrive(side, text)

    def _repeat(self, step: Step) -> None:
        if self._again is None:
            raise self._unplayable(step, "no call was sent that could be sent again")
        side, message_id, text = self._again
        frame = json.loads(text)
        if frame[0] == MessageType.CALL:
            self._asked[side][message_id] = frame[2]
            if message_id not in self._waiting[side]:
                self._waiting[side].append(message_id)
        self._stage.arrive(side, text)

    # -- what left --

    def _gets(self, step: Step, side: Side, verb: str) -> None:
        left = self._stage.next(side)
        if left is None:
            self._found.add("XW300", step.at, f"the {side} should get {_awaited(step)}, but nothing left toward it")
            raise _Stop
        self._check(step.at, left)
        kind, message_id, *rest = left.frame
        if verb == "gets":
            action, pattern = step.value
            fits = kind in (MessageType.CALL, MessageType.SEND) and rest[0] == action
            if kind == MessageType.CALL:
                self._owed[side].append(message_id)
        else:
            fits = kind == (MessageType.CALLRESULT if verb == "gets-answer" else MessageType.CALLERROR)
            fits = fits and self._waiting[side][:1] == [message_id]
            fits = fits and (verb != "gets-error" or rest[0] == step.value)
            pattern = step.value if verb == "gets-answer" else rest[-1]
            if message_id in self._waiting[side]:
                self._waiting[side].remove(message_id)
        if not fits:
            self._found.add("XW300", step.at, f"the {side} should get {_awaited(step)}, but got {_shown(left)}")
            raise _Stop
        different = differences(pattern, rest[-1], self._bound)
        if different:
            lines = "".join(f"\n    {line}" for line in different)
            self._found.add("XW300", step.at, f"{_awaited(step)} went to the {side} otherwise:{lines}")

    def _nothing_left(self, at: Position, when: str) -> None:
        rest = self._stage.rest()
        for left in rest:
            self._check(at, left)
            self._found.add("XW300", at, f"{when} the {left.to} got what no step awaits: {_shown(left)}")
        if rest:
            raise _Stop

    def _check(self, at: Position, left: Left) -> None:
        """Every frame that leaves fits the version of the side that gets it."""
        version = self._pair.version(left.to)
        kind, message_id, *rest = left.frame
        action = self._asked[left.to].get(message_id)
        if kind in (MessageType.CALL, MessageType.SEND):
            known = protocol(version).actions.get(rest[0])
            if known is None or left.to.other not in known.sender or known.send != (kind == MessageType.SEND):
                self._broken(at, left, f"{version} has no {rest[0]} for a {left.to} to get")
                return
            self._fits(at, left, rest[0], "request")
        elif action is None:
            self._broken(at, left, "it answers no call")
        elif kind == MessageType.CALLRESULT:
            self._fits(at, left, action, "response")
        elif kind != MessageType.CALLERROR:
            self._broken(at, left, f"a {left.to} gets no message of type {kind}")
        elif rest[0] not in protocol(version).error_codes.values():
            self._broken(at, left, f"{version} has no error code {rest[0]}")

    def _fits(self, at: Position, left: Left, action: str, kind: Any) -> None:
        try:
            wrong = violation(self._pair.version(left.to), action, kind, left.frame[-1], formats=True)
        except UnknownMessage as error:
            self._broken(at, left, str(error))
            return
        if wrong is not None:
            self._broken(at, left, str(wrong))

    def _broken(self, at: Position, left: Left, why: str) -> None:
        self._found.add("XW301", at, f"what left toward the {left.to} is faulty: {why}: {_shown(left)}")

    def _unplayable(self, step: Step, why: str) -> _Stop:
        self._found.add("XW302", step.at, f"the step `{step.kind}` cannot be played: {why}")
        return _Stop()


def _awaited(step: Step) -> str:
    verb = step.kind.partition("-")[2]
    if verb == "gets":
        return f"the call {step.value[0]}"
    return "an answer" if verb == "gets-answer" else f"the error {step.value}"


def _shown(left: Left) -> str:
    kind, message_id, *rest = left.frame
    text = json.dumps(rest[-1], ensure_ascii=False)
    text = text if len(text) <= 300 else f"{text[:300]}..."
    match kind:
        case MessageType.CALLRESULT:
            return f"the answer to {message_id} {text}"
        case MessageType.CALLERROR:
            return f"the error {rest[0]} ({rest[1]}) for {message_id}"
    return f"the call {rest[0]} {text}"
