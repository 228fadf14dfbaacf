"""Lists of other systems: by which columns each is known, what it says beside what `columns` reads, and in which columns it
takes a list of ours (`outgoing` writes them). Pure.

The files, as their systems write them: Mailchimp's `subscribed_…`, `unsubscribed_…`, `cleaned_…` and
`nonsubscribed_members_export_….csv`; listmonk's `subscribers.csv`; Ghost's `members.….csv`; Substack's `email_list.….csv`;
Buttondown's `subscribers.csv`; MailPoet's `MailPoet_export_….csv`. What they take is documented here: Mailchimp,
"Format guidelines for your import file"; listmonk's API, "Import"; Ghost, "Import members"; Substack, "Import your
mailing list"; Buttondown's API, "Imports" (other columns than email and name are mapped to metadata); MailPoet's import
asks for each column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath

from ...config.web import Attribute
from ...json_text import parse_json
from ...model import AttributeValue, Frequency, Language
from ..attributes import parse_attributes
from .columns import ListedStatus, StatusEntry, attribute_columns, fold
from .records import join_values

SAID = ("language", "topics", "frequency", "consent")  # what is written of a subscriber beside name and attributes


class Part(Enum):
    """What a column that another system takes is to hold."""

    ADDRESS = "address"
    NAME = "name"
    GIVEN = "given name"
    FAMILY = "family name"
    JOINED = "time of joining"
    JSON = "all else, as JSON"
    SUBSCRIBED = "true where they are subscribed, false where they have left"


@dataclass(frozen=True, slots=True)
class Peer:
    """A system that exports lists. `marks` are folded names of columns that only it has together. `values` is a column of
    JSON with more of a subscriber, `since` are the columns that say when they confirmed or subscribed, best first.

    `takes` are the columns of a list that it imports. `more`: it also takes columns of one's own. `left` is the column of a
    list of those who have left, with its value (none for the time); "" if it takes no such list. `hint` and `left_hint` say
    to staff what to choose there."""

    name: str
    marks: tuple[frozenset[str], ...]
    values: str = ""
    since: tuple[str, ...] = ()
    takes: Mapping[str, Part] = field(default_factory=dict)
    more: bool = False
    left: tuple[str, str] = ("", "")
    hint: str = ""
    left_hint: str = ""

    @property
    def takes_values(self) -> bool:
        """Whether it takes attributes, language, topics, frequency and consent."""
        return self.more or self.takes_json

    @property
    def takes_json(self) -> bool:
        return Part.JSON in self.takes.values()


OURS = Peer("Distributor", (frozenset(("address", "newsletters", "topics", "frequency", "consent", "left")),))
PEERS = (
    OURS,
    Peer(
        "Mailchimp",
        (frozenset(("email address", "leid", "euid")),),
        since=("confirm time", "optin time"),
        takes={"Email Address": Part.ADDRESS, "First Name": Part.GIVEN, "Last Name": Part.FAMILY},
        more=True,
        left=("UNSUB_TIME", ""),
        hint="choose the status Subscribed, and a field for each column that is to be kept",
        left_hint="choose the status Unsubscribed",
    ),
    Peer(
        "listmonk",
        (frozenset(("uuid", "email", "attributes", "status")), frozenset(("email", "name", "attributes"))),
        values="attributes",
        since=("created at",),
        takes={"email": Part.ADDRESS, "name": Part.NAME, "attributes": Part.JSON},
        left=("status", "blocklisted"),
        hint="choose the mode Subscribe and the status Confirmed, else they are asked to confirm again",
        left_hint="choose the mode Blocklist; it keeps them from all lists there",
    ),
    Peer(
        "Ghost",
        (
            frozenset(("email", "subscribed to emails", "complimentary plan")),
            frozenset(("email", "subscribed to emails")),
        ),
        since=("created at",),
        takes={
            "email": Part.ADDRESS,
            "name": Part.NAME,
            "subscribed_to_emails": Part.SUBSCRIBED,
            "created_at": Part.JOINED,
        },
        left=("subscribed_to_emails", "false"),
    ),
    Peer(
        "Substack",
        (frozenset(("email", "active subscription", "email disabled")), frozenset(("email", "emails received 6mo"))),
        since=("created at", "start date"),
        takes={"email": Part.ADDRESS},
    ),
    Peer(
        "Buttondown",
        (frozenset(("metadata", "creation date", "subscriber type")), frozenset(("metadata", "creation date", "type"))),
        values="metadata",
        since=("confirmation date", "creation date"),
        takes={"email": Part.ADDRESS, "name": Part.NAME},
        more=True,
        hint="map each further column to a key of metadata",
    ),
    Peer(
        "MailPoet",
        (frozenset(("email", "global status")),),
        since=("confirmed at", "created at"),
        takes={"Email": Part.ADDRESS, "First name": Part.GIVEN, "Last name": Part.FAMILY},
        more=True,
        left=("Global status", "unsubscribed"),
        hint="choose the status Subscribed, and a custom field for each column that is to be kept",
        left_hint="choose the status Unsubscribed, for new and for existing subscribers",
    ),
)
_NEWLY_LEFT = {"unsub time": ListedStatus.LEFT, "clean time": ListedStatus.BOUNCED}  # Mailchimp's lists of one status


def recognize(header: Sequence[str]) -> Peer | None:
    """The system that a header comes from."""
    names = {fold(name) for name in header}
    return next((peer for peer in PEERS if any(marks <= names for marks in peer.marks)), None)


def status_of_all(peer: Peer | None, header: Sequence[str], file_name: str) -> StatusEntry | None:
    """What a whole file says of everybody in it: Mailchimp writes a file for each status, without naming it in the rows."""
    if peer is None or peer.name != "Mailchimp":
        return None
    names = {fold(name) for name in header}
    for column, status in _NEWLY_LEFT.items():
        if column in names:
            return StatusEntry(status, "unsubscribed" if status is ListedStatus.LEFT else "cleaned")
    if PurePath(file_name).name.lower().startswith(("nonsubscribed", "non-subscribed", "non_subscribed")):
        return StatusEntry(ListedStatus.UNCONFIRMED, "non-subscribed")
    return None


def since_places(peer: Peer | None, header: Sequence[str]) -> list[int]:
    """The columns that say when somebody confirmed or subscribed there, best first."""
    names = [fold(name) for name in header]
    return [names.index(name) for name in (peer.since if peer else ()) if name in names]


def since_reader(peer: Peer | None, header: Sequence[str]) -> Callable[[Sequence[str]], str]:
    """A function from the cells of a row to when somebody confirmed or subscribed there, for the record of their consent;
    empty where that is not told."""
    places = since_places(peer, header)

    def read(cells: Sequence[str]) -> str:
        found = next((cells[place].strip() for place in places if cells[place].strip()), "")
        return f"{peer.name}, {found}" if peer and found else ""

    return read


@dataclass(frozen=True, slots=True)
class ListedValues:
    """What a column of JSON says of somebody. `said` are what `outgoing` writes there: language, topics, frequency, consent,
    as a column of that name would have them."""

    attributes: Mapping[str, AttributeValue | None]
    said: Mapping[str, str]


NO_VALUES = ListedValues({}, {})


def values_reader(
    peer: Peer | None, header: Sequence[str], declared: Mapping[str, Attribute]
) -> tuple[int, Callable[[str], ListedValues]] | None:
    """The place of the column of JSON with more values, and a function that reads its cell; None where there is no such
    column. It raises ValueError for what cannot be read."""
    names = [fold(name) for name in header]
    if peer is None or peer.values not in names or not (declared or peer.takes_json):
        return None
    attributes = {
        label: column.partition(".")[2] for column, labels in attribute_columns(declared).items() for label in labels
    }

    def read(cell: str) -> ListedValues:
        if not cell.strip():
            return NO_VALUES
        try:
            found = parse_json(cell)
        except ValueError:
            raise ValueError(f"{peer.values} is not JSON: {cell[:40]!r}") from None
        if not isinstance(found, dict):
            return NO_VALUES
        given = {attributes[fold(key)]: value for key, value in found.items() if fold(key) in attributes}
        ours = [key for key in SAID if key in found and key not in attributes] if peer.takes_json else ()
        said = {key: _said(key, found[key]) for key in ours}
        return ListedValues(parse_attributes(given, declared), said)

    return names.index(peer.values), read


def _said(key: str, value: object) -> str:
    """What a key of JSON says that another system may use in its own way: empty where it does not look like ours."""
    if key == "topics":
        listed = value if isinstance(value, list) else []
        return join_values(one for one in listed if isinstance(one, str))
    text = value if isinstance(value, str) else ""
    known: Sequence[str] = {"language": tuple(Language), "frequency": tuple(Frequency)}.get(key, (text,))
    return text if text in known else ""
