"""Configuration keys of 1.6 and variables of the 2.x device model: names, values, and what may not be written.

The table `configuration-keys` says which key is which variable. What has no row has a name by rule:

* A key without a row is a variable of the component `OCPP16LegacyCtrlr`. The variable's name is the key; characters
  that 2.x identifiers do not have (OCPP 2.0.1 part 2, 4.2: letters, digits and `*-_=:+|@.`) and `=` itself are written
  as `=` and two hexadecimal digits for each byte of UTF-8. What goes beyond 50 characters is the variable's instance.
* A variable without a row is the key `Component[instance]#evse,connector.Variable[instance]`, where only what is there
  is written; names are escaped in the same way, also their dots.

Names are compared without regard to case, as both versions do.
"""

from __future__ import annotations

import re
import string
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any

from ..expressions.functions import STRING, Type, object_of
from ..view import View
from .values import numeric

LEGACY = "OCPP16LegacyCtrlr"
"""The component of the keys that have no standard place."""
KEYS = "configuration-keys"
FEATURES = "feature-components"
"""The table of the components that stand for 1.6's feature profiles."""
TABLES = (KEYS, FEATURES, "measurand-to-1.6")
"""What hooks read that convert values of configuration keys."""
NAME_LENGTH = 50
VALUE_LENGTH = 500
"""The longest value that a 1.6 key can be given."""
PASSWORD = "AuthorizationKey"

_PLAIN = frozenset(string.ascii_letters + string.digits + "*-_:+|@.")
_ESCAPE = re.compile(r"=([0-9A-Fa-f]{2})")
_PHASE = re.compile(r"\.(?:L[123](?:-(?:N|L[123]))?|N)$")
_KEY = re.compile(
    r"(?P<component>[^.#\[\]]+)(?:\[(?P<componentInstance>[^\[\]]+)\])?"
    r"(?:#(?P<evse>[1-9]\d{0,8})(?:,(?P<connector>[1-9]\d{0,8}))?)?"
    r"\.(?P<variable>[^.#\[\]]+)(?:\[(?P<instance>[^\[\]]+)\])?"
)

NAME: Type = {**STRING, "maxLength": NAME_LENGTH}
VARIABLE: Type = object_of({"name": NAME}, {"instance": NAME})
_NUMBER: Type = {"type": "integer", "minimum": 0}
COMPONENT: Type = object_of(
    {"name": NAME}, {"instance": NAME, "evse": object_of({"id": _NUMBER}, {"connectorId": _NUMBER})}
)
"""A component that leaves. Ids below 0 leave only where they arrived, at a 2.0.1 CSMS, which takes them."""
GIVEN_COMPONENT: Type = object_of(
    {"name": NAME},
    {"instance": NAME, "evse": object_of({"id": {"type": "integer"}}, {"connectorId": {"type": "integer"}})},
)
"""A component that arrives."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table `configuration-keys`, or what the rule gives for a key without a row."""

    key: str
    component: str
    variable: str
    instance: str | None = None
    type: str = "string"
    unit: str | None = None
    readonly: bool = False
    writeonly: bool = False
    limit: bool = False
    members: str | Mapping[str, str] | None = None
    values: str | None = None

    def component_of_2x(self) -> dict[str, Any]:
        """The component, as 2.x writes it."""
        return {"name": self.component}

    def variable_of_2x(self) -> dict[str, Any]:
        """The variable, as 2.x writes it."""
        return {"name": self.variable, **({"instance": self.instance} if self.instance else {})}


class KeyTable:
    """The rows of the table, found by key or by variable."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.rows = {key.casefold(): Row(key, **row) for key, row in values.items()}
        self._places = {_place(r.component, r.variable, r.instance): r for r in self.rows.values()}
        self.components = {row.component.casefold() for row in self.rows.values()} | {LEGACY.casefold()}

    def by_key(self, key: str) -> Row | None:
        """The row of a 1.6 key."""
        return self.rows.get(key.casefold())

    def by_variable(self, component: str, variable: str, instance: str | None) -> Row | None:
        """The row of a variable of a component that has neither instance nor EVSE."""
        return self._places.get(_place(component, variable, instance))


def _place(component: str, variable: str, instance: str | None) -> tuple[str, str, str]:
    return component.casefold(), variable.casefold(), (instance or "").casefold()


def key_table(view: View) -> KeyTable:
    """The table of keys that this session's mappings hold."""
    values = view.tables.get(KEYS, _NO_TABLE)
    for known, table in tuple(_LATEST):
        if known is values:
            return table
    table = KeyTable(values)
    _LATEST.appendleft((values, table))
    return table


_NO_TABLE: Mapping[str, Any] = {}
_LATEST: deque[tuple[Mapping[str, Any], KeyTable]] = deque(maxlen=4)
"""The tables made last. They are the same for every session that has the same mappings."""


# -- names by rule --


def escape(name: str, also: str = "") -> str:
    """``name`` in the characters of a 2.x identifier; those of ``also`` are escaped too."""
    return "".join(
        char if char in _PLAIN and char not in also else "".join(f"={byte:02X}" for byte in char.encode())
        for char in name
    )


def unescape(name: str) -> str | None:
    """What `escape` made ``name`` of; None when it cannot have made it."""
    try:
        return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), name).encode("latin-1").decode()
    except UnicodeError:
        return None


def legacy_row(key: str) -> Row | None:
    """The vendor variable of a key without a row; None when its escaped name is longer than 2.x can hold."""
    name = escape(key)
    if not key or len(name) > 2 * NAME_LENGTH:
        return None
    return Row(key, LEGACY, name[:NAME_LENGTH], name[NAME_LENGTH:] or None)


def legacy_key(variable: Mapping[str, Any]) -> str | None:
    """The key that a variable of the vendor component stands for; None when it can be none."""
    key = unescape(variable["name"] + variable.get("instance", ""))
    return key if key and len(key) <= NAME_LENGTH else None


def place_of_key(key: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The component and variable that a key made by rule stands for; None when the key is no such name."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    names = {
        group: unescape(text)
        for group in ("component", "componentInstance", "variable", "instance")
        if (text := match[group]) is not None
    }
    if not all(names.values()):
        return None
    component: dict[str, Any] = {"name": names["component"]}
    if "componentInstance" in names:
        component["instance"] = names["componentInstance"]
    if match["evse"]:
        component["evse"] = {"id": int(match["evse"])}
        if match["connector"]:
            component["evse"]["connectorId"] = int(match["connector"])
    variable = {"name": names["variable"], **({"instance": names["instance"]} if "instance" in names else {})}
    return component, variable


def key_of_place(component: Mapping[str, Any], variable: Mapping[str, Any]) -> str | None:
    """The key, by rule, of a variable without a row; None when it would be longer than a key may be."""
    key = escape(component["name"], ".")
    if component.get("instance"):
        key += f"[{escape(component['instance'], '.')}]"
    if evse := component.get("evse"):
        key += f"#{evse['id']}" + (f",{evse['connectorId']}" if "connectorId" in evse else "")
    key += "." + escape(variable["name"], ".")
    if variable.get("instance"):
        key += f"[{escape(variable['instance'], '.')}]"
    return key if len(key) <= NAME_LENGTH else None


# -- values --


@dataclass(frozen=True, slots=True)
class Converted:
    """A value in the other version's form; ``lost`` are the list members that it does not have."""

    text: str
    lost: tuple[str, ...] = ()


def to_variable(view: View, row: Row, text: str) -> Converted | None:
    """The 2.x value of a 1.6 one; None when it is not of the row's type."""
    if row.members is None:
        return _scalar(row, text)
    names: dict[str, str] = {}
    if isinstance(row.members, str):
        for name, older in view.tables[row.members].items():
            if name == older or older.casefold() not in names:
                names[older.casefold()] = name
    else:
        names = {older.casefold(): name for older, name in row.members.items()}
    members = _split(text)
    if isinstance(row.members, str):
        phases = [member for member in members if _PHASE.search(member)]
        if phases:
            view.note(f"{row.key}: OCPP 2.x has no phases of measurands; told without one: {', '.join(phases)}")
            members = [_PHASE.sub("", member) for member in members]
    return _listed(members, names)


def to_key(view: View, row: Row, text: str) -> Converted | None:
    """The 1.6 value of a 2.x one; None when it is not of the row's type."""
    if row.members is None:
        return _scalar(row, text)
    if isinstance(row.members, str):
        names = {name.casefold(): older for name, older in view.tables[row.members].items()}
    else:
        names = {name.casefold(): older for older, name in row.members.items()}
    return _listed(_split(text), names)


def _split(text: str) -> list[str]:
    return [member for part in text.split(",") if (member := part.strip())]


def _listed(members: list[str], names: Mapping[str, str]) -> Converted:
    found = dict.fromkeys(names[member.casefold()] for member in members if member.casefold() in names)
    return Converted(",".join(found), tuple(member for member in members if member.casefold() not in names))


_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def _scalar(row: Row, text: str) -> Converted | None:
    if row.type == "boolean":
        word = text.strip().casefold()
        return Converted("true") if word in _TRUE else Converted("false") if word in _FALSE else None
    if row.type == "integer":
        number = numeric(text)
        return Converted(str(number)) if isinstance(number, int) else None
    if row.type == "MemberList":
        return Converted(",".join(_split(text)))
    return Converted(text)


def password_to_key(password: str) -> str | None:
    """The AuthorizationKey of a 2.x password: its UTF-8 bytes in hexadecimal (whitepaper A00.FR.205). None when
    they are not 16 to 20."""
    encoded = password.encode()
    return encoded.hex().upper() if _KEY_BYTES[0] <= len(encoded) <= _KEY_BYTES[1] else None


def key_to_password(key: str) -> str | None:
    """The 2.x password of an AuthorizationKey: what its hexadecimal digits spell; a text that is not hexadecimal is
    itself. None when 2.x does not allow it (16 to 40 characters of an identifier, A00.FR.205)."""
    try:
        password = bytes.fromhex(key).decode() if _HEX.fullmatch(key) else key
    except UnicodeDecodeError:
        return None
    fits = _PASSWORD_LENGTH[0] <= len(password) <= _PASSWORD_LENGTH[1]
    return password if fits and all(char in _PLAIN or char == "=" for char in password) else None


_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_KEY_BYTES = (16, 20)
_PASSWORD_LENGTH = (16, 40)


# -- what is told of it --


def note_lost(view: View, row: Row, converted: Converted) -> None:
    """Report the list members of a key's value that 2.x does not have."""
    if converted.lost:
        view.note(f"{row.key}: OCPP 2.x has no {', '.join(converted.lost)}; left out of {row.component}.{row.variable}")


# -- what may not be written --


def guarded(view: View, names: tuple[str, ...], value: str) -> bool:
    """Whether writing ``value`` to what goes by these names would lead the station away from the crosswalk, or change
    how it authenticates (settings `protectedKeys`)."""
    if _WEBSOCKET_URL.match(value):
        return True
    protected = _any_of(tuple(view.settings["protectedKeys"]))
    return any(protected.match(name.casefold()) for name in names)


def is_refused(view: View, row: Row, names: tuple[str, ...], value: str = "") -> bool:
    """Whether writing ``value`` to a setting that goes by these names is refused here, whatever the station would say
    (settings `passwordChange` and `protectedKeys`)."""
    if row.key == PASSWORD:
        return bool(view.settings["passwordChange"] == "refuse")
    return guarded(view, names, value)


@lru_cache(16)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.casefold()) for pattern in patterns) or _NEVER)


_NEVER = r"(?!)"


_WEBSOCKET_URL = re.compile(r"\s*wss?://", re.IGNORECASE)
