"""The protocol's tables, per version: actions, their senders and profiles, message types, error codes and translation.

They are data in ``schemas/protocol.yaml``, which names the parts of the specification that they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import yaml

from .resources import folder
from .versions import Side, Version

GENERIC = "GenericError"


class MessageType(IntEnum):
    """The first element of an OCPP-J frame (OCPP 2.1 part 4, 4.1.3). Older versions know fewer."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


class Fault(Enum):
    """What can be wrong with a frame or a payload, for choosing an error code by ``Protocol.code``."""

    FRAME = "frame"
    """Not a frame that OCPP-J defines; the payload was not even looked at."""
    MESSAGE_TYPE = "message type"
    """A message type number that the version does not know."""
    FORMAT = "format"
    """Not JSON, or JSON of another structure than the schema's."""
    OCCURRENCE = "occurrence"
    """A required field is missing, or an array has too few or too many elements."""
    TYPE = "type"
    """A value of the wrong JSON type."""
    PROPERTY = "property"
    """A value of the right type that is not allowed: enumeration, length, range, format."""
    ACTION = "action"
    """An action that the version does not know, or that this side does not send."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a version. ``sender`` are the sides that may call it.

    ``send`` is true when it is an unconfirmed SEND (2.1) and has no answer. ``extension`` names the set that
    the action belongs to when it is not part of the base specification: ``security`` for the 1.6 security
    whitepaper. ``profile`` is the feature profile that it belongs to.
    """

    name: str
    sender: frozenset[Side]
    send: bool = False
    extension: str | None = None
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Protocol:
    """One OCPP version. Get it from ``protocol(version)``.

    ``unreadable_id`` is the id of a CALLERROR for what is no frame, or for a call whose id cannot be read; None
    where the version answers neither. ``error_codes`` maps the meaning of an error code, which is its name in 2.x,
    to what this version writes for it. ``meanings`` maps every name that this version reads to its meaning.
    ``faults`` holds what ``code`` gives.
    """

    version: Version
    subprotocol: str
    message_types: frozenset[int]
    unreadable_id: str | None
    actions: Mapping[str, Action]
    error_codes: Mapping[str, str]
    meanings: Mapping[str, str]
    faults: Mapping[Fault, str]

    def sends(self, side: Side) -> tuple[str, ...]:
        """The names of the actions that ``side`` may send, in alphabetical order."""
        return tuple(name for name, action in self.actions.items() if side in action.sender)

    def code(self, fault: Fault) -> str:
        """The error code that this version has for ``fault``."""
        return self.faults[fault]


@cache
def protocol(version: Version) -> Protocol:
    """The tables of ``version``."""
    document = _document()
    table = document[version]
    sides = {side: frozenset(table[side]) for side in Side}
    extensions = {name: key for key, names in table.get("extensions", {}).items() for name in names}
    profiles = {name: profile for profile, names in document["profiles"].items() for name in names}
    sends = frozenset(table.get("send", ()))
    actions = {
        name: Action(
            name=name,
            sender=frozenset(side for side in Side if name in sides[side]),
            send=name in sends,
            extension=extensions.get(name),
            profile=profiles[name],
        )
        for name in sorted(sides[Side.STATION] | sides[Side.CSMS])
    }
    codes, meanings = _codes(document["error-codes"], version)
    faults = document["faults"] | table.get("faults", {})
    return Protocol(
        version=version,
        subprotocol=str(version),
        message_types=frozenset(MessageType[name].value for name in table["message-types"]),
        unreadable_id=table.get("unreadable-id"),
        actions=MappingProxyType(actions),
        error_codes=MappingProxyType(codes),
        meanings=MappingProxyType(meanings),
        faults=MappingProxyType({fault: codes[faults[fault.name]] for fault in Fault}),
    )


@cache
def profiles() -> tuple[str, ...]:
    """The names of the feature profiles, the core first."""
    return tuple(_document()["profiles"])


@cache
def carrier() -> str:
    """The action that carries messages of vendors and of extensions, in every version."""
    return str(_document()["carrier"])


def error_code(code: str, from_version: Version, to_version: Version) -> str:
    """The code of ``to_version`` for ``code``, which arrived from a peer that speaks ``from_version``.

    A known misspelling counts as the code that it means. A code that no specification has becomes
    ``GenericError``. With equal versions the result is the code in its proper spelling.
    """
    meaning = protocol(from_version).meanings.get(code, GENERIC)
    return protocol(to_version).error_codes[meaning]


def is_final(code: str, version: Version) -> bool:
    """Whether the code, from a peer that speaks ``version``, says that it will never take such a call."""
    return protocol(version).meanings.get(code) in _document()["final"]


@cache
def _document() -> dict[str, Any]:
    """``schemas/protocol.yaml`` as it stands."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where there is one, is ten times as fast
    loaded: dict[str, Any] = yaml.load((folder("schemas") / "protocol.yaml").read_text("utf-8"), loader)
    return loaded


def _codes(rows: Mapping[str, Mapping[str, Any]], version: Version) -> tuple[dict[str, str], dict[str, str]]:
    """What ``version`` writes for each meaning, and the meaning of each name that it reads."""
    written: dict[str, str] = {}
    read: dict[str, str] = {}
    for meaning, row in rows.items():
        written[meaning] = row.get(version) or row.get("nearest", {}).get(version) or meaning
        read[meaning] = meaning
        read.update((row[other], meaning) for other in Version if other in row)
    return written, read
