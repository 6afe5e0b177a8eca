"""Begin a mapping file from the two schemas: fields of the same name are mapped, the others are left to do.

The file is written with its cases file beside it; `ocpp-crosswalk check` then says what is still missing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..diagnostics import suggestion
from ..protocol import protocol
from ..scaffold import cases_text, mapping_text
from ..versions import Pair, Side
from . import words
from .actions import not_sent, senders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("pair", type=words.pair, metavar="PAIR", help="station and CSMS, as ocpp1.6--ocpp2.1")
    add("action", metavar="ACTION", help="the action that arrives")
    add("--from", dest="side", type=Side, choices=list(Side), help="who sends it, where both sides may")
    add(
        "--as",
        dest="target",
        metavar="ACTION",
        help="the action that it becomes (default: the same, where there is one)",
    )
    add(
        "--into",
        type=Path,
        default=Path("mappings"),
        metavar="DIR",
        help="the folder of mappings (default: ./mappings)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 written, 1 the file is there already, 2 there is no such action."""
    pair: Pair = args.pair
    sides = senders(pair, args.action, args.side)
    if not sides:
        raise words.Unusable(not_sent(pair, args.action, args.side))
    if len(sides) > 1:
        raise words.Unusable(f"both sides of {pair} may send {args.action}: say which by --from")
    (side,) = sides
    targets = protocol(pair.version(side.other)).sends(side)
    target = args.target or (args.action if args.action in targets else None)
    if target is not None and target not in targets:
        print(
            f"{pair.version(side.other)} has no {target} for a {side} to send. {suggestion(target, targets)}",
            file=sys.stderr,
        )
        return 2
    folder = args.into / str(pair) / f"from-{side}"
    file, cases = folder / f"{args.action}.yaml", folder / f"{args.action}.cases.yaml"
    if file.exists():
        print(f"{file} is there already", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    pair_file = args.into / str(pair) / "pair.yaml"
    if not pair_file.exists():
        pair_file.write_text(f"pair: {pair}\n", "utf-8")
    file.write_text(mapping_text(pair, side, args.action, target), "utf-8")
    if not cases.exists():
        cases.write_text(cases_text(pair, side, args.action, target), "utf-8")
    print(f"{file} and {cases.name} are begun; now: ocpp-crosswalk check {args.into} --pair {pair}")
    return 0
