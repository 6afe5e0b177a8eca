"""The names that an expression uses: variables from outside, and functions that it calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from jsonata import Jsonata

from .parse import Node, walk

UNAVAILABLE = {
    "now": "the time comes from the session",
    "millis": "the time comes from the session: use $utc or $now",
    "random": "a replayed conversation has to give the same frames",
    "shuffle": "a replayed conversation has to give the same frames",
    "eval": "an expression has to be known when it is checked",
}
"""Functions of JSONata that mappings may not call, and why."""


def is_builtin(name: str) -> bool:
    """Whether JSONata itself has a function of this name that mappings may call."""
    return name not in UNAVAILABLE and Jsonata.static_frame.lookup(name) is not None


def builtins() -> list[str]:
    """The names of JSONata's functions that mappings may call."""
    return sorted(name for name in Jsonata.static_frame.bindings if is_builtin(name))


@dataclass(frozen=True, slots=True)
class Arity:
    """How many arguments a function of JSONata takes; no ``most``: any number.

    ``context`` are the kinds of value (JSONata's letters) that it takes from what it is over where the first argument
    is left out; empty for a function that needs it.
    """

    least: int
    most: int | None
    context: str = ""

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.least} or more arguments"
        wanted = str(self.most) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{wanted} argument{'' if self.most == 1 else 's'}"


@cache
def arity(name: str) -> Arity | None:
    """How many arguments JSONata's function ``name`` takes; None where it has no such function."""
    if not is_builtin(name):
        return None
    parameters = Jsonata.static_frame.lookup(name).signature._params  # it tells the rest by failing only
    endless = any(parameter.regex.endswith("+") for parameter in parameters)
    least = sum(not parameter.regex.endswith("?") for parameter in parameters)
    context = str(parameters[0].type).strip("()") if parameters and parameters[0].context else ""
    return Arity(least, None if endless else len(parameters), context)


@lru_cache(maxsize=4096)  # as many as `parse` keeps: mappings have the same expression over and over
def names(node: Node) -> Mapping[str, int]:
    """Every `$name` that comes from outside the expression, with the offset of its first use.

    Names that the expression binds itself (`:=`, arguments of functions that it defines, `@` and `#`) are left out.
    """
    bound: set[str] = set()
    used: dict[str, int] = {}
    for part in walk(node):
        kind = getattr(part, "type", None)
        if kind == "bind":
            bound.add(str(part.lhs.value))
        elif kind == "lambda":
            bound.update(str(argument.value) for argument in part.arguments)
        for attribute in ("focus", "index"):
            inner = getattr(part, attribute, None)
            if isinstance(inner, str):
                bound.add(inner)
        if kind == "variable" and part.value not in ("", "$"):
            offset = _offset(part)
            used[str(part.value)] = min(offset, used.get(str(part.value), offset))
    return {name: offset for name, offset in used.items() if name not in bound}


def called(node: Node) -> set[str]:
    """Every name that is called as a function."""
    calls = (part for part in walk(node) if part.type in ("function", "partial"))
    return {str(call.procedure.value) for call in calls if call.procedure.type == "variable"}


def _offset(part: Any) -> int:
    position = getattr(part, "position", 0)
    name = str(part.value)
    return max(0, position - len(name) - 1) if isinstance(position, int) else 0
