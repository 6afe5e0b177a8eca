"""The compiler of templates: a template becomes a Python function that builds its value in straight lines.

`Node.evaluate` is the reference. The generated code does the same over objects, which payloads are; over anything
else `run` leaves it to the reference. `source_of` shows the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import count
from types import TracebackType
from typing import Any

from ..diagnostics import Position
from ..expressions import Expression, ExpressionError, Scope
from ..expressions.code import LIBRARY, Unit
from ..expressions.compile import function_over, mutates
from ..expressions.compile import source_of as expression_source
from ..expressions.reference import FAULTS, explain
from . import model
from .emit import Emitter, helpers
from .template import Node

Run = Callable[[Any, Scope], Any]


@dataclass(frozen=True, slots=True)
class Generated:
    """The source of a template's function, with the expressions that its comments stand for, by line from 1.

    ``assume``: it raises AttributeError where a value is no object that was taken for one.
    """

    text: str
    names: dict[str, Any]
    expressions: dict[int, Expression]
    assume: bool


def run(node: Node, data: Any, scope: Scope) -> Any:
    """The value of a template over ``data``, or UNDEFINED, by generated code. Raises ExpressionError."""
    if type(data) is not dict:
        return node.evaluate(data, scope)
    return (node.code or _code_of(node))(data, scope)


def prepare(part: Any) -> Iterator[None]:
    """Compile the templates and expressions of a mapping, or of a part of one, so that the first message does not
    have to wait for it: one at each step of the iterator, which makes room for other work between them."""
    if isinstance(part, Node):
        _code_of(part)
        yield
    elif isinstance(part, Expression):
        part.prepare()
        yield
    elif isinstance(part, (tuple, list)):
        for inner in part:
            yield from prepare(inner)
    elif is_dataclass(part):
        for field in fields(part):
            yield from prepare(getattr(part, field.name))


def _code_of(node: Node) -> Run:
    if node.code is None:
        object.__setattr__(node, "code", compiled(node))
    code: Run = node.code
    return code


def compiled(node: Node) -> Run:
    """The function of an object and the scope that a template is."""
    generated = generate(node, "template")
    file = f"<template {next(_numbers)}>"

    def failed(error: Exception, data: Any, scope: Scope) -> Any:
        if generated.assume and isinstance(error, AttributeError):
            return node.evaluate(data, scope)
        expression = _expression_at(generated, file, error.__traceback__)
        if isinstance(error, ExpressionError):
            if error.at is None and expression is not None:
                error.at = expression.at.shifted(error.offset)
            raise error
        fault = ExpressionError(expression.source if expression else str(node.at), explain(error))
        fault.at = expression.at if expression else node.at
        raise fault from error

    head, *body = generated.text.split("\n")
    text = "\n".join((head, "    try:", *(f"    {line}" for line in body), _GUARD))
    namespace = {**generated.names, "failed": failed}
    exec(compile(text, file, "exec"), namespace)
    made: Run = namespace["template"]
    return made


_numbers = count(1)

_GUARD = """
    except FAULTS as e:
        return failed(e, d, s)
"""


def _expression_at(generated: Generated, file: str, traceback: TracebackType | None) -> Expression | None:
    """The expression whose code was running."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno - 1  # of `generated`, which has no `try:`
        traceback = traceback.tb_next
    before = [number for number in generated.expressions if number <= line]
    return generated.expressions[max(before)] if before else None


def expressions_of(part: Any) -> Iterator[Expression]:
    """Every expression in a mapping, or in a part of one."""
    if isinstance(part, Expression):
        yield part
    elif isinstance(part, (tuple, list)):
        for inner in part:
            yield from expressions_of(inner)
    elif isinstance(part, Mapping):
        yield from expressions_of(list(part.values()))
    elif is_dataclass(part):
        for item in fields(part):
            if item.name != "code":
                yield from expressions_of(getattr(part, item.name))


def generate(node: Node, name: str) -> Generated:
    """The source of a template's function, called ``name``."""
    assume = not any(mutates(expression.node, expression.functions) for expression in expressions_of(node))
    emitter = Emitter(Unit({}), run, assume=assume)
    function = function_over(name, emitter.function_body(node))
    text = ast.unparse(ast.fix_missing_locations(ast.Module([function], [])))
    lines = text.split("\n")
    expressions: dict[int, Expression] = {}
    for number, line in enumerate(lines):
        if (marker := _MARKER.fullmatch(line)) is not None:
            at, expression = emitter.markers[int(marker[2])]
            lines[number] = f"{marker[1]}# {_place(at)}{_shown(expression)}"
            if expression is not None:
                expressions[number + 1] = expression
    return Generated("\n".join(lines), {**emitter.unit.namespace(), "__builtins__": _LIBRARY}, expressions, assume)


_LIBRARY = {**LIBRARY, **helpers(), "FAULTS": FAULTS}
_MARKER = re.compile(r"( *)(?:'|\"\"\")#(\d+)(?:'|\"\"\")")


def _place(at: Position) -> str:
    return f"{'/'.join(at.file.split('/')[-3:])}:{at.line}"


def _shown(expression: Expression | None) -> str:
    return "" if expression is None else "  " + " ".join(expression.source.split())


def source_of(mapping: model.Mapping) -> str:
    """The Python that a mapping is, for people: a function for each of its templates and conditions."""
    parts = [f"# {mapping.action}, {mapping.pair}, from {mapping.origin}: {_place(mapping.at)}"]
    for name, part in parts_of(mapping):
        parts.append(_condition(part, name) if isinstance(part, Expression) else generate(part, name).text)
    return "\n\n\n".join(parts) + "\n"


def _condition(expression: Expression, name: str) -> str:
    comment = f"# {_place(expression.at)}{_shown(expression)}\n"
    if expression.fallback is not None:
        return f"{comment}# jsonata-python evaluates {name}: the compiler does not know {expression.fallback}"
    text, _ = expression_source(expression.source, expression.node, expression.functions, over_object=True, name=name)
    return comment + text


def parts_of(mapping: model.Mapping) -> Iterator[tuple[str, Node | Expression]]:
    """Every template and condition of a mapping, with a name for it."""
    if mapping.once is not None:
        yield "once", mapping.once
    if mapping.insist is not None:
        yield "insist", mapping.insist
    for binding in mapping.let:
        yield f"let_{binding.name}", binding.template
    for number, route in enumerate(mapping.routes, 1):
        prefix = f"route{number}_" if len(mapping.routes) > 1 else ""
        if route.when is not None:
            yield f"{prefix}when", route.when
        for binding in route.let:
            yield f"{prefix}let_{binding.name}", binding.template
        outcome = route.outcome
        if isinstance(outcome, model.Answer):
            yield f"{prefix}answer", outcome.response
        if isinstance(outcome, model.Forward):
            for step, send in enumerate(outcome.steps, 1):
                yield from _of_send(f"{prefix}step{step}_" if len(outcome.steps) > 1 else prefix, send)
            for binding in outcome.after:
                yield f"{prefix}after_{binding.name}", binding.template
            yield f"{prefix}response", outcome.response
            if outcome.error is not None:
                yield f"{prefix}error", outcome.error
        for step, send in enumerate(route.also, 1):
            yield from _of_send(f"{prefix}also{step}_", send)


def _of_send(prefix: str, send: model.Send) -> Iterator[tuple[str, Node | Expression]]:
    for name, expression in (("when", send.when), ("each", send.each)):
        if expression is not None:
            yield f"{prefix}{name}", expression
    yield f"{prefix}request", send.request
    if send.instead is not None:
        yield f"{prefix}instead", send.instead
