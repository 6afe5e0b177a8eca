"""What ocpp-crosswalk costs, in one run. It needs Linux (/proc), and nothing that the program does not need.

    python tools/bench                             # everything, some ten minutes
    python tools/bench links memory --seconds 5    # parts of it
    python tools/bench mappings --pair ocpp2.0.1--ocpp1.6 --no-interpreted
    python tools/bench links --csms ocpp2.1 --beside 'node run.mjs {port} {csms}'   # another proxy in the same tables

startup   until the program does something
growth    what more pairs, folders and tables cost
session   one exchange in process; the steadiest figures on a machine with other work
mappings  each action's mapping: compiled, interpreted by jsonata-python, and written by hand
links     calls end to end, by action and by number of stations
sizes     the same, by number of sampled values
workers   the same, with one process and with two
memory    what an idle station holds

Processor time per call is that of the proxy's own processes, not of the stations and the CSMS, which run in this
process. A call is what a station sends, what leaves for the CSMS, its answer, and what goes back. A bare pass-through
on websockets, uvloop and orjson is measured in the same run: on a machine with other work, the ratio to it says more
than the microseconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import growth
import links
import mappings
import sessions
import startup
import uvloop
from links import BARE, FULL, LEAN, Proxy, Result, show
from peers import Conversation

from ocpp_crosswalk.versions import PAIRS, Pair

PARTS = ("startup", "growth", "session", "mappings", "links", "sizes", "workers", "memory")


@dataclass(frozen=True)
class Load:
    """How long each load runs, which version the CSMS speaks, and what else is put under it."""

    seconds: float
    csms: str = "ocpp2.0.1"
    beside: tuple[Proxy, ...] = ()


_HEAD = ("calls/s", "us/call", "x bare", "p50 ms", "p99 ms", "errors")


def _measured(proxy: Proxy, load: Load, stations: int, conversation: Conversation) -> Result:
    return uvloop.run(links.measure(proxy, stations, conversation, load.seconds, ("ocpp1.6", load.csms)))


def _cells(result: Result, bare: Result) -> tuple[str, ...]:
    ratio = result.processor / bare.processor if bare.processor else 0.0
    return (
        f"{result.rate:.0f}",
        f"{result.processor:.0f}",
        f"{ratio:.2f}",
        f"{result.median:.2f}",
        f"{result.slowest:.2f}",
        str(len(result.errors)),
    )


def _against_bare(title: str, load: Load, stations: int, conversation: Conversation, *proxies: Proxy) -> None:
    """One table: the pass-through and the proxies under the same load."""
    bare = _measured(BARE, load, stations, conversation)
    rows: list[tuple[Any, ...]] = [(title, *_HEAD), (BARE.name, *_cells(bare, bare))]
    for proxy in (*proxies, *load.beside):
        rows.append((proxy.name, *_cells(_measured(proxy, load, stations, conversation), bare)))
    show(rows)
    print()


def by_action(load: Load) -> None:
    """What each kind of message costs, and how that grows with the number of stations."""
    conversations = {
        "Heartbeat": links.heartbeats,
        "Authorize": links.authorizations,
        "StatusNotification": links.statuses,
        "MeterValues in a transaction": links.metering(3),
        "a charging station's day": links.charging,
    }
    for name, conversation in conversations.items():
        _against_bare(f"{name}, 20 stations", load, 20, conversation, FULL, LEAN)
    for stations in (1, 100, 1000):
        title = f"a charging station's day, {stations} station{'s' if stations > 1 else ''}"
        _against_bare(title, load, stations, links.charging, FULL, LEAN)


def by_size(load: Load) -> None:
    """How the cost grows with the number of sampled values in a message."""
    for samples in (1, 10, 100, 500):
        _against_bare(f"MeterValues, {samples} values", load, 20, links.metering(samples), FULL)


def by_workers(load: Load) -> None:
    """One process and two. This process needs a processor, too."""
    two = Proxy("the same, two workers", "enforce", "sqlite", workers=2)
    _against_bare("a charging station's day, 100 stations", load, 100, links.charging, FULL, two)
    print(f"Of {os.cpu_count()} processors, the stations and the CSMS take one: with less than three, a second worker")
    print("has none to itself, and only us/call says what it costs.\n")


def memory(stations: int) -> None:
    """What an idle station holds, both its connections included."""
    rows: list[tuple[Any, ...]] = [(f"{stations} idle stations", "KiB each")]
    for proxy in (BARE, FULL, LEAN):
        rows.append((proxy.name, f"{_measured(proxy, Load(0), stations, links.heartbeats).memory:.1f}"))
    show(rows)
    print()


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each load runs (default: 3)")
    parser.add_argument("--csms", choices=("ocpp2.0.1", "ocpp2.1"), default="ocpp2.0.1", help="what the CSMS speaks")
    parser.add_argument("--beside", metavar="COMMAND", help="another proxy; {port}, and {csms} as a URL, are filled in")
    parser.add_argument("--stations", type=int, default=2000, help="for the part memory (default: 2000)")
    parser.add_argument("--pair", type=Pair.parse, action="append", help="for the part mappings (default: all)")
    parser.add_argument("--no-interpreted", action="store_true", help="leave out interpreted mappings, which are slow")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    parts = arguments.parts or PARTS
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    print(f"load at the start: {os.getloadavg()[0]:.1f}\n")
    if "startup" in parts:
        startup.report()
    if "growth" in parts:
        growth.report()
    if "session" in parts:
        sessions.report()
    if "mappings" in parts:
        mappings.report(arguments.pair or PAIRS, slow=not arguments.no_interpreted)
        print()
    if {"links", "sizes", "workers"} & set(parts):
        print(f"Calls end to end, as fast as they are answered: a 1.6 station, a CSMS that speaks {arguments.csms}.")
        print("us/call: processor time\n")
    others = (Proxy(arguments.beside.split()[0], "other", command=arguments.beside),) if arguments.beside else ()
    load = Load(arguments.seconds, arguments.csms, others)
    if "links" in parts:
        by_action(load)
    if "sizes" in parts:
        by_size(load)
    if "workers" in parts:
        by_workers(load)
    if "memory" in parts:
        memory(arguments.stations)
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
