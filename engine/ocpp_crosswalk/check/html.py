"""The crosswalk as one self-contained HTML page: pairs, actions, fields, losses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..describe import Line, RouteDescription, describe
from ..diagnostics import Diagnostics
from ..mapping import model
from ..mapping.pack import PairMappings
from ..protocol import protocol
from ..versions import Side
from .checker import Report
from .fields import arriving_fields, made_of
from .gathered import Everywhere, Tables
from .mappings import RouteFlow, Shared, route_flows

_PAGE = Path(__file__).with_name("crosswalk.html")
_DATA = "/*DATA*/"


def as_html(report: Report) -> str:
    """The page for the mappings that ``report`` is about, with its findings beside the files that they are in."""
    assert report.crosswalk is not None
    pack = report.crosswalk.pack
    shared = Shared(pack.resources.functions, pack.settings, Tables(pack.resources.tables), Everywhere(), Diagnostics())
    usable = [pair for pair in report.pairs if not pack.findings(pair)]
    pairs = [_pair(report.crosswalk.mappings(pair), shared) for pair in usable]
    findings = [finding.as_json() for finding in report.findings]
    data = json.dumps({"pairs": pairs, "findings": findings}, ensure_ascii=False, separators=(",", ":"))
    return _PAGE.read_text("utf-8").replace(_DATA, data.replace("</", "<\\/"))


def _pair(mappings: PairMappings, shared: Shared) -> dict[str, Any]:
    pair = mappings.pair
    sides = []
    for side in Side:
        actions: list[dict[str, Any]] = []
        for action in protocol(pair.version(side)).sends(side):
            mapping = mappings.find(side, action)
            actions.append(
                {"action": action, "kind": "missing"} if mapping is None else _action(mapping, shared, mappings)
            )
        sides.append({"side": str(side), "version": str(pair.version(side)), "actions": actions})
    return {
        "pair": str(pair),
        "station": str(pair.station),
        "csms": str(pair.csms),
        "sides": sides,
        "drops": dict(mappings.drops),
    }


def _action(mapping: model.Mapping, shared: Shared, mappings: PairMappings) -> dict[str, Any]:
    told = describe(mapping)
    flows = route_flows(mapping, shared)
    file = Path(mapping.at.file)
    shown = file.relative_to(file.parents[2]) if file.parent.name.startswith("from-") else Path(*file.parts[-2:])
    routes = [
        _route(mapping, route, flow, description, mappings)
        for route, flow, description in zip(mapping.routes, flows, told.routes, strict=True)
    ]
    return {
        "action": told.action,
        "kind": told.kind,
        "note": told.note,
        "spec": told.spec,
        "bindings": [[line.path, line.value, []] for line in told.bindings],
        "routes": routes,
        "file": str(shown),
        "line": mapping.at.line,
        "source": _source(file, mapping.at.line),
    }


def _route(
    mapping: model.Mapping,
    route: model.Route,
    flow: RouteFlow,
    description: RouteDescription,
    mappings: PairMappings,
) -> dict[str, Any]:
    made = made_of(flow)
    fields = arriving_fields(mapping, route, flow, mappings.drops)
    if not isinstance(route.outcome, model.Forward):
        fields = {}
    return {
        "name": description.name,
        "when": " ".join(description.condition.split()),
        "kind": description.kind,
        "because": description.because,
        "bindings": [[line.path, line.value, []] for line in description.bindings],
        "fields": fields,
        "messages": [
            {
                "to": message.to,
                "action": message.action,
                "condition": " ".join(message.condition.split()),
                "rows": _leaving(message.lines, made.get(str(number), [])),
            }
            for number, message in enumerate(description.messages)
        ],
        "answer": _leaving(description.answer, made.get("answer", [])),
        "lost": description.lost,
    }


def _leaving(lines: Iterable[Line], made: list[list[Any]]) -> list[list[Any]]:
    """Rows ``[path, how it comes about, [what it is made of, ...]]`` of a message that leaves."""
    of = dict(map(tuple, made))
    rows: list[list[Any]] = [[line.path, line.value, of.pop(line.path, [])] for line in lines]
    return rows + [[path, "", sources] for path, sources in of.items()]


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
