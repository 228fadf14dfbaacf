"""Signing up: few emails for an address, whoever enters it how often; a confirmation by its owner alone subscribes."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.bounces import suppressions
from distributor.model import BounceType, Frequency, Language, Subscriber, Suppression
from distributor.pipeline.signup import (
    SignupForm,
    check_limits,
    confirm_signup,
    refuse_signup,
    take_signup,
    tend_signups,
)
from distributor.storage.web_tables import outbox
from distributor.subscribers import consents, erasures, opt_outs, repository, signups
from distributor.subscribers.consents import Consent
from distributor.subscribers.signup_limits import LimitDecision
from distributor.subscribers.signups import Signup
from distributor.subscribers.tokens import Purpose, read
from support.clocked_newsroom import Line
from support.told_events import happened, listen

TWO = ".web: {url: 'https://news.bacson.example'}"
LAN = "lan@example.vn"


def form(address: str = LAN, *newsletters: str, network: str = "192.0.2.1", **more: Any) -> SignupForm:
    return SignupForm(
        address=address,
        newsletters=newsletters or ("tin-sang",),
        text="Khi bấm…",
        network=network,
        **{"language": Language.VI, **more},
    )


def sign_up(line: Line, *forms: SignupForm) -> LimitDecision:
    with line.store.write() as connection:
        return [take_signup(line.newsroom, connection, one, line.now) for one in forms][-1]


def emails(line: Line, kind: str = "email/confirmation") -> list[sa.Row[Any]]:
    with line.store.read() as connection:
        return list(connection.execute(sa.select(outbox).where(outbox.c.kind == kind).order_by(outbox.c.id)))


def waiting(line: Line, address: str = LAN) -> Signup | None:
    with line.store.read() as connection:
        return signups.find_by_address(connection, address)


def subscriber(line: Line, address: str = LAN) -> Subscriber | None:
    with line.store.read() as connection:
        return repository.find(connection, address)


def confirm(line: Line, address: str = LAN) -> None:
    signup = waiting(line, address)
    assert signup
    with line.store.write() as connection:
        confirm_signup(line.newsroom, connection, signup.id, line.now)


def test_whoever_signs_up_is_asked_and_not_subscribed(line: Line) -> None:
    line.configure(TWO)
    assert sign_up(line, form()) is LimitDecision.TAKE
    (email,) = emails(line)
    assert (email.address, email.name) == (LAN, "")
    values = json.loads(email.body)["values"]
    token = values["confirm_url"].removeprefix("https://news.bacson.example/c/")
    signup = waiting(line)
    assert signup
    assert read(line.newsroom.secrets(), token, Purpose.CONFIRM, line.now).subject == signup.id
    assert subscriber(line) is None


def test_the_confirmation_subscribes_with_all_that_was_chosen(line: Line) -> None:
    sign_up(
        line,
        form(
            name="Lan",
            topics=("Y tế",),
            frequency=Frequency.DAILY,
            url="https://bacson.example",
            client_address="192.0.2.1",
        ),
    )
    asked = line.now
    line.now += timedelta(hours=1)
    confirm(line)
    person = subscriber(line)
    assert person
    assert (person.name, person.topics, person.frequency) == ("Lan", ("Y tế",), Frequency.DAILY)
    assert person.newsletters == ("tin-sang",)
    with line.store.read() as connection:
        assert consents.list_of(connection, person.id) == [
            Consent(
                subscriber=person.id,
                newsletter="tin-sang",
                language=Language.VI,
                text="Khi bấm…",
                via="form",
                url="https://bacson.example",
                client_address="192.0.2.1",
                asked_at=asked,
                confirmed_at=line.now,
            )
        ]
    (welcome,) = emails(line, "email/welcome")
    assert (welcome.recipient, welcome.name) == (person.id, "Lan")


def test_a_second_confirmation_changes_nothing(line: Line) -> None:
    sign_up(line, form())
    confirm(line)
    person = subscriber(line)
    assert person
    with line.store.write() as connection:
        repository.unsubscribe(connection, person, "tin-sang", now=line.now, via="link")
    confirm(line)  # a scanner, a week later
    after = subscriber(line)
    assert after and after.newsletters == ()
    assert len(emails(line, "email/welcome")) == 1


def test_a_confirmation_ends_an_earlier_opt_out_and_a_suppression(line: Line) -> None:
    line.subscribe("lan")
    address = "lan@example.com"
    person = subscriber(line, address)
    assert person
    bounced = Suppression(address=address, type=BounceType.HARD, reason="", since=line.now)
    with line.store.write() as connection:
        repository.unsubscribe(connection, person, now=line.now, via="link")
        repository.unsubscribe(connection, person, "tin-sang", now=line.now, via="link")
        suppressions.suppress(connection, bounced)
    sign_up(line, form(address))
    with line.store.read() as connection:
        assert suppressions.find_suppression(connection, address)  # nobody has confirmed it yet
    confirm(line, address)
    after = subscriber(line, address)
    assert after and after.newsletters == ("tin-sang",)
    with line.store.read() as connection:
        assert suppressions.find_suppression(connection, address) is None
        assert [one.newsletter for one in opt_outs.find_by_key(connection, address)] == [""]  # of all others


@pytest.mark.parametrize("type", [BounceType.STAFF, BounceType.COMPLAINT, BounceType.IMPORT])
def test_whoever_has_complained_or_was_suppressed_by_staff_is_never_asked(line: Line, type: BounceType) -> None:
    with line.store.write() as connection:
        suppressions.suppress(connection, Suppression(address=LAN, type=type, reason="", since=line.now))
    assert sign_up(line, form()) is LimitDecision.TAKE
    assert emails(line) == []
    assert waiting(line) is None


def test_whoever_was_erased_may_come_back_by_their_own_wish(line: Line) -> None:
    line.configure("confirm: single")
    line.subscribe("lan")
    person = subscriber(line, "lan@example.com")
    assert person
    with line.store.write() as connection:
        erasures.erase(connection, person, line.newsroom.secrets(), line.now, via="link")
    sign_up(line, form("lan@example.com"))
    assert subscriber(line, "lan@example.com") is None  # not by anybody's form
    confirm(line, "lan@example.com")
    after = subscriber(line, "lan@example.com")
    assert after and after.newsletters == ("tin-sang",)


def test_whoever_did_not_ask_is_left_alone_for_30_days(line: Line) -> None:
    sign_up(line, form())
    signup = waiting(line)
    assert signup
    with line.store.write() as connection:
        refuse_signup(line.newsroom, connection, signup.id, line.now)
        refuse_signup(line.newsroom, connection, signup.id, line.now)  # a second click
    assert waiting(line) is None
    line.now += timedelta(days=29)
    assert sign_up(line, form("LAN@example.vn", network="192.0.2.2")) is LimitDecision.TAKE
    assert (len(emails(line)), waiting(line)) == (1, None)
    line.now += timedelta(days=2)
    sign_up(line, form(network="192.0.2.3"))
    assert len(emails(line)) == 2


def test_not_me_undoes_what_somebody_else_has_confirmed(line: Line) -> None:
    sign_up(line, form())
    confirm(line)
    signup = waiting(line)
    assert signup
    with line.store.write() as connection:
        refuse_signup(line.newsroom, connection, signup.id, line.now)
    assert subscriber(line) is None
    with line.store.read() as connection:
        assert LAN in erasures.find_erased(connection, line.newsroom.secrets(), [LAN])


def test_not_me_unsubscribes_whoever_was_known_before_and_does_not_forget_them(line: Line) -> None:
    line.configure(TWO)
    line.subscribe("lan")
    line.now += timedelta(minutes=1)
    sign_up(line, form("lan@example.com"))
    confirm(line, "lan@example.com")
    signup = waiting(line, "lan@example.com")
    assert signup
    with line.store.write() as connection:
        refuse_signup(line.newsroom, connection, signup.id, line.now)
    person = subscriber(line, "lan@example.com")
    assert person and person.newsletters == ()
    with line.store.read() as connection:
        assert [one.via for one in opt_outs.find_by_key(connection, "lan@example.com")] == ["not me"]


def test_a_subscriber_who_signs_up_again_is_asked_like_everybody(line: Line) -> None:
    line.subscribe("lan", frequency="weekly")
    sign_up(line, form("lan@example.com"))
    assert len(emails(line)) == 1
    confirm(line, "lan@example.com")
    person = subscriber(line, "lan@example.com")
    assert person and person.frequency is Frequency.WEEKLY  # not chosen anew
    assert emails(line, "email/welcome") == []


def test_an_address_gets_one_email_a_day_and_three_without_a_click(line: Line) -> None:
    for hour in range(24 * 4):
        sign_up(line, form(network=f"192.0.2.{hour}", passed_extra=True))
        line.now += timedelta(hours=1)
    assert len(emails(line)) == 3
    gaps = [later.created - sooner.created for sooner, later in zip(emails(line), emails(line)[1:], strict=False)]
    assert all(gap >= timedelta(hours=24) for gap in gaps)


def test_after_a_click_another_newsletter_is_asked_for_at_once(line: Line) -> None:
    sign_up(line, form())
    confirm(line)
    line.now += timedelta(minutes=1)
    sign_up(line, form())
    assert len(emails(line)) == 2


def test_any_number_of_signups_for_one_victim_makes_one_email(line: Line) -> None:
    """From as many networks, and several at the same time. Here it is a thousand, as each takes some milliseconds."""
    line.configure(".web: {max_signups_per_hour: 20000}")
    _ = line.store
    senders, batches = 4, 10
    failures: list[BaseException] = []

    def attack(sender: int) -> None:
        try:
            for batch in range(batches):
                sign_up(line, *(form(network=f"{sender}.{batch}.{n}", passed_extra=True) for n in range(25)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(emails(line)) == 1


def test_a_network_with_many_signups_is_asked_for_one_more_click(line: Line) -> None:
    for number in range(5):
        assert sign_up(line, form(f"a{number}@gmail.com")) is LimitDecision.TAKE
    last = form("a9@gmail.com")
    assert sign_up(line, last) is LimitDecision.EXTRA
    assert waiting(line, "a9@gmail.com") is None
    assert sign_up(line, replace(last, passed_extra=True)) is LimitDecision.TAKE
    assert sign_up(line, form("a10@gmail.com", network="192.0.2.2")) is LimitDecision.TAKE


def test_a_domain_with_many_signups_is_asked_for_one_more_click(line: Line) -> None:
    for number in range(30):
        sign_up(line, form(f"a{number}@truong.example", network=f"n{number}"))
    assert sign_up(line, form("a@truong.example", network="n")) is LimitDecision.EXTRA
    assert sign_up(line, form("a@gmail.com", network="n")) is LimitDecision.TAKE


def test_if_hardly_anybody_confirms_everybody_is_asked_and_staff_are_told_once(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(50):
        sign_up(line, form(f"a{number}@gmail.com", network=f"n{number}"))
    with caplog.at_level(logging.ERROR, "distributor.signup"):
        assert sign_up(line, form(network="n")) is LimitDecision.EXTRA
        assert sign_up(line, form(network="m")) is LimitDecision.EXTRA
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "of 50 sign-ups in the last hour, 0 were confirmed"
    ]
    line.now += timedelta(hours=2)
    assert sign_up(line, form(network="n")) is LimitDecision.TAKE


def test_limits_can_be_looked_up_without_writing_but_staff_are_told(line: Line) -> None:
    def look(one: SignupForm) -> LimitDecision:
        with line.store.read() as connection:
            return check_limits(line.newsroom, connection, one, line.now)

    for number in range(5):
        assert look(form(f"a{number}@gmail.com")) is LimitDecision.TAKE
        sign_up(line, form(f"a{number}@gmail.com"))
    assert look(form("a9@gmail.com")) is LimitDecision.EXTRA
    assert look(form("a9@gmail.com", passed_extra=True)) is LimitDecision.TAKE
    for number in range(45):
        sign_up(line, form(f"b{number}@gmail.com", network=f"n{number}"))
    assert look(form("c@gmail.com", network="n")) is LimitDecision.TAKE, "so that it can be written down"
    assert sign_up(line, form("c@gmail.com", network="n")) is LimitDecision.EXTRA
    assert look(form("c@gmail.com", network="n")) is LimitDecision.EXTRA


def test_the_site_takes_only_so_many_an_hour(line: Line) -> None:
    line.configure(".web: {max_signups_per_hour: 10}")
    for number in range(10):
        sign_up(line, form(f"a{number}@gmail.com", network=f"n{number}"))
    assert sign_up(line, form(passed_extra=True)) is LimitDecision.TOO_MANY
    assert waiting(line) is None


def test_no_count_names_a_network_or_an_address(line: Line) -> None:
    sign_up(line, form())
    with line.store.read() as connection:
        keys = connection.execute(sa.text("SELECT key FROM attempt_counts")).scalars().all()
    assert keys and not any("192.0.2" in key or "example" in key for key in keys)


def test_other_programs_are_told_who_has_confirmed(line: Line) -> None:
    listen(line)
    sign_up(line, form())
    assert happened(line) == []
    confirm(line)
    confirm(line)
    assert happened(line) == [("confirmed", LAN, "tin-sang", "form"), ("subscribed", LAN, "tin-sang", "form")]


def test_other_programs_are_told_once_that_it_was_not_them_and_no_goodbye_is_sent(line: Line) -> None:
    listen(line)
    sign_up(line, form())
    confirm(line)
    signup = waiting(line)
    assert signup
    for _ in range(2):
        with line.store.write() as connection:
            refuse_signup(line.newsroom, connection, signup.id, line.now)
    assert happened(line) == [("left", "", "", "erased")]  # what waited for them went with the address
    assert emails(line, "email/goodbye") == []


def test_a_sign_up_through_the_api_is_on_record_as_one(line: Line) -> None:
    listen(line)
    sign_up(line, form(via="api"))
    confirm(line)
    person = subscriber(line)
    assert person
    with line.store.read() as connection:
        assert [one.via for one in consents.list_of(connection, person.id)] == ["api"]
    assert {via for *_, via in happened(line)} == {"api"}


# -- subscribed at once -------------------------------------------------------------------------------------------------


def test_single_opt_in_subscribes_at_once(line: Line) -> None:
    line.configure("confirm: single")
    sign_up(line, form(name="Lan"))
    person = subscriber(line)
    assert person and person.newsletters == ("tin-sang",)
    assert (len(emails(line)), len(emails(line, "email/welcome"))) == (0, 1)
    with line.store.read() as connection:
        (consent,) = consents.list_of(connection, person.id)
    assert consent.confirmed_at is None
    sign_up(line, form(name="Lan"))
    assert len(emails(line, "email/welcome")) == 1


def test_whoever_has_left_must_confirm_even_where_others_need_not(line: Line) -> None:
    """Anybody can fill in a form."""
    line.configure("confirm: single")
    sign_up(line, form())
    person = subscriber(line)
    assert person
    with line.store.write() as connection:
        repository.unsubscribe(connection, person, "tin-sang", now=line.now, via="link")
    sign_up(line, form())
    after = subscriber(line)
    assert after and after.newsletters == ()
    assert len(emails(line)) == 1


def test_nobody_changes_the_choices_of_a_subscriber_by_a_form(line: Line) -> None:
    line.configure("confirm: single")
    sign_up(line, form(name="Lan"))
    sign_up(line, form(name="Ai đó", topics=("Y tế",), frequency=Frequency.WEEKLY, language=Language.EN))
    person = subscriber(line)
    assert person and (person.name, person.topics, person.language) == ("Lan", (), Language.VI)
    assert person.frequency is Frequency.EACH


# -- reminders and the end ----------------------------------------------------------------------------------------------


def tend(line: Line) -> int:
    return tend_signups(line.newsroom, line.store, line.now)


def test_whoever_does_not_confirm_is_reminded_once_and_then_forgotten(line: Line) -> None:
    sign_up(line, form())
    assert tend(line) == 0
    line.now += timedelta(days=3)
    assert tend(line) == 1
    assert tend(line) == 0
    assert (len(emails(line)), len(emails(line, "email/reminder"))) == (1, 1)
    line.now += timedelta(days=27)
    tend(line)
    assert waiting(line) is None


def test_whoever_has_confirmed_or_refused_is_not_reminded(line: Line) -> None:
    sign_up(line, form())
    confirm(line)
    line.now += timedelta(days=3)
    assert tend(line) == 0


def test_newsletters_are_added_to_what_waits(line: Line) -> None:
    line.config += "  # two\n"
    line.config = line.config.replace(
        "newsletters:\n", "newsletters:\n  tin-tuan: {title: Tin tuần, channels: [mail]}\n"
    )
    sign_up(line, form())
    sign_up(line, form(LAN, "tin-tuan"))
    assert len(emails(line)) == 1
    confirm(line)
    person = subscriber(line)
    assert person and set(person.newsletters) == {"tin-sang", "tin-tuan"}
    (welcome,) = emails(line, "email/welcome")
    assert json.loads(welcome.body)["values"]["titles"] == "Tin sáng, Tin tuần"
