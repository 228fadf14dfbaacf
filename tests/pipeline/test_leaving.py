"""Unsubscribing, on both stores: by a link, by an email, undone; and what other programs and the subscriber are told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces import parser
from distributor.bounces.parser import BounceReportKind
from distributor.mail import verp
from distributor.model import Subscriber
from distributor.pipeline import leaving
from distributor.pipeline.leaving import LeaveRequest, Standing
from distributor.storage.web_tables import outbox
from distributor.subscribers import opt_outs, repository
from support.clocked_newsroom import Line

LAN = "lan@example.com"
ADDRESS = ", unsubscribe_address: leave@bacson.example}"


@pytest.fixture
def lan(line: Line) -> str:
    line.config = line.config.replace("maildir: mail}", "maildir: mail" + ADDRESS)
    line.configure()
    line.subscribe("lan")
    return find(line).id


def find(line: Line) -> Subscriber:
    with line.store.read() as connection:
        found = repository.find(connection, LAN)
    assert found
    return found


def leave(line: Line, *requests: LeaveRequest) -> list[Standing | None]:
    with line.store.write() as connection:
        return leaving.leave_all(line.newsroom, connection, requests, line.now)


def goodbyes(line: Line) -> int:
    with line.store.read() as connection:
        query = sa.select(sa.func.count()).where(outbox.c.kind == "email/goodbye")
        number: int = connection.execute(query.select_from(outbox)).scalar_one()
    return number


def wish(line: Line, subscriber: str, newsletter: str = "tin-sang") -> LeaveRequest:
    return LeaveRequest(subscriber=subscriber, newsletter=newsletter, received_at=line.now)


class TestByLink:
    def test_the_same_request_many_times_in_one_transaction_is_one(self, line: Line, lan: str) -> None:
        one, two, other = leave(line, wish(line, lan), wish(line, lan), wish(line, "0" * 16))
        assert one == two and one and (one.left_at, one.undo, one.subscribed) == (line.now, True, False)
        assert other is None
        assert goodbyes(line) == 1

    def test_leaving_all_after_one_keeps_the_time_of_the_one(self, line: Line, lan: str) -> None:
        before = line.now
        leave(line, wish(line, lan))
        line.now += timedelta(hours=1)
        leave(line, wish(line, lan, ""))
        with line.store.read() as connection:
            assert [(one.newsletter, one.at) for one in opt_outs.find_by_key(connection, LAN)] == [
                ("", line.now), ("tin-sang", before)
            ]  # fmt: skip

    def test_what_was_left_before_all_does_not_come_back_with_all(self, line: Line, lan: str) -> None:
        leave(line, wish(line, lan))
        line.now += timedelta(hours=1)
        leave(line, wish(line, lan, ""))
        with line.store.write() as connection:
            standing = leaving.find_standing(connection, lan, "", line.now)
            assert standing
            leaving.undo_leaving(line.newsroom, connection, standing, line.now)
        assert find(line).newsletters == ()

    def test_a_pause_is_over_by_itself_and_ends_with_an_undo(self, line: Line, lan: str) -> None:
        with line.store.write() as connection:
            repository.pause(connection, lan, "tin-sang", line.now + timedelta(days=7))
            assert repository.paused_until(connection, lan) == {"tin-sang": line.now + timedelta(days=7)}
            standing = leaving.find_standing(connection, lan, "tin-sang", line.now)
        assert standing and standing.paused_until == line.now + timedelta(days=7)


class TestByEmail:
    def mailto(self, line: Line) -> str:
        """The address in Lan's email to write to."""
        line.arrives("a")
        line.day("2026-11-23 07:00")
        header = str(line.mailbox("lan")[0]["List-Unsubscribe"])
        found = re.search(
            r"^<https?://[^>]+>, <mailto:(leave\+[a-z2-7]{32}@bacson\.example)\?subject=unsubscribe>$", header
        )
        assert found, header
        assert len(found[1].partition("@")[0]) <= 63
        return found[1]

    def accept(self, line: Line, *lines: str) -> list[pipeline.HandledReport]:
        raw = "\r\n".join((*lines, "", "x")).encode()
        return pipeline.process_report(line.newsroom, line.store, raw, line.now)

    @pytest.mark.parametrize("subject", ["unsubscribe", "", "Re: Tin sáng", "=?utf-8?q?h=E1=BB=A7y?="])
    def test_any_email_to_the_address_unsubscribes(self, line: Line, lan: str, subject: str) -> None:
        to = self.mailto(line)
        (one,) = self.accept(line, "From: Somebody <else@example.org>", f"To: {to.upper()}", f"Subject: {subject}")
        assert one.left and one.left.newsletter == "tin-sang"
        assert find(line).newsletters == ()
        with line.store.read() as connection:
            assert [row.via for row in opt_outs.find_by_key(connection, LAN)] == ["email"]
        assert goodbyes(line) == 1

    def test_a_dry_run_unsubscribes_nobody(self, line: Line, lan: str) -> None:
        raw = f"From: a@b.vn\r\nDelivered-To: {self.mailto(line)}\r\n\r\n".encode()
        (one,) = pipeline.dry_run_report(line.newsroom, line.store, raw, line.now)
        assert one.left and find(line).newsletters == ("tin-sang",)


SECRET = (b"0123456789abcdef",)
TO = f"To: leave+{verp.token(SECRET[0], 7, verp.LEAVE)}@bacson.example"


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "Return-Path: <>",
        "Precedence: bulk",
        "List-Id: <tin.example>",
        "X-Autoreply: yes",
        "Subject: Out of office: Tin sáng",
        "From: MAILER-DAEMON@example.com",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="x"',
    ],
)
def test_what_no_person_has_written_unsubscribes_nobody(headers: str) -> None:
    (report,) = parser.parse_reports(f"{headers}\r\n{TO}\r\n\r\nx".encode(), SECRET)
    assert report.kind is BounceReportKind.OTHER


@pytest.mark.parametrize(
    "to",
    [
        f"bounce+{verp.token(SECRET[0], 7)}@bacson.example",
        f"leave+{verp.token(SECRET[0], 7)}@bacson.example",
        f"leave+{verp.token(b'another key of ours', 7, verp.LEAVE)}@bacson.example",
        f"leave+{'a' * 32}@bacson.example",
        "leave@bacson.example",
    ],
)
def test_only_the_token_for_leaving_unsubscribes(to: str) -> None:
    assert parser.parse_reports(f"From: a@b.vn\r\nTo: {to}\r\n\r\nx".encode(), SECRET) == ()


def test_a_token_that_is_quoted_in_the_text_unsubscribes_nobody() -> None:
    assert parser.parse_reports(f"From: a@b.vn\r\nTo: tin@bacson.example\r\n\r\n{TO}".encode(), SECRET) == ()


def test_a_token_for_leaving_is_no_bounce() -> None:
    assert verp.read(SECRET, TO) is None
    assert verp.read(SECRET, TO, verp.LEAVE) == 7
