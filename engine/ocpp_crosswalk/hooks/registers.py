"""Energy registers in 2.x meter values, for 1.6, which needs whole Wh at both ends of a transaction (facts 5.18, 6.3).

The register of a transaction is Energy.Active.Import.Register without a phase, or the sum of its three phases, at
the outlet, else at the first place of the station that reports it. Units of stations contradict each other now and
then (facts 12): a reading that no charger could have reached since the last one is tried a thousand times smaller, and
one far below the last one a thousand times larger.
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, INTEGER, NUMBER, STRING, array_of, object_of
from ..times import parse_time
from ..view import View
from .values import as_list

functions = Registry()

_REGISTER = "Energy.Active.Import.Register"
_PLACES = ("Outlet", "Inlet", "Cable", "Body", "EV")
_PHASES = ({"L1", "L2", "L3"}, {"L1-N", "L2-N", "L3-N"})
_WH = {"wh": 0, "kwh": 3, "mwh": 6}
_POWER = 1_000_000.0
"""The most that a charger is thought to deliver, in W."""
_SLACK = 2_000.0
"""Wh that a register may rise beyond what the time allows: clocks and rounding."""
_FALL = 0.01
"""The part of the last register below which a reading is thought to be in a larger unit; above, the meter fell."""
_MOST = 2.0**53
"""Wh that no meter shows; from here on floats skip integers."""
ROUNDING = 1e-6
"""Wh by which a register may seem to fall: what is left of sums and powers of ten."""

REGISTER = object_of({"exponent": INTEGER}, {"place": STRING, "floor": NUMBER})
"""How the registers of one message are to be read: the place that counts, the power of ten that puts a wrong unit
right, and the Wh below which a reading would run backwards."""

Reading = tuple[float, str, str]
"""A register: Wh, the time of its meter value, its context."""


def place_of(meter_values: list[dict[str, Any]]) -> str | None:
    """Where the register is measured, when these meter values hold one."""
    found = {
        sample.get("location", "Outlet")
        for value in meter_values
        for sample in value["sampledValue"]
        if _is_register(sample)
    }
    return next((place for place in _PLACES if place in found), None)


def registers(meter_values: list[dict[str, Any]], place: str) -> list[Reading]:
    """The registers at ``place``, in order; the beginning of a transaction goes before anything else."""
    readings: list[Reading] = []
    for value in meter_values:
        by_context: dict[str, list[dict[str, Any]]] = {}
        for sample in value["sampledValue"]:
            if _is_register(sample) and sample.get("location", "Outlet") == place:
                by_context.setdefault(sample.get("context", "Sample.Periodic"), []).append(sample)
        for context, samples in by_context.items():
            amount = _amount(samples)
            if amount is not None and abs(amount) < _MOST:
                readings.append((amount, value["timestamp"], context))
    return sorted(readings, key=lambda reading: reading[2] != "Transaction.Begin")


def exponent_for(readings: list[Reading], last: float | None, last_at: str) -> int:
    """The power of ten that makes the readings go on from ``last``: 0, or 3 up or down where only that is likely."""
    if last is None or not readings:
        return 0
    amount, at, _ = readings[-1]
    allowed = _SLACK + _POWER * max(0.0, _seconds(last_at, at)) / 3600
    for exponent in (0, -3, 3) if amount < last * _FALL else (0, -3):
        if -ROUNDING <= amount * 10.0**exponent - last <= allowed:
            return exponent
    return 0


def _is_register(sample: dict[str, Any]) -> bool:
    return sample.get("measurand", _REGISTER) == _REGISTER and _exponent(sample) is not None


def _exponent(sample: dict[str, Any]) -> int | None:
    """The power of ten that makes the sample's value Wh; None when its unit is none of energy."""
    unit = sample.get("unitOfMeasure", {})
    base = _WH.get(unit.get("unit", "Wh").lower()) if unit else 0
    return base + int(unit["multiplier"]) if base is not None and "multiplier" in unit else base


def _amount(samples: list[dict[str, Any]]) -> float | None:
    for sample in samples:
        if "phase" not in sample:
            return _wh(sample)
    by_phase = {sample["phase"]: _wh(sample) for sample in samples}
    return next((sum(by_phase[p] for p in sorted(phases)) for phases in _PHASES if phases <= by_phase.keys()), None)


def _wh(sample: dict[str, Any]) -> float:
    exponent = _exponent(sample)
    return round(float(sample["value"]) * 10.0 ** _clamped(exponent) if exponent else float(sample["value"]), 6)


def _clamped(exponent: int) -> int:
    return max(-12, min(12, exponent))


def _seconds(earlier: str, later: str) -> float:
    first, second = parse_time(earlier), parse_time(later)
    return (second - first).total_seconds() if first and second else 0.0


CONTEXTS = (
    "Interruption.Begin",
    "Interruption.End",
    "Other",
    "Sample.Clock",
    "Sample.Periodic",
    "Transaction.Begin",
    "Transaction.End",
    "Trigger",
)
MEASURANDS = (
    "Current.Export",
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Export.Interval",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Interval",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Import.Register",
    "Frequency",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Factor",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "SoC",
    "Voltage",
)
UNITS = (
    "A",
    "Celsius",
    "Fahrenheit",
    "K",
    "Percent",
    "V",
    "VA",
    "W",
    "Wh",
    "kVA",
    "kW",
    "kWh",
    "kvar",
    "kvarh",
    "var",
    "varh",
)
PHASES = ("L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1")

_ROW = object_of(
    {"value": NUMBER, "exponent": INTEGER},
    {
        "context": {"type": "string", "enum": list(CONTEXTS)},
        "measurand": {"type": "string", "enum": list(MEASURANDS)},
        "phase": {"type": "string", "enum": list(PHASES)},
        "location": {"type": "string", "enum": list(_PLACES)},
        "unit": {"type": "string", "enum": list(UNITS)},
        "signed": {"type": "object"},
    },
)
_UNSAID = {"Hz"}
"""Units that 1.6 has without a name: a frequency is in Hertz there (erratum 3.86)."""


@functions.hook(
    "samples",
    tables=("measurand-to-1.6", "unit-to-1.6", "location-to-2.0.1"),
    parameters=(Parameter("sampledValue", ANY, optional=True), Parameter("register", ANY, optional=True)),
    result=array_of(_ROW),
    apart=True,
    examples=(
        Example(
            "$samples([{'value': 5, 'context': 'Trigger'}, {'value': 7}], {'exponent': -3, 'floor': 0})",
            [{"value": 5, "exponent": -3, "context": "Trigger"}, {"value": 7, "exponent": -3}],
        ),
    ),
)
def samples(view: View, sampled: Any, register: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The sampled values of a 2.x meter value as 1.6 lists them, each with the `exponent` to apply and the measurand,
    unit and place of 1.6 (tables `measurand-to-1.6`, `unit-to-1.6`, `location-to-2.0.1`): without those that 1.6 does
    not have, registers with a wrong unit put right and without those that run backwards, and a signed value after its
    raw one, as `signed`."""
    rows: list[dict[str, Any]] = []
    register = register or {"exponent": 0}
    for sample in as_list(sampled):
        row = _row(view, sample)
        if row is None:
            continue
        if _is_register(sample) and sample.get("location", "Outlet") == register.get("place", "Outlet"):
            shift = register["exponent"]
            if "phase" not in sample and _wh(sample) * 10.0**shift < register.get("floor", float("-inf")) - ROUNDING:
                continue
            row["exponent"] += shift
        rows.append(row)
        if "signedMeterValue" in sample:
            rows.append({**row, "signed": sample["signedMeterValue"]})
    return rows


def _row(view: View, sample: dict[str, Any]) -> dict[str, Any] | None:
    """A sampled value in the names of 1.6; None, reported, when 1.6 has no such measurand, unit or place."""
    unit_of_measure = sample.get("unitOfMeasure", {})
    row = {"value": sample["value"], "exponent": int(unit_of_measure.get("multiplier", 0))}
    for name in ("context", "phase"):
        if name in sample:
            row[name] = sample[name]
    for name, said, table in (
        ("measurand", sample.get("measurand"), "measurand-to-1.6"),
        ("unit", unit_of_measure.get("unit"), "unit-to-1.6"),
        ("location", sample.get("location"), "location-to-2.0.1"),
    ):
        if said is None:
            continue
        known = view.tables[table].get(said)
        if known is not None:
            row[name] = known
        elif said not in _UNSAID:
            view.note(f"a value is left out: OCPP 1.6 has no {name} {said!r}")
            return None
    return row
