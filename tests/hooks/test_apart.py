"""Hooks that say they are `apart` keep no argument and give nothing that they keep: nobody copies for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ocpp_crosswalk import Crosswalk, Pair, View
from ocpp_crosswalk.check.cases import play_cases
from ocpp_crosswalk.diagnostics import Diagnostics
from ocpp_crosswalk.expressions import Function
from ocpp_crosswalk.hooks import BUILTIN
from ocpp_crosswalk.mapping import Pack
from ocpp_crosswalk.resources import folder

PAIRS = ("ocpp1.6--ocpp2.0.1", "ocpp2.0.1--ocpp1.6", "ocpp2.0.1--ocpp2.1")


def containers(value: Any) -> Iterator[int]:
    """The arrays and objects in a value, by identity."""
    if isinstance(value, (dict, list)):
        yield id(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def watched(function: Function, called: set[str], shared: set[str]) -> Function:
    """``function``, where it notes that it was called, and that the state shares something with what goes in or out."""
    assert function.unguarded is not None
    inner = function.unguarded

    def call(view: View, *arguments: Any) -> Any:
        result = inner(view, *arguments)
        called.add(function.name)
        if {*containers(view._data)} & {*containers([*arguments, result])}:
            shared.add(function.name)
        return result

    return replace(function, call=call, unguarded=call)


def found_by_playing(*functions: Function) -> tuple[set[str], set[str]]:
    """Which of the functions the cases call, and which of these share something with the state."""
    called: set[str] = set()
    shared: set[str] = set()
    over = {function.name: watched(function, called, shared) for function in functions}
    root = folder("mappings")
    crosswalk = Crosswalk(Pack([root], BUILTIN.merged(over)))
    for pair in PAIRS:
        diagnostics = Diagnostics()
        play_cases(crosswalk, Pair.parse(pair), [root], diagnostics)
        assert not diagnostics.errors
    return called, shared


def test_hooks_that_are_apart_share_nothing_with_the_state() -> None:
    apart = [function for function in BUILTIN.values() if function.apart]
    called, shared = found_by_playing(*apart)
    assert called == {function.name for function in apart}
    assert not shared


def test_sharing_is_seen() -> None:
    called, shared = found_by_playing(replace(BUILTIN["expectRemoteStart"], apart=True))
    assert called == shared == {"expectRemoteStart"}
