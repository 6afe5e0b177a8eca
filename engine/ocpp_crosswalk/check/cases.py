"""Plays the cases that stand beside mappings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..conversation import Case, SessionStage, load_cases, play_on
from ..crosswalk import Crosswalk
from ..diagnostics import Diagnostics, Severity
from ..mapping import model
from ..versions import Pair

SUFFIX = ".cases.yaml"


def play_cases(crosswalk: Crosswalk, pair: Pair, diagnostics: Diagnostics) -> tuple[int, set[tuple[str, str, str]]]:
    """Play every case of the mappings of ``pair``.

    Gives how many there were, and the routes that they took: side, action and the route's name.
    """
    played = 0
    taken: set[tuple[str, str, str]] = set()
    for mapping in crosswalk.mappings(pair).mappings.values():
        path = cases_of(mapping)
        if path is None:
            continue
        if not path.is_file():
            if path.with_name(f"{mapping.action}.yaml").is_file():
                diagnostics.add(
                    "XW303",
                    mapping.at,
                    f"the mapping of {mapping.action} has no cases",
                    f"Write {path.name} beside it, with a call that is carried and an odd one.",
                    severity=Severity.NOTE,
                )
            continue
        for case in load_cases(path, diagnostics):
            played += 1
            taken |= _play(case, crosswalk, pair, diagnostics)
    return played, taken


def cases_of(mapping: model.Mapping) -> Path | None:
    """Where the cases of ``mapping`` belong; None for a line of a pair's table of refusals and for timers."""
    file = Path(mapping.at.file)
    in_folder = file.parent.name.startswith("from-") and mapping.origin != "timer"
    return file.with_name(f"{mapping.action}{SUFFIX}") if in_folder else None


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
