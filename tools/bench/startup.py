"""How long it takes until something can be done: importing, answering `--version`, loading, listening.

An installed program has its bytecode beside it. Here it is written into a folder of its own by a first run, which is
measured, too: so a program starts that was unpacked without any.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from links import processor_seconds, settled, show

from processes import free_port

_PROGRAM = (sys.executable, "-c", "from ocpp_crosswalk.cli import main; raise SystemExit(main())")
_STEPS = """
import json, time
clock = time.process_time
began = clock()
from ocpp_crosswalk import Crosswalk
imported = clock()
crosswalk = Crosswalk.load()
from ocpp_crosswalk.mapping.compile import prepare
ready = clock()
pairs = []
for pair in crosswalk.pairs:
    start = clock()
    mappings = crosswalk.mappings(pair)
    loaded = clock()
    for _ in prepare(list(mappings.mappings.values())):
        pass
    pairs.append((str(pair), loaded - start, clock() - loaded))
print(json.dumps([imported - began, ready - imported, pairs]))
"""
_RUNS = 3


def version(environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds that `ocpp-crosswalk --version` takes: by the clock, and of a processor."""
    began, spent = time.perf_counter(), _children()
    subprocess.run([*_PROGRAM, "--version"], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began, _children() - spent


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def listening(environment: Mapping[str, str], versions: str) -> tuple[float, float, float]:
    """`ocpp-crosswalk serve` for a CSMS that speaks ``versions``: seconds until it listens, by the clock and of a
    processor, and those of a processor until all mappings for that are compiled beside.
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
            elapsed, spent = time.perf_counter() - began, processor_seconds(process.pid)
            writer.close()
            await settled(process.pid)
            return elapsed, spent, processor_seconds(process.pid)
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait()


def report() -> None:
    """Print it all: of each figure the best of some runs."""
    show([("Seconds until something can be done", "by clock", "processor", "compiled")])
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        first = asyncio.run(listening(environment, "ocpp2.0.1"))
        version(environment)
        _row("ocpp-crosswalk --version", [version(environment) for _ in range(_RUNS)])
        for versions in ("ocpp2.0.1", "ocpp2.1,ocpp2.0.1,ocpp1.6"):
            runs = [asyncio.run(listening(environment, versions)) for _ in range(_RUNS)]
            _row(f"serve for {versions}", runs)
        _row("the first time, without bytecode", [first])
        print()
        steps = [_steps(environment) for _ in range(_RUNS)]
    show([("Processor seconds of the parts", "load", "compile")])
    _row("import ocpp_crosswalk", [step[:1] for step in steps])
    _row("Crosswalk.load()", [step[1:2] for step in steps])
    for number, (pair, _, _) in enumerate(steps[0][2]):
        _row(pair, [step[2][number][1:] for step in steps])
    print()


def _row(what: str, runs: Sequence[Sequence[float]]) -> None:
    show([(what, *(f"{min(column):.2f}" for column in zip(*runs, strict=True)))])


def _steps(environment: Mapping[str, str]) -> tuple[float, float, list[tuple[str, float, float]]]:
    command = [sys.executable, "-c", _STEPS]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
    return found[0], found[1], found[2]
