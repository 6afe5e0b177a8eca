"""Charging profiles that were installed on a 1.6 station through the link (facts 5.9; OCPP 1.6 5.16, OCPP 2.0.1 K09).

1.6 cannot be asked which profiles it has. The link remembers what it installed and what was cleared; profiles that came
to the station another way are not known.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER, STRING, array_of, object_of
from ..view import View
from .values import lowered

functions = Registry()

_NAMESPACE = "profiles"
_KEPT = 100
_CRITERIA = {"chargingProfilePurpose": STRING, "stackLevel": INTEGER}
PROFILE = object_of({"id": INTEGER, "stackLevel": INTEGER, "chargingProfilePurpose": STRING})
"""A charging profile of 2.x, as far as hooks need it to be known."""


def _rows(view: View) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = view.read(_NAMESPACE).get("installed", [])
    return rows


@functions.hook(
    "profileInstalled",
    parameters=(
        Parameter("evseId", INTEGER),
        Parameter("chargingProfile", PROFILE),
        Parameter("status", STRING),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example(
            "$profileInstalled(1, {'id': 3, 'stackLevel': 0, 'chargingProfilePurpose': 'TxProfile'}, 'Accepted')", True
        ),
    ),
)
def profile_installed(view: View, evse: int, profile: dict[str, Any], status: str) -> bool:
    """Remember a profile that the station accepted. It replaces the one with its id, and the one with its stack level
    and purpose on the same EVSE (1.6, 5.16.4)."""
    if status != "Accepted":
        return False
    place = (evse, profile["stackLevel"], profile["chargingProfilePurpose"])
    kept = [
        row
        for row in _rows(view)
        if row["profile"]["id"] != profile["id"]
        and (row["evseId"], row["profile"]["stackLevel"], row["profile"]["chargingProfilePurpose"]) != place
    ]
    view.change(_NAMESPACE)["installed"] = [*kept, {"evseId": evse, "profile": _as_installed(profile)}][-_KEPT:]
    return True


def _as_installed(profile: dict[str, Any]) -> dict[str, Any]:
    """The profile as the station has it: what 1.6 cannot carry is not there, and limits have one decimal."""
    kept = {name: profile[name] for name in _PROFILE if name in profile}
    kept["chargingSchedule"] = [
        {name: schedule[name] for name in _SCHEDULE if name in schedule}
        | ({"minChargingRate": lowered(schedule["minChargingRate"], 1)} if "minChargingRate" in schedule else {})
        | {
            "chargingSchedulePeriod": [
                {name: period[name] for name in _PERIOD if name in period} | {"limit": lowered(period["limit"], 1)}
                for period in schedule["chargingSchedulePeriod"]
            ]
        }
        for schedule in profile.get("chargingSchedule", ())
    ]
    return kept


_PROFILE = (
    "id",
    "stackLevel",
    "chargingProfilePurpose",
    "chargingProfileKind",
    "recurrencyKind",
    "validFrom",
    "validTo",
    "transactionId",
)
_SCHEDULE = ("id", "startSchedule", "duration", "chargingRateUnit")
_PERIOD = ("startPeriod", "numberPhases")
"""What a charging profile of 1.6 has, by its 2.x names. The id of the schedule is the CSMS's own."""


def forget_transaction_profiles(view: View, transaction: str) -> None:
    """A transaction is over, and so are the profiles that were its own (1.6, 3.13.1)."""
    if any(row["profile"].get("transactionId") == transaction for row in _rows(view)):
        view.change(_NAMESPACE)["installed"] = [
            row for row in _rows(view) if row["profile"].get("transactionId") != transaction
        ]


@functions.hook(
    "profilesCleared",
    parameters=(
        Parameter("chargingProfileId", INTEGER, optional=True),
        Parameter("criteria", object_of({}, {"evseId": INTEGER, **_CRITERIA}), optional=True),
        Parameter("status", STRING, optional=True),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$profilesCleared(3, {}, 'Accepted')", True),),
)
def profiles_cleared(view: View, number: int | None, criteria: dict[str, Any] | None, status: str | None) -> bool:
    """Forget the profiles that the station cleared, or says that it does not have: that with the id, else those that
    fit the criteria."""
    if status not in ("Accepted", "Unknown"):
        return False
    wanted = {"id": [number]} if number is not None else (criteria or {})
    view.change(_NAMESPACE)["installed"] = [row for row in _rows(view) if not _fits(row, wanted)]
    return True


@functions.hook(
    "profilesOf",
    parameters=(
        Parameter("evseId", INTEGER, optional=True),
        Parameter(
            "criteria",
            object_of(
                {}, {**_CRITERIA, "chargingProfileId": array_of(INTEGER), "chargingLimitSource": array_of(STRING)}
            ),
        ),
    ),
    result=array_of(object_of({"evseId": {"type": "integer", "minimum": 0}, "profiles": ANY, "more": BOOLEAN})),
    examples=(Example("$profilesOf(1, {})", []),),
)
def profiles_of(view: View, evse: int | None, criteria: dict[str, Any]) -> list[dict[str, Any]]:
    """The installed profiles that a GetChargingProfiles asks for, by EVSE; `more` says that another EVSE follows.

    All come from the CSMS: the limit source CSO (K09)."""
    sources = criteria.get("chargingLimitSource")
    if sources is not None and "CSO" not in (sources if isinstance(sources, list) else [sources]):
        return []
    wanted = {name: value for name, value in criteria.items() if name != "chargingLimitSource"}
    if "chargingProfileId" in wanted:
        ids = wanted.pop("chargingProfileId")
        wanted["id"] = ids if isinstance(ids, list) else [ids]
    if evse is not None:
        wanted["evseId"] = evse
    groups: dict[int, list[Any]] = {}
    for row in _rows(view):
        if _fits(row, wanted):
            groups.setdefault(row["evseId"], []).append(row["profile"])
    last = len(groups) - 1
    return [
        {"evseId": place, "profiles": profiles, "more": number < last}
        for number, (place, profiles) in enumerate(sorted(groups.items()))
    ]


def _fits(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    profile = row["profile"]
    for name, value in wanted.items():
        if name == "id":
            if profile["id"] not in value:
                return False
        elif (row["evseId"] if name == "evseId" else profile.get(name)) != value:
            return False
    return True
