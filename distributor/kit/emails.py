"""Emails for channels that send them: composed once for each segment, filled for each recipient.

A provider with an HTTP API gets subject, HTML, text and headers of each recipient; `distributor.mail.message.build_message`
makes the very message of the same values, for previews and preflight.
"""

from __future__ import annotations

from datetime import datetime

from ..channel import ComposeContext, Digest, Email
from ..mail.address import Mailbox
from ..mail.message import EmailContent, build_message, feedback_id, headers
from ..merge_fields import fill_html, fill_text
from ..model import Edition, Recipient
from ..text import clean_line

__all__ = [
    "DEFAULT_NAME",
    "EmailContent",
    "Mailbox",
    "build_message",
    "compose_digest",
    "compose_transactional",
    "fill_email",
    "further_headers",
]

DEFAULT_NAME = {"vi": "quý bạn đọc", "en": "reader"}  # greets who has given no name
_OWN_FIELDS = frozenset({"Date", "From", "To", "Subject", "Reply-To", "Message-ID"})  # what every API has a field for


def compose_digest(edition: Edition, context: ComposeContext, sender: Mailbox, list_domain: str = "") -> Email:
    """The email of an edition, or of a segment's share of it, with merge tags. Pure. `list_domain` is that of its List-Id;
    the sender's if it is empty."""
    digest = context.digest(edition)
    return Email(
        variant=edition.variant,
        subject=clean_line(digest.subject),
        preheader=digest.preheader,
        html=digest.html,
        text=digest.text,
        language=edition.language.value,
        date=edition.issued_at.astimezone(context.newsletter.timezone or context.site.timezone),
        list_name=clean_line(context.newsletter.title),
        feedback_id=feedback_id(edition.id, edition.newsletter, edition.kind, sender.domain),
        list_id=f"{edition.newsletter}.{list_domain or sender.domain}",
    )


def compose_transactional(email: Digest, *, variant: str, language: str, at: datetime) -> Email:
    """An email that answers what one person did. It belongs to no list. Pure."""
    return Email(
        variant=variant,
        subject=clean_line(email.subject),
        preheader=email.preheader,
        html=email.html,
        text=email.text,
        language=language,
        date=at,
    )


def fill_email(email: Email, recipient: Recipient, sender: Mailbox, reply_to: Mailbox | None = None) -> EmailContent:
    """An email as one recipient gets it, its merge tags filled. Pure. Raises ValueError for an address that is none, and
    RenderError for a merge field without a value."""
    values, usual = recipient.merge_values, {"name": DEFAULT_NAME[email.language]}
    return EmailContent(
        sender=sender,
        to=Mailbox(recipient.name, recipient.address),
        subject=email.subject,
        text=fill_text(email.text, values, usual),
        html=fill_html(email.html, values, usual),
        date=email.date,
        message_id=recipient.message_id,
        language=email.language,
        reply_to=reply_to,
        list_id=email.list_id,
        list_name=email.list_name,
        feedback_id=email.feedback_id,
        unsubscribe_url=values["unsubscribe_url"],
        unsubscribe_mailto=reply_to or sender,
    )


def further_headers(content: EmailContent) -> dict[str, str]:
    """The headers that a provider must pass on as they are: List-Id, List-Unsubscribe with its one-click (RFC 8058),
    Feedback-ID and the like; without those for which every API has a field of its own. Raises ValueError as
    `build_message` does."""
    return {name: value for name, value in headers(content) if name not in _OWN_FIELDS}
