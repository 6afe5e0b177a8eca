"""Parsing: jsonata-python's own parser, with errors that say where and what."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.parser import Parser

from ..diagnostics import Position

Node: TypeAlias = Any
"""A node of jsonata-python's syntax tree: a `Symbol`, which has no types of its own."""

Symbol = Parser.Symbol


class ExpressionError(ValueError):
    """An expression that cannot be parsed or evaluated.

    ``offset`` is the position in the source, in characters from 0; ``reason`` is for people; ``at`` is where the
    expression stands, when that is known.
    """

    at: Position | None = None

    def __init__(self, source: str, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (in `{shortened(source)}`, character {offset + 1})")
        self.source = source
        self.reason = reason
        self.offset = offset


def shortened(source: str) -> str:
    """An expression as messages show it."""
    return source if len(source) <= _SHOWN else f"{source[:_SHOWN]}..."


class _Parser(Parser):  # type: ignore[misc]
    """jsonata-python's parser, with its treatment of `??` and `?:` put right.

    Both stand for a condition whose test and result are the same operand. jsonata-python puts one tree in both
    places and then works it over twice, so that `a[1] ?? b` becomes `a[1][1]`. Here each place has its own copy.
    """

    def __init__(self) -> None:
        super().__init__()
        for operator in (_Coalesce(self, self.symbol_table["??"].lbp), _Default(self, self.symbol_table["?:"].lbp)):
            operator.value = operator.id
            operator.lbp = operator.bp
            self.symbol_table[operator.id] = operator


class _Coalesce(Parser.InfixCoalesce):  # type: ignore[misc]
    def led(self, left: Node) -> Node:
        made = super().led(left)
        made.then = _copy(left)
        return made


class _Default(Parser.InfixDefault):  # type: ignore[misc]
    def led(self, left: Node) -> Node:
        made = super().led(left)
        made.then = _copy(left)
        return made


def _copy(value: Any) -> Any:
    if isinstance(value, list):
        return [_copy(item) for item in value]
    if not isinstance(value, Symbol):
        return value
    made = copy.copy(value)
    for name, inner in vars(value).items():
        if name not in _NO_CHILD and isinstance(inner, (Symbol, list)):
            setattr(made, name, _copy(inner))
    return made


_NO_CHILD = frozenset({"_outer_instance", "prefix"})
_threads = threading.local()
_VALUE = re.compile(r"\{\{(value2?|exp)\}\}")
_SHOWN = 500
_MOST = 1000
"""Parts of an expression. What is larger may be nested so deeply that Python cannot follow; no mapping here has 200."""


@lru_cache(maxsize=4096)
def parse(source: str) -> Node:
    """The syntax tree of ``source``; the same text has the same tree, which is not to be changed.

    Raises ExpressionError when it is not JSONata.
    """
    parser = getattr(_threads, "parser", None)
    if parser is None:
        parser = _threads.parser = _Parser()
    try:
        tree = parser.parse(source)
    except JException as error:
        raise ExpressionError(source, describe(error), _offset(error)) from None
    except RecursionError:
        raise ExpressionError(source, "this is nested too deeply") from None
    except IndexError:
        comment = source.rfind("/*")
        if comment >= 0 and "*/" not in source[comment:]:
            raise ExpressionError(source, "the comment that begins with /* is not closed by */", comment) from None
        raise ExpressionError(source, "this ends too early") from None
    except (LookupError, AttributeError, TypeError, re.error, RuntimeError) as error:
        raise ExpressionError(source, f"this is not JSONata: {error}") from None
    if len(source) > _MOST and sum(1 for _ in islice(walk(tree), _MOST + 1)) > _MOST:
        raise ExpressionError(source, f"this has more than {_MOST} parts; name some of them apart")
    return tree


def describe(error: JException) -> str:
    """What ``error`` says. A value that an evaluation came upon is left out: the text goes to peers and into logs."""
    text = JException.error_codes.get(error.error, "")
    if error.error == "T0411":
        return f"what the function is over cannot be its argument {error.expected}"
    if error.error[0] in "DT" and _VALUE.search(text):
        return str(_VALUE.sub("...", text).replace("{{token}}", str(error.extra)))
    return str(error).strip() or f"JSONata error {error.error}"


def _offset(error: JException) -> int:
    location = getattr(error, "location", 0)
    return max(0, location - 1) if isinstance(location, int) else 0


def offset_of(node: Node, source: str) -> int:
    """Where ``node`` begins in ``source``, in characters from 0.

    The tokenizer notes where a token ends; an operator stands for its whole expression.
    """
    if node.type == "path":
        return offset_of(node.steps[0], source)
    if node.type in ("function", "partial"):
        return offset_of(node.procedure if node.procedure.position else node.arguments[0], source)
    if node.type == "condition":
        return offset_of(node.condition, source)
    end = int(node.position or 0)
    value = node.value
    if node.type == "variable":
        return max(0, end - len(str(value)) - 1)
    if node.type == "name":
        quoted = source[end - 1 : end] in ("`", "'", '"')
        return max(0, end - len(str(value)) - (2 if quoted else 0))
    if node.type in ("string", "number", "value", "binary", "unary", "apply", "bind"):
        text = len(str(value)) + (2 if node.type == "string" else 0)
        return max(0, end - text)
    return max(0, end - 1)


def walk(node: Any) -> Iterator[Node]:
    """Every node of the tree below ``node``, itself included, each once, parents first."""
    seen: set[int] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, (list, tuple)):
            pending.extend(reversed(current))
            continue
        if not isinstance(current, Symbol) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        for name, value in vars(current).items():
            if value is not None and name not in _NO_CHILD and isinstance(value, (Symbol, list, tuple)):
                pending.append(value)


__all__ = ["ExpressionError", "JException", "Jsonata", "Node", "describe", "offset_of", "parse", "shortened", "walk"]
