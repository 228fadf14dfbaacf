"""A newsroom whose days pass in seconds: the real service by a clock that is moved by hand, with everything that happens
in a year. `year_of_a_newsroom.py` runs it and prints figures; a test runs two weeks of it.

    articles pushed, people who sign up and leave ──▶ store ◀──tick by tick── Service ──▶ mail server that remembers
                          └──────── what is to come of it (here, by itself) ──compared, day by day───┘

Nothing is done anew here that the program does: articles come through `push_article`, people through the sign-up with its
confirmation and through `leave_all`, editions through `Service.run_once`, emails through the delivery worker and the outbox.
Only the mail server is a function, which writes one line for each message. A process that is killed is a forked one that
ends in the middle of a statement or of a message.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import holidays
import sqlalchemy as sa

from distributor.articles import repository as article_repository
from distributor.editions import repository as edition_repository
from distributor.errors import Rejected, Unavailable
from distributor.message_queue import MessageQueue, Transport
from distributor.model import EditionKind, Frequency, Language, ParsedArticle, Receipt
from distributor.newsroom import Newsroom, open_newsroom
from distributor.pipeline.leaving import LeaveRequest, leave_all
from distributor.pipeline.signup import SignupForm, confirm_signup, take_signup
from distributor.service import Service
from distributor.source import FetchResult
from distributor.storage.tables import deliveries
from distributor.subscribers import repository, signups
from distributor.subscribers import subscribe as subscriber_subscribe
from distributor.subscribers.requests import parse_request
from distributor.workers import ClockMonitor, DeliveryLoop

EmailChannel: Any = importlib.import_module("distributor.channels.email").EmailChannel
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
STAFF = "bien.tap@bacson.example"
GRACE = timedelta(hours=2)  # `missed: send within 2h`
LANES = 200  # messages that are under way at a time
KILLED = 9

CONFIG = """\
site: {{title: Báo Bắc Sơn, url: "https://bacson.example"}}
store: {{url: "{store}"}}
images: off
alerts: {{to: [{staff}]}}
sources:
  cms: {{type: push}}
newsletters:
  tin-sang:
    title: Tin sáng
    schedule: every day at 07:00
    days_off: {{country: VN}}
    missed: send within 2h
    alerts: {{topics: [Khẩn cấp], max_per_day: 9}}
    channels: [mail]
  world:
    title: News from Bắc Sơn
    language: en
    timezone: {zone}
    schedule: every day at 02:30
    missed: send within 2h
    channels: [mail]
channels:
  mail: {{type: email, sender: Báo <tin@bacson.example>, maildir: mail}}
"""


# -- the mail server ---------------------------------------------------------------------------------------------------


@dataclass
class Sink:
    """A mail server: one line of a file for each message that it has taken or refused. `down`: nobody can connect. `fuse` is
    after how many messages the process that sends ends at once; None for never."""

    file: Path
    down: bool = False
    fuse: int | None = None
    gone: frozenset[str] = frozenset()

    def take(self, now: datetime, edition: str, title: str, address: str) -> bool:
        """Whether the message is taken. Lines are on their way to the disk before the answer."""
        refused = address in self.gone
        line = json.dumps([now.isoformat(), edition, title, address, refused], ensure_ascii=False)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                os._exit(KILLED)
        return not refused


@dataclass(frozen=True, kw_only=True)
class SinkChannel(EmailChannel):  # type: ignore[misc]
    """The channel `email`, whose messages a `Sink` takes. `clock` tells when."""

    sink: Any = None
    clock: Any = None

    def transport(self, among: int = 1) -> Transport:
        return _SinkTransport(self)


@dataclass
class _SinkTransport:
    channel: SinkChannel

    async def send_all(self, messages: MessageQueue) -> None:
        await asyncio.gather(*(self._lane(messages) for _ in range(LANES)))

    async def _lane(self, messages: MessageQueue) -> None:
        channel = self.channel
        while message := await messages.take():
            if channel.sink.down:
                messages.requeue(message)
                raise Unavailable("connection refused")
            if not await messages.mark(message):
                continue
            edition, recipient = message.rendition.edition, message.recipient
            taken = channel.sink.take(channel.clock(), edition, message.rendition.title, recipient.address)
            answer = Receipt(reply="250 ok") if taken else Rejected("550 5.1.1 no such user")
            messages.answer(message, answer)


# -- the service -------------------------------------------------------------------------------------------------------


class Serve:
    """The service between its start and its end, tick by tick."""

    def __init__(self, newsroom: Newsroom, clock: SimulatedClock) -> None:
        self.newsroom = newsroom
        self.clock = clock
        self.database = newsroom.open_store()
        self.loop = asyncio.new_event_loop()
        self.service = self.run(self._start())

    async def _start(self) -> Service:
        service = Service(self.newsroom, self.database, self.clock, asyncio.Event(), by_tasks=False)
        service.worker.watch = ClockMonitor(self.clock, lambda: self.clock.now.timestamp())
        # Sources are asked in child processes, each by itself for a second: articles are brought to the store below instead.
        service.steps.gathering.start_due = lambda *_: None  # type: ignore[method-assign]
        service.steps.prepare = _nothing  # type: ignore[method-assign]
        return service

    def run(self, step: Any) -> Any:
        return self.loop.run_until_complete(step)

    def tick(self) -> None:
        self.run(self._tick())

    async def _tick(self) -> None:
        service, worker = self.service, self.service.worker
        service._year = self.clock.now.year  # its holidays are known here, without a child process
        assert isinstance(worker, DeliveryLoop)
        await service.run_once()
        await asyncio.gather(*service.steps._beside.values())
        await worker.deliver_once(worker.dispatcher, "delivery")
        await self._send_outbox()

    def send_outbox(self) -> None:
        """As the service does within a second."""
        self.run(self._send_outbox())

    async def _send_outbox(self) -> None:
        self.service.outbox._sender._rests.clear()  # they last for seconds of the real clock, in which days pass here
        await self.service.outbox.start_due()
        await self.service.outbox.finish()

    def close(self) -> None:
        self.run(self.service.steps.close())
        assert isinstance(self.service.worker, DeliveryLoop)
        self.service.worker.dispatcher.close()
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.database.close()


async def _nothing() -> None:
    """A step that is left out."""


@dataclass
class SimulatedClock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


# -- what is to come of it ---------------------------------------------------------------------------------------------


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


class SimulatedNewsroom:
    """The newsroom, and everything that happens to it; the same for the same `seed`."""

    def __init__(
        self, folder: Path, begin: date, *, subscribers: int, zone: str, seed: int = 7, store: str = "", step: int = 1
    ) -> None:
        self.folder, self.zone, self.step = folder, ZoneInfo(zone), step
        self.chance = random.Random(seed)
        self.begin = datetime.combine(begin, time(), UTC)
        self.clock = SimulatedClock(self.begin)
        self.sink = Sink(folder / "sink.jsonl")
        self.sink.file.touch()
        self.findings = Findings()
        url = store or "sqlite:///store.db"
        (folder / "config.yaml").write_text(CONFIG.format(store=url, zone=zone, staff=STAFF), encoding="utf-8")
        self.newsroom = self._open()
        self.people: dict[str, Person] = {}
        self.waiting: list[Person] = []  # who has signed up and not confirmed
        self.ticks: list[datetime] = []  # of the last days, at which the service has looked
        self.pushed: list[str] = []
        self.carried: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # articles, by newsletter and kind
        self.got: dict[str, Counter[str]] = defaultdict(Counter)  # addresses, by edition
        self.closed: set[str] = set()  # editions that were compared
        self._read = 0
        self.serve: Serve | None = None
        self._grow(subscribers)

    def _open(self) -> Newsroom:
        newsroom = open_newsroom(self.folder / "config.yaml")
        given = {one.name: getattr(newsroom.channels["mail"], one.name) for one in dataclasses.fields(EmailChannel)}
        mail = SinkChannel(**given, sink=self.sink, clock=self.clock)
        return dataclasses.replace(newsroom, channels={"mail": mail})

    def _grow(self, number: int) -> None:
        """Everybody who is there from the beginning, as an import brings them."""
        serve = self.start()
        with serve.database.write(long=True) as connection:
            for place in range(number):
                person = self._person(f"p{place}@b{place % 97}.example")
                wanted = parse_request(
                    person.address, sorted(person.newsletters), known=list(self.newsroom.settings.newsletters),
                    name="", topics=(), frequency=_FREQUENCY[person.kind].value,
                )  # fmt: skip
                made = subscriber_subscribe.add(connection, wanted, self.clock.now, keys=self.newsroom.secrets())
                assert made.subscriber is not None
                person.id = made.subscriber.id
                self.people[person.address] = person
        serve.tick()

    def _person(self, address: str) -> Person:
        kind = self.chance.choices((EditionKind.DIGEST, EditionKind.DAILY, EditionKind.WEEKLY), (20, 20, 60))[0]
        newsletters = self.chance.choices((("tin-sang",), ("world",), ("tin-sang", "world")), (70, 20, 10))[0]
        return Person(address, frozenset(newsletters), kind, self.clock.now)

    # -- the service -------------------------------------------------------------------------------------------------

    def start(self) -> Serve:
        if self.serve is None:
            self.newsroom = self._open()
            self.serve = Serve(self.newsroom, self.clock)
            self.findings.counts["starts"] += 1
        return self.serve

    def stop(self) -> None:
        if self.serve:
            self.serve.close()
            self.serve = None

    def tick(self) -> None:
        self.start().tick()
        self.ticks.append(self.clock.now)

    def tick_and_die(self) -> None:
        """A process that is killed in the middle of a tick: at some statement, or at some message."""
        self.stop()
        child = os.fork()
        if not child:
            self._die()
        _, status = os.waitpid(child, 0)
        self.findings.counts["killed" if os.waitstatus_to_exitcode(status) == KILLED else "survived"] += 1
        database = self.newsroom.open_store()
        with database.read() as connection:
            marked = sa.select(deliveries.c.edition_id, deliveries.c.address).where(deliveries.c.state == "sending")
            self.findings.in_doubt.update((edition, address) for edition, address in connection.execute(marked))
        database.close()

    def _die(self) -> NoReturn:
        """In the child. Whatever happens, it ends here."""
        signal.alarm(120)
        try:
            left = self.chance.randrange(1, 120)
            if self.chance.random() < 0.5:
                self.sink.fuse = self.chance.randrange(max(2, len(self.people) // 4))
                left = 1_000_000

            def burn(*_: Any) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    os._exit(KILLED)

            sa.event.listen(sa.Engine, "before_cursor_execute", burn)
            sa.event.listen(sa.Engine, "commit", burn)
            self.start().tick()
        finally:
            os._exit(0)

    # -- a day -------------------------------------------------------------------------------------------------------

    def day(self) -> None:
        """The next day, in UTC: 24 ticks and some between them, with all that happens; then it is compared."""
        begin = self.clock.now
        plan = _Plan(self.chance, begin)
        hours = {begin + timedelta(hours=hour) for hour in range(0, 24, self.step)}
        slots = [at for _, at, _ in self._slots(begin)] + self._other_slots(begin)
        moments = sorted({*hours, *slots, *plan.more} - {begin + timedelta(days=1)})
        for moment in moments:
            self.clock.now = moment
            self.sink.down = plan.mail_down(moment)
            if plan.off(moment):
                self.stop()
            elif plan.kill == moment:
                self.tick_and_die()
                self.clock.now += timedelta(minutes=2)
                self.tick()
            else:
                if plan.restart == moment:
                    self.stop()
                self.tick()
            self.clock.now = moment + timedelta(minutes=10)
            self._happen(moment, plan)
        self.clock.now = begin + timedelta(days=1)
        self.sink.down = False
        self.ticks = [one for one in self.ticks if one > begin - timedelta(days=3)]
        self._read_sink()
        self._compare(begin)

    def _happen(self, moment: datetime, plan: _Plan) -> None:
        """Between two ticks: an article, somebody who comes, somebody who goes. While the service is down nothing is pushed,
        as the pages are part of it."""
        hour = moment.astimezone(HANOI).hour
        if self.serve is None:
            return
        for one in range(hour, hour + self.step):
            if moment.minute == 0 and one in plan.article_hours:
                self._push(urgent=one == plan.urgent_hour)
        if moment.minute == 0:
            self._confirm()
            for _ in range(self.chance.choices((0, 1, 2), (70, 25, 5))[0]):
                self._sign_up()
            for _ in range(self.chance.choices((0, 1, 2), (75, 20, 5))[0]):
                self._leave()
            if self.chance.random() < 0.01 and self.people:
                self.sink.gone |= {self.chance.choice(sorted(self.people))}
        self.serve.send_outbox()

    def _push(self, *, urgent: bool) -> None:
        assert self.serve is not None
        number = len(self.pushed)
        fields: dict[str, Any] = {
            "title": f"Tin số {number} của tỉnh Bắc Sơn", "url": f"https://bacson.example/tin/{number}",
            "lead": f"Tóm tắt của tin {number}.", "body_html": f"<p>Nội dung của tin {number}, kể lại đầy đủ.</p>",
            "published": self.clock.now, "topics": ("Khẩn cấp" if urgent else "Tin tức",),
        }  # fmt: skip
        article = ParsedArticle(source="cms", source_id=f"tin-{number}", **fields)
        with self.serve.database.write() as connection:
            taken = article_repository.store_articles(
                connection, self.newsroom.sources["cms"], FetchResult(articles=[article]), authority="bacson.example",
                now=self.clock.now,
            )  # fmt: skip
        (new,) = taken.new
        self.pushed.append(new.id)

    def _sign_up(self) -> None:
        assert self.serve is not None
        number = self.findings.counts["signed up"]
        self.findings.counts["signed up"] += 1
        person = self._person(f"n{number}@c{number}.example")
        form = SignupForm(
            address=person.address, newsletters=tuple(sorted(person.newsletters)), language=Language.VI,
            frequency=_FREQUENCY[person.kind], text="Tôi muốn nhận bản tin.", network=f"net-{number}",
        )  # fmt: skip
        with self.serve.database.write() as connection:
            take_signup(self.newsroom, connection, form, self.clock.now)
        self.waiting.append(person)

    def _confirm(self) -> None:
        """Most of those who have signed up follow their link, an hour later or more."""
        assert self.serve is not None
        for person in list(self.waiting):
            if self.chance.random() < 0.3:
                continue
            self.waiting.remove(person)
            if self.chance.random() < 0.1:
                continue  # never: the sign-up ends by itself
            with self.serve.database.write() as connection:
                signup = signups.find_by_address(connection, person.address)
                assert signup is not None
                confirm_signup(self.newsroom, connection, signup.id, self.clock.now)
                found = repository.find(connection, person.address)
            assert found is not None
            person.id, person.joined = found.id, self.clock.now
            self.people[person.address] = person
            self.findings.counts["joined"] += 1

    def _leave(self) -> None:
        assert self.serve is not None
        there = [one for one in self.people.values() if one.left is None]
        if len(there) < 10:
            return
        person = self.chance.choice(there)
        person.left = self.clock.now
        with self.serve.database.write() as connection:
            leave_all(
                self.newsroom,
                connection,
                [LeaveRequest(subscriber=person.id, received_at=self.clock.now)],
                self.clock.now,
            )
        self.findings.counts["left"] += 1

    # -- comparing ---------------------------------------------------------------------------------------------------

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

    def _compare(self, begin: datetime) -> None:
        """Once a day: editions of slots, and what became of every edition that is done."""
        serve = self.start()
        with serve.database.read(long=True) as connection:
            rows = edition_repository.list_editions(connection, limit=60)
            self._compare_slots(rows, begin)
            for row in rows:
                if row.done_at and row.id not in self.closed:
                    self._compare_edition(connection, row)
            for row in rows:
                late = row.done_at is None and row.frozen_at < self.clock.now - timedelta(days=2)
                self.findings.check(not late, f"{row.id} is not done two days after it was frozen")

    def _compare_slots(self, rows: Sequence[edition_repository.EditionRow], begin: datetime) -> None:
        """One edition for each slot of the day before at which, or soon after which, the service has looked."""
        there = Counter((row.newsletter, row.slot) for row in rows if row.kind == EditionKind.DIGEST)
        for newsletter, at, name in self._slots(begin - timedelta(days=1)):
            looked = [one for one in self.ticks if at <= one <= at + GRACE]
            if looked:
                self.findings.check(
                    there[newsletter, name] == 1, f"{newsletter} {name}: {there[newsletter, name]} editions"
                )
                self.findings.counts["slots"] += 1
            else:
                self.findings.check(there[newsletter, name] == 0, f"{newsletter} {name}: an edition that is too late")
                self.findings.counts["missed slots"] += 1

    def _slots(self, begin: datetime) -> Iterator[tuple[str, datetime, str]]:
        """The slots of 24 hours, by the calendars of those who made them: a time that the clock leaves out or shows twice is
        one slot; on public holidays of Vietnam tin-sang has none."""
        plans = (("tin-sang", HANOI, time(7)), ("world", self.zone, time(2, 30)))
        for newsletter, zone, at in plans:
            local = begin.astimezone(zone).date()
            for day in (local, local + timedelta(days=1)):
                moment = datetime.combine(day, at, zone).astimezone(UTC)
                off = newsletter == "tin-sang" and day in _public_holidays(day.year)
                if max(begin, self.begin) < moment <= begin + timedelta(days=1) and not off:
                    yield newsletter, moment, f"{day:%Y-%m-%d}T{at:%H:%M}"

    def _other_slots(self, begin: datetime) -> list[datetime]:
        """The usual times of daily and weekly emails within 24 hours."""
        times = [
            datetime.combine(begin.astimezone(zone).date() + timedelta(days=day), at, zone).astimezone(UTC)
            for zone in (HANOI, self.zone)
            for at in (time(8), time(18))
            for day in (0, 1)
        ]
        return [one for one in times if begin <= one < begin + timedelta(days=1)]

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

    def compare_all(self) -> None:
        """At the end: each article once for each newsletter, and for whoever wants one email a day or a week."""
        for newsletter in self.newsroom.settings.newsletters:
            alerts = self.carried[newsletter, EditionKind.ALERT]
            for kind in (EditionKind.DIGEST, EditionKind.DAILY, EditionKind.WEEKLY):
                seen = self.carried[newsletter, kind]  # an alert among them is for those who have joined after it
                double = [id for id, number in seen.items() if number > 1]
                self.findings.check(not double, f"{newsletter}, {kind}: twice, {double[:3]}")
                settled = self.pushed[: max(0, len(self.pushed) - _SETTLING[kind])]
                missing = [id for id in settled if id not in seen and id not in alerts]
                self.findings.check(not missing, f"{newsletter}, {kind}: {len(missing)} articles never, {missing[:3]}")


_FREQUENCY = {
    EditionKind.DIGEST: Frequency.EACH, EditionKind.DAILY: Frequency.DAILY, EditionKind.WEEKLY: Frequency.WEEKLY
}  # fmt: skip
# Articles at the end that may still wait: of three days, and of the days off before them; a week more for the weekly.
_SETTLING = {EditionKind.DIGEST: 150, EditionKind.DAILY: 170, EditionKind.WEEKLY: 260}


class _Plan:
    """What is to happen on one day."""

    def __init__(self, chance: random.Random, begin: datetime) -> None:
        hours = [begin + timedelta(hours=hour) for hour in range(24)]
        self.article_hours = frozenset(chance.sample(range(6, 21), 10))
        self.urgent_hour = chance.choice(sorted(self.article_hours)) if chance.random() < 0.07 else None
        self._down: tuple[datetime, datetime] | None = None
        self._off: tuple[datetime, datetime] | None = None
        self.kill: datetime | None = None
        self.restart: datetime | None = None
        draw = chance.random()
        if draw < 0.10:
            start = chance.choice(hours[:18])
            self._down = (start, start + timedelta(hours=chance.choice((1, 2, 5))))
        elif draw < 0.17:
            start = chance.choice(hours[:20])
            self._off = (start, start + timedelta(hours=chance.choice((1, 2, 3))))
        elif draw < 0.37:
            self.kill = chance.choice([hours[0], hours[0], hours[1], hours[2], chance.choice(hours)])
        elif draw < 0.47:
            self.restart = chance.choice(hours)
        more = [one for pair in (self._down, self._off) if pair for one in pair]
        self.more = frozenset([*more, *(one for one in (self.kill, self.restart) if one)])

    def mail_down(self, moment: datetime) -> bool:
        return self._down is not None and self._down[0] <= moment < self._down[1]

    def off(self, moment: datetime) -> bool:
        return self._off is not None and self._off[0] <= moment < self._off[1]


def _public_holidays(year: int) -> holidays.HolidayBase:
    if year not in _HOLIDAYS:
        _HOLIDAYS[year] = holidays.country_holidays("VN", years=year)
    return _HOLIDAYS[year]


_HOLIDAYS: dict[int, holidays.HolidayBase] = {}
