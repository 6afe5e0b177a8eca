"""Plays the cases that stand beside mappings."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..conversation import Case, SessionStage, load_cases, play_on
from ..crosswalk import Crosswalk
from ..diagnostics import Diagnostics, Position, Severity
from ..mapping.document import load_document
from ..versions import Pair

SUFFIX = ".cases.yaml"


def play_cases(
    crosswalk: Crosswalk,
    pair: Pair,
    roots: Sequence[Path],
    diagnostics: Diagnostics,
    passed_over: Container[str] = (),
) -> tuple[int, set[tuple[str, str, str]]]:
    """Play every case that ``roots`` (folders of mappings) hold for the mappings of ``pair``, but those of files in
    ``passed_over``. Gives how many there were, and the routes that they took: side, action, the route's name."""
    played = 0
    taken: set[tuple[str, str, str]] = set()
    for folder in _folders(crosswalk, pair, roots):
        for path in sorted(folder.glob("*.yaml")):
            if not path.name.endswith(SUFFIX) and not path.with_name(f"{path.stem}{SUFFIX}").is_file():
                diagnostics.add(
                    "XW303",
                    Position(str(path)),
                    f"the mapping of {path.stem} has no cases",
                    f"Write {path.stem}{SUFFIX} beside it, with a call that is carried and an odd one.",
                    severity=Severity.NOTE,
                )
    for path, case in cases_of(crosswalk, pair, roots, diagnostics):
        if str(path.with_name(f"{path.name.removesuffix(SUFFIX)}.yaml")) in passed_over:
            continue
        played += 1
        taken |= _play(case, crosswalk, pair, diagnostics)
    return played, taken


def cases_of(
    crosswalk: Crosswalk, pair: Pair, roots: Sequence[Path], diagnostics: Diagnostics
) -> Iterator[tuple[Path, Case]]:
    """The cases that ``roots`` hold for the mappings of ``pair``, each with its file.

    A mapping that the pair takes over from another, unchanged or amended by a patch, is held to that pair's cases too,
    but for those that have a namesake in a file of its own.
    """
    known: set[tuple[str, str, str]] = set()
    for folder in _folders(crosswalk, pair, roots):
        own = folder.parent.name == str(pair)
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            action = path.name.removesuffix(SUFFIX)
            if not own and _replaced(pair, roots, folder.name, action):
                continue
            for case in load_cases(path, diagnostics):
                if own:
                    known.add((folder.name, action, case.name))
                elif (folder.name, action, case.name) in known:
                    continue
                yield path, case


def _folders(crosswalk: Crosswalk, pair: Pair, roots: Sequence[Path]) -> Iterator[Path]:
    """The folders of the mappings that ``pair`` has or takes over, where ``roots`` have them."""
    for name in (str(pair), *map(str, crosswalk.mappings(pair).bases)):
        for root in roots:
            for side in ("from-station", "from-csms"):
                if (root / name / side).is_dir():
                    yield root / name / side


def _replaced(pair: Pair, roots: Sequence[Path], side: str, action: str) -> bool:
    """Whether the pair has a mapping of its own, which owes nothing to the one that it replaces."""
    own = (root / str(pair) / side / f"{action}.yaml" for root in roots)
    return any(path.is_file() and not load_document(path).value.get("patch") for path in own)


def _play(case: Case, crosswalk: Crosswalk, pair: Pair, diagnostics: Diagnostics) -> set[tuple[str, str, str]]:
    stages: list[SessionStage] = []

    def stage(now: float, settings: Mapping[str, Any]) -> SessionStage:
        stages.append(SessionStage(crosswalk, pair, now=now, settings=settings))
        return stages[-1]

    for finding in play_on(stage, case, pair):
        diagnostics.add(finding.code, finding.at, finding.message, finding.remedy, finding.path, finding.severity)
    return {
        (event.side, event.action, event.detail["route"])
        for one in stages
        for event in one.events
        if "route" in event.detail
    }
