"""YAML with positions."""

from __future__ import annotations

import pytest

from ocpp_crosswalk.diagnostics import MappingError
from ocpp_crosswalk.mapping.document import Document, parse_document


def at(document: Document, *path: str | int) -> tuple[int, int]:
    position = document.position(path)
    return position.line, position.column


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse_document(text, "x.yaml")
    return str(caught.value)


def test_values_are_those_of_yaml_1_2() -> None:
    document = parse_document(
        "on: on\nno: NO\nday: 2026-01-02\nn: 012\ni: 12\nf: 1.5\nt: true\nz: null\ntime: 12:30\n", "x.yaml"
    )
    assert document.value == {
        "on": "on",
        "no": "NO",
        "day": "2026-01-02",
        "n": "012",
        "i": 12,
        "f": 1.5,
        "t": True,
        "z": None,
        "time": "12:30",
    }


def test_every_value_has_its_place() -> None:
    document = parse_document("a:\n  b: x\n  c:\n    - 1\n    - d: 'quoted'\n", "x.yaml")
    assert at(document, "a", "b") == (2, 6)
    assert at(document, "a", "c", 0) == (4, 7)
    assert at(document, "a", "c", 1, "d") == (5, 11), "inside the quotes"
    assert at(document, "a", "c", 7, "nowhere") == at(document, "a", "c"), "the nearest place that there is"


def test_an_offset_into_a_scalar_is_a_column_only_on_one_line() -> None:
    document = parse_document("a: $foo(bar)\nb: >-\n  $foo(\n  bar)\n", "x.yaml")
    assert document.inside(("a",), 5).column == 9
    assert document.inside(("b",), 5) == document.position(("b",))


def test_a_key_that_stands_twice_is_refused() -> None:
    assert refusal("a: 1\nb:\n  c: 1\n  c: 2\n") == (
        "x.yaml:4:3: error XW102 at b: the key 'c' stands here a second time; it first stands at x.yaml:3:3\n"
        "    Keep one of the two."
    )


def test_what_is_not_yaml_is_refused_with_its_place() -> None:
    assert refusal("a: [1,\nb: 2\n").startswith("x.yaml:3:1: error XW101: this is not YAML: ")
    assert "XW101" in refusal("a: b: c\n")
    assert "XW101" in refusal("? [a]\n: 1\n")


def test_a_patch_merges_replaces_and_removes_and_keeps_places() -> None:
    base = parse_document("a:\n  keep: 1\n  gone: 2\n  list: [1, 2]\n", "base.yaml")
    patch = parse_document("a:\n  gone: null\n  list: [3]\n  new:\n    deep: 4\n", "patch.yaml")
    merged = base.patched(patch)
    assert merged.value == {"a": {"keep": 1, "list": [3], "new": {"deep": 4}}}
    assert base.value == {"a": {"keep": 1, "gone": 2, "list": [1, 2]}}, "the base is not changed"
    assert merged.position(("a", "keep")).file == "base.yaml"
    assert str(merged.position(("a", "new", "deep"))) == "patch.yaml:5:11"
    assert str(merged.position(("a", "list", 0))) == "patch.yaml:3:10"


def test_a_patch_amends_routes_by_their_names() -> None:
    base = parse_document("routes:\n  - name: one\n    let: {a: 1}\n  - name: two\n", "base.yaml")
    patch = parse_document("amend:\n  one:\n    let:\n      b: 2\n  none: {}\n", "patch.yaml")
    merged = base.patched(patch)
    assert merged.value == {"routes": [{"name": "one", "let": {"a": 1, "b": 2}}, {"name": "two"}]}
    assert base.value["routes"][0] == {"name": "one", "let": {"a": 1}}, "the base is not changed"
    assert str(merged.position(("routes", 0, "let", "b"))) == "patch.yaml:4:10"
    assert merged.position(("routes", 0, "let", "a")).file == "base.yaml"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: &x\n  b: *x\n", "x.yaml:1:4: error XW101 at a.b"),
        ("- 1\n- &x [1, *x]\n", "x.yaml:2:3: error XW101 at 1.1"),
        ("&x\na: *x\n", "x.yaml:1:1: error XW101 at a"),
    ],
)
def test_what_contains_itself_is_refused(text: str, place: str) -> None:
    assert refusal(text) == f"{place}: this contains itself, through an alias\n    Write out what is meant."


def test_an_alias_of_something_else_stands_for_it() -> None:
    assert parse_document("a: &x [1]\nb: *x\nc: *x\n", "x.yaml").value == {"a": [1], "b": [1], "c": [1]}


def test_what_is_nested_too_deeply_is_refused() -> None:
    assert refusal("[" * 200 + "]" * 200) == (
        "x.yaml:1:101: error XW101: this is nested more than 100 levels deep\n    Take a level out."
    )
