"""docs/mapping-guide.md: its files are written and its commands run, section by section."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ocpp_crosswalk.cli import main

GUIDE = Path(__file__).parents[1] / "docs" / "mapping-guide.md"
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str, str]]:
    """Every fenced block that is a file or a console: its language, file name and text."""
    return [(kind, name or "", text) for kind, name, text in FENCE.findall(GUIDE.read_text("utf-8"))]


def matches(expected: str, printed: str) -> bool:
    """Whether the output is as shown, where `...` stands for anything."""
    parts = [re.escape(part) for part in expected.strip().split("...")]
    return re.fullmatch(r"\s*" + ".*?".join(parts) + r"\s*", printed.strip(), re.DOTALL) is not None


def test_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    ran = 0
    for kind, name, text in blocks():
        if name:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        elif kind == "console":
            command, _, expected = text.partition("\n")
            program, *arguments = shlex.split(command.removeprefix("$ "))
            assert program == "ocpp-crosswalk"
            main(arguments)
            printed = capsys.readouterr().out
            assert matches(expected, printed), f"{command}\n{printed}"
            ran += 1
    assert ran >= 10
