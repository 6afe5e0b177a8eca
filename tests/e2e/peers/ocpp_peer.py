"""A station or a CSMS made of the PyPI package `ocpp`, in a process of its own. It shares no code with this project.

    python ocpp_peer.py station ocpp1.6 ws://HOST:PORT/IDENTITY
    python ocpp_peer.py csms ocpp2.0.1 PORT

Commands arrive as JSON lines on standard input: `{"call": ACTION, "payload": {...}, "number": N}`, `{"raw": TEXT}`
(sends the text as a frame as it is), `{"answer": ACTION, "payload": {...}}` (what this action is answered from now on),
`{"silence": ACTION}` (it is not answered at all).

What happens is printed as JSON lines: `open`, `frame` (each frame that came in), `got` (a call that came in and was
valid), `answered` (the valid answer to a call of ours), `refused` (a CALLERROR to a call of ours), `complaint`
(whatever the package finds wrong with what it was sent), `closed`. The package validates requests and responses both
ways against its own copies of the schemas.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import logging
import sys
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ocpp.charge_point import ChargePoint, camel_to_snake_case
from ocpp.exceptions import NotImplementedError as NotImplementedByPeer
from ocpp.exceptions import OCPPError
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PACKAGES = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
ANSWERS = json.loads(Path(__file__).with_name("answers.json").read_text())
COUNTER = itertools.count(4711)
RUN = uuid.uuid4().hex[:8]
"""Begins the ids of this run's calls: a station that was started again makes new ones."""


def say(**line: Any) -> None:
    """Print one line."""
    print(json.dumps(line), flush=True)


class Complaints(logging.Handler):
    """Prints what the package logs as an error."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        cause = f": {record.exc_info[1]!r}" if record.exc_info else ""
        say(complaint=record.getMessage() + cause)


class Recorded:
    """A connection that prints every frame that comes in. Calls that are to be met with silence, and answers to what
    was sent raw, do not reach the package.
    """

    def __init__(self, socket: Any, answers: dict[str, Any]) -> None:
        self.socket = socket
        self.answers = answers
        self.results: dict[str, Any] = {}
        self.raw = 0

    async def recv(self) -> Any:
        """The next frame for the package."""
        while True:
            text = await self.socket.recv()
            frame = json.loads(text)
            say(frame=frame)
            if frame[0] == 2 and self.answers.get(frame[2], {}) is None:
                say(got=frame[2], id=frame[1])
                continue
            if frame[0] == 3:
                self.results[frame[1]] = frame[2]
            if frame[0] in (3, 4) and self.raw and not frame[1].startswith(RUN):
                self.raw -= 1
            else:
                return text

    async def send(self, text: str) -> None:
        """Send a frame."""
        await self.socket.send(text)

    async def send_raw(self, text: str) -> None:
        """Send a text that may be answered although it is no call of the package's."""
        self.raw += 1
        await self.socket.send(text)


class Peer:
    """One side of OCPP, driven by commands."""

    def __init__(self, side: str, version: str) -> None:
        self.side = side
        package = f"ocpp.{PACKAGES[version]}"
        self.call_module = importlib.import_module(f"{package}.call")
        self.result_module = importlib.import_module(f"{package}.call_result")
        self.charge_point_class: type[ChargePoint] = importlib.import_module(package).ChargePoint
        family = "ocpp1.6" if version == "ocpp1.6" else "ocpp2.0.1"
        self.answers: dict[str, Any] = dict(ANSWERS[f"{family} {side}"])
        self.version = version
        self.connection: Any = None
        self.charge_point: Any = None

    async def talk(self, socket: Any) -> None:
        """Serve one connection until it closes."""
        self.connection = Recorded(socket, self.answers)
        self.charge_point = self.charge_point_class("peer", self.connection, response_timeout=20)
        for action in vars(self.result_module):
            if action[0].isupper() and hasattr(self.call_module, action):
                handler = partial(self.on_call, action)
                self.charge_point.route_map[action] = {"_on_action": handler, "_skip_schema_validation": False}
        say(open=socket.subprotocol)
        try:
            await self.charge_point.start()
        except ConnectionClosed:
            say(closed=socket.close_code)

    def on_call(self, action: str, call_unique_id: str, **payload: Any) -> Any:
        """Answer a call that the package found valid."""
        say(got=action, id=call_unique_id)
        if action not in self.answers:
            raise NotImplementedByPeer(details={"cause": f"this peer has no answer to {action}"})
        answer = {
            key: datetime.now(UTC).isoformat() if value == "@now" else next(COUNTER) if value == "@counter" else value
            for key, value in self.answers[action].items()
        }
        if action == "TransactionEvent" and "id_token" not in payload:
            answer.pop("idTokenInfo", None)
        return getattr(self.result_module, action)(**camel_to_snake_case(answer))

    async def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command."""
        if "answer" in command:
            self.answers[command["answer"]] = command["payload"]
        elif "silence" in command:
            self.answers[command["silence"]] = None
        elif "raw" in command:
            await self.connection.send_raw(command["raw"])
        else:
            await self.make_call(command["call"], command["payload"], command["number"])

    async def make_call(self, action: str, payload: dict[str, Any], number: int) -> None:
        """Make a call, and print what came of it."""
        id = f"{RUN}-{number}"
        try:
            request = getattr(self.call_module, action)(**camel_to_snake_case(payload))
            await self.charge_point.call(request, suppress=False, unique_id=id)
        except OCPPError as error:
            say(refused=action, number=number, code=error.code, description=error.description)
        except Exception as error:
            say(complaint=f"{action}: {error!r}", number=number)
        else:
            say(answered=action, number=number, payload=self.connection.results.pop(id))


async def commands(peer: Peer) -> None:
    """Read commands until standard input ends."""
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    async for line in reader:
        task = asyncio.create_task(peer.obey(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


async def main(side: str, version: str, where: str) -> None:
    """Run the peer until standard input ends, or, for a station, until its connection is closed."""
    logger = logging.getLogger("ocpp")
    logger.addHandler(Complaints(logging.ERROR))
    logger.propagate = False
    peer = Peer(side, version)
    offer: Any = [version]
    if side == "csms":
        async with serve(peer.talk, "127.0.0.1", int(where), subprotocols=offer, max_size=2**24):
            say(listening=int(where))
            await commands(peer)
        return
    async with connect(where, subprotocols=offer, proxy=None, max_size=2**24) as socket:
        reading = asyncio.create_task(commands(peer))
        await peer.talk(socket)
        reading.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
