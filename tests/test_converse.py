"""tools/converse.py, some conversations of it; and that it finds the faults that are planted here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from converse import converse
from ocpp_crosswalk import Crosswalk, Out, Session

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


class Spoilt:
    """A session whose frames are changed on their way out."""

    def __init__(self, session: Session, change: Callable[[list[Any]], list[list[Any]]]) -> None:
        self._session = session
        self._change = change

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._session, name)
        return self._spoiling(value) if name in ("connect", "receive", "expire") else value

    def _spoiling(self, method: Callable[..., list[Out]]) -> Callable[..., list[Out]]:
        def spoilt(*arguments: Any, **options: Any) -> list[Out]:
            outs = method(*arguments, **options)
            return [Out(out.to, json.dumps(frame)) for out in outs for frame in self._change(json.loads(out.text))]

        return spoilt


def _broken(_: list[Any]) -> list[list[Any]]:
    raise RuntimeError("planted")


FAULTS: dict[str, Callable[[list[Any]], list[list[Any]]]] = {
    "unanswered": lambda frame: [] if frame[0] == 3 else [frame],
    "answer to nothing": lambda frame: [frame, frame] if frame[0] == 3 else [frame],
    "invalid frame": lambda frame: [[*frame[:2], {"unheard": "of"}] if frame[0] == 3 else frame],
    "two calls in flight": lambda frame: [frame, [2, f"{frame[1]}-2", *frame[2:]]] if frame[0] == 2 else [frame],
    "id used twice": lambda frame: [[2, "the-same", *frame[2:]] if frame[0] == 2 else frame],
    "unknown error code": lambda frame: [[*frame[:2], "Nonsense", *frame[3:]] if frame[0] == 4 else frame],
    "exception": _broken,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_it_finds_a_fault(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Crosswalk.session
    monkeypatch.setattr(Crosswalk, "session", lambda *args, **options: Spoilt(made(*args, **options), FAULTS[kind]))
    assert converse(PAIRS[0], 0, 20, 30).faults[kind] > 0
