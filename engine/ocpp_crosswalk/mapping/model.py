"""What a mapping file says, as frozen values. `loader` makes them, `interpreter` runs them."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jsonschema_rs

from ..diagnostics import Position
from ..expressions import Expression
from ..versions import Pair, Side
from .drops import Drop, DropTree
from .template import Node

TO_DO = "to do"
"""What stands in a begun mapping where a person has to write; the checker finds it."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One line of `let` or `after`: a name for a value. ``type`` is what the mapping says that it is."""

    name: str
    template: Node
    at: Position
    type: MappingOf[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """A call that leaves: a step of `forward`, or one of `also`.

    ``each`` makes one call per element; ``name`` binds the reply (a list of replies with ``each``);
    ``instead`` stands in for a reply that was a CALLERROR or never came, if it gives a value. A ``durable`` call
    outlives the connection: it is sent again until it is answered.
    """

    to: Side
    action: str
    request: Node
    at: Position
    when: Expression | None = None
    each: Expression | None = None
    name: str | None = None
    instead: Node | None = None
    durable: bool = False
    copies: bool = False
    """The request is a copy: a value that the receiver's schema cannot hold is the sender's, and refuses the call."""


@dataclass(frozen=True, slots=True)
class Forward:
    """The far side is asked: its replies make the answer."""

    steps: tuple[Send, ...]
    after: tuple[Binding, ...]
    response: Node
    error: Node | None
    at: Position
    copies: bool = False
    """The response is a copy, as in `Send`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The call is answered here; nothing is forwarded."""

    response: Node
    at: Position
    because: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call is answered with a CALLERROR of this code (in the sender's version)."""

    code: str
    because: str
    at: Position


Outcome = Forward | Answer | Refuse


@dataclass(frozen=True)
class SometimesDropped:
    """A field that is carried over, but not when ``when`` holds over the payload (``which``: request or response)."""

    which: str
    path: str
    when: Expression
    because: str
    at: Position


@dataclass(frozen=True)
class Drops:
    """Fields that are not carried over, with the reason, by dotted path; and those that sometimes are not."""

    request: MappingOf[str, str] = field(default_factory=dict)
    response: MappingOf[str, str] = field(default_factory=dict)
    sometimes: tuple[SometimesDropped, ...] = ()

    @cached_property
    def in_request(self) -> DropTree:
        """Finds what is dropped in a call."""
        return self._tree("request", self.request)

    @cached_property
    def in_response(self) -> DropTree:
        """Finds what is dropped in an answer."""
        return self._tree("response", self.response)

    def _tree(self, which: str, always: MappingOf[str, str]) -> DropTree:
        drops = [Drop(path, reason) for path, reason in always.items()]
        drops += [Drop(one.path, one.because, one.when) for one in self.sometimes if one.which == which]
        return DropTree(drops)

    def merged(self, other: Drops) -> Drops:
        """Both."""
        return Drops(
            {**self.request, **other.request}, {**self.response, **other.response}, (*self.sometimes, *other.sometimes)
        )


@dataclass(frozen=True, slots=True)
class Route:
    """One alternative of a mapping; the first whose ``when`` holds is taken."""

    name: str
    when: Expression | None
    let: tuple[Binding, ...]
    outcome: Outcome
    also: tuple[Send, ...]
    drops: Drops
    at: Position
    lost: Drops = field(default_factory=lambda: Drops())
    """All that is dropped here: by the route, by its mapping, and by the whole pair."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """What becomes of one action that arrives from one side of one pair.

    ``origin`` is ``station`` or ``csms``, or ``timer`` for what the session does by itself when its time
    comes; then ``action`` is the timer's name.
    """

    pair: Pair
    origin: str
    action: str
    at: Position
    routes: tuple[Route, ...]
    let: tuple[Binding, ...] = ()
    once: Expression | None = None
    insist: Expression | None = None
    """After how many seconds the link tries a call again by itself that was not taken."""
    durable: bool = False
    first: bool = False
    drops: Drops = field(default_factory=Drops)
    spec: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A named default that operators may override: `$settings.<name>`."""

    name: str
    type: MappingOf[str, Any]
    default: Any
    description: str
    at: Position

    def fault(self, value: Any) -> str:
        """What keeps ``value`` from being one of this setting; empty when nothing does."""
        error = next(jsonschema_rs.validator_for(dict(self.type)).iter_errors(value), None)
        return "" if error is None else error.message
