"""What a session remembers to recognise a call that it has seen before.

Two memories: message ids of this connection (OCPP-J: a peer that got no answer may send the same message again),
and the identities that mappings give with `once`, which outlive the connection.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

KEPT_IDS = 16
"""How many answers are kept for repeats of a message id, on each side."""
KEPT_IDENTITIES = 64
"""How many identities of `once` are kept, with their answers, for each station."""
KEPT_BYTES = 2**20
"""How much the exchanges may be, as JSON, that are kept because they never got an answer."""


def digest(value: Any) -> str:
    """A short digest of a JSON value, the same for the same value in any process."""
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()


class AnsweredIds:
    """The answers given last on one side of one connection, by message id."""

    def __init__(self, saved: list[list[str]] | None = None) -> None:
        self._answers: dict[str, list[str]] = {row[0]: row for row in saved or []}

    def find(self, message_id: str, action: str, payload: dict[str, Any]) -> str | None:
        """The text of the answer that this very message got, if it is kept."""
        known = self._answers.get(message_id)
        return known[2] if known and known[1] == digest([action, payload]) else None

    def keep(self, message_id: str, action: str, payload: dict[str, Any], text: str) -> None:
        """Keep an answer; the oldest one goes when there are too many."""
        self._answers.pop(message_id, None)
        self._answers[message_id] = [message_id, digest([action, payload]), text]
        if len(self._answers) > KEPT_IDS:
            del self._answers[next(iter(self._answers))]

    def clear(self) -> None:
        """Forget all: a new connection starts."""
        self._answers.clear()

    def as_json(self) -> list[list[str]]:
        """The memory as JSON."""
        return list(self._answers.values())


class Identities:
    """The calls that `once` gave an identity: their answer, or the exchange that still owes one."""

    def __init__(self, saved: dict[str, dict[str, Any]] | None = None) -> None:
        self._kept: dict[str, dict[str, Any]] = dict(saved or {})

    def answer(self, identity: str) -> dict[str, Any] | None:
        """The answer that the call with this identity got."""
        answer: dict[str, Any] | None = self._kept.get(identity, {}).get("answer")
        return answer

    def unanswered(self, identity: str) -> dict[str, Any] | None:
        """The saved exchange of a call with this identity that was never answered well."""
        exchange: dict[str, Any] | None = self._kept.get(identity, {}).get("exchange")
        return exchange

    def keep_answer(self, identity: str, answer: dict[str, Any]) -> None:
        """Keep the answer; repeats get it."""
        self._keep(identity, {"answer": answer})

    def keep_exchange(self, identity: str, exchange: dict[str, Any]) -> None:
        """Keep the exchange; a repeat takes it up again."""
        self._keep(identity, {"exchange": exchange})
        unanswered = {name: kept["exchange"] for name, kept in self._kept.items() if "exchange" in kept}
        while len(unanswered) > 1 and len(orjson.dumps(unanswered)) > KEPT_BYTES:
            oldest = next(iter(unanswered))
            del unanswered[oldest], self._kept[oldest]

    def _keep(self, identity: str, entry: dict[str, Any]) -> None:
        self._kept.pop(identity, None)
        self._kept[identity] = entry
        while len(self._kept) > KEPT_IDENTITIES:
            del self._kept[next(iter(self._kept))]

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The memory as JSON."""
        return self._kept
