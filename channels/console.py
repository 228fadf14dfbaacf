"""Prints each edition to the terminal, to see what would go out. Nothing leaves this machine.

    channels:
      screen:
        type: console

With `leads: false` only the titles and addresses are printed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from distributor.channel import Channel, ComposeContext
from distributor.errors import Unavailable
from distributor.model import Edition, Receipt, Rendition
from distributor.terminal import printable

from ._posts import TEXT


@dataclass(frozen=True, kw_only=True)
class Console(Channel):
    """Standard output."""

    reaches_audience = False  # but whoever sits before it

    leads: Annotated[bool, "print the lead of each article too"] = True

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Rendition]:
        lines = [f"{context.newsletter.title} #{edition.number}: {edition.subject}", ""]
        for number, article in enumerate(edition.articles, 1):
            lines.append(f"{number}. {article.title}")
            lines += [f"   {line}" for line in (article.lead if self.leads else "", article.url) if line]
        body = "\n".join(lines) + "\n"
        return [
            Rendition(
                channel=self.name,
                variant="summary",
                media_type=TEXT,
                body=body.encode(),
                edition=edition.id,
                title=edition.subject,
            )
        ]

    async def deliver(self, rendition: Rendition) -> Receipt:
        """A terminal that cannot show a letter shows a question mark in its place; nothing in a title acts on it."""
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.write(printable(rendition.text).encode(encoding, "replace").decode(encoding) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError) as error:  # a closed pipe; a closed stream
            raise Unavailable(f"standard output cannot be written: {error}") from error
        return Receipt(reply="printed")
