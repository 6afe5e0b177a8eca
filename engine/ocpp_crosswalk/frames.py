"""OCPP-J frames: text to ``Call``, ``CallResult``, ``CallError``, ``CallResultError`` and ``Send``, and back.

Sources: OCPP-J 1.6 chapter 4 with its errata sheet, OCPP 2.0.1 and 2.1 part 4 chapter 4.

What is wrong with a frame is said by ``FrameError``, which also says whether OCPP-J wants an answer:

=====================================  ===============================  ===============================
what arrived                           2.0.1, 2.1                       1.6
=====================================  ===============================  ===============================
a broken CALL, its id readable         CALLERROR with that id           CALLERROR with that id
not JSON, not a frame, id unreadable   CALLERROR with the id ``"-1"``   silence: no such id is defined
a broken CALLRESULT or CALLERROR       silence                          silence
a broken SEND or CALLRESULTERROR       silence                          silence
a message type of no version           MessageTypeNotSupported          silence: "ignore the payload"
5 or 6 where the version lacks them    silence: neither is ever         silence
                                       answered by a CALLERROR
=====================================  ===============================  ===============================

A message id that is a number is refused although it occurs in the field: OCPP-J types the id as a string of
up to 36 characters and wants the very same id in the answer, so that ``"7"`` would answer a call that nobody
made, and whether the peer compares 7 with "7" cannot be known. An empty id is a string like any other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from .protocol import Fault, MessageType, protocol
from .versions import Version

MAX_ID = 36
"""Characters that a message id may have (OCPP 2.1 part 4, table 4; OCPP-J 1.6 errata 3.7)."""
MAX_DEPTH = 64
"""Levels of arrays and objects that a frame may have. OCPP's own messages have less than 15."""

_BEGINNING = re.compile(r'\s*\[\s*(\d{1,9})\s*[,\]]\s*(?:"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt])*)")?')
_NO_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
_EXPONENT = b"0E"
_WHOLE = re.compile(rb"\.0+[\s,\]}]")
"""What a whole number may end with that is written as one with a fraction."""
_EXACT = 2**53
"""Up to here a float is the number that was written."""
_TYPES = frozenset(MessageType)
_CALL, _RESULT = [int, str, str, dict], [int, str, dict]
_ELEMENTS = {MessageType.CALL: 4, MessageType.CALLRESULT: 3, MessageType.SEND: 4}


@dataclass(slots=True)
class Call:
    """A request; the other side owes one CallResult or CallError with the same id."""

    id: str
    action: str
    payload: dict[str, Any]


@dataclass(slots=True)
class CallResult:
    """The answer to the call with this id."""

    id: str
    payload: dict[str, Any]


@dataclass(slots=True)
class CallError:
    """Instead of an answer to the call with this id: why there is none. ``code`` is as the peer wrote it."""

    id: str
    code: str
    description: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CallResultError:
    """Only 2.1: the CallResult with this id could not be processed. It is never answered."""

    id: str
    code: str
    description: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Send:
    """Only 2.1: an unconfirmed message. It is never answered, not even with an error."""

    id: str
    action: str
    payload: dict[str, Any]


Frame = Call | CallResult | CallError | CallResultError | Send


class FrameError(ValueError):
    """Text that is not a frame of its version, or a frame that cannot be written as JSON.

    ``id`` is the message id for the answer: the frame's own, ``"-1"`` where 2.x wants it, else None. ``code``
    is the error code in that version's spelling. ``answerable`` says whether OCPP-J wants a CALLERROR; then
    ``id`` is set. ``message_type`` is the frame's when it could be read: a broken answer (3, 4) still ends
    the wait for its call.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str,
        id: str | None = None,
        answerable: bool = False,
        message_type: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.id = id
        self.answerable = answerable
        self.message_type = message_type


def parse(text: str | bytes, version: Version) -> Frame:
    """The frame that ``text`` is. Raises FrameError, and nothing else, when it is not one of ``version``.

    A null payload is the empty one. A CALLERROR may lack description and details. A whole number beyond 64
    bits is refused, since it could not be passed on as it is. One that is written with a fraction (``16.0``,
    ``1.6E1``), as some JSON libraries do, is the whole number: an integer to 2.x, but not to 1.6, whose schemas
    are of draft 4. Whether the action exists and the payload fits it is not looked at.
    """
    value = _decoded(text, version)
    shape = [*map(type, value)] if type(value) is list else None
    if shape == _CALL and value[0] == 2 and len(value[1]) <= MAX_ID:
        return Call(*value[1:])
    if shape == _RESULT and value[0] == 3 and len(value[1]) <= MAX_ID:
        return CallResult(*value[1:])
    return _unusual(value, version)


def _unusual(value: Any, version: Version) -> Frame:
    """The frame that ``value`` is, if it is one; said in full what is wrong if not."""
    if not isinstance(value, list) or not value:
        raise _unreadable("a frame is a JSON array that is not empty", version)
    kind, id, *rest = value if len(value) > 1 else (*value, None)
    if type(kind) is not int:
        raise _unreadable("the first element must be the message type, a whole number", version)
    if kind not in protocol(version).message_types:
        raise _unknown_type(kind, id, version)
    if not isinstance(id, str):
        raise _broken(kind, None, f"the message id must be a string, not {_kind(id)}", Fault.FRAME, version)
    if len(id) > MAX_ID:
        reason = f"the message id has {len(id)} characters; {MAX_ID} are allowed"
        raise _broken(kind, id, reason, Fault.FRAME, version)
    if kind == MessageType.CALLERROR:
        return CallError(id, *_error(kind, id, rest, version))
    if kind == MessageType.CALLRESULTERROR:
        return CallResultError(id, *_error(kind, id, rest, version))
    length = _ELEMENTS[MessageType(kind)]
    if len(value) != length:
        reason = f"a {MessageType(kind).name} has {length} elements, this one has {len(value)}"
        raise _broken(kind, id, reason, Fault.FRAME, version)
    payload = {} if rest[-1] is None else rest[-1]
    if not isinstance(payload, dict):
        raise _broken(kind, id, f"the payload must be an object, not {_kind(payload)}", Fault.FORMAT, version)
    if kind == MessageType.CALLRESULT:
        return CallResult(id, payload)
    action = rest[0]
    if not isinstance(action, str):
        raise _broken(kind, id, f"the action must be a string, not {_kind(action)}", Fault.FRAME, version)
    return Call(id, action, payload) if kind == MessageType.CALL else Send(id, action, payload)


def encode(frame: Frame) -> str:
    """``frame`` as compact JSON. NaN and infinities, which JSON does not have, become null.

    Raises FrameError for what cannot be written: lone surrogates, whole numbers beyond 64 bits, values that
    are no JSON, more than 250 levels. Nothing that ``parse`` gave is among these.
    """
    value: list[Any]
    match frame:
        case Call(id, action, payload):
            value = [2, id, action, payload]
        case CallResult(id, payload):
            value = [3, id, payload]
        case CallError(id, code, description, details):
            value = [4, id, code, description, details]
        case CallResultError(id, code, description, details):
            value = [5, id, code, description, details]
        case Send(id, action, payload):
            value = [6, id, action, payload]
    try:
        return orjson.dumps(value).decode()
    except TypeError as problem:
        raise FrameError(f"the frame cannot be written as JSON: {problem}", code="InternalError") from problem


def _decoded(text: str | bytes, version: Version) -> Any:
    """``text`` as JSON of a depth that everything behind this can handle. Raises FrameError."""
    try:
        value = orjson.loads(text)
        plain = text if isinstance(text, bytes) else text.encode()
        shape = plain.translate(_NO_DIGITS)
        if _LONG_NUMBER in shape:
            json.loads(text, parse_int=_whole_number)
    except (ValueError, RecursionError) as problem:
        raise _not_json(text, f"the text is not JSON: {problem}", version) from None
    if len(plain) > MAX_DEPTH and plain.count(b"[") + plain.count(b"{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise _not_json(text, f"the text is nested deeper than {MAX_DEPTH} levels", version)
    if type(value) is list and (_EXPONENT in shape or _WHOLE.search(plain)):
        for element in value:
            _make_whole(element)
    return value


def whole(number: float) -> float | int:
    """The number as an integer where it is one and where that is exact."""
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _make_whole(value: Any) -> None:
    """Replace the floats in an array or object that are whole numbers by these."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(item, float):
                value[key] = whole(item)
            else:
                _make_whole(item)


def _whole_number(digits: str) -> int:
    """The number that ``digits`` are. Raises ValueError beyond 64 bits, where orjson rounds in silence."""
    if len(digits) < 22 and -(2**63) <= int(digits) < 2**64:
        return int(digits)
    raise ValueError(f"the number {digits[:30]} does not fit into 64 bits")


def _deeper(value: Any, limit: int) -> bool:
    """Whether ``value`` has arrays or objects more than ``limit`` levels deep. Does not recurse."""
    level = [value]
    for _ in range(limit):
        below: list[Any] = []
        for item in level:
            below.extend(item.values() if isinstance(item, dict) else item)
        level = [item for item in below if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _not_json(text: str | bytes, reason: str, version: Version) -> FrameError:
    """The error for text that is not fit JSON; message type and id are read from its beginning, if there."""
    start = text[:200] if isinstance(text, str) else text[:200].decode(errors="replace")
    beginning = _BEGINNING.match(start)
    if not beginning:
        return _unreadable(reason, version)
    kind = int(beginning[1])
    id = None if beginning[2] is None else json.loads(f'"{beginning[2]}"')
    if kind not in protocol(version).message_types:
        return _unknown_type(kind, id, version)
    return _broken(kind, id, reason, Fault.FRAME if id is None else Fault.FORMAT, version)


def _unknown_type(kind: int, id: object, version: Version) -> FrameError:
    """The error for a message type that ``version`` does not have."""
    answers = protocol(version).unreadable_id is not None
    told = answers and kind not in _TYPES and isinstance(id, str) and len(id) <= MAX_ID
    return FrameError(
        f"{version} has no message type {kind}",
        code=protocol(version).code(Fault.MESSAGE_TYPE),
        id=id if isinstance(id, str) else None,
        answerable=told,
        message_type=kind,
    )


def _unreadable(reason: str, version: Version) -> FrameError:
    """The error for text of which not even the message type can be read."""
    id = protocol(version).unreadable_id
    return FrameError(reason, code=protocol(version).code(Fault.FRAME), id=id, answerable=id is not None)


def _broken(kind: int, id: str | None, reason: str, fault: Fault, version: Version) -> FrameError:
    """The error for a frame of the known type ``kind``; only a CALL is answered."""
    if kind == MessageType.CALL and id is None:
        id = protocol(version).unreadable_id
    told = kind == MessageType.CALL and id is not None
    return FrameError(reason, code=protocol(version).code(fault), id=id, answerable=told, message_type=kind)


def _error(kind: int, id: str, rest: list[Any], version: Version) -> tuple[str, str, dict[str, Any]]:
    """Code, description and details of a CALLERROR or CALLRESULTERROR, with what may be lacking filled in."""
    if len(rest) > 3 or not rest or not isinstance(rest[0], str):
        reason = f"a {MessageType(kind).name} has an error code, a description and details behind its id"
        raise _broken(kind, id, reason, Fault.FRAME, version)
    code, description, details = (*rest, None, None)[:3]
    if not isinstance(description, str):
        description = "" if description is None else orjson.dumps(description).decode()
    if not isinstance(details, dict):
        details = {"details": details} if details else {}
    return code, description, details


def _kind(value: object) -> str:
    """What JSON calls the type of ``value``."""
    names: dict[type, str] = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
    }
    return "null" if value is None else names.get(type(value), "an object")
