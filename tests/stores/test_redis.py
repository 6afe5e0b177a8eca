"""What is particular to the Redis store: reconnecting, exact retries, round trips, expiry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from ocpp_crosswalk.stores import Fenced, Saved, StoreError
from ocpp_crosswalk.stores.redis import PREFIX, RedisStore
from processes import free_port

from .redis_server import RedisServer


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(redis_server.url)
    await client.flushall()
    yield client
    await client.aclose()


async def test_killed_and_restarted_redis_loses_nothing(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    store = RedisStore(server.url, patience=20)
    counts: dict[str, int] = {}
    stop = asyncio.Event()

    async def station(name: str) -> None:
        version = n = 0
        while not stop.is_set():
            n += 1
            version = await store.save(name, b"%d" % n, version)
            counts[name] = n

    stations = [asyncio.create_task(station(f"CP-{n}")) for n in range(20)]
    for _ in range(3):
        await asyncio.sleep(0.15)
        server.kill()
        await asyncio.sleep(0.1)
        await asyncio.to_thread(server.start)
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.gather(*stations)
    for name, n in counts.items():
        saved = await store.load(name)
        assert saved is not None
        assert saved.data == b"%d" % n
    await store.close()
    server.kill()


async def test_a_write_sent_again_after_a_lost_answer_is_one_write(
    redis_server: RedisServer, client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RedisStore(redis_server.url)
    first = await store.save("CP-1", b"1", 0)
    pipeline, lost = RedisStore._pipeline, 0

    async def losing(self: RedisStore, jobs: list[Any]) -> list[Any]:
        nonlocal lost
        results = await pipeline(self, jobs)
        if lost < 2:
            lost += 1
            raise redis.exceptions.ConnectionError("the answer was lost")
        return results

    monkeypatch.setattr(RedisStore, "_pipeline", losing)
    second = await store.save("CP-1", b"2", first)
    assert lost == 2
    assert second == first + 1
    assert await store.load("CP-1") == Saved(b"2", second)
    with pytest.raises(Fenced):
        await store.save("CP-1", b"3", first)
    await store.close()


async def test_saves_of_one_turn_share_a_round_trip(
    redis_server: RedisServer, client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    pipeline = RedisStore._pipeline

    async def counting(self: RedisStore, jobs: list[Any]) -> list[Any]:
        sizes.append(len(jobs))
        return await pipeline(self, jobs)

    monkeypatch.setattr(RedisStore, "_pipeline", counting)
    store = RedisStore(redis_server.url)
    await asyncio.gather(*(store.save(f"CP-{n}", b"{}", 0) for n in range(100)))
    assert sizes == [100]
    await store.close()


async def test_scripts_flushed_by_a_restart_are_loaded_again(
    redis_server: RedisServer, client: redis.asyncio.Redis
) -> None:
    store = RedisStore(redis_server.url)
    version = await store.save("CP-1", b"{}", 0)
    await client.script_flush()
    assert await store.save("CP-1", b"{}", version) == version + 1
    await store.close()


async def test_dead_stations_expire_and_their_old_owner_stays_out(
    redis_server: RedisServer, client: redis.asyncio.Redis
) -> None:
    store = RedisStore(redis_server.url, ttl=100)
    version = await store.save("CP-1", b"{}", 0)
    assert 90_000 < await client.pttl(PREFIX + "CP-1") <= 100_000
    await client.delete(PREFIX + "CP-1")
    assert await store.load("CP-1") is None
    await asyncio.sleep(0.002)
    assert await store.save("CP-1", b"new", 0) != version
    with pytest.raises(Fenced):
        await store.save("CP-1", b"old", version)
    await store.close()


async def test_no_redis_is_a_store_error_soon() -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}", patience=0.3)
    with pytest.raises(StoreError, match="not reachable"):
        await store.load("CP-1")
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.load("CP-1")


def test_a_bad_address_is_a_store_error() -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        RedisStore("redis://localhost:port")
