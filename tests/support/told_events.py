"""What other programs are told of subscribers: a channel that wants to know everything, and what waits for it."""

from __future__ import annotations

import json

from distributor.delivery import outbox
from support.clocked_newsroom import Line

CHANNEL = (
    "  app: {type: webhook, url: 'https://cms.example/hook', secret: 0123456789abcdef0123456789abcdef, "
    "events: [subscribed, confirmed, changed, left]}\n"
)


def listen(line: Line) -> None:
    """From now on, another program wants to know what subscribers do."""
    line.config = line.config.replace("channels:\n  mail:", f"channels:\n{CHANNEL}  mail:")
    line.configure()


def happened(line: Line) -> list[tuple[str, str, str, str]]:
    """What it is told, in order: what, by whom, of which newsletter, and how."""
    with line.store.read() as connection:
        rows = [row for row in outbox.iterate_latest(connection) if row.channel == "app"]
    found = [(row.kind, json.loads(row.body)["data"]) for row in reversed(rows)]
    return [(kind, data["address"], data.get("newsletter", ""), data.get("via", "")) for kind, data in found]
