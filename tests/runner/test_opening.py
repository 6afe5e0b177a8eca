"""Opening handshakes over real sockets: refusals, subprotocols, credentials."""

from __future__ import annotations

import asyncio
import base64

import pytest
import websockets

from ocpp_crosswalk.runner.config import Credentials, Endpoint, Limits, Rule, Secret, Target
from ocpp_crosswalk.runner.handshake import basic_authorization
from ocpp_crosswalk.versions import Version

from .harness import FakeCsms, boot, refusal, until, world


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
async def test_the_refusal_of_the_csms_is_the_refusal_of_the_station(status: int) -> None:
    csms = FakeCsms("ocpp2.0.1")
    csms.refuse = (status, {"WWW-Authenticate": 'Basic realm="x"', "Retry-After": "7", "X-Inner": "secret"})
    async with world(csms) as w:
        response = await refusal(w.station())
        assert response.status_code == status
        assert response.headers["WWW-Authenticate"] == 'Basic realm="x"'
        assert response.headers["Retry-After"] == "7"
        assert "X-Inner" not in response.headers
        assert w.service.proxy.links == 0


async def test_a_csms_that_cannot_be_reached_is_a_503() -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with world(csms) as w:
        csms.refuse = None
        target = Target("main", "ws://127.0.0.1:1/ocpp", (Version.V201,))
        w.service.proxy._routing._targets = {"main": target}
        response = await refusal(w.station())
        assert response.status_code == 503
        assert "Retry-After" in response.headers


async def test_a_csms_that_dies_while_it_is_asked_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by tools/chaos.py: the library raises ConnectionClosed then, and no OSError."""

    async def dying(*arguments: object, **options: object) -> None:
        raise websockets.ConnectionClosedError(None, None)

    monkeypatch.setattr("ocpp_crosswalk.runner.websocket.connect", dying)
    async with world(FakeCsms("ocpp2.0.1")) as w:
        response = await refusal(w.station())
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        assert w.service.proxy.links == 0


async def test_a_csms_that_does_not_answer_is_a_504() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = Target("main", f"ws://127.0.0.1:{port}/ocpp", (Version.V201,))
    async with world(FakeCsms("ocpp2.0.1"), limits=Limits(open_seconds=0.3), targets={"main": target}) as w:
        assert (await refusal(w.station())).status_code == 504
    server.close()


async def test_a_csms_that_speaks_no_websocket_is_a_502() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 smtp.example ready\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = Target("main", f"ws://127.0.0.1:{port}/ocpp", (Version.V201,))
    async with world(FakeCsms("ocpp2.0.1"), targets={"main": target}) as w:
        assert (await refusal(w.station())).status_code == 502
    server.close()


@pytest.mark.parametrize(
    "url",
    ["ws://127.0.0.1:abc/x", "ws://127.0.0.1:99999/x", f"ws://{'a' * 70}/", "ws://", "ws://user@h/x", "ws://h/#f"],
)
async def test_an_address_of_a_csms_that_is_none_is_a_502_with_a_reason(url: str) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        w.service.proxy._routing._targets = {"main": Target("main", url, (Version.V201,))}
        response = await refusal(w.station())
        assert response.status_code == 502
        assert b"cannot be reached at its address" in response.body
        assert b"user" not in response.body.replace(b"username provided", b"")


async def test_a_fault_in_a_handshake_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async with world(FakeCsms("ocpp2.0.1"), metrics=Endpoint("127.0.0.1", 0)) as w:
        w.service.proxy._routing = lambda handshake: 1 / 0
        assert (await refusal(w.station("CP-9"))).status_code == 500
        reader, writer = await asyncio.open_connection("127.0.0.1", w.service.metrics_port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"\nocpp_crosswalk_faults_total 1.0\n" in await asyncio.wait_for(reader.read(), 5)
        writer.close()
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.fields["station"] == "CP-9"  # type: ignore[attr-defined]


async def test_the_station_is_answered_after_the_csms() -> None:
    csms = FakeCsms("ocpp2.0.1")
    gate = asyncio.Event()
    plain = csms._check

    async def slow(socket, request):  # type: ignore[no-untyped-def]
        await gate.wait()
        return plain(socket, request)

    csms._check = slow  # type: ignore[method-assign,assignment]
    async with world(csms) as w:
        opening = asyncio.create_task(w.station())
        await asyncio.sleep(0.2)
        assert not opening.done()
        gate.set()
        await (await opening).close()


async def test_a_station_that_leaves_before_the_answer_leaves_no_link() -> None:
    csms = FakeCsms("ocpp2.0.1")
    plain = csms._check

    async def slow(socket, request):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.3)
        return plain(socket, request)

    csms._check = slow  # type: ignore[method-assign,assignment]
    async with world(csms) as w:
        with pytest.raises(TimeoutError):
            await w.station(open_timeout=0.1)
        await until(lambda: csms.closes)
        await until(lambda: w.service.proxy.links == 0)


async def test_without_a_common_subprotocol_the_link_is_opened_and_closed() -> None:
    for offers in (("ocpp1.5",), ("",), ("soap",)):
        async with world(FakeCsms("ocpp2.0.1")) as w:
            station = await w.station("CP-1", *offers)
            assert station.subprotocol is None
            await asyncio.wait_for(station.wait_closed(), 1)
            assert station.close_code == 1002
            assert w.csms.requests == []


async def test_a_csms_that_agrees_to_no_subprotocol_is_mirrored() -> None:
    csms = FakeCsms("ocpp2.0.1")
    csms.subprotocols = False
    async with world(csms) as w:
        station = await w.station("CP-1", "ocpp1.6")
        assert station.subprotocol is None
        await asyncio.wait_for(station.wait_closed(), 1)
        await until(lambda: csms.closes)
        assert w.service.proxy.links == 0


async def test_a_station_that_offers_nothing_can_be_assumed_to_speak_a_version() -> None:
    async with world(FakeCsms("ocpp2.0.1"), rules=(Rule(assume=Version.V16),)) as w:
        station = await w.station("CP-1", "")
        assert station.subprotocol is None
        assert (await boot(station))[2]["status"] == "Accepted"
        await station.close()


@pytest.mark.parametrize("header", ["ocpp1.6,", " ,, ocpp1.6 ,ocpp1.5", "OCPP1.6"])
async def test_stray_commas_and_spaces_are_understood(header: str) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        host, port = w.service.addresses[0]
        reader, writer = await asyncio.open_connection(host, port)
        request = (
            "GET /CP-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {header}\r\n\r\n"
        )
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert "101" in head.split("\r\n")[0]
        assert "Sec-WebSocket-Protocol: ocpp1.6\r\n" in head
        writer.close()


async def test_a_request_that_is_no_websocket_does_not_reach_the_csms() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        host, port = w.service.addresses[0]
        for request in (b"GET /CP-1 HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 2)
            writer.close()
        assert w.csms.requests == []
        bad_key = (
            b"GET /CP-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(bad_key)
        assert b" 400 " in await asyncio.wait_for(reader.readline(), 2)
        writer.close()
        await until(lambda: w.service.proxy.links == 0)


@pytest.mark.parametrize("identity", ["", "x" * 49, "a%2Fb", "%00", "%ff"])
async def test_a_bad_identity_is_a_404(identity: str) -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        assert (await refusal(w.station(identity))).status_code == 404
        assert w.csms.requests == []


async def test_the_authorization_of_the_station_is_passed_on() -> None:
    header = "Basic " + base64.b64encode(b"CP-1:\x00\xff\x10").decode()
    for version in ("ocpp1.6", "ocpp2.0.1"):
        async with world(FakeCsms("ocpp2.0.1")) as w:
            station = await w.station("CP-1", version, additional_headers={"Authorization": header})
            assert w.csms.requests[0].headers["Authorization"] == header
            await station.close()


async def test_credentials_are_replaced_for_all_or_by_rule() -> None:
    rules = (
        Rule(identity="A-*", credentials=Credentials(Secret("rule"), "name")),
        Rule(identity="B-*", refuse=403),
        Rule(),
    )
    csms = FakeCsms("ocpp2.0.1")
    async with world(csms, rules=rules) as w:
        target = next(iter(w.service.config.targets.values()))
        everyone = Target(target.name, target.url, target.versions, Credentials(Secret("all")))
        w.service.proxy._routing._targets = {"main": everyone}
        for identity in ("A-1", "C-1"):
            station = await w.station(identity, additional_headers={"Authorization": "Basic eDp5"})
            await station.close()
        seen = [request.headers["Authorization"] for request in csms.requests]
        assert seen == [basic_authorization("name", "rule"), basic_authorization("C-1", "all")]
        assert (await refusal(w.station("B-1"))).status_code == 403


async def test_a_password_can_be_checked_here() -> None:
    rules = (Rule(password=Secret("00ff10"), credentials=Credentials(Secret("inner"))),)
    async with world(FakeCsms("ocpp2.0.1"), rules=rules) as w:
        for wrong in (None, basic_authorization("CP-1", "00ff11"), basic_authorization("CP-2", "00ff10")):
            headers = {"Authorization": wrong} if wrong else {}
            response = await refusal(w.station(additional_headers=headers))
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"].startswith("Basic ")
        assert w.csms.requests == []
        raw = "Basic " + base64.b64encode(b"CP-1:\x00\xff\x10").decode()
        for right in (basic_authorization("CP-1", "00ff10"), raw):
            station = await w.station(additional_headers={"Authorization": right})
            await station.close()
        assert w.csms.requests[0].headers["Authorization"] == basic_authorization("CP-1", "inner")


async def test_rules_choose_by_identity_path_and_offered_version() -> None:
    one, two = FakeCsms("ocpp2.0.1"), FakeCsms("ocpp2.1")
    async with two.running():
        rules = (
            Rule(identity="X-*", csms="two"),
            Rule(path="/two/*", csms="two"),
            Rule(offers=Version.V21, csms="two"),
            Rule(path="/ocpp", csms="main"),
        )
        async with world(one, rules=rules) as w:
            targets = dict(w.service.config.targets)
            targets["two"] = Target("two", two.url, (Version.V21,))
            w.service.proxy._routing._targets = targets
            for identity, path, offers in (
                ("X-1", "/ocpp", ("ocpp1.6",)),
                ("CP-1", "/two/x", ("ocpp1.6",)),
                ("CP-2", "/ocpp", ("ocpp2.1", "ocpp1.6")),
                ("CP-3", "/ocpp", ("ocpp1.6",)),
            ):
                station = await w.station(identity, *offers, path=path)
                await station.close()
            assert [request.path for request in two.requests] == ["/ocpp/X-1", "/ocpp/CP-1", "/ocpp/CP-2"]
            assert [request.path for request in one.requests] == ["/ocpp/CP-3"]
            assert (await refusal(w.station("CP-4", path="/none"))).status_code == 404


async def test_compression_is_agreed_on_when_the_station_offers_it() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        with_it = await w.station("CP-1", "ocpp2.0.1")
        without = await w.station("CP-2", "ocpp2.0.1", compression=None)
        assert with_it.response is not None
        assert without.response is not None
        assert "permessage-deflate" in with_it.response.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in without.response.headers
        assert "permessage-deflate" in w.csms.requests[0].headers["Sec-WebSocket-Extensions"]
        for one in (with_it, without):
            await one.send('[2,"1","Heartbeat",{}]')
            await one.recv()
            await one.close()


async def test_compression_is_not_offered_to_a_csms_of_1_6() -> None:
    async with world(FakeCsms("ocpp1.6")) as w:
        station = await w.station("CP-1", "ocpp2.0.1")
        assert "Sec-WebSocket-Extensions" not in w.csms.requests[0].headers
        await station.close()


async def test_a_csms_of_1_6_gets_a_key_as_the_bytes_that_it_stands_for() -> None:
    key = Credentials(Secret("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"), "AL1000", hexadecimal=True)
    async with world(FakeCsms("ocpp1.6"), rules=(Rule(credentials=key),)) as w:
        await (await w.station("CP-1", "ocpp2.0.1")).close()
        assert w.csms.requests[0].headers["Authorization"] == "Basic QUwxMDAwOgABAgMEBQYH////////////////"


async def test_two_authorization_headers_are_a_400() -> None:
    async with world(FakeCsms("ocpp2.0.1")) as w:
        headers = [("Authorization", basic_authorization("CP-1", "one")), ("Authorization", "Basic eDp5")]
        assert (await refusal(w.station(additional_headers=headers))).status_code == 400
        assert w.csms.requests == []
