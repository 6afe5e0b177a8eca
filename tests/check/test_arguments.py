"""Calls of JSONata's own functions, with any number of arguments, given or taken from the context."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocpp_crosswalk.check import check
from ocpp_crosswalk.diagnostics import Diagnostic
from ocpp_crosswalk.expressions.names import arity, builtins

PAIR = "ocpp1.6--ocpp2.0.1"
MAPPING = """\
call: BootNotification
spec: [x]
forward: BootNotification
request:
  reason: {$const: PowerUp}
  chargingStation:
    vendorName: chargePointVendor
    model: {$value: "%s", $type: {type: string, maxLength: 20}}
response: {status: status, currentTime: currentTime, interval: interval}
"""
ARGUMENTS = ("'a'", "-400", "true", "null", "chargePointModel", "nothing", "[1, 'a']", "{'a': 1}", "$string", "iccid")


def findings(folder: Path, expression: str) -> list[Diagnostic]:
    """What is found of the expression, by type only."""
    mapping = folder / PAIR / "from-station" / "BootNotification.yaml"
    mapping.parent.mkdir(parents=True, exist_ok=True)
    (folder / PAIR / "pair.yaml").write_text(f"pair: {PAIR}\n", "utf-8")
    mapping.write_text(MAPPING % expression, "utf-8")
    return [one for one in check([folder], builtin=False, examples=0).findings if one.code in ("XW204", "XW205")]


@pytest.mark.parametrize("name", builtins())
def test_any_number_of_arguments_is_told_or_typed(name: str, tmp_path: Path) -> None:
    takes = arity(name)
    assert takes is not None
    calls = {
        f"${name}({', '.join(ARGUMENTS[(first + number) % 10] for number in range(count))})": count
        for count in range(6)
        for first in range(10)
    }
    wrong = sum(count < takes.least or (takes.most is not None and count > takes.most) for count in calls.values())
    for path in ("", "chargePointModel."):
        found = findings(tmp_path, f"[{', '.join(path + call for call in calls)}]")
        assert [one.code for one in found].count("XW204") == wrong


@pytest.mark.parametrize("name", ["uppercase", "string", "length", "substringBefore"])
def test_the_context_stands_in_for_a_first_argument(name: str, tmp_path: Path) -> None:
    rest = "'-'" if name == "substringBefore" else ""
    assert not findings(tmp_path, f"chargePointModel.${name}({rest})")


def test_the_context_has_to_fit(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "$uppercase()")
    assert found.code == "XW205"
    assert found.message == "$uppercase has no first argument, and cannot take what it is over: an object"
    assert found.remedy == "Give the argument."


def test_what_is_wrong_with_the_number_of_arguments(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "$uppercase(1, 2, 3)")
    assert found.message == "$uppercase takes 0 to 1 argument, not 3"
    (found,) = findings(tmp_path, "$sum()")
    assert found.message == "$sum takes 1 argument, not 0"


def test_a_function_that_the_expression_defines_has_arguments_of_its_own(tmp_path: Path) -> None:
    assert not findings(tmp_path, "($sum := function($a, $b) { $a + $b }; $string($sum(1, 2)))")
