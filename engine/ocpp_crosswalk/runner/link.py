"""A link: two connections, and what goes between them. Here: what all links have in common, and the link of two sides
that speak the same version; `translated` has the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..crosswalk import Crosswalk
from ..events import Event
from ..pending import Pending
from ..stores import Fenced, Store, StoreError
from ..versions import PEOPLE, Side
from .config import Limits
from .limits import Allowance
from .logs import log
from .middleware import Middlewares, Passage
from .observe import LinkInfo, Observer
from .transport import GOING_AWAY, INTERNAL_ERROR, POLICY, Closed, Connection, Proof, mirrored

CLOSE_SECONDS = 1.0
"""How long a peer has to agree to the end of its connection."""
_GENTLE_SECONDS = 2.0
"""How long a link that is to end waits for the frame that is being handled."""

Work = Coroutine[Any, Any, None] | Pending[None]
"""What remains to be done of something that cannot be done at once. As a `Pending` it is under way and never fails."""


@dataclass(slots=True)
class Surroundings:
    """What all links of a proxy share. ``crosswalk`` and ``middleware`` are replaced when they are reloaded."""

    crosswalk: Crosswalk
    store: Store
    limits: Limits
    observer: Observer = field(default_factory=Observer)
    middleware: Middlewares = field(default_factory=Middlewares)
    clock: Callable[[], float] = time.time


class Link:
    """The part that all links have in common: two readers, and an end that closes both sides.

    A link does one thing after another: it handles a frame, or what is due, and takes the next when that is done.
    What need not wait, for a store or middleware or a peer that does not keep up, is done at once, in the call that
    hands the frame over; the rest goes on when the store has saved, or is a task, and what comes meanwhile waits.

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
        self._doing: Pending[None] | None = None
        self._behind: list[Side] = []
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

    def meet(self, middleware: Middlewares) -> None:
        """Have what comes from now on pass through other middleware; see `Passage`."""
        if self._passage is not None:
            self._passage.middlewares = middleware
        elif middleware:
            self._passage = Passage(middleware, self.info, self._report)

    def opened(self) -> None:
        """Report that both sides have agreed; the end will be reported too."""
        self._reported = True
        self._around.observer.opened(self.info)

    async def run(self, connection: Connection) -> None:
        """Serve the station's connection until the link ends; both sides are closed then."""
        self._station = connection
        if self._ending is not None:
            self._close_side(connection, self._ending[0], self._ending[1])
        self._do(Side.STATION, self._begin)
        csms_reader = asyncio.create_task(self._read(Side.CSMS, self._csms))
        try:
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
        ending = self._do(Side.STATION, self.end, code, reason, "proxy")
        if ending is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GENTLE_SECONDS):
                    await ending
            self.end(code, reason, "proxy")

    async def settled(self) -> None:
        """Returns when the frame that was being handled when the link ended is done with."""
        while self._doing is not None:
            await self._doing

    async def closed(self) -> None:
        """Returns when both connections of a link that was ended are closed."""
        await asyncio.gather(*self._closers)

    def _close_side(self, connection: Connection, code: int, reason: str) -> None:
        closing = connection.close(code, reason, patience=CLOSE_SECONDS)
        self._closers.append(asyncio.create_task(closing))

    async def _finish(self) -> None:
        await self.settled()
        code, reason, by = self._ending or (GOING_AWAY, "", "proxy")
        if self._reported:
            self._around.observer.closed(self.info, code, reason, by, time.monotonic() - self._started)

    def _begin(self) -> Work | None:
        """What is to be done first when both connections are up."""
        return None

    def _handle(self, side: Side, frame: str | bytes) -> Work | None:
        """Do what is to be done for a frame; gives what cannot be done at once."""
        raise NotImplementedError

    async def _read(self, side: Side, connection: Connection) -> None:
        """Handle every frame of one side until its connection ends. Never raises."""
        limits = self._around.limits
        allowance = Allowance(limits.frames_per_second, limits.burst, time.monotonic())

        def handle(frame: str | bytes) -> Pending[None] | None:
            if self._ending is None and not allowance.take(time.monotonic()):
                reason = f"the {side} sent more than {limits.frames_per_second:g} frames a second"
                self.end(POLICY, reason, side)
            return self._do(side, self._handle, side, frame)

        try:
            await connection.read(handle)
        except Exception as error:
            self._failed(side, error)

    # -- one thing after another --

    def _do(self, side: Side, start: Callable[..., Work | None], *arguments: Any) -> Pending[None] | None:
        """Do what ``start`` begins, now or when all that came earlier is done; a link that has ended does nothing any
        more. Gives what is under way; None: it is done. ``side`` is whose fault it is when that is closed.
        """
        if self._ending is not None:
            return None
        if self._doing is None:
            doing = self._begun(side, start, *arguments)
        else:
            doing = self._then(self._doing, side, partial(self._unless_ended, start, *arguments))
        if doing is not None:
            self._doing = doing
            doing.then(self._done)
        return doing

    def _then(self, earlier: Pending[Any], side: Side, go_on: Callable[[], Work | None]) -> Pending[None]:
        """Go on when ``earlier`` is done, in the call that ends it if that can be done at once."""
        done: Pending[None] = Pending()

        def resume(_: Pending[Any]) -> None:
            rest = self._begun(side, go_on)
            if rest is None:
                done.resolve(None)
            else:
                rest.then(lambda _: done.resolve(None))

        earlier.then(resume)
        return done

    def _begun(self, side: Side, start: Callable[..., Work | None], *arguments: Any) -> Pending[None] | None:
        """Begin; gives what is under way then. What fails ends the link."""
        work = None
        try:
            work = start(*arguments)
        except Exception as error:
            self._failed(side, error)
        if isinstance(work, Pending) or (work is None and not self._behind):
            return work
        return Pending.of(self._complete(side, work))

    async def _complete(self, side: Side, work: Coroutine[Any, Any, None] | None) -> None:
        """Do what remains, until those that were sent to keep up."""
        try:
            if work is not None:
                await work
            if self._behind:
                await self._catch_up()
        except Exception as error:
            self._failed(side, error)

    def _unless_ended(self, start: Callable[..., Work | None], *arguments: Any) -> Work | None:
        return start(*arguments) if self._ending is None else None

    def _done(self, doing: Pending[None]) -> None:
        if self._doing is doing:
            self._doing = None

    def _failed(self, side: Side, error: Exception) -> None:
        """Whatever goes wrong ends the link in the way that fits, and goes no further."""
        match error:
            case Closed():
                self.end(*mirrored(error, PEOPLE[side]), side)
            case Fenced():
                self.end(GOING_AWAY, "another instance has taken over this station", "proxy")
            case StoreError():
                self.end(INTERNAL_ERROR, "the state cannot be saved", "proxy")
            case _:  # a fault of ours costs this link only, and is reported
                text = "a fault of this program ended the link; please report it"
                log(logging.ERROR, text, error=error, station=self.info.identity, link=self.info.number)
                self._around.observer.failed(self.info, error)
                self.end(INTERNAL_ERROR, "internal error", "proxy")

    # -- out --

    def _report(self, event: Event) -> None:
        self._around.observer.happened(self.info, [event])

    def _send(self, side: Side, frame: str | bytes) -> None:
        """Send to one side. When that side is gone its reader ends the link."""
        connection = self._station if side is Side.STATION else self._csms
        if connection is None:
            return
        try:
            if not connection.write(frame):
                self._behind.append(side)
        except Closed:
            return
        self._around.observer.sent(self.info, side, frame)

    async def _catch_up(self) -> None:
        """Nothing more is done until those that were sent to keep up."""
        while self._behind:
            side = self._behind.pop()
            connection = self._station if side is Side.STATION else self._csms
            assert connection is not None
            try:
                async with asyncio.timeout(self._around.limits.send_seconds or None):
                    await connection.drain()
            except Closed:
                continue
            except TimeoutError:
                self.end(POLICY, f"the {PEOPLE[side]} does not read what it is sent", "proxy")


class PlainLink(Link):
    """A link between two sides that speak the same version: frames pass untouched."""

    def _handle(self, side: Side, frame: str | bytes) -> Work | None:
        self._around.observer.arrived(self.info, side, frame, self._around.clock())
        if self._passage is not None:
            return self._pass(self._passage, side, frame)
        self._send(side.other, frame)
        return None

    async def _pass(self, passage: Passage, side: Side, frame: str | bytes) -> None:
        """Hand a frame of ``side`` on through the middleware, or answer it."""
        onward, back = await passage.arrived(side, frame)
        if onward is not None:
            onward, back = await passage.leaving(side.other, onward)
        if onward is not None:
            self._send(side.other, onward)
        if back is not None:
            answer, _ = await passage.leaving(side, back)
            if answer is not None:
                self._send(side, answer)
