"""Subscribers as CSV in the columns that another system takes (`peers`): those of one newsletter, or those who have left it.
Pure.

A system has no place for some of what is known; `missing` names it. An address that a spreadsheet would run as a formula
cannot be escaped, as it would then be another address: it is left out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from ...model import AttributeValue, Language, OptOut, Subscriber
from ..attributes import write_value
from .peers import PEERS, SAID, Part, Peer
from .records import escape_formulas, escape_formulas_in_json, join_values

SYSTEMS: Mapping[str, Peer] = {peer.name.lower(): peer for peer in PEERS if peer.takes}


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows were written, and the addresses that were left out."""

    count: int
    left_out: tuple[str, ...]


def missing(peer: Peer, attributes: Sequence[str]) -> tuple[str, ...]:
    """What a system has no place for."""
    named = set(peer.takes.values()) & {Part.NAME, Part.GIVEN}
    return (*(() if named else ("name",)), *(() if peer.takes_values else (*SAID, *attributes)))


def write_subscribed(
    file: TextIO, peer: Peer, people: Iterable[Subscriber], delimiter: str = ",", attributes: Sequence[str] = ()
) -> Written:
    """Write subscribers, with a header."""
    own = (*SAID, *attributes) if peer.more else ()

    def cells(person: Subscriber) -> list[str]:
        parts = [_CELLS[part](person, attributes) for part in peer.takes.values()]
        known = _more(person, attributes) if own else {}
        return [*parts, *(escape_formulas(_cell(known.get(name, ""))) for name in own)]

    return _write(file, (*peer.takes, *own), ((one.address, cells(one)) for one in people), delimiter)


def write_left(file: TextIO, peer: Peer, gone: Iterable[OptOut], delimiter: str = ",") -> Written:
    """Write those who must not get emails, with a header."""
    address = next(name for name, part in peer.takes.items() if part is Part.ADDRESS)
    column, value = peer.left
    rows = ((one.address, [one.address, value or _utc(one.at)]) for one in gone)
    return _write(file, (address, column), rows, delimiter)


def _write(file: TextIO, header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], delimiter: str) -> Written:
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    count, left_out = 0, []
    for address, cells in rows:
        if escape_formulas(address) != address:
            left_out.append(address)
            continue
        writer.writerow(cells)
        count += 1
    return Written(count, tuple(left_out))


def _more(person: Subscriber, attributes: Sequence[str]) -> dict[str, AttributeValue | list[str]]:
    """What is known of somebody beside address and name, without what is empty."""
    said: tuple[AttributeValue | list[str], ...] = (
        str(person.language), list(person.topics), str(person.frequency), person.consent,
    )  # fmt: skip
    known = {name: person.attributes[name] for name in attributes if name in person.attributes}
    return {
        name: value for name, value in {**dict(zip(SAID, said, strict=True)), **known}.items() if value not in ("", [])
    }


def _cell(value: AttributeValue | list[str]) -> str:
    return join_values(value) if isinstance(value, list) else write_value(value)


def _json(person: Subscriber, attributes: Sequence[str]) -> str:
    return escape_formulas_in_json(json.dumps(_more(person, attributes), ensure_ascii=False))


def split_name(name: str, language: Language) -> tuple[str, str]:
    """A whole name as given and family name, such that `subscribers.full_name` puts it together again: in Vietnamese the
    given name comes last. A guess, as nobody has said which part is which."""
    first, _, rest = name.partition(" ")
    if language is Language.VI:
        rest, _, first = name.rpartition(" ")
    return first, rest


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_CELLS: Mapping[Part, Callable[[Subscriber, Sequence[str]], str]] = {
    Part.ADDRESS: lambda person, _: person.address,
    Part.NAME: lambda person, _: escape_formulas(person.name),
    Part.GIVEN: lambda person, _: escape_formulas(split_name(person.name, person.language)[0]),
    Part.FAMILY: lambda person, _: escape_formulas(split_name(person.name, person.language)[1]),
    Part.JOINED: lambda person, _: _utc(person.created) if person.created else "",
    Part.JSON: _json,
    Part.SUBSCRIBED: lambda _person, _: "true",
}
