"""What sessions and links report beside the frames: typed events for logs, metrics and people.

A `Session` gives them out by `take_events`, the runner by `Proxy.subscribe`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What happened. The last four come from links only, all others from sessions."""

    TRANSLATED = "translated"
    ANSWERED_HERE = "answered-here"
    REFUSED = "refused"
    DROPPED_FIELD = "dropped-field"
    REPAIRED = "repaired"
    REPEAT = "repeat"
    TIMEOUT = "timeout"
    LATE_ANSWER = "late-answer"
    PEER_ERROR = "peer-error"
    INVALID_INPUT = "invalid-input"
    INVALID_OUTPUT = "invalid-output"
    PROTOCOL_ERROR = "protocol-error"
    GIVEN_UP = "given-up"
    NOTE = "note"

    __hash__ = str.__hash__
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STORE_ERROR = "store-error"
    MIDDLEWARE_ERROR = "middleware-error"


FAULTS = frozenset(
    {
        EventKind.TIMEOUT,
        EventKind.INVALID_INPUT,
        EventKind.INVALID_OUTPUT,
        EventKind.PROTOCOL_ERROR,
        EventKind.GIVEN_UP,
        EventKind.LATE_ANSWER,
        EventKind.STORE_ERROR,
        EventKind.MIDDLEWARE_ERROR,
    }
)
"""The kinds that an operator wants to see in the log without asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that is reported. ``side`` is where it came from: station, csms, timer or proxy."""

    kind: EventKind
    identity: str
    side: str
    action: str = ""
    message_id: str = ""
    text: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The event as a JSON object, without what is empty."""
        plain = {
            "event": str(self.kind),
            "station": self.identity,
            "from": self.side,
            "action": self.action,
            "id": self.message_id,
            "text": self.text,
            **self.detail,
        }
        return {key: value for key, value in plain.items() if value not in ("", None)}
