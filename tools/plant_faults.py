"""Plants faults in the mappings, one at a time, and counts how many the checker finds, and by what.

    python tools/plant_faults.py [--count 1000] [--seed 1] [--kind KIND]... [--jobs 2] [--all]

Each fault is one random edit of one file of a copy of the mappings (the kinds are in `fault_kinds.py`). The static
checker looks at the file in every pair that uses it. What it does not find is tried on the cases of these pairs and,
last, on generated calls of the action. The output is a table by kind: how many were planted, and how many were found
by types, by cases and by generated calls; then every fault that nothing found, by file, line and edit. `--all` lists
those that types did not find as well. Exit 1 when a fault that types should see was not found at all.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fault_kinds import BY_MEANING, BY_TYPES, PAIRS_ONLY, TABLES_ONLY, Source
from ocpp_crosswalk import Crosswalk, MappingError, Pair
from ocpp_crosswalk.check.cases import play_cases
from ocpp_crosswalk.check.prove import prove
from ocpp_crosswalk.check.static import check_pack
from ocpp_crosswalk.diagnostics import Diagnostics, Severity
from ocpp_crosswalk.mapping import pack as pack_module
from ocpp_crosswalk.mapping.document import Document, parse_document
from ocpp_crosswalk.resources import folder

KINDS = {**BY_TYPES, **BY_MEANING}
EXAMPLES = 60
"""Generated calls for a fault that nothing else found."""
SHARED = ("tables", "parts", "copies", "repairs")


@dataclass(frozen=True)
class Outcome:
    """One fault and what found it: codes by stage, or nothing."""

    kind: str
    place: str
    what: str
    stage: str
    code: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many faults (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of all edits (default 1)")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only this kind; repeatable")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes (default 2)")
    parser.add_argument("--all", action="store_true", help="list every fault that types did not find")
    args = parser.parse_args()
    began = time.perf_counter()
    kinds = args.kind or list(KINDS)
    tasks = [(kinds[number % len(kinds)], f"{args.seed} {number}") for number in range(args.count)]
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as place,
        ProcessPoolExecutor(args.jobs, initializer=_work_in, initargs=(place,)) as pool,
    ):
        for outcome in pool.map(plant, tasks, chunksize=8):
            outcomes.append(outcome)
            if sys.stderr.isatty():
                print(f"\r{len(outcomes)} of {args.count}", end="", file=sys.stderr, flush=True)
    _print(kinds, outcomes, args.all)
    print(f"seed {args.seed}, {time.perf_counter() - began:.0f} s")
    return int(any(outcome.stage == "missed" and outcome.kind in BY_TYPES for outcome in outcomes))


def _print(kinds: list[str], outcomes: list[Outcome], everything: bool) -> None:
    stages = ("types", "cases", "generated", "missed")
    print(f"{'kind':24}{'planted':>8}" + "".join(f"{stage:>10}" for stage in stages) + "  by")
    for name in [*kinds, "all"]:
        of_kind = [one for one in outcomes if name in (one.kind, "all") and one.stage != "no place"]
        counts = Counter(one.stage for one in of_kind)
        codes = Counter(one.code for one in of_kind if one.code).most_common(4)
        figures = "".join(f"{counts[stage]:10}" for stage in stages)
        print(f"{name:24}{len(of_kind):8}{figures}  {', '.join(f'{code} {count}' for code, count in codes)}")
    for one in sorted(outcomes, key=lambda one: (one.stage, one.place)):
        if one.stage == "missed" or (everything and one.stage in ("cases", "generated")):
            print(f"{one.stage}: {one.place}: {one.kind}: {one.what}" + (f" ({one.code})" if one.code else ""))


# -- one fault --


def _work_in(place: str) -> None:
    """Plant faults in a folder of this process below ``place``."""
    tempfile.tempdir = place


@cache
def _world() -> Path:
    """A copy of the mappings, one for each process, that faults are planted in."""
    root = Path(tempfile.mkdtemp()) / "mappings"
    shutil.copytree(folder("mappings"), root)
    pack_module.load_document = lambda path, **more: _document(path.read_text("utf-8-sig"), str(path))  # type: ignore
    sound = _sound(root)
    for pair in sound.pairs:
        sound.mappings(pair)
    return root


@cache
def _document(text: str, file: str) -> Document:
    """Each text is read once: almost all files are the same from fault to fault."""
    return parse_document(text, file)


def plant(task: tuple[str, str]) -> Outcome:
    """Plant one fault of a kind, chosen by a seed, and see what finds it."""
    kind, seed = task
    root = _world()
    rng = random.Random(zlib.crc32(f"{seed} {kind}".encode()))
    for _ in range(300):
        file = rng.choice(_files(root, kind))
        original = file.read_text("utf-8")
        edit = KINDS[kind](Source(file, original), rng)
        if edit is None or edit.text == original or (edit.text and not _is_yaml(edit.text, kind)):
            continue
        place = f"mappings/{file.relative_to(root)}:{edit.line}"
        try:
            if edit.text:
                file.write_text(edit.text, "utf-8")
            else:
                file.unlink()
            stage, code = _found(root, file, rng.randrange(10**6))
        finally:
            file.write_text(original, "utf-8")
        return Outcome(kind, place, edit.what, stage, code)
    return Outcome(kind, "", "", "no place")


@cache
def _files(root: Path, kind: str) -> list[Path]:
    files = [file for file in sorted(root.rglob("*.yaml")) if not file.name.endswith(".cases.yaml")]
    if kind in TABLES_ONLY:
        return [file for file in files if file.parent.name == "tables"]
    if kind in PAIRS_ONLY:
        return [file for file in files if file.name == "pair.yaml"]
    return [file for file in files if file.name not in ("pair.yaml", "settings.yaml") and file.parent.name != "repairs"]


def _is_yaml(text: str, kind: str) -> bool:
    """Whether the fault is one of meaning, and not one of YAML's syntax by accident."""
    try:
        parse_document(text, "")
    except MappingError:
        return kind == "repeat-key"
    return True


def _found(root: Path, file: Path, seed: int) -> tuple[str, str]:
    """The stage that finds what is wrong with ``file``, and the first code."""
    pairs = list(_pairs_of(root, file))
    if file.is_file() and file.parent.parent.name in map(str, pairs):
        small = _small_world(root, file, pairs)
        new = _static(small, pairs) - _known(small, file, tuple(pairs))
    else:
        new = _static(root, pairs) - _static_of_sound(root, tuple(pairs))
    if new:
        return "types", min(new)[0]
    crosswalk = Crosswalk.load([root], builtin=False)
    for pair in pairs:
        if unusable := crosswalk.pack.findings(pair):
            return "types", unusable[0].code
        diagnostics = Diagnostics()
        play_cases(crosswalk, pair, [root], diagnostics)
        failed = [item for item in diagnostics.items if item.severity is Severity.ERROR]
        if failed:
            return "cases", failed[0].code
    for pair in pairs:
        diagnostics = Diagnostics()
        others = {mapping.at.file for mapping in crosswalk.mappings(pair).mappings.values()} - {str(file)}
        passed_over = others if file.parent.name.startswith("from-") else set()
        examples = EXAMPLES if passed_over else 5
        prove(crosswalk, pair, examples=examples, seed=seed, diagnostics=diagnostics, passed_over=passed_over)
        if diagnostics.items:
            return "generated", diagnostics.items[0].code
    return "missed", ""


def _pairs_of(root: Path, file: Path) -> Iterator[Pair]:
    """The pairs that a file has to do with: its own and those that extend it, or those that use a shared one."""
    crosswalk = _sound(root)
    for pair in crosswalk.pairs:
        names = {str(pair), *map(str, crosswalk.mappings(pair).bases)}
        parents = {step.name for step in file.parents}
        if names & parents:
            own = root / str(pair) / file.parent.name / file.name
            if file.name == "pair.yaml" or own == file or not own.is_file():
                yield pair
        elif file.parent.name in SHARED and any(name in _users(root, file.parent.name, file.stem) for name in names):
            yield pair


@cache
def _sound(root: Path) -> Crosswalk:
    """The mappings without any fault."""
    return Crosswalk.load([root], builtin=False)


@cache
def _users(root: Path, where: str, name: str) -> set[str]:
    """The pairs whose files name a table or part, themselves or by another part."""
    if where in ("copies", "repairs"):
        return {str(pair) for pair in _sound(root).pairs}
    word = re.compile(rf"\$(?:table|part): {re.escape(name)}\b")
    found: set[str] = set()
    for file in root.rglob("*.yaml"):
        if word.search(file.read_text("utf-8")):
            if file.parent.name in SHARED:
                found |= _users(root, file.parent.name, file.stem)
            else:
                found.add(file.relative_to(root).parts[0])
    return found or {str(pair) for pair in _sound(root).pairs}


def _static(root: Path, pairs: list[Pair]) -> set[tuple[str, str, str]]:
    """What the static checker says, without places."""
    try:
        crosswalk = Crosswalk.load([root], builtin=False)
    except MappingError as error:
        return {(item.code, item.at.file, item.message) for item in error.diagnostics}
    return {(item.code, item.at.file, item.message) for item in check_pack(crosswalk.pack, pairs)}


@cache
def _static_of_sound(root: Path, pairs: tuple[Pair, ...]) -> set[tuple[str, str, str]]:
    """The same for the mappings without any fault."""
    return {(item.code, item.at.file, item.message) for item in check_pack(_sound(root).pack, pairs)}


def _small_world(root: Path, file: Path, pairs: list[Pair]) -> Path:
    """A folder with one mapping and all that pairs share: what types say of a mapping needs no other."""
    small = root.with_name("small")
    if not small.exists():
        small.mkdir()
        for entry in root.iterdir():
            if entry.name in SHARED or entry.is_file():
                (small / entry.name).symlink_to(entry)
    for pair in _sound(root).pairs:
        shutil.rmtree(small / str(pair), ignore_errors=True)
    for name in {file.parent.parent.name, *map(str, pairs)}:
        (small / name / file.parent.name).mkdir(parents=True)
        shutil.copy(root / name / "pair.yaml", small / name)
    for base in _sound(root).mappings(Pair.parse(file.parent.parent.name)).bases:
        amended = root / str(base) / file.parent.name / file.name
        if amended.is_file():
            place = small / str(base)
            (place / file.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(root / str(base) / "pair.yaml", place)
            shutil.copy(amended, place / file.parent.name)
    shutil.copy(file, small / file.relative_to(root))
    return small


@cache
def _known(small: Path, file: Path, pairs: tuple[Pair, ...]) -> set[tuple[str, str, str]]:
    """What the static checker says of a small world without the fault."""
    root = small.with_name("mappings")
    faulty = small / file.relative_to(root)
    planted = faulty.read_text("utf-8")
    source = folder("mappings") / file.relative_to(root)
    faulty.write_text(source.read_text("utf-8"), "utf-8")
    try:
        return _static(small, list(pairs))
    finally:
        faulty.write_text(planted, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
