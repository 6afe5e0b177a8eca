"""Patterns of payloads: exact but for ``"*"`` (anything) and ``"<name>"`` (the same value wherever it stands)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAME = re.compile(r"<[A-Za-z][A-Za-z0-9_' -]*>")
_SHOWN = 80

Differences = list[str]
"""Lines for people, one for each place where a value is not as awaited; empty when the value fits."""


def differences(pattern: Any, value: Any, bound: dict[str, Any]) -> Differences:
    """Where ``value`` is not as ``pattern`` says. Names that occur for the first time are put into ``bound``."""
    return list(_compare(pattern, value, bound, ""))


def filled(pattern: Any, bound: Mapping[str, Any]) -> Any:
    """``pattern`` with each ``"<name>"`` replaced by its value. Raises LookupError for a name without a value."""
    if isinstance(pattern, dict):
        return {key: filled(part, bound) for key, part in pattern.items()}
    if isinstance(pattern, list):
        return [filled(part, bound) for part in pattern]
    if _is_name(pattern):
        if pattern not in bound:
            raise LookupError(f"{pattern} has no value yet: no message that was awaited so far has it")
        return bound[pattern]
    return pattern


def _is_name(pattern: Any) -> bool:
    return isinstance(pattern, str) and _NAME.fullmatch(pattern) is not None


def _compare(pattern: Any, value: Any, bound: dict[str, Any], path: str) -> Iterator[str]:
    if pattern == "*":
        return
    if _is_name(pattern):
        if pattern not in bound:
            bound[pattern] = value
        elif not _equal(bound[pattern], value):
            yield f"{_at(path)}: {pattern} was {_shown(bound[pattern])}, is {_shown(value)}"
    elif isinstance(pattern, dict) and isinstance(value, dict):
        for key, part in pattern.items():
            if key in value:
                yield from _compare(part, value[key], bound, f"{path}.{key}")
            else:
                yield f"{_at(path + '.' + key)}: {_shown(part)} is missing"
        for key in value.keys() - pattern.keys():
            yield f"{_at(path + '.' + key)}: not awaited, is {_shown(value[key])}"
    elif isinstance(pattern, list) and isinstance(value, list):
        for index, (part, item) in enumerate(zip(pattern, value, strict=False)):
            yield from _compare(part, item, bound, f"{path}[{index}]")
        for index in range(len(value), len(pattern)):
            yield f"{_at(path)}[{index}]: {_shown(pattern[index])} is missing"
        for index in range(len(pattern), len(value)):
            yield f"{_at(path)}[{index}]: not awaited, is {_shown(value[index])}"
    elif not _equal(pattern, value):
        yield f"{_at(path)}: awaited {_shown(pattern)}, is {_shown(value)}"


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _at(path: str) -> str:
    return path.removeprefix(".") or "the payload"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
