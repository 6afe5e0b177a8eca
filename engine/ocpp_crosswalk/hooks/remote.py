"""Remote starts: what a 2.x CSMS asked for comes back in the transaction that it caused (F01.FR.19, F01.FR.25)."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View
from .bounds import CONNECTORS
from .profiles import PROFILE
from .tokens import fold

functions = Registry()

_NAMESPACE = "remoteStarts"


@functions.hook(
    "expectRemoteStart",
    parameters=(
        Parameter("remoteStartId", INTEGER),
        Parameter("idTag", STRING),
        Parameter("connectorId", INTEGER, optional=True),
        Parameter("chargingProfile", PROFILE, optional=True),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$expectRemoteStart(7, 'AB12', 1)", True),),
)
def expect_remote_start(
    view: View, remote_start_id: int, id_tag: str, connector: int | None, profile: dict[str, Any] | None = None
) -> bool:
    """Note a remote start before it is forwarded, since the station may start before it has answered, and the
    charging profile that the transaction will have."""
    pending = _pending(view)
    pending.append(
        {
            "id": remote_start_id,
            "idTag": id_tag,
            "connector": connector or 0,
            "until": view.now + float(view.settings["remoteStartWindow"]),
            **({"profile": profile} if profile else {}),
        }
    )
    view.change(_NAMESPACE)["pending"] = pending[-CONNECTORS:]
    return True


@functions.hook(
    "remoteStartAnswered",
    parameters=(Parameter("remoteStartId", INTEGER), Parameter("status", STRING, optional=True)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$remoteStartAnswered(7, 'Rejected')", False),),
)
def remote_start_answered(view: View, remote_start_id: int, status: str | None) -> bool:
    """Forget a remote start that the station did not accept."""
    if status == "Accepted":
        return True
    view.change(_NAMESPACE)["pending"] = [row for row in _pending(view) if row["id"] != remote_start_id]
    return False


def take_remote_start(view: View, id_tag: str, connector: int) -> dict[str, Any] | None:
    """The remote start that a transaction of this token on this connector answers to, with its `id` and `profile`; it
    is used up."""
    pending = _pending(view)
    for row in pending:
        if fold(row["idTag"]) == fold(id_tag) and row["connector"] in (0, connector):
            view.change(_NAMESPACE)["pending"] = [other for other in pending if other is not row]
            return row
    return None


def _pending(view: View) -> list[dict[str, Any]]:
    return [row for row in view.read(_NAMESPACE).get("pending", ()) if row["until"] > view.now]
