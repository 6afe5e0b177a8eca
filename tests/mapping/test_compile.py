"""Compiled templates do what interpreted ones do, for every built-in mapping, on payloads made up from the schemas."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Out, Session, Side
from ocpp_crosswalk import interpreter as interpreter_module
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.expressions import Expression, Scope
from ocpp_crosswalk.expressions.reference import ReferenceExpression
from ocpp_crosswalk.mapping.compile import source_of
from ocpp_crosswalk.mapping.template import Node
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
        assert "expression_" not in text, f"{mapping.at}: an expression falls back"
        assert f"{mapping.at.file.split('/')[-1]}:{mapping.at.line}" in text
