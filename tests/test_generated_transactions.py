"""tools/transactions.py, some transactions of it; and that it finds the faults that are planted here."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.versions import Pair
from transactions import play

PAIRS = [Pair.parse("ocpp2.0.1--ocpp1.6"), Pair.parse("ocpp2.1--ocpp1.6")]
MAPPING = Path("ocpp2.0.1--ocpp1.6/from-station/TransactionEvent.yaml")
FAULTS = {
    "a repeat is another event": ("once: >-\n  $digest({", "once: >-\n  $digest({'now': $now(), "),
    "the last register is not the end": ("meterStop: $tx.stop.meterStop", "meterStop: $tx.start.meterStart"),
    "a meter runs backwards": ("register: $tx.register", "register: \"{'exponent': 0}\""),
    "the start is forgotten": ("begun: $exists($started)", "begun: false and $exists($started)"),
    "the end is forgotten": ("ended: $exists($stopped)", "ended: false and $exists($stopped)"),
    "nobody waits for a token": ('tag: "$noAuthorization ? ', 'tag: "$not($exists(idToken)) or $noAuthorization ? '),
    "the first driver's end is not told": ("when: $exists($tx.before)", "when: false"),
    "readings go with the last transaction": (
        '"$exists($started) ? $started.transactionId : $tx.values.number"',
        "$tx.values.number",
    ),
}


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_every_transaction_is_told_once_and_whole(pair: Pair) -> None:
    figures, wrong = play(Crosswalk.load(), pair, count=150, seed=7)
    assert not wrong
    assert figures["transactions"] == 150
    assert (
        figures["StartTransaction"] == figures["StopTransaction"] == figures["transactions that 1.6 should have"] > 75
    )
    seldom = ("restarts", "events told late", "events told again", "calls sent again", "connections lost")
    assert all(figures[name] for name in seldom)
    assert sum(name.startswith("TxStartPoint") for name in figures) == 6


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(tmp_path: Path, fault: str) -> None:
    right = (folder("mappings") / MAPPING).read_text()
    before, after = FAULTS[fault]
    assert before in right
    (tmp_path / MAPPING).parent.mkdir(parents=True)
    (tmp_path / MAPPING).write_text(right.replace(before, after))
    _, wrong = play(Crosswalk.load([tmp_path]), PAIRS[0], count=60, seed=7)
    assert wrong
