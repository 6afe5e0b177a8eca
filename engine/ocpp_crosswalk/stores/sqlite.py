"""A store in one SQLite file, written by one thread, many stations in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .base import Fenced, Saved, StoreError

_BUSY_SECONDS = 10.0
_BUSY_PAUSE = 0.02
_SCHEMA = """
create table if not exists station (
    identity text primary key,
    version integer not null,
    document blob not null
) without rowid
"""


@dataclass(slots=True, eq=False)
class _Job:
    """A load (no data) or a save that waits for the thread."""

    identity: str
    future: asyncio.Future[Any]
    data: bytes | None = None
    version: int = 0
    result: Any = field(default=None)


class SqliteStore:
    """States in the SQLite file ``path``.

    Everything that waits when the thread becomes free goes into one transaction, so the cost of a commit is
    shared. With ``durability="normal"`` what was acknowledged survives the death of the process (SIGKILL);
    with ``"full"`` each commit is also flushed to the disk and survives the loss of power. Several
    processes may share the file.
    """

    def __init__(self, path: str | Path, *, durability: str = "normal") -> None:
        self._path = str(path)
        self._synchronous = {"normal": "NORMAL", "full": "FULL"}[durability]
        self._jobs: list[_Job] = []
        self._wake = threading.Condition()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection = self._open()
        self._thread = threading.Thread(target=self._work, name="ocpp-crosswalk-sqlite", daemon=True)
        self._thread.start()

    def _open(self) -> sqlite3.Connection:
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                return self._prepared()
            except sqlite3.OperationalError as error:
                # SQLite does not wait for others when it changes to a write-ahead log: they are as new as we are
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise StoreError(f"the SQLite file {self._path} cannot be used: {error}") from None
                time.sleep(_BUSY_PAUSE)
            except sqlite3.Error as error:
                raise StoreError(f"the SQLite file {self._path} cannot be used: {error}") from None

    def _prepared(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode=wal")
            connection.execute(f"pragma synchronous={self._synchronous}")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    # -- called in the event loop --

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        row = await self._ask(identity, None, 0)
        return Saved(row[1], row[0]) if row else None

    async def save(self, identity: str, data: bytes, version: int) -> int:
        """See `Store.save`."""
        written: int | None = await self._ask(identity, data, version)
        if written is None:
            raise Fenced(identity)
        return written

    async def _ask(self, identity: str, data: bytes | None, version: int) -> Any:
        loop = self._loop = asyncio.get_running_loop()
        job = _Job(identity, loop.create_future(), data, version)
        with self._wake:
            if self._closing:
                raise StoreError("the store is closed")
            self._jobs.append(job)
            self._wake.notify()
        return await job.future

    async def close(self) -> None:
        """See `Store.close`."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)

    # -- runs in the thread --

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._jobs and not self._closing:
                    self._wake.wait()
                jobs, self._jobs = self._jobs, []
            if not jobs:
                break
            error = self._transaction(jobs)
            loop = self._loop
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(_deliver, jobs, error)
        self._connection.close()

    def _transaction(self, jobs: list[_Job]) -> StoreError | None:
        writes = any(job.data is not None for job in jobs)
        execute = self._connection.execute
        try:
            execute("begin immediate" if writes else "begin")
            try:
                for job in jobs:
                    job.result = self._load(job) if job.data is None else self._save(job)
                execute("commit")
            except Exception:
                if self._connection.in_transaction:
                    execute("rollback")
                raise
        except Exception as error:  # handed to all who wait; the thread has to live on
            return StoreError(f"the SQLite file {self._path} could not be written or read: {error}")
        return None

    def _load(self, job: _Job) -> Any:
        query = "select version, document from station where identity = ?"
        return self._connection.execute(query, (job.identity,)).fetchone()

    def _save(self, job: _Job) -> int | None:
        if job.version == 0:
            statement = "insert into station values (?, ?, ?) on conflict do nothing"
            row: tuple[Any, ...] = (job.identity, 1, job.data)
        else:
            statement = "update station set version = ?, document = ? where identity = ? and version = ?"
            row = (job.version + 1, job.data, job.identity, job.version)
        cursor = self._connection.execute(statement, row)
        return job.version + 1 if cursor.rowcount == 1 else None


def _deliver(jobs: list[_Job], error: StoreError | None) -> None:
    """Hand the results over, in the event loop; who was cancelled meanwhile gets none."""
    for job in jobs:
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(StoreError(str(error)))
