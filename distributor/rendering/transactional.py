"""Transactional emails: corrections, confirmations, welcome, goodbye, and drafts for reviewers. Pure.

Each is a pair of templates, `email/NAME.html.j2` and `email/NAME.txt.j2`. Its subject is the title of its HTML, so that
whoever changes the template changes both. A newsroom may add templates of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .. import i18n
from ..channel import Digest
from ..errors import RenderError
from ..merge_fields import FIELD_NAMES, fill_text, merge_tag
from ..model import Article, Edition, Language
from .cache import RenderCache
from .digest import DigestOptions, edition_values
from .globals import RenderSettings, common_values, personal_values
from .views import article_view, safe_text, safe_url

_PREHEADER_PADDING = "\u034f\u200c\xa0 "
_MERGE_TAGS = frozenset(map(merge_tag, FIELD_NAMES))
_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TransactionalTemplate:
    """The values that a template requires, and the optional ones. What is empty is not shown."""

    required: tuple[str, ...] = ()
    optional: Mapping[str, object] = field(default_factory=dict)


_CONFIRMATION: Mapping[str, object] = {"titles": "", "asked_at": None, "expires_at": None, "unsubscribe_url": ""}
TRANSACTIONAL_TEMPLATES: Mapping[str, TransactionalTemplate] = {
    "email/alert": TransactionalTemplate(("edition",)),
    "email/correction": TransactionalTemplate(
        ("article", "note", "carried_at"), {"withdrawn": False, "corrected_at": None}
    ),
    "email/confirmation": TransactionalTemplate(("confirm_url",), _CONFIRMATION),
    "email/reminder": TransactionalTemplate(("confirm_url",), _CONFIRMATION),
    "email/welcome": TransactionalTemplate((), {"titles": "", "sender": "", "latest_url": ""}),
    "email/link": TransactionalTemplate(("link_url",), {"asked_at": None, "unsubscribe_url": ""}),
    "email/address_change": TransactionalTemplate(
        ("confirm_url",), {"old_address": "", "asked_at": None, "expires_at": None, "unsubscribe_url": ""}
    ),
    "email/address_changed": TransactionalTemplate(("new_address",), {"changed_at": None, "unsubscribe_url": ""}),
    "email/data": TransactionalTemplate(("sections",), {"link_url": "", "asked_at": None, "unsubscribe_url": ""}),
    "email/goodbye": TransactionalTemplate(
        (), {"received_at": None, "stopped_at": None, "again_url": "", "unsubscribe_url": ""}
    ),
    "email/review": TransactionalTemplate(
        ("edition", "audience"),
        {
            "deadline": None,
            "on_silence": "hold",
            "preview_url": "",
            "problem": "",
            "changes": [],
            "review_url": "",
            "unsubscribe_url": "",
        },
    ),
}


def render_transactional(
    template: str,
    settings: RenderSettings,
    language: Language,
    options: DigestOptions = DigestOptions(),
    **values: object,
) -> Digest:
    """A transactional email in both parts. `template` is its name without an ending: `email/welcome`.

    An `edition` brings all values of a digest, made with `options`; an `article` becomes `story`. Any other text is made
    safe (`views.safe_text`), and a value whose name ends in `_url` is an address of the web or empty; a value that is a
    merge tag stays one. Raises RenderError where a value is missing or a template fails.
    """
    known = TRANSACTIONAL_TEMPLATES.get(template, TransactionalTemplate())
    missing = [name for name in known.required if name not in values]
    if missing:
        raise RenderError(f"the template {template} needs {', '.join(missing)}")
    given = {
        **common_values(settings, language),
        **personal_values(attributes=settings.attributes),
        **known.optional,
        **_template_values(values, settings, language, options),
    }
    html, plain = RenderCache().render_both_parts(template, given, settings.templates)
    subject, preheader = _subject_and_preheader(html)
    return Digest(subject=subject or safe_text(settings.title), preheader=preheader, html=html, text=plain)


def _template_values(
    values: Mapping[str, object], settings: RenderSettings, language: Language, options: DigestOptions
) -> dict[str, Any]:
    """The values as templates see them."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Edition):
            made |= edition_values(value, settings, options)
        elif isinstance(value, Article):
            made["story"] = article_view(value, language, settings.zone, settings.sections)
        else:
            made[name] = _safe_value(name, value)
    return made


def _safe_value(name: str, value: object) -> object:
    if isinstance(value, str) and value not in _MERGE_TAGS:
        return safe_url(value) if name.endswith("_url") else safe_text(value)
    if isinstance(value, Mapping):
        return {key: _safe_value(str(key), part) for key, part in value.items()}
    if isinstance(value, list):
        return [_safe_value("", part) for part in value]
    return value


def _subject_and_preheader(html: str) -> tuple[str, str]:
    """Subject and preheader of the finished HTML. They are the same for everybody: a merge field in them is as for somebody
    of whom nothing is known."""
    import lxml.html  # only where there is something to render

    document: Any = lxml.html.document_fromstring(html)
    hidden = document.xpath("//*[contains(concat(' ', @class, ' '), ' preheader ')]")
    preheader = hidden[0].text_content().strip(_PREHEADER_PADDING) if hidden else ""
    unknown = dict.fromkeys(FIELD_NAMES, "")
    return safe_text(fill_text(document.findtext(".//title") or "", unknown)), safe_text(fill_text(preheader, unknown))


# -- drafts for reviewers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What reviewers need to know of a draft. `variants` is how many different emails its `recipients` get; `problem` is why
    preflight holds it, `changes` what was edited since they were told, of `edits` in all; `url` is the page on which a
    reviewer decides, where there are web pages."""

    edition: str
    due: datetime
    silence: str
    variants: int
    recipients: int
    problem: str = ""
    changes: tuple[str, ...] = ()
    edits: int = 0
    url: str = ""
    language: Language
    zone: ZoneInfo
    texts: i18n.Texts

    def subject(self, subject: str) -> str:
        return self.texts.translate(self.language, "draft_subject", subject=subject)

    @property
    def lines(self) -> list[str]:
        """When it is due, what happens without an answer, and the three commands."""
        due = self.due.astimezone(self.zone)
        when = f"{due:%H:%M}, {i18n.short_date(self.due, self.language, self.zone)}"
        return [
            self.texts.translate(self.language, "draft_when", edition=self.edition, when=when),
            self.texts.translate(self.language, f"draft_{self.silence}"),
            *([self.texts.translate(self.language, "draft_letters", count=self.variants)] if self.variants > 1 else []),
            *([self.problem] if self.problem else []),
            *self.changes,
            *(f"distributor editions {verb} {self.edition}" for verb in ("approve", "hold", "cancel")),
        ]


def append_email(review: Digest, email: Digest) -> Digest:
    """The email to reviewers with the email that would go out below it, in both parts."""
    below = _BODY.search(email.html)
    page = review.html.replace("</body>", f"{below[1] if below else email.html}</body>", 1)
    return replace(review, html=page, text=f"{review.text}\n{'-' * 72}\n\n{email.text}")


def review_text(edition: Edition, draft: ReviewSummary) -> str:
    """The message to reviewers on a channel for plain text."""
    titles = "\n".join(f"• {article.title}" for article in edition.carried)
    return "\n\n".join([draft.subject(edition.subject), titles, "\n".join(draft.lines)])
