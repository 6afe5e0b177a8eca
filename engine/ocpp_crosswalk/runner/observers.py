"""All observers of a proxy as one. They only look on: what fails in one is logged and counted, and harms no link."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from ..events import EventKind
from .logs import log
from .observe import Observer

_LOG_SECONDS = 60.0
"""How long a failure of one hook is not logged again: it may fail with every frame."""


class Observers(Observer):
    """Passes everything on to each of several observers; a method that none of them overrides costs nothing. What one
    of them raises is logged, told to all as `faulted`, and goes no further. Raises ValueError for a method that would
    have to be awaited.
    """

    def __init__(self, observers: Iterable[Observer]) -> None:
        members = tuple(observers)
        hearing = [member.unheard for member in members if _overrides(member, "happened")]
        self.unheard = frozenset(EventKind).intersection(*hearing)
        self._logged: dict[str, float] = {}
        for name in vars(Observer):
            if name.startswith("_") or not callable(getattr(Observer, name)):
                continue
            hooks = [getattr(member, name) for member in members if _overrides(member, name)]
            if hooks:
                setattr(self, name, self._all(name, hooks))

    def _all(self, name: str, hooks: list[Callable[..., Any]]) -> Callable[..., Any]:
        for hook in hooks:
            if inspect.iscoroutinefunction(hook):
                raise ValueError(f"{_named(hook, name)} is a coroutine function; observers are not awaited")

        def call(*arguments: Any) -> None:
            for hook in hooks:
                try:
                    hook(*arguments)
                except Exception as error:  # whatever an observer does wrong is its own matter
                    self._failed(hook, name, arguments, error)

        return call

    def _failed(self, hook: Callable[..., Any], name: str, arguments: tuple[Any, ...], error: Exception) -> None:
        identity = getattr(arguments[0], "identity", "") if arguments else ""
        who, now = _named(hook, name), time.monotonic()
        if now >= self._logged.get(who, now):
            self._logged[who] = now + _LOG_SECONDS
            text = f"the observer {who} failed; for a minute it is counted, not logged, if it does again"
            log(logging.ERROR, text, error=error, **({"station": identity} if identity else {}))
        if name != "faulted":
            self.faulted(identity, error)


def _named(hook: Callable[..., Any], name: str) -> str:
    owner = getattr(hook, "__self__", None)
    return name if owner is None else f"{type(owner).__qualname__}.{name}"


def _overrides(member: Observer, name: str) -> bool:
    if name in vars(member):
        return True
    return getattr(type(member), name) is not getattr(Observer, name)
