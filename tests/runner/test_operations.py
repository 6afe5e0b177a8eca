"""Logs, metrics, health pages, the wire tap, and reloading."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.cli import main
from ocpp_crosswalk.runner import service as service_module
from ocpp_crosswalk.runner.config import Config, Endpoint, LogConfig
from ocpp_crosswalk.runner.logs import LOGGER, HumanFormatter, JsonFormatter, masked, masked_frame
from ocpp_crosswalk.runner.observe import LinkInfo, Observer
from ocpp_crosswalk.runner.observers import Observers
from ocpp_crosswalk.runner.run import _beside
from ocpp_crosswalk.runner.tap import replay
from ocpp_crosswalk.stores import StoreError
from ocpp_crosswalk.versions import Version

from .harness import FakeCsms, World, boot, call, until, world
from .test_state import START, Shaky


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The program's log as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    level = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    yield stream
    LOGGER.removeHandler(handler)
    LOGGER.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def get(world: World, page: str) -> tuple[int, str]:
    assert world.service.metrics_port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", world.service.metrics_port)
    writer.write(f"GET {page} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


METRICS = Endpoint("127.0.0.1", 0)


async def test_the_log_says_who_and_which_message(logged: io.StringIO) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        await boot(station)
        await call(station, "bad", "Authorize", {"idTag": []})
        await station.close()
        await until(lambda: "closed by" in logged.getvalue())
    found = lines(logged)
    assert found[0]["message"] == "connected, ocpp1.6--ocpp2.0.1"
    assert {line.get("station") for line in found if "link" in line} == {"CP-1"}
    warnings = [line for line in found if line["level"] == "warning"]
    assert len(warnings) == 1
    assert (warnings[0]["action"], warnings[0]["id"], warnings[0]["from"]) == ("Authorize", "bad", "station")


async def test_a_flood_of_faults_does_not_fill_the_log(logged: io.StringIO) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        station = await w.station()
        for n in range(200):
            await call(station, str(n), "Nothing", {})
        await station.close()
    warnings = [line for line in lines(logged) if line["level"] == "warning"]
    assert len(warnings) == 21
    assert "counted, not logged" in warnings[-1]["message"]


async def test_frames_are_logged_on_demand_without_secrets(logged: io.StringIO) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with world(csms, log=LogConfig(frames=True)) as w:
        station = await w.station("CP-1", "ocpp2.0.1")
        await call(station, "1", "SetVariables", {"password": "hunter2"})
        await station.close()
    text = logged.getvalue()
    assert "hunter2" not in text
    assert "from the station" in text
    assert "to the csms" in text


@pytest.mark.parametrize(
    "value",
    [
        {"key": "AuthorizationKey", "value": "hunter2"},
        {"variable": {"name": "BasicAuthPassword"}, "attributeValue": "hunter2"},
        {"connectionData": {"basicAuthPassword": "hunter2", "vpn": {"password": "hunter2", "key": "hunter2" * 10}}},
        [2, "1", "GetLog", {"log": {"remoteLocation": "ftp://user:hunter2@host/x"}}],
        {"Authorization": "hunter2"},
        [[{"apnPassword": "hunter2"}]],
        "CSMS main: wss://user:hunter2@csms.example/ocpp",
    ],
)
def test_secrets_are_masked(value: Any) -> None:
    assert "hunter2" not in json.dumps(masked(value))
    assert "hunter2" not in masked_frame(json.dumps(value))
    assert "***" in json.dumps(masked(value))


def test_what_is_no_secret_is_kept() -> None:
    for value in ({"key": "HeartbeatInterval", "value": "30"}, {"idToken": "ABC"}, [1, None, "x@y"]):
        assert masked(value) == value
    assert masked_frame("{") == "1 bytes that are not JSON"
    assert masked_frame("[" * 100_000) == "100000 bytes that are not JSON"


def test_a_peer_cannot_forge_a_line() -> None:
    record = logging.makeLogRecord({"msg": "a\nb", "levelname": "INFO", "fields": {"station": "x\ny", "id": "\x1b[2J"}})
    text = HumanFormatter().format(record)
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(JsonFormatter().format(record).splitlines()) == 1


async def test_metrics_health_and_readiness() -> None:
    async with world(FakeCsms("ocpp2.0.1"), metrics=METRICS) as w:
        station = await w.station()
        await boot(station)
        await call(station, "1", "Made-Up-" + "x" * 20, {})
        with pytest.raises(Exception, match="404"):
            await w.station("x" * 60)
        status, body = await get(w, "/metrics")
        assert status == 200
        pair = 'pair="ocpp1.6--ocpp2.0.1"'
        assert f'ocpp_crosswalk_links{{csms="main",{pair}}} 1.0' in body
        translated = f'action="BootNotification",outcome="translated",{pair},side="station"'
        assert f"ocpp_crosswalk_messages_total{{{translated}}} 1.0" in body
        assert re.search(r'latency_seconds_count\{pair="[^"]+",side="station"\} [23]', body)
        assert 'ocpp_crosswalk_store_seconds_count{operation="save"}' in body
        assert 'ocpp_crosswalk_handshakes_total{status="101"} 1.0' in body
        assert "Made-Up" not in body
        assert 'action="unknown"' in body
        assert (await get(w, "/healthz"))[0] == 200
        assert await get(w, "/readyz") == (200, "ready, 1 links\n")
        assert (await get(w, "/none"))[0] == 404
        await station.close()
        await until(lambda: w.service.proxy.links == 0)
        assert f'ocpp_crosswalk_links{{csms="main",{pair}}} 0.0' in (await get(w, "/metrics"))[1]


async def test_not_ready_without_a_store() -> None:
    async with world(FakeCsms("ocpp2.0.1"), metrics=METRICS) as w:
        store = w.service.proxy._around.store = Shaky()
        store.failing = StoreError("gone")
        assert await get(w, "/readyz") == (503, "the store does not answer: gone\n")
        assert (await get(w, "/healthz"))[0] == 200


async def test_the_operators_port_stands_bad_requests() -> None:
    async with world(FakeCsms("ocpp2.0.1"), metrics=METRICS) as w:
        for request in (b"", b"\r\n\r\n", b"x" * 100_000, b"POST /metrics HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", w.service.metrics_port)
            writer.write(request)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 6)
            writer.close()
        assert (await get(w, "/healthz"))[0] == 200


async def test_a_tap_can_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tap = tmp_path / "tap.jsonl"
    async with world(FakeCsms("ocpp2.0.1"), tap=tap) as w:
        for _ in range(2):
            station = await w.station()
            await boot(station)
            await call(station, "1", "StartTransaction", START)
            await station.send("garbage")
            await call(station, "2", "Heartbeat", {})
            await w.csms.sockets[-1].send('[2,"c1","ClearCache",{}]')
            await station.recv()
            await station.close()
        passing = await w.station("CP-2", "ocpp2.0.1")
        await call(passing, "1", "Heartbeat", {})
        await passing.close()
    assert stat.S_IMODE(tap.stat().st_mode) == 0o600
    recorded = tap.read_text().splitlines()
    crosswalk = Crosswalk.load()
    assert list(replay(recorded, crosswalk)) == []
    sent = [n for n, line in enumerate(recorded) if '"event":"sent"' in line and "Accepted" in line]
    recorded[sent[0]] = recorded[sent[0]].replace("Accepted", "Rejected")
    (difference,) = replay(recorded, crosswalk)
    assert difference.line == sent[0] + 1
    assert "Accepted" in (difference.replayed or "")
    assert "Rejected" in (difference.recorded or "")
    changed = tmp_path / "changed.jsonl"
    changed.write_text("\n".join(recorded))
    assert main(["replay", str(tap)]) == 0
    assert main(["replay", str(changed)]) == 1
    row = json.loads(capsys.readouterr().out)
    assert (row["line"], row["station"]) == (sent[0] + 1, "CP-1")
    changed.write_text("no tap\n")
    assert main(["replay", str(changed)]) == 2
    assert main(["replay", str(tmp_path / "none")]) == 2
    assert "Traceback" not in capsys.readouterr().err


async def test_a_tap_may_hold_whatever_unicode_takes_for_the_end_of_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tap = tmp_path / "tap.jsonl"
    ends = "\x85\u2028\u2029\x1c"
    async with world(FakeCsms("ocpp2.0.1"), tap=tap) as w:
        station = await w.station()
        await call(station, "1", "DataTransfer", {"vendorId": "v", "data": ends})
        await station.close()
    assert "\u2028" in tap.read_text()
    assert main(["replay", str(tap)]) == 0
    assert capsys.readouterr().err == "2 frames, 0 differences\n"


_CONNECTED = (
    '{"event":"connected","link":"1.1","station":"CP","pair":"ocpp1.6--ocpp2.0.1","at":1.0,"state":null,"settings":{}}'
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no tap", "line 2 is not JSON: Expecting value (column 1)"),
        ("", "line 2 is not JSON"),
        ("[" * 100_000, "line 2 is nested too deeply"),
        ("[]", "line 2 is no JSON object"),
        ("{}", "line 2: its `event` is none of opened, connected"),
        ('{"event": []}', "line 2: its `event` is none of opened, connected"),
        ('{"event":"sent","link":"1.1","station":"CP","to":"csms"}', "line 2 has no `text`"),
        (
            '{"event":"sent","link":"1.1","station":"CP","to":"me","text":""}',
            "line 2: its `to` is not what a tap has there",
        ),
        (
            '{"event":"arrived","link":"1.1","station":"CP","from":"csms","text":"","at":"1"}',
            "line 2: its `at` is not what",
        ),
        (_CONNECTED.replace("ocpp2.0.1", "ocpp9"), "line 2: the link cannot be begun: unknown OCPP version"),
        (_CONNECTED.replace("ocpp2.0.1", "ocpp1.6"), "line 2: the link cannot be begun: both sides speak"),
        (_CONNECTED.replace("null", '{"a":1}'), "line 2: the link cannot be begun"),
        (_CONNECTED.replace("{}", '{"callTimeout":-1}'), "line 2: the link cannot be begun"),
    ],
)
def test_what_is_no_tap_is_said_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    tap = tmp_path / "tap.jsonl"
    tap.write_text(f"{_CONNECTED}\n{line}\n")
    assert main(["replay", str(tap)]) == 2
    assert f"{tap} is no tap of `ocpp-crosswalk serve`: {said}" in capsys.readouterr().err


def test_a_reader_of_differences_that_goes_away_is_no_unreadable_tap(tmp_path: Path) -> None:
    tap = tmp_path / "tap.jsonl"
    sent = '{"event":"sent","link":"1.1","station":"CP","to":"csms","text":"%d"}\n'
    tap.write_text(f"{_CONNECTED}\n" + "".join(sent % n for n in range(20_000)))
    start = "import sys; from ocpp_crosswalk.cli import main; sys.exit(main())"
    program = [sys.executable, "-c", start, "replay", str(tap)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(60) == 1


async def test_a_tap_that_cannot_be_written_costs_no_link(tmp_path: Path, logged: io.StringIO) -> None:
    async with world(FakeCsms("ocpp2.0.1"), tap=Path("/dev/full")) as w:
        station = await w.station()
        assert (await boot(station))[0] == 3
        await station.close()
    assert logged.getvalue().count("the tap ends") == 1


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A folder of mappings that answers Heartbeat with the year 2001."""
    folder = tmp_path / "layer" / "ocpp1.6--ocpp2.0.1" / "from-station"
    folder.mkdir(parents=True)
    _heartbeat(tmp_path / "layer", "2001-01-01T00:00:00.000Z")
    return tmp_path / "layer"


def _heartbeat(layer: Path, time: str) -> None:
    text = f"call: Heartbeat\nspec: [none]\nanswer:\n  currentTime: {{$const: '{time}'}}\n"
    (layer / "ocpp1.6--ocpp2.0.1" / "from-station" / "Heartbeat.yaml").write_text(text)


async def test_mappings_are_reloaded_without_dropping_a_link(layer: Path, logged: io.StringIO) -> None:
    async with world(FakeCsms("ocpp2.0.1"), mappings=(layer,)) as w:
        station = await w.station()
        assert (await call(station, "1", "Heartbeat", {}))[2]["currentTime"].startswith("2001")
        _heartbeat(layer, "2002-01-01T00:00:00.000Z")
        await w.service.reload()
        await call(station, "2", "Heartbeat", {})
        assert (await call(station, "3", "Heartbeat", {}))[2]["currentTime"].startswith("2002")
        (layer / "ocpp1.6--ocpp2.0.1" / "from-station" / "Heartbeat.yaml").write_text("call: Heartbeat\nfoo: 1\n")
        await w.service.reload()
        assert "not reloaded, the old ones stay" in logged.getvalue()
        assert "Heartbeat.yaml:2:6: error XW103" in logged.getvalue()
        assert (await call(station, "4", "Heartbeat", {}))[2]["currentTime"].startswith("2002")
        other = await w.station("CP-2")
        assert (await call(other, "1", "Heartbeat", {}))[2]["currentTime"].startswith("2002")
        for one in (station, other):
            await one.close()


async def test_an_exchange_under_way_ends_with_the_mappings_it_began_with(layer: Path) -> None:
    csms = FakeCsms("ocpp2.0.1")
    csms.silent = True
    async with world(csms, mappings=(layer,)) as w:
        station = await w.station()
        await station.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
        await until(lambda: csms.calls)
        shutil.rmtree(layer)
        layer.mkdir()
        await w.service.reload()
        await csms.sockets[0].send('[2,"c","Nothing",{}]')
        answer = {"status": "Accepted", "interval": 5, "currentTime": "2025-01-01T00:00:00Z"}
        await csms.sockets[0].send(json.dumps([3, "1", answer]))
        assert json.loads(await station.recv())[:2] == [3, "1"]
        csms.silent = False
        assert (await call(station, "2", "Heartbeat", {}))[2]["currentTime"].startswith("2025")
        await station.close()


async def test_files_are_watched(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "WATCH_SECONDS", 0.05)
    async with world(FakeCsms("ocpp2.0.1"), mappings=(layer,), watch=True) as w:
        station = await w.station()
        before = w.service.proxy.crosswalk
        await asyncio.sleep(0.2)
        assert w.service.proxy.crosswalk is before
        _heartbeat(layer, "2003-01-01T00:00:00.000Z")
        await until(lambda: w.service.proxy.crosswalk is not before, 20)
        await call(station, "1", "Heartbeat", {})
        assert (await call(station, "2", "Heartbeat", {}))[2]["currentTime"].startswith("2003")
        await station.close()


async def test_whatever_fails_when_mappings_are_read_anew_the_watcher_goes_on(
    layer: Path, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "WATCH_SECONDS", 0.05)
    async with world(FakeCsms("ocpp2.0.1"), mappings=(layer,), watch=True) as w:

        def fails(config: Config) -> Crosswalk:
            raise RecursionError("maximum recursion depth exceeded")

        monkeypatch.setattr(service_module, "load_crosswalk", fails)
        before = w.service.proxy.crosswalk
        await asyncio.sleep(0.2)
        _heartbeat(layer, "2001-01-01T00:00:00Z")
        await until(lambda: "mappings not reloaded" in logged.getvalue())
        assert "RecursionError: maximum recursion depth exceeded" in logged.getvalue()
        assert w.service.proxy.crosswalk is before
        monkeypatch.undo()
        _heartbeat(layer, "2002-01-01T00:00:00Z")
        await until(lambda: "mappings reloaded" in logged.getvalue())


async def test_a_fault_beside_the_links_is_logged_at_once(logged: io.StringIO) -> None:
    async def work() -> None:
        raise RuntimeError("beside")

    await _beside(work())
    assert "RuntimeError: beside" in lines(logged)[0]["traceback"]


_MIDDLEWARE = """
async def pre_response(result, at):
    if at.action == "Heartbeat":
        result.payload["currentTime"] = "{year}-01-01T00:00:00Z"

middleware = [pre_response]
"""


async def test_middleware_is_reloaded_when_its_file_changes(
    tmp_path: Path, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "WATCH_SECONDS", 0.05)
    file = tmp_path / "ours.py"
    file.write_text(_MIDDLEWARE.format(year=2001))
    async with world(FakeCsms("ocpp2.0.1"), middleware=(file, "latency"), watch=True, metrics=METRICS) as w:
        station = await w.station()

        async def year(number: str) -> str:
            return str((await call(station, number, "Heartbeat", {}))[2]["currentTime"])[:4]

        assert await year("1") == "2001"
        file.write_text("middleware = 1 / 0\n")
        await until(lambda: "middleware not reloaded, the old ones stay" in logged.getvalue())
        await until(lambda: "ours.py: the file does not load: ZeroDivisionError" in logged.getvalue())
        assert await year("2") == "2001"
        file.write_text(_MIDDLEWARE.format(year=2002))
        await until(lambda: "middleware reloaded" in logged.getvalue())
        assert await year("3") == "2002"
        text = (await get(w, "/metrics"))[1]
        assert 'ocpp_crosswalk_reloads_total{outcome="refused",what="middleware"} 1.0' in text
        assert 'ocpp_crosswalk_reloads_total{outcome="done",what="middleware"} 1.0' in text
        assert 'action="Heartbeat",pair="ocpp1.6--ocpp2.0.1",part="whole",side="station"} 3.0' in text
        await w.service.reload()
        assert logged.getvalue().count("middleware reloaded") == 1
        await station.close()


def test_observers_hear_only_what_they_listen_to() -> None:
    class One(Observer):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def failed(self, link: LinkInfo, error: Exception) -> None:
            self.heard.append(str(error))

    one, two = One(), One()
    info = LinkInfo("CP", 1, "main", Version.V16, Version.V16)
    everyone = Observers([one, Observer(), two])
    everyone.failed(info, ValueError("x"))
    everyone.closed(info, 1000, "", "station", 1.0)
    assert one.heard == two.heard == ["x"]
    assert "closed" not in vars(everyone)
