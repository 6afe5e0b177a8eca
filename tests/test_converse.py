"""tools/converse.py, some conversations of it; and that it finds the faults that are planted here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Session
from ocpp_crosswalk import session as module
from ocpp_crosswalk.outbox import Outbox

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

from converse import converse

PAIRS = ["ocpp1.6--ocpp2.0.1", "ocpp1.6--ocpp2.1"]
OUTCOMES = {
    "answered",
    "answered with an error",
    "answered with nonsense",
    "moved",
    "not answered",
    "reconnected",
    "refused",
    "repeated",
}


@pytest.mark.parametrize("pair", PAIRS)
def test_conversations_go_well_and_everything_happens_in_them(pair: str) -> None:
    result = converse(pair, 0, 40, 30)
    assert not result.faults, result.examples
    assert set(result.outcomes) == OUTCOMES
    assert result.conversations == 40


def _no_answer(*_: Any) -> None:
    """An answer that never leaves."""


def _two_answers(self: Session, *arguments: Any) -> None:
    ANSWER(self, *arguments)
    ANSWER(self, *arguments)


def _other_answer(self: Session, peer: Any, message_id: str, mark: str, _answer: Any) -> None:
    ANSWER(self, peer, message_id, mark, {"unheard": "of"})


def _impatient(self: Outbox, *arguments: Any, **options: Any) -> Any:
    call = TAKE(self, *arguments, **options)
    self.flight = None
    return call


def _broken(*_: Any) -> None:
    raise RuntimeError("planted")


ANSWER, TAKE = Session._answer, Outbox.take
FAULTS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("unanswered", Session, "_answer", _no_answer),
    ("answer to nothing", Session, "_answer", _two_answers),
    ("invalid frame", Session, "_answer", _other_answer),
    ("two calls in flight", Outbox, "take", _impatient),
    ("id used twice", Session, "_call_id", lambda *_: "the-same"),
    ("unknown error code", module, "error_code", lambda *_: "Nonsense"),
    ("exception", Session, "_finish", _broken),
]


@pytest.mark.parametrize(("kind", "owner", "name", "instead"), FAULTS, ids=[row[0] for row in FAULTS])
def test_it_finds_a_fault(
    kind: str, owner: Any, name: str, instead: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, instead)
    assert converse(PAIRS[0], 0, 20, 30).faults[kind] > 0
