"""`$copy`, made ready: a plan of what is copied becomes functions that do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..expressions import UNDEFINED, Scope
from .template import Convert, Copy, CopyList, Node

Copier = Callable[[Any, Scope], Any]


def copier(step: Copy | Convert | CopyList, run: Callable[[Node, Any, Scope], Any]) -> Copier:
    """The function that does what `step.evaluate` does; ``run`` evaluates the templates of its conversions."""
    if isinstance(step, Convert):
        node = step.node
        return lambda value, scope: run(node, value, scope)
    if isinstance(step, CopyList):
        return _list_copier(copier(step.item, run))
    steps = {name: copier(inner, run) for name, inner in step.fields.items() if inner is not None}
    plain = frozenset(name for name, inner in step.fields.items() if inner is None)
    return _object_copier(plain, steps) if steps else _plain_copier(plain)


def _list_copier(inner: Copier) -> Copier:
    def copy(value: Any, scope: Scope) -> Any:
        if not isinstance(value, list):
            return UNDEFINED
        return [made for item in value if (made := inner(item, scope)) is not UNDEFINED] or UNDEFINED

    return copy


def _plain_copier(names: frozenset[str]) -> Copier:
    def copy(value: Any, scope: Scope) -> Any:
        if not isinstance(value, dict):
            return UNDEFINED
        return {name: inner for name, inner in value.items() if name in names and inner is not None}

    return copy


def _object_copier(plain: frozenset[str], steps: dict[str, Copier]) -> Copier:
    def copy(value: Any, scope: Scope) -> Any:
        if not isinstance(value, dict):
            return UNDEFINED
        result: dict[str, Any] = {}
        for name, inner in value.items():
            if name in plain:
                if inner is not None:
                    result[name] = inner
            elif name in steps:
                made = steps[name](inner, scope)
                if made is not UNDEFINED and made is not None:
                    result[name] = made
        return result

    return copy
