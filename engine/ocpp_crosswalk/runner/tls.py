"""TLS contexts, and getting new certificates into them while they are in use. OCPP 2.0.1 part 2, section
A.00.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

from .config import ClientTls, ConfigError, Listener, ServerTls, Target
from .transport import Dial


class TlsContexts:
    """The contexts for ``listeners`` and ``targets``, made once; those for other targets when they are first
    reached. Raises ConfigError for files that cannot be used.
    """

    def __init__(self, listeners: Iterable[Listener], targets: Iterable[Target] = ()) -> None:
        self._server = {listener.tls: _server(listener.tls) for listener in listeners if listener.tls}
        self._client = {target.tls: _client(target.tls) for target in targets}

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
        for tls in self._server:
            _server(tls)
        clients = {tls: _client(tls) for tls in self._client}
        for tls, context in self._server.items():
            _load(context, tls)
        self._client = clients

    def files(self) -> Iterator[Path]:
        """The files that the contexts were made from."""
        for tls in self._server:
            yield from (path for path in (tls.certificate, tls.key, tls.client_ca) if path)
        for client in self._client:
            yield from (path for path in (client.ca, client.certificate, client.key) if path)


def _server(tls: ServerTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
    _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: ServerTls) -> None:
    _load_chain(context, tls.certificate, tls.key)
    if tls.client_ca:
        _load_authorities(context, tls.client_ca)


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
        raise ConfigError(f"the certificate and key in {files} cannot be used: {error}") from None


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the authorities in {path} cannot be used: {error}") from None


def _no_password() -> str:
    raise ValueError("the key is protected by a password; give one without")
