"""Times as OCPP writes them, and as stations do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d))?(?:[.,](\d+))?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$")
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def parse_time(text: str) -> datetime | None:
    """The moment that an ISO 8601 text names; one without a zone is in UTC. None when it is not a time."""
    return read_time(text)[0]


def read_time(text: str) -> tuple[datetime, str] | tuple[None, None]:
    """`parse_time`, and the moment as `time_text` writes it."""
    return _known(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> tuple[datetime, str] | tuple[None, None]:
    try:
        if len(text) == 20 and text[4::3] == "--T::Z":
            return datetime.fromisoformat(text), f"{text[:-1]}.000Z"
        if len(text) == 24 and text[4:20:3] == "--T::." and text[20:23].isdigit() and text[-1] == "Z":
            return datetime.fromisoformat(text), text
    except ValueError:
        pass
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None, None
    date, clock, seconds, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone
    if seconds == "60":  # a leap second, which Python does not have
        seconds, fraction = "59", "999"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}:{seconds or '00'}.{(fraction or '0')[:6].ljust(6, '0')}{zone}")
    except ValueError:
        return None, None
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # it is before the year 1 or after 9999 in UTC
        moment = _FIRST if moment.year == 1 else _LAST
    return moment, _text(moment)


_known = lru_cache(1024)(_read)
"""A message names the same moment several times."""
_SHORT = 40
"""Characters of a text that is kept beyond its message."""


@lru_cache(1024)
def time_text(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC with milliseconds, as every version reads it."""
    return _text(datetime.fromtimestamp(seconds, UTC))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def normal_time(text: str) -> str | None:
    """``text`` itself where it is RFC 3339 with a zone; else the moment that it names, in UTC; None for no time."""
    if _RFC3339.fullmatch(text):
        return text
    return read_time(text)[1]


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
