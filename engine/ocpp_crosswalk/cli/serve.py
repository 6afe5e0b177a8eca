"""Run the proxy: stations connect to it, and it connects to the CSMS for each of them.

A station that speaks what the CSMS speaks is not translated. Without --csms a demonstration CSMS answers, so that any
charger or simulator gets somewhere at once. Ctrl-C and SIGTERM end all links cleanly, SIGHUP reads mappings,
middleware and certificates anew.
"""

from __future__ import annotations

import argparse
import sys

from ..runner import ConfigError, check
from ..runner import run as run_proxy
from ..runner.arguments import add_arguments, config_from_arguments

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; gives the exit code."""
    try:
        config = config_from_arguments(args)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    return check(config) if args.check_config else run_proxy(config)
