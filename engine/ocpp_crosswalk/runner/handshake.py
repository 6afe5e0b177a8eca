"""What a station's opening request says: who it is, what it speaks, and what can be agreed on. No I/O."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from ..versions import Pair, Version
from .transport import Proof, Refused

MAX_IDENTITY = 48
"""OCPP 2.0.1 part 4, section 3.1.1: the longest identity, in characters."""


def parse_path(path: str) -> tuple[str, str]:
    """The part of the URL path before the identity, and the identity, percent-decoded.

    Raises Refused (404) when there is no identity that OCPP-J section 3.1.1 allows.
    """
    prefix, _, last = path.partition("?")[0].rpartition("/")
    try:
        identity = unquote_to_bytes(last).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(404, "the identity at the end of the path is not UTF-8") from None
    if not identity:
        raise Refused(404, "the path has to end in the station's identity: /any/prefix/IDENTITY")
    if len(identity) > MAX_IDENTITY:
        raise Refused(404, f"the identity at the end of the path is longer than {MAX_IDENTITY} characters")
    if not identity.isprintable() or "/" in identity or identity in (".", ".."):
        raise Refused(404, "the identity at the end of the path has characters that are not allowed")
    return prefix, identity


def join_url(url: str, identity: str) -> str:
    """The connection URL of a station at the CSMS endpoint ``url`` (OCPP-J section 3.1.1)."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}/{quote(identity, safe='')}{mark}{query}"


def parse_offers(headers: Iterable[str]) -> tuple[str, ...]:
    """The subprotocols of Sec-WebSocket-Protocol headers, in order. Stray commas, spaces and quotes do no
    harm.
    """
    offers: list[str] = []
    for header in headers:
        for part in header.replace(";", ",").split(","):
            name = part.strip(" \t\"'")
            folded = name.lower()
            name = folded if folded in _NAMES else name
            if name and name not in offers and name.isascii() and name.replace(".", "").replace("-", "").isalnum():
                offers.append(name)
    return tuple(offers)


_NAMES = frozenset(str(version) for version in Version)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to offer to the CSMS. ``station`` is the station's version; None: whatever the CSMS chooses."""

    offers: tuple[str, ...]
    station: Version | None

    @property
    def translated(self) -> bool:
        """Whether frames are to be translated."""
        return self.station is not None


def negotiate(offers: Sequence[str], csms: Sequence[Version], pairs: Iterable[Pair]) -> Plan | None:
    """What both sides can do: a version in common if there is one, else one that can be translated.

    ``offers`` are the station's, in its order of preference, ``csms`` the CSMS's versions in its own.
    None when there is no way.
    """
    common = tuple(name for name in offers if name in csms)
    if common:
        return Plan(common, None)
    known = set(pairs)
    for name in offers:
        if name not in _NAMES:
            continue
        station = Version(name)
        reachable = tuple(str(version) for version in csms if Pair(station, version) in known)
        if reachable:
            return Plan(reachable, station)
    return None


def basic_authorization(username: str, password: str | bytes) -> str:
    """The value of an Authorization header (RFC 7617)."""
    secret = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(username.encode() + b":" + secret).decode()


def same_proof(one: Proof | None, other: Proof | None) -> bool:
    """Whether two handshakes proved their identity in the same way, and proved it at all."""
    if one is None or other is None or one[1] != other[1]:
        return False
    return hmac.compare_digest((one[0] or "").encode(), (other[0] or "").encode())


def is_authentic(authorization: str | None, identity: str, password: str) -> bool:
    """Whether an Authorization header proves that the station knows its ``password``.

    OCPP 1.6 sets a station's key as hexadecimal text, and stations present it as that text or as the bytes
    that it stands for (security whitepaper, section 4): both are good.
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        plain = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    username, colon, presented = plain.partition(b":")
    accepted = [password.encode()]
    try:
        accepted.append(bytes.fromhex(password))
        accepted += [password.lower().encode(), password.upper().encode()]
    except ValueError:
        pass
    known = [hmac.compare_digest(presented, form) for form in accepted if form]
    return bool(colon) and hmac.compare_digest(username, identity.encode()) and any(known)
