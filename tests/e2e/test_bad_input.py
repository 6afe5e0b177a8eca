"""What no peer should send, over real sockets: a CALLERROR or silence as OCPP-J says, one line in the log, and the
link lives on.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .world import Json, Peer, Proxy, World, world

BOOT = {"chargePointVendor": "Acme", "chargePointModel": "Duo"}
LONG = "x" * 1_000_000

# What arrives, and the code of its CALLERROR (None: silence). From a 1.6 station:
FROM_16 = {
    "no JSON": ("[2,", None),
    "no text at all": ("", None),
    "no array": ('{"a": 1}', None),
    "an empty array": ("[]", None),
    "a type that does not exist": ('[9,"t","Heartbeat",{}]', None),
    "an id that is a number": ('[2,7,"Heartbeat",{}]', None),
    "an answer to no call": ('[3,"never",{}]', None),
    "an error to no call": ('[4,"never","GenericError","",{}]', None),
    "an action that is no string": ('[2,"a",5,{}]', "FormationViolation"),
    "a payload that is no object": ('[2,"a","Heartbeat",[]]', "FormationViolation"),
    "a call without a payload": ('[2,"a","Heartbeat"]', "FormationViolation"),
    "an unknown action": ('[2,"a","MakeCoffee",{}]', "NotImplemented"),
    "an action of the other side": ('[2,"a","RemoteStartTransaction",{"idTag":"A"}]', "NotImplemented"),
    "a field missing": ('[2,"a","Authorize",{}]', "OccurenceConstraintViolation"),
    "a field of the wrong type": ('[2,"a","Authorize",{"idTag":["A"]}]', "TypeConstraintViolation"),
    "a value too long": (json.dumps([2, "a", "Authorize", {"idTag": "x" * 21}]), "PropertyConstraintViolation"),
    "a megabyte in a field": (json.dumps([2, "a", "Authorize", {"idTag": LONG}]), "PropertyConstraintViolation"),
    "a megabyte that is no JSON": (LONG, None),
}
# From a CSMS:
FROM_2X = {
    "no JSON": ("[2,", "RpcFrameworkError"),
    "an answer to no call": ('[3,"never",{}]', None),
    "an error to no call": ('[4,"never","GenericError","",{}]', None),
    "an unknown action": ('[2,"a","MakeCoffee",{}]', "NotImplemented"),
    "a payload that is no object": ('[2,"a","Reset","now"]', "FormatViolation"),
    "a field missing": ('[2,"a","Reset",{}]', "OccurrenceConstraintViolation"),
    "a field too many": ('[2,"a","Reset",{"type":"Immediate","colour":"red"}]', "FormatViolation"),
    "a value of no list": ('[2,"a","Reset",{"type":"Maybe"}]', "PropertyConstraintViolation"),
    "a megabyte in a field": (
        json.dumps([2, "a", "RequestStopTransaction", {"transactionId": LONG}]),
        "PropertyConstraintViolation",
    ),
}


async def one_line_about_it(everything: World, sender: Peer, raw: str, code: str | None) -> None:
    """Send it; the answer and the log are as they should be, and the next call is answered."""
    proxy: Proxy = everything.proxy
    before = len(sender.lines)
    sender.tell(raw=raw)
    warning = (await proxy.until(lambda: proxy.warnings, "a line in the log"))[0]
    assert warning["level"] == "warning", warning
    assert warning["station"] == "CP-1"
    assert len(json.dumps(warning)) < 1500
    if code is not None:
        answer = await sender.until(lambda: [x["frame"] for x in sender.lines[before:] if "frame" in x], "an answer")
        kind, id, said, description, details = answer[0]
        assert (kind, said) == (4, code)
        assert id == ("a" if '"a"' in raw else "-1")
        assert 0 < len(description) <= 255
        assert isinstance(details, dict)
    await assert_alive(everything)
    frames = [x["frame"] for x in sender.lines[before:] if "frame" in x]
    errors = [frame for frame in frames if frame[0] == 4]
    assert len(errors) == (code is not None)
    assert len(proxy.warnings) == 1


async def assert_alive(everything: World) -> None:
    """Calls of both sides get through and are answered."""
    station, csms = everything.station, everything.csms
    assert (await station.call("BootNotification", BOOT))["status"] == "Accepted"
    assert (await csms.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"


@pytest.mark.parametrize("name", FROM_16)
async def test_from_a_station(tmp_path: Path, name: str) -> None:
    raw, code = FROM_16[name]
    async with world(tmp_path, "ocpp1.6", "ocpp2.0.1") as (everything, station, csms):
        await one_line_about_it(everything, station, raw, code)
        assert [action for action, _ in csms.got] == ["BootNotification"]


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("name", FROM_2X)
async def test_from_a_csms(tmp_path: Path, version: str, name: str) -> None:
    raw, code = FROM_2X[name]
    async with world(tmp_path, "ocpp1.6", version) as (everything, station, csms):
        assert (await station.call("BootNotification", BOOT))["status"] == "Accepted"
        await one_line_about_it(everything, csms, raw, code)
        assert [action for action, _ in station.got] == ["Reset"]


WRONG_ANSWERS: dict[str, Json] = {
    "no status": {"currentTime": "2025-01-01T00:00:00Z", "interval": 300},
    "no number": {"currentTime": "2025-01-01T00:00:00Z", "interval": "often", "status": "Accepted"},
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
async def test_an_answer_that_is_none(tmp_path: Path, name: str) -> None:
    """The station is told that its call failed; it never sees what is not valid."""
    async with world(tmp_path, "ocpp1.6", "ocpp2.1") as (everything, station, csms):
        csms.tell(silence="BootNotification")
        station.tell(call="BootNotification", payload=BOOT, number=0)
        await csms.next("BootNotification")
        open_call = next(x["frame"] for x in csms.lines if x.get("frame", [0])[0] == 2)
        csms.tell(raw=json.dumps([3, open_call[1], WRONG_ANSWERS[name]]))
        refused = await station.line("refused", "BootNotification")
        assert refused["code"] in ("InternalError", "GenericError")
        assert len(everything.proxy.warnings) == 1
        csms.tell(answer="BootNotification", payload={"currentTime": "@now", "interval": 300, "status": "Accepted"})
        await assert_alive(everything)
