"""Meter readings: what needs more than one sampled value at once."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, array_of
from .values import numeric

functions = Registry()

_DEFAULTS = {
    "context": "Sample.Periodic",
    "measurand": "Energy.Active.Import.Register",
    "location": "Outlet",
    "phase": "",
}


@functions.function(
    "withSigned",
    parameters=(Parameter("sampledValue", ANY, optional=True),),
    result=array_of({"type": "object"}),
    examples=(
        Example(
            "$withSigned([{'value': '5'}, {'value': 'OCMF', 'format': 'SignedData'}])",
            [{"value": "5", "signed": "OCMF"}],
        ),
    ),
)
def with_signed(sampled: Any) -> list[dict[str, Any]]:
    """The raw sampled values of a 1.6 meter value that are numbers, each with the `signed` text of its signed twin
    (the same measurand, context, phase and location), as 2.x carries both in one sampled value."""
    values = sampled if isinstance(sampled, list) else [sampled] if sampled else []
    signed = {_key(value): value["value"] for value in values if value.get("format") == "SignedData"}
    raw = [value for value in values if value.get("format") != "SignedData" and numeric(value["value"]) is not None]
    return [{**value, "signed": signed[_key(value)]} if _key(value) in signed else value for value in raw]


def _key(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value.get(name, default) for name, default in _DEFAULTS.items())
