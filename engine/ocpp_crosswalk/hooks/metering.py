"""Meter readings: what needs more than one sampled value at once."""

from __future__ import annotations

import base64
import re
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, INTEGER, STRING, Type, array_of, object_of
from ..versions import Version
from ..view import View
from .values import as_list, from_text, numeric

functions = Registry()

_DEFAULTS = {
    "context": "Sample.Periodic",
    "measurand": "Energy.Active.Import.Register",
    "location": "Outlet",
    "phase": "",
}


_SAMPLE = object_of({"value": STRING}, dict.fromkeys((*_DEFAULTS, "format"), STRING))
_READING = object_of(
    {
        "timestamp": STRING,
        "sampledValue": array_of(object_of({"value": STRING}, dict.fromkeys((*_DEFAULTS, "format", "unit"), STRING))),
    }
)
LONGEST_SIGNED: dict[Version, dict[str, int]] = {
    Version.V201: {"signedMeterData": 2500, "signingMethod": 50, "encodingMethod": 50, "publicKey": 2500},
    Version.V21: {"signedMeterData": 32768, "signingMethod": 50, "encodingMethod": 50, "publicKey": 2500},
}
"""The characters that the members of SignedMeterValueType may have."""
_MEMBERS = tuple(LONGEST_SIGNED[Version.V201])
SIGNED: Type = object_of({name: {**STRING, "maxLength": most} for name, most in LONGEST_SIGNED[Version.V201].items()})
"""SignedMeterValueType of 2.x, as the smaller version bounds it, so that mappings of both may use it."""
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@functions.hook(
    "signedTwin",
    parameters=(Parameter("sample", _SAMPLE), Parameter("sampledValue", array_of(_SAMPLE))),
    result=SIGNED,
    optional_result=True,
    apart=True,
    examples=(
        Example(
            "$signedTwin({'value': '5'}, [{'value': '5'}, {'value': 'OCMF|{}|{}', 'format': 'SignedData'}])",
            {
                "signedMeterData": "T0NNRnx7fXx7fQ==",
                "signingMethod": "",
                "encodingMethod": "OCMF",
                "publicKey": "",
            },
        ),
    ),
)
def signed_twin(view: View, sample: dict[str, Any], sampled: Any) -> dict[str, str] | None:
    """The signed data of a raw sampled value of 1.6: that of the value with the same measurand, context, phase and
    location in ``sampledValue``, as 2.x carries both in one sampled value.

    The text is SignedMeterValueType of 2.x as JSON (OCA whitepaper on signed meter values, 3.2.1), or the signed data
    itself, which 2.x wants in Base64. What is too long for the CSMS's version is left out: a part of it proves nothing.
    """
    wanted = _key(sample)
    found = next((row["value"] for row in _signed(sampled) if _key(row) == wanted), None)
    if found is None:
        return None
    signed = _signed_value(found)
    for name, most in LONGEST_SIGNED[view.pair.csms].items():
        if len(signed[name]) > most:
            reason = f"The {name} of a signed value has {len(signed[name])} characters: {view.pair.csms} takes {most}."
            view.drop(reason, {"field": "sampledValue.value"})
            return None
    return signed


def _signed(sampled: Any) -> list[dict[str, Any]]:
    rows = as_list(sampled)
    return [row for row in rows if row.get("format") == "SignedData"]


def _signed_value(text: str) -> dict[str, str]:
    inner = from_text(text)
    if isinstance(inner, dict) and isinstance(inner.get("signedMeterData"), str):
        return {name: value if isinstance(value := inner.get(name), str) else "" for name in _MEMBERS}
    encoded = text if _BASE64.fullmatch(text) else base64.b64encode(text.encode()).decode()
    method = "OCMF" if text.startswith("OCMF|") else ""
    return {"signedMeterData": encoded, "signingMethod": "", "encodingMethod": method, "publicKey": ""}


@functions.function(
    "signedAlone",
    parameters=(Parameter("readings", array_of(_READING), optional=True),),
    result=BOOLEAN,
    examples=(
        Example("$signedAlone([{'sampledValue': [{'value': '5'}, {'value': 'X', 'format': 'SignedData'}]}])", False),
        Example("$signedAlone([{'sampledValue': [{'value': 'X', 'format': 'SignedData'}]}])", True),
        Example(
            "$signedAlone([{'sampledValue': [{'value': '5'}, {'value': 'X', 'format': 'SignedData'},"
            " {'value': 'Y', 'format': 'SignedData'}]}])",
            True,
        ),
    ),
)
def signed_alone(readings: Any) -> bool:
    """Whether there is a signed value without the raw one that 2.x needs beside it, or with one that has another signed
    value already."""
    for reading in as_list(readings):
        rows = reading["sampledValue"]
        if not (signed := _signed(rows)):
            continue
        raw = {_key(row) for row in rows if row.get("format") != "SignedData" and numeric(row["value"]) is not None}
        keys = [key for key, _ in {(_key(row), row["value"]) for row in signed}]
        if len(set(keys)) < len(keys) or not raw.issuperset(keys):
            return True
    return False


@functions.hook(
    "stopReadings",
    parameters=(
        Parameter("transactionData", array_of(_READING), optional=True),
        Parameter("timestamp", STRING),
        Parameter("meterStop", INTEGER),
    ),
    result=array_of(ANY),
    apart=True,
    examples=(
        Example("$stopReadings(undefined, '2026-01-01T00:00:00Z', 7).sampledValue.value", "7"),
        Example(
            "$count($stopReadings([{'timestamp': '2026-01-01T00:00:00Z', 'sampledValue': [{'value': '7',"
            " 'context': 'Transaction.End'}]}], '2026-01-01T00:00:00Z', 7))",
            1,
        ),
    ),
)
def stop_readings(_view: View, data: Any, timestamp: str, meter_stop: int) -> list[dict[str, Any]]:
    """The readings of a StopTransaction: its transactionData, with meterStop as the register at the end of the
    transaction where they do not have that already. It stands beside the signed one, if there is one (OCA whitepaper on
    signed meter values, 3.1.4)."""
    readings = as_list(data)
    register = {"context": "Transaction.End", "measurand": _DEFAULTS["measurand"], "unit": "Wh"}
    end = _key(register)
    places = [(at, row) for at, reading in enumerate(readings) for row in reading["sampledValue"] if _key(row) == end]
    if any(row.get("format") != "SignedData" and numeric(row["value"]) is not None for _, row in places):
        return list(readings)
    raw = {"value": str(meter_stop), **register}
    if not places:
        return [*readings, {"timestamp": timestamp, "sampledValue": [raw]}]
    beside = places[-1][0]
    return [
        {**reading, "sampledValue": [raw, *reading["sampledValue"]]} if at == beside else reading
        for at, reading in enumerate(readings)
    ]


def _key(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value.get(name, default) for name, default in _DEFAULTS.items())
