"""Mappings in words: what a reader has to find in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ocpp_crosswalk import Crosswalk, Pair
from ocpp_crosswalk.describe import Description, Line, describe
from ocpp_crosswalk.versions import Side

CROSSWALK = Crosswalk.load()


def told(pair: str, side: Side, action: str) -> Description:
    mapping = CROSSWALK.mappings(Pair.parse(pair)).find(side, action)
    assert mapping is not None
    return describe(mapping)


def value(lines: tuple[Line, ...], path: str) -> str:
    """What is said about a path, all of it."""
    return " / ".join(line.value for line in lines if line.path == path)


def test_what_a_copy_does_not_take_as_it_is() -> None:
    (route,) = told("ocpp2.1--ocpp2.0.1", Side.STATION, "TransactionEvent").routes
    (message,) = route.messages
    assert value(message.lines, "(all)") == "copied, as far as both versions have it"
    assert value(message.lines, "idToken.idToken") == "$shortToken(idToken)"
    assert "RunningCost becomes MeterValuePeriodic" in value(message.lines, "triggerReason")
    assert "it is left out and reported" in value(message.lines, "idToken.additionalInfo[]")
    assert value(message.lines, "seqNo") == ""
    assert ("request", "evseSleep", "OCPP 2.0.1 has no sleep mode.") in route.lost


def test_what_is_bound_on_the_way() -> None:
    description = told("ocpp2.1--ocpp2.0.1", Side.STATION, "NotifyEVChargingNeeds")
    wireless, cable = description.routes
    assert (wireless.kind, wireless.bindings) == ("answered here", ())
    assert "controlMode" in value(cable.bindings, "$edition")
    (authorize,) = told("ocpp2.0.1--ocpp2.1", Side.STATION, "Authorize").routes
    assert "tariff.description" in value(authorize.answer, "$told")


def test_explain_says_every_reason_once_and_no_path_is_cut() -> None:
    program = Path(sys.executable).with_name("ocpp-crosswalk")
    command = [program, "explain", "ocpp2.0.1--ocpp2.1", "SetChargingProfile"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "…" not in said.split("lost")[-1]
    assert said.count("a call that would make the station sleep") <= 1
    joined = "".join(line.strip() for line in said.splitlines())
    assert "limit_L2" in joined
