"""Contract certificates of a 2.1 station before a 1.6 CSMS: what the tunnel does not take is never accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from host import Host
from ocpp_crosswalk import Crosswalk, Pair
from ocpp_crosswalk.versions import Side

CROSSWALK = Crosswalk.load()
TOKEN = {"idToken": "DE-8AA-C2B3C4D5-L", "type": "eMAID"}


def responder(address: str) -> dict[str, str]:
    names = {"issuerNameHash": "A", "issuerKeyHash": "B", "serialNumber": "1"}
    return {"hashAlgorithm": "SHA256", **names, "responderURL": address}


def authorize(contract: dict[str, Any]) -> tuple[str, list[Any]]:
    """To whom the first frame goes that follows from an Authorize with this contract, and the frame."""
    host = Host(CROSSWALK, Pair.parse("ocpp2.1--ocpp1.6"), {"csmsSupports": ["pnc"]})
    (out,) = host.call(Side.STATION, "1", "Authorize", {"idToken": TOKEN, **contract})
    return str(out.to), json.loads(out.text)


@pytest.mark.parametrize(
    "contract",
    [
        {"certificate": "C" * 5501},
        {"certificate": "C" * 5501, "iso15118CertificateHashData": [responder("http://ocsp")]},
        {"iso15118CertificateHashData": [responder("http://ocsp"), responder("http://" + "o" * 506)]},
    ],
)
def test_what_the_tunnel_does_not_take_is_not_accepted(contract: dict[str, Any]) -> None:
    answer = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "NoCertificateAvailable"}
    assert authorize(contract) == ("station", [3, "1", answer])


@pytest.mark.parametrize(
    "contract",
    [
        {"certificate": "C" * 5500},
        {"iso15118CertificateHashData": [responder("http://" + "o" * 505)]},
    ],
)
def test_what_it_takes_reaches_the_csms_whole(contract: dict[str, Any]) -> None:
    to, frame = authorize(contract)
    assert (to, frame[2]) == ("csms", "DataTransfer")
    assert json.loads(frame[3]["data"]) == {"idToken": TOKEN, **contract}
