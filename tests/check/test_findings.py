"""Every finding of the loader and the checker: a small mapping that has it, and the whole text."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocpp_crosswalk.check import check
from ocpp_crosswalk.cli import main
from ocpp_crosswalk.codes import codes

ENTRIES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("findings.yaml").read_text("utf-8"))
PAIR = "ocpp1.6--ocpp2.0.1"
FAULTS_OF_THE_ENGINE = {
    "XW251": "test_prove.py",
    "XW252": "test_prove.py",
    "XW253": "test_prove.py",
    "XW301": "tests/test_conversation.py",
}
"""No mapping gives them; where they are tested."""
EXAMPLES = sorted(set(codes()) - set(FAULTS_OF_THE_ENGINE))


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def found(root: Path, code: str) -> list[str]:
    """The findings of ``code`` in the folder `mine`, without the folders' names."""
    hooks = [path for path in (root / "hooks.py",) if path.exists()]
    report = check([root / "mine"], builtin=False, hooks=hooks, examples=20)
    texts = [str(finding) for finding in report.findings if finding.code == code]
    return [text.replace(f"{root}{os.sep}", "").replace(f"mine{os.sep}", "") for text in texts]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["code"]))
def test_finding(entry: dict[str, Any], tmp_path: Path) -> None:
    files: dict[str, str] = {f"mine/{PAIR}/pair.yaml": f"pair: {PAIR}\n"}
    for name, text in entry.get("files", {}).items():
        files[f"mine/{name}" if "/" in name else f"mine/{PAIR}/from-station/{name}"] = text
    write(tmp_path, files if "files" in entry else codes()[entry["code"]].example)
    findings = found(tmp_path, entry["code"])
    assert entry["text"].rstrip("\n") in findings
    assert len(findings) == 1 or not entry.get("alone")


def test_every_code_has_a_test() -> None:
    tested = {entry["code"] for entry in ENTRIES} | set(FAULTS_OF_THE_ENGINE) | {"XW100"}
    assert tested >= {code for code in codes() if not code.startswith("XW7")}


# -- check --explain --


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_example_of_a_code_has_it(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, codes()[code].example)
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(codes()[code].command)
    assert program == "ocpp-crosswalk"
    assert main(arguments) in (1, 2)
    said = "".join(capsys.readouterr())
    assert re.search(rf"\b{code}\b", said), said
    if code < "XW200" or code > "XW700":  # what does not load has no other findings
        assert set(re.findall(r"\bXW\d+\b", said)) == {code}


@pytest.mark.parametrize("code", sorted(codes()))
def test_what_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", code.lower()]) == 0
    said = capsys.readouterr().out
    explained = codes()[code]
    assert said.startswith(f"{code}: {explained.means}\n")
    assert said.endswith(f"\nWhat to do: {explained.do}\n")
    for file, text in explained.example.items():
        assert f"\n{file}\n    {text.splitlines()[0]}\n" in said
    assert bool(explained.command) != (code in FAULTS_OF_THE_ENGINE)


def test_every_number_that_the_engine_gives_is_explained() -> None:
    engine = Path(__file__).parents[2] / "engine" / "ocpp_crosswalk"
    given = {number for file in engine.rglob("*.py") for number in re.findall(r'"(XW\d+)"', file.read_text("utf-8"))}
    assert given == set(codes())
