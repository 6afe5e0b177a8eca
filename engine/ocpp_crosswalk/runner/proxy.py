"""The proxy: decides on each station's handshake, keeps one link per identity, and ends them all in the end."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Self

from ..crosswalk import Crosswalk
from ..events import EventKind
from ..stores import Store, StoreError
from ..versions import Version
from .config import Limits
from .handshake import Plan, negotiate, same_proof
from .link import Link, PlainLink, Surroundings
from .logs import log
from .middleware import Middleware, Middlewares
from .observe import LinkInfo, Observer
from .observers import Observers
from .routing import Route, Routing, check_certificate
from .subscribe import Subscriber, Subscription
from .translated import TranslatedLink
from .transport import (
    GOING_AWAY,
    PROTOCOL_ERROR,
    SERVICE_RESTART,
    Admission,
    Connection,
    Dial,
    Handshake,
    Refused,
    TransportAdapter,
)

_LIMITS = Limits()
_BUSY = {"Retry-After": "10"}
_REPLACED = "a newer connection of this station has taken over"
_DRAIN_BATCH = 500
"""How many links are closed before others get a turn, when all are."""


class _Disagreement:
    """Without a common subprotocol the handshake is completed without one, then closed (OCPP-J 3.3)."""

    subprotocol = None
    translated = False

    async def run(self, connection: Connection) -> None:
        reason = "none of the offered subprotocols can be spoken or translated"
        await connection.close(PROTOCOL_ERROR, reason, patience=1.0)

    async def abandon(self) -> None:
        pass


class _Registered:
    """A link while it stands in the proxy's register."""

    def __init__(self, proxy: Proxy, link: Link) -> None:
        self._proxy = proxy
        self.link = link

    @property
    def subprotocol(self) -> str | None:
        return self.link.subprotocol

    @property
    def translated(self) -> bool:
        return self.link.info.pair is not None

    async def run(self, connection: Connection) -> None:
        try:
            await self.link.run(connection)
        finally:
            self._proxy.forget(self.link)

    async def abandon(self) -> None:
        try:
            await self.link.abandon()
        finally:
            self._proxy.forget(self.link)


class Proxy:
    """Takes in stations through the adapters ``stations`` and reaches their CSMSs through ``csms`` (often the
    same one).

    `start` and `close` it, or use it as an async context manager. It owns adapters and store: they are closed
    with it. ``clock`` gives seconds since the epoch, UTC. Raises ValueError for what is no middleware.
    """

    def __init__(
        self,
        crosswalk: Crosswalk,
        routing: Routing,
        *,
        stations: Sequence[TransportAdapter],
        csms: TransportAdapter,
        store: Store,
        middleware: Sequence[Middleware] = (),
        observers: Sequence[Observer] = (),
        limits: Limits = _LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._observers = list(observers)
        self._around = Surroundings(
            crosswalk,
            store,
            limits,
            Observers(self._observers),
            Middlewares(middleware, seconds=limits.middleware_seconds),
            clock,
        )
        self._routing = routing
        self._stations = stations
        self._csms = csms
        self._links: dict[str, Link] = {}
        self._all: set[Link] = set()
        self.ended = 0
        """How many links have ended."""
        self._opening = 0
        self._draining = False
        self._numbers = itertools.count(1)

    # -- life --

    async def start(self) -> None:
        """Begin to take in stations. Raises OSError when an address cannot be taken."""
        for adapter in self._stations:
            await adapter.listen(self.admit)

    async def close(self) -> None:
        """Take in no more stations, end all links once what is being handled is done, and close adapters and
        store, each of them even if another one fails. Idempotent.
        """
        if self._draining:
            return
        self._draining = True
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._around.store.close)
            for adapter in dict.fromkeys((*self._stations, self._csms)):
                stack.push_async_callback(adapter.close)
            for adapter in self._stations:
                await adapter.stop()
            await self._drain()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- what the host asks and says --

    def subscribe(self, subscriber: Subscriber, *kinds: EventKind) -> Callable[[], None]:
        """Have ``subscriber`` called with each event of these kinds (none: of all), and the link that it is of.

        Gives a function that ends the subscription. Raises ValueError for what is no subscriber, as an async function.
        """
        subscription = Subscription(subscriber, kinds)
        self._observe([*self._observers, subscription])
        return lambda: self._observe([one for one in self._observers if one is not subscription])

    def _observe(self, observers: list[Observer]) -> None:
        self._observers = observers
        self._around.observer = Observers(observers)

    @property
    def observer(self) -> Observer:
        """All observers as one."""
        return self._around.observer

    @property
    def crosswalk(self) -> Crosswalk:
        """The mappings. When others are set, each link goes on with them once nothing is under way on it."""
        return self._around.crosswalk

    @crosswalk.setter
    def crosswalk(self, crosswalk: Crosswalk) -> None:
        self._around.crosswalk = crosswalk

    @property
    def middleware(self) -> Sequence[Middleware]:
        """The middleware. When others are set, calls meet them from then on, on all links; the answer to a call
        meets what the call met. Setting what is no middleware raises ValueError.
        """
        return self._around.middleware.members

    @middleware.setter
    def middleware(self, members: Iterable[Middleware]) -> None:
        self._around.middleware = Middlewares(members, seconds=self._around.limits.middleware_seconds)
        for link in self._all:
            link.meet(self._around.middleware)

    @property
    def store(self) -> Store:
        """Where the state of stations is kept."""
        return self._around.store

    @property
    def links(self) -> int:
        """How many links are open."""
        return len(self._all)

    @property
    def draining(self) -> bool:
        """Whether no more stations are taken in."""
        return self._draining

    # -- handshakes --

    async def admit(self, handshake: Handshake) -> Admission:
        """Decide on a station's handshake: connect to its CSMS first. Raises Refused, whatever goes wrong; every
        refusal is observed, and what is behind one that nobody meant is logged.
        """
        try:
            return await self._admit(handshake)
        except Refused as refusal:
            self._around.observer.refused(handshake, refusal)
            raise
        except Exception as error:
            text = "a fault, of this program or of what its host gave it, refuses this station"
            log(logging.ERROR, text, error=error, station=handshake.identity, peer=handshake.peer)
            self._around.observer.faulted(handshake.identity, error)
            unmeant = Refused(500, "internal error")
            self._around.observer.refused(handshake, unmeant)
            raise unmeant from error

    async def _admit(self, handshake: Handshake) -> Admission:
        if self._draining:
            raise Refused(503, "the proxy is shutting down", _BUSY)
        limit = self._around.limits.connections
        if limit and len(self._all) + self._opening >= limit and handshake.identity not in self._links:
            raise Refused(503, f"the proxy serves no more than {limit} stations", _BUSY)
        self._opening += 1
        try:
            routed = self._routing(handshake)
            route = await routed if inspect.isawaitable(routed) else routed
            if not isinstance(route, Route):
                raise TypeError(f"the routing gave {type(route).__name__}; it has to give a Route, or raise Refused")
            check_certificate(handshake, route)
            plan = negotiate(route.offers, route.target.versions, self._around.crosswalk.pairs)
            if plan is None:
                return _Disagreement()
            return await self._connect(handshake, route, plan)
        finally:
            self._opening -= 1

    async def _connect(self, handshake: Handshake, route: Route, plan: Plan) -> Admission:
        dial = Dial(route.target, handshake.identity, plan.offers, route.authorization, tolerant=plan.translated)
        connection, chosen = await self._reach(dial, handshake)
        if chosen not in plan.offers:
            await connection.close(PROTOCOL_ERROR, "no subprotocol was agreed on", patience=1.0)
            return _Disagreement()
        assert chosen is not None
        version = Version(chosen)
        station = plan.station or version
        info = LinkInfo(
            handshake.identity,
            next(self._numbers),
            route.target.name,
            station,
            version,
            str(station) if handshake.offers else None,
            handshake.peer,
        )
        link: Link
        if info.pair is None:
            link = PlainLink(info, connection, self._around)
        else:
            link = TranslatedLink(info, connection, self._around, route.settings)
        link.proof = handshake.proof
        await self._register(link)
        return _Registered(self, link)

    async def _reach(self, dial: Dial, handshake: Handshake) -> tuple[Connection, str | None]:
        """Connect to the CSMS. If it refuses because it takes the station's old connection, half-open here,
        for alive, and the station proves itself as it did for that one, the old one is ended and the CSMS
        asked again.
        """
        try:
            return await self._csms.connect(dial)
        except Refused:
            older = self._links.get(handshake.identity)
            if older is None or not same_proof(older.proof, handshake.proof):
                raise
            older.end(GOING_AWAY, _REPLACED, "proxy")
            await older.closed()
            return await self._csms.connect(dial)

    async def _register(self, link: Link) -> None:
        """The newer link takes the place of an older one of the same identity, whose CSMS let this one in
        too.
        """
        identity = link.info.identity
        older = self._links.get(identity)
        self._links[identity] = link
        self._all.add(link)
        try:
            if older is not None:
                older.end(GOING_AWAY, _REPLACED, "proxy")
                await older.settled()
            if isinstance(link, TranslatedLink) and not link.ended:
                await link.prepare()
        except StoreError as error:
            await self._drop(link)
            raise Refused(503, "the state of this station cannot be loaded", _BUSY) from error
        except BaseException:
            await self._drop(link)
            raise
        if link.ended:
            await self._drop(link)
            raise Refused(503, _REPLACED, _BUSY)
        link.opened()

    async def _drop(self, link: Link) -> None:
        try:
            await link.abandon()
        finally:
            self.forget(link)

    def forget(self, link: Link) -> None:
        """A link is over."""
        self.ended += 1
        self._all.discard(link)
        if self._links.get(link.info.identity) is link:
            del self._links[link.info.identity]

    async def _drain(self) -> None:
        while self._opening:
            await asyncio.sleep(0.01)
        links = list(self._all)
        for start in range(0, len(links), _DRAIN_BATCH):
            batch = links[start : start + _DRAIN_BATCH]
            await asyncio.gather(*(link.end_gently(SERVICE_RESTART, "the proxy is being restarted") for link in batch))
        while self._all:
            await asyncio.sleep(0.01)
