"""Sessions one behind the other: the CSMS side of each is the station side of the next."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Any

from ocpp_crosswalk import Crosswalk, Event, Out, Side, Version


class Chain:
    """A station, any number of crosswalks in a row, and a CSMS."""

    def __init__(self, crosswalk: Crosswalk, versions: list[Version], *, now: float, **settings: Any) -> None:
        self.sessions = [
            crosswalk.session("CP-1", station=station, csms=csms, settings=settings)
            for station, csms in pairwise(versions)
        ]
        for session in self.sessions:
            session.connect(now=now)

    def receive(self, side: Side, text: str, *, now: float) -> list[Out]:
        """What leaves at the two ends because of a frame that arrives at one of them."""
        last = len(self.sessions) - 1
        pending = deque([(0 if side is Side.STATION else last, side, text)])
        left: list[Out] = []
        while pending:
            index, origin, frame = pending.popleft()
            for out in self.sessions[index].receive(origin, frame, now=now):
                if out.to is Side.STATION and index > 0:
                    pending.append((index - 1, Side.CSMS, out.text))
                elif out.to is Side.CSMS and index < last:
                    pending.append((index + 1, Side.STATION, out.text))
                else:
                    left.append(out)
        return left

    def events(self) -> list[Event]:
        """What the sessions reported."""
        return [event for session in self.sessions for event in session.take_events()]
