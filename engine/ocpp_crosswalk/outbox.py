"""What leaves toward one side: calls wait their turn, one is in flight at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEPT_IDS = 16
"""How many ids of sent calls are remembered, on each side."""


@dataclass(slots=True)
class Waiting:
    """A call in the outbox. ``owner`` is the side whose exchange waits for its reply, or empty.

    A ``durable`` call without an owner is sent again, on the next link if need be, until it is answered.
    ``asked`` says that the receiver itself asked for it. ``not_before`` says when it may leave.
    """

    id: str
    action: str
    payload: dict[str, Any]
    owner: str = ""
    durable: bool = False
    first: bool = False
    asked: bool = False
    attempts: int = 0
    not_before: float = 0.0

    @property
    def unasked(self) -> bool:
        """Whether the link sends it by itself: nobody waits for its answer, and nobody asked for it."""
        return not (self.owner or self.asked)

    def as_json(self) -> dict[str, Any]:
        """The call as a JSON object. It shares the payload; that of a call with an owner is kept with its exchange."""
        return {
            "id": self.id,
            "action": self.action,
            "payload": {} if self.owner else self.payload,
            "owner": str(self.owner),
            "durable": self.durable,
            "first": self.first,
            "asked": self.asked,
            "attempts": self.attempts,
            "not_before": self.not_before,
        }


class Outbox:
    """The calls toward one side, and the one that is in flight."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        saved = saved or {}
        self.waiting = [Waiting(**row) for row in saved.get("waiting", ())]
        flight = saved.get("flight")
        self.flight: Waiting | None = Waiting(**flight) if flight else None
        self.flight_due: float = saved.get("due", 0.0)
        self._sent: list[str] = saved.get("sent", [])

    def add(self, call: Waiting) -> None:
        """Put a call at the end; one that goes first, at the head."""
        if call.first:
            self.waiting.insert(0, call)
        else:
            self.waiting.append(call)

    def take(self, now: float, due: float, *, silent: bool, held: bool) -> Waiting | None:
        """The next call to send now, noted as in flight until ``due``; None when there is none or one is in flight.

        A call that waits for its time keeps back those of its action, and no others. While ``silent``, only a call
        that goes first may leave; while ``held``, the calls that the link sends by itself stay, and all others pass
        them.
        """
        if self.flight is not None:
            return None
        behind: list[str] = []
        for index, call in enumerate(self.waiting):
            if (held and call.unasked) or call.action in behind:
                continue
            if call.not_before > now:
                behind.append(call.action)
                continue
            if silent and not call.first:
                return None
            del self.waiting[index]
            self.flight, self.flight_due = call, due
            call.attempts += 1
            self._sent.append(call.id)
            if len(self._sent) > KEPT_IDS:
                del self._sent[0]
            return call
        return None

    def has_used(self, message_id: str) -> bool:
        """Whether a call with this id waits, or was sent lately. 2.x wants another one even for a retry, and on
        another connection (OCPP 2.0.1 part 4, 4.1.4)."""
        return message_id in self._sent or message_id in [call.id for call in self.waiting]

    def land(self, message_id: str) -> Waiting | None:
        """The call in flight if it has this id; it is in flight no more."""
        call = self.flight
        if call is None or call.id != message_id:
            return None
        self.flight = None
        return call

    def retry(self, call: Waiting, not_before: float) -> None:
        """Put a call back at the head, to be sent again at ``not_before``."""
        call.not_before = not_before
        self.waiting.insert(0, call)

    def disown(self, owner: str) -> None:
        """The exchange of ``owner`` is given up: its waiting calls go, and nobody waits for the one in flight."""
        self.waiting = [call for call in self.waiting if call.owner != owner]
        if self.flight is not None and self.flight.owner == owner:
            self.flight.owner, self.flight.durable = "", False

    def reconnect(self) -> None:
        """A new link: durable calls without an owner are kept, in order; everything else is gone."""
        calls = [*([self.flight] if self.flight else []), *self.waiting]
        self.flight = None
        self.waiting = [call for call in calls if call.durable and not call.owner]
        for call in self.waiting:
            call.not_before, call.attempts = 0.0, 0

    def due(self, *, held: bool) -> float | None:
        """When something has to be done: a call in flight times out, or a call may be tried again, which it may not
        while it is ``held``."""
        if self.flight is not None:
            return self.flight_due
        if not self.waiting:
            return None
        times = (call.not_before for call in self.waiting if call.not_before and not (held and call.unasked))
        return min(times, default=None)

    def supply(self, owner: str, payload: dict[str, Any]) -> None:
        """Give the call of ``owner`` the payload that was kept with its exchange."""
        for call in (self.flight, *self.waiting):
            if call is not None and call.owner == owner:
                call.payload = payload

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What the call in flight and those that wait carry."""
        return [call.payload for call in (self.flight, *self.waiting) if call is not None]

    def as_json(self) -> dict[str, Any]:
        """The outbox as a JSON object."""
        return {
            "waiting": [call.as_json() for call in self.waiting],
            "flight": self.flight.as_json() if self.flight else None,
            "due": self.flight_due,
            "sent": self._sent,
        }
