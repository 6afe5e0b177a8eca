"""A link: two connections, and between them a session, or nothing where both sides speak the same version."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..crosswalk import Crosswalk
from ..events import Event
from ..session import Out, Session
from ..stores import Fenced, Store, StoreError
from ..versions import PEOPLE, Pair, Side
from .config import Limits
from .limits import Allowance
from .middleware import Middlewares, Passage
from .observe import LinkInfo, Observer
from .transport import GOING_AWAY, INTERNAL_ERROR, POLICY, Closed, Connection, Proof, mirrored

CLOSE_SECONDS = 1.0
"""How long a peer has to agree to the end of its connection."""
_GENTLE_SECONDS = 2.0
"""How long a link that is to end waits for the frame that is being handled."""
_LEAST_DELAY = 0.01
"""The shortest time, in seconds, between two looks at what is due."""
_CLAIMS = 5
"""How often a state is loaded again when another instance writes in between."""


@dataclass(slots=True)
class Surroundings:
    """What all links of a proxy share. ``crosswalk`` is replaced when mappings are reloaded."""

    crosswalk: Crosswalk
    store: Store
    limits: Limits
    observer: Observer = field(default_factory=Observer)
    middleware: Middlewares = field(default_factory=Middlewares)
    clock: Callable[[], float] = time.time


class Link:
    """The part that all links have in common: two readers, and an end that closes both sides.

    Made when the CSMS has accepted; `run` is called with the station's connection, or `abandon` when it
    never came.
    """

    def __init__(self, info: LinkInfo, csms: Connection, around: Surroundings) -> None:
        self.info = info
        self._around = around
        self._csms = csms
        self._station: Connection | None = None
        self._started = time.monotonic()
        self._ending: tuple[int, str, str] | None = None
        self._closers: list[asyncio.Task[None]] = []
        self._handling = asyncio.Lock()
        self._reported = False
        self._passage = Passage(around.middleware, info, self._report) if around.middleware else None
        self.proof: Proof | None = None
        """What the station proved its identity with."""

    @property
    def subprotocol(self) -> str | None:
        """See `Admission.subprotocol`."""
        return self.info.subprotocol

    @property
    def ended(self) -> bool:
        """Whether the link is closing or closed; it handles no frame any more."""
        return self._ending is not None

    def opened(self) -> None:
        """Report that both sides have agreed; the end will be reported too."""
        self._reported = True
        self._around.observer.opened(self.info)

    async def run(self, connection: Connection) -> None:
        """Serve the station's connection until the link ends; both sides are closed then."""
        self._station = connection
        if self._ending is not None:
            self._close_side(connection, self._ending[0], self._ending[1])
        csms_reader = asyncio.create_task(self._read(Side.CSMS, self._csms))
        try:
            await self._begin()
            await self._read(Side.STATION, connection)
        finally:
            self.end(GOING_AWAY, "the connection ended", "proxy")
            await csms_reader
            await asyncio.gather(*self._closers)
            await self._finish()

    async def abandon(self) -> None:
        """See `Admission.abandon`."""
        self.end(GOING_AWAY, "the station was gone before it was answered", "station")
        await asyncio.gather(*self._closers)
        await self._finish()

    def end(self, code: int, reason: str, by: str) -> None:
        """Begin to close both sides. Frames that come in from now on are not handled. Only the first call
        counts.
        """
        if self._ending is not None:
            return
        self._ending = (code, reason, by)
        self._close_side(self._csms, code, reason)
        if self._station is not None:
            self._close_side(self._station, code, reason)

    async def end_gently(self, code: int, reason: str) -> None:
        """Let the frame that is being handled get through, for a moment, and then end."""
        try:
            async with asyncio.timeout(_GENTLE_SECONDS), self._handling:
                self.end(code, reason, "proxy")
        except TimeoutError:
            self.end(code, reason, "proxy")

    async def settled(self) -> None:
        """Returns when the frame that was being handled when the link ended is done with."""
        async with self._handling:
            pass

    async def closed(self) -> None:
        """Returns when both connections of a link that was ended are closed."""
        await asyncio.gather(*self._closers)

    def _close_side(self, connection: Connection, code: int, reason: str) -> None:
        closing = connection.close(code, reason, patience=CLOSE_SECONDS)
        self._closers.append(asyncio.create_task(closing))

    async def _finish(self) -> None:
        code, reason, by = self._ending or (GOING_AWAY, "", "proxy")
        if self._reported:
            self._around.observer.closed(self.info, code, reason, by, time.monotonic() - self._started)

    async def _begin(self) -> None:
        """What is to be done first when both connections are up."""

    async def _handle(self, side: Side, frame: str | bytes) -> None:
        raise NotImplementedError

    async def _read(self, side: Side, connection: Connection) -> None:
        """Hand every frame of one side on until its connection or the link ends. Never raises."""
        limits = self._around.limits
        allowance = Allowance(limits.frames_per_second, limits.burst, time.monotonic())
        with self._guarded(side):
            while self._ending is None:
                frame = await connection.receive()
                if not allowance.take(time.monotonic()):
                    reason = f"the {side} sent more than {limits.frames_per_second:g} frames a second"
                    self.end(POLICY, reason, side)
                    return
                async with self._handling:
                    if self._ending is None:
                        await self._handle(side, frame)

    @contextmanager
    def _guarded(self, side: Side) -> Iterator[None]:
        """Whatever goes wrong inside ends the link in the way that fits, and goes no further."""
        try:
            yield
        except Closed as closed:
            self.end(*mirrored(closed, PEOPLE[side]), side)
        except Fenced:
            self.end(GOING_AWAY, "another instance has taken over this station", "proxy")
        except StoreError:
            self.end(INTERNAL_ERROR, "the state cannot be saved", "proxy")
        except Exception as error:  # a fault of ours costs this link only, and is reported
            self._around.observer.failed(self.info, error)
            self.end(INTERNAL_ERROR, "internal error", "proxy")

    def _report(self, event: Event) -> None:
        self._around.observer.happened(self.info, [event])

    async def _send(self, side: Side, frame: str | bytes) -> None:
        """Send to one side. When that side is gone its reader ends the link."""
        connection = self._station if side is Side.STATION else self._csms
        if connection is None:
            return
        try:
            if not connection.send_now(frame):
                async with asyncio.timeout(self._around.limits.send_seconds or None):
                    await connection.send(frame)
        except Closed:
            return
        except TimeoutError:
            self.end(POLICY, f"the {PEOPLE[side]} does not read what it is sent", "proxy")
            return
        self._around.observer.sent(self.info, side, frame)


class PlainLink(Link):
    """A link between two sides that speak the same version: frames pass untouched."""

    async def _handle(self, side: Side, frame: str | bytes) -> None:
        self._around.observer.arrived(self.info, side, frame, self._around.clock())
        if self._passage is None:
            await self._send(side.other, frame)
        else:
            await self._pass(self._passage, side, frame)

    async def _pass(self, passage: Passage, side: Side, frame: str | bytes) -> None:
        """Hand a frame of ``side`` on through the middleware, or answer it."""
        onward, back = await passage.arrived(side, frame)
        if onward is not None:
            onward, back = await passage.leaving(side.other, onward)
        if onward is not None:
            await self._send(side.other, onward)
        if back is not None:
            answer, _ = await passage.leaving(side, back)
            if answer is not None:
                await self._send(side, answer)


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
        self._timer_due: float | None = None
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

    def _make_session(self, state: dict[str, Any] | None) -> Session:
        return self._crosswalk.session(
            self.info.identity,
            station=self._pair.station,
            csms=self._pair.csms,
            state=state,
            settings=self._settings,
        )

    async def _begin(self) -> None:
        with self._guarded(Side.STATION):
            async with self._handling:
                outs, self._first = self._first, ()
                await self._deliver(outs)

    async def _handle(self, side: Side, frame: str | bytes) -> None:
        started = time.perf_counter()
        now = self._around.clock()
        self._around.observer.arrived(self.info, side, frame, now)
        if self._passage is None:
            await self._deliver(self._session.receive(side, frame, now=now))
        else:
            onward, back = await self._passage.arrived(side, frame)
            if back is not None:
                await self._deliver([Out(side, back)])
            if onward is not None:
                await self._deliver(self._session.receive(side, onward, now=now))
        self._around.observer.handled(self.info, side, time.perf_counter() - started)
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

    async def _load(self) -> dict[str, Any] | None:
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
        return _carried_over(saved.document, self._pair)

    async def _save(self) -> None:
        started = time.perf_counter()
        document = {"pair": str(self._pair), "session": self._session.state}
        try:
            self._version = await self._around.store.save(self.info.identity, document, self._version)
        except StoreError as error:
            self._around.observer.stored(self.info, "save", time.perf_counter() - started, error)
            raise
        self._around.observer.stored(self.info, "save", time.perf_counter() - started, None)
        self._session.saved()

    # -- timers --

    def _schedule(self, due: float | None) -> None:
        if due == self._timer_due and (due is None or self._timer is not None):
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due = due
        if due is not None and self._ending is None:
            delay = max(_LEAST_DELAY, due - self._around.clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._timer = None
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
        state = self._session.state
        if not _is_idle(state):
            return
        dirty = self._session.dirty
        self._crosswalk = self._around.crosswalk
        self._session = self._make_session(state)
        self._session.dirty = dirty


def _is_idle(state: Mapping[str, Any]) -> bool:
    link = state["link"]
    boxes = link["outbox"].values()
    return (
        not any(link["active"].values())
        and not link["detached"]
        and not any(link["inbox"].values())
        and not any(box["flight"] or box["waiting"] for box in boxes)
    )


def _carried_over(document: Mapping[str, Any], pair: Pair) -> dict[str, Any] | None:
    """The session's state from what was saved, if it still means something.

    A CSMS that moved from one 2.x version to another takes up the state of the earlier; any other change of
    versions starts afresh.
    """
    state: dict[str, Any] | None = document.get("session")
    earlier = Pair.parse(document["pair"])
    both_newer = not {str(earlier.csms), str(pair.csms)} & {"ocpp1.6"}
    if earlier == pair or (earlier.station == pair.station and both_newer):
        return state
    return None
