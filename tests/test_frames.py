"""frames.py: what is read, what is refused, who is answered."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpp_crosswalk.frames import (
    MAX_DEPTH,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    FrameError,
    Send,
    encode,
    parse,
)
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.versions import Version

V16, V201, V21 = Version
ID36 = "0" * 36


def refused(text: str | bytes, version: Version) -> FrameError:
    with pytest.raises(FrameError) as caught:
        parse(text, version)
    error = caught.value
    assert error.code in protocol(version).error_codes.values()
    assert error.reason and len(error.reason) < 300
    assert error.id is not None or not error.answerable
    return error


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[2,"1","Reset",{"type":"Soft"}]', Call("1", "Reset", {"type": "Soft"})),
        ('[2,"","Reset",{}]', Call("", "Reset", {})),
        (f'[2,"{ID36}","Reset",{{}}]', Call(ID36, "Reset", {})),
        ('[3,"1",{"status":"Accepted"}]', CallResult("1", {"status": "Accepted"})),
        ('[4,"1","NotSupported","no",{"a":1}]', CallError("1", "NotSupported", "no", {"a": 1})),
        ('[4,"1","MadeUp","",{}]', CallError("1", "MadeUp")),
    ],
)
@pytest.mark.parametrize("version", Version)
def test_frames_of_all_versions_there_and_back(text: str, frame: Frame, version: Version) -> None:
    assert parse(text, version) == frame
    assert parse(text.encode(), version) == frame
    assert encode(frame) == text


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[5,"1","FormatViolation","no",{}]', CallResultError("1", "FormatViolation", "no")),
        ('[6,"1","NotifyPeriodicEventStream",{"id":1}]', Send("1", "NotifyPeriodicEventStream", {"id": 1})),
    ],
)
def test_frames_of_2_1_there_and_back(text: str, frame: Frame) -> None:
    assert parse(text, V21) == frame
    assert encode(frame) == text
    for version in (V16, V201):
        error = refused(text, version)
        assert not error.answerable
        assert error.message_type == json.loads(text)[0]


def test_a_null_payload_is_the_empty_one() -> None:
    assert parse('[2,"1","Heartbeat",null]', V16) == Call("1", "Heartbeat", {})
    assert parse('[3,"1",null]', V16) == CallResult("1", {})
    assert parse('[6,"1","A",null]', V21) == Send("1", "A", {})


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("text", "description", "details"),
    [
        ('[4,"1","GenericError"]', "", {}),
        ('[4,"1","GenericError","why"]', "why", {}),
        ('[4,"1","GenericError",null,null]', "", {}),
        ('[4,"1","GenericError",12,""]', "12", {}),
        ('[4,"1","GenericError","why","more"]', "why", {"details": "more"}),
    ],
)
def test_a_callerror_may_lack_description_and_details(
    text: str, description: str, details: object, version: Version
) -> None:
    assert parse(text, version) == CallError("1", "GenericError", description, details)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ('[2,"1","Reset"]', "FormationViolation", "RpcFrameworkError"),
        ('[2,"1","Reset",{},{}]', "FormationViolation", "RpcFrameworkError"),
        ('[2,"1",7,{}]', "FormationViolation", "RpcFrameworkError"),
        ('[2,"1","Reset",[]]', "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset","{}"]', "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset",{"a":NaN}]', "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset",{"a":1e999}]', "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset",{"a":12345678901234567890123}]', "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset",{"a":' + "9" * 5000 + "}]", "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset",{"a":"\\ud800"}]', "FormationViolation", "FormatViolation"),
        ('[2,"1","Reset",{"a":1}', "FormationViolation", "FormatViolation"),
        (' [ 2 , "1" , "Reset", {"a"', "FormationViolation", "FormatViolation"),
        (
            '[2,"1","Reset",' + '{"a":' * 5000 + "1" + "}" * 5000 + "]",
            "FormationViolation",
            "FormatViolation",
        ),
        ('[2,"1","Reset",{"a":' + "[" * 70 + "]" * 70 + "}]", "FormationViolation", "FormatViolation"),
    ],
)
def test_a_broken_call_is_answered_under_its_id(text: str, old: str, new: str) -> None:
    for version, code in ((V16, old), (V201, new), (V21, new)):
        error = refused(text, version)
        assert (error.answerable, error.id, error.code, error.message_type) == (True, "1", code, 2)


def test_a_call_that_is_no_utf8_is_answered_under_its_id() -> None:
    error = refused(b'[2,"1","Reset",{"a":"\xff"}]', V16)
    assert (error.answerable, error.id, error.code) == (True, "1", "FormationViolation")


def test_an_id_that_is_too_long_is_answered_under_that_id() -> None:
    for version in Version:
        error = refused(f'[2,"{ID36}7","Reset",{{}}]', version)
        assert error.answerable and error.id == ID36 + "7"
        assert "37 characters" in error.reason


@pytest.mark.parametrize("id", ["7", "null", "1.5", "true", '["1"]', '{"a":1}'])
def test_an_id_that_is_no_string_cannot_be_answered_under_it(id: str) -> None:
    text = f'[2,{id},"Reset",{{}}]'
    old = refused(text, V16)
    assert (old.answerable, old.id) == (False, None)
    new = refused(text, V21)
    assert (new.answerable, new.id, new.code) == (True, "-1", "RpcFrameworkError")


@pytest.mark.parametrize(
    "text",
    ["", "   ", "hello", "[", "{}", "[]", "null", "7", '"[2]"', '["2","1","Reset",{}]', '[true,"1","A",{}]',
     '[2.0,"1","A",{}]', '[2.0,"1","A",{', "[" * 100_000, '[null,"1",{}]', "\ufeff[2]", "\x00", "\ud800"],
)  # fmt: skip
def test_what_is_no_frame_is_answered_under_minus_one_or_not_at_all(text: str) -> None:
    old = refused(text, V16)
    assert (old.answerable, old.id, old.message_type) == (False, None, None)
    for version in (V201, V21):
        new = refused(text, version)
        assert (new.answerable, new.id, new.code) == (True, "-1", "RpcFrameworkError")


@pytest.mark.parametrize("text", ["[2]", "[2,", '[2,"unfinished', '[2 , 7,"A"', '[2,"\\u0031","A"'])
def test_a_call_whose_id_cannot_be_read(text: str) -> None:
    assert not refused(text, V16).answerable
    new = refused(text, V201)
    assert (new.answerable, new.id, new.code, new.message_type) == (True, "-1", "RpcFrameworkError", 2)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    "text",
    ["[3]", "[3,", '[4,"unfinished', '[3,"1"]', '[3,"1",[]]', '[3,"1",{},{}]', '[3,7,{}]', '[3,"1",{"a"',
     '[4,"1"]', '[4,"1",7]', '[4,7,"E"]', '[4,"1","E","",{},1]', '[4,"1","E","', f'[3,"{ID36}7",{{}}]'],
)  # fmt: skip
def test_a_broken_answer_is_met_with_silence(text: str, version: Version) -> None:
    error = refused(text, version)
    assert not error.answerable
    assert error.message_type in (3, 4)
    assert error.id in ("1", None, ID36 + "7")


@pytest.mark.parametrize(
    "text", ['[5,"1"]', '[6,"1","A"]', '[6,"1","A",[]]', '[6,1,"A",{}]', '[6,"1","A",{"a"', '[5,7,"E"]']
)
def test_a_broken_send_or_callresulterror_is_met_with_silence(text: str) -> None:
    assert not refused(text, V21).answerable


@pytest.mark.parametrize("number", ["0", "1", "7", "-2", "99999999999999999999"])
def test_an_unknown_message_type(number: str) -> None:
    text = f'[{number},"1","Reset",{{}}]'
    assert not refused(text, V16).answerable
    if len(number) < 3:
        new = refused(text, V21)
        assert (new.answerable, new.id, new.code) == (True, "1", "MessageTypeNotSupported")
        assert not refused(f"[{number},7,{{}}]", V21).answerable
        assert not refused(f'[{number},"{ID36}7",{{}}]', V21).answerable


def test_deep_but_not_too_deep() -> None:
    def text(levels: int) -> str:
        return '[2,"1","A",{"a":' + "[" * levels + "]" * levels + "}]"

    frame = parse(text(MAX_DEPTH - 2), V16)
    assert encode(frame) == text(MAX_DEPTH - 2)
    assert "deep" in refused(text(MAX_DEPTH - 1), V16).reason
    wide = '[2,"1","A",{"a":[' + ",".join(["{}"] * 1000) + "]}]"
    assert encode(parse(wide, V16)) == wide


@pytest.mark.parametrize("version", Version)
def test_a_frame_of_a_megabyte(version: Version) -> None:
    reading = '{"timestamp":"2025-01-01T00:00:00Z","sampledValue":[{"value":"12345678901234567890123"}]}'
    text = '[2,"1","MeterValues",{"connectorId":1,"meterValue":[' + ",".join([reading] * 12_000) + "]}]"
    assert len(text) > 1_000_000
    start = time.perf_counter()
    assert encode(parse(text, version)) == text
    for broken in (
        text[:-1],
        "[" * 1_000_000,
        " " * 1_000_000,
        '[2,"1","A",{"a":"' + "9" * 1_000_000,
        '{"a":' * 200_000,
        '[2,"' + "a" * 1_000_000 + '","A",{}]',
    ):
        refused_fast = parse_error(broken, version)
        assert refused_fast is not None
    assert time.perf_counter() - start < 2


def parse_error(text: str, version: Version) -> FrameError | None:
    try:
        parse(text, version)
    except FrameError as error:
        return error
    return None


def test_numbers_keep_their_value() -> None:
    for number in (
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "1e-7",
        "123456789.123",
        "1e+300",
        "9007199254740992.0",
    ):
        text = f'[3,"1",{{"a":{number}}}]'
        assert encode(parse(text, V16)) == text
    for number in ("18446744073709551616", "-9223372036854775809"):
        assert "64 bits" in refused(f'[2,"1","A",{{"a":{number}}}]', V16).reason
    assert encode(parse('[3,"1",{"a":"18446744073709551616"}]', V16)) == '[3,"1",{"a":"18446744073709551616"}]'


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("number", "whole"),
    [("16.0", "16"), ("16.000 ", "16"), ("-3.0", "-3"), ("-0.0", "0"), ("1.6E1", "16"), ("1.2345678E7", "12345678")],
)
def test_a_whole_number_is_one_however_it_is_written(number: str, whole: str, version: Version) -> None:
    for form in ('[2,"1","A",{"a":%s}]', '[3,"1",{"a":[[],"1.0",2.5,[{"b":%s}]]}]', '[4,"1","A","",{"c":{"a":[%s]}}]'):
        assert encode(parse(form % number, version)) == form % whole


@pytest.mark.parametrize("value", [2**64, "\ud800", {1, 2}, {3: 4}, object()])
def test_what_cannot_be_written_is_a_frame_error(value: object) -> None:
    with pytest.raises(FrameError) as caught:
        encode(Call("1", "A", {"a": value}))
    assert not caught.value.answerable


def test_nan_is_never_written() -> None:
    assert encode(CallResult("1", {"a": float("nan"), "b": float("-inf")})) == '[3,"1",{"a":null,"b":null}]'


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.sampled_from(["2", "-1"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(st.characters()),
        st.binary(),
        _JSON.map(json.dumps),
        st.tuples(st.integers(1, 7), st.text(max_size=40) | _JSON, _JSON, _JSON, _JSON)
        .flatmap(lambda parts: st.integers(1, 5).map(lambda size: json.dumps(parts[:size]))),
    ),
    st.sampled_from(Version),
)  # fmt: skip
def test_anything_gives_a_frame_or_a_frame_error(text: str | bytes, version: Version) -> None:
    try:
        frame = parse(text, version)
    except FrameError as error:
        assert error.code in protocol(version).error_codes.values()
        assert not error.answerable or isinstance(error.id, str)
    else:
        assert parse(encode(frame), version) == frame
