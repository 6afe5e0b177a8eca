"""One end of an OCPP-J connection: answers calls from a table, and makes calls one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

from ..frames import Call, CallError, CallResult, FrameError, encode, parse
from ..protocol import Fault, protocol
from ..schemas import UnknownMessage, violation
from ..versions import Version
from .answers import Answers

ANSWER_SECONDS = 10.0


class Socket(Protocol):
    """What a peer needs of a WebSocket."""

    async def send(self, message: str) -> None: ...

    async def recv(self) -> str | bytes: ...


class DemoError(Exception):
    """The demonstration did not go as its script says."""


Heard = Callable[[str, bool, Any], None]
"""Takes a frame that a peer sent (`"out"`) or got (`"in"`), whether it is an answer, and the frame."""


class Peer:
    """A simulated station or CSMS on one connection. Every frame that it gets is held against the official schema."""

    def __init__(self, socket: Socket, version: Version, answers: Answers, heard: Heard) -> None:
        self._socket = socket
        self._version = version
        self._answers = answers
        self._heard = heard
        self._ids = count(1)
        self._asked: dict[str, tuple[str, asyncio.Future[dict[str, Any]]]] = {}
        self.invalid: list[str] = []
        self.called: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    async def run(self) -> None:
        """Take frames until the connection ends."""
        while True:
            try:
                frame = parse(await self._socket.recv(), self._version)
            except FrameError as error:
                self.invalid.append(str(error))
                continue
            self._heard("in", not isinstance(frame, Call), frame)
            if isinstance(frame, Call):
                await self._answer(frame)
            elif isinstance(frame, (CallResult, CallError)) and frame.id in self._asked:
                action, future = self._asked.pop(frame.id)
                if isinstance(frame, CallError):
                    future.set_exception(DemoError(f"{action} was refused: {frame.code} {frame.description}"))
                else:
                    self._judge(action, "response", frame.payload)
                    future.set_result(frame.payload)

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Make a call and wait for the answer. Raises DemoError when it is refused or does not come."""
        frame = Call(f"demo-{next(self._ids)}", action, payload)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[frame.id] = (action, future)
        self._heard("out", False, frame)
        await self._socket.send(encode(frame))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError:
            raise DemoError(f"{action} was not answered") from None

    async def _answer(self, call: Call) -> None:
        self._judge(call.action, "request", call.payload)
        try:
            payload = self._answers.to(call.action, call.payload)
        except UnknownMessage:
            payload = None
        answer: CallResult | CallError
        if payload is None:
            answer = CallError(
                call.id, protocol(self._version).code(Fault.ACTION), "the demonstration does not do this", {}
            )
        else:
            answer = CallResult(call.id, payload)
        self._heard("out", True, answer)
        await self._socket.send(encode(answer))
        self.called.put_nowait((call.action, call.payload))

    def _judge(self, action: str, kind: Any, payload: Any) -> None:
        try:
            found = violation(self._version, action, kind, payload, formats=True)
        except UnknownMessage as error:
            self.invalid.append(str(error))
            return
        if found is not None:
            self.invalid.append(f"{action}: {found}")
