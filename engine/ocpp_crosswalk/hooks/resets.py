"""Resets of a 1.6 station that wait until no transaction runs (OCPP 2.0.1 B12)."""

from __future__ import annotations

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, STRING
from ..view import View
from .transactions import open_rows

functions = Registry()

_NAMESPACE = "resets"


@functions.hook(
    "scheduleReset",
    parameters=(Parameter("type", STRING),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$scheduleReset('OnIdle')", True),),
)
def schedule_reset(view: View, kind: str) -> bool:
    """Remember a reset that waits until no transaction runs (B12.FR.01)."""
    view.change(_NAMESPACE)["waits"] = kind
    return True


@functions.hook("resetNow", result=BOOLEAN, mutates=True, examples=(Example("$resetNow()", False),))
def reset_now(view: View) -> bool:
    """Whether a remembered reset can be done now that a transaction has ended; it is then forgotten."""
    kept = view.read(_NAMESPACE)
    if "waits" not in kept or open_rows(view):
        return False
    del view.change(_NAMESPACE)["waits"]
    return True


@functions.hook("cancelReset", result=BOOLEAN, mutates=True, examples=(Example("$cancelReset()", False),))
def cancel_reset(view: View) -> bool:
    """Forget a reset that waits: the station restarts now. Says whether one waited."""
    return "waits" in view.read(_NAMESPACE) and bool(view.change(_NAMESPACE).pop("waits"))
