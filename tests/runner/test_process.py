"""The program as a process: signals, sudden death, several workers, several instances."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from ocpp_crosswalk.cli import main
from processes import free_port
from stores.redis_server import RedisServer

from .harness import FakeCsms, boot, call, until
from .test_state import START, STOP, events

LONG_TAG = "X" * 30
"""A token that 1.6 has no place for, and 2.0.1 has."""
_PROGRAM = """
import argparse, sys
from ocpp_crosswalk.runner import ConfigError, check, run
from ocpp_crosswalk.runner.arguments import add_arguments, config_from_arguments

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args()
    try:
        config = config_from_arguments(arguments)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    sys.exit(check(config) if arguments.check_config else run(config))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A script that does what `ocpp-crosswalk serve` does."""
    path = tmp_path_factory.mktemp("program") / "serve.py"
    path.write_text(_PROGRAM)
    return path


class Process:
    """A running proxy."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log = ""
        self.port = 0
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log += line.decode()
            if match := re.search(r"stations connect to wss?://[^ ]*:(\d+)/", line.decode()):
                self.port = int(match[1])

    async def ended(self) -> int:
        code = await asyncio.wait_for(self.process.wait(), 60)
        await self._reader
        return code

    async def station(self, identity: str = "CP-1", *versions: str) -> ClientConnection:
        subprotocols = [websockets.Subprotocol(v) for v in versions or ("ocpp1.6",)]
        url = f"ws://127.0.0.1:{self.port}/{identity}"
        return await connect(url, subprotocols=subprotocols, proxy=None, close_timeout=0.5)


@asynccontextmanager
async def started(program: Path, *flags: str, port: int = 0) -> AsyncIterator[Process]:
    """The program with these flags, listening; killed in the end if it still runs."""
    process = Process(
        await asyncio.create_subprocess_exec(
            sys.executable, str(program), "--listen", f"127.0.0.1:{port}", *flags, stderr=asyncio.subprocess.PIPE
        )
    )
    try:
        await until(lambda: process.port or process.process.returncode is not None, 60)
        yield process
    finally:
        if process.process.returncode is None:
            process.process.kill()
        await process.ended()
        print(process.log)  # shown when the test fails


def flags(csms: FakeCsms, store: str) -> list[str]:
    return ["--csms", csms.url, "--csms-version", csms.versions[0], "--store", store]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_links_cleanly(program: Path, number: signal.Signals) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with csms.running(), started(program, *flags(csms, "memory")) as proxy:
        station = await proxy.station()
        await boot(station)
        proxy.process.send_signal(number)
        await asyncio.wait_for(station.wait_closed(), 3)
        assert station.close_code == 1012
        assert await proxy.ended() == 0
        assert [code for code, _ in csms.closes] == [1012]
        assert "Traceback" not in proxy.log


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
async def test_a_transaction_survives_sigkill(
    program: Path, tmp_path: Path, kind: str, redis_server: RedisServer
) -> None:
    store = f"sqlite:{tmp_path / 'state.sqlite'}" if kind == "sqlite" else redis_server.url
    csms = FakeCsms("ocpp2.0.1")
    async with csms.running():
        async with started(program, *flags(csms, store)) as proxy:
            station = await proxy.station("CP-kill")
            await boot(station)
            begun = await call(station, "1", "StartTransaction", START)
            proxy.process.kill()
            await asyncio.wait_for(station.wait_closed(), 2)
        async with started(program, *flags(csms, store)) as proxy:
            station = await proxy.station("CP-kill")
            again = await call(station, "2", "StartTransaction", START)
            assert again[2] == begun[2]
            stop = {**STOP, "transactionId": begun[2]["transactionId"]}
            assert (await call(station, "3", "StopTransaction", stop))[0] == 3
            first, second = events(csms)
            assert (first[:2], second[:2]) == (("Started", 0), ("Ended", 1))
            assert first[2] == second[2]
            await station.close()


@pytest.mark.parametrize("mode", ["enforce", "report", "off"])
async def test_what_becomes_of_a_call_that_breaks_its_schema(program: Path, mode: str) -> None:
    """By --validate: it is refused and goes no further, it goes on and is reported, or nobody looks."""
    csms = FakeCsms("ocpp2.0.1")
    async with (
        csms.running(),
        started(program, *flags(csms, "memory"), "--validate", mode, "--log", "json") as proxy,
    ):
        station = await proxy.station()
        await boot(station)
        answer = await call(station, "long", "Authorize", {"idTag": LONG_TAG})
        asked = [payload["idToken"]["idToken"] for action, payload in csms.calls if action == "Authorize"]
        if mode == "enforce":
            assert (answer[:3], asked) == ([4, "long", "PropertyConstraintViolation"], [])
        else:
            assert (answer, asked) == ([3, "long", {"idTagInfo": {"status": "Accepted"}}], [LONG_TAG])
        assert (await call(station, "good", "Authorize", {"idTag": "TAG"}))[:2] == [3, "good"]
        await station.close()
        proxy.process.send_signal(signal.SIGTERM)
        assert await proxy.ended() == 0
        told = [json.loads(line) for line in proxy.log.splitlines() if "Authorize" in line]
        assert len(told) == (mode != "off")
        assert all("idTag" in entry["message"] for entry in told)


async def test_sighup_reloads_mappings(program: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    csms = FakeCsms("ocpp2.0.1")
    async with csms.running(), started(program, *flags(csms, "memory"), "--mappings", str(layer)) as proxy:
        (layer / "nonsense.yaml").write_text("x")
        proxy.process.send_signal(signal.SIGHUP)
        await until(lambda: "XW112" in proxy.log)
        (layer / "nonsense.yaml").unlink()
        proxy.process.send_signal(signal.SIGHUP)
        await until(lambda: "mappings reloaded" in proxy.log)
        station = await proxy.station()
        await boot(station)
        await station.close()


async def test_workers_share_a_port_and_are_replaced(program: Path, tmp_path: Path) -> None:
    csms = FakeCsms("ocpp2.0.1")
    store = f"sqlite:{tmp_path / 'state.sqlite'}"
    port = free_port()
    more = ["--workers", "2", "--metrics", f"127.0.0.1:{port}"]
    async with csms.running(), started(program, *flags(csms, store), *more) as proxy:
        await until(lambda: proxy.log.count("stations connect to") == 2, 40)
        stations = [await proxy.station(f"CP-{n}") for n in range(20)]
        for station in stations:
            assert (await boot(station))[0] == 3
        for _ in range(6):  # whichever worker answers, it answers for both
            told = await _page(port, "/metrics")
            assert 'ocpp_crosswalk_handshakes_total{status="101"} 20.0' in told
            assert 'ocpp_crosswalk_links{csms="csms",pair="ocpp1.6--ocpp2.0.1"} 20.0' in told
        children = _children(proxy.process.pid)
        served = [_connections(proxy.port, child) for child in children]
        assert sum(1 for count in served if count) == 2
        victim = children[0]
        os.kill(victim, signal.SIGKILL)
        await until(lambda: any(station.close_code is not None for station in stations))
        await until(lambda: proxy.log.count("stations connect to") == 3, 40)
        again = [await proxy.station(f"CP-{n}") for n in range(20)]
        for station in again:
            assert (await call(station, "1", "Heartbeat", {}))[0] == 3
        proxy.process.send_signal(signal.SIGTERM)
        assert await proxy.ended() == 0
        for station in again:
            await station.wait_closed()
        assert {station.close_code for station in again} == {1012}
        assert _children(proxy.process.pid) == []


async def _page(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    return text


def _children(pid: int) -> list[int]:
    """The workers of a parent: its children that are no helper of multiprocessing."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and b"resource_tracker" not in command:
            found.append(int(entry.name))
    return found


def _connections(port: int, pid: int) -> int:
    """How many connections to `port` the process holds."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port and fields[3] == "01" and fields[9] in inodes:
            count += 1
    return count


async def test_workers_end_when_their_parent_is_killed(program: Path, tmp_path: Path) -> None:
    """Or they would go on beside the next instance, on the same port."""
    csms = FakeCsms("ocpp2.0.1")
    store = f"sqlite:{tmp_path / 'state.sqlite'}"
    async with csms.running(), started(program, *flags(csms, store), "--workers", "2") as proxy:
        await until(lambda: proxy.log.count("stations connect to") == 2, 40)
        station = await proxy.station()
        assert (await boot(station))[0] == 3
        workers = _children(proxy.process.pid)
        proxy.process.kill()
        await asyncio.wait_for(station.wait_closed(), 5)
        assert station.close_code == 1012
        await until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 10)


async def test_a_worker_that_is_replaced_takes_up_changed_mappings_but_no_faulty_ones(
    program: Path, tmp_path: Path
) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    csms = FakeCsms("ocpp2.0.1")
    more = ["--workers", "2", "--mappings", str(layer)]
    async with csms.running(), started(program, *flags(csms, f"sqlite:{tmp_path / 'state'}"), *more) as proxy:
        await until(lambda: proxy.log.count("stations connect to") == 2, 40)
        (layer / "nonsense.yaml").write_text("x")
        for worker in _children(proxy.process.pid):
            os.kill(worker, signal.SIGKILL)
        await until(lambda: proxy.log.count("stations connect to") == 4, 40)
        assert proxy.log.count("mappings not reloaded, the old ones stay") >= 2
        assert "XW112" in proxy.log
        station = await proxy.station()
        assert (await boot(station))[0] == 3
        await station.close()


async def test_a_worker_that_cannot_be_replaced_is_tried_again_and_the_others_go_on(
    program: Path, tmp_path: Path
) -> None:
    guard = tmp_path / "guard.py"
    guard.write_text("middleware = []\n")
    csms = FakeCsms("ocpp2.0.1")
    async with csms.running():
        config = tmp_path / "config.yaml"
        config.write_text(
            f"csms: {{main: {{url: '{csms.url}', version: ocpp2.0.1}}}}\nmiddleware: [guard.py]\nworkers: 2\n"
        )
        async with started(program, "--config", str(config)) as proxy:
            await until(lambda: proxy.log.count("stations connect to") == 2, 40)
            guard.write_text("middleware = 1 / 0\n")
            victim, other = _children(proxy.process.pid)
            os.kill(victim, signal.SIGKILL)
            await until(lambda: "cannot use the configuration any more" in proxy.log, 40)
            assert "guard.py: the file does not load: ZeroDivisionError" in proxy.log
            station = await proxy.station()
            assert (await boot(station))[0] == 3
            assert _children(proxy.process.pid) == [other]
            guard.write_text("middleware = []\n")
            await until(lambda: proxy.log.count("stations connect to") == 3, 40)
            proxy.process.send_signal(signal.SIGTERM)
            assert await proxy.ended() == 0
            await station.close()


async def test_a_signal_ends_workers_that_are_about_to_start(program: Path, tmp_path: Path) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with (
        csms.running(),
        started(program, *flags(csms, f"sqlite:{tmp_path / 'state'}"), "--workers", "2") as proxy,
    ):
        for worker in _children(proxy.process.pid):
            os.kill(worker, signal.SIGKILL)
        await until(lambda: "another one is started" in proxy.log, 5)
        proxy.process.send_signal(signal.SIGTERM)
        assert await proxy.ended() == 0


async def test_several_instances_share_redis(program: Path, redis_server: RedisServer) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with (
        csms.running(),
        started(program, *flags(csms, redis_server.url)) as one,
        started(program, *flags(csms, redis_server.url)) as other,
    ):
        station = await one.station("CP-moves")
        await boot(station)
        begun = await call(station, "1", "StartTransaction", START)
        moved = await other.station("CP-moves")
        meter = {
            "connectorId": 1,
            "transactionId": begun[2]["transactionId"],
            "meterValue": [{"timestamp": "2025-01-01T10:30:00Z", "sampledValue": [{"value": "300"}]}],
        }
        assert (await call(moved, "2", "MeterValues", meter))[0] == 3
        back = await one.station("CP-moves")
        stop = {**STOP, "transactionId": begun[2]["transactionId"]}
        assert (await call(back, "3", "StopTransaction", stop))[0] == 3
        assert [event[1] for event in events(csms)] == [0, 1, 2]
        assert len({event[2] for event in events(csms)}) == 1
        for connection in (station, moved, back):
            await connection.close()


async def test_what_makes_it_unusable_is_said_without_a_traceback(program: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("csms: {a: {url: ws://x, version: ocpp2.1}}\nsettings: {callTimeout: soon}\n")
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    for flags_, said, code in (
        (["--config", str(bad)], "settings.callTimeout", 2),
        (["--config", str(bad), "--check-config"], "settings.callTimeout", 2),
        (
            ["--listen", f"127.0.0.1:{port}", "--csms", "ws://x", "--csms-version", "ocpp2.1"],
            f"cannot listen on 127.0.0.1:{port}: ",
            2,
        ),
        (["--listen", "no.such.host.invalid:1"], "cannot listen on no.such.host.invalid:1: ", 2),
        (["--metrics", "no.such.host.invalid:1"], "cannot listen on no.such.host.invalid:1: ", 2),
        (["--listen", "no.such.host.invalid:1", "--workers", "2"], "cannot listen on no.such.host.invalid:1: ", 2),
        (["--csms", "ws://x", "--csms-version", "ocpp2.1", "--store", "sqlite:/no/such/dir/x"], "/no/such/dir/x", 2),
        (["--csms", "ws://x", "--csms-version", "ocpp2.1", "--mappings", "/none"], "/none", 2),
    ):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), *flags_, stderr=asyncio.subprocess.PIPE
        )
        text = (await asyncio.wait_for(process.communicate(), 20))[1].decode()
        assert (process.returncode, said in text, "Traceback" in text) == (code, True, False), text
    taken.close()


async def test_check_config_says_what_is_there(program: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text(json.dumps({"csms": {"a": {"url": "ws://x", "version": "ocpp2.1"}}}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), "--config", str(good), "--check-config", stdout=asyncio.subprocess.PIPE
    )
    text = (await asyncio.wait_for(process.communicate(), 20))[0].decode()
    assert process.returncode == 0
    assert "the configuration is good" in text


def test_check_config_checks_mappings_by_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "layer" / "ocpp1.6--ocpp2.0.1" / "from-station"
    folder.mkdir(parents=True)
    mapping = folder / "Heartbeat.yaml"
    flags_ = ["serve", "--mappings", str(tmp_path / "layer"), "--csms-version", "ocpp2.0.1", "--check-config"]
    text = "call: Heartbeat\nspec: [none]\nforward: Heartbeat\nresponse: {currentTime: currentTime}\n"
    mapping.write_text(text)
    assert main(flags_) == 0
    mapping.write_text(text.replace(": currentTime}", ": currentTim}"))
    assert main(flags_) == 2
    assert f"{mapping}:4:25: error XW2" in capsys.readouterr().err


def test_check_config_says_all_that_cannot_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("layer/ocpp1.6--ocpp2.0.1", "certs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "layer" / "nonsense.yaml").write_text("x")
    for name in ("a.pem", "a.key", "empty.py"):
        (tmp_path / name).touch()
    config = tmp_path / "config.yaml"
    config.write_text(
        "listeners: [{listen: ':1', tls: {certificate: a.pem, key: a.key}}]\n"
        "mappings: [layer]\nmiddleware: [empty.py]\n"
    )
    assert main(["serve", "--config", str(config), "--check-config"]) == 2
    said = capsys.readouterr().err
    assert "XW112" in said
    assert f"middleware.0: {tmp_path / 'empty.py'}: the file has no list" in said
    assert "listeners.0.tls: the certificate and key in" in said


def test_a_proxy_that_runs_does_not_load_the_checker(tmp_path: Path) -> None:
    loading = (
        "import sys; from ocpp_crosswalk.cli import serve; from ocpp_crosswalk.runner import Config;"
        "from ocpp_crosswalk.runner.service import load_crosswalk; load_crosswalk(Config());"
        "sys.exit('ocpp_crosswalk.check' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", loading], timeout=60).returncode == 0
