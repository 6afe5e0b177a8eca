"""The proof by generation finds what is wrong with an engine, and is the same for the same seed."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, Pair
from ocpp_crosswalk.check import prove as module
from ocpp_crosswalk.check.prove import Proof, prove
from ocpp_crosswalk.diagnostics import Diagnostics
from ocpp_crosswalk.session import Out, Session

CROSSWALK = Crosswalk.load()
PAIR = Pair.parse("ocpp2.0.1--ocpp2.1")


def proof(examples: int = 5, seed: int = 1) -> tuple[Proof, Diagnostics]:
    diagnostics = Diagnostics()
    return prove(CROSSWALK, PAIR, examples=examples, seed=seed, diagnostics=diagnostics), diagnostics


def spoil(monkeypatch: pytest.MonkeyPatch, change: Any) -> set[str]:
    """The codes that are found when ``change`` is made to what every call leads to."""
    original = Session.receive

    def receive(self: Session, side: Any, text: Any, *, now: float) -> list[Out]:
        outs: list[Out] = change(original(self, side, text, now=now))
        return outs

    monkeypatch.setattr(module.Session, "receive", receive)
    return {finding.code for finding in proof()[1].items}


def test_a_sound_engine_is_proven_the_same_way_twice() -> None:
    (one, found), (other, _) = proof(), proof()
    assert not found.items
    assert one == other
    assert one.calls > 300


def test_another_seed_makes_other_calls() -> None:
    assert proof(seed=1)[0].frames != proof(seed=2)[0].frames


def test_an_answer_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "XW251" in spoil(monkeypatch, lambda outs: outs + [out for out in outs if out.text.startswith("[3")])


def test_a_missing_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "XW251" in spoil(monkeypatch, lambda outs: [out for out in outs if not out.text.startswith("[3")])


def test_an_invalid_frame_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(outs: list[Out]) -> list[Out]:
        return [Out(out.to, out.text.replace('"status"', '"stadus"')) for out in outs]

    assert "XW252" in spoil(monkeypatch, spoilt)


def test_an_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(outs: list[Out]) -> list[Out]:
        raise RuntimeError("a fault")

    assert spoil(monkeypatch, failing) == {"XW253"}
