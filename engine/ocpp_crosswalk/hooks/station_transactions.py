"""Transactions of a 2.x station on a 1.6 CSMS (facts 6.0, 6.3; OCPP 2.0.1 E; OCPP 1.6 4.8, 4.10).

A 2.x station begins a transaction when it likes and tells token, EVSE and readings as they become known, each once.
1.6 begins one with a token, a connector and a register. So what a transaction has told is kept here, and each event
yields a plan: which 1.6 calls it makes possible. The mapping carries the plan out; what the CSMS answered comes back
through the functions of `station_answers`. A plan is made from what has been carried out, never from what was
planned: an event whose calls failed leaves its work to the next one.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Parameter, Registry
from ..expressions.functions import INTEGER, STRING, object_of
from ..view import View
from .bounds import CONNECTORS, put
from .registers import REGISTER, ROUNDING, Reading, exponent_for, place_of, registers
from .station_endings import (
    ENDS_AUTHORIZATION,
    NO_VEHICLE,
    REASON,
    begin_again,
    is_another_authorization,
    plan_earlier_ends,
    plan_stop,
)
from .station_rows import ENDED, KEPT, NAMESPACE, others_of, running_on
from .tokens import fold
from .topology import all_connectors, connectors_of, learn
from .values import utc

functions = Registry()

_TIME = {"type": "string", "format": "date-time"}
_ID_TAG = {"type": "string", "maxLength": 20}
_CONNECTOR = {"type": "integer", "minimum": 1}
ID_TAG_INFO = object_of(
    {"status": {"type": "string", "enum": ["Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid"]}},
    {"expiryDate": _TIME, "parentIdTag": _ID_TAG},
)
_STOP = {"number": INTEGER, "meterStop": INTEGER, "timestamp": _TIME, "reason": REASON}
PLAN = object_of(
    {"register": REGISTER},
    {
        "connectorId": _CONNECTOR,
        "authorize": _ID_TAG,
        "info": ID_TAG_INFO,
        "orphan": object_of({"id": STRING, **_STOP}, {"idTag": _ID_TAG}),
        "before": object_of({"id": STRING, **_STOP}, {"idTag": _ID_TAG}),
        "start": object_of(
            {"connectorId": _CONNECTOR, "idTag": _ID_TAG, "meterStart": INTEGER, "timestamp": _TIME},
            {"reservationId": INTEGER},
        ),
        "values": object_of({"connectorId": _CONNECTOR}, {"number": INTEGER}),
        "stop": object_of(_STOP, {"idTag": _ID_TAG}),
    },
)
"""The 1.6 calls that an event makes possible, in this order. An `orphan` is the end of another transaction, without
which this one goes on too; `before` is the end of the earlier authorization of this one. A `stop` with the number 0 is
of the transaction that `start` begins."""


@functions.hook(
    "chargingEvent",
    parameters=(Parameter("event", {"type": "object"}),),
    result=PLAN,
    mutates=True,
    apart=True,
)
def charging_event(view: View, event: dict[str, Any]) -> dict[str, Any]:
    """Take in a TransactionEvent (`id`, `type`, `timestamp`, `trigger`, `evse`, `tag`, `free`, `meterValue`,
    `chargingState`, `reservationId`, `reason`) and give the 1.6 calls that it makes possible. `free` says that the tag
    stands for no authorization, `reason` why a 1.6 transaction stops that this event ends; times are in UTC with
    milliseconds."""
    kept = view.change(NAMESPACE)
    ended = view.read(ENDED).get(event["id"])
    if ended is not None:
        return _late(view, ended, event)
    row = kept.setdefault("open", {}).get(event["id"])
    if row is None:
        row = kept["open"][event["id"]] = {"id": event["id"], "began": event["timestamp"]}
        _forget_oldest(kept)
        if event["type"] == "Ended":
            view.note(f"transaction {row['id']} ends, and nothing of it was seen before")
            row["over"] = True
    _learn_place(view, row, event)
    register, read = _take_readings(view, row, event)
    plan: dict[str, Any] = {"register": register}
    known = _take_token(view, row, event, plan)
    if event.get("reservationId") is not None:
        row["reservation"] = event["reservationId"]
        if "number" in row:
            view.note(
                f"reservation {row['reservation']} comes when the CSMS knows the transaction already; it is not told"
            )
    if event.get("chargingState"):
        row["state"] = event["chargingState"]
    if "number" not in row:
        _plan_start(view, row, event, plan, known)
    if event["type"] == "Ended" and "connector" in row:
        row.pop("over", None)
    if "start" in plan or event["type"] == "Ended":
        plan_earlier_ends(view, row, event, plan)
    if "number" in row or "start" in plan or "over" in row:
        plan_stop(view, row, event, plan, read=read)
    if "connector" in row:
        plan["connectorId"] = row["connector"]
    _plan_values(view, row, event, plan)
    return plan


def _plan_values(view: View, row: dict[str, Any], event: dict[str, Any], plan: dict[str, Any]) -> None:
    """Plan MeterValues for readings that no other call of the plan tells: of the transaction, where the CSMS knows it,
    else of the connector."""
    if not event.get("meterValue") or ("stop" in plan and event["type"] == "Ended"):
        return
    unbegun = "number" not in row and "stopped" not in row
    if unbegun and "first" in row and row["first"] == row["last"] and _one_register(event):
        return
    if "connector" not in row or ("superseded" in row and unbegun and "start" not in plan):
        why = "its EVSE is not known" if "connector" not in row else "another one runs on its connector"
        view.note(f"readings of transaction {row['id']} are left out: it has not begun for the CSMS, and {why}")
        return
    plan["values"] = {"connectorId": row["connector"]} | ({"number": row["number"]} if "number" in row else {})


def _late(view: View, ended: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """An event after Ended: its readings still count, without a transaction."""
    plan: dict[str, Any] = {"register": {"exponent": 0}}
    if ended.get("connector"):
        plan["connectorId"] = ended["connector"]
        if event.get("meterValue"):
            plan["values"] = {"connectorId": ended["connector"]}
    elif event.get("meterValue"):
        view.note(f"readings of transaction {event['id']} are left out: it has ended, and its EVSE is not known")
    if "floor" in ended:
        plan["register"] |= {"floor": ended["floor"], "place": ended["place"]}
        _note_those_below(view, ended["floor"], registers(event.get("meterValue") or [], ended["place"]))
    return plan


def _note_those_below(view: View, floor: float, readings: list[Reading]) -> None:
    below = [wh for wh, _, _ in readings if wh < floor - ROUNDING]
    if below:
        view.note(f"{len(below)} registers, from {below[0]:g} Wh on, are below the {floor:g} Wh told before; left out")


def _forget_oldest(kept: dict[str, Any]) -> None:
    idle = [key for key, row in kept["open"].items() if "number" not in row]
    told = [key for key, row in kept["open"].items() if "number" in row]
    for key in [*idle[: max(0, len(idle) - KEPT)], *told[: max(0, len(told) - CONNECTORS)]]:
        del kept["open"][key]


def _learn_place(view: View, row: dict[str, Any], event: dict[str, Any]) -> None:
    evse = event.get("evse") or row.get("evse")
    if not evse:
        return
    connector_id = evse.get("connectorId") or None
    if "number" in row or "stopped" in row:
        elsewhere = learn(view, evse["id"], connector_id) if connector_id else None
        if elsewhere not in (None, row["connector"], row.get("elsewhere")):
            row["elsewhere"] = elsewhere
            view.note(
                f"transaction {row['id']} is on connector {elsewhere}, but began on {row['connector']} for the CSMS"
            )
        return
    unnamed = connector_id is None and "connector" not in row and len(connectors_of(view, evse["id"], None)) > 1
    if unnamed and _will_be_named(row, event):
        row["evse"] = {"id": evse["id"]}
        return
    connector = learn(view, evse["id"], connector_id)
    if unnamed:
        view.note(f"transaction {row['id']} does not name its connector of EVSE {evse['id']}; {connector} stands in")
    if connector and (connector_id or "connector" not in row):
        row["connector"] = connector
        row.pop("evse", None)
        for other in others_of(view, row):
            min(other, row, key=lambda one: one["began"])["superseded"] = True


def _will_be_named(row: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether an event to come shall name the connector: the first one with the vehicle connected (E01.FR.16)."""
    if event["type"] == "Ended" or event["trigger"] == "CablePluggedIn":
        return False
    state: str = event.get("chargingState") or row.get("state", "Idle")
    return state == "Idle"


def _take_readings(view: View, row: dict[str, Any], event: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Note the registers of the event; how they are to be read for the CSMS, and whether there are any."""
    values = event.get("meterValue") or []
    place = row.get("place") or place_of(values)
    if place is None:
        return {"exponent": 0}, False
    row["place"] = place
    readings = registers(values, place)
    if readings and "ending" in row:
        row["ending"].pop("waits", None)
    last = row.get("last")
    exponent = exponent_for(readings, last, row.get("lastAt", event["timestamp"]))
    amounts: list[Reading] = [(round(wh * 10.0**exponent, 6), at, context) for wh, at, context in readings]
    register: dict[str, Any] = {"exponent": exponent, "place": place}
    if event["type"] == "Ended" and "first" not in row and len(amounts) == 1 and amounts[0][2] != "Transaction.Begin":
        before = _known_register(view, row)
        if before is not None and before <= amounts[0][0]:
            row["first"] = row["last"] = before
    for amount, at, context in amounts:
        begins = "first" not in row or _is_earlier(view, row, amount, at, context)
        if begins:
            row["first"], row["firstAt"] = amount, utc(view, at)
        if amount >= row.get("last", amount):
            row["last"], row["lastAt"] = amount, at
        elif event["type"] != "Ended" and not begins:
            view.note(f"a register of {amount:g} Wh is below the {row['last']:g} Wh before it, and is left out")
    if "last" in row and "connector" in row and "superseded" not in row:
        put(view.change(NAMESPACE).setdefault("registers", {}), str(row["connector"]), row["last"], CONNECTORS)
    floor = row.get("first") if event["type"] == "Ended" else last
    if floor is not None:
        register["floor"] = floor
    if floor is not None and event["type"] == "Ended":
        _note_those_below(view, floor, amounts)
    return register, bool(readings)


def _is_earlier(view: View, row: dict[str, Any], amount: float, at: str, context: str) -> bool:
    """Whether a register that comes late is the first one after all; not when the CSMS knows another as meterStart."""
    if "number" in row or "firstAt" not in row or amount >= row["first"]:
        return False
    return context == "Transaction.Begin" or utc(view, at) < row["firstAt"]


def _known_register(view: View, row: dict[str, Any]) -> float | None:
    known: float | None = view.read(NAMESPACE).get("registers", {}).get(str(row.get("connector")))
    return known


def _take_token(view: View, row: dict[str, Any], event: dict[str, Any], plan: dict[str, Any]) -> str | None:
    """Note the token of the event; plan to have it checked when no other call answers for it, and again after a
    refusal. Gives the time since when token and connector were known before."""
    tag = event.get("tag")
    ends = event["trigger"] in ENDS_AUTHORIZATION
    if tag is not None:
        row["seen"] = tag
        if not ends and event["type"] != "Ended" and is_another_authorization(row, tag, event):
            begin_again(view, row, event)
        if "number" not in row and (not ends or event["type"] == "Ended") and "stopped" not in row:
            if not ends:
                if fold(row.get("tag") or row.get("was") or tag) != fold(tag):
                    row.pop("reservation", None)
                row["tag"] = tag
            row.setdefault("tag", tag)
        info = row.get("info")
        if info is not None and fold(info["tag"]) == fold(tag) and info["info"]["status"] == "Accepted":
            plan["info"] = dict(info["info"])
        elif event.get("free"):
            plan["info"] = {"status": "Accepted"}
        else:
            plan["authorize"] = tag
    if ends and event["type"] != "Ended" and "number" not in row and "tag" in row:
        row["was"] = row.pop("tag")
    known: str | None = row.get("known")
    if "tag" in row and ("connector" in row or "evse" in row):
        row.setdefault("known", event["timestamp"])
    else:
        row.pop("known", None)
    return known


def _plan_start(
    view: View, row: dict[str, Any], event: dict[str, Any], plan: dict[str, Any], known: str | None
) -> None:
    """Plan StartTransaction when its token, connector and register are known, or when it is now or never. It is of
    the time when token and connector were ``known``; when that is only at the end, of the beginning."""
    if "stopped" in row or ("superseded" in row and event["type"] != "Ended" and "over" not in row):
        return
    if event["type"] == "Ended" and not _complete_at_the_end(view, row, event):
        return
    if not {"tag", "connector", "first"} <= row.keys():
        return
    if event["type"] == "Ended":
        timestamp = known or min(row["began"], row.get("firstAt", row["began"]))
    else:
        timestamp = known or event["timestamp"]
    plan["start"] = {
        "connectorId": row["connector"],
        "idTag": row["tag"],
        "meterStart": round(row["first"]),
        "timestamp": timestamp,
    }
    if "reservation" in row:
        plan["start"]["reservationId"] = row["reservation"]
    if plan.get("authorize") == row["tag"] or (event.get("free") and event["tag"] == row["tag"]):
        plan.pop("authorize", None)
        plan.pop("info", None)


def _complete_at_the_end(view: View, row: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether a transaction that ends unbegun is told after all: when it was authorized, or when energy flowed. Fills
    in what never came: a token, a connector, a register."""
    lacking = _lacking_at_the_end(view, row, event)
    if lacking:
        view.note(f"transaction {row['id']} is not told to the CSMS: {lacking}")
    return not lacking


def _lacking_at_the_end(view: View, row: dict[str, Any], event: dict[str, Any]) -> str:
    energy = row.get("last", 0.0) - row.get("first", 0.0)
    if "tag" not in row:
        if energy <= 0:
            return "nobody was authorized, and no energy flowed"
        row["tag"] = row.get("was") or row.get("seen") or view.settings["noAuthorizationIdTag"]
        if "was" not in row:
            view.note(
                f"transaction {row['id']} used {energy:g} Wh without an authorization; it is told with {row['tag']!r}"
            )
    if "connector" not in row:
        connectors = all_connectors(view)
        if energy <= 0 or len(connectors) > 1:
            return "it never had an EVSE"
        row["connector"] = connectors[0]
    if "first" not in row:
        if event["trigger"] == NO_VEHICLE:
            return "no vehicle came"
        row["first"] = row["last"] = _known_register(view, row) or 0.0
        view.note(f"transaction {row['id']} had no register; {row['first']:g} Wh stand in")
    return ""


def _one_register(event: dict[str, Any]) -> bool:
    """Whether the event's only reading is a register, which meterStart tells already."""
    values = event.get("meterValue") or []
    samples = [sample for value in values for sample in value["sampledValue"]]
    return len(samples) == 1 and "signedMeterValue" not in samples[0] and place_of(values) is not None


@functions.hook(
    "evseReadings",
    parameters=(
        Parameter("evseId", INTEGER),
        Parameter("meterValue", {"type": "array", "items": {"type": "object"}}),
    ),
    result=object_of({"register": REGISTER}, {"connectorId": {"type": "integer", "minimum": 0}, "number": INTEGER}),
    mutates=True,
    apart=True,
)
def evse_readings(view: View, evse_id: int, values: list[dict[str, Any]]) -> dict[str, Any]:
    """Take in the readings of a MeterValues of an EVSE (0: the main meter): its connector, the transaction that the
    CSMS knows there, and how the registers are to be read."""
    connector = learn(view, evse_id, None) if evse_id > 0 else 0
    if not connector:
        return {"register": {"exponent": 0}} | ({"connectorId": 0} if connector == 0 else {})
    row = running_on(view, connector) or next(
        (row for number in connectors_of(view, evse_id, None) if (row := running_on(view, number))), None
    )
    if row is None:
        place = place_of(values)
        if place is not None:
            for wh, _, _ in registers(values, place)[-1:]:
                put(view.change(NAMESPACE).setdefault("registers", {}), str(connector), wh, CONNECTORS)
        return {"connectorId": connector, "register": {"exponent": 0}}
    view.change(NAMESPACE)
    register, _ = _take_readings(view, row, {"type": "Updated", "timestamp": row["began"], "meterValue": values})
    told = {"connectorId": row["connector"], "register": register}
    return told | ({"number": row["number"]} if "number" in row else {})
