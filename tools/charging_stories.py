"""What happens at an EVSE from plug to plug, and the TransactionEvents that a 2.x station tells of it.

A `Story` is one transaction: a random but legal course of things (OCPP 2.0.1 E01-E07), told by a station of certain
`Habits`. `Expectation` says, from what was told, which transactions a 1.6 CSMS should have seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

START_POINTS = ("ParkingBayOccupancy", "EVConnected", "Authorized", "DataSigned", "PowerPathClosed", "EnergyTransfer")
STOP_POINTS = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
GOOD_TOKENS = ("04A2B3C4", "04A2B3C4D5E6F7", "MEMBER-1", "member-2")
BAD_TOKENS = ("STOLEN-1", "04FFFFFF")
FREE = "NoAuthorization"
"""The idTag that stands for no authorization (setting `noAuthorizationIdTag`)."""
_AUTHORIZES = ("Authorized", "RemoteStart")
_ENDS = ("StopAuthorized", "Deauthorized", "RemoteStop")


@dataclass(frozen=True)
class Habits:
    """How a station tells things."""

    start_point: str
    stop_point: str
    unit: str
    """How it writes registers: Wh, kWh, multiplied, phases, or none at all."""
    reads_at_start: bool
    reads_at_end: bool
    reads_between: bool
    numbers_events: bool
    asks_before: bool
    """Whether it sends Authorize for a card."""
    reads_by_clock: bool
    """Whether it sends MeterValues beside the events."""
    falls: bool
    """Whether its meter seems to fall now and then."""

    @classmethod
    def some(cls, rng: random.Random) -> Habits:
        """The habits of one station."""
        return cls(
            rng.choice(START_POINTS),
            rng.choice(STOP_POINTS),
            rng.choice(["Wh", "Wh", "kWh", "multiplied", "phases", "none"]),
            rng.random() < 0.7,
            rng.random() < 0.8,
            rng.random() < 0.7,
            rng.random() < 0.8,
            rng.random() < 0.5,
            rng.random() < 0.2,
            rng.random() < 0.2,
        )


@dataclass
class Story:
    """One transaction at an EVSE, from ``register`` on."""

    rng: random.Random
    habits: Habits
    evse: int
    register: float
    identifier: str
    now: float
    told: list[dict[str, Any]] = field(default_factory=list)
    """The payloads of TransactionEvents and MeterValues, in order."""
    asked_to_stop: bool = False

    def __post_init__(self) -> None:
        self._course = self._happens()
        self._began_at = self.register
        self._refused = False
        self._started = False
        self._ended = False
        self._evse_told = self._begin_told = False
        self._token_to_tell: dict[str, str] | None = None
        self._charging = False
        self._timestamp = ""

    def next(self, timestamp: str) -> tuple[str, dict[str, Any]] | None:
        """The next thing to tell: action and payload; None when the story is over."""
        self._timestamp = timestamp
        return next(self._course, None)

    def answered(self, payload: dict[str, Any], answer: dict[str, Any]) -> None:
        """The CSMS's answer to what was told last; a refusal shows in what happens next."""
        info = answer.get("idTokenInfo")
        if info is not None and info["status"] != "Accepted":
            self._refused = True

    # -- the course of things --

    def _happens(self) -> Iterator[tuple[str, dict[str, Any]]]:
        rng = self.rng
        facts = {"ParkingBayOccupancy"}
        yield from self._event(facts, "EVDetected", None)
        first = ["plug", "card"]
        rng.shuffle(first)
        if rng.random() < 0.08:
            first = ["plug"]
        for step in first:
            if step == "plug":
                facts.add("EVConnected")
                yield self._status("Occupied")
                yield from self._event(facts, "CablePluggedIn", "EVConnected")
            else:
                yield from self._card(facts)
        if {"EVConnected", "Authorized"} <= facts or (rng.random() < 0.1 and "EVConnected" in facts):
            yield from self._charges(facts)
        yield from self._leaves(facts)
        if "EVConnected" in facts:
            yield self._status("Available")

    def _card(self, facts: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """A driver shows a card, perhaps a bad one first; or needs none, or starts by telephone."""
        while True:
            token = self._some_token()
            self._refused = False
            if self.habits.asks_before and token["type"] != "NoAuthorization":
                yield "Authorize", {"idToken": token}
                if self._refused:
                    if self.rng.random() < 0.5:
                        return
                    continue
            facts.add("Authorized")
            self._token_to_tell = token
            yield from self._event(facts, self.rng.choice(["Authorized", "RemoteStart"]), None)
            if not self._refused:
                return
            facts.discard("Authorized")
            if self._ended:
                return
            if self._started:
                yield from self._event(facts, "Deauthorized", None)
            if self.rng.random() < 0.5:
                return

    def _some_token(self) -> dict[str, str]:
        if self.rng.random() < 0.06:
            return {"idToken": "", "type": "NoAuthorization"}
        return {"idToken": self.rng.choice(BAD_TOKENS if self.rng.random() < 0.2 else GOOD_TOKENS), "type": "Central"}

    def _charges(self, facts: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        facts.add("DataSigned")
        if self.habits.start_point == "DataSigned" or self.rng.random() < 0.2:
            yield from self._event(facts, "SignedDataReceived", None)
        facts.add("PowerPathClosed")
        yield from self._event(facts, "ChargingStateChanged", "SuspendedEV")
        facts.add("EnergyTransfer")
        self._charging = True
        yield from self._event(facts, "ChargingStateChanged", "Charging")
        for _ in range(self.rng.choice([0, 0, 1, 2, 5])):
            if self._ended or self.asked_to_stop or self._refused:
                return
            match self.rng.random():
                case chance if chance < 0.6 and self.habits.reads_between:
                    self._flows()
                    yield from self._event(facts, "MeterValuePeriodic", None, read=True)
                case chance if chance < 0.75 and self.habits.reads_by_clock and self.habits.unit != "none":
                    self._flows()
                    yield self._by_clock()
                case chance if chance < 0.85:
                    self._flows()
                    state = self.rng.choice(["SuspendedEV", "SuspendedEVSE", "Charging"])
                    yield from self._event(facts, "ChargingStateChanged", state)
                case _:
                    self._flows()

    def _leaves(self, facts: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        if not self._started or self._ended:
            return
        if self._charging:
            self._flows()
        self._charging = False
        authorized = "Authorized" in facts
        ways = ["cable", "other", *(["card", "card", "remote"] if authorized else [])]
        way = "remote" if self.asked_to_stop else "refused" if self._refused and authorized else self.rng.choice(ways)
        reasons = {
            "card": ("StopAuthorized", "Local"),
            "remote": ("RemoteStop", "Remote"),
            "refused": ("Deauthorized", "DeAuthorized"),
            "cable": ("EVCommunicationLost", "EVDisconnected"),
            "other": ("AbnormalCondition", "PowerLoss"),
        }
        trigger, reason = reasons[way]
        stays = self.habits.stop_point in ("EVConnected", "ParkingBayOccupancy")
        if way == "card":
            self._token_to_tell = {"idToken": self.rng.choice(GOOD_TOKENS), "type": "Central"}
        if way in ("card", "remote", "refused") and stays:
            facts.discard("Authorized")
            yield from self._event(facts, trigger, "EVConnected", read=self.rng.random() < 0.7)
            self.asked_to_stop = self._refused = False
            if self.rng.random() < 0.3:
                yield from self._card(facts)
                if "Authorized" in facts and not self._ended:
                    self._charging = True
                    self._flows()
                    yield from self._event(facts, "ChargingStateChanged", "Charging", read=True)
            trigger, reason = "EVCommunicationLost", "Local"
        if self.habits.stop_point == "ParkingBayOccupancy" and way != "other":
            yield from self._event(facts, trigger, "Idle")
            trigger, reason = "EVDeparted", "Local"
        if not self._ended:
            yield from self._end(trigger, reason)

    def _flows(self) -> None:
        if self._charging:
            self.register += round(self.rng.uniform(0, 900), 3)

    # -- how it is told --

    def _event(
        self, facts: set[str], trigger: str, state: str | None, *, read: bool = False
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        if self._ended or (not self._started and self.habits.start_point not in facts):
            return
        kind = "Updated" if self._started else "Started"
        self._started = True
        placed = "EVConnected" in facts or (trigger == "EVDetected" and self.rng.random() < 0.5)
        context = "Sample.Periodic" if read or (trigger == "SignedDataReceived") else None
        begins = kind == "Started" or "EnergyTransfer" in facts
        if self.habits.reads_at_start and not self._begin_told and begins and (placed or self._evse_told):
            context = "Transaction.Begin"
            self._begin_told = True
        yield self._tell(kind, trigger, state, context, placed=placed)

    def _end(self, trigger: str, reason: str) -> Iterator[tuple[str, dict[str, Any]]]:
        self._ended = True
        told = self._tell("Ended", trigger, "Idle", "Transaction.End" if self.habits.reads_at_end else None)
        told[1]["transactionInfo"]["stoppedReason"] = reason
        yield told

    def _tell(
        self, kind: str, trigger: str, state: str | None, context: str | None, *, placed: bool = False
    ) -> tuple[str, dict[str, Any]]:
        info = {"transactionId": self.identifier, **({"chargingState": state} if state else {})}
        event: dict[str, Any] = {
            "eventType": kind,
            "timestamp": self._timestamp,
            "triggerReason": trigger,
            "seqNo": len(self.told) if self.habits.numbers_events else 0,
            "transactionInfo": info,
        }
        if placed and not self._evse_told:
            event["evse"] = {"id": self.evse, "connectorId": 1}
            self._evse_told = True
        if self._token_to_tell is not None:
            event["idToken"] = self._token_to_tell
            self._token_to_tell = None
        if context is not None:
            samples = [{"value": 230, "measurand": "Voltage", "context": context}]
            if self.habits.unit != "none":
                samples = self._samples(context)
            event["meterValue"] = [{"timestamp": self._timestamp, "sampledValue": samples}]
        self.told.append(event)
        return "TransactionEvent", event

    def _status(self, status: str) -> tuple[str, dict[str, Any]]:
        place = {"evseId": self.evse, "connectorId": 1}
        return "StatusNotification", {"timestamp": self._timestamp, "connectorStatus": status, **place}

    def _by_clock(self) -> tuple[str, dict[str, Any]]:
        values = [{"timestamp": self._timestamp, "sampledValue": self._samples("Sample.Clock")}]
        self.told.append({"evseId": self.evse, "meterValue": values})
        return "MeterValues", self.told[-1]

    def _samples(self, context: str) -> list[dict[str, Any]]:
        wh = round(self.register, 3)
        if self.habits.falls and context == "Sample.Periodic" and self.rng.random() < 0.3:
            wh = round((self.register + self._began_at) / 2, 3)
        match self.habits.unit:
            case "kWh":
                return [{"value": round(wh / 1000, 6), "context": context, "unitOfMeasure": {"unit": "kWh"}}]
            case "multiplied":
                unit = {"unit": "Wh", "multiplier": 3}
                return [{"value": round(wh / 1000, 6), "context": context, "unitOfMeasure": unit}]
            case "phases":
                return [{"value": wh / 3, "context": context, "phase": phase} for phase in ("L1", "L2", "L3")]
        other = {"value": 16, "measurand": "Current.Import", "context": context, "phase": "L1"}
        return [{"value": wh, "context": context}, *([other] if self.rng.random() < 0.5 else [])]


@dataclass
class Expected:
    """A transaction that a 1.6 CSMS should see."""

    tag: str
    start: float
    """Wh at its start."""
    stop: float = 0.0
    """Wh at its end."""


@dataclass
class Expectation:
    """What a 1.6 CSMS should see of a station's transactions. A register that falls counts as the highest before it.

    One begins when token, EVSE and register are known; at the latest when the events end, if somebody was authorized or
    energy flowed since the register that the EVSE told last. It ends with the authorization and the register that is
    told then or next, or, with ``at_end``, with the events; at the latest when somebody else is authorized.
    """

    at_end: bool
    known: dict[int, float] = field(default_factory=dict)
    """The register that each EVSE told last."""

    def of(self, evse: int, told: list[dict[str, Any]]) -> list[Expected]:
        """The transactions that one story should be, told by these payloads of TransactionEvent and MeterValues."""
        seen: list[Expected] = []
        placed = running = stopped = awaits = read = False
        token: str | None = None
        was: str | None = None
        shown: str | None = None
        registers: list[float] = []
        for event in told:
            new = [max([wh, *registers[-1:]]) for wh in _registers(event)]
            if "evseId" in event:
                registers += new if placed else []
                read = read or bool(new)
                if new:
                    self.known[evse] = new[-1]
                continue
            placed = placed or "evse" in event
            ends = event["triggerReason"] in _ENDS
            last = event["eventType"] == "Ended"
            if last and not registers and new and placed and evse in self.known:
                registers = [self.known[evse]]
            registers += new
            if "idToken" in event:
                shown = event["idToken"]["idToken"] or FREE
                if running and not last and event["triggerReason"] in _AUTHORIZES and (awaits or shown != token):
                    running, stopped, awaits = False, True, False
                    seen[-1].stop = registers[-1]
                if stopped and not ends and not last:
                    stopped, token, was, registers = False, None, None, registers[-1:]
                if not running and not stopped and (not ends or last):
                    token = shown if not ends or token is None else token
            if ends and not last and not running and token is not None:
                token, was = None, token
            if not running and not stopped and placed:
                if last and token is None and registers and registers[-1] > registers[0]:
                    token = was or shown or FREE
                if token is not None and (registers or last):
                    running = True
                    registers = registers or [self.known.get(evse, 0.0)]
                    seen.append(Expected(token, registers[0]))
            if not running and "idToken" in event and token in BAD_TOKENS:
                token = None
            read = read or bool(new)
            if running and ends and not awaits and not self.at_end:
                awaits, read = True, bool(new)
            if running and (last or (awaits and read)):
                running, stopped, awaits = False, True, False
                seen[-1].stop = registers[-1]
            if registers and placed:
                self.known[evse] = registers[-1]
        return seen


def _registers(event: dict[str, Any]) -> list[float]:
    values = event.get("meterValue", [])
    samples = [sample for value in values for sample in value["sampledValue"] if "measurand" not in sample]
    if not samples:
        return []
    unit = samples[0].get("unitOfMeasure", {})
    factor = 1000 if unit.get("unit") == "kWh" or unit.get("multiplier") else 1
    return [sum(sample["value"] for sample in samples) * factor]
