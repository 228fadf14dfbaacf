"""Returned mail: read whatever wrote it, sorted by what it means, traced to a letter of ours, and never believed blindly."""

from __future__ import annotations

import random
import time
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.bounces import parser
from distributor.bounces.classify import classify_bounce
from distributor.bounces.mime_reader import MOST
from distributor.bounces.parser import LONGEST, BounceReportKind, IsolatedBounceParser
from distributor.errors import LimitExceeded
from distributor.isolated_child import ChildLimits
from distributor.mail import verp
from support.bounce_cases import BOUNCES, LAN, Case, dsn, recipient
from support.effort import examples

SECRET = (b"0123456789abcdef",)
TOKEN = verp.token(SECRET[0], 4711)
LINK = "v1.u.a1b2c3.5f3a.tin-sang.c2lnbmF0dXJlLW9mLWEtbGluaw"
ID = "<abcdefghijklmnopqrstuvwxyz234@bacson.example>"


def raw(case: Case) -> bytes:
    return case.raw(token=TOKEN, id=ID, link=LINK)


def is_tame(text: str) -> bool:
    """One line, nothing in it that steers a terminal or turns the writing direction."""
    return not any(category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in "\u202a\u202e\u2066" for sign in text)


@pytest.mark.parametrize("name", BOUNCES)
def test_each_kind_of_returned_mail_is_understood(name: str) -> None:
    case = BOUNCES[name]
    reports = parser.parse_reports(raw(case), SECRET)
    if case.kind is None:
        assert reports == ()
        return
    (report,) = reports
    assert (report.kind, report.status) == (case.kind, case.status)
    assert (report.addresses[-1] if report.addresses else "") == case.address or report.kind is BounceReportKind.OTHER
    assert case.said in report.text
    if report.kind is BounceReportKind.BOUNCE:
        assert classify_bounce(report.status, 0, report.text) is case.type


@pytest.mark.parametrize("name", [name for name, case in BOUNCES.items() if "{token}" in case.text and case.kind])
def test_the_delivery_is_known_by_the_address_that_the_mail_came_to(name: str) -> None:
    assert {report.delivery for report in parser.parse_reports(raw(BOUNCES[name]), SECRET)} == {4711}
    assert {report.delivery for report in parser.parse_reports(raw(BOUNCES[name]), (b"a stranger's secret",))} == {None}


@pytest.mark.parametrize("name", [name for name, case in BOUNCES.items() if "{link}" in case.text and case.kind])
def test_what_is_quoted_of_the_letter_is_found(name: str) -> None:
    for report in parser.parse_reports(raw(BOUNCES[name]), SECRET):
        assert ID in report.message_ids
        assert report.links == (LINK,)


def test_a_report_of_several_recipients_is_one_report_for_each() -> None:
    fields = recipient("5.1.1", "550 no") + "\n" + recipient("4.2.2", "452 full", "b@example.com", "delayed")
    found = parser.parse_reports(dsn(fields).encode(), SECRET)
    assert [(one.kind, one.addresses) for one in found] == [
        (BounceReportKind.BOUNCE, (LAN,)),
        (BounceReportKind.DELAY, ("b@example.com",)),
    ]


def test_what_servers_say_is_shown_on_one_short_line_without_signs_that_steer() -> None:
    said = "550 5.1.1 \x1b[31m\x00\u202egone\u2028" + "x" * 5000
    (report,) = parser.parse_reports(dsn(recipient("5.1.1", said)).encode(), SECRET)
    assert len(report.text) <= LONGEST
    assert is_tame(report.text)


@settings(deadline=None, max_examples=examples(150))
@given(data=st.binary(max_size=2000))
def test_no_bytes_are_beyond_it(data: bytes) -> None:
    parser.parse_reports(data, SECRET)


@settings(deadline=None, max_examples=examples(150))
@given(name=st.sampled_from(sorted(BOUNCES)), seed=st.integers(0, 2**32), hurts=st.integers(1, 40))
def test_nor_is_any_mail_that_was_damaged_on_its_way(name: str, seed: int, hurts: int) -> None:
    chance, mail = random.Random(seed), bytearray(raw(BOUNCES[name]))
    for _ in range(hurts):
        place = chance.randrange(len(mail) + 1)
        mail[place : place + chance.randrange(30)] = chance.randbytes(chance.randrange(4))
    for report in parser.parse_reports(bytes(mail) or b"\n", SECRET):
        assert len(report.text) <= LONGEST and is_tame(report.text)
        assert all("@" in address and is_tame(address) for address in report.addresses)


def deep(calls: int, data: bytes) -> tuple[parser.BounceReport, ...]:
    """Read with so many calls on the stack already, as a service has them."""
    return parser.parse_reports(data, SECRET) if calls == 0 else deep(calls - 1, data)


@pytest.mark.parametrize("opening", ["(", "<", '"', "[", ",(", "(a,", "=?utf-8?q?"])
@pytest.mark.parametrize("name", ["From", "To", "Return-Path", "Content-Type", "Subject", "Date"])
@pytest.mark.parametrize("calls", [0, 300])
def test_what_is_nested_in_a_header_costs_that_header_only(opening: str, name: str, calls: int) -> None:
    report = dsn(recipient("5.1.1", "550 5.1.1 no such user"))
    odd = f"X-{name}: (\n" if name == "Content-Type" else f"{name}: {opening * 1900}\n"
    (found,) = deep(calls, (odd + report).encode())
    assert (found.kind, found.status, found.addresses) == (BounceReportKind.BOUNCE, "5.1.1", (LAN,))


@pytest.mark.parametrize("field", ["Original-Rcpt-To", "User-Agent", "Feedback-Type"])
def test_nor_in_a_field_of_a_report(field: str) -> None:
    fields = {"Feedback-Type": "abuse", "Original-Rcpt-To": LAN} | {field: "(" * 1900}
    told = "".join(f"{name}: {value}\n" for name, value in fields.items())
    (found,) = deep(400, f"From: a@b.example\nContent-Type: message/feedback-report\n\n{told}".encode())
    assert found.via == "arf"


def test_an_address_in_a_field_beyond_reading_is_still_found() -> None:
    told = f"Feedback-Type: abuse\nOriginal-Rcpt-To: {'(' * 900} {LAN}\n"
    (found,) = deep(700, f"From: a@b.example\nContent-Type: message/feedback-report\n\n{told}".encode())
    assert found.addresses == (LAN,)


@pytest.mark.parametrize(
    "charset",
    ["utf-7", "utf-16", "idna", "punycode", "unicode_escape", "rot13", "base64", "undefined", "x" * 300, "a\\", "\xff"],
)
def test_a_text_in_a_wrong_charset_is_read_as_far_as_it_goes(charset: str) -> None:
    text = f'From: MAILER-DAEMON@mx\nContent-Type: text/plain; charset="{charset}"\n\n550 5.1.1 User unknown \\x\n'
    (found,) = parser.parse_reports(text.encode("latin-1"), SECRET)
    assert found.kind is BounceReportKind.BOUNCE
    assert charset.startswith("utf-16") or found.status == "5.1.1"


NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(5000))
HUGE = {
    "one line": b"From: MAILER-DAEMON@x\n\n" + b"a" * MOST * 4,
    "one word of signs": b"From: MAILER-DAEMON@x\n\n" + b"<a@" * MOST,
    "nothing but brackets": b"From: MAILER-DAEMON@x\n\nHere is your list of failed recipients\n" + b"<" * MOST,
    "nothing but parts": b"From: MAILER-DAEMON@x\n" + NESTED,
    "nothing but recipients": dsn(
        recipient("5.1.1", "550 no") * 1 + ("\n" + recipient("5.1.1", "550 no")) * 5000
    ).encode(),
    "nothing but spaces": b"From: MAILER-DAEMON@x\nMessage-ID:" + b" \n" * MOST,
    "nothing but tokens": b"From: MAILER-DAEMON@x\n\n" + b"abcdefghijklmnopqrstuvwxyz234567 " * 9000,
}


@pytest.mark.parametrize("name", HUGE)
def test_no_mail_keeps_us_busy(name: str) -> None:
    started = time.process_time()
    assert len(parser.parse_reports(HUGE[name], SECRET)) <= 100
    assert time.process_time() - started < 5


# -- in a child process ------------------------------------------------------------------------------------------------


def test_a_child_reads_the_same_as_we_do() -> None:
    with IsolatedBounceParser(SECRET) as reader:
        for name, case in BOUNCES.items():
            assert reader.read(raw(case)) == parser.parse_reports(raw(case), SECRET), name


def test_a_mail_that_takes_too_much_memory_is_told_so_and_the_next_one_is_read() -> None:
    good = next(iter(BOUNCES.values()))
    with IsolatedBounceParser(SECRET, limits=ChildLimits(memory=8_000_000)) as reader:
        with pytest.raises(LimitExceeded, match="needs more than 7 MB of memory"):
            reader.read(b"Subject: x\n\n" + b"x" * 30_000_000)
        assert reader.read(raw(good)) == parser.parse_reports(raw(good), SECRET)
