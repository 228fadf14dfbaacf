"""A draft frozen anew, in the transaction that changes it: its emails, its posts and pages, its recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..delivery.enqueue import enqueue_deliveries, remove_untried_deliveries
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.build import EditionContents, EditionKey, build_edition
from ..editions.repository import EditionRow
from ..editions.selection import ArticleDecision
from ..editorial import EditorWords
from ..model import Edition, EditionKind
from .compose import CompositionScope, EditionPlan, NewsletterContext, compose_edition
from .publish import check_same_recipients, personal_channels


def refreeze_draft(
    context: NewsletterContext,
    row: EditionRow,
    edition: Edition,
    contents: EditionContents,
    words: EditorWords,
    left_out: Sequence[ArticleDecision] = (),
) -> EditionPlan:
    """Put other contents into a draft, of which nothing has been tried yet; on the channels that it has.

    `left_out` says what becomes of articles that it had. Raises RenderError where a template fails, SlotTaken where a
    subscriber makes another choice meanwhile.
    """
    newsroom, connection, newsletter = context.newsroom, context.connection, context.newsletter
    key = EditionKey(
        kind=edition.kind,
        slot=edition.slot,
        number=edition.number,
        frozen_at=edition.frozen_at,
        due=row.due_at,
        words=words,
    )
    made = build_edition(newsroom.settings, newsletter, contents, key)
    used = {one.channel for one in edition_repository.list_renditions(connection, row.id)}
    channels = {name: one for name, one in newsroom.newsletter_channels(newsletter).items() if name in used}
    scope = CompositionScope(channels=channels)
    past = replace(context, now=edition.frozen_at)
    if (
        edition.kind is EditionKind.ALERT
    ):  # all get the same email; whom `--missed` has left out is written nowhere else
        plan = compose_edition(past, made, scope)
        edition_repository.replace_words(connection, made, plan.renditions)
        return plan
    remove_untried_deliveries(
        connection, row.id
    )  # before its recipients are counted: its own emails are none of the day
    plan = compose_edition(past, made, scope)
    check_same_recipients(connection, plan)
    edition_repository.replace_content(connection, made, plan.renditions, plan.segmentation.segments)
    enqueue_deliveries(connection, made, plan.renditions, plan.readers, personal_channels(newsroom, newsletter))
    if edition.kind is EditionKind.DIGEST:  # other kinds repeat what digests announce
        article_status.replace_decisions(connection, row.newsletter, left_out, context.now)
    return plan
