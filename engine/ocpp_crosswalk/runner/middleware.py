"""Middleware: functions of the host that see every message on its way, and may change, answer or drop it.

There are eight points. `pre` is before translation, in the words of the side that a message comes from; `post` is
after it, in the words of the side that it goes to, just before it is sent:

===============================  ===========================================================
``pre_upstream, post_upstream``      calls of the station
``pre_downstream, post_downstream``  calls of the CSMS
``pre_response, post_response``      results, from and to either side
``pre_error, post_error``            CALLERRORs, from and to either side
===============================  ===========================================================

A function is called with the frame and a `Passing`, and gives, or awaits to give,

* None: the frame goes on, with what was changed in its payload;
* a frame of the same id and action: this one goes on instead;
* for a call, a CallResult or CallError of its id: the call is answered with it and goes no further;
* DROP: the frame goes no further. Every call is answered exactly once all the same: whoever waits for a
  dropped call or answer gets a CALLERROR.

Several are like the skins of an onion: the first sees what arrives first, and what leaves last.

Whatever a middleware does wrong, an exception, a time-out, a frame that breaks its schema, is reported as an event
(`middleware-error`), and the frame goes on as if that middleware were not there; one with ``required = True`` is
taken to have dropped it. Garbage, CALLRESULTERRORs, and what the peer itself made invalid are left to the session.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final, Literal, NamedTuple

from ..diagnostics import suggestion
from ..events import Event, EventKind
from ..frames import Call, CallError, CallResult, CallResultError, Frame, FrameError, Send, encode, parse
from ..protocol import protocol
from ..schemas import violation
from ..versions import Side, Version
from .observe import LinkInfo

_KEPT_CALLS = 256
"""How many calls of a link are remembered until they are answered, in each direction."""


class Point(StrEnum):
    """Where on its way a frame is met."""

    PRE_UPSTREAM = "pre_upstream"
    POST_UPSTREAM = "post_upstream"
    PRE_DOWNSTREAM = "pre_downstream"
    POST_DOWNSTREAM = "post_downstream"
    PRE_RESPONSE = "pre_response"
    POST_RESPONSE = "post_response"
    PRE_ERROR = "pre_error"
    POST_ERROR = "post_error"


_POINTS = [str(point) for point in Point]


class Dropped(Enum):
    """The type of `DROP`."""

    DROP = "drop"


DROP: Final = Dropped.DROP
"""What a middleware gives for a frame that shall go no further."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Where a frame is on its way.

    ``side`` is where it comes from (pre) or goes to (post), ``version`` what that side speaks. ``action`` is
    the call's own, or that of the call which is answered (empty when that is not known); ``seconds`` have
    gone by since that call passed the same side (None for calls).
    """

    link: LinkInfo
    point: Point
    side: Side
    version: Version
    action: str
    seconds: float | None = None


Passed = Call | Send | CallResult | CallError
"""The frames that middleware sees."""
Verdict = Passed | Literal[Dropped.DROP] | None
Handler = Callable[[Any, Passing], Verdict | Awaitable[Verdict]]
Middleware = object
"""An object with methods that are called like points, or a function that is called like one."""


class _Step(NamedTuple):
    name: str
    handler: Handler
    required: bool


class Middlewares:
    """The middleware of a proxy. Raises ValueError for what is none. ``seconds`` is how long an awaitable one
    may take with a frame (0: as long as it likes).
    """

    def __init__(self, members: Iterable[Middleware] = (), *, seconds: float = 0.0) -> None:
        self.members = tuple(members)
        self.seconds = seconds
        self._steps: dict[Point, tuple[_Step, ...]] = dict.fromkeys(Point, ())
        for member in self.members:
            for point, step in _steps_of(member):
                steps = self._steps[point]
                self._steps[point] = (*steps, step) if point.startswith("pre") else (step, *steps)

    def __bool__(self) -> bool:
        return any(self._steps.values())

    def at(self, point: Point) -> Sequence[_Step]:
        """What is called at ``point``, in order."""
        return self._steps[point]


def _steps_of(member: Middleware) -> Iterable[tuple[Point, _Step]]:
    required = bool(getattr(member, "required", False))
    if inspect.isfunction(member):
        names, owner = [member.__name__], member.__name__
        handlers = {member.__name__: member}
    else:
        names = [name for name in dir(member) if name.startswith(("pre_", "post_"))]
        owner = type(member).__name__
        handlers = {name: getattr(member, name) for name in names}
    for name in names:
        if name not in _POINTS:
            remedy = suggestion(name, _POINTS) or f"There are: {', '.join(Point)}."
            raise ValueError(f"the middleware {owner} has {name!r}, which is no point. {remedy}")
    if not names:
        raise ValueError(f"{owner} is no middleware: it has no method for any of {', '.join(Point)}")
    for name, handler in handlers.items():
        if not callable(handler):
            raise ValueError(f"the middleware {owner} has {name!r}, which is no function but {handler!r}")
        yield Point(name), _Step(owner if owner == name else f"{owner}.{name}", handler, required)


class Outcome(NamedTuple):
    """What becomes of a frame: ``onward`` goes on (None: nothing does), ``back`` answers it."""

    onward: str | bytes | None
    back: str | None = None


class _Open(NamedTuple):
    """A call that is not answered yet: its action, when it passed, and what it met."""

    action: str
    at: float
    middlewares: Middlewares


_Calls = dict[tuple[Side, str], _Open]


class Passage:
    """One link's way through the middleware. It knows the open calls, to say what an answer is an answer to.

    ``middlewares`` may be replaced: what begins from then on meets the new ones, and the answer to a call what the
    call met on the same side.
    """

    def __init__(self, middlewares: Middlewares, link: LinkInfo, report: Callable[[Event], None]) -> None:
        self.middlewares = middlewares
        self._link = link
        self._report = report
        self._arrived: _Calls = {}
        self._left: _Calls = {}

    async def arrived(self, side: Side, text: str | bytes) -> Outcome:
        """A frame came in from ``side``; what answers it is for that side."""
        return await self._pass("pre", side, text, self._arrived, self._left)

    async def leaving(self, side: Side, text: str | bytes) -> Outcome:
        """A frame is about to be sent to ``side``; what answers it stands for what that side would answer."""
        return await self._pass("post", side, text, self._left, self._arrived)

    async def _pass(self, when: str, side: Side, text: str | bytes, calls: _Calls, answered: _Calls) -> Outcome:
        version, now, middlewares = self._link.version(side), time.monotonic(), self.middlewares
        try:
            frame = parse(text, version)
        except FrameError:
            return Outcome(text)
        if isinstance(frame, CallResultError):
            return Outcome(text)
        if isinstance(frame, Call | Send):
            kind = "upstream" if (side is Side.STATION) == (when == "pre") else "downstream"
            passing = Passing(self._link, Point(f"{when}_{kind}"), side, version, frame.action)
            if isinstance(frame, Call):
                _remember(calls, (side, frame.id), _Open(frame.action, now, middlewares))
        else:
            kind = "response" if isinstance(frame, CallResult) else "error"
            call, action, seconds = answered.pop((side, frame.id), None), "", None
            if call is not None:
                action, seconds, middlewares = call.action, now - call.at, call.middlewares
            passing = Passing(self._link, Point(f"{when}_{kind}"), side, version, action, seconds)
        outcome = await self._through(middlewares, frame, text, passing)
        if outcome.onward is None and when == "post":
            calls.pop((side, frame.id), None)
        return outcome

    async def _through(self, middlewares: Middlewares, frame: Passed, text: str | bytes, passing: Passing) -> Outcome:
        steps = middlewares.at(passing.point)
        if not steps:
            return Outcome(text)
        plain = current = encode(frame)
        now: Passed = frame
        for step in steps:
            try:
                verdict = await _ask(step, now, passing, middlewares.seconds or None)
                if verdict is not DROP:
                    now, current = _judged(frame, now if verdict is None else verdict, current, passing)
            except Exception as error:  # whatever a middleware does wrong costs no frame and no link
                self._failed(step, frame, passing, error)
                verdict = DROP if step.required else None
                now = _parsed(current, passing.version)
            if verdict is DROP:
                return _dropped(frame)
            if isinstance(frame, Call) and not isinstance(now, Call):
                return Outcome(None, current)
        return Outcome(text if current == plain else current)

    def _failed(self, step: _Step, frame: Passed, passing: Passing, error: Exception) -> None:
        consequence = "the frame was dropped" if step.required else "the frame went on without it"
        name = "" if isinstance(error, _Misuse) else f"{type(error).__name__}: "
        self._report(
            Event(
                kind=EventKind.MIDDLEWARE_ERROR,
                identity=self._link.identity,
                side=passing.side,
                action=passing.action,
                message_id=frame.id,
                text=f"{step.name} failed, {consequence}: {name}{error}",
                detail={"point": str(passing.point)},
            )
        )


async def _ask(step: _Step, frame: Passed, passing: Passing, seconds: float | None) -> Verdict:
    verdict = step.handler(frame, passing)
    if not inspect.isawaitable(verdict):
        return verdict
    try:
        async with asyncio.timeout(seconds) as limit:
            return await verdict
    except TimeoutError as error:
        if limit.expired():
            raise TimeoutError(f"it took longer than {seconds:g} s") from error
        raise


class _Misuse(ValueError):
    """A middleware gave what may not go on in the frame's place."""


def _judged(original: Passed, given: Passed, before: str, passing: Passing) -> tuple[Passed, str]:
    """What a middleware gave, and its text, if it may go on in the place of ``original``. Raises _Misuse."""
    allowed: tuple[type, ...] = {
        Call: (Call, CallResult, CallError),
        Send: (Send,),
        CallResult: (CallResult, CallError),
        CallError: (CallResult, CallError),
    }[type(original)]
    if not isinstance(given, allowed):
        names = " or ".join(kind.__name__ for kind in allowed)
        raise _Misuse(
            f"it gave {type(given).__name__} for a {type(original).__name__}; it may be {names}, None or DROP"
        )
    if given.id != original.id:
        raise _Misuse(f"it gave the frame another id: {given.id!r}")
    if isinstance(given, Call | Send) and given.action != passing.action:
        raise _Misuse(f"it gave the call another action: {given.action!r}")
    text = encode(given)
    if text == before:
        return given, before
    fault = _fault(given, passing)
    if fault and not _fault(_parsed(before, passing.version), passing):
        raise _Misuse(f"what it gave is not valid: {fault}")
    return given, text


def _fault(frame: Passed, passing: Passing) -> str:
    """What is wrong with a frame, empty when nothing is."""
    if isinstance(frame, CallError):
        known = protocol(passing.version).error_codes.values()
        return "" if frame.code in known else f"{passing.version} has no error code {frame.code!r}"
    if passing.action not in protocol(passing.version).actions:
        return "it cannot be checked, the call that it answers is not known" if not passing.action else ""
    kind: Literal["request", "response"] = "response" if isinstance(frame, CallResult) else "request"
    return str(violation(passing.version, passing.action, kind, frame.payload, formats=True) or "")


def _parsed(text: str, version: Version) -> Passed:
    frame: Frame = parse(text, version)
    assert not isinstance(frame, CallResultError)
    return frame


def _dropped(frame: Passed) -> Outcome:
    """Nothing goes on, but who waits for an answer is told."""
    if isinstance(frame, Send):
        return Outcome(None)
    error = encode(CallError(frame.id, "GenericError", "dropped on the way by middleware"))
    return Outcome(None, error) if isinstance(frame, Call) else Outcome(error)


def _remember(calls: _Calls, key: tuple[Side, str], call: _Open) -> None:
    calls[key] = call
    if len(calls) > _KEPT_CALLS:
        del calls[next(iter(calls))]
