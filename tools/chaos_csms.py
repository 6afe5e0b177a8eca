"""A CSMS for the driver `chaos`: a process that may be killed at any moment, since it writes before it answers.

    python tools/chaos_csms.py --version ocpp2.0.1 --port 9000 --ledger FILE

Each valid call is a JSON line in FILE before it is answered; what is wrong with a frame is a line with `complaint`.
Answers take a random time; some never come, and now and then a connection is not read for a while.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection, serve

from ocpp_crosswalk.schemas import violation
from ocpp_crosswalk.versions import Version

Json = dict[str, Any]
_NOW = "2026-01-01T00:00:00Z"
_ANSWERS: dict[str, Json] = {
    "BootNotification": {"currentTime": _NOW, "interval": 300, "status": "Accepted"},
    "Heartbeat": {"currentTime": _NOW},
}
_CALL_SECONDS = 1.0
"""How often a station is called."""


class Ledger:
    """The file, and what a CSMS has to remember of it when it is started again."""

    def __init__(self, path: Path) -> None:
        self._ids: dict[str, int] = {}
        for line in read(path):
            if "id" in line:
                self._ids[self._key(line["station"], line["payload"])] = line["id"]
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @staticmethod
    def _key(station: str, payload: Json) -> str:
        return json.dumps([station, payload], sort_keys=True)

    def keep(self, station: str, action: str, payload: Json) -> int:
        """Write down a call; gives the transaction's number, the same one for a repeated StartTransaction."""
        line: Json = {"station": station, "action": action, "payload": payload}
        number = 0
        if action == "StartTransaction":
            number = self._ids.setdefault(self._key(station, payload), len(self._ids) + 1)
            line["id"] = number
        self.write(line)
        return number

    def write(self, line: Json) -> None:
        """Write a line: it survives the death of this process once this returns."""
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read(path: Path) -> Iterable[Json]:
    """The lines of a ledger."""
    if path.exists():
        with path.open() as lines:
            yield from map(json.loads, lines)


class Csms:
    """Answers stations and calls them."""

    def __init__(self, version: Version, ledger: Ledger, options: argparse.Namespace) -> None:
        self._version = version
        self._ledger = ledger
        self._options = options
        self._random = random.Random(options.seed)
        self._numbers = count(1)

    async def serve(self, socket: ServerConnection) -> None:
        """One station's connection."""
        assert socket.request is not None
        station = socket.request.path.rpartition("/")[2]
        asked: dict[str, bool] = {}
        caller = asyncio.create_task(self._call(socket, asked))
        answers: set[asyncio.Task[None]] = set()
        with suppress(websockets.ConnectionClosed):
            async for text in socket:
                if self._random.random() < self._options.stalls:
                    await asyncio.sleep(self._options.stall_seconds)
                task = asyncio.create_task(self._take(socket, station, json.loads(text), asked))
                answers.add(task)
                task.add_done_callback(answers.discard)
        caller.cancel()
        await asyncio.gather(caller, *answers, return_exceptions=True)

    async def _take(self, socket: ServerConnection, station: str, frame: Any, asked: dict[str, bool]) -> None:
        if frame[0] in (3, 4):
            if asked.get(frame[1]) is not True:
                self._complain(station, f"an answer to no open call: {frame}")
            asked[frame[1]] = False
            return
        _, message_id, action, payload = frame
        wrong = violation(self._version, action, "request", payload, formats=True)
        if wrong is not None:
            self._complain(station, f"{action} is not valid: {wrong}")
        number = self._ledger.keep(station, action, payload)
        if self._random.random() < self._options.silences:
            return
        await asyncio.sleep(self._random.uniform(0, self._options.delay))
        with suppress(websockets.ConnectionClosed):
            await socket.send(json.dumps([3, message_id, self._answer(action, payload, number)]))

    def _answer(self, action: str, payload: Json, number: int) -> Json:
        if action == "StartTransaction":
            return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
        if action == "TransactionEvent" and "idToken" in payload:
            return {"idTokenInfo": {"status": "Accepted"}}
        if action == "Authorize":
            name = "idTagInfo" if self._version is Version.V16 else "idTokenInfo"
            return {name: {"status": "Accepted"}}
        return _ANSWERS.get(action, {})

    async def _call(self, socket: ServerConnection, asked: dict[str, bool]) -> None:
        """One call after another; an answer may never come."""
        with suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(self._random.uniform(0, 2 * _CALL_SECONDS))
                message_id = f"c{os.getpid()}-{next(self._numbers)}"
                asked[message_id] = True
                await socket.send(json.dumps([2, message_id, "ClearCache", {}]))

    def _complain(self, station: str, text: str) -> None:
        self._ledger.write({"station": station, "action": "", "payload": {}, "complaint": text})


async def main() -> None:
    """Run as a command; ends by SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=Version.parse, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--delay", type=float, default=0.05, help="the longest time that an answer takes, in seconds")
    parser.add_argument("--silences", type=float, default=0.0, help="share of calls that are never answered")
    parser.add_argument("--stalls", type=float, default=0.0, help="share of frames after which nothing is read")
    parser.add_argument("--stall-seconds", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    csms = Csms(options.version, Ledger(options.ledger), options)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await serve(
        csms.serve,
        "127.0.0.1",
        options.port,
        subprotocols=[str(options.version)],  # type: ignore[list-item]
        compression=None,
        max_queue=2,
        close_timeout=0.5,
    )
    await stop.wait()
    server.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
