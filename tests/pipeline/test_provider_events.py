"""Events of providers worked: what each does to its recipient, and what does nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces import provider_events, suppressions
from distributor.bounces.providers import severity
from distributor.bounces.providers.event import ProviderEvent
from distributor.delivery import outbox, queries
from distributor.errors import DamagedRow, StoreError
from distributor.mail import verp
from distributor.model import BounceType, Language
from distributor.newsroom import Newsroom
from distributor.pipeline import housekeeping
from distributor.pipeline import provider_events as working
from distributor.pipeline.transactional import EmailRequest, enqueue_email
from distributor.storage.tables import bounces
from distributor.subscribers import opt_outs, repository, subscribe
from distributor.subscribers.requests import parse_request
from support import provider_requests as sent
from support.clocked_newsroom import Line
from support.provider_requests import ProviderRequest
from support.told_events import happened, listen
from support.worked_reports import LAN, Reports, delivered

PROVIDERS = ("ses", "mailgun", "postmark", "sendgrid", "brevo")
EVER = sent.utc("2026-01-01")


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[Reports]:
    line = Line(tmp_path)
    yield delivered(line)
    line.close()


def notification(content: str, now: datetime) -> ProviderRequest:
    return sent.sns_signed(sent.sns_fields(content, now))


# -- what happens --------------------------------------------------------------------------------------------------------


def test_a_hard_bounce_of_any_provider_suppresses_its_recipient_and_nobody_else(line: Line) -> None:
    reports = delivered(line)
    for provider in PROVIDERS:
        assert reports.told(reports.hard(provider)) in ({"hard": 1}, {"known": 1}), provider
    assert (reports.suppressed(), reports.suppressed("hoa")) == ("hard", "")
    assert reports.bounces() == [(LAN, "hard", "ses")], "told five times, it counts once"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_alone_is_understood(reports: Reports, provider: str) -> None:
    assert reports.told(reports.hard(provider)) == {"hard": 1}
    assert reports.bounces() == [(LAN, "hard", provider)]
    (row,) = reports.rows()
    assert (row.state, row.body, row.note) == ("done", b"", "hard"), "what it held is deleted: it names people"


def complaints(token: str, now: datetime) -> dict[str, ProviderRequest]:
    return {
        "ses": notification(sent.ses_complaint(token, LAN, now), now),
        "ses identity": notification(sent.ses_complaint(token, LAN, now, events=False), now),
        "ses without a type": notification(sent.ses_complaint(token, LAN, now, complaintFeedbackType=None), now),
        "mailgun": sent.mailgun(token, LAN, now, event="complained"),
        "postmark": sent.postmark(token, LAN, now, RecordType="SpamComplaint", Type="SpamComplaint"),
        "postmark change": sent.postmark(
            token, "", now, RecordType="SubscriptionChange", Email=None, Recipient=LAN, SuppressSending=True,
            SuppressionReason="SpamComplaint", Origin="Recipient",
        ),
        "sendgrid": sent.sendgrid(sent.sendgrid_event(token, LAN, now, event="spamreport"), now=now),
        "brevo": sent.brevo(sent.brevo_event(token, LAN, now, event="spam")),
        "brevo, older": sent.brevo(sent.brevo_event(token, LAN, now, event="complaint")),
    }  # fmt: skip


def test_a_complaint_of_any_provider_counts_and_from_all_of_them_once(reports: Reports) -> None:
    found = [reports.told(one) for one in complaints(reports.token(), reports.line.now).values()]
    assert found == [{"complaint": 1}, *[{"known": 1}] * 8]
    assert reports.suppressed() == "complaint"


def leaving(token: str, now: datetime) -> dict[str, ProviderRequest]:
    return {
        "ses": notification(
            json.dumps(
                {
                    "eventType": "Subscription",
                    "subscription": {"newTopicPreferences": {"unsubscribeAll": True}},
                    "mail": sent.ses_mail(token, True),
                }
            ),
            now,
        ),
        "mailgun": sent.mailgun(token, LAN, now, event="unsubscribed"),
        "postmark": sent.postmark(
            token, "", now, RecordType="SubscriptionChange", Email=None, Recipient=LAN, SuppressSending=True,
            SuppressionReason="ManualSuppression", Origin="Recipient", BouncedAt=None, ChangedAt=f"{now:%Y-%m-%dT%H:%M:%S}Z",
        ),
        "sendgrid": sent.sendgrid(sent.sendgrid_event(token, LAN, now, event="unsubscribe"), now=now),
        "sendgrid group": sent.sendgrid(sent.sendgrid_event(token, LAN, now, event="group_unsubscribe"), now=now),
        "brevo": sent.brevo(sent.brevo_event(token, LAN, now, event="unsubscribed")),
        "brevo, older": sent.brevo(sent.brevo_event(token, LAN, now, event="unsubscribe")),
    }  # fmt: skip


@pytest.mark.parametrize("provider", leaving("", EVER))
def test_who_leaves_at_the_provider_leaves_that_newsletter(reports: Reports, provider: str) -> None:
    request = leaving(reports.token(), reports.line.now)[provider]
    assert reports.told(request) == {"unsubscribed": 1}
    assert (reports.newsletters(), reports.newsletters("hoa"), reports.suppressed()) == ((), ("tin-sang",), "")
    with reports.line.store.read() as connection:
        (left,) = opt_outs.find_by_key(connection, LAN)
    assert (left.newsletter, left.via, left.reason) == ("tin-sang", "provider", re.split(r"\W", provider)[0])
    assert reports.told(request) == {"known": 1}


def test_other_programs_are_told_who_has_left_at_the_provider_and_no_goodbye_is_sent(reports: Reports) -> None:
    listen(reports.line)
    reports.told(*[leaving(reports.token(), reports.line.now)["mailgun"]] * 2)
    assert happened(reports.line) == [("left", LAN, "tin-sang", "provider")]
    with reports.line.store.read() as connection:
        assert outbox.count(connection) == 1, "the event alone"


def test_who_has_come_back_is_not_sent_away_by_an_old_event(reports: Reports) -> None:
    """Events come late, twice, and out of order."""
    line = reports.line
    request = sent.mailgun(reports.token(), LAN, line.now, event="unsubscribed")
    assert reports.told(request) == {"unsubscribed": 1}
    line.now += timedelta(minutes=5)
    wanted = parse_request(LAN, ["tin-sang"], known=["tin-sang"])
    with line.store.write() as connection:
        subscribe.resubscribe(connection, wanted, line.now, keys=line.newsroom.secrets())
    line.now += timedelta(minutes=5)
    assert reports.told(request) == {"subscribed again since": 1}
    assert reports.newsletters() == ("tin-sang",)


# -- what does nothing ---------------------------------------------------------------------------------------------------


def nothing(token: str, now: datetime) -> dict[str, ProviderRequest]:
    """What says nothing of the recipient."""
    other = {"eventType": "Delivery", "delivery": {}, "mail": sent.ses_mail(token, True)}
    return {
        "ses delivery": notification(json.dumps(other), now),
        "ses not spam": notification(sent.ses_complaint(token, LAN, now, complaintFeedbackType="not-spam"), now),
        "ses hello": notification("Successfully validated SNS topic for Amazon SES event publishing.", now),
        "mailgun delivered": sent.mailgun(token, LAN, now, event="delivered"),
        "mailgun temporary": sent.mailgun(token, LAN, now, severity="temporary"),
        "postmark delivery": sent.postmark(token, LAN, now, RecordType="Delivery"),
        "postmark vacation": sent.postmark(token, LAN, now, Type="AutoResponder"),
        "postmark again": sent.postmark(token, LAN, now, RecordType="SubscriptionChange", SuppressSending=False),
        "sendgrid deferred": sent.sendgrid(sent.sendgrid_event(token, LAN, now, event="deferred"), now=now),
        "sendgrid again": sent.sendgrid(sent.sendgrid_event(token, LAN, now, event="group_resubscribe"), now=now),
        "brevo deferred": sent.brevo(sent.brevo_event(token, LAN, now, event="deferred")),
        "brevo opened": sent.brevo(sent.brevo_event(token, LAN, now, event="opened")),
    }


def test_what_is_no_bounce_does_nothing(reports: Reports) -> None:
    for name, request in nothing(reports.token(), reports.line.now).items():
        assert set(reports.told(request)) <= {"nothing"}, name
    assert (reports.bounces(), reports.suppressed(), reports.newsletters()) == ([], "", ("tin-sang",))
    assert {row.state for row in reports.rows()} == {"done"}


def not_tried(token: str, now: datetime) -> dict[str, ProviderRequest]:
    """What the provider holds by a list of its own."""
    return {
        "ses": notification(sent.ses_bounce(token, LAN, now, bounceSubType="OnAccountSuppressionList"), now),
        "ses global": notification(sent.ses_bounce(token, LAN, now, bounceSubType="Suppressed"), now),
        "ses complaint": notification(
            sent.ses_complaint(token, LAN, now, complaintSubType="OnAccountSuppressionList"), now
        ),
        "mailgun": sent.mailgun(token, LAN, now, reason="suppress-bounce"),
        "mailgun 605": sent.mailgun(token, LAN, now, status={"code": 605, "message": "Not delivering"}),
        "postmark": sent.postmark(token, LAN, now, Type="ManuallyDeactivated"),
        "sendgrid": sent.sendgrid(
            sent.sendgrid_event(token, LAN, now, event="dropped", reason="Bounced Address"), now=now
        ),
        "brevo": sent.brevo(sent.brevo_event(token, LAN, now, event="blocked")),
    }


def test_what_the_provider_has_not_even_tried_suppresses_nobody_and_is_shown(reports: Reports) -> None:
    for name, request in not_tried(reports.token(), reports.line.now).items():
        assert reports.told(request) == {"held by provider": 1}, name
        assert (reports.suppressed(), reports.bounces()) == ("", [(LAN, "policy", request.provider)]), name
        with reports.line.store.write() as connection:
            text = connection.execute(sa.select(bounces.c.text)).scalar_one()
            connection.execute(sa.delete(bounces))
        assert text.startswith(f"held by {request.provider}, not sent: ")


def test_the_shape_of_an_identity_has_our_token_in_its_envelope_alone(reports: Reports) -> None:
    content = sent.ses_bounce(reports.token(), LAN, reports.line.now, events=False)
    assert reports.told(notification(content, reports.line.now)) == {"hard": 1}


def test_all_recipients_of_an_event_are_looked_at_and_the_token_stands_for_one(reports: Reports) -> None:
    now = reports.line.now
    content = json.loads(sent.ses_bounce(reports.token(), "hoa@example.com", now))
    content["bounce"]["bouncedRecipients"].append({"emailAddress": LAN, "status": "5.1.1"})
    assert reports.told(notification(json.dumps(content), now)) == {"soft": 1, "hard": 1}
    assert (reports.suppressed(), reports.suppressed("hoa")) == ("hard", "")


# -- whose it is ---------------------------------------------------------------------------------------------------------


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
        notification(sent.ses_bounce("", LAN, now, said=f"smtp; {said}"), now),
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
        notification(sent.ses_complaint(reports.token(), "other@example.com", now), now),
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


# -- messages as they came -----------------------------------------------------------------------------------------------


def test_a_returned_email_that_is_posted_is_read_as_from_a_mailbox(reports: Reports) -> None:
    report = (
        f"To: bounce+{reports.token()}@bacson.example\r\nFrom: MAILER-DAEMON@relay.example\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; {LAN}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n--b--\r\n"
    )
    assert reports.told(ProviderRequest("smtp", report.encode())) == {"hard": 1}
    assert reports.suppressed() == "hard"
    assert reports.told(ProviderRequest("smtp", report.encode())) == {"nothing": 1}
    assert reports.told(ProviderRequest("smtp", b"Subject: Xin chao\r\n\r\nThu cua ban doc")) == {}
    assert [row.state for row in reports.rows()] == ["done"] * 3


# -- what cannot be worked -----------------------------------------------------------------------------------------------


def test_what_was_worked_or_set_aside_stays_when_others_come(reports: Reports) -> None:
    """A request that comes again is known by its key; what was set aside waits for staff."""
    for body in (b"{", reports.hard("mailgun").body):
        reports.store(ProviderRequest("mailgun", body))
        reports.work()
        reports.line.now += timedelta(minutes=5)
    assert [row.state for row in reports.rows()] == ["aside", "done"]
    reports.told(reports.hard("postmark"))
    assert [row.state for row in reports.rows()] == ["aside", "done", "done"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_nobody_can_read_is_set_aside_and_named(reports: Reports, provider: str) -> None:
    bodies = [b"", b"{", b"[1]", b"null", b"[" * 50_000]
    for body in bodies:
        reports.store(ProviderRequest(provider, body))
    done = reports.work()
    assert [(row.state, row.body) for row in reports.rows()] == [("aside", body) for body in bodies]
    assert [alarm.partition(":")[0] for alarm in done.alarms] == [provider] * 5
    assert reports.work() == pipeline.WorkedEvents(0, (), {}), "it is not tried again by itself"


def many(reports: Reports, count: int) -> ProviderRequest:
    """Bounces of three people, again and again."""
    now, people = reports.line.now, ("lan", "hoa", "minh")
    tokens = {name: reports.token(name) for name in people}
    names = [people[number % 3] for number in range(count)]
    return sent.sendgrid(*(sent.sendgrid_event(tokens[name], f"{name}@example.com", now) for name in names), now=now)


def test_a_large_request_lets_others_write_in_between(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of events take seconds: nobody else could write meanwhile, and a one-click POST gives up."""
    monkeypatch.setattr(working, "_PIECE", 3)
    real, sizes = working._work_piece, []

    def piece(connection: sa.Connection, newsroom: Newsroom, event: Any, some: Any, now: datetime) -> tuple[str, ...]:
        sizes.append(len(some))
        return real(connection, newsroom, event, some, now)

    monkeypatch.setattr(working, "_work_piece", piece)
    assert reports.told(many(reports, 8)) == {"hard": 3, "known": 5}
    assert sizes == [3, 3, 2]
    assert [(row.state, row.note) for row in reports.rows()] == [("done", "3 hard, 5 known")]


def test_a_request_whose_work_ends_in_the_middle_is_worked_again_and_counts_once(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "_PIECE", 2)
    real, calls = suppressions.record_bounces, 0

    def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise StoreError("the machine is switched off")
        return real(*arguments)

    monkeypatch.setattr(suppressions, "record_bounces", dies)
    reports.store(many(reports, 6))
    with pytest.raises(StoreError):
        reports.work()
    assert len(reports.bounces()) == 2 and [row.state for row in reports.rows()] == ["waiting"]
    monkeypatch.undo()
    assert dict(reports.work().results or {}) == {"known": 5, "hard": 1}
    assert len(reports.bounces()) == 3


def test_no_event_is_left_out_without_a_word(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.bounces.providers.event.MAX_EVENTS", 3)
    assert reports.told(many(reports, 3)) == {"hard": 3}
    reports.store(many(reports, 4))
    assert "more than 3 events" in reports.work().alarms[0]


def test_a_row_that_cannot_be_read_keeps_no_other_event_waiting(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, damaged = queries.find_delivery, iter([DamagedRow("delivery 1 cannot be read")])

    def find(connection: sa.Connection, number: int) -> Any:
        for error in damaged:
            raise error
        return real(connection, number)

    monkeypatch.setattr(queries, "find_delivery", find)
    reports.store(reports.hard("mailgun"))
    reports.store(sent.mailgun(reports.token("hoa"), "hoa@example.com", reports.line.now))
    assert "delivery 1 cannot be read" in reports.work().alarms[0]
    assert [row.state for row in reports.rows()] == ["aside", "done"]


def test_one_event_that_upsets_us_keeps_no_other_waiting(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    real = severity.bounce_type

    def upset(event: ProviderEvent, address: str) -> BounceType:
        if address == LAN:
            raise RuntimeError("nobody has foreseen this")
        return real(event, address)

    monkeypatch.setattr(working, "bounce_type", upset)
    reports.store(reports.hard("mailgun"))
    reports.store(sent.mailgun(reports.token("hoa"), "hoa@example.com", reports.line.now))
    done = reports.work()
    assert done.alarms and "nobody has foreseen this" in done.alarms[0]
    assert [row.state for row in reports.rows()] == ["aside", "done"]
    monkeypatch.undo()
    with reports.line.store.write() as connection:
        assert provider_events.retry_aside(connection) == 1
    reports.work()
    assert (reports.suppressed(), reports.suppressed("hoa")) == ("hard", "hard")


def test_test_mode_works_nothing(reports: Reports) -> None:
    reports.store(reports.hard("mailgun"))
    reports.line.configure(".test_mode: {to: thu@bacson.example}")
    assert reports.work() == pipeline.WorkedEvents()
    assert [row.state for row in reports.rows()] == ["waiting"]


def test_what_is_old_is_forgotten_and_what_waits_never(reports: Reports) -> None:
    reports.told(reports.hard("mailgun"))
    reports.told(ProviderRequest("mailgun", b"{}"))
    reports.store(reports.hard("postmark"))
    assert [row.state for row in reports.rows()] == ["done", "aside", "waiting"]
    reports.line.now += timedelta(days=31)
    housekeeping.keep_house(reports.line.newsroom, reports.line.store, reports.line.now)
    assert [row.state for row in reports.rows()] == ["waiting"]


def test_a_copy_of_the_store_works_nothing(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("a copy")

    monkeypatch.setattr(working, "check_may_send", refuse)
    reports.store(reports.hard("mailgun"))
    with pytest.raises(StoreError):
        reports.work()
    assert reports.suppressed() == ""
