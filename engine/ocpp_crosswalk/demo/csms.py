"""The demonstration CSMS: a WebSocket server that answers from `csms.yaml`."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import TracebackType
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ..versions import Version
from .answers import Answers, fill, script
from .peer import Heard, Peer


class DemoCsms:
    """A CSMS for trying things out: it accepts everything that it knows. Use it as an asynchronous context manager.

    ``heard`` is told every frame. With ``asks`` it also makes the calls that `csms.yaml` lists.
    """

    def __init__(
        self, version: Version, *, asks: bool = False, heard: Heard = lambda _way, _answer, _frame: None
    ) -> None:
        self._version = version
        self._script: dict[str, Any] = script("csms.yaml")[version]
        self._asks = asks
        self._heard = heard
        self._server: Server | None = None
        self.url = ""
        """Where it answers; a station's identity is appended."""
        self.invalid: list[str] = []
        """What was wrong with frames that it got."""

    async def __aenter__(self) -> DemoCsms:
        self._server = await serve(self._serve, "127.0.0.1", 0, subprotocols=[Subprotocol(str(self._version))])
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        peer = Peer(connection, self._version, Answers(self._version, self._script["answers"]), self._heard)
        peer.invalid = self.invalid
        asking = asyncio.create_task(self._ask(peer))
        try:
            await peer.run()
        except ConnectionClosed:
            pass
        finally:
            asking.cancel()

    async def _ask(self, peer: Peer) -> None:
        seen: Counter[str] = Counter()
        while True:
            action, payload = await peer.called.get()
            seen[action] += 1
            for entry in self._script["asks"] if self._asks else ():
                if entry["after"] == action and entry["times"] == seen[action]:
                    name, template = entry["call"]
                    await peer.call(name, fill(template, payload))
