"""The table of configuration keys, names by rule, values, and what is never written."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Pair, Side, Version
from ocpp_crosswalk.expressions import UNDEFINED, Expression, Scope
from ocpp_crosswalk.expressions.functions import Example
from ocpp_crosswalk.hooks import BUILTIN, configuration_keys, device_model, reports
from ocpp_crosswalk.hooks import configuration as c
from ocpp_crosswalk.hooks.reports import chosen_only, report_parts
from ocpp_crosswalk.view import View

CROSSWALK = Crosswalk.load()
TABLES = CROSSWALK.pack.resources.table_values
ROWS = c.KeyTable(TABLES[c.KEYS]).rows

STANDARD = json.loads((Path(__file__).parent / "device-model.json").read_text())
"""Component-variables of part 2 appendix 3 (2.0.1: v1.4, 2.1: v2.0) as [component, variable, instance, type]."""


def view(settings: dict[str, Any] | None = None, state: dict[str, Any] | None = None) -> View:
    return View(
        identity="CP",
        pair=Pair(Version.V16, Version.V201),
        settings=CROSSWALK.with_settings(settings or {}),
        data=state if state is not None else {},
        fresh_id=lambda: "id",
        tables=TABLES,
    )


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.key)
def test_every_row_is_a_standard_variable_of_its_type(version: str, row: c.Row) -> None:
    found = [
        kind
        for component, variable, instance, kind in STANDARD[version]
        if (component, variable) == (row.component, row.variable)
        and (instance == (row.instance or "") or (instance.startswith("<") and row.instance))
    ]
    assert found, f"{row.component}.{row.variable}[{row.instance}] is not in the appendix of {version}"
    assert {"passwordString": "string"}.get(found[0], found[0]) == row.type


EXAMPLES = [
    example
    for module in (device_model, reports, configuration_keys)
    for function in module.functions.values()
    for example in function.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.expression)
def test_examples(example: Example) -> None:
    found = Expression(example.expression, BUILTIN).evaluate(UNDEFINED, Scope({}, view()))
    assert (None if found is UNDEFINED else found) == example.result


def test_no_variable_is_two_keys() -> None:
    places = [(row.component, row.variable, row.instance) for row in ROWS.values()]
    assert len(set(places)) == len(places)


def test_every_named_table_of_members_exists() -> None:
    assert {row.members for row in ROWS.values() if isinstance(row.members, str)} <= TABLES.keys()


@pytest.mark.parametrize(
    ("key", "older", "newer"),
    [
        ("LocalPreAuthorize", "true", "true"),
        ("HeartbeatInterval", "300", "300"),
        ("ChargingScheduleAllowedChargingRateUnit", "Current,Power", "A,W"),
        ("MeterValuesSampledData", "Power.Offered,SoC", "Power.Offered,SoC"),
        ("SupportedFileTransferProtocols", "FTP,HTTPS", "FTP,HTTPS"),
        ("CpoName", "A, B & C", "A, B & C"),
    ],
)
def test_values_round_trip(key: str, older: str, newer: str) -> None:
    row = ROWS[key.casefold()]
    assert c.to_variable(view(), row, older) == c.Converted(newer)
    assert c.to_key(view(), row, newer) == c.Converted(older)


@pytest.mark.parametrize(
    ("key", "older", "newer"),
    [
        ("LocalPreAuthorize", " TRUE", c.Converted("true")),
        ("LocalPreAuthorize", "0", c.Converted("false")),
        ("LocalPreAuthorize", "perhaps", None),
        ("HeartbeatInterval", "60.0", c.Converted("60")),
        ("HeartbeatInterval", "60.5", None),
        ("MeterValuesSampledData", "soc , Voltage.L1-N,Voltage.L2", c.Converted("SoC,Voltage")),
        ("MeterValuesSampledData", "Temperature,RPM,SoC", c.Converted("SoC", ("Temperature", "RPM"))),
        ("MeterValuesSampledData", "", c.Converted("")),
    ],
)
def test_values_of_stations(key: str, older: str, newer: c.Converted | None) -> None:
    assert c.to_variable(view(), ROWS[key.casefold()], older) == newer


def test_measurands_of_2_x_only_are_said_to_be_lost() -> None:
    row = ROWS["metervaluessampleddata"]
    assert c.to_key(view(), row, "Energy.Apparent.Import,SoC") == c.Converted("SoC", ("Energy.Apparent.Import",))


@pytest.mark.parametrize("key", ["BlinkRepeat", "LED Colour/1", "a=b", "x" * 50, "$" * 33, "é", "Ünï", "a.b[c]"])
def test_vendor_variables_are_reversible(key: str) -> None:
    row = c.legacy_row(key)
    assert row is not None
    assert row.component == c.LEGACY
    assert len(row.variable) <= 50
    assert len(row.instance or "") <= 50
    assert set(row.variable + (row.instance or "")) <= set(c._PLAIN) | {"="}
    assert c.legacy_key(row.variable_of_2x()) == key


def test_vendor_variables_of_random_keys_are_reversible_or_refused() -> None:
    rng = random.Random(7)
    for _ in range(2000):
        key = "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(160, 0x2FFF)])) for _ in range(50))
        key = key[: rng.randrange(51)]
        row = c.legacy_row(key)
        if row is not None:
            assert c.legacy_key(row.variable_of_2x()) == key


@pytest.mark.parametrize("name", ["=FF", "=C3", "x" * 51, ""])
def test_what_no_key_can_be_called(name: str) -> None:
    assert c.legacy_key({"name": name}) is None


@pytest.mark.parametrize(
    ("key", "component", "variable"),
    [
        ("ClockCtrlr.TimeZone", {"name": "ClockCtrlr"}, {"name": "TimeZone"}),
        ("TariffCostCtrlr.Enabled[Cost]", {"name": "TariffCostCtrlr"}, {"name": "Enabled", "instance": "Cost"}),
        ("EVSE#2.Power", {"name": "EVSE", "evse": {"id": 2}}, {"name": "Power"}),
        ("Connector#2,1.A", {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}, {"name": "A"}),
        ("A[b]#1.C[d]", {"name": "A", "instance": "b", "evse": {"id": 1}}, {"name": "C", "instance": "d"}),
        ("A=2EB.C", {"name": "A.B"}, {"name": "C"}),
    ],
)
def test_keys_by_rule_are_reversible(key: str, component: dict[str, Any], variable: dict[str, Any]) -> None:
    assert c.place_of_key(key) == (component, variable)
    assert c.key_of_place(component, variable) == key


@pytest.mark.parametrize("key", ["HeartbeatInterval", "A.", ".B", "A#0.B", "A#x.B", "A.B.C", "A[].B", "=FF.B"])
def test_keys_that_are_no_names_by_rule(key: str) -> None:
    assert c.place_of_key(key) is None


def test_a_key_by_rule_is_never_too_long() -> None:
    assert c.key_of_place({"name": "C" * 30}, {"name": "V" * 30}) is None


def test_passwords() -> None:
    assert c.password_to_key("0123456789abcdef") == "30313233343536373839616263646566"
    assert c.key_to_password("30313233343536373839616263646566") == "0123456789abcdef"
    assert c.password_to_key("short") is None
    assert c.password_to_key("x" * 21) is None
    assert c.key_to_password("FF" * 16) is None
    assert c.key_to_password("not hexadecimal!") is None
    assert c.key_to_password("not-hexadecimal-text") == "not-hexadecimal-text"


@pytest.mark.parametrize("key", ["CentralSystemURI", "centralsystemaddress", "OcppServerUrl", "MyCSMSUrl"])
def test_keys_that_lead_elsewhere_are_guarded(key: str) -> None:
    assert c.guarded(view(), (key,), "x")


def test_a_websocket_url_is_guarded_whatever_the_key() -> None:
    assert c.guarded(view(), ("Foo",), " WSS://elsewhere")
    assert not c.guarded(view(), ("Foo",), "https://example.com")
    assert not c.guarded(view({"protectedKeys": []}), ("CentralSystemURI",), "x")


def test_no_written_value_ever_reaches_a_guarded_or_read_only_key() -> None:
    """Random SetVariables over every name there is: what arrives at the station is only what may be written."""
    rng = random.Random(3)
    keys = [
        *ROWS.values(),
        *(row for key in ("CentralSystemURL", "AuthorizationKey", "Vendor") if (row := c.legacy_row(key))),
    ]
    session = CROSSWALK.session("CP", station="ocpp1.6", csms="ocpp2.1")
    session.connect(now=1e9)
    sent = 0
    for number in range(300):
        items = [
            {
                "component": row.component_of_2x(),
                "variable": row.variable_of_2x(),
                "attributeValue": rng.choice(["true", "5", "SoC", "ws://x", "x" * 501, "A"]),
                "attributeType": rng.choice(["Actual", "Actual", "Target", "MinSet", "MaxSet"]),
            }
            for row in rng.choices(keys, k=4)
        ]
        out = session.receive(
            Side.CSMS, json.dumps([2, str(number), "SetVariables", {"setVariableData": items}]), now=1e9
        )
        while out and out[0].to is Side.STATION:
            _, call, action, payload = json.loads(out[0].text)
            assert action == "ChangeConfiguration"
            row = ROWS.get(payload["key"].casefold())
            assert row is None or not (row.readonly or row.writeonly or row.limit)
            assert payload["key"] not in ("CentralSystemURL", "AuthorizationKey")
            assert not payload["value"].startswith("ws://")
            assert len(payload["value"]) <= 500
            sent += 1
            out = session.receive(Side.STATION, json.dumps([3, call, {"status": "Accepted"}]), now=1e9)
        answer = json.loads(out[0].text)
        results = answer[2]["setVariableResult"]
        asked = [(i["component"], i["variable"], i["attributeType"]) for i in items]
        assert [(r["component"], r["variable"], r["attributeType"]) for r in results] == asked
        others = [r["attributeStatus"] for r in results if r["attributeType"] != "Actual"]
        assert not {"Accepted", "Rejected"} & set(others)
    assert sent > 50


def test_a_report_is_limited_to_what_is_chosen() -> None:
    report = [
        {"component": {"name": "A"}, "variable": {"name": "Enabled"}, "variableAttribute": [{"value": "false"}]},
        {"component": {"name": "A"}, "variable": {"name": "X"}, "variableAttribute": [{"value": "1"}]},
        {
            "component": {"name": "B", "evse": {"id": 1}},
            "variable": {"name": "X", "instance": "i"},
            "variableAttribute": [{}],
        },
        {
            "component": {"name": "B", "evse": {"id": 2}},
            "variable": {"name": "Problem"},
            "variableAttribute": [{"value": "true"}],
        },
    ]
    assert chosen_only(report) == report
    assert chosen_only(report, None, ["Enabled"]) == report[2:]
    assert chosen_only(report, None, ["Problem"]) == report[3:]
    assert chosen_only(report, [{"component": {"name": "b"}}]) == report[2:]
    assert (
        chosen_only(report, [{"component": {"name": "B", "evse": {"id": 1}}, "variable": {"name": "x"}}]) == report[2:3]
    )
    assert chosen_only(report, [{"component": {"name": "B"}, "variable": {"name": "X", "instance": "j"}}]) == []
    assert chosen_only(report, [{"component": {"name": "A"}}], ["Enabled"]) == []


def test_parts_are_numbered_and_only_the_last_is_the_end() -> None:
    parts = report_parts([{"n": n} for n in range(45)])
    assert [part["seqNo"] for part in parts] == [0, 1, 2]
    assert [part.get("tbc") for part in parts] == [True, True, None]
    assert [row["n"] for part in parts for row in part["reportData"]] == list(range(45))
