"""What keeps the state of a station small: it is written with nearly every message."""

from __future__ import annotations

from typing import Any

CONNECTORS = 200
"""More connectors than a station has: what is kept for each is kept for the latest ones."""


def put(table: dict[str, Any], key: str, value: Any, most: int) -> None:
    """Set ``table[key]`` as the newest entry; the oldest ones go when there are more than ``most``."""
    table.pop(key, None)
    table[key] = value
    while len(table) > most:
        del table[next(iter(table))]
