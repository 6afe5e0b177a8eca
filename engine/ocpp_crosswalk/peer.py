"""What a session keeps of one of its two peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .interpreter import Exchange
from .outbox import Outbox
from .protocol import protocol
from .repeats import AnsweredIds
from .versions import Side, Version

MAX_WAITING = 256
"""How many calls of one side may wait for their turn. OCPP-J has a peer wait for an answer before it calls again, so
more of them are no peer's that keeps to it: they are answered with an error."""
MAX_WAITING_BYTES = 4 * 2**20
"""How much text these calls may be."""


@dataclass(slots=True)
class Arrived:
    """A call that came from the peer, and waits its turn. ``size`` and ``mark`` are length and fingerprint of its
    frame; ``send``: it is a SEND."""

    id: str
    action: str
    payload: dict[str, Any]
    size: int
    mark: str
    send: bool = False


class Peer:
    """One side of a session: ``inbox`` with its calls that wait, ``active`` with the one that is worked on, the answers
    that it got, and ``outbox`` with the calls to it."""

    __slots__ = ("actions", "active", "answered", "inbox", "outbox", "side", "version")

    def __init__(
        self, side: Side, version: Version, saved: Mapping[str, Any], outbox: Outbox, active: Exchange | None
    ) -> None:
        self.side = side
        self.version = version
        self.actions = protocol(version).actions
        self.inbox = [Arrived(*row) for row in saved.get("inbox", ())]
        self.active = active
        self.outbox = outbox
        self.answered = AnsweredIds(saved.get("answered"))

    @property
    def is_idle(self) -> bool:
        """Whether no call from it or to it is under way."""
        return not (self.active or self.inbox or self.outbox.flight or self.outbox.waiting)

    def is_under_way(self, arrived: Arrived) -> bool:
        """Whether the same message came in before, and its answer is still to come."""
        if self.active and self.active.ids.get(arrived.id) == arrived.mark:
            return True
        return any((call.id, call.mark) == (arrived.id, arrived.mark) for call in self.inbox)

    def has_room(self, arrived: Arrived, calls: int) -> bool:
        """Whether one more call may wait, while ``calls`` that would leave before it wait to go to the other side."""
        if len(self.inbox) + calls >= MAX_WAITING:
            return False
        return not self.inbox or sum(call.size for call in self.inbox) + arrived.size <= MAX_WAITING_BYTES

    def as_json(self) -> dict[str, Any]:
        """All this as a JSON object. It shares payloads."""
        return {
            "inbox": [[call.id, call.action, call.payload, call.size, call.mark, call.send] for call in self.inbox],
            "active": self.active.as_json() if self.active else None,
            "outbox": self.outbox.as_json(),
            "answered": self.answered.as_json(),
        }
