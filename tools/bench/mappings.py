"""What mappings cost: microseconds per message, compiled, interpreted, and written by hand.

Each action of a pair is mapped from its call to its answer, with replies made up from the schemas: conditions,
templates and hooks, without frames, validation and session. The hand-written references build what the mapping
builds, in plain Python, from the same values; beside them stands what of the compiled exchange is generated code.
"""

from __future__ import annotations

import gc
import random
import timeit
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from time import perf_counter_ns
from typing import Any
from unittest import mock

from ocpp_crosswalk import Crosswalk
from ocpp_crosswalk import interpreter as interpreter_module
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.expressions import Expression, Scope
from ocpp_crosswalk.expressions.reference import ReferenceExpression
from ocpp_crosswalk.hooks import BUILTIN, metering, topology, values
from ocpp_crosswalk.interpreter import Failure, MappingFault, accept_reply, advance, begin, finish, further_calls
from ocpp_crosswalk.mapping import model
from ocpp_crosswalk.mapping.template import Node
from ocpp_crosswalk.versions import Pair, Side
from ocpp_crosswalk.view import View

NOW = 1_790_000_000.0
PAYLOADS = 20
Exchange = Callable[[dict[str, Any], View], Any]


def view_of(crosswalk: Crosswalk, pair: Pair, data: dict[str, Any]) -> View:
    """A session's view over ``data``."""
    view = View(
        identity="CP-1",
        pair=pair,
        settings=crosswalk.settings,
        data=data,
        tables=crosswalk.pack.resources.table_values,
        fresh_id=lambda: "id-1",
    )
    view.now = NOW
    return view


def exchange(mapping: model.Mapping, pair: Pair, seed: int) -> Exchange:
    """One exchange of a mapping, from the call to the answer, with the same replies every time."""
    rng = random.Random(seed)
    replies: dict[str, dict[str, Any]] = {}
    for route in mapping.routes:
        if isinstance(route.outcome, model.Forward):
            for step in route.outcome.steps:
                version = pair.version(step.to)
                replies.setdefault(step.action, random_payload(rng, version, step.action, "response"))

    def run(payload: dict[str, Any], view: View) -> Any:
        try:
            under_way = begin(mapping, payload, view)
            while (call := advance(under_way)) is not None:
                accept_reply(under_way, replies[call.action])
            answer = finish(under_way, None)
            return answer if isinstance(answer, Failure) else (answer, further_calls(under_way))
        except MappingFault as fault:
            return fault.failure

    return run


@contextmanager
def interpreted() -> Iterator[None]:
    """Templates and expressions are interpreted in here."""

    def compile_nothing(self: Expression, *, over_object: bool) -> Any:
        return ReferenceExpression(self.source, self.functions, self.node).evaluate

    def evaluate(node: Node, data: Any, scope: Scope) -> Any:
        return node.evaluate(data, scope)

    with (
        mock.patch.object(Expression, "_compile", compile_nothing),
        mock.patch.object(interpreter_module, "run", evaluate),
    ):
        yield


def cost(run: Exchange, payloads: list[dict[str, Any]], fresh: Callable[[], View], repeats: int) -> float:
    """Microseconds per exchange: the median over rounds of the mean over payloads. State starts empty each time."""
    rounds = []
    gc.disable()
    for _ in range(repeats + 1):
        spent = 0
        for payload in payloads:
            view = fresh()
            start = perf_counter_ns()
            run(payload, view)
            spent += perf_counter_ns() - start
        rounds.append(spent / len(payloads) / 1000)
    gc.enable()
    return median(rounds[1:])


def code_cost(run: Exchange, payload: dict[str, Any], fresh: Callable[[], View], repeats: int) -> float:
    """Microseconds of an exchange that are spent in generated code: its templates and conditions, one by one."""
    calls: list[Callable[[], Any]] = []
    run_template, evaluate = interpreter_module.run, interpreter_module._evaluate

    def template(node: Node, data: Any, scope: Scope) -> Any:
        calls.append(partial(run_template, node, data, Scope(dict(scope.variables), scope.view)))
        return run_template(node, data, scope)

    def condition(expression: Any, data: Any, scope: Scope) -> Any:
        calls.append(partial(expression.evaluate, data, Scope(dict(scope.variables), scope.view)))
        return evaluate(expression, data, scope)

    with (
        mock.patch.object(interpreter_module, "run", template),
        mock.patch.object(interpreter_module, "_evaluate", condition),
    ):
        run(payload, fresh())
    return sum(min(timeit.repeat(call, number=200, repeat=repeats)) / 200 * 1e6 for call in calls)


# -- written by hand --

METER_VALUES = {
    "connectorId": 1,
    "meterValue": [
        {
            "timestamp": "2026-09-21T12:00:00Z",
            "sampledValue": [
                {
                    "value": "1234.5",
                    "measurand": "Energy.Active.Import.Register",
                    "unit": "Wh",
                    "context": "Sample.Clock",
                },
                {"value": "16.1", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
                {"value": "230", "measurand": "Voltage", "unit": "V", "phase": "L1"},
                {"value": "21.5", "measurand": "Temperature", "unit": "Celsius"},
            ],
        }
    ],
}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": "2026-09-21T12:00:00Z"}
HEARTBEAT: dict[str, Any] = {}
_GONE = ("Temperature", "RPM")
_UNITS = {"Celsius": "Celsius", "Percent": "Percent"}


def meter_values(payload: dict[str, Any], view: View) -> Any:
    """MeterValues of 1.6 outside a transaction, in 2.0.1, by hand, with the functions that the mapping calls."""
    readings = []
    for reading in payload["meterValue"]:
        sampled = reading["sampledValue"]
        signed = [sample for sample in sampled if sample.get("format") == "SignedData"]
        samples = []
        for sample in sampled:
            if sample.get("format") == "SignedData" or sample.get("measurand") in _GONE:
                continue
            number = values.numeric(sample["value"])
            if number is None:
                continue
            made: dict[str, Any] = {"value": number}
            for name in ("context", "measurand", "phase", "location"):
                if name in sample:
                    made[name] = sample[name]
            if "unit" in sample:
                made["unitOfMeasure"] = {"unit": _UNITS.get(sample["unit"], sample["unit"])}
            if signed and (twin := metering.signed_twin(sample, signed)) is not None:
                made["signedMeterValue"] = {"signedMeterData": twin, "signingMethod": "", "encodingMethod": ""}
            samples.append(made)
        if samples:
            readings.append({"timestamp": values.utc(view, reading["timestamp"]), "sampledValue": samples})
    if not readings or "transactionId" in payload:
        return {}, []
    connector = payload["connectorId"]
    evse = topology.evse(view, connector)["id"] if connector > 0 else 0
    return {"evseId": evse, "meterValue": readings}, {}


def heartbeat(payload: dict[str, Any], view: View) -> Any:
    """Heartbeat of 1.6 in 2.0.1, by hand."""
    request: dict[str, Any] = {}
    response = {"currentTime": values.utc(view, "2026-09-21T12:00:00Z")}
    return request, response


def status_notification(payload: dict[str, Any], view: View) -> Any:
    """StatusNotification of 1.6 in 2.0.1, by hand, with the hooks that the mapping calls."""
    connector = payload["connectorId"]
    status = _STATES[payload["status"]]
    transaction = BUILTIN["chargingStateChanged"].call(view, connector, payload["status"])
    problems = BUILTIN["problemsChanged"].call(view, connector, payload["errorCode"])
    news = BUILTIN["reportStatus"].call(view, connector, status)
    calls: list[Any] = []
    for event in (transaction, *(problems or ())):
        if event is not None:
            calls.append({"seqNo": 0, "timestamp": values.utc(view, payload["timestamp"]), "event": event})
    if not news:
        return {}, calls
    evse = topology.evse(view, connector)
    request = {
        "timestamp": values.utc(view, payload.get("timestamp")),
        "connectorStatus": status,
        "evseId": evse["id"],
        "connectorId": evse["connectorId"],
    }
    return request, calls


_STATES = {"Available": "Available", "Preparing": "Occupied", "Charging": "Occupied", "Faulted": "Faulted"}
BY_HAND: dict[str, tuple[dict[str, Any], Exchange]] = {
    "Heartbeat": (HEARTBEAT, heartbeat),
    "MeterValues": (METER_VALUES, meter_values),
    "StatusNotification": (STATUS, status_notification),
}
"""By action of a 1.6 station: a typical payload, and the function."""


def report(pairs: Iterable[Pair], *, slow: bool) -> None:
    """Print the table; ``slow``: with what interpretation costs."""
    print("One exchange of a mapping, from the call to the answer, without the session: microseconds.")
    print("by hand: plain Python that does the same; code: the part of `compiled` that is generated code")
    crosswalk, reference = Crosswalk.load(), Crosswalk.load()
    for pair in pairs:
        print(f"\n{pair!s:52}{'compiled':>12}{'interpreted':>16}{'by hand':>12}{'code':>10}")
        for (origin, action), mapping in sorted(crosswalk.mappings(pair).mappings.items()):
            if origin == "timer":
                continue
            rng = random.Random(action)
            payloads = [random_payload(rng, pair.version(Side(origin)), action, "request") for _ in range(PAYLOADS)]
            typical = BY_HAND.get(action) if str(pair) == "ocpp1.6--ocpp2.0.1" and origin == "station" else None
            if typical is not None:
                payloads = [typical[0]] * PAYLOADS
            row(crosswalk, reference, mapping, payloads, typical and typical[1], slow)


def row(
    crosswalk: Crosswalk,
    reference: Crosswalk,
    mapping: model.Mapping,
    payloads: list[dict[str, Any]],
    by_hand: Exchange | None,
    slow: bool,
) -> None:
    """Print what one mapping costs."""
    pair = mapping.pair
    key = (mapping.origin, mapping.action)

    def fresh() -> View:
        return view_of(crosswalk, pair, {})

    compiled = cost(exchange(mapping, pair, 1), payloads, fresh, 20)
    line = f"{mapping.action + ' from the ' + mapping.origin:52}{compiled:12.1f}"
    if slow:
        with interpreted():
            line += f"{cost(exchange(reference.mappings(pair).mappings[key], pair, 1), payloads, fresh, 2):16.1f}"
    else:
        line += " " * 16
    if by_hand is not None:
        line += f"{cost(by_hand, payloads, fresh, 20):12.1f}"
        line += f"{code_cost(exchange(mapping, pair, 1), payloads[0], fresh, 20):10.1f}"
    print(line)
