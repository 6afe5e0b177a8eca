"""What each end knows of the transactions, and what is wrong between the two.

The driver `chaos` lets stations and CSMSs keep these ledgers while it kills what is between them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
WRONGS = (
    "transactions lost",
    "transactions doubled",
    "transactions never ended",
    "readings lost",
    "readings doubled",
    "readings in the wrong transaction",
    "sequence gaps",
    "sequence numbers used twice",
    "out of order",
    "wrong ids",
)
"""What must never happen."""


@dataclass
class Charge:
    """A transaction. ``tag`` is used by no other one; registers are in Wh and name their transaction too."""

    station: str
    tag: str
    begin: int
    readings: list[int] = field(default_factory=list)
    end: int | None = None


@dataclass
class _Seen:
    """A transaction id in the CSMS's ledger."""

    tag: str | None = None
    begin: int | None = None
    ends: list[int] = field(default_factory=list)
    readings: list[int] = field(default_factory=list)
    numbers: dict[int, Json] = field(default_factory=dict)
    last: int = -1
    told: list[Json] = field(default_factory=list)


def audit(charges: Iterable[Charge], ledger: Iterable[Json], wrongs: Counter[str]) -> None:
    """Count in ``wrongs`` what does not fit between the stations' charges and the CSMS's ledger.

    A line of the ledger has ``station``, ``action`` and ``payload``, and where the CSMS gave one ``id``. A
    message that comes twice with the same payload is a repeat, as OCPP foresees, and counts once.
    """
    seen: dict[str, dict[str, _Seen]] = defaultdict(lambda: defaultdict(_Seen))
    for line in ledger:
        if line["action"] in _READERS:
            _READERS[line["action"]](seen[line["station"]], line, wrongs)
    for charge in charges:
        _compare(charge, seen[charge.station], wrongs)
    for of_station in seen.values():
        for transaction in of_station.values():
            if transaction.numbers and sorted(transaction.numbers) != list(range(len(transaction.numbers))):
                wrongs["sequence gaps"] += 1
            if transaction.begin is None:
                wrongs["wrong ids"] += 1


def _compare(charge: Charge, seen: Mapping[str, _Seen], wrongs: Counter[str]) -> None:
    found = [transaction for transaction in seen.values() if transaction.tag == charge.tag]
    if not found:
        wrongs["transactions lost"] += 1
        return
    wrongs["transactions doubled"] += len(found) - 1
    known = found[0]
    if known.begin != charge.begin:
        wrongs["readings in the wrong transaction"] += 1
    if charge.end is not None:
        if not known.ends:
            wrongs["transactions never ended"] += 1
        elif known.ends != [charge.end]:
            wrongs["transactions doubled"] += 1
    counts = Counter(known.readings)
    wrongs["readings lost"] += sum(1 for reading in charge.readings if not counts[reading])
    wrongs["readings doubled"] += sum(count - 1 for count in counts.values() if count > 1)
    wrongs["readings in the wrong transaction"] += len(counts.keys() - set(charge.readings))
    if known.readings != sorted(known.readings):
        wrongs["out of order"] += 1


# -- a 2.x CSMS --


def _event(seen: dict[str, _Seen], line: Json, wrongs: Counter[str]) -> None:
    payload = line["payload"]
    transaction = seen[payload["transactionInfo"]["transactionId"]]
    number, earlier = payload["seqNo"], transaction.numbers.get(payload["seqNo"])
    if earlier is not None:
        if earlier != payload:
            wrongs["sequence numbers used twice"] += 1
        return
    transaction.numbers[number] = payload
    if number < transaction.last:
        wrongs["out of order"] += 1
    transaction.last = number
    register = _register(payload.get("meterValue", []))
    match payload["eventType"]:
        case "Started":
            transaction.tag, transaction.begin = payload["idToken"]["idToken"], register
        case "Ended":
            transaction.ends.append(register if register is not None else -1)
        case _ if register is not None:
            transaction.readings.append(register)


# -- a 1.6 CSMS --


def _start(seen: dict[str, _Seen], line: Json, wrongs: Counter[str]) -> None:
    transaction = seen[str(line["id"])]
    transaction.tag, transaction.begin = line["payload"]["idTag"], line["payload"]["meterStart"]


def _meter_values(seen: dict[str, _Seen], line: Json, wrongs: Counter[str]) -> None:
    payload = line["payload"]
    if "transactionId" not in payload:
        wrongs["wrong ids"] += 1
        return
    transaction = seen[str(payload["transactionId"])]
    register = _register(payload["meterValue"])
    if register is not None and payload not in transaction.told:
        transaction.told.append(payload)
        transaction.readings.append(register)


def _stop(seen: dict[str, _Seen], line: Json, wrongs: Counter[str]) -> None:
    payload = line["payload"]
    transaction = seen[str(payload["transactionId"])]
    if payload not in transaction.told:
        transaction.told.append(payload)
        transaction.ends.append(payload["meterStop"])


def _register(meter_values: list[Json]) -> int | None:
    """The energy register in Wh, if the values have one."""
    for value in meter_values:
        for sample in value["sampledValue"]:
            if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register":
                return round(float(sample["value"]))
    return None


_READERS = {
    "TransactionEvent": _event,
    "StartTransaction": _start,
    "MeterValues": _meter_values,
    "StopTransaction": _stop,
}
