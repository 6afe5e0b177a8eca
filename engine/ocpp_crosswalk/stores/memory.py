"""A store that forgets everything when the process ends."""

from __future__ import annotations

from .base import Fenced, Saved


class MemoryStore:
    """States in this process's memory."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, bytes]] = {}

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        row = self._rows.get(identity)
        return Saved(row[1], row[0]) if row else None

    async def save(self, identity: str, data: bytes, version: int) -> int:
        """See `Store.save`."""
        current = self._rows.get(identity, (0, b""))[0]
        if current != version:
            raise Fenced(identity)
        self._rows[identity] = (version + 1, data)
        return version + 1

    async def close(self) -> None:
        """See `Store.close`."""
        self._rows.clear()
