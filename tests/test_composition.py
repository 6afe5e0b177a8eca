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

EXCEPTIONS: dict[tuple[Side, str], str] = {}
"""What differs between the two ways, and why."""

_SAID = [
    (side, action)
    for side, version in ((Side.STATION, Version.V16), (Side.CSMS, Version.V21))
    for action in protocol(version).sends(side)
    if (side, action) not in EXCEPTIONS
]


def _frames(outs: list[Out]) -> list[Any]:
    """What left, with the ids that a crosswalk makes up made alike."""
    return [(out.to, json.loads(re.sub(r"xw-[0-9a-z]+-\d+", "xw", out.text))) for out in outs]


def _same(direct: list[Out], composed: list[Out]) -> bool:
    """Whether the same left; the words of an error may differ, since another crosswalk says them."""
    one, two = _frames(direct), _frames(composed)
    for _, frame in (*one, *two):
        if frame[0] == 4:
            del frame[3:]
        if frame[0] == 2:
            frame[1] = "id"
    return one == two


@pytest.mark.parametrize(("side", "action"), _SAID, ids=[f"{action}-from-{side}" for side, action in _SAID])
def test_two_steps_say_the_same_as_one(side: Side, action: str) -> None:
    rng = random.Random(f"{side}{action}")
    version = Version.V16 if side is Side.STATION else Version.V21
    if protocol(version).actions[action].send:
        pytest.fail("a 2.1 CSMS sends no SEND")
    for number in range(EXAMPLES):
        payload = random_payload(rng, version, action, "request")
        call = json.dumps([2, f"m{number}", action, payload])
        chains = [Chain(_CROSSWALK, versions, now=NOW) for versions in (_DIRECT, _COMPOSED)]
        direct, composed = (chain.receive(side, call, now=NOW) for chain in chains)
        assert _same(direct, composed), (payload, _frames(direct), _frames(composed))
        if not direct or direct[0].to is side:
            continue
        told = json.loads(direct[0].text)[2]
        far = Version.V21 if side is Side.STATION else Version.V16
        reply = random_payload(rng, far, told, "response")
        answers = [
            chain.receive(side.other, json.dumps([3, json.loads(outs[0].text)[1], reply]), now=NOW)
            for chain, outs in zip(chains, (direct, composed), strict=True)
        ]
        assert _same(*answers), (payload, reply, *map(_frames, answers))
