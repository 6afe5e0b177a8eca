"""Faults that types can see: names, types, shapes, what is lost, what is missing."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from ocpp_crosswalk.hooks import BUILTIN
from ocpp_crosswalk.mapping.document import PathInDocument

from .source import Edit, Source, in_expression, pick


def rename_read(source: Source, rng: random.Random) -> Edit | None:
    """Rename a field that an expression reads."""
    return in_expression(
        source, rng, lambda n: n.type == "name", lambda n: re.escape(str(n.value)), lambda _, t: t + "x"
    )


def unknown_function(source: Source, rng: random.Random) -> Edit | None:
    """Call a function that does not exist."""
    return in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) in BUILTIN,
        lambda n: re.escape(f"${n.value}"),
        lambda _, t: t + "x",
    )


def argument_too_many(source: Source, rng: random.Random) -> Edit | None:
    """Give a function of ours an argument more."""
    return in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) in BUILTIN,
        lambda n: re.escape(f"${n.value}("),
        lambda _, t: f"{t}1, 2, 3, 4, ",
    )


def misspell_variable(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a name that `let` bound, or `$request`, or `$settings`."""
    return in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) not in BUILTIN and n.value not in ("", "$"),
        lambda n: re.escape(f"${n.value}"),
        lambda _, t: t + "x",
    )


def misspell_constant(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a text constant that an expression compares or gives."""
    return in_expression(
        source,
        rng,
        lambda n: n.type == "string" and str(n.value)[:1].isupper() and str(n.value).isalpha(),
        lambda n: f"['\"]{re.escape(str(n.value))}['\"]",
        lambda _, t: t[:-1] + "x" + t[-1],
    )


def break_expression(source: Source, rng: random.Random) -> Edit | None:
    """Leave an expression unfinished."""
    chosen = pick(rng, source.expressions())
    if chosen is None:
        return None
    path, text = chosen
    return source.changed(path, lambda t: t + " & (", f"{text!r} becomes {text + ' & ('!r}")


def rename_written(source: Source, rng: random.Random) -> Edit | None:
    """Rename a field that a template writes."""
    path = pick(rng, (path for path in source.written() if isinstance(path[-1], str)))
    if path is None:
        return None
    number = source.line(path)
    line = source.lines[number - 1]
    return source.with_line(number, line.replace(f"{path[-1]}:", f"{path[-1]}x:", 1), f"{path[-1]} is called x more")


def drop_written(source: Source, rng: random.Random) -> Edit | None:
    """Remove the line of a field that a template writes."""
    path = pick(rng, source.written())
    return None if path is None else source.without(path, f"without {path[-1]}")


def illegal_constant(source: Source, rng: random.Random) -> Edit | None:
    """Write a constant that the receiver does not have."""
    path = pick(rng, (path for path, value in source.scalars("$const") if value != "" and "drops" not in path))
    if path is None:
        return None
    return source.changed(path, lambda t: t + "Unheard" * 400, f"the constant {source.at(path)} gets longer")


def wrong_type(source: Source, rng: random.Random) -> Edit | None:
    """Write an array of a boolean where something else stands."""
    path = pick(rng, (path for path in source.written() if isinstance(source.at(path), str)))
    return None if path is None else source.changed(path, lambda _: "[true]", f"{path[-1]} becomes an array")


def _dropped(source: Source) -> Iterator[PathInDocument]:
    return (
        path
        for path, _ in source.scalars()
        if "drops" in path[:-1] and len(path) > 2 and path[-1] not in ("when", "because")
    )


def remove_drop(source: Source, rng: random.Random) -> Edit | None:
    """Remove the declaration of a loss."""
    path = pick(rng, _dropped(source))
    return None if path is None else source.without(path, f"without the drop of {path[-1]}")


def false_drop(source: Source, rng: random.Random) -> Edit | None:
    """Declare a loss of a field that does not exist."""
    path = pick(rng, _dropped(source))
    if path is None:
        return None
    number = source.line(path)
    line = source.lines[number - 1]
    return source.with_line(number, line.replace(f"{path[-1]}:", f"{path[-1]}x:", 1), f"the drop of {path[-1]} is of x")


def drop_what_is_read(source: Source, rng: random.Random) -> Edit | None:
    """Declare a loss of a field that is carried."""
    carried = sorted({text for path in source.written() if (text := str(source.at(path))).isidentifier()})
    number = next((n for n, line in enumerate(source.lines, 1) if line.startswith("drops:")), None)
    if not carried or "routes" in source.value or "request" not in source.value:
        return None
    inside = [str(source.at(p)) for p in source.written() if p[0] == "request" and len(p) == 2]
    field = pick(rng, [text for text in inside if text.isidentifier()])
    if field is None or (number is not None and "request" in source.value["drops"]):
        return None
    lines = list(source.lines)
    if number is None:
        lines += ["drops:", "  request:", f"    {field}: It is not."]
    else:
        lines[number:number] = ["  request:", f"    {field}: It is not."]
    return Edit(f"{field} is declared as dropped", number or len(lines), "\n".join(lines) + "\n")


def change_action(source: Source, rng: random.Random) -> Edit | None:
    """Send or map an action that does not exist."""
    path = pick(rng, (path for path, _ in source.scalars("forward", "call") if "drops" not in path))
    if path is None:
        return None
    return source.changed(path, lambda t: t + "s", f"{source.at(path)} gets another letter")


def other_action(source: Source, rng: random.Random) -> Edit | None:
    """Send another action than the request is for."""
    rows = [path for path, value in source.scalars("forward") if value != "DataTransfer"]
    path = pick(rng, rows)
    return None if path is None else source.changed(path, lambda _: "DataTransfer", "it becomes DataTransfer")


def unknown_key(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a key of the format."""
    known = ("let", "routes", "forward", "request", "response", "drops", "spec", "steps", "also", "after", "values")
    key = pick(rng, (key for key in source.value if key in known))
    if key is None:
        return None
    number = next(n for n, line in enumerate(source.lines, 1) if line.startswith(f"{key}:"))
    return source.with_line(number, source.lines[number - 1].replace(key, f"{key}z", 1), f"{key} is called {key}z")


def repeat_key(source: Source, rng: random.Random) -> Edit | None:
    """Write a field twice."""
    path = pick(rng, (path for path in source.written() if isinstance(path[-1], str)))
    if path is None:
        return None
    number = source.line(path)
    line = source.lines[number - 1]
    if not line.strip().startswith(f"{path[-1]}:") or source.document.position(path).folded:
        return None
    lines = [*source.lines[:number], line, *source.lines[number:]]
    return Edit(f"{path[-1]} stands twice", number, "\n".join(lines) + "\n")


def last_route_conditional(source: Source, rng: random.Random) -> Edit | None:
    """Make the last route conditional."""
    path = pick(rng, (path for path, value in source.scalars("when") if value == "true"))
    return None if path is None else source.changed(path, lambda _: "false", "the last route never holds")


def refuse_code(source: Source, rng: random.Random) -> Edit | None:
    """Refuse with an error code that does not exist."""
    path = pick(rng, (path for path, _ in source.scalars("refuse")))
    return None if path is None else source.changed(path, lambda t: t + "ed", "an unknown error code")


def unknown_name(source: Source, rng: random.Random) -> Edit | None:
    """Use a part, table or type of a name that does not exist."""
    path = pick(rng, (path for path, value in source.scalars("$table", "$part", "$type") if isinstance(value, str)))
    return None if path is None else source.changed(path, lambda t: t + "s", "an unknown table, part or type")


def remove_each(source: Source, rng: random.Random) -> Edit | None:
    """Make one object where there were several."""
    path = pick(rng, (path for path, _ in source.scalars("$each")))
    if path is None:
        return None
    number = source.line(path)
    return source.with_line(number, source.lines[number - 1].replace("$each:", "$with:", 1), "$each becomes $with")


def raw_value(source: Source, rng: random.Random) -> Edit | None:
    """Take the argument instead of the function's result."""
    path = pick(
        rng,
        (p for p in source.written() if re.fullmatch(r"\$\w+\(([\w.$]+)(, [^()]*)?\)", str(source.at(p)))),
    )
    if path is None:
        return None
    inner = re.fullmatch(r"\$\w+\(([\w.$]+)(, [^()]*)?\)", str(source.at(path)))
    assert inner is not None
    return source.changed(path, lambda _: inner[1], f"{source.at(path)} becomes {inner[1]}")


def remove_default(source: Source, rng: random.Random) -> Edit | None:
    """Take away the `else` of a condition or of a table."""

    def cut(text: str) -> str:
        return text[: text.rindex(" : ")]

    rows = [p for p in source.written() if re.search(r"\? [^?]+ : [^?:]+$", str(source.at(p)))]
    path = pick(rng, rows)
    return None if path is None else source.changed(path, cut, f"{source.at(path)!r} without its else")


def table_target(source: Source, rng: random.Random) -> Edit | None:
    """Give a table a result that may not leave."""
    path = pick(rng, (path for path, value in source.scalars() if path[0] == "values" and isinstance(value, str)))
    if path is None or "table" not in source.value:
        return None
    return source.changed(path, lambda t: t + "Unheard", f"{path[-1]} becomes nonsense")


def table_row(source: Source, rng: random.Random) -> Edit | None:
    """Delete a row of a table."""
    path = pick(rng, (path for path, _ in source.scalars() if path[0] in ("values", "drops") and len(path) == 2))
    return None if path is None or "table" not in source.value else source.without(path, f"without {path[-1]}")


def table_key(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a value that a table looks for."""
    path = pick(rng, (path for path, _ in source.scalars() if path[0] == "values" and len(path) == 2))
    if path is None or "table" not in source.value:
        return None
    number = source.line(path)
    line = source.lines[number - 1]
    return source.with_line(number, line.replace(f"{path[-1]}:", f"{path[-1]}x:", 1), f"{path[-1]} gets another letter")


def remove_file(source: Source, rng: random.Random) -> Edit | None:
    """Remove a whole mapping, table or part."""
    return Edit("the file is gone", 1, "")


def remove_refusal(source: Source, rng: random.Random) -> Edit | None:
    """Remove one line of a pair's table of refusals."""
    rows = [("refused", side, action) for side, all_ in source.value.get("refused", {}).items() for action in all_]
    path = pick(rng, rows)
    return None if path is None else source.without(path, f"without the refusal of {path[-1]}")
