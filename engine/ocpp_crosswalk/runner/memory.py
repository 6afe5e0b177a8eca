"""The transport in memory: stations, proxy and CSMS in one process, without sockets. For tests, and as a model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ..versions import Version
from .transport import GOING_AWAY, Admit, Closed, Connection, Dial, Handle, Handshake, Refused

_ROOM = 16
"""How many frames lie between two ends before the writer is to wait."""


class MemoryConnection:
    """One end of a connection in memory. `connected` makes both. A link reads and writes its end; who plays the other
    one sends and receives.
    """

    def __init__(self) -> None:
        self._other = self
        self._frames: deque[str | bytes] = deque()
        self._closed: tuple[int, str] | None = None
        self._changed = asyncio.Event()

    async def read(self, handle: Handle) -> None:
        """See `Connection.read`."""
        while True:
            pending = handle(await self.receive())
            if pending is not None:
                await pending

    async def receive(self) -> str | bytes:
        """The next frame. Raises Closed after the last."""
        while not self._frames:
            await self._change_of(self)
        frame = self._frames.popleft()
        self._changed.set()
        return frame

    def write(self, frame: str | bytes) -> bool:
        """See `Connection.write`."""
        if self._closed:
            raise Closed(*self._closed)
        self._other._frames.append(frame)
        self._other._changed.set()
        return len(self._other._frames) < _ROOM

    async def drain(self) -> None:
        """See `Connection.drain`."""
        while len(self._other._frames) >= _ROOM:
            await self._change_of(self._other)

    async def send(self, frame: str | bytes) -> None:
        """Write and drain."""
        self.write(frame)
        await self.drain()

    async def _change_of(self, end: MemoryConnection) -> None:
        if self._closed:
            raise Closed(*self._closed)
        end._changed.clear()
        await end._changed.wait()

    async def close(self, code: int, reason: str, *, patience: float = 0.0) -> None:
        """See `Connection.close`."""
        if self._closed is None:
            for end in (self, self._other):
                end._closed = (code, reason)
                end._changed.set()


def connected() -> tuple[MemoryConnection, MemoryConnection]:
    """The two ends of a new connection."""
    one, other = MemoryConnection(), MemoryConnection()
    one._other, other._other = other, one
    return one, other


ServeCsms = Callable[[MemoryConnection, Dial], Awaitable[None]]
"""A CSMS: serves the connection of one station until it is closed."""


class MemoryAdapter:
    """Stations call `station`; ``csms``, which speaks ``versions``, is reached by `connect`."""

    def __init__(self, csms: ServeCsms | None = None, versions: Sequence[Version | str] = tuple(Version)) -> None:
        self._csms = csms
        self._versions = [str(version) for version in versions]
        self._admit: Admit | None = None
        self._tasks: dict[asyncio.Task[None], Connection] = {}

    async def listen(self, admit: Admit) -> None:
        """See `TransportAdapter.listen`."""
        self._admit = admit

    async def station(
        self, identity: str, *offers: Version | str, path: str = "", authorization: str | None = None
    ) -> tuple[MemoryConnection, str | None]:
        """Connect as a station that offers these versions; gives its end, and the version that was agreed on.
        Raises Refused.
        """
        if self._admit is None:
            raise Refused(503, "nobody listens")
        names = tuple(str(offer) for offer in offers)
        admission = await self._admit(Handshake(identity, path, names, authorization, peer="memory"))
        mine, theirs = connected()
        self._run(admission.run(theirs), theirs)
        return mine, admission.subprotocol

    async def connect(self, dial: Dial) -> tuple[Connection, str | None]:
        """See `TransportAdapter.connect`."""
        if self._csms is None:
            raise Refused(503, "there is no CSMS here")
        mine, theirs = connected()
        self._run(self._csms(theirs, dial), theirs)
        return mine, next((offer for offer in dial.offers if offer in self._versions), None)

    def _run(self, serving: Awaitable[None], connection: Connection) -> None:
        async def run() -> None:
            try:
                await serving
            except Closed as closed:
                await connection.close(closed.code, closed.reason, patience=0)

        task = asyncio.create_task(run())
        self._tasks[task] = connection
        task.add_done_callback(self._tasks.pop)

    async def stop(self) -> None:
        """See `TransportAdapter.stop`."""
        self._admit = None

    async def close(self) -> None:
        """See `TransportAdapter.close`."""
        await self.stop()
        for connection in list(self._tasks.values()):
            await connection.close(GOING_AWAY, "the transport is closed", patience=0)
        await asyncio.gather(*self._tasks)
