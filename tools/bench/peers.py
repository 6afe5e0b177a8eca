"""Stations and a CSMS that cost as little as possible, so that the proxy between them is what is measured.

They speak WebSocket by hand: text frames that are not split, no compression, masks of zeros.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Generator
from struct import pack, unpack_from
from time import perf_counter
from typing import Any

import orjson
from websockets.speedups import apply_mask

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = b"MDEyMzQ1Njc4OWFiY2RlZg=="
_NO_MASK = bytes(4)

Answers = Callable[[str], bytes]
"""The payload of the answer to an action, as JSON."""
Calls = Generator[tuple[str, bytes], dict[str, Any], None]
Conversation = Callable[[int], Calls]
"""The calls of the station of this number, one after another: action, payload as JSON. The answer's payload is sent
into the generator."""


def text_frame(payload: bytes, *, masked: bool) -> bytes:
    """A WebSocket text frame."""
    length, flag = len(payload), 0x80 if masked else 0
    if length < 126:
        head = bytes((0x81, flag | length))
    elif length < 65536:
        head = pack("!BBH", 0x81, flag | 126, length)
    else:
        head = pack("!BBQ", 0x81, flag | 127, length)
    return head + (_NO_MASK if masked else b"") + payload


class Peer(asyncio.Protocol):
    """One end of a WebSocket: HTTP first, then frames."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        data = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._open = True
            self.opened(head)
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1] & 0x7F, at + 2
            if length == 126 and size >= start + 2:
                length, start = unpack_from("!H", data, start)[0], start + 2
            elif length == 127 and size >= start + 8:
                length, start = unpack_from("!Q", data, start)[0], start + 8
            elif length >= 126:
                break
            masked = data[at + 1] & 0x80
            end_at = start + length + (4 if masked else 0)
            if size < end_at:
                break
            body = apply_mask(data[start + 4 : end_at], data[start : start + 4]) if masked else data[start:end_at]
            if data[at] == 0x81:
                self.text(body)
            elif data[at] == 0x89:
                self.transport.write(b"\x8a\x80" + _NO_MASK if not masked else b"\x8a\x00")
            elif data[at] == 0x88:
                self.transport.close()
            at = end_at
        self._buffer = data[at:]

    def opened(self, head: bytes) -> None:
        """The HTTP request or response has come."""

    def text(self, body: bytes) -> None:
        """A text frame has come."""


class Csms(Peer):
    """Answers every call."""

    def __init__(self, version: str, answers: Answers) -> None:
        super().__init__()
        self._version = version
        self._answers = answers

    def opened(self, head: bytes) -> None:
        """See Peer."""
        key = next(
            line.split(b":")[1].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Protocol: " + self._version.encode() + b"\r\n\r\n"
        )

    def text(self, body: bytes) -> None:
        """See Peer."""
        frame = orjson.loads(body)
        if frame[0] == 2:
            answer = b'[3,"%b",%b]' % (frame[1].encode(), self._answers(frame[2]))
            self.transport.write(text_frame(answer, masked=False))


class Station(Peer):
    """Sends the calls of a conversation, each when the one before is answered."""

    def __init__(self, number: int, version: str, host: str, conversation: Conversation) -> None:
        super().__init__()
        self.number = number
        self._version = version
        self._host = host
        self._calls = conversation(number)
        self._count = 0
        self._sent_at = 0.0
        self.waiting = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.running = False
        self.answered = 0
        self.errors: list[bytes] = []
        self.latencies: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self.transport.write(
            b"GET /CP-%d HTTP/1.1\r\nHost: %b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: %b\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %b\r\n\r\n"
            % (self.number, self._host.encode(), _KEY, self._version.encode())
        )

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionError("closed before it was open"))
        if self.running:
            self.errors.append(b"connection lost")

    def opened(self, head: bytes) -> None:
        """See Peer."""
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self.ready.set_exception(ConnectionError(head.decode()))
            return
        self._call(next(self._calls))

    def start(self) -> None:
        """Call from now on."""
        self.running = True
        if not self.waiting:
            self._next(None)

    def text(self, body: bytes) -> None:
        """See Peer."""
        if body[1:2] == b"2":
            frame = orjson.loads(body)
            self.transport.write(text_frame(b'[3,"%b",{"status":"Accepted"}]' % frame[1].encode(), masked=True))
            return
        self.waiting = False
        self.latencies.append(perf_counter() - self._sent_at)
        if body[1:2] != b"3":
            self.errors.append(body)
        self.answered += 1
        if not self.ready.done():
            self.ready.set_result(None)
        if self.running:
            self._next(body)

    def _next(self, body: bytes | None) -> None:
        self._call(self._calls.send(orjson.loads(body)[2] if body else {}))

    def _call(self, call: tuple[str, bytes]) -> None:
        self._count += 1
        self.waiting = True
        self._sent_at = perf_counter()
        self.transport.write(text_frame(b'[2,"%d","%b",%b]' % (self._count, call[0].encode(), call[1]), masked=True))
