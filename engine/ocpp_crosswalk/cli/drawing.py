"""Draws two ends of a conversation side by side in the terminal."""

from __future__ import annotations

import json
import os
import textwrap
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..frames import Call, CallError
from ..versions import Version


class Terminal(Console):
    """Where the demonstration is drawn."""

    def on_broken_pipe(self) -> None:
        """Nobody reads any more (`demo | head`): end here and now, as any filter does."""
        os._exit(1)


@dataclass
class _Counts:
    """How many frames each end sent and got."""

    station: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})
    csms: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})


class Drawing:
    """Two columns: what the station said and heard, and what the CSMS did.

    A frame and what the proxy made of it stand beside each other; a frame that has no counterpart stands alone.
    """

    def __init__(self, console: Console, station: Version, csms: Version) -> None:
        self._console = console
        self._counts = _Counts()
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
