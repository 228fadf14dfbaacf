"""A draft as its reviewers get it: the letter itself, under a box that says when it goes out and what to do. Pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ..channel import Digest
from ..model import Edition, Language
from . import wording

_BODY = re.compile(r"<body[^>]*>")
_BOX = (
    "font-family: Arial, Helvetica, sans-serif; font-size: 15px; line-height: 1.5; color: #1f1f1f; "
    "background-color: #fff4d6; padding: 16px 24px"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What reviewers are told of a draft. `letters` is how many different letters its readers get."""

    edition: str
    due: datetime
    silence: str
    letters: int
    language: Language
    zone: ZoneInfo

    def subject(self, subject: str) -> str:
        return wording.say(self.language, "draft_subject", subject=subject)

    @property
    def lines(self) -> list[str]:
        """When, what silence means, and the three commands."""
        due = self.due.astimezone(self.zone)
        when = f"{due:%H:%M}, {wording.short_date(self.due, self.language, self.zone)}"
        return [
            wording.say(self.language, "draft_when", edition=self.edition, when=when),
            wording.say(self.language, f"draft_{self.silence}"),
            *([wording.say(self.language, "draft_letters", count=self.letters)] if self.letters > 1 else []),
            *(f"distributor editions {verb} {self.edition}" for verb in ("approve", "hold", "cancel")),
        ]


def review_digest(digest: Digest, draft: Draft) -> Digest:
    """The letter with the box above it, in both of its parts."""
    lines = "<br>".join(html.escape(line) for line in draft.lines)
    box = f'<div style="{_BOX}">{lines}</div>'
    page, found = _BODY.subn(lambda match: match.group() + box, digest.html, count=1)
    text = "\n".join(draft.lines) + "\n\n" + "-" * 72 + "\n\n" + digest.text
    return replace(digest, subject=draft.subject(digest.subject), html=page if found else box + digest.html, text=text)


def review_words(edition: Edition, draft: Draft) -> str:
    """The same for a channel that takes plain text."""
    titles = "\n".join(f"• {article.title}" for article in edition.carried)
    return "\n\n".join([draft.subject(edition.subject), titles, "\n".join(draft.lines)])
