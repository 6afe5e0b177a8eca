"""The player of conversations: what it has to find, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.conversation import Left, differences, filled, load_cases, load_file, play, play_on
from ocpp_crosswalk.diagnostics import Diagnostic, Diagnostics, MappingError
from ocpp_crosswalk.versions import Pair, Side

CROSSWALK = Crosswalk.load()
PAIR = Pair.parse("ocpp1.6--ocpp2.0.1")
HEARTBEAT = """
      - station-calls: [Heartbeat, {}]
      - csms-gets: [Heartbeat, {}]
      - csms-answers: {currentTime: "2026-01-01T00:00:00.000Z"}
"""


@pytest.fixture
def played(tmp_path: Path) -> Callable[[str], list[Diagnostic]]:
    def run(steps: str) -> list[Diagnostic]:
        path = tmp_path / "x.cases.yaml"
        path.write_text(f"cases:\n  - name: x\n    steps:{steps}")
        (case,) = load_cases(path)
        return play(case, CROSSWALK, PAIR)

    return run


Played = Callable[[str], list[Diagnostic]]


def test_a_case_that_holds_has_no_findings(played: Played) -> None:
    assert played(f'{HEARTBEAT}      - station-gets-answer: {{currentTime: "2026-01-01T00:00:00.000Z"}}\n') == []


def test_a_payload_that_differs_is_told_by_path_and_place(played: Played) -> None:
    (finding,) = played(f"{HEARTBEAT}      - station-gets-answer: {{currentTime: yesterday, more: 1}}\n")
    assert finding.code == "XW300"
    assert finding.at.line == 7
    assert 'currentTime: awaited "yesterday", is "2026-01-01T00:00:00.000Z"' in finding.message
    assert "more: 1 is missing" in finding.message


def test_a_frame_that_nobody_awaits_is_a_finding_at_the_end_and_before_what_is_said(played: Played) -> None:
    (finding,) = played(HEARTBEAT)
    assert "at the end the station got what no step awaits" in finding.message
    (finding,) = played(f"{HEARTBEAT}      - csms-calls: [ClearCache, {{}}]\n")
    assert "before `csms-calls` the station got" in finding.message
    assert finding.at.line == 7


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("station-gets: [Reset, {}]", "the station should get the call Reset, but got the answer to station-1"),
        ("station-gets-error: GenericError", "should get the error GenericError, but got the answer"),
        ("csms-gets: [Heartbeat, {}]", "the csms should get the call Heartbeat, but nothing left toward it"),
    ],
)
def test_another_frame_than_the_awaited_ends_the_case(played: Played, step: str, message: str) -> None:
    (finding,) = played(f"{HEARTBEAT}      - {step}\n      - csms-gets: [Nothing, {{}}]\n")
    assert finding.code == "XW300"
    assert message in finding.message


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("\n      - csms-answers: {}\n", "the csms has no call to answer"),
        ("\n      - again: true\n", "no call was sent that could be sent again"),
        ("\n      - station-calls: [Heartbeat, {x: <name>}]\n", "<name> has no value yet"),
    ],
)
def test_a_case_that_makes_no_sense(played: Played, steps: str, message: str) -> None:
    (finding,) = played(steps)
    assert finding.code == "XW302"
    assert message in finding.message


def test_a_setting_that_there_is_not(tmp_path: Path) -> None:
    path = tmp_path / "x.cases.yaml"
    path.write_text("cases:\n  - name: x\n    settings: {callTimeOut: 5}\n    steps:\n      - wait: 1\n")
    (finding,) = play(load_cases(path)[0], CROSSWALK, PAIR)
    assert finding.code == "XW302"
    assert "callTimeout" in finding.message


@pytest.mark.parametrize(
    ("text", "code", "line", "message"),
    [
        ("cases: []\n", "XW104", 1, "[]"),
        ("cases:\n  - name: x\n    steps:\n      - csms-get: [A, {}]\n", "XW103", 4, "unknown key 'csms-get'"),
        ("cases:\n  - name: x\n    steps:\n      - wait: 1\n        at: now\n", "XW104", 4, "exactly one key"),
        ("cases:\n  - name: x\n    steps:\n      - at: yesterday\n", "XW104", 4, "yesterday"),
        ("cases:\n  - name: x\n    steps:\n      - at: '2026-01-01T00:00:00'\n", "XW104", 4, "no time zone"),
        ("cases:\n  - {name: x, steps: [wait: 1]}\n  - {name: x, steps: [wait: 1]}\n", "XW104", 3, "another case"),
        ("cases:\n  - name: x\n   steps: 1\n", "XW101", 3, "not YAML"),
    ],
)
def test_a_file_that_is_faulty(tmp_path: Path, text: str, code: str, line: int, message: str) -> None:
    path = tmp_path / "x.cases.yaml"
    path.write_text(text)
    found = Diagnostics()
    assert load_cases(path, found) == []
    assert found.items[0].code == code
    assert found.items[0].at.line == line
    assert message in found.items[0].message
    with pytest.raises(MappingError):
        load_cases(path)


def test_a_transcript_names_its_pairs(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("pair: ocpp2.1--ocpp1.6\ncases:\n  - {name: x, engine-only: slow, steps: [wait: 1]}\n")
    file = load_file(path)
    assert file.pairs == (Pair.parse("ocpp2.1--ocpp1.6"),)
    assert file.cases[0].engine_only == "slow"


class Faulty:
    """A stage whose station gets whatever the test says, and nothing else happens."""

    def __init__(self, *frames: list[Any]) -> None:
        self.frames = list(frames)

    def arrive(self, side: Side, text: str) -> None: ...

    def next(self, side: Side) -> Left | None:
        return None

    def rest(self) -> list[Left]:
        rest, self.frames = self.frames, []
        return [Left(Side.STATION, frame) for frame in rest]

    def wait(self, seconds: float) -> None: ...

    def set_clock(self, now: float) -> None: ...

    def reconnect(self) -> None: ...

    def restart(self) -> None: ...


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([3, "nobody", {}], "it answers no call"),
        ([2, "1", "Heartbeat", {}], "ocpp1.6 has no Heartbeat for a station to get"),
        ([2, "1", "Nonsense", {}], "has no Nonsense"),
        ([6, "1", "Reset", {"type": "Hard"}], "has no Reset"),
        ([2, "1", "Reset", {"type": "Medium"}], "'Medium' is not one of"),
        ([5, "1", "GenericError", "", {}], "it answers no call"),
    ],
)
def test_frames_are_held_to_the_official_schemas(tmp_path: Path, frame: list[Any], message: str) -> None:
    path = tmp_path / "x.cases.yaml"
    path.write_text("cases:\n  - name: x\n    steps:\n      - wait: 1\n")
    found = play_on(lambda now, settings: Faulty(frame), load_cases(path)[0], PAIR)
    assert [finding.code for finding in found] == ["XW301", "XW300"]
    assert message in found[0].message


def test_patterns() -> None:
    bound: dict[str, Any] = {}
    value = {"a": [1, {"b": True}], "c": 5, "d": None}
    assert differences({"a": [1.0, {"b": "<x>"}], "c": "*", "d": None}, value, bound) == []
    assert bound == {"<x>": True}
    assert filled({"y": ["<x>", "x", 1]}, bound) == {"y": [True, "x", 1]}
    assert differences("<x>", 1, bound) == ["the payload: <x> was true, is 1"]
    assert differences({"a": [1]}, {"a": [1, 2]}, bound) == ["a[1]: not awaited, is 2"]
    assert differences({"a": [1, 2]}, {"a": [1]}, bound) == ["a[1]: 2 is missing"]
    assert differences({"a": "*"}, {}, bound) == ['a: "*" is missing']
    assert differences({}, {"a": None}, bound) == ["a: not awaited, is null"]
    assert differences({"a": 1}, {"a": True}, bound) == ["a: awaited 1, is true"]
    assert differences({"a": {}}, {"a": []}, bound) == ["a: awaited {}, is []"]
    with pytest.raises(LookupError, match="<z>"):
        filled(json.loads('["<z>"]'), bound)
