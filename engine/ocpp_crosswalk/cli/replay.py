"""Run the conversations of a wire tap again, and say what comes out other than then.

FILE is what `ocpp-crosswalk serve --tap FILE` wrote. Each difference is a JSON line: the line of the tap, the frame
that was recorded (null: there was none) and the one that comes out now (null: there is none). So mappings can be
changed and tried on real traffic before they are served. Exit code 1 when there is a difference. A tap holds passwords
and tokens.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..crosswalk import Crosswalk
from ..runner.tap import TapError, replay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("file", metavar="FILE", help="the tap; - is standard input")
    add("--mappings", action="append", type=Path, default=[], metavar="DIR", help="mappings over the built-in ones")
    add("--hooks", action="append", type=Path, default=[], metavar="FILE", help="a Python file of hooks")


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 all as it was, 1 there are differences, 2 nothing could be read."""
    crosswalk = Crosswalk.load(args.mappings, hooks=args.hooks)
    name = "standard input" if args.file == "-" else args.file
    try:
        lines = _lines(args.file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        print(f"{name} cannot be read: {reason}", file=sys.stderr)
        return 2
    try:
        return _replay(crosswalk, lines)
    except TapError as error:
        print(f"{name} is no tap of `ocpp-crosswalk serve`: {error}", file=sys.stderr)
        return 2


def _lines(file: str) -> list[str]:
    """A tap's lines. Only line feeds end them: frames may hold whatever else Unicode takes for the end of a line."""
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return data.decode().removesuffix("\n").split("\n") if data else []


def _replay(crosswalk: Crosswalk, lines: list[str]) -> int:
    differences = 0
    for found in replay(lines, crosswalk):
        differences += 1
        row = {"line": found.line, "station": found.station, "recorded": found.recorded, "replayed": found.replayed}
        print(json.dumps(row, ensure_ascii=False))
    arrived = sum('"event":"arrived"' in line for line in lines)
    print(f"{arrived} frames, {differences} differences", file=sys.stderr)
    return int(differences > 0)
