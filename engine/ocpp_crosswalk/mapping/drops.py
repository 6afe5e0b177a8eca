"""Finds in a payload the fields that are declared as dropped, in one pass over what the payload holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DropTree:
    """Declared drops, by dotted path with the reason, as a tree of field names."""

    __slots__ = ("_children", "_reasons")

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self._reasons = reasons
        self._children: dict[str, _Field] = {}
        for path in reasons:
            children = self._children
            *above, last = path.split(".")
            for name in above:
                children = children.setdefault(name, _Field()).children
            children.setdefault(last, _Field()).path = path

    def found(self, payload: Any) -> list[tuple[str, str]]:
        """The drops whose field ``payload`` holds, in the order in which they are declared: (path, reason)."""
        paths: set[str] = set()
        _look(self._children, payload, paths)
        return [(path, self._reasons[path]) for path in self._reasons if path in paths] if paths else []


class _Field:
    """A field: its path where it is dropped itself, and the fields inside it that are."""

    __slots__ = ("children", "path")

    def __init__(self) -> None:
        self.path = ""
        self.children: dict[str, _Field] = {}


def _look(fields: Mapping[str, _Field], value: Any, paths: set[str]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            field = fields.get(name)
            if field is None:
                continue
            if field.path and inner != []:
                paths.add(field.path)
            if field.children:
                _look(field.children, inner, paths)
    elif isinstance(value, list):
        for item in value:
            _look(fields, item, paths)
