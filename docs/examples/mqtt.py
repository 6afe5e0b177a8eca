"""A transport of one's own: stations that speak OCPP-J over an MQTT broker, behind an ordinary WebSocket CSMS.

    python docs/examples/mqtt.py localhost:1883 wss://csms.example.com/ocpp ocpp2.1

Topics, below `ocpp/VERSION/IDENTITY/`:

    hello    from the station: it wants a link        bye   from the station, or its last will: it is gone
    up       frames of the station                    down  frames for the station
    state    from the proxy: `open`, `refused STATUS TEXT` or `closed CODE REASON`
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Coroutine
from typing import Any

import aiomqtt

from ocpp_crosswalk import Crosswalk, Version
from ocpp_crosswalk.runner import (
    Admit,
    Closed,
    Connection,
    Dial,
    Handle,
    Handshake,
    Proxy,
    Refused,
    Router,
    Target,
    WebSocketAdapter,
)
from ocpp_crosswalk.stores import open_store


class MqttConnection:
    """The connection of one station: what comes in waits in a queue, what goes out is published in order."""

    def __init__(self, client: aiomqtt.Client, topic: str) -> None:
        self._client = client
        self._topic = topic
        self._arrived: asyncio.Queue[str | bytes | Closed] = asyncio.Queue()
        self._leaving: deque[str | bytes] = deque()
        self._closed: Closed | None = None

    def arrive(self, frame: str | bytes) -> None:
        """A frame came in."""
        self._arrived.put_nowait(frame)

    def end(self, closed: Closed) -> None:
        """The connection is over; what came in before is still handed out."""
        if self._closed is None:
            self._closed = closed
            self._arrived.put_nowait(closed)

    async def read(self, handle: Handle) -> None:
        while True:
            frame = await self._arrived.get()
            if isinstance(frame, Closed):
                raise frame
            pending = handle(frame)
            if pending is not None:
                await pending

    def write(self, frame: str | bytes) -> bool:
        if self._closed:
            raise self._closed
        self._leaving.append(frame)
        return False  # publishing waits for the broker

    async def drain(self) -> None:
        while self._leaving:
            await self._client.publish(f"{self._topic}/down", self._leaving.popleft(), qos=1)

    async def close(self, code: int, reason: str, *, patience: float) -> None:
        if self._closed is None:
            self.end(Closed(code, reason))
            await self._client.publish(f"{self._topic}/state", f"closed {code} {reason}", qos=1)


class MqttAdapter:
    """Takes in stations through a broker."""

    def __init__(self, host: str, port: int = 1883) -> None:
        self._client = aiomqtt.Client(host, port, identifier="ocpp-crosswalk")
        self._connections: dict[str, MqttConnection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = contextlib.AsyncExitStack()
        self._listening = False

    async def listen(self, admit: Admit) -> None:
        await self._open.enter_async_context(self._client)
        self._listening = True
        for topic in ("hello", "bye", "up"):
            await self._client.subscribe(f"ocpp/+/+/{topic}", qos=1)
        self._start(self._read(admit))

    async def _read(self, admit: Admit) -> None:
        async for message in self._client.messages:
            topic, _, what = message.topic.value.rpartition("/")
            connection = self._connections.get(topic)
            if what == "hello":
                self._start(self._welcome(topic, admit))
            elif connection and what == "bye":
                connection.end(Closed(1000, "the station said goodbye"))
            elif connection:
                connection.arrive(bytes(message.payload))

    async def _welcome(self, topic: str, admit: Admit) -> None:
        """Have the proxy decide on a station, and serve it. An older connection of the same name ends."""
        _, version, identity = topic.split("/")
        if older := self._connections.pop(topic, None):
            older.end(Closed(1001, "a newer connection has taken over"))
        try:
            if not self._listening:
                raise Refused(503, "the proxy is shutting down")
            admission = await admit(Handshake(identity, offers=(version,), peer="mqtt"))
        except Refused as refused:
            await self._client.publish(f"{topic}/state", f"refused {refused.status} {refused.text}", qos=1)
            return
        connection = self._connections[topic] = MqttConnection(self._client, topic)
        await self._client.publish(f"{topic}/state", "open", qos=1)
        await admission.run(connection)
        if self._connections.get(topic) is connection:
            del self._connections[topic]

    async def connect(self, dial: Dial) -> tuple[Connection, str | None]:
        raise Refused(501, "no CSMS is reached over MQTT")

    async def stop(self) -> None:
        self._listening = False

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._open.aclose()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def proxy(broker: str, url: str, version: str, store: str = "sqlite:mqtt.sqlite") -> Proxy:
    """Stations over the broker, the CSMS over WebSockets."""
    host, _, port = broker.partition(":")
    return Proxy(
        Crosswalk.load(),
        Router([Target("main", url, (Version(version),))]),
        stations=[MqttAdapter(host, int(port or 1883))],
        csms=WebSocketAdapter(),
        store=open_store(store),
    )


async def main() -> None:
    async with proxy(*sys.argv[1:]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
