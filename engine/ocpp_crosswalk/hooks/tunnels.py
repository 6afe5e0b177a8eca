"""What a 1.6 CSMS tunnels through DataTransfer and 2.x has as calls of its own (facts 4).

ISO 15118 Plug & Charge carries payloads of 2.0.1 as JSON text; the cost messages of the California pricing requirements
have payloads of their own. A payload that does not fit is none: the data transfer then goes on as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import NUMBER, STRING, object_of
from ..view import View
from .station_answers import transaction_id

functions = Registry()

_ALGORITHMS = ("SHA256", "SHA384", "SHA512")
_ROOTS = ("V2GRootCertificate", "MORootCertificate")
_KINDS = (*_ROOTS, "V2GCertificateChain")
_HASHES = {"issuerNameHash": 128, "issuerKeyHash": 128, "serialNumber": 40}
_CHAIN, _PEM = 10_000, 5_500
"""The most characters of a chain and of a certificate."""

_HASH_DATA = object_of(
    {"hashAlgorithm": {"type": "string", "enum": list(_ALGORITHMS)}}
    | {name: {"type": "string", "maxLength": length} for name, length in _HASHES.items()}
)


def _text(value: Any, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most


def _signed(inner: dict[str, Any]) -> dict[str, Any] | None:
    chain = inner.get("certificateChain")
    return {"certificateChain": chain} if _text(chain, _CHAIN) else None


def _install(inner: dict[str, Any]) -> dict[str, Any] | None:
    if inner.get("certificateType") not in _ROOTS or not _text(inner.get("certificate"), _PEM):
        return None
    return {name: inner[name] for name in ("certificateType", "certificate")}


def _delete(inner: dict[str, Any]) -> dict[str, Any] | None:
    data = inner.get("certificateHashData")
    if not isinstance(data, dict) or data.get("hashAlgorithm") not in _ALGORITHMS:
        return None
    if not all(_text(data.get(name), length) for name, length in _HASHES.items()):
        return None
    return {"certificateHashData": {name: data[name] for name in ("hashAlgorithm", *_HASHES)}}


def _query(inner: dict[str, Any]) -> dict[str, Any] | None:
    kinds = inner.get("certificateType", list(_KINDS))
    kinds = [kind for kind in kinds if kind in _KINDS] if isinstance(kinds, list) else []
    return {"certificateTypes": kinds} if kinds else None


_READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "CertificateSigned": _signed,
    "InstallCertificate": _install,
    "DeleteCertificate": _delete,
    "GetInstalledCertificateIds": _query,
}


@functions.function(
    "tunnelCertificate",
    parameters=(Parameter("messageId", STRING), Parameter("inner", {"type": "object"})),
    result=object_of(
        {},
        {
            "certificateChain": {"type": "string", "maxLength": _CHAIN},
            "certificateType": {"type": "string", "enum": list(_ROOTS)},
            "certificate": {"type": "string", "maxLength": _PEM},
            "certificateHashData": _HASH_DATA,
            "certificateTypes": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "enum": list(_KINDS)},
            },
        },
    ),
    optional_result=True,
    examples=(
        Example("$tunnelCertificate('CertificateSigned', {'certificateChain': 'PEM'})", {"certificateChain": "PEM"}),
        Example("$tunnelCertificate('CertificateSigned', {'certificateChain': 7})", None),
    ),
)
def tunnel_certificate(message_id: str, inner: Any) -> dict[str, Any] | None:
    """What a Plug & Charge message about certificates says, by its messageId; undefined for any other message and for
    a payload that 2.x does not have."""
    reader = _READERS.get(message_id)
    return reader(inner) if reader and isinstance(inner, dict) else None


@functions.hook(
    "tunnelCost",
    parameters=(Parameter("inner", {"type": "object"}),),
    result=object_of({"totalCost": NUMBER, "transactionId": {"type": "string", "maxLength": 36}}),
    optional_result=True,
    examples=(Example("$tunnelCost({'transactionId': 7, 'cost': 1.5})", None),),
)
def tunnel_cost(view: View, inner: Any) -> dict[str, Any] | None:
    """The cost so far and the 2.x id of its transaction, from a RunningCost; undefined when the transaction is not
    known."""
    if not isinstance(inner, dict) or not isinstance(inner.get("transactionId"), int):
        return None
    cost, found = inner.get("cost"), transaction_id(view, inner["transactionId"])
    if found is None or isinstance(cost, bool) or not isinstance(cost, (int, float)):
        return None
    return {"totalCost": cost, "transactionId": found}
