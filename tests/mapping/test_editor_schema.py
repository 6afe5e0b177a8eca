"""`schemas/mapping.schema.json` as an editor uses it: over whole files, named by their first line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ocpp_crosswalk.mapping.document import parse_document
from ocpp_crosswalk.resources import folder

FILES = sorted(folder("mappings").rglob("*.yaml"))
MODELINE = "# yaml-language-server: $schema="
MAPPING: Mapping[str, Any] = {"call": "Heartbeat", "spec": ["x"], "forward": "Heartbeat"}


@cache
def editor(schema: Path) -> jsonschema.Draft7Validator:
    loaded = json.loads(schema.read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(loaded)
    return jsonschema.Draft7Validator(loaded)


def of_mappings() -> jsonschema.Draft7Validator:
    return editor(folder("schemas") / "mapping.schema.json")


def test_every_file_names_its_schema_and_fits_it() -> None:
    for file in FILES:
        text = file.read_text("utf-8")
        assert text.startswith(MODELINE), f"{file} does not begin with {MODELINE}"
        schema = (file.parent / text.splitlines()[0].removeprefix(MODELINE)).resolve()
        error = next(iter(editor(schema).iter_errors(parse_document(text, str(file)).value)), None)
        assert error is None, f"{file}: {error.message}"
    assert len(FILES) > 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"responce": {}},
        {"answer": {}},
        {"spec": []},
        {"forward": "heartbeat"},
        {"drops": {"requests": {}}},
        {"drops": {"request": {"a": ""}}},
        {"let": {"Name": "a"}},
        {"response": {"a": {"$tabel": "t", "of": "a"}}},
        {"response": {"a": [{"$cosnt": "a"}]}},
        {"response": {"a": None}},
        {"response": {"$copy": False}},
        {"also": [{"to": "nobody", "call": "Heartbeat"}]},
        {"routes": []},
        {"steps": [{"request": {}}]},
        {"durable": "yes"},
    ],
    ids=str,
)
def test_what_is_wrong_is_marked(wrong: dict[str, Any]) -> None:
    assert of_mappings().is_valid(MAPPING)
    assert not of_mappings().is_valid({**MAPPING, **wrong})


def test_every_key_says_what_it_is_for() -> None:
    """Editors show these when one points at a key."""
    definitions = json.loads((folder("schemas") / "mapping.schema.json").read_text("utf-8"))["definitions"]
    names = ("template", "mappingKeys", "route", "step", "alsoCall", "pair", "table", "part", "copies", "repairs")
    silent = [
        f"{name}.{key}"
        for name in names
        for key, schema in definitions[name]["properties"].items()
        if "description" not in schema
    ]
    assert silent == []
