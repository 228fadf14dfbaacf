"""Columns of subscriber lists by the names other systems give them, and what status columns mean. Pure.

The systems are Mailchimp, Substack, Ghost, beehiiv, MailerLite, listmonk, Buttondown, MailPoet, Brevo, phpList, Google
Contacts, Outlook, and people with a spreadsheet, in English and Vietnamese. Names are compared without accents, case and
punctuation. Of several columns for one thing the first in the order here is used. Whoever has unsubscribed, complained or
bounced in the other system, or has never confirmed, is not subscribed here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ...config.web import Attribute

ADDRESS = "address"
ATTRIBUTE = "attributes."  # how the name of an attribute's column begins, among those that are read
# In Mailchimp's exports and most address books "Address" is a street: it counts only where nothing better is there.
_EMAIL = (
    "email", "e mail", "email address", "e mail address", "emailaddress", "mail", "mail address", "e mail 1 value",
    "email 1 value", "primary email", "subscriber", "subscriber email", "member email", "contact email", "user email",
    "your email", "recipient", "dia chi email", "dia chi e mail", "dia chi mail", "dia chi thu dien tu", "thu dien tu",
    "hop thu dien tu", "hop thu", "address", "dia chi",
)  # fmt: skip

SUBSCRIBERS: Mapping[str, Sequence[str]] = {
    ADDRESS: _EMAIL,
    "name": ("name", "full name", "fullname", "display name", "e mail display name", "ho ten", "ho va ten",
             "ten day du", "subscriber name", "contact name"),
    "given": ("first name", "firstname", "fname", "given name", "ten"),
    "middle": ("middle name", "additional name", "ten dem"),
    "family": ("last name", "lastname", "lname", "surname", "family name", "ho"),
    "language": ("language", "lang", "ngon ngu"),
    "newsletters": ("newsletters", "newsletter", "ban tin"),
    "topics": ("topics", "topic", "chu de", "chuyen muc"),
    "frequency": ("frequency", "tan suat"),
    "consent": ("consent", "dong y", "su dong y"),
    "left": ("left",),
}  # fmt: skip
SUPPRESSIONS: Mapping[str, Sequence[str]] = {
    ADDRESS: _EMAIL,
    "reason": ("reason", "unsub reason", "bounce reason", "error", "ly do"),
    "type": ("type",),
    "since": ("since", "unsub time", "clean time", "tu ngay"),
    "until": ("until", "den ngay"),
}


@dataclass(frozen=True, slots=True)
class ColumnPositions:
    """The positions of the columns that are read, by the names of `SUBSCRIBERS` or `SUPPRESSIONS`, and the names of those
    that are not."""

    places: Mapping[str, int]
    skipped: tuple[str, ...]


def fold(name: str) -> str:
    """A name without accents, case and punctuation: `Địa chỉ E-mail` is `dia chi e mail`."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join(
        "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign)).split()
    )


def attribute_columns(declared: Mapping[str, Attribute]) -> dict[str, Sequence[str]]:
    """The columns of attributes, each named as in config.yaml or by one of its labels. They come before all guesses at what
    a column may be."""
    return {
        ATTRIBUTE + name: tuple(dict.fromkeys(map(fold, (name, *attribute.label.values()))))
        for name, attribute in declared.items()
    }


def find(header: Sequence[str], wanted: Mapping[str, Sequence[str]], also: Collection[int] = ()) -> ColumnPositions:
    """Which column of a header is what; `also` are columns read elsewhere. Raises ValueError if two columns have the same
    name, or none holds addresses."""
    folded = [fold(name) for name in header]
    places: dict[str, int] = {}
    for column, names in wanted.items():
        for name in names:
            here = [place for place, one in enumerate(folded) if one == name and place not in places.values()]
            if len(here) > 1:
                raise ValueError(f"there are two columns {header[here[1]].strip()!r}; which one is meant?")
            if here:
                places[column] = here[0]
                break
    if ADDRESS not in places:
        raise ValueError(_no_address(header, wanted))
    read = {*places.values(), *also}
    return ColumnPositions(
        places, tuple(name.strip() for place, name in enumerate(header) if name.strip() and place not in read)
    )


def _no_address(header: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> str:
    found = ", ".join(repr(name.strip()[:40]) for name in header[:12] if name.strip()) or "none"
    if any("@" in name for name in header):
        return f"the header is missing; put a line with the names of the columns first, such as: {', '.join(wanted)}"
    return (
        f"no column is called address or email (there are: {found}); fields are separated by commas, semicolons or tabs, "
        "and the first line names the columns"
    )


class StatusColumn(Enum):
    """What the words in a column mean."""

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
    "ngung nhan", "da ngung", "soft bounced", "blocklisted", "blacklisted",
    "blocked", "false", "no", "0", "khong", "past", "churned", "paused",
))  # fmt: skip
_BOUNCED_WORDS = frozenset((
    "cleaned", "bounced", "bounce", "hard bounce", "hard bounced", "invalid", "undeliverable", "undelivered",
))  # fmt: skip
_COMPLAINED_WORDS = frozenset((
    "complained", "complaint", "spam", "spam complaint", "reported spam", "junk", "abuse",
))  # fmt: skip
_NO_WORDS = frozenset(("", "0", "false", "no", "n", "f", "khong", "null", "none", "never", "na", "n a"))


class ListedStatus(Enum):
    """What a list says of an address: it is, was or never was subscribed, does not exist, or its owner calls us spam."""

    SUBSCRIBED = "subscribed"
    LEFT = "left"
    UNCONFIRMED = "unconfirmed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """What a list says of an address, and its own word for it."""

    says: ListedStatus
    word: str


_LEFT_AS = {
    "bounced": ListedStatus.BOUNCED, "bounced at": ListedStatus.BOUNCED, "clean time": ListedStatus.BOUNCED,
    "complained": ListedStatus.COMPLAINED, "complained at": ListedStatus.COMPLAINED,
}  # fmt: skip


def status_columns(header: Sequence[str], others: Collection[str] = ()) -> list[int]:
    """The positions of status columns in a header; `others` are names (folded) that mean something else here."""
    return [place for place, name in enumerate(map(fold, header)) if name in _COLUMN_KINDS and name not in others]


def status_reader(
    header: Sequence[str], others: Collection[str] = ()
) -> Callable[[Sequence[str]], StatusEntry | None] | None:
    """A function that reads the status from the cells of a row; None if the header has no status column.

    It returns None if nothing is said, and raises ValueError for an unknown word. If columns contradict each other, "not
    subscribed" wins.
    """
    kinds = [
        (place, header[place].strip(), _COLUMN_KINDS[fold(header[place])]) for place in status_columns(header, others)
    ]
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
        return None if value in _NO_WORDS else StatusEntry(_LEFT_AS.get(fold(name), ListedStatus.LEFT), name.lower())
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
    if value in _BOUNCED_WORDS:
        return StatusEntry(ListedStatus.BOUNCED, cell.lower())
    if value in _COMPLAINED_WORDS:
        return StatusEntry(ListedStatus.COMPLAINED, cell.lower())
    if value in _UNCONFIRMED_WORDS:
        return StatusEntry(ListedStatus.UNCONFIRMED, cell.lower())
    if value in _SUBSCRIBED_WORDS:
        return StatusEntry(ListedStatus.SUBSCRIBED, cell.lower())
    if kind is StatusColumn.STATUS:
        raise ValueError(f"{name} {cell[:40]!r} is not known: does it mean subscribed, or not?")
    return None
