"""What is counted and measured, in Prometheus's terms."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ..events import Event, EventKind
from ..protocol import protocol
from ..versions import Side, Version
from .observe import LinkInfo, Observer
from .transport import Handshake, Refused

_LATENCIES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
_ACTIONS = frozenset(action for version in Version for action in protocol(version).actions)
_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)


class _ByLabels(dict[Any, _Metric]):
    """A metric's parts by the values of their labels, one or a tuple. To ask the metric each time costs more than to
    count.
    """

    def __init__(self, metric: _Metric) -> None:
        self._metric: _Metric = metric

    def __missing__(self, values: Any) -> _Metric:
        part: _Metric = self._metric.labels(*((values,) if isinstance(values, str) else values))
        self[values] = part
        return part


class Metrics(Observer):
    """Counts what links report. Labels take values from closed sets only, whatever peers send."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"
    """That of `text`."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> _ByLabels[Counter]:
            return _ByLabels(Counter(f"ocpp_crosswalk_{name}", text, labels, registry=registry))

        def histogram(name: str, text: str, *labels: str) -> _ByLabels[Histogram]:
            metric = Histogram(f"ocpp_crosswalk_{name}", text, labels, registry=registry, buckets=_LATENCIES)
            return _ByLabels(metric)

        self._links = _ByLabels(
            Gauge(
                "ocpp_crosswalk_links",
                "Links that are open",
                ["pair", "csms"],
                registry=registry,
                multiprocess_mode="livesum",
            )
        )
        self._handshakes = counter("handshakes", "Stations' handshakes, by the status they got", "status")
        self._closes = counter("links_closed", "Links that ended, by who and with what code", "by", "code")
        self._frames = counter("frames", "Frames received, by the side they came from", "pair", "side")
        self._sent = counter("frames_sent", "Frames sent, by the side they went to", "pair", "side")
        self._messages = counter("messages", "Calls and what became of them", "pair", "side", "action", "outcome")
        self._dropped = counter(
            "dropped_fields", "Fields that the other version has no place for", "pair", "action", "field"
        )
        self._latency = histogram(
            "latency_seconds", "From a frame's arrival until all it causes is saved and sent", "pair", "side"
        )
        self._store = histogram("store_seconds", "Time the store took", "operation")
        self._store_errors = counter("store_errors", "Failures of the store", "operation")
        faults = "Faults of this program, or of what its host gave it: links they ended, handshakes, observers"
        self._faults = Counter("ocpp_crosswalk_faults", faults, registry=registry)
        self._reloads = counter("reloads", "Reloads of mappings, middleware and certificates", "what", "outcome")

    def text(self) -> bytes:
        """All values in Prometheus's text format; with several workers, the sums over all of them."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def refused(self, handshake: Handshake, refusal: Refused) -> None:
        """See `Observer`."""
        self._handshakes[str(refusal.status)].inc()

    def opened(self, link: LinkInfo) -> None:
        """See `Observer`."""
        self._handshakes["101"].inc()
        self._links[link.label, link.target].inc()

    def closed(self, link: LinkInfo, code: int, reason: str, by: str, seconds: float) -> None:
        """See `Observer`."""
        self._links[link.label, link.target].dec()
        self._closes[by, str(code) if code < 3000 else "other"].inc()

    def arrived(self, link: LinkInfo, side: Side, frame: str | bytes, now: float) -> None:
        """See `Observer`."""
        self._frames[link.label, side].inc()

    def sent(self, link: LinkInfo, side: Side, frame: str | bytes) -> None:
        """See `Observer`."""
        self._sent[link.label, side].inc()

    def handled(self, link: LinkInfo, side: Side, seconds: float) -> None:
        """See `Observer`."""
        self._latency[link.label, side].observe(seconds)

    def happened(self, link: LinkInfo, events: Sequence[Event]) -> None:
        """See `Observer`."""
        for event in events:
            action = event.action if event.action in _ACTIONS else "unknown"
            if event.kind is EventKind.DROPPED_FIELD:
                self._dropped[link.label, action, str(event.detail.get("field", ""))].inc()
            else:
                self._messages[link.label, event.side, action, event.kind].inc()

    def stored(self, link: LinkInfo, operation: str, seconds: float, error: Exception | None) -> None:
        """See `Observer`."""
        self._store[operation].observe(seconds)
        if error is not None:
            self._store_errors[operation].inc()

    def failed(self, link: LinkInfo, error: Exception) -> None:
        """See `Observer`."""
        self._faults.inc()

    def faulted(self, identity: str, error: Exception) -> None:
        """See `Observer`."""
        self._faults.inc()

    def reloaded(self, what: str, error: Exception | None) -> None:
        """See `Observer`."""
        self._reloads[what, "refused" if error else "done"].inc()
