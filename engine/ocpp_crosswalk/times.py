"""Times as OCPP writes them, and as stations do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$")


@lru_cache(1024)  # a message names the same moment several times
def parse_time(text: str) -> datetime | None:
    """The moment that an ISO 8601 text names; one without a zone is in UTC. None when it is not a time."""
    try:
        if _USUAL.fullmatch(text):
            return datetime.fromisoformat(text)  # its zone is UTC
        match = _TIME.fullmatch(text.strip())
        if match is None:
            return None
        date, clock, fraction, zone = match.groups()
        zone = "+00:00" if zone in (None, "Z", "z") else zone
        if len(clock) == 5:
            clock += ":00"
        return datetime.fromisoformat(f"{date}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)


@lru_cache(1024)
def utc_text(text: str) -> str | None:
    """The moment that an ISO 8601 text names, as `time_text` writes it. None when it is not a time."""
    moment = parse_time(text)
    return None if moment is None else _text(moment)


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
    return utc_text(text)


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
