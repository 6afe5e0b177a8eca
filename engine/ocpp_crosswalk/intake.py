"""What a peer sends, held against its schema: accepted, put right, or refused with the error that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .events import EventKind
from .interpreter import Failure
from .journal import Journal
from .protocol import protocol
from .repairs import Rules, repaired
from .schemas import Kind, Violation, request_schema, response_schema
from .times import normal_time
from .validation import Validation
from .versions import PEOPLE, Pair, Side


class Intake:
    """Judges what arrives on one station's link. What a station sends may be repaired; a CSMS has to be right."""

    def __init__(
        self, pair: Pair, checks: Validation, rules: Sequence[Rules], data: Mapping[str, Any], journal: Journal
    ) -> None:
        self._pair = pair
        self._checks = checks
        self._rules = rules
        self._data = data
        self._journal = journal

    def request(
        self, side: Side, action: str, payload: dict[str, Any], message_id: str, *, send: bool
    ) -> dict[str, Any] | Failure:
        """The payload of a call (``send``: of a SEND) to go on with, or what is wrong with it, reported."""
        version = self._pair.version(side)
        known = protocol(version).actions.get(action)
        accepted = False
        if known is None or side not in known.sender or known.send != send:
            failure = Failure("NotImplemented", f"{version} has no {action!r} for a {PEOPLE[side]} to send")
        else:
            payload, found = self._judged(side, action, "request", payload, message_id)
            if found is None:
                return payload
            failure = Failure(found.code, f"{found.path or 'the payload'}: {found.reason}")
            accepted = not self._checks.enforced
        self._journal.add(EventKind.INVALID_INPUT, side, action, message_id, failure.description)
        return payload if accepted else failure

    def response(self, side: Side, action: str, payload: dict[str, Any], message_id: str) -> dict[str, Any] | Failure:
        """The payload of an answer to go on with, or what is wrong with it, reported."""
        payload, found = self._judged(side, action, "response", payload, message_id)
        if found is None:
            return payload
        text = f"the {PEOPLE[side]}'s answer to {action} breaks its schema: {found.path}: {found.reason}"
        self._journal.add(EventKind.INVALID_INPUT, side, action, message_id, text)
        return Failure("InternalError", text) if self._checks.enforced else payload

    def _judged(
        self, side: Side, action: str, kind: Kind, payload: dict[str, Any], message_id: str
    ) -> tuple[dict[str, Any], Violation | None]:
        found = self._checks.arrived(side, action, kind, payload, formats=side is Side.STATION)
        if found is None or side is not Side.STATION:
            return payload, found
        payload = self._repaired(action, kind, payload, message_id)
        return payload, self._checks.arrived(side, action, kind, payload)

    def _repaired(self, action: str, kind: Kind, payload: dict[str, Any], message_id: str) -> dict[str, Any]:
        """A message of the station with what can mean only one thing put right."""
        station = self._data.get("station", {})
        vendor, model = str(station.get("vendor", "")), str(station.get("model", ""))
        rules = [rule for rule in self._rules if rule.fits(vendor, model)]
        version = self._pair.version(Side.STATION)
        schema = request_schema(version, action) if kind == "request" else response_schema(version, action)
        result, done = repaired(payload, schema, rules, normal_time)
        for text in done:
            self._journal.add(EventKind.REPAIRED, Side.STATION, action, message_id, text)
        return dict(result)
