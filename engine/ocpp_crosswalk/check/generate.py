"""Messages made up from the official schemas, by a seeded generator: all valid, many unusual.

`drawn` has them as Hypothesis strategies, which find and shrink counterexamples. This is some hundred times faster, for
the proof and for drivers that make messages by the hundred thousand.
"""

from __future__ import annotations

import random
from collections import deque
from functools import cache
from typing import Any

from ..schemas import Kind, request_schema, response_schema
from ..versions import Version
from .strategies import Maker, maker

_KNOWN = 0.5
_REMEMBERED = 4
_ALPHABET = "".join(map(chr, range(32, 127))) + "äßéñ中文\u00a0\u2028😀\t\n"


class _Random:
    """A Source of a random generator's numbers."""

    __slots__ = ("_random", "fields", "share")

    def __init__(self, rng: random.Random) -> None:
        self._random = rng.random
        self.fields = 0
        self.share = self.below(11)

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        draw = self.below(4)
        return low if draw == 0 else high if draw == 1 else low + self.below(high - low + 1)

    def text(self, longest: int) -> str:
        return "".join(_ALPHABET[self.below(len(_ALPHABET))] for _ in range(self.below(min(longest, 40) + 1)))


def random_payload(rng: random.Random, version: Version, action: str, kind: Kind) -> dict[str, Any]:
    """A payload of ``action`` that its schema accepts, formats included, by the numbers of ``rng`` alone: the same
    state of it gives the same payload. Raises UnknownMessage."""
    value: dict[str, Any] = maker_of(version, action, kind)(_Random(rng))
    return value


@cache
def maker_of(version: Version, action: str, kind: Kind) -> Maker:
    """What makes the payloads of ``action``. Raises UnknownMessage."""
    return maker(request_schema(version, action) if kind == "request" else response_schema(version, action))


class KnownIds:
    """The last few ids that were seen of each name, so that made-up messages have to do with each other."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._seen: dict[str, deque[Any]] = {}

    def see(self, value: Any) -> None:
        """Note the ids in a payload."""
        if isinstance(value, list):
            for inner in value:
                self.see(inner)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, (dict, list)):
                    self.see(inner)
                elif name.lower().endswith(("id", "idtag", "idtoken")):
                    self._seen.setdefault(name, deque(maxlen=_REMEMBERED)).append(inner)

    def of(self, name: str) -> list[Any]:
        """The ids that were seen of a name."""
        return list(self._seen.get(name, ()))

    def within(self, value: Any) -> Any:
        """A payload with half of its ids made ones that were seen; it may not fit its schema."""
        if isinstance(value, list):
            return [self.within(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._rng.choice(self._seen[name])
            if name in self._seen and self._rng.random() < _KNOWN
            else self.within(inner)
            for name, inner in value.items()
        }
