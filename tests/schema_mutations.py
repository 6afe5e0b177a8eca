"""For tests of schemas: every message there is, and payloads spoilt in the ways that peers spoil them."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.schemas import Kind
from ocpp_crosswalk.versions import Version

ODD: tuple[Any, ...] = (
    *(None, True, "", "Foo", "x" * 40_000, [], [[]], {}, {"a": 1}),
    *(0, -1, 1, 101, 10**6, 2**63, 10**30, 1.0, 1.5, 0.3, 16.1, 6.25),
)


def messages() -> list[tuple[Version, str, Kind]]:
    """Every payload that a version has."""
    kinds: tuple[Kind, ...] = ("request", "response")
    return [
        (version, action.name, kind)
        for version in Version
        for action in protocol(version).actions.values()
        for kind in kinds
        if not (kind == "response" and action.send)
    ]


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything inside ``value``, itself included."""
    found = [path]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def spoilt(rng: random.Random, payload: Any) -> Any:
    """A copy of ``payload`` with one thing changed at a random place; it may still be valid."""
    path = rng.choice(places(payload))
    root = [deepcopy(payload)]
    holder: Any = root
    key: str | int = 0
    for step in path:
        holder, key = holder[key], step
    value = holder[key]
    change = rng.randrange(4)
    if change == 0 and path:
        del holder[key]
    elif change == 1 and isinstance(value, dict):
        value[rng.choice(["vendorField", "status", "Id", ""])] = rng.choice(ODD)
    elif change == 2 and isinstance(value, list) and value:
        value.extend(deepcopy(value[:1]) * rng.choice([1, 2000]))
    else:
        holder[key] = deepcopy(rng.choice(ODD))
    return root[0]
