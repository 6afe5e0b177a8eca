"""Identification tokens: 20 characters in 1.6, 36 or 255 with a type in 2.x (facts 5.2 and 8).

An identifier is never cut. What does not fit the other side gets an alias made from its digest; the table that undoes
it is kept in the state. Both sides are case-insensitive: tokens are compared folded and forwarded unchanged.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, STRING, Type, array_of, object_of
from ..versions import Version
from ..view import View

functions = Registry()

ID_TAG: Type = {"type": "string", "maxLength": 20}
_ENTRY: Type = object_of(
    {"idToken": object_of({"idToken": STRING, "type": STRING})},
    {"idTokenInfo": object_of({}, {"groupIdToken": object_of({"idToken": STRING, "type": STRING})})},
)
ID_TOKEN: Type = object_of({"idToken": STRING, "type": STRING})
TOKEN_TYPES = (
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
)
_KEPT = 10_000
"""How many tokens are remembered for each station; the oldest go first."""
_PREFIX = "XW-"
_LONGEST: dict[Version, int] = {Version.V16: 20, Version.V201: 36, Version.V21: 255}
_IDENTIFIER = re.compile(r"[A-Za-z0-9*\-_=:+|@.]*")
_PRINTABLE = re.compile(r"[ -~]*")
_SHAPES = (
    (re.compile(r"[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20}"), "ISO14443"),
    (re.compile(r"[0-9A-Fa-f]{16}"), "ISO15693"),
    (re.compile(r"[A-Za-z]{2}-?[0-9A-Za-z]{3}-?[Cc][0-9A-Za-z]{8}(-?[0-9A-Za-z])?"), "eMAID"),
)


def fold(token: str) -> str:
    """The form in which tokens are compared."""
    return token.upper()


def alias_for(token: str, version: Version) -> str:
    """``token`` as ``version`` may carry it: itself, or an alias of 20 characters."""
    allowed = _PRINTABLE if version is Version.V16 else _IDENTIFIER
    return token if len(token) <= _LONGEST[version] and allowed.fullmatch(token) else _alias(token)


def _alias(token: str) -> str:
    hashed = hashlib.blake2b(fold(token).encode(), digest_size=11).digest()
    return _PREFIX + base64.b32encode(hashed).decode().rstrip("=")[:17]


def original(view: View, token: str) -> str:
    """What an alias stands for; any other token is itself."""
    full: str = view.read("tokens").get("aliases", {}).get(fold(token), token)
    return full


def remember(view: View, token: str, kind: str | None, version: Version) -> str:
    """Note a token's type and, where it needs one, its alias toward ``version``; gives what ``version`` sees."""
    shown = alias_for(token, version)
    _keep_alias(view, shown, token)
    if kind and view.read("tokens").get("types", {}).get(fold(token)) != kind:
        _put(view.change("tokens").setdefault("types", {}), fold(token), kind)
    return shown


def _keep_alias(view: View, shown: str, token: str) -> None:
    if shown != token and view.read("tokens").get("aliases", {}).get(fold(shown)) != token:
        _put(view.change("tokens").setdefault("aliases", {}), fold(shown), token)


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    table.pop(key, None)
    table[key] = value
    while len(table) > _KEPT:
        del table[next(iter(table))]


def _newer(view: View) -> Version:
    """The version of the 2.x side, whichever side that is."""
    return view.pair.station if view.pair.csms is Version.V16 else view.pair.csms


@functions.hook(
    "idToken",
    parameters=(Parameter("idTag", STRING),),
    result={"type": "string", "maxLength": 36},
    examples=(Example("$idToken('04A2B3C4')", "04A2B3C4"),),
)
def id_token(view: View, id_tag: str) -> str:
    """The 2.x token of a 1.6 idTag: an alias is undone; characters that 2.x forbids give an alias."""
    return alias_for(original(view, id_tag), _newer(view))


@functions.hook(
    "tokenType",
    parameters=(Parameter("idTag", STRING),),
    result={"type": "string", "enum": list(TOKEN_TYPES)},
    examples=(
        Example("$tokenType('04A2B3C4')", "ISO14443"),
        Example("$tokenType('DE-8AA-C2B3C4D5-L')", "eMAID"),
        Example("$tokenType('member 7')", "Central"),
    ),
)
def token_type(view: View, id_tag: str) -> str:
    """The 2.x type of a 1.6 idTag: what the CSMS used for this token, else the setting `idTokenType`, else what
    its shape says (facts 5.2)."""
    known: str | None = view.read("tokens").get("types", {}).get(fold(original(view, id_tag)))
    if known in TOKEN_TYPES:
        return known
    fixed: str = view.settings["idTokenType"]
    if fixed != "auto":
        return fixed
    return next((kind for shape, kind in _SHAPES if shape.fullmatch(id_tag)), "Central")


@functions.hook(
    "idTag",
    parameters=(Parameter("idToken", STRING),),
    result=ID_TAG,
    optional_result=True,
    examples=(
        Example("$idTag('04A2B3C4')", "04A2B3C4"),
        Example("$length($idTag('DE-8AA-C2B3C4D5-L-0123456789'))", 20),
    ),
)
def id_tag(view: View, token: str) -> str | None:
    """The 1.6 idTag of a 2.x token: itself, or its alias; undefined for an empty one. `$rememberToken` makes the alias
    reversible."""
    return alias_for(original(view, token), Version.V16) if token else None


@functions.hook(
    "rememberToken",
    parameters=(Parameter("idToken", ID_TOKEN),),
    result=ID_TAG,
    optional_result=True,
    mutates=True,
    examples=(Example("$rememberToken({'idToken': 'AB12', 'type': 'Central'})", "AB12"),),
)
def remember_token(view: View, token: dict[str, Any]) -> str | None:
    """Note a 2.x IdToken that the CSMS used, so that its type and full text can be given back; gives its idTag.
    Undefined for an empty one, which stands for no authorization."""
    if not token["idToken"]:
        return None
    return remember(view, token["idToken"], token.get("type"), Version.V16)


@functions.hook(
    "rememberList",
    parameters=(Parameter("entries", array_of(_ENTRY)),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$rememberList([{'idToken': {'idToken': 'AB12', 'type': 'Central'}}])", True),),
)
def remember_list(view: View, entries: Any) -> bool:
    """Note the tokens, and the groups, of a local authorization list, as `$rememberToken` does for one."""
    for entry in entries if isinstance(entries, list) else [entries]:
        for token in (entry["idToken"], entry.get("idTokenInfo", {}).get("groupIdToken")):
            if token:
                remember_token(view, token)
    return True


@functions.hook(
    "rememberTag",
    parameters=(Parameter("idTag", STRING),),
    result={"type": "string", "maxLength": 36},
    mutates=True,
    examples=(Example("$rememberTag('AB12')", "AB12"),),
)
def remember_tag(view: View, tag: str) -> str:
    """Note a 1.6 idTag that a station used, so that an alias made for it can be undone; gives its 2.x token."""
    return remember(view, original(view, tag), None, _newer(view))


@functions.hook(
    "shortToken",
    parameters=(Parameter("idToken", STRING),),
    result={"type": "string", "maxLength": 36},
    examples=(
        Example("$shortToken('AB12')", "AB12"),
        Example("$length($shortToken($pad('A', 40, 'B')))", 20),
    ),
)
def short_token(view: View, token: str) -> str:
    """A 2.1 token (up to 255 characters) as 2.0.1 may carry it (36): itself, or its alias. `$rememberTokens` makes
    the alias reversible."""
    return _short(original(view, token))


def _short(token: str) -> str:
    """2.0.1 and 2.1 allow the same characters, so only the length can need an alias between them."""
    return token if len(token) <= _LONGEST[Version.V201] else _alias(token)


@functions.hook(
    "fullToken",
    parameters=(Parameter("idToken", STRING),),
    result={"type": "string", "maxLength": 255},
    examples=(Example("$fullToken('AB12')", "AB12"),),
)
def full_token(view: View, token: str) -> str:
    """What an alias stands for; any other token is itself."""
    return original(view, token)


@functions.hook(
    "rememberTokens",
    parameters=(Parameter("idTokens", ANY, optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$rememberTokens({'idToken': 'AB12', 'type': 'Central'})", True),),
)
def remember_tokens(view: View, tokens: Any) -> bool:
    """Note the aliases that 2.0.1 needs for one 2.1 IdToken or an array of them; says whether there was a token."""
    rows = tokens if isinstance(tokens, list) else [tokens] if tokens else []
    for row in rows:
        _keep_alias(view, _short(row["idToken"]), row["idToken"])
    return bool(rows)
