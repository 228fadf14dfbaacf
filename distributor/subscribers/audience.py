"""The audience of a newsletter: an expression over what is known of its subscribers, such as

    commune in ['Bắc Sơn', 'Hữu Lũng'] and 'Y tế' in topics and joined < '2026-10-01'

It is read with Python's own parser and a short list of what it may have: names, values, comparisons, `and`, `or`, `not` and
lists. Nothing of it is run. Here it is decided for one subscriber; `audience_sql` says the same for the store. Pure.

A comparison with an attribute that a subscriber does not have, or has with a value of another type, is false, whatever
the comparison; `is None` asks for that. See docs/audience.md.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeGuard

from ..config.types import parse_day
from ..config.validation import suggestion
from ..config.web import Attribute
from ..model import Frequency, Language, Subscriber
from ..text import clean_line

LONGEST = 2000  # characters of an expression
_DEEPEST = 30  # levels of `and`, `or`, `not` within each other
_MOST = 100  # comparisons
_LARGEST = 2**53
_YEARS = range(1900, 3000)

# What every subscriber has: its type, and the only values of a text.
_ALWAYS_KNOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "language": ("text", tuple(map(str, Language))),
    "frequency": ("text", tuple(map(str, Frequency))),
    "topics": ("topics", ()),
    "joined": ("joined", ()),
}
_WORDS = {"text": "a text", "number": "a number", "date": "a date", "joined": "a date", "yes_no": "true or false"}
_OPERATORS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. `type` is that of the name: text, number, date, yes_no, topics (casefolded values) or joined. The
    operators are ==, !=, <, <=, >, >=, in, not in, and `is`, `is not` for None; the first six have one value."""

    name: str
    type: str
    operator: str
    values: tuple[Value, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Combination:
    """`and` (all of the parts), or `or` (any)."""

    all: bool
    parts: tuple[Condition, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Negation:
    """`not`."""

    part: Condition
    text: str


Condition = Comparison | Combination | Negation


@dataclass(frozen=True, slots=True)
class Audience:
    """A condition on subscribers, and the time zone in which a day of joining begins."""

    text: str
    condition: Condition
    zone: tzinfo

    def includes(self, person: Subscriber, joined: datetime) -> bool:
        """Whether a subscriber who has joined then is meant."""
        return self._holds(self.condition, person, joined)

    def unmet(self, person: Subscriber, joined: datetime) -> list[str]:
        """The conditions, as they are written, that leave a subscriber out; empty for those who are meant."""
        return [one.text for one in self._failing(self.condition, person, joined)]

    def _failing(self, condition: Condition, person: Subscriber, joined: datetime) -> list[Condition]:
        if self._holds(condition, person, joined):
            return []
        if isinstance(condition, Combination) and condition.all:
            return [failing for part in condition.parts for failing in self._failing(part, person, joined)]
        return [condition]

    def _holds(self, condition: Condition, person: Subscriber, joined: datetime) -> bool:
        if isinstance(condition, Negation):
            return not self._holds(condition.part, person, joined)
        if isinstance(condition, Combination):
            held = (self._holds(part, person, joined) for part in condition.parts)
            return all(held) if condition.all else any(held)
        return self._compares(condition, person, joined)

    def _compares(self, comparison: Comparison, person: Subscriber, joined: datetime) -> bool:
        operator, values = comparison.operator, comparison.values
        if comparison.type == "topics":
            wants = not person.topics or values[0] in {topic.casefold() for topic in person.topics}
            return wants is (operator == "in")
        if comparison.type == "joined":
            found = any(begins <= joined < ends for begins, ends in self.spans(comparison))
            return found is (operator not in ("!=", "not in"))
        known = known_value(person, comparison)
        if operator in ("is", "is not"):
            return (known is None) is (operator == "is")
        if known is None:
            return False
        if operator in ("in", "not in"):
            return (known in values) is (operator == "in")
        return _COMPARE[operator](known, values[0])

    def spans(self, comparison: Comparison) -> list[tuple[datetime, datetime]]:
        """The times of joining that a comparison of `joined` allows, from (included) to (excluded); for `!=` and `not in`
        those that it does not allow."""
        return [self._span(comparison.operator, str(value)) for value in comparison.values]

    def _span(self, operator: str, written: str) -> tuple[datetime, datetime]:
        day = date.fromisoformat(written)
        begins, ends = self._midnight(day), self._midnight(day + timedelta(days=1))
        first, last = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
        return {"<": (first, begins), "<=": (first, ends), ">": (ends, last), ">=": (begins, last)}.get(
            operator, (begins, ends)
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def known_value(person: Subscriber, comparison: Comparison) -> Value | None:
    """What is compared; None for an attribute that is missing or of another type."""
    if comparison.name == "language":
        return str(person.language)
    if comparison.name == "frequency":
        return str(person.frequency)
    value = person.attributes.get(comparison.name)
    wanted: tuple[type, ...] = {"number": (int, float), "yes_no": (bool,)}.get(comparison.type, (str,))
    right = isinstance(value, wanted) and isinstance(value, bool) is (comparison.type == "yes_no")
    return value if right else None


# -- read --------------------------------------------------------------------------------------------------------------


def parse_audience(written: str, declared: Mapping[str, Attribute], zone: tzinfo) -> Audience:
    """An audience from its expression. `declared` are the attributes of config.yaml. Raises ValueError, whose message says
    what is wrong and where."""
    text = clean_line(written)
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in texts, which mean what they say
            parsed = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ValueError(_explain_syntax(text, error)) from None
    except (RecursionError, MemoryError):
        raise ValueError("is nested too deeply") from None
    reader = _Reader(text, declared)
    return Audience(text, reader.condition(parsed.body, 0), zone)


def _explain_syntax(text: str, error: Exception) -> str:
    place = getattr(error, "offset", 0) or 0
    where = f" near {text[max(0, place - 1) :][:20]!r}" if 0 < place <= len(text) else ""
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    hint = ""
    if re.search(r"(?<![=!<>])=(?!=)", outside):
        hint = ": write == to compare"
    elif re.search(r"\b(?:AND|OR|NOT|IN)\b|&&|\|\||!(?!=)", outside):
        hint = ": write and, or, not, in"
    elif re.search("[“”‘’«»]", outside):
        hint = ": put texts between straight quotes, 'like this'"
    return f"cannot be read{where}{hint}"


class _Reader:
    """Makes conditions of the nodes of one expression."""

    def __init__(self, text: str, declared: Mapping[str, Attribute]) -> None:
        self._text = text
        self._types = {name: (one.type, one.choices) for name, one in declared.items()} | dict(_ALWAYS_KNOWN)
        self._count = 0

    def condition(self, node: ast.expr, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise ValueError("is nested too deeply")
        match node:
            case ast.BoolOp():
                parts = tuple(self.condition(part, depth + 1) for part in node.values)
                return Combination(isinstance(node.op, ast.And), parts, self._written(node))
            case ast.UnaryOp(op=ast.Not()):
                return Negation(self.condition(node.operand, depth + 1), self._written(node))
            case ast.Compare():
                return self._comparisons(node)
            case ast.Name():
                return self._bare_name(node)
        if isinstance(node, ast.Constant | ast.List | ast.Tuple):
            raise ValueError(f"{self._written(node)} is no condition: compare it with something")
        raise self._not_allowed(node)

    def _bare_name(self, node: ast.Name) -> Comparison:
        type = self._type_of(node)[0]
        if type != "yes_no":
            what = "several topics" if type == "topics" else _WORDS[type]
            raise ValueError(f"{node.id} alone is no condition, as it is {what}: compare it with something")
        return self._counted(Comparison(node.id, type, "==", (True,), node.id))

    def _comparisons(self, node: ast.Compare) -> Condition:
        """A comparison; one in a row, such as `18 <= age < 60`, is two."""
        sides = [node.left, *node.comparators]
        made = [
            self._comparison(left, _OPERATORS[type(operator)], right, node)
            for left, operator, right in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return made[0] if len(made) == 1 else Combination(True, tuple(made), self._written(node))

    def _comparison(self, left: ast.expr, operator: str, right: ast.expr, whole: ast.Compare) -> Comparison:
        text = (
            self._written(whole) if len(whole.ops) == 1 else f"{self._written(left)} {operator} {self._written(right)}"
        )
        if _is_name(right) and _is_name(left):
            for one in (left, right):  # a misspelt name is the better message
                self._type_of(one)
            raise ValueError(f"{text}: compare with a value, not with another name")
        if _is_name(right) and operator in ("in", "not in"):
            return self._counted(self._topic(left, operator, right, text))
        name, other = (left, right) if _is_name(left) else (right, left)
        if not _is_name(name):
            raise self._not_allowed(next((one for one in (left, right) if not _is_value(one)), whole))
        if name is right:
            operator = _TURNED.get(operator, operator)
        return self._counted(self._of_name(name, operator, other, text))

    def _topic(self, left: ast.expr, operator: str, name: ast.Name, text: str) -> Comparison:
        if self._type_of(name)[0] != "topics":
            hint = f"{name.id} == {self._written(left)}"
            raise ValueError(f"{text}: {name.id} is {_WORDS[self._type_of(name)[0]]}, not several; write {hint}")
        value = self._value(left)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{text}: write the topic as a text: 'Y tế' in topics")
        return Comparison(name.id, "topics", operator, (value.casefold(),), text)

    def _of_name(self, name: ast.Name, operator: str, other: ast.expr, text: str) -> Comparison:
        type, choices = self._type_of(name)
        if type == "topics":
            raise ValueError(f"{text}: topics are several; write 'Y tế' in topics")
        if operator in ("is", "is not"):
            return self._of_none(name, type, operator, other, text)
        if operator in ("in", "not in"):
            if not isinstance(other, ast.List | ast.Tuple | ast.Set):
                raise ValueError(f"{text}: write a list: {name.id} {operator} [{self._written(other)}]")
            if not other.elts:
                raise ValueError(f"{text}: the list is empty")
            values = tuple(self._typed(one, name.id, type, choices) for one in other.elts)
        else:
            if isinstance(other, ast.List | ast.Tuple | ast.Set):
                raise ValueError(f"{text}: write {name.id} in {self._written(other)}")
            values = (self._typed(other, name.id, type, choices),)
        if operator in _TURNED and type in ("text", "yes_no"):
            raise ValueError(f"{text}: {name.id} is {_WORDS[type]}, of which none is larger; use ==, != or in")
        return Comparison(name.id, type, operator, values, text)

    def _of_none(self, name: ast.Name, type: str, operator: str, other: ast.expr, text: str) -> Comparison:
        if not (isinstance(other, ast.Constant) and other.value is None):
            raise ValueError(f"{text}: write {'==' if operator == 'is' else '!='} to compare")
        if name.id in _ALWAYS_KNOWN:
            raise ValueError(f"{text}: every subscriber has {name.id}")
        return Comparison(name.id, type, operator, (), text)

    def _counted(self, comparison: Comparison) -> Comparison:
        self._count += max(1, len(comparison.values))
        if self._count > _MOST:
            raise ValueError(f"has more than {_MOST} comparisons and values")
        return comparison

    def _typed(self, node: ast.expr, name: str, type: str, choices: Sequence[str]) -> Value:
        """A value that can be compared with a name of this type."""
        value = self._value(node)
        if type in ("date", "joined"):
            return _day(value, name, self._written(node))
        found = "yes_no" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
        if found != type:
            hint = f"; write '{value}'" if type == "text" else ""
            raise ValueError(f"{name} is {_WORDS[type]}, and {self._written(node)} is {_WORDS[found]}{hint}")
        if isinstance(value, str) and choices and value not in choices:
            raise ValueError(f"{name} is never {value[:40]!r}{suggestion(value, choices)}")
        return value

    def _type_of(self, node: ast.Name) -> tuple[str, tuple[str, ...]]:
        if node.id not in self._types:
            raise ValueError(f"there is no {node.id!r}{suggestion(node.id, self._types)}")
        return self._types[node.id]

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=bool() | str() | int() | float() as value):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as size)):
                value = -size
            case ast.Name(id="true" | "false"):
                value = node.id == "true"
            case ast.Constant(value=None):
                raise ValueError("None is compared with `is None` or `is not None`")
            case _:
                raise self._not_allowed(node)
        if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= _LARGEST:
            raise ValueError(f"{self._written(node)} is too large a number")
        return clean_line(value) if isinstance(value, str) else value

    def _not_allowed(self, node: ast.AST) -> ValueError:
        return ValueError(
            f"{self._written(node)} is not allowed: there are names, values, comparisons, and, or, not, and lists"
        )

    def _written(self, node: ast.AST) -> str:
        return ast.get_source_segment(self._text, node) or ast.unparse(node)


def _is_name(node: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and node.id not in ("true", "false")


def _is_value(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Name)


def _day(value: Value, name: str, written: str) -> str:
    try:
        if isinstance(value, str) and parse_day(value).year in _YEARS and value == value.strip():
            return value
    except ValueError as error:
        raise ValueError(f"{name} is a date, and {written} is none: {error}") from None
    raise ValueError(f"{name} is a date, and {written} is none; write '2026-11-23'")
