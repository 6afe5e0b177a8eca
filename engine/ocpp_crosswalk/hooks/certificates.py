"""Certificate requests: 2.1 numbers them, 2.0.1 does not (A02; OCPP 2.1 part 0)."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import INTEGER, STRING, array_of, object_of
from ..view import View
from .values import as_list, from_text

functions = Registry()

_NAMESPACE = "certificates"
_DEFAULT = "ChargingStationCertificate"


@functions.hook(
    "rememberSigning",
    parameters=(
        Parameter("certificateType", STRING, optional=True),
        Parameter("requestId", INTEGER, optional=True),
    ),
    result=INTEGER,
    optional_result=True,
    mutates=True,
    examples=(Example("$rememberSigning('V2GCertificate', 3)", None),),
)
def remember_signing(view: View, kind: str | None, request_id: int | None) -> int | None:
    """Note the number of a 2.1 SignCertificate, to be given back with the certificate of that type; gives the number
    of the request before, which counts again when the CSMS refuses this one."""
    asked = view.change(_NAMESPACE).setdefault("asked", {})
    before: int | None = asked.pop(kind or _DEFAULT, None)
    if request_id is not None:
        asked[kind or _DEFAULT] = request_id
    return before


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


_HASHES = {"issuerNameHash": 128, "issuerKeyHash": 128, "serialNumber": 40}
_ALGORITHMS = ("SHA256", "SHA384", "SHA512")
_HASH = object_of(
    {"hashAlgorithm": {"type": "string", "enum": list(_ALGORITHMS)}}
    | {name: {"type": "string", "maxLength": length} for name, length in _HASHES.items()}
)
_USES = ("CSMSRootCertificate", "ManufacturerRootCertificate")
_CONTRACTS = ("V2GRootCertificate", "MORootCertificate", "V2GCertificateChain")
_REPLY = object_of({"status": STRING}, {"certificateHashData": array_of(_HASH)})
_CHILDREN = 4
"""How many certificates of a chain 2.x tells below the first."""


@functions.function(
    "certificateChains",
    parameters=(
        Parameter("uses", array_of({"type": "string", "enum": list(_USES)}), optional=True),
        Parameter("replies", array_of(_REPLY), optional=True),
        Parameter("tunnelled", STRING, optional=True),
    ),
    result={
        **array_of(
            object_of(
                {
                    "certificateType": {"type": "string", "enum": [*_USES, *_CONTRACTS]},
                    "certificateHashData": _HASH,
                },
                {"childCertificateHashData": {**array_of(_HASH), "minItems": 1, "maxItems": _CHILDREN}},
            )
        ),
        "minItems": 1,
    },
    optional_result=True,
    examples=(
        Example("$certificateChains('CSMSRootCertificate', [{'status': 'NotFound'}])", None),
        Example("$certificateChains(undefined, undefined, 'no JSON')", None),
    ),
)
def certificate_chains(uses: Any, replies: Any, tunnelled: str | None = None) -> list[dict[str, Any]] | None:
    """The certificates in 1.6 answers about one use each, and in the answer of the Plug & Charge tunnel, each with its
    use; undefined when there is none."""
    kinds = as_list(uses)
    answers = as_list(replies)
    found: list[dict[str, Any]] = [
        {"certificateType": kind, "certificateHashData": data}
        for kind, answer in zip(kinds, answers, strict=False)
        if answer["status"] == "Accepted"
        for data in answer.get("certificateHashData", ())
    ]
    inner = from_text(tunnelled) if tunnelled else None
    chains = inner.get("certificateHashDataChain") if isinstance(inner, dict) else None
    found += [chain for row in (chains if isinstance(chains, list) else []) if (chain := _chain(row))]
    return found or None


def _chain(row: Any) -> dict[str, Any] | None:
    """A chain that came through the tunnel, with what is well formed of it."""
    if not isinstance(row, dict) or row.get("certificateType") not in _CONTRACTS:
        return None
    head = _hash(row.get("certificateHashData"))
    if head is None:
        return None
    below = row.get("childCertificateHashData")
    children = [data for child in (below if isinstance(below, list) else []) if (data := _hash(child))][:_CHILDREN]
    return {
        "certificateType": row["certificateType"],
        "certificateHashData": head,
        **({"childCertificateHashData": children} if children else {}),
    }


def _hash(data: Any) -> dict[str, str] | None:
    if not isinstance(data, dict) or data.get("hashAlgorithm") not in _ALGORITHMS:
        return None
    if not all(isinstance(data.get(name), str) and len(data[name]) <= length for name, length in _HASHES.items()):
        return None
    return {name: data[name] for name in ("hashAlgorithm", *_HASHES)}
