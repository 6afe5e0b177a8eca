"""Connectors of 1.6 and EVSEs of 2.x (facts 1.1; OCPP 1.6 3.8, OCPP 2.0.1 part 1, 7).

1.6 numbers all connectors of a station 1..N; 2.x has EVSEs 1..N and restarts connectors at 1 on every EVSE. By default
connector n is connector 1 of EVSE n. The setting `topology` says otherwise for a station: an array of
`[evseId, connectorId]`, the first for connector 1.
"""

from __future__ import annotations

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import INTEGER, array_of, object_of
from ..view import View

functions = Registry()

EVSE = object_of({"id": {"type": "integer", "minimum": 1}, "connectorId": {"type": "integer", "minimum": 1}})


def evse_of(view: View, connector: int) -> tuple[int, int]:
    """EVSE and connector of 2.x for the connector number of 1.6."""
    topology = view.settings["topology"]
    if 0 < connector <= len(topology):
        evse_id, connector_id = topology[connector - 1]
        return evse_id, connector_id
    return connector, 1


def connectors_of(view: View, evse_id: int, connector_id: int | None) -> list[int]:
    """The connector numbers of 1.6 that an EVSE, or one connector of it, has."""
    topology = view.settings["topology"]
    found = [
        number
        for number, (evse, connector) in enumerate(topology, 1)
        if evse == evse_id and connector_id in (None, connector)
    ]
    if found or any(evse == evse_id for evse, _ in topology):
        return found
    return [evse_id] if connector_id in (None, 1) and evse_id > len(topology) else []


@functions.hook(
    "evse",
    parameters=(Parameter("connectorId", INTEGER, optional=True),),
    result=EVSE,
    optional_result=True,
    examples=(Example("$evse(2)", {"id": 2, "connectorId": 1}), Example("$evse(0)", None)),
)
def evse(view: View, connector: int | None) -> dict[str, int] | None:
    """The 2.x EVSE and connector of a 1.6 connector; undefined for connector 0, the whole station."""
    if not connector or connector < 0:
        return None
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
        return 0
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
    """Every 1.6 connector in the scope: of the EVSE, or just the one connector; `[0]` for the whole station."""
    return connectors_of(view, evse_id, connector_id) if evse_id else [0]
