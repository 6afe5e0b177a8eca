"""Between 2.0.1 and 2.1, no call is refused but for what one version has no room for, and every such field is named."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

import pytest

from ocpp_crosswalk import Crosswalk, EventKind, Pair, Side
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.protocol import protocol

NOW = 1_790_000_000.0
EXAMPLES = 40
PAIRS = [Pair.parse("ocpp2.0.1--ocpp2.1"), Pair.parse("ocpp2.1--ocpp2.0.1")]

NO_ROOM = {
    "Authorize: certificate": "2.0.1 has 5500 characters for a chain; a part of it proves nothing",
    "Authorize: iso15118CertificateHashData.responderURL": "2.0.1 has 512 characters; a cut URL leads nowhere",
}
"""Fields of 2.1 that 2.0.1 may have no room for, and that no negative answer would be true about."""

_CROSSWALK = Crosswalk.load()


def _shared() -> Iterator[tuple[Pair, Side, str]]:
    for pair in PAIRS:
        for side in Side:
            for action in protocol(pair.version(side)).sends(side):
                if action in protocol(pair.version(side.other)).actions:
                    yield pair, side, action


def _misfits(pair: Pair, side: Side, action: str) -> Iterator[str]:
    """The fields for which a call, or the answer to it, is refused: `Action: path: reason`."""
    rng = random.Random(f"{pair}{side}{action}")
    for number in range(EXAMPLES):
        session = _CROSSWALK.session("CP-1", station=pair.station, csms=pair.csms)
        session.connect(now=NOW)
        payload = random_payload(rng, pair.version(side), action, "request")
        outs = session.receive(side, json.dumps([2, f"m{number}", action, payload]), now=NOW)
        while outs and outs[0].to is side.other:
            _, message_id, told, _ = json.loads(outs[0].text)
            reply = random_payload(rng, pair.version(side.other), told, "response")
            outs = session.receive(side.other, json.dumps([3, message_id, reply]), now=NOW)
        for event in session.take_events():
            if event.kind in (EventKind.INVALID_OUTPUT, EventKind.REFUSED) and "would break its schema" in event.text:
                yield re.sub(r"\[\d+\]", "", event.text.replace(" would break its schema", ""))


@pytest.mark.parametrize(("pair", "side", "action"), list(_shared()), ids=lambda value: str(value))
def test_what_does_not_fit_is_named(pair: Pair, side: Side, action: str) -> None:
    newer = "ocpp2.1"
    for text in _misfits(pair, side, action):
        field = text.rsplit(":", 1)[0]
        if pair.version(side) == newer and "the answer to" not in text:
            assert field in NO_ROOM, text
        else:
            assert " is beyond the m" in text, text
