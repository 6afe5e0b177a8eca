"""Subscriptions: what links report, as typed events for the host's own functions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any

from ..events import Event, EventKind
from .logs import log
from .observe import LinkInfo, Observer

Subscriber = Callable[[Event, LinkInfo], None]
"""A function that is called with each event, and the link that it happened on. It must not block."""


class Subscription(Observer):
    """Calls ``subscriber`` with the events of ``kinds`` (none: of all kinds). Its failure is logged, and harms
    no link. Raises ValueError for what is no subscriber.
    """

    def __init__(self, subscriber: Subscriber, kinds: Sequence[EventKind]) -> None:
        if not callable(subscriber) or any(map(iscoroutinefunction, (subscriber, type(subscriber).__call__))):
            raise ValueError(f"{subscriber!r} is no subscriber: it has to be a function, and one that is not async")
        self._subscriber = subscriber
        self._kinds = frozenset(kinds or EventKind)
        self.unheard = frozenset(EventKind) - self._kinds

    def opened(self, link: LinkInfo) -> None:
        """See `Observer`."""
        self._tell(link, EventKind.CONNECTED, f"connected, {link.label}", csms=link.target, peer=link.peer)

    def closed(self, link: LinkInfo, code: int, reason: str, by: str, seconds: float) -> None:
        """See `Observer`."""
        self._tell(link, EventKind.DISCONNECTED, reason, code=code, by=by, seconds=seconds)

    def stored(self, link: LinkInfo, operation: str, seconds: float, error: Exception | None) -> None:
        """See `Observer`."""
        if error is not None:
            self._tell(link, EventKind.STORE_ERROR, str(error), operation=operation)

    def happened(self, link: LinkInfo, events: Sequence[Event]) -> None:
        """See `Observer`."""
        for event in events:
            self._pass_on(link, event)

    def _tell(self, link: LinkInfo, kind: EventKind, text: str, **detail: Any) -> None:
        self._pass_on(link, Event(kind=kind, identity=link.identity, side="proxy", text=text, detail=detail))

    def _pass_on(self, link: LinkInfo, event: Event) -> None:
        if event.kind not in self._kinds:
            return
        try:
            self._subscriber(event, link)
        except Exception as error:  # whatever a subscriber does wrong is its own matter
            log(logging.ERROR, f"a subscriber failed on {event.kind}", error=error, station=link.identity)
