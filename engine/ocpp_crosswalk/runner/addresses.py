"""Addresses: where stations connect, and where CSMSs are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from urllib.parse import urlsplit


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT`` (the host is empty: all addresses).

    Raises ValueError that says what is wrong.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or not _can_be_asked_for(host):
        raise ValueError(f"{text!r} is no address; write HOST:PORT, such as 0.0.0.0:8180 or [::]:8180")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if ":" in host:
        raise ValueError(f"{text!r} is no address; write an IPv6 address in brackets, such as [::1]:8180")
    return host, int(port)


def _can_be_asked_for(host: str) -> bool:
    """Whether the system can be asked what address ``host`` has."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return host.isprintable() and " " not in host


def check_csms_url(url: str) -> None:
    """Raise ValueError that a person understands when ``url`` is no address of a CSMS. The text shows nothing of it: it
    may hold a password.
    """
    fault = _url_fault(url)
    if fault:
        raise ValueError(f"this is no address of a CSMS: {fault}; write ws://HOST:PORT/PATH or wss://HOST:PORT/PATH")


def _url_fault(url: str) -> str:
    if not url.startswith(("ws://", "wss://")):
        return "it does not begin with ws:// or wss://"
    if not url.isprintable() or " " in url:
        return "it has blanks or characters that cannot be seen"
    if "#" in url:
        return "it has a fragment (#), which is never sent"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.netloc.rpartition("@")[2].startswith("["):
            IPv6Address(host)
        else:
            host.encode("idna")
    except ValueError:
        return "its host cannot be read"
    if not host:
        return "it has no host"
    if parts.username is not None and parts.password is None:
        return "it has a user name without a password"
    try:
        return "" if parts.port != 0 else "its port is 0"
    except ValueError:
        return "its port is no number from 1 to 65535"


@contextmanager
def naming(host: str, port: int) -> Iterator[None]:
    """Have an OSError within say which address it is about, which those of the system hardly do."""
    try:
        yield
    except OSError as error:
        shown = f"[{host}]" if ":" in host else host
        raise OSError(f"{shown}:{port}: {error.strerror or error}") from error
