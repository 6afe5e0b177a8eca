"""Trees from patterns, made by more than one thread."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from ocpp_crosswalk.expressions.quote import quote, statements

ROUNDS = 20


@pytest.fixture
def collecting() -> Iterator[None]:
    """Garbage is collected every few objects, and each time another thread gets its turn."""
    before = gc.get_threshold()

    def turn(phase: str, info: dict[str, int]) -> None:
        time.sleep(0.00001)

    gc.callbacks.append(turn)
    gc.set_threshold(20)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(turn)


def test_two_threads_may_compile_at_once(collecting: None) -> None:
    faults: list[BaseException] = []

    def make(thread: int) -> None:
        try:
            for number in range(ROUNDS):
                quote(f"[a{thread}_{number}, f(x)(y).z if (b and not c) else {{'d': [e, (g := h)]}}]")
                statements(f"if a{thread}_{number}:\n    for b in c:\n        d[e] = f(x=g(h, i))")
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
