"""WebSocket frames in every way that the standard allows, byte by byte over a real socket."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.speedups import apply_mask

from .harness import FakeCsms, World, until, world

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 0x81, 0x82, 0x80, 0x88, 0x89, 0x8A
UNFINISHED_TEXT, UNFINISHED = 0x01, 0x00


def framed(first: int, payload: bytes, *, wide: bool = False) -> bytes:
    """A client's frame; ``wide``: with a longer length field than it needs."""
    mask, length = os.urandom(4), len(payload)
    if length < 126 and not wide:
        head = bytes((first, 0x80 | length))
    elif length < 2**16:
        head = bytes((first, 0x80 | 126)) + length.to_bytes(2)
    else:
        head = bytes((first, 0x80 | 127)) + length.to_bytes(8)
    return head + mask + apply_mask(payload, mask)


def heartbeat(number: int) -> bytes:
    return json.dumps([2, str(number), "Heartbeat", {}]).encode()


class Peer:
    """A station that writes bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def frame(self) -> tuple[int, bytes]:
        """The first byte and the payload of the next frame that comes."""
        async with asyncio.timeout(5):
            first, length = await self.reader.readexactly(2)
            if length >= 126:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
            return first, await self.reader.readexactly(length)

    async def answered(self, number: int) -> None:
        """The next frame is the answer to this heartbeat."""
        first, payload = await self.frame()
        assert first == TEXT
        assert json.loads(payload)[:2] == [3, str(number)]

    async def slowly(self, data: bytes) -> None:
        """Write byte by byte."""
        for position in range(len(data)):
            self.writer.write(data[position : position + 1])
            await self.writer.drain()
            await asyncio.sleep(0)


def request(w: World) -> bytes:
    port = w.service.addresses[0][1]
    return (
        f"GET /CP-1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    ).encode()


@asynccontextmanager
async def peer(w: World, early: bytes = b"") -> AsyncIterator[Peer]:
    """A station's socket, its handshake done; ``early`` is sent in one piece with the request."""
    reader, writer = await asyncio.open_connection(*w.service.addresses[0])
    writer.write(request(w) + early)
    async with asyncio.timeout(5):
        assert b" 101 " in await reader.readline()
        while await reader.readline() != b"\r\n":
            pass
    yield Peer(reader, writer)
    writer.close()


@pytest.fixture
async def station() -> AsyncIterator[Peer]:
    async with world(FakeCsms("ocpp2.0.1")) as w, peer(w) as connected:
        yield connected


async def test_frames_may_come_in_any_pieces(station: Peer) -> None:
    await station.slowly(framed(TEXT, heartbeat(1)))
    await station.answered(1)
    station.writer.write(framed(TEXT, heartbeat(2)) + framed(TEXT, heartbeat(3), wide=True))
    await station.answered(2)
    await station.answered(3)


async def test_frames_may_be_split_with_a_ping_in_between(station: Peer) -> None:
    message = heartbeat(1)
    station.writer.write(framed(UNFINISHED_TEXT, message[:5]) + framed(PING, b"hello"))
    assert await station.frame() == (PONG, b"hello")
    await station.slowly(framed(UNFINISHED, message[5:8]) + framed(CONTINUED, message[8:]))
    await station.answered(1)
    station.writer.write(framed(TEXT, heartbeat(2)))
    await station.answered(2)


async def test_long_messages_pass_both_ways(station: Peer) -> None:
    for number, size in enumerate((100, 200, 70_000, 300_000), 1):
        call = [2, str(number), "DataTransfer", {"vendorId": "V", "data": "x" * size}]
        station.writer.write(framed(TEXT, json.dumps(call).encode()))
        first, payload = await station.frame()
        assert first == TEXT
        assert json.loads(payload)[1] == str(number)


async def test_what_comes_before_the_handshake_is_answered_is_not_lost() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w, peer(w, early=framed(TEXT, heartbeat(1))) as station:
        await station.answered(1)


async def test_a_flood_before_the_handshake_is_answered_ends_the_connection() -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with world(csms) as w:
        reader, writer = await asyncio.open_connection(*w.service.addresses[0])
        writer.write(request(w) + bytes(2**20))
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(5):
                await reader.readexactly(2**16)
        writer.close()


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (bytes((TEXT, 5)) + b"hello", 1002),  # not masked
        (framed(0xC1, b"hello"), 1002),  # marked as compressed, which was not agreed on
        (framed(CONTINUED, b"hello"), 1002),  # nothing that it could continue
        (framed(UNFINISHED_TEXT, b"[") + framed(TEXT, b"]"), 1002),  # another message inside a split one
        (bytes((TEXT, 0x80 | 127)) + (2**40).to_bytes(8), 1009),  # too big, told by its length
    ],
    ids=["unmasked", "compressed", "continued", "interleaved", "too big"],
)
async def test_what_breaks_the_standard_is_told_by_the_close_code(station: Peer, bad: bytes, code: int) -> None:
    station.writer.write(framed(TEXT, heartbeat(1)) + bad)
    frames = [await station.frame()]
    if frames[0][0] == TEXT:
        frames.append(await station.frame())
    assert frames[-1][0] == CLOSE
    assert int.from_bytes(frames[-1][1][:2]) == code


async def test_a_close_is_answered_and_ends_the_link() -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with world(csms) as w, peer(w) as station:
        station.writer.write(framed(TEXT, heartbeat(1)) + framed(CLOSE, (1000).to_bytes(2)) + b"more")
        while (await station.frame())[0] != CLOSE:
            pass
        await until(lambda: csms.closes)
        assert [frame[2] for frame in csms.frames] == ["Heartbeat"]
