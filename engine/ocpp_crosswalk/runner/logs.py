"""The log: one line per fact, for people or as JSON, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..events import FAULTS, Event, EventKind
from ..versions import Side
from .config import ConfigError, LogConfig
from .observe import LinkInfo, Observer
from .transport import Handshake, Refused

LOGGER = logging.getLogger("ocpp_crosswalk")
FAULTS_PER_MINUTE = 20
"""How many faults of one link are logged within a minute; the rest is counted."""
_MAX_TEXT = 400
_MASK = "***"
_SECRET_KEYS = re.compile(r"password|secret|authorizationkey|privatekey|^key$|^authorization$", re.IGNORECASE)
_SECRET_NAMES = re.compile(r"password|authorizationkey|secret", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def setup(config: LogConfig) -> None:
    """Send the program's log to standard error as ``config`` says."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if config.format == "json" else HumanFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(config.level.upper())
    logging.getLogger("websockets").setLevel(logging.CRITICAL)


class JsonFormatter(logging.Formatter):
    """A JSON object per line: time, level, message, and what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        line: dict[str, Any] = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class HumanFormatter(logging.Formatter):
    """Time, level, station, message, and the rest as name=value. What a peer sent cannot begin a new line."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        fields = dict(getattr(record, "fields", {}))
        station = fields.pop("station", None)
        parts = [_timestamp(record.created), f"{record.levelname.lower():7}"]
        parts += [_printable(str(station)) + ":"] if station else []
        parts.append(_printable(record.getMessage()))
        parts += [f"{name}={_printable(str(value))}" for name, value in fields.items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _timestamp(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03}Z"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def log(level: int, message: str, *, error: Exception | None = None, **fields: Any) -> None:
    """Write one line."""
    LOGGER.log(level, message, extra={"fields": fields}, exc_info=error)


def masked(value: Any) -> Any:
    """A JSON value with what looks like a secret replaced: by key, by the name of a variable, and in
    addresses.
    """
    if isinstance(value, Mapping):
        result = {
            key: _MASK if _SECRET_KEYS.search(key) and not _names_a_variable(key, inner) else masked(inner)
            for key, inner in value.items()
        }
        if _SECRET_NAMES.search(_variable_name(value)):
            for key in ("value", "attributeValue"):
                if key in result:
                    result[key] = _MASK
        return result
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, str):
        return _USERINFO.sub(_MASK, value)
    return value


def _names_a_variable(key: str, value: Any) -> bool:
    """OCPP 1.6 has configuration items {key, value}: there `key` is a name, and no secret itself."""
    return key == "key" and isinstance(value, str) and len(value) <= 50


def _variable_name(value: Mapping[str, Any]) -> str:
    variable = value.get("variable")
    names = [value.get("key"), variable.get("name") if isinstance(variable, Mapping) else None]
    return " ".join(name for name in names if isinstance(name, str))


def masked_frame(frame: str | bytes) -> str:
    """A frame for the log: masked, and cut when it is long."""
    try:
        text = json.dumps(masked(json.loads(frame)), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return f"{len(frame)} bytes that are not JSON"
    return text if len(text) <= 4000 else f"{text[:4000]}... ({len(text)} characters)"


_LEVELS = {
    EventKind.TRANSLATED: logging.DEBUG,
    EventKind.ANSWERED_HERE: logging.DEBUG,
    EventKind.DROPPED_FIELD: logging.DEBUG,
    EventKind.REPAIRED: logging.DEBUG,
}


def _level(kind: EventKind) -> int:
    return logging.WARNING if kind in FAULTS else _LEVELS.get(kind, logging.INFO)


class LogObserver(Observer):
    """Logs what links report. A station that keeps failing cannot fill the log."""

    def __init__(self, config: LogConfig) -> None:
        self._faults: dict[int, tuple[float, int]] = {}
        self.unheard = frozenset(kind for kind in EventKind if not LOGGER.isEnabledFor(_level(kind)))
        if config.frames:
            self.arrived = self._arrived  # type: ignore[method-assign]
            self.sent = self._sent  # type: ignore[method-assign]

    def refused(self, handshake: Handshake, refusal: Refused) -> None:
        """See `Observer`."""
        log(
            logging.WARNING,
            f"refused with {refusal.status}: {refusal.text}",
            station=handshake.identity,
            peer=handshake.peer,
            offers=",".join(handshake.offers),
        )

    def opened(self, link: LinkInfo) -> None:
        """See `Observer`."""
        log(
            logging.INFO,
            f"connected, {link.label}",
            station=link.identity,
            csms=link.target,
            peer=link.peer,
            link=link.number,
        )

    def closed(self, link: LinkInfo, code: int, reason: str, by: str, seconds: float) -> None:
        """See `Observer`."""
        self._faults.pop(link.number, None)
        log(
            logging.INFO,
            f"closed by the {by} after {seconds:.1f} s: {code} {reason}",
            station=link.identity,
            link=link.number,
        )

    def happened(self, link: LinkInfo, events: Sequence[Event]) -> None:
        """See `Observer`."""
        for event in events:
            level = _level(event.kind)
            if not LOGGER.isEnabledFor(level):
                continue
            if level == logging.WARNING and not self._may_log(link):
                continue
            message = f"{event.kind}: {event.text}" if event.text else str(event.kind)
            fields = {
                "from": event.side,
                "action": event.action,
                "id": event.message_id,
                **masked(event.detail),
            }
            log(
                level,
                _cut(masked(message)),
                station=link.identity,
                link=link.number,
                **{name: _cut(value) for name, value in fields.items() if value not in ("", None)},
            )

    def _may_log(self, link: LinkInfo) -> bool:
        now = time.monotonic()
        since, count = self._faults.get(link.number, (now, 0))
        if now - since >= 60:
            if count > FAULTS_PER_MINUTE:
                text = f"{count - FAULTS_PER_MINUTE} more faults were not logged"
                log(logging.WARNING, text, station=link.identity, link=link.number)
            since, count = now, 0
        self._faults[link.number] = (since, count + 1)
        if count == FAULTS_PER_MINUTE:
            text = "more faults within a minute; they are counted, not logged"
            log(logging.WARNING, text, station=link.identity, link=link.number)
        return count < FAULTS_PER_MINUTE

    def stored(self, link: LinkInfo, operation: str, seconds: float, error: Exception | None) -> None:
        """See `Observer`."""
        if error is not None:
            log(logging.ERROR, f"the store failed to {operation}: {error}", station=link.identity, link=link.number)

    def reloaded(self, what: str, error: Exception | None) -> None:
        """See `Observer`."""
        if error is None:
            log(logging.INFO, f"{what} reloaded")
            return
        if not isinstance(error, ConfigError):
            text = f"{what} not reloaded, the old ones stay, because of a fault of this program; please report it"
            log(logging.ERROR, text, error=error)
            return
        log(logging.ERROR, f"{what} not reloaded, the old ones stay; what is wrong follows")
        for line in str(error).splitlines():
            log(logging.ERROR, line)

    def _arrived(self, link: LinkInfo, side: Side, frame: str | bytes, now: float) -> None:
        text = masked_frame(frame)
        log(logging.INFO, f"from the {side}: {text}", station=link.identity, link=link.number)

    def _sent(self, link: LinkInfo, side: Side, frame: str | bytes) -> None:
        text = masked_frame(frame)
        log(logging.INFO, f"to the {side}: {text}", station=link.identity, link=link.number)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"{value[:_MAX_TEXT]}..."
    return value
