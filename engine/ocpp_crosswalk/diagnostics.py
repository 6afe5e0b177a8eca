"""What a loader or the checker says about a file: a stable code, a place, a cause and a remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad a finding is. Only errors stop a set of mappings from being used."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; lines and columns count from 1. At a ``folded`` one begins a text of several lines."""

    file: str
    line: int = 1
    column: int = 1
    folded: bool = False

    def shifted(self, columns: int) -> Position:
        """The place ``columns`` further right on the same line; the same place where the text is folded."""
        return self if self.folded else Position(self.file, self.line, self.column + columns)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``path`` is the place inside the document (``response.idTagInfo.status``) or payload."""

    code: str
    at: Position
    message: str
    remedy: str = ""
    path: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        remedy = f"\n    {self.remedy}" if self.remedy else ""
        return f"{self.at}: {self.severity} {self.code}{where}: {self.message}{remedy}"

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "file": self.at.file,
            "line": self.at.line,
            "column": self.at.column,
            "path": self.path,
            "message": self.message,
            "remedy": self.remedy,
        }


class Diagnostics:
    """A list that findings are added to."""

    def __init__(self) -> None:
        self.items: list[Diagnostic] = []

    def add(
        self,
        code: str,
        at: Position,
        message: str,
        remedy: str = "",
        path: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note a finding, unless the very same is noted already."""
        finding = Diagnostic(code, at, message, remedy, path, severity)
        if finding not in self.items:
            self.items.append(finding)

    @property
    def errors(self) -> list[Diagnostic]:
        """The findings that are errors."""
        return [item for item in self.items if item.severity is Severity.ERROR]


class MappingError(Exception):
    """A set of mappings that cannot be used. ``diagnostics`` says why, one finding for each cause."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = list(diagnostics)
        super().__init__("\n".join(str(item) for item in self.diagnostics))


def suggestion(name: str, known: Iterable[str]) -> str:
    """``Did you mean 'x'?`` with the nearest of ``known``, or an empty string when none is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""
