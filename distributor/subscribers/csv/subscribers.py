"""Subscriber lists as CSV, read and written. Reading is pure: text lines in, requests and bad rows out.

Columns: `address` (required), `name`, `language`, `newsletters`, `topics`, `frequency` (each, daily, weekly), `consent`,
`left` (newsletters they have unsubscribed from, or `*` for all); several newsletters or topics are separated by `;`; and
one column for each attribute of config.yaml. The columns of other systems are in `columns`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TextIO

from ...config.web import Attribute
from ...mail.address import canonical_if_usual
from ...model import AttributeValue, BounceType, Language, OptOut, Subscriber
from ..attributes import NO_DECLARATIONS, parse_attributes, write_value
from ..requests import NO_ATTRIBUTES, SubscriptionChoice, SubscriptionRequest, build_request, parse_choice
from .columns import ATTRIBUTE, SUBSCRIBERS, ListedStatus, StatusEntry, attribute_columns, fold
from .file import CsvFile, DuplicateKeys, parse_mailbox
from .peers import NO_VALUES, OURS, SAID, recognize, since_places, since_reader, status_of_all, values_reader
from .records import BadRow, Row, escape_formulas, join_values, split_values

COLUMNS = ("address", "name", "language", "newsletters", "topics", "frequency", "consent", "left")
ALL_NEWSLETTERS = ""  # in a request that says what somebody has unsubscribed from
ALL_SYMBOL = "*"  # the same in the column `left`: every newsletter there is and will be
_USUAL_COLUMNS = COLUMNS[:7]
_EXTRA_COLUMNS = ("left", "given", "middle", "family")
_SUPPRESS_AS = {ListedStatus.BOUNCED: BounceType.HARD, ListedStatus.COMPLAINED: BounceType.COMPLAINT}
_LANGUAGES = {
    "vi vn": "vi", "vietnamese": "vi", "tieng viet": "vi", "vie": "vi",
    "en us": "en", "en gb": "en", "english": "en", "tieng anh": "en", "eng": "en",
}  # fmt: skip


class SubscriberList:
    """A file of subscribers: its rows as requests, or as bad rows. Raises ValueError if the header is unusable.

    `newsletters` are those of a row that names none; `known` are the ones that exist, `declared` the attributes. `count` is
    the number of rows with an address, `skipped` the columns that are not read, `mapping` what the others are, `topics`
    those of the rows so far. `consent` says how those have agreed whose row does not say it; `name` is that of the file.
    The file is read twice, and never held in memory.
    """

    def __init__(
        self,
        file: TextIO,
        *,
        known: Sequence[str],
        newsletters: Sequence[str] = (),
        language: Language = Language.VI,
        declared: Mapping[str, Attribute] = NO_DECLARATIONS,
        consent: str = "",
        name: str = "",
    ) -> None:
        self._file = CsvFile(file, SUBSCRIBERS, attribute_columns(declared))
        header = self._file.header
        self.peer = recognize(header)
        self._consent = consent
        self._asks_consent = self._file.has_column("consent") and self.peer is not OURS and not consent
        self._of_all = status_of_all(self.peer, header, name)
        self._since = since_reader(self.peer, header)
        self._values = values_reader(self.peer, header, declared)
        self._declared = declared
        self._attribute_names = [name for name in declared if self._file.has_column(ATTRIBUTE + name)]
        self._repeats = DuplicateKeys(self._file.keys())
        attributes = [ATTRIBUTE + name for name in self._attribute_names]
        self._read = self._file.reader(*_USUAL_COLUMNS, *_EXTRA_COLUMNS, *attributes)
        extra = any(map(self._file.has_column, _EXTRA_COLUMNS)) or self.peer not in (None, OURS)
        self._foreign = self._file.read_status is not None or extra
        self._usual = tuple(newsletters)
        self._language = language
        self._given = self._file.has_column("given")
        self.topics: dict[str, None] = {}
        self._known = known
        self._chosen = lru_cache(maxsize=10_000)(self._choice)  # most rows of a list choose alike

    def _choice(self, language: str, newsletters: str, topics: str, frequency: str, some: bool) -> SubscriptionChoice:
        """What a row has chosen, from its cells; with `some`, it must name a newsletter, or those of the list are meant."""
        choice = parse_choice(
            split_values(newsletters) or (self._usual if some else ()),
            known=self._known,
            language=_LANGUAGES.get(fold(language), language.casefold()),
            topics=split_values(topics),
            frequency=frequency.casefold(),
            default_language=self._language,
            some=some,
        )
        self.topics |= dict.fromkeys(choice.topics)
        return choice

    def _attributes(self, cells: Sequence[str]) -> Mapping[str, AttributeValue | None]:
        """The attributes of a row, from their columns. An empty cell says nothing, so what is known stays."""
        if not any(cells):
            return NO_ATTRIBUTES
        said = {name: cell for name, cell in zip(self._attribute_names, cells, strict=True) if cell}
        return parse_attributes(said, self._declared)

    def _not_subscribed(self, address: str, stands: StatusEntry, lists: tuple[str, ...]) -> SubscriptionRequest:
        """What follows for an address that another system does not write to."""
        where = self.peer.name if self.peer and self.peer is not OURS else "an imported list"
        return SubscriptionRequest(
            address=address,
            choice=SubscriptionChoice(newsletters=(), usual=self._language),
            left=lists if stands.says is ListedStatus.LEFT else (),
            suppress_as=_SUPPRESS_AS.get(stands.says),
            opt_out_reason=f"{stands.word} in {where}",
            keeps=False,
        )

    @property
    def mapping(self) -> list[tuple[str, str]]:
        """What is read, each with the name of its column in the file."""
        header = self._file.header
        json = [("attributes", header[self._values[0]].strip())] if self._values else []
        since = [("time of consent", header[place].strip()) for place in since_places(self.peer, header)]
        return [*self._file.mapping, *json, *since]

    @property
    def needs_consent(self) -> bool:
        """Whether nothing says how those in the list have agreed. Our own export need not say it of everybody."""
        return not self._consent and self.uses_usual_consent

    @property
    def uses_usual_consent(self) -> bool:
        """Whether the list itself does not say how those in it have agreed."""
        return not self._file.has_column("consent")

    @property
    def count(self) -> int:
        return self._repeats.count

    @property
    def skipped(self) -> Sequence[str]:
        read = {name for _, name in self.mapping}
        return [name for name in self._file.skipped if name not in read]

    def __iter__(self) -> Iterator[SubscriptionRequest | BadRow]:
        return chain.from_iterable(map(self._requests, self._file.blocks()))

    def _requests(self, rows: Sequence[Row | BadRow]) -> list[SubscriptionRequest | BadRow]:
        known = self._read(rows)
        return [row if isinstance(row, BadRow) else self._row(*row, next(known)) for row in rows]

    def _row(self, line: int, cells: Sequence[str], known: Sequence[str]) -> SubscriptionRequest | BadRow:
        """A row, from all its cells, and those that `_read` has found: `_USUAL_COLUMNS`, `_EXTRA_COLUMNS`, attributes."""
        address, name, language, newsletters, topics, frequency, consent = known[:7]
        try:
            address, shown_name = _read_address(address)
            if self._foreign:
                wanted = self._foreign_row(address, shown_name, cells, known)
            else:
                chosen = self._chosen(language, newsletters, topics, frequency, True)
                agreed = consent or self._consent
                wanted = build_request(address, chosen, name or shown_name, agreed, self._attributes(known[11:]))
            if self._asks_consent and wanted.keeps and not wanted.consent:
                raise ValueError(
                    "nothing says how they have agreed: the column consent is empty, and there is no --consent"
                )
        except ValueError as error:
            return BadRow(line, str(error))
        first = self._repeats.first(wanted.key, line)
        return wanted if first == line else BadRow(line, f"{wanted.address} is already in line {first}")

    def _foreign_row(
        self, address: str, shown_name: str, cells: Sequence[str], known: Sequence[str]
    ) -> SubscriptionRequest:
        """A row with more than the usual columns: parts of a name, or an opt-out, here or in the system that the list comes
        from."""
        _, name, language, newsletters, topics, frequency, consent, left, given, middle, family, *attributes = known
        stands = self._of_all or self._file.status(cells)
        if stands and stands.says is not ListedStatus.SUBSCRIBED:
            lists = tuple(split_values(newsletters)) or self._usual or (ALL_NEWSLETTERS,)
            return self._not_subscribed(address, stands, lists)
        values = self._values[1](cells[self._values[0]]) if self._values else NO_VALUES
        language, topics, frequency, consent = (
            column or values.said.get(key, "")
            for key, column in zip(SAID, (language, topics, frequency, consent), strict=True)
        )
        chosen = self._chosen(language, newsletters, topics, frequency, not left)
        if family and not self._given and family not in name:
            name, given = "", name  # MailerLite: a column `Name` for the first name
        name = name or full_name(given, middle, family, chosen.language or chosen.usual)
        agreed = "; ".join(filter(None, (consent or self._consent, self._since(cells))))
        wanted = build_request(
            address, chosen, name or shown_name, agreed, {**values.attributes, **self._attributes(attributes)}
        )
        if not left:
            return wanted
        lists = tuple(ALL_NEWSLETTERS if one == ALL_SYMBOL else one for one in split_values(left))
        return wanted._replace(left=lists, keeps=any((*known[1:7], wanted.name, wanted.attributes)))


def _read_address(cell: str) -> tuple[str, str]:
    """The address of a cell in its one form, and the name that may stand before it. Raises ValueError."""
    usual = canonical_if_usual(cell)  # as nearly all are
    if usual:
        return usual, ""
    person = parse_mailbox(cell)
    return person.address, person.name


def full_name(given: str, middle: str, family: str, language: Language) -> str:
    """The parts of a name in the order of the subscriber's language: in Vietnamese the family name comes first."""
    parts = (family, middle, given) if language is Language.VI else (given, middle, family)
    return " ".join(filter(None, parts))


def write_csv(
    file: TextIO,
    people: Iterable[tuple[Subscriber, Sequence[OptOut]]],
    strangers: Iterable[Sequence[OptOut]] = (),
    delimiter: str = ",",
    attributes: Sequence[str] = (),
) -> int:
    """Write subscribers with their opt-outs and these attributes, with a header; below them addresses of which only opt-outs
    are known. Returns the number of rows."""
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*COLUMNS, *attributes])
    count = 0
    for person, left in people:
        values = (
            person.address,
            person.name,
            person.language,
            join_values(sorted(person.newsletters)),
            join_values(person.topics),
            person.frequency,
            person.consent,
            _opt_out_cell(left),
            *(write_value(person.attributes.get(name, "")) for name in attributes),
        )
        writer.writerow([escape_formulas(value) for value in values])
        count += 1
    for left in strangers:
        writer.writerow(
            [escape_formulas(left[0].address), *[""] * (len(COLUMNS) - 2), escape_formulas(_opt_out_cell(left))]
            + [""] * len(attributes)
        )
        count += 1
    return count


def _opt_out_cell(opt_outs: Sequence[OptOut]) -> str:
    return join_values(sorted(one.newsletter or ALL_SYMBOL for one in opt_outs))
