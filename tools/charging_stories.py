"""What happens at an EVSE from plug to plug, and the TransactionEvents that a 2.x station tells of it.

A `Story` is one transaction: a random but legal course of things (OCPP 2.0.1 E01-E07), told by a station of certain
`Habits`. `expected_transactions` says, from what was told, which transactions a 1.6 CSMS should have seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

START_POINTS = ("EVConnected", "Authorized", "DataSigned", "PowerPathClosed", "EnergyTransfer")
STOP_POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
GOOD_TOKENS = ("04A2B3C4", "04A2B3C4D5E6F7", "MEMBER-1", "member-2")
BAD_TOKENS = ("STOLEN-1", "04FFFFFF")
FREE = "NoAuthorization"
"""The idTag that stands for no authorization (setting `noAuthorizationIdTag`)."""
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
    """The TransactionEvents, in order."""
    last_told: float | None = None
    """The last register that an event told, in Wh."""
    asked_to_stop: bool = False

    def __post_init__(self) -> None:
        self._course = self._happens()
        self._refused = False
        self._started = False
        self._ended = False
        self._evse_told = False
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
        facts: set[str] = set()
        first = ["plug", "card"]
        rng.shuffle(first)
        if rng.random() < 0.08:
            first = ["plug"]
        for step in first:
            if step == "plug":
                facts.add("EVConnected")
                yield from self._event(facts, "CablePluggedIn", "EVConnected")
            else:
                yield from self._card(facts)
        if {"EVConnected", "Authorized"} <= facts or (rng.random() < 0.1 and "EVConnected" in facts):
            yield from self._charges(facts)
        yield from self._leaves(facts)

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
                case chance if chance < 0.8:
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
        if way == "card":
            self._token_to_tell = {"idToken": self.rng.choice(GOOD_TOKENS), "type": "Central"}
        if way in ("card", "remote", "refused") and self.habits.stop_point == "EVConnected":
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
        if not self._ended:
            yield from self._end(trigger, reason)

    def _flows(self) -> None:
        if self._charging:
            self.register += round(self.rng.uniform(0, 900), 3)

    # -- how it is told --

    def _event(
        self, facts: set[str], trigger: str, state: str | None, *, read: bool = False
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        if self._ended:
            return
        if not self._started:
            if self.habits.start_point not in facts:
                return
            self._started = True
            yield self._tell("Started", trigger, state, "Transaction.Begin" if self.habits.reads_at_start else None)
            return
        context = "Sample.Periodic" if read or (trigger == "SignedDataReceived") else None
        yield self._tell("Updated", trigger, state, context, plugged="EVConnected" in facts)

    def _end(self, trigger: str, reason: str) -> Iterator[tuple[str, dict[str, Any]]]:
        self._ended = True
        told = self._tell("Ended", trigger, "Idle", "Transaction.End" if self.habits.reads_at_end else None)
        told[1]["transactionInfo"]["stoppedReason"] = reason
        yield told

    def _tell(
        self, kind: str, trigger: str, state: str | None, context: str | None, *, plugged: bool = True
    ) -> tuple[str, dict[str, Any]]:
        info = {"transactionId": self.identifier, **({"chargingState": state} if state else {})}
        event: dict[str, Any] = {
            "eventType": kind,
            "timestamp": self._timestamp,
            "triggerReason": trigger,
            "seqNo": len(self.told) if self.habits.numbers_events else 0,
            "transactionInfo": info,
        }
        if plugged and not self._evse_told:
            event["evse"] = {"id": self.evse, "connectorId": 1}
            self._evse_told = True
        if self._token_to_tell is not None:
            event["idToken"] = self._token_to_tell
            self._token_to_tell = None
        if context is not None and self.habits.unit != "none":
            samples = self._samples(context)
            event["meterValue"] = [{"timestamp": self._timestamp, "sampledValue": samples}]
            self.last_told = self.register
        elif context is not None:
            sample = {"value": 230, "measurand": "Voltage", "context": context}
            event["meterValue"] = [{"timestamp": self._timestamp, "sampledValue": [sample]}]
        self.told.append(event)
        return "TransactionEvent", event

    def _samples(self, context: str) -> list[dict[str, Any]]:
        wh = round(self.register, 3)
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


def expected_transactions(told: list[dict[str, Any]], *, at_end: bool) -> list[str]:
    """The idTags of the transactions that a 1.6 CSMS should see of these events.

    One begins when token, EVSE and register are known; at the latest when the events end, if somebody was authorized or
    energy flowed. It ends with the authorization, or, with ``at_end``, with the events.
    """
    tags: list[str] = []
    evse = running = stopped = False
    token: str | None = None
    seen: str | None = None
    registers: list[float] = []
    for event in told:
        evse = evse or "evse" in event
        registers += _registers(event)
        ends = event["triggerReason"] in _ENDS
        last = event["eventType"] == "Ended"
        if "idToken" in event:
            seen = event["idToken"]["idToken"] or FREE
            if stopped and not ends and not last:
                stopped, token, registers = False, None, registers[-1:]
            if not running and not stopped and (not ends or last):
                token = seen if not ends or token is None else token
        if ends and not last and not running:
            token = None
        if not running and not stopped and evse:
            if token is not None and (registers or last):
                running = True
            elif last and registers and registers[-1] > registers[0]:
                token, running = seen or FREE, True
            if running:
                tags.append(str(token))
        if not running and seen is not None and "idToken" in event and token in BAD_TOKENS:
            token = None
        if running and (last or (ends and not at_end)):
            running, stopped = False, True
    return tags


def _registers(event: dict[str, Any]) -> list[float]:
    values = event.get("meterValue", [])
    samples = [sample for value in values for sample in value["sampledValue"] if "measurand" not in sample]
    if not samples:
        return []
    unit = samples[0].get("unitOfMeasure", {})
    factor = 1000 if unit.get("unit") == "kWh" or unit.get("multiplier") else 1
    return [sum(sample["value"] for sample in samples) * factor]
