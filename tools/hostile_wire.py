"""Hostile stations and CSMSs around a running proxy: the part of the driver `hostile` that uses sockets."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import websockets
import yaml
from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, serve

from hostile_frames import Sender
from hostile_judge import Judge
from ocpp_crosswalk import Pair
from ocpp_crosswalk.versions import Side, Version
from processes import Child, free_port, proxy, resident

_PER_CONNECTION = 400
_PAIRS = [Pair(one, other) for one in Version for other in Version if one is not other]
_SETTLE_SECONDS = 3.0


class Attack:
    """Links through one proxy, each with a hostile peer on both sides."""

    def __init__(self, frames: int, seed: int) -> None:
        self.left = frames
        self.figures: Counter[str] = Counter()
        self.wrongs: list[str] = []
        self._seed = seed
        self._csms: dict[str, asyncio.Future[ServerConnection]] = {}

    async def serve(self, socket: ServerConnection) -> None:
        """The CSMS's end of a link: handed to who opened the station's."""
        assert socket.request is not None
        waiting = self._csms.get(socket.request.path.rpartition("/")[2])
        if waiting is not None and not waiting.done():
            waiting.set_result(socket)
        await socket.wait_closed()

    async def links(self, number: int, url: str) -> None:
        """One link after another, until all frames are sent."""
        rng = random.Random(f"{self._seed}/{number}")
        while self.left > 0:
            pair = rng.choice(_PAIRS)
            await self._link(rng, pair, f"{url}/L{number}-{pair.csms}", f"L{number}-{pair.csms}")

    async def _link(self, rng: random.Random, pair: Pair, url: str, identity: str) -> None:
        arrived = self._csms[identity] = asyncio.get_running_loop().create_future()
        try:
            station = await connect(
                url,
                subprotocols=[str(pair.station)],  # type: ignore[list-item]
                proxy=None,
                open_timeout=20,
                max_size=None,
                close_timeout=1,
            )
        except (OSError, TimeoutError, websockets.InvalidHandshake, websockets.ConnectionClosed) as error:
            self.figures[f"refused: {type(error).__name__}"] += 1
            await asyncio.sleep(0.2)
            return
        self.figures["links"] += 1
        csms = await arrived
        sides: list[tuple[Side, Connection]] = [(Side.STATION, station), (Side.CSMS, csms)]
        await asyncio.gather(*(self._misbehave(rng, pair.version(side), side, socket) for side, socket in sides))
        await asyncio.gather(*(socket.close() for _, socket in sides))
        self.figures[f"closed with {station.close_code}"] += 1

    async def _misbehave(self, rng: random.Random, version: Version, side: Side, socket: Connection) -> None:
        sender, judge = Sender(rng, version, side), Judge(version, side, self.wrongs)
        reader = asyncio.create_task(self._read(socket, sender, judge))
        sent = 0
        with suppress(websockets.ConnectionClosed):
            while sent < _PER_CONNECTION and self.left > 0 and not reader.done():
                for frame in sender.frames():
                    judge.sent(frame)
                    await socket.send(frame, text=True)
                    sent += 1
                    self.left -= 1
                    self.figures["hostile frames, through the proxy"] += 1
                await asyncio.sleep(0)
            await asyncio.wait([reader], timeout=_SETTLE_SECONDS)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, socket: Connection, sender: Sender, judge: Judge) -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                text = await socket.recv()
                self.figures["frames that a side got"] += 1
                assert isinstance(text, str)
                call = judge.got(text)
                if call is not None:
                    sender.open.append(call)


def _config(folder: Path, port: int) -> Path:
    url = f"ws://127.0.0.1:{port}/ocpp"
    config: dict[str, Any] = {
        "csms": {f"c{n}": {"url": url, "version": str(version)} for n, version in enumerate(Version)},
        "rules": [{"identity": f"*-{version}", "csms": f"c{n}"} for n, version in enumerate(Version)],
        "settings": {"callTimeout": 1},
        "limits": {"frames_per_second": 0, "frame_bytes": 0},
    }
    path = folder / "hostile.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


async def attack(folder: Path, frames: int, connections: int, seed: int) -> tuple[Counter[str], list[str], int]:
    """Send ``frames`` through a proxy over ``connections`` links at a time; gives figures, what was wrong, and by
    how many bytes the proxy's memory grew after the first third.
    """
    attackers = Attack(frames, seed)
    port = free_port()
    async with serve(
        attackers.serve,
        "127.0.0.1",
        port,
        subprotocols=[str(version) for version in Version],  # type: ignore[misc]
        max_size=None,
        close_timeout=1,
    ):
        victim = _proxy(folder, port)
        victim.start()
        await asyncio.to_thread(victim.wait_up)
        try:
            growth = asyncio.create_task(_growth(victim, attackers, frames))
            lives = [attackers.links(n, f"ws://127.0.0.1:{victim.port}") for n in range(connections)]
            await asyncio.gather(*lives)
            grown = await growth
        finally:
            code = victim.end()
    said = victim.log.read_text(errors="replace")
    if code != 0 or "please report it" in said or "Traceback" in said:
        attackers.wrongs.append(f"the proxy ended with {code}; it said: {said[-3000:]}")
    return attackers.figures, attackers.wrongs, grown


def _proxy(folder: Path, port: int) -> Child:
    child = proxy(folder, "proxy", f"ws://127.0.0.1:{port}", "ocpp2.1", f"sqlite:{folder / 'state.sqlite'}")
    at = child.command.index("--csms")
    child.command[at : at + 4] = ["--config", str(_config(folder, port)), "--log-level", "error"]
    return child


async def _growth(victim: Child, attackers: Attack, frames: int) -> int:
    """By how much the proxy's memory grew between a third of the frames and the end."""
    while attackers.left > frames * 2 / 3:
        await asyncio.sleep(0.1)
    warm = resident(victim.pid)
    while attackers.left > 0:
        await asyncio.sleep(0.1)
    await asyncio.sleep(_SETTLE_SECONDS)
    return resident(victim.pid) - warm
