"""The proxy and its peers as processes, and what a test says to them and reads from them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from processes import free_port

PEERS = Path(__file__).parent / "peers"
PROGRAM = Path(sys.executable).with_name("ocpp-crosswalk")
"""The program as pip installed it."""
SECONDS = 10.0
"""How long anything here may take."""

Json = dict[str, Any]
Command = list[str]


def python_peer() -> Command:
    """The command that starts a peer made of the PyPI package `ocpp`."""
    return [sys.executable, str(PEERS / "ocpp_peer.py")]


class Process:
    """A child process whose JSON lines are kept."""

    def __init__(self, process: asyncio.subprocess.Process, lines: asyncio.StreamReader) -> None:
        self.process = process
        self.lines: list[Json] = []
        self.strange: list[str] = []
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read(lines))

    async def _read(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.strange.append(line.decode(errors="replace"))
            self._wake()
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What the condition gives, as soon as it is true."""
        try:
            async with asyncio.timeout(SECONDS):
                while not (found := condition()):
                    assert not self._reader.done(), f"the process ended while {what} was awaited: {self.strange}"
                    await self._changed.wait()
                return found
        except TimeoutError:
            seen = "\n".join(map(str, [*self.lines[-20:], *self.strange]))
            raise AssertionError(f"{what} did not come; last seen:\n{seen}") from None

    async def line(self, key: str, value: Any = None) -> Json:
        """The first line that has this key (and value)."""
        found: Json = await self.until(
            lambda: next((x for x in self.lines if key in x and value in (None, x[key])), None), f"{key} {value or ''}"
        )
        return found

    async def end(self) -> None:
        """Kill the process if it runs, and read what it said last."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reader


class Peer(Process):
    """A station or a CSMS."""

    def __init__(self, process: asyncio.subprocess.Process, lines: asyncio.StreamReader) -> None:
        super().__init__(process, lines)
        self._number = 0
        self._taken: dict[str, int] = {}

    def tell(self, **command: Any) -> None:
        """Give a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")

    async def call(self, action: str, payload: Json) -> Json:
        """Make a call; gives the payload of the answer, which the peer found valid."""
        outcome = await self._outcome(action, payload)
        assert "answered" in outcome, outcome
        payload: Json = outcome["payload"]
        return payload

    async def refused(self, action: str, payload: Json) -> str:
        """Make a call that is to be refused; gives the code of the CALLERROR."""
        outcome = await self._outcome(action, payload)
        assert "refused" in outcome, outcome
        return str(outcome["code"])

    async def _outcome(self, action: str, payload: Json) -> Json:
        self._number += 1
        number = self._number
        self.tell(call=action, payload=payload, number=number)
        return await self.line("number", number)

    @property
    def got(self) -> list[tuple[str, Json]]:
        """Action and payload of the calls that came in and were valid, in order."""
        ids = {line["id"] for line in self.lines if "got" in line}
        frames = [line["frame"] for line in self.lines if "frame" in line]
        return [(frame[2], frame[3]) for frame in frames if frame[0] == 2 and frame[1] in ids]

    def payloads(self, action: str) -> list[Json]:
        """The payloads of all calls of one action that came in."""
        return [payload for name, payload in self.got if name == action]

    async def next(self, action: str) -> Json:
        """The payload of the next call of this action that nobody has taken with `next` yet."""
        index = self._taken.get(action, 0)
        self._taken[action] = index + 1
        found: list[Json] = await self.until(lambda: self.payloads(action)[index:], f"{action} number {index + 1}")
        return found[0]

    async def answer_to(self, raw: str, message_id: str) -> list[Any]:
        """Send a text as a frame; gives the frame that answers `message_id`."""
        self.tell(raw=raw)
        found: list[Any] = await self.until(
            lambda: next(
                (x["frame"] for x in self.lines if "frame" in x and x["frame"][0] != 2 and x["frame"][1] == message_id),
                None,
            ),
            f"an answer to {message_id!r}",
        )
        return found

    @property
    def complaints(self) -> list[Json]:
        """What the peer found wrong with what it was sent, and what it said that nobody expected."""
        return [line for line in self.lines if "complaint" in line] + [{"said": text} for text in self.strange]


class Proxy(Process):
    """A running `ocpp-crosswalk serve` with its log as JSON lines."""

    port = 0

    @property
    def warnings(self) -> list[Json]:
        """The lines of the log that a person is to look at."""
        return [line for line in self.lines if line["level"] not in ("debug", "info")]


class World:
    """The ports of a proxy and its CSMS; starts and stops the processes."""

    def __init__(self, folder: Path, station: str, csms: str) -> None:
        self.station_version, self.csms_version = station, csms
        self.store = f"sqlite:{folder / 'state.sqlite'}"
        self.proxy_port, self.csms_port = free_port(), free_port()
        self.processes: list[Process] = []
        self.csms: Peer
        self.station: Peer
        self.proxy: Proxy

    async def start_csms(self, command: Command) -> Peer:
        """Start the CSMS; it listens when this returns."""
        self.csms = await self._peer([*command, "csms", self.csms_version, str(self.csms_port)])
        await self.csms.line("listening")
        return self.csms

    async def start_proxy(self, *flags: str) -> Proxy:
        """Start the proxy on its port and its store; it listens when this returns."""
        csms = ["--csms", f"ws://127.0.0.1:{self.csms_port}/ocpp", "--csms-version", self.csms_version]
        listen = ["--listen", f"127.0.0.1:{self.proxy_port}", "--store", self.store, "--log", "json"]
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "serve", *listen, *csms, *flags, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        self.proxy = Proxy(process, process.stderr)
        self.processes.append(self.proxy)
        await self.proxy.until(
            lambda: any("stations connect to" in line["message"] for line in self.proxy.lines), "the proxy's readiness"
        )
        return self.proxy

    async def start_station(self, command: Command, identity: str = "CP-1") -> Peer:
        """Start a station; it is connected when this returns."""
        url = f"ws://127.0.0.1:{self.proxy_port}/{identity}"
        self.station = await self._peer([*command, "station", self.station_version, url])
        await self.station.line("open", self.station_version)
        return self.station

    async def _peer(self, command: Command) -> Peer:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=2**24)
        assert process.stdout is not None
        peer = Peer(process, process.stdout)
        self.processes.append(peer)
        return peer

    async def end(self) -> None:
        """End every process that was started here."""
        for process in reversed(self.processes):
            await process.end()


@asynccontextmanager
async def world(
    folder: Path, station: str, csms: str, *, station_peer: Command | None = None, csms_peer: Command | None = None
) -> AsyncIterator[tuple[World, Peer, Peer]]:
    """A CSMS, the proxy before it and one station connected; nobody may have complained in the end."""
    all_of_it = World(folder, station, csms)
    try:
        far = await all_of_it.start_csms(csms_peer or python_peer())
        await all_of_it.start_proxy()
        near = await all_of_it.start_station(station_peer or python_peer())
        yield all_of_it, near, far
        assert near.complaints == []
        assert far.complaints == []
        assert all_of_it.proxy.strange == []
    finally:
        await all_of_it.end()
