"""Refusals understood: first whom they speak of, then what follows."""

from __future__ import annotations

import time
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.bounces.classify import classify_bounce
from distributor.isolated_child import processor_time
from distributor.mail import recipient_rejections, sender_rejections
from distributor.mail.rejection_rules import BY_CODE, RejectionCause
from distributor.mail.rejections import RECIPIENT_CAUSES, classify_rejection, mask_addresses
from distributor.mail.smtp_protocol import Phase
from distributor.model import BounceType
from distributor.plugins import registry
from mail.rejection_cases import ALL, NAME, RECIPIENT, SENDER, Said

IDS = [f"{server}: {said.reply[:50]}" for server, said in ALL]


def judged(said: Said) -> RejectionCause:
    taken = said.to in (Phase.DATA, Phase.ANSWER)
    return classify_rejection(said.reply, recipient=RECIPIENT, sender=SENDER, name=NAME, taken=taken).about


@pytest.mark.parametrize("said", [said for _, said in ALL], ids=IDS)
def test_what_servers_say_is_understood(said: Said) -> None:
    assert judged(said) is said.about


@pytest.mark.parametrize("said", [said for _, said in ALL if said.about not in RECIPIENT_CAUSES], ids=str)
def test_nobody_is_suppressed_for_what_is_not_about_them(said: Said) -> None:
    """Nor where nobody knows by which names we went."""
    for told in (said.reply, said.reply.replace("\n", " "), said.reply.lower(), said.reply.upper()):
        assert classify_bounce("", 0, told, recipient=RECIPIENT) is BounceType.POLICY


def test_the_table_is_large_and_holds_every_kind() -> None:
    assert len(ALL) >= 120
    assert {said.about for _, said in ALL} == set(RejectionCause)
    assert {said.to for _, said in ALL} >= {
        Phase.GREETING,
        Phase.EHLO,
        Phase.MAIL,
        Phase.RCPT,
        Phase.DATA,
        Phase.ANSWER,
    }


@pytest.mark.parametrize("text", ["550 User unknown", "550 5.1.1 No such user", "550 mailbox not found", "5.1.1", ""])
@pytest.mark.parametrize(
    "more",
    [
        "Sender verify failed", "sender domain not found", "your HELO is invalid", "cannot find your reverse hostname",
        "daily sending limit exceeded", "Verification failed for <bounce@news.example>", "blocked using zen.spamhaus.org",
        "DMARC failed", "not permitted to send as this sender", "relay access denied",
    ],
)  # fmt: skip
def test_words_about_us_count_before_words_about_the_recipient(text: str, more: str) -> None:
    for reply in (f"{text}\n550 {more}", f"550 {more}\n{text}"):
        assert classify_rejection(reply, sender=SENDER, recipient=RECIPIENT).ours, reply


def test_whose_address_is_unknown_decides() -> None:
    """The same words about another address are about somebody else."""
    for address, about in (
        (RECIPIENT, RejectionCause.NO_MAILBOX),
        (SENDER, RejectionCause.SETTINGS),
        (f"<{SENDER.upper()}>", RejectionCause.SETTINGS),
    ):
        said = f"550 5.1.1 {address}: user unknown"
        assert classify_rejection(said, recipient=RECIPIENT, sender=SENDER).about is about
    token = "bounce+aaaaaaaaaaabc234567defghijklmnop@news.example"
    assert classify_rejection(f"550 unknown user {token}", recipient=RECIPIENT).about is RejectionCause.SETTINGS, (
        "known by its token"
    )
    assert (
        classify_rejection("550 Domain news.example does not exist", recipient=RECIPIENT, sender=SENDER).about
        is RejectionCause.SETTINGS
    )
    assert (
        classify_rejection("550 Domain example.com does not exist", recipient=RECIPIENT, sender=SENDER).about
        is RejectionCause.NO_MAILBOX
    )


@pytest.mark.parametrize(
    "said",
    [
        "550 Domain not found", "550 Invalid domain", "550 unknown host", "550 Host unknown", "550 invalid name",
        "550 Tên miền không tồn tại", "550 Your IP address is invalid", "550 Ihre IP-Adresse ist ungültig",
        "550 Adresse IP 192.0.2.9 inconnue", "550 Địa chỉ IP không hợp lệ", "550 Email của bạn không hợp lệ",
        "550 Địa chỉ máy chủ của bạn không hợp lệ", "550 The email address you send from does not exist",
    ],
)  # fmt: skip
def test_a_name_or_number_that_may_be_ours_counts_against_nobody(said: str) -> None:
    """A domain is the recipient's where it is named, or the code says so."""
    assert not classify_rejection(said, recipient=RECIPIENT, sender=SENDER, name=NAME).recipients
    named = said.replace("omain", "omain example.com", 1)
    if named != said:
        assert classify_rejection(named, recipient=RECIPIENT, sender=SENDER).about is RejectionCause.NO_MAILBOX


@pytest.mark.parametrize("sender", [SENDER, "bounce+aaaaaaaaaaabc234567defghijklmnop@bounce.news.example"])
@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 <tin@news.example>: User unknown", "550 <tin@news.example> does not exist",
        "550 5.1.0 tin@news.example: invalid address", "552 5.2.2 <tin@news.example>: mailbox full",
        "452 4.2.2 mailbox tin@news.example full", "550 Adresse tin@news.example existiert nicht",
        "550 Tài khoản tin@news.example đã bị khóa", "550 Callback to <tin@news.example> says: mailbox full",
    ],
)  # fmt: skip
def test_any_address_of_our_domain_is_ours(said: str, sender: str) -> None:
    """The one in From, of which the envelope knows nothing; its domain may lie below."""
    assert not classify_rejection(said, recipient=RECIPIENT, sender=sender, name=NAME).recipients


@pytest.mark.parametrize(
    "said",
    [
        "550 Email không gửi được: người nhận không tồn tại", "550 Thư gửi tới người nhận không tồn tại",
        "550 Vui lòng báo cho người gửi: hộp thư không tồn tại", "550 Email gui den lan@example.com khong ton tai",
        "550 Zurück an Absender: Empfänger unbekannt", "550 Возвращено отправителю: получатель неизвестен",
        "550 退回发件人: 收件人不存在", "550 Retour à l'expéditeur: destinataire inconnu",
    ],
)  # fmt: skip
def test_words_to_the_sender_about_the_recipient_are_about_the_recipient(said: str) -> None:
    assert classify_rejection(said, recipient=RECIPIENT, sender=SENDER, name=NAME).about is RejectionCause.NO_MAILBOX


def test_a_colleague_at_our_own_domain_can_be_unknown() -> None:
    said = "550 5.1.1 <lan@news.example>: User unknown"
    assert (
        classify_rejection(said, recipient="lan@news.example", sender=SENDER, name=NAME).about
        is RejectionCause.NO_MAILBOX
    )


def test_all_lines_of_a_reply_are_read() -> None:
    assert (
        classify_rejection("550-5.1.1 something\n550-about nobody\n550 5.1.1 Sender verify failed").about
        is RejectionCause.SETTINGS
    )


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("550 5.4.5 Daily user sending limit exceeded", timedelta(hours=1)),
        ("550 Domain x.example has exceeded the max emails per hour (5/5) allowed", timedelta(minutes=15)),
        ("454 Throttling failure: Maximum sending rate exceeded", timedelta(minutes=1)),
        ("550 5.1.8 Access denied, bad outbound sender", timedelta(minutes=15)),
        ("550 Sender verify failed", timedelta(minutes=15)),
        ("550 5.1.1 User unknown", timedelta()),
    ],
)
def test_how_long_to_wait_follows_from_what_is_used_up(said: str, wait: timedelta) -> None:
    assert classify_rejection(said).wait == wait


def test_every_setting_that_staff_are_sent_to_is_one_of_the_channel() -> None:
    known = {field.name for field in fields(registry.channels.find("email"))}
    named = {key for rule in (*sender_rejections.RULES, *recipient_rejections.RULES) for key in rule.keys}
    named |= {key for _, _, keys in BY_CODE.values() for key in keys.split()}
    assert named <= known
    for rule in sender_rejections.RULES:
        assert rule.about is RejectionCause.CONTENT or (rule.keys and rule.what)


@given(
    text=st.text(max_size=400), recipient=st.text(max_size=40), sender=st.text(max_size=40), name=st.text(max_size=40)
)
@example(text="550 a@b", recipient="@", sender="@", name=".")
def test_any_words_have_a_meaning(text: str, recipient: str, sender: str, name: str) -> None:
    refusal = classify_rejection(text, recipient=recipient, sender=sender, name=name)
    assert not (refusal.ours and refusal.recipients)


@given(
    before=st.text(max_size=80).filter(lambda text: "@" not in text),
    after=st.text(max_size=80),
    code=st.sampled_from(["550", "553 5.1.1", "501 5.2.1"]),
)
def test_our_address_in_a_refusal_is_never_taken_for_the_recipients(before: str, after: str, code: str) -> None:
    """Whatever stands around it."""
    assert SENDER not in mask_addresses(f"{code} {before} <{SENDER}> {after}", RECIPIENT, SENDER, NAME)


@pytest.mark.parametrize(
    "unit",
    [
        "a@",
        "sender ",
        "user unknown ",
        "exceeded limit message ",
        "not ",
        "1.2.3.4 ",
        "quota ",
        "hộp thư ",
        "‹",
        "a.b-c",
    ],
)
def test_no_reply_keeps_us_busy(unit: str) -> None:
    started = time.process_time()
    for number in range(10):
        classify_rejection(f"550 {number} " + unit * 5000, recipient=RECIPIENT, sender=SENDER, name=NAME)
    assert time.process_time() - started < 2


LONG = ("'", '"', ".", "-", "@", "a", " ", "' ", "a'", "user '", "‹sender› ", "not ", "mailbox ", "does not have a ")


@pytest.mark.parametrize("piece", LONG)
def test_a_reply_that_goes_on_and_on_is_judged_at_once(piece: str) -> None:
    """Replies are strangers' words, and they are judged where letters are sent."""
    for before in ("", "This user doesn", "mailbox ", "sender ", "message from "):
        for after in ("", " unknown"):
            with processor_time(2.0):
                classify_rejection(f"554 {before}{piece * (4000 // len(piece))}{after}", code=554)
