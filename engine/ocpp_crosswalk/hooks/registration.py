"""What a 1.6 station says of itself: boots, statuses, pending work that began here."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING, object_of
from ..view import View

functions = Registry()

_RESET_WINDOW = 600.0
"""Seconds within which a boot is taken for the effect of an accepted reset."""

ERRORS = (
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
)
"""The error codes of 1.6 (7.6) but NoError."""

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
    caused it, else Unknown (facts 5.13). Connector statuses will all be reported afresh."""
    station = view.change("station")
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
    view.change("station").setdefault("reported", {})[str(connector)] = [view.epoch, status]
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
    "problemChanged",
    parameters=(Parameter("connectorId", INTEGER), Parameter("errorCode", STRING)),
    result=object_of(
        {"errorCode": {"enum": list(ERRORS)}, "cleared": BOOLEAN, "eventId": {"type": "integer", "minimum": 0}}
    ),
    optional_result=True,
    mutates=True,
)
def problem_changed(view: View, connector: int, code: str) -> dict[str, Any] | None:
    """A problem of a connector that began or ended, as 2.x events tell it; undefined when nothing changed.

    `errorCode` is the 1.6 error, `cleared` says that it is over, `eventId` is new for each.
    """
    known: dict[str, Any] = view.read("station").get("problems", {}).get(str(connector), {})
    before = known.get("code", "NoError")
    if code == before:
        return None
    station = view.change("station")
    event_id = station["eventId"] = station.get("eventId", 0) + 1
    station.setdefault("problems", {})[str(connector)] = {"code": code}
    cleared = code == "NoError"
    return {"errorCode": before if cleared else code, "cleared": cleared, "eventId": event_id}


@functions.hook("eventId", result={"type": "integer", "minimum": 0}, mutates=True, examples=(Example("$eventId()", 1),))
def event_id(view: View) -> int:
    """A new id for an event of NotifyEvent."""
    station = view.change("station")
    number: int = station.get("eventId", 0) + 1
    station["eventId"] = number
    return number
