"""What a 1.6 station says of itself: boots, statuses, pending work that began here."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING, array_of, object_of
from ..view import View
from .abandoned import suspect_all
from .bounds import CONNECTORS, put
from .resets import cancel_reset
from .support import forget_support
from .topology import evse_of

functions = Registry()

_RESET_WINDOW = 600.0
"""Seconds within which a boot is taken for the effect of an accepted reset."""

_INTERVALS = 3
"""How many of the intervals after which a station has to boot again it may let pass."""
_OWN_INTERVAL = 300
"""The least that is taken for this interval, in seconds; with 0 the station chooses it (B02.FR.07)."""

PROBLEM = object_of(
    {
        "eventId": {"type": "integer", "minimum": 0},
        "cleared": BOOLEAN,
        "component": object_of(
            {"name": {**STRING, "maxLength": 50}},
            {
                "evse": object_of(
                    {"id": {"type": "integer", "minimum": 1}, "connectorId": {"type": "integer", "minimum": 1}}
                )
            },
        ),
        "variable": {**STRING, "maxLength": 50},
    }
)

BOOT_REASON = {"type": "string", "enum": ["RemoteReset", "ScheduledReset", "FirmwareUpdate", "Triggered", "Unknown"]}


@functions.hook(
    "boot",
    parameters=(
        Parameter(
            "boot", object_of({"chargePointVendor": STRING, "chargePointModel": STRING}, {"firmwareVersion": STRING})
        ),
    ),
    result=BOOT_REASON,
    mutates=True,
    examples=(Example("$boot({'chargePointVendor': 'V', 'chargePointModel': 'M'})", "Unknown"),),
)
def boot(view: View, payload: dict[str, Any]) -> str:
    """Note a BootNotification and give the 2.x boot reason, which 1.6 does not say: what the link knows to have
    caused it, else Unknown. Connector statuses will all be reported afresh; a reset that waited has been overtaken;
    transactions that ran are suspected to be over. Other firmware may support other things."""
    station = view.change("station")
    if station.get("boot") != payload:
        forget_support(view)
    cancel_reset(view)
    suspect_all(view)
    station["boot"] = payload
    station["vendor"], station["model"] = payload["chargePointVendor"], payload["chargePointModel"]
    station.pop("reported", None)
    cause: dict[str, Any] = station.pop("cause", {})
    if cause and view.now - cause["at"] <= _RESET_WINDOW:
        reason: str = cause["reason"]
        return reason
    return "Unknown"


@functions.hook(
    "expectBoot",
    parameters=(Parameter("reason", BOOT_REASON), Parameter("status", STRING, optional=True)),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example("$expectBoot('RemoteReset', 'Accepted')", True),
        Example("$expectBoot('RemoteReset', 'Rejected')", False),
    ),
)
def expect_boot(view: View, reason: str, status: str | None) -> bool:
    """Note why the station will boot soon, when it accepted, or installs firmware; forget it when the installation
    failed."""
    accepted = status in ("Accepted", "Installing", "Installed")
    if accepted:
        view.change("station")["cause"] = {"reason": reason, "at": view.now}
    elif status == "InstallationFailed" and view.read("station").get("cause", {}).get("reason") == reason:
        del view.change("station")["cause"]
    return accepted


@functions.hook(
    "reportStatus",
    parameters=(Parameter("connectorId", INTEGER), Parameter("status", STRING)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$reportStatus(1, 'Available')", True),),
)
def report_status(view: View, connector: int, status: str) -> bool:
    """Whether this 2.x connector status is news for the CSMS: it differs from what was reported on this
    connection (G01: a status is sent when it changes). Notes it as reported."""
    reported = view.read("station").get("reported", {})
    if reported.get(str(connector)) == [view.epoch, status]:
        return False
    put(view.change("station").setdefault("reported", {}), str(connector), [view.epoch, status], CONNECTORS)
    return True


@functions.hook(
    "forgetStatus",
    parameters=(Parameter("connectorId", INTEGER, optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$forgetStatus(1)", True),),
)
def forget_status(view: View, connector: int | None) -> bool:
    """Have the next status of the connector (of all, for 0 or undefined) reported even if it has not changed:
    the CSMS asked for it."""
    station = view.change("station")
    if connector:
        station.get("reported", {}).pop(str(connector), None)
    else:
        station.pop("reported", None)
    return True


@functions.hook(
    "problemsChanged",
    tables=("problem-component",),
    parameters=(Parameter("connectorId", INTEGER), Parameter("errorCode", STRING)),
    result=array_of(PROBLEM),
    optional_result=True,
    mutates=True,
    apart=True,
)
def problems_changed(view: View, connector: int, code: str) -> list[dict[str, Any]] | None:
    """The problems of a connector that ended and began, as 2.x events tell them; undefined when nothing changed.

    1.6 tells one error at a time: another one, or NoError, ends the one before. `eventId` is new for each.
    """
    known: dict[str, Any] = view.read("station").get("problems", {}).get(str(connector), {})
    before = known.get("code", "NoError")
    if code == before:
        return None
    put(view.change("station").setdefault("problems", {}), str(connector), {"code": code}, CONNECTORS)
    changes = [(before, True), (code, False)]
    return [
        {"eventId": event_id(view), "cleared": cleared, "component": place[0], "variable": place[1]}
        for error, cleared in changes
        if (place := problem_place(view, connector, error))
    ] or None


def problem_place(view: View, connector: int, error: str) -> tuple[dict[str, Any], str] | None:
    """Component and variable of the 2.x device model that a 1.6 error code of a connector is a problem of; None for
    NoError."""
    place = view.tables["problem-component"].get(error)
    if place is None:
        return None
    if connector < 1:
        whole = place["component"] == "Connector"
        return {"name": "ChargingStation" if whole else place["component"]}, place["variable"]
    evse_id, connector_id = evse_of(view, connector)
    return {"name": place["component"], "evse": {"id": evse_id, "connectorId": connector_id}}, place["variable"]


@functions.hook("eventId", result={"type": "integer", "minimum": 0}, mutates=True, examples=(Example("$eventId()", 1),))
def event_id(view: View) -> int:
    """A new id for an event of NotifyEvent."""
    station = view.change("station")
    number: int = station.get("eventId", 0) + 1
    station["eventId"] = number
    return number


@functions.hook(
    "registered",
    parameters=(Parameter("status", STRING, optional=True), Parameter("interval", INTEGER, optional=True)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$registered('Pending', 60)", False), Example("$registered('Accepted', 300)", True)),
)
def registered(view: View, status: str | None, interval: int | None) -> bool:
    """Note what the CSMS answered to a BootNotification, if it did; whether it accepted the station.

    Until it does, the link keeps back what it would send by itself (B02.FR.02, B03.FR.02). The station boots again
    after the interval; one that lets three of them pass does not wait to be accepted, and the link no more than it.
    """
    if status == "Accepted":
        view.hold(0.0)
    elif status is not None:
        view.hold(view.now + _INTERVALS * max(interval or 0, _OWN_INTERVAL))
    return status == "Accepted"


@functions.hook("registrationPending", result=BOOLEAN, examples=(Example("$registrationPending()", False),))
def registration_pending(view: View) -> bool:
    """Whether the CSMS has answered Pending or Rejected and not yet accepted the station, also on another connection:
    it may then start and stop no transactions (1.6, 4.2; 2.0.1 B02.FR.05)."""
    return view.held_until > 0
