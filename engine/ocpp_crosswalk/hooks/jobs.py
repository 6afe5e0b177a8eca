"""Uploads and updates that a 2.x CSMS asked a 1.6 station for (facts 2.1; OCPP 2.0.1 L01.FR.20, N01.FR.07).

2.x numbers them, plain 1.6 does not: its status notifications are about the last one that was asked for.
"""

from __future__ import annotations

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View

functions = Registry()

_NAMESPACE = "jobs"
JOB = {"type": "string", "enum": ["firmware", "log"]}


@functions.hook(
    "jobBegins",
    parameters=(Parameter("job", JOB), Parameter("requestId", INTEGER)),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$jobBegins('log', 7)", True),),
)
def job_begins(view: View, job: str, request_id: int) -> bool:
    """Note the number of an upload or update that the station took on."""
    view.change(_NAMESPACE)[job] = request_id
    return True


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
    known: int | None = view.read(_NAMESPACE).get(job)
    return None if status == "Idle" else known
