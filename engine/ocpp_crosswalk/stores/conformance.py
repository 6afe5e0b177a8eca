"""What every store has to do, as tests. Subclass, say how yours is opened, and let pytest collect the
subclass.

    class TestMyStore(StoreConformance):
        async def open(self) -> Store:
            return MyStore(...)          # each call: one more handle to the same data
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .base import Fenced, Saved, Store


class StoreConformance:
    """The promises of `Store`. Needs nothing but an `open` that gives handles to the same, initially empty
    data.
    """

    async def open(self) -> Store:
        """One more handle to the same data, as another process would have it."""
        raise NotImplementedError

    def run(self, test: Coroutine[Any, Any, None]) -> None:
        """Run one test in an event loop of its own."""
        asyncio.run(asyncio.wait_for(test, 30))

    def test_unknown_station_has_nothing(self) -> None:
        async def test() -> None:
            store = await self.open()
            assert await store.load("CP-1") is None
            await store.close()

        self.run(test())

    def test_what_was_saved_is_loaded(self) -> None:
        async def test() -> None:
            store = await self.open()
            data = '{"text":"grün \\u0000 ☃","float":1.5,"none":null,"list":[true,{}]}'.encode()
            version = await store.save("CP 1/ü", data, 0)
            assert version > 0
            assert await store.load("CP 1/ü") == Saved(data, version)
            assert await store.load("CP 1") is None
            await store.close()

        self.run(test())

    def test_versions_grow(self) -> None:
        async def test() -> None:
            store = await self.open()
            versions = [await store.save("CP-1", b"0", 0)]
            for n in range(1, 5):
                versions.append(await store.save("CP-1", b"%d" % n, versions[-1]))
            assert versions == sorted(set(versions))
            assert await store.load("CP-1") == Saved(b"4", versions[-1])
            await store.close()

        self.run(test())

    def test_another_handle_sees_it(self) -> None:
        async def test() -> None:
            one, other = await self.open(), await self.open()
            version = await one.save("CP-1", b"one", 0)
            assert await other.load("CP-1") == Saved(b"one", version)
            await one.close()
            await other.close()

        self.run(test())

    def test_an_older_owner_is_fenced_off(self) -> None:
        async def test() -> None:
            one, other = await self.open(), await self.open()
            first = await one.save("CP-1", b"one", 0)
            taken = await other.save("CP-1", b"other", first)
            for stale in (first, 0, taken + 1):
                await _must_be_fenced(one, b"ghost", stale)
            assert await one.load("CP-1") == Saved(b"other", taken)
            await one.close()
            await other.close()

        self.run(test())

    def test_nothing_to_replace_is_fenced_too(self) -> None:
        async def test() -> None:
            store = await self.open()
            await _must_be_fenced(store, b"{}", 7)
            assert await store.load("CP-1") is None
            await store.close()

        self.run(test())

    def test_of_many_who_claim_one_wins(self) -> None:
        async def test() -> None:
            stores = [await self.open() for _ in range(4)]
            base = await stores[0].save("CP-1", b"nobody", 0)
            claims = [stores[n % 4].save("CP-1", b"%d" % n, base) for n in range(20)]
            outcomes = await asyncio.gather(*claims, return_exceptions=True)
            winners = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
            assert len(winners) == 1
            assert all(isinstance(outcome, Fenced | int) for outcome in outcomes)
            saved = await stores[1].load("CP-1")
            assert saved == Saved(b"%d" % winners[0], outcomes[winners[0]])  # type: ignore[arg-type]
            for store in stores:
                await store.close()

        self.run(test())

    def test_many_stations_at_once(self) -> None:
        async def test() -> None:
            store = await self.open()

            async def station(name: str) -> None:
                version = 0
                for n in range(10):
                    version = await store.save(name, f"{name}: {n}".encode(), version)
                assert await store.load(name) == Saved(f"{name}: 9".encode(), version)

            await asyncio.gather(*(station(f"CP-{n}") for n in range(200)))
            await store.close()

        self.run(test())

    def test_a_cancelled_save_harms_nobody(self) -> None:
        async def test() -> None:
            store = await self.open()
            task = asyncio.ensure_future(store.save("CP-1", b"1", 0))
            await asyncio.sleep(0)
            task.cancel()
            version = await store.save("CP-2", b"2", 0)
            assert await store.load("CP-2") == Saved(b"2", version)
            await asyncio.gather(task, return_exceptions=True)
            saved = await store.load("CP-1")
            await store.save("CP-1", b"3", saved.version if saved else 0)
            await store.close()

        self.run(test())

    def test_large_states(self) -> None:
        async def test() -> None:
            store = await self.open()
            data = b"x" * 2_000_000
            version = await store.save("CP-1", data, 0)
            assert await store.load("CP-1") == Saved(data, version)
            await store.close()

        self.run(test())


async def _must_be_fenced(store: Store, data: bytes, version: int) -> None:
    try:
        await store.save("CP-1", data, version)
    except Fenced:
        return
    raise AssertionError(f"a save over version {version} was let through")
