"""What generated code calls for paths: steps, filters, grouping, order. See `runtime` for the values.

A path that leads through single objects is generated as plain look-ups; this module is for everything else. A
step is ``(how, what, stages)``: ``how`` is one of NAME, KEPT, EVALUATE, SORT and FIRST; ``what`` is a field's name, a
function of the context, or terms of an order; ``stages`` are filters: an index, or a function of the context.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from .runtime import Place, Sequence, U, fail, kind, mangle, mangle_kept, truth, unsequenced

NAME, KEPT, EVALUATE, SORT, FIRST = range(5)

Evaluate = Callable[[Any], Any]
Stage = int | Evaluate
Step = tuple[int, Any, tuple[Stage, ...]]


def tail(value: Any, names: tuple[str, ...]) -> Any:
    """The end of a path of plain names, from any value: the result as a plain list, value, or undefined."""
    if value is U:
        return U
    level: Any = value if isinstance(value, list) else (value,)
    found = 0
    last: Any = U
    for name in names:
        found = 0
        reached: list[Any] = []
        for item in level:
            inner = item.get(name, U) if isinstance(item, dict) else mangle(among(item, name))
            if inner is U:
                continue
            found += 1
            last = inner
            if isinstance(inner, list):
                reached.extend(inner)
            else:
                reached.append(inner)
        if not reached and (found != 1 or name is not names[-1]):
            return U
        level = reached
    if found == 1 and not (type(last) is Sequence and last.sequence):
        return last
    return only(level)


def tail_or_none(value: Any, names: tuple[str, ...]) -> Any:
    """`tail`, with None for undefined."""
    found = tail(value, names)
    return None if found is U else found


def reach(value: Any, names: tuple[str, ...]) -> list[Any]:
    """All that a path of names leads to, arrays on the way gone through."""
    level: list[Any] = [value]
    for name in names:
        reached: list[Any] = []
        for item in level:
            inner = item.get(name, U) if isinstance(item, dict) else mangle(among(item, name))
            if isinstance(inner, list):
                reached.extend(inner)
            elif inner is not U:
                reached.append(inner)
        level = reached
    return level


def among(value: Any, name: str) -> Any:
    """The field of every object in an array, as a sequence; of one object, its value."""
    if isinstance(value, dict):
        return value.get(name, U)
    if not isinstance(value, list):
        return U
    found = Sequence()
    for item in value:
        inner = item.get(name, U) if isinstance(item, dict) else among(item, name)
        if inner is U:
            continue
        if isinstance(inner, list):
            found.extend(inner)
        else:
            found.append(inner)
    return found


def index(value: Any, position: int) -> Any:
    """`value[position]` after a single value: negative positions count from the end."""
    if isinstance(value, list):
        return value[position] if -len(value) <= position < len(value) else U
    return value if position in (0, -1) else U


def where(value: Any, stage: Stage) -> Any:
    """A filter: what an index or a predicate leaves of a value, as a sequence."""
    among_these = items(value)
    if isinstance(stage, int):
        if not -len(among_these) <= stage < len(among_these):
            return Sequence()
        item = among_these[stage]
        return item if isinstance(item, list) else Sequence((item,))
    kept = Sequence()
    for position, item in enumerate(among_these):
        result = stage(item)
        if result is True:
            kept.append(item)
        elif result is not False and result is not U:
            _by_value(kept, item, result, position, len(among_these))
    return kept


def items(value: Any) -> Any:
    """What there is to go through in a value."""
    return value if isinstance(value, list) else () if value is U else (value,)


def only(items: list[Any]) -> Any:
    """A sequence of these items as the rest of the expression sees it: one is its value, none is undefined."""
    return items if len(items) > 1 else items[0] if items else U


def sifted(items: Any, test: Evaluate) -> list[Any]:
    """The items for which a predicate is true."""
    return [item for item in items if test(item)]


def records(items: Any, make: Evaluate) -> list[Any]:
    """An object made of each item. Raises AttributeError when one is not an object itself."""
    for item in items:
        if type(item) is not dict:
            raise AttributeError(f"{kind(item)} is not an object")
    return [make(item) for item in items]


def _by_value(kept: Sequence, item: Any, result: Any, position: int, length: int) -> None:
    numbers = result if isinstance(result, list) else (result,)
    if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers):
        for one in numbers:
            wanted = int(one)
            if (wanted + length if wanted < 0 else wanted) == position:
                kept.append(item)
    elif truth(result):
        kept.append(item)


def path(source: Any, steps: tuple[Step, ...], keep: bool = False, absolute: bool = False) -> Any:
    """The value of a path from a context, before a sequence of one becomes its value.

    ``keep``: some step has `[]`. ``absolute``: it begins with a variable, and the context is not gone through.
    """
    items: Any = source if isinstance(source, list) and not absolute else Sequence((source,))
    last = len(steps) - 1
    current: Any = items
    for number, (how, what, stages) in enumerate(steps):
        if how == FIRST:
            current = what(items)
        elif how == SORT:
            current = ordered(items, what)
            for stage in stages:
                current = where(current, stage)
        else:
            current = _step(items, how, what, stages, number == last)
        if current is U or not current:
            break
        items = current
    if keep:
        if type(current) is not Sequence:
            current = unsequenced(current)
        if current.cons and not current.sequence:
            current = Sequence((current,))
        current.keep = True
    return current


def _step(items: Any, how: int, what: Any, stages: tuple[Stage, ...], last: bool) -> Any:
    results = []
    for item in items:
        if how == EVALUATE:
            value = what(item)
        elif isinstance(item, dict):
            value = item.get(what, U)
            if type(value) is Sequence:
                value = (mangle if how == NAME else mangle_kept)(value)
        else:
            value = (mangle if how == NAME else mangle_kept)(among(item, what))
        for stage in stages:
            value = where(value, stage)
        if value is not U:
            results.append(value)
    if last and len(results) == 1:
        only = results[0]
        if isinstance(only, list) and not (type(only) is Sequence and only.sequence):
            return only
    joined = Sequence()
    for value in results:
        if isinstance(value, list) and not (type(value) is Sequence and value.cons):
            joined.extend(value)
        else:
            joined.append(value)
    return joined


def wildcard(value: Any) -> Any:
    """`*`: the values of an object, or the elements of an array, arrays among them flattened."""
    if type(value) is Sequence and value.outer:
        value = value[0]
    found = Sequence()
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(inner, list):
            found = unsequenced(found)
            _flatten(inner, found)
        else:
            found.append(inner)
    return found


def _flatten(value: list[Any], into: list[Any]) -> None:
    for item in value:
        if isinstance(item, list):
            _flatten(item, into)
        else:
            into.append(item)


def descendants(value: Any) -> Any:
    """`**`: the value and everything in it, arrays themselves left out."""
    if value is U:
        return U
    found = Sequence()
    _descend(value, found)
    return found[0] if len(found) == 1 else found


def _descend(value: Any, found: list[Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _descend(item, found)
        return
    found.append(value)
    if isinstance(value, dict):
        for inner in value.values():
            _descend(inner, found)


def ordered(items: Any, terms: tuple[tuple[Evaluate, bool, Place], ...]) -> Any:
    """`^( )`: the items in order; each term is its value's function, whether it descends, and its place."""
    if items is U or len(items) <= 1:
        return items

    def compare(left: Any, right: Any) -> int:
        for value, descending, at in terms:
            a, b = value(left), value(right)
            if a is U or b is U:
                if a is b:
                    continue
                return 1 if a is U else -1
            for one in (a, b):
                if isinstance(one, bool) or not isinstance(one, (str, int, float)):
                    fail(at, f"an order is by numbers or strings, not by {kind(one)}")
            if isinstance(a, str) != isinstance(b, str):
                fail(at, f"an order cannot compare {kind(a)} with {kind(b)}")
            if a != b:
                return (-1 if a < b else 1) * (-1 if descending else 1)
        return 0

    return sorted(items, key=cmp_to_key(compare))


def grouped(value: Any, pairs: tuple[tuple[Evaluate, Evaluate], ...], at: Place) -> Any:
    """`{key: value, ...}` over a value: its items grouped by each key, and the value over each group."""
    items = value if isinstance(value, list) else (value,)
    groups: dict[str, tuple[int, Any]] = {}
    for item in items or (U,):
        for number, (key_of, _) in enumerate(pairs):
            key = key_of(item)
            if key is U:
                continue
            if not isinstance(key, str):
                fail(at, f"a key has to be a string, not {kind(key)}")
            if key not in groups:
                groups[key] = (number, item)
                continue
            earlier, data = groups[key]
            if earlier != number:
                fail(at, "two keys give the same name")
            groups[key] = (number, appended(data, item))
    result = {}
    for key, (number, data) in groups.items():
        made = pairs[number][1](data)
        if made is not U:
            result[key] = made
    return result


def record(members: dict[str, Any]) -> dict[str, Any]:
    """An object without the members that are undefined."""
    for name in [name for name, value in members.items() if value is U]:
        del members[name]
    return members


def appended(left: Any, right: Any) -> Any:
    """One array of two values; the other value where one is undefined."""
    if left is U:
        return right
    if right is U:
        return left
    joined = unsequenced(left if isinstance(left, list) else (left,))
    joined.extend(right if isinstance(right, list) else (right,))
    return joined
