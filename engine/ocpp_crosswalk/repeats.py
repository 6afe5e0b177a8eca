"""What a session remembers to recognise a call that it has seen before.

Two memories: message ids of this connection (OCPP-J: a peer that got no answer may send the same message again),
and the identities that mappings give with `once`, which outlive the connection. Both hold JSON: it is read seldom, and
saved often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

KEPT_IDS = 8
"""How many answers are kept for repeats of a message id, on each side: a peer waits for one before it calls again."""
KEPT_IDENTITIES = 32
"""How many identities of `once` are kept, with their answers, for each station. It repeats what it got no answer to;
all of them are written each time the state is saved."""
KEPT_LONGER = 16
"""How many of them are kept longer than newer ones, because the link itself will try them again."""
KEPT_BYTES = 2**20
"""How much the exchanges may be, as JSON, that are kept because they never got an answer."""


def digest(value: Any) -> str:
    """A short digest of a JSON value, the same for the same value in any process."""
    return fingerprint(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def fingerprint(text: str | bytes) -> str:
    """A short digest of a text."""
    data = text if isinstance(text, bytes) else text.encode()
    return hashlib.blake2b(data, digest_size=12).hexdigest()


class _Joined:
    """Texts by key, in the order in which they came, and all of them joined by commas. To add one at the end or to
    take the first away, none of the others is looked at: they are spread over memory, and a state is saved often."""

    __slots__ = ("_texts", "joined")

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}
        self.joined = b""

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def get(self, key: str) -> bytes | None:
        """The text of ``key``."""
        return self._texts.get(key)

    def put(self, key: str, text: bytes) -> None:
        """Add a text at the end, in place of an earlier one of this key."""
        self.drop(key)
        self._texts[key] = text
        self.joined = b"%b,%b" % (self.joined, text) if self.joined else text

    def drop(self, key: str) -> None:
        """Take a text away, if it is there."""
        if key not in self._texts:
            return
        first = next(iter(self._texts)) == key
        text = self._texts.pop(key)
        self.joined = self.joined[len(text) + 1 :] if first else b",".join(self._texts.values())


class AnsweredIds:
    """The answers given last on one side of one connection, by message id."""

    def __init__(self, saved: list[list[str]] | None = None) -> None:
        self._answers = _Joined()
        for row in saved or []:
            self.keep(*row)

    def find(self, message_id: str, mark: str) -> str | None:
        """The text of the answer that this very message, whose frame has this fingerprint, got, if it is kept."""
        row = self._answers.get(message_id)
        if row is None:
            return None
        _, known, text = orjson.loads(row)
        return str(text) if known == mark else None

    def keep(self, message_id: str, mark: str, text: str) -> None:
        """Keep an answer; the oldest one goes when there are too many."""
        self._answers.put(message_id, orjson.dumps([message_id, mark, text]))
        if len(self._answers) > KEPT_IDS:
            self._answers.drop(next(iter(self._answers)))

    def clear(self) -> None:
        """Forget all: a new connection starts."""
        self._answers = _Joined()

    def as_json(self) -> orjson.Fragment:
        """The memory as JSON."""
        return orjson.Fragment(b"[%b]" % self._answers.joined)


class Identities:
    """The calls that `once` gave an identity: their answer, or the exchange that still owes one."""

    def __init__(self, saved: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._kept = _Joined()
        self._unanswered: dict[str, int] = {}
        self._longer: dict[str, None] = {}
        for identity, kept in (saved or {}).items():
            if "exchange" in kept:
                self.keep_exchange(identity, kept["exchange"], longer="longer" in kept)
            else:
                self.keep_answer(identity, kept["answer"])

    def answer(self, identity: str) -> dict[str, Any] | None:
        """The answer that the call with this identity got."""
        return self._find(identity, "answer")

    def unanswered(self, identity: str) -> dict[str, Any] | None:
        """The saved exchange of a call with this identity that was never answered well."""
        return self._find(identity, "exchange")

    def keep_answer(self, identity: str, answer: Mapping[str, Any]) -> None:
        """Keep the answer; repeats get it."""
        self._keep(identity, {"answer": answer})

    def keep_exchange(self, identity: str, exchange: Mapping[str, Any], *, longer: bool = False) -> None:
        """Keep the exchange; a repeat takes it up again. One that is kept ``longer`` does not go before newer ones."""
        entry = {"exchange": exchange} | ({"longer": True} if longer else {})
        self._unanswered[identity] = self._keep(identity, entry)
        if longer:
            self._longer[identity] = None
            if len(self._longer) > KEPT_LONGER:
                del self._longer[next(iter(self._longer))]
        while len(self._unanswered) > 1 and sum(self._unanswered.values()) > KEPT_BYTES:
            self._forget(next(iter(self._unanswered)))

    def as_json(self) -> orjson.Fragment:
        """The memory as JSON."""
        return orjson.Fragment(b"{%b}" % self._kept.joined)

    def _find(self, identity: str, what: str) -> dict[str, Any] | None:
        kept = self._kept.get(identity)
        found: dict[str, Any] | None = orjson.loads(b"{%b}" % kept)[identity].get(what) if kept else None
        return found

    def _keep(self, identity: str, entry: Mapping[str, Any]) -> int:
        """Keep a member of the JSON object that this memory is; gives its length."""
        self._forget(identity)
        member = orjson.dumps({identity: entry})[1:-1]
        self._kept.put(identity, member)
        if len(self._kept) > KEPT_IDENTITIES:
            self._forget(next(one for one in self._kept if one not in self._longer))
        return len(member)

    def _forget(self, identity: str) -> None:
        self._kept.drop(identity)
        self._unanswered.pop(identity, None)
        self._longer.pop(identity, None)
