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

from distributor.channel import Attempt, Channel, ComposeContext, Content, Document
from distributor.errors import Unavailable
from distributor.model import Edition, Receipt
from distributor.terminal import printable

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Console(Channel):
    """Standard output."""

    reaches_audience = False  # but whoever sits before it

    leads: Annotated[bool, "print the lead of each article too"] = True

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Document]:
        lines = [f"{context.newsletter.title} #{edition.number}: {edition.subject}", ""]
        for number, article in enumerate(edition.articles, 1):
            lines.append(f"{number}. {article.title}")
            lines += [f"   {line}" for line in (article.lead if self.leads else "", article.url) if line]
        body = "\n".join(lines) + "\n"
        return [Document(variant="summary", media_type=_TEXT, body=body.encode(), title=edition.subject)]

    def compose_notice(self, variant: str, title: str, text: str) -> Document:
        return Document(variant=variant, media_type=_TEXT, body=text.encode(), title=title)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        """A terminal that cannot show a letter shows a question mark in its place; nothing in a title acts on it."""
        assert isinstance(content, Document)
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.write(printable(content.body.decode()).encode(encoding, "replace").decode(encoding) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError) as error:  # a closed pipe; a closed stream
            raise Unavailable(f"standard output cannot be written: {error}") from error
        return Receipt(reply="printed")
