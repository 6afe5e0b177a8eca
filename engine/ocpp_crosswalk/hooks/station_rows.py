"""The transactions of a 2.x station that are open, as they are kept (see `station_transactions`)."""

from __future__ import annotations

from typing import Any

from ..view import View
from .topology import evse_of

NAMESPACE = "charging"
ENDED = "charging-ended"
KEPT = 50
"""How many ended transactions are remembered for late events, and how many open ones without a start."""


def open_transactions(view: View) -> dict[str, dict[str, Any]]:
    """What is known of each 2.x transaction that has not ended, by its id."""
    kept: dict[str, dict[str, Any]] = view.read(NAMESPACE).get("open", {})
    return kept


def running_on(view: View, connector: int) -> dict[str, Any] | None:
    """The transaction that runs on a 1.6 connector, begun in 1.6 or not."""
    for row in open_transactions(view).values():
        if row.get("connector") == connector and "superseded" not in row:
            return row
    return None


def leave(view: View, connector: int) -> None:
    """Note that there is no vehicle on a 1.6 connector."""
    row = running_on(view, connector)
    if row is not None and row.get("state") != "Idle":
        view.change(NAMESPACE)
        row["state"] = "Idle"


def others_of(view: View, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The other open transactions of the EVSE. It has one at a time (E01.FR.14): the latest runs, the others are over
    although no Ended has come."""
    evse_id, _ = evse_of(view, row["connector"])
    rows = [other for other in open_transactions(view).values() if other is not row and "connector" in other]
    return [other for other in rows if evse_of(view, other["connector"])[0] == evse_id]
