"""Events of providers worked: what each does to its recipient, and what does nothing."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from distributor.delivery import outbox
from distributor.storage.tables import bounces
from distributor.subscribers import opt_outs, subscribe
from distributor.subscribers.requests import parse_request
from support import provider_requests as sent
from support.clocked_newsroom import Line
from support.provider_requests import ProviderRequest
from support.told_events import happened, listen
from support.worked_reports import LAN, PROVIDERS, Reports, delivered

EVER = sent.utc("2026-01-01")


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
        "ses": sent.sns_notification(sent.ses_complaint(token, LAN, now), now),
        "ses identity": sent.sns_notification(sent.ses_complaint(token, LAN, now, events=False), now),
        "ses without a type": sent.sns_notification(sent.ses_complaint(token, LAN, now, complaintFeedbackType=None), now),
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
        "ses": sent.sns_notification(
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
        "ses delivery": sent.sns_notification(json.dumps(other), now),
        "ses not spam": sent.sns_notification(
            sent.ses_complaint(token, LAN, now, complaintFeedbackType="not-spam"), now
        ),
        "ses hello": sent.sns_notification("Successfully validated SNS topic for Amazon SES event publishing.", now),
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
        "ses": sent.sns_notification(sent.ses_bounce(token, LAN, now, bounceSubType="OnAccountSuppressionList"), now),
        "ses global": sent.sns_notification(sent.ses_bounce(token, LAN, now, bounceSubType="Suppressed"), now),
        "ses complaint": sent.sns_notification(
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
    assert reports.told(sent.sns_notification(content, reports.line.now)) == {"hard": 1}


def test_all_recipients_of_an_event_are_looked_at_and_the_token_stands_for_one(reports: Reports) -> None:
    now = reports.line.now
    content = json.loads(sent.ses_bounce(reports.token(), "hoa@example.com", now))
    content["bounce"]["bouncedRecipients"].append({"emailAddress": LAN, "status": "5.1.1"})
    assert reports.told(sent.sns_notification(json.dumps(content), now)) == {"soft": 1, "hard": 1}
    assert (reports.suppressed(), reports.suppressed("hoa")) == ("hard", "")


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
