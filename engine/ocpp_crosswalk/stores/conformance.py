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
            document = {"text": "grün \u0000 ☃", "float": 1.5, "big": 2**53, "none": None, "list": [True, {}]}
            version = await store.save("CP 1/ü", document, 0)
            assert version > 0
            assert await store.load("CP 1/ü") == Saved(document, version)
            assert await store.load("CP 1") is None
            await store.close()

        self.run(test())

    def test_versions_grow(self) -> None:
        async def test() -> None:
            store = await self.open()
            versions = [await store.save("CP-1", {"n": 0}, 0)]
            for n in range(1, 5):
                versions.append(await store.save("CP-1", {"n": n}, versions[-1]))
            assert versions == sorted(set(versions))
            assert await store.load("CP-1") == Saved({"n": 4}, versions[-1])
            await store.close()

        self.run(test())

    def test_another_handle_sees_it(self) -> None:
        async def test() -> None:
            one, other = await self.open(), await self.open()
            version = await one.save("CP-1", {"by": "one"}, 0)
            assert await other.load("CP-1") == Saved({"by": "one"}, version)
            await one.close()
            await other.close()

        self.run(test())

    def test_an_older_owner_is_fenced_off(self) -> None:
        async def test() -> None:
            one, other = await self.open(), await self.open()
            first = await one.save("CP-1", {"by": "one"}, 0)
            taken = await other.save("CP-1", {"by": "other"}, first)
            for stale in (first, 0, taken + 1):
                await _must_be_fenced(one, {"by": "ghost"}, stale)
            assert await one.load("CP-1") == Saved({"by": "other"}, taken)
            await one.close()
            await other.close()

        self.run(test())

    def test_nothing_to_replace_is_fenced_too(self) -> None:
        async def test() -> None:
            store = await self.open()
            await _must_be_fenced(store, {}, 7)
            assert await store.load("CP-1") is None
            await store.close()

        self.run(test())

    def test_of_many_who_claim_one_wins(self) -> None:
        async def test() -> None:
            stores = [await self.open() for _ in range(4)]
            base = await stores[0].save("CP-1", {"by": "nobody"}, 0)
            claims = [stores[n % 4].save("CP-1", {"by": n}, base) for n in range(20)]
            outcomes = await asyncio.gather(*claims, return_exceptions=True)
            winners = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
            assert len(winners) == 1
            assert all(isinstance(outcome, Fenced | int) for outcome in outcomes)
            saved = await stores[1].load("CP-1")
            assert saved == Saved({"by": winners[0]}, outcomes[winners[0]])  # type: ignore[arg-type]
            for store in stores:
                await store.close()

        self.run(test())

    def test_many_stations_at_once(self) -> None:
        async def test() -> None:
            store = await self.open()

            async def station(name: str) -> None:
                version = 0
                for n in range(10):
                    version = await store.save(name, {"n": n, "name": name}, version)
                assert await store.load(name) == Saved({"n": 9, "name": name}, version)

            await asyncio.gather(*(station(f"CP-{n}") for n in range(200)))
            await store.close()

        self.run(test())

    def test_a_document_is_read_before_save_suspends(self) -> None:
        async def test() -> None:
            store = await self.open()
            document: dict[str, Any] = {"list": [1]}
            saving = store.save("CP-1", document, 0)

            async def change() -> None:
                document["list"].append(2)

            await asyncio.gather(saving, change())
            saved = await store.load("CP-1")
            assert saved is not None
            assert saved.document == {"list": [1]}
            saved.document["list"].append(3)
            again = await store.load("CP-1")
            assert again is not None
            assert again.document == {"list": [1]}
            await store.close()

        self.run(test())

    def test_a_cancelled_save_harms_nobody(self) -> None:
        async def test() -> None:
            store = await self.open()
            task = asyncio.ensure_future(store.save("CP-1", {"n": 1}, 0))
            await asyncio.sleep(0)
            task.cancel()
            version = await store.save("CP-2", {"n": 2}, 0)
            assert await store.load("CP-2") == Saved({"n": 2}, version)
            await asyncio.gather(task, return_exceptions=True)
            saved = await store.load("CP-1")
            await store.save("CP-1", {"n": 3}, saved.version if saved else 0)
            await store.close()

        self.run(test())

    def test_large_documents(self) -> None:
        async def test() -> None:
            store = await self.open()
            document = {"text": "x" * 2_000_000}
            version = await store.save("CP-1", document, 0)
            assert await store.load("CP-1") == Saved(document, version)
            await store.close()

        self.run(test())


async def _must_be_fenced(store: Store, document: dict[str, Any], version: int) -> None:
    try:
        await store.save("CP-1", document, version)
    except Fenced:
        return
    raise AssertionError(f"a save over version {version} was let through")
