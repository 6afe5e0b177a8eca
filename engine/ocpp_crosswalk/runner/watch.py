"""Notices that files changed, by looking at them now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from stat import S_ISREG

Stamp = dict[str, tuple[int, int]]


def stamp(paths: Iterable[Path]) -> Stamp:
    """Size and time of change of each file, and of all files below each folder. What is missing is left
    out.
    """
    result: Stamp = {}
    for path in paths:
        for file in path.rglob("*") if path.is_dir() else [path]:
            try:
                status = file.stat()
            except OSError:
                continue
            if S_ISREG(status.st_mode):
                result[str(file)] = (status.st_mtime_ns, status.st_size)
    return result


async def watch(paths: Callable[[], Iterable[Path]], changed: Callable[[], Awaitable[None]], *, seconds: float) -> None:
    """Call ``changed``, which should not raise, whenever the files differ from before and have come to rest. Runs until
    cancelled.
    """
    known = stamp(paths())
    while True:
        await asyncio.sleep(seconds)
        seen = stamp(paths())
        if seen == known:
            continue
        await asyncio.sleep(seconds / 4)
        if stamp(paths()) == seen:
            known = seen
            await changed()
