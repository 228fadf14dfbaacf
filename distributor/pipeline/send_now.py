"""A newsletter sent now, by hand, outside of its schedule: the steps around `publish_edition`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..config.schema import Newsletter
from ..errors import UserError
from .compose import EditionPlan
from .missing_names import list_blocked_newsletters
from .plan import EditionRequest, StepContext, plan_edition
from .publish import publish_edition
from .tick import list_ready_articles, prepare_images, recheck_articles


async def send_now(
    context: StepContext, newsletter: Newsletter, *, channels: Sequence[str] = (), forced: Sequence[str] = ()
) -> tuple[EditionPlan, list[str]]:
    """Freeze everything that is new as an edition, after its articles were rechecked and their images prepared; the second
    value is what the recheck has found. `channels` are those that carry it; all if empty. Raises UserError."""
    newsroom, database = context.newsroom, context.database
    blocked = await database.read_in_thread(lambda connection: list_blocked_newsletters(newsroom, connection))
    if reason := blocked.get(newsletter.id):
        raise UserError(reason)
    wanted = await asyncio.to_thread(list_ready_articles, database, newsletter, context.now)
    faults = await prepare_images(newsroom, wanted, context.now)
    notes = [f"image of {id}: {fault}" for id, fault in faults.items()]
    notes += await recheck_articles(newsroom, database, wanted, context.now)
    request = EditionRequest(newsletter=newsletter, channels=channels or None, forced=forced)
    plan = await asyncio.to_thread(publish_edition, context, request)
    if plan is None:  # another one was made at the same moment; mostly it has taken everything
        plan = await asyncio.to_thread(plan_edition, context, request)
        if plan.edition:
            raise UserError(f"{newsletter.id}: an edition was made at the same moment; ask again")
    return plan, notes
