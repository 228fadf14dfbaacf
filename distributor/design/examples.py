"""Example values: what an expression of a template may be, as far as samples show, and what it has in place of what it
has not. Pure.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache, partial
from typing import Any

from jinja2 import nodes
from jinja2.runtime import LoopContext
from pydantic import BaseModel

MAX_EXAMPLES = 12  # of one expression
MAX_COMBINATIONS = 36  # of the examples of several
MAX_NAMED = 24  # of what there is instead


@dataclass(frozen=True, slots=True)
class Examples:
    """Some values that an expression may have. `open`: it may be anything else as well."""

    values: tuple[Any, ...] = ()
    open: bool = False

    @property
    def certain(self) -> bool:
        """Whether it is none but these. What is never given is not known to be nothing."""
        return not self.open and any(value is not None for value in self.values)


ANYTHING = Examples(open=True)


def examples(values: Iterable[Any], *, open: bool = False) -> Examples:
    """Different ones of these values, not too many."""
    kept: list[Any] = []
    for value in values:
        if len(kept) == MAX_EXAMPLES:
            break
        if not any(_same(value, other) for other in kept):
            kept.append(value)
    return Examples(tuple(kept), open)


def join(*several: Examples) -> Examples:
    """What an expression may be that is one of several; each of them is represented."""
    rows = itertools.zip_longest(*(one.values for one in several), fillvalue=_NOTHING)
    values = (value for row in rows for value in row if value is not _NOTHING)
    return examples(values, open=any(one.open for one in several))


def signature(one: Examples) -> tuple[object, ...]:
    """The same for examples of which a macro makes the same: equal texts and numbers, other values of the same kinds."""
    simple = tuple(value if isinstance(value, str | int | float | bool) else type(value) for value in one.values)
    return (*dict.fromkeys(simple), one.open)


def combinations(several: Sequence[Examples]) -> Iterator[tuple[Any, ...]]:
    """Values for several expressions at a time."""
    return itertools.islice(itertools.product(*(one.values for one in several)), MAX_COMBINATIONS)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, partial) and isinstance(other, partial):
        return (one.func, one.args, one.keywords) == (other.func, other.args, other.keywords)
    simple = isinstance(one, str | int | float) or is_dataclass(one)
    return simple and type(one) is type(other) and bool(one == other)


_NOTHING = object()


# -- words -------------------------------------------------------------------------------------------------------------


def expression(node: nodes.Node) -> str:
    """An expression as a template writes it, as far as it is short."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{expression(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{expression(node.node)}[{node.arg.value!r}]"
    if isinstance(node, nodes.Call):
        return f"{expression(node.node)}(…)"
    if isinstance(node, nodes.Const):
        return repr(node.value)
    return "…"


def no_attribute(node: nodes.Node, attribute: str, value: Any) -> str:
    """``theme has no `inkk`; it has accent, background, …``"""
    known = attributes_of(value)
    what = expression(node)
    if not known:
        return f"{what} has no `{attribute}`: it is {_kind(value)}"
    return f"{what} has no `{attribute}`{nearest(attribute, known)}; it has {listed(known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean `ink`?``, or nothing."""
    return _nearest(name, tuple(sorted(known)))


@lru_cache(1024)
def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def listed(names: Iterable[str]) -> str:
    """The names, in alphabetical order, not too many."""
    known = sorted(names)
    return ", ".join(known[:MAX_NAMED]) + (", …" if len(known) > MAX_NAMED else "")


def attributes_of(value: Any) -> list[str]:
    """The names that a template may write behind a value and a dot; none for texts, numbers and lists."""
    if isinstance(value, BaseModel):
        return [*type(value).model_fields, *_properties(value)]
    if is_dataclass(value):
        return [*(field.name for field in fields(value)), *_properties(value), *_methods(value)]
    if isinstance(value, Mapping):
        return [key for key in value if isinstance(key, str)]
    if isinstance(value, LoopContext):
        return [name for name in dir(value) if not name.startswith("_")]
    return []


def _properties(value: Any) -> list[str]:
    own = [cls for cls in type(value).__mro__ if cls.__module__.startswith("distributor")]
    return [name for cls in own for name, one in vars(cls).items() if isinstance(one, property) and name[0] != "_"]


def _methods(value: Any) -> list[str]:
    return [name for name, one in vars(type(value)).items() if name[0] != "_" and callable(one)]


def _kind(value: Any) -> str:
    for types, words in (
        ((bool,), "yes or no"),
        ((str,), "text"),
        ((int, float), "a number"),
        ((list, tuple), "a list"),
    ):
        if isinstance(value, types):
            return words
    return "empty" if isinstance(value, Mapping) else f"of the kind {type(value).__name__}"
