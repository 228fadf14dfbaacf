"""Which editions carry an article, and in which of their emails. The item ledger knows the last digest only; an article
may also have been an alert, stand in daily and weekly letters, and be caught up with in a later digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import Article, EditionKind, EditionState
from ..storage.rows import enum_member, skip_damaged
from ..storage.tables import editions, newsletter_articles, segments
from . import repository as edition_repository
from .build import alert_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveringEdition:
    """An edition that carries an article. `variants` are its letters that hold it; `released_at` is None of a draft."""

    edition: str
    newsletter: str
    kind: EditionKind
    state: EditionState
    frozen_at: datetime
    released_at: datetime | None
    variants: tuple[str, ...] = ()


def list_covering_editions(connection: Connection, articles: Sequence[str]) -> dict[str, list[CoveringEdition]]:
    """The editions that carry each of these articles, oldest first: digests, alerts, daily and weekly letters."""
    variants = _variants(connection, articles)
    wanted: dict[str, set[str]] = {}
    for article, edition in [*_announced(connection, articles), *_alerts(connection, articles), *variants]:
        wanted.setdefault(article, set()).add(edition)
    rows = _rows(connection, {edition for found in wanted.values() for edition in found})
    return {
        article: skip_damaged([row for row in rows if row.id in found], partial(_covering_edition, variants, article))
        for article, found in wanted.items()
    }


def _covering_edition(variants: Mapping[tuple[str, str], Sequence[str]], article: str, row: Any) -> CoveringEdition:
    """Raises DamagedRow."""
    return CoveringEdition(
        edition=row.id,
        newsletter=row.newsletter,
        kind=enum_member(EditionKind, row.kind, "edition", row.id),
        state=enum_member(EditionState, row.state, "edition", row.id),
        frozen_at=row.frozen_at,
        released_at=row.released_at,
        variants=tuple(variants.get((article, row.id), ())),
    )


def list_corrections(connection: Connection, article: str) -> list[str]:
    """The editions by which an article was corrected or withdrawn, oldest first."""
    query = sa.select(editions.c.id).where(
        editions.c.kind == EditionKind.CORRECTION, editions.c.slot.startswith(f"correction-{article}-", autoescape=True)
    )
    return list(connection.execute(query.order_by(editions.c.frozen_at, editions.c.id)).scalars())


def _announced(connection: Connection, articles: Sequence[str]) -> list[tuple[str, str]]:
    query = sa.select(newsletter_articles.c.article_id, newsletter_articles.c.edition_id).where(
        newsletter_articles.c.article_id.in_(articles), newsletter_articles.c.edition_id.is_not(None)
    )
    return [(row.article_id, row.edition_id) for row in connection.execute(query)]


def _alerts(connection: Connection, articles: Sequence[str]) -> list[tuple[str, str]]:
    slots = {alert_slot(id): id for id in articles}
    query = sa.select(editions.c.slot, editions.c.id).where(
        editions.c.kind == EditionKind.ALERT, editions.c.slot.in_(list(slots))
    )
    return [(slots[row.slot], row.id) for row in connection.execute(query)]


def _variants(connection: Connection, articles: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """The letters that hold an article, by article and edition."""
    if connection.dialect.name == "sqlite":
        text = sa.cast(segments.c.articles, sa.Text)
        whole = sa.case((sa.func.json_valid(text) == 1, text), else_="[]")  # a damaged row holds nothing
        held = sa.func.json_each(whole).table_valued("value", joins_implicitly=True)
    else:
        is_list = sa.func.json_typeof(segments.c.articles) == "array"
        whole = sa.case((is_list, segments.c.articles), else_=sa.literal([], sa.JSON))
        held = (
            sa.func.json_array_elements_text(whole)
            .table_valued("value", joins_implicitly=True)
            .render_derived(name="held")
        )
    query = (
        sa.select(held.c.value, segments.c.edition_id, segments.c.variant)
        .select_from(segments, held)
        .where(held.c.value.in_(articles))
        .order_by(segments.c.edition_id, segments.c.variant)
    )
    found: dict[tuple[str, str], list[str]] = {}
    for article, edition, variant in connection.execute(query):
        found.setdefault((article, edition), []).append(variant)
    return found


def _rows(connection: Connection, ids: set[str]) -> Sequence[Any]:
    columns = (editions.c.id, editions.c.newsletter, editions.c.kind, editions.c.state, editions.c.frozen_at)
    query = sa.select(*columns, editions.c.released_at).where(editions.c.id.in_(ids))
    return connection.execute(query.order_by(editions.c.frozen_at, editions.c.id)).all()


def find_emails_with(
    connection: Connection, newsletter: str, article: Article
) -> tuple[dict[str, list[str]], datetime | None]:
    """The emails of a newsletter that carried an article, variants by edition, and the time that the first of them bears."""
    query = sa.select(editions.c.id, editions.c.due_at).where(
        editions.c.newsletter == newsletter,
        editions.c.released_at >= article.first_seen,
        editions.c.kind != EditionKind.CORRECTION,
    )
    carried, first = {}, None
    for row in connection.execute(query.order_by(editions.c.released_at)):
        contents = edition_repository.list_segment_articles(connection, row.id)
        variants = [variant for variant, ids in contents.items() if article.id in ids]
        if variants:
            carried[row.id] = variants
            first = first or row.due_at
    return carried, first
