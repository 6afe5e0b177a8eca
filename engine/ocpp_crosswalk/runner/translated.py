"""A link between two sides that speak different versions: a session, and its state in a store."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from ..session import Out, Session, StateError
from ..stores import Fenced, StoreError
from ..versions import Pair, Side
from .link import Link, Surroundings
from .middleware import Passage
from .observe import LinkInfo
from .transport import Connection

_LEAST_DELAY = 0.01
"""The shortest time, in seconds, between two looks at what is due."""
_CLAIMS = 5
"""How often a state is loaded again when another instance writes in between."""


class TranslatedLink(Link):
    """A link with a session. State is saved before the frames that depend on it leave."""

    def __init__(self, info: LinkInfo, csms: Connection, around: Surroundings, settings: Mapping[str, Any]) -> None:
        super().__init__(info, csms, around)
        assert info.pair is not None
        self._pair: Pair = info.pair
        self._settings = dict(settings)
        self._version = 0
        self._first: Sequence[Out] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._timer_tasks: set[asyncio.Task[None]] = set()
        self._crosswalk = around.crosswalk
        self._session: Session

    async def prepare(self) -> None:
        """Load the state and claim it. Raises StoreError; then the caller abandons the link."""
        for attempt in range(_CLAIMS):
            now = self._around.clock()
            state = await self._load()
            self._crosswalk = self._around.crosswalk
            self._session = self._make_session(state)
            self._first = self._session.connect(now=now)
            try:
                await self._save()
            except Fenced:
                if attempt + 1 < _CLAIMS:
                    continue
                raise
            self._around.observer.connected(self.info, now, state, self._settings)
            return

    def _make_session(self, state: bytes | None) -> Session:
        try:
            return self._crosswalk.session(
                self.info.identity,
                station=self._pair.station,
                csms=self._pair.csms,
                state=state,
                settings=self._settings,
            )
        except StateError as error:
            unusable = StoreError(f"what the store keeps for {self.info.identity!r} is {error}")
            self._around.observer.stored(self.info, "load", 0.0, unusable)
            raise unusable from None

    async def _begin(self) -> None:
        with self._guarded(Side.STATION):
            async with self._handling:
                outs, self._first = self._first, ()
                await self._deliver(outs)

    async def _handle(self, side: Side, frame: str | bytes) -> None:
        started = time.perf_counter()
        now = self._around.clock()
        observer = self._around.observer
        observer.arrived(self.info, side, frame, now)
        self._session.leave_out(observer.unheard)
        if self._passage is None:
            await self._deliver(self._session.receive(side, frame, now=now))
        else:
            onward, back = await self._passage.arrived(side, frame)
            if back is not None:
                await self._deliver([Out(side, back)])
            if onward is not None:
                await self._deliver(self._session.receive(side, onward, now=now))
        observer.handled(self.info, side, time.perf_counter() - started)
        if self._crosswalk is not self._around.crosswalk:
            self._adopt_mappings()

    async def _deliver(self, outs: Sequence[Out]) -> None:
        """Save, then send, then see when the session wants to be asked again."""
        await self._settle()
        if self._passage is None:
            for out in outs:
                await self._send(out.to, out.text)
        else:
            await self._deliver_through(self._passage, outs)
        self._schedule(self._session.due)

    async def _settle(self) -> None:
        """Report what happened and save what changed."""
        session = self._session
        events = session.take_events()
        if events:
            self._around.observer.happened(self.info, events)
        if session.dirty:
            await self._save()

    async def _deliver_through(self, passage: Passage, outs: Sequence[Out]) -> None:
        """Send through the middleware. What it answers to a call is taken for the receiver's answer."""
        pending = deque(outs)
        while pending:
            out = pending.popleft()
            onward, back = await passage.leaving(out.to, out.text)
            if onward is not None:
                await self._send(out.to, onward)
            if back is not None:
                pending.extend(self._session.receive(out.to, back, now=self._around.clock()))
                await self._settle()

    # -- state --

    async def _load(self) -> bytes | None:
        started = time.perf_counter()
        try:
            saved = await self._around.store.load(self.info.identity)
        except StoreError as error:
            self._around.observer.stored(self.info, "load", time.perf_counter() - started, error)
            raise
        self._around.observer.stored(self.info, "load", time.perf_counter() - started, None)
        if saved is None:
            self._version = 0
            return None
        self._version = saved.version
        return saved.data

    async def _save(self) -> None:
        started = time.perf_counter()
        try:
            self._version = await self._around.store.save(self.info.identity, self._session.state, self._version)
        except StoreError as error:
            self._around.observer.stored(self.info, "save", time.perf_counter() - started, error)
            raise
        self._around.observer.stored(self.info, "save", time.perf_counter() - started, None)
        self._session.saved()

    # -- timers --

    def _schedule(self, due: float | None) -> None:
        """Have `_ring` called at ``due`` or earlier: most calls are answered long before they are due, so a timer
        that is set already may stay.
        """
        if due is None or self._ending is not None:
            return
        if self._timer is not None:
            if self._timer_due <= due:
                return
            self._timer.cancel()
        self._timer_due = due
        delay = max(_LEAST_DELAY, due - self._around.clock())
        self._timer = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._timer = None
        due = self._session.due
        if due is None or due > self._around.clock():
            self._schedule(due)
            return
        task = asyncio.create_task(self._expire())
        self._timer_tasks.add(task)
        task.add_done_callback(self._timer_tasks.discard)

    async def _expire(self) -> None:
        with self._guarded(Side.STATION):
            async with self._handling:
                if self._ending is None:
                    now = self._around.clock()
                    self._around.observer.expired(self.info, now)
                    await self._deliver(self._session.expire(now=now))

    async def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._timer_tasks)
        await super()._finish()

    # -- new mappings --

    def _adopt_mappings(self) -> None:
        """Go on with the mappings that were loaded meanwhile, once nothing is under way that began with the
        old.
        """
        if not self._session.is_idle:
            return
        dirty = self._session.dirty
        self._crosswalk = self._around.crosswalk
        self._session = self._make_session(self._session.state)
        self._session.dirty = dirty
