"""What is dropped of a payload is found: all of it, in the order of declaration, and nothing else."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ocpp_crosswalk.mapping.drops import Drop, DropTree


@pytest.mark.parametrize(
    ("declared", "payload", "found"),
    [
        (["a"], {"a": 1}, ["a"]),
        (["a"], {"b": 1}, []),
        (["a"], {"a": None}, ["a"]),
        (["a"], {"a": {}}, ["a"]),
        (["a"], {"a": []}, []),
        (["a"], {"a": False}, ["a"]),
        (["a.b"], {"a": {"b": 0}}, ["a.b"]),
        (["a.b"], {"a": {"c": 0}}, []),
        (["a.b"], {"b": 0}, []),
        (["a.b"], {"a": 5}, []),
        (["a.b"], {"a": "b"}, []),
        (["a.b"], {"a": [{"c": 1}, {"b": 1}, {"b": 2}]}, ["a.b"]),
        (["a.b"], {"a": [[{"b": 1}], 3]}, ["a.b"]),
        (["a.b", "a"], {"a": {"b": 1}}, ["a.b", "a"]),
        (["a", "a.b"], {"a": {"c": 1}}, ["a"]),
        (["b", "a"], {"a": 1, "b": 1}, ["b", "a"]),
        (["a.b.c"], {"a": [{"b": []}, {"b": [{"c": {}}]}]}, ["a.b.c"]),
        (["a"], [{"a": 1}], ["a"]),
        (["a"], "a", []),
        (["a"], None, []),
        ([], {"a": 1}, []),
    ],
)
def test_a_dropped_field_is_found_where_the_payload_holds_it(
    declared: list[str], payload: Any, found: list[str]
) -> None:
    drops = {path: Drop(path, f"no place for {path}") for path in declared}
    assert DropTree([*drops.values()]).found(payload) == [drops[path] for path in found]


def _made_up(rng: random.Random, depth: int = 0) -> Any:
    """A JSON value of few names, so that declared paths meet it often."""
    kind = rng.random()
    if depth == 4 or kind < 0.2:
        return rng.choice((None, 0, "a", "a.b", False))
    if kind < 0.5:
        return [_made_up(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {name: _made_up(rng, depth + 1) for name in rng.sample("abc", rng.randrange(4))}


def _holds(value: Any, names: list[str]) -> bool:
    """Whether a payload holds a field, looked for by its path alone."""
    if isinstance(value, list):
        return any(_holds(item, names) for item in value)
    if not isinstance(value, dict) or names[0] not in value:
        return False
    inner = value[names[0]]
    return inner != [] if len(names) == 1 else _holds(inner, names[1:])


def test_one_pass_finds_what_a_search_for_each_path_finds() -> None:
    rng = random.Random(1)
    names = [".".join(rng.choices("abc", k=rng.randint(1, 3))) for _ in range(40)]
    several = 0
    for _ in range(3000):
        paths = list(dict.fromkeys(rng.choices(names, k=5)))
        payload = _made_up(rng)
        found = [path for path, _, _ in DropTree([Drop(path, "a reason") for path in paths]).found(payload)]
        assert found == [path for path in paths if _holds(payload, path.split("."))], (paths, payload)
        several += len(found) > 1
    assert several > 300


def test_a_tree_is_used_again_and_again() -> None:
    one, two = Drop("a.b", "one"), Drop("c", "two")
    tree = DropTree([one, two])
    assert tree.found({"a": {"b": 1}}) == [one]
    assert tree.found({"c": 1}) == [two]
    assert tree.found({}) == []
