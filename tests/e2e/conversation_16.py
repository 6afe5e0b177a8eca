"""What a 1.6 station and a 2.x CSMS say to each other, for any make of station and CSMS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from .world import Json, Peer

_clock = {"begin": datetime.now(UTC)}


def at(seconds: int) -> str:
    """A time of this conversation, in the form that a 1.6 station writes."""
    return (_clock["begin"] + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """A time that came in."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def transaction_events(csms: Peer, evse: int | None = None) -> list[Json]:
    """What the CSMS was told of transactions (of one EVSE), in the order in which it came."""
    events = csms.payloads("TransactionEvent")
    return [event for event in events if evse is None or event.get("evse", {}).get("id") == evse]


def readings(event: Json) -> list[tuple[Any, ...]]:
    """The register readings of an event in Wh: (context, value)."""
    found = []
    for value in event.get("meterValue", []):
        for sample in value["sampledValue"]:
            if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register":
                unit = sample.get("unitOfMeasure", {})
                scale = 1000 if unit.get("unit", "Wh") == "kWh" else 1
                found.append(
                    (
                        sample.get("context", "Sample.Periodic"),
                        sample["value"] * scale * 10 ** unit.get("multiplier", 0),
                    )
                )
    return found


def assert_whole(events: list[Json]) -> None:
    """One transaction, from Started to Ended, without a gap in its numbers."""
    assert [event["eventType"] for event in events] == ["Started", *["Updated"] * (len(events) - 2), "Ended"]
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1


async def boot(station: Peer, csms: Peer) -> None:
    """Boot, and tell the status of the station and its two connectors."""
    # later than anything that the CSMS asks for: a transaction of earlier would not be what it asked for
    _clock["begin"] = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=60)
    answer = await station.call(
        "BootNotification",
        {"chargePointVendor": "Acme", "chargePointModel": "Duo", "chargePointSerialNumber": "S-1", "iccid": "8931"},
    )
    assert (answer["status"], answer["interval"]) == ("Accepted", 300)
    booted = await csms.next("BootNotification")
    assert booted["chargingStation"]["vendorName"] == "Acme"
    assert booted["chargingStation"]["model"] == "Duo"
    assert booted["chargingStation"]["serialNumber"] == "S-1"
    for connector in (0, 1, 2):
        await status(station, connector, "Available", 0)
    evses = [(await csms.next("StatusNotification"))["evseId"] for _ in (1, 2)]
    assert evses == [1, 2]


async def status(station: Peer, connector: int, value: str, seconds: int) -> None:
    """Report a status."""
    payload = {"connectorId": connector, "status": value, "errorCode": "NoError", "timestamp": at(seconds)}
    assert await station.call("StatusNotification", payload) == {}


async def start(station: Peer, connector: int, tag: str, meter: int, seconds: int) -> int:
    """Start a transaction; gives its number."""
    payload = {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": at(seconds)}
    answer = await station.call("StartTransaction", payload)
    assert answer["idTagInfo"]["status"] == "Accepted"
    return int(answer["transactionId"])


async def meter(station: Peer, connector: int, number: int, value: str, seconds: int, **more: str) -> None:
    """Report one reading of the register."""
    sample = {"value": value, "measurand": "Energy.Active.Import.Register", "unit": "Wh", **more}
    values = [{"timestamp": at(seconds), "sampledValue": [sample]}]
    payload = {"connectorId": connector, "transactionId": number, "meterValue": values}
    assert await station.call("MeterValues", payload) == {}


async def stop(station: Peer, number: int, meter_stop: int, seconds: int, reason: str, tag: str | None = None) -> None:
    """Stop a transaction."""
    payload: Json = {"transactionId": number, "meterStop": meter_stop, "timestamp": at(seconds), "reason": reason}
    await station.call("StopTransaction", payload if tag is None else {**payload, "idTag": tag})


async def driver_charges(station: Peer, csms: Peer) -> None:
    """A driver authorizes, charges with readings of both kinds, and stops with the same card."""
    answer = await station.call("Authorize", {"idTag": "CARD-1"})
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert (await csms.next("Authorize"))["idToken"]["idToken"] == "CARD-1"
    await status(station, 1, "Preparing", 1)
    number = await start(station, 1, "CARD-1", 1000, 2)
    await status(station, 1, "Charging", 3)
    await meter(station, 1, number, "1250", 4, context="Sample.Periodic")
    await meter(station, 1, number, "1.5", 5, context="Sample.Clock", unit="kWh")
    await status(station, 1, "SuspendedEV", 6)
    await stop(station, number, 1800, 7, "Local", "CARD-1")
    await status(station, 1, "Available", 8)
    await csms.until(lambda: transaction_events(csms)[-1:][0]["eventType"] == "Ended", "the end of the transaction")

    events = transaction_events(csms)
    assert_whole(events)
    started, ended = events[0], events[-1]
    assert started["idToken"]["idToken"] == "CARD-1"
    assert started["evse"]["id"] == 1
    assert moment(started["timestamp"]) == moment(at(2))
    assert readings(started) == [("Transaction.Begin", 1000)]
    assert [(e["triggerReason"], readings(e)) for e in events if e["eventType"] == "Updated" and "meterValue" in e] == [
        ("MeterValuePeriodic", [("Sample.Periodic", 1250)]),
        ("MeterValueClock", [("Sample.Clock", 1500)]),
    ]
    changes = [e for e in events if e["triggerReason"] == "ChargingStateChanged"]
    assert [e["transactionInfo"]["chargingState"] for e in changes] == ["Charging", "SuspendedEV"]
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("StopAuthorized", "Local")
    assert ended["idToken"]["idToken"] == "CARD-1"
    assert readings(ended) == [("Transaction.End", 1800)]
    statuses = [(p["evseId"], p["connectorStatus"]) for p in csms.payloads("StatusNotification")]
    assert statuses == [(1, "Available"), (2, "Available"), (1, "Occupied"), (1, "Available")]


async def csms_charges_and_resets(station: Peer, csms: Peer) -> None:
    """The CSMS starts and stops a transaction from afar, and then resets the station."""
    before = len(transaction_events(csms))
    token = {"idToken": "APP-USER-7", "type": "Central"}
    answer = await csms.call("RequestStartTransaction", {"remoteStartId": 905, "evseId": 2, "idToken": token})
    assert answer["status"] == "Accepted"
    asked = await station.next("RemoteStartTransaction")
    assert (asked["connectorId"], asked["idTag"]) == (2, "APP-USER-7")
    number = await start(station, 2, asked["idTag"], 40, 10)
    started = transaction_events(csms)[before]
    assert started["transactionInfo"]["remoteStartId"] == 905
    assert started["triggerReason"] == "RemoteStart"
    assert started["idToken"] == token
    transaction = started["transactionInfo"]["transactionId"]

    refused = await csms.call("RequestStopTransaction", {"transactionId": "of nobody"})
    assert refused["status"] == "Rejected"
    answer = await csms.call("RequestStopTransaction", {"transactionId": transaction})
    assert answer["status"] == "Accepted"
    assert await station.next("RemoteStopTransaction") == {"transactionId": number}
    await stop(station, number, 90, 12, "Remote")
    events = transaction_events(csms)[before:]
    assert_whole(events)
    assert {event["transactionInfo"]["transactionId"] for event in events} == {transaction}
    assert (events[-1]["triggerReason"], events[-1]["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")
    assert readings(events[-1]) == [("Transaction.End", 90)]

    assert (await csms.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    assert (await station.next("Reset"))["type"] in ("Hard", "Soft")
    assert len(station.payloads("RemoteStopTransaction")) == 1


async def two_drivers_charge(station: Peer, csms: Peer) -> None:
    """Both connectors charge at once; the transactions stay apart."""
    before = len(transaction_events(csms))
    first = await start(station, 1, "CARD-1", 100, 20)
    second = await start(station, 2, "CARD-2", 7000, 21)
    assert first != second
    await meter(station, 2, second, "7010", 22)
    await meter(station, 1, first, "111", 22)
    await status(station, 2, "Charging", 23)
    await stop(station, first, 120, 24, "EVDisconnected")
    await meter(station, 2, second, "7020", 25)
    await stop(station, second, 7030, 26, "EmergencyStop")
    events = transaction_events(csms)[before:]
    of_first = [
        e for e in events if e["transactionInfo"]["transactionId"] == events[0]["transactionInfo"]["transactionId"]
    ]
    of_second = [e for e in events if e not in of_first]
    assert_whole(of_first)
    assert_whole(of_second)
    assert [r for e in of_first for r in readings(e)] == [
        ("Transaction.Begin", 100),
        ("Sample.Periodic", 111),
        ("Transaction.End", 120),
    ]
    assert [value for e in of_second for _, value in readings(e)] == [7000, 7010, 7020, 7030]
    assert of_first[-1]["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert of_second[-1]["transactionInfo"]["stoppedReason"] == "EmergencyStop"
    assert of_first[0]["idToken"]["idToken"] == "CARD-1"
    assert of_second[0]["idToken"]["idToken"] == "CARD-2"
