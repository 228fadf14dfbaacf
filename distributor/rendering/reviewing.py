"""A draft as its reviewers get it: what there is to decide, and the letter itself below it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from .. import i18n
from ..channel import Digest
from ..model import Edition, Language

_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What reviewers are told of a draft. `letters` is how many different letters its `readers` get; `problem` is what
    preflight holds it for."""

    edition: str
    due: datetime
    silence: str
    letters: int
    readers: int
    problem: str = ""
    language: Language
    zone: ZoneInfo

    def subject(self, subject: str) -> str:
        return i18n.translate(self.language, "draft_subject", subject=subject)

    @property
    def lines(self) -> list[str]:
        """When, what silence means, and the three commands."""
        due = self.due.astimezone(self.zone)
        when = f"{due:%H:%M}, {i18n.short_date(self.due, self.language, self.zone)}"
        return [
            i18n.translate(self.language, "draft_when", edition=self.edition, when=when),
            i18n.translate(self.language, f"draft_{self.silence}"),
            *([i18n.translate(self.language, "draft_letters", count=self.letters)] if self.letters > 1 else []),
            *([self.problem] if self.problem else []),
            *(f"distributor editions {verb} {self.edition}" for verb in ("approve", "hold", "cancel")),
        ]


def append_email(review: Digest, letter: Digest) -> Digest:
    """What reviewers are told, and below it the very letter that would go out, in both parts."""
    below = _BODY.search(letter.html)
    page = review.html.replace("</body>", f"{below[1] if below else letter.html}</body>", 1)
    return replace(review, html=page, text=f"{review.text}\n{'-' * 72}\n\n{letter.text}")


def review_text(edition: Edition, draft: ReviewSummary) -> str:
    """The same for a channel that takes plain text."""
    titles = "\n".join(f"• {article.title}" for article in edition.carried)
    return "\n\n".join([draft.subject(edition.subject), titles, "\n".join(draft.lines)])
