"""What is particular to the SQLite store: when it waits, and that what was acknowledged outlives SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk.stores import StoreError, open_store
from ocpp_crosswalk.stores import sqlite as sqlite_store
from ocpp_crosswalk.stores.sqlite import SqliteStore

_WRITER = """
import asyncio, sys
from ocpp_crosswalk.stores import open_store

async def station(store, name):
    version = n = 0
    while True:
        n += 1
        version = await store.save(name, b"%d" % n, version)
        await asyncio.sleep(0)
        sys.stdout.write(f"{name} {n}\\n")
        sys.stdout.flush()

async def main():
    store = open_store("sqlite:" + sys.argv[1])
    await asyncio.gather(*(station(store, f"CP-{i}") for i in range(20)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    for _ in range(3):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        acknowledged: dict[str, int] = {}
        lines = [writer.stdout.readline() for _ in range(2000)]
        os.kill(writer.pid, signal.SIGKILL)
        for line in [*lines, *writer.stdout.read().splitlines(keepends=True)]:
            if line.endswith(b"\n"):
                name, n = line.decode().split()
                acknowledged[name] = int(n)
        writer.wait()
        assert len(acknowledged) == 20
        store = open_store(f"sqlite:{path}")
        for name, n in acknowledged.items():
            saved = await store.load(name)
            assert saved is not None
            assert int(saved.data) in (n, n + 1)
        await store.close()
        for rest in tmp_path.iterdir():
            rest.unlink()


@pytest.mark.parametrize("durability", ["normal", "full"])
async def test_waiting_saves_share_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str) -> None:
    sizes: list[int] = []
    transaction = sqlite_store._transaction

    def counting(connection: sqlite3.Connection, jobs: list[Any]) -> None:
        sizes.append(len(jobs))
        transaction(connection, jobs)

    monkeypatch.setattr(sqlite_store, "_transaction", counting)
    store = SqliteStore(tmp_path / "state.sqlite", durability=durability)
    await asyncio.gather(*(store.save(f"CP-{n}", b"{}", 0) for n in range(500)))
    await store.close()
    assert sum(sizes) == 500
    assert len(sizes) < 10


async def test_one_bad_document_is_reported_and_the_store_goes_on(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite")
    with pytest.raises(StoreError, match=r"state\.sqlite"):
        await store.save("CP-\ud800", b"{}", 0)
    assert await store.save("CP-1", b"{}", 0) == 1
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.load("CP-1")


async def test_a_locked_file_is_a_store_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocpp_crosswalk.stores.sqlite._BUSY_SECONDS", 0.1)
    store = SqliteStore(tmp_path / "state.sqlite")
    other = sqlite3.connect(tmp_path / "state.sqlite")
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="locked"):
        await store.save("CP-1", b"{}", 0)
    other.rollback()
    other.close()
    assert await store.save("CP-1", b"{}", 0) == 1
    await store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_text("this is no database, and long enough to be taken for one " * 10)
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(f"sqlite:{path}")
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(f"sqlite:{tmp_path}/missing/state.sqlite")


def test_an_unknown_store_is_named() -> None:
    with pytest.raises(ValueError, match="write memory, sqlite:PATH"):
        open_store("postgres://x")
    with pytest.raises(ValueError, match="write memory"):
        open_store("sqlite:")


def test_full_durability_flushes_each_commit(tmp_path: Path) -> None:
    for durability, level in (("normal", 1), ("full", 2)):
        store = SqliteStore(tmp_path / f"{durability}.sqlite", durability=durability)
        for connection in (store._patient, store._prompt):
            assert connection.execute("pragma synchronous").fetchone() == (level,)
            assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        asyncio.run(store.close())


async def test_a_new_file_that_another_process_is_about_to_write(tmp_path: Path) -> None:
    """SQLite does not wait for it when it changes to a write-ahead log; the store does."""
    path = tmp_path / "state.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("create table theirs(x)")
    other.execute("begin immediate")
    threading.Timer(0.3, other.execute, ["commit"]).start()
    store = SqliteStore(path)
    assert await store.save("CP-1", b"{}", 0) == 1
    await store.close()
    other.close()


def test_a_file_that_stays_locked_is_an_error_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "_BUSY_SECONDS", 0.2)
    path = tmp_path / "state.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin exclusive")
    with pytest.raises(StoreError, match="locked"):
        SqliteStore(path)
    other.close()


async def test_a_save_waits_for_another_process_and_the_event_loop_does_not(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite")
    assert await store.save("CP-1", b"1", 0) == 1
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    other.execute("begin immediate")
    waiting = asyncio.ensure_future(store.save("CP-1", b"2", 1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    other.execute("commit")
    other.close()
    assert await waiting == 2
    await store.close()


async def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "_LOG_BYTES", 2**18)
    store = SqliteStore(tmp_path / "state.sqlite")
    largest = version = 0
    for _ in range(1500):
        version = await store.save("CP-1", bytes(5000), version)
        while not store._batches.empty():  # however busy the machine is, the thread has its turn
            await asyncio.sleep(0.001)
        largest = max(largest, (tmp_path / "state.sqlite-wal").stat().st_size)
    saved = await store.load("CP-1")
    assert saved is not None
    assert saved.version == version == 1500
    assert largest < 2**21, "7 MiB were saved"
    await store.close()
