"""What is gathered while mappings are checked one by one, and judged when all have been seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..diagnostics import Diagnostic, Position
from ..mapping.template import Table
from .types import Source


@dataclass
class TableUse:
    """The values that are looked up in a table, over all its uses; ``everything`` when they are not known."""

    looked_up: set[str] = field(default_factory=set)
    everything: bool = False


@dataclass
class Tables:
    """How the tables are used."""

    known: Mapping[str, Table]
    uses: dict[str, TableUse] = field(default_factory=dict)

    def use(self, name: str) -> TableUse:
        """The use of the table ``name``, to be added to."""
        return self.uses.setdefault(name, TableUse())


@dataclass
class Everywhere:
    """Findings that count only if they hold wherever a file is used: pairs inherit mappings and share parts."""

    _findings: dict[tuple[str, Position, str], Diagnostic | None] = field(default_factory=dict)

    def note(self, code: str, at: Position, subject: str, finding: Diagnostic | None) -> None:
        """Note what one use says about ``subject``: a finding, or None where all is well."""
        key = (code, at, subject)
        self._findings[key] = finding if self._findings.get(key, finding) is not None else None

    def findings(self) -> list[Diagnostic]:
        """The findings of every use."""
        return [finding for finding in self._findings.values() if finding is not None]


@dataclass(frozen=True)
class Flow:
    """A field that leaves and the fields that it is made of. ``message`` is the number of the call that leaves, or
    ``answer``."""

    message: str
    path: str
    sources: frozenset[Source]
