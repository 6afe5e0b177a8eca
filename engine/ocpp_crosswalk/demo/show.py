"""The demonstration: a charging session through the real proxy, drawn side by side."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import textwrap
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ..frames import Call, CallError
from ..runner import Config, serving
from ..runner.config import Listener, StoreConfig, Target
from ..versions import Version
from .answers import Answers, fill, script
from .csms import DemoCsms
from .peer import DemoError, Peer

IDENTITY = "DEMO-1"
_PACE = 0.15
"""Seconds between two steps, for people who watch."""


@dataclass
class Counts:
    """How many frames each end sent and got."""

    station: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})
    csms: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})


async def show(station: Version, csms: Version, console: Console) -> bool:
    """Play the session and draw it; whether every frame was valid and the script ran to its end."""
    drawing = _Drawing(console, station, csms)
    async with DemoCsms(csms, asks=True, heard=drawing.at_csms) as server:
        config = Config(
            listeners=(Listener("127.0.0.1", 0),),
            targets={"demo": Target("demo", server.url, (csms,))},
            store=StoreConfig("memory"),
            watch=False,
        )
        async with serving(config) as service:
            host, port = service.addresses[0]
            url = f"ws://{host}:{port}/{IDENTITY}"
            async with connect(url, subprotocols=[Subprotocol(str(station))]) as socket:
                lines = script("station.yaml")[station]
                peer = Peer(socket, station, Answers(station, lines["answers"]), drawing.at_station)
                running = asyncio.create_task(peer.run())
                fault = await _play(peer, lines["steps"])
                running.cancel()
        invalid = [*peer.invalid, *server.invalid]
    drawing.end(invalid, fault)
    return not invalid and not fault


async def _play(peer: Peer, steps: list[dict[str, Any]]) -> str:
    """Play the station's script; gives what went wrong."""
    reply: dict[str, Any] = {}
    try:
        for step in steps:
            await asyncio.sleep(_PACE)
            if "await" in step:
                async with asyncio.timeout(5):
                    while (await peer.called.get())[0] != step["await"]:
                        pass
                continue
            action, template = step["call"]
            answer = await peer.call(action, fill(template, {}, reply=reply))
            reply = answer if step.get("keep") else reply
    except DemoError as error:
        return str(error)
    except TimeoutError:
        return f"the CSMS did not call {step['await']}"
    return ""


class _Drawing:
    """Two columns: what the station said and heard, and what the CSMS did.

    A frame and what the proxy made of it stand beside each other; a frame that has no counterpart stands alone.
    """

    def __init__(self, console: Console, station: Version, csms: Version) -> None:
        self._console = console
        self._counts = Counts()
        self._names = (f"station, {station}", f"CSMS, {csms}")
        self._half = max(20, console.width // 2 - 2)
        self._held: _Cell | None = None
        self._row(self._names[0], self._names[1], "bold")
        console.print("-" * self._half + "-+-" + "-" * self._half)

    def at_station(self, way: str, answer: bool, frame: Any) -> None:
        """A frame that the station sent or got."""
        self._counts.station[way] += 1
        self._add(_Cell(True, way == "out", answer, frame))

    def at_csms(self, way: str, answer: bool, frame: Any) -> None:
        """A frame that the CSMS sent or got."""
        self._counts.csms[way] += 1
        self._add(_Cell(False, way == "in", answer, frame))

    def _add(self, cell: _Cell) -> None:
        held, self._held = self._held, cell
        if held is None:
            return
        if held.becomes(cell):
            self._held = None
            left, right = (held, cell) if held.left else (cell, held)
            self._row(left.words, right.words, right.style if right.style == "red" else left.style)
        else:
            self._alone(held)

    def _alone(self, cell: _Cell) -> None:
        self._row(*((cell.words, "") if cell.left else ("", cell.words)), cell.style)

    def _row(self, left: str, right: str, style: str) -> None:
        columns = [textwrap.wrap(text, self._half, subsequent_indent="     ") for text in (left, right)]
        for one, other in zip_longest(*columns, fillvalue=""):
            line = Text(f"{one:{self._half}}", style=style)
            line.append(" | ", style="not bold default")
            self._console.print(line.append(other, style=style))

    def end(self, invalid: list[str], fault: str) -> None:
        """The summary."""
        if self._held is not None:
            self._alone(self._held)
        table = Table(title="Summary", title_justify="left")
        table.add_column("")
        table.add_column("sent", justify="right")
        table.add_column("received", justify="right")
        for name, counts in zip(self._names, (self._counts.station, self._counts.csms), strict=True):
            table.add_row(name, str(counts["out"]), str(counts["in"]))
        self._console.print(table)
        for text in invalid:
            self._console.print(f"invalid: {text}", style="red", markup=False)
        if fault:
            self._console.print(f"the session broke off: {fault}", style="red", markup=False)
        elif not invalid:
            self._console.print("Every frame that either side received fits the official schemas of its version.")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A frame in one column; ``rightward`` when it travels from the station toward the CSMS."""

    left: bool
    rightward: bool
    answer: bool
    frame: Any

    def becomes(self, other: _Cell) -> bool:
        """Whether ``other`` is what the proxy made of this frame."""
        same = (self.rightward, self.answer) == (other.rightward, other.answer)
        return same and self.left != other.left and self.left == self.rightward

    @property
    def words(self) -> str:
        arrow = "->" if self.rightward else "<-"
        if isinstance(self.frame, Call):
            return f"{arrow} {self.frame.action} {_plain(self.frame.payload)}"
        if isinstance(self.frame, CallError):
            return f"{arrow} {self.frame.code} {self.frame.description}"
        return f"{arrow} {_plain(self.frame.payload)}"

    @property
    def style(self) -> str:
        if isinstance(self.frame, CallError):
            return "red"
        return "dim" if self.answer else "cyan" if self.rightward else "magenta"


def _plain(payload: Any) -> str:
    """A payload without the quotes that people do not need."""
    return json.dumps(payload, ensure_ascii=False).replace('"', "")


class _Terminal(Console):
    """Where the demonstration is drawn."""

    def on_broken_pipe(self) -> None:
        """Nobody reads any more (`demo | head`): end here and now, as any filter does."""
        os._exit(1)


def run(station: Version, csms: Version) -> int:
    """Run the demonstration in the terminal; gives the exit code."""
    logging.getLogger("ocpp_crosswalk").setLevel(logging.ERROR)
    return 0 if asyncio.run(show(station, csms, _Terminal(highlight=False))) else 1
