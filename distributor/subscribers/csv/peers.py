"""Exports of other systems: by which columns each is known, and what it says beside what `columns` reads. Pure.

The files, as their systems write them: Mailchimp's `subscribed_…`, `unsubscribed_…`, `cleaned_…` and
`nonsubscribed_members_export_….csv`; listmonk's `subscribers.csv`; Ghost's `members.….csv`; Substack's `email_list.….csv`;
Buttondown's `subscribers.csv`; MailPoet's `MailPoet_export_….csv`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ...config.web import Attribute
from ...model import AttributeValue
from ..attributes import parse_attributes
from .columns import ListedStatus, StatusEntry, attribute_columns, fold


@dataclass(frozen=True, slots=True)
class Peer:
    """A system that exports lists. `marks` are folded names of columns that only it has together. `values` is a column of
    JSON with more of a subscriber, `since` are the columns that say when they confirmed or subscribed, best first."""

    name: str
    marks: tuple[frozenset[str], ...]
    values: str = ""
    since: tuple[str, ...] = ()


OURS = Peer("Distributor", (frozenset(("address", "newsletters", "topics", "frequency", "consent", "left")),))
PEERS = (
    OURS,
    Peer("Mailchimp", (frozenset(("email address", "leid", "euid")),), since=("confirm time", "optin time")),
    Peer(
        "listmonk",
        (frozenset(("uuid", "email", "attributes", "status")),),
        values="attributes",
        since=("created at",),
    ),
    Peer("Ghost", (frozenset(("email", "subscribed to emails", "complimentary plan")),), since=("created at",)),
    Peer(
        "Substack",
        (frozenset(("email", "active subscription", "email disabled")), frozenset(("email", "emails received 6mo"))),
        since=("created at", "start date"),
    ),
    Peer(
        "Buttondown",
        (frozenset(("metadata", "creation date", "subscriber type")), frozenset(("metadata", "creation date", "type"))),
        values="metadata",
        since=("confirmation date", "creation date"),
    ),
    Peer("MailPoet", (frozenset(("email", "global status")),), since=("confirmed at", "created at")),
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


def values_reader(
    peer: Peer | None, header: Sequence[str], declared: Mapping[str, Attribute]
) -> tuple[int, Callable[[str], Mapping[str, AttributeValue | None]]] | None:
    """The place of the column of JSON with more values, and a function from its cell to the attributes among them; None
    where there is no such column, or no attribute is declared. It raises ValueError for what cannot be read."""
    names = [fold(name) for name in header]
    if peer is None or not peer.values or peer.values not in names or not declared:
        return None
    attributes = {
        label: column.partition(".")[2] for column, labels in attribute_columns(declared).items() for label in labels
    }

    def read(cell: str) -> Mapping[str, AttributeValue | None]:
        if not cell.strip():
            return {}
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            raise ValueError(f"{peer.values} is not JSON: {cell[:40]!r}") from None
        if not isinstance(found, dict):
            return {}
        given = {attributes[fold(key)]: value for key, value in found.items() if fold(key) in attributes}
        return parse_attributes(given, declared)

    return names.index(peer.values), read
