"""What the steps of a path and the operators give, by the types of what they are over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .types import TEXT, UNDEFINED, Anything, Array, Boolean, Number, Object, Text, Type, refined, union


def mapped(arrays: list[Array], step: Callable[[Type], Type]) -> Type:
    """A step of a path over the elements of arrays: the results in one sequence, arrays among them flattened."""
    inner = step(union(array.item for array in arrays))
    certain = not inner.optional and all(array.low > 0 for array in arrays)
    highs = [array.high for array in arrays]
    flat: list[Type] = []
    for result in inner.options:
        if isinstance(result, Array):
            certain = certain and result.low > 0
            highs.append(None)
            flat.append(result.item)
        else:
            flat.append(Type((result,)))
    if not flat:
        return UNDEFINED
    known = [high for high in highs if high is not None]
    high = max(known) if len(known) == len(highs) else None
    return Type((Array(union(flat).present(), int(certain), high, sequence=True),), not certain)


def element(value: Type) -> Type:
    """What there is to go through in a value, one at a time."""
    found: list[Type] = []
    for option in value.options:
        found.append(option.item.present() if isinstance(option, Array) else Type((option,)))
    return union(found).present() if found else UNDEFINED


def kept(value: Type) -> Type:
    """`[]`: a single value becomes an array of one."""
    options = [
        replace(option, sequence=False, low=max(1, option.low))
        if isinstance(option, Array)
        else Array(Type((option,)), 1, 1)
        for option in value.options
    ]
    return Type(tuple(options), value.optional)


def indexed(value: Type, index: int) -> Type:
    found: list[Type] = []
    for option in value.options:
        if isinstance(option, Array):
            sure = option.low > index if index >= 0 else option.low >= -index
            found.append(option.item.present().maybe(not sure))
        else:
            found.append(Type((option,)).maybe(index not in (0, -1)))
    return union(found).maybe(value.optional)


def filtered(value: Type, known: Mapping[Any, Any]) -> Type:
    found: list[Type] = []
    for option in value.options:
        if isinstance(option, Array):
            item = refined(option.item, known).present()
            found.append(Type((Array(item, 0, option.high, sequence=True, source=option.source),), True))
        else:
            found.append(refined(Type((option,)), known).maybe())
    return union(found).maybe()


def texts_of(value: Type) -> frozenset[str] | None:
    """The texts that a value may be, where they are all known."""
    known: frozenset[str] = frozenset()
    for option in value.options:
        if isinstance(option, Array):
            inner = texts_of(option.item)
            if inner is None:
                return None
            known |= inner
        elif isinstance(option, Text) and option.values is not None:
            known |= option.values
        else:
            return None
    return known if value.options else None


def joined(left: Type, right: Type) -> Type:
    total = 0
    for side in (left, right):
        longest = 0
        for option in side.options:
            if isinstance(option, Boolean):
                longest = max(longest, 5)
            elif isinstance(option, Text) and option.longest is not None:
                longest = max(longest, option.longest)
            elif isinstance(option, Number) and option.integer and option.low is not None and option.high is not None:
                longest = max(longest, len(str(int(option.low))), len(str(int(option.high))))
            else:
                return TEXT
        total += longest
    return Type((Text(None, total),))


def computed(operator: str, left: Type, right: Type) -> Type:
    numbers = [option for side in (left, right) for option in side.options]
    whole = operator in "+-*%" and all(isinstance(option, Number) and option.integer for option in numbers)
    low: float | None = None
    if operator in "+*" and all(
        isinstance(option, Number) and option.low is not None and option.low >= 0 for option in numbers
    ):
        lows = [
            min(option.low or 0 for option in side.options if isinstance(option, Number))
            for side in (left, right)
            if side.options
        ]
        if len(lows) == 2:
            low = lows[0] + lows[1] if operator == "+" else lows[0] * lows[1]
    return Type((Number(whole, low),))


def people(value: Type) -> str:
    """A type in words."""
    names: list[str] = []
    for option in value.options:
        match option:
            case Text(values) if values is not None and len(values) <= 4:
                names.append(" or ".join(repr(text) for text in sorted(values)))
            case Text():
                names.append("a string")
            case Number(integer):
                names.append("an integer" if integer else "a number")
            case Boolean():
                names.append("a boolean")
            case Array(_, _, _, sequence):
                names.append("one value or several" if sequence else "an array")
            case Object():
                names.append("an object")
            case Anything():
                names.append("a value of unknown type")
    return " or ".join(dict.fromkeys(names)) or "nothing"


__all__ = ["computed", "element", "filtered", "indexed", "joined", "kept", "mapped", "people", "texts_of"]
