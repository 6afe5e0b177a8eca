"""The words that everything shares: versions, sides, pairs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Version(StrEnum):
    """An OCPP version, by the name of its WebSocket subprotocol (OCPP-J)."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"

    __hash__ = str.__hash__  # Enum's own, in Python, gives the same answers and costs more than the look-up

    @classmethod
    def parse(cls, text: str) -> Version:
        """The version that ``text`` names. Raises ValueError that lists the known ones."""
        try:
            return cls(text)
        except ValueError:
            known = ", ".join(cls)
            raise ValueError(f"unknown OCPP version {text!r}; known are {known}") from None


class Side(StrEnum):
    """One of the two ends of a link."""

    STATION = "station"
    CSMS = "csms"

    __hash__ = str.__hash__

    @property
    def other(self) -> Side:
        """The opposite end."""
        return Side.CSMS if self is Side.STATION else Side.STATION


PEOPLE = {Side.STATION: "station", Side.CSMS: "CSMS"}
"""The sides, as they are called in messages for people."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The versions at the two ends of a link, written ``ocpp1.6--ocpp2.0.1`` (station's first)."""

    station: Version
    csms: Version

    @classmethod
    def parse(cls, text: str) -> Pair:
        """The pair that ``text`` names. Raises ValueError when it is not one."""
        station, separator, csms = text.partition("--")
        if not separator:
            raise ValueError(f"{text!r} is not a pair; write it as ocpp1.6--ocpp2.0.1 (the station's version first)")
        return cls(Version.parse(station), Version.parse(csms))

    def version(self, side: Side) -> Version:
        """The version that ``side`` speaks."""
        return self.station if side is Side.STATION else self.csms

    def __str__(self) -> str:
        return f"{self.station}--{self.csms}"


PAIRS: tuple[Pair, ...] = tuple(Pair(a, b) for a in Version for b in Version if a != b)
"""The six ordered pairs of different versions."""
