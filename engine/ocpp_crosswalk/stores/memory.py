"""A store that forgets everything when the process ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from .base import Fenced, Saved


class MemoryStore:
    """States in this process's memory."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, bytes]] = {}

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        row = self._rows.get(identity)
        return Saved(row[1], row[0]) if row else None

    def save(self, identity: str, data: bytes, version: int) -> Awaitable[int]:
        """See `Store.save`."""
        saved = asyncio.get_running_loop().create_future()
        if self._rows.get(identity, (0, b""))[0] == version:
            self._rows[identity] = (version + 1, data)
            saved.set_result(version + 1)
        else:
            saved.set_exception(Fenced(identity))
        return saved

    async def close(self) -> None:
        """See `Store.close`."""
        self._rows.clear()
