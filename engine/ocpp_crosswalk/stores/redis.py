"""A store in Redis, shared by several instances; a version of each state fences off an older owner."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
)

from ..pending import Pending
from .base import Fenced, Saved, StoreError

PREFIX = "ocpp-crosswalk:station:"
"""What the keys begin with; the identity follows."""
_BATCH = 256
_SOCKET_SECONDS = 3.0
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_TRANSIENT = (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, OSError)

# KEYS[1] the station; ARGV: version expected, token of this write, state, milliseconds to live or 0. The
# token makes a write that is sent again after a lost answer harmless. The first version of a key is the
# time, so that an owner from before the key expired cannot meet its own number again.
_SAVE = """
local kept = redis.call('HMGET', KEYS[1], 'v', 't')
local version = kept[1] or '0'
if kept[2] == ARGV[2] then return version end
if version ~= ARGV[1] then return false end
local following
if version == '0' then
  local now = redis.call('TIME')
  following = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
else
  following = string.format('%.0f', version + 1)
end
redis.call('HSET', KEYS[1], 'v', following, 't', ARGV[2], 'd', ARGV[3])
if ARGV[4] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return following
"""
_SHA = hashlib.sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()


class _Job(Pending[Any]):
    """A load (no data) or a save that waits to be sent."""

    __slots__ = ("data", "identity", "token", "version")

    def __init__(self, identity: str, data: bytes | None = None, version: int = 0, token: str = "") -> None:
        super().__init__()
        self.identity = identity
        self.data = data
        self.version = version
        self.token = token

    def end(self, answer: Any) -> None:
        """Redis has answered, or will not."""
        if isinstance(answer, Exception):
            self.fail(StoreError(str(answer)))
        elif self.data is None:
            self.resolve(answer)
        elif answer is None:
            self.fail(Fenced(self.identity))
        else:
            self.resolve(int(answer))


class RedisStore:
    """States in the Redis at ``url`` (redis:// or rediss://), one hash per station.

    What waits while a round trip is under way goes out together in the next one. A lost connection is made
    again, and what was under way is sent again, for up to ``patience`` seconds; then StoreError is raised.
    A state that was not written for ``ttl`` seconds is dropped by Redis (None: never).
    """

    def __init__(self, url: str, *, ttl: float | None = None, patience: float = 5.0) -> None:
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=_SOCKET_SECONDS,
                socket_connect_timeout=_SOCKET_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, RedisError) as error:
            raise StoreError(f"this Redis address cannot be used: {error}") from None
        self._ttl = str(int(ttl * 1000)) if ttl else "0"
        self._patience = patience
        self._owner = secrets.token_hex(8)
        self._writes = 0
        self._waiting: list[_Job] = []
        self._sender: asyncio.Task[None] | None = None
        self._closing = False

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        version, data = await self._ask(_Job(identity))
        return Saved(data, int(version)) if version is not None else None

    def save(self, identity: str, data: bytes, version: int) -> Pending[int]:
        """See `Store.save`."""
        self._writes += 1
        return self._ask(_Job(identity, data, version, f"{self._owner}-{self._writes}"))

    async def close(self) -> None:
        """See `Store.close`."""
        self._closing = True
        if self._sender is not None:
            await self._sender
        await self._redis.aclose()

    def _ask(self, job: _Job) -> _Job:
        if self._closing:
            job.fail(StoreError("the store is closed"))
            return job
        self._waiting.append(job)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send(), name="ocpp-crosswalk-redis")
        return job

    async def _send(self) -> None:
        while self._waiting:
            jobs, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            try:
                results = await self._round_trip(jobs)
            except Exception as error:  # handed to all who wait
                results = [StoreError(f"Redis: {error}")] * len(jobs)
            for job, result in zip(jobs, results, strict=True):
                job.end(result)

    async def _round_trip(self, jobs: list[_Job]) -> list[Any]:
        """What Redis says to each job. Tries again for what is known to pass."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        attempt = 0
        while True:
            error: Exception | None = None
            try:
                results = await self._pipeline(jobs)
                error = next((result for result in results if isinstance(result, _TRANSIENT)), None)
                if error is None:
                    return results
            except AuthenticationError:
                raise
            except _TRANSIENT as lost:
                error = lost
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            attempt += 1
            if loop.time() + pause > deadline:
                raise StoreError(f"not reachable for {self._patience:g} seconds: {error}")
            await asyncio.sleep(pause)

    async def _pipeline(self, jobs: list[_Job]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for job in jobs:
                key = PREFIX + job.identity
                if job.data is None:
                    pipeline.hmget(key, "v", "d")
                else:
                    pipeline.evalsha(_SHA, 1, key, str(job.version), job.token, job.data, self._ttl)
            results: list[Any] = await pipeline.execute(raise_on_error=False)
        if any(isinstance(result, NoScriptError) for result in results):
            await self._redis.script_load(_SAVE)
            return await self._pipeline(jobs)
        return results
