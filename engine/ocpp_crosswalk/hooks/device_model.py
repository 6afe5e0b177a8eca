"""The 2.x device model of a 1.6 station: variables read and written as configuration keys, and reports of them.

OCPP 2.0.1 B05 (set), B06 (get), B07 and B08 (reports); OCPP 1.6 5.2 and 5.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, STRING, array_of, object_of
from ..view import View
from . import own_variables as own
from .configuration import (
    COMPONENT,
    GIVEN_COMPONENT,
    LEGACY,
    NAME_LENGTH,
    PASSWORD,
    TABLES,
    VALUE_LENGTH,
    VARIABLE,
    KeyTable,
    Row,
    guarded,
    key_table,
    legacy_key,
    legacy_row,
    note_lost,
    password_to_key,
    to_key,
    to_variable,
)
from .values import as_list, numeric

functions = Registry()

_NAMESPACE = "configuration"
_MAX_KEYS = "GetConfigurationMaxKeys"
ATTRIBUTE = {"type": "string", "enum": ["Actual", "Target", "MinSet", "MaxSet"]}
INFO = object_of({"reasonCode": {**STRING, "maxLength": 20}}, {"additionalInfo": {**STRING, "maxLength": 200}})
_UNKNOWN = ["UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"]
KEY = {**STRING, "maxLength": NAME_LENGTH}
VALUE = {**STRING, "maxLength": VALUE_LENGTH}
GIVEN = object_of(
    {"component": GIVEN_COMPONENT, "variable": VARIABLE}, {"attributeType": ATTRIBUTE, "attributeValue": STRING}
)
PLANNED = object_of(
    {"component": COMPONENT, "variable": VARIABLE, "attributeType": ATTRIBUTE},
    {"key": KEY, "value": VALUE, "status": {"enum": ["Accepted", "Rejected", *_UNKNOWN]}, "info": INFO},
)
WRITTEN = {"type": "string", "enum": ["Accepted", "Rejected", "RebootRequired", "NotSupported", *_UNKNOWN]}
READ = object_of(
    {
        "component": COMPONENT,
        "variable": VARIABLE,
        "attributeType": ATTRIBUTE,
        "attributeStatus": {"type": "string", "enum": ["Accepted", "Rejected", *_UNKNOWN]},
    },
    {"attributeValue": VALUE, "attributeStatusInfo": INFO},
)
BLOCK = object_of({"keys": array_of(KEY)})
SETTINGS = object_of({}, {"configurationKey": array_of(ANY), "unknownKey": array_of(ANY)})


def _find(view: View, table: KeyTable, component: Mapping[str, Any], variable: Mapping[str, Any]) -> Row | str:
    """The row that a variable of the station is; else the 2.x status that says why there is none."""
    if component.get("instance") or "evse" in component:
        return "UnknownComponent"
    name = component["name"].casefold()
    if name == LEGACY.casefold():
        key = legacy_key(variable)
        standard = table.by_key(key) if key else None
        row = legacy_row(key) if key and (standard is None or standard.limit) else None
        return row or "UnknownVariable"
    row = table.by_variable(component["name"], variable["name"], variable.get("instance"))
    if row is not None:
        return row
    return "UnknownVariable" if name in table.components else "UnknownComponent"


def _info(code: str, text: str = "") -> dict[str, str]:
    return {"reasonCode": code, **({"additionalInfo": text} if text else {})}


def _asked(item: dict[str, Any]) -> dict[str, Any]:
    """Component, variable and attribute type that an item names, as its result repeats them (B06.FR.02, .03, .11)."""
    component = {name: value for name, value in item["component"].items() if name in ("name", "instance")}
    if "evse" in item["component"]:
        evse = item["component"]["evse"]
        component["evse"] = {name: value for name, value in evse.items() if name in ("id", "connectorId")}
    variable = {name: value for name, value in item["variable"].items() if name in ("name", "instance")}
    return {"component": component, "variable": variable, "attributeType": item.get("attributeType", "Actual")}


# -- reading --


@functions.hook(
    "plannedReads",
    tables=TABLES,
    parameters=(Parameter("getVariableData", array_of(GIVEN)),),
    result=array_of(PLANNED),
    examples=(
        Example(
            "$plannedReads([{'component': {'name': 'Foo'}, 'variable': {'name': 'Bar'}}]).status", "UnknownComponent"
        ),
    ),
)
def planned_reads(view: View, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is to be done for each variable that the CSMS asks for: the 1.6 key that holds it, or its status (and
    value) where the station need not be asked. Attribute types other than Actual do not exist in 1.6."""
    table = key_table(view)
    known = own.facts(view)
    components = {own.identity_of(fact.component) for fact in known}
    return [_planned_read(view, table, known, components, item) for item in as_list(asked)]


def _planned_read(
    view: View, table: KeyTable, known: list[own.Fact], components: set[Any], item: dict[str, Any]
) -> dict[str, Any]:
    plan = _asked(item)
    component, variable, kind = plan.values()
    fact = next((fact for fact in known if fact.is_about(component, variable)), None)
    feature = own.feature_of(view, component, variable)
    row = _find(view, table, component, variable)
    if fact is None and feature is None and isinstance(row, str):
        unknown = "UnknownVariable" if own.identity_of(component) in components else row
        return {**plan, "status": unknown}
    if kind != "Actual":
        return {**plan, "status": "NotSupportedAttributeType"}
    if fact is not None:
        return {**plan, "status": "Accepted", "value": fact.value}
    if feature is not None:
        return {**plan, "key": own.PROFILES}
    assert isinstance(row, Row)
    if row.writeonly:
        return {**plan, "status": "Rejected", "info": _info("WriteOnly")}
    if row.limit:
        text = f"OCPP 1.6 has no current value, only a limit: see the report, or {LEGACY}.{row.key}"
        return {**plan, "status": "Accepted", "value": "", "info": _info("NoError", text)}
    return {**plan, "key": row.key}


@functions.hook(
    "variableStatus",
    tables=TABLES[:1],
    parameters=(Parameter("component", GIVEN_COMPONENT), Parameter("variable", VARIABLE)),
    result={"type": "string", "enum": ["Known", "UnknownComponent", "UnknownVariable"]},
    examples=(
        Example("$variableStatus({'name': 'OCPPCommCtrlr'}, {'name': 'HeartbeatInterval'})", "Known"),
        Example("$variableStatus({'name': 'OCPPCommCtrlr'}, {'name': 'Foo'})", "UnknownVariable"),
        Example("$variableStatus({'name': 'Foo'}, {'name': 'Foo'})", "UnknownComponent"),
    ),
)
def variable_status(view: View, component: dict[str, Any], variable: dict[str, Any]) -> str:
    """Whether the station's device model can have this variable."""
    status: str = planned_reads(view, [{"component": component, "variable": variable}])[0].get("status", "")
    return status if status in _UNKNOWN else "Known"


@functions.hook(
    "keyLimitUnknown",
    parameters=(Parameter("planned", array_of(PLANNED)),),
    result=BOOLEAN,
    examples=(Example("$keyLimitUnknown([])", False),),
)
def key_limit_unknown(view: View, planned: list[dict[str, Any]]) -> bool:
    """Whether the station has to be asked first how many keys it takes at once: several are needed, and it has not
    said so before."""
    return len(_keys(planned)) > 1 and "maxKeys" not in view.read(_NAMESPACE)


@functions.hook(
    "keyBlocks",
    parameters=(Parameter("planned", array_of(PLANNED)), Parameter("limits", ANY, optional=True)),
    result=array_of(BLOCK),
    examples=(Example("$keyBlocks([])", []),),
)
def key_blocks(view: View, planned: list[dict[str, Any]], limits: Any) -> list[dict[str, Any]]:
    """The keys that are needed, each once, in blocks that the station takes. ``limits`` is its answer about
    GetConfigurationMaxKeys, if it was asked just now."""
    keys = _keys(planned)
    size = _max_keys(limits) or view.read(_NAMESPACE).get("maxKeys") or len(keys) or 1
    return [{"keys": keys[start : start + size]} for start in range(0, len(keys), size)]


@functions.hook(
    "learnKeyLimit",
    parameters=(Parameter("replies", array_of(ANY)),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$learnKeyLimit([{'configurationKey': []}])", False),),
)
def learn_key_limit(view: View, replies: Any) -> bool:
    """Note how many keys the station takes at once, if one of its answers says so; one that does not know the key
    has no limit. Says whether there is one."""
    for reply in as_list(replies):
        unknown = any(str(key).casefold() == _MAX_KEYS.casefold() for key in as_list(reply.get("unknownKey")))
        limit = 0 if unknown else _max_keys(reply)
        if limit is not None and view.read(_NAMESPACE).get("maxKeys") != limit:
            view.change(_NAMESPACE)["maxKeys"] = limit
    return bool(view.read(_NAMESPACE).get("maxKeys"))


def _max_keys(reply: Any) -> int | None:
    number = numeric(_values([reply] if reply else []).get(_MAX_KEYS.casefold(), {}).get("value"))
    return number if isinstance(number, int) and number > 0 else None


def _keys(planned: Any) -> list[str]:
    return list(dict.fromkeys(plan["key"] for plan in as_list(planned) if "key" in plan))


def _values(replies: Any) -> dict[str, dict[str, Any]]:
    """What the station's answers to GetConfiguration hold, by key."""
    return {
        setting["key"].casefold(): setting
        for reply in as_list(replies)
        for setting in as_list(reply.get("configurationKey"))
    }


@functions.hook(
    "readResults",
    tables=TABLES,
    parameters=(Parameter("planned", array_of(PLANNED)), Parameter("replies", array_of(ANY), optional=True)),
    result={**array_of(READ), "minItems": 1},
)
def read_results(view: View, planned: Any, replies: Any) -> list[dict[str, Any]]:
    """One result for each variable that was asked for, in order (B06.FR.01). What the station did not tell is an
    unknown variable."""
    table = key_table(view)
    values = _values(replies)
    return [_read_result(view, table, values, plan) for plan in as_list(planned)]


def _read_result(view: View, table: KeyTable, values: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    result = {name: plan[name] for name in ("component", "variable", "attributeType")}
    if "key" not in plan:
        told = {"attributeStatus": plan["status"]}
        if "value" in plan:
            told["attributeValue"] = plan["value"]
        return {**result, **told, **({"attributeStatusInfo": plan["info"]} if "info" in plan else {})}
    setting = values.get(plan["key"].casefold())
    if setting is None:
        return {**result, "attributeStatus": "UnknownVariable"}
    text = setting.get("value", "")
    feature = own.feature_of(view, plan["component"], plan["variable"])
    if feature is not None:
        told_facts = own.feature_facts(view, text)
        text = next(fact.value for fact in told_facts if fact.is_about(plan["component"], plan["variable"]))
    else:
        row = _find(view, table, plan["component"], plan["variable"])
        text = _shown(view, row, text) if isinstance(row, Row) else text
    return {**result, "attributeStatus": "Accepted", "attributeValue": text}


def _shown(view: View, row: Row, text: str) -> str:
    """The 2.x form of a value that the station told; one that is not of the expected type is shown as it is."""
    converted = to_variable(view, row, text)
    if converted is None:
        return text
    note_lost(view, row, converted)
    return converted.text[:VALUE_LENGTH]


# -- writing --


@functions.hook(
    "plannedWrites",
    tables=TABLES,
    parameters=(Parameter("setVariableData", array_of(GIVEN)),),
    result=array_of(PLANNED),
    examples=(
        Example(
            "$plannedWrites([{'component': {'name': 'A'}, 'variable': {'name': 'B'}, 'attributeValue': 'C'}]).status",
            "UnknownComponent",
        ),
    ),
)
def planned_writes(view: View, given: Any) -> list[dict[str, Any]]:
    """What is to be done for each variable that the CSMS sets: key and value of the ChangeConfiguration, or the
    status where the station is not asked."""
    table = key_table(view)
    return [_planned_write(view, table, item) for item in as_list(given)]


def _planned_write(view: View, table: KeyTable, item: dict[str, Any]) -> dict[str, Any]:
    plan = _asked(item)
    component, variable, kind = plan.values()
    value = item["attributeValue"]

    def refused(code: str, text: str = "") -> dict[str, Any]:
        return {**plan, "status": "Rejected", "info": _info(code, text)}

    row = _find(view, table, component, variable)
    if isinstance(row, str):
        known = [fact for fact in own.facts(view) if own.same_component(fact.component, component)]
        feature = own.feature_of(view, component, variable)
        if feature is not None or any(fact.is_about(component, variable) for fact in known):
            return refused("ReadOnly") if kind == "Actual" else {**plan, "status": "NotSupportedAttributeType"}
        return {**plan, "status": "UnknownVariable" if known else row}
    if kind != "Actual":
        return {**plan, "status": "NotSupportedAttributeType"}
    if row.readonly:
        return refused("ReadOnly")
    if row.key == PASSWORD:
        if view.settings["passwordChange"] == "refuse":
            return refused("UnsupportedRequest", "The station's password is not changed through the crosswalk.")
        password = password_to_key(value)
        if password is None:
            return refused("InvalidValue", "OCPP 1.6 takes passwords of 16 to 20 bytes.")
        return {**plan, "key": row.key, "value": password}
    if guarded(view, (row.key, f"{row.component}.{row.variable}"), value):
        return refused("UnsupportedRequest", "This would lead the station away from the crosswalk.")
    converted = to_key(view, row, value)
    if converted is None:
        return refused("InvalidValue")
    if converted.lost:
        return refused("InvalidValue", f"OCPP 1.6 has no {', '.join(converted.lost)}"[:200])
    if len(converted.text) > VALUE_LENGTH:
        return refused("TooLargeElement", f"OCPP 1.6 takes values of {VALUE_LENGTH} characters at most.")
    return {**plan, "key": row.key, "value": converted.text}


@functions.hook(
    "leadsAway",
    parameters=(
        Parameter("component", object_of({"name": STRING})),
        Parameter("variable", object_of({"name": STRING})),
        Parameter("attributeValue", STRING),
    ),
    result=BOOLEAN,
    examples=(
        Example(
            "$leadsAway({'name': 'OCPPCommCtrlr'}, {'name': 'NetworkConfigurationPriority'}, '2,1')",
            True,
        ),
        Example("$leadsAway({'name': 'OCPPCommCtrlr'}, {'name': 'HeartbeatInterval'}, '60')", False),
    ),
)
def leads_away(view: View, component: dict[str, Any], variable: dict[str, Any], value: str) -> bool:
    """Whether a 2.x station that is given this value would connect elsewhere, or authenticate in another way (settings
    `protectedKeys` and `passwordChange`)."""
    name = f"{component['name']}.{variable['name']}"
    if name.casefold() == _PASSWORD_VARIABLE:
        return bool(view.settings["passwordChange"] == "refuse")
    return guarded(view, (name,), value)


_PASSWORD_VARIABLE = "securityctrlr.basicauthpassword"


@functions.function(
    "writeResults",
    parameters=(Parameter("planned", array_of(PLANNED)), Parameter("replies", array_of(ANY), optional=True)),
    result=array_of(
        object_of(
            {"component": COMPONENT, "variable": VARIABLE, "attributeType": ATTRIBUTE, "status": WRITTEN},
            {"info": INFO},
        )
    ),
)
def write_results(planned: Any, replies: Any) -> list[dict[str, Any]]:
    """One result for each variable that was to be set, in order (B05.FR.01): with the station's status (of 1.6) where
    it was asked, else with the one that was planned (of 2.x)."""
    told: Iterator[dict[str, Any]] = iter(as_list(replies))
    return [
        {name: plan[name] for name in ("component", "variable", "attributeType", "info") if name in plan}
        | {"status": next(told, {}).get("status", "Rejected") if "key" in plan else plan["status"]}
        for plan in as_list(planned)
    ]
