"""A newsroom whose days pass in seconds: the real service by a clock that is moved by hand, with everything that happens
in a year. `year_of_a_newsroom.py` runs it and prints figures; a test runs two weeks of it.

    articles pushed, people who sign up and leave ──▶ store ◀──tick by tick── Service ──▶ mail server that remembers
                          └──────── what is to come of it (here, by itself) ──compared, day by day───┘

Nothing is done anew here that the program does: articles come through `push_article`, people through the sign-up with its
confirmation and through `leave_all`, editions through `Service.run_once`, emails through the delivery worker and the outbox.
Only the mail server is a function, which writes one line for each message. A process that is killed is a forked one that
ends in the middle of a statement or of a message.

The clock and the service are in `simulated_service`, the mail server in `simulated_mail`, slots and plans of days in
`simulated_days`, and what is to come of it, with the comparison, in `simulated_outcome`.
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from simulated_days import HANOI, DayPlan, Slots
from simulated_mail import KILLED, EmailChannel, Sink, SinkChannel
from simulated_outcome import STAFF, Outcome, Person
from simulated_service import Serve, SimulatedClock

from distributor.articles import repository as article_repository
from distributor.model import EditionKind, Frequency, Language, ParsedArticle
from distributor.newsroom import Newsroom, open_newsroom
from distributor.pipeline.leaving import LeaveRequest, leave_all
from distributor.pipeline.signup import SignupForm, confirm_signup, take_signup
from distributor.source import FetchResult
from distributor.storage.tables import deliveries
from distributor.subscribers import repository, signups
from distributor.subscribers import subscribe as subscriber_subscribe
from distributor.subscribers.requests import parse_request

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
_FREQUENCY = {
    EditionKind.DIGEST: Frequency.EACH, EditionKind.DAILY: Frequency.DAILY, EditionKind.WEEKLY: Frequency.WEEKLY
}  # fmt: skip


class SimulatedNewsroom:
    """The newsroom, and everything that happens to it; the same for the same `seed`."""

    def __init__(
        self, folder: Path, begin: date, *, subscribers: int, zone: str, seed: int = 7, store: str = "", step: int = 1
    ) -> None:
        self.folder, self.step = folder, step
        self.chance = random.Random(seed)
        self.clock = SimulatedClock(datetime.combine(begin, time(), UTC))
        self.sink = Sink(folder / "sink.jsonl")
        self.sink.file.touch()
        self.slots = Slots(ZoneInfo(zone), self.clock.now)
        self.outcome = Outcome(self.slots, self.sink)
        self.findings, self.people = self.outcome.findings, self.outcome.people
        url = store or "sqlite:///store.db"
        (folder / "config.yaml").write_text(CONFIG.format(store=url, zone=zone, staff=STAFF), encoding="utf-8")
        self.newsroom = self._open()
        self.waiting: list[Person] = []  # who has signed up and not confirmed
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
        self.outcome.ticks.append(self.clock.now)

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
        plan = DayPlan(self.chance, begin)
        hours = {begin + timedelta(hours=hour) for hour in range(0, 24, self.step)}
        slots = [at for _, at, _ in self.slots.of(begin)] + self.slots.of_cohorts(begin)
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
        with self.start().database.read(long=True) as connection:
            self.outcome.compare(connection, begin, self.clock.now)

    def compare_all(self) -> None:
        """At the end."""
        self.outcome.compare_all(self.newsroom.settings.newsletters)

    def _happen(self, moment: datetime, plan: DayPlan) -> None:
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
        number = len(self.outcome.pushed)
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
        self.outcome.pushed.append(new.id)

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
