"""Every *.cases.yaml of the mappings, on the pair of its folder and on the pairs that inherit the mapping.

Each is played twice, the second time with a new process after everything that happens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.check.cases import SUFFIX, cases_of
from ocpp_crosswalk.conversation import Case, load_cases, play
from ocpp_crosswalk.diagnostics import Diagnostics
from ocpp_crosswalk.mapping.pack import ORIGINS
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.versions import Pair

ROOT = folder("mappings")
CROSSWALK = Crosswalk.load()


def own() -> list[tuple[Pair, Path]]:
    """The cases files, each with the pair of its folder."""
    return [(Pair.parse(path.parents[1].name), path) for path in sorted(ROOT.glob(f"*/*/*{SUFFIX}"))]


def parameters() -> list[Any]:
    """Pair and case, named ``pair/side/action::name``; inherited ones say from where."""
    rows = []
    for pair in CROSSWALK.pairs:
        if CROSSWALK.pack.findings(pair):
            continue  # every case of this pair fails, and says why
        for path, case in cases_of(CROSSWALK, pair, [ROOT], Diagnostics()):
            written = path.parents[1].name
            origin = "" if written == str(pair) else f" (from {written})"
            where = f"{pair}/{path.parent.name}/{path.name.removesuffix(SUFFIX)}"
            rows.append(pytest.param(pair, case, id=f"{where}::{case.name}{origin}"))
    return rows


@pytest.mark.parametrize(("pair", "case"), parameters())
def test_case(pair: Pair, case: Case) -> None:
    found = play(case, CROSSWALK, pair) or play(case, CROSSWALK, pair, always_restart=True)
    assert not found, "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for _, path in own()])
def test_the_file_is_sound(path: Path) -> None:
    assert load_cases(path)


def test_every_cases_file_belongs_to_a_mapping() -> None:
    stray = []
    for pair, path in own():
        if CROSSWALK.mappings(pair).find(ORIGINS[path.parent.name], path.name.removesuffix(SUFFIX)) is None:
            stray.append(str(path))
    assert not stray
