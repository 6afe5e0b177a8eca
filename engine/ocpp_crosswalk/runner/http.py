"""A very small HTTP server for operators: /metrics, /healthz, /readyz."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus

from .addresses import naming
from .config import Endpoint

Page = Callable[[], Awaitable[tuple[int, str, bytes]]]
"""Gives status, content type and body."""

_SECONDS = 5.0
_MAX_LINES = 100


class OpsServer:
    """Serves ``pages`` (by path) on ``endpoint``. One request per connection."""

    def __init__(self, endpoint: Endpoint, pages: dict[str, Page], *, reuse_port: bool = False) -> None:
        self._endpoint = endpoint
        self._pages = pages
        self._reuse_port = reuse_port
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Begin to listen; gives the port. Raises OSError when the address cannot be taken."""
        host, port = self._endpoint.host, self._endpoint.port
        with naming(host, port):
            self._server = await asyncio.start_server(self._serve, host, port, reuse_port=self._reuse_port or None)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_SECONDS):
                method, status, kind, body = await self._answer(reader)
                head = (
                    f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + (b"" if method == "HEAD" else body))
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[str, int, str, bytes]:
        """The method that was asked for, and status, content type and body of the answer."""
        request = (await reader.readline()).decode("latin-1").split()
        for _ in range(_MAX_LINES):
            if (await reader.readline()).strip() == b"":
                break
        if len(request) != 3:
            return "", 400, "text/plain", b"this is no HTTP request\n"
        method, target, _ = request
        page = self._pages.get(target.partition("?")[0])
        if page is None:
            return method, 404, "text/plain", f"there are: {', '.join(self._pages)}\n".encode()
        if method not in ("GET", "HEAD"):
            return method, 405, "text/plain", b"only GET\n"
        return method, *await page()
