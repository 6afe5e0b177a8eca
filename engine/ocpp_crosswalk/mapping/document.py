"""YAML read with the position of every value.

Only what YAML 1.2 calls the core schema is resolved (true, false, null, numbers), so that `on`, `No` or a date
stay the strings that they look like. Duplicate keys, tags and aliases within what they stand for are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ..diagnostics import Diagnostic, MappingError, Position

PathInDocument = tuple[str | int, ...]

_DEEPEST = 100
"""Levels of objects and lists in a file. None of the mappings has more than a dozen."""


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """libyaml's loader with YAML 1.2's resolvers."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


@dataclass(frozen=True)
class Document:
    """A YAML file: its plain ``value``, and where each part of it stands."""

    file: str
    value: Any
    positions: Mapping[PathInDocument, Position] = field(repr=False)

    def position(self, path: PathInDocument) -> Position:
        """The place of the value at ``path``, or of the nearest enclosing one that has a place."""
        while path not in self.positions and path:
            path = path[:-1]
        return self.positions.get(path, Position(self.file))

    def inside(self, path: PathInDocument, offset: int) -> Position:
        """The place ``offset`` characters into the scalar at ``path`` (its start when it spans lines)."""
        return self.position(path).shifted(offset)

    def patched(self, patch: Document) -> Document:
        """This document amended by ``patch``: objects are merged, null removes, everything else replaces. What the
        patch's `amend` says of a route, by its name, is merged into that route; a name that is not there is passed
        over."""
        positions = dict(self.positions)

        def merge(base: Any, over: Any, path: PathInDocument, source: PathInDocument) -> Any:
            if isinstance(base, dict) and isinstance(over, dict):
                result = dict(base)
                for key, value in over.items():
                    if value is None:
                        result.pop(key, None)
                    elif key in result:
                        result[key] = merge(result[key], value, (*path, key), (*source, key))
                    else:
                        result[key] = adopt(value, (*path, key), (*source, key))
                return result
            for stale in [known for known in positions if known[: len(path)] == path]:
                del positions[stale]
            return adopt(over, path, source)

        def adopt(value: Any, path: PathInDocument, source: PathInDocument) -> Any:
            for known, at in patch.positions.items():
                if known[: len(source)] == source:
                    positions[(*path, *known[len(source) :])] = at
            return value

        amend = patch.value.get("amend", {})
        said = {key: value for key, value in patch.value.items() if key not in ("amend", "patch")}
        merged = merge(self.value, said, (), ())
        for number, route in enumerate(merged.get("routes", ()) if amend else ()):
            name = route.get("name")
            if name in amend:
                merged = {**merged, "routes": list(merged["routes"])}
                merged["routes"][number] = merge(route, amend[name], ("routes", number), ("amend", name))
        return Document(self.file, merged, positions)


def load_document(path: Path, *, shown_as: str | None = None) -> Document:
    """Read the YAML file ``path``.

    ``shown_as`` is its name in findings (default: the path). Raises MappingError with one finding when the
    file cannot be read, is not YAML, or repeats a key.
    """
    file = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(
            [Diagnostic("XW100", Position(file), f"the file cannot be read: {error}", "It has to be UTF-8 text.")]
        ) from None
    except OSError as error:
        remedy = "Check the path, and who may read it."
        message = f"the file cannot be read: {error.strerror}"
        raise MappingError([Diagnostic("XW100", Position(file), message, remedy)]) from None
    return parse_document(text, file)


def parse_document(text: str, file: str) -> Document:
    """Like `load_document`, for a text that is at hand; ``file`` is its name in findings."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(file, None, {})
        reader = _Reader(loader, file)
        value = reader.read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        message = " ".join(part for part in (error.context, error.problem) if part)
        raise MappingError(
            [Diagnostic("XW101", at, f"this is not YAML: {message}", "Check indentation, quotes and colons here.")]
        ) from None
    except yaml.YAMLError as error:
        raise MappingError(
            [
                Diagnostic(
                    "XW101",
                    Position(file),
                    f"this is not YAML: {error}",
                    "Remove characters that YAML forbids.",
                )
            ]
        ) from None
    finally:
        loader.dispose()
    return Document(file, value, reader.positions)


class _Reader:
    """Turns YAML nodes into plain values and notes where each stands."""

    def __init__(self, loader: Any, file: str) -> None:
        self._loader = loader
        self._file = file
        self._open: list[yaml.Node] = []
        self.positions: dict[PathInDocument, Position] = {}

    def read(self, node: yaml.Node, path: PathInDocument) -> Any:
        """The value of ``node``, which stands at ``path``. Raises MappingError."""
        if node in self._open:
            message, remedy = "this contains itself, through an alias", "Write out what is meant."
            raise MappingError([Diagnostic("XW101", self._at(node), message, remedy, ".".join(map(str, path)))])
        if len(self._open) == _DEEPEST:
            message = f"this is nested more than {_DEEPEST} levels deep"
            raise MappingError([Diagnostic("XW101", self._at(node), message, "Take a level out.")])
        self._open.append(node)
        try:
            return self._read(node, path)
        finally:
            self._open.pop()

    def _at(self, node: yaml.Node) -> Position:
        return Position(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _read(self, node: yaml.Node, path: PathInDocument) -> Any:
        start = node.start_mark
        at = self._at(node)
        if isinstance(node, yaml.MappingNode):
            result: dict[str, Any] = {}
            keys_at: dict[str, Position] = {}
            for key_node, value_node in node.value:
                key_at = self._at(key_node)
                if not isinstance(key_node, yaml.ScalarNode):
                    raise MappingError([Diagnostic("XW101", key_at, "a key has to be a plain word")])
                key = str(key_node.value)
                if key in result:
                    raise MappingError(
                        [
                            Diagnostic(
                                "XW102",
                                key_at,
                                f"the key {key!r} stands here a second time; it first stands at {keys_at[key]}",
                                "Keep one of the two.",
                                ".".join(map(str, path)),
                            )
                        ]
                    )
                keys_at[key] = key_at
                result[key] = self.read(value_node, (*path, key))
                if not isinstance(value_node, yaml.ScalarNode):
                    self.positions[(*path, key)] = key_at
            self.positions[path] = at
            return result
        if isinstance(node, yaml.SequenceNode):
            self.positions[path] = at
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        single_line = node.end_mark.line == start.line
        at = replace(at, folded=not single_line)
        quoted = single_line and getattr(node, "style", None) in ("'", '"')
        self.positions[path] = at.shifted(1) if quoted else at
        return self._loader.construct_object(node)
