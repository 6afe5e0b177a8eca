"""The demonstration: a charging session through the real proxy, drawn side by side."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field
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
    """Two columns: what the station said and heard, and what the CSMS did."""

    def __init__(self, console: Console, station: Version, csms: Version) -> None:
        self._console = console
        self._counts = Counts()
        self._names = (f"station, {station}", f"CSMS, {csms}")
        half = max(20, console.width // 2 - 2)
        self._half = half
        console.print(Text(f"{self._names[0]:{half}} | {self._names[1]}", style="bold"))
        console.print("-" * half + "-+-" + "-" * half)

    def at_station(self, way: str, answer: bool, frame: Any) -> None:
        """A frame that the station sent or got."""
        self._counts.station[way] += 1
        self._row(_words(frame, "->" if way == "out" else "<-"), "", _style(frame, answer))

    def at_csms(self, way: str, answer: bool, frame: Any) -> None:
        """A frame that the CSMS sent or got."""
        self._counts.csms[way] += 1
        self._row("", _words(frame, "->" if way == "in" else "<-"), _style(frame, answer))

    def _row(self, left: str, right: str, style: str) -> None:
        for start in range(0, max(len(left), len(right), 1), self._half):
            one, other = left[start : start + self._half], right[start : start + self._half]
            self._console.print(Text(f"{one:{self._half}} | {other}".rstrip(), style=style))

    def end(self, invalid: list[str], fault: str) -> None:
        """The summary."""
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


def _words(frame: Any, arrow: str) -> str:
    if isinstance(frame, Call):
        return f"{arrow} {frame.action} {_plain(frame.payload)}"
    if isinstance(frame, CallError):
        return f"{arrow} {frame.code} {frame.description}"
    return f"{arrow} {_plain(frame.payload)}"


def _plain(payload: Any) -> str:
    """A payload without the quotes and braces that people do not need."""
    return json.dumps(payload, ensure_ascii=False).replace('"', "")


def _style(frame: Any, answer: bool) -> str:
    return "red" if isinstance(frame, CallError) else "dim" if answer else "cyan" if isinstance(frame, Call) else ""


def run(station: Version, csms: Version) -> int:
    """Run the demonstration in the terminal; gives the exit code."""
    logging.getLogger("ocpp_crosswalk").setLevel(logging.ERROR)
    return 0 if asyncio.run(show(station, csms, Console(highlight=False))) else 1
