"""What a store is: three methods that keep the state of each station, and a version that fences off an older
owner.

To write one's own, make a class with the methods of `Store` and run `conformance.StoreConformance` over it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol


class StoreError(Exception):
    """The store could not do what it was asked; what was to be saved may or may not have been."""


class Fenced(StoreError):
    """Another owner has written this station's state since it was loaded: the caller owns it no longer."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"another instance has taken over the state of {identity!r}")
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Saved:
    """A station's state as it was saved, and the version to hand in with the next save."""

    data: bytes
    version: int


class Store(Protocol):
    """Keeps the state of each station, which is JSON in UTF-8. All methods may raise StoreError."""

    async def load(self, identity: str) -> Saved | None:
        """What was saved last for this station, or None when nothing was."""
        ...

    def save(self, identity: str, data: bytes, version: int) -> Awaitable[int]:
        """Replace what is kept if its version still is ``version`` (0: there is nothing yet); gives the new
        version.

        A coroutine function will do. A `Pending` spares its caller a task and a turn of the event loop. When there is
        a result, ``data`` is as safe as the store can make it. Raises Fenced when the version is another one.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and sockets. Nothing may be called afterwards."""
        ...
