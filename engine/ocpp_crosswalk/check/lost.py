"""What a mapping carries over, and what it loses: every field that arrives is accounted for, route by route.

A field is *carried* where something that leaves, or that is kept, is made of it. A field that only a condition asks
about is not carried: what is done depends on it, but what it said is gone. That is no loss where the condition leaves
one value possible, for then the route itself says what the field said; anywhere else it is one, to be declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from ..diagnostics import Diagnostic, Diagnostics, Position, suggestion
from ..mapping import model
from ..protocol import protocol
from ..schemas import leaves, request_schema, response_schema, walk
from ..versions import Side
from .environment import Reads
from .gathered import Everywhere
from .results import element
from .types import Boolean, Number, Object, Schema, Source, Text, Type

REQUEST = "request"
"""The name of the payload that arrives, in `Source.payload`; a reply is `reply <action>`."""


def reply_of(action: str) -> str:
    """The name of the reply to ``action`` in `Source.payload`."""
    return f"reply {action}"


class Losses:
    """Reports what a mapping loses without saying so, and what it says that it loses and does not."""

    def __init__(
        self,
        mapping: model.Mapping,
        sender: Side,
        dropped: Mapping[str, str],
        everywhere: Everywhere,
        diagnostics: Diagnostics,
    ) -> None:
        """``dropped`` are the fields that the whole pair drops, by name."""
        self._mapping = mapping
        self._sender = sender
        self._dropped = dropped
        self._everywhere = everywhere
        self._diagnostics = diagnostics

    def check(self, per_route: Sequence[tuple[Reads, Type]], shared_reads: Reads) -> None:
        """``per_route`` has what each route reads and what can arrive there; ``shared_reads`` is what all read."""
        mapping = self._mapping
        version = mapping.pair.version(self._sender)
        schema = request_schema(version, mapping.action)
        read_somewhere: set[Source] = set()
        read_everywhere: set[Source] | None = None
        far = mapping.pair.version(self._sender.other)
        responses: dict[str, Schema] = {}
        for route, (reads, arriving) in zip(mapping.routes, per_route, strict=True):
            drops = mapping.drops.merged(route.drops)
            if isinstance(route.outcome, model.Forward) or (
                isinstance(route.outcome, model.Answer) and not route.outcome.because
            ):
                self._lost(schema, REQUEST, reads, drops.request, route, "request", arriving)
                read_everywhere = reads.fields if read_everywhere is None else read_everywhere & reads.fields
            self._contradicted([(schema, REQUEST)], reads.fields, route.drops.request, route.at, "request")
            if not isinstance(route.outcome, model.Forward):
                continue
            replies: list[tuple[Schema, str]] = []
            for action in dict.fromkeys(send.action for send in route.outcome.steps):
                known = protocol(far).actions.get(action)
                if known is None or known.send:
                    continue
                replies.append((response_schema(far, action), reply_of(action)))
                self._lost(*replies[-1], reads, drops.response, route, "response")
            self._contradicted(replies, reads.fields, route.drops.response, route.at, "response")
            responses.update((payload, reply) for reply, payload in replies)
            read_somewhere |= reads.fields
        everywhere = shared_reads.fields | (read_everywhere or set())
        self._contradicted([(schema, REQUEST)], everywhere, mapping.drops.request, mapping.at, "request")
        every = [(reply, payload) for payload, reply in responses.items()]
        self._contradicted(every, read_somewhere, mapping.drops.response, mapping.at, "response")
        for path in mapping.drops.response:
            self._no_such(path, mapping.at, "response", list(responses.values()))
        for drops in (mapping.drops, *(route.drops for route in mapping.routes)):
            for drop in drops.sometimes:
                payloads = [schema] if drop.which == "request" else list(responses.values())
                self._no_such(drop.path, drop.at, drop.which, payloads)

    def _lost(
        self,
        schema: Schema,
        payload: str,
        reads: Reads,
        drops: Mapping[str, str],
        route: model.Route,
        which: str,
        arriving: Type | None = None,
    ) -> None:
        lost = [
            path
            for path in unread(schema, payload, reads.fields | self._told(reads.asked, payload, arriving))
            if not covered(path, drops)
            and not self._everywhere_dropped(path)
            and (arriving is None or arrives(arriving, path.split(".")))
        ]
        if not lost:
            return
        at = route.at if len(self._mapping.routes) > 1 else self._mapping.at
        named = f" by the route {route.name!r}" if route.name else ""
        reply = f" of the answer to {payload.removeprefix('reply ')}" if which == "response" else ""
        every = [leaf.path for leaf in leaves(schema) if not self._everywhere_dropped(leaf.path)]
        for path in _roots(lost, every):
            self._diagnostics.add(
                "XW220",
                at,
                f"the field {path!r}{reply} is lost{named}",
                f"Carry it over, or list it under drops.{which} with the reason.",
                f"{which}.{path}",
            )

    def _told(self, asked: Set[Source], payload: str, arriving: Type | None) -> set[Source]:
        """The fields, among those that conditions ask about, of which the route itself says the value."""
        if arriving is None:
            return set()
        return {source for source in asked if source.payload == payload and _one_value(arriving, list(source.path))}

    def _everywhere_dropped(self, path: str) -> bool:
        return not self._dropped.keys().isdisjoint(path.split("."))

    def _contradicted(
        self,
        payloads: list[tuple[Schema, str]],
        made_of: Set[Source],
        drops: Mapping[str, str],
        at: Position,
        which: str,
    ) -> None:
        """Report the drops of fields of which something is made in every one of ``payloads`` (schema and name) that
        has them. Asking about a field, so as to drop it only where that does no harm, contradicts nothing."""
        for path in drops:
            if self._everywhere_dropped(path):
                continue
            if which == "request":
                self._no_such(path, at, which, [schema for schema, _ in payloads])
            concerned = [(schema, payload) for schema, payload in payloads if _exists(schema, path)]
            if concerned and all(_used(schema, payload, made_of, path) for schema, payload in concerned):
                self._diagnostics.add(
                    "XW222",
                    at,
                    f"the field {path!r} is declared as dropped, but it is read",
                    "Remove the drop, or what reads the field.",
                    f"drops.{which}.{path}",
                )

    def _no_such(self, path: str, at: Position, which: str, schemas: list[Schema]) -> None:
        finding = None
        if not any(_exists(schema, path) for schema in schemas):
            known = [leaf.path for schema in schemas for leaf in leaves(schema)]
            remedy = suggestion(path, known) or "Remove the line, or correct the path."
            message = f"there is no field {path!r} to drop"
            finding = Diagnostic("XW221", at, message, remedy, f"drops.{which}.{path}")
        self._everywhere.note("XW221", at, f"{which}.{path}", finding)


def _used(schema: Schema, payload: str, made_of: Set[Source], path: str) -> bool:
    """Whether something was made of everything in the field at ``path``."""
    left = set(unread(schema, payload, made_of))
    return not any(
        leaf.path in left for leaf in leaves(schema) if leaf.path == path or leaf.path.startswith(f"{path}.")
    )


def arrives(value: Type, path: list[str]) -> bool:
    """Whether a field may be there at all, under what is known of the payload."""
    if not path:
        return bool(value.options)
    return any(
        (inner := option.field(path[0])) is not None and arrives(element(inner), path[1:])
        for option in value.options
        if isinstance(option, Object)
    )


def _one_value(value: Type, path: list[str]) -> bool:
    """Whether the field at ``path`` can have one value only, if it is there."""
    if path:
        return all(
            isinstance(option, Object)
            and (inner := option.field(path[0])) is not None
            and _one_value(element(inner), path[1:])
            for option in value.options
        )
    if len(value.options) != 1:
        return False
    match value.options[0]:
        case Text(values) | Boolean(values):
            return values is not None and len(values) == 1
        case Number(_, low, high):
            return low is not None and low == high
    return False


def unread(schema: Schema, payload: str, read: Set[Source]) -> Iterator[str]:
    """The fields of a payload that are not among what was ``read``, by dotted path."""
    paths = {source.path for source in read if source.payload == payload}
    for leaf in leaves(schema):
        parts = tuple(leaf.path.split("."))
        if not any(parts[: len(path)] == path for path in paths):
            yield leaf.path


def _roots(lost: list[str], every: list[str]) -> list[str]:
    """The lost fields, an object that is lost as a whole by its own path."""
    kept = set(every) - set(lost)
    roots: dict[str, None] = {}
    for path in lost:
        parts = path.split(".")
        prefixes = (".".join(parts[:length]) for length in range(1, len(parts)))
        whole = (prefix for prefix in prefixes if not any(name.startswith(f"{prefix}.") for name in kept))
        roots[next(whole, path)] = None
    return list(roots)


def covered(path: str, drops: Mapping[str, str]) -> bool:
    """Whether ``path`` or something that holds it is declared as dropped."""
    return any(path == drop or path.startswith(f"{drop}.") for drop in drops)


def _exists(schema: Schema, path: str) -> bool:
    return walk(schema, path.split(".")) is not None


__all__ = ["REQUEST", "Losses", "arrives", "covered", "reply_of"]
