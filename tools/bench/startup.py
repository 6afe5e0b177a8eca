"""How long it takes until something can be done: importing, answering `--version`, loading, listening.

An installed program has its bytecode beside it. Here it is written into a folder of its own by a first run, which is
measured, too: so a program starts that was unpacked without any.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

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


def version_seconds(environment: Mapping[str, str]) -> float:
    """`ocpp-crosswalk --version`, from start to end."""
    began = time.perf_counter()
    subprocess.run([*_PROGRAM, "--version"], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


async def listening_seconds(environment: Mapping[str, str], versions: str) -> tuple[float, float]:
    """`ocpp-crosswalk serve` for a CSMS that speaks ``versions``: until it listens, and until all mappings for that
    are compiled beside (processor time).
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [*_PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--csms", "ws://127.0.0.1:9/"]
        command += ["--csms-version", versions, "--store", f"sqlite:{folder}/state", "--log-level", "error"]
        began = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
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
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        first, _ = asyncio.run(listening_seconds(environment, "ocpp2.0.1"))
        version_seconds(environment)
        version = best(lambda: version_seconds(environment))
        served: list[tuple[str, float, float]] = []
        for versions in ("ocpp2.0.1", "ocpp2.1,ocpp2.0.1,ocpp1.6"):
            runs = [asyncio.run(listening_seconds(environment, versions)) for _ in range(3)]
            served.append((versions, min(run[0] for run in runs), min(run[1] for run in runs)))
        steps = [_steps(environment) for _ in range(3)]
    _line("ocpp-crosswalk --version", version)
    for versions, elapsed, processor in served:
        _line(f"serve for {versions}, until it listens", elapsed)
        _line("  processor time until all is compiled beside that", processor)
    _line("serve for ocpp2.0.1 without any bytecode, the first time", first)
    _line("import ocpp_crosswalk", min(step[0] for step in steps))
    _line("Crosswalk.load()", min(step[1] for step in steps))
    for number, (pair, _, _) in enumerate(steps[0][2]):
        loaded, made = (min(step[2][number][part] for step in steps) for part in (1, 2))
        print(f"{pair:60}{loaded:6.2f} s to load, {made:.2f} s to compile")
    print()


def _line(what: str, seconds: float) -> None:
    print(f"{what:60}{seconds:6.2f} s")


def _steps(environment: Mapping[str, str]) -> tuple[float, float, list[tuple[str, float, float]]]:
    command = [sys.executable, "-c", _STEPS]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
    return found[0], found[1], found[2]
