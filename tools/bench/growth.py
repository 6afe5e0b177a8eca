"""How cost grows with the number of mappings: pairs, folders that are laid over, tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from links import charging, resident_bytes, show
from sessions import Host, costs, session_of

from ocpp_crosswalk import Crosswalk, Pair
from ocpp_crosswalk.resources import folder

PAIR = "ocpp1.6--ocpp2.0.1"
OTHERS = ("ocpp2.1--ocpp2.0.1", "ocpp1.6--ocpp2.1", "ocpp2.0.1--ocpp2.1", "ocpp2.0.1--ocpp1.6", "ocpp2.1--ocpp1.6")
BATCHES = 100


@dataclass(frozen=True)
class Setup:
    """What is loaded: ``pairs``, with so many ``layers`` that amend every mapping of the first, and ``tables``."""

    name: str
    pairs: int = 1
    layers: int = 0
    tables: int = 0


SETUPS = (
    Setup("one pair"),
    Setup("two pairs", pairs=2),
    Setup("six pairs", pairs=6),
    Setup("one pair, each mapping amended", layers=1),
    Setup("one pair, each mapping amended 20 times", layers=20),
    Setup("one pair, 1,000 tables more", tables=1000),
)


def layers_of(setup: Setup, root: Path) -> Iterator[Path]:
    """The folders of a user, written under ``root``."""
    for number in range(setup.layers):
        layer = root / f"layer{number}"
        for path in sorted((folder("mappings") / PAIR).glob("from-*/*.yaml")):
            if not path.name.endswith(".cases.yaml"):
                amended = layer / PAIR / path.parent.name / path.name
                amended.parent.mkdir(parents=True, exist_ok=True)
                amended.write_text(f"call: {path.stem}\npatch: true\nnote: Amended {number}.\n", "utf-8")
        yield layer
    if setup.tables:
        tables = root / "more" / "tables"
        tables.mkdir(parents=True)
        for number in range(setup.tables):
            values = ", ".join(f"A{value}: B{value}" for value in range(10))
            text = f"table: own-{number}\ndescription: An example.\nvalues: {{{values}}}\n"
            (tables / f"own-{number}.yaml").write_text(text, "utf-8")
        yield root / "more"


def measure(pairs: int, layers: list[str]) -> dict[str, float]:
    """In a process of its own: processor seconds to load, memory, the first message, and a call of a station's day."""
    before = resident_bytes(os.getpid())
    began = process_time()
    crosswalk = Crosswalk.load(layers)
    for pair in (PAIR, *OTHERS)[:pairs]:
        crosswalk.mappings(Pair.parse(pair))
    loaded = process_time()
    host = Host(session_of(crosswalk), charging)
    host.exchange()
    first = process_time()
    memory = resident_bytes(os.getpid()) - before
    (spent,) = costs([host], BATCHES)
    return {"load": loaded - began, "memory": memory / 2**20, "first": 1e3 * (first - loaded), "call": spent.total}


def report() -> None:
    """Print the table; of three processes for each row the best."""
    print("What is loaded, and what that costs: a station's day, 1.6 with a 2.0.1 CSMS, with validation, in process")
    rows: list[tuple[object, ...]] = [("", "files", "load s", "MiB", "first ms", "us/call")]
    for setup in SETUPS:
        with tempfile.TemporaryDirectory() as root:
            layers = [str(layer) for layer in layers_of(setup, Path(root))]
            files = sum(1 for _ in Path(root).rglob("*.yaml"))
            command = [sys.executable, __file__, str(setup.pairs), *layers]
            runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(3)]
            best = {key: min(run[key] for run in runs) for key in runs[0]}
            load, memory, first, call = (best[key] for key in ("load", "memory", "first", "call"))
            rows.append((setup.name, files, f"{load:.2f}", f"{memory:.0f}", f"{first:.0f}", f"{call:.0f}"))
    show(rows)
    print()


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2:])))
