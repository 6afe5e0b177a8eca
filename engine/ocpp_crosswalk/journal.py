"""What a session writes down beside the frames: events, until the host takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .events import Event, EventKind
from .versions import Side


class Journal:
    """The events of one station's session. ``about`` says whose call is being worked on: side, action, message id.

    What is of a kind in ``unheard`` is not written down.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._events: list[Event] = []
        self.about: tuple[Side | str, str, str] = (Side.STATION, "", "")
        self.unheard: frozenset[EventKind] = frozenset()

    def take(self) -> list[Event]:
        """What happened since the last call."""
        events, self._events = self._events, []
        return events

    def add(
        self,
        kind: EventKind,
        side: Side | str,
        action: str,
        message_id: str,
        text: str = "",
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Write down one event."""
        if kind in self.unheard:
            return
        self._events.append(
            Event(
                kind=kind,
                identity=self._identity,
                side=str(side),
                action=action,
                message_id=message_id,
                text=text,
                detail=detail or {},
            )
        )

    def note(self, text: str) -> None:
        """Something about the present call that an operator should know."""
        self.add(EventKind.NOTE, *self.about, text)

    def drop(self, reason: str, detail: dict[str, Any]) -> None:
        """Something of the present call is not carried over."""
        self.add(EventKind.DROPPED_FIELD, *self.about, reason, detail)

    def dropped(self, side: Side, action: str, message_id: str, fields: Iterable[tuple[str, str]]) -> None:
        """Fields, each with the reason why it is not carried over; when nobody hears of it, they are not looked for."""
        if EventKind.DROPPED_FIELD in self.unheard:
            return
        for path, reason in fields:
            self.add(EventKind.DROPPED_FIELD, side, action, message_id, reason, {"field": path})
