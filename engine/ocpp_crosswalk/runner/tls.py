"""TLS contexts, and getting new certificates into them while they are in use. OCPP 2.0.1 part 2, section
A.00.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .config import ClientTls, ConfigError, Listener, ServerTls, Target
from .transport import Dial

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:AES256-GCM-SHA384:AES128-GCM-SHA256:!aNULL"
"""For TLS 1.2: what keeps secrets when a key gets lost later, then the two suites with RSA key exchange that OCPP
wants all the same (A00.FR.318; security whitepaper for 1.6, A00.FR.317)."""


class TlsContexts:
    """The contexts for ``listeners`` and ``targets``, made once; those for other targets when they are first
    reached. Raises ConfigError for files that cannot be used.
    """

    def __init__(self, listeners: Iterable[Listener], targets: Iterable[Target] = ()) -> None:
        self._server: dict[ServerTls, _Exchangeable] = {}
        self._client: dict[ClientTls, ssl.SSLContext] = {}
        for number, listener in enumerate(listeners):
            if listener.tls:
                with _at(f"listeners.{number}.tls"):
                    self._server[listener.tls] = _Exchangeable(_server(listener.tls))
        for target in targets:
            with _at(f"csms.{target.name}.tls"):
                self._client[target.tls] = _client(target.tls)

    def for_listener(self, listener: Listener) -> ssl.SSLContext | None:
        """The context of a listener; None when it is without TLS."""
        return self._server[listener.tls] if listener.tls else None

    def for_dial(self, dial: Dial) -> ssl.SSLContext | None:
        """The context for reaching a CSMS; None when it is without TLS. Raises ConfigError."""
        tls = dial.target.tls
        if not dial.target.url.startswith("wss:"):
            return None
        if tls not in self._client:
            self._client[tls] = _client(tls)
        return self._client[tls]

    def reload(self) -> None:
        """Read all files again; new connections use them. Raises ConfigError and changes nothing if one is
        bad.
        """
        servers = {tls: _server(tls) for tls in self._server}
        clients = {tls: _client(tls) for tls in self._client}
        for tls, context in servers.items():
            self._server[tls].current = context
        self._client = clients

    def files(self) -> Iterator[Path]:
        """The files that the contexts were made from."""
        for tls in self._server:
            files = (tls.certificate, tls.key, tls.second_certificate, tls.second_key, tls.client_ca)
            yield from (path for path in files if path)
        for client in self._client:
            yield from (path for path in (client.ca, client.certificate, client.key) if path)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Have what is wrong with files say which part of the configuration names them."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


class _Exchangeable(ssl.SSLContext):
    """What a server holds on to, while each new connection gets the context that is ``current``: so that an
    authority that is trusted no more is forgotten, which a context cannot do.
    """

    def __new__(cls, current: ssl.SSLContext) -> _Exchangeable:
        context = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        context.current = current
        return context

    current: ssl.SSLContext

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """See `ssl.SSLContext.wrap_bio`, with which asyncio and uvloop begin a connection."""
        return self.current.wrap_bio(*arguments, **options)


def _server(tls: ServerTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    _load_chain(context, tls.certificate, tls.key)
    if tls.second_certificate:
        _load_chain(context, tls.second_certificate, tls.second_key)
    if tls.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        _load_authorities(context, tls.client_ca)
    return context


def _client(tls: ClientTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.ca:
        _load_authorities(context, tls.ca)
    else:
        context.load_default_certs()
    if tls.certificate:
        _load_chain(context, tls.certificate, tls.key)
    return context


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        files = f"{certificate}" + (f" and {key}" if key else "")
        remedy = "Give PEM files: a certificate with its chain, and the private key that belongs to it."
        raise ConfigError(f"the certificate and key in {files} cannot be used: {error}\n    {remedy}") from None


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        remedy = "Give a PEM file with the certificates of the authorities to trust."
        raise ConfigError(f"the authorities in {path} cannot be used: {error}\n    {remedy}") from None


def _no_password() -> str:
    raise ValueError("the key is protected by a password; give one without")
