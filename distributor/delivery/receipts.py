"""What there is of a post at the far end: its receipt as corrections have left it, its thread, later corrections of it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from ..content import Post
from ..editions import repository as edition_repository
from ..model import Delivery, DeliveryState, Edition, EditionState, Receipt, Rendition, RenditionAction
from ..storage.tables import deliveries, editions, renditions
from .queries import DELIVERY_COLUMNS, SAME_RENDITION, delivery_from_row

_LONGEST_THREAD = 100  # posts


def find_receipts(connection: Connection, channel: str, edition: str, variant: str) -> list[Receipt]:
    """What there is at the far end of a post: the receipt of the post itself, as corrections have left it, and then those of
    corrections that answer it. Empty where nothing is there: it was never out, nobody knows, or it has been deleted."""
    own = (deliveries.c.edition_id == edition) & (deliveries.c.variant == variant)
    corrected = (renditions.c.target == edition) & (renditions.c.target_variant == variant)
    query = (
        sa.select(deliveries.c.remote_id, deliveries.c.url, deliveries.c.reply, renditions.c.action)
        .join(renditions, SAME_RENDITION)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.channel == channel, deliveries.c.recipient == "", deliveries.c.state == DeliveryState.SENT)
        .where(own | corrected)
        .order_by(editions.c.frozen_at, editions.c.number)
    )
    post: Receipt | None = None
    replies: list[Receipt] = []
    for row in connection.execute(query):
        receipt = Receipt(remote_id=row.remote_id, url=row.url, reply=row.reply)
        if row.action == RenditionAction.DELETE:
            post, replies = None, []
        elif row.action == RenditionAction.REPLY:
            replies.append(receipt)
        elif post is None or row.remote_id:  # who edits in place may give no new one
            post = receipt
    return [post, *replies] if post else []


def find_thread(connection: Connection, rendition: Rendition) -> list[Receipt] | Delivery | None:
    """The receipts of the posts that a rendition follows, from the first to the one that it answers. Where that one is not
    there, its row; None where nobody has ever owed it. Raises DamagedRow."""
    if rendition.action is RenditionAction.REPLY:
        return _thread_to(connection, rendition.channel, rendition.target, rendition.target_variant)
    content = rendition.content
    if rendition.action is RenditionAction.DELETE or not isinstance(content, Post) or not content.follows:
        return []
    if rendition.action is RenditionAction.EDIT:  # it stands where it stood, whatever became of the others
        found = _thread_to(connection, rendition.channel, rendition.target, content.follows)
        return found if isinstance(found, list) and all(receipt.remote_id for receipt in found) else []
    return _thread_to(connection, rendition.channel, rendition.edition, content.follows)


def _thread_to(connection: Connection, channel: str, edition: str, variant: str) -> list[Receipt] | Delivery | None:
    """The receipts from the first post of a thread to this one."""
    receipts: list[Receipt] = []
    for _ in range(_LONGEST_THREAD):
        found = find_receipts(connection, channel, edition, variant)
        if not found:
            here = (deliveries.c.edition_id == edition) & (deliveries.c.channel == channel)
            query = sa.select(*DELIVERY_COLUMNS).where(here, deliveries.c.variant == variant)
            row = connection.execute(query).one_or_none()
            return delivery_from_row(row) if row else None
        receipts = [*(found if not receipts else found[:1]), *receipts]
        content = edition_repository.find_rendition(connection, edition, channel, variant).content
        if not isinstance(content, Post) or not content.follows:
            break
        variant = content.follows
    return receipts


def find_later_correction(connection: Connection, edition: Edition, change: Rendition) -> str:
    """The latest correction of the same post that was decided after this one and stands; "" if none."""
    stands = deliveries.c.state.not_in((DeliveryState.EXPIRED, DeliveryState.REJECTED))
    later = (editions.c.frozen_at > edition.frozen_at) & (editions.c.state != EditionState.CANCELLED)
    query = (
        sa.select(editions.c.id)
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .join(renditions, SAME_RENDITION)
        .where(deliveries.c.channel == change.channel, later, stands, _other_corrections(change))
        .order_by(editions.c.frozen_at.desc())
    )
    return connection.execute(query.limit(1)).scalar() or ""


def find_withdrawal(connection: Connection, post: Rendition) -> str:
    """The edition that takes a post back, or has done so; "" if none."""
    stands = deliveries.c.state.not_in((DeliveryState.EXPIRED, DeliveryState.REJECTED))
    its_own = (renditions.c.target == post.edition) & (renditions.c.target_variant == post.variant)
    query = (
        sa.select(editions.c.id)
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .join(renditions, SAME_RENDITION)
        .where(deliveries.c.channel == post.channel, stands, its_own, renditions.c.action == RenditionAction.DELETE)
        .where(editions.c.state != EditionState.CANCELLED)
    )
    return connection.execute(query.limit(1)).scalar() or ""


def find_undecided(connection: Connection, change: Rendition) -> Delivery | None:
    """The post that a correction acts on, as long as it is not known whether it will be out; None where that is known."""
    here = (deliveries.c.edition_id == change.target) & (deliveries.c.channel == change.channel)
    states = (DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    query = sa.select(*DELIVERY_COLUMNS).where(
        here, deliveries.c.variant == change.target_variant, deliveries.c.state.in_(states)
    )
    row = connection.execute(query).first()
    return delivery_from_row(row) if row else None


def _other_corrections(change: Rendition) -> sa.ColumnElement[bool]:
    """Other corrections of the same post."""
    return (renditions.c.target == change.target) & (renditions.c.target_variant == change.target_variant)
