"""Attempts of channels outside of the ledger, with steps and state in memory."""

from __future__ import annotations

from typing import Any

from distributor.attempt import Attempt, outside_attempt
from distributor.channel import Channel, Content
from distributor.http_client import idempotency_key
from distributor.model import Receipt


def attempt(channel: Channel, content: Content | None = None, edition: str = "tin-sang-1", **more: Any) -> Attempt:
    """An attempt at a content; its key is that of each attempt at the same."""
    if content is not None:
        made = channel.freeze(content, edition)
        more = {"key": idempotency_key(made.key, made.sha256), "edition": edition, **more}
    return outside_attempt(channel.http, **more)


async def publish(channel: Channel, content: Content, edition: str = "tin-sang-1", **more: Any) -> Receipt:
    """Publish a content, once."""
    return await channel.publish(content, attempt(channel, content, edition, **more))
