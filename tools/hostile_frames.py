"""Frames that no peer should send, and some that it may: for the driver `hostile`."""

from __future__ import annotations

import random
import string
from collections import deque
from copy import deepcopy
from typing import Any

import orjson

from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.versions import Side, Version

_ODD: tuple[Any, ...] = (
    *(None, True, False, "", "x", "x" * 300, "\u0000", "\u202e", "1", "-1", "Accepted", "2025-02-30T25:00:00Z"),
    *([], {}, [[]], {"a": {}}, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63), 0.1, 1e308, 5e-324),
)
_EXTREME = (1e308, -1e308, 1e30, 1e27, 2**64 - 1, 2.0**64, 2**63 - 1, -(2**63), 2**53 + 1, 1e16, 1e-30, 5e-324, 0, -1)
_BYTES = [bytes([n]) for n in range(256)]
_DEPTHS = (5, 100, 254, 255, 256, 1000, 20_000)
_KEPT = 64


class Sender:
    """One hostile side of one connection: makes frames, seeded, and remembers what it may repeat."""

    def __init__(self, rng: random.Random, version: Version, side: Side) -> None:
        self._random = rng
        self._version = version
        actions = protocol(version).actions.values()
        self._actions = [action for action in actions if side in action.sender]
        self._codes = sorted(set(protocol(version).error_codes.values()))
        self._told: deque[str | bytes] = deque(maxlen=_KEPT)
        self._number = 0
        self.open: list[tuple[str, str]] = []
        """The calls that this side got and may answer: id and action."""
        kinds = {
            self._call: 30,
            self._answer: 50,
            self._spoilt: 20,
            self._torn: 8,
            self._wrong_types: 6,
            self._extreme: 6,
            self._repeated: 6,
            self._reused: 2,
            self._noise: 2,
            self._deep: 0.4,
            self._huge: 0.1,
        }
        self._kinds, self._weights = list(kinds), list(kinds.values())

    def frames(self) -> list[str | bytes]:
        """The next frame, or now and then a flood of them."""
        kind = self._random.choices(self._kinds, self._weights)[0]
        frame = kind()
        self._told.append(frame)
        return [frame] * self._random.randint(5, 60) if self._random.random() < 0.002 else [frame]

    def forget(self) -> None:
        """A new connection: there is nothing to answer."""
        self.open.clear()

    # -- what OCPP allows --

    def _valid_call(self) -> list[Any]:
        action = self._random.choice(self._actions)
        self._number += 1
        payload = random_payload(self._random, self._version, action.name, "request")
        return [6 if action.send else 2, f"h{self._number}", action.name, payload]

    def _valid_answer(self) -> list[Any]:
        """To the call that came last, if there is one: an answer, or an error."""
        if not self.open:
            return self._valid_call()
        message_id, action = self.open.pop(self._random.randrange(len(self.open)))
        if self._random.random() < 0.2:
            return [4, message_id, self._random.choice(self._codes), "no", {}]
        return [3, message_id, random_payload(self._random, self._version, action, "response")]

    def _call(self) -> str:
        return _text(self._valid_call())

    def _answer(self) -> str:
        return _text(self._valid_answer())

    # -- what it does not --

    def _frame(self) -> list[Any]:
        return self._valid_answer() if self._random.random() < 0.4 else self._valid_call()

    def _spoilt(self) -> str:
        """One to three things of a valid frame are other than they should be."""
        frame = self._frame()
        for _ in range(self._random.randint(1, 3)):
            holder, key = self._place(frame)
            match self._random.randrange(5):
                case 0:
                    del holder[key]
                case 1 if isinstance(holder, dict):
                    holder[self._random.choice(("vendorField", "customData", "status", "", "x" * 200))] = self._odd()
                case 2 if isinstance(holder[key], list):
                    holder[key] = holder[key] * self._random.choice((2, 50))
                case 3 if isinstance(holder[key], str):
                    holder[key] = self._random.choice((holder[key] * 20, holder[key].upper(), f" {holder[key]}"))
                case _:
                    holder[key] = self._odd()
            if not frame:
                break
        return _text(frame)

    def _place(self, frame: list[Any]) -> tuple[Any, Any]:
        """Somewhere in the frame: the container, and the index or key in it."""
        holder: Any = frame
        key: Any = self._random.randrange(len(frame))
        while isinstance(holder[key], (dict, list)) and holder[key] and self._random.random() < 0.8:
            holder = holder[key]
            key = self._random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        return holder, key

    def _odd(self) -> Any:
        return deepcopy(self._random.choice(_ODD))

    def _torn(self) -> str | bytes:
        """The text of a valid frame, cut or with some bytes changed."""
        data = bytearray(_text(self._frame()).encode())
        if self._random.random() < 0.5:
            del data[self._random.randrange(len(data)) :]
        else:
            for _ in range(self._random.randint(1, 8)):
                data[self._random.randrange(len(data))] = self._random.choice(b'0123456789"\\[]{},:xnul\x00\xff\xed')
        return bytes(data)

    def _extreme(self) -> str:
        """A valid frame, some or all of whose numbers are very large or very small."""
        share = self._random.choice((0.2, 1.0))
        frame = self._frame()
        return _text([frame[0], *(self._far(value, share) for value in frame[1:])])

    def _far(self, value: Any, share: float) -> Any:
        if isinstance(value, dict):
            return {name: self._far(inner, share) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._far(inner, share) for inner in value]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return self._random.choice(_EXTREME) if number and self._random.random() < share else value

    def _wrong_types(self) -> str:
        """An array with anything in it."""
        length = self._random.choice((0, 1, 2, 3, 4, 4, 5, 6, 40))
        frame = [self._odd() for _ in range(length)]
        if frame and self._random.random() < 0.7:
            frame[0] = self._random.choice((2, 2, 3, 4, 5, 6, 7, -2, 2.0, "2"))
        return _text(frame if self._random.random() < 0.9 else self._odd())

    def _repeated(self) -> str | bytes:
        """A frame that was sent before."""
        return self._random.choice(self._told) if self._told else self._call()

    def _reused(self) -> str:
        """A valid call under an id that may have been used before, or that only the proxy may use."""
        frame = self._valid_call()
        number = self._random.randint(max(1, self._number - 20), self._number)
        frame[1] = self._random.choice((f"h{number}", "-1", "", "xw-1-1", "x" * 36, "x" * 37, "\u0000"))
        return _text(frame)

    def _noise(self) -> str | bytes:
        length = self._random.choice((0, 1, 10, 1000))
        if self._random.random() < 0.5:
            return b"".join(self._random.choices(_BYTES, k=length))
        return "".join(self._random.choices(string.printable, k=length))

    def _deep(self) -> str:
        depth = self._random.choice(_DEPTHS)
        opening, closing = self._random.choice((("[", "]"), ('{"a":', "}")))
        inner = opening * depth + "1" + closing * depth
        return inner if self._random.random() < 0.3 else f'[2,"deep","DataTransfer",{{"vendorId":"V","data":{inner}}}]'

    def _huge(self) -> str:
        size = self._random.choice((10_000, 100_000, 1_000_000))
        data = self._random.choice(('"' + "x" * size + '"', "[" + "1," * (size // 2) + "1]", "9" * size))
        return f'[2,"huge","DataTransfer",{{"vendorId":"V","data":{data}}}]'


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
