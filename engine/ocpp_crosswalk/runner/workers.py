"""Several processes on one port: a parent that starts workers, keeps their number, and ends them."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.process import BaseProcess
from types import FrameType

from prometheus_client import multiprocess, values

from .addresses import naming
from .config import Config, ConfigError, Endpoint
from .logs import log

FORKS = sys.platform == "linux"
"""Whether workers are forked: they come up at once, and share the memory of what was loaded before."""
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_LEAST_LIFE = 5.0
"""A worker that lives shorter than this, in seconds, is not replaced at once."""
_UNUSABLE_SECONDS = 5.0
"""After how long a worker is started again that could not use a configuration which others could."""
_END_SECONDS = 60.0
"""How long workers have to end their links; those that still run then are killed."""


def run_workers(config: Config, work: Callable[[Config], int]) -> int:
    """Run ``config.workers`` processes of ``work`` until SIGTERM or SIGINT; gives the exit code.

    A worker that dies is replaced. If files of the configuration have become unusable meanwhile, the others go on,
    and it is tried again until they are mended. SIGHUP is passed on. Workers end by themselves when this process is
    gone. Raises ConfigError when an address cannot be taken.
    """
    with ExitStack() as stack:
        config = _with_ports(config, stack)
        folder = tempfile.mkdtemp(prefix="ocpp-crosswalk-metrics-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        stack.callback(os.environ.pop, "PROMETHEUS_MULTIPROC_DIR", None)
        return _Parent(config, work).run()


class _Parent:
    def __init__(self, config: Config, work: Callable[[Config], int]) -> None:
        self._config = config
        self._work = work
        self._context = multiprocessing.get_context("fork") if FORKS else multiprocessing.get_context("spawn")
        self._workers: dict[int, tuple[BaseProcess, float]] = {}
        self._due: dict[int, float] = {}
        """When the slots that lost their worker get another one."""
        self._proven: set[int] = set()
        """The slots that have had a worker that could use the configuration, as far as is known."""
        self._ending: float | None = None
        self._failed = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._pass_on)
        self._due = dict.fromkeys(range(self._config.workers), 0.0)
        self._look_after()
        log(logging.INFO, f"{len(self._workers)} workers started")
        while self._workers or (self._due and self._ending is None):
            self._look_after()
            time.sleep(0.1)
        return 1 if self._failed else 0

    def _start(self, slot: int) -> None:
        process = self._context.Process(target=_worker, args=(self._work, self._config), name=f"worker-{slot}")
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until the worker has left this process's handlers behind
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._workers[slot] = (process, time.monotonic())

    def _look_after(self) -> None:
        for slot, (process, started) in list(self._workers.items()):
            if process.is_alive():
                continue
            process.join()
            if process.pid is not None:
                multiprocess.mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
            del self._workers[slot]
            if self._ending is not None:
                continue
            now = time.monotonic()
            if process.exitcode != _UNUSABLE:
                log(logging.ERROR, f"worker {slot} ended with {process.exitcode}; another one is started")
                self._proven.add(slot)
                self._due[slot] = now + max(0.0, min(1.0, _LEAST_LIFE - (now - started)))
            elif slot in self._proven:
                log(logging.ERROR, f"worker {slot} cannot use the configuration any more; it is tried again")
                self._due[slot] = now + _UNUSABLE_SECONDS
            else:
                self._failed = True
                self._end(signal.SIGTERM, None)
        if self._ending is None:
            for slot in [slot for slot, due in self._due.items() if due <= time.monotonic()]:
                del self._due[slot]
                self._start(slot)
        else:  # again and again: a worker may have been about to start
            late = time.monotonic() > self._ending + _END_SECONDS
            self._signal(signal.SIGKILL if late else signal.SIGTERM)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._ending is None:
            self._ending = time.monotonic()
        self._signal(signal.SIGTERM)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._signal(signal.SIGHUP)

    def _signal(self, number: signal.Signals) -> None:
        for process, _ in self._workers.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, number)


_UNUSABLE = 2
"""The exit code of a worker that cannot use its configuration."""


def _worker(work: Callable[[Config], int], config: Config) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    # The library chose where values are kept when it was imported, before the folder of all workers was named.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
    raise SystemExit(work(config))


def _with_ports(config: Config, stack: ExitStack) -> Config:
    """The configuration with every port 0 replaced by a free one, and all ports seen to be free."""
    listeners = tuple(
        replace(listener, port=_claim(listener.host, listener.port, stack)) for listener in config.listeners
    )
    metrics = config.metrics
    if metrics is not None:
        metrics = Endpoint(metrics.host, _claim(metrics.host, metrics.port, stack))
    return replace(config, listeners=listeners, metrics=metrics)


def _claim(host: str, port: int, stack: ExitStack) -> int:
    """Bind, without listening, so that the workers can share the port and nobody else can take it
    meanwhile.
    """
    try:
        with naming(host, port):
            family, kind, protocol, _, address = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            claim = stack.enter_context(socket.socket(family, kind, protocol))
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            claim.bind(address)
    except OSError as error:
        raise ConfigError(f"cannot listen on {error}") from None
    return int(claim.getsockname()[1])
