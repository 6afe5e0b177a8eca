"""A store in one SQLite file."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..pending import Pending
from .base import Fenced, Saved, StoreError

_BUSY_SECONDS = 10.0
_BUSY_PAUSE = 0.02
_LOG_BYTES = 32 * 2**20
"""How much is saved before the thread is asked to bring the write-ahead log into the file."""
_PAGE_BYTES = 8192
"""So that most states fit into a page: one that does not costs three pages more."""
_SCHEMA = """
create table if not exists station (
    identity text primary key,
    version integer not null,
    state blob not null
)
"""
_LOAD = "select version, state from station where identity = ?"
_FIRST = "insert into station (version, state, identity) values (?, ?, ?) on conflict do nothing"
_NEXT = "update station set version = ?, state = ? where identity = ? and version = ?"


class _Job(Pending[Any]):
    """A load (no data) or a save. ``found``: the row, or the new version, when the transaction is over."""

    __slots__ = ("data", "found", "identity", "version")

    def __init__(self, identity: str, data: bytes | None = None, version: int = 0) -> None:
        super().__init__()
        self.identity = identity
        self.data = data
        self.version = version
        self.found: Any = None


class SqliteStore:
    """States in the SQLite file ``path``.

    All saves that came up in one turn of the event loop go into one transaction. With ``durability="normal"`` it is
    written to the file's write-ahead log by the event loop, which costs less than to wake a thread, and what was
    acknowledged survives the death of the process (SIGKILL). With ``"full"`` it is also flushed to the disk, by a
    thread, and survives the loss of power. The thread also sees to what has to wait for another process that writes,
    and brings the log into the file. Several processes may share the file.
    """

    def __init__(self, path: str | Path, *, durability: str = "normal") -> None:
        self._path = str(path)
        self._flushes = {"normal": False, "full": True}[durability]
        self._patient = self._open(_BUSY_SECONDS)
        """The thread's connection: it waits for other writers."""
        self._prompt = self._open(0)
        """The event loop's connection: it never waits."""
        self._logged = 0
        self._waiting: list[_Job] = []
        self._batches: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        """For the thread: jobs; none: the log is to be folded; None: there is no more."""
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
            connection.execute(f"pragma page_size={_PAGE_BYTES}")
            connection.execute("pragma journal_mode=wal")
            connection.execute(f"pragma synchronous={'full' if self._flushes else 'normal'}")
            connection.execute("pragma wal_autocheckpoint=0")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    # -- called in the event loop --

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        row = await self._ask(_Job(identity))
        return Saved(row[1], row[0]) if row else None

    def save(self, identity: str, data: bytes, version: int) -> Pending[int]:
        """See `Store.save`."""
        return self._ask(_Job(identity, data, version))

    def _ask(self, job: _Job) -> _Job:
        if self._closing:
            job.fail(StoreError("the store is closed"))
            return job
        if not self._waiting:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._begin)
        self._waiting.append(job)
        return job

    def _begin(self) -> None:
        """See to what came up in this turn of the event loop."""
        jobs, self._waiting = self._waiting, []
        if not jobs:
            return
        self._logged += sum(len(job.data or b"") for job in jobs)
        if self._flushes:
            self._batches.put(jobs)
        else:
            try:
                _transaction(self._prompt, jobs)
            except Exception as error:  # handed to all who wait
                if _is_locked(error):
                    self._batches.put(jobs)
                else:
                    _deliver(jobs, self._fault(error))
            else:
                _deliver(jobs, None)
        if self._logged > _LOG_BYTES:
            self._logged = 0
            self._batches.put([])

    async def close(self) -> None:
        """See `Store.close`."""
        self._closing = True
        self._begin()
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
                self._do(jobs)
            if [] in batches:
                self._fold()
            going = None not in batches
        self._patient.close()

    def _do(self, jobs: list[_Job]) -> None:
        failure: StoreError | None = None
        try:
            _transaction(self._patient, jobs)
        except Exception as error:  # handed to all who wait; the thread has to live on
            failure = self._fault(error)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_deliver, jobs, failure)

    def _fold(self) -> None:
        """Bring the log into the file: most of it while others write, and the rest while they wait, so that the log
        begins anew. What keeps it from that (a full disk) keeps saves from being written, and is told to them."""
        with suppress(sqlite3.Error):
            self._patient.execute("pragma wal_checkpoint(passive)").fetchone()
            self._patient.execute("pragma wal_checkpoint(restart)").fetchone()

    def _fault(self, error: Exception) -> StoreError:
        return StoreError(f"the SQLite file {self._path} could not be written or read: {error}")


def _transaction(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    """Do all jobs, or none."""
    execute = connection.execute
    execute("begin immediate" if any(job.data is not None for job in jobs) else "begin")
    try:
        for job in jobs:
            if job.data is None:
                job.found = execute(_LOAD, (job.identity,)).fetchone()
            else:
                row = (job.version + 1, job.data, job.identity)
                written = execute(_NEXT, (*row, job.version)) if job.version else execute(_FIRST, row)
                job.found = job.version + 1 if written.rowcount == 1 else None
        execute("commit")
    except Exception:
        if connection.in_transaction:
            execute("rollback")
        raise


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _deliver(jobs: list[_Job], error: StoreError | None) -> None:
    """Hand the results over, in the event loop."""
    for job in jobs:
        if error is not None:
            job.fail(StoreError(str(error)))
        elif job.found is None and job.data is not None:
            job.fail(Fenced(job.identity))
        else:
            job.resolve(job.found)
