"""A CSMS and stations over real sockets, for tests of the runner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.runner import Config, serving
from ocpp_crosswalk.runner import service as service_module
from ocpp_crosswalk.runner.config import Listener, StoreConfig, Target
from ocpp_crosswalk.runner.service import Service
from ocpp_crosswalk.versions import Version
from processes import free_port

NOW = "2025-01-01T00:00:00Z"
_ANSWERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "BootNotification": lambda call: {"currentTime": NOW, "interval": 300, "status": "Accepted"},
    "Heartbeat": lambda call: {"currentTime": NOW},
    "Authorize": lambda call: {"idTokenInfo": {"status": "Accepted"}},
    "TransactionEvent": lambda call: {"idTokenInfo": {"status": "Accepted"}} if "idToken" in call else {},
}


class FakeCsms:
    """A CSMS that accepts everything, keeps what it was sent, and can be told to refuse or to be silent."""

    def __init__(self, *versions: str) -> None:
        self.versions = versions
        self.frames: list[Any] = []
        self.requests: list[Request] = []
        self.sockets: list[ServerConnection] = []
        self.closes: list[tuple[int | None, str | None]] = []
        self.refuse: tuple[int, dict[str, str]] | None = None
        self.silent = False
        self.echo = False
        self.subprotocols = True
        self.port = free_port()
        self.options: dict[str, Any] = {}

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Action and payload of the calls that came in."""
        return [(frame[2], frame[3]) for frame in self.frames if frame[0] == 2]

    @property
    def url(self) -> str:
        """Where it listens while it is running."""
        return f"{'wss' if 'ssl' in self.options else 'ws'}://localhost:{self.port}/ocpp"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeCsms]:
        server = await serve(
            self._handle,
            "127.0.0.1",
            self.port,
            select_subprotocol=self._select,
            process_request=self._check,
            close_timeout=0.5,
            max_size=2**24,
            **self.options,
        )
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    def _select(self, socket: ServerConnection, offers: Any) -> Any:
        if not self.subprotocols:
            return None
        return next((offer for offer in offers if offer in self.versions), None)

    def _check(self, socket: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.refuse is None:
            return None
        response = socket.respond(HTTPStatus(self.refuse[0]), "no\n")
        response.headers.update(self.refuse[1])
        return response

    async def _handle(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            async for text in socket:
                if self.echo:
                    self.frames.append(text)
                    await socket.send(text)
                    continue
                frame = json.loads(text)
                self.frames.append(frame)
                if frame[0] == 2 and not self.silent:
                    answer = _ANSWERS.get(frame[2], lambda call: {})(frame[3])
                    await socket.send(json.dumps([3, frame[1], answer]))
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closes.append((socket.close_code, socket.close_reason))


def config_for(csms: FakeCsms, **changes: Any) -> Config:
    """A configuration with one CSMS, a free port, and a store in memory."""
    target = Target("main", csms.url, tuple(map(Version, csms.versions)))
    config = Config(
        listeners=(Listener(port=0),),
        targets={"main": target},
        store=StoreConfig("memory"),
        watch=False,
    )
    return replace(config, **changes)


class World:
    """A CSMS, a proxy before it, and a way for stations to connect."""

    def __init__(self, csms: FakeCsms, service: Service) -> None:
        self.csms = csms
        self.service = service
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        port = self.service.addresses[0][1]
        scheme = "wss" if self.service.config.listeners[0].tls else "ws"
        return f"{scheme}://localhost:{port}"

    async def station(
        self, identity: str = "CP-1", *versions: str, path: str = "/ocpp", **options: Any
    ) -> ClientConnection:
        """A station's open connection."""
        options.setdefault("close_timeout", 0.5)
        return await connect(
            f"{self.url}{path}/{identity}",
            subprotocols=list(versions or ("ocpp1.6",)) if versions != ("",) else None,  # type: ignore[arg-type]
            proxy=None,
            **options,
        )


@asynccontextmanager
async def world(csms: FakeCsms, **changes: Any) -> AsyncIterator[World]:
    """Everything running; `changes` are over the configuration of `config_for`."""
    with patch.object(service_module, "load_crosswalk", read_once):
        async with csms.running(), serving(config_for(csms, **changes)) as service:
            yield World(csms, service)


_LOAD = service_module.load_crosswalk


@cache
def _builtin() -> Crosswalk:
    return _LOAD(Config())


def read_once(config: Config) -> Crosswalk:
    """What a configuration loads; the mappings as they are built in are read only once."""
    changed = config.mappings or config.hooks or config.settings or config.profiles is not None
    return _LOAD(config) if changed or not config.builtin else _builtin()


async def call(socket: ClientConnection, message_id: str, action: str, payload: dict[str, Any]) -> Any:
    """Send a call and give the next frame that comes back."""
    await socket.send(json.dumps([2, message_id, action, payload]))
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def boot(socket: ClientConnection) -> Any:
    """Send a 1.6 BootNotification and give the answer."""
    return await call(socket, "boot", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def refusal(connecting: Any) -> Response:
    """The response with which a handshake was refused."""
    try:
        socket = await connecting
    except websockets.InvalidStatus as error:
        return error.response
    await socket.close()
    raise AssertionError("the handshake was accepted")
