"""Plants faults in the mappings, one at a time, and counts how many the checker finds.

    python tools/plant_faults.py [--count 400] [--seed 1] [--kind KIND]... [--misses]

Each fault is one random edit of one file of a copy of the mappings. A fault that the static checker does not find is
tried on the cases and on the proof by generation. The output is a table by kind of edit; `--misses` also prints every
fault that types did not find. Exit 1 when a fault was not found at all.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocpp_crosswalk import Crosswalk, MappingError, Pair
from ocpp_crosswalk.check import check
from ocpp_crosswalk.check.static import check_pack
from ocpp_crosswalk.expressions.parse import ExpressionError, offset_of, parse, walk
from ocpp_crosswalk.hooks import BUILTIN
from ocpp_crosswalk.mapping.document import Document, PathInDocument, parse_document
from ocpp_crosswalk.resources import folder

PROOF_EXAMPLES = 30


@dataclass(frozen=True)
class Fault:
    """One edit: what was done, and the file's new text (None: the file is removed)."""

    kind: str
    file: Path
    what: str
    text: str | None


class Source:
    """A mapping file as text and as a document, for edits at known places."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.text = file.read_text("utf-8")
        self.lines = self.text.splitlines()
        self.document: Document = parse_document(self.text, str(file))
        self.value: Any = self.document.value

    def scalars(self) -> Iterator[tuple[PathInDocument, Any]]:
        """Every scalar with its path."""
        yield from _scalars(self.value, ())

    def templates(self) -> Iterator[tuple[PathInDocument, Any]]:
        """Every scalar inside a request, response, answer, let, after or part."""
        for path, value in self.scalars():
            if any(
                step in ("request", "response", "answer", "let", "after", "template", "types") for step in path[:-1]
            ):
                yield path, value

    def expressions(self) -> Iterator[tuple[PathInDocument, str]]:
        """Every expression that stands on one line, so that places in it are known."""
        conditions = ("when", "$when", "$each", "$with", "each", "once")
        for path, value in self.scalars():
            if not isinstance(value, str) or path[-1] in ("$const", "$table", "$part", "because", "name", "refuse"):
                continue
            inside = any(
                step in ("request", "response", "answer", "let", "after", "template", "types") for step in path[:-1]
            )
            if (inside or path[-1] in conditions) and "drops" not in path and not self.document.position(path).folded:
                yield path, value

    def with_scalar(self, path: PathInDocument, change: Callable[[str], str]) -> str | None:
        """The text with the scalar at ``path`` changed; None when it cannot be changed on its line."""
        at = self.document.position(path)
        value = str(self.document_value(path))
        line = self.lines[at.line - 1]
        start = at.column - 1
        if line[start : start + len(value)] != value:
            return None
        return self.with_line(at.line, line[:start] + change(value) + line[start + len(value) :])

    def document_value(self, path: PathInDocument) -> Any:
        """The value at ``path``."""
        value = self.value
        for step in path:
            value = value[step]
        return value

    def with_line(self, number: int, line: str) -> str:
        """The text with another line ``number``."""
        return "\n".join([*self.lines[: number - 1], line, *self.lines[number:]]) + "\n"

    def without(self, path: PathInDocument) -> str | None:
        """The text without the block entry at ``path``; None where it stands in a flow collection."""
        key = str(path[-1])
        at = self.document.position(path).line
        number = next((n for n in range(at, 0, -1) if self.lines[n - 1].strip().startswith(f"{key}:")), None)
        if number is None or isinstance(path[-1], int) or at - number > 1:
            return None
        indent = len(self.lines[number - 1]) - len(self.lines[number - 1].lstrip())
        end = number
        while end < len(self.lines) and (
            not self.lines[end].strip() or len(self.lines[end]) - len(self.lines[end].lstrip()) > indent
        ):
            end += 1
        return "\n".join(self.lines[: number - 1] + self.lines[end:]) + "\n"


def _scalars(value: Any, path: PathInDocument) -> Iterator[tuple[PathInDocument, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path, value


Edit = Callable[[Source, random.Random], tuple[str, str | None] | None]


def _pick(rng: random.Random, rows: Any) -> Any:
    found = list(rows)
    return rng.choice(found) if found else None


def _in_expression(
    source: Source,
    rng: random.Random,
    wanted: Callable[[Any], bool],
    change: Callable[[str], str],
    length: Callable[[Any], int],
) -> tuple[str, str | None] | None:
    rows = []
    for path, text in source.expressions():
        try:
            nodes = [node for node in walk(parse(text)) if wanted(node)]
        except ExpressionError:
            continue
        rows += [(path, text, node) for node in nodes]
    chosen = _pick(rng, rows)
    if chosen is None:
        return None
    path, text, node = chosen
    start = offset_of(node, text)
    end = start + length(node)
    new = text[:start] + change(text[start:end]) + text[end:]
    return f"{text!r} becomes {new!r}", source.with_scalar(path, lambda _: new)


def rename_read(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Rename a field that an expression reads."""
    return _in_expression(source, rng, lambda n: n.type == "name", lambda t: t + "x", lambda n: len(str(n.value)))


def unknown_function(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Call a function that does not exist."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) in BUILTIN,
        lambda t: t + "x",
        lambda n: len(str(n.value)) + 1,
    )


def misspell_variable(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Misspell a name that `let` bound, or a setting."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "variable" and str(n.value) not in BUILTIN and n.value not in ("", "$"),
        lambda t: t + "x",
        lambda n: len(str(n.value)) + 1,
    )


def misspell_constant(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Misspell a text constant that an expression compares or gives."""
    return _in_expression(
        source,
        rng,
        lambda n: n.type == "string" and str(n.value)[:1].isupper() and str(n.value).isalpha(),
        lambda t: t[:-1] + "x" + t[-1],
        lambda n: len(str(n.value)) + 2,
    )


def break_expression(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Leave an expression unfinished."""
    chosen = _pick(rng, source.expressions())
    if chosen is None:
        return None
    path, text = chosen
    return f"{text!r} becomes {text + ' & ('!r}", source.with_scalar(path, lambda t: t + " & (")


_UNWRITTEN = {"drops", "let", "after", "of", "else", "$with"}


def _written(source: Source) -> Iterator[PathInDocument]:
    for path, _ in source.templates():
        steps = [step for step in path if isinstance(step, str)]
        written = any(step in ("request", "response", "answer") for step in path[:-1])
        if written and not steps[-1].startswith("$") and not _UNWRITTEN & set(steps):
            yield path


def rename_written(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Rename a field that a template writes."""
    path = _pick(rng, _written(source))
    if path is None or isinstance(path[-1], int):
        return None
    key = path[-1]
    at = source.document.position(path).line
    line = source.lines[at - 1]
    if f"{key}:" not in line:
        return None
    return f"the field {key} is called {key}x", source.with_line(at, line.replace(f"{key}:", f"{key}x:", 1))


def drop_written(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Remove the line of a field that a template writes."""
    path = _pick(rng, _written(source))
    return None if path is None else (f"without {path[-1]}", source.without(path))


def illegal_constant(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Write a constant that the receiver does not have."""
    rows = [path for path, value in source.templates() if path[-1] == "$const" and value != ""]
    path = _pick(rng, rows)
    if path is None:
        return None
    return f"the constant {source.document_value(path)} gets longer", source.with_scalar(
        path, lambda t: t + "Unheard" * 10
    )


def wrong_type(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Write a boolean where something else stands."""
    rows = [path for path in _written(source) if isinstance(source.document_value(path), str)]
    path = _pick(rng, rows)
    if path is None:
        return None
    return f"{path[-1]} becomes an array", source.with_scalar(path, lambda _: "[true]")


def remove_drop(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Remove the declaration of a loss."""
    rows = [path for path, _ in source.scalars() if "drops" in path[:-1] and len(path) > 2]
    path = _pick(rng, rows)
    return None if path is None else (f"without the drop of {path[-1]}", source.without(path))


def false_drop(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Declare a loss of a field that does not exist."""
    rows = [path for path, _ in source.scalars() if "drops" in path[:-1] and len(path) > 2]
    path = _pick(rng, rows)
    if path is None:
        return None
    at = source.document.position(path).line
    line = source.lines[at - 1]
    changed = line.replace(f"{path[-1]}:", f"{path[-1]}x:", 1)
    return f"the drop of {path[-1]} is of {path[-1]}x", None if changed == line else source.with_line(at, changed)


def change_action(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Send an action that does not exist."""
    rows = [path for path, _ in source.scalars() if path[-1] in ("forward", "call") and "drops" not in path]
    path = _pick(rng, rows)
    if path is None:
        return None
    return f"{source.document_value(path)} gets another letter", source.with_scalar(path, lambda t: t + "s")


def other_action(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Send another action than the request is for."""
    rows = [path for path, _ in source.scalars() if path[-1] == "forward"]
    path = _pick(rng, rows)
    if path is None or source.document_value(path) == "DataTransfer":
        return None
    return f"{source.document_value(path)} becomes DataTransfer", source.with_scalar(path, lambda _: "DataTransfer")


def unknown_key(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Misspell a key of the format."""
    rows = [
        key
        for key in source.value
        if key in ("let", "routes", "forward", "request", "response", "drops", "spec", "steps", "also")
    ]
    key = _pick(rng, rows)
    if key is None:
        return None
    number = next(n for n, line in enumerate(source.lines, 1) if line.startswith(f"{key}:"))
    return f"{key} is called {key}s", source.with_line(number, source.lines[number - 1].replace(key, f"{key}z", 1))


def repeat_key(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Write a field twice."""
    path = _pick(rng, _written(source))
    if path is None or isinstance(path[-1], int):
        return None
    number = source.document.position(path).line
    line = source.lines[number - 1]
    if not line.strip().startswith(f"{path[-1]}:") or source.document.position(path).folded:
        return None
    return f"{path[-1]} stands twice", "\n".join([*source.lines[:number], line, *source.lines[number:]]) + "\n"


def remove_condition(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Make the last route conditional."""
    rows = [path for path, value in source.scalars() if path[-1] == "when" and value == "true"]
    path = _pick(rng, rows)
    return None if path is None else ("the last route needs more", source.with_scalar(path, lambda _: "false"))


def refuse_code(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Refuse with an error code that does not exist."""
    rows = [path for path, _ in source.scalars() if path[-1] == "refuse"]
    path = _pick(rng, rows)
    return None if path is None else ("an unknown error code", source.with_scalar(path, lambda t: t + "ed"))


def table_target(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Give a table a result that may not leave."""
    rows = [path for path, value in source.scalars() if path[0] == "values" and isinstance(value, str)]
    path = _pick(rng, rows)
    if path is None or "table" not in source.value:
        return None
    return f"{path[-1]} becomes nonsense", source.with_scalar(path, lambda t: t + "Unheard")


def table_row(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Delete a row of a table."""
    rows = [path for path, _ in source.scalars() if path[0] in ("values", "drops") and len(path) == 2]
    path = _pick(rng, rows)
    if path is None or "table" not in source.value:
        return None
    return f"without {path[-1]}", source.without(path)


def table_key(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Misspell a value that a table looks for."""
    rows = [path for path, _ in source.scalars() if path[0] == "values" and len(path) == 2]
    path = _pick(rng, rows)
    if path is None or "table" not in source.value:
        return None
    number = source.document.position(path).line
    line = source.lines[number - 1]
    changed = line.replace(f"{path[-1]}:", f"{path[-1]}x:", 1)
    return f"{path[-1]} is called {path[-1]}x", None if changed == line else source.with_line(number, changed)


def unknown_table(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Name a table or part that does not exist."""
    rows = [path for path, _ in source.scalars() if path[-1] in ("$table", "$part")]
    path = _pick(rng, rows)
    return None if path is None else ("an unknown table or part", source.with_scalar(path, lambda t: t + "s"))


def remove_file(source: Source, rng: random.Random) -> tuple[str, str | None] | None:
    """Remove a whole mapping, table or part."""
    return "the file is gone", ""


EDITS: dict[str, Edit] = {
    edit.__name__.replace("_", "-"): edit
    for edit in (
        rename_read,
        rename_written,
        drop_written,
        illegal_constant,
        wrong_type,
        misspell_constant,
        misspell_variable,
        unknown_function,
        break_expression,
        remove_drop,
        false_drop,
        change_action,
        other_action,
        unknown_key,
        repeat_key,
        remove_condition,
        refuse_code,
        table_target,
        table_row,
        table_key,
        unknown_table,
        remove_file,
    )
}


def plant(root: Path, kind: str, rng: random.Random) -> Fault | None:
    """One fault of ``kind`` in a random file, or None when the file has no place for it."""
    files = [file for file in sorted(root.rglob("*.yaml")) if not file.name.endswith(".cases.yaml")]
    if kind.startswith("table-"):
        files = [file for file in files if file.parent.name == "tables"]
    source = Source(rng.choice(files))
    if kind == "remove-file" and source.file.name in ("pair.yaml", "settings.yaml"):
        return None
    made = EDITS[kind](source, rng)
    if made is None or made[1] is None or made[1] == source.text:
        return None
    return Fault(kind, source.file, made[0], made[1] or None)


def findings(root: Path, pairs: list[Pair]) -> set[tuple[str, str, str]]:
    """What the static checker says, without places."""
    try:
        crosswalk = Crosswalk.load([root], builtin=False)
    except MappingError as error:
        return {(item.code, item.at.file, item.message) for item in error.diagnostics}
    return {(item.code, item.at.file, item.message) for item in check_pack(crosswalk.pack, pairs)}


def deeper(root: Path) -> set[tuple[str, str]]:
    """What cases and generated calls say."""
    report = check([root], builtin=False, examples=PROOF_EXAMPLES)
    return {
        (item.code, item.at.file)
        for item in report.findings
        if item.code.startswith(("XW25", "XW30")) and item.code != "XW254"
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400, help="how many faults (default 400)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=list(EDITS), help="only this kind; repeatable")
    parser.add_argument("--misses", action="store_true", help="print the faults that types did not find")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    began = time.perf_counter()
    planted: Counter[str] = Counter()
    typed: Counter[str] = Counter()
    later: Counter[str] = Counter()
    missed: list[Fault] = []
    with tempfile.TemporaryDirectory() as folder_name:
        root = Path(folder_name) / "mappings"
        shutil.copytree(folder("mappings"), root)
        pairs = list(Crosswalk.load([root], builtin=False).pairs)
        before = findings(root, pairs)
        deep_before = deeper(root)
        kinds = args.kind or list(EDITS)
        while planted.total() < args.count:
            kind = kinds[planted.total() % len(kinds)]
            fault = None
            for _ in range(200):
                fault = plant(root, kind, rng)
                if fault is not None:
                    break
            if fault is None:
                print(f"no place for {kind}", file=sys.stderr)
                kinds.remove(kind)
                continue
            original = fault.file.read_text("utf-8")
            if fault.text is None:
                fault.file.unlink()
            else:
                fault.file.write_text(fault.text, "utf-8")
            planted[kind] += 1
            if findings(root, pairs) - before:
                typed[kind] += 1
            else:
                found = bool(deeper(root) - deep_before)
                later[kind] += found
                if not found:
                    missed.append(fault)
                if args.misses or not found:
                    name = fault.file.relative_to(root)
                    print(f"{'later' if found else 'MISSED'}: {kind} in {name}: {fault.what}", flush=True)
            fault.file.write_text(original, "utf-8")
    print(f"{'kind':20} {'planted':>8} {'by types':>9} {'by running':>11} {'missed':>7}")
    for kind in planted:
        rest = planted[kind] - typed[kind] - later[kind]
        print(f"{kind:20} {planted[kind]:8} {typed[kind]:9} {later[kind]:11} {rest:7}")
    total = planted.total()
    print(f"{'all':20} {total:8} {typed.total():9} {later.total():11} {len(missed):7}")
    print(f"seed {args.seed}, {time.perf_counter() - began:.0f} s")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
