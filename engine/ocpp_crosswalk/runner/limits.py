"""How much a peer may send."""

from __future__ import annotations


class Allowance:
    """A bucket that refills at ``rate`` per second up to ``burst``; a frame takes one. Rate 0: no limit."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._left = self._burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more frame is allowed at ``now`` (seconds of a clock that only moves forward)."""
        if not self._rate:
            return True
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
