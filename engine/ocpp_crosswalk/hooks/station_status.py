"""Connectors of a 2.x station as a 1.6 CSMS sees them (facts 5.4, 5.16; OCPP 1.6 4.9; OCPP 2.0.1 G01).

2.x tells what a connector is (Occupied), and what the transaction there does (Charging) apart; 1.6 tells both in one
status. What each connector was last said to be is kept here, beside what the CSMS was last told. What a transaction
was while the station was offline is no news (OCPP 1.6 4.9): what it is now is told when the queued events have come.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, INTEGER, STRING, array_of, object_of
from ..view import View
from .bounds import CONNECTORS, put
from .station_rows import leave, running_on
from .topology import all_connectors, connectors_of, learn
from .values import as_list

functions = Registry()

_NAMESPACE = "connectors"
STATUSES = (
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEVSE",
    "SuspendedEV",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
)
ERROR_CODES = (
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "NoError",
    "OtherError",
    "OverCurrentFailure",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "OverVoltage",
    "WeakSignal",
)
_IN_TRANSACTION = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
    "EVConnected": "SuspendedEVSE",
    "Idle": "SuspendedEV",
}
"""What a connector is by the charging state of its transaction; without a vehicle it is SuspendedEV (1.6 4.9)."""
_WITH_VEHICLE = ("EVConnected", "Charging", "SuspendedEV", "SuspendedEVSE")
_TIMER = "connectorState"
_QUIET = 5.0
"""Seconds without a queued event after which all of them are thought to have come."""
_GONE = "EV side disconnected"
"""What 1.6 says beside the status when the vehicle left a transaction that goes on, or ended so (4.9)."""
_PROBLEMS = 20
"""How many problems of a connector are remembered at once."""
_WHOLE = ("Available", "Unavailable", "Faulted")
"""What connector 0, the whole station, can be (OCPP 1.6 4.9)."""

NOTICE = object_of(
    {
        "connectorId": {"type": "integer", "minimum": 0},
        "status": {"type": "string", "enum": list(STATUSES)},
        "errorCode": {"type": "string", "enum": list(ERROR_CODES)},
    },
    {
        "info": {"type": "string", "maxLength": 50},
        "timestamp": {"type": "string", "format": "date-time"},
        "techCode": {"type": "string", "maxLength": 50},
        "techInfo": STRING,
    },
)


def _connector(view: View, connector: int) -> dict[str, Any]:
    """What is kept of a connector, to be changed."""
    kept: dict[str, Any] = view.read(_NAMESPACE).get(str(connector), {})
    put(view.change(_NAMESPACE), str(connector), kept, CONNECTORS)
    return kept


def _status(view: View, connector: int) -> str:
    """The 1.6 status of a connector: its own, or what the transaction there makes of Occupied."""
    kept = view.read(_NAMESPACE).get(str(connector), {})
    status: str = kept.get("is", "Available")
    if connector == 0:
        return status if status in _WHOLE else "Available"
    row = running_on(view, connector)
    begun = row is not None and "number" in row
    if status == "Available" and row is not None and begun and row.get("state") == "Idle":
        return "SuspendedEV"
    if status != "Occupied":
        return status
    if row is None:
        return "Finishing" if kept.get("over") else "Preparing"
    if "stopped" in row:
        return "Finishing"
    if not begun:
        return "Preparing"
    if "state" not in row:  # a station that does not tell it
        return "Charging" if row["last"] > row["first"] else "Preparing"
    return _IN_TRANSACTION[row["state"]]


def _notice(view: View, connector: int) -> dict[str, Any]:
    """What to tell of the connector now; noted as told. A fault that no problem explains is an error of its own."""
    kept = _connector(view, connector)
    kept["told"] = _status(view, connector)
    unexplained = "OtherError" if kept["told"] == "Faulted" else "NoError"
    notice = {
        "connectorId": connector,
        "status": kept["told"],
        "errorCode": _error(kept.get("faults", {})) or unexplained,
    }
    row = running_on(view, connector) if connector else None
    state = kept.get("over") if row is None else row.get("state")
    return notice | ({"info": _GONE} if state == "Idle" and kept["told"] in ("SuspendedEV", "Finishing") else {})


def _become(view: View, connector: int, status: str) -> dict[str, Any]:
    kept = _connector(view, connector)
    kept["is"] = status
    if connector == 0:
        kept.pop("closing", None)
    elif status == "Available":
        kept.pop("over", None)
        leave(view, connector)
    return _notice(view, connector)


@functions.hook(
    "connectorReport",
    parameters=(
        Parameter("evseId", INTEGER),
        Parameter("connectorId", INTEGER),
        Parameter("connectorStatus", STRING),
    ),
    result=NOTICE,
    optional_result=True,
    mutates=True,
    apart=True,
    examples=(
        Example(
            "$connectorReport(1, 1, 'Occupied')", {"connectorId": 1, "status": "Preparing", "errorCode": "NoError"}
        ),
    ),
)
def connector_report(view: View, evse_id: int, connector_id: int, status: str) -> dict[str, Any] | None:
    """Note a connector's status and give what 1.6 calls it; undefined for a connector that `topology` leaves out."""
    connector = learn(view, evse_id, connector_id or None) if evse_id > 0 else 0
    return None if connector is None else _become(view, connector, status)


@functions.hook(
    "chargingStatus",
    parameters=(Parameter("connectorId", INTEGER, optional=True), Parameter("event", {"type": "object"})),
    result=NOTICE,
    optional_result=True,
    mutates=True,
    apart=True,
)
def charging_status(view: View, connector: int | None, event: dict[str, Any]) -> dict[str, Any] | None:
    """The status that a TransactionEvent (`type`, `chargingState`, `offline`) gives to its connector, when it differs
    from what the CSMS was told last. An event of an offline time says nothing of what the connector is now: when no
    more of them come, the timer `connectorState` asks again. One that the CSMS did not take (`failed`) comes again."""
    if not connector:
        return None
    kept = _connector(view, connector)
    row = running_on(view, connector)
    state = event.get("chargingState") or (row or {}).get("state")
    if event["type"] == "Ended":
        kept["over"] = state or "EVConnected"
    else:
        kept.pop("over", None)
    if event.get("failed"):
        kept["unsettled"] = True
        return None
    kept.pop("unsettled", None)
    if event.get("offline"):
        _ask_again(view, connector)
        return None
    if state in _WITH_VEHICLE and kept.get("is") in (None, "Available", "Reserved"):
        kept["is"] = "Occupied"
    if state is None and row is not None and "number" in row and kept.get("is") in ("Available", "Reserved"):
        kept["is"] = "Occupied"
    return _changed(view, connector)


def _changed(view: View, connector: int) -> dict[str, Any] | None:
    """What to tell of a known connector, if it is news; not while the CSMS has still to take what happened there."""
    kept = view.read(_NAMESPACE).get(str(connector), {})
    news = "is" in kept and "unsettled" not in kept and _status(view, connector) != kept.get("told")
    return _notice(view, connector) if news else None


@functions.hook(
    "connectorChanged",
    parameters=(Parameter("connectorId", INTEGER),),
    result=NOTICE,
    optional_result=True,
    mutates=True,
    examples=(Example("$connectorChanged(1)", None),),
)
def connector_changed(view: View, connector: int) -> dict[str, Any] | None:
    """What to tell of the connector when it differs from what the CSMS was told last; undefined otherwise. While a
    call to the CSMS is under way, which may change it, the timer `connectorState` asks again."""
    if view.waiting():
        _ask_again(view, connector)
        return None
    return _changed(view, connector)


def _ask_again(view: View, connector: int) -> None:
    view.set_timer(_TIMER, view.now + _QUIET, {"connectorId": connector}, str(connector))


@functions.hook(
    "connectorEvents",
    parameters=(Parameter("events", ANY, optional=True),),
    result=array_of(NOTICE),
    mutates=True,
)
def connector_events(view: View, events: Any) -> list[dict[str, Any]]:
    """What events of a 2.x device model say of connectors in 1.6, in order. They are rows of `component`, `variable`,
    `value`, `timestamp`, and where there are `instance`, `evseId`, `connectorId`, `cleared`, `errorCode` (an empty one
    is none), `techCode`, `techInfo`."""
    notices: list[dict[str, Any]] = []
    for row in as_list(events):
        if row["variable"] == "AvailabilityState":
            told = _availability(view, row)
        elif row.get("errorCode"):
            told = _problem(view, row)
        else:
            told = []
            view.note(
                f"an event has no place in OCPP 1.6: {row['component']}.{row['variable']} is {row['value'][:50]!r}"
            )
        extra = {name: row[name] for name in ("timestamp", "techCode", "techInfo") if row.get(name)}
        notices += [{**notice, **extra} for notice in told]
        closed = _closed(view) if told else None
        if closed:
            notices.append({**closed, "timestamp": row["timestamp"]})
    return notices


def _availability(view: View, row: dict[str, Any]) -> list[dict[str, Any]]:
    status, component, evse_id = row["value"], row["component"], row.get("evseId") or 0
    if status not in ("Available", "Occupied", "Reserved", "Unavailable", "Faulted"):
        return []
    if component == "ChargingStation":
        return [_become(view, 0, status)]
    if evse_id < 1:
        return []
    if component == "EVSE":
        connectors = _on_evse(view, evse_id)
        if status in ("Available", "Occupied") and len(connectors) > 1:
            return []
        return [_become(view, connector, status) for connector in connectors]
    connector = learn(view, evse_id, row.get("connectorId") or 1)
    return [_become(view, connector, status)] if connector else []


def _on_evse(view: View, evse_id: int) -> list[int]:
    """Every connector of an EVSE, of which the first one is learnt now if there is none yet."""
    first = learn(view, evse_id, None)
    return connectors_of(view, evse_id, None) or ([first] if first else [])


def _problem(view: View, row: dict[str, Any]) -> list[dict[str, Any]]:
    evse_id, connector_id = row.get("evseId") or 0, row.get("connectorId") or None
    if evse_id < 1:
        connectors = [0]
    elif connector_id is None:
        connectors = _on_evse(view, evse_id)
    else:
        learnt = learn(view, evse_id, connector_id)
        connectors = [] if learnt is None else [learnt]
    instance = row.get("instance") or ""
    source = f"{row['component']}.{row['variable']}#{connector_id or ''}#{instance}".rstrip("#")
    over = row.get("cleared") is True or row["value"].strip().lower() in ("false", "0")
    notices = []
    for connector in connectors:
        if _problem_at(view, connector, source, row["errorCode"], over=over):
            notices.append(_notice(view, connector))
    return notices


def _problem_at(view: View, connector: int, source: str, code: str, *, over: bool) -> bool:
    """Note a problem that came or went; says whether it is news: it came, or another code is to be told now."""
    faults = _connector(view, connector).setdefault("faults", {})
    if not over:
        if source in faults:
            return False
        put(faults, source, code, _PROBLEMS)
        return True
    before = _error(faults)
    faults.pop(source, None)
    return _error(faults) != before


def _error(faults: dict[str, str]) -> str | None:
    """The 1.6 code of the problem that came last; None when there is none."""
    return next(reversed(faults.values()), None)


@functions.hook(
    "connectorNow",
    parameters=(Parameter("connectorId", INTEGER),),
    result=NOTICE,
    mutates=True,
    apart=True,
    examples=(Example("$connectorNow(0)", {"connectorId": 0, "status": "Available", "errorCode": "NoError"}),),
)
def connector_now(view: View, connector: int) -> dict[str, Any]:
    """What to tell of the connector now, for a CSMS that asks; it counts as told."""
    return _notice(view, connector)


@functions.hook(
    "stationAvailability",
    parameters=(Parameter("type", STRING), Parameter("status", STRING)),
    result=NOTICE,
    optional_result=True,
    mutates=True,
    examples=(
        Example("$stationAvailability('Inoperative', 'Accepted').status", "Unavailable"),
        Example("$stationAvailability('Operative', 'Accepted').status", "Available"),
        Example("$stationAvailability('Inoperative', 'Scheduled')", None),
    ),
)
def station_availability(view: View, kind: str, status: str) -> dict[str, Any] | None:
    """Note what the station answered to the CSMS's wish that it be Operative or Inoperative as a whole, and give what
    to tell of it now. One that becomes Inoperative later is told by `$stationClosed`."""
    if status == "Accepted":
        return _become(view, 0, "Available" if kind == "Operative" else "Unavailable")
    if status == "Scheduled":
        _connector(view, 0)["closing"] = kind == "Inoperative"
        return _closed(view)
    return None


@functions.hook(
    "stationClosed",
    result=NOTICE,
    optional_result=True,
    mutates=True,
    apart=True,
    examples=(Example("$stationClosed()", None),),
)
def station_closed(view: View) -> dict[str, Any] | None:
    """What to tell of the whole station when it was to become Inoperative and its last connector just did."""
    return _closed(view)


def _closed(view: View) -> dict[str, Any] | None:
    kept = view.read(_NAMESPACE)
    if not kept.get("0", {}).get("closing"):
        return None
    now = (kept.get(str(connector), {}).get("is") for connector in all_connectors(view))
    return _become(view, 0, "Unavailable") if all(status in ("Unavailable", "Faulted") for status in now) else None
