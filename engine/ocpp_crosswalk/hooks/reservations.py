"""Reservations that a 2.x CSMS made at a 1.6 station (OCPP 2.0.1 H01, H04).

2.x tells when a reservation expires, or when its EVSE breaks down; 1.6 does not, but says that the reservation is over
then (1.6, 5.13). So the link tells it.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, NUMBER, STRING, Type, array_of
from ..times import parse_time
from ..view import View
from .bounds import CONNECTORS, put

functions = Registry()

_NAMESPACE = "reservations"
TIMER = "reservationExpired"
_ID: Type = {"type": "integer", "minimum": 0}
_BROKEN = ("Faulted", "Unavailable")
_GRACE = 60.0
"""Seconds that a station has after it has come back to tell what it did meanwhile."""


@functions.hook(
    "reservationAnswered",
    parameters=(
        Parameter("id", INTEGER),
        Parameter("connectorId", INTEGER),
        Parameter("expiryDateTime", STRING),
        Parameter("status", STRING),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example("$reservationAnswered(7, 1, '2026-01-01T00:00:00Z', 'Accepted')", True),
        Example("$reservationAnswered(7, 1, '2026-01-01T00:00:00Z', 'Occupied')", False),
    ),
)
def reservation_answered(view: View, number: int, connector: int, expiry: str, status: str) -> bool:
    """Note a reservation that the station accepted; it replaces one with its id (H01.FR.02)."""
    moment = parse_time(expiry)
    if status != "Accepted" or moment is None or number < 0:
        return False
    put(view.change(_NAMESPACE).setdefault("open", {}), str(number), connector, CONNECTORS)
    expiry_time = moment.timestamp()
    view.set_timer(TIMER, expiry_time, {"reservationId": number, "expiry": expiry_time}, str(number))
    return True


@functions.hook(
    "reservationOver",
    parameters=(Parameter("reservationId", INTEGER),),
    result=_ID,
    optional_result=True,
    mutates=True,
    examples=(Example("$reservationOver(7)", None),),
)
def reservation_over(view: View, number: int) -> int | None:
    """Forget a reservation that was used, cancelled, or has expired. Gives its id; undefined when it was not known."""
    if str(number) not in _open(view):
        return None
    del view.change(_NAMESPACE)["open"][str(number)]
    view.cancel_timer(TIMER, str(number))
    return number


@functions.hook(
    "reservationExpired",
    parameters=(Parameter("reservationId", INTEGER), Parameter("expiry", NUMBER)),
    result=_ID,
    optional_result=True,
    mutates=True,
    examples=(Example("$reservationExpired(7, 1767225600)", None),),
)
def reservation_expired(view: View, number: int, expiry: float) -> int | None:
    """Forget a reservation whose time, in seconds since the epoch, is over, and give its id; undefined when it was not
    known. A station that was away then has time to tell first that it was used."""
    told = view.connected_at + _GRACE
    if str(number) in _open(view) and view.connected_at > expiry and view.now < told:
        view.set_timer(TIMER, told, {"reservationId": number, "expiry": expiry}, str(number))
        return None
    over: int | None = reservation_over(view, number)
    return over


@functions.hook(
    "reservationUsed",
    parameters=(Parameter("reservationId", INTEGER, optional=True), Parameter("connectorId", INTEGER)),
    result=_ID,
    optional_result=True,
    mutates=True,
    examples=(
        Example("$reservationUsed(7, 1)", 7),
        Example("$reservationUsed(0, 1)", None),
        Example("$reservationUsed(-1, 1)", None),
    ),
)
def reservation_used(view: View, number: int | None, connector: int) -> int | None:
    """The reservation that a transaction on the connector ends, which is forgotten; undefined for none. Stations also
    write 0 for none: it counts only where a reservation of that id is open for the connector."""
    if number is None or number < 0 or (number == 0 and _open(view).get("0") not in (0, connector)):
        return None
    reservation_over(view, number)
    return number


@functions.hook(
    "reservationsRemoved",
    parameters=(Parameter("connectorId", INTEGER), Parameter("status", STRING)),
    result=array_of(_ID),
    mutates=True,
    apart=True,
    examples=(Example("$reservationsRemoved(1, 'Faulted')", []),),
)
def reservations_removed(view: View, connector: int, status: str) -> list[int]:
    """The reservations that end because their connector, or the station (connector 0), is Faulted or Unavailable now
    (1.6, 5.13; H01.FR.16, H01.FR.17); they are forgotten."""
    if status not in _BROKEN:
        return []
    over = [int(number) for number, place in _open(view).items() if connector in (0, place)]
    for number in over:
        reservation_over(view, number)
    return over


def _open(view: View) -> dict[str, Any]:
    kept: dict[str, Any] = view.read(_NAMESPACE).get("open", {})
    return kept
