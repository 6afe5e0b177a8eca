"""Kills the proxy, the CSMS or Redis under load, again and again, and compares what both ends know afterwards.

    python tools/chaos.py --kills 200 --store sqlite
    python tools/chaos.py --kills 200 --store redis --instances 2 --moves 0.02
    python tools/chaos.py --kills 200 --workers 2 --store sqlite     # each kill hits a worker
    python tools/chaos.py --kills 0 --csms-kills 50 --redis-kills 5 --store redis
    python tools/chaos.py --kills 0 --seconds 60 --stalls 0.002 --silences 0.01
    python tools/chaos.py --kills 5 --store memory            # has to report losses

The proxies are processes of the installed program; the CSMS is a process, too, that writes down what it is told before
it answers. Stations queue what they have to tell while offline and repeat what was not answered. In the end the faults
stop, all is told, and the two ledgers are compared: transactions lost, doubled or never ended, readings lost or in the
wrong transaction, gaps in seqNo, numbers used twice, wrong ids, frames that are not valid, answers to nothing. Exit
code 1 when there is any.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop
import yaml

from chaos_csms import read
from chaos_ledger import WRONGS, audit
from chaos_stations import Habits, Station
from ocpp_crosswalk.versions import Pair
from processes import Child, children, free_port, proxy, redis

_LAST_SECONDS = 120.0
"""How long the stations may take to tell what is left when the faults have stopped."""


class Scene:
    """All the processes of a run."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.ledger = folder / "ledger.jsonl"
        pair = options.pair
        port = free_port()
        command = [sys.executable, Path(__file__).with_name("chaos_csms.py"), "--version", pair.csms, "--port", port]
        command += ["--ledger", self.ledger, "--delay", options.delay, "--silences", options.silences]
        command += ["--stalls", options.stalls, "--seed", options.seed]
        self.csms = Child(command, port, folder / "csms.log")
        self.redis = redis(folder) if options.store == "redis" else None
        stores = {"memory": "memory", "sqlite": f"sqlite:{folder / 'state.sqlite'}"}
        store = f"redis://127.0.0.1:{self.redis.port}/0" if self.redis else stores[options.store]
        config = folder / "config.yaml"
        config.write_text(
            yaml.safe_dump({"settings": {"callTimeout": 3}, "limits": {"ping_seconds": 5, "pong_seconds": 5}})
        )
        url = f"ws://127.0.0.1:{port}/ocpp"
        flags = ["--config", config, "--log-level", "warning", "--workers", str(options.workers)]
        self.proxies = [proxy(folder, f"proxy-{n}", url, pair.csms, store, *flags) for n in range(options.instances)]

    @property
    def all(self) -> list[Child]:
        """In the order in which they are started."""
        return [*([self.redis] if self.redis else []), self.csms, *self.proxies]

    def start(self) -> None:
        """Start everything."""
        for child in self.all:
            child.start()
        for child in self.all:
            child.wait_up()

    def end(self) -> None:
        """End everything, the proxies first."""
        for child in reversed(self.all):
            child.end()


async def strike(child: Child, rng: random.Random, down: float) -> float:
    """Kill a process, leave it dead for up to ``down`` seconds, start it again; gives how long it was away."""
    began = time.monotonic()
    child.kill()
    await asyncio.sleep(rng.uniform(0, down))
    child.start()
    while not child.is_up():
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def strike_worker(proxy: Child, rng: random.Random) -> None:
    """Kill one of a proxy's workers, which its parent replaces."""
    while not (workers := children(proxy.pid)):
        await asyncio.sleep(0.02)
    os.kill(rng.choice(workers), signal.SIGKILL)


async def faults(scene: Scene, options: argparse.Namespace, figures: Counter[str]) -> None:
    """Everything that goes wrong, in random order and at random times."""
    rng = random.Random(options.seed)
    plan = ["proxy"] * options.kills + ["CSMS"] * options.csms_kills + ["redis"] * options.redis_kills
    rng.shuffle(plan)
    end = time.monotonic() + options.seconds
    for victim in plan:
        await asyncio.sleep(rng.uniform(*options.between))
        if victim == "proxy" and options.workers > 1:
            await strike_worker(rng.choice(scene.proxies), rng)
            figures["worker kills"] += 1
            continue
        victims = {"proxy": scene.proxies, "CSMS": [scene.csms], "redis": [scene.redis]}[victim]
        child = rng.choice(victims)
        assert child is not None
        away = await strike(child, rng, options.down if victim == "redis" else 0.3)
        figures[f"{victim} kills"] += 1
        figures[f"{victim} away, milliseconds"] += int(away * 1000)
    await asyncio.sleep(max(0.0, end - time.monotonic()))


async def play(scene: Scene, options: argparse.Namespace, figures: Counter[str]) -> list[Station]:
    """The stations live while the faults happen; gives them when all is told."""
    habits = Habits(
        [f"ws://127.0.0.1:{one.port}" for one in scene.proxies],
        options.pair.station,
        options.interval,
        options.moves,
        options.stalls,
    )
    stations = [Station(f"CP{n}", habits, options.seed * 1000 + n, figures) for n in range(options.stations)]
    lives = [asyncio.create_task(station.run()) for station in stations]
    troubles = asyncio.create_task(faults(scene, options, figures))
    await asyncio.wait({troubles, *lives}, return_when=asyncio.FIRST_COMPLETED)
    await troubles
    for station in stations:
        station.stopping = True
    done, late = await asyncio.wait(lives, timeout=_LAST_SECONDS)
    for life in late:
        life.cancel()
    for life in done:
        life.result()
    figures["stations that could not tell everything"] = len(late)
    return stations


def report(scene: Scene, stations: list[Station], figures: Counter[str]) -> int:
    """Compare, print, and give the exit code."""
    wrongs: Counter[str] = Counter(dict.fromkeys(WRONGS, 0))
    wrongs["stations that could not tell everything"] = figures.pop("stations that could not tell everything")
    ledger = list(read(scene.ledger))
    charges = [charge for station in stations for charge in station.charges]
    audit(charges, ledger, wrongs)
    complaints = [line["complaint"] for line in ledger if "complaint" in line]
    complaints += [text for station in stations for text in station.complaints]
    wrongs["complaints of a peer"] = len(complaints)
    figures |= {"transactions": len(charges), "readings": sum(len(charge.readings) for charge in charges)}
    figures["calls that the CSMS got"] = sum(1 for line in ledger if "complaint" not in line)
    logs = "".join(one.log.read_text(errors="replace") for one in scene.proxies)
    wrongs["faults of the program in its log"] = logs.count("please report it") + logs.count("Traceback")
    if "Traceback" in (said := scene.csms.log.read_text(errors="replace")):
        raise SystemExit(f"a fault of the driver's own CSMS: {said[-2000:]}")
    for name, value in [*sorted(figures.items()), *wrongs.items()]:
        print(f"{name:45} {value:8}")
    for text in complaints[:10]:
        print(f"complaint: {text}")
    return int(any(wrongs.values()))


def main(arguments: list[str] | None = None) -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--pair", type=Pair.parse, default=Pair.parse("ocpp1.6--ocpp2.0.1"), help="as ocpp2.1--ocpp1.6")
    add("--store", choices=("memory", "sqlite", "redis"), default="sqlite")
    add("--stations", type=int, default=40)
    add("--interval", type=float, default=0.3, help="seconds between two messages of a station")
    add("--kills", type=int, default=20, help="how often a proxy is killed")
    add("--csms-kills", type=int, default=0, help="how often the CSMS is killed")
    add("--redis-kills", type=int, default=0, help="how often Redis is killed")
    add("--down", type=float, default=8.0, help="the longest time that Redis is away, in seconds")
    add("--between", type=float, nargs=2, default=(0.2, 2.0), metavar="S", help="seconds between two kills")
    add("--seconds", type=float, default=0.0, help="how long the run takes at least")
    add("--instances", type=int, default=1, help="proxies that share the store")
    add("--workers", type=int, default=1, help="processes of each proxy; with more than one, a kill hits one of them")
    add("--moves", type=float, default=0.0, help="chance, after each answer, that a station opens a new connection")
    add("--delay", type=float, default=0.05, help="the longest time that the CSMS takes to answer, in seconds")
    add("--silences", type=float, default=0.0, help="share of calls that the CSMS never answers")
    add("--stalls", type=float, default=0.0, help="share of frames after which a peer does not read for seconds")
    add("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.redis_kills and options.store != "redis":
        parser.error("--redis-kills goes with --store redis")
    figures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), options)
        began = time.monotonic()
        try:
            scene.start()
            stations = uvloop.run(play(scene, options, figures))
        finally:
            scene.end()
        figures["seconds"] = int(time.monotonic() - began)
        return report(scene, stations, figures)


if __name__ == "__main__":
    sys.exit(main())
