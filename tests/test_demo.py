"""The demonstration: every pair of versions, drawn, and ended with a verdict."""

from __future__ import annotations

import io
import re
import subprocess
from typing import Any

import pytest
from rich.console import Console

from e2e.world import PROGRAM
from ocpp_crosswalk import Version
from ocpp_crosswalk.cli import demo as demonstration
from ocpp_crosswalk.demo.answers import script


async def drawn(station: Version, csms: Version, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, str]:
    monkeypatch.setattr(demonstration, "_PACE", 0.0)
    page = io.StringIO()
    good = await demonstration.show(station, csms, Console(file=page, width=160, highlight=False))
    return good, page.getvalue()


@pytest.mark.parametrize("csms", Version)
@pytest.mark.parametrize("station", Version)
async def test_a_session_of_every_pair(station: Version, csms: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    good, page = await drawn(station, csms, monkeypatch)
    assert good, page
    assert page.rstrip().endswith("fits the official schemas of its version.")
    start = {Version.V16: r"StartTransaction", Version.V201: r"eventType: Started", Version.V21: r"eventType: Started"}
    sides = [[line[column] for line in map(split, page.splitlines())] for column in (0, 1)]
    for version, side in zip((station, csms), sides, strict=True):
        assert len(re.findall(start[version], "\n".join(side))) == 1


def split(line: str) -> list[str]:
    left, _, right = line.partition(" | ")
    return [left, right]


async def test_what_a_frame_becomes_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, page = await drawn(Version.V16, Version.V21, monkeypatch)
    assert re.search(r"-> Authorize \{idTag.* \| -> Authorize \{idToken", page)
    assert re.search(r"<- RemoteStopTransaction .* \| *$", page, re.MULTILINE) or re.search(
        r"<- RemoteStopTransaction .* \| <- RequestStopTransaction", page
    )


async def test_a_frame_that_breaks_its_schema_fails_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: dict[str, Any] = script("csms.yaml")["ocpp2.1"]
    monkeypatch.setitem(lines["answers"], "Authorize", {"idTokenInfo": {"status": "'Perhaps'"}})
    good, page = await drawn(Version.V16, Version.V21, monkeypatch)
    assert not good
    assert "broke off" in page


def test_the_command_ends_quietly_when_nobody_reads() -> None:
    command = [PROGRAM, "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(15) == 1
        assert process.stderr.read() == b""
