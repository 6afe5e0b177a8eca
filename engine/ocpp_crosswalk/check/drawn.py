"""Messages made up from the official schemas as Hypothesis strategies, which find and shrink counterexamples.

They stand apart from `generate`, which makes the same by a seeded generator and is what commands use: Hypothesis takes
longer to import than all the rest of the checker.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from ..schemas import Kind
from ..versions import Version
from .generate import maker_of


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


@cache
def payloads(version: Version, action: str, kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads of ``action`` that its schema accepts, formats included. Raises UnknownMessage."""
    make = maker_of(version, action, kind)

    @st.composite
    def made(draw: st.DrawFn) -> dict[str, Any]:
        value: dict[str, Any] = make(_Drawn(draw))
        return value

    return made()
