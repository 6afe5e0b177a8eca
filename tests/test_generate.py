"""check/generate.py and check/drawn.py: what they make is valid, varied, and the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings

from ocpp_crosswalk.check.drawn import payloads
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.check.strategies import maker
from ocpp_crosswalk.frames import Call, encode, parse
from ocpp_crosswalk.schemas import (
    Kind,
    UnknownMessage,
    element,
    leaves,
    request_schema,
    response_schema,
    violation,
)
from ocpp_crosswalk.versions import Version
from schema_mutations import messages

V16, V201, V21 = Version


@pytest.mark.parametrize("version", Version)
def test_every_random_payload_is_valid_and_can_be_sent(version: Version) -> None:
    rng = random.Random(1)
    for _, action, kind in (message for message in messages() if message[0] is version):
        for _ in range(40):
            payload = random_payload(rng, version, action, kind)
            assert violation(version, action, kind, payload, formats=True) is None, (action, kind, payload)
            frame = Call("1", action, payload)
            assert parse(encode(frame), version) == frame


def check_drawn(version: Version, action: str, kind: Kind) -> None:
    @settings(max_examples=10, database=None, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(payloads(version, action, kind))
    def check(payload: dict[str, Any]) -> None:
        assert violation(version, action, kind, payload, formats=True) is None

    check()


@pytest.mark.parametrize("version", Version)
def test_every_drawn_payload_is_valid(version: Version) -> None:
    for _, action, kind in (message for message in messages() if message[0] is version):
        check_drawn(version, action, kind)


def fields_of(value: Any, prefix: str = "") -> set[str]:
    """The dotted paths of all fields in ``value``."""
    found = set()
    if isinstance(value, dict):
        for name, inner in value.items():
            found |= {prefix + name} | fields_of(inner, f"{prefix}{name}.")
    elif isinstance(value, list):
        for inner in value:
            found |= fields_of(inner, prefix)
    return found


def test_every_field_and_every_enumeration_value_of_1_6_occurs() -> None:
    rng = random.Random(2)
    for version, action, kind in messages():
        if version is not V16:
            continue
        schema = request_schema(version, action) if kind == "request" else response_schema(version, action)
        made = [random_payload(rng, version, action, kind) for _ in range(400)]
        seen = set().union(*map(fields_of, made))
        text = repr(made)
        for leaf in leaves(schema):
            assert leaf.path in seen, (action, kind, leaf.path)
            for value in element(leaf.schema).get("enum", ()):
                assert repr(value) in text, (action, kind, leaf.path, value)


def test_most_fields_of_2_x_occur() -> None:
    """Not all: a payload of 2.1 may have hundreds, and those behind the 120th only when they are required."""
    rng = random.Random(2)
    missing = Counter[str]()
    total = 0
    for version, action, kind in messages():
        if version is V16:
            continue
        schema = request_schema(version, action) if kind == "request" else response_schema(version, action)
        seen = set().union(*(fields_of(random_payload(rng, version, action, kind)) for _ in range(150)))
        wanted = {leaf.path for leaf in leaves(schema)}
        total += len(wanted)
        missing[f"{version} {action} {kind}"] = len(wanted - seen)
    assert missing.total() < total / 50, missing.most_common(5)


def test_payloads_without_any_optional_field_occur_and_so_do_full_ones() -> None:
    rng = random.Random(3)
    sizes = {len(random_payload(rng, V16, "BootNotification", "request")) for _ in range(300)}
    assert {2, 9} <= sizes


def test_values_at_the_limits_occur() -> None:
    rng = random.Random(4)
    tags = {random_payload(rng, V16, "Authorize", "request")["idTag"] for _ in range(500)}
    assert "" in tags
    assert "04A2B3C4" in tags
    assert max(map(len, tags)) == 20
    assert any(not tag.isascii() for tag in tags)
    meters = {random_payload(rng, V16, "StartTransaction", "request")["meterStart"] for _ in range(1000)}
    assert {2**31 - 1, -(2**31)} <= meters
    times = {random_payload(rng, V16, "Heartbeat", "response")["currentTime"] for _ in range(500)}
    assert {"Z", "+02:00", "-05:00"} <= {time[19:].lstrip(".0123456789") for time in times}
    tokens = {random_payload(rng, V201, "Authorize", "request")["idToken"]["idToken"] for _ in range(500)}
    assert any(len(token) > 20 for token in tokens)
    lists = [random_payload(rng, V16, "SendLocalList", "request").get("localAuthorizationList") for _ in range(300)]
    assert [] in lists and None in lists


def test_a_seed_gives_the_same_payloads_in_any_order_of_actions() -> None:
    def first(seed: int) -> list[dict[str, Any]]:
        rng = random.Random(seed)
        return [random_payload(rng, V21, action, "request") for action in ("SetChargingProfile", "TransactionEvent")]

    expected = first(9)
    random_payload(random.Random(1), V21, "TransactionEvent", "request")
    assert first(9) == expected
    assert first(10) != expected


def test_a_payload_may_be_changed_by_who_gets_it() -> None:
    for seed in range(200):
        made = random_payload(random.Random(seed), V201, "DataTransfer", "request")
        again = random_payload(random.Random(seed), V201, "DataTransfer", "request")
        if isinstance(made.get("data"), dict):
            made["data"]["changed"] = True
            assert "changed" not in again["data"]
            assert "changed" not in random_payload(random.Random(seed), V201, "DataTransfer", "request")["data"]
            return
    pytest.fail("no data was an object")


def test_counterexamples_shrink_to_little() -> None:
    smallest = find(
        payloads(V16, "MeterValues", "request"),
        lambda payload: payload["connectorId"] > 2,
        settings=settings(database=None, deadline=None, max_examples=2000),
    )
    assert smallest.keys() == {"connectorId", "meterValue"}
    assert smallest["connectorId"] == 3
    assert len(smallest["meterValue"]) == 1


def test_what_cannot_be_made_is_said() -> None:
    with pytest.raises(UnknownMessage):
        payloads(V16, "TransactionEvent", "request")
    with pytest.raises(ValueError, match=r"no values can be made for the type 'null' at a\.b"):
        maker({"type": "null"}, ("a", "b"))
    with pytest.raises(ValueError, match="multipleOf 5"):
        maker({"type": "number", "multipleOf": 5})
