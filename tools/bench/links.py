"""What a call costs end to end: stations, a proxy in processes of its own, a CSMS."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import shlex
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import orjson
import passthrough
from peers import Calls, Conversation, Csms, Station

from ocpp_crosswalk.runner import Config, run
from ocpp_crosswalk.runner.config import Limits, Listener, LogConfig, StoreConfig, Target
from ocpp_crosswalk.versions import Version
from processes import free_port

NOW = "2026-01-01T00:00:00Z"
_CONTEXT = multiprocessing.get_context("spawn")
_ANSWERS: dict[str, bytes] = {
    "BootNotification": b'{"currentTime":"%b","interval":300,"status":"Accepted"}' % NOW.encode(),
    "Heartbeat": b'{"currentTime":"%b"}' % NOW.encode(),
    "Authorize": b'{"idTokenInfo":{"status":"Accepted"}}',
    "StartTransaction": b'{"transactionId":1,"idTagInfo":{"status":"Accepted"}}',
}
BOOT = ("BootNotification", orjson.dumps({"chargePointVendor": "Vendor", "chargePointModel": "Model"}))
_WARM_UP_SECONDS = 1.0


def answer(action: str) -> bytes:
    """What the CSMS answers."""
    return _ANSWERS.get(action, b"{}")


# -- what stations say --


def meter_values(transaction: int, number: int, samples: int) -> bytes:
    """MeterValues with so many sampled values, in elements of up to ten."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_790_000_000 + number))
    energy = {
        "value": str(number),
        "measurand": "Energy.Active.Import.Register",
        "unit": "Wh",
        "context": "Sample.Periodic",
    }
    current = {"value": "16.1", "measurand": "Current.Import", "unit": "A", "phase": "L1"}
    voltage = {"value": "230", "measurand": "Voltage", "unit": "V", "phase": "L1"}
    values = [(energy, current, voltage)[index % 3] for index in range(samples)]
    elements = [{"timestamp": at, "sampledValue": values[first : first + 10]} for first in range(0, samples, 10)]
    return orjson.dumps({"connectorId": 1, "transactionId": transaction, "meterValue": elements})


def _start(number: int) -> tuple[str, bytes]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_790_000_000 + number))
    return "StartTransaction", orjson.dumps({"connectorId": 1, "idTag": "TAG1", "meterStart": number, "timestamp": at})


def charging(station: int) -> Calls:
    """A station in use: transactions with six meter readings, a status before and after, a heartbeat."""
    yield BOOT
    number = 0
    while True:
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}
        yield "StatusNotification", orjson.dumps(status)
        started = yield _start(number)
        transaction = started.get("transactionId", 1)
        for _ in range(6):
            number += 1
            yield "MeterValues", meter_values(transaction, number, 3)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_790_000_000 + number))
        yield "StopTransaction", orjson.dumps({"transactionId": transaction, "meterStop": number, "timestamp": at})
        yield "StatusNotification", orjson.dumps({**status, "status": "Available"})
        yield "Heartbeat", b"{}"


def metering(samples: int) -> Conversation:
    """A station in a transaction that never ends, with so many values in each message."""

    def conversation(station: int) -> Calls:
        yield BOOT
        started = yield _start(0)
        number = 0
        while True:
            number += 1
            yield "MeterValues", meter_values(started.get("transactionId", 1), number, samples)

    return conversation


def heartbeats(station: int) -> Calls:
    """A station that only says that it lives."""
    yield BOOT
    while True:
        yield "Heartbeat", b"{}"


def statuses(station: int) -> Calls:
    """A station whose connector is plugged and unplugged."""
    yield BOOT
    while True:
        for status in ("Preparing", "Available"):
            yield "StatusNotification", orjson.dumps({"connectorId": 1, "errorCode": "NoError", "status": status})


def authorizations(station: int) -> Calls:
    """A station where tokens are presented."""
    yield BOOT
    while True:
        yield "Authorize", b'{"idTag":"TAG1"}'


# -- processes --


@dataclass(frozen=True)
class Proxy:
    """What is measured: ``kind`` is ``bare`` for the pass-through, ``other`` for a ``command`` that is no part of
    this project, else how validation is set."""

    name: str
    kind: str
    store: str = "memory"
    workers: int = 1
    command: str = ""


BARE = Proxy("bare pass-through", "bare")
FULL = Proxy("proxy, validation and SQLite", "enforce", "sqlite")
LEAN = Proxy("proxy, neither", "off")


def _serve(config: Config) -> None:
    raise SystemExit(run(config))


def _become(command: str) -> None:
    words = shlex.split(command)
    os.execvp(words[0], words)


def _processes(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _processes(int(child)))]


def processor_seconds(pid: int) -> float:
    """Processor time that a process, its threads and its children have used."""
    spent = 0
    for process in _processes(pid):
        for thread in Path(f"/proc/{process}/task").iterdir():
            spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e9


def resident_bytes(pid: int) -> int:
    """Memory that a process and its children hold."""
    pages = sum(int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in _processes(pid))
    return pages * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def running(proxy: Proxy, csms_port: int, station: str, csms: str) -> AsyncIterator[tuple[int, BaseProcess]]:
    """The proxy in processes of its own: its port, and the first process."""
    port = free_port()
    url = f"ws://127.0.0.1:{csms_port}"
    with tempfile.TemporaryDirectory() as folder:
        if proxy.kind == "bare":
            process = _CONTEXT.Process(target=passthrough.run, args=(port, f"{url}/CP", station, csms))
        elif proxy.kind == "other":
            process = _CONTEXT.Process(target=_become, args=(proxy.command.format(port=port, csms=url),))
        else:
            config = Config(
                listeners=(Listener("127.0.0.1", port),),
                targets={"main": Target("main", url, (Version(csms),))},
                store=StoreConfig(f"sqlite:{folder}/state.sqlite" if proxy.store == "sqlite" else proxy.store),
                limits=Limits(frames_per_second=0),
                log=LogConfig(level="error"),
                workers=proxy.workers,
                settings={"validation": proxy.kind},
            )
            process = _CONTEXT.Process(target=_serve, args=(config,))
        process.start()
        try:
            await _listening(port, process)
            yield port, process
        finally:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGTERM)
            process.join(20)
            if process.is_alive():
                process.kill()


async def _listening(port: int, process: BaseProcess) -> None:
    for _ in range(1200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            if not process.is_alive():
                break
            await asyncio.sleep(0.05)
    raise SystemExit("the proxy does not come up")


# -- measuring --


@dataclass
class Result:
    """What a run gave. ``processor`` are microseconds of the proxy per call; memory is in KiB per station."""

    rate: float
    processor: float
    median: float
    slowest: float
    memory: float
    errors: list[bytes]


async def measure(
    proxy: Proxy,
    stations: int,
    conversation: Conversation,
    seconds: float,
    versions: tuple[str, str] = ("ocpp1.6", "ocpp2.0.1"),
) -> Result:
    """Let ``stations`` call as fast as they are answered, for so many seconds after a warm-up."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Csms(versions[1], answer), "127.0.0.1", 0)
    csms_port = server.sockets[0].getsockname()[1]
    async with running(proxy, csms_port, *versions) as (port, process):
        assert process.pid is not None
        await settled(process.pid)
        before = resident_bytes(process.pid)
        fleet = await connect(port, stations, conversation, versions[0])
        await asyncio.sleep(0.5)
        memory = (resident_bytes(process.pid) - before) / stations / 1024
        result = Result(0, 0, 0, 0, memory, [])
        if seconds:
            await _drive(fleet, process.pid, seconds, result)
        for station in fleet:
            station.running = False
            result.errors += station.errors
            station.transport.close()
        await asyncio.sleep(0.1)
    server.close()
    return result


async def settled(pid: int) -> None:
    """Return when the proxy has nothing to do: the mappings are compiled."""
    spent = processor_seconds(pid)
    while True:
        await asyncio.sleep(0.4)
        now = processor_seconds(pid)
        if now - spent < 0.01:
            return
        spent = now


async def connect(port: int, stations: int, conversation: Conversation, version: str) -> list[Station]:
    """So many stations, each with its first call answered."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(50)

    async def one(number: int) -> Station:
        async with gate:
            _, station = await loop.create_connection(
                lambda: Station(number, version, "127.0.0.1", conversation), "127.0.0.1", port
            )
            await station.ready
            return station

    return await asyncio.gather(*map(one, range(stations)))


class _Spinning:
    """Keeps the event loop of the stations and the CSMS from sleeping. A sleeping peer has to be woken by who writes to
    it, which on a virtual machine costs the proxy more than the writing, and the more the slower the proxy is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._going = True
        self._turn()

    def _turn(self) -> None:
        if self._going:
            self._loop.call_soon(self._turn)

    def stop(self) -> None:
        """Let it sleep again."""
        self._going = False


async def _drive(fleet: list[Station], pid: int, seconds: float, result: Result) -> None:
    gc.disable()
    spinning = _Spinning()
    for station in fleet:
        station.start()
    await asyncio.sleep(_WARM_UP_SECONDS)
    for station in fleet:
        station.latencies.clear()
    answered = sum(station.answered for station in fleet)
    spent, began = processor_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    spent, elapsed = processor_seconds(pid) - spent, time.perf_counter() - began
    calls = sum(station.answered for station in fleet) - answered
    latencies = sorted(latency for station in fleet for latency in station.latencies)
    spinning.stop()
    gc.enable()
    result.rate = calls / elapsed
    result.processor = 1e6 * spent / max(calls, 1)
    if latencies:
        result.median, result.slowest = (
            latencies[len(latencies) // 2] * 1e3,
            latencies[len(latencies) * 99 // 100] * 1e3,
        )


def show(rows: list[tuple[Any, ...]]) -> None:
    """Print rows of a table, the first being its head."""
    for row in rows:
        print("  ".join(f"{cell:{'<42' if index == 0 else '>11'}}" for index, cell in enumerate(row)), flush=True)
