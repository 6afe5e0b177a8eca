"""schemas.py: verdicts, what is said about a violation, walking."""

from __future__ import annotations

import copy
import json
import random
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.schemas import (
    Kind,
    Schema,
    UnknownMessage,
    Violation,
    element,
    is_open,
    leaves,
    request_schema,
    response_schema,
    violation,
    walk,
)
from ocpp_crosswalk.versions import Version
from schema_mutations import messages, spoilt

V16, V201, V21 = Version


def schema_of(version: Version, action: str, kind: Kind) -> Schema:
    return request_schema(version, action) if kind == "request" else response_schema(version, action)


def official(version: Version, action: str, kind: Kind) -> dict[str, Any]:
    """The schema file as it stands, references and all."""
    names = [f"{action}{kind.capitalize()}.json", f"{action}.json"]
    paths = [folder("schemas") / version / name for name in names]
    loaded: dict[str, Any] = json.loads(next(path for path in paths if path.exists()).read_text())
    return loaded


def _multiple(_: Any, factor: float, instance: object, __: Any) -> Iterator[ValidationError]:
    number = isinstance(instance, (int, float)) and not isinstance(instance, bool)
    if number and Decimal(str(instance)) % Decimal(str(factor)):
        yield ValidationError(f"{instance} is no multiple of {factor}")


@pytest.mark.parametrize("version", Version)
def test_verdicts_are_those_of_python_jsonschema(version: Version) -> None:
    """jsonschema is the reference, but for multiples of 0.1, where it has to be taught decimals."""
    rng = random.Random(7)
    seen = {True: 0, False: 0}
    for _, action, kind in (message for message in messages() if message[0] is version):
        file = official(version, action, kind)
        draft = jsonschema.Draft4Validator if "draft-04" in file["$schema"] else jsonschema.Draft6Validator
        reference = extend(draft, {"multipleOf": _multiple})(file)  # type: ignore[no-untyped-call]
        payloads = [random_payload(rng, version, action, kind) for _ in range(3)]
        payloads += [spoilt(rng, payload) for payload in payloads for _ in range(4)]
        for payload in payloads:
            verdict = reference.is_valid(payload)
            assert (violation(version, action, kind, payload, formats=False) is None) is verdict, (
                action,
                payload,
            )
            seen[verdict] += 1
    assert min(seen.values()) > 50


def test_multiples_of_a_tenth() -> None:
    rng = random.Random(3)

    def accepted(limit: float) -> bool:
        period = {"startPeriod": 0, "limit": limit}
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
        payload = {"status": "Accepted", "chargingSchedule": schedule}
        return violation(V16, "GetCompositeSchedule", "response", payload, formats=True) is None

    assert all(accepted(tenths / 10) for tenths in range(-2000, 4000))
    assert accepted(0) and accepted(16) and accepted(1e15)
    for _ in range(3000):
        number = round(rng.uniform(-1e6, 1e6), rng.randrange(4))
        assert accepted(number) is (Decimal(str(number)) % Decimal("0.1") == 0), number


def found(
    version: Version, action: str, payload: object, kind: Kind = "request", *, formats: bool = False
) -> Violation:
    result = violation(version, action, kind, payload, formats=formats)
    assert result is not None
    assert result.code in protocol(version).error_codes.values()
    assert 0 < len(result.reason) <= 200
    return result


OCCURRENCE = "OccurenceConstraintViolation"
TYPE = "TypeConstraintViolation"
PROPERTY = "PropertyConstraintViolation"
FORMAT = "FormationViolation"
SECOND = "meterValue[0].sampledValue[1]"
READING: dict[str, Any] = {
    "timestamp": "2025-01-01T00:00:00Z",
    "sampledValue": [{"value": "1"}, {"value": "2"}],
}


def reading(**changes: Any) -> dict[str, Any]:
    value = copy.deepcopy(READING)
    value["sampledValue"][1].update(changes)
    return {"connectorId": 1, "meterValue": [value]}


@pytest.mark.parametrize(
    ("action", "payload", "path", "code", "reason"),
    [
        ("Authorize", {}, "idTag", OCCURRENCE, "missing"),
        ("Authorize", {"idtag": "A"}, "idTag", OCCURRENCE, "missing"),
        ("Authorize", {"idTag": "A", "Zz": 1, "Aa": 1}, "Aa", FORMAT, "not a field"),
        ("Authorize", {"idTag": 5}, "idTag", TYPE, "type string, not integer"),
        ("Authorize", {"idTag": None}, "idTag", TYPE, "type string, not null"),
        ("Authorize", {"idTag": float("nan")}, "idTag", TYPE, "type string"),
        ("Authorize", {"idTag": "x" * 21}, "idTag", PROPERTY, "21 characters; at most 20"),
        ("Authorize", [], "", TYPE, "type object, not array"),
        ("Authorize", None, "", TYPE, "type object, not null"),
        ("Reset", {"type": "soft"}, "type", PROPERTY, "'soft' is not one of Hard, Soft"),
        ("MeterValues", reading(value=2), f"{SECOND}.value", TYPE, "type string"),
        ("MeterValues", reading(unit="wh"), f"{SECOND}.unit", PROPERTY, "'wh'"),
        ("MeterValues", reading(x=1), f"{SECOND}.x", FORMAT, "not a field"),
        ("MeterValues", {"connectorId": 1, "meterValue": []}, "meterValue", OCCURRENCE, "0 elements"),
        ("MeterValues", {"connectorId": True, "meterValue": [READING]}, "connectorId", TYPE, "boolean"),
        ("MeterValues", {"connectorId": 1.0, "meterValue": [READING]}, "connectorId", TYPE, "number"),
    ],
)  # fmt: skip
def test_what_is_said_in_1_6(action: str, payload: object, path: str, code: str, reason: str) -> None:
    result = found(V16, action, payload)
    assert (result.path, result.code) == (path, code)
    assert reason in result.reason


@pytest.mark.parametrize("version", [V201, V21])
def test_what_is_said_in_2_x(version: Version) -> None:
    assert found(version, "GetVariables", {"getVariableData": []}).code == "OccurrenceConstraintViolation"
    custom = found(version, "Heartbeat", {"customData": {"x": 1}})
    assert (custom.path, custom.code) == ("customData.vendorId", "OccurrenceConstraintViolation")
    unknown = found(version, "Heartbeat", {"x": 1})
    assert (unknown.path, unknown.code) == ("x", "FormatViolation")
    many = found(
        version,
        "UpdateFirmware",
        {"requestId": 1, "firmware": {"location": "x" * 2001, "retrieveDateTime": "x"}},
    )
    assert many.path == "firmware.location"


def test_ranges_of_2_1() -> None:
    below = found(
        V21,
        "RequestStartTransaction",
        {"idToken": {"idToken": "a", "type": "b"}, "remoteStartId": 1, "evseId": 0},
    )
    assert (below.path, below.code) == ("evseId", "PropertyConstraintViolation")
    assert "minimum 1" in below.reason


def test_the_deepest_violation_is_told_always_the_same() -> None:
    payload = reading(unit="wh", value=3) | {"connectorId": "1", "x": 2}
    results = set()
    for seed in range(20):
        items = list(payload.items())
        random.Random(seed).shuffle(items)
        results.add(found(V16, "MeterValues", dict(items)))
    assert [(result.path, result.code) for result in results] == [
        ("meterValue[0].sampledValue[1].value", "TypeConstraintViolation")
    ]


def test_a_reason_keeps_secrets_to_itself() -> None:
    secret = "correct horse battery staple" * 4
    assert secret[:10] not in str(found(V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": [secret]}))
    assert secret[:10] not in str(found(V16, "ChangeConfiguration", {"key": secret, "value": "a"}))


@pytest.mark.parametrize(
    "text",
    ["2025-01-01T00:00:00Z", "2025-01-01T00:00:00.1Z", "2025-01-01T00:00:00.123456789+02:00",
     "2024-02-29T23:59:59-05:30", "2016-12-31T23:59:60Z"],
)  # fmt: skip
def test_date_times_that_may_leave(text: str) -> None:
    assert violation(V16, "Heartbeat", "response", {"currentTime": text}, formats=True) is None


@pytest.mark.parametrize(
    "text",
    ["2025-01-01T00:00:00", "2025-01-01 00:00:00Z", "2025-01-01", "2025-02-30T00:00:00Z", "",
     "2025-01-01T00:00:00+0200", "2025-01-01T24:00:00Z", "2025-01-01T00:00Z", "now", "1735689600"],
)  # fmt: skip
def test_date_times_that_may_only_arrive(text: str) -> None:
    payload = {"currentTime": text}
    assert violation(V16, "Heartbeat", "response", payload, formats=False) is None
    result = found(V16, "Heartbeat", payload, "response", formats=True)
    assert (result.path, result.code) == ("currentTime", "PropertyConstraintViolation")


def test_no_other_format_is_enforced() -> None:
    payload = {"location": "no uri at all", "retrieveDate": "2025-01-01T00:00:00Z"}
    assert violation(V16, "UpdateFirmware", "request", payload, formats=True) is None
    formats = set()
    for message in messages():
        text = json.dumps(schema_of(*message))
        formats |= set(re.findall(r'"format": "([^"]*)"', text))
    assert formats == {"date-time"}


@pytest.mark.parametrize(
    "value",
    [
        10**400,
        -(10**30),
        float("nan"),
        float("inf"),
        1e308,
        "\ud800",
        {1: 2},
        {"\ud800": 1},
        object(),
        (1,),
        b"x",
    ],
)
def test_odd_values_do_not_crash(value: object) -> None:
    for formats in (True, False):
        for payload in (value, {"idTag": value}, {"connectorId": value, "meterValue": [value]}, {"x": value}):
            violation(V16, "MeterValues", "request", payload, formats=formats)
            violation(V16, "Authorize", "request", payload, formats=formats)
            violation(V201, "DataTransfer", "request", {"vendorId": "a", "data": payload}, formats=formats)
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert found(V16, "Authorize", deep)
    violation(V201, "DataTransfer", "request", {"vendorId": "a", "data": deep}, formats=True)


def test_many_violations_are_told_in_time() -> None:
    payload = {"connectorId": 1, "meterValue": [{"timestamp": 1, "sampledValue": [{"value": 3}] * 20_000}]}
    start = time.perf_counter()
    assert found(V16, "MeterValues", payload).path == "meterValue[0].sampledValue[0].value"
    assert time.perf_counter() - start < 3


def test_unknown_messages_have_no_schema() -> None:
    with pytest.raises(UnknownMessage, match=r"ocpp1.6 has no action 'TransactionEvent'"):
        request_schema(V16, "TransactionEvent")
    with pytest.raises(UnknownMessage, match="without an answer"):
        response_schema(V21, "NotifyPeriodicEventStream")
    with pytest.raises(UnknownMessage):
        violation(V16, "../ocpp2.1/ResetRequest", "request", {}, formats=False)


def test_no_schema_has_a_reference_left_or_a_keyword_that_means_nothing() -> None:
    def check(schema: Schema) -> None:
        assert not {"$ref", "$id", "id", "$schema", "definitions", "description", "additionalItems"} & schema.keys()
        if schema.get("type") != "object":
            assert "additionalProperties" not in schema
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()
        for part in schema.get("properties", {}).values():
            check(part)
        if "items" in schema:
            check(schema["items"])

    for message in messages():
        schema = schema_of(*message)
        assert schema["type"] == "object"
        check(schema)


def test_walk() -> None:
    schema = request_schema(V16, "MeterValues")
    assert walk(schema, []) is schema
    assert walk(schema, ["connectorId"]) == {"type": "integer"}
    values = walk(schema, ["meterValue"])
    assert values is not None and values["type"] == "array"
    unit = walk(schema, ["meterValue", "sampledValue", "unit"])
    assert unit is not None and "kWh" in unit["enum"]
    assert walk(schema, ["meterValue", "sampledvalue"]) is None
    assert walk(schema, ["connectorId", "x"]) is None
    heartbeat = request_schema(V201, "Heartbeat")
    assert walk(heartbeat, ["customData", "vendorId"]) == {"type": "string", "maxLength": 255}
    assert walk(heartbeat, ["customData", "what", "ever"]) == {}
    assert walk(heartbeat, ["other"]) is None
    assert walk(request_schema(V201, "DataTransfer"), ["data", "a"]) == {}
    assert walk(request_schema(V16, "DataTransfer"), ["data", "a"]) is None


def test_leaves() -> None:
    found = {leaf.path: leaf for leaf in leaves(request_schema(V16, "MeterValues"))}
    assert list(found)[:4] == [
        "connectorId",
        "transactionId",
        "meterValue.timestamp",
        "meterValue.sampledValue.value",
    ]
    assert found["connectorId"].required and not found["transactionId"].required
    assert found["meterValue.sampledValue.value"].required
    keys = next(iter(leaves(request_schema(V16, "GetConfiguration"))))
    assert (keys.path, keys.schema["type"], keys.required) == ("key", "array", False)
    assert [leaf.path for leaf in leaves(request_schema(V201, "Heartbeat"))] == ["customData"]
    assert [leaf.path for leaf in leaves(request_schema(V16, "Heartbeat"))] == []


def test_every_leaf_can_be_walked_to() -> None:
    for message in messages():
        schema = schema_of(*message)
        paths = [leaf.path for leaf in leaves(schema)]
        assert len(paths) == len(set(paths))
        for leaf in leaves(schema):
            assert walk(schema, leaf.path.split(".")) is leaf.schema
            inner = element(leaf.schema)
            assert is_open(inner) or inner.get("type") in ("string", "integer", "number", "boolean")
