"""Where the state of stations is kept: memory, an SQLite file, Redis, or a store of one's own."""

from __future__ import annotations

from .base import Fenced, Saved, Store, StoreError
from .memory import MemoryStore

__all__ = ["Fenced", "MemoryStore", "Saved", "Store", "StoreError", "check_store_url", "open_store"]


def check_store_url(url: str) -> None:
    """Raise ValueError that a person understands when ``url`` names no store."""
    kind, _, rest = url.partition(":")
    if url == "memory" or (kind == "sqlite" and rest):
        return
    if kind in ("redis", "rediss") and rest.startswith("//"):
        return
    raise ValueError(f"{url!r} names no store; write memory, sqlite:PATH, redis://HOST:PORT/DB or rediss://...")


def open_store(url: str, *, durability: str = "normal", ttl: float | None = None) -> Store:
    """The store that ``url`` names: ``memory``, ``sqlite:PATH``, ``redis://...`` or ``rediss://...``.

    ``durability`` ("normal" or "full") is for SQLite: full survives the loss of power. ``ttl`` (seconds) is
    for Redis: how long the state of a station that never comes back is kept. Raises ValueError for an
    unknown kind and StoreError when the file cannot be opened.
    """
    check_store_url(url)
    if url == "memory":
        return MemoryStore()
    if url.startswith("sqlite:"):
        from .sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:"), durability=durability)
    from .redis import RedisStore

    return RedisStore(url, ttl=ttl)
