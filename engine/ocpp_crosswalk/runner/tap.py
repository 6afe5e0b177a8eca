"""The wire tap: every frame as a line of JSON, with what is needed to run the conversation again."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import orjson

from ..crosswalk import Crosswalk
from ..session import Session
from ..versions import Pair, Side
from .logs import log
from .observe import LinkInfo, Observer


class Tap(Observer):
    """Writes to ``path``, which is created for its owner only: frames hold passwords and tokens.

    A line has `link` (process and number) and `event`: `connected` (with the state that the session started
    from), `arrived`, `expired`, `sent`, `closed`. Each line is written at once. When the file cannot be written
    (the disk is full), the tap ends, and the links go on.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._process = os.getpid()
        self._file = os.fdopen(descriptor, "ab", buffering=0)

    def _write(self, event: str, link: LinkInfo, **more: Any) -> None:
        line = {"event": event, "link": f"{self._process}.{link.number}", "station": link.identity, **more}
        if self._file.closed:
            return
        data = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
        try:
            written = self._file.write(data)
            if written != len(data):
                raise OSError(f"only {written} of {len(data)} bytes were written")
        except OSError as error:
            log(logging.ERROR, f"the tap ends: it cannot be written: {error}")
            self._file.close()

    def opened(self, link: LinkInfo) -> None:
        """See `Observer`."""
        self._write("opened", link, protocol=link.subprotocol, pair=str(link.pair) if link.pair else None)

    def connected(self, link: LinkInfo, now: float, state: bytes | None, settings: Mapping[str, Any]) -> None:
        """See `Observer`."""
        self._write(
            "connected", link, pair=str(link.pair), at=now, state=json.loads(state or b"null"), settings=dict(settings)
        )

    def arrived(self, link: LinkInfo, side: Side, frame: str | bytes, now: float) -> None:
        """See `Observer`."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        self._write("arrived", link, at=now, **{"from": side}, text=text)

    def expired(self, link: LinkInfo, now: float) -> None:
        """See `Observer`."""
        self._write("expired", link, at=now)

    def sent(self, link: LinkInfo, side: Side, frame: str | bytes) -> None:
        """See `Observer`."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        self._write("sent", link, to=side, text=text)

    def closed(self, link: LinkInfo, code: int, reason: str, by: str, seconds: float) -> None:
        """See `Observer`."""
        self._write("closed", link, code=code, reason=reason, by=by)

    def close(self) -> None:
        """See `Observer`."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Replayed:
    """A frame that a replay gave where the tap has another one, or none (``recorded`` is None), or one too
    few.
    """

    link: str
    station: str
    line: int
    recorded: str | None
    replayed: str | None


class TapError(ValueError):
    """A line that no tap has; the text says which one, and what is wrong with it."""


def replay(lines: Iterable[str], crosswalk: Crosswalk) -> Iterator[Replayed]:
    """Run the conversations of a tap again, and give every difference between the frames then and now.

    Needs taps from their beginning of a link on: what belongs to a link that is not known is left out. Raises TapError.
    """
    sessions: dict[str, Session] = {}
    pending: dict[str, list[tuple[str, str]]] = {}
    for number, line in enumerate(lines, 1):
        entry = _entry(number, line)
        link, event = entry["link"], entry["event"]
        if event == "connected":
            session = _session(number, entry, crosswalk)
            sessions[link] = session
            pending[link] = [(str(out.to), out.text) for out in session.connect(now=entry["at"])]
            continue
        known = sessions.get(link)
        if known is None:
            continue
        if event == "sent":
            expected = pending[link].pop(0) if pending[link] else None
            if expected != (entry["to"], entry["text"]):
                yield Replayed(link, entry["station"], number, entry["text"], expected[1] if expected else None)
            continue
        if event in ("arrived", "expired"):
            for _, text in pending[link]:
                yield Replayed(link, entry["station"], number, None, text)
            if event == "arrived":
                outs = known.receive(entry["from"], entry["text"], now=entry["at"])
            else:
                outs = known.expire(now=entry["at"])
            pending[link] = [(str(out.to), out.text) for out in outs]
        elif event == "closed":
            del sessions[link], pending[link]


_TIME = (int, float)
_LINE: Mapping[str, Any] = {"event": str, "link": str, "station": str}
_EVENTS: Mapping[str, Mapping[str, Any]] = {
    "opened": {},
    "connected": {"pair": str, "at": _TIME, "state": (dict, NoneType), "settings": dict},
    "arrived": {"at": _TIME, "from": str, "text": str},
    "expired": {"at": _TIME},
    "sent": {"to": str, "text": str},
    "closed": {},
}
"""What a line has to have, by its event: as much as a replay needs."""


def _entry(number: int, line: str) -> dict[str, Any]:
    """The line ``number`` of a tap. Raises TapError."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise TapError(f"line {number} is not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise TapError(f"line {number} is nested too deeply") from None
    if not isinstance(entry, dict):
        raise TapError(f"line {number} is no JSON object")
    event = entry.get("event")
    keys = _EVENTS.get(event) if isinstance(event, str) else None
    if keys is None:
        raise TapError(f"line {number}: its `event` is none of {', '.join(_EVENTS)}")
    for key, kind in {**_LINE, **keys}.items():
        if key not in entry:
            raise TapError(f"line {number} has no `{key}`")
        if not isinstance(entry[key], kind) or (key in ("from", "to") and entry[key] not in list(Side)):
            raise TapError(f"line {number}: its `{key}` is not what a tap has there")
    return entry


def _session(number: int, entry: Mapping[str, Any], crosswalk: Crosswalk) -> Session:
    """The session of a link that is up. Raises TapError."""
    try:
        pair = Pair.parse(entry["pair"])
        state = json.dumps(entry["state"]).encode() if entry["state"] else None
        return crosswalk.session(
            entry["station"], station=pair.station, csms=pair.csms, state=state, settings=entry["settings"]
        )
    except ValueError as error:
        raise TapError(f"line {number}: the link cannot be begun: {error}") from None
