"""From templates to Python statements."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..diagnostics import Position
from ..expressions import UNDEFINED, Expression, Scope
from ..expressions.code import Env, Unit, Unsupported
from ..expressions.quote import call, const, name, quote, statements
from ..expressions.translate import Translator
from .copying import copier
from .template import (
    Array,
    Constant,
    Each,
    Leaf,
    Lookup,
    Node,
    Object,
    With,
    elements,
    left_out,
    report_drop,
    table_key,
)

_SURE = "sure"
"""The value is there."""
_FALSY = "falsy"
"""The value is an object or array, and left out when it is empty or None."""
_NONE = "none"
"""None stands for a value that is left out."""
_UNDEFINED = "undefined"
"""UNDEFINED stands for a value that is left out."""


@dataclass(frozen=True, slots=True)
class Value:
    """Statements, and the Python expression that is the value after them; ``absent`` is how it says that there
    is none."""

    before: list[ast.stmt]
    tree: ast.expr
    absent: str


class Emitter:
    """Makes the statements for one template. ``markers`` are what its comments stand for.

    ``assume``: values that are taken for objects raise AttributeError where they are not. ``run`` evaluates a
    template that stands apart.
    """

    def __init__(self, unit: Unit, run: Callable[[Node, Any, Scope], Any], *, assume: bool) -> None:
        self.unit = unit
        self.run = run
        self.assume = assume
        self.markers: list[tuple[Position, Expression | None]] = []

    def function_body(self, node: Node) -> list[ast.stmt]:
        """The body of the function of ``d``, an object, and ``s``, the scope, that gives the template's value."""
        value = self.value(node, Env("d", single=True, root="d", root_single=True, assume=self.assume))
        pattern = {
            _SURE: "return X",
            _FALSY: "return X or U",
            _NONE: "return U if (T := X) is None else T",
            _UNDEFINED: "return X",
        }[value.absent]
        return [*value.before, *statements(pattern, X=value.tree, T=self.unit.fresh())]

    def value(self, node: Node, env: Env) -> Value:
        """The code for a template over the context of ``env``."""
        match node:
            case Constant():
                return self._constant(node)
            case Leaf():
                tree, sure = self._expression(node.expression, env)
                return Value([self._marker(node.at, node.expression)], tree, _SURE if sure else _NONE)
            case Lookup():
                return self._lookup(node, env)
            case Array():
                return self._array(node, env)
            case Object():
                return self._object(node, env)
            case With():
                return self._with(node, env)
            case Each():
                return self._each(node, env)
        return Value([], self._interpreted(node, env), _UNDEFINED)

    def _interpreted(self, node: Node, env: Env) -> ast.expr:
        return quote("N.evaluate(C, s)", N=self.unit.constant("template_", node), C=env.context)

    def _marker(self, at: Position, expression: Expression | None = None) -> ast.stmt:
        self.markers.append((at, expression))
        return ast.Expr(const(f"#{len(self.markers) - 1}"))

    def _fallback(self, expression: Expression, env: Env) -> ast.expr:
        return quote("N.evaluate(C, s)", N=self.unit.constant("expression_", expression), C=env.context)

    def _expression(self, expression: Expression, env: Env) -> tuple[ast.expr, bool]:
        """The value of an expression, None for undefined and null; and whether it is sure to be there."""
        self.unit.functions = expression.functions
        try:
            translator = Translator(self.unit, expression.source, expression.node)
            return translator.nullable(expression.node, env), translator.is_there(expression.node, env)
        except Unsupported:
            tree = quote("None if (T := X) is U else T", T=self.unit.fresh(), X=self._fallback(expression, env))
            return tree, False

    def _truth(self, expression: Expression, env: Env) -> ast.expr:
        self.unit.functions = expression.functions
        try:
            return Translator(self.unit, expression.source, expression.node).truth(expression.node, env)
        except Unsupported:
            return call("truth", self._fallback(expression, env))

    # -- the kinds of template --

    def _constant(self, node: Constant) -> Value:
        value = node.value
        if value is UNDEFINED:
            return Value([], const(None), _NONE)
        if value is None or isinstance(value, (str, int, float)):
            return Value([], const(value), _SURE)
        return Value([], name(self.unit.constant("constant_", value)), _SURE)

    def _lookup(self, node: Lookup, env: Env) -> Value:
        table = node.table
        values = {**dict.fromkeys(table.drops, UNDEFINED), **table.values}
        if any(value is None for value in (*values.values(), table.otherwise)):
            return Value([], self._interpreted(node, env), _UNDEFINED)
        of = self.value(node.of, env)
        key, found = self.unit.fresh(), self.unit.fresh()
        before = [*of.before, *statements("K = X", K=key, X=self._none(of))]
        known = self.unit.constant("table_", values)
        look = quote(
            "U if K is None else T.get(K if type(K) is str else table_key(K), E)",
            K=key,
            T=known,
            E=name("U") if table.otherwise is UNDEFINED else name(self.unit.constant("otherwise_", table.otherwise)),
        )
        if table.drops:
            report = call("report_drop", name(self.unit.constant("dropping_", table)), name(key), name("s"))
            before.append(ast.If(quote("K is not None", K=key), [ast.Expr(report)], []))
        if node.otherwise is None or table.otherwise is not UNDEFINED:
            return Value(before, look, _UNDEFINED)
        before += statements("F = X", F=found, X=look)
        other = self.value(node.otherwise, env)
        lacks = quote("F is U and K is not None", F=found, K=key)
        if table.drops:
            missing = quote("(K if type(K) is str else table_key(K)) not in T", K=key, T=known)
            lacks = ast.BoolOp(ast.And(), [lacks, missing])
        inner = [*other.before, *statements("F = X", F=found, X=self._undefined(other))]
        before.append(ast.If(lacks, inner, []))
        return Value(before, name(found), _UNDEFINED)

    def _array(self, node: Array, env: Env) -> Value:
        made = self.unit.fresh("array")
        before = statements("A = []", A=made)
        for item in node.items:
            before += self._when_there(self.value(item, env), "A.append(X)", A=made)
        return Value(before, name(made), _FALSY)

    def _object(self, node: Object, env: Env) -> Value:
        made = self.unit.fresh("object")
        copied = self.unit.fresh("copied")
        before: list[ast.stmt] = []
        sure = False
        if node.copy is None:
            before += statements("O = {}", O=made)
        else:
            copy = self.unit.constant("copy_", copier(node.copy, self.run))
            before += statements("C = F(D, s)", C=copied, F=copy, D=env.context)
            before += statements("O = {} if C is U else C", O=made, C=copied)
        for key, inner in node.fields:
            value = self.value(inner, env)
            if not _is_marked(value.before):
                before.append(self._marker(inner.at))
            before += self._when_there(value, "O[K] = X", O=made, K=const(key))
            sure = sure or value.absent is _SURE
        end = Value(before, name(made), _SURE if sure else _FALSY)
        if node.copy is not None and not sure:
            end = Value(before, quote("O if O or C is not U else None", O=made, C=copied), _NONE)
        return end if node.when is None else self._conditional(node.when, node, end, env)

    def _conditional(self, when: Expression, node: Object, value: Value, env: Env) -> Value:
        result = self.unit.fresh("object")
        inner = [*value.before, *statements("R = X", R=result, X=self._none(value))]
        other = [] if node.because is None else statements("left_out(s, B)", B=const(node.because))
        test = ast.If(self._truth(when, env), inner, other)
        before = [*statements("R = None", R=result), self._marker(node.at, when), test]
        return Value(before, name(result), _NONE)

    def _with(self, node: With, env: Env) -> Value:
        of = self.value(node.of, env)
        context, result = self.unit.fresh("d"), self.unit.fresh("with")
        body = self.value(node.body, _over(env, context))
        inner = [*body.before, *statements("R = X", R=result, X=self._undefined(body))]
        other = statements("R = U if C is None else X", R=result, C=context, X=self._interpreted_over(node, context))
        before = [*of.before, *statements("C = X", C=context, X=self._none(of))]
        before.append(ast.If(quote("type(C) is dict", C=context), inner, other))
        return Value(before, name(result), _UNDEFINED)

    def _each(self, node: Each, env: Env) -> Value:
        element, made = self.unit.fresh("d"), self.unit.fresh("array")
        over, _ = self._expression(node.over, env)
        body = self.value(node.body, _over(env, element))
        other = Value([], self._interpreted_over(node, element), _UNDEFINED)
        inner = ast.If(
            quote("type(E) is dict", E=element),
            self._when_there(body, "A.append(X)", A=made),
            self._when_there(other, "A.append(X)", A=made),
        )
        loop = ast.For(ast.Name(element, ast.Store()), call("elements", over), [inner], [])
        return Value([*statements("A = []", A=made), self._marker(node.at, node.over), loop], name(made), _FALSY)

    def _interpreted_over(self, node: With | Each, context: str) -> ast.expr:
        return quote("N.body.evaluate(C, s)", N=self.unit.constant("template_", node), C=context)

    # -- values that may be absent --

    def _when_there(self, value: Value, pattern: str, **parts: ast.expr | str) -> list[ast.stmt]:
        """``pattern`` with the value as X, where there is one."""
        if value.absent is _SURE:
            return [*value.before, *statements(pattern, X=value.tree, **parts)]
        if isinstance(value.tree, ast.Constant) and value.tree.value is None:
            return value.before
        variable = value.tree.id if isinstance(value.tree, ast.Name) else self.unit.fresh()
        read: ast.expr = value.tree if isinstance(value.tree, ast.Name) else quote("(T := X)", T=variable, X=value.tree)
        test = {_FALSY: "X", _NONE: "X is not None", _UNDEFINED: "X is not U"}[value.absent]
        inner = statements(pattern, X=name(variable), **parts)
        return [*value.before, ast.If(quote(test, X=read), inner, [])]

    def _none(self, value: Value) -> ast.expr:
        """The value, with None for none."""
        if value.absent is _FALSY:
            return quote("X or None", X=value.tree)
        if value.absent is _UNDEFINED:
            return quote("None if (T := X) is U else T", T=self.unit.fresh(), X=value.tree)
        return value.tree

    def _undefined(self, value: Value) -> ast.expr:
        """The value, with UNDEFINED for none."""
        if value.absent is _FALSY:
            return quote("X or U", X=value.tree)
        if value.absent is _NONE:
            return quote("U if (T := X) is None else T", T=self.unit.fresh(), X=value.tree)
        return value.tree


def _over(env: Env, context: str) -> Env:
    """The context of the templates inside `$with` and `$each`, where it is an object."""
    return replace(env, context=context, root=context)


def _is_marked(before: list[ast.stmt]) -> bool:
    return bool(before) and isinstance(before[0], ast.Expr) and isinstance(before[0].value, ast.Constant)


def helpers() -> dict[str, Any]:
    """What the statements call, beside what expressions do."""
    return {"elements": elements, "left_out": left_out, "report_drop": report_drop, "table_key": table_key}
