"""Actions mapped by Python functions, and profiles that are left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocpp_crosswalk import Crosswalk, EventKind, Override, Pair, Session, Version, View
from ocpp_crosswalk.protocol import profiles, protocol

PAIR = "ocpp1.6--ocpp2.0.1"
NOW = 1_750_000_000.0
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


def session(crosswalk: Crosswalk) -> Session:
    made = crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    made.connect(now=NOW)
    return made


def receive(link: Session, side: str, frame: list[Any]) -> list[tuple[str, Any]]:
    return [(str(out.to), json.loads(out.text)) for out in link.receive(side, json.dumps(frame), now=NOW)]


def failed(link: Session) -> list[str]:
    return [event.text for event in link.take_events() if event.kind is EventKind.INVALID_OUTPUT]


# -- overrides --


def test_an_answer_by_a_function() -> None:
    def answer(payload: dict[str, Any], view: View) -> dict[str, Any]:
        count = view.change("ours").setdefault("count", 0) + 1
        view.change("ours")["count"] = count
        return {"status": "Accepted", "data": f"{payload['vendorId']} {count}"}

    link = session(
        Crosswalk.load(overrides=[Override(pair=PAIR, origin="station", action="DataTransfer", answer=answer)])
    )
    for n in (1, 2):
        call = [2, str(n), "DataTransfer", {"vendorId": "V"}]
        assert receive(link, "station", call) == [("station", [3, str(n), {"status": "Accepted", "data": f"V {n}"}])]
    assert json.loads(link.state)["data"]["ours"] == {"count": 2}
    assert link.dirty


def test_a_call_and_its_answer_by_functions() -> None:
    override = Override(
        pair=Pair(Version.V16, Version.V201),
        origin="station",
        action="BootNotification",
        forward="BootNotification",
        request=lambda call, view: {
            "reason": "PowerUp",
            "chargingStation": {"vendorName": call["chargePointVendor"], "model": view.identity},
        },
        response=lambda reply, call, view: {**reply, "interval": len(call)},
    )
    link = session(Crosswalk.load(overrides=[override]))
    station = {"vendorName": "V", "model": "CP-1"}
    assert receive(link, "station", [2, "1", "BootNotification", BOOT]) == [
        ("csms", [2, "1", "BootNotification", {"reason": "PowerUp", "chargingStation": station}])
    ]
    reply = {"currentTime": "2025-01-01T00:00:00Z", "interval": 300, "status": "Accepted"}
    assert receive(link, "csms", [3, "1", reply]) == [("station", [3, "1", {**reply, "interval": 2}])]


@pytest.mark.parametrize(
    ("request_", "response", "said"),
    [
        (lambda call, view: 1 / 0, None, "ZeroDivisionError: division by zero"),
        (lambda call, view: {"reason": "x"}, None, "Heartbeat would break its schema"),
        (lambda call, view: [1], None, "a payload that is not an object"),
        (None, lambda reply, call, view: {"currentTime": 5}, "the answer to Heartbeat would break its schema"),
        (None, lambda reply, call, view: reply["none"], "KeyError: 'none'"),
    ],
)
def test_what_a_function_does_wrong_costs_an_error(request_: Any, response: Any, said: str) -> None:
    override = Override(
        pair=PAIR,
        origin="station",
        action="Heartbeat",
        forward="Heartbeat",
        request=request_ or (lambda call, view: {}),
        response=response or (lambda reply, call, view: reply),
    )
    link = session(Crosswalk.load(overrides=[override]))
    outs = receive(link, "station", [2, "1", "Heartbeat", {}])
    if response:
        assert outs == [("csms", [2, "1", "Heartbeat", {}])]
        outs = receive(link, "csms", [3, "1", {"currentTime": "2025-01-01T00:00:00Z"}])
    assert [(to, frame[:3]) for to, frame in outs] == [("station", [4, "1", "InternalError"])]
    (text,) = failed(link)
    assert said in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"action": "Hartbeat", "answer": dict}, "ocpp1.6 has no 'Hartbeat' that the station sends. Did you mean"),
        ({"action": "Reset", "answer": dict}, "ocpp1.6 has no 'Reset' that the station sends"),
        ({"action": "Heartbeat", "forward": "Reset"}, "ocpp2.0.1 has no 'Reset' that the station sends"),
        ({"action": "Heartbeat"}, "needs either `answer` or `forward`"),
        ({"action": "Heartbeat", "forward": "Heartbeat"}, "needs `request` and `response`"),
        ({"action": "Heartbeat", "answer": dict, "pair": "ocpp1.6"}, "is not a pair"),
    ],
)
def test_what_no_pair_has_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Override(**{"pair": PAIR, "origin": "station", **given})


def test_an_override_is_for_its_pair_only() -> None:
    override = Override(pair=PAIR, origin="station", action="Heartbeat", answer=lambda call, view: {})
    crosswalk = Crosswalk.load(overrides=[override])
    link = crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.1")
    link.connect(now=NOW)
    assert receive(link, "station", [2, "1", "Heartbeat", {}]) == [("csms", [2, "1", "Heartbeat", {}])]


# -- profiles --


def test_every_action_belongs_to_a_profile() -> None:
    found = {action.profile for version in Version for action in protocol(version).actions.values()}
    assert found == set(profiles())
    assert profiles()[0] == "core"


def test_what_is_not_loaded_is_refused_on_both_sides() -> None:
    link = session(Crosswalk.load(profiles=["local-list"]))
    refusals = {
        "station": [2, "1", "SecurityEventNotification", {"type": "x", "timestamp": "2025-01-01T00:00:00Z"}],
        "csms": [2, "2", "GetCompositeSchedule", {"duration": 10, "evseId": 0}],
    }
    for side, frame in refusals.items():
        ((to, answer),) = receive(link, side, frame)
        assert (to, answer[:3]) == (side, [4, frame[1], "NotSupported"])
        assert "is not in use here" in answer[3]
    assert receive(link, "station", [2, "3", "Heartbeat", {}])[0][1][2] == "Heartbeat"
    assert receive(link, "csms", [2, "4", "GetLocalListVersion", {}])[0][1][2] == "GetLocalListVersion"


def test_without_any_profile_all_are_loaded() -> None:
    link = session(Crosswalk.load())
    frame = [2, "1", "GetCompositeSchedule", {"duration": 10, "evseId": 0}]
    assert receive(link, "csms", frame)[0][1][2] == "GetCompositeSchedule"


def test_an_unknown_profile_is_said() -> None:
    with pytest.raises(ValueError, match=r"there is no profile 'smartCharging'\. Did you mean 'smart-charging'"):
        Crosswalk.load(profiles=["smartCharging"])
