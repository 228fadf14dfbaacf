"""The posts of an article on each channel, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState as S
from ..model import RenditionAction
from ..storage.tables import deliveries, delivery_steps, editions, renditions
from .queries import UNSENT_STATES

CORRECTING = (RenditionAction.EDIT, RenditionAction.REPLACE, RenditionAction.REPLY)


@dataclass(frozen=True, slots=True)
class ArticlePost:
    """One post of the article by an earlier edition, and where it stands. `changes` are earlier corrections of it that
    are not out yet, or of which nobody knows. `begun`: something of it was done at the far end already."""

    edition: str
    channel: str
    variant: str
    state: S
    changes: tuple[ArticlePost, ...] = ()
    begun: bool = False


def list_posts(connection: Connection, newsletter: str, article: str) -> Iterator[ArticlePost]:
    """The posts of an article on each channel, latest edition first, without what was taken back or will never be out."""
    taken_back = {
        (row.channel, row.target, row.target_variant)
        for row in connection.execute(
            _renditions(newsletter, RenditionAction.DELETE).where(deliveries.c.state == S.SENT)
        )
    }
    changes: dict[tuple[str, str, str], list[ArticlePost]] = {}
    for row in connection.execute(
        _renditions(newsletter, *CORRECTING).where(deliveries.c.state.in_((*UNSENT_STATES, S.SENDING, S.UNCERTAIN)))
    ):
        one = ArticlePost(row.edition_id, row.channel, row.variant, S(row.state))
        changes.setdefault((row.channel, row.target, row.target_variant), []).append(one)
    found = _renditions(newsletter, RenditionAction.POST).where(
        renditions.c.article == article, deliveries.c.state.not_in((S.EXPIRED, S.REJECTED))
    )
    for row in connection.execute(found):
        place = (row.channel, row.edition_id, row.variant)
        if place not in taken_back:
            yield ArticlePost(
                row.edition_id, row.channel, row.variant, S(row.state), tuple(changes.get(place, ())), row.begun
            )


def _renditions(newsletter: str, *actions: RenditionAction) -> sa.Select[tuple[str, str, str, str, str, str, bool]]:
    """The deliveries of a newsletter to places, not to people, with what they act on."""
    same = (
        (renditions.c.edition_id == deliveries.c.edition_id)
        & (renditions.c.channel == deliveries.c.channel)
        & (renditions.c.variant == deliveries.c.variant)
    )
    columns = (
        deliveries.c.edition_id, deliveries.c.channel, deliveries.c.variant, deliveries.c.state, renditions.c.target,
        renditions.c.target_variant,
        sa.select(delivery_steps.c.name).where(delivery_steps.c.delivery_id == deliveries.c.id).exists().label("begun"),
    )  # fmt: skip
    return (
        sa.select(*columns)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .join(renditions, same)
        .where(editions.c.newsletter == newsletter, deliveries.c.recipient == "", renditions.c.action.in_(actions))
        .order_by(editions.c.frozen_at.desc(), deliveries.c.channel, deliveries.c.variant)
    )
