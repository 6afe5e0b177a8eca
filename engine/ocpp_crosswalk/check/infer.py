"""Type inference over JSONata's syntax tree: what an expression may give, and what it reads.

What cannot be typed gives `Anything` with the reason; it is an error only where the value has to fit a schema, and
then a mapping says the type by `$type`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..diagnostics import suggestion
from ..expressions import Function
from ..expressions.names import Arity, arity
from ..expressions.parse import Node, offset_of
from .builtins import BUILTINS, PEEKING
from .environment import Environment, Reads, has_objects
from .facts import CONTEXT, access, call_text, constants, facts
from .fit import misfits
from .results import computed, element, filtered, indexed, joined, kept, mapped, people, texts_of
from .types import (
    BOOLEAN,
    FAULTY,
    INTEGER,
    NUMBER,
    UNDEFINED,
    Anything,
    Array,
    Boolean,
    Number,
    Object,
    Text,
    Type,
    anything,
    is_faulty,
    literal,
    of_schema,
    record,
    refined,
    union,
)

Say = Callable[[str, int, str, str], None]
"""Takes a finding about an expression: code, offset in its source, message, remedy."""


Compare = Callable[[int, str, str | None], None]
"""Takes what is known of a comparison with a constant: its offset, the constant, and a remedy where the two are never
equal."""


class Inference:
    """Infers the types of one expression and its parts. Findings go to ``say``, what is read to ``reads``."""

    def __init__(
        self, source: str, functions: Mapping[str, Function], reads: Reads | None, say: Say, compare: Compare
    ) -> None:
        self._compare = compare
        self._source = source
        self._functions = functions
        self._reads = reads
        self._say = say

    def type(self, node: Node, env: Environment) -> Type:
        """The type of ``node``'s value."""
        handler = _HANDLERS.get(node.type)
        if handler is None:
            return anything(f"`{node.type}` is not followed by the checker")
        found: Type = handler(self, node, env)
        return self._filtered(found, node.predicate, env) if node.type != "path" and node.predicate else found

    # -- values --

    def _constant(self, node: Node, env: Environment) -> Type:
        return literal(node.value)

    def _variable(self, node: Node, env: Environment) -> Type:
        if node.value == "$":
            return env.root if env.root is not None else env.context
        if self._reads is not None and (made_of := env.made_of.get(str(node.value))) is not None:
            self._reads.include(made_of)
        found = env.base(CONTEXT if node.value == "" else str(node.value))
        return found if found is not None else anything(f"${node.value} is not a value")

    def _unary(self, node: Node, env: Environment) -> Type:
        if node.value == "-":
            inner = self.type(node.expression, env)
            if (values := constants(node.expression)) is not None and isinstance(values[0], (int, float)):
                return literal(-values[0])
            return NUMBER.maybe(inner.optional)
        if node.value == "[":
            return self._array(node, env)
        if node.value == "{":
            return self._record(node.lhs_object, env)
        return anything(f"`{node.value}` is not followed by the checker")

    def _array(self, node: Node, env: Environment) -> Type:
        items: list[Type] = []
        low, high = 0, 0
        endless = False
        for expression in node.expressions:
            value = self.type(expression, env)
            nested = expression.type == "unary" and expression.value == "["
            for option in value.options:
                if isinstance(option, Array) and not nested:
                    items.append(option.item)
                    endless = endless or option.high is None
                    high += option.high or 0
                else:
                    items.append(Type((option,)))
            flat = any(isinstance(option, Array) and not nested for option in value.options)
            high += 0 if flat else 1
            low += 0 if value.optional or flat else 1
        return Type((Array(union(items).present(), low, None if endless else high),))

    def _record(self, pairs: list[Any], env: Environment) -> Type:
        members: dict[str, Type] = {}
        for key, value in pairs:
            inner = self.type(value, env)
            names = constants(key)
            if names is None:
                self.type(key, env)
                return anything("an object with computed names")
            members[str(names[0])] = inner
        return record(members)

    # -- paths --

    def _path(self, node: Node, env: Environment) -> Type:
        current = env.context
        for number, step in enumerate(node.steps):
            if step.type == "sort":
                for term in step.terms:
                    self.type(term.expression, env.within(element(current)))
                continue
            if step.type == "name":
                current = self._field(current, str(step.value), offset_of(step, self._source))
            elif number == 0:
                current = self.type(step, env) if step.type != "variable" else self._variable(step, env)
            else:
                current = self._over(current, partial(self._within, step, env))
            stages = (step.stages or []) + (step.predicate or [] if step.type in ("name", "variable") else [])
            current = self._filtered(current, stages, env)
            if step.focus is not None or step.index is not None:
                return anything("`@` and `#` are not followed by the checker")
        if node.group is not None:
            for key, value in node.group.lhs_object:
                self.type(key, env.within(element(current)))
                self.type(value, env.within(element(current)))
            return anything("a grouping makes an object with computed names")
        return kept(current) if node.keep_singleton_array else current

    def _within(self, node: Node, env: Environment, context: Type) -> Type:
        return self.type(node, env.within(context))

    def _field(self, value: Type, name: str, offset: int) -> Type:
        def step(item: Type) -> Type:
            found: list[Type] = []
            known = any(isinstance(option, Object) and option.field(name) is not None for option in item.options)
            for option in item.options:
                if isinstance(option, Anything):
                    found.append(FAULTY if option.told else anything(option.why))
                elif isinstance(option, Object):
                    inner = option.field(name)
                    if inner is None and known:
                        found.append(UNDEFINED)
                        continue
                    if inner is None:
                        where = f" of {'.'.join(option.source.path)}" if option.source and option.source.path else ""
                        near = suggestion(name, option.names) or f"Its fields are {', '.join(option.names) or 'none'}."
                        self._say("XW201", offset, f"there is no field {name!r}{where}", near)
                        return FAULTY
                    if option.source is not None and self._reads is not None and not has_objects(inner):
                        self._reads.field(option.source.field(name))
                    found.append(inner)
                else:
                    self._say(
                        "XW202", offset, f"the field {name!r} is asked of {people(item)}, which has no fields", ""
                    )
                    return FAULTY
            return union(found).maybe(item.optional)

        return self._over(value, step)

    def _over(self, value: Type, step: Callable[[Type], Type]) -> Type:
        """A step of a path over a value: over each element, where it is an array."""
        arrays = [option for option in value.options if isinstance(option, Array)]
        single = tuple(option for option in value.options if not isinstance(option, Array))
        results = [step(Type(single))] if single else []
        if arrays:
            results.append(mapped(arrays, step))
        return union(results).maybe(value.optional)

    def _filtered(self, value: Type, stages: list[Any] | None, env: Environment) -> Type:
        for stage in stages or ():
            expression = stage.expr
            numbers = constants(expression)
            if numbers is None and expression.type == "unary" and expression.value == "-":
                numbers = constants(expression.expression)
            if numbers is not None and isinstance(numbers[0], (int, float)) and not isinstance(numbers[0], bool):
                value = indexed(value, int(numbers[0]))
                continue
            inner = env.within(element(value))
            self.type(expression, inner)
            known = {path: fact for (base, path), fact in facts(expression, True).items() if base == CONTEXT}
            value = filtered(value, known)
        return value

    # -- operators --

    def _binary(self, node: Node, env: Environment) -> Type:
        operator = node.value
        if operator in ("and", "or"):
            self.type(node.lhs, env)
            self.type(node.rhs, env.if_(node.lhs, operator == "and"))
            return BOOLEAN
        left, right = self.type(node.lhs, env), self.type(node.rhs, env)
        self._use(left, right)
        if is_faulty(left) or is_faulty(right):
            return FAULTY
        optional = left.optional or right.optional
        match operator:
            case "=" | "!=" | "in":
                self._comparable(node, left, right)
                return BOOLEAN
            case "<" | "<=" | ">" | ">=":
                return BOOLEAN.maybe(optional)
            case "&":
                return joined(left, right)
            case "+" | "-" | "*" | "/" | "%":
                return computed(operator, left, right).maybe(optional)
            case "..":
                return Type((Array(INTEGER),), optional)
        return anything(f"`{operator}` is not followed by the checker")

    def _comparable(self, node: Node, left: Type, right: Type) -> None:
        """An enumeration compared with what it never is: most likely a misspelt value."""
        for value, side in ((left, node.rhs), (right, node.lhs)):
            wanted, known = constants(side), texts_of(value)
            if wanted is None or known is None or (value is left and constants(node.lhs) is not None):
                continue
            for constant in wanted:
                if isinstance(constant, str):
                    near = suggestion(constant, known) or f"It is one of {', '.join(sorted(known))}."
                    self._compare(offset_of(side, self._source), constant, None if constant in known else near)

    def _condition(self, node: Node, env: Environment) -> Type:
        self.type(node.condition, env)
        then = self.type(node.then, env.if_(node.condition, True))
        if node._else is None:
            return then.maybe()
        return union((then, self.type(node._else, env.if_(node.condition, False))))

    def _block(self, node: Node, env: Environment) -> Type:
        result = UNDEFINED
        for expression in node.expressions:
            if expression.type == "bind":
                result = self.type(expression.rhs, env)
                env = env.binding(str(expression.lhs.value), result)
            else:
                result = self.type(expression, env)
        return result

    def _apply(self, node: Node, env: Environment) -> Type:
        if node.rhs.type == "function":
            return self._call(node.rhs, [node.lhs, *(node.rhs.arguments or [])], env)
        if node.rhs.type == "variable":
            return self._call_named(str(node.rhs.value), node.rhs, [node.lhs], env)
        self._use(self.type(node.lhs, env))
        return anything("`~>` to something that is not a function")

    # -- functions --

    def _function(self, node: Node, env: Environment) -> Type:
        return self._call(node, list(node.arguments or []), env)

    def _call(self, node: Node, arguments: list[Node], env: Environment) -> Type:
        if node.procedure.type != "variable":
            for argument in arguments:
                self._use(self.type(argument, env))
            return anything("a call of a computed function")
        return self._call_named(str(node.procedure.value), node.procedure, arguments, env)

    def _call_named(self, name: str, at: Node, arguments: list[Node], env: Environment) -> Type:
        function = self._functions.get(name)
        if function is not None:
            return self._registered(function, at, arguments, env)
        if env.base(name) == _FUNCTION:
            return anything("a call of a computed function")
        takes = arity(name)
        if takes is not None and not self._enough(name, takes, len(arguments), at):
            return FAULTY
        if name in ("map", "filter", "each", "single", "sift", "reduce"):
            return self._higher(name, arguments, env)
        if name in PEEKING and all(access(argument) is not None for argument in arguments):
            quiet = Inference(self._source, self._functions, None, self._say, self._compare)
            types = [quiet.type(argument, env) for argument in arguments]
        else:
            types = [self.type(argument, env) for argument in arguments]
            if name not in PEEKING:
                self._use(*types)
        if any(map(is_faulty, types)):
            return FAULTY
        literals = [values[0] if (values := constants(argument)) else None for argument in arguments]
        if takes is not None and _from_context(takes, types):
            self._use(env.context)
            if not _is_any(takes.context, env.context):
                self._say(
                    "XW205",
                    offset_of(at, self._source),
                    f"${name} has no first argument, and cannot take what it is over: {people(env.context)}",
                    "Give the argument.",
                )
                return FAULTY
            types, literals = [env.context, *types], [None, *literals]
        signature = BUILTINS.get(name)
        return anything(f"${name} has no known result") if signature is None else signature(types, literals)

    def _enough(self, name: str, takes: Arity, count: int, at: Node) -> bool:
        """Whether a function of JSONata takes ``count`` arguments; a finding where it does not."""
        if takes.least <= count and (takes.most is None or count <= takes.most):
            return True
        remedy = "It is a function of JSONata: https://docs.jsonata.org says what they are."
        self._say("XW204", offset_of(at, self._source), f"${name} takes {takes}, not {count}", remedy)
        return False

    def _registered(self, function: Function, at: Node, arguments: list[Node], env: Environment) -> Type:
        offset = offset_of(at, self._source)
        most = len(function.parameters)
        least = sum(not parameter.optional for parameter in function.parameters)
        if not least <= len(arguments) <= most:
            names = ", ".join(parameter.name for parameter in function.parameters)
            self._say(
                "XW204",
                offset,
                f"${function.name} takes {Arity(least, most)}, not {len(arguments)}",
                f"They are: {names}.",
            )
        undefined = faulty = False
        for argument, parameter in zip(arguments, function.parameters, strict=False):
            value = self.type(argument, env)
            if self._reads is not None:
                self._reads.as_schema(value, parameter.type)
            faulty = faulty or is_faulty(value)
            undefined = undefined or (value.optional and not parameter.optional)
            for misfit in misfits(value.present(), parameter.type, within_call=True):
                self._say(
                    "XW205",
                    offset_of(argument, self._source),
                    f"${function.name} cannot take this as {parameter.name}: {misfit.message}",
                    misfit.remedy,
                )
                break
        if faulty:
            return FAULTY
        literals = [values[0] if (values := constants(argument)) else None for argument in arguments]
        literals += [None] * (most - len(literals))
        schema = function.result if function.narrow is None else function.narrow(*literals[:most])
        proven = _proven(function.name, arguments, env.context)
        return of_schema(schema).maybe(not proven and (function.optional_result or undefined))

    def _higher(self, name: str, arguments: list[Node], env: Environment) -> Type:
        if not arguments or name in ("each", "sift"):
            self._use(env.context)  # they may leave out their first argument
        value = self.type(arguments[0], env) if arguments else env.context
        body = arguments[1] if len(arguments) > 1 else None
        if body is None or body.type != "lambda" or name in ("each", "sift", "reduce"):
            self._use(value)
            return anything(f"${name} has no known result here")
        each = element(value)
        inner = env
        for number, argument in enumerate(body.arguments):
            inner = inner.binding(str(argument.value), (each, INTEGER, value)[min(number, 2)])
        result = self.type(body.body, inner)
        first = str(body.arguments[0].value) if body.arguments else CONTEXT
        known = {path: fact for (base, path), fact in facts(body.body, True).items() if base == first}
        if name == "single":
            return refined(each, known)
        if name == "filter":
            return filtered(value, known)
        return self._over(value, lambda _: result)

    def _use(self, *values: Type) -> None:
        if self._reads is not None:
            for value in values:
                self._reads.whole(value)

    def _wildcard(self, node: Node, env: Environment) -> Type:
        self._use(env.context)
        return anything("`*` and `**` give values of any type")

    def _unknown(self, node: Node, env: Environment) -> Type:
        return _FUNCTION


_FUNCTION = anything("a function is not a value")
_LETTERS = {Text: "s", Number: "n", Boolean: "b", Array: "a", Object: "o"}


def _from_context(takes: Arity, types: list[Type]) -> bool:
    """Whether a call of a function of JSONata leaves out the first argument, as JSONata sees it."""
    if not takes.context or len(types) == takes.most:
        return False
    return len(types) <= takes.least or not _is_any(takes.context, types[0])


def _is_any(kinds: str, value: Type) -> bool:
    """Whether a value may be of one of these kinds, by JSONata's letters; undefined is of any."""
    return "x" in kinds or not value.options or any(_LETTERS.get(type(o), kinds) in kinds for o in value.options)


_HANDLERS: dict[str, Callable[[Inference, Node, Environment], Type]] = {
    "string": Inference._constant,
    "number": Inference._constant,
    "value": Inference._constant,
    "name": lambda self, node, env: self._field(env.context, str(node.value), offset_of(node, self._source)),
    "variable": Inference._variable,
    "unary": Inference._unary,
    "path": Inference._path,
    "binary": Inference._binary,
    "condition": Inference._condition,
    "block": Inference._block,
    "bind": lambda self, node, env: self.type(node.rhs, env),
    "apply": Inference._apply,
    "function": Inference._function,
    "wildcard": Inference._wildcard,
    "descendant": Inference._wildcard,
    "lambda": Inference._unknown,
    "partial": Inference._unknown,
}


def _proven(name: str, arguments: list[Node], context: Type) -> bool:
    """Whether a condition proved that this very call has a result."""
    text = call_text(name, arguments)
    return text is not None and any(
        isinstance(option, Object) and any(path == (text,) and fact.present for path, fact in option.facts)
        for option in context.options
    )


__all__ = ["Inference"]
