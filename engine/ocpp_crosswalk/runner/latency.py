"""Middleware that measures how long answers take, by pair, side and action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..frames import CallError, CallResult
from ..protocol import protocol
from .middleware import Passing

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_NAME = "ocpp_crosswalk_answer_seconds"
_LABELS = ("pair", "side", "action", "part")
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Measured:
    """How long the answers to one action took: how many there were, and the seconds of all together.

    ``part`` is `peer` for the time from a call's leaving to its answer's arrival, and `whole` for the time from
    a call's arrival to its answer's leaving; ``side`` is who was asked, or who asked.
    """

    pair: str
    side: str
    action: str
    part: str
    count: int
    seconds: float

    @property
    def mean(self) -> float:
        """Seconds for one answer, on average."""
        return self.seconds / self.count


class Latency:
    """Measures every answer into the histogram ``ocpp_crosswalk_answer_seconds`` of ``registry``."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        from prometheus_client import CollectorRegistry, Histogram  # as `service.Metrics` is: only where it is used

        self._histogram = Histogram(
            _NAME,
            "From a call to its answer: peer, in the side that was asked; whole, as seen by the side that asked",
            _LABELS,
            registry=registry or CollectorRegistry(),
            buckets=_SECONDS,
        )

    def pre_response(self, frame: CallResult | CallError, at: Passing) -> None:
        """An answer arrived."""
        self._observe(at, "peer")

    def post_response(self, frame: CallResult | CallError, at: Passing) -> None:
        """An answer leaves."""
        self._observe(at, "whole")

    pre_error = pre_response
    post_error = post_response

    def _observe(self, at: Passing, part: str) -> None:
        if at.seconds is not None:
            action = at.action if at.action in protocol(at.version).actions else "unknown"
            self._histogram.labels(at.link.label, at.side, action, part).observe(at.seconds)

    def figures(self) -> Iterator[Measured]:
        """What was measured so far in this process."""
        found: dict[str, dict[str, float]] = {"_count": {}, "_sum": {}}
        for sample in (sample for metric in self._histogram.collect() for sample in metric.samples):
            values = found.get(sample.name.removeprefix(_NAME))
            if values is not None:
                values["\n".join(sample.labels[name] for name in _LABELS)] = sample.value
        for key, count in found["_count"].items():
            pair, side, action, part = key.split("\n")
            yield Measured(pair, side, action, part, int(count), found["_sum"][key])
