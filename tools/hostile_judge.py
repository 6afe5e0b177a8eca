"""Judges what the proxy, or a session, sends to one side while that side misbehaves."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import orjson

from ocpp_crosswalk.frames import Call, FrameError, Send, parse
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Side, Version

_LATELY = 16
"""Among how many calls no id may come twice. A sender that uses an id of its own again later gets it passed on."""


class Judge:
    """One side of one connection. ``wrongs`` collects what must not happen, as sentences."""

    def __init__(self, version: Version, side: Side, wrongs: list[str]) -> None:
        self._version = version
        self._side = side
        self._wrongs = wrongs
        self._asked: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._called: deque[str] = deque(maxlen=_LATELY)
        self._actions: dict[str, set[str]] = {}

    def sent(self, text: str | bytes) -> None:
        """The side sends this."""
        try:
            frame = parse(text, self._version)
        except FrameError as error:
            if error.answerable and error.id is not None:
                self._asked[error.id] += 1
            return
        if isinstance(frame, Call):
            self._asked[frame.id] += 1
            self._actions.setdefault(frame.id, set()).add(frame.action)

    def got(self, text: str) -> tuple[str, str] | None:
        """The side is sent this; gives id and action of a call that it may answer."""
        frame: list[Any] = orjson.loads(text)
        if frame[0] in (3, 4):
            self._answer(frame)
            return None
        parsed = parse(text, self._version)
        assert isinstance(parsed, (Call, Send))
        action = protocol(self._version).actions.get(parsed.action)
        if action is None or self._side.other not in action.sender or action.send is not isinstance(parsed, Send):
            self._wrong(f"{parsed.action} is no action for this side", text)
            return None
        self._valid(parsed.action, "request", parsed.payload, text)
        if parsed.id in self._called:
            self._wrong("a message id is used again soon", text)
        self._called.append(parsed.id)
        return None if isinstance(parsed, Send) else (parsed.id, parsed.action)

    def unanswered(self) -> list[str]:
        """The ids that were used for one call only, which never got an answer."""
        return [message_id for message_id, count in self._asked.items() if count == 1 > self._answered[message_id]]

    def _answer(self, frame: list[Any]) -> None:
        self._answered[frame[1]] += 1
        if self._answered[frame[1]] > self._asked[frame[1]]:
            self._wrong("an answer to no call, or a second one", orjson.dumps(frame).decode())
            return
        if frame[0] == 4:
            if frame[2] not in protocol(self._version).error_codes.values():
                self._wrong(f"{frame[2]} is no error code of {self._version}", orjson.dumps(frame).decode())
            if len(frame) != 5 or len(frame[3]) > 255 or not isinstance(frame[4], dict):
                self._wrong("a CALLERROR that is none", orjson.dumps(frame).decode())
            return
        actions = self._actions.get(frame[1], set())
        found = [violation(self._version, name, "response", frame[2], formats=True) for name in self._known(actions)]
        if not found or all(found):
            self._wrong(f"an answer that fits no {' or '.join(actions)}: {found}", orjson.dumps(frame).decode())

    def _known(self, actions: set[str]) -> list[str]:
        known = protocol(self._version).actions
        return [name for name in actions if name in known and not known[name].send]

    def _valid(self, action: str, kind: Any, payload: dict[str, Any], text: str) -> None:
        found = violation(self._version, action, kind, payload, formats=True)
        if found is not None:
            self._wrong(f"{action} breaks its schema: {found}", text)

    def _wrong(self, what: str, text: str) -> None:
        self._wrongs.append(f"to the {self._side} ({self._version}): {what}: {text[:600]}")
