"""The beginning of a mapping file, made from the two schemas."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from .check.generate import random_payload
from .mapping.model import TO_DO
from .protocol import protocol
from .schemas import element, leaves, request_schema, response_schema
from .versions import Pair, Side

_SCHEMA = "# yaml-language-server: $schema=../../../schemas/{}.schema.json\n"


def mapping_text(pair: Pair, side: Side, action: str, target: str | None) -> str:
    """A mapping of ``action`` to ``target``; without a target, a refusal."""
    near, far = pair.version(side), pair.version(side.other)
    head = f"{_SCHEMA.format('mapping')}call: {action}\nspec: [{TO_DO}]\n"
    if target is None:
        return f"{head}refuse: NotSupported\nbecause: {TO_DO}\n"
    text = f"{head}forward: {target}\n"
    source, wanted = request_schema(near, action), request_schema(far, target)
    text += _block("request", _template(source, wanted))
    drops = _lost(source, wanted)
    answers = not protocol(near).actions[action].send
    lost: list[str] = []
    if answers and not protocol(far).actions[target].send:
        reply, answer = response_schema(far, target), response_schema(near, action)
        text += _block("response", _template(reply, answer))
        lost = _lost(reply, answer)
    for which, paths in (("request", drops), ("response", lost)):
        if paths:
            text += f"# Of the {which}, carry over, or list under `drops.{which}` with the reason:\n"
            text += "".join(f"#   {path}\n" for path in paths)
    return text


def cases_text(pair: Pair, side: Side, action: str, target: str | None) -> str:
    """A cases file with one made-up call, to be completed."""
    rng = random.Random(action)
    call = random_payload(rng, pair.version(side), action, "request")
    text = f"{_SCHEMA.format('cases')}cases:\n  - name: {TO_DO}\n    steps:\n"
    text += f"      - {side}-calls: {_flow([action, call])}\n"
    if target is None:
        return f"{text}      - {side}-gets-error: NotSupported\n"
    wanted = random_payload(rng, pair.version(side.other), target, "request")
    return f"{text}      - {side.other}-gets: {_flow([target, wanted])}\n"


def _flow(value: Any) -> str:
    """YAML in flow style: JSON is that."""
    return json.dumps(value, ensure_ascii=False)


def _block(name: str, lines: list[str]) -> str:
    empty = all(line.startswith("#") for line in lines)
    return (f"{name}: {{}}\n" if empty else f"{name}:\n") + "".join(f"  {line}\n" for line in lines)


def _template(source: Mapping[str, Any], target: Mapping[str, Any]) -> list[str]:
    """The lines of a template; a required field that nothing of the same name feeds is a comment."""
    lines: list[str] = []
    have = element(source).get("properties", {})
    for name, schema in target.get("properties", {}).items():
        inner = element(schema)
        if name not in have:
            if name in target.get("required", ()):
                lines.append(f"# {name}: to do, required: {_people(schema)}")
        elif inner.get("properties") and name != "customData":
            directive = "$each" if schema.get("type") == "array" else "$with"
            lines += [f"{name}:", f"  {directive}: {name}", *(f"  {line}" for line in _template(have[name], inner))]
        elif name != "customData":
            lines.append(f"{name}: {name}")
    return lines


def _lost(source: Mapping[str, Any], target: Mapping[str, Any]) -> list[str]:
    """The fields of the source that the target has no field of the same name for."""
    kept = {leaf.path for leaf in leaves(target)}
    return [leaf.path for leaf in leaves(source) if leaf.path not in kept and "customData" not in leaf.path]


def _people(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    return str(schema.get("type", "any value"))
