"""What stands above the mapping files: one action mapped by Python functions, and profiles that are left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..diagnostics import Position, suggestion
from ..expressions import UNDEFINED, ExpressionError, Scope
from ..protocol import protocol
from ..versions import Pair, Side
from ..view import View
from .model import Answer, Drops, Forward, Mapping, Outcome, Refuse, Route, Send
from .pack import PairMappings
from .template import Node

CORE = "core"
"""The profile that is always loaded."""
Payload = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Override:
    """What becomes of one action of one pair, by functions instead of a mapping file.

    Either ``answer(payload, view)`` gives the answer, and nothing is forwarded; or the call goes on as the action
    ``forward`` with the payload ``request(payload, view)``, and ``response(reply, payload, view)`` gives the answer.
    What they give is validated like the result of any mapping. They keep state through the `View`, as hooks do,
    may be called again for a call that is sent again, and must not block. Raises ValueError for what no pair has.
    """

    pair: Pair | str
    origin: Side | str
    action: str
    answer: Callable[[Payload, View], Payload] | None = None
    forward: str = ""
    request: Callable[[Payload, View], Payload] | None = None
    response: Callable[[Payload, Payload, View], Payload] | None = None

    def __post_init__(self) -> None:
        pair = self.pair if isinstance(self.pair, Pair) else Pair.parse(self.pair)
        object.__setattr__(self, "pair", pair)
        object.__setattr__(self, "origin", Side(self.origin))
        self._must_be_sent(pair, Side(self.origin), self.action, of=Side(self.origin))
        if (self.answer is None) == (not self.forward):
            raise ValueError(f"the override of {self.action} needs either `answer` or `forward`")
        if self.forward:
            self._must_be_sent(pair, Side(self.origin), self.forward, of=Side(self.origin).other)
            if self.request is None or self.response is None:
                raise ValueError(f"the override of {self.action} forwards, and needs `request` and `response`")

    @staticmethod
    def _must_be_sent(pair: Pair, sender: Side, action: str, *, of: Side) -> None:
        known = protocol(pair.version(of)).sends(sender)
        if action not in known:
            remedy = suggestion(action, known)
            raise ValueError(f"{pair.version(of)} has no {action!r} that the {sender} sends. {remedy}".rstrip())

    def mapping(self, pair: Pair, base: Mapping | None) -> Mapping:
        """The mapping that the functions make; how calls are repeated and kept is taken over from ``base``."""
        origin = Side(self.origin)
        at = Position(f"the override of {self.action}")
        route = Route("", None, (), self._outcome(origin, at), (), Drops(), at)
        plain = base or Mapping(pair, str(origin), self.action, at, ())
        return replace(plain, at=at, routes=(route,), let=(), drops=Drops(), spec=(), note="")

    def _outcome(self, origin: Side, at: Position) -> Outcome:
        answer, request, response = self.answer, self.request, self.response
        if answer is not None:
            return Answer(_Function(_place(answer, at), lambda data, scope: answer(data, scope.view)), at)
        assert request is not None
        assert response is not None
        made = _Function(_place(request, at), lambda data, scope: request(data, scope.view))
        reply = _Function(
            _place(response, at), lambda data, scope: response(data, scope.variables["request"], scope.view)
        )
        return Forward((Send(origin.other, self.forward, made, at),), (), reply, None, at)


@dataclass(frozen=True, slots=True)
class _Function(Node):
    """A Python function in the place of a template."""

    function: Callable[[Any, Scope], Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", self.evaluate)

    def evaluate(self, data: Any, scope: Scope) -> Any:
        """What the function gives. Raises ExpressionError for whatever it raises."""
        try:
            value = self.function(data, scope)
        except Exception as error:
            raise ExpressionError("a function", f"{type(error).__name__}: {error}") from error
        return UNDEFINED if value is None else value


def _place(function: Callable[..., Payload], otherwise: Position) -> Position:
    """Where a function stands."""
    code = getattr(function, "__code__", None)
    return Position(code.co_filename, code.co_firstlineno) if code else otherwise


def overridden(mappings: PairMappings, overrides: Iterable[Override]) -> PairMappings:
    """The mappings of a pair with those overrides that are for it."""
    changed = dict(mappings.mappings)
    for override in overrides:
        if override.pair == mappings.pair:
            key = (str(override.origin), override.action)
            changed[key] = override.mapping(mappings.pair, changed.get(key))
    return replace(mappings, mappings=changed)


def restricted(mappings: PairMappings, profiles: Collection[str]) -> PairMappings:
    """The mappings of a pair with the actions of other profiles refused."""
    kept = {CORE, *profiles}
    result: dict[tuple[str, str], Mapping] = {}
    for (origin, action), mapping in mappings.mappings.items():
        profile = protocol(mappings.pair.version(Side(origin))).actions[action].profile if origin in _SIDES else CORE
        if profile not in kept:
            refusal = Refuse("NotSupported", f"the profile {profile} is not in use here", mapping.at)
            route = Route("", None, (), refusal, (), Drops(), mapping.at)
            mapping = replace(mapping, routes=(route,), let=(), once=None, insist=None, drops=Drops())
        result[origin, action] = mapping
    return replace(mappings, mappings=result)


_SIDES = tuple(map(str, Side))
