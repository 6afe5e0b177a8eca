"""Every store keeps the same promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocpp_crosswalk.stores import MemoryStore, Store, open_store
from ocpp_crosswalk.stores.conformance import StoreConformance

from .redis_server import RedisServer


class TestMemory(StoreConformance):
    @pytest.fixture(autouse=True)
    def _data(self) -> None:
        self.store = MemoryStore()

    async def open(self) -> Store:
        return self.store


class TestSqlite(StoreConformance):
    @pytest.fixture(autouse=True)
    def _data(self, tmp_path: Path) -> None:
        self.url = f"sqlite:{tmp_path / 'state.sqlite'}"

    async def open(self) -> Store:
        return open_store(self.url)


class TestSqliteFull(TestSqlite):
    async def open(self) -> Store:
        return open_store(self.url, durability="full")


class TestRedis(StoreConformance):
    @pytest.fixture(autouse=True)
    def _data(self, redis_server: RedisServer) -> None:
        import redis

        client = redis.Redis.from_url(redis_server.url)
        client.flushall()
        client.close()
        self.url = redis_server.url

    async def open(self) -> Store:
        return open_store(self.url, ttl=3600)
