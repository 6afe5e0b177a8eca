"""What a store is: three methods that keep one document per station, and a version that fences off an older
owner.

To write one's own, make a class with the methods of `Store` and run `conformance.StoreConformance` over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson


class StoreError(Exception):
    """The store could not do what it was asked; what was to be saved may or may not have been."""


class Fenced(StoreError):
    """Another owner has written this station's document since it was loaded: the caller owns it no longer."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"another instance has taken over the state of {identity!r}")
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Saved:
    """A document as it was saved, and the version to hand in with the next save."""

    document: dict[str, Any]
    version: int


class Store(Protocol):
    """Keeps one JSON document per station. All methods may raise StoreError."""

    async def load(self, identity: str) -> Saved | None:
        """The document that was saved last for this station, or None when there is none."""
        ...

    async def save(self, identity: str, document: Mapping[str, Any], version: int) -> int:
        """Replace the document if its version still is ``version`` (0: there is none yet); gives the new
        version.

        The document is read before the first suspension, so the caller may change it once it awaits. When
        this returns, the document is as safe as the store can make it. Raises Fenced when the version is
        another one.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and sockets. Nothing may be called afterwards."""
        ...


def encode(document: Mapping[str, Any]) -> bytes:
    """A document as compact JSON."""
    return orjson.dumps(document)


def decode(identity: str, data: bytes) -> dict[str, Any]:
    """The document that was encoded as ``data``. Raises StoreError when it is none."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise StoreError(f"what the store keeps for {identity!r} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise StoreError(f"what the store keeps for {identity!r} is not a JSON object")
    return document
