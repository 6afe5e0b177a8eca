"""What is under way tells at once, once, and everybody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ocpp_crosswalk.pending import Pending


def test_those_who_wait_are_told_in_the_call_that_ends_it_and_in_order() -> None:
    pending: Pending[int] = Pending()
    heard: list[Any] = []
    pending.then(lambda ended: heard.append(("first", ended.result())))
    pending.then(lambda ended: heard.append(("second", ended.result())))
    assert not pending.done and heard == []
    pending.resolve(7)
    assert heard == [("first", 7), ("second", 7)]
    pending.then(lambda ended: heard.append("late"))
    assert heard[-1] == "late"


def test_only_the_first_end_counts() -> None:
    pending: Pending[int] = Pending()
    calls: list[int] = []
    pending.then(lambda _: calls.append(1))
    pending.resolve(1)
    pending.resolve(2)
    pending.fail(ValueError())
    assert (pending.result(), pending.error, calls) == (1, None, [1])


def test_a_failure_is_raised_to_who_asks() -> None:
    pending: Pending[int] = Pending()
    pending.fail(ValueError("no"))
    assert isinstance(pending.error, ValueError)
    with pytest.raises(ValueError, match="no"):
        pending.result()


async def test_it_can_be_awaited_by_several_and_by_who_comes_late() -> None:
    pending: Pending[str] = Pending()

    async def wait() -> str:
        return await pending

    tasks = [asyncio.create_task(wait()) for _ in range(2)]
    await asyncio.sleep(0)
    pending.resolve("done")
    assert await asyncio.gather(*tasks) == ["done", "done"]
    assert await pending == "done"


async def test_who_is_cancelled_while_waiting_is_left_out() -> None:
    pending: Pending[str] = Pending()

    async def wait() -> str:
        return await pending

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pending.resolve("done")
    assert task.cancelled() and await pending == "done"


@pytest.mark.parametrize("error", [None, ValueError("no")])
async def test_what_is_awaitable_can_be_made_one(error: Exception | None) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return 3

    pending = Pending.of(work())
    assert not pending.done
    if error is None:
        assert await pending == 3
    else:
        with pytest.raises(ValueError, match="no"):
            await pending


async def test_a_cancelled_task_ends_what_was_made_of_it() -> None:
    task = asyncio.ensure_future(asyncio.sleep(60))
    pending = Pending.of(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pending


async def test_one_who_fails_when_told_keeps_it_from_nobody_else() -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    pending: Pending[int] = Pending()
    pending.then(lambda _: 1 / 0)
    pending.then(lambda ended: told.append(ended.result()))
    pending.resolve(5)
    assert isinstance(told[0], ZeroDivisionError) and told[1] == 5
