"""Identification tokens: 20 characters in 1.6, 36 or 255 with a type in 2.x (facts 5.2 and 8).

An identifier is never cut. What does not fit the other side gets an alias made from its digest; the table that undoes
it is kept in the state. Both sides are case-insensitive: tokens are compared folded and forwarded unchanged.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, STRING, Type, array_of, object_of
from ..versions import Version
from ..view import View
from .bounds import put
from .values import as_list

functions = Registry()

ID_TAG: Type = {"type": "string", "maxLength": 20}
_ENTRY: Type = object_of(
    {"idToken": object_of({"idToken": STRING, "type": STRING})},
    {"idTokenInfo": object_of({}, {"groupIdToken": object_of({"idToken": STRING, "type": STRING})})},
)
_TAG_ENTRY: Type = object_of({"idTag": STRING}, {"idTagInfo": object_of({}, {"parentIdTag": STRING})})
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
_KEPT = 300
"""How many tokens that were used are remembered for each station; those that were not used for longest go first."""
_LISTED = 10_000
"""How many tokens of local authorization lists are."""
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
    full: str | None = _known(view, "aliases", fold(token))
    return token if full is None else full


def remember(view: View, token: str, kind: str | None, version: Version, *, listed: bool = False) -> str:
    """Note a token's type and, where it needs one, its alias toward ``version``; gives what ``version`` sees.
    ``listed`` is for a token of a local authorization list."""
    shown = alias_for(token, version)
    if shown != token:
        _keep(view, "aliases", fold(shown), token, listed)
    if kind and (kind != _supposed(view, shown) or _known(view, "types", fold(token)) is not None):
        _keep(view, "types", fold(token), kind, listed)
    return shown


def _known(view: View, table: str, key: str) -> Any:
    """What is kept of a token that was used lately, or else of one in a list."""
    kept = view.read("tokens")
    if not kept:
        return None
    found = kept.get(table, {}).get(key)
    return kept.get(f"listed {table}", {}).get(key) if found is None else found


def _keep(view: View, table: str, key: str, value: str, listed: bool) -> None:
    """Note ``value``, as the newest; what is noted as it is and far from being forgotten is left alone."""
    name, most = (f"listed {table}", _LISTED) if listed else (table, _KEPT)
    known = view.read("tokens").get(name, {})
    if known.get(key) != value or (len(known) >= most / 2 and key != next(reversed(known))):
        put(view.change("tokens").setdefault(name, {}), key, value, most)


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
        Example("$tokenType('')", "NoAuthorization"),
    ),
)
def token_type(view: View, id_tag: str) -> str:
    """The 2.x type of a 1.6 idTag: what the 2.x side used for this token, else the setting `idTokenType`, else what
    its shape says (facts 5.2). 2.1 has an open list of types, of which it gets back any that it used. An empty idTag
    stands for no authorization (C02.FR.01)."""
    if not id_tag:
        return "NoAuthorization"
    known: str | None = _known(view, "types", fold(original(view, id_tag)))
    if known is not None and (known in TOKEN_TYPES or _newer(view) is Version.V21):
        return known
    return _supposed(view, id_tag)


def _supposed(view: View, id_tag: str) -> str:
    """The type of an idTag of which nothing else is known: the setting's, or what its shape suggests."""
    fixed: str = view.settings["idTokenType"]
    if fixed != "auto":
        return fixed
    return _by_shape(id_tag) if len(id_tag) <= _LONGEST[Version.V16] else "Central"


@lru_cache(1024)
def _by_shape(id_tag: str) -> str:
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
    """Note a 2.x IdToken that was used, so that its type and full text can be given back; gives its idTag, which for
    an alias made toward 2.x is what it stands for. Undefined for an empty one, which stands for no authorization."""
    return _remember(view, token, listed=False)


def _remember(view: View, token: dict[str, Any], *, listed: bool) -> str | None:
    if not token["idToken"]:
        return None
    return remember(view, original(view, token["idToken"]), token.get("type"), Version.V16, listed=listed)


@functions.hook(
    "rememberList",
    parameters=(Parameter("entries", array_of(_ENTRY)),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$rememberList([{'idToken': {'idToken': 'AB12', 'type': 'Central'}}])", True),),
)
def remember_list(view: View, entries: Any) -> bool:
    """Note the tokens, and the groups, of a local authorization list, as `$rememberToken` does for one."""
    for entry in as_list(entries):
        for token in (entry["idToken"], entry.get("idTokenInfo", {}).get("groupIdToken")):
            if token:
                _remember(view, token, listed=True)
    return True


@functions.hook(
    "rememberTag",
    parameters=(Parameter("idTag", STRING),),
    result={"type": "string", "maxLength": 36},
    mutates=True,
    examples=(Example("$rememberTag('AB12')", "AB12"),),
)
def remember_tag(view: View, tag: str) -> str:
    """Note a 1.6 idTag that was used, so that an alias made for it can be undone; gives its 2.x token."""
    return _remember_tag(view, tag, listed=False)


def _remember_tag(view: View, tag: str, *, listed: bool) -> str:
    return remember(view, original(view, tag), None, _newer(view), listed=listed)


@functions.hook(
    "rememberTags",
    parameters=(Parameter("entries", array_of(_TAG_ENTRY)),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$rememberTags([{'idTag': 'AB12', 'idTagInfo': {'parentIdTag': 'group 7'}}])", True),),
)
def remember_tags(view: View, entries: Any) -> bool:
    """Note the idTags, and the groups, of a local authorization list, as `$rememberTag` does for one."""
    for entry in as_list(entries):
        for tag in (entry["idTag"], entry.get("idTagInfo", {}).get("parentIdTag")):
            if tag:
                _remember_tag(view, tag, listed=True)
    return True


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
    "fullType",
    tables=("token-type-to-2.0.1",),
    parameters=(Parameter("idToken", STRING), Parameter("type", STRING)),
    result={"type": "string", "maxLength": 20},
    examples=(Example("$fullType('AB12', 'Central')", "Central"),),
)
def full_type(view: View, token: str, kind: str) -> str:
    """The type that a 2.1 side gave a token, where 2.0.1 has no such type and ``kind`` is what it had become (table
    `token-type-to-2.0.1`); any other is what the 2.0.1 side says."""
    known: str | None = _known(view, "types", fold(original(view, token)))
    if known is None or known in TOKEN_TYPES:
        return kind
    became = view.tables["token-type-to-2.0.1"].get(known, "Central")
    return known if kind == became or (known, kind) == ("EVCCID", "MacAddress") else kind


@functions.hook(
    "rememberTokens",
    parameters=(Parameter("idTokens", ANY, optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$rememberTokens({'idToken': 'AB12', 'type': 'Central'})", True),),
)
def remember_tokens(view: View, tokens: Any) -> bool:
    """Note the aliases that 2.0.1 needs for one 2.1 IdToken or an array of them, and the types that it does not have;
    says whether there was a token."""
    rows = as_list(tokens)
    listed = isinstance(tokens, list)
    for row in rows:
        token, kind = row["idToken"], row["type"]
        short = _short(token)
        if short != token:
            _keep(view, "aliases", fold(short), token, listed)
        if kind not in TOKEN_TYPES or _known(view, "types", fold(token)) is not None:
            _keep(view, "types", fold(token), kind, listed)
    return bool(rows)
