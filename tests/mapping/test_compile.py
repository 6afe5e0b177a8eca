"""Compiled templates do what interpreted ones do, for every built-in mapping, on payloads made up from the schemas."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Out, Session, Side
from ocpp_crosswalk import interpreter as interpreter_module
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.diagnostics import Position
from ocpp_crosswalk.expressions import UNDEFINED, Expression, ExpressionError, Registry, Scope
from ocpp_crosswalk.expressions.reference import ReferenceExpression
from ocpp_crosswalk.mapping.compile import generate, run, source_of
from ocpp_crosswalk.mapping.template import (
    Array,
    Constant,
    Convert,
    Copy,
    CopyList,
    Each,
    Leaf,
    Lookup,
    Node,
    Object,
    Table,
    With,
)
from ocpp_crosswalk.versions import PAIRS, Pair, Version

NOW = 1_790_000_000.0
EXAMPLES = 8
TURNS = 6
"""How many replies a call may lead to before the conversation is dropped."""

_COMPILED = Crosswalk.load()
_INTERPRETED = Crosswalk.load()


@contextmanager
def interpreted() -> Iterator[None]:
    """Everything in here is evaluated by `Node.evaluate` and jsonata-python."""

    def compile_nothing(self: Expression, *, over_object: bool) -> Any:
        return ReferenceExpression(self.source, self.functions, self.node).evaluate

    def evaluate(node: Node, data: Any, scope: Scope) -> Any:
        return node.evaluate(data, scope)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Expression, "_compile", compile_nothing)
        patch.setattr(interpreter_module, "run", evaluate)
        yield


class Twins:
    """A session over compiled mappings and one over interpreted ones, which are told the same."""

    def __init__(self, pair: Pair) -> None:
        self.compiled = self._session(_COMPILED, pair)
        with interpreted():
            self.interpreted = self._session(_INTERPRETED, pair)

    @staticmethod
    def _session(crosswalk: Crosswalk, pair: Pair) -> Session:
        session = crosswalk.session("CP-1", station=pair.station, csms=pair.csms)
        session.connect(now=NOW)
        return session

    def receive(self, side: Side, frame: list[Any], now: float) -> list[Out]:
        """What both send, having compared it, and what they keep and report."""
        text = json.dumps(frame)
        outs = list(self.compiled.receive(side, text, now=now))
        with interpreted():
            expected = list(self.interpreted.receive(side, text, now=now))
        assert [(out.to, json.loads(out.text)) for out in outs] == [(out.to, json.loads(out.text)) for out in expected]
        assert self.compiled.state == self.interpreted.state
        assert self.compiled.take_events() == self.interpreted.take_events()
        return outs


def _calls(pair: Pair) -> list[tuple[Side, str]]:
    mappings = _COMPILED.mappings(pair).mappings
    return sorted((Side(origin), action) for origin, action in mappings if origin != "timer")


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair in _COMPILED.pairs], ids=str)
def test_compiled_and_interpreted_mappings_say_the_same(pair: Pair) -> None:
    rng = random.Random(str(pair))
    left = 0
    for side, action in _calls(pair):
        twins = Twins(pair)
        for number in range(EXAMPLES):
            payload = random_payload(rng, pair.version(side), action, "request")
            pending = twins.receive(side, [2, f"m{number}", action, payload], NOW + number)
            left += len(pending)
            for _ in range(TURNS):
                calls = [(out.to, json.loads(out.text)) for out in pending if json.loads(out.text)[0] == 2]
                pending = []
                for to, (_, message_id, asked, _payload) in calls:
                    pending += twins.receive(to, _reply(rng, pair.version(to), message_id, asked), NOW + number)
                left += len(pending)
    assert left > len(_calls(pair)) * EXAMPLES


def _reply(rng: random.Random, version: Version, message_id: str, action: str) -> list[Any]:
    if rng.random() < 0.1:
        return [4, message_id, "InternalError", "made up", {}]
    return [3, message_id, random_payload(rng, version, action, "response")]


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair in _COMPILED.pairs], ids=str)
def test_every_mapping_compiles_without_fallback_and_shows_its_source(pair: Pair) -> None:
    for mapping in _COMPILED.mappings(pair).mappings.values():
        text = source_of(mapping)
        compile(text, "source", "exec")
        assert "expression_" not in text and "jsonata-python" not in text, f"{mapping.at}: an expression falls back"
        assert f"{mapping.at.file.split('/')[-1]}:{mapping.at.line}" in text


# -- one template at a time --

AT = Position("mappings/a.yaml", 7, 3)
KEPT: list[Any] = []
FUNCTIONS = Registry()


@FUNCTIONS.hook("keep", mutates=True)
def keep(view: Any) -> int:
    """Note a call."""
    KEPT.append(view)
    return len(KEPT)


@FUNCTIONS.function("fails")
def fails() -> None:
    """Fail as a faulty hook does."""
    raise ValueError("no luck")


def leaf(source: str) -> Leaf:
    return Leaf(AT, Expression(source, FUNCTIONS, AT))


def expression(source: str) -> Expression:
    return Expression(source, FUNCTIONS, AT)


def table(otherwise: Any = UNDEFINED) -> Table:
    values = {"x": "X", "true": "yes", "5": "five", "less": "L"}
    return Table("t", values, otherwise, AT, {"gone": "It has gone.", "less": "L says less."})


TEMPLATES: dict[str, Node] = {
    "constant": Constant(AT, {"a": [1]}),
    "nothing": Constant(AT, UNDEFINED),
    "leaf": leaf("a"),
    "left to jsonata-python": leaf("a@$x.b"),
    "lookup": Lookup(AT, table(), leaf("a"), None),
    "lookup with a default": Lookup(AT, table("D"), leaf("a"), None),
    "lookup with else": Lookup(AT, table(), leaf("a"), leaf("b")),
    "array": Array(AT, (leaf("a"), leaf("b"), Constant(AT, 1))),
    "empty array": Array(AT, (leaf("missing"),)),
    "object": Object(AT, (("k", leaf("a")), ("l", Object(AT, (("m", leaf("b")),))))),
    "conditional object": Object(AT, (("k", leaf("a")),), expression("a = 'x'")),
    "sure object": Object(AT, (("k", Constant(AT, 1)),), expression("b")),
    "with": With(AT, leaf("a"), Object(AT, (("k", leaf("b")), ("l", leaf("$$"))))),
    "each": Each(AT, expression("a"), Object(AT, (("k", leaf("b")), ("l", leaf("$"))))),
    "each of each": Each(AT, expression("a"), Each(AT, expression("b"), leaf("$"))),
    "copy": Object(
        AT,
        (("k", leaf("a")), ("b", leaf("missing"))),
        None,
        Copy({"a": None, "b": None, "c": CopyList(Convert(Object(AT, (("n", leaf("b")),)))), "d": Copy({"e": None})}),
    ),
    "filters": leaf("a[b = 1].{'x': b}"),
    "variables": leaf("$x.b & $y"),
}
PAYLOADS: list[Any] = [
    {},
    {"a": "x", "b": 2},
    {"a": "gone", "b": "B"},
    {"a": "less", "b": "B"},
    {"a": "other", "b": None},
    {"a": True},
    {"a": 5, "b": [1]},
    {"a": None, "b": False},
    {"a": {"b": 1}},
    {"a": [{"b": 1}, {"b": [2, 3]}, 4, None, [{"b": 1}]]},
    {"a": [], "c": [{"b": 1}, {}, 3], "d": {"e": 1, "f": 2}},
    {"b": 1, "c": [], "d": {}},
    [{"a": 1}],
    "text",
    None,
    UNDEFINED,
]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_compiled_template_is_its_interpretation(name: str) -> None:
    node = TEMPLATES[name]
    for payload in PAYLOADS:
        results = []
        for evaluate in (run, lambda node, data, scope: node.evaluate(data, scope)):
            data = copy.deepcopy(payload) if payload is not UNDEFINED else UNDEFINED
            results.append(evaluate(node, data, Scope({"x": {"b": "v"}})))
        assert results[0] == results[1], payload
        assert json.dumps(results[0], default=repr) == json.dumps(results[1], default=repr), payload


def test_a_fault_names_its_expression() -> None:
    node = Object(AT, (("k", leaf("a")), ("l", Object(AT, (("m", leaf("$fails()")), ("n", leaf("b")))))))
    with pytest.raises(ExpressionError, match=r"no luck.*\$fails\(\)"):
        run(node, {"a": 1}, Scope({}))


def test_state_is_changed_once_where_a_value_is_not_the_object_it_is_taken_for() -> None:
    KEPT.clear()
    node = Object(AT, (("k", leaf("$keep()")), ("l", leaf("a.{'x': b}"))))
    assert run(node, {"a": [1, {"b": 2}]}, Scope({})) == {"k": 1, "l": [{}, {"x": 2}]}
    assert len(KEPT) == 1


def test_the_source_says_where_each_field_comes_from() -> None:
    text = generate(TEMPLATES["object"], "request").text
    assert text.startswith("def request(d, s):\n")
    assert "# mappings/a.yaml:7  a\n    if (t" in text
