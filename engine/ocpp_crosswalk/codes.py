"""The findings by their numbers: what each means, an example that has it, what to do. `check --explain` tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

_LAYER, _PAIR = "mine", "ocpp1.6--ocpp2.0.1"
_BESIDE = ("hooks.py", "config.yaml")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Code:
    """A finding: what it ``means``, what to ``do``, and the files of an ``example`` by their paths. A fault of the
    engine has no example.
    """

    means: str
    do: str
    example: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    """What gives the finding, in the folder of the example."""


@cache
def codes() -> Mapping[str, Code]:
    """Every finding by its number. A number is never given to another finding."""
    entries = yaml.load(Path(__file__).with_suffix(".yaml").read_text("utf-8"), _LOADER)
    return {number: _code(**entry) for number, entry in entries.items()}


def _code(means: str, do: str, example: Mapping[str, str] | None = None, command: str = "") -> Code:
    files = dict(_files(example)) if example else {}
    if files and not command:
        command = f"ocpp-crosswalk check --no-builtin {_LAYER}"
        if "config.yaml" in files:
            command = "ocpp-crosswalk serve --config config.yaml --check-config"
        elif "hooks.py" in files:
            command += " --hooks hooks.py"
    return Code(means, do, files, command)


def _files(example: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if "config.yaml" not in example and f"{_PAIR}/pair.yaml" not in example:
        yield f"{_LAYER}/{_PAIR}/pair.yaml", f"pair: {_PAIR}\n"
    for name, text in example.items():
        if name in _BESIDE:
            yield name, text
        else:
            yield f"{_LAYER}/{name}" if "/" in name else f"{_LAYER}/{_PAIR}/from-station/{name}", text
