"""What is read from an opening request, without sockets."""

from __future__ import annotations

import base64

import pytest
from websockets.uri import parse_uri

from ocpp_crosswalk.runner.addresses import check_csms_url
from ocpp_crosswalk.runner.handshake import (
    basic_authorization,
    is_authentic,
    join_url,
    negotiate,
    parse_offers,
    parse_path,
)
from ocpp_crosswalk.runner.transport import Refused
from ocpp_crosswalk.versions import PAIRS, Pair, Version


@pytest.mark.parametrize(
    ("path", "prefix", "identity"),
    [
        ("/CP-1", "", "CP-1"),
        ("/ocpp/v1/CP-1", "/ocpp/v1", "CP-1"),
        ("/ocpp/RDAM%20123", "/ocpp", "RDAM 123"),
        ("/ocpp/RDAM%7C123?x=/y", "/ocpp", "RDAM|123"),
        ("/s%C3%A4ule", "", "säule"),
        ("/" + "x" * 48, "", "x" * 48),
    ],
)
def test_identity_is_the_last_part_of_the_path(path: str, prefix: str, identity: str) -> None:
    assert parse_path(path) == (prefix, identity)


@pytest.mark.parametrize(
    "path",
    ["/", "/ocpp/", "", "/a%2Fb", "/%0A", "/%00", "/%FF", "/" + "x" * 49, "/..", "/.", "/x/%2e%2e", "/%E2%80%AE"],
)
def test_what_is_no_identity_is_refused(path: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_path(path)
    assert caught.value.status == 404
    assert "identity" in caught.value.text


def test_the_identity_is_encoded_toward_the_csms() -> None:
    assert join_url("ws://h/ocpp", "RDAM 1|ü") == "ws://h/ocpp/RDAM%201%7C%C3%BC"
    assert join_url("ws://h/ocpp/", "a%b") == "ws://h/ocpp/a%25b"
    assert join_url("wss://h/o?key=1", "CP") == "wss://h/o/CP?key=1"


@pytest.mark.parametrize(
    ("headers", "offers"),
    [
        (["ocpp1.6"], ("ocpp1.6",)),
        (["ocpp2.0.1, ocpp1.6"], ("ocpp2.0.1", "ocpp1.6")),
        ([" ,ocpp1.6 ,, ocpp1.5,"], ("ocpp1.6", "ocpp1.5")),
        (["ocpp2.1", "ocpp1.6"], ("ocpp2.1", "ocpp1.6")),
        (['"ocpp1.6"'], ("ocpp1.6",)),
        (["OCPP1.6, ocpp1.6"], ("ocpp1.6",)),
        (["ocpp1.6\r\nX: y", "a b", "ü"], ()),
        ([], ()),
        ([""], ()),
    ],
)
def test_offers_are_read_leniently(headers: list[str], offers: tuple[str, ...]) -> None:
    assert parse_offers(headers) == offers


def test_a_version_in_common_is_not_translated() -> None:
    plan = negotiate(["ocpp2.1", "ocpp2.0.1", "ocpp1.6"], [Version.V16, Version.V201], PAIRS)
    assert plan is not None
    assert plan.offers == ("ocpp2.0.1", "ocpp1.6")
    assert not plan.translated


def test_otherwise_the_first_translatable_version_of_the_station_is_taken() -> None:
    plan = negotiate(["ocpp1.5", "ocpp1.6"], [Version.V21, Version.V201], PAIRS)
    assert plan is not None
    assert (plan.station, plan.offers) == (Version.V16, ("ocpp2.1", "ocpp2.0.1"))
    only = negotiate(["ocpp2.1", "ocpp1.6"], [Version.V201], [Pair(Version.V16, Version.V201)])
    assert only is not None
    assert (only.station, only.offers) == (Version.V16, ("ocpp2.0.1",))


@pytest.mark.parametrize("offers", [[], ["ocpp1.5"], ["ocpp2.0"]])
def test_there_may_be_no_way(offers: list[str]) -> None:
    assert negotiate(offers, list(Version), PAIRS) is None
    assert negotiate(["ocpp1.6"], [Version.V21], []) is None


KEY = "0001020304FFfeFDFCFB"


@pytest.mark.parametrize(
    "presented",
    [KEY.encode(), KEY.lower().encode(), KEY.upper().encode(), bytes.fromhex(KEY)],
)
def test_a_hexadecimal_key_is_good_as_text_and_as_bytes(presented: bytes) -> None:
    header = "Basic " + base64.b64encode(b"CP-1:" + presented).decode()
    assert is_authentic(header, "CP-1", KEY)
    assert not is_authentic(header, "CP-2", KEY)
    assert not is_authentic(header, "CP-1", KEY[:-2])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Bearer x",
        basic_authorization("CP-1", ""),
        basic_authorization("CP-1", "Secret"),
        basic_authorization("CP-2", "secret"),
        "Basic " + base64.b64encode(b"CP-1").decode(),
        "Basic " + base64.b64encode(b"CP-1secret").decode(),
    ],
)
def test_a_wrong_password_is_wrong(header: str | None) -> None:
    assert is_authentic(basic_authorization("CP-1", "secret"), "CP-1", "secret")
    assert not is_authentic(header, "CP-1", "secret")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "it does not begin with ws:// or wss://"),
        ("http://h", "it does not begin with ws:// or wss://"),
        ("WSS://h", "it does not begin with ws:// or wss://"),
        ("ws://", "it has no host"),
        ("ws:///x", "it has no host"),
        ("ws://:80/x", "it has no host"),
        ("ws://[::1/x", "its host cannot be read"),
        ("ws://[h]/x", "its host cannot be read"),
        ("ws://a..b/x", "its host cannot be read"),
        (f"ws://{'a' * 64}/", "its host cannot be read"),
        ("ws://host:99999/x", "its port is no number from 1 to 65535"),
        ("ws://host:abc/x", "its port is no number from 1 to 65535"),
        ("ws://host:0/x", "its port is 0"),
        ("ws://h h/", "it has blanks or characters that cannot be seen"),
        ("ws://h/a b", "it has blanks or characters that cannot be seen"),
        ("ws://h/\n", "it has blanks or characters that cannot be seen"),
        ("ws://h/x#f", "it has a fragment (#), which is never sent"),
        ("ws://user@h/x", "it has a user name without a password"),
    ],
)
def test_what_is_no_address_of_a_csms(url: str, fault: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_csms_url(url)
    assert str(caught.value).startswith(f"this is no address of a CSMS: {fault}; write ")


@pytest.mark.parametrize(
    "url",
    ["ws://h", "wss://csms.example.com/ocpp", "ws://[::1]:80/x?y=z", "ws://u:p@10.0.0.1:65535/%20", "ws://bücher.de"],
)
def test_addresses_of_a_csms(url: str) -> None:
    check_csms_url(url)
    parse_uri(join_url(url, "CP-1"))
