"""Cases files and transcripts: YAML to cases, with findings for what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from ..diagnostics import Diagnostics, MappingError, Position, suggestion
from ..mapping.document import Document, load_document
from ..resources import folder
from ..versions import Pair, Side


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``kind`` is its key (``station-calls``), ``value`` what stands behind it, ``at`` its place."""

    kind: str
    value: Any
    at: Position


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation. ``engine_only`` says why it is not played over sockets, and is empty otherwise."""

    name: str
    steps: tuple[Step, ...]
    settings: Mapping[str, Any]
    at: Position
    engine_only: str = ""


@dataclass(frozen=True, slots=True)
class Cases:
    """A file of cases. ``pairs`` are those that a transcript names; a file beside a mapping names none."""

    cases: tuple[Case, ...]
    pairs: tuple[Pair, ...]


def load_cases(path: Path, diagnostics: Diagnostics | None = None) -> list[Case]:
    """The cases of the file ``path``. What is wrong with the file is added to ``diagnostics``, and no case is given;
    without ``diagnostics`` it raises MappingError."""
    return list(load_file(path, diagnostics).cases)


def load_file(path: Path, diagnostics: Diagnostics | None = None) -> Cases:
    """Like `load_cases`, with the pairs that a transcript names."""
    found = Diagnostics() if diagnostics is None else diagnostics
    before = len(found.errors)
    try:
        document = load_document(path)
    except MappingError as error:
        found.items.extend(error.diagnostics)
    else:
        _check(document, found)
    if len(found.errors) > before:
        if diagnostics is None:
            raise MappingError(found.items)
        return Cases((), ())
    pairs = document.value.get("pair", [])
    cases = tuple(_case(document, index, entry) for index, entry in enumerate(document.value["cases"]))
    return Cases(cases, tuple(map(Pair.parse, [pairs] if isinstance(pairs, str) else pairs)))


def moment(text: str) -> float:
    """The ISO 8601 time ``text`` in seconds since the epoch. Raises ValueError without a time zone."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write 2026-01-01T00:00:00Z")
    return time.timestamp()


def _case(document: Document, index: int, entry: Mapping[str, Any]) -> Case:
    path = ("cases", index)
    steps = []
    for number, step in enumerate(entry["steps"]):
        at = document.position((*path, "steps", number))
        steps += [Step(kind, value, at) for kind, value in _plain(*next(iter(step.items())))]
    return Case(
        entry["name"], tuple(steps), entry.get("settings", {}), document.position(path), entry.get("engine-only", "")
    )


def _plain(kind: str, value: Any) -> list[tuple[str, Any]]:
    """The steps that a step stands for: itself, or the four of an exchange that goes through unchanged."""
    if not kind.endswith(_PASSES):
        return [(kind, value)]
    near = Side(kind.removesuffix(_PASSES))
    call, answer = value[:2], value[2]
    return [
        (f"{near}-calls", call),
        (f"{near.other}-gets", call),
        (f"{near.other}-answers", answer),
        (f"{near}-gets-answer", answer),
    ]


_PASSES = "-passes"


@cache
def _schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder("schemas") / "cases.schema.json").read_text("utf-8"))
    return loaded


@cache
def _validator() -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_schema())


def _check(document: Document, found: Diagnostics) -> None:
    for error in _validator().iter_errors(document.value):
        path = tuple(error.instance_path)
        if error.kind.name == "additionalProperties":
            for key in error.kind.as_dict()["unexpected"]:
                known = _known(path)
                remedy = suggestion(key, known) or f"Known keys here: {', '.join(known)}."
                found.add("XW103", document.position((*path, key)), f"unknown key {key!r}", remedy, _dotted(path))
        else:
            message = error.message.split("\n", maxsplit=1)[0][:300]
            if error.kind.name in ("maxProperties", "minProperties"):
                message = "a step has exactly one key"
            found.add("XW104", document.position(path), message, "See docs/mapping-guide.md.", _dotted(path))
    if found.errors:
        return
    names: set[str] = set()
    for index, case in enumerate(document.value["cases"]):
        if case["name"] in names:
            at = document.position(("cases", index, "name"))
            found.add(
                "XW104", at, f"another case of this file is called {case['name']!r}", "Name it after its purpose."
            )
        names.add(case["name"])
        for number, step in enumerate(case["steps"]):
            if "at" in step:
                try:
                    moment(step["at"])
                except ValueError as error:
                    at = document.position(("cases", index, "steps", number, "at"))
                    found.add("XW104", at, str(error), "Write a time like 2026-01-01T00:00:00Z.")


def _known(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand in the object at ``path``."""
    place = {0: _schema(), 2: _schema()["definitions"]["case"], 4: _schema()["definitions"]["step"]}
    return list(place[len(path)]["properties"])


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
