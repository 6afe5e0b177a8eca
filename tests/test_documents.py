"""The documents do what they say: every file and command in them is tried, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documents import DOCS, run

README = DOCS.parent / "README.md"
RUNNING = {README: 3, DOCS / "embedding.md": 6, DOCS / "mapping-guide.md": 13}
"""The documents with commands or programs, and how many at least."""


@pytest.mark.parametrize("document", RUNNING, ids=lambda path: path.name)
def test_it_runs(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    assert run(document, tmp_path) >= RUNNING[document]


@pytest.mark.parametrize("document", [README, *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_its_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


def test_the_commands_of_the_readme_are_the_ones_that_ci_runs() -> None:
    assert "\ntools/test\n" in (DOCS.parent / ".ci" / "run").read_text("utf-8")
    assert "```sh\ntools/test\n```" in README.read_text("utf-8")
