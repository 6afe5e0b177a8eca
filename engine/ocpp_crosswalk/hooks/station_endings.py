"""How transactions of a 2.x station end for a 1.6 CSMS (see `station_transactions`).

For 1.6 a transaction is one driver's: it ends with the authorization, while the 2.x transaction may go on, with another
driver even. What the CSMS has to be told of an end is kept until it has taken it.
"""

from __future__ import annotations

from typing import Any

from ..view import View
from .bounds import put
from .station_rows import KEPT, NAMESPACE, others_of
from .tokens import fold
from .topology import evse_of

NO_VEHICLE = "EVConnectTimeout"
_AUTHORIZES = ("Authorized", "RemoteStart")
ENDS_AUTHORIZATION = ("StopAuthorized", "Deauthorized", "RemoteStop", NO_VEHICLE)
REASON = {
    "type": "string",
    "enum": [
        "DeAuthorized",
        "EmergencyStop",
        "EVDisconnected",
        "HardReset",
        "Local",
        "Other",
        "PowerLoss",
        "Reboot",
        "Remote",
        "SoftReset",
        "UnlockCommand",
    ],
}
"""Why a 1.6 transaction stops."""


def is_another_authorization(row: dict[str, Any], tag: str, event: dict[str, Any]) -> bool:
    """Whether a token that ends nothing says that the authorization is over that the CSMS knows: by its end, or because
    another driver comes. The same token again, without an end between, is no other one."""
    if "stopped" in row:
        return True
    if "number" not in row:
        return False
    another = fold(row.get("tag", tag)) != fold(tag)
    if "ending" in row:
        return another or event["trigger"] in _AUTHORIZES
    return another and event["trigger"] in _AUTHORIZES


def begin_again(view: View, row: dict[str, Any], event: dict[str, Any]) -> None:
    """A new authorization after one that ended: for 1.6 it is another transaction, from the register reached. The end
    of the earlier one that the CSMS still has to be told is put aside."""
    if "number" in row:
        left = {"id": row["id"], "connector": row["connector"], "stop": _end_of(row, event["timestamp"])}
        put(view.change(NAMESPACE).setdefault("left", {}), str(row.pop("number")), left, KEPT)
    for name in ("stopped", "ending", "tag", "was", "known", "info", "firstAt", "reservation", "asked"):
        row.pop(name, None)
    if "last" in row:
        row["first"] = row["last"]


def plan_earlier_ends(view: View, row: dict[str, Any], event: dict[str, Any], plan: dict[str, Any]) -> None:
    """Plan the ends that the CSMS lacks before this transaction begins or ends. That of the earlier authorization holds
    this one up, but only until another event comes: what the CSMS never takes must not cost the next driver's bill."""
    for number, left in view.read(NAMESPACE).get("left", {}).items():
        if left["id"] == row["id"] and "tried" not in left:
            view.change(NAMESPACE)
            left["tried"] = True
            plan["before"] = {"id": row["id"], "number": int(number), **left["stop"]}
            break
    orphan = _orphan(view, row, event, plan)
    if orphan is not None:
        plan["orphan"] = orphan


def _orphan(view: View, row: dict[str, Any], event: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any] | None:
    """A transaction that still runs on the EVSE for the CSMS, but cannot: its Ended has not come, and may never, or the
    CSMS did not take its end when it was told."""
    if "connector" not in row:
        return None
    evse_id, _ = evse_of(view, row["connector"])
    for number, left in view.read(NAMESPACE).get("left", {}).items():
        here = "superseded" not in row and evse_of(view, left["connector"])[0] == evse_id
        if (here or left["id"] == row["id"]) and int(number) != plan.get("before", {}).get("number"):
            return {"id": left["id"], "number": int(number), **left["stop"]}
    if "superseded" in row or "start" not in plan:
        return None
    for other in others_of(view, row):
        if "number" in other:
            return {"id": other["id"], "number": other["number"], **_end_of(other, event["timestamp"])}
    return None


def _end_of(row: dict[str, Any], timestamp: str) -> dict[str, Any]:
    """The end of a transaction that runs for the CSMS and for no one else: when its authorization ended, as far as that
    is known, and at the last register."""
    refused = "info" in row and row["info"]["info"]["status"] != "Accepted"
    ending = row.get("ending") or {"timestamp": timestamp, "reason": "DeAuthorized" if refused else "Other"}
    told = {name: ending[name] for name in ("timestamp", "reason", "idTag") if name in ending}
    return {"meterStop": round(row.get("last", row.get("first", 0.0))), **told}


def plan_stop(view: View, row: dict[str, Any], event: dict[str, Any], plan: dict[str, Any], *, read: bool) -> None:
    """Plan StopTransaction at the end, or when the authorization ends and the setting says that 1.6 ends then. Without
    the register of that moment (``read``), the stop waits for one: the last one may be an hour old."""
    if "stopped" in row:
        return
    ended = event["type"] == "Ended"
    now = {"timestamp": event["timestamp"], "reason": event["reason"]}
    if event.get("tag") is not None:
        now["idTag"] = event["tag"]
    at_once = event["trigger"] in ENDS_AUTHORIZATION and view.settings["stopTransactionOn"] == "authorizationEnd"
    if at_once and not ended and "ending" not in row:
        row["ending"] = now if read else {**now, "waits": True}
    if ended and "over" in row:  # nothing can be told before its EVSE is: its Started may come late
        row["ending"] = now
    elif "ending" in row and (ended or "waits" not in row["ending"]) and ("number" in row or "start" in plan):
        plan["stop"] = {"number": row.get("number", 0), **_end_of(row, event["timestamp"])}
    elif ended:
        meter_stop = round(row.get("last", row.get("first", 0.0)))
        plan["stop"] = {"number": row.get("number", 0), "meterStop": meter_stop, **now}
