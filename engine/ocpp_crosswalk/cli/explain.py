"""Say what becomes of an action: what leaves, field by field, how it is answered, and what is lost and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..crosswalk import Crosswalk
from ..describe import Description, Line, RouteDescription, describe
from ..mapping import model
from ..mapping.compile import source_of
from ..versions import Pair, Side
from . import words
from .actions import not_sent, senders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("pair", type=words.pair, metavar="PAIR", help="station and CSMS, as ocpp1.6--ocpp2.1")
    add("action", metavar="ACTION", help="the action that arrives, as StartTransaction")
    add("--from", dest="side", type=Side, choices=list(Side), help="who sends it, where both sides may")
    add("--source", action="store_true", help="show the Python that the mapping is compiled to")
    add("--mappings", action="append", type=Path, default=[], metavar="DIR", help="mappings over the built-in ones")
    add("--hooks", action="append", type=Path, default=[], metavar="FILE", help="a Python file of hooks")


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 done, 2 there is no such mapping."""
    mappings = Crosswalk.load(args.mappings, hooks=args.hooks).mappings(args.pair)
    found = [
        (side, mapping)
        for side in Side
        if args.side in (None, side) and (mapping := mappings.find(side, args.action)) is not None
    ]
    if not found:
        print(_unknown(args.pair, args.action, args.side), file=sys.stderr)
        return 2
    for side, mapping in found:
        if args.source:
            print(source_of(mapping))
        else:
            _show(Console(highlight=False), side, mapping, mappings.drops)
    return 0


def _unknown(pair: Pair, action: str, side: Side | None) -> str:
    return f"{pair} has no mapping of {action}" if senders(pair, action, side) else not_sent(pair, action, side)


def _show(console: Console, side: Side, mapping: model.Mapping, everywhere: Mapping[str, str]) -> None:
    told = describe(mapping)
    pair = mapping.pair
    who = "CSMS" if side is Side.CSMS else "station"
    console.print(Text(f"{told.action} from the {who} ({pair.version(side)}), {told.kind}", style="bold"))
    console.print(Text(f"{mapping.at.file}:{mapping.at.line}", style="dim"), soft_wrap=True)
    if told.spec:
        console.print(Text(", ".join(told.spec), style="dim"))
    if told.note:
        console.print(told.note)
    _lines(console, "first", told.bindings)
    for route in told.routes:
        _route(console, told, route, everywhere)


def _route(console: Console, told: Description, route: RouteDescription, everywhere: Mapping[str, str]) -> None:
    console.print()
    if len(told.routes) > 1:
        console.print(Text(f"{route.name or 'otherwise'}: {route.kind}", style="bold cyan"))
    elif route.kind != "forwarded":
        console.print(Text(route.kind, style="bold cyan"))
    if route.condition:
        console.print(f"  when {' '.join(route.condition.split())}", markup=False)
    if route.because:
        console.print(f"  {route.because}", markup=False)
    _lines(console, "first", route.bindings)
    for message in route.messages:
        to = f"to the {'CSMS' if message.to == 'csms' else 'station'}"
        condition = f", {message.condition}" if message.condition else ""
        _lines(console, f"{message.action} {to}{condition}", message.lines)
    _lines(console, "answer", route.answer)
    if route.lost:
        table = Table(title="lost", title_justify="left", title_style="red", box=None, show_header=False)
        table.add_column(overflow="fold")
        together: dict[str, list[str]] = {}
        for which, path, reason in route.lost:
            name = path.rpartition(".")[2]
            shown = f"  {name}, everywhere" if everywhere.get(name) == reason else f"  {which}.{path}"
            if shown not in together.setdefault(reason, []):
                together[reason].append(shown)
        for reason, paths in together.items():
            table.add_row("\n".join(paths), Text(reason))
        console.print(table)


def _lines(console: Console, title: str, lines: Iterable[Line]) -> None:
    rows = list(lines)
    if not rows and title in ("first", "answer"):
        return
    console.print(Text(title, style="bold"))
    table = Table(box=None, show_header=False)
    for line in rows:
        table.add_row(Text(f"  {line.path or '(all)'}", style="green"), Text(line.value))
    if rows:
        console.print(table)
