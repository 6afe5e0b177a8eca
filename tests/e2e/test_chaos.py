"""tools/chaos.py: its audit sees every kind of loss, and small runs of it come out as they must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import chaos
from chaos_ledger import WRONGS, Charge, audit

Json = dict[str, Any]
SMALL = ["--stations", "8", "--interval", "0.1", "--between", "0.3", "0.8"]


def event(number: int, kind: str, register: int, tx: str = "x", **more: Any) -> Json:
    """A line of a 2.x CSMS's ledger."""
    payload = {
        "eventType": kind,
        "seqNo": number,
        "transactionInfo": {"transactionId": tx},
        "meterValue": [{"sampledValue": [{"value": register}]}],
        **({"idToken": {"idToken": "T-1"}} if kind == "Started" else {}),
        **more,
    }
    return {"station": "CP-1", "action": "TransactionEvent", "payload": payload}


def charge() -> Charge:
    return Charge("CP-1", "T-1", 100, [110, 120], 130)


GOOD = [event(0, "Started", 100), event(1, "Updated", 110), event(2, "Updated", 120), event(3, "Ended", 130)]


def changed(change: Callable[[list[Json]], None]) -> list[Json]:
    lines = list(GOOD)
    change(lines)
    return lines


PLANTED: list[tuple[str, list[Json]]] = [
    ("transactions lost", []),
    ("transactions doubled", [*GOOD, event(0, "Started", 100, "y")]),
    ("transactions doubled", [*GOOD, event(4, "Ended", 131)]),
    ("transactions never ended", GOOD[:3]),
    ("readings lost", changed(lambda lines: lines.pop(2))),
    ("sequence gaps", changed(lambda lines: lines.pop(2))),
    ("readings doubled", [*GOOD[:3], event(3, "Updated", 120), event(4, "Ended", 130)]),
    ("readings in the wrong transaction", [*GOOD[:3], event(3, "Updated", 555), event(4, "Ended", 130)]),
    ("sequence numbers used twice", [*GOOD, event(2, "Updated", 125)]),
    ("out of order", [GOOD[0], GOOD[2], GOOD[1], GOOD[3]]),
    ("wrong ids", [*GOOD, event(0, "Updated", 110, "z")]),
]


def wrongs(lines: list[Json]) -> dict[str, int]:
    found: Counter[str] = Counter()
    audit([charge()], lines, found)
    assert found.keys() <= set(WRONGS)
    return {name: count for name, count in found.items() if count}


def test_repeats_are_no_fault() -> None:
    assert wrongs([GOOD[0], *GOOD, GOOD[1], GOOD[3]]) == {}


@pytest.mark.parametrize(("what", "lines"), PLANTED)
def test_what_is_wrong_is_seen(what: str, lines: list[Json]) -> None:
    assert wrongs(lines).get(what, 0) > 0


def test_a_16_csms_is_audited_too() -> None:
    def line(action: str, payload: Json, **more: Any) -> Json:
        return {"station": "CP-1", "action": action, "payload": payload, **more}

    def meter(value: int, **more: Any) -> Json:
        return line("MeterValues", {"meterValue": [{"sampledValue": [{"value": str(value)}]}], **more})

    start = line("StartTransaction", {"idTag": "T-1", "meterStart": 100}, id=7)
    readings = [meter(110, transactionId=7), meter(120, transactionId=7)]
    stop = line("StopTransaction", {"transactionId": 7, "meterStop": 130})
    good = [start, *readings, stop]
    assert wrongs([*good, *good]) == {}
    assert wrongs([start, readings[0], stop]) == {"readings lost": 1}
    assert wrongs([start, *readings, meter(120), stop]) == {"wrong ids": 1}
    assert wrongs([*good, {**start, "id": 8}])["transactions doubled"] == 1
    assert wrongs([start, *readings]) == {"transactions never ended": 1}


@pytest.mark.parametrize("pair", ["ocpp1.6--ocpp2.0.1", "ocpp2.1--ocpp1.6"])
def test_killed_workers_lose_nothing(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert chaos.main([*SMALL, "--kills", "4", "--workers", "2", "--pair", pair]) == 0, capsys.readouterr().out


def test_redis_and_csms_killed_and_stations_that_move(capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--kills", "0", "--redis-kills", "1", "--csms-kills", "1", "--down", "1", "--instances", "2"]
    assert chaos.main([*SMALL, *more, "--store", "redis", "--moves", "0.1"]) == 0, capsys.readouterr().out


def test_without_a_store_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The driver would see it if state were not kept."""
    assert chaos.main([*SMALL, "--kills", "2", "--store", "memory"]) == 1
    said = capsys.readouterr().out
    assert "transactions never ended" in said
