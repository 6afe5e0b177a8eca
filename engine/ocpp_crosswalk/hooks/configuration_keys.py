"""The configuration of a 2.x station as keys of 1.6: read with GetVariables, written with SetVariables.

OCPP 1.6 5.3 and 5.8; OCPP 2.0.1 B05, B06. Keys that are the limit of a variable are visible in reports only: they are
asked for once, and known from the NotifyReport that answers (B08).
"""

from __future__ import annotations

from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, NUMBER, STRING, array_of, object_of
from ..view import View
from .configuration import (
    COMPONENT,
    FEATURES,
    GIVEN_COMPONENT,
    NAME_LENGTH,
    PASSWORD,
    TABLES,
    VALUE_LENGTH,
    VARIABLE,
    KeyTable,
    Row,
    is_refused,
    key_of_place,
    key_table,
    key_to_password,
    place_of_key,
    to_key,
    to_variable,
)
from .own_variables import PROFILES, identity_of
from .topology import all_connectors
from .values import as_list, numeric

functions = Registry()

_NAMESPACE = "configuration"
_CONNECTORS = "NumberOfConnectors"
_ALWAYS = ("Core", "FirmwareManagement", "RemoteTrigger")
"""Feature profiles of 1.6 whose functions every 2.x station has."""
_ITEMS = 20
"""Variables asked for at once of a station that does not say how many it takes."""

KEY = {**STRING, "maxLength": NAME_LENGTH}
VALUE = {**STRING, "maxLength": VALUE_LENGTH}
_PLACE = object_of({"component": COMPONENT, "variable": VARIABLE})
PLANNED = object_of(
    {"key": KEY, "readonly": BOOLEAN, "asked": BOOLEAN, "variables": array_of(_PLACE)},
    {"value": VALUE},
)
BLOCK = object_of({"variables": {**array_of(_PLACE), "minItems": 1}})
TOLD = object_of(
    {},
    {
        "configurationKey": array_of(object_of({"key": KEY, "readonly": BOOLEAN}, {"value": VALUE})),
        "unknownKey": array_of(KEY),
    },
)
CHANGE = object_of(
    {},
    {
        "component": COMPONENT,
        "variable": VARIABLE,
        "value": VALUE,
        "status": {"type": "string", "enum": ["Rejected", "NotSupported"]},
    },
)
REPORTED = object_of(
    {"component": GIVEN_COMPONENT, "variable": VARIABLE},
    {"variableCharacteristics": object_of({}, {"maxLimit": NUMBER})},
)


def _place(component: dict[str, Any], variable: dict[str, Any]) -> tuple[Any, ...]:
    return *identity_of(component), variable["name"].casefold(), (variable.get("instance") or "").casefold()


def _row(table: KeyTable, key: str) -> tuple[Row, dict[str, Any], dict[str, Any]] | None:
    """The row of a key, with component and variable; for a name by rule, a row of its own. None for no such key."""
    if row := table.by_key(key):
        return row, row.component_of_2x(), row.variable_of_2x()
    place = place_of_key(key)
    if place is None:
        return None
    component, variable = place
    if component.keys() == {"name"}:
        standard = table.by_variable(component["name"], variable["name"], variable.get("instance"))
        if standard is not None and not standard.limit:
            return None
    return Row(key, component["name"], variable["name"], variable.get("instance")), component, variable


# -- reading --


@functions.hook(
    "plannedKeys",
    tables=TABLES,
    parameters=(Parameter("key", array_of(STRING), optional=True),),
    result=array_of(PLANNED),
    examples=(Example("$plannedKeys(['NumberOfConnectors']).value", "1"),),
)
def planned_keys(view: View, asked: Any) -> list[dict[str, Any]]:
    """What is to be done for each key that the CSMS asks for, or for every key that is known when it names none: the
    variables that hold it, or its value. A key with neither is unknown."""
    table = key_table(view)
    named = as_list(asked)
    keys = named or [*(row.key for row in table.rows.values()), PROFILES, _CONNECTORS]
    return [_planned(view, table, key, bool(named)) for key in dict.fromkeys(keys)]


def _planned(view: View, table: KeyTable, key: str, asked: bool) -> dict[str, Any]:
    plan: dict[str, Any] = {"key": key, "readonly": True, "asked": asked, "variables": []}
    if key.casefold() == _CONNECTORS.casefold():
        return {**plan, "value": str(len(all_connectors(view)))}
    if key.casefold() == PROFILES.casefold():
        controllers = view.tables[FEATURES].values()
        places = [{"component": {"name": name}, "variable": {"name": "Available"}} for name in controllers]
        return {**plan, "variables": places}
    found = _row(table, key)
    if found is None:
        return plan
    row, component, variable = found
    if row.limit:
        known = view.read(_NAMESPACE).get("limits", {}).get(row.key)
        return plan if known is None else {**plan, "value": known}
    plan["variables"] = [{"component": component, "variable": variable}]
    return {**plan, "readonly": row.readonly or _refused(view, row, component, variable, "")}


def _refused(view: View, row: Row, component: dict[str, Any], variable: dict[str, Any], value: str) -> bool:
    names = (row.key, key_of_place(component, variable) or row.key, f"{component['name']}.{variable['name']}")
    return is_refused(view, row, names, value)


@functions.hook(
    "itemLimitUnknown",
    parameters=(Parameter("planned", array_of(PLANNED)),),
    result=BOOLEAN,
    examples=(Example("$itemLimitUnknown([])", False),),
)
def item_limit_unknown(view: View, planned: Any) -> bool:
    """Whether the station has to be asked first how many variables it takes at once: several are needed, and it has
    not said so before."""
    return len(_variables(planned)) > 1 and "items" not in view.read(_NAMESPACE)


@functions.hook(
    "limitsWanted",
    tables=TABLES[:1],
    parameters=(Parameter("planned", array_of(PLANNED)),),
    result=array_of(_PLACE),
    examples=(Example("$limitsWanted([])", []),),
)
def limits_wanted(view: View, planned: Any) -> list[dict[str, Any]]:
    """The variables whose limits are keys that the CSMS asks for and that are not known yet; none when the station was
    asked already on this connection."""
    kept = view.read(_NAMESPACE)
    table = key_table(view)
    rows = [
        row for plan in as_list(planned) if "value" not in plan and (row := table.by_key(plan["key"])) and row.limit
    ]
    if not rows or kept.get("asked") == view.epoch:
        return []
    return [{"component": row.component_of_2x(), "variable": row.variable_of_2x()} for row in rows]


@functions.hook(
    "limitsAsked",
    parameters=(Parameter("status", STRING, optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$limitsAsked('Accepted')", True), Example("$limitsAsked()", False)),
)
def limits_asked(view: View, status: str | None) -> bool:
    """Note that the station was asked for limits on this connection, when it was; says whether it will report them."""
    if status is not None:
        view.change(_NAMESPACE)["asked"] = view.epoch
    return status == "Accepted"


@functions.hook(
    "variableBlocks",
    parameters=(Parameter("planned", array_of(PLANNED)), Parameter("limits", ANY, optional=True)),
    result=array_of(BLOCK),
    examples=(Example("$variableBlocks([])", []),),
)
def variable_blocks(view: View, planned: Any, limits: Any) -> list[dict[str, Any]]:
    """The variables that are needed, each once, in blocks that the station takes (B06.FR.05). ``limits`` is its
    answer about ItemsPerMessage[GetVariables], if it was asked just now."""
    wanted = _variables(planned)
    size = _item_limit(limits) or view.read(_NAMESPACE).get("items") or _ITEMS
    return [{"variables": wanted[start : start + size]} for start in range(0, len(wanted), size)]


def _variables(planned: Any) -> list[dict[str, Any]]:
    places = [place for plan in as_list(planned) for place in as_list(plan["variables"])]
    wanted = {_place(place["component"], place["variable"]): place for place in places}
    return list(wanted.values())


@functions.hook(
    "learnItemLimit",
    parameters=(Parameter("reply", ANY, optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$learnItemLimit()", False),),
)
def learn_item_limit(view: View, reply: Any) -> bool:
    """Note how many variables the station takes at once, by its answer to the question (if it was asked and answered);
    says whether it told a number."""
    if not reply or not reply.get("getVariableResult"):
        return False
    limit = _item_limit(reply)
    view.change(_NAMESPACE)["items"] = limit or _ITEMS
    return limit is not None


def _item_limit(reply: Any) -> int | None:
    for result in as_list((reply or {}).get("getVariableResult")):
        number = numeric(result.get("attributeValue"))
        if isinstance(number, int) and number > 0:
            return number
    return None


@functions.hook(
    "keyResults",
    tables=TABLES,
    parameters=(Parameter("planned", array_of(PLANNED)), Parameter("replies", array_of(ANY), optional=True)),
    result=TOLD,
    examples=(Example("$keyResults($plannedKeys(['Foo']))", {"unknownKey": ["Foo"]}),),
)
def key_results(view: View, planned: Any, replies: Any) -> dict[str, Any]:
    """The answer to GetConfiguration. A key whose variable the station does not have is unknown (and left out where
    none was asked for by name); one that it has but does not tell has no value."""
    table = key_table(view)
    results = {
        _place(result["component"], result["variable"]): result
        for reply in as_list(replies)
        for result in as_list(reply.get("getVariableResult"))
    }
    known, unknown = [], []
    for plan in as_list(planned):
        setting = _setting(view, table, plan, results)
        if setting is not None:
            known.append(setting)
        elif plan["asked"]:
            unknown.append(plan["key"])
    return {**({"configurationKey": known} if known else {}), **({"unknownKey": unknown} if unknown else {})}


def _setting(view: View, table: KeyTable, plan: dict[str, Any], results: dict[Any, Any]) -> dict[str, Any] | None:
    setting = {"key": plan["key"], "readonly": plan["readonly"]}
    if "value" in plan:
        return {**setting, "value": plan["value"]}
    told = [results.get(_place(each["component"], each["variable"]), {}) for each in as_list(plan["variables"])]
    if plan["key"].casefold() == PROFILES.casefold():
        there = [
            profile
            for profile, result in zip(view.tables[FEATURES], told, strict=True)
            if str(result.get("attributeValue", "")).casefold() == "true"
        ]
        return {**setting, "value": ",".join([*_ALWAYS, *there])}
    found = _row(table, plan["key"])
    if not told or found is None or told[0].get("attributeStatus") not in ("Accepted", "Rejected"):
        return None
    row = found[0]
    text = told[0].get("attributeValue")
    if row.writeonly or text is None or told[0]["attributeStatus"] == "Rejected":
        return setting
    converted = to_key(view, row, text)
    if converted is not None and converted.lost:
        view.note(f"{row.component}.{row.variable}: OCPP 1.6 has no {', '.join(converted.lost)}; left out of {row.key}")
    value = text if converted is None else converted.text
    if len(value) > VALUE_LENGTH:
        view.note(f"{row.key}: the value has {len(value)} characters, and OCPP 1.6 takes {VALUE_LENGTH}; left out")
        return setting
    return {**setting, "value": value}


# -- writing --


@functions.hook(
    "plannedChange",
    tables=TABLES,
    parameters=(Parameter("key", STRING), Parameter("value", STRING)),
    result=CHANGE,
    examples=(
        Example("$plannedChange('NumberOfConnectors', '2')", {"status": "Rejected"}),
        Example("$plannedChange('Foo', '2')", {"status": "NotSupported"}),
    ),
)
def planned_change(view: View, key: str, value: str) -> dict[str, Any]:
    """What is to be done for a key that the CSMS sets: component, variable and value of the SetVariables, or the
    status of 1.6 where the station is not asked."""
    if key.casefold() in (_CONNECTORS.casefold(), PROFILES.casefold()):
        return {"status": "Rejected"}
    found = _row(key_table(view), key)
    if found is None:
        return {"status": "NotSupported"}
    row, component, variable = found
    if row.readonly or _refused(view, row, component, variable, value):
        return {"status": "Rejected"}
    if row.key == PASSWORD:
        text = key_to_password(value)
    else:
        converted = to_variable(view, row, value)
        text = None if converted is None or converted.lost else converted.text
    if text is None:
        return {"status": "Rejected"}
    return {"component": component, "variable": variable, "value": text}


# -- what reports tell --


@functions.hook(
    "learnLimits",
    tables=TABLES[:1],
    parameters=(Parameter("reportData", array_of(REPORTED), optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$learnLimits()", False),),
)
def learn_limits(view: View, reported: Any) -> bool:
    """Note the limits of a report that are keys of 1.6; says whether there were any."""
    table = key_table(view)
    limits = {}
    for item in as_list(reported):
        limit = item.get("variableCharacteristics", {}).get("maxLimit")
        variable = item["variable"]
        row = table.by_variable(item["component"]["name"], variable["name"], variable.get("instance"))
        if limit is not None and row is not None and row.limit:
            number = numeric(limit)
            limits[row.key] = str(limit if number is None else number)
    if limits:
        view.change(_NAMESPACE).setdefault("limits", {}).update(limits)
    return bool(limits)
