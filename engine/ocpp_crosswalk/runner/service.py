"""One process's worth of service, put together from a configuration."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..crosswalk import Crosswalk
from ..diagnostics import MappingError
from ..mapping.compile import prepare
from ..stores import StoreError, open_store
from ..versions import Pair
from .config import Config, ConfigError, Target
from .http import OpsServer, Page
from .logs import LogObserver, log
from .middleware_files import MiddlewareFiles
from .observe import Observer
from .proxy import Proxy
from .routing import Router
from .tap import Tap
from .tls import TlsContexts
from .watch import Stamp, stamp, watch
from .websocket import WebSocketAdapter

if TYPE_CHECKING:
    from .metrics import Metrics

WATCH_SECONDS = 2.0
_PROBE = "/readyz"
"""No station is called so: an identity has no slash."""
_PROBE_SECONDS = 2.0
_DAY = 86400.0


def load_crosswalk(config: Config) -> Crosswalk:
    """The mappings of a configuration; those of `pairs_of` are read and checked. Raises ConfigError that says what
    is wrong.
    """
    try:
        crosswalk = Crosswalk.load(
            config.mappings,
            hooks=config.hooks,
            settings=config.settings,
            profiles=config.profiles,
            builtin=config.builtin,
        )
        for pair in pairs_of(config, crosswalk):
            crosswalk.mappings(pair)
        for rule in config.rules:
            crosswalk.with_settings(rule.settings)
    except (MappingError, ValueError) as error:
        raise ConfigError(str(error)) from None
    return crosswalk


def pairs_of(config: Config, crosswalk: Crosswalk) -> list[Pair]:
    """The pairs that stations may need, by what the CSMSs speak; without any, by what the demonstration CSMS speaks."""
    spoken = {version for target in config.targets.values() for version in target.versions} or {config.demo_version}
    return [pair for pair in crosswalk.pairs if pair.csms in spoken]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Mappings that were read before the workers were forked, which share them, and how their files were then."""

    crosswalk: Crosswalk
    files: Stamp

    @classmethod
    def of(cls, config: Config) -> Loaded:
        """Raises ConfigError as `load_crosswalk` does."""
        return cls(load_crosswalk(config), stamp((*config.mappings, *config.hooks)))

    def fresh(self, config: Config) -> Crosswalk:
        """The mappings as their files are now, but for changes that are faulty: those are reported."""
        if stamp((*config.mappings, *config.hooks)) == self.files:
            return self.crosswalk
        try:
            return load_crosswalk(config)
        except Exception as error:
            LogObserver(config.log).reloaded("mappings", error)
            return self.crosswalk


class Service:
    """A running proxy. Made by `serving`."""

    def __init__(
        self, config: Config, proxy: Proxy, adapter: WebSocketAdapter, tls: TlsContexts, middleware: MiddlewareFiles
    ) -> None:
        self.config = config
        self.proxy = proxy
        self._adapter = adapter
        self._tls = tls
        self._middleware = middleware
        self.metrics_port: int | None = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listener."""
        return self._adapter.addresses

    async def reload(self) -> None:
        """Read mappings, certificates, and middleware that changed anew. A bad set is reported, and the old one
        stays.
        """
        with self._reloading("mappings"):
            self.proxy.crosswalk = await asyncio.to_thread(load_crosswalk, self.config)
        if self._middleware.changed:
            with self._reloading("middleware"):
                self._middleware.reload()
                self.proxy.middleware = self._middleware.members
        if any(self._tls.files()):
            with self._reloading("certificates"):
                self._tls.reload()

    @contextmanager
    def _reloading(self, what: str) -> Iterator[None]:
        observer = self.proxy.observer
        try:
            yield
        except Exception as error:  # whatever is wrong with what is new, the old goes on, and so does the watcher
            observer.reloaded(what, error)
        else:
            observer.reloaded(what, None)

    async def prepare(self) -> None:
        """Compile the mappings that stations may need, a template at a time between the messages: otherwise each
        mapping is compiled whole when its first message comes, and all links wait.
        """
        crosswalk = self.proxy.crosswalk
        for pair in pairs_of(self.config, crosswalk):
            for mapping in crosswalk.mappings(pair).mappings.values():
                for _ in prepare(mapping):
                    await asyncio.sleep(0)

    def watched(self) -> Iterable[Path]:
        """The files and folders whose change calls for a reload."""
        return (*self.config.mappings, *self.config.hooks, *self._middleware.files(), *self._tls.files())

    async def ready(self) -> tuple[int, str, bytes]:
        """The readiness page: 200 when stations can be served."""
        if self.proxy.draining or len(self.addresses) < len(self.config.listeners):
            return 503, "text/plain", b"starting or ending\n"
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await self.proxy.store.load(_PROBE)
        except (StoreError, TimeoutError) as error:
            return 503, "text/plain", f"the store does not answer: {error}\n".encode()
        return 200, "text/plain", f"ready, {self.proxy.links} links\n".encode()

    async def healthy(self) -> tuple[int, str, bytes]:
        """The liveness page: that it is served at all says that the event loop runs."""
        return 200, "text/plain", b"alive\n"


@asynccontextmanager
async def serving(config: Config, *, shared_port: bool = False, loaded: Loaded | None = None) -> AsyncIterator[Service]:
    """A running `Service`; when the block ends, links are ended cleanly and everything is closed.

    ``shared_port``: other processes listen on the same ports. ``loaded``: mappings that need not
    be read again. Raises ConfigError when something cannot be
    used.
    """
    crosswalk = loaded.fresh(config) if loaded else load_crosswalk(config)
    async with AsyncExitStack() as stack:
        if not config.targets:
            config = await _with_demo(config, stack)
        tls = TlsContexts(config.listeners, config.targets.values())
        observers, metrics = _observers(config, stack)
        middleware = MiddlewareFiles(config.middleware, metrics.registry if metrics else None)
        try:
            store = open_store(config.store.url, durability=config.store.durability, ttl=config.store.ttl_days * _DAY)
        except (StoreError, ValueError) as error:
            raise ConfigError(str(error)) from None
        adapter = WebSocketAdapter(
            config.listeners,
            config.limits,
            tls=tls,
            reuse_port=shared_port,
        )
        proxy = Proxy(
            crosswalk,
            Router(config.targets.values(), config.rules),
            stations=[adapter],
            csms=adapter,
            store=store,
            middleware=middleware.members,
            observers=observers,
            limits=config.limits,
        )
        service = Service(config, proxy, adapter, tls, middleware)
        try:
            await _start_ops(service, metrics, stack, shared_port)
            await proxy.start()
        except OSError as error:
            await proxy.close()
            raise ConfigError(f"cannot listen on {error}") from None
        stack.push_async_callback(proxy.close)
        if config.watch:
            _start_watching(service, stack)
        yield service


def _observers(config: Config, stack: AsyncExitStack) -> tuple[list[Observer], Metrics | None]:
    observers: list[Observer] = [LogObserver(config.log)]
    metrics: Metrics | None = None
    if config.metrics:
        from .metrics import Metrics  # its library takes a tenth of the time until stations can connect

        metrics = Metrics()
        observers.append(metrics)
    if config.tap:
        try:
            tap = Tap(config.tap)
        except OSError as error:
            raise ConfigError(f"the tap cannot be written: {error}") from None
        stack.callback(tap.close)
        observers.append(tap)
    return observers, metrics


async def _with_demo(config: Config, stack: AsyncExitStack) -> Config:
    """The configuration with a demonstration CSMS, started here, as its only target."""
    from ..demo.csms import DemoCsms

    demo = await stack.enter_async_context(DemoCsms(config.demo_version))
    log(logging.INFO, f"no CSMS given: a demonstration CSMS that speaks {config.demo_version} answers at {demo.url}")
    return replace(config, targets={"demo": Target("demo", demo.url, (config.demo_version,))})


async def _start_ops(service: Service, metrics: Metrics | None, stack: AsyncExitStack, shared_port: bool) -> None:
    if service.config.metrics is None or metrics is None:
        return

    async def page() -> tuple[int, str, bytes]:
        return 200, metrics.content_type, metrics.text()

    pages: dict[str, Page] = {"/metrics": page, "/healthz": service.healthy, "/readyz": service.ready}
    server = OpsServer(service.config.metrics, pages, reuse_port=shared_port)
    service.metrics_port = await server.start()
    stack.push_async_callback(server.close)


def _start_watching(service: Service, stack: AsyncExitStack) -> None:
    task = asyncio.create_task(watch(service.watched, service.reload, seconds=WATCH_SECONDS))

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
