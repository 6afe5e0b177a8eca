"""protocol.py and schemas/protocol.yaml."""

from __future__ import annotations

import dataclasses

import pytest

from ocpp_crosswalk.protocol import Fault, error_code, is_final, protocol
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.versions import Side, Version

V16, V201, V21 = Version


@pytest.mark.parametrize("version", Version)
def test_every_schema_has_its_action_and_every_action_its_schemas(version: Version) -> None:
    files = {path.stem for path in (folder("schemas") / version).glob("*.json")}
    wanted = set()
    for action in protocol(version).actions.values():
        plain = action.send or version is V16
        wanted.add(action.name if plain else f"{action.name}Request")
        if not action.send:
            wanted.add(f"{action.name}Response")
    assert files == wanted


@pytest.mark.parametrize(
    ("version", "actions", "station", "csms"), [(V16, 39, 14, 26), (V201, 64, 25, 40), (V21, 91, 37, 55)]
)
def test_how_many_actions_each_side_sends(version: Version, actions: int, station: int, csms: int) -> None:
    table = protocol(version)
    assert len(table.actions) == actions
    assert len(table.sends(Side.STATION)) == station
    assert len(table.sends(Side.CSMS)) == csms
    both = set(table.sends(Side.STATION)) & set(table.sends(Side.CSMS))
    assert both == {"DataTransfer"}
    assert list(table.sends(Side.CSMS)) == sorted(table.sends(Side.CSMS))


def test_an_action_keeps_its_sender_from_version_to_version() -> None:
    for name in protocol(V16).actions.keys() & protocol(V201).actions.keys():
        assert protocol(V16).actions[name].sender == protocol(V201).actions[name].sender, name
    assert protocol(V201).actions.keys() <= protocol(V21).actions.keys()
    for name, action in protocol(V201).actions.items():
        assert action.sender == protocol(V21).actions[name].sender, name


def test_the_security_extension_is_marked() -> None:
    security = {name for name, action in protocol(V16).actions.items() if action.extension == "security"}
    assert len(security) == 11
    assert {"GetLog", "SignCertificate", "SignedUpdateFirmware"} <= security
    assert not {"GetDiagnostics", "UpdateFirmware", "TriggerMessage"} & security
    assert not any(action.extension for version in (V201, V21) for action in protocol(version).actions.values())


def test_only_2_1_has_an_action_without_answer() -> None:
    sends = [
        (version, name) for version in Version for name, action in protocol(version).actions.items() if action.send
    ]
    assert sends == [(V21, "NotifyPeriodicEventStream")]


def test_message_types() -> None:
    assert protocol(V16).message_types == protocol(V201).message_types == {2, 3, 4}
    assert protocol(V21).message_types == {2, 3, 4, 5, 6}


def test_a_protocol_is_cached_and_cannot_be_changed() -> None:
    table = protocol(V16)
    assert protocol(Version("ocpp1.6")) is table
    assert table.subprotocol == "ocpp1.6"
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.subprotocol = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        table.actions["X"] = table.actions["Reset"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("code", "source", "target", "wanted"),
    [
        ("FormationViolation", V16, V201, "FormatViolation"),
        ("FormatViolation", V16, V201, "FormatViolation"),
        ("FormatViolation", V201, V16, "FormationViolation"),
        ("OccurenceConstraintViolation", V16, V21, "OccurrenceConstraintViolation"),
        ("OccurrenceConstraintViolation", V16, V21, "OccurrenceConstraintViolation"),
        ("OccurrenceConstraintViolation", V21, V16, "OccurenceConstraintViolation"),
        ("OccurenceConstraintViolation", V201, V21, "OccurrenceConstraintViolation"),
        ("MessageTypeNotSupported", V201, V16, "GenericError"),
        ("RpcFrameworkError", V21, V16, "GenericError"),
        ("RpcFrameworkError", V21, V201, "RpcFrameworkError"),
        ("GenericError", V16, V201, "GenericError"),
        ("SecurityError", V16, V21, "SecurityError"),
        ("MadeUpError", V16, V21, "GenericError"),
        ("", V201, V16, "GenericError"),
        ("OccurrenceConstraintViolation", V16, V16, "OccurenceConstraintViolation"),
    ],
)
def test_error_codes_are_translated(code: str, source: Version, target: Version, wanted: str) -> None:
    assert error_code(code, source, target) == wanted


def test_a_translated_code_exists_in_the_version_and_comes_back() -> None:
    known = {version: set(protocol(version).error_codes.values()) for version in Version}
    assert len(known[V16]) == 10
    assert len(known[V201]) == len(known[V21]) == 12
    for source in Version:
        for target in Version:
            for code in [*protocol(source).meanings, "?"]:
                translated = error_code(code, source, target)
                assert translated in known[target]
                if code in known[source] & known[V16]:
                    assert error_code(translated, target, source) == code


@pytest.mark.parametrize("version", Version)
def test_codes_that_say_that_a_call_will_never_be_taken(version: Version) -> None:
    known = [*protocol(version).meanings, "MadeUpError"]
    assert [code for code in known if is_final(code, version)] == ["NotImplemented", "NotSupported"]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_code_of_the_version(version: Version, fault: Fault) -> None:
    assert protocol(version).code(fault) in protocol(version).error_codes.values()


def test_codes_of_faults() -> None:
    assert protocol(V16).code(Fault.OCCURRENCE) == "OccurenceConstraintViolation"
    assert protocol(V16).code(Fault.FRAME) == "FormationViolation"
    assert protocol(V21).code(Fault.FRAME) == "RpcFrameworkError"
    assert protocol(V201).code(Fault.MESSAGE_TYPE) == "MessageTypeNotSupported"
