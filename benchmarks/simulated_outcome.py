"""What is to come of the days of a simulated newsroom, compared with what its mail server and its store have."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from simulated_days import Slots
from simulated_mail import Sink

from distributor.editions import repository as edition_repository
from distributor.model import EditionKind
from distributor.storage.tables import deliveries

STAFF = "bien.tap@bacson.example"
GRACE = timedelta(hours=2)  # `missed: send within 2h`
# Articles at the end that may still wait: of three days, and of the days off before them; a week more for the weekly.
_SETTLING = {EditionKind.DIGEST: 150, EditionKind.DAILY: 170, EditionKind.WEEKLY: 260}


@dataclass
class Person:
    """A subscriber as they are meant to be. `kind` is the kind of digests that they get."""

    address: str
    newsletters: frozenset[str]
    kind: EditionKind
    joined: datetime
    left: datetime | None = None
    id: str = ""

    def gets(self, newsletter: str, kind: str, at: datetime) -> bool:
        wanted = newsletter in self.newsletters and kind in (self.kind, EditionKind.ALERT)
        return wanted and self.joined <= at and (self.left is None or at < self.left)


@dataclass
class Findings:
    """What was counted, and what was not as it has to be."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    in_doubt: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)

    def check(self, holds: bool, words: str) -> None:
        self.counts["checks"] += 1
        if not holds:
            self.wrong.append(words)


class Outcome:
    """Who has to get what, what they have got, and what was found wrong."""

    def __init__(self, slots: Slots, sink: Sink) -> None:
        self.slots, self.sink = slots, sink
        self.findings = Findings()
        self.people: dict[str, Person] = {}
        self.ticks: list[datetime] = []  # of the last days, at which the service has looked
        self.pushed: list[str] = []
        self.carried: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # articles, by newsletter and kind
        self.got: dict[str, Counter[str]] = defaultdict(Counter)  # addresses, by edition
        self.closed: set[str] = set()  # editions that were compared
        self._read = 0

    def _read_sink(self) -> None:
        with self.sink.file.open(encoding="utf-8") as file:
            file.seek(self._read)
            for line in file:
                at, edition, title, address, refused = json.loads(line)
                self._take_line(datetime.fromisoformat(at), edition, title, address, refused=refused)
            self._read = file.tell()

    def _take_line(self, at: datetime, edition: str, title: str, address: str, *, refused: bool) -> None:
        check = self.findings.check
        if not edition:
            self.findings.counts["single emails"] += 1
            if address == STAFF:
                self.findings.alerts[title.partition("] ")[2]] += 1
            return
        self.findings.counts["refused" if refused else "emails"] += 1
        self.got[edition][address] += 1
        check(edition not in self.closed, f"{edition}: an email to {address} after it was done")
        person = self.people.get(address)
        if person is None:
            check(False, f"{edition}: {address} never subscribed")
        else:
            check(person.left is None or at <= person.left, f"{edition}: {address} had left when it came at {at}")

    def compare(self, connection: sa.Connection, begin: datetime, now: datetime) -> None:
        """Once a day: editions of slots, and what became of every edition that is done."""
        self.ticks = [one for one in self.ticks if one > begin - timedelta(days=3)]
        self._read_sink()
        rows = edition_repository.list_editions(connection, limit=60)
        self._compare_slots(rows, begin)
        for row in rows:
            if row.done_at and row.id not in self.closed:
                self._compare_edition(connection, row)
        for row in rows:
            late = row.done_at is None and row.frozen_at < now - timedelta(days=2)
            self.findings.check(not late, f"{row.id} is not done two days after it was frozen")

    def _compare_slots(self, rows: Sequence[edition_repository.EditionRow], begin: datetime) -> None:
        """One edition for each slot of the day before at which, or soon after which, the service has looked."""
        there = Counter((row.newsletter, row.slot) for row in rows if row.kind == EditionKind.DIGEST)
        for newsletter, at, name in self.slots.of(begin - timedelta(days=1)):
            looked = [one for one in self.ticks if at <= one <= at + GRACE]
            if looked:
                self.findings.check(
                    there[newsletter, name] == 1, f"{newsletter} {name}: {there[newsletter, name]} editions"
                )
                self.findings.counts["slots"] += 1
            else:
                self.findings.check(there[newsletter, name] == 0, f"{newsletter} {name}: an edition that is too late")
                self.findings.counts["missed slots"] += 1

    def _compare_edition(self, connection: sa.Connection, row: edition_repository.EditionRow) -> None:
        """Everybody once, nobody else, and the ledger says the same."""
        check, got = self.findings.check, self.got.pop(row.id, Counter())
        self.closed.add(row.id)
        self.findings.counts[f"{row.kind} editions"] += 1
        meant = {one.address: one for one in self.people.values() if one.gets(row.newsletter, row.kind, row.frozen_at)}
        for address, number in got.items():
            doubt = self.findings.in_doubt[row.id, address]
            check(number <= 1 + doubt, f"{row.id}: {address} has got it {number} times")
            check(address in meant, f"{row.id}: {address} was not to get it")
            self.findings.counts["twice, and known to be in doubt"] += number > 1
        assert row.done_at is not None
        ours = (deliveries.c.edition_id == row.id) & deliveries.c.reply.startswith("overtaken by ")
        overtaken = set(connection.execute(sa.select(deliveries.c.address).where(ours)).scalars())
        self.findings.counts["overtaken by a digest"] += len(overtaken)
        missing = [
            one.address
            for one in meant.values()
            if one.address not in got
            and one.address not in overtaken
            and one.address not in self.sink.gone
            and not (one.left and one.left <= row.done_at)
        ]
        check(not missing, f"{row.id}: {len(missing)} of {len(meant)} have not got it, {missing[:3]}")
        self._compare_ledger(connection, row.id, got)
        edition = edition_repository.find(connection, row.id)
        assert edition is not None
        self.carried[row.newsletter, row.kind].update(one.id for one in edition.carried)

    def _compare_ledger(self, connection: sa.Connection, edition: str, got: Counter[str]) -> None:
        query = sa.select(deliveries.c.state, sa.func.count()).where(deliveries.c.edition_id == edition)
        states = {row[0]: row[1] for row in connection.execute(query.group_by(deliveries.c.state))}
        check = self.findings.check
        still = {state: states[state] for state in ("pending", "deferred", "sending", "uncertain") if state in states}
        check(not still, f"{edition}: the ledger has open rows, {still}")
        known = states.get("sent", 0) + states.get("rejected", 0)
        check(known == len(got), f"{edition}: {known} in the ledger, {len(got)} at the mail server")

    def compare_all(self, newsletters: Iterable[str]) -> None:
        """At the end: each article once for each newsletter, and for whoever wants one email a day or a week."""
        for newsletter in newsletters:
            alerts = self.carried[newsletter, EditionKind.ALERT]
            for kind in (EditionKind.DIGEST, EditionKind.DAILY, EditionKind.WEEKLY):
                seen = self.carried[newsletter, kind]  # an alert among them is for those who have joined after it
                double = [id for id, number in seen.items() if number > 1]
                self.findings.check(not double, f"{newsletter}, {kind}: twice, {double[:3]}")
                settled = self.pushed[: max(0, len(self.pushed) - _SETTLING[kind])]
                missing = [id for id in settled if id not in seen and id not in alerts]
                self.findings.check(not missing, f"{newsletter}, {kind}: {len(missing)} articles never, {missing[:3]}")
