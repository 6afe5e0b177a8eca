"""The program `ocpp-crosswalk`. One module for each command; only the one that is asked for is imported."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec

from ..diagnostics import MappingError, suggestion
from .words import Unusable

COMMANDS: Mapping[str, str] = {
    "serve": "run the proxy between charging stations and a CSMS",
    "demo": "show a charging session of a simulated station on a simulated CSMS, through the proxy",
    "translate": "say what becomes of OCPP-J frames",
    "explain": "say what becomes of an action, in words",
    "replay": "run what a wire tap recorded again, and compare",
    "check": "check mappings: types, losses, and generated messages",
    "new": "begin a mapping file from the two schemas",
}
"""The commands, and what each does."""

_EXIT_CODES = """\
exit codes: 0 done; 1 something was found or failed; 2 the command line, a file or the configuration cannot be used;
130 ended by Ctrl-C. `ocpp-crosswalk COMMAND --help` says more about a command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (default: the command line) name; gives the exit code."""
    try:
        try:
            return _run(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            if sys.stdout is not None:  # as it is after `>&-`
                sys.stdout.flush()
    except (MappingError, Unusable) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _no_more_output()
        return 1
    except OSError as error:
        where = f"{error.filename} cannot be used: " if error.filename else ""
        print(f"ocpp-crosswalk: {where}{error.strerror or error}", file=sys.stderr)
        _no_more_output()
        return 2


def _no_more_output() -> None:
    """Drop what is still to be printed, if it cannot be: it would fail again when Python ends."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(given: list[str]) -> int:
    if not given or given[0].startswith("-"):
        return _without_command(given)
    name, *rest = given
    if name not in COMMANDS:
        print(f"ocpp-crosswalk: there is no command {name!r}. {suggestion(name, COMMANDS)}".rstrip(), file=sys.stderr)
        print(f"Commands are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    command = import_module(f".{name}", __name__)
    parser = argparse.ArgumentParser(
        prog=f"ocpp-crosswalk {name}",
        description=f"{command.__doc__}".strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    return int(command.run(parser.parse_args(rest)))


def _without_command(given: Sequence[str]) -> int:
    from importlib.metadata import version  # 20 ms, which no command needs

    built = f"{version('ocpp-crosswalk')}{', compiled' if _is_compiled() else ''}"
    listed = "\n".join(f"  {name:10} {purpose}" for name, purpose in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="ocpp-crosswalk",
        usage="ocpp-crosswalk [--help] [--version] COMMAND ...",
        description=f"Translate OCPP 1.6, 2.0.1 and 2.1 into each other.\n\ncommands:\n{listed}",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ocpp-crosswalk {built}")
    parser.parse_args(given)
    parser.print_help()
    return 0 if given else 2


def _is_compiled() -> bool:
    """Whether the engine is a native build (docs/performance.md). Nothing of it is imported."""
    found = find_spec("..session", __name__)
    return found is not None and str(found.origin).endswith(tuple(EXTENSION_SUFFIXES))
