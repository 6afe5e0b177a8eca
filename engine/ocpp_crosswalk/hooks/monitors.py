"""Monitors of a 2.0.1 station, which does not tell who set them; a 2.1 CSMS wants to know (N02).

A custom monitor is one that was set through the link. It is known by its variable, type and severity, of which there is
one only (N04.FR.10), since its id may change when the station boots (N04.FR.19); the id is kept to clear it by.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER, STRING, array_of, object_of
from ..repeats import digest
from ..view import View
from .bounds import put
from .values import as_list

functions = Registry()

_NAMESPACE = "monitors"
_KEPT = 300
"""How many monitors are remembered for each station; those that were set longest ago go first."""
_RESULT = object_of(
    {"status": STRING, "type": STRING, "severity": INTEGER, "component": ANY, "variable": ANY}, {"id": INTEGER}
)
_CLEARED = object_of({"status": STRING, "id": INTEGER})


@functions.hook(
    "monitorsSet",
    parameters=(Parameter("setMonitoringResult", array_of(_RESULT)),),
    result=BOOLEAN,
    mutates=True,
    apart=True,
    examples=(
        Example(
            "$monitorsSet({'id': 4, 'status': 'Accepted', 'type': 'Delta', 'severity': 5,"
            " 'component': {'name': 'Connector'}, 'variable': {'name': 'Temperature'}})",
            True,
        ),
    ),
)
def monitors_set(view: View, results: Any) -> bool:
    """Note the monitors that a station accepted; says whether there were any."""
    accepted = [row for row in as_list(results) if row["status"] == "Accepted" and "id" in row]
    for row in accepted:
        key = _key(row["component"], row["variable"], row["type"], row["severity"])
        if view.read(_NAMESPACE).get(str(row["id"])) == key:
            continue
        kept = view.change(_NAMESPACE)
        for earlier in [number for number, known in kept.items() if known == key]:
            del kept[earlier]
        put(kept, str(row["id"]), key, _KEPT)
    return bool(accepted)


@functions.hook(
    "monitorsCleared",
    parameters=(Parameter("clearMonitoringResult", array_of(_CLEARED)),),
    result=BOOLEAN,
    mutates=True,
    apart=True,
    examples=(Example("$monitorsCleared({'id': 4, 'status': 'NotFound'})", False),),
)
def monitors_cleared(view: View, results: Any) -> bool:
    """Forget the monitors that a station cleared, or does not know; says whether one of them was remembered."""
    gone = [str(row["id"]) for row in as_list(results) if row["status"] in ("Accepted", "NotFound")]
    known = [number for number in gone if number in view.read(_NAMESPACE)]
    for number in known:
        view.change(_NAMESPACE).pop(number, None)
    return bool(known)


@functions.hook("monitorsReset", result=BOOLEAN, mutates=True, examples=(Example("$monitorsReset()", False),))
def monitors_reset(view: View) -> bool:
    """Forget all monitors, since the station deleted the custom ones; says whether any were remembered."""
    known = bool(view.read(_NAMESPACE))
    if known:
        view.change(_NAMESPACE).clear()
    return known


@functions.hook(
    "monitorOrigin",
    parameters=(
        Parameter("component", ANY),
        Parameter("variable", ANY),
        Parameter("type", STRING),
        Parameter("severity", INTEGER),
    ),
    result={"type": "string", "enum": ["CustomMonitor", "PreconfiguredMonitor"]},
    apart=True,
    examples=(
        Example("$monitorOrigin({'name': 'Connector'}, {'name': 'Temperature'}, 'Delta', 5)", "PreconfiguredMonitor"),
    ),
)
def monitor_origin(view: View, component: Any, variable: Any, kind: str, severity: int) -> str:
    """Where a monitor comes from: CustomMonitor when it was set through the link, else PreconfiguredMonitor."""
    known = view.read(_NAMESPACE)
    custom = bool(known) and _key(component, variable, kind, severity) in known.values()
    return "CustomMonitor" if custom else "PreconfiguredMonitor"


def _key(component: dict[str, Any], variable: dict[str, Any], kind: str, severity: int) -> str:
    """What a monitor is of, in short; names are compared without regard to case."""
    evse = component.get("evse", {})
    names = [part.get(name, "").casefold() for part in (component, variable) for name in ("name", "instance")]
    return digest([*names, evse.get("id"), evse.get("connectorId"), kind, severity])[:12]
