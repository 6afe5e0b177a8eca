"""The kinds of faults that `plant_faults.py` plants: each a function that makes one random edit of one file.

An edit gives what it did, the line that it touched and the file's new text, or None where the file has no place for
it. Kinds of `BY_TYPES` break what types can see. Kinds of `BY_MEANING` leave a mapping that may be as valid as before
and says something else; what finds those, if types do not, are cases and generated calls.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ocpp_crosswalk.expressions.parse import ExpressionError, offset_of, parse, walk
from ocpp_crosswalk.hooks import BUILTIN
from ocpp_crosswalk.mapping.document import Document, PathInDocument, parse_document
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.schemas import request_schema, response_schema
from ocpp_crosswalk.versions import Version

_TEMPLATES = ("request", "response", "answer", "let", "after", "template", "types", "error", "instead")
_CONDITIONS = ("when", "$when")
_UNWRITTEN = {"drops", "let", "after", "of", "else", "$with"}


class Edit(NamedTuple):
    """One edit: what was done, on which line, and the file's new text."""

    what: str
    line: int
    text: str


Kind = Callable[["Source", random.Random], Edit | None]


class Source:
    """A mapping file as text and as a document, for edits at known places."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text
        self.lines = text.splitlines()
        self.document: Document = parse_document(text, str(file))
        self.value: Any = self.document.value

    def at(self, path: PathInDocument) -> Any:
        """The value at ``path``."""
        value = self.value
        for step in path:
            value = value[step]
        return value

    def line(self, path: PathInDocument) -> int:
        """The line that the value at ``path`` stands on."""
        return self.document.position(path).line

    def scalars(self, *last: str) -> Iterator[tuple[PathInDocument, Any]]:
        """Every scalar with its path; with ``last``, those whose key is one of these."""
        for path, value in _scalars(self.value, ()):
            if not last or path[-1] in last:
                yield path, value

    def written(self) -> Iterator[PathInDocument]:
        """Every field that a template writes with one scalar."""
        for path, _ in self.scalars():
            steps = [step for step in path if isinstance(step, str)]
            inside = any(step in ("request", "response", "answer") for step in path[:-1])
            if inside and not steps[-1].startswith("$") and not _UNWRITTEN & set(steps) and "drops" not in steps:
                yield path

    def expressions(self) -> Iterator[tuple[PathInDocument, str]]:
        """Every expression that stands on one line, so that places in it are known."""
        for path, value in self.scalars():
            if not isinstance(value, str) or path[-1] in ("$const", "$table", "$part", "because", "name", "refuse"):
                continue
            inside = any(step in _TEMPLATES for step in path[:-1]) or path[-1] in _TEMPLATES
            if (inside or path[-1] in (*_CONDITIONS, "$each", "$with", "each", "once")) and (
                "drops" not in path and "$type" not in path and not self.document.position(path).folded
            ):
                yield path, value

    def changed(self, path: PathInDocument, change: Callable[[str], str], what: str) -> Edit | None:
        """An edit of the scalar at ``path``; None when it cannot be changed on its line."""
        at = self.document.position(path)
        value = self.at(path)
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        line, start = self.lines[at.line - 1], at.column - 1
        if at.folded or line[start : start + len(shown)] != shown:
            return None
        return self.with_line(at.line, line[:start] + change(shown) + line[start + len(shown) :], what)

    def with_line(self, number: int, line: str, what: str) -> Edit | None:
        """An edit that replaces line ``number``."""
        if line == self.lines[number - 1]:
            return None
        return Edit(what, number, "\n".join([*self.lines[: number - 1], line, *self.lines[number:]]) + "\n")

    def block(self, path: PathInDocument) -> tuple[int, int] | None:
        """The lines (first, and the one after the last) of the block entry at ``path``; None in a flow collection."""
        last = path[-1]
        at = self.line(path)
        wanted = "- " if isinstance(last, int) else f"{last}:"
        number = next((n for n in range(at, 0, -1) if self.lines[n - 1].strip().startswith(wanted)), None)
        if number is None or at - number > 1:
            return None
        indent = len(self.lines[number - 1]) - len(self.lines[number - 1].lstrip())
        end = number
        while end < len(self.lines) and (
            not self.lines[end].strip() or len(self.lines[end]) - len(self.lines[end].lstrip()) > indent
        ):
            end += 1
        return number, end + 1

    def without(self, path: PathInDocument, what: str) -> Edit | None:
        """An edit that removes the entry at ``path``."""
        found = self.block(path)
        if found is None:
            return self._without_in_flow(path, what)
        first, after = found
        return Edit(what, first, "\n".join(self.lines[: first - 1] + self.lines[after - 1 :]) + "\n")

    def _without_in_flow(self, path: PathInDocument, what: str) -> Edit | None:
        number = self.line(path)
        line = self.lines[number - 1]
        changed = re.sub(rf"(?<=[{{ ]){re.escape(str(path[-1]))}: [^,{{}}\[\]]+(?:, |(?=}}))", "", line, count=1)
        return self.with_line(number, changed, what)


def _scalars(value: Any, path: PathInDocument) -> Iterator[tuple[PathInDocument, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path, value


def _pick(rng: random.Random, rows: Any) -> Any:
    found = list(rows)
    return rng.choice(found) if found else None


@cache
def _nodes(text: str) -> list[Any]:
    try:
        return list(walk(parse(text)))
    except ExpressionError:
        return []


def _in_expression(
    source: Source,
    rng: random.Random,
    wanted: Callable[[Any], bool],
    pattern: Callable[[Any], str],
    change: Callable[[Any, str], str],
) -> Edit | None:
    """Change what ``pattern`` (a regular expression) matches where a ``wanted`` node of an expression stands."""
    rows = [(path, text, node) for path, text in source.expressions() for node in _nodes(text) if wanted(node)]
    chosen = _pick(rng, rows)
    if chosen is None:
        return None
    path, text, node = chosen
    start = offset_of(node, text)
    found = re.compile(pattern(node)).match(text, start)
    if found is None:
        return None
    new = text[: found.start()] + change(node, found[0]) + text[found.end() :]
    return source.changed(path, lambda _: new, f"{text!r} becomes {new!r}")


# -- what types can see --


def rename_read(source: Source, rng: random.Random) -> Edit | None:
    """Rename a field that an expression reads."""
    return _in_expression(
        source, rng, lambda n: n.type == "name", lambda n: re.escape(str(n.value)), lambda _, t: t + "x"
    )


def unknown_function(source: Source, rng: random.Random) -> Edit | None:
    """Call a function that does not exist."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) in BUILTIN,
        lambda n: re.escape(f"${n.value}"),
        lambda _, t: t + "x",
    )


def argument_too_many(source: Source, rng: random.Random) -> Edit | None:
    """Give a function of ours an argument more."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) in BUILTIN,
        lambda n: re.escape(f"${n.value}("),
        lambda _, t: f"{t}1, 2, 3, 4, ",
    )


def misspell_variable(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a name that `let` bound, or `$request`, or `$settings`."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) not in BUILTIN and n.value not in ("", "$"),
        lambda n: re.escape(f"${n.value}"),
        lambda _, t: t + "x",
    )


def misspell_constant(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a text constant that an expression compares or gives."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "string" and str(n.value)[:1].isupper() and str(n.value).isalpha(),
        lambda n: f"['\"]{re.escape(str(n.value))}['\"]",
        lambda _, t: t[:-1] + "x" + t[-1],
    )


def break_expression(source: Source, rng: random.Random) -> Edit | None:
    """Leave an expression unfinished."""
    chosen = _pick(rng, source.expressions())
    if chosen is None:
        return None
    path, text = chosen
    return source.changed(path, lambda t: t + " & (", f"{text!r} becomes {text + ' & ('!r}")


def rename_written(source: Source, rng: random.Random) -> Edit | None:
    """Rename a field that a template writes."""
    path = _pick(rng, (path for path in source.written() if isinstance(path[-1], str)))
    if path is None:
        return None
    number = source.line(path)
    line = source.lines[number - 1]
    return source.with_line(number, line.replace(f"{path[-1]}:", f"{path[-1]}x:", 1), f"{path[-1]} is called x more")


def drop_written(source: Source, rng: random.Random) -> Edit | None:
    """Remove the line of a field that a template writes."""
    path = _pick(rng, source.written())
    return None if path is None else source.without(path, f"without {path[-1]}")


def illegal_constant(source: Source, rng: random.Random) -> Edit | None:
    """Write a constant that the receiver does not have."""
    path = _pick(rng, (path for path, value in source.scalars("$const") if value != "" and "drops" not in path))
    if path is None:
        return None
    return source.changed(path, lambda t: t + "Unheard" * 400, f"the constant {source.at(path)} gets longer")


def wrong_type(source: Source, rng: random.Random) -> Edit | None:
    """Write an array of a boolean where something else stands."""
    path = _pick(rng, (path for path in source.written() if isinstance(source.at(path), str)))
    return None if path is None else source.changed(path, lambda _: "[true]", f"{path[-1]} becomes an array")


def _dropped(source: Source) -> Iterator[PathInDocument]:
    return (
        path
        for path, _ in source.scalars()
        if "drops" in path[:-1] and len(path) > 2 and path[-1] not in ("when", "because")
    )


def remove_drop(source: Source, rng: random.Random) -> Edit | None:
    """Remove the declaration of a loss."""
    path = _pick(rng, _dropped(source))
    return None if path is None else source.without(path, f"without the drop of {path[-1]}")


def false_drop(source: Source, rng: random.Random) -> Edit | None:
    """Declare a loss of a field that does not exist."""
    path = _pick(rng, _dropped(source))
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
    field = _pick(rng, [text for text in inside if text.isidentifier()])
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
    path = _pick(rng, (path for path, _ in source.scalars("forward", "call") if "drops" not in path))
    if path is None:
        return None
    return source.changed(path, lambda t: t + "s", f"{source.at(path)} gets another letter")


def other_action(source: Source, rng: random.Random) -> Edit | None:
    """Send another action than the request is for."""
    rows = [path for path, value in source.scalars("forward") if value != "DataTransfer"]
    path = _pick(rng, rows)
    return None if path is None else source.changed(path, lambda _: "DataTransfer", "it becomes DataTransfer")


def unknown_key(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a key of the format."""
    known = ("let", "routes", "forward", "request", "response", "drops", "spec", "steps", "also", "after", "values")
    key = _pick(rng, (key for key in source.value if key in known))
    if key is None:
        return None
    number = next(n for n, line in enumerate(source.lines, 1) if line.startswith(f"{key}:"))
    return source.with_line(number, source.lines[number - 1].replace(key, f"{key}z", 1), f"{key} is called {key}z")


def repeat_key(source: Source, rng: random.Random) -> Edit | None:
    """Write a field twice."""
    path = _pick(rng, (path for path in source.written() if isinstance(path[-1], str)))
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
    path = _pick(rng, (path for path, value in source.scalars("when") if value == "true"))
    return None if path is None else source.changed(path, lambda _: "false", "the last route never holds")


def refuse_code(source: Source, rng: random.Random) -> Edit | None:
    """Refuse with an error code that does not exist."""
    path = _pick(rng, (path for path, _ in source.scalars("refuse")))
    return None if path is None else source.changed(path, lambda t: t + "ed", "an unknown error code")


def unknown_name(source: Source, rng: random.Random) -> Edit | None:
    """Use a part, table or type of a name that does not exist."""
    path = _pick(rng, (path for path, value in source.scalars("$table", "$part", "$type") if isinstance(value, str)))
    return None if path is None else source.changed(path, lambda t: t + "s", "an unknown table, part or type")


def remove_each(source: Source, rng: random.Random) -> Edit | None:
    """Make one object where there were several."""
    path = _pick(rng, (path for path, _ in source.scalars("$each")))
    if path is None:
        return None
    number = source.line(path)
    return source.with_line(number, source.lines[number - 1].replace("$each:", "$with:", 1), "$each becomes $with")


def raw_value(source: Source, rng: random.Random) -> Edit | None:
    """Take the argument instead of the function's result."""
    path = _pick(
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
    path = _pick(rng, rows)
    return None if path is None else source.changed(path, cut, f"{source.at(path)!r} without its else")


def table_target(source: Source, rng: random.Random) -> Edit | None:
    """Give a table a result that may not leave."""
    path = _pick(rng, (path for path, value in source.scalars() if path[0] == "values" and isinstance(value, str)))
    if path is None or "table" not in source.value:
        return None
    return source.changed(path, lambda t: t + "Unheard", f"{path[-1]} becomes nonsense")


def table_row(source: Source, rng: random.Random) -> Edit | None:
    """Delete a row of a table."""
    path = _pick(rng, (path for path, _ in source.scalars() if path[0] in ("values", "drops") and len(path) == 2))
    return None if path is None or "table" not in source.value else source.without(path, f"without {path[-1]}")


def table_key(source: Source, rng: random.Random) -> Edit | None:
    """Misspell a value that a table looks for."""
    path = _pick(rng, (path for path, _ in source.scalars() if path[0] == "values" and len(path) == 2))
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
    path = _pick(rng, rows)
    return None if path is None else source.without(path, f"without the refusal of {path[-1]}")


# -- what is as valid as before, and says something else --


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
    path = _pick(rng, (path for path, _ in source.scalars("$const") if "drops" not in path))
    other = _another(rng, str(source.at(path))) if path is not None else None
    return None if other is None else source.changed(path, lambda _: other, f"{source.at(path)} becomes {other}")


def other_text(source: Source, rng: random.Random) -> Edit | None:
    """Compare with, or give, another value of the same enumeration."""
    return _in_expression(
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
    return _in_expression(
        source, rng, lambda n: n.type == "number", lambda n: r"\d+(\.\d+)?", lambda n, t: str(int(float(t)) + 1)
    )


def written_number(source: Source, rng: random.Random) -> Edit | None:
    """Change a number or boolean that a template writes."""
    path = _pick(rng, (p for p in source.written() if isinstance(source.at(p), (int, float))))
    if path is None:
        return None
    value = source.at(path)
    new = str(not value).lower() if isinstance(value, bool) else str(value + 1)
    return source.changed(path, lambda _: new, f"{path[-1]}: {value} becomes {new}")


def remove_when(source: Source, rng: random.Random) -> Edit | None:
    """Take away a condition."""
    path = _pick(rng, (path for path, value in source.scalars(*_CONDITIONS) if value != "true" and "drops" not in path))
    return None if path is None else source.changed(path, lambda _: '"true"', f"{source.at(path)!r} becomes true")


def negate_when(source: Source, rng: random.Random) -> Edit | None:
    """Turn a condition round."""
    path = _pick(rng, (path for path, value in source.scalars(*_CONDITIONS) if value != "true" and "drops" not in path))
    return None if path is None else source.changed(path, lambda t: f"$not({t})", f"not {source.at(path)!r}")


_OPERATORS = {"=": "!=", "!=": "=", "<": ">=", "<=": "<", ">": "<=", ">=": ">", "and": "or", "or": "and"}
_OPERATORS |= {"+": "-", "-": "+", "*": "/", "/": "*"}


def other_operator(source: Source, rng: random.Random) -> Edit | None:
    """Use another operator."""
    rows = []
    for path, text in source.expressions():
        for found in re.finditer(r" (=|!=|<=|>=|<|>|and|or|\+|-|\*|/) ", text):
            rows.append((path, text, found))
    chosen = _pick(rng, rows)
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
    chosen = _pick(rng, rows)
    if chosen is None:
        return None
    path, new = chosen
    return source.changed(path, lambda _: new, f"{source.at(path)!r} becomes {new!r}")


def exchange_leaves(source: Source, rng: random.Random) -> Edit | None:
    """Exchange the expressions of two fields of one template."""
    rows = [path for path in source.written() if isinstance(source.at(path), str)]
    one = _pick(rng, rows)
    other = _pick(rng, (path for path in rows if path[:-1] == one[:-1] and source.at(path) != source.at(one)))
    if one is None or other is None or source.line(one) == source.line(other):
        return None
    first = source.changed(one, lambda _: source.at(other), f"{one[-1]} and {other[-1]} change places")
    if first is None:
        return None
    return Source(source.file, first.text).changed(other, lambda _: source.at(one), first.what)


def other_field(source: Source, rng: random.Random) -> Edit | None:
    """Read another field of the file instead."""
    names = sorted({str(n.value) for _, text in source.expressions() for n in _nodes(text) if n.type == "name"})
    return _in_expression(
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
    one, other = _pick(rng, rows), _pick(rng, rows)
    if one is None or source.at(one) == source.at(other):
        return None
    return source.changed(one, lambda _: source.at(other), f"${one[-1]} becomes {source.at(other)!r}")


def remove_binding(source: Source, rng: random.Random) -> Edit | None:
    """Remove a line of `let` or `after`."""
    rows = [path for path, value in source.scalars() if path[-2:-1] in (("let",), ("after",))]
    path = _pick(rng, rows)
    return None if path is None else source.without(path, f"without ${path[-1]}")


def remove_also(source: Source, rng: random.Random) -> Edit | None:
    """Remove a call that follows."""
    rows = [path[:-1] for path, _ in source.scalars("to") if path[-3:-2] == ("also",)]
    path = _pick(rng, rows)
    return None if path is None else source.without(path, f"without {source.at(path)['call']}")


def other_side(source: Source, rng: random.Random) -> Edit | None:
    """Send a call that follows to the other side."""
    path = _pick(rng, (path for path, _ in source.scalars("to") if path[-3:-2] == ("also",)))
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
    path = _pick(rng, (path for path, _ in source.scalars("refuse")))
    return None if path is None else source.changed(path, lambda _: "GenericError", "refused with GenericError")


def remove_promise(source: Source, rng: random.Random) -> Edit | None:
    """Take away `once`, `durable`, `error` or `instead`."""
    rows = [path for path, _ in source.scalars("once", "durable")]
    rows += [path[: path.index(key) + 1] for path, _ in source.scalars() for key in ("error", "instead") if key in path]
    path = _pick(rng, rows)
    return None if path is None else source.without(path, f"without {path[-1]}")


def _named(*kinds: Kind) -> dict[str, Kind]:
    return {kind.__name__.replace("_", "-"): kind for kind in kinds}  # type: ignore[attr-defined]


BY_TYPES = _named(
    rename_read,
    unknown_function,
    argument_too_many,
    misspell_variable,
    misspell_constant,
    break_expression,
    rename_written,
    drop_written,
    illegal_constant,
    wrong_type,
    remove_drop,
    false_drop,
    drop_what_is_read,
    change_action,
    other_action,
    unknown_key,
    repeat_key,
    last_route_conditional,
    refuse_code,
    unknown_name,
    remove_each,
    raw_value,
    remove_default,
    table_target,
    table_row,
    table_key,
    remove_file,
    remove_refusal,
)
BY_MEANING = _named(
    other_constant,
    other_text,
    swap_table_targets,
    other_number,
    written_number,
    remove_when,
    negate_when,
    other_operator,
    swap_branches,
    exchange_leaves,
    other_field,
    other_binding,
    remove_binding,
    remove_also,
    other_side,
    swap_routes,
    remove_route,
    other_refusal,
    remove_promise,
)
TABLES_ONLY = frozenset({"table-target", "table-row", "table-key", "swap-table-targets"})
PAIRS_ONLY = frozenset({"remove-refusal"})
