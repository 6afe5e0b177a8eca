"""What a condition proves: facts about the fields and variables that it asks about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..expressions.parse import Node
from .types import ABSENT, PRESENT, Fact, FieldPath

CONTEXT = ""
"""The name of `$`, the context, among the bases of an access."""

Access = tuple[str, FieldPath]
"""A variable (or the context) and the names of the fields that lead from it."""

Definition = tuple[FieldPath, Node]
"""What a bound variable stands for: an expression, over the field of the context that the path leads to."""

Facts = dict[Access, Fact]


def access(node: Node) -> Access | None:
    """The access that an expression is, if it is no more than that: `a.b`, `$tx.id`, `$x`."""
    if node.type == "variable" and not _stages(node):
        return (CONTEXT if node.value == "" else str(node.value), ())
    if node.type != "path" or node.group is not None:
        return None
    base, names = CONTEXT, []
    for number, step in enumerate(node.steps):
        if _stages(step):
            return None
        if number == 0 and step.type == "variable":
            base = CONTEXT if step.value == "" else str(step.value)
        elif step.type == "name":
            names.append(str(step.value))
        else:
            return None
    return base, tuple(names)


def _stages(node: Node) -> list[Any]:
    return (node.predicate or []) + (node.stages or [])


def facts(node: Node, truth: bool, definitions: Mapping[str, Definition] | None = None) -> Facts:
    """What follows from the condition ``node`` being true or false."""
    definitions = definitions or {}
    found = _facts(_plain(node), truth, definitions)
    for (base, path), fact in list(found.items()):
        if path or base not in definitions or (fact.values is None and fact.present is not True):
            continue
        prefix, definition = definitions[base]
        for (inner, rest), implied in (_given(definition, fact) or {}).items():
            key = (inner, (*prefix, *rest) if inner == CONTEXT else rest)
            found[key] = found[key].also(implied) if key in found else implied
    return found


def _given(node: Node, fact: Fact) -> Facts | None:
    """What follows from ``fact`` about the value of ``node``; None where it cannot be."""
    node = _plain(node)
    if (direct := access(node)) is not None:
        return {direct: fact}
    if (values := constants(node)) is not None and len(values) == 1:
        return {} if fact.values is None or values[0] in fact.values else None
    if node.type != "condition":
        return {}
    then = _given(node.then, fact)
    if then is not None:
        then = _both(facts(node.condition, True), then)
    other: Facts | None = None if fact.present else {}
    if node._else is not None:
        other = _given(node._else, fact)
    if other is not None:
        other = _both(facts(node.condition, False), other)
    if then is None or other is None:
        return other if then is None else then
    return _either(then, other)


def _facts(node: Node, truth: bool, definitions: Mapping[str, Definition]) -> Facts:
    if (direct := access(node)) is not None:
        found = {direct: PRESENT} if truth else {}
        if not direct[1] and direct[0] in definitions:
            prefix, definition = definitions[direct[0]]
            for (base, path), fact in facts(definition, truth).items():
                found[(base, (*prefix, *path) if base == CONTEXT else path)] = fact
        return found
    if node.type == "function" and node.procedure.type == "variable" and len(node.arguments) == 1:
        inner = _plain(node.arguments[0])
        match node.procedure.value:
            case "not":
                return facts(inner, not truth, definitions)
            case "boolean":
                return facts(inner, truth, definitions)
            case "exists":
                return _existing(inner, truth)
        return {}
    if node.type != "binary":
        return {}
    match node.value, truth:
        case ("and", True) | ("or", False):
            return _both(facts(node.lhs, truth, definitions), facts(node.rhs, truth, definitions))
        case ("or", True) | ("and", False):
            return _either(facts(node.lhs, truth, definitions), facts(node.rhs, truth, definitions))
        case ("=" | "!=" | "in" | ">" | ">=" | "<" | "<=", _):
            return _compared(node, truth)
    return {}


def _existing(node: Node, truth: bool) -> Facts:
    found = access(node)
    if found is None and node.type == "function" and node.procedure.type == "variable":
        text = call_text(str(node.procedure.value), list(node.arguments))
        return {(CONTEXT, (text,)): PRESENT} if text is not None and truth else {}
    return {} if found is None else {found: PRESENT if truth else ABSENT}


def call_text(name: str, arguments: list[Node]) -> str | None:
    """A call of plain arguments as a text: a fact under this text says that the call has a result."""
    texts: list[str] = []
    for argument in arguments:
        found, values = access(argument), constants(argument)
        if found is not None:
            texts.append(f"${found[0]}.{'.'.join(found[1])}")
        elif values is not None:
            texts.append(repr(values))
        else:
            return None
    return f"${name}({', '.join(texts)})"


def _plain(node: Node) -> Node:
    """A node without the parentheses around it."""
    while node.type == "block" and len(node.expressions) == 1:
        node = node.expressions[0]
    return node


def _both(one: Facts, other: Facts) -> Facts:
    result = dict(one)
    for key, fact in other.items():
        result[key] = result[key].also(fact) if key in result else fact
    return result


def _either(one: Facts, other: Facts) -> Facts:
    result: Facts = {}
    for key in one.keys() & other.keys():
        left, right = one[key], other[key]
        if ABSENT in (left, right):
            there = right if left == ABSENT else left
            result[key] = replace(there, present=None, deep=False) if there != ABSENT else ABSENT
            continue
        values = left.values | right.values if left.values is not None and right.values is not None else None
        present = left.present if left.present == right.present else None
        result[key] = Fact(present, values, left.excluded & right.excluded)
    return result


def constants(node: Node) -> list[Any] | None:
    """The constant, or the list of constants, that an expression is."""
    if node.type in ("string", "number") or (node.type == "value" and node.value is not None):
        return [node.value]
    if node.type == "unary" and node.value == "[":
        found = [constants(item) for item in node.expressions]
        return None if any(item is None for item in found) else [value for item in found if item for value in item]
    return None


_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_NEGATED = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}


def _compared(node: Node, truth: bool) -> Facts:
    operator, left, right = node.value, _plain(node.lhs), _plain(node.rhs)
    if operator != "in" and constants(left) is not None:
        left, right, operator = right, left, _FLIPPED.get(operator, operator)
    values = constants(right)
    if values is None:
        if (every := _as_many(left, right)) is not None:
            return (
                {every: Fact(present=True, deep=True)} if (operator == "=") is truth and operator in ("=", "!=") else {}
            )
        both = [found for side in (left, right) if (found := access(side)) is not None]
        return dict.fromkeys(both, PRESENT) if truth and operator in ("=", "in") else {}
    counted = _counted(left)
    target = access(left if counted is None else counted[1])
    if target is None:
        return {}
    among = frozenset(value for value in values if not isinstance(value, (list, dict)))
    if operator in ("=", "in", "!="):
        if counted is not None:
            some = counted[0] == "count" and operator != "!=" and truth and 0 not in among
            return {target: PRESENT} if some else {}
        if operator == "!=":
            return {target: Fact(present=True, excluded=among) if truth else Fact(values=among)}
        return {target: Fact(present=True, values=among) if truth else Fact(excluded=among)}
    limit = values[0]
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or len(values) != 1:
        return {}
    return _bounded(target, counted, operator, limit, truth)


def _as_many(left: Node, right: Node) -> Access | None:
    """`$count(a.b) = $count(a.b.c)`: every b has a c. Gives the access of c."""
    one, other = _counted(left), _counted(right)
    if one is None or other is None or one[0] != "count" or other[0] != "count":
        return None
    first, second = access(one[1]), access(other[1])
    if first is None or second is None or first[0] != second[0]:
        return None
    short, long = sorted((first[1], second[1]), key=len)
    return (first[0], long) if len(long) == len(short) + 1 and long[: len(short)] == short else None


def _bounded(target: Access, counted: tuple[str, Node] | None, operator: str, limit: float, truth: bool) -> Facts:
    if not truth:
        operator = _NEGATED[operator]
    present = truth or None
    if counted is None:
        return {
            target: Fact(
                present=present,
                low=limit if operator == ">=" else None,
                above=limit if operator == ">" else None,
                high=limit if operator == "<=" else None,
                below=limit if operator == "<" else None,
            )
        }
    if counted[0] == "length":
        longest = limit if operator == "<=" else limit - 1 if operator == "<" else None
        return {target: Fact(present=present, longest=None if longest is None else int(longest))}
    some = (operator == ">=" and limit >= 1) or (operator == ">" and limit >= 0)
    return {target: PRESENT} if some else {}


def _counted(node: Node) -> tuple[str, Node] | None:
    """`$length(x)` or `$count(x)`: which of them, and the node of x."""
    if node.type == "function" and node.procedure.value in ("length", "count") and len(node.arguments) == 1:
        return str(node.procedure.value), node.arguments[0]
    return None
