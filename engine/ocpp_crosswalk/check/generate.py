"""Messages made up from the official schemas: all valid, many unusual.

``payloads`` is a Hypothesis strategy, which finds and shrinks counterexamples. ``random_payload`` takes a
seeded generator and is some hundred times faster, for drivers that make messages by the hundred thousand.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from hypothesis import strategies as st

from ..schemas import Kind, request_schema, response_schema
from ..versions import Version
from .strategies import Maker, maker

_ALPHABET = "".join(map(chr, range(32, 127))) + "äßéñ中文\u00a0\u2028😀\t\n"


class _Drawn:
    """A Source of Hypothesis' draws."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.fields = 0
        self.share = self.below(11)

    def below(self, limit: int) -> int:
        return self._draw(st.integers(0, limit - 1))

    def between(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def text(self, longest: int) -> str:
        return self._draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=min(longest, 40)))


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


@cache
def payloads(version: Version, action: str, kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads of ``action`` that its schema accepts, formats included. Raises UnknownMessage."""
    make = _maker(version, action, kind)

    @st.composite
    def made(draw: st.DrawFn) -> dict[str, Any]:
        value: dict[str, Any] = make(_Drawn(draw))
        return value

    return made()


def random_payload(rng: random.Random, version: Version, action: str, kind: Kind) -> dict[str, Any]:
    """One such payload, by the numbers of ``rng`` alone: the same state of it gives the same payload."""
    value: dict[str, Any] = _maker(version, action, kind)(_Random(rng))
    return value


@cache
def _maker(version: Version, action: str, kind: Kind) -> Maker:
    return maker(request_schema(version, action) if kind == "request" else response_schema(version, action))
