"""docs/traps.md: every trap names a proof, and every proof that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ocpp_crosswalk.conversation import load_cases

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "traps.md"
PAIR = ROOT / "mappings" / "ocpp1.6--ocpp2.0.1"


def traps() -> list[tuple[str, list[str]]]:
    """Each trap of the page, with the proofs that it names."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    rows = [row for row in cells if row[0] not in ("Trap", "---")]
    return [(row[0], re.findall(r"`([^`]+::[^`]+)`", row[1])) for row in rows]


def files(name: str) -> list[Path]:
    """The files that a proof may mean."""
    if "/" in name:
        return [ROOT / name]
    if name.endswith(".cases.yaml"):
        return [PAIR / side / name for side in ("from-station", "from-csms")]
    return [ROOT / "tests" / "transcripts" / name]


@pytest.mark.parametrize(("trap", "proofs"), traps())
def test_it_is_proven(trap: str, proofs: list[str]) -> None:
    assert proofs, "a trap names the case, transcript or test that proves it"
    for proof in proofs:
        name, _, title = proof.partition("::")
        found = [path for path in files(name) if path.is_file()]
        assert found, f"there is no {name}"
        if name.endswith(".py"):
            assert re.search(rf"^(?:async )?def {re.escape(title)}\(", found[0].read_text("utf-8"), re.MULTILINE), proof
        else:
            assert any(case.name == title for path in found for case in load_cases(path)), proof


def test_the_page_has_traps() -> None:
    assert len(traps()) > 50
