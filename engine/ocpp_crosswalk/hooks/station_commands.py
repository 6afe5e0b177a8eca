"""What a 1.6 CSMS asked of a 2.x station, as far as later messages depend on it; and what the CSMS supports.

1.6 has two messages where 2.x has one: uploads begun by GetDiagnostics or by GetLog of the security extension, updates
begun by UpdateFirmware or SignedUpdateFirmware. Their notifications go back in the manner in which they were asked for.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View
from .bounds import put

functions = Registry()

_NAMESPACE = "commands"
_KEPT = 20
"""How many requests of one kind are remembered."""
_INT32 = 2**31 - 1

FEATURE = {"type": "string", "enum": ["security", "pnc", "costmsg"]}
JOB = {"type": "string", "enum": ["log", "firmware"]}
MANNER = {"type": "string", "enum": ["plain", "security"]}


@functions.hook(
    "csmsSupports",
    parameters=(Parameter("feature", FEATURE),),
    result=BOOLEAN,
    examples=(Example("$csmsSupports('security')", False),),
)
def csms_supports(view: View, feature: str) -> bool:
    """Whether the 1.6 CSMS may be sent messages of an extension: the setting `csmsSupports` says so or it sent some
    itself, and it has not refused one as unknown on this connection."""
    kept = view.read(_NAMESPACE)
    named = feature in view.settings["csmsSupports"] or feature in kept.get("has", ())
    return named and kept.get("lacks", {}).get(feature) != view.epoch


@functions.hook(
    "csmsHas",
    parameters=(Parameter("feature", FEATURE),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$csmsHas('security')", True),),
)
def csms_has(view: View, feature: str) -> bool:
    """Note that the CSMS uses an extension: it sent a message of it."""
    kept = view.read(_NAMESPACE)
    if feature not in kept.get("has", ()):
        view.change(_NAMESPACE).setdefault("has", []).append(feature)
    return True


@functions.hook(
    "csmsLacks",
    parameters=(Parameter("feature", FEATURE), Parameter("errorCode", STRING, optional=True)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$csmsLacks('security', 'NotImplemented')", True), Example("$csmsLacks('security')", False)),
)
def csms_lacks(view: View, feature: str, code: str | None) -> bool:
    """Note that the CSMS answered a message of an extension with NotImplemented or NotSupported: it gets no more of
    them on this connection. Says whether it did."""
    if code not in ("NotImplemented", "NotSupported"):
        return False
    kept = view.change(_NAMESPACE)
    kept.setdefault("lacks", {})[feature] = view.epoch
    if feature in kept.get("has", ()):
        kept["has"].remove(feature)
    return True


@functions.hook(
    "newNumber",
    result={"type": "integer", "minimum": 1},
    mutates=True,
)
def new_number(view: View) -> int:
    """A number for a request or a schedule that 1.6 does not number: it rises and never comes back, even if the state
    is lost."""
    kept = view.change(_NAMESPACE)
    number: int = max(kept.get("last", 0) + 1, int(view.now) % _INT32 or 1)
    kept["last"] = number
    return number


@functions.hook(
    "noteJob",
    parameters=(Parameter("job", JOB), Parameter("requestId", INTEGER, optional=True), Parameter("manner", MANNER)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$noteJob('log', 7, 'security')", True),),
)
def note_job(view: View, job: str, request_id: int | None, manner: str) -> bool:
    """Note in which manner the CSMS asked for an upload or an update, or, without a number, for its status."""
    rows = view.change(_NAMESPACE).setdefault(job, {})
    put(rows, str(request_id), manner, _KEPT)
    if request_id is not None:
        view.change(_NAMESPACE).get("told", {}).pop(job, None)
    return True


@functions.hook(
    "statusAwaited",
    parameters=(Parameter("job", JOB),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$statusAwaited('firmware')", True),),
)
def status_awaited(view: View, job: str) -> bool:
    """Note that the station will tell the status of an upload or an update at the CSMS's wish: it is news to the CSMS,
    whatever was told before."""
    if job in view.read(_NAMESPACE).get("told", {}):
        del view.change(_NAMESPACE)["told"][job]
    return True


@functions.hook(
    "jobManner",
    parameters=(Parameter("job", JOB), Parameter("requestId", INTEGER, optional=True)),
    result=MANNER,
    examples=(Example("$jobManner('log', 7)", "plain"),),
)
def job_manner(view: View, job: str, request_id: int | None) -> str:
    """In which manner the CSMS is to be told of an upload or an update: as it asked for this one, else as it asked
    last; never by a message of an extension that it does not support."""
    rows: dict[str, Any] = view.read(_NAMESPACE).get(job, {})
    manner: str = rows.get(str(request_id)) or next(reversed(rows.values()), "plain")
    return manner if csms_supports(view, "security") else "plain"


@functions.hook(
    "jobNews",
    parameters=(Parameter("job", JOB), Parameter("status", STRING), Parameter("plain", STRING)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$jobNews('firmware', 'Downloaded', 'Downloaded')", True),),
)
def job_news(view: View, job: str, status: str, plain: str) -> bool:
    """Whether a 2.x status of an upload or an update says more in 1.6, where it is called ``plain``, than the last
    one did; a status that 1.6 has by its own name always does."""
    told = view.read(_NAMESPACE).get("told", {}).get(job)
    if told != plain:
        view.change(_NAMESPACE).setdefault("told", {})[job] = plain
    return status == plain or told != plain


@functions.hook(
    "noteReset",
    parameters=(Parameter("type", STRING),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$noteReset('Hard')", True),),
)
def note_reset(view: View, kind: str) -> bool:
    """Note which reset the CSMS asked for last."""
    view.change(_NAMESPACE)["reset"] = kind
    return True


@functions.hook("resetAsked", result=STRING, optional_result=True, examples=(Example("$resetAsked()", None),))
def reset_asked(view: View) -> str | None:
    """Which 1.6 reset the CSMS asked for last: Hard or Soft; undefined when it asked for none."""
    kind: str | None = view.read(_NAMESPACE).get("reset")
    return kind
