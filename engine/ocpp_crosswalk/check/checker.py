"""Runs the whole checker: what can be said without running mappings, their cases, and the proof by generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..crosswalk import Crosswalk
from ..diagnostics import Diagnostic, Diagnostics, MappingError, Position, Severity
from ..resources import folder
from ..versions import Pair
from .cases import play_cases
from .prove import Proof, never_taken, prove
from .static import check_pack

UNUSABLE = frozenset({"XW100"})
"""Findings that leave nothing to check."""


@dataclass
class Report:
    """What a run of the checker found and did. Times are in seconds."""

    findings: list[Diagnostic] = field(default_factory=list)
    pairs: tuple[Pair, ...] = ()
    mappings: int = 0
    cases: int = 0
    static_seconds: float = 0.0
    proof_seconds: float = 0.0
    proofs: dict[Pair, Proof] = field(default_factory=dict)
    crosswalk: Crosswalk | None = None

    @property
    def exit_code(self) -> int:
        """0 when nothing was found, 1 with findings, 2 when the input cannot be used at all."""
        if self.crosswalk is None and any(finding.code in UNUSABLE for finding in self.findings):
            return 2
        return int(any(finding.severity is not Severity.NOTE for finding in self.findings))


def check(
    layers: Sequence[Path | str] = (),
    *,
    builtin: bool = True,
    hooks: Sequence[Path | str] = (),
    pairs: Sequence[Pair] | None = None,
    examples: int = 50,
    seed: int = 1,
    progress: Callable[[int], Callable[[], None]] | None = None,
) -> Report:
    """Check the built-in mappings with ``layers`` laid over them.

    The cases are those of ``layers``, or the built-in ones where there are none: a layer may well change what they say.
    Of the built-in files under ``layers`` only errors are told: these layers cause them.
    A file with errors is not run: neither its cases nor generated calls.
    ``examples`` calls are generated for each action (0: no proof); ``progress`` is told how many actions there are,
    and gives what to call after each.
    """
    report = Report()
    began = time.perf_counter()
    try:
        crosswalk = Crosswalk.load(layers, hooks=hooks, builtin=builtin)
    except MappingError as error:
        report.findings = error.diagnostics
        return report
    report.crosswalk = crosswalk
    report.pairs = tuple(pairs or crosswalk.pairs)
    report.findings = check_pack(crosswalk.pack, report.pairs)
    if not report.pairs:
        at = Position(", ".join(map(str, layers)))
        remedy = "Mappings stand in the folder of a pair, as ocpp1.6--ocpp2.1, with a pair.yaml."
        report.findings.append(Diagnostic("XW111", at, "there are no mappings of any pair", remedy))
    report.static_seconds = time.perf_counter() - began
    usable = [pair for pair in report.pairs if _loads(crosswalk, pair)]
    report.mappings = sum(len(crosswalk.mappings(pair).mappings) for pair in usable)
    diagnostics = Diagnostics()
    roots = [Path(layer) for layer in layers] or [folder("mappings")]
    faulty = {finding.at.file for finding in report.findings if finding.severity is Severity.ERROR}
    taken: dict[Pair, set[tuple[str, str, str]]] = {}
    for pair in usable:
        played, taken[pair] = play_cases(crosswalk, pair, roots, diagnostics, faulty)
        report.cases += played
    if examples > 0:
        began = time.perf_counter()
        advance = progress(report.mappings) if progress else lambda: None
        for pair in usable:
            proof = prove(
                crosswalk,
                pair,
                examples=examples,
                seed=seed,
                diagnostics=diagnostics,
                advance=advance,
                passed_over=faulty,
            )
            report.proofs[pair] = proof
            diagnostics.items.extend(never_taken(crosswalk, pair, proof, taken[pair], faulty))
        report.proof_seconds = time.perf_counter() - began
    report.findings += diagnostics.items
    if layers and builtin:
        own = [Path(layer).resolve() for layer in layers]
        report.findings = [finding for finding in report.findings if _concerns(finding, own)]
    return report


def _concerns(finding: Diagnostic, own: Sequence[Path]) -> bool:
    file = Path(finding.at.file).resolve()
    return finding.severity is Severity.ERROR or any(file.is_relative_to(layer) for layer in own)


def _loads(crosswalk: Crosswalk, pair: Pair) -> bool:
    try:
        crosswalk.mappings(pair)
    except MappingError:
        return False
    return True
