"""Say what becomes of OCPP-J frames: frames in, one a line; what leaves out, as JSON lines.

A line is a frame from the side that --from names, `[2,"1","Heartbeat",{}]`, or `{"from": "csms", "frame": [...]}` for
the other side: so a whole exchange can be given, with its answers. Each line of output is a frame that leaves
(`{"to": ..., "frame": ...}`) or something that the translation reports (`{"event": ...}`): dropped and repaired
fields, refusals, faults. Exit code 1 when a line was no frame or a frame was not accepted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from ..crosswalk import Crosswalk
from ..events import FAULTS
from ..session import Out, Session
from ..versions import Side
from . import words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("file", nargs="?", default="-", metavar="FILE", help="where the frames are; - is standard input (default)")
    add("--station", required=True, type=words.version, metavar="V", help="what the station speaks, as ocpp1.6")
    add("--csms", required=True, type=words.version, metavar="V", help="what the CSMS speaks, as ocpp2.1")
    add("--from", required=True, dest="side", type=Side, choices=list(Side), help="who sends the frames")
    add("--mappings", action="append", type=Path, default=[], metavar="DIR", help="mappings over the built-in ones")
    add("--hooks", action="append", type=Path, default=[], metavar="FILE", help="a Python file of hooks")
    add("--set", action="append", type=_setting, default=[], metavar="NAME=JSON", help="a setting; repeatable")


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 all frames were taken, 1 some were not, 2 nothing could be read."""
    try:
        crosswalk = Crosswalk.load(args.mappings, hooks=args.hooks, settings=dict(args.set))
        session = crosswalk.session("TRANSLATE", station=args.station, csms=args.csms)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return _translate(session, _lines(args.file), args.side)


def _lines(file: str) -> Iterator[str]:
    """The lines of a file, or of standard input for `-`. Raises Unusable."""
    name = "standard input" if file == "-" else file
    number = 0
    try:
        with nullcontext(sys.stdin) if file == "-" else Path(file).open(encoding="utf-8") as lines:
            if lines is None:
                raise words.Unusable("standard input is closed: name a file, or give the frames to standard input")
            if isinstance(lines, TextIOWrapper):
                lines.reconfigure(encoding="utf-8", errors="strict")
            for line in lines:
                number += 1
                yield line
    except UnicodeDecodeError:
        raise words.Unusable(f"{name} is not UTF-8 text, after line {number}") from None
    except OSError as error:
        raise words.Unusable(f"{name} cannot be read: {error.strerror}") from None


def _translate(session: Session, lines: Iterable[str], usual: Side) -> int:
    failed = False
    _print(session, session.connect(now=time.time()))
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        side, text = _read(line, usual)
        if text is None:
            print(f"line {number}: this is neither a frame nor {{'from': ..., 'frame': [...]}}", file=sys.stderr)
            failed = True
            continue
        failed = _print(session, session.receive(side, text, now=time.time())) or failed
    return int(failed)


def _read(line: str, usual: Side) -> tuple[Side, str | None]:
    """Who sends the frame of a line, and the frame; None where the line is no such thing."""
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return usual, None
    if isinstance(value, dict) and value.get("from") in list(Side) and isinstance(value.get("frame"), list):
        return Side(value["from"]), json.dumps(value["frame"])
    return usual, line.strip() if isinstance(value, list) else None


def _print(session: Session, outs: Iterable[Out]) -> bool:
    """Print what left and what was reported; whether that was a fault."""
    rows: list[dict[str, Any]] = [{"to": str(out.to), "frame": json.loads(out.text)} for out in outs]
    events = session.take_events()
    for row in [*rows, *(event.as_json() for event in events)]:
        print(json.dumps(row, ensure_ascii=False))
    return any(event.kind in FAULTS for event in events)


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
