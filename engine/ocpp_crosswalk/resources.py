"""Where the data files are: in the installed package, or in the checkout that it was installed from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


class MissingResource(FileNotFoundError):
    """A data folder that is in neither of the places where it may be."""


@cache
def folder(name: str) -> Path:
    """The folder ``mappings`` or ``schemas``. Raises MissingResource that names the places looked in."""
    places = [_PACKAGE / name, _CHECKOUT / name]
    for place in places:
        if place.is_dir():
            return place
    raise MissingResource(
        f"the folder {name!r} is missing: looked in {places[0]} and {places[1]}; is the installation whole?"
    )
