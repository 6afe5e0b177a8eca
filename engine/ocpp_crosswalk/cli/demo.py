"""Show a charging session of a simulated station on a simulated CSMS, through the real proxy.

On the left is what the station says and hears, on the right what the CSMS does. Exit code 1 when the session broke off
or a frame was not valid.
"""

from __future__ import annotations

import argparse

from ..demo.show import run as show
from ..versions import Version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add(
        "--station",
        type=Version.parse,
        default=Version.V16,
        metavar="V",
        help="what the station speaks (default: ocpp1.6)",
    )
    add("--csms", type=Version.parse, default=Version.V21, metavar="V", help="what the CSMS speaks (default: ocpp2.1)")


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; gives the exit code."""
    return show(args.station, args.csms)
