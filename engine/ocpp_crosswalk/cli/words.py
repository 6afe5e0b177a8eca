"""What commands share: versions, pairs and files on the command line, with errors that say what is wrong with them."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..versions import PAIRS, Pair, Version


class Unusable(Exception):
    """What a command is given cannot be used; the text says what and why. It ends the command with 2."""


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


def new_file(text: str) -> Path:
    """The file that an argument names, which is to be written."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path
