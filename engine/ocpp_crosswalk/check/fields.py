"""The fields of both sides of a mapping, joined: where each one that arrives goes, and what each one that leaves is of.

The HTML crosswalk draws this. What goes where is what the type checker finds, through bindings, parts and copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..mapping import model
from ..protocol import protocol
from ..schemas import leaves, request_schema, response_schema
from ..versions import Side
from .lost import REQUEST, arrives, covered, reply_of
from .mappings import RouteFlow
from .types import Schema

Rows = list[list[Any]]


def arriving_fields(
    mapping: model.Mapping, route: model.Route, flow: RouteFlow, everywhere: Mapping[str, str]
) -> dict[str, Rows]:
    """For the call and the answers to it: a row ``[path, state, [[message, path], ...], reason]`` for each field.

    The states: ``carried`` (under its own name), ``changed`` (into others), ``kept`` (by the link), ``asked`` (it only
    decides something), ``lost``, and ``unsaid`` where the checker has a finding. Fields that cannot arrive in this
    route have no row, and neither have those that the pair drops ``everywhere``.
    """
    if mapping.origin == "timer":
        return {}
    side = Side(mapping.origin)
    near, far = mapping.pair.version(side), mapping.pair.version(side.other)
    drops = mapping.drops.merged(route.drops)
    schema = request_schema(near, mapping.action)
    result = {"request": list(_rows(schema, REQUEST, flow, "request", drops.request, everywhere))}
    if isinstance(route.outcome, model.Forward):
        for action in dict.fromkeys(send.action for send in route.outcome.steps):
            known = protocol(far).actions.get(action)
            if known is not None and not known.send:
                reply = response_schema(far, action)
                result[f"{action} answer"] = list(
                    _rows(reply, reply_of(action), flow, "response", drops.response, everywhere)
                )
    return result


def _rows(
    schema: Schema, payload: str, flow: RouteFlow, which: str, drops: Mapping[str, str], everywhere: Mapping[str, str]
) -> Iterator[list[Any]]:
    goes: dict[tuple[str, ...], list[list[str]]] = {}
    for one in flow.flows:
        for source in one.sources:
            if source.payload == payload:
                goes.setdefault(source.path, []).append([one.message, one.path])
    read = {source.path for source in flow.reads.fields if source.payload == payload}
    asked = {source.path for source in flow.reads.asked if source.payload == payload}
    for leaf in leaves(schema):
        path = tuple(leaf.path.split("."))
        above = [path[:length] for length in range(len(path) + 1)]
        targets = [target for prefix in above for target in goes.get(prefix, ())]
        if which == "request" and not arrives(flow.arriving, list(path)):
            continue
        if not targets and not everywhere.keys().isdisjoint(path):
            continue
        if targets:
            same = any(target.replace("[]", "") == leaf.path for _, target in targets)
            yield [leaf.path, "carried" if same else "changed", _unique(targets), _reason(leaf.path, drops)]
        elif reason := _reason(leaf.path, drops):
            yield [leaf.path, "lost", [], reason]
        elif any(prefix in read for prefix in above):
            yield [leaf.path, "kept", [], ""]
        elif any(prefix in asked for prefix in above):
            yield [leaf.path, "asked", [], ""]
        else:
            yield [leaf.path, "unsaid", [], ""]


def made_of(flow: RouteFlow) -> dict[str, list[Any]]:
    """For each message that leaves: rows ``[path, [what it is made of, ...]]``; of an answer it is ``action: path``."""
    result: dict[str, list[Any]] = {}
    for one in flow.flows:
        names = sorted(
            ".".join(source.path)
            if source.payload == REQUEST
            else f"{source.payload.removeprefix('reply ')}: {'.'.join(source.path)}"
            for source in one.sources
        )
        result.setdefault(one.message, []).append([one.path, names])
    return result


def _unique(targets: list[list[str]]) -> list[list[str]]:
    return [list(target) for target in dict.fromkeys(map(tuple, targets))]


def _reason(path: str, drops: Mapping[str, str]) -> str:
    return next((reason for drop, reason in drops.items() if covered(path, {drop: reason})), "")


__all__ = ["arriving_fields", "made_of"]
