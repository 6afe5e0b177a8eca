"""The checker's output for machines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ocpp_crosswalk.check import check
from ocpp_crosswalk.check.formats import FORMATS
from ocpp_crosswalk.cli import main

PAIR = "ocpp1.6--ocpp2.0.1"
FILE = f"{PAIR}/from-station/Heartbeat.yaml"


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one misspelt field, from which the command runs."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine" / FILE
    file.parent.mkdir(parents=True)
    file.write_text("call: Heartbeat\npatch: true\nresponse:\n  currentTime: $utc(curentTime)\n", "utf-8")
    return tmp_path / "mine"


def output(layer: Path, name: str) -> str:
    return FORMATS[name](check([layer], examples=0))


def test_json(layer: Path) -> None:
    document = json.loads(output(layer, "json"))
    (finding,) = [row for row in document["findings"] if row["code"] == "XW201"]
    assert (finding["file"], finding["line"], finding["column"]) == (f"mine/{FILE}", 4, 21)
    assert finding["severity"] == "error"


def test_junit(layer: Path) -> None:
    suite = ElementTree.fromstring(output(layer, "junit"))
    failed = {case.get("name") for case in suite if case.find("failure") is not None}
    assert f"mine/{FILE}" in failed
    assert suite.get("failures") == str(len(failed))


def test_github(layer: Path) -> None:
    assert f"::error file=mine/{FILE},line=4,col=21,title=XW201::there is no field 'curentTime'" in output(
        layer, "github"
    )


def test_sarif(layer: Path) -> None:
    (run,) = json.loads(output(layer, "sarif"))["runs"]
    (result,) = [row for row in run["results"] if row["ruleId"] == "XW201"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == f"mine/{FILE}"
    assert place["region"] == {"startLine": 4, "startColumn": 21}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {"XW201"}


def test_the_exit_code_says_whether_something_was_found(layer: Path, tmp_path: Path) -> None:
    assert main(["check", str(layer), "--pair", PAIR, "--examples", "0"]) == 1
    assert main(["check", str(tmp_path / "nowhere")]) == 2


def test_a_code_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "xw201"]) == 0
    assert "official schema" in capsys.readouterr().out
    assert main(["check", "--explain", "XW999"]) == 2
    assert "there is no finding XW999" in capsys.readouterr().err
