"""2.0.1 -> 2.1 -> 2.0.1 is the identity, for every action that both versions have.

Two crosswalks stand in a row between a 2.0.1 station and a 2.0.1 CSMS: what one end says has to arrive at the other
end as it was said.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from chain import Chain
from ocpp_crosswalk import Crosswalk, EventKind, Side, Version
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.protocol import protocol

NOW = 1_790_000_000.0
EXAMPLES = 40

ANSWERED_HERE = {
    "SetNetworkProfile": "it would lead the station past the crosswalk",
}
"""Shared actions that do not reach the other end, and why."""

OPEN = {"protectedKeys": [], "passwordChange": "forward"}
"""Settings under which a CSMS may write every variable but for `_leads_away`."""

_CROSSWALK = Crosswalk.load()
_SHARED = [
    (side, action) for side in Side for action in protocol(Version.V201).sends(side) if action not in ANSWERED_HERE
]


@pytest.mark.parametrize(("side", "action"), _SHARED, ids=[f"{action}-from-{side}" for side, action in _SHARED])
def test_a_2_0_1_message_survives_2_1(side: Side, action: str) -> None:
    rng = random.Random(f"{side}{action}")
    arrived = 0
    for number in range(EXAMPLES):
        chain = Chain(_CROSSWALK, [Version.V201, Version.V21, Version.V201], now=NOW, **OPEN)
        payload = random_payload(rng, Version.V201, action, "request")
        if _leads_away(action, payload):
            continue
        outs = chain.receive(side, json.dumps([2, f"m{number}", action, payload]), now=NOW)
        if len(outs) == 1 and outs[0].to is side and _beyond_2_1(chain):
            continue
        assert [out.to for out in outs] == [side.other], outs
        _, message_id, told, told_payload = json.loads(outs[0].text)
        assert told == action
        assert told_payload == _expected(action, payload)
        reply = random_payload(rng, Version.V201, action, "response")
        outs = chain.receive(side.other, json.dumps([3, message_id, reply]), now=NOW)
        if _beyond_2_1(chain):
            continue
        assert [(out.to, json.loads(out.text)) for out in outs] == [(side, [3, f"m{number}", reply])]
        arrived += 1
    assert arrived >= EXAMPLES // 10, "hardly any message of this action arrived"


def _expected(action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """What arrives: all of it, but for numbers in a TransactionEvent that mean nothing, since no event may be lost."""
    if action != "TransactionEvent":
        return payload
    return {
        name: value
        for name, value in payload.items()
        if not (name == "numberOfPhasesUsed" and not 0 <= value <= 3) and not (name == "reservationId" and value < 0)
    }


def _leads_away(action: str, payload: dict[str, Any]) -> bool:
    """Whether a CSMS sets a variable to a WebSocket URL, which no crosswalk lets through."""
    return action == "SetVariables" and re.search(r'"\s*wss?://', json.dumps(payload)) is not None


def _beyond_2_1(chain: Chain) -> bool:
    """Whether a crosswalk refused a value that 2.1 bounds and 2.0.1 does not: negative ids, a phase above 3."""
    return any(_is_bound(event.kind, event.text, event.detail) for event in chain.events())


def _is_bound(kind: EventKind, text: str, detail: dict[str, Any]) -> bool:
    return kind is EventKind.REFUSED and " is beyond the m" in text
