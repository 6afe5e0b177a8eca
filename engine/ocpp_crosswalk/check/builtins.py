"""What JSONata's own functions give, by the types of their arguments.

A function that is missing here has a result that the checker cannot type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .types import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    UNDEFINED,
    Array,
    Fact,
    FieldPath,
    Number,
    Object,
    Text,
    Type,
    anything,
    union,
)

Signature = Callable[[Sequence[Type], Sequence[Any]], Type]
"""The result's type from the arguments' types and, where they are constants, values.

There are as many as the function takes, and a first one that is left out is there: it is the context.
"""

PEEKING = frozenset({"exists", "count", "type"})
"""Functions that look at whether a value is there, not at the value."""


def _plain(result: Type) -> Signature:
    """A function that is undefined where its first argument is."""
    return lambda types, _: result.maybe(types[0].optional)


def _always(result: Type) -> Signature:
    return lambda types, _: result


def _rounded(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    decimals = 0 if len(types) == 1 else literals[1]
    low = min(
        (option.low for option in types[0].options if isinstance(option, Number) and option.low is not None),
        default=None,
    )
    known = all(isinstance(option, Number) and option.low is not None for option in types[0].options)
    known_decimals = isinstance(decimals, (int, float))
    whole = known_decimals and decimals <= 0
    step = float(10 ** -int(decimals)) if known_decimals and not whole else None
    return Type((Number(whole, round(low) if known and low is not None else None, None, step),), types[0].optional)


def _floored(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    return _rounded(types[:1], ())


def _appended(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    items: list[Type] = []
    low = 0
    for value in types:
        inner = _items(value)
        items.append(inner)
        low += 0 if value.optional else min((o.low if isinstance(o, Array) else 1 for o in value.options), default=0)
    both = not any(value.optional for value in types)
    options: tuple[Any, ...] = (Array(union(items).present(), low, None, sequence=not both or low < 2),)
    if both and all(any(isinstance(o, Array) and not o.sequence for o in value.options) for value in types):
        options = (Array(union(items).present(), low),)
    return Type(options, all(value.optional for value in types))


def _items(value: Type) -> Type:
    return union(option.item if isinstance(option, Array) else Type((option,)) for option in value.options)


def _best(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    inner = _items(types[0])
    numbers = [option for option in inner.options if isinstance(option, Number)]
    lows = [option.low for option in numbers if option.low is not None]
    whole = bool(numbers) and all(option.integer for option in numbers)
    sure = not types[0].optional and all(isinstance(o, Array) and o.low > 0 for o in types[0].options)
    return Type((Number(whole, max(lows) if lows else None),), not sure)


def _smallest(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    found = _best(types, literals)
    whole = any(isinstance(option, Number) and option.integer for option in found.options)
    return Type((Number(whole),), found.optional)


def _substring(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    longest = literals[2] if len(literals) > 2 and isinstance(literals[2], (int, float)) else _longest(types[0])
    return Type((Text(None, None if longest is None else int(longest)),), types[0].optional)


def _longest(value: Type) -> int | None:
    found = [option.longest if isinstance(option, Text) else None for option in value.options]
    known = [longest for longest in found if longest is not None]
    return max(known) if known and len(known) == len(found) else None


def _cased(change: Callable[[str], str]) -> Signature:
    def signature(types: Sequence[Type], literals: Sequence[Any]) -> Type:
        options = [
            Text(None if option.values is None else frozenset(map(change, option.values)), option.longest)
            for option in types[0].options
            if isinstance(option, Text)
        ]
        return Type(tuple(options) or (Text(),), types[0].optional)

    return signature


def _text(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    texts = [option for option in types[0].options if isinstance(option, Text)]
    if len(texts) == len(types[0].options):
        return Type(tuple(texts), types[0].optional)
    numbers = [option for option in types[0].options if isinstance(option, Number)]
    if len(numbers) == len(types[0].options) and all(number.integer for number in numbers):
        bounds = [bound for number in numbers for bound in (number.low, number.high)]
        known = [int(bound) for bound in bounds if bound is not None]
        longest = max((len(str(bound)) for bound in known), default=0) if len(known) == len(bounds) else 11
        return Type((Text(None, longest),), types[0].optional)
    return TEXT.maybe(types[0].optional)


def _same_array(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    return types[0]


def _keys(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    names = [
        name for option in types[0].options if isinstance(option, Object) and not option.open for name in option.names
    ]
    item = Type((Text(frozenset(names)),)) if names else TEXT
    return Type((Array(item, 0, None, sequence=True),), True)


def _merged(types: Sequence[Type], literals: Sequence[Any]) -> Type:
    fields: dict[str, list[Type]] = {}
    facts: list[tuple[FieldPath, Fact]] = []
    for option in _items(types[0]).options:
        if not isinstance(option, Object) or option.open:
            return anything("$merge of objects of unknown fields")
        for name in option.names:
            fields.setdefault(name, []).append(option.lookup(name))
        facts += option.facts
    members = {name: union(found) for name, found in fields.items()}
    known = () if any(len(found) > 1 for found in fields.values()) else tuple(facts)
    return Type((Object(tuple(members), members.__getitem__, facts=known),), types[0].optional)


BUILTINS: Mapping[str, Signature] = {
    "exists": _always(BOOLEAN),
    "not": _always(BOOLEAN),
    "boolean": _plain(BOOLEAN),
    "count": _always(Type((Number(True, 0),))),
    "type": _plain(TEXT),
    "string": _text,
    "number": _plain(NUMBER),
    "length": _plain(Type((Number(True, 0),))),
    "uppercase": _cased(str.upper),
    "lowercase": _cased(str.lower),
    "trim": _cased(str.strip),
    "substring": _substring,
    "substringBefore": lambda types, _: Type((Text(None, _longest(types[0])),), types[0].optional),
    "substringAfter": lambda types, _: Type((Text(None, _longest(types[0])),), types[0].optional),
    "contains": _plain(BOOLEAN),
    "split": _plain(Type((Array(TEXT, 1),))),
    "join": _plain(TEXT),
    "pad": _plain(TEXT),
    "replace": _plain(TEXT),
    "round": _rounded,
    "floor": _floored,
    "ceil": _floored,
    "abs": _plain(Type((Number(False, 0),))),
    "sqrt": _plain(Type((Number(False, 0),))),
    "power": _plain(NUMBER),
    "sum": _plain(NUMBER),
    "average": _plain(NUMBER),
    "max": _best,
    "min": _smallest,
    "append": _appended,
    "sort": _same_array,
    "reverse": _same_array,
    "distinct": _same_array,
    "keys": _keys,
    "merge": _merged,
    "formatNumber": _plain(TEXT),
    "formatBase": _plain(TEXT),
    "base64encode": _plain(TEXT),
    "base64decode": _plain(TEXT),
    "toMillis": _plain(INTEGER),
    "fromMillis": _plain(Type((Text(None, None, "date-time"),))),
    "assert": _always(UNDEFINED),
}
