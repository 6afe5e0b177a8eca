"""What expressions work on: the undefined value, and the scope that an evaluation sees."""

from __future__ import annotations

from typing import Any, Final


class _Undefined:
    """JSONata's `undefined`: the value of a path that leads nowhere. It is falsy, and there is one."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final[Any] = _Undefined()
"""The one undefined value. JSON null is Python's None, and is something else."""


class Scope:
    """What an expression sees beside its payload: the variables (``$request``, ``let`` bindings, ...) and
    the session's view, which hooks get as their first argument."""

    __slots__ = ("variables", "view")

    def __init__(self, variables: dict[str, Any], view: Any = None) -> None:
        self.variables = variables
        self.view = view
