"""What is under way in the event loop, and tells at once when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Pending(Generic[T]):
    """A result that may come later. Unlike an asyncio future it calls those who wait in the very call that ends it: a
    future has each of them called in a turn of the event loop of its own, which costs more than what most have to do.

    It can be awaited, too. For use in one event loop.
    """

    __slots__ = ("_result", "_source", "_waiting", "done", "error")

    def __init__(self) -> None:
        self.done = False
        """Whether there is a result, or an error."""
        self.error: BaseException | None = None
        """What went wrong, if it is done and something did."""
        self._result: Any = None
        self._waiting: list[Callable[[Pending[T]], None]] = []
        self._source: asyncio.Future[T] | None = None

    @classmethod
    def of(cls, awaitable: Awaitable[T]) -> Pending[T]:
        """What gives the result of ``awaitable``, which is begun."""
        pending = cls()
        pending._source = asyncio.ensure_future(awaitable)  # the event loop itself does not keep tasks alive
        pending._source.add_done_callback(pending._take_over)
        return pending

    def resolve(self, result: T) -> None:
        """It is done, and this is the result. Only the first end counts."""
        if not self.done:
            self._result = result
            self._end()

    def fail(self, error: BaseException) -> None:
        """It has failed. Only the first end counts."""
        if not self.done:
            self.error = error
            self._end()

    def then(self, call: Callable[[Pending[T]], None]) -> None:
        """Have ``call`` called when it is done: now if it is. Those who wait are called in the order in which they
        came, and should not raise: that goes to the event loop's exception handler."""
        if self.done:
            call(self)
        else:
            self._waiting.append(call)

    def result(self) -> T:
        """The result; raises what went wrong instead. To be asked when it is done."""
        if self.error is not None:
            raise self.error
        result: T = self._result
        return result

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done:
            told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.then(lambda _: None if told.done() else told.set_result(None))
            yield from told
        return self.result()

    def _end(self) -> None:
        self.done = True
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            try:
                call(self)
            except Exception as error:  # reported, and the others are told all the same
                context = {"message": "what waited for something under way failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    def _take_over(self, source: asyncio.Future[T]) -> None:
        self._source = None
        if source.cancelled():
            self.fail(asyncio.CancelledError())
        elif (error := source.exception()) is not None:
            self.fail(error)
        else:
            self.resolve(source.result())
