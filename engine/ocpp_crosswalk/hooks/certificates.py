"""Certificate requests: 2.1 numbers them, 2.0.1 does not (A02; OCPP 2.1 part 0)."""

from __future__ import annotations

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING
from ..view import View

functions = Registry()

_NAMESPACE = "certificates"
_DEFAULT = "ChargingStationCertificate"


@functions.hook(
    "rememberSigning",
    parameters=(
        Parameter("certificateType", STRING, optional=True),
        Parameter("requestId", INTEGER, optional=True),
    ),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$rememberSigning('V2GCertificate', 3)", True),),
)
def remember_signing(view: View, kind: str | None, request_id: int | None) -> bool:
    """Note the number of a 2.1 SignCertificate, to be given back with the certificate of that type; says whether
    there was one."""
    asked = view.change(_NAMESPACE).setdefault("asked", {})
    if request_id is None:
        asked.pop(kind or _DEFAULT, None)
        return False
    asked[kind or _DEFAULT] = request_id
    return True


@functions.hook(
    "signingRequest",
    parameters=(Parameter("certificateType", STRING, optional=True),),
    result=INTEGER,
    optional_result=True,
    examples=(Example("$signingRequest('V2GCertificate')", None),),
)
def signing_request(view: View, kind: str | None) -> int | None:
    """The number of the last SignCertificate of this type; undefined when it had none."""
    number: int | None = view.read(_NAMESPACE).get("asked", {}).get(kind or _DEFAULT)
    return number
