"""The shape of mapping files: `schemas/mapping.schema.json`, with findings that a person can act on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from ..diagnostics import Diagnostics, suggestion
from ..resources import folder
from .document import Document, PathInDocument


@cache
def _schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder("schemas") / "mapping.schema.json").read_text("utf-8"))
    return loaded


@cache
def _validator(kind: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator({"$ref": f"#/definitions/{kind}", "definitions": _schema()["definitions"]})


def check_structure(document: Document, kind: str, diagnostics: Diagnostics) -> bool:
    """Whether ``document`` has the shape of ``kind`` (mapping, patch, timer, pair, table, part, settings).

    Each fault becomes a finding, XW103 for an unknown key and XW104 for anything else.
    """
    if not isinstance(document.value, dict):
        message = "the file is empty" if document.value is None else "the file has no keys"
        remedy = "Write keys and their values; see docs/mapping-guide.md."
        diagnostics.add("XW104", document.position(()), message, remedy)
        return False
    found = [
        explained
        for error in _validator(kind).iter_errors(document.value)
        for explained in _explain(error, document.value)
    ]
    misspelt = {path[:-1] for path, code, _, _ in found if code == "XW103"}
    for path, code, message, remedy in found:
        follows = code == "XW104" and message.endswith("what becomes of the call") and path in misspelt
        if not follows:
            diagnostics.add(code, document.position(path), message, remedy, ".".join(map(str, path)))
    return not found


def _explain(error: Any, value: Any) -> list[tuple[PathInDocument, str, str, str]]:
    path: PathInDocument = tuple(error.instance_path)
    kind = type(error.kind).__name__.rpartition("_")[2]
    if kind == "AdditionalProperties":
        known = _keys(error.schema_path)
        return [
            (
                (*path, key),
                "XW103",
                f"unknown key {key!r}",
                suggestion(key, known) or f"Known keys here: {', '.join(sorted(known))}.",
            )
            for key in error.kind.unexpected
        ]
    if kind == "FalseSchema":
        name = str(path[-1])
        remedy = suggestion(name, _directives()) or f"Directives are {', '.join(_directives())}."
        return [(path, "XW103", f"{name} is not a directive", remedy)]
    if kind == "Required":
        return [
            (
                path,
                "XW104",
                f"the key {error.kind.property!r} is missing",
                "Add it; see docs/mapping-guide.md.",
            )
        ]
    if kind in ("OneOfNotValid", "OneOfMultipleValid") and _has_outcome_choice(error.schema_path):
        message = (
            "nothing says what becomes of the call"
            if kind == "OneOfNotValid"
            else "more than one thing says what becomes of the call"
        )
        return [
            (
                path,
                "XW104",
                message,
                "Write exactly one of routes, forward, steps, answer, refuse (with because).",
            )
        ]
    return [(path, "XW104", str(error.message).split("\n", maxsplit=1)[0][:300], "See docs/mapping-guide.md.")]


def _directives() -> list[str]:
    return [name for name in _schema()["definitions"]["template"]["properties"] if name.startswith("$")]


def _has_outcome_choice(schema_path: list[Any]) -> bool:
    return "oneOf" in schema_path


def _keys(schema_path: list[Any]) -> list[str]:
    """The property names beside the `additionalProperties` that failed."""
    node: Any = {"definitions": _schema()["definitions"]}
    for step in schema_path[:-1]:
        while isinstance(node, Mapping) and "$ref" in node and step not in node:
            node = _schema()["definitions"][node["$ref"].rpartition("/")[2]]
        if step == "$ref":
            node = _schema()["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
            continue
        if isinstance(node, list):
            node = node[int(step)]
        elif isinstance(node, Mapping) and step in node:
            node = node[step]
    while isinstance(node, Mapping) and "$ref" in node:
        node = _schema()["definitions"][node["$ref"].rpartition("/")[2]]
    return list(node.get("properties", {})) if isinstance(node, Mapping) else []
