"""1.6 -> 2.0.1 -> 2.1 in two steps says the same as 1.6 -> 2.1 in one, where both are defined."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from chain import Chain
from ocpp_crosswalk import Crosswalk, Out, Side, Version
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.protocol import protocol

NOW = 1_790_000_000.0
EXAMPLES = 25

_CROSSWALK = Crosswalk.load()
_DIRECT = [Version.V16, Version.V21]
_COMPOSED = [Version.V16, Version.V201, Version.V21]

REFUSED_OTHERWISE = {
    "SetDisplayMessage": "1.6 shows nothing and says so by an error; 2.0.1 says what of a message it cannot show",
    "SetVariables": "a value too long for 2.0.1 is refused before anyone asks whether a 1.6 station has the variable",
    "SetVariableMonitoring": "a monitor that 2.0.1 lacks is refused before anyone asks whether there is the variable",
}
"""What differs between the two ways, and why: how a call is refused. Both refuse it, and the station gets nothing."""

WIDER = {
    "GetLog": "log.remoteLocation",
    "UpdateFirmware": "firmware.location",
}
"""Fields that 1.6 and 2.1 have more room for than 2.0.1 in between: what is longer than 512 characters only arrives
directly."""

_SAID = [
    (side, action)
    for side, version in ((Side.STATION, Version.V16), (Side.CSMS, Version.V21))
    for action in protocol(version).sends(side)
]


def _frames(outs: list[Out]) -> list[Any]:
    """What left, as far as two ways have to agree: ids that a crosswalk makes up are made alike, results of single
    items are put in order, and the words of a refusal (description, statusInfo) are left out."""
    frames = []
    for out in outs:
        frame = json.loads(re.sub(r"xw-[0-9a-z]+-\d+", "xw", out.text))
        if frame[0] == 4:
            del frame[3:]
        elif frame[0] == 2:
            frame[1] = "id"
        else:
            frame[2] = _told(frame[2])
        frames.append((out.to, frame))
    return frames


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in answer.items() if not key.lower().endswith("statusinfo")}
    for key in ("setVariableResult", "setMonitoringResult"):
        if key in told:
            told[key] = sorted(map(_told, told[key]), key=json.dumps)
    return told


def _refuses(outs: list[Out], side: Side) -> bool:
    """Whether a call of ``side`` was refused, and nothing else was done."""
    if [out.to for out in outs] != [side]:
        return False
    kind, _, answer, *_ = json.loads(outs[0].text)
    if kind == 4:
        return True
    rows = answer.get("setVariableResult") or answer.get("setMonitoringResult") or [answer]
    return all((row.get("status") or row["attributeStatus"]) not in ("Accepted", "RebootRequired") for row in rows)


def _beyond_2_0_1(action: str, payload: dict[str, Any]) -> bool:
    value: Any = payload
    for name in WIDER.get(action, "").split("."):
        value = value.get(name, "")
    return len(value) > 512


def _same(action: str, side: Side, direct: list[Out], composed: list[Out]) -> bool:
    if _frames(direct) == _frames(composed):
        return True
    return action in REFUSED_OTHERWISE and _refuses(direct, side) and _refuses(composed, side)


@pytest.mark.parametrize(("side", "action"), _SAID, ids=[f"{action}-from-{side}" for side, action in _SAID])
def test_two_steps_say_the_same_as_one(side: Side, action: str) -> None:
    rng = random.Random(f"{side}{action}")
    version = Version.V16 if side is Side.STATION else Version.V21
    for number in range(EXAMPLES):
        payload = random_payload(rng, version, action, "request")
        call = json.dumps([2, f"m{number}", action, payload])
        chains = [Chain(_CROSSWALK, versions, now=NOW) for versions in (_DIRECT, _COMPOSED)]
        direct, composed = (chain.receive(side, call, now=NOW) for chain in chains)
        if action in WIDER and _beyond_2_0_1(action, payload):
            assert _refuses(composed, side), _frames(composed)
            continue
        assert _same(action, side, direct, composed), (payload, _frames(direct), _frames(composed))
        if not direct or direct[0].to is side:
            continue
        told = json.loads(direct[0].text)[2]
        far = Version.V21 if side is Side.STATION else Version.V16
        reply = random_payload(rng, far, told, "response")
        answers = [
            chain.receive(side.other, json.dumps([3, json.loads(outs[0].text)[1], reply]), now=NOW)
            for chain, outs in zip(chains, (direct, composed), strict=True)
        ]
        assert _same(action, side, *answers), (payload, reply, *map(_frames, answers))
