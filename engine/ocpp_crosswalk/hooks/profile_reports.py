"""Reports of charging profiles in several parts, of which not every part can be told (OCPP 2.0.1 and 2.1 K09)."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER
from ..view import View
from .bounds import put

functions = Registry()

_NAMESPACE = "profile-reports"
_REPORTS = 4
"""More reports than a station makes at the same time."""


@functions.hook(
    "partTold",
    parameters=(
        Parameter("requestId", INTEGER),
        Parameter("tbc", BOOLEAN, optional=True),
        Parameter("part", ANY),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$partTold(3, true, {'evseId': 1})", True),),
)
def part_told(view: View, request: int, more: bool | None, part: Any) -> bool:
    """Remember what the CSMS was told by a part of a report, until the report's last part was told."""
    reports = view.change(_NAMESPACE)
    if more:
        put(reports, str(request), part, _REPORTS)
    else:
        reports.pop(str(request), None)
    return True


@functions.hook(
    "toldBefore",
    parameters=(Parameter("requestId", INTEGER),),
    result=ANY,
    optional_result=True,
    examples=(Example("$toldBefore(3)", None),),
)
def told_before(view: View, request: int) -> Any:
    """What was remembered of the part before of this report; undefined when nothing was told."""
    return view.read(_NAMESPACE).get(str(request))
