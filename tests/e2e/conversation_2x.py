"""What a 2.x station says and is told, whatever the CSMS speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .world import Json, Peer

_BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
TRANSACTION = "3c0a5b8e-9f3f-4a2b-8b4e-7d1a6d8a0c11"


def at(seconds: int) -> str:
    """A time of this conversation."""
    return (_BEGIN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def reading(seconds: int, value: float, context: str, unit: str = "Wh") -> list[Json]:
    """One reading of the register."""
    sample = {
        "value": value,
        "context": context,
        "measurand": "Energy.Active.Import.Register",
        "unitOfMeasure": {"unit": unit},
    }
    return [{"timestamp": at(seconds), "sampledValue": [sample]}]


async def event(
    station: Peer, kind: str, number: int, trigger: str, transaction: str = TRANSACTION, **more: Json
) -> Json:
    """Tell of a transaction; `info` goes into transactionInfo."""
    info = more.pop("info", {})
    payload = {
        "eventType": kind,
        "timestamp": at(number + 1),
        "triggerReason": trigger,
        "seqNo": number,
        "transactionInfo": {"transactionId": transaction, **info},
        **more,
    }
    return await station.call("TransactionEvent", payload)


async def boot(station: Peer, csms: Peer) -> None:
    """Boot, and tell the status of two connectors."""
    model = {"vendorName": "Acme", "model": "Duo 2", "serialNumber": "S-2", "firmwareVersion": "9"}
    answer = await station.call("BootNotification", {"reason": "PowerUp", "chargingStation": model})
    assert (answer["status"], answer["interval"]) == ("Accepted", 300)
    for evse in (1, 2):
        await status(station, evse, "Available", 0)


async def status(station: Peer, evse: int, value: str, seconds: int) -> None:
    """Report a status."""
    payload = {"timestamp": at(seconds), "connectorStatus": value, "evseId": evse, "connectorId": 1}
    assert await station.call("StatusNotification", payload) == {}


async def charges(station: Peer, csms: Peer, *, remote_start_id: int | None = None) -> None:
    """A whole transaction on EVSE 1, from the card (or a remote start) to its end."""
    token = {"idToken": "CARD-1", "type": "ISO14443"}
    if remote_start_id is None:
        assert (await station.call("Authorize", {"idToken": token}))["idTokenInfo"]["status"] == "Accepted"
    await status(station, 1, "Occupied", 1)
    trigger = "Authorized" if remote_start_id is None else "RemoteStart"
    info = {"chargingState": "EVConnected"}
    if remote_start_id is not None:
        info["remoteStartId"] = remote_start_id
    started = await event(
        station,
        "Started",
        0,
        trigger,
        info=info,
        evse={"id": 1, "connectorId": 1},
        idToken=token,
        meterValue=reading(1, 1000, "Transaction.Begin"),
    )
    assert started["idTokenInfo"]["status"] == "Accepted"
    await event(station, "Updated", 1, "ChargingStateChanged", info={"chargingState": "Charging"})
    await event(station, "Updated", 2, "MeterValuePeriodic", meterValue=reading(3, 1250, "Sample.Periodic"))
    await event(station, "Updated", 3, "MeterValueClock", meterValue=reading(4, 1.5, "Sample.Clock", "kWh"))
    await event(
        station,
        "Ended",
        4,
        "StopAuthorized",
        info={"stoppedReason": "Local"},
        idToken=token,
        meterValue=reading(5, 1800, "Transaction.End"),
    )
    await status(station, 1, "Available", 6)
