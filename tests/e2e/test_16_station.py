"""A 1.6 station made of the package `ocpp` on a 2.0.1 and a 2.1 CSMS made of it, through the installed program."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conversation_16 import boot, csms_charges_and_resets, driver_charges, two_drivers_charge
from .world import world

CSMS = pytest.mark.parametrize("csms", ["ocpp2.0.1", "ocpp2.1"])


@CSMS
async def test_the_main_conversation(tmp_path: Path, csms: str) -> None:
    async with world(tmp_path, "ocpp1.6", csms) as (everything, station, far):
        await boot(station, far)
        await driver_charges(station, far)
        await csms_charges_and_resets(station, far)
        assert (await station.call("Heartbeat", {}))["currentTime"]
        assert everything.proxy.warnings == []


@CSMS
async def test_two_connectors_charge_at_once(tmp_path: Path, csms: str) -> None:
    async with world(tmp_path, "ocpp1.6", csms) as (everything, station, far):
        await boot(station, far)
        await two_drivers_charge(station, far)
        assert everything.proxy.warnings == []
