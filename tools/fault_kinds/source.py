"""A mapping file as `fault_kinds` edits it: as text and as a document, and what all kinds of faults need."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ocpp_crosswalk.expressions.parse import ExpressionError, offset_of, parse, walk
from ocpp_crosswalk.mapping.document import Document, PathInDocument, parse_document

_TEMPLATES = ("request", "response", "answer", "let", "after", "template", "types", "error", "instead")
CONDITIONS = ("when", "$when")
_UNWRITTEN = {"drops", "let", "after", "of", "else", "$with"}


class Edit(NamedTuple):
    """One edit: what was done, on which line, and the file's new text."""

    what: str
    line: int
    text: str


Kind = Callable[["Source", random.Random], Edit | None]


class Source:
    """A mapping file as text and as a document, for edits at known places."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text
        self.lines = text.splitlines()
        self.document: Document = parse_document(text, str(file))
        self.value: Any = self.document.value

    def at(self, path: PathInDocument) -> Any:
        """The value at ``path``."""
        value = self.value
        for step in path:
            value = value[step]
        return value

    def line(self, path: PathInDocument) -> int:
        """The line that the value at ``path`` stands on."""
        return self.document.position(path).line

    def scalars(self, *last: str) -> Iterator[tuple[PathInDocument, Any]]:
        """Every scalar with its path; with ``last``, those whose key is one of these."""
        for path, value in _scalars(self.value, ()):
            if not last or path[-1] in last:
                yield path, value

    def written(self) -> Iterator[PathInDocument]:
        """Every field that a template writes with one scalar."""
        for path, _ in self.scalars():
            steps = [step for step in path if isinstance(step, str)]
            inside = any(step in ("request", "response", "answer") for step in path[:-1])
            if inside and not steps[-1].startswith("$") and not _UNWRITTEN & set(steps) and "drops" not in steps:
                yield path

    def expressions(self) -> Iterator[tuple[PathInDocument, str]]:
        """Every expression that stands on one line, so that places in it are known."""
        for path, value in self.scalars():
            if not isinstance(value, str) or path[-1] in ("$const", "$table", "$part", "because", "name", "refuse"):
                continue
            inside = any(step in _TEMPLATES for step in path[:-1]) or path[-1] in _TEMPLATES
            if (inside or path[-1] in (*CONDITIONS, "$each", "$with", "each", "once", "insist")) and (
                "drops" not in path and "$type" not in path and not self.document.position(path).folded
            ):
                yield path, value

    def changed(self, path: PathInDocument, change: Callable[[str], str], what: str) -> Edit | None:
        """An edit of the scalar at ``path``; None when it cannot be changed on its line."""
        at = self.document.position(path)
        value = self.at(path)
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        line, start = self.lines[at.line - 1], at.column - 1
        if at.folded or line[start : start + len(shown)] != shown:
            return None
        return self.with_line(at.line, line[:start] + change(shown) + line[start + len(shown) :], what)

    def with_line(self, number: int, line: str, what: str) -> Edit | None:
        """An edit that replaces line ``number``."""
        if line == self.lines[number - 1]:
            return None
        return Edit(what, number, "\n".join([*self.lines[: number - 1], line, *self.lines[number:]]) + "\n")

    def block(self, path: PathInDocument) -> tuple[int, int] | None:
        """The lines (first, and the one after the last) of the block entry at ``path``; None in a flow collection."""
        last = path[-1]
        at = self.line(path)
        wanted = "- " if isinstance(last, int) else f"{last}:"
        number = next((n for n in range(at, 0, -1) if self.lines[n - 1].strip().startswith(wanted)), None)
        if number is None or at - number > 1:
            return None
        indent = len(self.lines[number - 1]) - len(self.lines[number - 1].lstrip())
        end = number
        while end < len(self.lines) and (
            not self.lines[end].strip() or len(self.lines[end]) - len(self.lines[end].lstrip()) > indent
        ):
            end += 1
        return number, end + 1

    def without(self, path: PathInDocument, what: str) -> Edit | None:
        """An edit that removes the entry at ``path``."""
        found = self.block(path)
        if found is None:
            return self._without_in_flow(path, what)
        first, after = found
        return Edit(what, first, "\n".join(self.lines[: first - 1] + self.lines[after - 1 :]) + "\n")

    def _without_in_flow(self, path: PathInDocument, what: str) -> Edit | None:
        number = self.line(path)
        line = self.lines[number - 1]
        changed = re.sub(rf"(?<=[{{ ]){re.escape(str(path[-1]))}: [^,{{}}\[\]]+(?:, |(?=}}))", "", line, count=1)
        return self.with_line(number, changed, what)


def _scalars(value: Any, path: PathInDocument) -> Iterator[tuple[PathInDocument, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path, value


def pick(rng: random.Random, rows: Any) -> Any:
    """One of the rows by chance; None when there is none."""
    found = list(rows)
    return rng.choice(found) if found else None


@cache
def nodes(text: str) -> list[Any]:
    """Every node of an expression; none when it is none."""
    try:
        return list(walk(parse(text)))
    except ExpressionError:
        return []


def in_expression(
    source: Source,
    rng: random.Random,
    wanted: Callable[[Any], bool],
    pattern: Callable[[Any], str],
    change: Callable[[Any, str], str],
) -> Edit | None:
    """Change what ``pattern`` (a regular expression) matches where a ``wanted`` node of an expression stands."""
    rows = [(path, text, node) for path, text in source.expressions() for node in nodes(text) if wanted(node)]
    chosen = pick(rng, rows)
    if chosen is None:
        return None
    path, text, node = chosen
    start = offset_of(node, text)
    found = re.compile(pattern(node)).match(text, start)
    if found is None:
        return None
    new = text[: found.start()] + change(node, found[0]) + text[found.end() :]
    return source.changed(path, lambda _: new, f"{text!r} becomes {new!r}")
