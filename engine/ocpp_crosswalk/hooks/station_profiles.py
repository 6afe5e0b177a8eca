"""Charging profiles that a 1.6 CSMS has installed at a 2.x station (facts 5.9; OCPP 1.6 5.16; OCPP 2.0.1 K01).

In 1.6 a profile replaces the one of the same connector, purpose and stack level, whatever its id. 2.x wants the other
one cleared first. So it is kept here which profiles the station took.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER, NUMBER, array_of, object_of
from ..view import View
from .topology import evse_of

functions = Registry()

_NAMESPACE = "stationProfiles"
_KEPT = 200
"""How many installed profiles are remembered; the oldest go first."""
_MAX_PERIODS = 1024

_MAX_PHASES = 3

_PROFILE = {"type": "object"}
PERIODS = {
    "type": "array",
    "minItems": 1,
    "maxItems": _MAX_PERIODS,
    "items": object_of(
        {"startPeriod": INTEGER, "limit": NUMBER},
        {"numberPhases": {"type": "integer", "minimum": 0, "maximum": _MAX_PHASES}},
    ),
}


def _installed(view: View) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = view.read(_NAMESPACE).get("installed", [])
    return rows


def _row(view: View, connector: int, profile: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": profile["chargingProfileId"],
        "evse": evse_of(view, connector)[0] if connector > 0 else 0,
        "purpose": profile["chargingProfilePurpose"],
        "stackLevel": profile["stackLevel"],
    }


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["evse"], row["purpose"], row["stackLevel"]


@functions.function(
    "profilePeriods",
    parameters=(
        Parameter("profile", object_of({"chargingSchedule": object_of({"chargingSchedulePeriod": array_of(ANY)})})),
    ),
    result=PERIODS,
    optional_result=True,
    examples=(
        Example(
            "$profilePeriods({'chargingSchedule': {'chargingSchedulePeriod': [{'startPeriod': 0, 'limit': 6, "
            "'numberPhases': 4}]}})",
            [{"startPeriod": 0, "limit": 6}],
        ),
    ),
)
def profile_periods(profile: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The periods of a 1.6 charging profile as 2.x takes them; undefined when there are none or too many. A number of
    phases that cannot be is left out."""
    periods = profile["chargingSchedule"]["chargingSchedulePeriod"]
    if not 1 <= len(periods) <= _MAX_PERIODS:
        return None
    return [
        {
            name: period[name]
            for name in ("startPeriod", "limit", "numberPhases")
            if name in period and (name != "numberPhases" or 0 <= period[name] <= _MAX_PHASES)
        }
        for period in periods
    ]


@functions.hook(
    "profileToReplace",
    parameters=(Parameter("connectorId", INTEGER), Parameter("profile", _PROFILE)),
    result=INTEGER,
    optional_result=True,
)
def profile_to_replace(view: View, connector: int, profile: dict[str, Any]) -> int | None:
    """The id of the installed profile that this one of another id replaces in 1.6; undefined when there is none."""
    new = _row(view, connector, profile)
    return next((row["id"] for row in _installed(view) if _place(row) == _place(new) and row["id"] != new["id"]), None)


@functions.hook(
    "profileTaken",
    parameters=(Parameter("connectorId", INTEGER), Parameter("profile", _PROFILE)),
    result=BOOLEAN,
    mutates=True,
)
def profile_taken(view: View, connector: int, profile: dict[str, Any]) -> bool:
    """Note a profile that the station accepted; says whether it replaced one."""
    new = _row(view, connector, profile)
    kept = [row for row in _installed(view) if row["id"] != new["id"] and _place(row) != _place(new)]
    replaced = len(kept) < len(_installed(view))
    view.change(_NAMESPACE)["installed"] = [*kept, new][-_KEPT:]
    return replaced


@functions.hook(
    "profilesForgotten",
    parameters=(Parameter("criteria", {"type": "object"}),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$profilesForgotten({})", False),),
)
def profiles_forgotten(view: View, criteria: dict[str, Any]) -> bool:
    """Forget the profiles that a ClearChargingProfile of 1.6 named; says whether there was one."""
    connector = criteria.get("connectorId")
    wanted = {
        "id": criteria.get("id"),
        "evse": None if connector is None else evse_of(view, connector)[0] if connector > 0 else 0,
        "purpose": criteria.get("chargingProfilePurpose"),
        "stackLevel": criteria.get("stackLevel"),
    }
    if wanted["id"] is not None:
        wanted = {"id": wanted["id"]}
    kept = [row for row in _installed(view) if any(value not in (None, row[name]) for name, value in wanted.items())]
    found = len(kept) < len(_installed(view))
    if found:
        view.change(_NAMESPACE)["installed"] = kept
    return found
