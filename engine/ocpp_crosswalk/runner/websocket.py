"""The WebSocket transport: stations connect to it, and it connects to CSMSs (library `websockets`)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from .. import __name__ as _program
from ..pending import Pending
from ..versions import Version
from .addresses import naming
from .config import ConfigError, Limits, Listener
from .handshake import join_url, parse_offers, parse_path
from .logs import log
from .tls import TlsContexts
from .transport import LOST, Admission, Admit, Closed, Connection, Dial, Handle, Handshake, Refused
from .wire import Binary, Wire

_WRITE_LIMIT = 2**16
_LIMITS = Limits()
_AGENT = _program.replace("_", "-")
_SPARE_SECONDS = 5.0
CLOSE_SECONDS = 1.0
"""How long a peer has to agree to the end of its connection; then the socket is closed all the same."""
_PASSED_ON = ("WWW-Authenticate", "Retry-After")
"""Headers of a CSMS's refusal that the station gets too."""


class WebSocketConnection:
    """A `Connection` over a WebSocket. ``tolerant``: a text frame that is not UTF-8 is handed on as bytes,
    to be answered as bad JSON, where otherwise it would cost the connection.
    """

    def __init__(self, socket: Wire, *, tolerant: bool = False) -> None:
        self._socket = socket
        self._tolerant = tolerant
        self._garbled = False

    async def read(self, handle: Handle) -> None:
        """See `Connection.read`."""
        try:
            await self._socket.read(handle if self._tolerant else partial(self._take, handle))
        except Closed:
            if self._garbled:
                raise Closed(LOST) from None
            raise

    def _take(self, handle: Handle, message: bytes) -> Pending[None] | None:
        """Hand a message on as text, if it is; a text that is not UTF-8 is the last thing that is read."""
        if self._garbled:
            return None
        if isinstance(message, Binary):
            return handle(message)
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._garbled = True
            return Pending.of(self._socket.close(CloseCode.INVALID_DATA))
        return handle(text)

    def write(self, frame: str | bytes) -> bool:
        """See `Connection.write`."""
        if isinstance(frame, str):
            return self._socket.write(frame.encode(), text=True)
        return self._socket.write(frame, text=False)

    async def drain(self) -> None:
        """See `Connection.drain`."""
        await self._socket.keep_up()

    async def close(self, code: int, reason: str, *, patience: float) -> None:
        """See `Connection.close`."""
        try:
            async with asyncio.timeout(patience):
                await self._socket.close(code, _short(reason))
        except TimeoutError:
            self._socket.transport.abort()
            await self._socket.wait_closed()


def _short(reason: str) -> str:
    """A close frame holds at most 123 bytes of reason (RFC 6455, section 5.5)."""
    return reason.encode()[:123].decode(errors="ignore")


class _CsmsSocket(Wire, ClientConnection):
    """A socket to a CSMS."""


class _StationSocket(Wire, ServerConnection):
    """A station's socket, with the admission that waits for its handshake to be answered."""

    admission: Admission | None = None
    served = False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.give_up()

    def give_up(self) -> None:
        """Abandon an admission that will not be run."""
        if self.admission is not None and not self.served:
            self.served = True
            task = self.loop.create_task(self.admission.abandon())
            _background.add(task)
            task.add_done_callback(_background.discard)


_background: set[asyncio.Task[None]] = set()


class WebSocketAdapter:
    """Listens for stations on all of ``listeners``, and connects to CSMSs.

    ``tls`` can be handed in to have its certificates read again while they are in use. ``reuse_port``: other
    processes listen on the same ports. Raises ConfigError for certificates that cannot be used.
    """

    def __init__(
        self,
        listeners: Sequence[Listener] = (),
        limits: Limits = _LIMITS,
        *,
        tls: TlsContexts | None = None,
        reuse_port: bool = False,
    ) -> None:
        self._listeners = listeners
        self._limits = limits
        self._tls = tls or TlsContexts(listeners)
        self._reuse_port = reuse_port
        self._servers: list[Server] = []
        self.addresses: list[tuple[str, int]] = []
        """Host and port of each listener, in order, once `listen` has returned."""

    # -- stations --

    async def listen(self, admit: Admit) -> None:
        """See `TransportAdapter.listen`. Raises OSError when an address cannot be taken."""
        for listener in self._listeners:
            gate = _Gate(admit, listener)
            with naming(listener.host, listener.port):
                server = await serve(
                    gate.serve,
                    listener.host or None,
                    listener.port,
                    process_request=gate.process_request,
                    process_response=gate.process_response,
                    select_subprotocol=gate.select_subprotocol,
                    create_connection=_StationSocket,
                    open_timeout=2 * self._limits.open_seconds + _SPARE_SECONDS,
                    server_header=_AGENT,
                    ssl=self._tls.for_listener(listener),
                    reuse_port=self._reuse_port or None,
                    **self._socket_options(),
                )
            self._servers.append(server)
            self.addresses.append(next(iter(server.sockets)).getsockname()[:2])

    def _socket_options(self) -> dict[str, Any]:
        limits = self._limits
        return {
            "ping_interval": limits.ping_seconds or None,
            "ping_timeout": limits.pong_seconds or None,
            "close_timeout": CLOSE_SECONDS,
            "max_size": limits.frame_bytes or None,
            "write_limit": _WRITE_LIMIT,
        }

    async def stop(self) -> None:
        """See `TransportAdapter.stop`."""
        for server in self._servers:
            server.close(close_connections=False)

    async def close(self) -> None:
        """See `TransportAdapter.close`."""
        for server in self._servers:
            server.close()
        for server in self._servers:
            await server.wait_closed()
        await asyncio.gather(*_background)

    # -- CSMSs --

    async def connect(self, dial: Dial) -> tuple[Connection, str | None]:
        """See `TransportAdapter.connect`. Compression (RFC 7692) is offered where 2.x is, which wants CSMSs to have it
        (part 4, 3.3); 1.6 advises against it (OCPP-J 5.1). Stations get it in any version when they offer it.
        """
        headers = {"Authorization": dial.authorization} if dial.authorization else None
        options = self._socket_options()
        try:
            tls = self._tls.for_dial(dial)
            if tls is not None:
                options["ssl"] = tls
            socket = await connect(
                join_url(dial.target.url, dial.identity),
                subprotocols=[Subprotocol(name) for name in dial.offers],
                additional_headers=headers,
                user_agent_header=_AGENT,
                open_timeout=self._limits.open_seconds or None,
                create_connection=_CsmsSocket,
                compression=None if set(dial.offers) <= {Version.V16} else "deflate",
                **options,
            )
        except websockets.InvalidStatus as error:
            raise _refusal(error.response) from None
        except ConfigError as error:
            raise Refused(500, f"the CSMS cannot be reached: {error}") from None
        except TimeoutError:
            raise Refused(504, "the CSMS did not answer in time", {"Retry-After": "10"}) from None
        except ssl.SSLError as error:
            raise Refused(502, f"TLS with the CSMS failed: {error.reason or error}") from None
        except OSError as error:
            raise Refused(503, f"the CSMS cannot be reached: {error}", {"Retry-After": "10"}) from None
        except websockets.ConnectionClosed:  # while the request was sent
            raise Refused(503, "the CSMS closed the connection at once", {"Retry-After": "10"}) from None
        except (websockets.InvalidHandshake, EOFError) as error:
            raise Refused(502, f"the CSMS's answer is no WebSocket handshake: {error}") from None
        except websockets.InvalidURI as error:  # its text would show the address, with a password in it
            raise Refused(502, f"the CSMS cannot be reached at its address: {error.msg}") from None
        except ValueError as error:
            raise Refused(502, f"the CSMS cannot be reached at its address: {error}") from None
        assert isinstance(socket, _CsmsSocket)
        return WebSocketConnection(socket, tolerant=dial.tolerant), socket.subprotocol


def _refusal(response: Response) -> Refused:
    """The station is refused as the CSMS refused the proxy."""
    status = response.status_code if 400 <= response.status_code <= 599 else 502
    headers = {name: response.headers[name] for name in _PASSED_ON if len(response.headers.get_all(name)) == 1}
    return Refused(status, f"the CSMS answered {response.status_code} {response.reason_phrase}", headers)


class _Gate:
    """What happens at one listener's door."""

    def __init__(self, admit: Admit, listener: Listener) -> None:
        self._admit = admit
        self._listener = listener

    async def process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Have the handshake decided, the CSMS being asked first; an error response, or None to go on."""
        assert isinstance(socket, _StationSocket)
        if "websocket" not in ",".join(request.headers.get_all("Upgrade")).lower():
            return None
        try:
            handshake = self._read(socket, request)
            admission = await self._admit(handshake)
        except Refused as refusal:
            return _error_response(refusal)
        except Exception as error:  # the library would keep it to itself
            text = "a fault of this program refuses a station; please report it"
            log(logging.ERROR, text, error=error, peer=_address(socket))
            return _error_response(Refused(500, "internal error"))
        if socket.connection_lost_waiter.done():
            await admission.abandon()
            return None
        socket.admission = admission
        _keep_only(request.headers, handshake.offers)
        return None

    def process_response(self, socket: ServerConnection, request: Request, response: Response) -> None:
        """The handshake may still fail for a reason that only the library sees."""
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS and isinstance(socket, _StationSocket):
            socket.give_up()

    def select_subprotocol(self, socket: ServerConnection, offers: Any) -> Subprotocol | None:
        """The subprotocol that was agreed on with the CSMS's help."""
        admission = socket.admission if isinstance(socket, _StationSocket) else None
        chosen = admission.subprotocol if admission else None
        return Subprotocol(chosen) if chosen else None

    async def serve(self, socket: ServerConnection) -> None:
        """Run the admission of an open connection."""
        assert isinstance(socket, _StationSocket)
        admission = socket.admission
        if admission is None or socket.served:
            return
        socket.served = True
        socket.begin()
        try:
            await admission.run(WebSocketConnection(socket, tolerant=admission.translated))
        finally:
            socket.admission = None  # the socket itself is freed late: the library's objects know each other

    def _read(self, socket: ServerConnection, request: Request) -> Handshake:
        path, identity = parse_path(request.path)
        authorization = request.headers.get_all("Authorization")
        if len(authorization) > 1:
            raise Refused(400, "more than one Authorization header")
        tls = self._listener.tls
        return Handshake(
            identity=identity,
            path=path,
            offers=parse_offers(request.headers.get_all("Sec-WebSocket-Protocol")),
            authorization=authorization[0] if authorization else None,
            names=_certificate_names(socket),
            match_certificate=bool(tls and tls.client_ca and tls.match_identity),
            peer=_address(socket),
        )


def _keep_only(headers: Headers, offers: tuple[str, ...]) -> None:
    """Replace what the library could stumble over by the subprotocols that were understood."""
    if "Sec-WebSocket-Protocol" in headers:
        del headers["Sec-WebSocket-Protocol"]
    if offers:
        headers["Sec-WebSocket-Protocol"] = ", ".join(offers)


def _error_response(refusal: Refused) -> Response:
    body = (refusal.text + "\n").encode()
    headers = Headers(refusal.headers)
    headers["Content-Type"] = "text/plain; charset=utf-8"
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    try:
        phrase = HTTPStatus(refusal.status).phrase
    except ValueError:
        phrase = "Refused"
    return Response(refusal.status, phrase, headers, body)


def _certificate_names(socket: ServerConnection) -> frozenset[str] | None:
    """What the client certificate is made out to: its common names. None without a
    certificate.
    """
    tls = socket.transport.get_extra_info("ssl_object")
    certificate = tls.getpeercert() if tls else None
    if not certificate:
        return None
    subject = certificate.get("subject", ())
    return frozenset(value for part in subject for key, value in part if key == "commonName")


def _address(socket: ServerConnection) -> str:
    address = socket.remote_address
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) and len(address) >= 2 else str(address or "")
