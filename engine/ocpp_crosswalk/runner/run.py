"""From a configuration to an exit code: signals, event loop, workers."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any

import uvloop

from ..diagnostics import Severity
from ..versions import Pair
from .config import Config, ConfigError
from .logs import log, masked, setup
from .middleware_files import MiddlewareFiles
from .service import Loaded, Service, load_crosswalk, pairs_of, serving
from .tls import TlsContexts

OK, FAILED, UNUSABLE = 0, 1, 2
"""Exit codes: ended as asked; ended by a fault; the configuration cannot be used."""
_TIDY_SECONDS = 5.0
_TIDY_LINKS = 200
_GARBAGE = (50_000, 20, 20)
"""After how many new objects, and runs of the generation below, the garbage collector runs (Python: 700, 10, 10)."""


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT, then end all links cleanly; gives the exit code.

    SIGHUP reads mappings, middleware and certificates anew. What makes the configuration unusable is said on standard
    error.
    """
    gc.set_threshold(*_GARBAGE)  # before loading: of that, nothing is garbage
    try:
        if config.workers > 1:
            from .workers import FORKS, run_workers  # they count together: this imports Prometheus's library

            setup(config.log)
            loaded = Loaded.of(config)
            return run_workers(config, partial(work, loaded=loaded if FORKS else None))
        return _work(config, shared_port=False)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return UNUSABLE


def check(config: Config) -> int:
    """Load everything that a configuration names, check its own mappings by type, and say what is wrong; gives the exit
    code.
    """
    pairs: list[Pair] = []
    good = True
    for load in (
        lambda: pairs.extend(_checked_pairs(config)),
        lambda: MiddlewareFiles(config.middleware),
        lambda: TlsContexts(config.listeners, config.targets.values()),
    ):
        try:
            load()
        except ConfigError as error:
            print(error, file=sys.stderr)
            good = False
    if not good:
        return UNUSABLE
    listed = ", ".join(map(str, pairs))
    print(f"the configuration is good: {len(config.targets)} CSMS, {len(config.rules)} rules; mappings for {listed}")
    return OK


def _checked_pairs(config: Config) -> list[Pair]:
    """The pairs that stations may need. Raises ConfigError with the errors that mappings over the built-in ones have,
    or cause in those.
    """
    crosswalk = load_crosswalk(config)
    pairs = pairs_of(config, crosswalk)
    if not (config.mappings or config.hooks):
        return pairs
    from ..check.static import check_pack  # a proxy that runs has no need of it

    errors = [str(finding) for finding in check_pack(crosswalk.pack, pairs) if finding.severity is Severity.ERROR]
    if errors:
        raise ConfigError("\n".join(errors))
    return pairs


def work(config: Config, *, loaded: Loaded | None = None) -> int:
    """One worker of several."""
    gc.set_threshold(*_GARBAGE)
    try:
        return _work(config, shared_port=True, loaded=loaded)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return UNUSABLE


def _work(config: Config, *, shared_port: bool, loaded: Loaded | None = None) -> int:
    setup(config.log)
    return uvloop.run(_serve(config, shared_port, loaded))


async def _serve(config: Config, shared_port: bool, loaded: Loaded | None) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    async with serving(config, shared_port=shared_port, loaded=loaded) as service:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = asyncio.create_task(_beside(_renew(service)))
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        works = [_prepare(service), _tidy(service), *([_end_with_parent(stop)] if shared_port else [])]
        beside = [asyncio.create_task(_beside(work)) for work in works]
        _greet(service)
        await stop.wait()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        log(logging.INFO, f"ending {service.proxy.links} links")
    log(logging.INFO, "ended")
    return OK


async def _beside(work: Coroutine[Any, Any, None]) -> None:
    """Do what is to be done beside the links; its failure is logged, and harms none."""
    try:
        await work
    except Exception as error:
        log(logging.ERROR, "a fault of this program beside the links; please report it", error=error)


async def _renew(service: Service) -> None:
    await service.reload()
    gc.unfreeze()  # or the mappings of before would be kept for ever
    await _prepare(service)


async def _prepare(service: Service) -> None:
    """Make everything ready, and have the garbage collector leave it alone: a look at all that thousands of links
    hold takes half a second, in which no frame moves. What links leave behind is freed by counting, as a rule.
    """
    await service.prepare()
    gc.collect()
    gc.freeze()


async def _tidy(service: Service) -> None:
    """Have the garbage collector look at everything when as many links have ended as there are: what the WebSocket
    library leaves of a connection it finds only then, and by itself it would hardly ever look.
    """
    seen = 0
    while True:
        await asyncio.sleep(_TIDY_SECONDS)
        if service.proxy.ended - seen >= max(_TIDY_LINKS, service.proxy.links):
            seen = service.proxy.ended
            gc.collect()


async def _end_with_parent(stop: asyncio.Event) -> None:
    """Have a worker end when its parent was killed: it would go on beside the next instance, on the same port."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)
    log(logging.ERROR, "the parent process is gone")
    stop.set()


def _greet(service: Service) -> None:
    for (host, port), listener in zip(service.addresses, service.config.listeners, strict=True):
        scheme = "wss" if listener.tls else "ws"
        shown = f"[{host}]" if ":" in host else host
        log(logging.INFO, f"stations connect to {scheme}://{shown}:{port}/IDENTITY")
    for target in service.config.targets.values():
        log(logging.INFO, f"CSMS {target.name}: {masked(target.url)}, {', '.join(target.versions)}")
