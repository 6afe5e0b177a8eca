"""Certificate requests: 2.1 numbers them, 2.0.1 does not (A02; OCPP 2.1 part 0)."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, INTEGER, STRING, array_of, object_of
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


_HASH = object_of(
    {
        "hashAlgorithm": {"type": "string", "enum": ["SHA256", "SHA384", "SHA512"]},
        "issuerNameHash": {"type": "string", "maxLength": 128},
        "issuerKeyHash": {"type": "string", "maxLength": 128},
        "serialNumber": {"type": "string", "maxLength": 40},
    }
)
_USE = {"type": "string", "enum": ["CSMSRootCertificate", "ManufacturerRootCertificate"]}
_REPLY = object_of({"status": STRING}, {"certificateHashData": array_of(_HASH)})


@functions.function(
    "certificateChains",
    parameters=(Parameter("uses", array_of(_USE)), Parameter("replies", array_of(_REPLY))),
    result=array_of(object_of({"certificateType": _USE, "hash": _HASH})),
    optional_result=True,
    examples=(Example("$certificateChains('CSMSRootCertificate', [{'status': 'NotFound'}])", None),),
)
def certificate_chains(uses: Any, replies: Any) -> list[dict[str, Any]] | None:
    """The certificates in 1.6 answers about one use each, each with its use; undefined when there is none."""
    kinds = uses if isinstance(uses, list) else [uses]
    answers = replies if isinstance(replies, list) else [replies]
    found = [
        {"certificateType": kind, "hash": data}
        for kind, answer in zip(kinds, answers, strict=False)
        if answer["status"] == "Accepted"
        for data in answer.get("certificateHashData", ())
    ]
    return found or None
