"""The registry of functions that expressions may call: one explicit list, typed and documented.

A function is either a *pure* function of its arguments or a *hook*, which also gets the session's `View`
as its first argument. A hook that changes state says so (`mutates=True`); the checker holds mappings to
calling such hooks only from `let` and `after`.

Types are JSON Schema fragments, the language that the OCPP schemas speak already, so that the checker has
one notion of type for payloads and for functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

Type = Mapping[str, Any]
"""A JSON Schema fragment: ``{"type": "string", "maxLength": 20}``; ``{}`` is any JSON value."""

ANY: Type = {}
BOOLEAN: Type = {"type": "boolean"}
INTEGER: Type = {"type": "integer"}
NUMBER: Type = {"type": "number"}
STRING: Type = {"type": "string"}


def array_of(items: Type) -> Type:
    """The type of an array whose elements are ``items``."""
    return {"type": "array", "items": items}


def object_of(required: Mapping[str, Type], optional: Mapping[str, Type] | None = None) -> Type:
    """The type of an object with these members and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function. ``optional`` means that it may be left out or undefined."""

    name: str
    type: Type = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A documented call that a test runs: the expression, the payload it reads, and its result.

    ``result`` is ``None`` where the expression is undefined. Examples of hooks that need state start from
    an empty session.
    """

    expression: str
    result: Any
    data: Any = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the expression language, called as ``$name(...)``.

    Where a required argument is undefined the function is not called, and the result is undefined.

    ``call`` takes the arguments, preceded by the session's view when ``hook`` is set, and returns a JSON
    value, or ``None`` for undefined. An undefined argument arrives as ``None``. ``optional_result`` says
    that the result may be undefined although every required argument is there.
    ``apart`` says of a hook that it keeps no argument that may be changed later, and gives nothing that it keeps: its
    caller need not copy either.
    ``unguarded`` is ``call`` without the look at undefined arguments, for a caller that has looked at them itself.
    ``tables`` are the names of the tables that it reads by itself (`view.tables`).
    ``narrow`` gives the result's type by those arguments that are constants (``None`` for the others), where that
    says more than ``result``.
    """

    name: str
    call: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    result: Type
    doc: str
    hook: bool = False
    mutates: bool = False
    optional_result: bool = False
    examples: tuple[Example, ...] = ()
    tables: tuple[str, ...] = ()
    narrow: Callable[..., Type] | None = None
    unguarded: Callable[..., Any] | None = None
    apart: bool = False


class Registry(Mapping[str, Function]):
    """The functions that a set of mappings may call, by name."""

    def __init__(self, functions: Mapping[str, Function] | None = None) -> None:
        self._functions: dict[str, Function] = dict(functions or {})

    def __getitem__(self, name: str) -> Function:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def add(self, function: Function) -> None:
        """Register ``function``. Raises ValueError when its name is taken."""
        if function.name in self._functions:
            raise ValueError(f"the function ${function.name} is already registered")
        self._functions[function.name] = function

    def merged(self, other: Mapping[str, Function]) -> Registry:
        """A new registry with the functions of both; one of ``other`` replaces its namesake."""
        return Registry({**self._functions, **other})

    def function(
        self,
        name: str,
        *,
        parameters: tuple[Parameter, ...] = (),
        result: Type = ANY,
        optional_result: bool = False,
        examples: tuple[Example, ...] = (),
        narrow: Callable[..., Type] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: register a pure function of its arguments; its docstring is its documentation."""
        return self._decorator(
            name, parameters, result, optional_result, examples, narrow, (), hook=False, mutates=False, apart=False
        )

    def hook(
        self,
        name: str,
        *,
        parameters: tuple[Parameter, ...] = (),
        result: Type = ANY,
        optional_result: bool = False,
        mutates: bool = False,
        examples: tuple[Example, ...] = (),
        narrow: Callable[..., Type] | None = None,
        tables: tuple[str, ...] = (),
        apart: bool = False,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: register a function that gets the session's view as its first argument."""
        return self._decorator(
            name, parameters, result, optional_result, examples, narrow, tables, hook=True, mutates=mutates, apart=apart
        )

    def _decorator(
        self,
        name: str,
        parameters: tuple[Parameter, ...],
        result: Type,
        optional_result: bool,
        examples: tuple[Example, ...],
        narrow: Callable[..., Type] | None,
        tables: tuple[str, ...],
        *,
        hook: bool,
        mutates: bool,
        apart: bool,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(call: Callable[..., Any]) -> Callable[..., Any]:
            doc = (call.__doc__ or "").strip()
            if not doc:
                raise ValueError(f"the function ${name} has no docstring")
            self.add(
                Function(
                    name=name,
                    call=_guarded(call, [n + hook for n, p in enumerate(parameters) if not p.optional]),
                    parameters=parameters,
                    result=result,
                    doc=doc,
                    hook=hook,
                    mutates=mutates,
                    optional_result=optional_result,
                    examples=examples,
                    tables=tables,
                    narrow=narrow,
                    unguarded=call,
                    apart=apart,
                )
            )
            return call

        return register


def _guarded(call: Callable[..., Any], required: list[int]) -> Callable[..., Any]:
    """``call``, but None at once where one of the ``required`` arguments (by position) is None or left out."""
    if not required:
        return call

    @wraps(call)
    def guarded(*arguments: Any) -> Any:
        for number in required:
            if number >= len(arguments) or arguments[number] is None:
                return None
        return call(*arguments)

    return guarded
