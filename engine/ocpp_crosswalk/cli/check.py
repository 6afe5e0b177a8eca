"""Prove mappings right before a message flows: every path, field, value and length by type, what is lost, the cases
beside the mappings, and generated messages through the real engine.

Exit codes: 0 no findings, 1 findings, 2 the input cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

from rich.console import Console
from rich.progress import Progress

from ..check import check
from ..check.formats import FORMATS, summary
from ..check.html import as_html
from ..codes import codes
from ..diagnostics import suggestion
from . import words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "layers", nargs="*", type=Path, metavar="DIR", help="a folder of mappings to lay over the built-in ones"
    )
    parser.add_argument(
        "--hooks", action="append", type=Path, default=[], metavar="FILE", help="a Python file of hooks; repeatable"
    )
    parser.add_argument("--no-builtin", action="store_true", help="check these folders alone")
    parser.add_argument(
        "--pair",
        action="append",
        type=words.pair,
        metavar="PAIR",
        help="check this pair only, as ocpp1.6--ocpp2.1; repeatable",
    )
    parser.add_argument(
        "--examples", type=_count, default=50, metavar="N", help="generated calls for each action (default 50; 0: none)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the seed of generated calls (default 1)")
    parser.add_argument(
        "--format", choices=list(FORMATS), default="text", help="how findings are printed (default text)"
    )
    parser.add_argument("--html", type=words.new_file, metavar="FILE", help="also write the crosswalk as one HTML page")
    parser.add_argument("--explain", metavar="CODE", help="say more about a finding's code, and stop")


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 clean, 1 findings, 2 unusable input."""
    if args.explain is not None:
        return _explain(args.explain)
    if args.no_builtin and not args.layers:
        raise words.Unusable("--no-builtin checks folders alone: name one")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:

        def progress(total: int) -> Callable[[], None]:
            task = bar.add_task("generated calls", total=total)
            return lambda: bar.advance(task)

        report = check(
            args.layers,
            builtin=not args.no_builtin,
            hooks=args.hooks,
            pairs=args.pair,
            examples=args.examples,
            seed=args.seed,
            progress=progress,
        )
    print(FORMATS[args.format](report))
    if args.html is not None:
        if report.crosswalk is None:
            print("no page was written: the mappings cannot be loaded", file=sys.stderr)
        else:
            args.html.write_text(as_html(report), encoding="utf-8")
            print(f"{args.html} written; {summary(report)}", file=sys.stderr)
    return report.exit_code


def _explain(code: str) -> int:
    number = code.upper()
    found = codes().get(number)
    if found is None:
        near = suggestion(number, codes()) or "Codes are as XW101."
        print(f"there is no finding {number or repr(code)}. {near}", file=sys.stderr)
        return 2
    print(f"{number}: {found.means}")
    for file, text in found.example.items():
        print(f"\n{file}\n{indent(text.rstrip(), '    ')}")
    if found.command:
        print(f"\n$ {found.command}\n... {number} ...")
    print(f"\nWhat to do: {found.do}")
    return 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"give a number, 0 or more, not {text!r}")
    return int(text)
