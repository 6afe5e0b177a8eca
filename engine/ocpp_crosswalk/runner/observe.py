"""What links report, and to whom: logs, metrics and the wire tap are observers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..events import Event, EventKind
from ..versions import Pair, Side, Version
from .transport import Handshake, Refused


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """Which link something is reported of: the station's identity, the CSMS's name, and what each side speaks.

    ``number`` is unique in this process, ``subprotocol`` what the station is answered with, ``peer`` its address.
    """

    identity: str
    number: int
    target: str
    station: Version
    csms: Version
    subprotocol: str | None = None
    peer: str = ""
    pair: Pair | None = field(init=False)
    """None where both sides speak the same version and frames pass through untouched."""
    label: str = field(init=False)
    """The pair as text, or how the link passes frames through."""

    def __post_init__(self) -> None:
        pair = Pair(self.station, self.csms) if self.station is not self.csms else None
        object.__setattr__(self, "pair", pair)
        object.__setattr__(self, "label", str(pair) if pair else f"{self.station} untranslated")

    def version(self, side: Side) -> Version:
        """What ``side`` speaks."""
        return self.station if side is Side.STATION else self.csms


class Observer:
    """Hears of everything; does nothing. Subclasses override what they are interested in."""

    unheard: frozenset[EventKind] = frozenset()
    """Kinds of events that a session need not make for `happened`."""

    def refused(self, handshake: Handshake, refusal: Refused) -> None:
        """A station's handshake was answered with an HTTP error."""

    def opened(self, link: LinkInfo) -> None:
        """Both sides have agreed: a link is up."""

    def connected(self, link: LinkInfo, now: float, state: bytes | None, settings: Mapping[str, Any]) -> None:
        """A session that started from ``state`` was told of its new pair of sockets."""

    def arrived(self, link: LinkInfo, side: Side, frame: str | bytes, now: float) -> None:
        """A frame came in from ``side``."""

    def expired(self, link: LinkInfo, now: float) -> None:
        """The session was asked what is due."""

    def sent(self, link: LinkInfo, side: Side, frame: str | bytes) -> None:
        """A frame went out to ``side``."""

    def handled(self, link: LinkInfo, side: Side, seconds: float) -> None:
        """A frame from ``side`` was translated, saved and sent on, ``seconds`` after it came in."""

    def happened(self, link: LinkInfo, events: Sequence[Event]) -> None:
        """What the session reports."""

    def stored(self, link: LinkInfo, operation: str, seconds: float, error: Exception | None) -> None:
        """The store did a ``load`` or a ``save`` for this link."""

    def failed(self, link: LinkInfo, error: Exception) -> None:
        """The link ends because of a fault of this program. It is in the log already."""

    def faulted(self, identity: str, error: Exception) -> None:
        """A fault that ends no link, of this program or of what its host gave it: a station's handshake failed, or an
        observer. It is in the log already; ``identity`` is empty when it is of no station.
        """

    def closed(self, link: LinkInfo, code: int, reason: str, by: str, seconds: float) -> None:
        """A link ended: the code and reason given to the other side, who ended it, how long it was up."""

    def reloaded(self, what: str, error: Exception | None) -> None:
        """Mappings, middleware or certificates were read anew, or the new ones were refused."""

    def close(self) -> None:
        """Nothing more will be reported."""
