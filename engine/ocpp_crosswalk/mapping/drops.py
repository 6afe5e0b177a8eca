"""Finds in a payload the fields that are declared as dropped, in one pass over what the payload holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..expressions import Expression


class Drop(NamedTuple):
    """A field that is not carried over, by its dotted path, with the reason. With ``when``, only where that holds."""

    path: str
    reason: str
    when: Expression | None = None


class DropTree:
    """Declared drops as a tree of field names."""

    __slots__ = ("_children", "_drops", "_paths")

    def __init__(self, drops: Sequence[Drop]) -> None:
        self._drops = drops
        self._paths = len({drop.path for drop in drops})
        self._children: dict[str, _Field] = {}
        for path, _, _ in drops:
            children = self._children
            *above, last = path.split(".")
            for name in above:
                children = children.setdefault(name, _Field()).children
            children.setdefault(last, _Field()).path = path

    def found(self, payload: Any) -> list[Drop]:
        """The drops whose field ``payload`` holds, in the order in which they are declared."""
        paths: set[str] = set()
        _look(self._children, payload, paths, self._paths)
        return [drop for drop in self._drops if drop.path in paths] if paths else []


class _Field:
    """A field: its path where it is dropped itself, and the fields inside it that are."""

    __slots__ = ("children", "path")

    def __init__(self) -> None:
        self.path = ""
        self.children: dict[str, _Field] = {}


def _look(fields: Mapping[str, _Field], value: Any, paths: set[str], most: int) -> None:
    """Add to ``paths`` those of the fields that ``value`` holds, of which there are ``most``."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, dict):
            for name, field in fields.items():
                if name not in item:
                    continue
                inner = item[name]
                if field.path and inner != []:
                    paths.add(field.path)
                if field.children:
                    _look(field.children, inner, paths, most)
        elif isinstance(item, list):
            _look(fields, item, paths, most)
        if len(paths) == most:
            return
