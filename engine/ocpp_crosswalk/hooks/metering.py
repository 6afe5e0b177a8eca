"""Meter readings: what needs more than one sampled value at once."""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import STRING, array_of, object_of

functions = Registry()

_DEFAULTS = {
    "context": "Sample.Periodic",
    "measurand": "Energy.Active.Import.Register",
    "location": "Outlet",
    "phase": "",
}


_SAMPLE = object_of({"value": STRING}, dict.fromkeys((*_DEFAULTS, "format"), STRING))


@functions.function(
    "signedTwin",
    parameters=(Parameter("sample", _SAMPLE), Parameter("sampledValue", array_of(_SAMPLE))),
    result=STRING,
    optional_result=True,
    examples=(
        Example("$signedTwin({'value': '5'}, [{'value': '5'}, {'value': 'OCMF', 'format': 'SignedData'}])", "OCMF"),
    ),
)
def signed_twin(sample: dict[str, Any], sampled: Any) -> str | None:
    """The signed text of a raw sampled value of 1.6: that of the value with the same measurand, context, phase and
    location in ``sampledValue``, as 2.x carries both in one sampled value."""
    rows = sampled if isinstance(sampled, list) else [sampled]
    wanted = _key(sample)
    return next((row["value"] for row in rows if row.get("format") == "SignedData" and _key(row) == wanted), None)


def _key(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value.get(name, default) for name, default in _DEFAULTS.items())
