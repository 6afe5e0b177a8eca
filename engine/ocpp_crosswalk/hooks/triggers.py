"""Meter values that a 2.x CSMS triggered at a 1.6 station (OCPP 2.0.1 F06.FR.06, F06.FR.07).

2.x has two ways to ask for them, and different messages answer: MeterValues for an EVSE, TransactionEvent for a
transaction. 1.6 has one way, and its answer names the transaction if there is one.
"""

from __future__ import annotations

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View

functions = Registry()

_NAMESPACE = "triggers"
_WINDOW = 120.0
"""Seconds within which triggered meter values are taken for the answer to a trigger."""


@functions.hook(
    "expectValues",
    parameters=(
        Parameter("requestedMessage", STRING),
        Parameter("connectorId", INTEGER, optional=True),
        Parameter("status", STRING, optional=True),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example("$expectValues('MeterValues', 1, 'Accepted')", True),
        Example("$expectValues('TransactionEvent', 1, 'Accepted')", False),
    ),
)
def expect_values(view: View, message: str, connector: int | None, status: str | None) -> bool:
    """Note the trigger that the station accepted: whether MeterValues, which no transaction is about, were asked for at
    the connector (at all of them, for 0 or undefined)."""
    if message not in ("MeterValues", "TransactionEvent") or status != "Accepted":
        return False
    asked = view.change(_NAMESPACE)
    if not connector:
        asked.clear()
    asked[str(connector or 0)] = {"plain": message == "MeterValues", "until": view.now + _WINDOW}
    return message == "MeterValues"


@functions.hook(
    "valuesAsked",
    parameters=(Parameter("connectorId", INTEGER),),
    result=BOOLEAN,
    examples=(Example("$valuesAsked(1)", False),),
)
def values_asked(view: View, connector: int) -> bool:
    """Whether triggered values of this connector are what a CSMS asked for by MeterValues."""
    asked = view.read(_NAMESPACE)
    last = asked.get(str(connector)) or asked.get("0")
    return last is not None and bool(last["plain"]) and view.now <= last["until"]
