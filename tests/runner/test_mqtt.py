"""The example of a transport of one's own, docs/examples/mqtt.py, with a real broker."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import aiomqtt
import pytest

from documents import DOCS
from processes import free_port

from .harness import FakeCsms, until

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mqtt_example", DOCS / "examples" / "mqtt.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[int]:
    """A broker on a port of its own."""
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = await asyncio.create_subprocess_exec(MOSQUITTO, "-c", str(config), stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                break
        yield port
    finally:
        process.terminate()
        await process.wait()


class Station:
    """A station that speaks OCPP 1.6 over MQTT."""

    def __init__(self, client: aiomqtt.Client, topic: str) -> None:
        self._client = client
        self._topic = topic

    async def hello(self) -> str:
        for name in ("down", "state"):
            await self._client.subscribe(f"{self._topic}/{name}", qos=1)
        await self._client.publish(f"{self._topic}/hello", qos=1)
        return await self.received()

    async def received(self) -> Any:
        message = await asyncio.wait_for(anext(aiter(self._client.messages)), 5)
        text = bytes(message.payload).decode()
        return json.loads(text) if message.topic.value.endswith("/down") else text

    async def call(self, message_id: str, action: str, payload: dict[str, Any]) -> Any:
        await self._client.publish(f"{self._topic}/up", json.dumps([2, message_id, action, payload]), qos=1)
        return await self.received()


@asynccontextmanager
async def station(port: int, identity: str = "CP-1") -> AsyncIterator[Station]:
    topic = f"ocpp/ocpp1.6/{identity}"
    will = aiomqtt.Will(f"{topic}/bye", qos=1)
    async with aiomqtt.Client("127.0.0.1", port, identifier=identity, will=will) as client:
        yield Station(client, topic)


async def test_a_station_over_a_broker(tmp_path: Path) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with broker(tmp_path) as port, csms.running():
        proxy = example().proxy(f"127.0.0.1:{port}", csms.url, "ocpp2.0.1", "memory")
        async with station(port) as one, station(port, "CP-2") as two:
            async with proxy:
                assert await one.hello() == "open"
                boot = await one.call("1", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
                assert boot[2]["status"] == "Accepted", boot
                assert csms.calls[0][1]["chargingStation"] == {"vendorName": "V", "model": "M"}
                await csms.sockets[0].send('[2,"c1","ClearCache",{}]')
                assert (await one.received())[2:] == ["ClearCache", {}]
                await csms.sockets[0].close(4000, "enough")
                assert await one.received() == "closed 4000 enough"
                assert await one.hello() == "open"
                assert (await one.call("2", "Heartbeat", {}))[0] == 3
                csms.refuse = (403, {})
                assert (await two.hello()).startswith("refused 403 ")
                assert proxy.links == 1
            assert await one.received() == "closed 1012 the proxy is being restarted"


async def test_a_station_that_is_lost_says_so_by_its_last_will(tmp_path: Path) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with broker(tmp_path) as port, csms.running():
        proxy = example().proxy(f"127.0.0.1:{port}", csms.url, "ocpp2.0.1", "memory")
        async with proxy, station(port) as one:
            assert await one.hello() == "open"
            socket_of_it = one._client._client.socket()
            assert socket_of_it is not None
            socket_of_it.shutdown(socket.SHUT_RDWR)
            with pytest.raises(aiomqtt.MqttError):  # its client keeps the error until it is taken
                await one.received()
            await until(lambda: csms.closes)
            await until(lambda: proxy.links == 0)
