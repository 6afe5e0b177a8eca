"""Uploads and updates that a 2.x CSMS asked a 1.6 station for (facts 2.1; OCPP 2.0.1 L01.FR.20, N01.FR.07).

2.x numbers them, plain 1.6 does not: its status notifications are about the last one that was asked for.
"""

from __future__ import annotations

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View
from .support import supports

functions = Registry()

_NAMESPACE = "jobs"
JOB = {"type": "string", "enum": ["firmware", "log"]}


@functions.hook(
    "jobBegins",
    parameters=(Parameter("job", JOB), Parameter("requestId", INTEGER), Parameter("extension", BOOLEAN)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$jobBegins('log', 7, false)", True),),
)
def job_begins(view: View, job: str, request_id: int, extension: bool) -> bool:
    """Note the number of an upload or update that the station is asked for, and whether by a message of the security
    extension. Its status may come before its answer; see `$jobRefused` for one that the station does not take on."""
    last = view.read(_NAMESPACE).get(job, {})
    before = last.get("before") if last.get("id") == request_id else {**last, "before": None}
    view.change(_NAMESPACE)[job] = {"id": request_id, "extension": extension, "before": before if last else None}
    return True


@functions.hook(
    "jobRefused",
    parameters=(Parameter("job", JOB), Parameter("code", STRING, optional=True)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$jobRefused('log')", False), Example("$jobRefused('log', 'GenericError')", False)),
)
def job_refused(view: View, job: str, code: str | None = None) -> bool:
    """The station did not take on the last upload or update, by an answer or by the error ``code``: what it says is
    about the one before. GenericError leaves it open, since that is what silence is told as."""
    last = view.read(_NAMESPACE).get(job)
    if last is None or code == "GenericError":
        return False
    jobs = view.change(_NAMESPACE)
    if last["before"]:
        jobs[job] = last["before"]
    else:
        del jobs[job]
    return True


@functions.hook(
    "jobOfExtension",
    parameters=(Parameter("job", JOB),),
    result=BOOLEAN,
    examples=(Example("$jobOfExtension('log')", False),),
)
def job_of_extension(view: View, job: str) -> bool:
    """Whether the last upload or update was asked by a message of the security extension, whose own notification tells
    of it; where there was none, whether the station is known to have the extension."""
    last = view.read(_NAMESPACE).get(job)
    return bool(last["extension"]) if last else supports(view, "security")


@functions.hook(
    "jobId",
    parameters=(Parameter("job", JOB), Parameter("status", STRING)),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$jobId('log', 'Uploading')", None),),
)
def job_id(view: View, job: str, status: str) -> int | None:
    """The number of the upload or update that a status of the station is about; undefined for Idle (N01.FR.13,
    L01.FR.20) and when the CSMS asked for none."""
    last = view.read(_NAMESPACE).get(job)
    return None if last is None or status == "Idle" else last["id"]
