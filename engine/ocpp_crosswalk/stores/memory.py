"""A store that forgets everything when the process ends."""

from __future__ import annotations

from ..pending import Pending
from .base import Fenced, Saved


class MemoryStore:
    """States in this process's memory."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, bytes]] = {}

    async def load(self, identity: str) -> Saved | None:
        """See `Store.load`."""
        row = self._rows.get(identity)
        return Saved(row[1], row[0]) if row else None

    def save(self, identity: str, data: bytes, version: int) -> Pending[int]:
        """See `Store.save`."""
        saved: Pending[int] = Pending()
        if self._rows.get(identity, (0, b""))[0] == version:
            self._rows[identity] = (version + 1, data)
            saved.resolve(version + 1)
        else:
            saved.fail(Fenced(identity))
        return saved

    async def close(self) -> None:
        """See `Store.close`."""
        self._rows.clear()
