"""`$copy` made ready does what its plan says, whatever it is given."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_crosswalk.diagnostics import Position
from ocpp_crosswalk.expressions import UNDEFINED, Expression, Registry, Scope
from ocpp_crosswalk.mapping.compile import run
from ocpp_crosswalk.mapping.copying import copier
from ocpp_crosswalk.mapping.template import Convert, Copy, CopyList, Leaf

NOTHING = Scope({})
AT = Position("x.yaml", 1, 1)
LOUD = Convert(Leaf(AT, Expression("word & '!'", Registry(), AT)))
PLAIN = Copy({"a": None, "b": None})
DEEP = Copy({"a": None, "inner": PLAIN, "words": CopyList(LOUD), "rows": CopyList(CopyList(PLAIN))})


@pytest.mark.parametrize("plan", [PLAIN, DEEP, CopyList(PLAIN), LOUD], ids=["plain", "deep", "list", "convert"])
@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": 1, "b": None, "c": 3},
        {"a": None, "inner": {"a": 1, "z": 2}, "words": [{"word": "x"}, {}, {"word": None}], "other": []},
        {"inner": [], "words": {"word": "x"}, "rows": [[{"a": 1}], [], "no row", [{"z": 1}]]},
        {"inner": None, "words": [], "rows": None},
        [],
        [{"a": 1}, {"c": 1}, "no object"],
        "text",
        None,
        7,
    ],
    ids=repr,
)
def test_it_is_what_the_plan_says(plan: Copy | CopyList | Convert, value: Any) -> None:
    assert copier(plan, run)(value, NOTHING) == plan.evaluate(value, NOTHING)


def test_only_what_is_named_is_taken_and_nothing_is_null() -> None:
    given = {"a": 1, "inner": {"b": None, "c": 2}, "words": [{"word": "x", "more": 2}], "secret": 3}
    assert copier(DEEP, run)(given, NOTHING) == {"a": 1, "inner": {}, "words": ["x!"]}
    assert copier(CopyList(PLAIN), run)([], NOTHING) is UNDEFINED


def test_a_copy_is_another_object() -> None:
    given = {"a": [1], "inner": {"a": 1}}
    made = copier(DEEP, run)(given, NOTHING)
    made["more"] = made["inner"]["more"] = 1
    assert given == {"a": [1], "inner": {"a": 1}}
