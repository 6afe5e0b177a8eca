"""docs/configuring.md: its examples load, and it leaves out no key and no setting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import DOCS, blocks
from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.runner import load_config

GUIDE = DOCS / "configuring.md"
EXAMPLES = {name: text for kind, name, text in blocks(GUIDE) if kind == "yaml"}
SCHEMA = json.loads((folder("schemas") / "config.schema.json").read_text())
ENVIRONMENT = {"CSMS_PASSWORD": "a", "BERLIN_0042_PASSWORD": "b", "FLEET_PASSWORD": "c"}


def _keys(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every key that the schema has, behind what it belongs to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema, path = SCHEMA["definitions"][name], f"{name}."
    for name, inner in schema.get("properties", {}).items():
        if inner is False:
            continue
        yield f"{path}{name}"
        yield from _keys(inner, f"{path}{name}.")
    for part in (schema.get("items"), schema.get("additionalProperties"), schema.get("then"), schema.get("else")):
        if isinstance(part, dict):
            yield from _keys(part, path)


def _used(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every key of the schema that ``value`` uses."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema, path = SCHEMA["definitions"][name], f"{name}."
    if isinstance(value, list):
        for item in value:
            yield from _used(item, schema.get("items", {}), path)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        known = {**schema.get("then", {}).get("properties", {}), **known}
        for name, inner in value.items():
            if name in known:
                yield f"{path}{name}"
                yield from _used(inner, known[name], f"{path}{name}.")
            else:
                yield from _used(inner, schema.get("additionalProperties") or {}, path)


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_examples_load(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(EXAMPLES[name].replace("/var/", f"{tmp_path}/"))
    for folder_ in ("certs", "mappings/ours", "lib/ocpp-crosswalk", "log/ocpp-crosswalk"):
        (tmp_path / folder_).mkdir(parents=True)
    for file in re.findall(r"[\w/-]+\.(?:pem|key|py)\b", EXAMPLES[name]):
        (tmp_path / file).touch()
    config = load_config(path, ENVIRONMENT)
    for rule in config.rules:
        Crosswalk.load(settings=config.settings, profiles=config.profiles).with_settings(rule.settings)


def test_the_full_example_uses_every_key() -> None:
    assert set(EXAMPLES) == {"small.yaml", "full.yaml"}
    keys = set(_keys(SCHEMA))
    assert len(keys) > 50
    assert set(_used(yaml.safe_load(EXAMPLES["full.yaml"]), SCHEMA)) == keys


def test_it_describes_every_key_and_every_setting() -> None:
    told = set(re.findall(r"`([\w-]+)`", GUIDE.read_text("utf-8"))) | set(
        re.findall(r"^## (\w+):", GUIDE.read_text("utf-8"), re.MULTILINE)
    )
    assert {key.rpartition(".")[2] for key in _keys(SCHEMA)} <= told
    assert set(Crosswalk.load().pack.settings) <= told
