"""A store in one SQLite file."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .base import Fenced, Saved, StoreError

_BUSY_SECONDS = 10.0
_BUSY_PAUSE = 0.02
_LOG_BYTES = 8 * 2**20
"""How much is saved before the thread is asked to bring the write-ahead log into the file."""
_SCHEMA = """
create table if not exists station (
    identity text primary key,
    version integer not null,
    state blob not null
) without rowid
"""
_LOAD = "select version, state from station where identity = ?"
_FIRST = "insert into station (version, state, identity) values (?, ?, ?) on conflict do nothing"
_NEXT = "update station set version = ?, state = ? where identity = ? and version = ?"


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

    With ``durability="normal"`` what was acknowledged survives the death of the process (SIGKILL): a save goes into the
    file's write-ahead log at once, which costs less than to have a thread do it. With ``"full"`` each commit is also
    flushed to the disk and survives the loss of power. A thread does what takes waiting: it loads, flushes (all saves
    that wait when it becomes free go into one commit), saves while another process writes, and brings the log into the
    file. Several processes may share the file.
    """

    def __init__(self, path: str | Path, *, durability: str = "normal") -> None:
        self._path = str(path)
        self._synchronous = {"normal": "normal", "full": "full"}[durability]
        self._patient = self._open(_BUSY_SECONDS)
        """The thread's connection: it waits for other writers."""
        self._prompt = self._open(0)
        """The event loop's connection: it never waits."""
        self._logged = 0
        self._waiting: list[_Job] = []
        self._batches: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="ocpp-crosswalk-sqlite", daemon=True)
        self._thread.start()

    def _open(self, patience: float) -> sqlite3.Connection:
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                return self._prepared(patience)
            except sqlite3.OperationalError as error:
                # SQLite does not wait for others when it changes to a write-ahead log: they are as new as we are
                if not _is_locked(error) or time.monotonic() > deadline:
                    raise StoreError(f"the SQLite file {self._path} cannot be used: {error}") from None
                time.sleep(_BUSY_PAUSE)
            except sqlite3.Error as error:
                raise StoreError(f"the SQLite file {self._path} cannot be used: {error}") from None

    def _prepared(self, patience: float) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode=wal")
            connection.execute(f"pragma synchronous={self._synchronous}")
            connection.execute("pragma wal_autocheckpoint=0")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    # -- called in the event loop --

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        row = await self._ask(_Job(identity, asyncio.get_running_loop().create_future()))
        return Saved(row[1], row[0]) if row else None

    def save(self, identity: str, data: bytes, version: int) -> Awaitable[int]:
        """See `Store.save`."""
        job = _Job(identity, asyncio.get_running_loop().create_future(), data, version)
        if self._synchronous == "full" or self._closing:
            return self._saved(job)
        try:
            job.result = _write(self._prompt, job)
        except sqlite3.OperationalError as error:
            if _is_locked(error):
                return self._saved(job)
            job.future.set_exception(self._fault(error))
        except Exception as error:
            job.future.set_exception(self._fault(error))
        else:
            _settle(job)
            self._note(len(data))
        return job.future

    async def _saved(self, job: _Job) -> int:
        """Have the thread save."""
        written: int = await self._ask(job)
        return written

    async def _ask(self, job: _Job) -> Any:
        if self._closing:
            raise StoreError("the store is closed")
        loop = self._loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._hand_over)
        self._waiting.append(job)
        return await job.future

    def _hand_over(self) -> None:
        """Give the thread what came up in this turn of the event loop."""
        jobs, self._waiting = self._waiting, []
        if jobs:
            self._batches.put(jobs)
            self._note(sum(len(job.data or b"") for job in jobs))

    def _note(self, size: int) -> None:
        """So much was saved: now and then, have the thread bring the log into the file."""
        self._logged += size
        if self._logged > _LOG_BYTES:
            self._logged = 0
            self._batches.put([])

    async def close(self) -> None:
        """See `Store.close`."""
        self._closing = True
        self._hand_over()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)
        self._prompt.close()

    # -- runs in the thread --

    def _work(self) -> None:
        going = True
        while going:
            batches = [self._batches.get()]
            while not self._batches.empty():
                batches.append(self._batches.get())
            if jobs := [job for batch in batches for job in batch or ()]:
                error = self._transaction(jobs)
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(_deliver, jobs, error)
            if [] in batches:
                self._fold()
            going = None not in batches
        self._patient.close()

    def _transaction(self, jobs: list[_Job]) -> StoreError | None:
        writes = any(job.data is not None for job in jobs)
        execute = self._patient.execute
        try:
            execute("begin immediate" if writes else "begin")
            try:
                for job in jobs:
                    saves = job.data is not None
                    job.result = _write(self._patient, job) if saves else execute(_LOAD, (job.identity,)).fetchone()
                execute("commit")
            except Exception:
                if self._patient.in_transaction:
                    execute("rollback")
                raise
        except Exception as error:  # handed to all who wait; the thread has to live on
            return self._fault(error)
        return None

    def _fold(self) -> None:
        """Bring the log into the file: most of it while others write, and the rest while they wait, so that the log
        begins anew. What keeps it from that (a full disk) keeps saves from being written, and is told to them."""
        with suppress(sqlite3.Error):
            self._patient.execute("pragma wal_checkpoint(passive)").fetchone()
            self._patient.execute("pragma wal_checkpoint(restart)").fetchone()

    def _fault(self, error: Exception) -> StoreError:
        return StoreError(f"the SQLite file {self._path} could not be written or read: {error}")


def _write(connection: sqlite3.Connection, job: _Job) -> int | None:
    """Write a save; gives its version, or None when another owner has written."""
    row = (job.version + 1, job.data, job.identity)
    cursor = connection.execute(_NEXT, (*row, job.version)) if job.version else connection.execute(_FIRST, row)
    return job.version + 1 if cursor.rowcount == 1 else None


def _is_locked(error: sqlite3.OperationalError) -> bool:
    return "locked" in str(error)


def _settle(job: _Job) -> None:
    if job.result is None and job.data is not None:
        job.future.set_exception(Fenced(job.identity))
    else:
        job.future.set_result(job.result)


def _deliver(jobs: list[_Job], error: StoreError | None) -> None:
    """Hand the results over, in the event loop; who was cancelled meanwhile gets none."""
    for job in jobs:
        if job.future.done():
            continue
        if error is None:
            _settle(job)
        else:
            job.future.set_exception(StoreError(str(error)))
