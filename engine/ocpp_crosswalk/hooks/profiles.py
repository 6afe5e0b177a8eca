"""Charging profiles that were installed on a 1.6 station through the link (facts 5.9; OCPP 1.6 5.16, OCPP 2.0.1 K09).

1.6 cannot be asked which profiles it has. The link remembers what it installed and what was cleared; profiles that came
to the station another way are not known.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER, STRING, array_of, object_of
from ..times import parse_time
from ..view import View
from .topology import connectors
from .values import as_list, lowered

functions = Registry()

_NAMESPACE = "profiles"
_KEPT = 100
_CRITERIA = {"chargingProfilePurpose": STRING, "stackLevel": INTEGER}
PROFILE = object_of({"id": INTEGER, "stackLevel": INTEGER, "chargingProfilePurpose": STRING})
"""A charging profile of 2.x, as far as hooks need it to be known."""
PLACES = array_of(object_of({"connectorId": INTEGER, "id": INTEGER}))
"""Where a profile is on the station: the connectors, and its id on each."""
_LAST_ID = 2**31 - 1
"""Ids that the link gives go down from here; a CSMS counts upward."""


def _rows(view: View) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = view.read(_NAMESPACE).get("installed", [])
    return rows


@functions.hook(
    "profileInstalled",
    parameters=(
        Parameter("evseId", INTEGER),
        Parameter("chargingProfile", PROFILE),
        Parameter("status", STRING),
        Parameter("places", PLACES, optional=True),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example(
            "$profileInstalled(1, {'id': 3, 'stackLevel': 0, 'chargingProfilePurpose': 'TxProfile'}, 'Accepted')", True
        ),
    ),
)
def profile_installed(
    view: View, evse: int, profile: dict[str, Any], status: str, places: list[dict[str, Any]] | None = None
) -> bool:
    """Remember a profile that the station accepted, and where it is. It replaces the one with its id, and the one with
    its stack level and purpose on the same EVSE (1.6, 5.16.4)."""
    if status != "Accepted":
        return False
    kept = [row for row in _rows(view) if not _replaced(row, evse, profile)]
    row = {"evseId": evse, "profile": _as_installed(profile)}
    if places and places != _places(view, row):
        row["places"] = places
    view.change(_NAMESPACE)["installed"] = [*kept, row][-_KEPT:]
    return True


def _replaced(row: dict[str, Any], evse: int, profile: dict[str, Any]) -> bool:
    return row["profile"]["id"] == profile["id"] or _same_place(row, evse, profile)


def _same_place(row: dict[str, Any], evse: int, profile: dict[str, Any]) -> bool:
    return row["evseId"] == evse and all(row["profile"][name] == profile[name] for name in _CRITERIA)


def _places(view: View, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Where an installed profile is: where nothing else is kept, on its EVSE's first connector."""
    places: list[dict[str, Any]] | None = row.get("places")
    if places is None:
        places = [{"connectorId": first, "id": row["profile"]["id"]} for first in connectors(view, row["evseId"])[:1]]
    return places


@functions.hook(
    "profilePlaces",
    parameters=(Parameter("chargingProfileId", INTEGER), Parameter("connectorIds", array_of(INTEGER))),
    result=PLACES,
    examples=(
        Example("$profilePlaces(3, [1])", [{"connectorId": 1, "id": 3}]),
        Example("$profilePlaces(3, [1, 2])", [{"connectorId": 1, "id": 3}, {"connectorId": 2, "id": 2147483647}]),
    ),
)
def profile_places(view: View, number: int, connector_ids: int | list[int]) -> list[dict[str, Any]]:
    """The id that a profile has on each connector. Under the same id it would be taken away from the connector before
    (1.6, 5.16.3, 5.16.4), so each further connector has an id of its own, as long as the profile is installed."""
    wanted = as_list(connector_ids)
    rows = _rows(view)
    taken = {number, *(place["id"] for row in rows for place in _places(view, row))}
    fresh = (other for other in count(_LAST_ID, -1) if other not in taken)
    known = {
        place["connectorId"]: place["id"]
        for row in rows
        if row["profile"]["id"] == number
        for place in _places(view, row)[1:]
    }
    return [
        {"connectorId": connector, "id": (known.get(connector) or next(fresh)) if index else number}
        for index, connector in enumerate(wanted)
    ]


@functions.hook(
    "profileIds",
    parameters=(Parameter("chargingProfileId", INTEGER),),
    result=array_of(INTEGER),
    examples=(Example("$profileIds(3)", [3]),),
)
def profile_ids(view: View, number: int) -> list[int]:
    """The ids that the station knows a profile by: its own, and those of its further connectors."""
    further = (place["id"] for row in _rows(view) if row["profile"]["id"] == number for place in _places(view, row)[1:])
    return [number, *further]


@functions.hook(
    "profileLeftovers",
    parameters=(
        Parameter("evseId", INTEGER),
        Parameter("chargingProfile", PROFILE),
        Parameter("accepted", BOOLEAN),
        Parameter("places", PLACES),
    ),
    result=object_of(
        {
            "cleared": array_of(INTEGER),
            "restored": array_of(object_of({"connectorId": INTEGER, "profile": ANY})),
        }
    ),
    examples=(
        Example(
            "$profileLeftovers(1, {'id': 3, 'stackLevel': 0, 'chargingProfilePurpose': 'TxProfile'}, false, "
            "[{'connectorId': 1, 'id': 3}, {'connectorId': 2, 'id': 9}])",
            {"cleared": [3, 9], "restored": []},
        ),
    ),
)
def profile_leftovers(
    view: View, evse: int, profile: dict[str, Any], accepted: bool, places: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the station has to be told after it was asked to install a profile in several places, before that is
    remembered. A profile that was accepted: the ids to clear that it had where it is no more. One that was refused in
    one of the places: its ids, to clear, and what it has replaced in the others, to be installed again."""
    ids = [place["id"] for place in places]
    if accepted:
        return {"cleared": [number for number in profile_ids(view, profile["id"]) if number not in ids], "restored": []}
    return {
        "cleared": ids,
        "restored": [
            {"connectorId": place["connectorId"], "profile": {**row["profile"], "id": place["id"]}}
            for row in _rows(view)
            if _replaced(row, evse, profile)
            for place in _places(view, row)
        ],
    }


@functions.hook(
    "profileOfAnotherTime",
    parameters=(Parameter("evseId", INTEGER), Parameter("chargingProfile", PROFILE)),
    result=BOOLEAN,
    examples=(
        Example("$profileOfAnotherTime(1, {'id': 3, 'stackLevel': 0, 'chargingProfilePurpose': 'TxProfile'})", False),
    ),
)
def profile_of_another_time(view: View, evse: int, profile: dict[str, Any]) -> bool:
    """Whether another profile with the stack level and purpose of this one is installed on the EVSE, not over yet, and
    never valid at the same time: 2.x has both (K01.FR.06), 1.6 would lose the first."""
    start, end = _validity(profile)
    for row in _rows(view):
        other = row["profile"]
        if other["id"] != profile["id"] and _same_place(row, evse, profile):
            first, last = _validity(other)
            if last > view.now and (last <= start or end <= first):
                return True
    return False


def _validity(profile: dict[str, Any]) -> tuple[float, float]:
    start, end = (parse_time(profile[name]) if name in profile else None for name in ("validFrom", "validTo"))
    return start.timestamp() if start else float("-inf"), end.timestamp() if end else float("inf")


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
    if sources is not None and "CSO" not in as_list(sources):
        return []
    wanted = {name: value for name, value in criteria.items() if name != "chargingLimitSource"}
    if "chargingProfileId" in wanted:
        ids = wanted.pop("chargingProfileId")
        wanted["id"] = as_list(ids)
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
