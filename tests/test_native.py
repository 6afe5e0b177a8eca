"""The optional native build: what pyproject.toml says of it, and how one tells. `tools/test-compiled` tests one."""

from __future__ import annotations

import os
import tomllib
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from ocpp_crosswalk import session
from ocpp_crosswalk.cli import main

ROOT = Path(__file__).parents[1]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
COMPILED = WHEEL["hooks"]["custom"]["compiled"]


def is_native(file: str | None) -> bool:
    return str(file).endswith(tuple(EXTENSION_SUFFIXES))


def test_every_module_that_is_to_be_compiled_is_there() -> None:
    assert sorted(set(COMPILED)) == COMPILED
    assert [file for file in COMPILED if not (ROOT / "engine" / file).is_file()] == []


def test_nobody_compiles_without_asking_for_it() -> None:
    assert WHEEL["hooks"]["custom"]["enable-by-default"] is False


def test_the_version_says_whether_it_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip().endswith(", compiled") is is_native(session.__file__)


def test_what_is_tested_is_compiled_where_that_was_asked_for() -> None:
    modules = [import_module(file.removesuffix(".py").replace("/", ".")) for file in COMPILED]
    asked_for = "TEST_COMPILED" in os.environ
    assert [module.__name__ for module in modules if is_native(module.__file__) is not asked_for] == []
