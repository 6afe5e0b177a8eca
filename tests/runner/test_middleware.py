"""Middleware at its eight points, over the transport in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from ocpp_crosswalk import Crosswalk, Event, EventKind, Version
from ocpp_crosswalk.frames import Call, CallError, CallResult, Send
from ocpp_crosswalk.runner.config import ConfigError, Limits, Target
from ocpp_crosswalk.runner.latency import Latency
from ocpp_crosswalk.runner.memory import MemoryAdapter
from ocpp_crosswalk.runner.middleware import DROP, Middlewares, Passing, Point
from ocpp_crosswalk.runner.middleware_files import MiddlewareFiles
from ocpp_crosswalk.runner.proxy import Proxy
from ocpp_crosswalk.runner.routing import Router
from ocpp_crosswalk.runner.transport import Closed, Connection, Dial
from ocpp_crosswalk.stores import MemoryStore

from .harness import until

CROSSWALK = Crosswalk.load()
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
HEARTBEAT = {"currentTime": "2025-01-01T00:00:00Z"}


class World:
    """A proxy in memory, with a station, and a CSMS that keeps what it gets."""

    def __init__(self) -> None:
        self.proxy: Proxy
        self.events: list[Event] = []
        self.got: list[Any] = []
        self.answers: dict[str, Any] = {
            "BootNotification": {**HEARTBEAT, "interval": 300, "status": "Accepted"},
            "Heartbeat": HEARTBEAT,
            "Authorize": {"idTokenInfo": {"status": "Accepted"}},
        }
        self.csms: Connection
        self.station: Connection

    async def serve_csms(self, connection: Connection, dial: Dial) -> None:
        self.csms = connection
        while True:
            frame = json.loads(await connection.receive())
            self.got.append(frame)
            if frame[0] == 2:
                answer = self.answers.get(frame[2], {})
                if answer is None:
                    continue
                kind = [4, frame[1], *answer] if isinstance(answer, list) else [3, frame[1], answer]
                await connection.send(json.dumps(kind))

    async def call(self, action: str, payload: dict[str, Any], message_id: str = "1") -> Any:
        """The station calls; gives the frame that comes back."""
        await self.station.send(json.dumps([2, message_id, action, payload]))
        return await self.received()

    async def received(self) -> Any:
        return json.loads(await asyncio.wait_for(self.station.receive(), 2))

    def failures(self) -> list[str]:
        return [event.text for event in self.events if event.kind is EventKind.MIDDLEWARE_ERROR]


@asynccontextmanager
async def world(
    *middleware: object, station: str = "ocpp1.6", csms: str = "ocpp2.0.1", limits: Limits | None = None
) -> AsyncIterator[World]:
    w = World()
    adapter = MemoryAdapter(w.serve_csms, [csms])
    target = Target("main", "memory", (Version(csms),))
    w.proxy = Proxy(
        CROSSWALK,
        Router([target]),
        stations=[adapter],
        csms=adapter,
        store=MemoryStore(),
        middleware=middleware,
        limits=limits or Limits(),
    )
    w.proxy.subscribe(lambda event, link: w.events.append(event))
    async with w.proxy:
        w.station, _ = await adapter.station("CP-1", station)
        yield w


class Recorder:
    """Notes what passes, and changes nothing."""

    def __init__(self, name: str, seen: list[tuple[str, Point, Any, Passing]]) -> None:
        self._name = name
        self._seen = seen
        for point in Point:
            setattr(self, point, self._note)

    def _note(self, frame: Any, at: Passing) -> None:
        self._seen.append((self._name, at.point, frame, at))


# -- what is seen --


async def test_each_point_sees_its_frames_in_its_sides_words() -> None:
    seen: list[tuple[str, Point, Any, Passing]] = []
    async with world(Recorder("a", seen), Recorder("b", seen)) as w:
        await w.call("BootNotification", BOOT)
        await w.csms.send('[2,"c1","ClearCache",{}]')
        asked = await w.received()
        await w.station.send(json.dumps([4, asked[1], "InternalError", "no", {}]))
        await asyncio.sleep(0.05)
        assert w.got[-1][:3] == [4, "c1", "InternalError"]
    points = [(name, str(point)) for name, point, _, _ in seen]
    assert points == [
        ("a", "pre_upstream"), ("b", "pre_upstream"), ("b", "post_upstream"), ("a", "post_upstream"),
        ("a", "pre_response"), ("b", "pre_response"), ("b", "post_response"), ("a", "post_response"),
        ("a", "pre_downstream"), ("b", "pre_downstream"), ("b", "post_downstream"), ("a", "post_downstream"),
        ("a", "pre_error"), ("b", "pre_error"), ("b", "post_error"), ("a", "post_error"),
    ]  # fmt: skip
    mine = [(point, frame, at) for name, point, frame, at in seen if name == "a"]
    assert [at.version for _, _, at in mine] == [
        "ocpp1.6", "ocpp2.0.1", "ocpp2.0.1", "ocpp1.6", "ocpp2.0.1", "ocpp1.6", "ocpp1.6", "ocpp2.0.1",
    ]  # fmt: skip
    assert {at.action for _, _, at in mine} == {"BootNotification", "ClearCache"}
    assert [at.seconds is None for _, _, at in mine] == [True, True, False, False] * 2
    assert all(at.seconds < 1 for _, _, at in mine if at.seconds is not None)
    assert mine[0][1].payload == BOOT
    assert mine[1][1].payload["chargingStation"] == {"vendorName": "V", "model": "M"}
    assert mine[0][2].link.identity == "CP-1"
    assert not w.failures()


async def test_between_equal_versions_frames_pass_untouched_but_seen() -> None:
    seen: list[tuple[str, Point, Any, Passing]] = []
    async with world(Recorder("a", seen), station="ocpp2.0.1") as w:
        await w.station.send('[2 , "1","Heartbeat",{ }]')
        assert (await w.received())[1:] == ["1", HEARTBEAT]
        await w.station.send("garbage")
        await asyncio.sleep(0.05)
    assert [str(point) for _, point, _, _ in seen] == [
        "pre_upstream", "post_upstream", "pre_response", "post_response",
    ]  # fmt: skip


async def test_functions_may_be_async_and_are_named_after_points() -> None:
    async def pre_upstream(call: Call, at: Passing) -> Call:
        await asyncio.sleep(0)
        return Call(call.id, call.action, {**call.payload, "firmwareVersion": "9"})

    async with world(pre_upstream) as w:
        await w.call("BootNotification", BOOT)
        assert w.got[0][3]["chargingStation"]["firmwareVersion"] == "9"


# -- changes --


async def test_a_payload_may_be_changed_in_place_at_every_point() -> None:
    class Change:
        def post_upstream(self, call: Call, at: Passing) -> None:
            call.payload["reason"] = "Watchdog"

        def pre_response(self, result: CallResult, at: Passing) -> CallResult:
            return CallResult(result.id, {**result.payload, "interval": 77})

        def post_response(self, result: CallResult, at: Passing) -> None:
            result.payload["status"] = "Pending"

    async with world(Change()) as w:
        answer = await w.call("BootNotification", BOOT)
        assert w.got[0][3]["reason"] == "Watchdog"
        assert (answer[2]["interval"], answer[2]["status"]) == (77, "Pending")
        assert not w.failures()


async def test_an_answer_may_become_an_error_and_an_error_an_answer() -> None:
    class Turn:
        def pre_response(self, result: CallResult, at: Passing) -> Any:
            return CallError(result.id, "SecurityError", "not today") if at.action == "Authorize" else None

        def pre_error(self, error: CallError, at: Passing) -> Any:
            return CallResult(error.id, HEARTBEAT)

    async with world(Turn()) as w:
        w.answers["Heartbeat"] = ["InternalError", "broken", {}]
        assert (await w.call("Heartbeat", {}, "1"))[:2] == [3, "1"]
        answer = await w.call("Authorize", {"idTag": "X"}, "2")
        assert answer[:3] == [4, "2", "SecurityError"]


@pytest.mark.parametrize("point", ["pre_upstream", "post_upstream"])
async def test_a_call_may_be_answered_on_its_way(point: str) -> None:
    class Answer:
        pass

    seen: list[str] = []
    middleware = Answer()
    setattr(middleware, point, lambda call, at: CallResult(call.id, HEARTBEAT))
    middleware.post_response = lambda result, at: seen.append(at.action)  # type: ignore[attr-defined]
    for station in ("ocpp1.6", "ocpp2.0.1"):
        async with world(middleware, station=station) as w:
            assert (await w.call("Heartbeat", {}))[:2] == [3, "1"]
            assert w.got == []
            assert not w.failures()
    assert seen == ["Heartbeat", "Heartbeat"]


@pytest.mark.parametrize("point", ["pre_upstream", "post_upstream"])
async def test_a_call_may_be_refused(point: str) -> None:
    class Refuse:
        pass

    middleware = Refuse()
    setattr(middleware, point, lambda call, at: CallError(call.id, "SecurityError", "not you"))
    for station in ("ocpp1.6", "ocpp2.0.1"):
        async with world(middleware, station=station) as w:
            assert (await w.call("Heartbeat", {}))[:4] == [4, "1", "SecurityError", "not you"]
            assert w.got == []


# -- drops: every call is answered all the same --


@pytest.mark.parametrize("point", ["pre_upstream", "post_upstream", "pre_response", "post_response"])
@pytest.mark.parametrize("station", ["ocpp1.6", "ocpp2.0.1"])
async def test_whatever_is_dropped_the_caller_is_answered(point: str, station: str) -> None:
    class Drop:
        pass

    middleware = Drop()
    setattr(middleware, point, lambda frame, at: DROP)
    async with world(middleware, station=station) as w:
        answer = await w.call("Heartbeat", {})
        assert answer[:3] == [4, "1", "GenericError"]
        assert "middleware" in answer[3]
        assert [frame[2] for frame in w.got] == ([] if "upstream" in point else ["Heartbeat"])
        assert not w.failures()


@pytest.mark.parametrize("point", ["pre_error", "post_error"])
async def test_a_dropped_error_is_an_error_without_details(point: str) -> None:
    class Drop:
        pass

    middleware = Drop()
    setattr(middleware, point, lambda frame, at: DROP)
    async with world(middleware) as w:
        w.answers["Heartbeat"] = ["InternalError", "secret of the CSMS", {"trace": "x"}]
        answer = await w.call("Heartbeat", {})
        assert answer[:3] == [4, "1", "GenericError"]
        assert "secret" not in str(answer)


async def test_a_dropped_send_is_gone() -> None:
    class Drop:
        def post_upstream(self, frame: Call | Send, at: Passing) -> Any:
            return DROP if isinstance(frame, Send) else None

    async with world(Drop(), station="ocpp2.1", csms="ocpp2.1") as w:
        await w.station.send('[6,"s1","NotifyPeriodicEventStream",{}]')
        assert (await w.call("Heartbeat", {}))[:2] == [3, "1"]
        assert [frame[2] for frame in w.got] == ["Heartbeat"]


async def test_a_call_of_the_csms_that_is_dropped_is_answered() -> None:
    class Drop:
        def post_downstream(self, frame: Call, at: Passing) -> Any:
            return DROP

    async with world(Drop()) as w:
        await w.call("BootNotification", BOOT)
        await w.csms.send('[2,"c1","ClearCache",{}]')
        await asyncio.sleep(0.05)
        assert w.got[-1][:3] == [4, "c1", "GenericError"]


# -- failures --

BAD: list[tuple[Callable[[Any, Any], Any], str]] = [
    (lambda f, at: 1 / 0, "ZeroDivisionError: division by zero"),
    (lambda f, at: "text", "it gave str for a Call; it may be Call or CallResult or CallError, None or DROP"),
    (lambda f, at: Call("other", f.action, f.payload), "it gave the frame another id: 'other'"),
    (lambda f, at: Call(f.id, "Reset", f.payload), "it gave the call another action: 'Reset'"),
    (lambda f, at: Call(f.id, f.action, {"x": 1}), "what it gave is not valid: "),
    (lambda f, at: f.payload.clear(), "what it gave is not valid: "),
    (lambda f, at: CallResult(f.id, {"status": "Fine"}), "what it gave is not valid: "),
    (lambda f, at: CallError(f.id, "NoSuchCode"), "what it gave is not valid: ocpp"),
    (lambda f, at: Call(f.id, f.action, {**f.payload, "x": object()}), "cannot be written as JSON"),
]


@pytest.mark.parametrize(("function", "said"), BAD, ids=[said for _, said in BAD])
@pytest.mark.parametrize("point", ["pre_upstream", "post_upstream"])
async def test_a_failure_is_an_event_and_the_frame_goes_on(
    function: Callable[[Any, Any], Any], said: str, point: str
) -> None:
    class Bad:
        pass

    middleware = Bad()
    setattr(middleware, point, function)
    async with world(middleware) as w:
        answer = await w.call("BootNotification", BOOT)
        assert answer[2]["status"] == "Accepted"
        assert w.got[0][3]["chargingStation"] == {"vendorName": "V", "model": "M"}
        (failure,) = w.failures()
        assert failure.startswith(f"Bad.{point} failed, the frame went on without it: ")
        assert said in failure


async def test_what_a_failing_one_had_changed_is_undone_and_what_others_changed_is_kept() -> None:
    class First:
        def pre_upstream(self, call: Call, at: Passing) -> None:
            call.payload["firmwareVersion"] = "1"

    class Failing:
        def pre_upstream(self, call: Call, at: Passing) -> None:
            call.payload["chargePointModel"] = "half done"
            raise RuntimeError("oh")

    async with world(First(), Failing()) as w:
        await w.call("BootNotification", BOOT)
        assert w.got[0][3]["chargingStation"] == {"vendorName": "V", "model": "M", "firmwareVersion": "1"}


async def test_one_that_is_required_drops_what_it_fails_on() -> None:
    class Guard:
        required = True

        def pre_upstream(self, call: Call, at: Passing) -> None:
            raise RuntimeError("the list of keys cannot be read")

    async with world(Guard()) as w:
        assert (await w.call("Heartbeat", {}))[:3] == [4, "1", "GenericError"]
        assert w.got == []
        assert "the frame was dropped" in w.failures()[0]


async def test_one_that_hangs_costs_its_time_only() -> None:
    async def post_upstream(call: Call, at: Passing) -> None:
        await asyncio.Event().wait()

    async with world(post_upstream, limits=Limits(middleware_seconds=0.05)) as w:
        assert (await w.call("Heartbeat", {}))[:2] == [3, "1"]
        assert w.failures() == ["post_upstream failed, the frame went on without it: TimeoutError: "
                                "it took longer than 0.05 s"]  # fmt: skip


async def test_a_change_may_not_make_an_answer_invalid_between_equal_versions() -> None:
    class Bad:
        def post_response(self, result: CallResult, at: Passing) -> Any:
            return CallResult(result.id, {})

    async with world(Bad(), station="ocpp2.0.1") as w:
        assert (await w.call("Heartbeat", {}))[2] == HEARTBEAT
        assert len(w.failures()) == 1
        await w.csms.send('[3,"never asked",{}]')
        assert (await w.received())[1] == "never asked"


async def test_what_the_peer_made_invalid_is_the_sessions_to_judge() -> None:
    class Change:
        def pre_upstream(self, call: Call, at: Passing) -> None:
            call.payload["firmwareVersion"] = "1"

    async with world(Change()) as w:
        answer = await w.call("BootNotification", {"chargePointVendor": "V"})
        assert answer[:3] == [4, "1", "OccurenceConstraintViolation"]
        assert w.got == []
        assert not w.failures()


# -- loading --


def test_what_is_no_middleware_is_said() -> None:
    class Misspelt:
        def pre_upsteam(self, call: Call, at: Passing) -> None: ...

    def helper() -> None: ...

    with pytest.raises(
        ValueError, match=r"Misspelt has 'pre_upsteam', which is no point\. Did you mean 'pre_upstream'"
    ):
        Middlewares([Misspelt()])
    with pytest.raises(ValueError, match="object is no middleware"):
        Middlewares([object()])
    with pytest.raises(ValueError, match="'helper', which is no point"):
        Middlewares([helper])
    with pytest.raises(ValueError, match="Seven has 'pre_upstream', which is no function but 7"):
        Middlewares([type("Seven", (), {"pre_upstream": 7})()])
    assert not Middlewares()


FILE = """\
class Vendor:
    def pre_upstream(self, call, at):
        call.payload["chargePointVendor"] = "Ours"

async def post_response(result, at):
    pass

middleware = [Vendor(), post_response]
"""


def test_middleware_from_files(tmp_path: Path) -> None:
    good, bad, empty = tmp_path / "good.py", tmp_path / "bad.py", tmp_path / "empty.py"
    good.write_text(FILE)
    bad.write_text("1 / 0")
    empty.write_text("")
    loaded = MiddlewareFiles((good, "latency")).members
    assert [type(one).__name__ for one in loaded] == ["Vendor", "function", "Latency"]
    faults: Sequence[tuple[Path, str]] = (
        (bad, "the file does not load: ZeroDivisionError"),
        (empty, "no list called `middleware`"),
        (tmp_path / "none.py", "not a Python file"),
    )
    for path, said in faults:
        with pytest.raises(ConfigError, match=said) as caught:
            MiddlewareFiles(("latency", path))
        assert str(caught.value).startswith(f"middleware.1: {path}: ")
        assert "docs/embedding.md" in str(caught.value)


def test_only_files_that_changed_are_run_again_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text(FILE)
    two.write_text(FILE)
    files = MiddlewareFiles((one, "latency", two), CollectorRegistry())
    before = files.members
    assert not files.changed
    one.write_text(FILE + "middleware = [post_response]\n")
    assert files.changed
    two.write_text("1 / 0")
    with pytest.raises(ConfigError, match=r"two\.py: the file does not load: ZeroDivisionError"):
        files.reload()
    assert (files.members, files.changed) == (before, True)
    two.write_text(FILE)
    files.reload()
    assert not files.changed
    assert [type(member).__name__ for member in files.members] == ["function", "Latency", "Vendor", "function"]
    assert files.members[1] is before[2]
    assert files.members[2] is not before[3]
    kept = files.members
    two.unlink()
    with pytest.raises(ConfigError, match="not a Python file"):
        files.reload()
    one.write_text(FILE)
    two.write_text(FILE)
    files.reload()
    one.write_text(FILE + "# more\n")
    stays = files.members[3:]
    files.reload()
    assert files.members[3:] == stays != kept[2:]


# -- other middleware while links run --


@pytest.mark.parametrize("station", ["ocpp1.6", "ocpp2.0.1"])
async def test_calls_meet_the_new_middleware_and_answers_what_their_call_met(station: str) -> None:
    seen: list[tuple[str, Point, Any, Passing]] = []
    async with world(Recorder("old", seen), station=station) as w:
        w.answers["Heartbeat"] = None
        await w.station.send('[2,"1","Heartbeat",{}]')
        await until(lambda: w.got)
        await w.csms.send('[2,"c1","ClearCache",{}]')
        asked = await w.received()
        w.proxy.middleware = [Recorder("new", seen)]
        await w.csms.send(json.dumps([3, w.got[0][1], HEARTBEAT]))
        assert (await w.received())[:2] == [3, "1"]
        await w.station.send(json.dumps([3, asked[1], {"status": "Accepted"}]))
        await until(lambda: len(w.got) == 2)
        w.answers["Heartbeat"] = HEARTBEAT
        await w.call("Heartbeat", {}, "2")
        w.proxy.middleware = []
        await w.call("Heartbeat", {}, "3")
    assert [(name, str(point)) for name, point, _, _ in seen] == [
        ("old", "pre_upstream"), ("old", "post_upstream"), ("old", "pre_downstream"), ("old", "post_downstream"),
        ("old", "pre_response"), ("old", "post_response"), ("old", "pre_response"), ("old", "post_response"),
        ("new", "pre_upstream"), ("new", "post_upstream"), ("new", "pre_response"), ("new", "post_response"),
    ]  # fmt: skip


async def test_a_link_without_middleware_takes_it_up() -> None:
    seen: list[tuple[str, Point, Any, Passing]] = []
    async with world() as w:
        await w.call("Heartbeat", {}, "1")
        new = Recorder("new", seen)
        w.proxy.middleware = [new]
        assert w.proxy.middleware == (new,)
        await w.call("Heartbeat", {}, "2")
        with pytest.raises(ValueError, match="is no middleware"):
            w.proxy.middleware = [object()]
        await w.call("Heartbeat", {}, "3")
    assert [str(point) for _, point, _, _ in seen] == [
        "pre_upstream", "post_upstream", "pre_response", "post_response",
    ] * 2  # fmt: skip
    assert {at.action for _, _, _, at in seen} == {"Heartbeat"}


async def test_latency_is_measured_by_pair_and_action() -> None:
    latency = Latency()
    async with world(latency) as w:
        await w.call("BootNotification", BOOT, "1")
        await w.call("Heartbeat", {}, "2")
        await w.call("Heartbeat", {}, "3")
        await w.call("Authorize", {}, "4")
        await w.call("NoSuchAction1", {}, "5")
        await w.call("NoSuchAction2", {}, "6")
    measured = {(m.pair, m.side, m.action, m.part): m for m in latency.figures()}
    pair = "ocpp1.6--ocpp2.0.1"
    assert {key: m.count for key, m in measured.items()} == {
        (pair, "csms", "BootNotification", "peer"): 1,
        (pair, "station", "BootNotification", "whole"): 1,
        (pair, "csms", "Heartbeat", "peer"): 2,
        (pair, "station", "Heartbeat", "whole"): 2,
        (pair, "station", "Authorize", "whole"): 1,
        (pair, "station", "unknown", "whole"): 2,
    }
    whole, peer = measured[pair, "station", "Heartbeat", "whole"], measured[pair, "csms", "Heartbeat", "peer"]
    assert 0 < peer.mean <= whole.mean < 1


async def test_a_station_and_a_csms_in_memory_are_closed_with_the_proxy() -> None:
    async with world() as w:
        await w.call("Heartbeat", {})
        assert w.proxy.links == 1
    with pytest.raises(Closed) as closed:
        await w.station.receive()
    assert closed.value.code == 1012
    with pytest.raises(Closed):
        await w.csms.receive()
    kinds = [event.kind for event in w.events]
    assert kinds[0] is EventKind.CONNECTED
    assert kinds[-1] is EventKind.DISCONNECTED
    assert EventKind.TRANSLATED in kinds
