"""Connectors of 1.6 and EVSEs of 2.x (facts 1.1; OCPP 1.6 3.8, OCPP 2.0.1 part 1, 7).

1.6 numbers all connectors of a station 1..N; 2.x has EVSEs 1..N and restarts connectors at 1 on every EVSE. By default
connector n is connector 1 of EVSE n. The setting `topology` says otherwise for a station: an array of
`[evseId, connectorId]`, the first for connector 1.

A 2.x station whose topology is not set is learnt from what it reports (`$learnConnector`): the first connector of
EVSE n takes the number n when that is free, any other one the lowest free number. A number that was given stays
given, in the state.
"""

from __future__ import annotations

from itertools import count

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import INTEGER, array_of, object_of
from ..view import View
from .bounds import CONNECTORS

functions = Registry()

EVSE = object_of({"id": {"type": "integer", "minimum": 1}, "connectorId": {"type": "integer", "minimum": 1}})


def evse_of(view: View, connector: int) -> tuple[int, int]:
    """EVSE and connector of 2.x for the connector number of 1.6."""
    topology = view.settings["topology"]
    if 0 < connector <= len(topology):
        evse_id, connector_id = topology[connector - 1]
        return evse_id, connector_id
    learnt = _learnt(view)
    place = learnt.get(str(connector)) if learnt else None
    return (place[0], place[1]) if place else (connector, 1)


def _learnt(view: View) -> dict[str, list[int]]:
    """What 2.x stations have shown of themselves: EVSE and connector by 1.6 number."""
    kept: dict[str, list[int]] = view.read("topology").get("learnt", {})
    return kept


_BEYOND = 2**31
"""From here on a number is none of an EVSE or a connector."""


def connectors_of(view: View, evse_id: int, connector_id: int | None) -> list[int]:
    """The connector numbers of 1.6 that an EVSE, or one connector of it, has."""
    topology = view.settings["topology"]
    if topology and any(evse == evse_id for evse, _ in topology):
        return [
            number
            for number, (evse, connector) in enumerate(topology, 1)
            if evse == evse_id and connector_id in (None, connector)
        ]
    learnt = _learnt(view)
    found = sorted([int(n) for n, place in learnt.items() if place[0] == evse_id and connector_id in (None, place[1])])
    if found:
        return found
    free = evse_id > len(topology) and str(evse_id) not in learnt
    return [evse_id] if connector_id in (None, 1) and free else []


def learn(view: View, evse_id: int, connector_id: int | None) -> int | None:
    """The 1.6 number of a connector that a 2.x station reports, given now if it is new; None for one that the
    setting leaves out of a listed EVSE, and for more connectors than a station has."""
    if not 1 <= evse_id < _BEYOND or not 0 <= (connector_id or 0) < _BEYOND:
        return None
    evse_id, connector_id = int(evse_id), int(connector_id) if connector_id else connector_id  # JSON may say 1.0
    learnt = _learnt(view)
    known = connectors_of(view, evse_id, connector_id)
    topology = view.settings["topology"]
    if topology and any(evse == evse_id for evse, _ in topology):
        return known[0] if known else None
    if known and str(known[0]) in learnt:
        return known[0]
    if len(learnt) >= CONNECTORS:
        return None
    taken = {*learnt, *(str(n) for n in range(1, len(topology) + 1))}
    number = known[0] if known else next(n for n in count(1) if str(n) not in taken)
    view.change("topology").setdefault("learnt", {})[str(number)] = [evse_id, connector_id or 1]
    return number


@functions.hook(
    "learnConnector",
    parameters=(
        Parameter("evseId", INTEGER, optional=True),
        Parameter("connectorId", INTEGER, optional=True),
    ),
    result={"type": "integer", "minimum": 0},
    optional_result=True,
    mutates=True,
    examples=(
        Example("$learnConnector(2, 1)", 2),
        Example("$learnConnector(1, 2)", 1),
        Example("$learnConnector(0)", 0),
    ),
)
def learn_connector(view: View, evse_id: int | None, connector_id: int | None = None) -> int | None:
    """The 1.6 connector of an EVSE and connector that a 2.x station reports; a new one gets a number. 0 for the
    whole station; undefined for a connector that the setting `topology` leaves out."""
    return learn(view, evse_id, connector_id) if evse_id else 0


def all_connectors(view: View) -> list[int]:
    """Every connector number of the station that is known; connector 1 when nothing is known yet."""
    known = {*range(1, len(view.settings["topology"]) + 1), *(int(n) for n in _learnt(view))}
    return sorted(known) or [1]


@functions.hook(
    "allConnectors", result=array_of({"type": "integer", "minimum": 1}), examples=(Example("$allConnectors()", [1]),)
)
def every_connector(view: View) -> list[int]:
    """Every 1.6 connector of the station that is known."""
    return all_connectors(view)


@functions.hook(
    "evse",
    parameters=(Parameter("connectorId", {"type": "integer", "minimum": 1}),),
    result=EVSE,
    apart=True,
    examples=(Example("$evse(2)", {"id": 2, "connectorId": 1}),),
)
def evse(view: View, connector: int) -> dict[str, int]:
    """The 2.x EVSE and connector of a 1.6 connector. Connector 0, the whole station, has none."""
    evse_id, connector_id = evse_of(view, connector)
    return {"id": evse_id, "connectorId": connector_id}


@functions.hook(
    "connector",
    parameters=(
        Parameter("evseId", INTEGER, optional=True),
        Parameter("connectorId", INTEGER, optional=True),
    ),
    result={"type": "integer", "minimum": 0},
    optional_result=True,
    examples=(Example("$connector(2)", 2), Example("$connector(0)", 0), Example("$connector(1, 7)", None)),
)
def connector(view: View, evse_id: int | None, connector_id: int | None = None) -> int | None:
    """The 1.6 connector of a 2.x EVSE (its first one) or connector; 0 for the whole station; undefined when the
    station has no such connector."""
    if not evse_id:
        return 0 if connector_id is None else None
    found = connectors_of(view, evse_id, connector_id)
    return found[0] if found else None


@functions.hook(
    "connectors",
    parameters=(
        Parameter("evseId", INTEGER, optional=True),
        Parameter("connectorId", INTEGER, optional=True),
    ),
    result=array_of(INTEGER),
    examples=(Example("$connectors(2)", [2]),),
)
def connectors(view: View, evse_id: int | None, connector_id: int | None = None) -> list[int]:
    """Every 1.6 connector in the scope: of the EVSE, or just the one connector; `[0]` for the whole station, which has
    no connector of its own."""
    if not evse_id:
        return [0] if connector_id is None else []
    return connectors_of(view, evse_id, connector_id)
