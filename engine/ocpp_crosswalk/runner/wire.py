"""WebSocket frames between a socket and a link, at little cost.

The library `websockets` does handshakes, pings, closing, compression, limits and everything out of the ordinary.
A whole text frame that is neither split nor compressed, which nearly all of OCPP's are, is read and written here
without it: it would take several times as long. To make that possible, the library is given whole frames only.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.asyncio.connection import Connection as AnyWebSocket
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, Side, State

from ..pending import Pending
from .transport import LOST, Closed

try:
    from websockets.speedups import apply_mask
except ImportError:  # the library's wheels have it for all common platforms
    from websockets.utils import apply_mask

_QUEUE = 4
"""How many frames of one peer wait to be handled before no more are taken from the network."""
_EARLY_BYTES = 2**16
"""How much a station may send before its handshake is answered."""
_WHOLE_TEXT = 0x81
_MASKED = 0x80
_HEAD_END = b"\r\n\r\n"
_MASK_POOL = 4096


class Wire(AnyWebSocket):
    """What the library's connections of both sides are extended by: whole messages in and out."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._tail = b""
        self._rest = b""
        self._needed = 0
        self._server = self.protocol.side is Side.SERVER
        self._limit = self.protocol.max_message_size
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes] | None = None
        self._parts_are_text = True
        self._held_back = False
        self._handle: Callable[[bytes], Pending[None] | None] | None = None
        self._ready = False
        self._ended: asyncio.Future[None] = self.loop.create_future()
        self._over = False

    # -- in --

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._in_head:
            data = self._head_received(data)
        if self.protocol.state is State.OPEN:
            if self._rest:
                data, self._rest = self._rest + data, b""
            if len(data) < self._needed:
                self._rest = data
            elif data:
                self._take(data)
        elif self._server and self.protocol.state is State.CONNECTING and not self._in_head:
            self._rest += data
            if len(self._rest) > _EARLY_BYTES:
                self.transport.abort()
        elif data:
            super().data_received(data)

    def _head_received(self, data: bytes) -> bytes:
        """Give the library what belongs to the HTTP head, and give back the rest."""
        seen = self._tail + data
        end = seen.find(_HEAD_END)
        if end < 0:
            self._tail = seen[1 - len(_HEAD_END) :]
            super().data_received(data)
            return b""
        end += len(_HEAD_END) - len(self._tail)
        self._in_head, self._tail = False, b""
        super().data_received(data[:end])
        return data[end:]

    def begin(self) -> None:
        """The handshake is answered: take in what the peer sent before it was."""
        if self._rest and self.protocol.state is State.OPEN:
            data, self._rest = self._rest, b""
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Split ``data`` into frames; what is left of an unfinished one is kept."""
        at, size = 0, len(data)
        self._needed = 0
        while size - at >= 2:
            length, start = data[at + 1] & 0x7F, at + 2
            if length > 125:
                start += 2 if length == 126 else 8
                if size < start:
                    break
                length = int.from_bytes(data[at + 2 : start])
            masked = data[at + 1] >= _MASKED
            if masked:
                start += 4
            end = start + length
            too_big = self._limit is not None and length > self._limit
            if too_big:
                end = size
            elif end > size:
                self._needed = end - at
                break
            if data[at] == _WHOLE_TEXT and masked is self._server and self._parts is None and not too_big:
                body = data[start:end]
                self._arrived(apply_mask(body, data[start - 4 : start]) if masked else body)
            else:
                super().data_received(data[at:end])
                if self.protocol.state is not State.OPEN:
                    self._end()
                    if end < size:
                        super().data_received(data[end:])
                    return
            at = end
        self._rest = data[at:]

    def process_event(self, event: Event) -> None:
        """What the library read: messages that it put together or decompressed are handed on, too."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        if self._parts is None:
            self._parts = []
            self._parts_are_text = event.opcode is Opcode.TEXT
        self._parts.append(bytes(event.data))
        if event.fin:
            message, self._parts = b"".join(self._parts), None
            self._arrived(message if self._parts_are_text else Binary(message))

    def _arrived(self, message: bytes) -> None:
        if self._ready:
            self._hand_over(message)
            return
        self._messages.append(message)
        if len(self._messages) > _QUEUE and not self._held_back:
            self._held_back = True
            self.transport.pause_reading()

    def _hand_over(self, message: bytes) -> None:
        assert self._handle is not None
        pending = self._handle(message)
        if pending is not None:
            self._ready = False
            pending.then(self._go_on)

    def _go_on(self, _: Pending[None] | None = None) -> None:
        """What was handed over is handled: hand over what came in meanwhile."""
        self._ready = True
        while self._messages and self._ready:
            self._hand_over(self._messages.popleft())
        if self._held_back and len(self._messages) <= _QUEUE:
            self._held_back = False
            if not self.transport.is_closing():
                self.transport.resume_reading()
        self._see_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        super().connection_lost(exc)
        self._end()

    def _end(self) -> None:
        self._over = True
        self._see_end()

    def _see_end(self) -> None:
        if self._over and self._ready and not self._ended.done():
            self._ended.set_result(None)

    async def read(self, handle: Callable[[bytes], Pending[None] | None]) -> None:
        """Hand over every message as it comes in: of a text message its UTF-8, unchecked; else a `Binary`. What
        ``handle`` gives is awaited before the next. Raises Closed in the end.
        """
        self._handle = handle
        self._go_on()
        try:
            await self._ended
        finally:
            self._handle, self._ready = None, False  # it knows the link, which knows this: both are freed at once
        raise self._closed()

    def _closed(self) -> Closed:
        received = self.protocol.close_rcvd
        return Closed(received.code, received.reason) if received else Closed(LOST)

    # -- out --

    def write(self, payload: bytes, *, text: bool) -> bool:
        """Send a message. False: the peer does not keep up. Raises Closed."""
        protocol = self.protocol
        if protocol.state is not State.OPEN or self.transport.is_closing():
            raise self._closed()
        if protocol.extensions:
            (protocol.send_text if text else protocol.send_binary)(payload)
            self.send_data()
            return not self.paused
        flag = 0 if self._server else _MASKED
        length = len(payload)
        if length < 126:
            head = bytes((_WHOLE_TEXT if text else _WHOLE_BINARY, flag | length))
        else:
            wide = 126 if length < 2**16 else 127
            size = length.to_bytes(2 if wide == 126 else 8)
            head = bytes((_WHOLE_TEXT if text else _WHOLE_BINARY, flag | wide)) + size
        if self._server:
            self.transport.write(head + payload)
        else:
            mask = _masks.next()
            self.transport.write(head + mask + apply_mask(payload, mask))
        return not self.paused

    async def keep_up(self) -> None:
        """Wait until the peer has read enough for more to be sent. Raises Closed."""
        try:
            await self.drain()
        except (OSError, ConnectionClosed):
            raise self._closed() from None


class Binary(bytes):
    """A message that came in as a binary one."""


class _Masks:
    """Random masks for what a client sends (RFC 6455, section 5.3), asked from the system many at a time."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def next(self) -> bytes:
        """Four random bytes."""
        if self._at >= len(self._pool):
            self._pool, self._at = os.urandom(_MASK_POOL), 0
        self._at += 4
        return self._pool[self._at - 4 : self._at]


_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
_WHOLE_BINARY = 0x82
_masks = _Masks()
