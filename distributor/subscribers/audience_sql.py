"""The condition of an audience for the store: the same answer as `Audience.includes`, on SQLite and PostgreSQL.

No part of a condition is NULL: what is unknown is false, so that `not` turns it as in Python. An attribute counts only with
the type that it is declared with; a damaged column has no attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ..storage.rows import UTC_TIME
from ..storage.tables import subscribers, subscriptions
from .audience import Audience, Combination, Comparison, Condition, Negation

_COMPARE = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def audience_condition(audience: Audience) -> sa.ColumnElement[bool]:
    """Whether a row of subscribers, joined with its subscription, is meant. Never NULL."""
    return _condition(audience, audience.condition)


def _condition(audience: Audience, condition: Condition) -> sa.ColumnElement[bool]:
    if isinstance(condition, Negation):
        return sa.not_(_condition(audience, condition.part))
    if isinstance(condition, Combination):
        parts = [_condition(audience, part) for part in condition.parts]
        return sa.and_(*parts).self_group() if condition.all else sa.or_(*parts).self_group()
    if condition.type == "joined":
        return _joined(audience, condition)
    if condition.type == "topics":
        return _wants_topic(condition)
    return _comparison(condition)


def _joined(audience: Audience, comparison: Comparison) -> sa.ColumnElement[bool]:
    since = subscriptions.c.since
    found = sa.or_(
        *(
            sa.and_(since >= sa.literal(begins, UTC_TIME), since < sa.literal(ends, UTC_TIME))
            for begins, ends in audience.spans(comparison)
        )
    )
    return sa.not_(found) if comparison.operator in ("!=", "not in") else found.self_group()


def _wants_topic(comparison: Comparison) -> sa.ColumnElement[bool]:
    """Whether the topic is chosen, or all are. `topics_key` has casefolded topics, one on each line."""
    key = subscribers.c.topics_key
    line = f"\n{comparison.values[0]}\n"
    chosen = (sa.literal("\n", sa.Text) + key + sa.literal("\n", sa.Text)).contains(line, autoescape=True)
    wants = sa.or_(key == "", chosen)
    return sa.not_(wants) if comparison.operator == "not in" else wants.self_group()


def _comparison(comparison: Comparison) -> sa.ColumnElement[bool]:
    known, operator = _known(comparison), comparison.operator
    if operator in ("is", "is not"):
        return known.is_(None) if operator == "is" else known.is_not(None)
    values: list[Any] = list(comparison.values)
    if comparison.type == "yes_no":
        values = ["true" if value else "false" for value in values]
    elif comparison.type == "number":
        values = list(map(float, values))  # SQLAlchemy would take an integer type from the first, which may be small
    if operator == "in":
        compared = known.in_(values)
    elif operator == "not in":
        compared = known.not_in(values)
    else:
        compared = _COMPARE[operator](known, values[0])
    return sa.func.coalesce(compared, sa.false(), type_=sa.Boolean)


def _known(comparison: Comparison) -> sa.ColumnElement[Any]:
    if comparison.name in ("language", "frequency"):
        return subscribers.c[comparison.name]
    return _VALUES.get(comparison.type, attribute_text)(subscribers.c.attributes, sa.literal(comparison.name, sa.Text))


class attribute_text(FunctionElement[str]):
    """The value of an attribute if it is a text, else NULL. Compared by code points, on every store."""

    type = sa.Text()
    inherit_cache = True


class attribute_number(FunctionElement[float]):
    """The value of an attribute if it is a number, else NULL."""

    type = sa.Float(53)
    inherit_cache = True


class attribute_flag(FunctionElement[str]):
    """`true` or `false` for an attribute that is one of them, else NULL."""

    type = sa.Text()
    inherit_cache = True


_VALUES: Mapping[str, type[FunctionElement[Any]]] = {"number": attribute_number, "yes_no": attribute_flag}
_SQLITE = {
    attribute_text: ("= 'text'", "json_extract({column}, '$.' || {name})"),
    attribute_number: ("IN ('integer', 'real')", "json_extract({column}, '$.' || {name})"),
    attribute_flag: ("IN ('true', 'false')", "json_type({column}, '$.' || {name})"),
}
_POSTGRESQL = {
    attribute_text: ("string", '({column} ->> {name}) COLLATE "C"'),
    attribute_number: ("number", "CAST({column} ->> {name} AS DOUBLE PRECISION)"),
    attribute_flag: ("boolean", "({column} ->> {name})"),
}


@compiles(attribute_text, "sqlite")
@compiles(attribute_number, "sqlite")
@compiles(attribute_flag, "sqlite")
def _sqlite(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    """CASE is evaluated in order, so text that is no JSON is not asked for an attribute."""
    type, value = _SQLITE[element.__class__]
    column, name = element.clauses

    def put(template: str) -> str:
        return template.format(column=compiler.process(column, **options), name=compiler.process(name, **options))

    kind = put("json_type({column}, '$.' || {name})")
    valid = f"json_valid({compiler.process(column, **options)})"
    return f"(CASE WHEN NOT {valid} THEN NULL WHEN {kind} {type} THEN {put(value)} END)"


@compiles(attribute_text, "postgresql")
@compiles(attribute_number, "postgresql")
@compiles(attribute_flag, "postgresql")
def _postgresql(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    type, value = _POSTGRESQL[element.__class__]
    column, name = element.clauses

    def put(template: str) -> str:
        return template.format(
            column=compiler.process(column, **options), name=f"CAST({compiler.process(name, **options)} AS TEXT)"
        )

    return f"(CASE WHEN {put('json_typeof({column} -> {name})')} = '{type}' THEN {put(value)} END)"
