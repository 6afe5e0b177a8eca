"""Faults that leave a mapping as valid as before, which says something else."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.schemas import request_schema, response_schema
from ocpp_crosswalk.versions import Version

from .source import CONDITIONS, Edit, Source, in_expression, nodes, pick


@cache
def _enumerations() -> list[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()

    def look(schema: Any) -> None:
        if isinstance(schema, dict):
            if "enum" in schema and all(isinstance(value, str) for value in schema["enum"]):
                found.add(tuple(schema["enum"]))
            for inner in schema.values():
                look(inner)

    for version in Version:
        for action, known in protocol(version).actions.items():
            look(request_schema(version, action))
            if not known.send:
                look(response_schema(version, action))
    return sorted(found)


def _another(rng: random.Random, value: str) -> str | None:
    """Another value of an enumeration that has ``value``."""
    homes = [values for values in _enumerations() if value in values and len(values) > 1]
    return rng.choice([other for other in rng.choice(homes) if other != value]) if homes else None


def other_constant(source: Source, rng: random.Random) -> Edit | None:
    """Write another constant of the same enumeration."""
    path = pick(rng, (path for path, _ in source.scalars("$const") if "drops" not in path))
    other = _another(rng, str(source.at(path))) if path is not None else None
    return None if other is None else source.changed(path, lambda _: other, f"{source.at(path)} becomes {other}")


def other_text(source: Source, rng: random.Random) -> Edit | None:
    """Compare with, or give, another value of the same enumeration."""
    return in_expression(
        source,
        rng,
        lambda n: n.type == "string" and _another(rng, str(n.value)) is not None,
        lambda n: f"['\"]{re.escape(str(n.value))}['\"]",
        lambda n, t: t[0] + str(_another(rng, str(n.value))) + t[-1],
    )


def swap_table_targets(source: Source, rng: random.Random) -> Edit | None:
    """Exchange the results of two rows of a table."""
    rows = [(p, v) for p, v in source.scalars() if p[0] == "values" and len(p) == 2 and isinstance(v, str)]
    if "table" not in source.value or len({value for _, value in rows}) < 2:
        return None
    one, other = rng.choice(rows), rng.choice(rows)
    if one[1] == other[1]:
        return None
    first = source.changed(one[0], lambda _: other[1], f"{one[0][-1]} and {other[0][-1]} change places")
    if first is None:
        return None
    return Source(source.file, first.text).changed(other[0], lambda _: one[1], first.what)


def other_number(source: Source, rng: random.Random) -> Edit | None:
    """Change a number in an expression: a factor, a limit, an index."""
    return in_expression(
        source, rng, lambda n: n.type == "number", lambda n: r"\d+(\.\d+)?", lambda n, t: str(int(float(t)) + 1)
    )


def written_number(source: Source, rng: random.Random) -> Edit | None:
    """Change a number or boolean that a template writes."""
    path = pick(rng, (p for p in source.written() if isinstance(source.at(p), (int, float))))
    if path is None:
        return None
    value = source.at(path)
    new = str(not value).lower() if isinstance(value, bool) else str(value + 1)
    return source.changed(path, lambda _: new, f"{path[-1]}: {value} becomes {new}")


def remove_when(source: Source, rng: random.Random) -> Edit | None:
    """Take away a condition."""
    path = pick(rng, (path for path, value in source.scalars(*CONDITIONS) if value != "true" and "drops" not in path))
    return None if path is None else source.changed(path, lambda _: '"true"', f"{source.at(path)!r} becomes true")


def negate_when(source: Source, rng: random.Random) -> Edit | None:
    """Turn a condition round."""
    path = pick(rng, (path for path, value in source.scalars(*CONDITIONS) if value != "true" and "drops" not in path))
    return None if path is None else source.changed(path, lambda t: f"$not({t})", f"not {source.at(path)!r}")


_OPERATORS = {"=": "!=", "!=": "=", "<": ">=", "<=": "<", ">": "<=", ">=": ">", "and": "or", "or": "and"}
_OPERATORS |= {"+": "-", "-": "+", "*": "/", "/": "*"}


def other_operator(source: Source, rng: random.Random) -> Edit | None:
    """Use another operator."""
    rows = []
    for path, text in source.expressions():
        for found in re.finditer(r" (=|!=|<=|>=|<|>|and|or|\+|-|\*|/) ", text):
            rows.append((path, text, found))
    chosen = pick(rng, rows)
    if chosen is None:
        return None
    path, text, found = chosen
    new = f"{text[: found.start(1)]}{_OPERATORS[found[1]]}{text[found.end(1) :]}"
    return source.changed(path, lambda _: new, f"{text!r} becomes {new!r}")


def swap_branches(source: Source, rng: random.Random) -> Edit | None:
    """Exchange what a condition gives when it holds and when it does not."""
    rows = []
    for path, text in source.expressions():
        if found := re.fullmatch(r"([^?:]+) \? ([^?:]+) : ([^?:]+)", text):
            rows.append((path, f"{found[1]} ? {found[3]} : {found[2]}"))
    chosen = pick(rng, rows)
    if chosen is None:
        return None
    path, new = chosen
    return source.changed(path, lambda _: new, f"{source.at(path)!r} becomes {new!r}")


def exchange_leaves(source: Source, rng: random.Random) -> Edit | None:
    """Exchange the expressions of two fields of one template."""
    rows = [path for path in source.written() if isinstance(source.at(path), str)]
    one = pick(rng, rows)
    other = pick(rng, (path for path in rows if path[:-1] == one[:-1] and source.at(path) != source.at(one)))
    if one is None or other is None or source.line(one) == source.line(other):
        return None
    first = source.changed(one, lambda _: source.at(other), f"{one[-1]} and {other[-1]} change places")
    if first is None:
        return None
    return Source(source.file, first.text).changed(other, lambda _: source.at(one), first.what)


def other_field(source: Source, rng: random.Random) -> Edit | None:
    """Read another field of the file instead."""
    names = sorted({str(n.value) for _, text in source.expressions() for n in nodes(text) if n.type == "name"})
    return in_expression(
        source,
        rng,
        lambda n: n.type == "name" and len(names) > 1,
        lambda n: rf"{re.escape(str(n.value))}\b",
        lambda n, _: rng.choice([name for name in names if name != n.value]),
    )


def other_binding(source: Source, rng: random.Random) -> Edit | None:
    """Give a bound name the value of another."""
    rows = [
        path for path, value in source.scalars() if path[-2:-1] in (("let",), ("after",)) and isinstance(value, str)
    ]
    one, other = pick(rng, rows), pick(rng, rows)
    if one is None or source.at(one) == source.at(other):
        return None
    return source.changed(one, lambda _: source.at(other), f"${one[-1]} becomes {source.at(other)!r}")


def remove_binding(source: Source, rng: random.Random) -> Edit | None:
    """Remove a line of `let` or `after`."""
    rows = [path for path, value in source.scalars() if path[-2:-1] in (("let",), ("after",))]
    path = pick(rng, rows)
    return None if path is None else source.without(path, f"without ${path[-1]}")


def remove_also(source: Source, rng: random.Random) -> Edit | None:
    """Remove a call that follows."""
    rows = [path[:-1] for path, _ in source.scalars("to") if path[-3:-2] == ("also",)]
    path = pick(rng, rows)
    return None if path is None else source.without(path, f"without {source.at(path)['call']}")


def other_side(source: Source, rng: random.Random) -> Edit | None:
    """Send a call that follows to the other side."""
    path = pick(rng, (path for path, _ in source.scalars("to") if path[-3:-2] == ("also",)))
    return None if path is None else source.changed(path, lambda t: "csms" if t == "station" else "station", "to other")


def swap_routes(source: Source, rng: random.Random) -> Edit | None:
    """Exchange two neighbouring routes."""
    routes = source.value.get("routes", [])
    if len(routes) < 2:
        return None
    number = rng.randrange(len(routes) - 1)
    one, other = source.block(("routes", number)), source.block(("routes", number + 1))
    if one is None or other is None:
        return None
    lines = source.lines
    swapped = lines[: one[0] - 1] + lines[other[0] - 1 : other[1] - 1] + lines[one[0] - 1 : one[1] - 1]
    text = "\n".join(swapped + lines[other[1] - 1 :]) + "\n"
    return Edit(f"routes {number} and {number + 1} change places", one[0], text)


def remove_route(source: Source, rng: random.Random) -> Edit | None:
    """Remove a route that is not the last."""
    routes = source.value.get("routes", [])
    if len(routes) < 2:
        return None
    number = rng.randrange(len(routes) - 1)
    return source.without(("routes", number), f"without the route {routes[number].get('name')!r}")


def other_refusal(source: Source, rng: random.Random) -> Edit | None:
    """Refuse with another error code, or answer with another status."""
    path = pick(rng, (path for path, _ in source.scalars("refuse")))
    return None if path is None else source.changed(path, lambda _: "GenericError", "refused with GenericError")


def remove_promise(source: Source, rng: random.Random) -> Edit | None:
    """Take away `once`, `insist`, `durable`, `error` or `instead`."""
    rows = [path for path, _ in source.scalars("once", "insist", "durable")]
    rows += [path[: path.index(key) + 1] for path, _ in source.scalars() for key in ("error", "instead") if key in path]
    path = pick(rng, rows)
    return None if path is None else source.without(path, f"without {path[-1]}")
