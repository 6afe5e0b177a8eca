"""The cost messages that 1.6 carries in DataTransfer (OCPP & California Pricing Requirements 4.3)."""

from __future__ import annotations

from typing import Any

from ..expressions import Parameter, Registry
from ..expressions.functions import ANY, INTEGER, NUMBER, STRING
from ..times import time_text
from ..view import View
from .transactions import open_rows
from .values import to_text

functions = Registry()

VENDOR = "org.openchargealliance.costmsg"
_DETAILS = ("timestamp", "meterValue", "state", "chargingPrice", "idlePrice", "nextPeriod", "triggerMeterValue")
"""What a 2.x CSMS says about a cost in customData of this vendor, by the same names as in 1.6."""
_FLOWING = ("", "Charging")


@functions.hook(
    "runningCost",
    parameters=(
        Parameter("transactionId", INTEGER),
        Parameter("cost", NUMBER),
        Parameter("customData", ANY, optional=True),
    ),
    result=STRING,
)
def running_cost(view: View, number: int, cost: float, details: Any = None) -> str:
    """The data of a RunningCost: the cost of a transaction so far, with what the CSMS adds in customData of the same
    vendor (prices, when to report next); state is Idle where the station said that no energy flows."""
    row = open_rows(view).get(str(number), {})
    told: dict[str, Any] = {
        "transactionId": number,
        "timestamp": time_text(view.now),
        "cost": cost,
        "state": "Charging" if row.get("state", "") in _FLOWING else "Idle",
    }
    if isinstance(details, dict) and details.get("vendorId") == VENDOR:
        told |= {name: details[name] for name in _DETAILS if name in details}
    text: str = to_text(told)
    return text
