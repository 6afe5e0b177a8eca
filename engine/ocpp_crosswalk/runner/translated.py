"""A link between two sides that speak different versions: a session, and its state in a store."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from ..pending import Pending
from ..session import Out, Session, StateError
from ..stores import Fenced, StoreError
from ..versions import Pair, Side
from .link import Link, Surroundings, Work
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
        self._saving_since = 0.0
        self._first: Sequence[Out] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
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
                await self._save_and_wait()
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

    def _begin(self) -> Work | None:
        outs, self._first = self._first, ()
        return self._deliver(Side.STATION, outs)

    def _handle(self, side: Side, frame: str | bytes) -> Work | None:
        started = time.perf_counter()
        now = self._around.clock()
        observer = self._around.observer
        observer.arrived(self.info, side, frame, now)
        self._session.leave_out(observer.unheard)
        handled = partial(self._handled, side, started)
        if self._passage is None:
            return self._deliver(side, self._session.receive(side, frame, now=now), handled)
        return self._pass(self._passage, side, frame, now, handled)

    def _handled(self, side: Side, started: float) -> None:
        self._around.observer.handled(self.info, side, time.perf_counter() - started)
        if self._crosswalk is not self._around.crosswalk:
            self._adopt_mappings()

    async def _pass(
        self, passage: Passage, side: Side, frame: str | bytes, now: float, handled: Callable[[], None]
    ) -> None:
        """Hand a frame to the session through the middleware, or answer it."""
        onward, back = await passage.arrived(side, frame)
        if back is not None:
            await self._leave_through(passage, [Out(side, back)])
        if onward is not None:
            work = self._deliver(side, self._session.receive(side, onward, now=now), handled)
            if work is not None:
                await work
        else:
            handled()

    def _deliver(self, side: Side, outs: Sequence[Out], then: Callable[[], None] | None = None) -> Work | None:
        """Report what happened, save what changed, send, see when the session wants to be asked again; ``then``, what
        is to be done last."""
        self._tell()
        saving = self._save()
        if saving is None:
            return self._leave(outs, then)

        def saved() -> Work | None:
            self._saved(saving)
            return self._leave(outs, then)

        return self._then(saving, side, saved)

    def _leave(self, outs: Sequence[Out], then: Callable[[], None] | None) -> Work | None:
        if self._passage is not None:
            return self._leave_through(self._passage, outs, then)
        for out in outs:
            self._send(out.to, out.text)
        self._schedule(self._session.due)
        if then is not None:
            then()
        return None

    def _tell(self) -> None:
        """Report what happened."""
        events = self._session.take_events()
        if events:
            self._around.observer.happened(self.info, events)

    async def _leave_through(
        self, passage: Passage, outs: Sequence[Out], then: Callable[[], None] | None = None
    ) -> None:
        """Send through the middleware. What it answers to a call is taken for the receiver's answer."""
        pending = deque(outs)
        while pending:
            out = pending.popleft()
            onward, back = await passage.leaving(out.to, out.text)
            if onward is not None:
                self._send(out.to, onward)
            if back is not None:
                pending.extend(self._session.receive(out.to, back, now=self._around.clock()))
                self._tell()
                await self._save_and_wait()
        self._schedule(self._session.due)
        if then is not None:
            then()

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

    def _save(self) -> Pending[int] | None:
        """Save the state if it changed. Gives what takes waiting, to be handed to `_saved` when it is done."""
        if not self._session.dirty:
            return None
        self._saving_since = time.perf_counter()
        saving = self._around.store.save(self.info.identity, self._session.state, self._version)
        pending = saving if isinstance(saving, Pending) else Pending.of(saving)
        if not pending.done:
            return pending
        self._saved(pending)
        return None

    async def _save_and_wait(self) -> None:
        """Save the state if it changed. Raises StoreError."""
        saving = self._save()
        if saving is not None:
            with suppress(StoreError):
                await saving
            self._saved(saving)

    def _saved(self, saving: Pending[int]) -> None:
        """The state is saved. Raises StoreError if it is not."""
        error = saving.error
        assert error is None or isinstance(error, Exception)
        self._around.observer.stored(self.info, "save", time.perf_counter() - self._saving_since, error)
        version = saving.result()
        if not isinstance(version, int):
            raise TypeError(f"the store's `save` gave {version!r}; it has to give the new version, a number")
        self._version = version
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
        self._do(Side.STATION, self._expire)

    def _expire(self) -> Work | None:
        now = self._around.clock()
        self._around.observer.expired(self.info, now)
        return self._deliver(Side.STATION, self._session.expire(now=now))

    async def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await super()._finish()

    # -- new mappings --

    def _adopt_mappings(self) -> None:
        """Go on with the mappings that were loaded meanwhile, once nothing is under way that began with the
        old.
        """
        if self._session.dirty or not self._session.is_idle:
            return
        self._crosswalk = self._around.crosswalk
        self._session = self._make_session(self._session.state)
