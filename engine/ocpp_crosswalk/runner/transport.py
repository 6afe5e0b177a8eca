"""The seam between links and whatever carries their frames: WebSockets, memory, or a transport of one's
own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..pending import Pending
from .config import Target

NORMAL, GOING_AWAY, PROTOCOL_ERROR, POLICY, TOO_BIG = 1000, 1001, 1002, 1008, 1009
INTERNAL_ERROR, SERVICE_RESTART, TRY_AGAIN_LATER = 1011, 1012, 1013
NO_STATUS, LOST = 1005, 1006
"""WebSocket close codes (RFC 6455, section 7.4, and IANA's registry). 1005 and 1006 are never sent."""

_SENDABLE = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class Closed(Exception):
    """The connection is closed. ``code`` and ``reason`` are what the peer gave; LOST when it said nothing."""

    def __init__(self, code: int = LOST, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class Refused(Exception):
    """A handshake that is not accepted: the HTTP status and text to answer with."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text
        self.headers = dict(headers or {})


Handle = Callable[[str | bytes], Pending[None] | None]
"""Takes a frame that came in. What it gives is awaited before the next frame of the connection is handed over; None:
the frame is done with. Never raises; not to be called from inside `Connection.write`.
"""


class Connection(Protocol):
    """One open connection that carries whole frames in order."""

    async def read(self, handle: Handle) -> None:
        """Hand every frame to ``handle``, one after another. When the connection is over, from either end, and what
        had arrived before is handed over, raises Closed.
        """
        ...

    def write(self, frame: str | bytes) -> bool:
        """Send a frame. False: the peer does not keep up, `drain` before there is more. Raises Closed."""
        ...

    async def drain(self) -> None:
        """Wait until the peer keeps up with what was written. Raises Closed."""
        ...

    async def close(self, code: int, reason: str, *, patience: float) -> None:
        """Close, waiting up to ``patience`` seconds for the peer to agree, then hard. Never raises;
        idempotent.
        """
        ...


Proof = tuple[str | None, frozenset[str] | None]
"""What a station proves its identity with: Authorization header, names in its certificate."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What is known of a station that knocks.

    ``path`` is the URL path before the identity, ``offers`` the subprotocols in the station's order,
    ``names`` what its client certificate is made out to (None: it showed none), ``peer`` its address.
    """

    identity: str
    path: str = ""
    offers: tuple[str, ...] = ()
    authorization: str | None = field(default=None, repr=False)
    names: frozenset[str] | None = None
    match_certificate: bool = False
    peer: str = ""

    @property
    def proof(self) -> Proof | None:
        """What the station proves its identity with; None when with nothing."""
        return (self.authorization, self.names) if self.authorization or self.names else None


@dataclass(frozen=True, slots=True)
class Dial:
    """What is needed to connect to a CSMS for one station."""

    target: Target
    identity: str
    offers: tuple[str, ...]
    authorization: str | None = field(default=None, repr=False)
    tolerant: bool = False


class Admission(Protocol):
    """A station's handshake that is to be answered with success."""

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol to answer with, if any."""
        ...

    @property
    def translated(self) -> bool:
        """Whether frames will be translated; otherwise they pass untouched."""
        ...

    async def run(self, connection: Connection) -> None:
        """Serve the open connection until it ends."""
        ...

    async def abandon(self) -> None:
        """The station was gone before the answer reached it."""
        ...


Admit = Callable[[Handshake], Awaitable[Admission]]
"""Decides on a handshake. Raises Refused."""


class TransportAdapter(Protocol):
    """A transport: takes in stations and reaches CSMSs. An adapter for one direction raises in the other."""

    async def listen(self, admit: Admit) -> None:
        """Begin to take in stations; each is handed to ``admit``, and its admission is run."""
        ...

    async def connect(self, dial: Dial) -> tuple[Connection, str | None]:
        """An open connection to a CSMS, and the subprotocol that it chose. Raises Refused as the station
        shall be.
        """
        ...

    async def stop(self) -> None:
        """Take in no more stations. Open connections stay."""
        ...

    async def close(self) -> None:
        """Let go of everything; connections that are still open are closed."""
        ...


def mirrored(closed: Closed, who: str) -> tuple[int, str]:
    """The close code and reason for the other link, when the link to ``who`` ended so."""
    if closed.code in _SENDABLE or 3000 <= closed.code <= 4999:
        return closed.code, closed.reason or f"the {who} closed the connection"
    if closed.code == NO_STATUS:
        return NORMAL, f"the {who} closed the connection"
    return GOING_AWAY, f"the connection to the {who} was lost"
