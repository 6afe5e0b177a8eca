"""Versions and pairs on the command line, with errors that say which there are."""

from __future__ import annotations

import argparse

from ..versions import PAIRS, Pair, Version


def version(text: str) -> Version:
    """The version that an argument names."""
    try:
        return Version.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def pair(text: str) -> Pair:
    """The pair that an argument names: two versions that differ."""
    try:
        named = Pair.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if named not in PAIRS:
        raise argparse.ArgumentTypeError(f"both sides of {text} speak {named.station}: nothing is translated there")
    return named
