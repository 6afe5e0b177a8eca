"""Hypothesis strategies for expressions and for what they are over.

The expressions use few names, so that paths lead somewhere, and everything that the compiler knows.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c")
VARIABLES = ("x", "y")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5, 2.0, 10**6]),
    st.sampled_from(["", "a", "b", "1", "A b", "é"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=12,
)
documents: st.SearchStrategy[Any] = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=3), values
)
variables = st.dictionaries(st.sampled_from(VARIABLES), values, max_size=2)

_literals = st.sampled_from(["0", "1", "2", "-1", "0.5", "''", "'a'", "'b'", "'1'", "true", "false", "null"])
_names = st.sampled_from(NAMES)
_atoms = st.one_of(
    _names,
    _names,
    _literals,
    st.sampled_from(["$", "$$", "$x", "$y", "*", "**", "[]", "{}", "$missing"]),
    st.tuples(_names, _names).map(".".join),
    st.tuples(_names, _names, _names).map(".".join),
    st.tuples(st.sampled_from(["$x", "$y", "$"]), _names).map(".".join),
)
_BINARY = ["=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&", "and", "or", "in", "~>", "??", "?:"]
_ONE = [
    "$exists",
    "$not",
    "$boolean",
    "$count",
    "$string",
    "$number",
    "$sum",
    "$max",
    "$min",
    "$average",
    "$length",
    "$uppercase",
    "$lowercase",
    "$trim",
    "$keys",
    "$merge",
    "$reverse",
    "$round",
    "$abs",
    "$floor",
    "$type",
    "$spread",
    "$sort",
    "$distinct",
    "$join",
    "$plain",
    "$listed",
    "$kept",
]
_TWO = ["$append", "$contains", "$split", "$join", "$lookup", "$substring", "$power", "$zip", "$round", "$pair"]
_HIGHER = ["$map", "$filter", "$single", "$each", "$sift"]


def _extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = inner.map(lambda text: f"({text})")
    steps = st.one_of(
        _names,
        grouped,
        st.just("*"),
        st.just("**"),
        st.just("$"),
        st.tuples(_names, inner).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f"{{'k': {p[0]}, 'l': {p[1]}}}"),
        inner.map(lambda text: f"[{text}]"),
        inner.map(lambda text: f"$string({text})"),
    )
    return st.one_of(
        st.tuples(inner, st.sampled_from(_BINARY), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(st.one_of(_atoms, grouped), st.lists(steps, min_size=1, max_size=3)).map(
            lambda p: ".".join((p[0], *p[1]))
        ),
        st.tuples(st.one_of(_atoms, grouped), inner).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.tuples(_atoms, inner, _names).map(lambda p: f"{p[0]}[{p[1]}].{p[2]}"),
        st.tuples(st.one_of(_atoms, grouped)).map(lambda p: f"{p[0]}[]"),
        st.tuples(_names, _names).map(lambda p: f"{p[0]}[].{p[1]}"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} ? {p[1]})"),
        st.tuples(st.sampled_from(_ONE), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(_TWO), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(inner, st.sampled_from(_ONE)).map(lambda p: f"({p[0]} ~> {p[1]})"),
        st.tuples(inner, st.sampled_from(_TWO), inner).map(lambda p: f"({p[0]} ~> {p[1]}({p[2]}))"),
        st.tuples(st.sampled_from(_HIGHER), inner, inner).map(lambda p: f"{p[0]}({p[1]}, function($v){{{p[2]}}})"),
        st.tuples(st.sampled_from(_HIGHER), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, function($v, $i){{[$v, $i, {p[2]}]}})"
        ),
        st.tuples(inner, st.sampled_from(_ONE)).map(lambda p: f"$map({p[0]}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"$reduce({p[0]}, function($l, $r){{$l & $r & {p[1]}}})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}, [{p[1]}]]"),
        st.tuples(inner, inner).map(lambda p: f"{{'k': {p[0]}, 'l': {p[1]}}}"),
        st.tuples(st.one_of(_atoms, grouped), inner, inner).map(lambda p: f"{p[0]}{{$string({p[1]}): {p[2]}}}"),
        st.tuples(st.one_of(_atoms, grouped), inner).map(lambda p: f"{p[0]}^({p[1]})"),
        st.tuples(st.one_of(_atoms, grouped), inner, inner).map(lambda p: f"{p[0]}^(>{p[1]}, {p[2]}).a"),
        st.tuples(inner, inner).map(lambda p: f"($q := {p[0]}; {p[1]})"),
        st.tuples(inner, _names).map(lambda p: f"($q := {p[0]}; $q.{p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"($f := function($p){{{p[0]}}}; $f({p[1]}))"),
        st.tuples(inner, inner).map(lambda p: f"($f := function($p){{$p.a}}; {p[0]}.$f({p[1]}))"),
        inner.map(lambda text: f"-({text})"),
    )


expressions = st.recursive(_atoms, _extended, max_leaves=7)
