"""The middleware that a configuration names, and getting changed files into it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..userfile import module_of
from .config import ConfigError
from .latency import Latency
from .middleware import Middleware, Middlewares
from .watch import Stamp, stamp

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_GUIDE = "docs/embedding.md says what middleware is."


class MiddlewareFiles:
    """The middleware of ``entries``: Python files, and ``latency``, which measures into ``registry``.

    Raises ConfigError for a file that cannot be used.
    """

    def __init__(self, entries: Iterable[Path | str], registry: CollectorRegistry | None = None) -> None:
        self._entries = tuple(entries)
        self._latency = Latency(registry) if "latency" in self._entries else None
        self._stamp = stamp(self.files())
        self._found = {file: self._run(file) for file in self.files()}

    @property
    def members(self) -> list[Middleware]:
        """All of it, in order."""
        members: list[Middleware] = []
        for entry in self._entries:
            members += self._found[entry] if isinstance(entry, Path) else [self._latency]
        return members

    def files(self) -> list[Path]:
        """The files that it comes from."""
        return [entry for entry in self._entries if isinstance(entry, Path)]

    @property
    def changed(self) -> bool:
        """Whether a file is not as it was read."""
        return stamp(self.files()) != self._stamp

    def reload(self) -> None:
        """Run the files that changed again; the middleware of the others stays, with what it remembers. Raises
        ConfigError and changes nothing if one is bad.
        """
        now = stamp(self.files())
        found = {file: kept if _same(file, now, self._stamp) else self._run(file) for file, kept in self._found.items()}
        self._found, self._stamp = found, now

    def _run(self, file: Path) -> list[Middleware]:
        try:
            found = getattr(module_of(file), "middleware", None)
            if not isinstance(found, list):
                raise ValueError("the file has no list called `middleware`; write, say, middleware = [Mine()]")
            Middlewares(found)
        except ValueError as error:
            raise ConfigError(f"middleware.{self._entries.index(file)}: {file}: {error}\n    {_GUIDE}") from None
        return found


def _same(file: Path, now: Stamp, before: Stamp) -> bool:
    return now.get(str(file)) == before.get(str(file))
