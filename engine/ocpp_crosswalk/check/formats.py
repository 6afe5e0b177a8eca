"""What the checker says, for people and for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from ..codes import codes
from ..diagnostics import Diagnostic, Severity
from .checker import Report

_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def as_text(report: Report) -> str:
    """The findings in the manner of a compiler, each with its line of source, and a summary."""
    lines: list[str] = []
    for finding in _sorted(report):
        where = f" at {finding.path}" if finding.path else ""
        lines.append(
            f"{_shown(finding.at.file)}:{finding.at.line}:{finding.at.column}: {finding.severity} {finding.code}{where}"
        )
        lines.append(f"    {finding.message}")
        source = _source(finding)
        if source:
            lines += [f"  | {source}", f"  | {' ' * (finding.at.column - 1)}^"]
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    lines.append(summary(report))
    return "\n".join(lines)


def summary(report: Report) -> str:
    """One line: how much was checked, how long it took, what was found."""
    counts = Counter(finding.severity for finding in report.findings)
    found = ", ".join(f"{count} {severity}s" for severity, count in sorted(counts.items())) or "no findings"
    text = f"{found}; {report.mappings} mappings of {len(report.pairs)} pairs checked in {report.static_seconds:.1f} s"
    if report.cases:
        text += f", {report.cases} cases played"
    calls = sum(proof.calls for proof in report.proofs.values())
    if calls:
        frames = sum(proof.frames for proof in report.proofs.values())
        text += f", {calls} generated calls ({frames} frames) in {report.proof_seconds:.1f} s"
    return text


def as_json(report: Report) -> str:
    """One JSON object: `findings`, and figures."""
    document = {
        "findings": [{**finding.as_json(), "file": _shown(finding.at.file)} for finding in _sorted(report)],
        "pairs": [str(pair) for pair in report.pairs],
        "mappings": report.mappings,
        "cases": report.cases,
        "staticSeconds": round(report.static_seconds, 3),
        "generatedCalls": sum(proof.calls for proof in report.proofs.values()),
        "proofSeconds": round(report.proof_seconds, 3),
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_junit(report: Report) -> str:
    """JUnit XML, as Jenkins describes it: one test for each file with findings, and one for all the others."""
    by_file: dict[str, list[Diagnostic]] = {}
    for finding in _sorted(report):
        if finding.severity is not Severity.NOTE:
            by_file.setdefault(_shown(finding.at.file), []).append(finding)
    suite = ElementTree.Element(
        "testsuite", name="ocpp-crosswalk check", tests=str(len(by_file) + 1), failures=str(len(by_file))
    )
    ElementTree.SubElement(suite, "testcase", classname="mappings", name=summary(report))
    for file, findings in by_file.items():
        case = ElementTree.SubElement(suite, "testcase", classname="mappings", name=file)
        message = f"{findings[0].code}: {findings[0].message}"
        failure = ElementTree.SubElement(case, "failure", type=findings[0].severity, message=message)
        failure.text = "\n".join(str(finding) for finding in findings)
    return ElementTree.tostring(suite, encoding="unicode")


def as_github(report: Report) -> str:
    """Workflow commands that GitHub shows beside the lines of a change."""
    kinds = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    lines = []
    for finding in _sorted(report):
        place = f"file={_shown(finding.at.file)},line={finding.at.line},col={finding.at.column},title={finding.code}"
        text = f"{finding.message} {finding.remedy}".strip().replace("%", "%25").replace("\n", "%0A")
        lines.append(f"::{kinds[finding.severity]} {place}::{text}")
    return "\n".join([*lines, summary(report)])


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0, for code scanning."""
    used = sorted({finding.code for finding in report.findings})
    rules = [
        {"id": number, "fullDescription": {"text": codes()[number].means}, "help": {"text": codes()[number].do}}
        for number in used
    ]
    results: list[Mapping[str, Any]] = [
        {
            "ruleId": finding.code,
            "level": _LEVELS[finding.severity],
            "message": {"text": f"{finding.message} {finding.remedy}".strip()},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _uri(finding.at.file)},
                        "region": {"startLine": finding.at.line, "startColumn": finding.at.column},
                    }
                }
            ],
        }
        for finding in _sorted(report)
    ]
    driver = {"name": "ocpp-crosswalk", "version": version("ocpp-crosswalk"), "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=1, ensure_ascii=False)


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "github": as_github,
    "sarif": as_sarif,
}
"""By the name that `--format` takes."""


def _sorted(report: Report) -> list[Diagnostic]:
    order = list(Severity)
    return sorted(
        report.findings, key=lambda f: (order.index(f.severity), f.at.file, f.at.line, f.at.column, f.code, f.path)
    )


def _shown(file: str) -> str:
    """A file's name from the current folder, where it is below that."""
    try:
        return str(Path(file).resolve().relative_to(Path.cwd()))
    except ValueError:
        return file


def _uri(file: str) -> str:
    """The same as a URI."""
    path = Path(_shown(file))
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _source(finding: Diagnostic) -> str:
    try:
        return Path(finding.at.file).read_text("utf-8-sig").splitlines()[finding.at.line - 1]
    except (OSError, IndexError, UnicodeDecodeError):
        return ""
