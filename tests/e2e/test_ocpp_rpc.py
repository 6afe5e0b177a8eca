"""The main conversation with peers made of the npm package `ocpp-rpc` in strict mode. Its strict 2.1 does not work, not
even with itself: it names its schemas of 2.1 otherwise than it looks them up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conversation_16 import boot, csms_charges_and_resets, driver_charges, two_drivers_charge
from .world import PEERS, Command, python_peer, world

PACKAGE = "ocpp-rpc@2.2.1"


@pytest.fixture(scope="module")
def rpc_peer(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command that starts such a peer. The package is where OCPP_RPC says, or is installed for these tests."""
    assert shutil.which("node") and shutil.which("npm"), f"{PACKAGE} needs node and npm: tools/test installs them"
    folder = Path(os.environ.get("OCPP_RPC") or tmp_path_factory.mktemp("npm"))
    if not (folder / "node_modules" / "ocpp-rpc").is_dir():
        install = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
        subprocess.run(install, check=True, capture_output=True, timeout=300)
    return ["env", f"NODE_PATH={folder / 'node_modules'}", "node", str(PEERS / "ocpp_rpc_peer.js")]


@pytest.mark.parametrize(
    ("csms", "station_is_rpc", "csms_is_rpc"),
    [
        ("ocpp2.0.1", True, True),
        ("ocpp2.0.1", True, False),
        ("ocpp2.0.1", False, True),
        ("ocpp2.1", True, False),
    ],
)
async def test_the_main_conversation(
    tmp_path: Path, rpc_peer: Command, csms: str, station_is_rpc: bool, csms_is_rpc: bool
) -> None:
    peers = {
        "station_peer": rpc_peer if station_is_rpc else python_peer(),
        "csms_peer": rpc_peer if csms_is_rpc else python_peer(),
    }
    async with world(tmp_path, "ocpp1.6", csms, **peers) as (everything, station, far):
        await boot(station, far)
        await driver_charges(station, far)
        await csms_charges_and_resets(station, far)
        await two_drivers_charge(station, far)
        assert everything.proxy.warnings == []
