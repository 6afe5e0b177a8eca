"""TLS and client certificates, with real ones: nobody gets in who should not (OCPP security profiles 2 and
3).
"""

from __future__ import annotations

import asyncio
import datetime
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
import trustme
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.runner import (
    ClientTls,
    ConfigError,
    Listener,
    Proxy,
    Route,
    Rule,
    Secret,
    ServerTls,
    Target,
    WebSocketAdapter,
)
from ocpp_crosswalk.runner.handshake import basic_authorization
from ocpp_crosswalk.runner.tls import TlsContexts
from ocpp_crosswalk.stores import MemoryStore, open_store
from ocpp_crosswalk.versions import Version
from stores.redis_server import RedisServer

from .harness import FakeCsms, boot, call, refusal, world

YEARS_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


class Authority:
    """A certificate authority, and the certificates that it gives out, as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.ca = trustme.CA()
        self.file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str, *names: str, **options: Any) -> tuple[Path, Path]:
        """Certificate and key files of a new certificate with this common name and these DNS names."""
        leaf = self.ca.issue_cert(*names, common_name=name, **options)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(key))
        return certificate, key

    def trusting(self, certificate: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """A client's context that trusts this authority, with its own certificate if it has one."""
        context = ssl.create_default_context(cafile=str(self.file))
        if certificate:
            context.load_cert_chain(*certificate)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "good")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "stranger")


def listeners(tls: ServerTls) -> tuple[Listener, ...]:
    return (Listener("localhost", 0, tls),)


# -- stations --


async def test_a_station_over_tls(authority: Authority, stranger: Authority) -> None:
    tls = ServerTls(*authority.issue("proxy", "localhost"))
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls)) as w:
        station = await w.station(ssl=authority.trusting())
        assert (await boot(station))[0] == 3
        await station.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await w.station(ssl=stranger.trusting())
        old = authority.trusting()
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError)):
            await w.station(ssl=old)
        assert len(w.csms.requests) == 1


async def test_client_certificates(authority: Authority, stranger: Authority) -> None:
    tls = ServerTls(*authority.issue("proxy", "localhost"), authority.file)
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls)) as w:
        station = await w.station("CP-1", ssl=authority.trusting(authority.issue("CP-1")))
        assert (await boot(station))[0] == 3
        await station.close()
        reached = len(w.csms.requests)
        expired = authority.issue("CP-1", not_before=YEARS_AGO, not_after=YEARS_AGO + datetime.timedelta(days=1))
        for certificate in (None, stranger.issue("CP-1"), expired):
            with pytest.raises((ssl.SSLError, OSError, websockets.InvalidMessage, websockets.ConnectionClosed)):
                await w.station("CP-1", ssl=authority.trusting(certificate))
        other = await refusal(w.station("CP-1", ssl=authority.trusting(authority.issue("CP-9"))))
        assert other.status_code == 403
        assert len(w.csms.requests) == reached


async def test_matching_the_identity_can_be_left_to_the_csms(authority: Authority) -> None:
    tls = ServerTls(*authority.issue("proxy", "localhost"), authority.file, match_identity=False)
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls)) as w:
        station = await w.station("CP-1", ssl=authority.trusting(authority.issue("CP-9")))
        await station.close()


async def test_a_new_certificate_is_used_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    first, second = authority.issue("one", "localhost"), authority.issue("two", "localhost")

    def install(pair: tuple[Path, Path]) -> None:
        certificate.write_bytes(pair[0].read_bytes())
        key.write_bytes(pair[1].read_bytes())

    def name(station: Any) -> str:
        subject = station.transport.get_extra_info("ssl_object").getpeercert()["subject"]
        return next(value for part in subject for kind, value in part if kind == "commonName")

    install(first)
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(ServerTls(certificate, key))) as w:
        station = await w.station(ssl=authority.trusting())
        assert name(station) == "one"
        install(second)
        await w.service.reload()
        newer = await w.station("CP-2", ssl=authority.trusting())
        assert name(newer) == "two"
        key.write_text("broken")
        await w.service.reload()
        newest = await w.station("CP-3", ssl=authority.trusting())
        assert name(newest) == "two"
        assert (await call(station, "1", "Heartbeat", {}))[0] == 3
        for one in (station, newer, newest):
            await one.close()


@pytest.mark.parametrize(
    ("cipher", "let_in"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", True),
        ("AES128-GCM-SHA256", True),
        ("AES256-GCM-SHA384", True),
        ("ECDHE-RSA-AES128-SHA256", False),
        ("AES128-SHA", False),
    ],
)
async def test_the_cipher_suites_that_ocpp_wants(authority: Authority, cipher: str, let_in: bool) -> None:
    first = authority.issue("ecdsa", "localhost")
    second = authority.issue("rsa", "localhost", key_type=trustme.KeyType.RSA)
    tls = ServerTls(*first, None, True, *second)
    client = authority.trusting()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls)) as w:
        if let_in:
            station = await w.station(ssl=client)
            assert station.transport.get_extra_info("cipher")[0] == cipher
            await station.close()
        else:
            with pytest.raises((ssl.SSLError, OSError)):
                await w.station(ssl=client)
            assert w.csms.requests == []


async def test_an_authority_that_is_taken_out_is_trusted_no_more(
    authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(authority.file.read_bytes() + stranger.file.read_bytes())
    tls = ServerTls(*authority.issue("proxy", "localhost"), trusted)
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls)) as w:
        theirs, ours = authority.trusting(stranger.issue("CP-1")), authority.trusting(authority.issue("CP-2"))
        await (await w.station("CP-1", ssl=theirs)).close()
        trusted.write_bytes(authority.file.read_bytes())
        await w.service.reload()
        with pytest.raises((ssl.SSLError, OSError, websockets.InvalidMessage, websockets.ConnectionClosed)):
            await w.station("CP-1", ssl=theirs)
        await (await w.station("CP-2", ssl=ours)).close()
        assert len(w.csms.requests) == 2


async def test_a_certificate_with_a_serial_number_is_matched_by_rule(authority: Authority) -> None:
    tls = ServerTls(*authority.issue("proxy", "localhost"), authority.file)
    rules = (Rule(identity="CP-1", certificate="SN0001"), Rule())
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls), rules=rules) as w:
        serial = authority.trusting(authority.issue("SN0001"))
        await (await w.station("CP-1", ssl=serial)).close()
        for identity, name in (("CP-2", "SN0001"), ("CP-1", "CP-1"), ("SN0001", "CP-2")):
            answer = await refusal(w.station(identity, ssl=authority.trusting(authority.issue(name))))
            assert answer.status_code == 403
        assert len(w.csms.requests) == 1


async def test_a_certificate_is_matched_whoever_routes(authority: Authority) -> None:
    target = Target("main", "ws://127.0.0.1:1", (Version.V201,))
    sockets = WebSocketAdapter(listeners(ServerTls(*authority.issue("proxy", "localhost"), authority.file)))
    proxy = Proxy(
        Crosswalk.load(),
        lambda handshake: Route(target, handshake.offers),
        stations=[sockets],
        csms=sockets,
        store=MemoryStore(),
    )
    async with proxy:
        port = sockets.addresses[0][1]
        client = authority.trusting(authority.issue("CP-9"))
        opening = connect(f"wss://localhost:{port}/CP-1", subprotocols=[Subprotocol("ocpp1.6")], ssl=client, proxy=None)
        assert (await refusal(opening)).status_code == 403


async def test_a_wrong_password_over_tls_lets_nobody_in(authority: Authority) -> None:
    tls = ServerTls(*authority.issue("proxy", "localhost"))
    rules = (Rule(identity="CP-1", password=Secret("correct horse")), Rule(password=Secret("battery staple")))
    async with world(FakeCsms("ocpp2.0.1"), listeners=listeners(tls), rules=rules) as w:
        good = {"Authorization": basic_authorization("CP-1", "correct horse")}
        for headers in (
            {},
            {"Authorization": basic_authorization("CP-1", "")},
            {"Authorization": basic_authorization("CP-1", "correct hors")},
            {"Authorization": basic_authorization("CP-2", "correct horse")},
            {"Authorization": basic_authorization("CP-1", "battery staple")},
            {"Authorization": good["Authorization"].replace("Basic", "Bearer")},
        ):
            answer = await refusal(w.station("CP-1", ssl=authority.trusting(), additional_headers=headers))
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
        assert w.csms.requests == []
        await (await w.station("CP-1", ssl=authority.trusting(), additional_headers=good)).close()


# -- the CSMS --


def csms_over_tls(certificate: tuple[Path, Path], client_ca: Path | None = None) -> FakeCsms:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    csms = FakeCsms("ocpp2.0.1")
    csms.options["ssl"] = context
    return csms


async def reach(csms: FakeCsms, tls: ClientTls) -> int:
    """The status that a station gets (101 when it is let in)."""
    async with csms.running():
        target = Target("main", csms.url, (Version.V201,), tls=tls)
        async with world(FakeCsms("ocpp2.0.1"), targets={"main": target}) as w:
            try:
                station = await w.station()
                await asyncio.wait_for(boot(station), 2)
            except websockets.InvalidStatus as error:
                return error.response.status_code
            except websockets.ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0
            await station.close()
            return 101


async def test_a_csms_over_tls(authority: Authority, stranger: Authority) -> None:
    good = ClientTls(authority.file)
    assert await reach(csms_over_tls(authority.issue("csms", "localhost")), good) == 101
    assert await reach(csms_over_tls(authority.issue("csms", "localhost")), ClientTls(stranger.file)) == 502
    assert await reach(csms_over_tls(authority.issue("csms", "localhost")), ClientTls()) == 502
    assert await reach(csms_over_tls(authority.issue("csms", "elsewhere.example")), good) == 502
    expired = authority.issue(
        "csms", "localhost", not_before=YEARS_AGO, not_after=YEARS_AGO + datetime.timedelta(days=1)
    )
    assert await reach(csms_over_tls(expired), good) == 502


async def test_the_proxy_shows_its_own_certificate_to_the_csms(authority: Authority, stranger: Authority) -> None:
    server = authority.issue("csms", "localhost")
    mine, foreign = authority.issue("proxy-client"), stranger.issue("proxy-client")
    assert await reach(csms_over_tls(server, authority.file), ClientTls(authority.file, *mine)) == 101
    assert await reach(csms_over_tls(server, authority.file), ClientTls(authority.file)) != 101
    assert await reach(csms_over_tls(server, authority.file), ClientTls(authority.file, *foreign)) != 101


# -- files --


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("a", "localhost")
    other = authority.issue("b", "localhost")[1]
    for tls, said in (
        (ServerTls(tmp_path / "none.pem", key), "none.pem"),
        (ServerTls(certificate, other), "b.key"),
        (ServerTls(certificate, key, tmp_path / "none.pem"), "authorities"),
    ):
        with pytest.raises(ConfigError, match=said) as caught:
            TlsContexts(listeners(tls))
        assert str(caught.value).startswith("listeners.0.tls: ")
        assert "\n    Give a PEM file" in str(caught.value).replace("Give PEM files", "Give a PEM file")
    target = Target("main", "wss://x", (Version.V16,), tls=ClientTls(tmp_path / "none.pem"))
    with pytest.raises(ConfigError, match=r"^csms\.main\.tls: the authorities in "):
        TlsContexts((), [target])


async def test_redis_over_tls(authority: Authority, stranger: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("redis", "localhost")
    server = RedisServer(tmp_path)
    server.start_tls(certificate, key, authority.file)
    store = open_store(f"rediss://localhost:{server.port}/0?ssl_ca_certs={authority.file}")
    version = await store.save("CP-1", b"over TLS", 0)
    assert version > 0
    await store.close()
    wrong = open_store(f"rediss://localhost:{server.port}/0?ssl_ca_certs={stranger.file}")
    wrong._patience = 0.2  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="certificate verify failed"):
        await wrong.load("CP-1")
    await wrong.close()
    server.kill()
