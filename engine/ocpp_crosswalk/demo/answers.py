"""Answers as data: templates whose strings are JSONata over the call that is answered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..expressions import UNDEFINED, Expression, Scope
from ..schemas import violation
from ..versions import Version


@cache
def script(name: str) -> Mapping[str, Any]:
    """The file ``name`` of this folder."""
    loaded: Mapping[str, Any] = yaml.safe_load((Path(__file__).with_name(name)).read_text("utf-8"))
    return loaded


class Answers:
    """What a simulated peer answers, and the numbers that it gives away."""

    def __init__(self, version: Version, templates: Mapping[str, Any]) -> None:
        self._version = version
        self._templates = templates
        self._numbers = 0

    def to(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a call; None for an action that the peer does not know."""
        template = self._templates.get(action)
        if template is None:
            return {} if violation(self._version, action, "response", {}, formats=True) is None else None
        self._numbers += 1
        filled = fill(template, payload, number=self._numbers)
        return {} if filled is UNDEFINED else dict(filled)


def fill(template: Any, payload: Any, **variables: Any) -> Any:
    """A template with its strings evaluated over ``payload``; `$time` is the time. What is undefined is left
    out, and so is an object that has nothing else."""
    if isinstance(template, dict):
        members = {name: fill(inner, payload, **variables) for name, inner in template.items()}
        there = {name: value for name, value in members.items() if value is not UNDEFINED}
        return there if there or not template else UNDEFINED
    if isinstance(template, list):
        return [fill(inner, payload, **variables) for inner in template]
    if not isinstance(template, str):
        return template
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _expression(template).evaluate(payload, Scope({"time": now, **variables}))


@cache
def _expression(source: str) -> Expression:
    return Expression(source, {})
