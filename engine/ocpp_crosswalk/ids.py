"""Message ids of the link's own: never given twice for a station, and never like a peer's."""

from __future__ import annotations

PREFIX = "xw-"
MAX_LENGTH = 36
"""OCPP-J, all versions: a message id has at most 36 characters."""
_CLOCK_SLACK = 1000
"""Milliseconds by which a clock may stand still or step back without two connections of the same name."""


class Ids:
    """Ids are `xw-`, the name of the connection (``epoch``), and a number that counts up."""

    def __init__(self, epoch: str, counter: int) -> None:
        self.epoch = epoch
        self.counter = counter

    def name_epoch(self, now: float) -> str:
        """Name the connection that begins now, other than the last one even if the clock has not moved on."""
        moment = int(now * 1000)
        last = int(self.epoch or "0", 36)
        if moment <= last < moment + _CLOCK_SLACK:
            moment = last + 1
        self.epoch = _base36(moment)
        self.counter = 0
        return self.epoch

    def fresh(self) -> str:
        """An id that was never given before."""
        self.counter += 1
        return f"{PREFIX}{self.epoch}-{self.counter}"


def is_usable(message_id: str) -> bool:
    """Whether a sender's id may be used toward the other side as well."""
    return 0 < len(message_id) <= MAX_LENGTH and not message_id.startswith(PREFIX)


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"
