"""Hooks declare the tables that they read, so that the checker knows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ocpp_crosswalk import Crosswalk, Pair, View
from ocpp_crosswalk.check.cases import play_cases
from ocpp_crosswalk.diagnostics import Diagnostics
from ocpp_crosswalk.expressions import Function
from ocpp_crosswalk.hooks import BUILTIN
from ocpp_crosswalk.mapping import Pack
from ocpp_crosswalk.resources import folder


class Watched(Mapping[str, Any]):
    """The tables, noting which are read."""

    def __init__(self, tables: Mapping[str, Any], read: set[str]) -> None:
        self._tables, self._read = tables, read

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("a hook reads the tables that it names, not all")

    def __len__(self) -> int:
        return len(self._tables)


def watched(function: Function, read: dict[str, set[str]]) -> Function:
    """``function``, where it notes in ``read`` which tables it asks for."""

    def call(view: View, *arguments: Any) -> Any:
        known, view.tables = view.tables, Watched(view.tables, read.setdefault(function.name, set()))
        try:
            return function.call(view, *arguments)
        finally:
            view.tables = known

    return replace(function, call=call, unguarded=None) if function.hook else function


def test_hooks_declare_the_tables_that_they_read() -> None:
    read: dict[str, set[str]] = {}
    functions = {name: watched(function, read) for name, function in BUILTIN.items()}
    crosswalk = Crosswalk(Pack([folder("mappings")], functions))
    for pair in map(Pair.parse, ("ocpp1.6--ocpp2.1", "ocpp2.1--ocpp1.6")):
        diagnostics = Diagnostics()
        play_cases(crosswalk, pair, [folder("mappings")], diagnostics)
        assert not diagnostics.errors
    undeclared = {name: found - set(BUILTIN[name].tables) for name, found in read.items()}
    lacking = {name: sorted(found) for name, found in undeclared.items() if found}
    assert not lacking, str(lacking)
    assert any(read.values())
