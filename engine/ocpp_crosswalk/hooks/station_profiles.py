"""Charging profiles that a 1.6 CSMS has installed at a 2.x station (facts 5.9; OCPP 1.6 5.16; OCPP 2.0.1 K01).

In 1.6 a profile replaces the one of the same connector, purpose and stack level, whatever its id; 2.x replaces the one
of the same id. So it is kept here which profiles the station took, and under which id: a new profile goes to the
station under the id of the one that it replaces.
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


def _row(view: View, connector: int | None, profile: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a profile; the EVSE is None until a remote start without a connector has found one."""
    return {
        "id": profile["chargingProfileId"],
        "evse": None if connector is None else evse_of(view, connector)[0] if connector > 0 else 0,
        "purpose": profile["chargingProfilePurpose"],
        "stackLevel": profile["stackLevel"],
    }


def _at(row: dict[str, Any]) -> int:
    """The id that a profile has at the station."""
    number: int = row.get("at", row["id"])
    return number


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
    "profileSlot",
    parameters=(Parameter("connectorId", INTEGER, optional=True), Parameter("profile", _PROFILE)),
    result=object_of({"id": INTEGER}, {"left": INTEGER}),
)
def profile_slot(view: View, connector: int | None, profile: dict[str, Any]) -> dict[str, int]:
    """The `id` under which the station gets a profile: that of the profile which this one replaces in 1.6, so that it
    does so at once or not at all. `left` is the station's id of a second one that it replaces."""
    new = _row(view, connector, profile)
    rows = _installed(view)
    same = next((row for row in rows if row["id"] == new["id"]), None)
    older = next((row for row in rows if _place(row) == _place(new)), None) if new["evse"] is not None else None
    if older:
        left = {"left": _at(same)} if same and same is not older else {}
        return {"id": _at(older), **left}
    if same:
        return {"id": _at(same)}
    holders = {_at(row): row for row in rows}
    number: int = new["id"]
    while number in holders:  # whoever took this id left its own one free
        number = holders[number]["id"]
    return {"id": number}


@functions.hook(
    "profileAt",
    parameters=(Parameter("chargingProfileId", INTEGER),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$profileAt(5)", 5),),
)
def profile_at(view: View, number: int) -> int | None:
    """The station's id of a profile of the CSMS; undefined for one that was replaced by another."""
    rows = _installed(view)
    for row in rows:
        if row["id"] == number:
            return _at(row)
    return None if any(_at(row) == number for row in rows) else number


@functions.hook(
    "profileTaken",
    parameters=(
        Parameter("connectorId", INTEGER, optional=True),
        Parameter("profile", _PROFILE),
        Parameter("remoteStartId", INTEGER, optional=True),
    ),
    result=BOOLEAN,
    mutates=True,
)
def profile_taken(view: View, connector: int | None, profile: dict[str, Any], start: int | None = None) -> bool:
    """Note a profile that the station accepted, under the id that `$profileSlot` gave it; says whether it replaced
    one. That of a remote start without a connector gets its place from `$profileStarted`."""
    new = _row(view, connector, profile)
    number = profile_slot(view, connector, profile)["id"]
    if number != new["id"]:
        new["at"] = number
    if start is not None and new["evse"] is None:
        new["start"] = start
    kept = [row for row in _installed(view) if row["id"] != new["id"] and _at(row) != number]
    replaced = len(kept) < len(_installed(view))
    view.change(_NAMESPACE)["installed"] = [*kept, new][-_KEPT:]
    return replaced


@functions.hook(
    "profileStarted",
    parameters=(Parameter("remoteStartId", INTEGER), Parameter("connectorId", INTEGER)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$profileStarted(7, 1)", False),),
)
def profile_started(view: View, start: int, connector: int) -> bool:
    """Note where the transaction of a remote start without a connector runs; says whether it has a profile."""
    row = next((row for row in _installed(view) if row.get("start") == start), None)
    if row is None:
        return False
    evse = evse_of(view, connector)[0]
    placed = {name: value for name, value in row.items() if name != "start"} | {"evse": evse}
    others = [other for other in _installed(view) if other is not row and _place(other) != _place(placed)]
    view.change(_NAMESPACE)["installed"] = [*others, placed]
    return True


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
