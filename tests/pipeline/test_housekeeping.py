"""Housekeeping: one reminder, and nothing kept that is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from distributor.delivery import outbox
from distributor.delivery.outbox import EMAIL, OutboxMessage
from distributor.delivery.retry import Decision
from distributor.model import DeliveryState, Language
from distributor.pipeline import housekeeping
from distributor.pipeline.outbox import send_outbox
from distributor.subscribers import signups
from distributor.subscribers.signups import SignupAsk, SignupWish
from support.clocked_newsroom import Line

DAY = timedelta(days=1)


def sign_up(line: Line) -> None:
    asked = SignupAsk(newsletter="tin-sang", text="Tôi đồng ý", language=Language.VI, at=line.now)
    wish = SignupWish(language=Language.VI)
    with line.store.write() as connection:
        signups.save(connection, signups.merge_signup(None, "lan@example.com", wish, [asked], line.now))


def known(line: Line) -> bool:
    with line.store.read() as connection:
        return signups.find_by_address(connection, "lan@example.com") is not None


def test_whoever_has_not_confirmed_is_reminded_once_and_forgotten_after_a_month(line: Line) -> None:
    sign_up(line)
    first, reminded = line.now, []
    for days in (1, 2, 3, 29, 31):
        line.now = first + days * DAY
        done = housekeeping.keep_house(line.newsroom, line.store, line.now)
        reminded += [days] * done.get("sign-ups reminded", 0)
        asyncio.run(send_outbox(line.newsroom, line.store, line.clock, asyncio.Event()))
        assert known(line) == (days < 30)
    assert reminded == [2]
    (letter,) = line.mailbox("lan")
    assert letter["Subject"] == "Nhắc lại: Xác nhận đăng ký nhận bản tin “Tin sáng”"


def test_what_was_sent_is_kept_for_a_month(line: Line) -> None:
    message = OutboxMessage(
        dedupe_key="a", channel="mail", kind="email/link", media_type=EMAIL, body=b"{}", expires_at=line.now + DAY
    )
    with line.store.write() as connection:
        outbox.add(connection, message, line.now)
        row = outbox.claim(connection, "mail", "me", line.now)
        assert row is not None
        outbox.settle(connection, row, Decision(DeliveryState.SENT), line.now)
    line.now += 30 * DAY
    assert housekeeping.keep_house(line.newsroom, line.store, line.now) == {}
    line.now += DAY
    assert housekeeping.keep_house(line.newsroom, line.store, line.now) == {"old messages of the outbox deleted": 1}
