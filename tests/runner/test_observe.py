"""Which events sessions have to make: those that some observer hears."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk.events import Event, EventKind
from ocpp_crosswalk.runner.observe import LinkInfo, Observer
from ocpp_crosswalk.runner.observers import Observers
from ocpp_crosswalk.runner.subscribe import Subscription

ALL = frozenset(EventKind)


class Everything(Observer):
    """An observer that says nothing of what it hears."""

    def happened(self, link: LinkInfo, events: Sequence[Event]) -> None:
        pass


class Nothing(Observer):
    """An observer without events."""


def subscription(*kinds: EventKind) -> Subscription:
    return Subscription(lambda event, link: None, kinds)


def test_what_nobody_hears_is_left_out() -> None:
    timeouts = subscription(EventKind.TIMEOUT)
    assert Observers([Nothing()]).unheard == ALL
    assert Observers([Nothing(), timeouts]).unheard == ALL - {EventKind.TIMEOUT}
    assert Observers([timeouts, subscription(EventKind.NOTE)]).unheard == ALL - {EventKind.TIMEOUT, EventKind.NOTE}
    assert Observers([timeouts, subscription()]).unheard == frozenset()
    assert Observers([timeouts, Everything()]).unheard == frozenset()


def test_a_session_leaves_out_what_it_is_told_to_and_sends_the_same() -> None:
    crosswalk = Crosswalk.load()
    frame = json.dumps([2, "1", "Authorize", {"idTag": "TAG"}])
    answer = json.dumps([3, "1", {"idTokenInfo": {"status": "Accepted", "chargingPriority": 3}}])

    def kinds_and_frames(left_out: frozenset[EventKind]) -> tuple[set[EventKind], list[str]]:
        session = crosswalk.session("CP-1", station="ocpp1.6", csms="ocpp2.0.1")
        session.leave_out(left_out)
        outs = [*session.connect(now=1.0), *session.receive("station", frame, now=2.0)]
        outs += session.receive("csms", answer, now=3.0)
        return {event.kind for event in session.take_events()}, [out.text for out in outs]

    kinds, frames = kinds_and_frames(frozenset())
    assert {EventKind.DROPPED_FIELD, EventKind.TRANSLATED} <= kinds
    fewer, same = kinds_and_frames(frozenset({EventKind.DROPPED_FIELD}))
    assert fewer == kinds - {EventKind.DROPPED_FIELD}
    assert same == frames
    assert kinds_and_frames(ALL) == (set(), frames)
