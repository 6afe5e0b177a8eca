"""How long it takes until something can be done: importing, answering `--version`, loading, listening."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from links import free_port, processor_seconds, settled

_PROGRAM = (sys.executable, "-c", "from ocpp_crosswalk.cli import main; raise SystemExit(main())")
_STEPS = """
import json, time
began = time.perf_counter()
from ocpp_crosswalk import Crosswalk
imported = time.perf_counter()
crosswalk = Crosswalk.load()
from ocpp_crosswalk.mapping.compile import prepare
ready = time.perf_counter()
pairs = []
for pair in crosswalk.pairs:
    start = time.perf_counter()
    mappings = crosswalk.mappings(pair)
    loaded = time.perf_counter()
    for _ in prepare(list(mappings.mappings.values())):
        pass
    pairs.append((str(pair), loaded - start, time.perf_counter() - loaded))
print(json.dumps([imported - began, ready - imported, pairs]))
"""


def best(run: Callable[[], float], times: int = 3) -> float:
    """The shortest of several runs, in seconds."""
    return min(run() for _ in range(times))


def version_seconds() -> float:
    """`ocpp-crosswalk --version`, from start to end."""
    began = time.perf_counter()
    subprocess.run([*_PROGRAM, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


async def listening_seconds() -> tuple[float, float]:
    """`ocpp-crosswalk serve`: until it listens, and until all mappings are compiled beside that (processor time)."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [*_PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--csms", "ws://127.0.0.1:9/"]
        command += ["--csms-version", "ocpp2.0.1", "--store", f"sqlite:{folder}/state", "--log-level", "error"]
        began = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    if process.poll() is not None:
                        raise SystemExit("the proxy does not come up") from None
                    await asyncio.sleep(0.005)
            elapsed = time.perf_counter() - began
            writer.close()
            await settled(process.pid)
            return elapsed, processor_seconds(process.pid)
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait()


def report() -> None:
    """Print it all."""
    print(f"{'ocpp-crosswalk --version':42}{best(version_seconds):8.2f} s")
    runs = [asyncio.run(listening_seconds()) for _ in range(2)]
    print(f"{'ocpp-crosswalk serve, until it listens':42}{min(run[0] for run in runs):8.2f} s")
    print(f"{'  processor time until all is compiled':42}{min(run[1] for run in runs):8.2f} s")
    text = subprocess.run([sys.executable, "-c", _STEPS], check=True, capture_output=True, text=True).stdout
    imported, ready, pairs = json.loads(text)
    print(f"{'import ocpp_crosswalk':42}{imported:8.2f} s\n{'Crosswalk.load()':42}{ready:8.2f} s")
    for pair, loaded, made in pairs:
        print(f"{pair:42}{loaded:8.2f} s to load, {made:.2f} s to compile")
