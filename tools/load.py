"""Load on a real proxy process: many stations, a message each every few seconds. Prints memory, latency and CPU.

    python tools/load.py --stations 2000 --interval 10 --seconds 60
    python tools/load.py --stations 200 --interval 0 --seconds 20        # as fast as it goes

Stations and CSMS run in processes of their own. The latency that the proxy adds is the difference to the same load
without a proxy, which is measured first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from redis import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from processes import Child, processor, proxy, redis, resident

NOW = "2025-01-01T00:00:00Z"
_ANSWERS: dict[str, dict[str, Any]] = {
    "BootNotification": {"currentTime": NOW, "interval": 300, "status": "Accepted"},
    "Heartbeat": {"currentTime": NOW},
    "Authorize": {"idTokenInfo": {"status": "Accepted"}},
}
_PLAIN = {"proxy": None, "compression": None, "ping_interval": None, "max_queue": 4}
_OPENING = 50
"""How many stations connect at the same time."""


# -- the CSMS --


def csms(version: str, port: Connection) -> None:
    """A process that answers every call, and sends its port."""

    async def answer(socket: ServerConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            if frame[0] == 2:
                await socket.send(json.dumps([3, frame[1], _ANSWERS.get(frame[2], {})]))

    async def main() -> None:
        async with serve(answer, "127.0.0.1", 0, subprotocols=[version], compression=None, ping_interval=None) as s:  # type: ignore[list-item]
            port.send(s.sockets[0].getsockname()[1])
            await asyncio.get_running_loop().create_future()

    uvloop.run(main())


# -- the stations --


class Fleet:
    """Stations of 1.6 that send a mix of messages, and what they measure."""

    def __init__(self, url: str, version: str, seed: int) -> None:
        self.url = url
        self.version = version
        self.random = random.Random(seed)
        self.sockets: list[ClientConnection] = []
        self.latencies: list[float] = []
        self.errors = 0

    async def open(self, count: int) -> None:
        """Connect and boot all stations."""
        gate = asyncio.Semaphore(_OPENING)

        async def one(number: int) -> None:
            async with gate:
                socket = await connect(
                    f"{self.url}/CP-{number}",
                    subprotocols=[self.version],
                    open_timeout=60,
                    **_PLAIN,  # type: ignore[list-item, arg-type]
                )
                self.sockets.append(socket)
                boot = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
                await self.call(socket, 0, "BootNotification", boot)

        await asyncio.gather(*map(one, range(count)))
        self.latencies.clear()

    async def call(self, socket: ClientConnection, number: int, action: str, payload: dict[str, Any]) -> Any:
        """One call and its answer, timed."""
        started = time.perf_counter()
        await socket.send(json.dumps([2, str(number), action, payload]))
        while True:
            frame = json.loads(await socket.recv())
            if frame[0] in (3, 4):
                break
        self.latencies.append(time.perf_counter() - started)
        self.errors += frame[0] == 4
        return frame[2]

    async def drive(self, interval: float, seconds: float) -> None:
        """All stations: a transaction from beginning to end, over and over, a message every ``interval``."""
        end = time.monotonic() + seconds

        async def one(socket: ClientConnection) -> None:
            await asyncio.sleep(self.random.uniform(0, interval))
            number = 0
            transaction = 0
            while time.monotonic() < end:
                number += 1
                step = number % 10
                action, payload = _step(step, number, transaction)
                answer = await self.call(socket, number, action, payload)
                if step == 1 and "transactionId" in answer:
                    transaction = answer["transactionId"]
                if interval:
                    await asyncio.sleep(interval * self.random.uniform(0.8, 1.2))

        await asyncio.gather(*map(one, self.sockets))

    async def close(self) -> None:
        """Disconnect all."""
        await asyncio.gather(*(socket.close() for socket in self.sockets))


def _step(step: int, number: int, transaction: int) -> tuple[str, dict[str, Any]]:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + number))
    if step == 0:
        return "Heartbeat", {}
    if step == 1:
        return "StartTransaction", {"connectorId": 1, "idTag": "TAG1", "meterStart": number, "timestamp": stamp}
    if step == 2:
        return "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
    if step == 9:
        return "StopTransaction", {"transactionId": transaction, "meterStop": number, "timestamp": stamp}
    samples = [{"value": str(number), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
    values = [{"timestamp": stamp, "sampledValue": samples}]
    return "MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": values}


# -- putting it together --


def percentiles(latencies: list[float]) -> dict[str, float]:
    """In milliseconds."""
    cuts = statistics.quantiles(latencies, n=1000)
    return {"p50": cuts[499] * 1e3, "p99": cuts[989] * 1e3, "p99.9": cuts[998] * 1e3}


_MEMORY = "memory"


def redis_figures(kept: Child) -> dict[str, float]:
    """What a Redis has done so far, and the memory that it uses."""
    client = Redis(port=kept.port)
    scripts = client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
    info = client.info()
    client.close()
    return {
        "Redis, saves per call": scripts,
        "Redis, bytes in per call": info["total_net_input_bytes"],
        "Redis, us of processor per call": processor(kept.pid) * 1e6,
        _MEMORY: info["used_memory"],
    }


def settle(pid: int) -> None:
    """Wait until a process that has just started is at rest."""
    for _ in range(60):
        used = processor(pid)
        time.sleep(0.5)
        if processor(pid) - used < 0.05:
            return


async def measure(url: str, version: str, options: argparse.Namespace, pid: int | None) -> dict[str, Any]:
    """Drive a fleet against ``url``; ``pid`` is the proxy, if there is one."""
    before = resident(pid) if pid else 0
    fleet = Fleet(url, version, seed=1)
    started = time.monotonic()
    await fleet.open(options.stations)
    result: dict[str, Any] = {"connect seconds": time.monotonic() - started}
    if pid:
        await asyncio.sleep(1)
        result["KiB per station, idle"] = (resident(pid) - before) / options.stations / 1024
    used = processor(pid) if pid else 0.0
    began = time.monotonic()
    await fleet.drive(options.interval, options.seconds)
    elapsed = time.monotonic() - began
    result |= {"calls": len(fleet.latencies), "calls per second": len(fleet.latencies) / elapsed}
    result |= {f"{name} ms": value for name, value in percentiles(fleet.latencies).items()}
    result["errors"] = fleet.errors
    if pid:
        result["KiB per station, after the run"] = (resident(pid) - before) / options.stations / 1024
        result["processor, % of a core"] = 100 * (processor(pid) - used) / elapsed
        result["processor, us per call"] = 1e6 * (processor(pid) - used) / len(fleet.latencies)
    await fleet.close()
    return result


def main() -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two messages of a station")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--station-version", default="ocpp1.6", help="the CSMS's own: frames pass through")
    parser.add_argument("--csms-version", default="ocpp2.0.1")
    parser.add_argument("--store", choices=("memory", "sqlite", "redis"), default="sqlite")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=csms, args=(options.csms_version, theirs), daemon=True)
    server.start()
    csms_url = f"ws://127.0.0.1:{mine.recv()}"
    direct = uvloop.run(measure(csms_url, options.csms_version, options, None))
    with tempfile.TemporaryDirectory() as folder:
        kept = redis(Path(folder)) if options.store == "redis" else None
        if kept:
            kept.start()
            kept.wait_up()
        stores = {"memory": "memory", "sqlite": f"sqlite:{folder}/state.sqlite"}
        store = f"redis://127.0.0.1:{kept.port}/0" if kept else stores[options.store]
        config = Path(folder) / "load.yaml"
        config.write_text("limits: {frames_per_second: 0}\n")
        flags = ["--config", config, "--log-level", "warning"]
        program = proxy(Path(folder), "proxy", csms_url, options.csms_version, store, *flags)
        program.start()
        program.wait_up()
        settle(program.pid)
        before = redis_figures(kept) if kept else {}
        url = f"ws://127.0.0.1:{program.port}"
        through = uvloop.run(measure(url, options.station_version, options, program.pid))
        if kept:
            calls = through["calls"] + options.stations  # and the boots
            through |= {name: (value - before[name]) / calls for name, value in redis_figures(kept).items()}
        program.end()
        if kept:
            through["Redis, bytes per station"] = through.pop(_MEMORY) * calls / options.stations
            kept.end()
    server.kill()
    for name, result in (("without a proxy", direct), ("through the proxy", through)):
        print(f"{name}:")
        for key, value in result.items():
            print(f"  {key:32} {value:10.2f}")
    print(
        f"added: p50 {through['p50 ms'] - direct['p50 ms']:.2f} ms, p99 {through['p99 ms'] - direct['p99 ms']:.2f} ms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
