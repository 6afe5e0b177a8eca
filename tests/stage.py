"""A stage for conversations that is a running proxy, with a real WebSocket at each end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from unittest.mock import patch

import websockets
from websockets.asyncio.client import ClientConnection

from ocpp_crosswalk.conversation import Left
from ocpp_crosswalk.runner import service as service_module
from ocpp_crosswalk.runner import serving
from ocpp_crosswalk.runner.config import StoreConfig
from ocpp_crosswalk.stores import MemoryStore
from ocpp_crosswalk.versions import Pair, Side
from runner.harness import FakeCsms, World, config_for, read_once

PATIENCE = 3.0
"""Seconds in which a frame that is awaited has to come."""
SETTLING = 0.02
"""Seconds in which a frame that is not awaited would come."""

T = TypeVar("T")


class Lasting(MemoryStore):
    """A store that outlives the proxy that closes it, as a file or Redis does."""

    async def close(self) -> None:
        pass


class ProxyStage:
    """Station, proxy and CSMS in one event loop, which runs while an operation is under way."""

    def __init__(self, pair: Pair, now: float, settings: Mapping[str, Any]) -> None:
        self._pair = pair
        self._now = now
        self._settings = settings
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._store = Lasting()
        self._csms = FakeCsms(str(pair.csms))
        self._csms.silent = True
        self._world: World
        self._station: ClientConnection
        self._taken = 0
        self._gone = 0
        """How many frames had come to the CSMS when the present connection began."""

    @classmethod
    def open(cls, pair: Pair, now: float, settings: Mapping[str, Any], opened: list[ProxyStage]) -> ProxyStage:
        """A stage with both links up; it is put into ``opened``, to be closed by the caller."""
        stage = cls(pair, now, settings)
        opened.append(stage)
        stage._run(stage._start())
        return stage

    def close(self) -> None:
        """End everything."""
        self._run(self._end())
        self._runner.close()

    def arrive(self, side: Side, text: str) -> None:
        socket = self._station if side is Side.STATION else self._csms.sockets[-1]
        self._run(socket.send(text))

    def next(self, side: Side) -> Left | None:
        return self._run(self._next(side, PATIENCE))

    def rest(self) -> list[Left]:
        async def take() -> list[Left]:
            await asyncio.sleep(SETTLING)
            rest = []
            for side in Side:
                while left := await self._next(side, 0.001):
                    rest.append(left)
            return rest

        return self._run(take())

    def wait(self, seconds: float) -> None:
        self._now += seconds
        self._run(asyncio.sleep(seconds))

    def set_clock(self, now: float) -> None:
        self._now = now

    def reconnect(self) -> None:
        self._run(self._reconnect())

    def restart(self) -> None:
        """The proxy ends and another one begins with the same store; the links come up again with `reconnect`."""

        async def again() -> None:
            await self._end()
            await self._start()

        self._run(again())

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    async def _start(self) -> None:
        await self._stack.enter_async_context(self._csms.running())
        config = config_for(self._csms, settings=dict(self._settings), store=StoreConfig("memory"))
        with patch.object(service_module, "load_crosswalk", read_once):
            service = await self._stack.enter_async_context(serving(config))
        service.proxy._around.clock = lambda: self._now
        service.proxy._around.store = self._store
        self._world = World(self._csms, service)
        await self._connect()

    async def _end(self) -> None:
        await self._stack.aclose()

    async def _connect(self) -> None:
        self._station = await self._world.station("CP-1", str(self._pair.station))
        self._taken = len(self._csms.frames)

    async def _reconnect(self) -> None:
        await self._station.close()
        async with asyncio.timeout(PATIENCE):
            while len(self._csms.closes) < len(self._csms.sockets):
                await asyncio.sleep(0.002)
        await self._connect()

    async def _next(self, side: Side, patience: float) -> Left | None:
        if side is Side.STATION:
            try:
                return Left(side, json.loads(await asyncio.wait_for(self._station.recv(), patience)))
            except (TimeoutError, websockets.ConnectionClosed):
                return None
        try:
            async with asyncio.timeout(patience):
                while len(self._csms.frames) <= self._taken:
                    await asyncio.sleep(0.001)
        except TimeoutError:
            return None
        self._taken += 1
        return Left(side, self._csms.frames[self._taken - 1])
