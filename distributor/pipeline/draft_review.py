"""What reviewers see of a draft behind their signed link, and what they decide and change there.

A link names an edition and one of the reviewers of its newsletter; it works until some days after the edition is due. It
opens a page; only a button decides. What a reviewer has not seen yet (a decision of somebody else, a change by the recheck)
keeps theirs from counting, so that of two at the same time one decides.
"""

from __future__ import annotations

import email
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from enum import StrEnum

from sqlalchemy import Connection

from ..config.schema import Newsletter
from ..editions import repository as edition_repository
from ..editions.repository import EditionEvent, EditionRow
from ..mail.address import Mailbox, normalize
from ..model import Edition, EditionState, Rendition
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel
from ..preflight.findings import Finding
from ..storage.database import Database
from ..subscribers import tokens
from ..subscribers.merge_values import build_recipient
from . import preflight_gate, release

VALID_AFTER = timedelta(days=7)  # how long a link works after the time at which its edition is due
_SAMPLE = "ban-doc@example.com"  # whose copy is shown


class ReviewDecision(StrEnum):
    """What a reviewer can decide."""

    APPROVE = "approve"
    HOLD = "hold"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftView:
    """A draft as a reviewer sees it. `emails` are the different ones that its recipients get, the whole one first, among all
    that was frozen. `decided` is the last decision, `seen` how many there were."""

    row: EditionRow
    edition: Edition
    newsletter: Newsletter
    renditions: Sequence[Rendition]
    emails: Sequence[Rendition]
    sizes: Mapping[str, int]
    decided: EditionEvent | None = None
    seen: int = 0

    @property
    def recipients(self) -> int:
        return sum(self.sizes.values())

    @property
    def choices(self) -> tuple[ReviewDecision, ...]:
        """What can be decided now. Whoever has approved or held a draft may think again until it goes out."""
        if self.row.state not in (EditionState.REVIEW, EditionState.HELD):
            return ()
        last = self.decided.event if self.decided else ""
        done = {"approved": ReviewDecision.APPROVE, "held": ReviewDecision.HOLD}.get(last)
        return tuple(one for one in ReviewDecision if one is not done)


def review_token(newsroom: Newsroom, row: EditionRow, reviewer: str) -> str:
    """The token of a reviewer's link. It holds no address."""
    claim = tokens.Claim(
        tokens.Purpose.REVIEW, row.id, _reviewer_id(newsroom.secret(), reviewer), row.due_at + VALID_AFTER
    )
    return tokens.sign(newsroom.secret(), claim)


def find_reviewer(newsroom: Newsroom, newsletter: Newsletter, id: str) -> str:
    """The reviewer whom a link names, as config.yaml writes them; empty for one who reviews this newsletter no more."""
    reviewers = newsletter.review.reviewers if newsletter.review else ()
    for reviewer in reviewers:
        if any(hmac.compare_digest(id, _reviewer_id(secret, reviewer)) for secret in newsroom.secrets()):
            return reviewer
    return ""


def _reviewer_id(secret: bytes, reviewer: str) -> str:
    address = normalize(Mailbox.parse(reviewer).address)
    return hmac.digest(secret, b"reviewer\0" + address.encode(), "sha256")[:10].hex()


def find_draft(connection: Connection, newsroom: Newsroom, edition_id: str) -> DraftView | None:
    """A draft without its preflight; None where there is none, or its newsletter has gone. Raises DamagedRow."""
    row = edition_repository.find_row(connection, edition_id)
    edition = edition_repository.find(connection, edition_id)
    if row is None or edition is None or row.newsletter not in newsroom.settings.newsletters:
        return None
    made = release.decisions(edition_repository.list_events(connection, edition_id))
    frozen = edition_repository.list_renditions(connection, edition_id)
    return DraftView(
        row=row,
        edition=edition,
        newsletter=newsroom.newsletter(row.newsletter),
        renditions=frozen,
        emails=preflight_gate.emails_first(newsroom, frozen),
        sizes=edition_repository.count_segment_sizes(connection, edition_id),
        decided=made[-1] if made else None,
        seen=len(made),
    )


def check_draft(newsroom: Newsroom, draft: DraftView, now: datetime) -> tuple[list[Finding], list[Finding]]:
    """What preflight finds in the emails of a draft, and what of it keeps them from going out. Takes a moment."""
    found = preflight_gate.check_emails(newsroom, draft.edition, draft.renditions, now)
    return found, preflight_gate.list_blocking(newsroom, found)


def email_parts(newsroom: Newsroom, draft: DraftView, number: int) -> tuple[str, str]:
    """HTML and text of one of the emails, as a recipient would get it; its links change nothing. Raises IndexError."""
    rendition = draft.emails[number]
    channel = newsroom.channels[rendition.channel]
    assert isinstance(channel, PersonalChannel)
    person = build_recipient(
        draft.edition, "preflight-copy", _SAMPLE, "", secret=newsroom.secret(), links=newsroom.settings.links_url
    )
    message = email.message_from_bytes(channel.personalize(rendition, person), policy=policy.default)
    parts = [message.get_body((kind,)) for kind in ("html", "plain")]
    html, text = (str(part.get_content()) if part else "" for part in parts)
    return html, text


def decide(
    newsroom: Newsroom,
    database: Database,
    edition_id: str,
    decision: ReviewDecision,
    by: str,
    now: datetime,
    *,
    why: str = "",
    seen: int,
) -> None:
    """Do what a reviewer has decided. Raises UserError where that is not possible (any more), DecidedMeanwhile where more
    was decided than the `seen` first decisions."""
    if decision is ReviewDecision.APPROVE:
        release.approve(newsroom, database, edition_id, by, now, seen=seen)
    elif decision is ReviewDecision.HOLD:
        release.hold(database, edition_id, by, now, why, seen)
    else:
        release.cancel(database, edition_id, by, now, why, seen)
