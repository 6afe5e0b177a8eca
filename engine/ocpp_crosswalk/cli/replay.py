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
from ..runner.tap import replay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("file", metavar="FILE", help="the tap; - is standard input")
    add("--mappings", action="append", type=Path, default=[], metavar="DIR", help="mappings over the built-in ones")
    add("--hooks", action="append", type=Path, default=[], metavar="FILE", help="a Python file of hooks")


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 all as it was, 1 there are differences, 2 nothing could be read."""
    crosswalk = Crosswalk.load(args.mappings, hooks=args.hooks)
    try:
        if args.file == "-":
            return _replay(crosswalk, sys.stdin.read().splitlines())
        return _replay(crosswalk, Path(args.file).read_text(encoding="utf-8").splitlines())
    except OSError as error:
        print(f"{args.file} cannot be read: {error.strerror}", file=sys.stderr)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{args.file} is no tap of `ocpp-crosswalk serve`: {type(error).__name__}: {error}", file=sys.stderr)
    return 2


def _replay(crosswalk: Crosswalk, lines: list[str]) -> int:
    differences = 0
    for found in replay(lines, crosswalk):
        differences += 1
        row = {"line": found.line, "station": found.station, "recorded": found.recorded, "replayed": found.replayed}
        print(json.dumps(row, ensure_ascii=False))
    arrived = sum('"event":"arrived"' in line for line in lines)
    print(f"{arrived} frames, {differences} differences", file=sys.stderr)
    return int(differences > 0)
