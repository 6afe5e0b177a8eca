"""The yardstick: a proxy that only passes frames on, over websockets' asyncio layer, uvloop and orjson."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson
import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed


async def _pass(source: Connection, target: Connection) -> None:
    with suppress(ConnectionClosed):
        async for text in source:
            await target.send(orjson.dumps(orjson.loads(text)), text=True)


def run(port: int, csms_url: str, station_version: str, csms_version: str) -> None:
    """Serve until the process is ended. Every frame is decoded and encoded, and nothing else."""

    async def link(station: ServerConnection) -> None:
        async with connect(csms_url, subprotocols=[csms_version], compression=None, proxy=None) as csms:  # type: ignore[list-item]
            back = asyncio.create_task(_pass(csms, station))
            await _pass(station, csms)
            back.cancel()

    async def main() -> None:
        async with serve(link, "127.0.0.1", port, subprotocols=[station_version], compression=None):  # type: ignore[list-item]
            await asyncio.get_running_loop().create_future()

    uvloop.run(main())
