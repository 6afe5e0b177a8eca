"""What a 1.6 CSMS said of the transactions of a 2.x station, and what is known of them (see `station_transactions`)."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View
from .bounds import put
from .station_rows import ENDED, KEPT, NAMESPACE, open_transactions, running_on
from .station_transactions import ID_TAG_INFO

functions = Registry()

_ASKED = {"type": "string", "enum": ["DeAuthorized", "Remote", "UnlockCommand"]}
"""Why a station is asked to stop: the CSMS refused the token, wants it to stop, or wants a connector unlocked."""


@functions.hook(
    "chargingBegun",
    parameters=(
        Parameter("transactionId", STRING),
        Parameter("number", INTEGER),
        Parameter("idTagInfo", ID_TAG_INFO),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$chargingBegun('T-1', 7, {'status': 'Accepted'})", False),),
)
def charging_begun(view: View, identifier: str, number: int, info: dict[str, Any]) -> bool:
    """Note the number that the CSMS gave a transaction and what it said of its token; says whether the transaction
    is known."""
    row = open_transactions(view).get(identifier)
    if row is None or row.get("stopped") == number:
        return False
    view.change(NAMESPACE)
    row["number"] = number
    if "tag" in row:  # not when another answer refused the token meanwhile
        row["info"] = {"tag": row["tag"], "info": info}
    return True


@functions.hook(
    "tokenChecked",
    parameters=(Parameter("transactionId", STRING), Parameter("idTag", STRING), Parameter("idTagInfo", ID_TAG_INFO)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$tokenChecked('T-1', 'AB12', {'status': 'Invalid'})", False),),
)
def token_checked(view: View, identifier: str, tag: str, info: dict[str, Any]) -> bool:
    """Note what the CSMS said of a token; one that it refused does not begin a transaction. Says whether it was
    accepted."""
    accepted: bool = info["status"] == "Accepted"
    row = open_transactions(view).get(identifier)
    if row is not None:
        view.change(NAMESPACE)
        if "number" not in row:
            row["info"] = {"tag": tag, "info": info}
            if not accepted and row.get("tag") == tag:
                row.pop("tag")
                row.pop("known", None)
    return accepted


@functions.hook(
    "chargingStopped",
    parameters=(Parameter("transactionId", STRING), Parameter("number", INTEGER)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$chargingStopped('T-1', 7)", False),),
)
def charging_stopped(view: View, identifier: str, number: int) -> bool:
    """Note that the CSMS has been told the end of the transaction that it knows by ``number``; says whether it still
    had to be. The 2.x transaction may go on."""
    if str(number) in view.read(NAMESPACE).get("left", {}):
        del view.change(NAMESPACE)["left"][str(number)]
        return True
    row = open_transactions(view).get(identifier)
    if row is None or row.get("number") != number:
        return False
    view.change(NAMESPACE)
    row["stopped"] = row.pop("number")
    row.pop("ending", None)
    if "over" in row:
        charging_over(view, identifier)
    return True


@functions.hook(
    "chargingOver",
    parameters=(Parameter("transactionId", STRING),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$chargingOver('T-1')", False),),
)
def charging_over(view: View, identifier: str) -> bool:
    """Note that the 2.x transaction has ended, unless the CSMS still waits for its end, or may hear of it when its EVSE
    is told late; says whether it is over."""
    kept = view.change(NAMESPACE)
    row = kept.get("open", {}).get(identifier)
    if row is None or "number" in row or ("over" in row and "stopped" not in row):
        return False
    del kept["open"][identifier]
    end = {"connector": row.get("connector")}
    if "last" in row:
        end |= {"floor": row["last"], "place": row.get("place", "Outlet")}
    put(view.change(ENDED), identifier, end, KEPT)
    return True


@functions.hook(
    "endAwaited",
    parameters=(Parameter("transactionId", STRING),),
    result=BOOLEAN,
    examples=(Example("$endAwaited('T-1')", False),),
)
def end_awaited(view: View, identifier: str) -> bool:
    """Whether the CSMS still has to be told the end of a transaction, or all of it."""
    row = open_transactions(view).get(identifier)
    return row is not None and "stopped" not in row


@functions.hook(
    "noteStop",
    parameters=(Parameter("transactionId", STRING), Parameter("reason", _ASKED)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$noteStop('T-1', 'Remote')", False),),
)
def note_stop(view: View, identifier: str, reason: str) -> bool:
    """Note why the station is asked to stop a transaction; says whether it is known."""
    row = open_transactions(view).get(identifier)
    if row is None:
        return False
    if row.get("asked") != reason:
        view.change(NAMESPACE)
        row["asked"] = reason
    return True


@functions.hook(
    "stopAsked",
    parameters=(Parameter("transactionId", STRING),),
    result=_ASKED,
    optional_result=True,
    examples=(Example("$stopAsked('T-1')", None),),
)
def stop_asked(view: View, identifier: str) -> str | None:
    """Why the station was asked last to stop a transaction; undefined when it was not."""
    reason: str | None = open_transactions(view).get(identifier, {}).get("asked")
    return reason


@functions.hook(
    "transactionId",
    parameters=(Parameter("number", INTEGER, optional=True),),
    result={"type": "string", "maxLength": 36},
    optional_result=True,
    examples=(Example("$transactionId(7)", None),),
)
def transaction_id(view: View, number: int | None) -> str | None:
    """The 2.x id of the open transaction that the CSMS knows by ``number``; undefined when there is none."""
    if number is None:
        return None
    return next((row["id"] for row in open_transactions(view).values() if row.get("number") == number), None)


@functions.hook(
    "chargingOn",
    parameters=(Parameter("connectorId", INTEGER, optional=True),),
    result={"type": "string", "maxLength": 36},
    optional_result=True,
    examples=(Example("$chargingOn(1)", None),),
)
def charging_on(view: View, connector: int | None) -> str | None:
    """The 2.x id of the transaction that runs on a 1.6 connector and that the CSMS knows; undefined when none does."""
    row = running_on(view, connector) if connector else None
    return row["id"] if row and "number" in row else None


@functions.hook(
    "chargingNumber",
    parameters=(Parameter("connectorId", INTEGER, optional=True),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$chargingNumber(1)", None),),
)
def charging_number(view: View, connector: int | None) -> int | None:
    """The CSMS's number of the transaction that runs on a 1.6 connector; undefined when none does."""
    row = running_on(view, connector) if connector else None
    return row.get("number") if row else None
