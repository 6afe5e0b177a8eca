"""tools/converse.py, some conversations of it; and that it finds the faults that are planted here."""

from __future__ import annotations

from pathlib import Path

import pytest

from converse import converse
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.versions import PAIRS

PLANTED = {
    "a value that no version has": (
        "tables/charging-needs-status-to-2.0.1.yaml",
        "NoChargingProfile: Rejected",
        "NoChargingProfile: Refused",
    ),
    "a required field is forgotten": (
        "copies/ocpp2.0.1--ocpp2.1.yaml",
        "{'eventNotificationType': $monitorOrigin($of, $variable, type, severity)}",
        "{}",
    ),
    "a text instead of a number": (
        "ocpp2.0.1--ocpp2.1/from-csms/SetVariableMonitoring.yaml",
        "        severity: severity\n",
        "        severity: $string(severity)\n",
    ),
}


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_whatever_is_said_what_leaves_is_valid_and_answered_once(pair: object) -> None:
    result = converse(str(pair), 5000, 25, 12)
    assert not result.faults, result.examples
    assert result.outcomes["answered"] > 40
    assert result.outcomes["refused"]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    name, old, new = PLANTED[fault]
    text = (folder("mappings") / name).read_text("utf-8")
    assert old in text
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(old, new), "utf-8")
    assert converse("ocpp2.0.1--ocpp2.1", 0, 400, 12, tmp_path).faults["invalid output"]
