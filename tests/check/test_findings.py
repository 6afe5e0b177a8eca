"""Every finding of the loader and the checker: a small mapping that has it, and the whole text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocpp_crosswalk.check import check
from ocpp_crosswalk.codes import CODES

ENTRIES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("findings.yaml").read_text("utf-8"))
PAIR = "ocpp1.6--ocpp2.0.1"
ELSEWHERE = {
    "XW100": "tests/mapping/test_pack.py",
    "XW120": "tests/mapping/test_pack.py",
    "XW251": "needs a fault of the engine: test_prove.py",
    "XW252": "needs a fault of the engine: test_prove.py",
    "XW253": "needs a fault of the engine: test_prove.py",
    "XW301": "needs a fault of the engine: tests/test_conversation.py",
    "XW700": "tests/runner/test_config_file.py",
}


def found(root: Path, code: str, files: dict[str, str]) -> list[str]:
    """The findings of ``code`` in a folder of these files, without the folder's name."""
    (root / PAIR).mkdir()
    (root / PAIR / "pair.yaml").write_text(f"pair: {PAIR}\n", "utf-8")
    for name, text in files.items():
        path = root / name if "/" in name else root / PAIR / "from-station" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    report = check([root], builtin=False, examples=20)
    return [str(finding).replace(f"{root}{os.sep}", "") for finding in report.findings if finding.code == code]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["code"]))
def test_finding(entry: dict[str, Any], tmp_path: Path) -> None:
    findings = found(tmp_path, entry["code"], entry["files"])
    assert entry["text"].rstrip("\n") in findings
    assert len(findings) == 1 or not entry.get("alone")


def test_every_code_has_a_test() -> None:
    tested = {entry["code"] for entry in ENTRIES} | set(ELSEWHERE)
    assert tested >= {code for code in CODES if not code.startswith("XW7")}
