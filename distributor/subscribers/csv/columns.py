"""Columns of lists by the names that other systems give them: Mailchimp, Substack, Ghost, beehiiv, MailerLite,
listmonk, Google Contacts, Outlook and people with a spreadsheet, in English and Vietnamese. Pure.

A name is compared without accents, case and signs. Of several columns for one thing the first in the order here is taken.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

ADDRESS = "address"
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
    """Where the columns stand that are read, by the names of `SUBSCRIBERS` or `SUPPRESSIONS`, and what the header calls
    those that are not."""

    places: Mapping[str, int]
    skipped: tuple[str, ...]


def fold(name: str) -> str:
    """A name without accents, case and signs: `Địa chỉ E-mail` is `dia chi e mail`."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join(
        "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign)).split()
    )


def find(header: Sequence[str], wanted: Mapping[str, Sequence[str]], also: Collection[int] = ()) -> ColumnPositions:
    """Which column of a header is what; those `also` are read by somebody else. Raises ValueError in words where two
    columns of one name compete, or none holds addresses."""
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
        f"no column is called address or email (there are: {found}); fields are parted by commas, semicolons or tabs, "
        "and the first line names the columns"
    )
