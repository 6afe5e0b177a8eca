"""The crosswalk as one self-contained HTML page: pairs, actions, fields, losses."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..describe import describe
from ..mapping.pack import PairMappings
from ..protocol import protocol
from ..versions import Side
from .checker import Report

_PAGE = Path(__file__).with_name("crosswalk.html")
_DATA = "/*DATA*/"


def as_html(report: Report) -> str:
    """The page for the mappings that ``report`` is about, with its findings beside the files that they are in."""
    assert report.crosswalk is not None
    pairs = [_pair(report.crosswalk.mappings(pair)) for pair in report.pairs]
    findings = [finding.as_json() for finding in report.findings]
    data = json.dumps({"pairs": pairs, "findings": findings}, ensure_ascii=False).replace("</", "<\\/")
    return _PAGE.read_text("utf-8").replace(_DATA, data)


def _pair(mappings: PairMappings) -> dict[str, Any]:
    pair = mappings.pair
    sides = []
    for side in Side:
        actions: list[dict[str, Any]] = []
        for action in protocol(pair.version(side)).sends(side):
            mapping = mappings.find(side, action)
            if mapping is None:
                actions.append({"action": action, "kind": "missing"})
                continue
            file = Path(mapping.at.file)
            shown = (
                file.relative_to(file.parents[2]) if file.parent.name.startswith("from-") else Path(*file.parts[-2:])
            )
            actions.append(
                {
                    **asdict(describe(mapping)),
                    "file": str(shown),
                    "line": mapping.at.line,
                    "source": _source(file, mapping.at.line),
                }
            )
        sides.append({"side": str(side), "version": str(pair.version(side)), "actions": actions})
    return {
        "pair": str(pair),
        "station": str(pair.station),
        "csms": str(pair.csms),
        "sides": sides,
        "drops": dict(mappings.drops),
    }


def _source(file: Path, line: int) -> str:
    """The text of a mapping's file; of a pair's table of refusals, the entry at ``line``."""
    lines = file.read_text("utf-8-sig").splitlines()
    if file.name != "pair.yaml":
        return "\n".join(lines)
    entry = lines[line - 1 : line]
    indent = len(entry[0]) - len(entry[0].lstrip()) if entry else 0
    for text in lines[line:]:
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            break
        entry.append(text)
    return "\n".join(entry)
