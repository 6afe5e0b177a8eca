"""Times are read alike whatever way they are written, and what is no time is none."""

from __future__ import annotations

import random

import pytest

from ocpp_crosswalk import times
from ocpp_crosswalk.hooks import BUILTIN, values


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-21T12:00:00Z", "2026-09-21T12:00:00.000Z"),
        ("2026-09-21T12:00:00.125Z", "2026-09-21T12:00:00.125Z"),
        ("2026-09-21T12:00:00.1257Z", "2026-09-21T12:00:00.125Z"),
        ("2026-09-21T12:00:00.12 Z", "2026-09-21T12:00:00.120Z"),
        ("2026-09-21 14:00+02:00", "2026-09-21T12:00:00.000Z"),
        ("2026-09-21T12:00:00", "2026-09-21T12:00:00.000Z"),
        ("2026-09-21T12:00:00." + "0" * 100 + "Z", "2026-09-21T12:00:00.000Z"),
        ("2026-13-21T12:00:00Z", None),
        ("2026-09-21T24:00:00Z", None),
        ("2026-W01-1T12:00:00Z", None),
        ("20260921T12:00:00.5Z", None),
        ("2026-09-21T12:00:00", "2026-09-21T12:00:00.000Z"),
        ("2026-09-21t12:00:00z", "2026-09-21T12:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("2016-12-31T15:59:60.5-08:00", "2016-12-31T23:59:59.999Z"),
        ("2016-12-31T23:59:61Z", None),
        ("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00.000Z"),
        ("0000-01-01T00:00:00Z", None),
        ("x" * 1000, None),
        ("", None),
    ],
)
def test_a_time_is_read_or_is_none(text: str, moment: str | None) -> None:
    assert times.read_time(text)[1] == moment
    assert (times.parse_time(text) is None) == (moment is None)


def test_the_usual_texts_are_read_as_any_other() -> None:
    rng = random.Random(1)
    usual = 0
    for _ in range(20_000):
        text = list(rng.choice(("2026-09-21T12:00:00Z", "2024-02-29T23:59:59.999Z")))
        for _ in range(rng.randrange(3)):
            text[rng.randrange(len(text))] = rng.choice("0123456789-:TZ.,+ W²")
        written = "".join(text)
        found = times.read_time(written)
        assert found == times.read_time(f" {written}"), written
        usual += found[0] is not None
    assert usual > 5_000


def test_long_texts_are_not_kept() -> None:
    before = times._known.cache_info().currsize, values._known_number.cache_info().currsize
    for number in range(100):
        times.read_time(f"2026-09-21T12:00:00.{number:050}Z")
        assert BUILTIN["numeric"].call(f"{number:050}") == number
    assert (times._known.cache_info().currsize, values._known_number.cache_info().currsize) == before
