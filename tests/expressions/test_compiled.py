"""Compiled expressions mean what jsonata-python takes them for."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import warnings
from typing import Any

import pytest
from generated import documents, expressions, variables
from hypothesis import HealthCheck, assume, given, settings

from ocpp_crosswalk.expressions import UNDEFINED, Expression, ExpressionError, Parameter, Registry, Scope
from ocpp_crosswalk.expressions.compile import source_of
from ocpp_crosswalk.expressions.functions import ANY
from ocpp_crosswalk.expressions.parse import parse
from ocpp_crosswalk.expressions.reference import ReferenceExpression

FUNCTIONS = Registry()


@FUNCTIONS.function("plain", parameters=(Parameter("value"),), result=ANY)
def plain(value: Any) -> Any:
    """The value itself."""
    return value


@FUNCTIONS.function("listed", parameters=(Parameter("value", optional=True),), result=ANY)
def listed(value: Any) -> Any:
    """The value as an array."""
    return value if isinstance(value, list) else [value]


@FUNCTIONS.function("pair", parameters=(Parameter("left", optional=True), Parameter("right", optional=True)))
def pair(left: Any, right: Any) -> Any:
    """Both values in an array, null for one that is undefined."""
    return [left, right]


@FUNCTIONS.hook("kept", parameters=(Parameter("value", optional=True),), result=ANY, mutates=True)
def kept(view: Any, value: Any) -> Any:
    """Keep the value in the list that stands in for a view, and give an object around it."""
    if value is None:
        return None
    view.append({"a": value})
    return view[-1]


def evaluated(evaluate: Any, data: Any, bound: dict[str, Any]) -> str:
    """The result as JSON text, `undefined`, or `failed`."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            value = evaluate(copy.deepcopy(data), Scope(copy.deepcopy(bound), []))
        except ExpressionError:
            return "failed"
    return "undefined" if value is UNDEFINED else json.dumps(value)


def both(source: str, data: Any, bound: dict[str, Any]) -> tuple[str, str]:
    """What the compiler and jsonata-python make of an expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = evaluated(Expression(source, FUNCTIONS).evaluate, data, bound)
    return compiled, evaluated(ReferenceExpression(source, FUNCTIONS).evaluate, data, bound)


def _holds_empty_array(value: Any) -> bool:
    if isinstance(value, list):
        return not value or any(map(_holds_empty_array, value))
    return isinstance(value, dict) and any(map(_holds_empty_array, value.values()))


@settings(max_examples=600, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(expressions, documents, variables)
def test_generated_expressions_mean_the_same(source: str, data: Any, bound: dict[str, Any]) -> None:
    try:
        expression = Expression(source, FUNCTIONS)
    except ExpressionError:
        assume(False)
    assume(expression.fallback is None)
    # jsonata-python puts a null into an empty array that an object constructor is over
    assume("{" not in source or not (_holds_empty_array(data) or _holds_empty_array(bound)))
    compiled, reference = both(source, data, bound)
    assert compiled == reference


LIST = {
    "a": [{"b": 1}, {"b": 2, "c": [3]}, {"c": [4, 5]}],
    "one": [{"b": 7}],
    "none": [],
    "n": None,
    "o": {"p": {"q": 0}},
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("o.p.q", 0),
        ("o.p.q.r", UNDEFINED),
        ("o.missing.q", UNDEFINED),
        ("n", None),
        ("n.b", UNDEFINED),
        ("a.b", [1, 2]),
        ("a.c", [3, 4, 5]),
        ("one.b", 7),
        ("one", [{"b": 7}]),
        ("one[]", [{"b": 7}]),
        ("one.b[]", [7]),
        ("none", []),
        ("none.b", UNDEFINED),
        ("a[0].b", 1),
        ("a[-1].c", [4, 5]),
        ("a[b = 2].c", [3]),
        ("a[b > 5]", UNDEFINED),
        ("a.{'x': b}[$exists(x)].x", [1, 2]),
        ("{'x': a.b, 'y': missing}", {"x": [1, 2]}),
        ("[a.b, [missing], n]", [1, 2, [], None]),
        ("n = null", True),
        ("missing = null", False),
        ("missing != 1", False),
        ("n != 'x'", True),
        ("true = 1", False),
        ("a.b in [1]", False),
        ("missing > 1 or true", True),
        ("$not(missing)", UNDEFINED),
        ("$exists(n)", True),
        ("missing ?: 'else'", "else"),
        ("n ?? 'else'", None),
        ("'a' & n & missing & 1.50", "anull1.5"),
        ("$sum(a.b)", 3),
        ("a ~> $count()", 3),
        ("$map(a, function($v, $i){$i})", [0, 1, 2]),
        ("($f := function($x){$x + 1}; $f(o.p.q))", 1),
        ("a^(>b).b", [2, 1]),
        ("a{$string(b): c}", {"2": [3]}),
        ("$substring('abcdef', 2, 3)", "cde"),
    ],
)
def test_what_expressions_mean(source: str, expected: Any) -> None:
    expression = Expression(source, FUNCTIONS)
    assert expression.fallback is None
    assert expression.evaluate(LIST, Scope({})) == expected
    assert type(expression.evaluate(LIST, Scope({}))) is type(expected)
    compiled, reference = both(source, LIST, {})
    assert compiled == reference


def test_a_field_of_an_object_is_one_look_up() -> None:
    text, _ = source_of("status", parse("status"), FUNCTIONS, over_object=True)
    assert text.endswith("return d.get('status', U)")


@pytest.mark.parametrize("source", ["1 + 'a'", "a < true", "$length(1)", "-'x'", "missing()", "$plain(1, 2, 3)"])
def test_what_fails_fails_with_an_expression_error(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(source, FUNCTIONS).evaluate({"a": 1}, Scope({}))
    assert source in str(caught.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a@$x.b", "a path with @, # or %"),
        ("a#$i.b", "a path with @, # or %"),
        ("$eval('1')", "$eval"),
        ("a ~> |b|{'c': 1}|", "an expression of the kind 'transform'"),
        ("$substring(?, 1)", "an expression of the kind 'partial'"),
    ],
)
def test_what_is_not_compiled_says_why_and_is_left_to_jsonata_python(source: str, reason: str) -> None:
    expression = Expression(source, {})
    assert expression.fallback == reason
    with contextlib.suppress(ExpressionError):
        expression.evaluate({"a": {"b": {}}}, Scope({}))


def test_items_that_are_no_objects_are_gone_through_again() -> None:
    data = {"a": [{"b": 1}, 5, [{"b": 2}], None]}
    assert Expression("a[b >= 1].b", {}).evaluate(data, Scope({})) == [1, 2]
    assert Expression("a.{'x': b}", {}).evaluate(data, Scope({})) == [{"x": 1}, {}, {"x": 2}, {}]


def test_a_function_that_changes_state_is_called_once_even_where_items_are_no_objects() -> None:
    state: list[Any] = []
    Expression("[$kept(a), a[b = 1]]", FUNCTIONS).evaluate({"a": [1, {"b": 1}]}, Scope({}, state))
    assert len(state) == 1


def test_what_a_hook_keeps_is_not_what_the_mapping_has() -> None:
    state: list[Any] = []
    data = {"a": {"b": 1}}
    result = Expression("$kept(a)", FUNCTIONS).evaluate(data, Scope({}, state))
    assert result == {"a": {"b": 1}}
    state[0]["a"]["b"] = 2
    assert (result, data) == ({"a": {"b": 1}}, {"a": {"b": 1}})


def test_evaluation_changes_neither_data_nor_variables() -> None:
    data = {"a": [{"b": [1]}, {"b": [2]}], "e": []}
    variables_before = {"x": {"y": [1, 2]}}
    bound = copy.deepcopy(variables_before)
    before = copy.deepcopy(data)
    for source in ("$append(a.b, $x.y)", "a[].b[]", "$merge(a)", "a^(>b[0])", "[a.b, $x.y]", "$x{'k': y}", "e{'k': $}"):
        Expression(source, {}).evaluate(data, Scope(bound))
    assert (data, bound) == (before, variables_before)


def test_one_text_is_parsed_once() -> None:
    assert Expression("a.b.c", {}).node is Expression("a.b.c", FUNCTIONS).node
