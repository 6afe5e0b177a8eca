"""tools/hostile.py: its judge sees what must not be sent, and small runs of it come out clean."""

from __future__ import annotations

import json
from typing import Any

import pytest

import hostile
from hostile_judge import Judge
from ocpp_crosswalk.versions import Side, Version

HEARTBEAT = [3, "1", {"currentTime": "2026-01-01T00:00:00Z"}]
BAD: list[tuple[str, list[Any]]] = [
    ("an answer to no call", [HEARTBEAT]),
    ("a second one", [[2, "1", "Heartbeat", {}], HEARTBEAT, HEARTBEAT]),
    ("fits no Heartbeat", [[2, "1", "Heartbeat", {}], [3, "1", {}]]),
    ("no error code", [[2, "1", "Heartbeat", {}], [4, "1", "Oops", "", {}]]),
    ("a CALLERROR that is none", [[2, "1", "Heartbeat", {}], [4, "1", "GenericError", "x" * 256, {}]]),
]


@pytest.mark.parametrize(("what", "frames"), BAD)
def test_a_bad_answer_is_seen(what: str, frames: list[Any]) -> None:
    wrongs: list[str] = []
    judge = Judge(Version.V16, Side.STATION, wrongs)
    for frame in frames:
        (judge.sent if frame[0] == 2 else judge.got)(json.dumps(frame))
    assert len(wrongs) == 1
    assert what in wrongs[0]


@pytest.mark.parametrize(
    ("what", "frame"),
    [
        ("breaks its schema", [2, "1", "Reset", {"type": "Maybe"}]),
        ("no action for this side", [2, "1", "Authorize", {"idTag": "A"}]),
    ],
)
def test_a_bad_call_is_seen(what: str, frame: list[Any]) -> None:
    wrongs: list[str] = []
    Judge(Version.V16, Side.STATION, wrongs).got(json.dumps(frame))
    assert what in wrongs[0]


def test_calls_without_an_answer_are_told() -> None:
    wrongs: list[str] = []
    judge = Judge(Version.V16, Side.STATION, wrongs)
    for name in ("1", "2"):
        judge.sent(json.dumps([2, name, "Heartbeat", {}]))
    judge.got(json.dumps(HEARTBEAT))
    assert judge.unanswered() == ["2"]
    assert wrongs == []


def test_sessions_stand_it(capsys: pytest.CaptureFixture[str]) -> None:
    findings = hostile.besiege(3000, seed=5)
    assert findings.wrongs == []
    assert findings.figures["hostile frames, to sessions"] >= 3000
    assert findings.figures["event translated"] > 50


def test_the_running_proxy_stands_it(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--frames", "0", "--wire", "800", "--connections", "6", "--growth", "200"]
    assert hostile.main(arguments) == 0, capsys.readouterr().out
