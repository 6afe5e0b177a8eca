"""What the compiler's parts hand each other: pieces of code, and where an expression stands."""

from __future__ import annotations

import ast
import builtins as python
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from . import builtins, runtime, sequences
from .functions import Function
from .quote import call, name, quote
from .values import UNDEFINED


class Unsupported(Exception):
    """The compiler does not know this; its text says what. The reference evaluates the expression then."""


class Marks(IntEnum):
    """Where a value may hold the marks of JSONata's sequences, or functions."""

    NONE = 0
    """Nowhere: it is a plain JSON value, or undefined."""
    TOP = 1
    """It may be a sequence itself; what it holds is plain."""
    DEEP = 2
    """Anywhere."""


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression for a value: UNDEFINED for undefined, None for null.

    ``kind`` is ``boolean`` or ``string`` where the value is sure to be one, ``maybe`` for a boolean or undefined.
    ``raw``: a sequence of one or none still stands for its value or undefined. Where a simpler expression gives the
    value that it stands for, that is ``settled``; ``listed`` gives its items as a plain list.
    """

    tree: ast.expr
    marks: Marks = Marks.NONE
    kind: str = ""
    raw: bool = False
    settled: ast.expr | None = None
    listed: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A name that the expression binds itself: the Python variable, and what its value may hold."""

    variable: str
    marks: Marks


@dataclass(frozen=True, slots=True)
class Env:
    """Where an expression stands: the Python variable of its context, and the names bound around it.

    ``single``: the context is sure to be an object. ``outer``: it may be the input, wrapped because it is an array.
    ``marks``: what the context may hold. ``root``: the variable of the whole input;
    ``root_single``: that is sure to be an object. ``assume``: every context further
    in is taken for an object, too; the code raises AttributeError where one is not, and has to be run without this.
    """

    context: str
    single: bool = False
    outer: bool = False
    marks: Marks = Marks.NONE
    locals: Mapping[str, Local] = field(default_factory=dict)
    root: str = "root"
    root_single: bool = False
    assume: bool = False

    def within(self, context: str, marks: Marks, *, outer: bool = False) -> Env:
        """The same names over another context."""
        single = self.assume and marks is Marks.NONE
        return replace(self, context=context, single=single, outer=outer, marks=marks)

    def binding(self, locals: Mapping[str, Local]) -> Env:
        """The same context with further names."""
        return replace(self, locals={**self.locals, **locals})


class Unit:
    """What is being generated: its constants by name, and the functions that it may call.

    Generated code reads ``v``, the variables of the scope, and ``view``.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.constants: dict[str, Any] = {}
        self._by_identity: dict[int, str] = {}
        self._count = 0

    def fresh(self, prefix: str = "t") -> str:
        """A variable that nothing else uses."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, prefix: str, value: Any) -> str:
        """The name of a constant."""
        known = self._by_identity.get(id(value))
        if known is None:
            known = f"{prefix}{len(self.constants) + 1}"
            self.constants[known] = value
            self._by_identity[id(value)] = known
        return known

    def function(self, function: Function, *, guarded: bool = False) -> str:
        """The name of a function of the registry; unless it is ``guarded``, its caller looks at the arguments."""
        identifier = ("g_" if guarded else "f_") + re.sub(r"\W", "_", function.name)
        self.constants[identifier] = function.call if guarded else function.unguarded or function.call
        return identifier

    def namespace(self) -> dict[str, Any]:
        """What the generated code finds by name. The library stands where Python has its built-in functions, so that
        all units share it."""
        return {"__builtins__": LIBRARY, **self.constants}


def _library() -> dict[str, Any]:
    found: dict[str, Any] = {**vars(python), "U": UNDEFINED}
    for module in (runtime, sequences, builtins):
        for key, value in vars(module).items():
            if not key.startswith("_") and getattr(value, "__module__", None) == module.__name__:
                found[key] = value
    found["remainder"], found["divide"] = runtime.remainder, runtime.divide
    for constant in ("NAME", "KEPT", "EVALUATE", "SORT", "FIRST"):
        found[constant] = getattr(sequences, constant)
    found.update({shortcut_name(*key): shortcut.call for key, shortcut in builtins.SHORTCUTS.items()})
    return found


def shortcut_name(function: str, arguments: int) -> str:
    """How generated code calls the short cut for one of JSONata's functions with so many arguments."""
    return f"b_{function}{arguments}"


LIBRARY = _library()
"""What generated code calls, and Python's own functions."""


def stripped(code: Code) -> ast.expr:
    """The value without marks."""
    if code.marks is Marks.NONE:
        return code.tree
    return call("flat" if code.marks is Marks.TOP else "deep", code.tree)


def defined(code: Code) -> bool:
    """Whether the value is sure to be neither undefined nor null."""
    if isinstance(code.tree, ast.Constant):
        return code.tree.value is not None
    return code.kind in ("boolean", "string") or isinstance(code.tree, (ast.List, ast.Dict))


def sequence(items: ast.expr, inner: Marks) -> Code:
    """The raw sequence of the items of a plain list, which hold ``inner``."""
    settled = call("only", items)
    return Code(call("Sequence", items), max(inner, Marks.TOP), raw=True, settled=settled, listed=items)


def mangled(code: Code) -> Code:
    """The value as the rest of the expression sees it."""
    if code.settled is not None:
        return Code(code.settled, Marks.DEEP if code.marks is Marks.DEEP else Marks.NONE)
    return Code(call("mangle", code.tree), code.marks) if code.raw else code


def none_for_undefined(unit: Unit, code: Code) -> ast.expr:
    """The value without marks, and None for undefined."""
    tree = stripped(code)
    return tree if defined(code) else quote("None if (T := X) is U else T", T=unit.fresh(), X=tree)


def lambda_name(unit: Unit) -> str:
    """A fresh name for the context of an inner function."""
    return unit.fresh("c")


__all__ = [
    "LIBRARY",
    "Code",
    "Env",
    "Local",
    "Marks",
    "Unit",
    "Unsupported",
    "defined",
    "lambda_name",
    "mangled",
    "name",
    "none_for_undefined",
    "sequence",
    "shortcut_name",
    "stripped",
]
