"""Plants faults in the mappings, one at a time, and counts how many the checker finds, and by what.

    python tools/plant_faults.py [--count 1000] [--seed 1] [--kind KIND]... [--jobs 2] [--all]

Each fault is one random edit of one file of a copy of the mappings (the kinds are in `fault_kinds`). The static
checker looks at the mappings that the file has to do with. What it does not find is tried on the cases of their pairs
and, last, on generated calls of their actions. The output is a table by kind: how many were planted, and how many were
found by types, by cases and by generated calls; then every fault that nothing found, by file, line and edit. `--all`
lists those that types did not find as well. Exit 1 when a fault that types should see was not found at all.
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
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from fault_kinds import BY_MEANING, BY_TYPES, PAIRS_ONLY, TABLES_ONLY, Source
from ocpp_crosswalk import Crosswalk, MappingError, Pair
from ocpp_crosswalk.check.cases import play_cases
from ocpp_crosswalk.check.prove import prove
from ocpp_crosswalk.check.static import check_pack
from ocpp_crosswalk.diagnostics import Diagnostics
from ocpp_crosswalk.mapping import pack as pack_module
from ocpp_crosswalk.mapping.document import Document, parse_document
from ocpp_crosswalk.resources import folder

KINDS = {**BY_TYPES, **BY_MEANING}
EXAMPLES = 60
"""Generated calls for a fault that nothing else found."""
FEW = 5
"""The same for a file that many mappings use."""
SHARED = ("tables", "parts", "copies", "repairs")
_PLAIN = ("pair.yaml", "settings.yaml")


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


def plant(task: tuple[str, str]) -> Outcome:
    """Plant one fault of a kind, chosen by a seed, and see what finds it."""
    kind, seed = task
    world = _world()
    rng = random.Random(zlib.crc32(f"{seed} {kind}".encode()))
    for _ in range(300):
        file = rng.choice(world.files(kind))
        original = file.read_text("utf-8")
        try:
            edit = KINDS[kind](Source(file, original), rng)
        except MappingError:  # half of an exchange is no YAML
            continue
        if edit is None or edit.text == original or (edit.text and not _is_yaml(edit.text, kind)):
            continue
        part = world.part(file)
        try:
            if edit.text:
                file.write_text(edit.text, "utf-8")
            else:
                file.unlink()
            stage, code = part.found(rng.randrange(10**6))
        finally:
            file.write_text(original, "utf-8")
        return Outcome(kind, f"mappings/{file.relative_to(world.root)}:{edit.line}", edit.what, stage, code)
    return Outcome(kind, "", "", "no place")


def _is_yaml(text: str, kind: str) -> bool:
    """Whether the fault is one of meaning, and not one of YAML's syntax by accident."""
    try:
        parse_document(text, "")
    except MappingError:
        return kind == "repeat-key"
    return True


def _work_in(place: str) -> None:
    """Plant faults in a folder of this process below ``place``."""
    tempfile.tempdir = place


@cache
def _world() -> World:
    """The world of this process."""
    pack_module.load_document = lambda path, **more: _document(path.read_text("utf-8-sig"), str(path))  # type: ignore
    return World(Path(tempfile.mkdtemp()))


@cache
def _document(text: str, file: str) -> Document:
    """Each text is read once: almost all files are the same from fault to fault."""
    return parse_document(text, file)


class World:
    """A copy of the mappings that faults are planted in, and the same mappings without any fault, ready to run."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "mappings"
        shutil.copytree(folder("mappings"), self.root)
        self._all = [file for file in sorted(self.root.rglob("*.yaml")) if not file.name.endswith(".cases.yaml")]
        self._texts = {file: file.read_text("utf-8") for file in self._all}
        self.sound = Crosswalk.load([self.root], builtin=False)
        for pair in self.sound.pairs:
            self.sound.mappings(pair)
        self._parts: dict[Path, Part] = {}

    def files(self, kind: str) -> list[Path]:
        """The files that faults of a kind are planted in."""
        if kind in TABLES_ONLY:
            return [file for file in self._all if file.parent.name == "tables"]
        if kind in PAIRS_ONLY:
            return [file for file in self._all if file.name == "pair.yaml"]
        return [file for file in self._all if file.parent.name != "repairs" and file.name not in _PLAIN]

    def part(self, file: Path) -> Part:
        """The part of the world that a file has to do with."""
        if file not in self._parts:
            self._parts[file] = Part(self, file, sorted(self._users(file)))
        return self._parts[file]

    def _users(self, file: Path, seen: frozenset[Path] = frozenset()) -> set[Path]:
        """The mapping files that are what they are because of ``file``: itself, those of pairs that extend its own or
        that it amends, those that name a shared one."""
        if file.name == "pair.yaml":
            own = [one for one in self._all if file.parent in one.parents and one != file]
            return {relative for one in own for relative in self._users(one)}
        if file.parent.name not in SHARED:
            named = (one for one in self._all if one.parts[-2:] == file.parts[-2:])
            return {one for one in named if self._related(one.parts[-3], file.parts[-3])}
        word = {"copies": r"\$copy: true"}.get(file.parent.name, rf"\$(?:table|part): {re.escape(file.stem)}\b")
        found: set[Path] = set()
        for one, text in self._texts.items():
            if one not in seen and one != file and re.search(word, text):
                found |= self._users(one, seen | {file})
        return found

    def _related(self, one: str, other: str) -> bool:
        """Whether one of two pairs extends the other, or they are the same."""
        bases = {str(pair): set(map(str, self.sound.mappings(pair).bases)) for pair in self.sound.pairs}
        return one == other or one in bases[other] or other in bases[one]


class Part:
    """The mapping files that one file has to do with, with all that pairs share: a small world of their own."""

    def __init__(self, world: World, file: Path, users: list[Path]) -> None:
        self._world = world
        self._file = file
        self._root = world.place / f"part-{len(list(world.place.iterdir()))}"
        self._root.mkdir()
        for entry in world.root.iterdir():
            if entry.name in SHARED or entry.is_file():
                (self._root / entry.name).symlink_to(entry)
            else:
                (self._root / entry.name).mkdir()
                (self._root / entry.name / "pair.yaml").symlink_to(entry / "pair.yaml")
        self._users = users
        self._known = self._findings(self._load())

    def _load(self) -> Crosswalk:
        for one in self._users:
            place = self._root / one.relative_to(self._world.root)
            place.parent.mkdir(exist_ok=True)
            place.unlink(missing_ok=True)
            if one.exists():
                place.symlink_to(one)
        return Crosswalk.load([self._root], builtin=False)

    def _findings(self, crosswalk: Crosswalk) -> set[tuple[str, str]]:
        """What types say. What is unused in the whole cannot be told here."""
        found = check_pack(crosswalk.pack, crosswalk.pairs)
        return {(item.code, item.message) for item in found if item.code not in ("XW225", "XW226")}

    def found(self, seed: int) -> tuple[str, str]:
        """The stage that finds what is wrong with the file, and the first code."""
        try:
            crosswalk = self._load()
        except MappingError as error:
            return "types", error.diagnostics[0].code
        if new := self._findings(crosswalk) - self._known:
            return "types", min(new)[0]
        pairs = self._among_the_sound(crosswalk)
        for play in (self._cases_beside, self._all_cases):
            for pair in pairs:
                if code := play(crosswalk, pair):
                    return "cases", code
        for pair in pairs:
            diagnostics = Diagnostics()
            touched = {str(self._root / one.relative_to(self._world.root)) for one in self._users}
            others = {one.at.file for one in crosswalk.mappings(pair).mappings.values()} - touched
            examples = EXAMPLES if len(self._users) <= len(pairs) + 1 else FEW
            prove(crosswalk, pair, examples=examples, seed=seed, diagnostics=diagnostics, passed_over=others)
            if diagnostics.items:
                return "generated", diagnostics.items[0].code
        return "missed", ""

    def _among_the_sound(self, crosswalk: Crosswalk) -> list[Pair]:
        """Give ``crosswalk`` the sound mappings for all that it lacks; gives the pairs that have one of its own."""
        pairs = []
        for pair in crosswalk.pairs:
            small, whole = crosswalk.pack.pair(pair), self._world.sound.mappings(pair)
            own = {key: one for key, one in small.mappings.items() if not one.at.file.endswith("pair.yaml")}
            if self._file.name == "pair.yaml":
                own = dict(small.mappings)
            if own or not self._users:
                pairs.append(pair)
            crosswalk.pack._pairs[pair] = replace(whole, mappings={**whole.mappings, **own}, drops=small.drops)
        return pairs

    def _cases_beside(self, crosswalk: Crosswalk, pair: Pair) -> str:
        actions = {one.stem for one in self._users}
        others = [str(one) for one in self._world.files("") if one.stem not in actions]
        return self._play(crosswalk, pair, others)

    def _all_cases(self, crosswalk: Crosswalk, pair: Pair) -> str:
        return self._play(crosswalk, pair, ())

    def _play(self, crosswalk: Crosswalk, pair: Pair, passed_over: Sequence[str]) -> str:
        diagnostics = Diagnostics()
        play_cases(crosswalk, pair, [self._world.root], diagnostics, passed_over)
        return diagnostics.errors[0].code if diagnostics.errors else ""


if __name__ == "__main__":
    sys.exit(main())
