"""The setting `validation`: what becomes of payloads that break their schema."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.events import EventKind
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.session import Out, Session
from ocpp_crosswalk.versions import PAIRS, Pair, Side
from schema_mutations import spoilt

NOW = 1_790_000_000.0
ODD_CALL = {"idTag": "TAG", "odd": 1}
ODD_ANSWER = {"idTokenInfo": {"status": "Accepted", "odd": 1}}


def opened(crosswalk: Crosswalk, mode: str, pair: Pair = PAIRS[0]) -> Session:
    """A session in this mode, connected."""
    session = crosswalk.session("CP-1", station=pair.station, csms=pair.csms, settings={"validation": mode})
    session.connect(now=NOW)
    session.take_events()
    return session


@pytest.fixture(scope="module")
def crosswalk() -> Crosswalk:
    return Crosswalk.load()


def ask(session: Session, payload: dict[str, Any]) -> list[Out]:
    """What becomes of the station's Authorize."""
    return session.receive("station", json.dumps([2, "1", "Authorize", payload]), now=NOW)


def kinds(session: Session) -> list[EventKind]:
    return [event.kind for event in session.take_events()]


def test_what_breaks_its_schema_goes_no_further_by_default(crosswalk: Crosswalk) -> None:
    session = crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    (out,) = ask(session, {"odd": 1})
    assert (out.to, json.loads(out.text)[0]) == ("station", 4)
    assert EventKind.INVALID_INPUT in kinds(session)


def test_an_integer_with_a_fraction_of_zero_is_one_to_both_drafts_of_json_schema(crosswalk: Crosswalk) -> None:
    session = opened(crosswalk, "enforce")
    asked = {"idToken": {"idToken": "TAG", "type": "Central"}, "remoteStartId": 7.0, "evseId": 1.0}
    (out,) = session.receive("csms", json.dumps([2, "1", "RequestStartTransaction", asked]), now=NOW)
    assert json.loads(out.text)[2:] == ["RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}]
    assert '"connectorId":1}' in out.text


def test_reported_calls_and_answers_go_on(crosswalk: Crosswalk) -> None:
    session = opened(crosswalk, "report")
    (out,) = ask(session, {"idTag": "x" * 300})
    assert out.to == "csms"
    assert EventKind.INVALID_INPUT in kinds(session)
    (out,) = session.receive("csms", json.dumps([3, "1", ODD_ANSWER]), now=NOW)
    assert json.loads(out.text) == [3, "1", {"idTagInfo": {"status": "Accepted"}}]
    assert EventKind.INVALID_INPUT in kinds(session)


def test_what_leaves_is_reported_too(crosswalk: Crosswalk) -> None:
    session = opened(crosswalk, "report")
    ask(session, {"idTag": "TAG"})
    session.take_events()
    (out,) = session.receive("csms", json.dumps([3, "1", {"idTokenInfo": {"status": "NoSuch"}}]), now=NOW)
    assert out.to == "station"
    assert json.loads(out.text)[0] == 3
    assert kinds(session).count(EventKind.INVALID_OUTPUT) == 1


def test_nobody_looks_when_it_is_off(crosswalk: Crosswalk) -> None:
    session = opened(crosswalk, "off")
    (out,) = ask(session, ODD_CALL)
    assert out.to == "csms"
    (out,) = session.receive("csms", json.dumps([3, "1", ODD_ANSWER]), now=NOW)
    assert json.loads(out.text)[0] == 3
    assert not {EventKind.INVALID_INPUT, EventKind.INVALID_OUTPUT, EventKind.REPAIRED} & set(kinds(session))


def test_a_side_that_may_not_send_an_action_is_refused_in_every_mode(crosswalk: Crosswalk) -> None:
    for mode in ("enforce", "report", "off"):
        (out,) = opened(crosswalk, mode).receive("csms", '[2,"1","BootNotification",{}]', now=NOW)
        assert json.loads(out.text)[:3] == [4, "1", "NotImplemented"]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_spoilt_payload_costs_an_error_at_most(crosswalk: Crosswalk, pair: Pair) -> None:
    rng = random.Random(8)
    session = opened(crosswalk, "off", pair)
    number = 0
    for side in Side:
        spoken = protocol(pair.version(side))
        for action in spoken.sends(side):
            if spoken.actions[action].send:
                continue
            for _ in range(3):
                number += 1
                payload = spoilt(rng, random_payload(rng, pair.version(side), action, "request"))
                if not isinstance(payload, dict):
                    continue
                now = NOW + 1000 * number
                frames = session.receive(side, json.dumps([2, str(number), action, payload]), now=now)
                for wait in range(100, 1000, 100):
                    frames += session.expire(now=now + wait)
                assert str(number) in [json.loads(out.text)[1] for out in frames if out.to == side]
