"""Whose an event of a provider is: the token of one of our emails says it, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from distributor import pipeline
from distributor.delivery import outbox
from distributor.mail import verp
from distributor.model import Language
from distributor.pipeline.transactional import EmailRequest, enqueue_email
from distributor.subscribers import repository
from support import provider_requests as sent
from support.clocked_newsroom import Line
from support.worked_reports import LAN, PROVIDERS, Reports, delivered


def confirmation(line: Line, subscriber: str = "") -> str:
    """An email to somebody outside of any edition; the token that its bounces bring back."""
    request = EmailRequest(
        template="email/confirmation",
        address="moi@example.com",
        subscriber=subscriber,
        newsletter="tin-sang",
        language=Language.VI,
        dedupe_key="confirmation:1",
        expires_at=line.now + timedelta(days=1),
    )
    with line.store.write() as connection:
        assert enqueue_email(line.newsroom, connection, request, line.now)
        (row,) = outbox.iterate_latest(connection)
    return verp.token(line.newsroom.secret(), row.number)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_bounce_of_a_transactional_email_is_known_by_its_token(reports: Reports, provider: str) -> None:
    token = confirmation(reports.line)
    assert reports.told(sent.all_hard(token, "moi@example.com", reports.line.now)[provider]) == {"hard": 1}
    assert (reports.suppressed("moi"), reports.suppressed()) == ("hard", "")


def test_who_leaves_at_the_provider_by_a_transactional_email_leaves_its_newsletter(reports: Reports) -> None:
    line = reports.line
    line.subscribe("moi")
    with line.store.read() as connection:
        person = repository.find(connection, "moi@example.com")
    assert person
    token = confirmation(line, person.id)
    line.now += timedelta(minutes=1)
    request = sent.mailgun(token, "moi@example.com", line.now, event="unsubscribed")
    assert reports.told(request) == {"unsubscribed": 1}
    assert (reports.newsletters("moi"), reports.newsletters()) == ((), ("tin-sang",))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_token_of_ours_nothing_happens(reports: Reports, provider: str) -> None:
    """The same account may send other emails; and a token cannot be made up."""
    for token in ("", "a" * 32, verp.token(b"another key of anybody", 1)):
        assert reports.told(sent.all_hard(token, LAN, reports.line.now)[provider]) == {"not ours": 1}
    assert (reports.suppressed(), reports.bounces()) == ("", [])


def test_a_token_counts_where_the_provider_repeats_it_and_nowhere_else(reports: Reports) -> None:
    """What a recipient's server says is quoted in events: it could hold somebody's token."""
    now, token = reports.line.now, reports.token()
    said = f"550 5.1.1 no such user bounce+{token}@bacson.example"
    for request in (
        sent.sns_notification(sent.ses_bounce("", LAN, now, said=f"smtp; {said}"), now),
        sent.mailgun("", LAN, now, status={"message": said, "code": 550}, tags=[token]),
        sent.postmark("", LAN, now, Details=said, MessageID=token),
        sent.sendgrid(sent.sendgrid_event("", LAN, now, reason=said, **{"smtp-id": token}), now=now),
        sent.brevo(sent.brevo_event("", LAN, now, reason=said, tag=token)),
    ):
        assert reports.told(request) == {"not ours": 1}, request.provider
    assert reports.suppressed() == ""


@pytest.mark.parametrize("provider", ["sendgrid", "brevo"])
def test_in_an_array_each_event_has_its_own_token(reports: Reports, provider: str) -> None:
    now, event = reports.line.now, sent.sendgrid_event if provider == "sendgrid" else sent.brevo_event
    name = "event"
    batch = [
        event(reports.token(), LAN, now),
        event("", "hoa@example.com", now),
        event(reports.token("hoa"), "hoa@example.com", now, **{name: "delivered"}),
        event(reports.token("minh"), "minh@example.com", now, **{name: "unsubscribe"}),
        event("x" * 32, "hoa@example.com", now),
        event(reports.token(), LAN, now),
    ]
    request = sent.sendgrid(*batch, now=now) if provider == "sendgrid" else sent.brevo(batch)
    assert reports.told(request) == {"hard": 1, "not ours": 2, "nothing": 1, "unsubscribed": 1, "known": 1}
    assert [reports.suppressed(name) for name in ("lan", "hoa", "minh")] == ["hard", "", ""]
    assert reports.newsletters("minh") == ()


def test_a_complaint_of_another_address_is_not_the_recipients(reports: Reports) -> None:
    """Where emails are forwarded, who complains or leaves may be somebody else."""
    now = reports.line.now
    for request in (
        sent.sns_notification(sent.ses_complaint(reports.token(), "other@example.com", now), now),
        sent.mailgun(reports.token(), "other@example.com", now, event="unsubscribed"),
    ):
        assert reports.told(request) == {"of another address": 1}
    assert (reports.suppressed(), reports.newsletters()) == ("", ("tin-sang",))


def test_a_secret_that_was_exchanged_still_reads_its_tokens(reports: Reports) -> None:
    request = reports.hard("mailgun")
    (reports.line.folder / "old.key").write_bytes(reports.line.newsroom.secret())
    reports.line.configure(".secret: 0123456789abcdef0123456789abcdef", ".old_secrets: ['file:old.key']")
    pipeline.claim_store(reports.line.newsroom, reports.line.store, reports.line.now, new_key=True)
    assert reports.told(request) == {"hard": 1}


def test_too_many_hard_bounces_wait_for_staff_as_ever(tmp_path: Path) -> None:
    line = Line(tmp_path)
    reports = delivered(line, *(f"nguoi-{number}" for number in range(40)))
    now = reports.line.now
    events = [
        sent.sendgrid_event(reports.token(f"nguoi-{number}"), f"nguoi-{number}@example.com", now)
        for number in range(15)
    ]
    assert reports.told(sent.sendgrid(*events, now=now)) == {"hard": 15}
    assert reports.suppressed("nguoi-0") == ""
    line.close()
