"""A mapping that failed told the peer, in its CALLERROR, where the files of the server are."""

from __future__ import annotations

import json
from pathlib import Path

from ocpp_crosswalk import Crosswalk


def test_a_peer_is_told_the_file_and_not_the_folder(tmp_path: Path) -> None:
    mapping = tmp_path / "ocpp1.6--ocpp2.0.1" / "from-station" / "Authorize.yaml"
    mapping.parent.mkdir(parents=True)
    mapping.write_text(
        "call: Authorize\nspec: [OCPP 1.6 5.1]\nforward: Authorize\n"
        "request: {idToken: {idToken: $string($number(idTag)), type: {$const: Central}}}\n"
        "response: {idTagInfo: {status: {$const: Accepted}}}\n",
        "utf-8",
    )
    session = Crosswalk.load([tmp_path]).session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
    session.connect(now=1.8e9)
    (out,) = session.receive("station", json.dumps([2, "1", "Authorize", {"idTag": "no number"}]), now=1.8e9)
    kind, _, code, text, _ = json.loads(out.text)
    assert (kind, code) == (4, "InternalError")
    assert "Authorize.yaml:4:" in text
    assert str(tmp_path) not in text
