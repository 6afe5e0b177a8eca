"""Reports on the 2.x device model of a 1.6 station, made of its answer to GetConfiguration (OCPP 2.0.1 B07, B08)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, NUMBER, STRING, array_of, object_of
from ..view import View
from . import own_variables as own
from .configuration import (
    COMPONENT,
    FEATURES,
    GIVEN_COMPONENT,
    TABLES,
    VARIABLE,
    Row,
    is_refused,
    key_table,
    legacy_row,
    note_lost,
    to_variable,
)
from .device_model import VALUE
from .values import as_list, numeric

functions = Registry()

_CONNECTORS = "numberofconnectors"
_PART = 20
"""How many variables one NotifyReport carries: some 5 kB where values are of usual length."""

CRITERION = {"type": "string", "enum": ["Active", "Available", "Enabled", "Problem"]}
_TYPES = ["string", "decimal", "integer", "dateTime", "boolean", "OptionList", "SequenceList", "MemberList"]
REPORTED = object_of(
    {
        "component": COMPONENT,
        "variable": VARIABLE,
        "variableAttribute": {
            **array_of(
                object_of(
                    {
                        "type": {"type": "string", "enum": ["Actual"]},
                        "mutability": {"type": "string", "enum": ["ReadOnly", "WriteOnly", "ReadWrite"]},
                    },
                    {"value": VALUE},
                )
            ),
            "minItems": 1,
            "maxItems": 1,
        },
        "variableCharacteristics": object_of(
            {"dataType": {"type": "string", "enum": _TYPES}, "supportsMonitoring": BOOLEAN},
            {
                "unit": {**STRING, "maxLength": 16},
                "maxLimit": NUMBER,
                "valuesList": {**STRING, "maxLength": 1000},
            },
        ),
    }
)
CHOSEN = object_of({"component": GIVEN_COMPONENT}, {"variable": VARIABLE})
PART = object_of(
    {"seqNo": {"type": "integer", "minimum": 0}, "reportData": {**array_of(REPORTED), "minItems": 1}}, {"tbc": BOOLEAN}
)
_STATES = "Available,Occupied,Reserved,Unavailable,Faulted"


@functions.hook(
    "settingsReport",
    tables=TABLES,
    parameters=(Parameter("configurationKey", array_of(ANY), optional=True),),
    result=array_of(REPORTED),
)
def settings_report(view: View, settings: Any) -> list[dict[str, Any]]:
    """Every variable that the station has: what the link knows of it, and each of its configuration keys. A key whose
    name is too long for a variable is left out, with a note."""
    told = {setting["key"].casefold(): setting for setting in reversed(as_list(settings))}
    number = numeric(told.get(_CONNECTORS, {}).get("value"))
    facts = own.facts(view, min(number, _MANY) if isinstance(number, int) else 0)
    if profiles := told.get(own.PROFILES.casefold()):
        facts += own.feature_facts(view, profiles.get("value", ""))
    table = key_table(view)
    rows = [_fact(fact) for fact in facts]
    for setting in reversed(told.values()):
        row = table.by_key(setting["key"]) or legacy_row(setting["key"])
        if row is None:
            view.note(f"the configuration key {setting['key']!r} cannot be the name of a variable; not reported")
        else:
            rows.append(_setting(view, row, setting))
    return rows


_MANY = 1000
"""More connectors than any station has."""


@functions.hook("summaryReport", tables=("problem-component", FEATURES), result=array_of(REPORTED))
def summary_report(view: View) -> list[dict[str, Any]]:
    """Availability and condition of the station, its EVSEs and connectors, as far as the station reported them
    (B07.FR.09)."""
    return [_fact(fact) for fact in own.availability(view)]


def _fact(fact: own.Fact) -> dict[str, Any]:
    characteristics: dict[str, Any] = {"dataType": fact.type, "supportsMonitoring": False}
    if fact.variable == "AvailabilityState":
        characteristics["valuesList"] = _STATES
    return {
        "component": fact.component,
        "variable": {"name": fact.variable},
        "variableAttribute": [{"type": "Actual", "value": fact.value, "mutability": "ReadOnly"}],
        "variableCharacteristics": characteristics,
    }


def _setting(view: View, row: Row, setting: dict[str, Any]) -> dict[str, Any]:
    attribute = {"type": "Actual", "mutability": "ReadWrite"}
    names = (row.key, f"{row.component}.{row.variable}")
    characteristics: dict[str, Any] = {"dataType": row.type, "supportsMonitoring": False}
    if row.unit:
        characteristics["unit"] = row.unit
    if row.values:
        characteristics["valuesList"] = row.values
    text = setting.get("value", "")
    if row.readonly or setting["readonly"] or is_refused(view, row, names):
        attribute["mutability"] = "ReadOnly"
    elif row.writeonly:
        attribute["mutability"] = "WriteOnly"
    if row.limit:
        if (limit := numeric(text)) is not None:
            characteristics["maxLimit"] = limit
    elif not row.writeonly:
        converted = to_variable(view, row, text)
        attribute["value"] = text if converted is None else converted.text
        if converted is not None:
            note_lost(view, row, converted)
    return {
        "component": row.component_of_2x(),
        "variable": row.variable_of_2x(),
        "variableAttribute": [attribute],
        "variableCharacteristics": characteristics,
    }


@functions.function("writableOnly", parameters=(Parameter("report", array_of(REPORTED)),), result=array_of(REPORTED))
def writable_only(report: Any) -> list[dict[str, Any]]:
    """What of a report the operator can set: ConfigurationInventory (B07.FR.07)."""
    return [row for row in as_list(report) if row["variableAttribute"][0]["mutability"] != "ReadOnly"]


@functions.function(
    "chosenOnly",
    parameters=(
        Parameter("report", array_of(REPORTED)),
        Parameter("componentVariable", array_of(CHOSEN), optional=True),
        Parameter("componentCriteria", array_of(CRITERION), optional=True),
    ),
    result=array_of(REPORTED),
)
def chosen_only(report: Any, chosen: Any = None, criteria: Any = None) -> list[dict[str, Any]]:
    """What of a report is asked for: variables named by ``chosen`` (those left out in it are all, B08.FR.20 to .25),
    of components that meet one of the ``criteria`` (B08.FR.07 to .13)."""
    rows = as_list(report)
    if criteria:
        meets = {identity for criterion in as_list(criteria) for identity in _meeting(rows, criterion)}
        rows = [row for row in rows if own.identity_of(row["component"]) in meets]
    if chosen:
        rows = [row for row in rows if any(_is_chosen(row, choice) for choice in as_list(chosen))]
    return rows


def _meeting(rows: list[dict[str, Any]], criterion: str) -> Iterator[Any]:
    """The components that meet a criterion. One without the variable meets every criterion but Problem."""
    values: dict[Any, str | None] = {}
    for row in rows:
        identity = own.identity_of(row["component"])
        values.setdefault(identity, None)
        if row["variable"]["name"] == criterion:
            values[identity] = row["variableAttribute"][0].get("value")
    for identity, value in values.items():
        if value == "true" or (value is None and criterion != "Problem"):
            yield identity


def _is_chosen(row: dict[str, Any], choice: dict[str, Any]) -> bool:
    name, instance, evse, connector = own.identity_of(row["component"])
    wanted, wanted_instance, wanted_evse, wanted_connector = own.identity_of(choice["component"])
    if name != wanted or wanted_instance not in ("", instance):
        return False
    if wanted_evse not in (None, evse) or wanted_connector not in (None, connector):
        return False
    variable = choice.get("variable")
    if variable is None:
        return True
    if variable["name"].casefold() != row["variable"]["name"].casefold():
        return False
    return (variable.get("instance") or "").casefold() in ("", row["variable"].get("instance", "").casefold())


@functions.function(
    "reportParts",
    parameters=(Parameter("report", array_of(REPORTED)),),
    result=array_of(PART),
    examples=(Example("$reportParts([])", []),),
)
def report_parts(report: Any) -> list[dict[str, Any]]:
    """The report as the NotifyReports that carry it: numbered from 0, `tbc` on all but the last (B07.FR.10)."""
    rows = as_list(report)
    blocks = [rows[start : start + _PART] for start in range(0, len(rows), _PART)]
    return [
        {"seqNo": number, "reportData": block, **({"tbc": True} if number + 1 < len(blocks) else {})}
        for number, block in enumerate(blocks)
    ]
