"""Layers of mapping folders: replacing, amending, extending, and what is refused while loading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ocpp_crosswalk import Crosswalk, EventKind, MappingError, Pair, Session, interpreter
from ocpp_crosswalk.check import check

PAIR = Pair.parse("ocpp1.6--ocpp2.0.1")
EXTENDING = Pair.parse("ocpp1.6--ocpp2.1")
NOW = 1_790_000_000.0

HEARTBEAT = """\
call: Heartbeat
spec: [OCPP 1.6 4.6]
answer:
  currentTime: {$const: '2026-01-01T00:00:00Z'}
because: Answered by the test.
"""


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    (tmp_path / str(PAIR) / "from-station").mkdir(parents=True)
    return tmp_path


def write(layer: Path, name: str, text: str) -> Path:
    path = layer / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def faults(layer: Path, pair: Pair = PAIR) -> list[str]:
    """The findings, with the layer's path taken out of them."""
    with pytest.raises(MappingError) as caught:
        Crosswalk.load([layer]).mappings(pair)
    return [str(item).replace(f"{layer}/", "") for item in caught.value.diagnostics]


def session(layer: Path, pair: Pair = PAIR) -> Session:
    made = Crosswalk.load([layer]).session("CP-1", station=pair.station, csms=pair.csms)
    made.connect(now=NOW)
    return made


def said(made: Session, action: str, payload: dict[str, object]) -> list[object]:
    return [json.loads(out.text) for out in made.receive("station", json.dumps([2, "1", action, payload]), now=NOW)]


def test_a_file_of_a_later_layer_replaces_its_namesake(layer: Path) -> None:
    write(layer, f"{PAIR}/from-station/Heartbeat.yaml", HEARTBEAT)
    assert said(session(layer), "Heartbeat", {}) == [[3, "1", {"currentTime": "2026-01-01T00:00:00Z"}]]


def test_a_replacement_holds_for_the_pair_that_extends(layer: Path) -> None:
    write(layer, f"{PAIR}/from-station/Heartbeat.yaml", HEARTBEAT)
    assert said(session(layer, EXTENDING), "Heartbeat", {}) == [[3, "1", {"currentTime": "2026-01-01T00:00:00Z"}]]


def test_a_patch_amends_and_leaves_the_rest(layer: Path) -> None:
    write(
        layer,
        f"{PAIR}/from-station/BootNotification.yaml",
        "call: BootNotification\npatch: true\nrequest:\n  chargingStation:\n    model: \"'X-' & chargePointModel\"\n",
    )
    [[_, _, action, payload]] = said(
        session(layer), "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}
    )
    assert action == "BootNotification"
    assert payload == {"reason": "Unknown", "chargingStation": {"model": "X-M", "vendorName": "V"}}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("patch: true\nlet:\n  more: chargePointVendor.$substring('x')\n", "BootNotification.yaml:4:27"),
        ("patch: true\nrequest:\n  chargingStation:\n    model: $uppercase()\n", "BootNotification.yaml:5:12"),
        ("patch: true\nrequest: {reason: $number(chargePointModel)}\n", "BootNotification.yaml:3:19"),
        ("spec: [x]\nroutes: [{when: $number(chargePointModel), answer: {}}]\n", "BootNotification.yaml:3:17"),
    ],
)
def test_a_failure_names_the_file_that_amends_and_no_values(layer: Path, text: str, place: str) -> None:
    write(layer, f"{PAIR}/from-station/BootNotification.yaml", f"call: BootNotification\n{text}")
    boot = {"chargePointVendor": "secret", "chargePointModel": "secret"}
    (answer,) = said(session(layer), "BootNotification", dict[str, object](boot))
    assert place in str(answer)
    assert "secret" not in str(answer)
    assert str(layer) not in str(answer)


def test_a_refusal_of_a_later_layer_replaces_a_mapping(layer: Path) -> None:
    write(
        layer,
        f"{PAIR}/pair.yaml",
        f"pair: {PAIR}\nrefused:\n  from-station:\n    Heartbeat: {{refuse: NotSupported, because: not today}}\n",
    )
    assert said(session(layer), "Heartbeat", {}) == [[4, "1", "NotSupported", "not today", {}]]


def test_copies_of_a_later_layer_amend_those_of_an_earlier_one(layer: Path) -> None:
    pair = Pair.parse("ocpp2.1--ocpp2.0.1")
    write(
        layer,
        f"copies/{pair}.yaml",
        f"copies: {pair}\npatch: true\ntypes:\n  IdToken:\n    idToken: \"'X-' & idToken\"\n",
    )
    token = {"idToken": "A1", "type": "EVCCID"}
    [[_, _, _, payload]] = said(session(layer, pair), "Authorize", {"idToken": token})
    assert payload == {"idToken": {"idToken": "X-A1", "type": "Central"}}


def test_a_table_of_a_later_layer_replaces_its_namesake(layer: Path) -> None:
    write(
        layer,
        "tables/diagnostics-status-to-log-status.yaml",
        "table: diagnostics-status-to-log-status\nvalues: {Idle: Idle, Uploaded: Uploaded, Uploading: Uploading, "
        "UploadFailed: PermissionDenied}\n",
    )
    [[_, _, _, payload]] = said(session(layer), "DiagnosticsStatusNotification", {"status": "UploadFailed"})
    assert payload["status"] == "PermissionDenied"


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"XW100.*no such folder"):
        Crosswalk.load([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        pytest.param(
            HEARTBEAT.replace("answer:", "anwser:"),
            "error XW103 at anwser: unknown key 'anwser'\n    Did you mean 'answer'?",
            id="unknown key",
        ),
        pytest.param(
            HEARTBEAT.replace("call: Heartbeat", "call: Heartbeet"),
            "error XW109 at call: 'Heartbeet' is not an action that an ocpp1.6 station sends\n"
            "    Did you mean 'Heartbeat'?",
            id="unknown action",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "$utcc()"),
            "Heartbeat.yaml:4:16: error XW108 at answer.currentTime: $utcc is not known here\n    Did you mean 'utc'?",
            id="unknown function",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "a["),
            "XW107",
            id="bad JSONata",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "{$table: log-status, of: a}"),
            "error XW105 at answer.currentTime.$table: there is no table 'log-status'",
            id="unknown table",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "{$part: id-tag-inf}"),
            "error XW110 at answer.currentTime.$part: there is no part 'id-tag-inf'\n    Did you mean 'id-tag-info'?",
            id="unknown part",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "{$cnst: a}"),
            "error XW103 at answer.currentTime.$cnst: $cnst is not a directive\n    Did you mean '$const'?",
            id="unknown directive",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "$settings.topologie"),
            "error XW113 at answer.currentTime: there is no setting 'topologie'\n    Did you mean 'topology'?",
            id="unknown setting",
        ),
        pytest.param(
            HEARTBEAT + "forward: Heartbeat\n",
            "XW104: more than one thing says what becomes of the call",
            id="two outcomes",
        ),
        pytest.param("", "XW104: the file is empty\n    Write keys", id="empty"),
        pytest.param("# nothing yet\n", "XW104: the file is empty", id="comment only"),
        pytest.param("7\n", "XW104: the file has no keys", id="number"),
        pytest.param("[]\n", "XW104: the file has no keys", id="list"),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "$uppercas('a')"),
            "XW108 at answer.currentTime: $uppercas is not known here\n    Did you mean 'uppercase'?",
            id="unknown function",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "$zzzzzz('a')"),
            "XW108 at answer.currentTime: $zzzzzz is not known here\n    Functions are JSONata's and $",
            id="unknown function like no other",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "\"'a' /* why\""),
            "XW107 at answer.currentTime: the comment that begins with /* is not closed by */, in `'a' /* why`",
            id="open comment",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", " & ".join(["a"] * 5000)),
            "XW107 at answer.currentTime: this has more than 1000 parts; name some of them apart, in `a & a & ",
            id="too large",
        ),
        pytest.param(
            HEARTBEAT.replace("{$const: '2026-01-01T00:00:00Z'}", "(" * 5000 + "1" + ")" * 5000),
            "XW107 at answer.currentTime: this is nested too deeply, in `((((",
            id="too deep",
        ),
        pytest.param(
            "call: Heartbeat\nspec: [x]\n",
            "XW104: nothing says what becomes of the call",
            id="no outcome",
        ),
        pytest.param(
            "call: Heartbeat\nspec: [x]\npatch: true\nlet: {evse: 1}\n",
            "error XW114 at let.evse: $evse has a meaning already and cannot be bound",
            id="name of a function",
        ),
    ],
)
def test_faults_have_a_code_a_place_and_a_remedy(layer: Path, text: str, finding: str) -> None:
    name = "Heartbeet" if "Heartbeet" in text else "Heartbeat"
    write(layer, f"{PAIR}/from-station/{name}.yaml", text)
    found = faults(layer)
    assert len(found) == 1, found
    assert found[0].startswith(f"{PAIR}/from-station/{name}.yaml:")
    assert finding in found[0]


def test_every_fault_is_told_at_once(layer: Path) -> None:
    write(layer, f"{PAIR}/from-station/Heartbeat.yaml", HEARTBEAT.replace("answer:", "anwser:"))
    write(layer, f"{PAIR}/from-station/Authorize.yaml", "call: Authorize\ncall: Authorize\n")
    told = "\n".join(faults(layer))
    assert "XW102" in told
    assert "XW103" in told


def test_a_file_has_the_name_of_what_it_maps(layer: Path) -> None:
    write(layer, f"{PAIR}/from-station/Authorize.yaml", HEARTBEAT)
    assert any("XW112" in line and "'Authorize.yaml' maps 'Heartbeat'" in line for line in faults(layer))


def test_a_patch_of_nothing_is_refused(layer: Path) -> None:
    write(layer, f"{PAIR}/from-csms/Heartbeat.yaml", "call: Heartbeat\npatch: true\n")
    assert any("XW111" in line for line in faults(layer))


def test_extends_may_not_lead_back(layer: Path) -> None:
    write(layer, f"{PAIR}/pair.yaml", f"pair: {PAIR}\nextends: {EXTENDING}\n")
    assert any("extends leads back to itself" in line for line in faults(layer))


def test_a_stray_file_in_a_layer_is_told(tmp_path: Path) -> None:
    write(tmp_path, "tabels/x.yaml", "")
    with pytest.raises(MappingError, match=r"XW112.*\n    Did you mean 'tables'\?"):
        Crosswalk.load([tmp_path])


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        (
            f"{PAIR}/BootNotification.yaml",
            "no part of the folder of a pair\n"
            "    Files of mappings stand one folder further in, in from-station, from-csms, timers.",
        ),
        (
            f"{PAIR}/fromstation/BootNotification.yaml",
            "no part of the folder of a pair\n    Did you mean 'from-station'?",
        ),
        (f"{PAIR}/pair.yml", "no part of the folder of a pair\n    Did you mean 'pair.yaml'?"),
        (
            f"{PAIR}/from-station/BootNotification.yml",
            "no part of the folder 'from-station'\n    It holds files NAME.yaml, and no folders.",
        ),
        (
            f"{PAIR}/from-station/sub/BootNotification.yaml",
            "no part of the folder 'from-station'\n    It holds files NAME.yaml, and no folders.",
        ),
        ("tables/sub/x.yaml", "no part of the folder 'tables'\n    It holds files NAME.yaml, and no folders."),
        *(
            (name, "no part of a folder of mappings\n    It has to be a folder.")
            for name in ("tables", "parts", str(PAIR))
        ),
        ("settings.yaml/x", "no part of a folder of mappings\n    It has to be a file."),
    ],
)
def test_what_is_out_of_place_is_told(name: str, finding: str, tmp_path: Path) -> None:
    write(tmp_path, name, "call: BootNotification\n")
    with pytest.raises(MappingError) as caught:
        Crosswalk.load([tmp_path])
    assert [one.code for one in caught.value.diagnostics] == ["XW112"]
    assert finding in str(caught.value)


def test_a_pair_that_nothing_declares_is_told(tmp_path: Path) -> None:
    write(tmp_path, f"{PAIR}/from-station/Heartbeat.yaml", HEARTBEAT)
    Crosswalk.load([tmp_path])
    with pytest.raises(MappingError, match=rf"XW111: there is no pair.yaml for {PAIR}\n"):
        Crosswalk.load([tmp_path], builtin=False)


def test_the_check_of_no_mappings_is_no_success(tmp_path: Path) -> None:
    report = check([tmp_path], builtin=False, examples=0)
    assert report.exit_code == 1
    assert "XW111: there are no mappings of any pair\n" in str(report.findings[0])


SOMETIMES = """\
call: Heartbeat
spec: [OCPP 1.6 4.6]
forward: Heartbeat
response:
  currentTime: currentTime
drops:
  response:
    customData: {when: "$exists(customData.vendorId) and $request.%s = 1", because: Nobody asked.}
"""


def test_a_drop_on_a_condition_is_reported_when_it_holds(layer: Path) -> None:
    mapping = """\
call: Authorize
spec: [OCPP 1.6 4.1]
forward: Authorize
request:
  idToken: {idToken: idTag, type: {$const: Central}}
response:
  idTagInfo: {status: idTokenInfo.status}
drops:
  request:
    idTag: {when: idTag = 'X', because: The X is lost.}
  response:
    idTokenInfo.status: {when: "$request.idTag = 'X' and idTokenInfo.status = 'Accepted'", because: Told nobody.}
"""
    write(layer, f"{PAIR}/from-station/Authorize.yaml", mapping)
    for tag, lost in (("X", [("idTag", "The X is lost."), ("idTokenInfo.status", "Told nobody.")]), ("Y", [])):
        made = session(layer)
        (call,) = said(made, "Authorize", {"idTag": tag})
        assert isinstance(call, list)
        made.receive("csms", json.dumps([3, call[1], {"idTokenInfo": {"status": "Accepted"}}]), now=NOW)
        events = [event for event in made.take_events() if event.kind is EventKind.DROPPED_FIELD]
        assert [(event.detail["field"], event.text) for event in events] == lost


def test_the_condition_of_a_drop_is_checked_by_type(layer: Path) -> None:
    write(layer, f"{PAIR}/from-station/Heartbeat.yaml", SOMETIMES % "idTag")
    found = check([layer], examples=0, pairs=[PAIR]).findings
    assert [str(one.code) for one in found if one.code != "XW303"] == ["XW201"]


@pytest.mark.parametrize("compiled", [True, False])
def test_a_value_that_a_table_drops_is_reported(layer: Path, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(interpreter, "run", lambda node, data, scope: node.evaluate(data, scope))
    table = "table: kinds\ndescription: Test.\nvalues: {A: Central, L: Central}\n"
    table += "drops: {B: There is no B., L: Less than L.}\nelse: Local\n"
    mapping = """\
call: Authorize
spec: [OCPP 1.6 4.1]
forward: Authorize
request:
  idToken: {idToken: idTag, type: {$table: kinds, of: idTag}}
response:
  idTagInfo: {status: idTokenInfo.status}
"""
    write(layer, "tables/kinds.yaml", table)
    write(layer, f"{PAIR}/from-station/Authorize.yaml", mapping)
    for tag, kind, why in (
        ("A", "Central", None),
        ("B", None, "There is no B."),
        ("L", "Central", "Less than L."),
        ("C", "Local", None),
    ):
        made = session(layer)
        (out,) = made.receive("station", json.dumps([2, "1", "Authorize", {"idTag": tag}]), now=NOW)
        assert (json.loads(out.text)[3]["idToken"].get("type") if out.to == "csms" else None) == kind
        events = [event for event in made.take_events() if event.kind is EventKind.DROPPED_FIELD]
        told = [(e.side, e.action, e.message_id, e.text, e.detail["value"]) for e in events]
        assert told == ([("station", "Authorize", "1", why, tag)] if why else [])


def test_because_explains_a_condition_only(layer: Path) -> None:
    write(
        layer,
        f"{PAIR}/from-station/Heartbeat.yaml",
        "call: Heartbeat\nspec: [x]\nforward: Heartbeat\n"
        "request: {}\nresponse: {currentTime: currentTime, $because: for the test}\n",
    )
    (fault,) = faults(layer)
    assert "$because needs `$when`" in fault
