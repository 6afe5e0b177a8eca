"""What a link leaves behind is freed when it ends, without the garbage collector, which hardly ever looks."""

from __future__ import annotations

import asyncio
import gc

import pytest

from ocpp_crosswalk.runner.translated import TranslatedLink
from ocpp_crosswalk.session import Session

from .harness import FakeCsms, boot, call, until, world


def alive() -> int:
    """How many links and sessions there are."""
    return sum(type(thing) in (TranslatedLink, Session) for thing in gc.get_objects())


@pytest.mark.parametrize("answered", [True, False])
async def test_links_and_sessions_are_freed_at_once(answered: bool) -> None:
    csms = FakeCsms("ocpp2.0.1")
    async with world(csms) as w:
        gc.collect()
        before = alive()
        gc.disable()
        try:
            for _ in range(5):
                station = await w.station()
                assert (await boot(station))[0] == 3
                if answered:
                    assert (await call(station, "2", "Heartbeat", {}))[0] == 3
                else:
                    csms.silent = True
                    await station.send('[2,"2","Heartbeat",{}]')
                assert alive() > before
                await station.close()
                await until(lambda: w.service.proxy.links == 0)
                await asyncio.sleep(0.05)
                csms.silent = False
            assert alive() == before
        finally:
            gc.enable()
