"""Transactions of a 1.6 station on a 2.x CSMS (facts 1.2, 6.1, 6.2; OCPP 2.0.1 E).

1.6 knows a transaction by an integer that the CSMS chooses, 2.x by a string that the station chooses. Here both are
made by the link: the string is a fresh id, the integer rises and never comes back, even if the state is lost. Every
event of a transaction takes the next sequence number; `once` and durable exchanges see to it that a number that was
taken is also sent.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING, object_of
from ..view import View
from .bounds import CONNECTORS, put
from .profiles import forget_transaction_profiles, profile_installed
from .remote import remote_start_lapsed, take_remote_start
from .topology import evse_of
from .values import offline

functions = Registry()

_NAMESPACE = "transactions"
_ENDED = "transactions-ended"
_ENDED_KEPT = 16
"""How many ended transactions of a station are remembered, for late messages."""
_INT32 = 2**31 - 1
_NAMELESS = ""
"""What stands for the connection on which a transaction's number becomes known, where the station has messages that it
wrote without the number."""

_CHARGING_STATES = {"Charging": "Charging", "SuspendedEV": "SuspendedEV", "SuspendedEVSE": "SuspendedEVSE"}
_AFTER = {"Preparing": "EVConnected", "Finishing": "EVConnected", "Available": "Idle"}
"""1.6 statuses that say that energy no longer flows, and the chargingState of 2.x (facts 5.4)."""

CHARGING_STATE = {
    "type": "string",
    "enum": ["Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"],
}
START = object_of(
    {"timestamp": {"type": "string", "format": "date-time"}, "meterStart": INTEGER},
    {"reservationId": {"type": "integer", "minimum": 0}, "remoteStartId": INTEGER, "chargingState": CHARGING_STATE},
)
"""What the first event of a transaction says beside what every event does."""
EVENT = object_of(
    {
        "id": {"type": "string", "maxLength": 36},
        "number": INTEGER,
        "seqNo": {"type": "integer", "minimum": 0},
        "connectorId": INTEGER,
    },
    {
        "chargingState": CHARGING_STATE,
        "idTag": STRING,
        "start": START,
    },
)
"""An event of a transaction; with `start` as long as the CSMS has not taken the first one."""


def open_rows(view: View) -> dict[str, dict[str, Any]]:
    """The transactions that run, by number."""
    kept: dict[str, dict[str, Any]] = view.read(_NAMESPACE).get("open", {})
    return kept


def _find(view: View, number: int, connector: int | None = None) -> dict[str, Any] | None:
    """The open transaction that the station means by ``number``.

    A station that was never told its number sends -1 (erratum 3.18), and many send 0 or -1 for no transaction at all.
    So what such a message means is told by its connector, where it has one; where it has none, the only transaction is
    meant whose number the station may not know, or the only one of these that was not answered after a repeat.
    """
    open_ = open_rows(view)
    if number > 0:
        return open_.get(str(number))
    if connector is not None:
        return _on_connector(view, connector)
    nameless = [row for row in open_.values() if "unconfirmed" in row]
    if len(nameless) > 1:
        nameless = [row for row in nameless if "start" in row or row["unconfirmed"] == _NAMELESS]
    return nameless[0] if len(nameless) == 1 else None


def _on_connector(view: View, connector: int) -> dict[str, Any] | None:
    """The latest transaction on the connector; none on 0, which stands for the whole station, or for one that is not
    known."""
    if connector < 1:
        return None
    return next((row for row in reversed(open_rows(view).values()) if row["connector"] == connector), None)


def _on_evse(view: View, connector: int) -> dict[str, Any] | None:
    """The latest transaction on the connector's EVSE, which has one at a time (E01.FR.14)."""
    if connector < 1:
        return None
    evse_id, _ = evse_of(view, connector)
    for row in reversed(open_rows(view).values()):
        if row["connector"] > 0 and evse_of(view, row["connector"])[0] == evse_id:
            return row
    return None


def next_event(view: View, row: dict[str, Any]) -> dict[str, Any]:
    """The transaction's next event; it takes the next sequence number."""
    view.change(_NAMESPACE)
    number = row["seq"]
    row["seq"] = number + 1
    event = {"id": row["id"], "number": row["number"], "seqNo": number, "connectorId": row["connector"]}
    if state := row.get("state"):
        event["chargingState"] = state
    if tag := row.get("idTag"):
        event["idTag"] = tag
    if start := row.get("start"):
        event["start"] = dict(start)
    return event


def _add(view: View, row: dict[str, Any]) -> dict[str, Any]:
    put(view.change(_NAMESPACE).setdefault("open", {}), str(row["number"]), row, CONNECTORS)
    return row


def end_row(view: View, row: dict[str, Any], *, told: bool = True) -> None:
    """The transaction is over. ``told`` says that the station told its end."""
    view.change(_NAMESPACE)["open"].pop(str(row["number"]), None)
    row_kept = {name: row[name] for name in ("id", "number", "connector", "seq", "start") if name in row}
    put(view.change(_ENDED), str(row["number"]), {**row_kept, "told": told}, _ENDED_KEPT)
    forget_transaction_profiles(view, row["id"])


@functions.hook(
    "orphan",
    parameters=(Parameter("connectorId", INTEGER),),
    result=EVENT,
    optional_result=True,
    mutates=True,
    apart=True,
)
def orphan(view: View, connector: int) -> dict[str, Any] | None:
    """The event that ends a transaction which a new one on the same EVSE proves to be over: its StopTransaction never
    came, and 1.6 sends transaction messages in order (3.7). Undefined when there is none."""
    row = _on_evse(view, connector)
    if row is None:
        return None
    event = next_event(view, row)
    end_row(view, row, told=False)
    return event


@functions.hook(
    "beginTransaction",
    parameters=(
        Parameter("connectorId", INTEGER),
        Parameter("idTag", STRING),
        Parameter("timestamp", STRING),
        Parameter("meterStart", INTEGER),
        Parameter("reservationId", INTEGER, optional=True),
    ),
    result=EVENT,
    mutates=True,
    apart=True,
)
def begin_transaction(
    view: View, connector: int, id_tag: str, timestamp: str, meter_start: int, reservation: int | None = None
) -> dict[str, Any]:
    """Open a transaction: its string id, its number for the station, its first event (seqNo 0), the charging state
    known from the connector's status, and the remote start that it answers to, if any. What the first event says is
    kept until the CSMS has taken it, see `$startTold`."""
    kept = view.change(_NAMESPACE)
    number = max(kept.get("last", 0) + 1, int(view.now) % _INT32 or 1)
    kept["last"] = number
    state = _CHARGING_STATES.get(kept.get("status", {}).get(str(connector), ""), "")
    remote_start = take_remote_start(view, id_tag, connector, timestamp)
    start: dict[str, Any] = {"timestamp": timestamp, "meterStart": meter_start}
    if reservation is not None:
        start["reservationId"] = reservation
    if remote_start is not None:
        start["remoteStartId"] = remote_start["id"]
    if state:
        start["chargingState"] = state
    row = {
        "id": view.fresh_id(),
        "number": number,
        "connector": connector,
        "idTag": id_tag,
        "seq": 0,
        "state": state,
        "start": start,
        "unconfirmed": _NAMELESS if offline(view, timestamp) else view.epoch,
    }
    event = next_event(view, _add(view, row))
    if remote_start is not None and "profile" in remote_start and connector > 0:
        profile = {**remote_start["profile"], "transactionId": row["id"]}
        profile_installed(view, evse_of(view, connector)[0], profile, "Accepted")
    return event


@functions.hook(
    "startAwaited",
    parameters=(Parameter("transactionId", INTEGER),),
    result=BOOLEAN,
    examples=(Example("$startAwaited(12)", False),),
)
def start_awaited(view: View, number: int) -> bool:
    """Whether the CSMS has yet to take the first event of the transaction."""
    return "start" in (open_rows(view).get(str(number)) or _ended(view, number) or {})


@functions.hook(
    "startTold",
    parameters=(Parameter("transactionId", INTEGER),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$startTold(12)", False),),
)
def start_told(view: View, number: int) -> bool:
    """The CSMS has taken the first event of the transaction. A station that waits for it on the same connection has its
    number now; one that told it late may have messages in its queue that were written without. Says whether the event
    was awaited."""
    row = open_rows(view).get(str(number)) or _resumed(view, number)
    if row is None or "start" not in row:
        return False
    view.change(_NAMESPACE)
    del row["start"]
    if row.get("unconfirmed") == view.epoch:
        del row["unconfirmed"]
    return True


@functions.hook(
    "transactionEvent",
    parameters=(Parameter("transactionId", INTEGER), Parameter("connectorId", INTEGER, optional=True)),
    result=EVENT,
    mutates=True,
    apart=True,
)
def transaction_event(view: View, number: int, connector: int | None = None) -> dict[str, Any]:
    """The next event of the transaction; the connector, where the message has one, is learnt. A transaction that began
    before this link came between is taken up under its number as text, with sequence numbers from 0: nothing is
    invented about its beginning. One that is over stays over."""
    row = _find(view, number, connector) or _resumed(view, number) or _adopt(view, number)
    if number > 0:
        row.pop("unconfirmed", None)
    elif "unconfirmed" in row and "start" not in row:
        row["unconfirmed"] = _NAMELESS
    row["connector"] = row["connector"] or connector or 0
    return next_event(view, row)


@functions.hook(
    "endTransaction",
    parameters=(Parameter("transactionId", INTEGER),),
    result=EVENT,
    mutates=True,
    apart=True,
)
def end_transaction(view: View, number: int) -> dict[str, Any]:
    """The last event of the transaction, which is over now. For one that is not known, see `$transactionEvent`; its
    connector is then 0."""
    row = _find(view, number) or _resumed(view, number) or _adopt(view, number)
    event = next_event(view, row)
    if "told" in row:
        row["told"] = True
    else:
        end_row(view, row)
    return event


def _ended(view: View, number: int) -> dict[str, Any] | None:
    row: dict[str, Any] | None = view.read(_ENDED).get(str(number))
    return row


def _resumed(view: View, number: int) -> dict[str, Any] | None:
    """A transaction that is over, for another event."""
    return view.change(_ENDED)[str(number)] if _ended(view, number) else None


def _adopt(view: View, number: int) -> dict[str, Any]:
    return _add(view, {"id": str(number), "number": number, "connector": 0, "seq": 0, "idTag": "", "state": ""})


@functions.hook(
    "transactionOver",
    parameters=(Parameter("transactionId", INTEGER),),
    result=BOOLEAN,
    examples=(Example("$transactionOver(12)", False),),
)
def transaction_over(view: View, number: int) -> bool:
    """Whether the station has told before that this transaction is over."""
    ended = _ended(view, number)
    return _find(view, number) is None and ended is not None and bool(ended["told"])


@functions.hook(
    "transactionKnown",
    parameters=(Parameter("transactionId", INTEGER, optional=True), Parameter("connectorId", INTEGER, optional=True)),
    result=BOOLEAN,
    examples=(Example("$transactionKnown(12)", True), Example("$transactionKnown(-1, 2)", False)),
)
def transaction_known(view: View, number: int | None, connector: int | None = None) -> bool:
    """Whether messages about this number can be told to the CSMS: it is open, or it is a number that another
    system gave out (positive). -1 and 0 stand for 'never told', and mean something only while a transaction is open
    that they can be about."""
    return number is not None and (number > 0 or _find(view, number, connector) is not None)


@functions.hook(
    "chargingStateChanged",
    parameters=(Parameter("connectorId", INTEGER), Parameter("status", STRING)),
    result=EVENT,
    optional_result=True,
    mutates=True,
    apart=True,
)
def charging_state_changed(view: View, connector: int, status: str) -> dict[str, Any] | None:
    """Note the connector's status. When it changes the charging state of a transaction that runs there, the event
    that says so; undefined otherwise."""
    before = view.read(_NAMESPACE).get("status", {}).get(str(connector))
    if before != status:
        put(view.change(_NAMESPACE).setdefault("status", {}), str(connector), status, CONNECTORS)
        if (before, status) == ("Preparing", "Available"):
            remote_start_lapsed(view, connector)
    row = _on_connector(view, connector)
    state = _CHARGING_STATES.get(status) or _AFTER.get(status)
    if row is None or state is None or row["state"] == state:
        return None
    row["state"] = state
    return next_event(view, row)


@functions.hook(
    "vehicleLeft",
    parameters=(Parameter("transactionId", INTEGER),),
    result=EVENT,
    optional_result=True,
    mutates=True,
    apart=True,
    examples=(Example("$vehicleLeft(12)", None),),
)
def vehicle_left(view: View, number: int) -> dict[str, Any] | None:
    """The event that says that the vehicle of a transaction has left; undefined where the transaction does not run."""
    row = open_rows(view).get(str(number))
    if row is None:
        return None
    view.change(_NAMESPACE)
    row["state"] = "Idle"
    return next_event(view, row)


@functions.hook(
    "transactionConnector",
    parameters=(Parameter("transactionId", STRING, optional=True),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$transactionConnector('none')", None),),
)
def transaction_connector(view: View, identifier: str | None) -> int | None:
    """The connector of an open transaction, by its 2.x id; undefined when no such transaction is open, or where it
    began before the link came between and no message has said the connector."""
    found = next((row["connector"] for row in open_rows(view).values() if row["id"] == identifier), 0)
    return found or None


@functions.hook(
    "transactionNumber",
    parameters=(Parameter("transactionId", STRING, optional=True),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$transactionNumber('none')", None),),
)
def transaction_number(view: View, identifier: str | None) -> int | None:
    """The number that the station knows an open transaction by; undefined when no such transaction is open."""
    return next((row["number"] for row in open_rows(view).values() if row["id"] == identifier), None)


@functions.hook(
    "transactionOn",
    parameters=(Parameter("connectorId", INTEGER, optional=True),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$transactionOn(1)", None),),
)
def transaction_on(view: View, connector: int | None) -> int | None:
    """The number of the transaction that runs on the connector (on any, for 0 or undefined); undefined when none
    does."""
    if connector:
        row = _on_connector(view, connector)
        return row["number"] if row else None
    return next((row["number"] for row in open_rows(view).values()), None)


@functions.hook(
    "eventsWait",
    parameters=(Parameter("transactionId", STRING, optional=True),),
    result=BOOLEAN,
    examples=(Example("$eventsWait()", False),),
)
def events_wait(view: View, identifier: str | None) -> bool:
    """Whether the CSMS has still to be told something about the transaction, or about any, for undefined (E14:
    messagesInQueue)."""
    transactions = [_subject(view, payload) for payload in view.untold()]
    return any(one is not None and identifier in (None, one) for one in transactions)


def _subject(view: View, payload: dict[str, Any]) -> str | None:
    """The 2.x id of the transaction that a call is about, of the link or of the station; empty for one that is about
    to begin, None when it is about none."""
    if "transactionInfo" in payload:
        identifier: str = payload["transactionInfo"]["transactionId"]
        return identifier
    if "meterStart" in payload:
        return ""
    number = payload.get("transactionId")
    if not isinstance(number, int):
        return None
    row = _find(view, number) or _ended(view, number)
    return row["id"] if row else str(number) if number > 0 else None
