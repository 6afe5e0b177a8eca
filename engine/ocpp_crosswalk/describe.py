"""A mapping in words: what becomes of each field, for people who read no YAML.

`explain` prints these descriptions and the HTML crosswalk shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .expressions import UNDEFINED, Expression
from .mapping import model
from .mapping import template as t
from .protocol import carrier


class Class(StrEnum):
    """What becomes of an action, in one word."""

    CARRIED = "carried"
    """Forwarded as the same action, and nothing of it is lost."""
    CHANGED = "changed"
    """Forwarded as other actions, or with something lost."""
    TUNNELLED = "tunnelled"
    """Packed into, or unpacked from, the action that carries vendors' messages."""
    ANSWERED = "answered here"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """One field that is written: its path, where its value comes from, and how it changes."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message that leaves."""

    to: str
    action: str
    condition: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RouteDescription:
    """One route: when it is taken, what is bound first, what leaves, how the call is answered, and what is lost."""

    name: str
    condition: str
    kind: str
    because: str
    bindings: tuple[Line, ...]
    messages: tuple[Message, ...]
    answer: tuple[Line, ...]
    lost: tuple[tuple[str, str, str], ...]
    """(request or response, path, reason)"""


@dataclass(frozen=True, slots=True)
class Description:
    """A whole mapping."""

    action: str
    kind: Class
    note: str
    spec: tuple[str, ...]
    bindings: tuple[Line, ...]
    routes: tuple[RouteDescription, ...]


def describe(mapping: model.Mapping) -> Description:
    """What ``mapping`` does, in words."""
    return Description(
        mapping.action,
        classify(mapping),
        mapping.note,
        mapping.spec,
        _bound(mapping.let),
        tuple(_route(mapping, route) for route in mapping.routes),
    )


def classify(mapping: model.Mapping) -> Class:
    """The class of a mapping: of the best that it can do for a call."""
    outcomes = [route.outcome for route in mapping.routes]
    if all(isinstance(outcome, model.Refuse) for outcome in outcomes):
        return Class.REFUSED
    actions = {send.action for outcome in outcomes if isinstance(outcome, model.Forward) for send in outcome.steps}
    if not actions:
        return Class.ANSWERED
    if (carrier() in actions) is not (mapping.action == carrier()):
        return Class.TUNNELLED
    lost = any(
        mapping.drops.merged(route.drops).request or mapping.drops.merged(route.drops).response
        for route in mapping.routes
    )
    return Class.CHANGED if lost or actions != {mapping.action} else Class.CARRIED


def _route(mapping: model.Mapping, route: model.Route) -> RouteDescription:
    drops = route.lost
    messages: list[Message] = []
    answer: tuple[Line, ...] = ()
    because = ""
    match route.outcome:
        case model.Forward(steps, after, response):
            kind = "forwarded"
            messages += [_message(send) for send in steps]
            answer = (*_bound(after), *_lines(response, ""))
        case model.Answer(response, _, because):
            kind = "answered here"
            answer = tuple(_lines(response, ""))
        case model.Refuse(code, because):
            kind = f"refused with {code}"
    messages += [_message(send) for send in route.also]
    lost = [("request", *item) for item in drops.request.items()]
    lost += [("response", *item) for item in drops.response.items()]
    lost += [(some.which, some.path, f"{some.because} (if {some.when.source.strip()})") for some in drops.sometimes]
    condition = route.when.source.strip() if route.when is not None else ""
    return RouteDescription(
        route.name,
        "" if condition == "true" else condition,
        kind,
        because,
        _bound(route.let),
        tuple(messages),
        answer,
        tuple(lost) if isinstance(route.outcome, model.Forward) else (),
    )


def _message(send: model.Send) -> Message:
    conditions = [f"if {_one_line(send.when)}"] if send.when is not None else []
    if send.each is not None:
        conditions.append(f"for each of {_one_line(send.each)}")
    return Message(str(send.to), send.action, ", ".join(conditions), tuple(_lines(send.request, "")))


def _bound(bindings: Iterable[model.Binding]) -> tuple[Line, ...]:
    return tuple(line for binding in bindings for line in _lines(binding.template, f"${binding.name}"))


def _one_line(expression: Expression) -> str:
    return " ".join(expression.source.split())


def _lines(node: t.Node, path: str) -> Iterator[Line]:
    match node:
        case t.Constant(_, value):
            if value is not UNDEFINED:
                yield Line(path, f"always {value!r}")
        case t.Leaf(_, expression):
            yield Line(path, " ".join(expression.source.split()))
        case t.Lookup():
            yield Line(path, _looked_up(node))
        case t.Array(_, items):
            for number, item in enumerate(items):
                yield from _lines(item, f"{path}[{number}]")
        case t.Each(_, over, body):
            yield Line(f"{path}[]", f"one for each of {' '.join(over.source.split())}")
            yield from _lines(body, f"{path}[]")
        case t.With(_, of, body):
            if isinstance(of, t.Leaf):
                yield Line(path or "(all)", f"from {' '.join(of.expression.source.split())}")
            else:
                yield from _lines(of, f"{path} (of)".strip())
            yield from _lines(body, path)
        case t.Object(_, fields, when, copy, because):
            if when is not None:
                otherwise = "" if because is None else f" (else it is left out and reported: {because})"
                yield Line(path or "(all)", f"only if {' '.join(when.source.split())}{otherwise}")
            if copy is not None:
                yield Line(path or "(all)", "copied, as far as both versions have it")
                yield from _converted(copy, path)
            for name, inner in fields:
                yield from _lines(inner, f"{path}.{name}" if path else name)


def _converted(step: t.Copy | t.CopyList | t.Convert | None, path: str) -> Iterator[Line]:
    """What a copy does not take as it is."""
    match step:
        case t.Convert(node):
            yield from _lines(node, path)
        case t.CopyList(item):
            yield from _converted(item, f"{path}[]")
        case t.Copy(fields):
            for name, inner in fields.items():
                yield from _converted(inner, f"{path}.{name}" if path else name)


def _looked_up(node: t.Lookup) -> str:
    of = " ".join(node.of.expression.source.split()) if isinstance(node.of, t.Leaf) else "a value"
    of = "it" if of == "$" else of
    changed = {key: value for key, value in node.table.values.items() if key != value}
    pairs = ", ".join(f"{key} becomes {value}" for key, value in changed.items())
    gone = f"; left out: {', '.join(node.table.drops)}" if node.table.drops else ""
    return f"{of} by the table {node.table.name}" + (f" ({pairs}{gone})" if pairs or gone else "")
