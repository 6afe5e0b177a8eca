"""When a session holds payloads against the official schemas, and what it makes of the result (`validation`)."""

from __future__ import annotations

from typing import Any

from .schemas import Kind, Violation, violation
from .versions import Pair, Side


class Validation:
    """The checks of one session. ``mode`` is the setting `validation`: enforce, report or off."""

    __slots__ = ("_off", "_pair", "enforced")

    def __init__(self, pair: Pair, mode: str) -> None:
        self._pair = pair
        self._off = mode == "off"
        self.enforced = mode == "enforce"
        """Whether what breaks its schema goes no further."""

    def arrived(self, side: Side, action: str, kind: Kind, payload: Any, *, formats: bool = False) -> Violation | None:
        """What is wrong with a payload that came from ``side``, if anything is and it is looked for."""
        return None if self._off else violation(self._pair.version(side), action, kind, payload, formats=formats)

    def leaving(self, side: Side, action: str, kind: Kind, payload: Any) -> Violation | None:
        """What is wrong with a payload that is about to go to ``side``, if anything is and it is looked for."""
        return None if self._off else violation(self._pair.version(side), action, kind, payload, formats=True)
