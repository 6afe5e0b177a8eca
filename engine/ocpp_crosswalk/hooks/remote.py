"""Remote starts: what a 2.x CSMS asked for comes back in the transaction that it caused (F01.FR.19, F01.FR.25)."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..times import parse_time
from ..view import View
from .bounds import CONNECTORS
from .profiles import PROFILE
from .tokens import fold
from .values import CLOCK_MARGIN

functions = Registry()

_NAMESPACE = "remoteStarts"
_CATCHING_UP = 120.0
"""Seconds after it has come back in which a station tells what it could not tell before. Later, a time from before
that is taken for that of a clock that is wrong."""


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
    """Forget a remote start that the station did not accept; one that it did accept replaces the earlier ones of the
    same token and connector, which came to nothing."""
    rows = _pending(view)
    answered = [row for row in rows if row["id"] == remote_start_id]
    accepted = status == "Accepted"
    if answered:
        _forget(view, _before(rows, answered[-1]) if accepted else answered)
    return accepted


def take_remote_start(view: View, id_tag: str, connector: int, timestamp: str) -> dict[str, Any] | None:
    """The remote start that a transaction of this token on this connector, of this time, answers to, with its `id` and
    `profile`; it is used up, and the earlier ones that it replaced. The latest one counts, and one for just this
    connector before one for any. A transaction that began before the request, and is told late, by a station that has
    just come back, answers to none."""
    rows = _pending(view)
    moment = parse_time(timestamp)
    began = view.now if moment is None else moment.timestamp()
    late = began < view.connected_at - CLOCK_MARGIN and view.now < view.connected_at + _CATCHING_UP
    tag = fold(id_tag)
    fitting = [row for row in rows if fold(row["idTag"]) == tag and not (late and began < _asked_at(view, row))]
    for place in (connector, 0):
        found: dict[str, Any] | None = next((row for row in reversed(fitting) if row["connector"] == place), None)
        if found is not None:
            _forget(view, [*_before(rows, found), found])
            return found
    return None


def remote_start_lapsed(view: View, connector: int) -> None:
    """Nobody plugged in within the time that the station waits after a remote start for this connector."""
    _forget(view, [row for row in _pending(view) if row["connector"] == connector])


def _asked_at(view: View, row: dict[str, Any]) -> float:
    """When the remote start was asked for, by a clock that may be slow."""
    return float(row["until"]) - float(view.settings["remoteStartWindow"]) - CLOCK_MARGIN


def _before(rows: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """The remote starts before ``row`` for its token and connector."""
    earlier = rows[: next(number for number, other in enumerate(rows) if other is row)]
    place, tag = row["connector"], fold(row["idTag"])
    return [other for other in earlier if other["connector"] == place and fold(other["idTag"]) == tag]


def _forget(view: View, over: list[dict[str, Any]]) -> None:
    if over:
        view.change(_NAMESPACE)["pending"] = [row for row in _pending(view) if row not in over]


def _pending(view: View) -> list[dict[str, Any]]:
    return [row for row in view.read(_NAMESPACE).get("pending", ()) if row["until"] > view.now]
