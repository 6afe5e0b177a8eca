"""Where a conversation is played: what frames arrive at, and leave from. Here: a bare session."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..crosswalk import Crosswalk
from ..events import Event
from ..session import Out, Session
from ..versions import Pair, Side

IDENTITY = "CP-1"
"""The station of every conversation."""


@dataclass(frozen=True, slots=True)
class Left:
    """A frame that left toward a side, as JSON."""

    to: Side
    frame: list[Any]


class Stage(Protocol):
    """What a conversation is played on. Every operation takes effect before it returns."""

    def arrive(self, side: Side, text: str) -> None:
        """The frame ``text`` arrives from ``side``."""

    def next(self, side: Side) -> Left | None:
        """Take the next frame that left toward ``side``; None when there is none."""

    def rest(self) -> list[Left]:
        """Take all the frames that left and that nobody took."""

    def wait(self, seconds: float) -> None:
        """``seconds`` pass; what is due in them happens."""

    def set_clock(self, now: float) -> None:
        """It is now ``now``, in seconds since the epoch."""

    def reconnect(self) -> None:
        """Both links drop, and come up again."""

    def restart(self) -> None:
        """The process ends, and another goes on from the saved state."""


class SessionStage:
    """A bare session, with a clock that only conversations move.

    With ``always_restart`` the state goes through JSON into a new session after everything that happens.
    """

    def __init__(
        self,
        crosswalk: Crosswalk,
        pair: Pair,
        *,
        now: float,
        settings: Mapping[str, Any] | None = None,
        always_restart: bool = False,
    ) -> None:
        """Raises ValueError for a faulty setting, MappingError for faulty mappings."""
        self._crosswalk = crosswalk
        self._pair = pair
        self._settings = settings
        self._always_restart = always_restart
        self._now = now
        self._left: dict[Side, deque[Left]] = {side: deque() for side in Side}
        self.events: list[Event] = []
        """What the session reported."""
        self._session = self._new(None)
        self._take(self._session.connect(now=now))

    def arrive(self, side: Side, text: str) -> None:
        self._take(self._session.receive(side, text, now=self._now))

    def next(self, side: Side) -> Left | None:
        return self._left[side].popleft() if self._left[side] else None

    def rest(self) -> list[Left]:
        rest = [left for queue in self._left.values() for left in queue]
        for queue in self._left.values():
            queue.clear()
        return rest

    def wait(self, seconds: float) -> None:
        until = self._now + seconds
        due = self._session.due
        while due is not None and due <= until:
            self._now = max(self._now, due)
            self._take(self._session.expire(now=self._now))
            before, due = due, self._session.due
            if due == before:
                break
        self._now = until
        self._take(self._session.expire(now=until))

    def set_clock(self, now: float) -> None:
        self._now = now

    def reconnect(self) -> None:
        self._take(self._session.connect(now=self._now))

    def restart(self) -> None:
        self._session = self._new(self._session.state)

    def _new(self, state: bytes | None) -> Session:
        return self._crosswalk.session(
            IDENTITY, station=self._pair.station, csms=self._pair.csms, state=state, settings=self._settings
        )

    def _take(self, outs: Iterable[Out]) -> None:
        for out in outs:
            self._left[out.to].append(Left(out.to, json.loads(out.text)))
        self.events += self._session.take_events()
        if self._always_restart:
            self.restart()
