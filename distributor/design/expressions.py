"""Expressions of templates, computed with example values instead of the values of one edition. Pure.

An expression is wrong where it fails for every example: `theme.inkk` for every theme, `clock("now")` for every text. What is
unknown is never wrong. So a branch that is rarely taken is checked like any other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from jinja2 import Undefined, nodes
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import make_multi_attrgetter
from jinja2.nodes import EvalContext
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from ..rendering.templates import TemplateFault
from .examples import (
    ANYTHING,
    MAX_EXAMPLES,
    Examples,
    combinations,
    examples,
    expression,
    join,
    listed,
    nearest,
    no_attribute,
)

MAX_ELEMENTS = 8  # of a list that are looked at
TEXT = Examples((Markup("…"),))  # what a macro or a block makes
EITHER = Examples((True, False))
_BY_ATTRIBUTE = {"groupby": 0, "sort": 2, "unique": 1, "min": 1, "max": 1}  # filters, and where `attribute` stands
_COMPARED = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lteq": operator.le, "gt": operator.gt,
    "gteq": operator.ge, "in": lambda one, many: one in many, "notin": lambda one, many: one not in many,
}  # fmt: skip
_COMPUTED = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod,
}  # fmt: skip


T = TypeVar("T", bound=nodes.Node)


@lru_cache(4096)
def find_nodes(node: nodes.Node, kind: type[T]) -> tuple[T, ...]:
    """All nodes of a kind below a node, which is asked for often and never changed."""
    return tuple(node.find_all(kind))


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro, with the names that are known where it was defined."""

    node: nodes.Macro
    scope: Scope
    file: str

    @property
    def uses_caller(self) -> bool:
        return any(name.name == "caller" for name in find_nodes(self.node, nodes.Name))


@dataclass(frozen=True, slots=True)
class Module:
    """An imported template: its macros and variables."""

    name: str
    names: Mapping[str, Examples]


@dataclass(frozen=True, slots=True)
class BlockCall:
    """`super()` and `self.content()`: a block of which `level` is the number among those that override each other."""

    name: str
    level: int


@dataclass(frozen=True, slots=True)
class BlocksOfSelf:
    """`self`."""

    names: tuple[str, ...]


@dataclass(slots=True)
class Scope:
    """What is known at a place in a template. `guarded` are expressions that the template has tested for being there; where
    it is `lenient`, any name may be known."""

    file: str
    names: dict[str, Examples]
    guarded: frozenset[str] = frozenset()
    lenient: bool = False
    blocks: dict[str, list[tuple[str, nodes.Block]]] = field(default_factory=dict)
    stack: tuple[str, ...] = ()

    def inner(self, **names: Examples) -> Scope:
        """A scope in this one: what it sets is not seen outside."""
        return replace(self, names={**self.names, **names})


class Calls(Protocol):
    """Follows what expressions call: the walk through the templates."""

    def call_macro(
        self,
        node: nodes.Call,
        scope: Scope,
        macro: Macro,
        args: list[Examples],
        kwargs: Mapping[str, Examples],
        *,
        anything: bool = False,
    ) -> Examples: ...

    def call_block(self, node: nodes.Call, scope: Scope, call: BlockCall) -> Examples: ...


class Expressions:
    """Computes the examples of expressions, and notes what is wrong with them."""

    def __init__(self, environment: SandboxedEnvironment, calls: Calls) -> None:
        self.environment = environment
        self.calls = calls
        self.faults: dict[tuple[str, int | None, str], TemplateFault] = {}
        self._context = environment.context_class(environment, {}, "check", {})

    def fault(self, scope: Scope, node: nodes.Node, message: str) -> Examples:
        """Note a fault; the expression may be anything then, so that it is told once."""
        self.faults.setdefault((scope.file, node.lineno, message), TemplateFault(scope.file, node.lineno, message))
        return ANYTHING

    def value(self, node: nodes.Node, scope: Scope) -> Examples:
        method: Callable[[Any, Scope], Examples] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method:
            return method(node, scope)
        for child in node.iter_child_nodes():
            self.value(child, scope)
        return ANYTHING

    def apply(self, node: nodes.Node, scope: Scope, function: Callable[..., Any], *operands: Examples) -> Examples:
        """The results of a function. Notes a fault where it fails for all examples of values that are known."""
        results, failures = [], []
        for combination in combinations(operands):
            try:
                results.append(_defined(function(*combination)))
                if len(results) == MAX_EXAMPLES:
                    break
            except Exception as error:  # whatever an expression raises
                failures.append(error)
        if failures and not results and all(one.certain for one in operands):
            return self.fault(scope, node, _reason(failures[0]))
        return examples(results, open=any(one.open for one in operands) or not results)

    # -- simple ones ---------------------------------------------------------------------------------------------------

    def _const(self, node: nodes.Const, scope: Scope) -> Examples:
        return Examples((node.value,))

    def _templatedata(self, node: nodes.TemplateData, scope: Scope) -> Examples:
        return TEXT

    def _name(self, node: nodes.Name, scope: Scope) -> Examples:
        if node.name in scope.names:
            return scope.names[node.name]
        if node.name in self.environment.globals:
            return Examples((self.environment.globals[node.name],))
        if node.name == "self":
            return Examples((BlocksOfSelf(tuple(scope.blocks)),))
        if scope.lenient or node.name in scope.guarded:
            return ANYTHING
        known = [name for name in scope.names if name[0] != "_"]
        words = f"there is no variable `{node.name}`{nearest(node.name, known)}; there are {listed(known)}"
        return self.fault(scope, node, words)

    def _tuple(self, node: nodes.Tuple | nodes.List, scope: Scope) -> Examples:
        items = [self.value(item, scope) for item in node.items]
        if not items:
            return Examples(((),))
        if any(not one.values for one in items):
            return ANYTHING
        longest = max(len(one.values) for one in items)
        rows = [[one.values[min(at, len(one.values) - 1)] for one in items] for at in range(longest)]
        make = list if isinstance(node, nodes.List) else tuple
        return examples([make(row) for row in rows], open=any(one.open for one in items))

    _list = _tuple

    def _dict(self, node: nodes.Dict, scope: Scope) -> Examples:
        pairs = [(self.value(pair.key, scope), self.value(pair.value, scope)) for pair in node.items]
        if any(not part.values for pair in pairs for part in pair):
            return ANYTHING
        return Examples(({key.values[0]: value.values[0] for key, value in pairs},))

    def _concat(self, node: nodes.Concat, scope: Scope) -> Examples:
        parts = [self.value(part, scope) for part in node.nodes]
        return self.apply(node, scope, lambda *words: "".join(map(str, words)), *parts)

    def _condexpr(self, node: nodes.CondExpr, scope: Scope) -> Examples:
        self.value(node.test, scope)
        first = self.value(node.expr1, with_guards(scope, node.test, True))
        other = self.value(node.expr2, with_guards(scope, node.test, False)) if node.expr2 else Examples(("",))
        return join(first, other)

    def _and(self, node: nodes.And, scope: Scope) -> Examples:
        left = self.value(node.left, scope)
        return join(self.value(node.right, with_guards(scope, node.left, True)), left)

    def _or(self, node: nodes.Or, scope: Scope) -> Examples:
        left = self.value(node.left, scope)
        return join(left, self.value(node.right, with_guards(scope, node.left, False)))

    def _not(self, node: nodes.Not, scope: Scope) -> Examples:
        self.value(node.node, scope)
        return EITHER

    def _compare(self, node: nodes.Compare, scope: Scope) -> Examples:
        left = self.value(node.expr, scope)
        for one in node.ops:
            right = self.value(one.expr, scope)
            self.apply(node, scope, _COMPARED[one.op], left, right)
            left = right
        return EITHER

    def _binexpr(self, node: nodes.BinExpr, scope: Scope) -> Examples:
        left, right = self.value(node.left, scope), self.value(node.right, scope)

        def compute(one: Any, other: Any) -> Any:
            if node.operator in self.environment.intercepted_binops:
                return self.environment.call_binop(self._context, node.operator, one, other)
            return _COMPUTED[node.operator](one, other)

        return self.apply(node, scope, compute, left, right)

    _add = _sub = _mul = _div = _floordiv = _mod = _pow = _binexpr

    def _neg(self, node: nodes.Neg, scope: Scope) -> Examples:
        return self.apply(node, scope, operator.neg, self.value(node.node, scope))

    # -- parts of values -----------------------------------------------------------------------------------------------

    def _getattr(self, node: nodes.Getattr, scope: Scope) -> Examples:
        owner = self.value(node.node, scope)
        if len(owner.values) == 1 and isinstance(owner.values[0], Module | BlocksOfSelf):
            return self._member(node, scope, owner.values[0])
        found = self._parts(owner, lambda one: self.environment.getattr(one, node.attr))
        if found.values or not owner.certain or expression(node) in scope.guarded:
            return found
        known = next(value for value in owner.values if value is not None)
        return self.fault(scope, node, no_attribute(node.node, node.attr, known))

    def _member(self, node: nodes.Getattr, scope: Scope, owner: Module | BlocksOfSelf) -> Examples:
        if isinstance(owner, Module):
            if node.attr in owner.names:
                return owner.names[node.attr]
            return self.fault(scope, node, no_macro(owner, node.attr))
        if node.attr in owner.names:
            return Examples((BlockCall(node.attr, 0),))
        words = f"there is no block `{node.attr}`{nearest(node.attr, owner.names)}; there are {listed(owner.names)}"
        return self.fault(scope, node, words)

    def _getitem(self, node: nodes.Getitem, scope: Scope) -> Examples:
        owner, key = self.value(node.node, scope), self.value(node.arg, scope)
        pairs = [pair for pair in combinations((owner, key)) if pair[0] is not None]
        found = [self.environment.getitem(one, part) for one, part in pairs]
        known = [one for one in found if not isinstance(one, Undefined)]
        named = isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)
        if known or not named or not owner.certain or expression(node) in scope.guarded:
            return examples(known, open=owner.open or not known)
        return self.fault(scope, node, no_attribute(node.node, node.arg.as_const(), pairs[0][0]))

    def _parts(self, owner: Examples, get: Callable[[Any], Any]) -> Examples:
        found = [get(one) for one in owner.values if one is not None]
        return examples([one for one in found if not isinstance(one, Undefined)], open=not owner.certain)

    def elements(self, node: nodes.Node, many: Examples, scope: Scope) -> Examples:
        """What a loop goes through."""

        def some(value: Any) -> list[Any]:
            if value is None:
                raise TypeError
            if isinstance(value, Mapping):
                return list(value)[:MAX_ELEMENTS]
            return [one for one, _ in zip(value, range(MAX_ELEMENTS), strict=False)]

        lists = []
        for value in many.values:
            try:
                lists.append(Examples(tuple(some(value))))
            except TypeError:
                continue
        if not lists and many.certain:
            return self.fault(scope, node, f"{expression(node)} is no list: nothing can be repeated for it")
        found = join(*lists) if lists else ANYTHING
        return found if found.values else ANYTHING

    # -- filters, tests, calls -----------------------------------------------------------------------------------------

    def _filter(self, node: nodes.Filter, scope: Scope) -> Examples:
        lenient = node.name in ("default", "d") and node.node is not None
        inside = _all_guarded(scope, node.node) if lenient and node.node else scope
        value = self.value(node.node, inside) if node.node else TEXT
        args, kwargs = self.arguments(node, scope)
        if node.name not in self.environment.filters:
            return self.fault(
                scope, node, f"there is no filter `{node.name}`{nearest(node.name, self.environment.filters)}"
            )
        if lenient and not value.values:
            return join(*args, ANYTHING)

        def run(first: Any, *rest: Any) -> Any:
            places, named = rest[: len(args)], dict(zip(kwargs, rest[len(args) :], strict=True))
            self._check_attribute(node.name, first, places, named)
            made = self.environment.call_filter(
                node.name, first, places, named, context=self._context, eval_ctx=EvalContext(self.environment, "x.txt")
            )
            return [_defined(one) for one in made] if isinstance(made, Iterator) else made

        return self.apply(node, scope, run, value, *args, *kwargs.values())

    def _check_attribute(self, name: str, many: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Raises UndefinedError where elements lack the attribute by which a filter sorts or groups them, which jinja2 does
        not tell."""
        place = _BY_ATTRIBUTE.get(name)
        if place is None or "default" in kwargs:
            return
        by = kwargs.get("attribute", args[place] if len(args) > place else None)
        if isinstance(by, str):
            for one in many:
                for value in make_multi_attrgetter(self.environment, by)(one):
                    _defined(value)

    def _test(self, node: nodes.Test, scope: Scope) -> Examples:
        inside = _all_guarded(scope, node.node) if node.name in ("defined", "undefined") else scope
        self.value(node.node, inside)
        self.arguments(node, scope)
        if node.name not in self.environment.tests:
            self.fault(scope, node, f"there is no test `{node.name}`{nearest(node.name, self.environment.tests)}")
        return EITHER

    def arguments(
        self, node: nodes.Call | nodes.Filter | nodes.Test, scope: Scope
    ) -> tuple[list[Examples], dict[str, Examples]]:
        """The arguments of a call, in their places and by their names."""
        args = [self.value(one, scope) for one in node.args]
        kwargs = {str(one.key): self.value(one.value, scope) for one in node.kwargs}
        return args, kwargs

    def _call(self, node: nodes.Call, scope: Scope) -> Examples:
        if node.args and isinstance(node.args[0], nodes.CondExpr):  # each key of a text is looked at for itself
            choice = node.args[0]
            self.value(choice.test, scope)
            ways = [(choice.expr1, True), *([(choice.expr2, False)] if choice.expr2 else [])]
            return join(
                *(
                    self._call(_with_first(node, way), with_guards(scope, choice.test, positive))
                    for way, positive in ways
                )
            )
        called = self.value(node.node, scope)
        args, kwargs = self.arguments(node, scope)
        more = [self.value(one, scope) for one in (node.dyn_args, node.dyn_kwargs) if one is not None]
        made = [self._called(node, scope, one, args, kwargs, more) for one in called.values if one is not None]
        return join(*made, Examples(open=called.open)) if made else ANYTHING

    def _called(
        self,
        node: nodes.Call,
        scope: Scope,
        called: Any,
        args: list[Examples],
        kwargs: dict[str, Examples],
        more: list[Examples],
    ) -> Examples:
        if isinstance(called, Macro):
            return self.calls.call_macro(node, scope, called, args, kwargs, anything=bool(more))
        if isinstance(called, BlockCall):
            return self.calls.call_block(node, scope, called)
        if not callable(called):
            return self.fault(scope, node, f"{expression(node.node)} cannot be called: it is no macro and no function")
        if any(not one.values for one in (*args, *kwargs.values(), *more)):
            return ANYTHING
        spread = [node.dyn_args is not None, node.dyn_kwargs is not None]

        def run(*values: Any) -> Any:
            places, named = list(values[: len(args)]), dict(zip(kwargs, values[len(args) :], strict=False))
            rest = list(values[len(args) + len(kwargs) :])
            if spread[0]:
                places += rest.pop(0)
            if spread[1]:
                named |= rest.pop(0)
            return self.environment.call(self._context, called, *places, **named)

        return self.apply(node, scope, run, *args, *kwargs.values(), *more)


def no_macro(module: Module, name: str) -> str:
    """``email/parts/macros.html.j2 has no macro `buton`; did you mean `button`? …``"""
    return f"{module.name} has no macro `{name}`{nearest(name, module.names)}; it has {listed(module.names)}"


def with_guards(scope: Scope, test: nodes.Node, positive: bool) -> Scope:
    """The scope behind a condition: what the template has made sure of is not asked again."""
    found = frozenset(_guards(test, positive))
    return replace(scope, guarded=scope.guarded | found) if found else scope


def _guards(test: nodes.Node, positive: bool) -> Iterator[str]:
    if isinstance(test, nodes.Not):
        yield from _guards(test.node, not positive)
    elif (isinstance(test, nodes.And) and positive) or (isinstance(test, nodes.Or) and not positive):
        yield from _guards(test.left, positive)
        yield from _guards(test.right, positive)
    elif isinstance(test, nodes.Test) and test.name == ("defined" if positive else "undefined"):
        yield expression(test.node)


def _all_guarded(scope: Scope, node: nodes.Node) -> Scope:
    """Where an expression itself may be missing, but not what it is a part of."""
    return replace(scope, guarded=scope.guarded | {expression(node)})


def _with_first(node: nodes.Call, first: nodes.Expr) -> nodes.Call:
    made = nodes.Call(node.node, [first, *node.args[1:]], node.kwargs, node.dyn_args, node.dyn_kwargs)
    made.set_lineno(node.lineno)
    return made


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "division by zero"
    if isinstance(error, TemplateRuntimeError):
        return str(error.message)
    return str(error).splitlines()[0] if str(error) else type(error).__name__
