"""What the list of another system says of somebody's subscription: whoever has left, complained or bounced there, or has
never confirmed, is not subscribed here. Pure.

The words are those of Mailchimp, MailerLite, Ghost, Substack, beehiiv, listmonk, Buttondown, MailPoet, Brevo and phpList.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from .columns import fold


class StatusColumn(Enum):
    """What a column says with its words."""

    STATUS = "a word for the state"
    TYPE = "a word for the state, or something else"
    JOINED = "yes where they are subscribed"
    CONFIRMED = "yes where they have confirmed"
    LEFT = "yes, or a time, where they are not"


_COLUMNS = {
    StatusColumn.STATUS: ("status", "subscription status", "marketing status", "email marketing status", "subscriber status",
                  "email status", "contact status", "member status", "global status", "list status", "state",
                  "subscription state", "email marketing consent", "trang thai", "tinh trang"),
    StatusColumn.TYPE: ("type", "subscriber type", "subscription type"),
    StatusColumn.JOINED: ("subscribed to emails", "subscribed", "is subscribed", "active", "enabled", "accepts marketing",
                  "accepts email marketing", "opted in", "dang nhan"),
    StatusColumn.CONFIRMED: ("confirmed", "is confirmed", "da xac nhan"),
    StatusColumn.LEFT: ("unsubscribed", "email disabled", "opted out", "opt out", "optout", "has opted out of email",
                "email opt out", "unsubscribed from all email", "blacklisted", "blacklist", "blocklisted", "bounced",
                "complained", "disabled", "unsub time", "clean time", "unsubscribed at", "unsubscribe date",
                "unsubscribed date", "unsubscribe time", "date unsubscribed", "unsubscription date", "deleted at",
                "bounced at", "complained at", "opted out at", "da huy", "da huy dang ky", "huy dang ky"),
}  # fmt: skip
_COLUMN_KINDS = {name: kind for kind, names in _COLUMNS.items() for name in names}

_SUBSCRIBED_WORDS = frozenset((
    "subscribed", "active", "enabled", "confirmed", "regular", "premium", "gift", "free", "paid", "comped", "true",
    "yes", "1", "dang nhan", "da dang ky", "hoat dong", "co", "trialed", "re subscribed", "resubscribed",
))  # fmt: skip
_UNCONFIRMED_WORDS = frozenset((
    "pending", "unconfirmed", "unactivated", "validating", "never subscribed", "non subscribed", "nonsubscribed",
    "not subscribed", "chua xac nhan", "transactional", "waiting", "upcoming",
))  # fmt: skip
_UNSUBSCRIBED_WORDS = frozenset((
    "unsubscribed", "unsubscribe", "opted out", "opt out", "optout", "cancelled", "canceled", "removed", "left",
    "inactive", "disabled", "archived", "deleted", "suppressed", "da huy", "huy", "da huy dang ky", "huy dang ky",
    "ngung nhan", "da ngung", "cleaned", "bounced", "bounce", "hard bounce", "hard bounced", "soft bounced", "invalid",
    "undeliverable", "undelivered", "complained", "complaint", "spam", "spam complaint", "reported spam", "junk",
    "abuse", "blocklisted", "blacklisted", "blocked", "false", "no", "0", "khong", "past", "churned", "paused",
))  # fmt: skip
_NO_WORDS = frozenset(("", "0", "false", "no", "n", "f", "khong", "null", "none", "never", "na", "n a"))


class ListedStatus(Enum):
    """What a list says of somebody: is, was or never was subscribed."""

    SUBSCRIBED = "subscribed"
    LEFT = "left"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """What a list says, and its own word for it."""

    says: ListedStatus
    word: str


def status_columns(header: Sequence[str]) -> list[int]:
    """The columns of a header that say it."""
    return [place for place, name in enumerate(header) if fold(name) in _COLUMN_KINDS]


def status_reader(header: Sequence[str]) -> Callable[[Sequence[str]], StatusEntry | None] | None:
    """A function that reads it from the cells of a row: None where nothing is said, ValueError for a state that is not
    known. Where columns contradict each other, that somebody is not subscribed counts. None where the header has no such
    column."""
    kinds = [(place, header[place].strip(), _COLUMN_KINDS[fold(header[place])]) for place in status_columns(header)]
    if not kinds:
        return None

    def read(cells: Sequence[str]) -> StatusEntry | None:
        found = [_read_status(name, kind, cells[place].strip()) for place, name, kind in kinds if place < len(cells)]
        against = (one for one in found if one and one.says is not ListedStatus.SUBSCRIBED)
        return next(against, next(filter(None, found), None))

    return read


def _read_status(name: str, kind: StatusColumn, cell: str) -> StatusEntry | None:
    value = fold(cell)
    if kind is StatusColumn.LEFT:
        return None if value in _NO_WORDS else StatusEntry(ListedStatus.LEFT, name.lower())
    if not value:
        return None
    if kind is StatusColumn.JOINED:
        return (
            StatusEntry(ListedStatus.LEFT, f"{name}: {cell}")
            if value in _NO_WORDS
            else StatusEntry(ListedStatus.SUBSCRIBED, name.lower())
        )
    if kind is StatusColumn.CONFIRMED:
        return StatusEntry(ListedStatus.UNCONFIRMED, "not confirmed") if value in _NO_WORDS else None
    if value in _UNSUBSCRIBED_WORDS:
        return StatusEntry(ListedStatus.LEFT, cell.lower())
    if value in _UNCONFIRMED_WORDS:
        return StatusEntry(ListedStatus.UNCONFIRMED, cell.lower())
    if value in _SUBSCRIBED_WORDS:
        return StatusEntry(ListedStatus.SUBSCRIBED, cell.lower())
    if kind is StatusColumn.STATUS:
        raise ValueError(f"{name} {cell[:40]!r} is not known: does it mean subscribed, or not?")
    return None
