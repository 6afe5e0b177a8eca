"""What a 1.6 CSMS tunnels through DataTransfer and 2.x has as calls of its own (facts 4).

ISO 15118 Plug & Charge carries payloads of 2.0.1 as JSON text; the cost messages of the California pricing requirements
have payloads of their own. A payload that does not fit is none: the data transfer then goes on as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import BOOLEAN, NUMBER, STRING, object_of
from ..times import parse_time
from ..view import View
from .station_rows import open_transactions
from .values import from_text, utc

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


@functions.function(
    "tunnelStatus",
    parameters=(Parameter("data", STRING, optional=True),),
    result=STRING,
    examples=(
        Example('$tunnelStatus(\'{"status": "Accepted"}\')', "Accepted"),
        Example("$tunnelStatus('no JSON')", ""),
        Example("$tunnelStatus(undefined)", ""),
    ),
)
def tunnel_status(data: str | None) -> str:
    """The status in an answer that came through the Plug & Charge tunnel; empty when it has none."""
    inner = from_text(data) if data is not None else None
    status = inner.get("status") if isinstance(inner, dict) else None
    return status if isinstance(status, str) else ""


_TIME = {"type": "string", "format": "date-time"}
_TOKEN_TYPES = ("Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization")
_AUTHORIZATIONS = (
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
)
_CERTIFICATES = (
    "Accepted",
    "SignatureError",
    "CertificateExpired",
    "CertificateRevoked",
    "NoCertificateAvailable",
    "CertChainError",
    "ContractCancelled",
)
_TEXTS = {"exiResponse": 7500, "ocspResult": 5500}


@functions.hook(
    "tunnelAnswer",
    parameters=(Parameter("data", STRING, optional=True),),
    result=object_of(
        {},
        {
            "accepted": BOOLEAN,
            "authorization": {"type": "string", "enum": list(_AUTHORIZATIONS)},
            "cacheExpiryDateTime": _TIME,
            "group": object_of(
                {
                    "idToken": {"type": "string", "maxLength": 36},
                    "type": {"type": "string", "enum": list(_TOKEN_TYPES)},
                }
            ),
            "certificateStatus": {"type": "string", "enum": list(_CERTIFICATES)},
        }
        | {name: {"type": "string", "maxLength": length} for name, length in _TEXTS.items()},
    ),
    examples=(
        Example('$tunnelAnswer(\'{"status": "Accepted"}\')', {"accepted": True}),
        Example("$tunnelAnswer('no JSON')", {}),
    ),
)
def tunnel_answer(view: View, data: str | None) -> dict[str, Any]:
    """What the CSMS answered through the Plug & Charge tunnel, as far as it can be read: whether the status was
    Accepted, what Authorize says of token and certificate, and the texts of the other messages."""
    inner = from_text(data) if data is not None else None
    if not isinstance(inner, dict):
        return {}
    result: dict[str, Any] = {}
    if "status" in inner:
        result["accepted"] = inner["status"] == "Accepted"
    result |= {name: inner[name] for name, most in _TEXTS.items() if _text(inner.get(name), most)}
    if inner.get("certificateStatus") in _CERTIFICATES:
        result["certificateStatus"] = inner["certificateStatus"]
    info = inner.get("idTokenInfo")
    if isinstance(info, dict) and info.get("status") in _AUTHORIZATIONS:
        result["authorization"] = info["status"]
        expiry = info.get("cacheExpiryDateTime")
        if isinstance(expiry, str) and parse_time(expiry):
            result["cacheExpiryDateTime"] = utc(view, expiry)
        group = info.get("groupIdToken")
        if isinstance(group, dict) and _text(group.get("idToken"), 36) and group.get("type") in _TOKEN_TYPES:
            result["group"] = {name: group[name] for name in ("idToken", "type")}
    return result


@functions.hook(
    "tunnelCost",
    parameters=(Parameter("inner", {"type": "object"}),),
    result=object_of(
        {"totalCost": NUMBER, "transactionId": {"type": "string", "maxLength": 36}, "more": {"type": "object"}}
    ),
    optional_result=True,
    examples=(Example("$tunnelCost({'transactionId': 7, 'cost': 1.5})", None),),
)
def tunnel_cost(view: View, inner: Any) -> dict[str, Any] | None:
    """The cost, the 2.x id of its transaction and what `more` a RunningCost or a FinalCost says; undefined when no such
    transaction goes on at the station."""
    if not isinstance(inner, dict) or not isinstance(inner.get("transactionId"), int):
        return None
    cost, number = inner.get("cost"), inner["transactionId"]
    known = open_transactions(view).values()
    found = next((row["id"] for row in known if number in (row.get("number"), row.get("stopped"))), None)
    if found is None or isinstance(cost, bool) or not isinstance(cost, (int, float)):
        return None
    more = {name: value for name, value in inner.items() if name not in ("cost", "transactionId")}
    return {"totalCost": cost, "transactionId": found, "more": more}
