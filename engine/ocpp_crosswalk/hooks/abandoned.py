"""Transactions of a 1.6 station that seem to be over, although their StopTransaction never came.

A station that boots, or whose connector is Available again, runs no transaction there any more. Its StopTransaction
may still wait in its queue, so the link gives it the time of the setting `abandonedAfter`, and then tells the CSMS the
end by itself. A StopTransaction that comes later is still told.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..times import parse_time
from ..view import View
from .transactions import EVENT, end_row, next_event, open_rows

functions = Registry()

TIMER = "abandonedTransaction"
_CHARGING = ("Charging", "SuspendedEV", "SuspendedEVSE")


def suspect_all(view: View) -> None:
    """The station boots: whatever ran on it may be over."""
    for row in open_rows(view).values():
        _suspect(view, row)


def _suspect(view: View, row: dict[str, Any]) -> None:
    grace = float(view.settings["abandonedAfter"])
    if grace:
        view.change("transactions")
        row["suspected"] = view.now
        view.set_timer(TIMER, view.now + grace, {"transactionId": row["number"]}, str(row["number"]))


def _trust(view: View, row: dict[str, Any]) -> None:
    view.change("transactions")
    if row.pop("suspected", None) is not None:
        view.cancel_timer(TIMER, str(row["number"]))


@functions.hook(
    "connectorInUse",
    parameters=(Parameter("connectorId", INTEGER), Parameter("status", STRING)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$connectorInUse(1, 'Charging')", False),),
)
def connector_in_use(view: View, connector: int, status: str) -> bool:
    """Take from the status of a connector whether the transaction there goes on: Available makes it suspect of being
    over, a charging state clears it. Says whether there is a transaction. The whole station (0) says nothing of one."""
    found = False
    for row in open_rows(view).values():
        if row["connector"] != connector or connector < 1:
            continue
        found = True
        if status == "Available" and "suspected" not in row:
            _suspect(view, row)
        elif status in _CHARGING:
            _trust(view, row)
    return found


@functions.hook(
    "transactionSeen",
    parameters=(Parameter("transactionId", INTEGER), Parameter("timestamp", STRING)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$transactionSeen(12, '2026-01-01T00:00:00Z')", False),),
)
def transaction_seen(view: View, number: int, timestamp: str) -> bool:
    """A message of a transaction, of this time, has come: one from after the suspicion clears it, one from before it
    says that the station is still emptying its queue. Says whether it was suspected."""
    row = open_rows(view).get(str(number))
    if row is None or "suspected" not in row:
        return False
    moment = parse_time(timestamp)
    if moment is not None and moment.timestamp() > row["suspected"]:
        _trust(view, row)
    else:
        _suspect(view, row)
    return True


@functions.hook(
    "abandonedTransaction",
    parameters=(Parameter("transactionId", INTEGER),),
    result=EVENT,
    optional_result=True,
    mutates=True,
    apart=True,
    examples=(Example("$abandonedTransaction(12)", None),),
)
def abandoned_transaction(view: View, number: int) -> dict[str, Any] | None:
    """The event that ends a transaction which is still suspected to be over; undefined where it is not, or where the
    station has been away meanwhile and had no time to say so."""
    row = open_rows(view).get(str(number))
    if row is None or "suspected" not in row:
        return None
    view.change("transactions")
    grace = float(view.settings["abandonedAfter"])
    if view.connected_at > row["suspected"] and view.now < view.connected_at + grace:
        view.set_timer(TIMER, view.connected_at + grace, {"transactionId": number}, str(number))
        return None
    event = next_event(view, row)
    end_row(view, row, told=False)
    return event
