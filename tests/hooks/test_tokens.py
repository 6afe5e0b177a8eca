"""Token types, which 2.1 has more of than 2.0.1."""

from __future__ import annotations

import json
from typing import Any

from ocpp_crosswalk import Crosswalk, Session

CROSSWALK = Crosswalk.load()
NOW = 1_790_000_000.0


def _session(csms: str, state: bytes | None = None) -> Session:
    session = CROSSWALK.session("CP-1", station="ocpp1.6", csms=csms, state=state)
    session.connect(now=NOW)
    return session


def _asked(session: Session, tag: str) -> Any:
    (out,) = session.receive("station", json.dumps([2, "s1", "Authorize", {"idTag": tag}]), now=NOW)
    return json.loads(out.text)[3]["idToken"]


def test_a_csms_that_moves_to_2_0_1_gets_no_type_of_2_1() -> None:
    newer = _session("ocpp2.1")
    token = {"idToken": "APP-7", "type": "DirectPayment"}
    entry = {"idToken": token, "idTokenInfo": {"status": "Accepted"}}
    call = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [entry]}
    (out,) = newer.receive("csms", json.dumps([2, "c1", "SendLocalList", call]), now=NOW)
    newer.receive("station", json.dumps([3, json.loads(out.text)[1], {"status": "Accepted"}]), now=NOW)
    state = newer.state
    assert _asked(newer, "app-7") == {"idToken": "app-7", "type": "DirectPayment"}
    assert _asked(_session("ocpp2.0.1", state), "app-7") == {"idToken": "app-7", "type": "Central"}
