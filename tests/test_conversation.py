"""Transcripts: whole conversations, on the bare engine, with a new process after everything that happens, and on the
running proxy over real sockets. And the player itself: what it has to find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.conversation import Case, Left, SessionStage, load_file, play_on
from ocpp_crosswalk.versions import Pair, Side
from stage import ProxyStage

FOLDER = Path(__file__).parent / "transcripts"
CROSSWALK = Crosswalk.load()


def transcripts(*, running: bool = False) -> list[Any]:
    """Pair and case of every transcript; for the running proxy, but for those that say why not."""
    rows = []
    for path in sorted(FOLDER.glob("*.yaml")):
        file = load_file(path)
        assert file.pairs, f"{path.name} names no pair"
        rows += [
            pytest.param(pair, case, id=f"{path.stem}::{case.name}[{pair}]")
            for pair in file.pairs
            for case in file.cases
            if not (running and case.engine_only)
        ]
    return rows


class Recording(SessionStage):
    """Remembers every frame that left."""

    def __init__(self, *args: object, **options: object) -> None:
        self.log: list[Left] = []
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def next(self, side: Side) -> Left | None:
        left = super().next(side)
        self.log += [left] if left else []
        return left


def on_engine(pair: Pair, case: Case, *, always_restart: bool) -> list[Left]:
    """Play on a session and give what left; fails where the transcript says otherwise."""
    stages = []

    def stage(now: float, settings: object) -> Recording:
        stages.append(Recording(CROSSWALK, pair, now=now, settings=settings, always_restart=always_restart))
        return stages[-1]

    found = play_on(stage, case, pair)
    assert not found, "\n" + "\n".join(map(str, found))
    return stages[0].log


@pytest.mark.parametrize(("pair", "case"), transcripts())
def test_on_the_engine_also_in_a_new_process_after_everything(pair: Pair, case: Case) -> None:
    once = on_engine(pair, case, always_restart=False)
    assert once
    assert on_engine(pair, case, always_restart=True) == once


@pytest.mark.parametrize(("pair", "case"), transcripts(running=True))
def test_on_the_running_proxy(pair: Pair, case: Case) -> None:
    stages: list[ProxyStage] = []
    try:
        found = play_on(lambda now, settings: ProxyStage.open(pair, now, settings, stages), case, pair)
    finally:
        for stage in stages:
            stage.close()
    assert not found, "\n" + "\n".join(map(str, found))
