"""Messages as bytes: what is read back is what was meant, whoever reads, and no header adds another."""

from __future__ import annotations

import email
import random
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.address import Mailbox
from distributor.mail.message import EmailContent, build_message, feedback_id, message_id
from distributor.text import clean_line
from support.headlines import headline

HANOI = timezone(timedelta(hours=7))
ONE_LINE = ("List-Unsubscribe", "List-Archive", "List-Help")  # machine-read: never folded, up to 998 octets
ENCODED_WORD = re.compile(r"=\?[^?]+\?[^?]+\?[^?]*\?=")


def letter(**changes: Any) -> EmailContent:
    base = EmailContent(
        sender=Mailbox("Báo Bắc Sơn", "tin@bacson.example"),
        to=Mailbox("Nguyễn Thị Lan", "lan@example.vn"),
        subject="Tin sáng 23/11",
        text="Xin chào\n",
        html="<p>Xin chào</p>",
        date=datetime(2026, 11, 23, 7, 0, tzinfo=HANOI),
        message_id="<abc@bacson.example>",
        list_id="tin-sang.bacson.example",
        list_name="Tin sáng Bắc Sơn",
        unsubscribe_url="https://bacson.example/u/token",
        unsubscribe_mailto=Mailbox("", "tin@bacson.example"),
    )
    return replace(base, **changes)


def read(data: bytes) -> Message:
    """As most programs read: the policy that does not repair."""
    return email.message_from_bytes(data)


def said(message: Message, name: str) -> str:
    """A header as people see it."""
    return str(make_header(decode_header(re.sub(r"\r?\n(?=[ \t])", "", message[name]))))


def displayed(message: Message, name: str) -> tuple[str, str]:
    """The name and address of a header such as From."""
    phrase, _, address = re.sub(r"\r?\n(?=[ \t])", "", message[name]).rpartition("<")
    phrase = phrase.strip()
    if phrase.startswith('"'):
        return re.sub(r"\\(.)", r"\1", phrase[1:-1]), address.rstrip(">")
    return str(make_header(decode_header(phrase))) if phrase else "", address.rstrip(">")


def body(message: Message, number: int) -> str:
    part = message.get_payload(number)
    assert isinstance(part, Message)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def check_form(data: bytes, headers: int) -> None:
    """What RFC 5322 and 2047 ask of every message: ASCII, CRLF, short lines, whole characters, no header too many."""
    assert data.isascii()
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    for line in data.split(b"\r\n"):
        assert len(line) <= (998 if line.startswith(tuple(name.encode() for name in ONE_LINE)) else 78), line
    head = data.partition(b"\r\n\r\n")[0].decode()
    for word in ENCODED_WORD.findall(head):
        assert len(word) <= 75
        decode_header(word)[0][0].decode()  # a character cut in two does not decode
    assert len(read(data).items()) == headers


HEADERS = len(read(build_message(letter())).items())


@pytest.mark.slow
def test_three_thousand_headlines_are_read_as_they_were_written() -> None:
    """Python's own folding loses spaces between words of one in eight (python/cpython#92081)."""
    chance = random.Random(2026)
    for _ in range(3000):
        subject, name = headline(chance), headline(chance)
        data = build_message(letter(subject=subject, sender=Mailbox(name, "tin@bacson.example")))
        message = read(data)
        assert said(message, "Subject") == subject
        assert displayed(message, "From") == (name, "tin@bacson.example")
        check_form(data, HEADERS)


LINES = st.text(st.characters(codec="utf-8"), max_size=120).map(clean_line) | st.lists(
    st.sampled_from(
        [
            "ế" * 70,
            "a" * 200,
            "👩‍👩‍👧‍👦" * 9,
            "=?utf-8?b?eA==?=",
            '"',
            "\\",
            "<a@b>",
            "a, b;",
            "Subject:",
            unicodedata.normalize("NFD", "Việt"),
            "  ",
        ]
    ),
    max_size=6,
).map(" ".join)


@given(LINES, LINES, LINES)
def test_whatever_people_write_is_read_as_they_wrote_it(subject: str, name: str, title: str) -> None:
    """Emoji, decomposed letters, words without an end, and what looks like markup of mail."""
    data = build_message(
        letter(
            subject=clean_line(subject), to=Mailbox(name, "lan@example.vn"), sender=Mailbox(name, "tin@bacson.example"),
            reply_to=Mailbox(name, "toasoan@bacson.example"), list_name=clean_line(title),
        )
    )  # fmt: skip
    message = read(data)
    assert said(message, "Subject") == clean_line(subject)
    for header, address in (
        ("From", "tin@bacson.example"),
        ("To", "lan@example.vn"),
        ("Reply-To", "toasoan@bacson.example"),
    ):
        assert displayed(message, header) == (clean_line(name), address) or (
            not clean_line(name) and message[header] == address
        )
    assert displayed(message, "List-Id") == (clean_line(title), "tin-sang.bacson.example")
    check_form(data, HEADERS + 1)


@given(
    st.text(st.characters(codec="utf-8"), max_size=300),
    st.text(st.sampled_from("aễ.=- \t\n\r_F\x85\u2028\x0b\x0cFrom"), max_size=300),
)
def test_both_bodies_arrive_as_they_were(text: str, html: str) -> None:
    """Whatever stands in them; only line ends become one kind."""
    data = build_message(letter(text=text, html=html))
    message = read(data)
    assert [body(message, 0), body(message, 1)] == [
        content.replace("\r\n", "\n").replace("\r", "\n") for content in (text, html)
    ]
    check_form(data, HEADERS)


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\r", "\0", "\x0b", "\x1c", "\x7f", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize(
    "place", ["subject", "message_id", "list_id", "list_name", "unsubscribe_url", "language", "feedback_id"]
)
def test_no_text_can_add_a_header(sign: str, place: str) -> None:
    """CVE-2024-6923 and its kin."""
    with pytest.raises(ValueError):
        build_message(letter(**{place: f"a{sign}Bcc: all@example.vn"}))


# -- what the headers say ----------------------------------------------------------------------------------------------


def test_the_headers_that_every_letter_has_are_there_once() -> None:
    """RFC 5322, section 3.6, and what large providers ask of newsletters."""
    message = read(build_message(letter(feedback_id="tin-sang:1:digest:bacson")))
    names = [name.lower() for name in message]
    assert len(names) == len(set(names))
    expected = {
        "MIME-Version": "1.0",
        "Date": "Mon, 23 Nov 2026 07:00:00 +0700",
        "Message-ID": "<abc@bacson.example>",
        "Content-Language": "vi",
        "List-Unsubscribe": "<https://bacson.example/u/token>, <mailto:tin@bacson.example?subject=unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Post": "NO",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Feedback-ID": "tin-sang:1:digest:bacson",
    }
    assert {name: message[name] for name in expected} == expected
    assert {name for name in ("From", "To", "Subject", "List-Id") if message[name]} == {
        "From",
        "To",
        "Subject",
        "List-Id",
    }
    assert parsedate_to_datetime(message["Date"]) == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def test_plain_text_comes_first_and_both_parts_are_utf_8() -> None:
    """RFC 2046, section 5.1.4: the last part is the one preferred. Nothing is 8bit: a relay would rewrite it."""
    message = read(build_message(letter()))
    assert message.get_content_type() == "multipart/alternative"
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in parts} == {"utf-8"}
    assert {part["Content-Transfer-Encoding"] for part in parts} == {"quoted-printable"}


def test_a_long_unsubscribe_link_stays_one_line_and_readable() -> None:
    """Folded or encoded it is no link any more, and nobody notices."""
    url = "https://bacson.example/u/" + "t" * 880
    data = build_message(letter(unsubscribe_url=url))
    assert f"\r\nList-Unsubscribe: <{url}>, <mailto:".encode() in data
    check_form(data, HEADERS)
    with pytest.raises(ValueError, match="fit on one line"):
        build_message(letter(unsubscribe_url=url + "t" * 80))


@pytest.mark.parametrize(
    "url", ["https://b.vn/a b", "https://b.vn/a>", "javascript:x", "https://é b.vn/", "https://é/", "b.vn/u"]
)
def test_what_is_no_link_is_not_offered_as_one(url: str) -> None:
    with pytest.raises(ValueError):
        build_message(letter(unsubscribe_url=url))


def test_a_link_beyond_ascii_becomes_the_uri_that_it_is() -> None:
    """RFC 3987: a newsroom's site may have a Vietnamese name. The same name stands in the Message-ID."""
    url = "https://bắc-sơn.vn:8443/ngừng/token?nguồn=thư&a=%20b"
    message = read(build_message(letter(unsubscribe_url=url, unsubscribe_mailto=None)))
    assert message["List-Unsubscribe"] == (
        "<https://xn--bc-sn-xob6713c.vn:8443/ng%E1%BB%ABng/token?ngu%E1%BB%93n=th%C6%B0&a=%20b>"
    )
    assert message_id("e1", "r1", "bắc-sơn.vn").endswith("@xn--bc-sn-xob6713c.vn>")


def test_one_click_is_promised_for_https_alone() -> None:
    """RFC 8058, section 3.1."""
    message = read(build_message(letter(unsubscribe_url="http://127.0.0.1/u/token")))
    assert message["List-Unsubscribe"].startswith("<http://127.0.0.1/u/token>")
    assert message["List-Unsubscribe-Post"] is None


def test_a_letter_of_no_list_has_no_list_headers() -> None:
    message = read(build_message(letter(list_id="")))
    assert not [name for name in message if name.startswith("List-")]


def test_archive_and_help_are_links() -> None:
    message = read(
        build_message(letter(list_archive="https://bacson.example/tin-sang", list_help="https://bacson.example/help"))
    )
    assert message["List-Archive"] == "<https://bacson.example/tin-sang>"
    assert message["List-Help"] == "<https://bacson.example/help>"


def test_signs_of_an_address_do_not_disturb_the_mailto() -> None:
    """RFC 6068."""
    message = read(build_message(letter(unsubscribe_url="", unsubscribe_mailto=Mailbox("", "a&b?c%d@bacson.example"))))
    assert message["List-Unsubscribe"] == "<mailto:a%26b%3Fc%25d@bacson.example?subject=unsubscribe>"


def test_an_address_beyond_ascii_stands_as_it_is() -> None:
    """RFC 6532: raw UTF-8, never an encoded-word, which no address may be. All else stays ASCII."""
    data = build_message(letter(to=Mailbox("Lân", "lân@example.vn")))
    assert re.search("\r\nTo: =\\?utf-8\\?[^ ]+\\?= <lân@example.vn>\r\n".encode(), data)
    assert data.replace("lân@example.vn".encode(), b"").isascii()


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        build_message(letter(date=datetime(2026, 11, 23, 7, 0)))  # noqa: DTZ001  # what is to be refused


def test_the_same_letter_has_the_same_bytes() -> None:
    """So that a second attempt sends what the first one did."""
    assert build_message(letter()) == build_message(letter())


def test_a_message_id_is_stable_for_edition_and_recipient() -> None:
    ids = {message_id(edition, recipient, "b.vn") for edition in ("e1", "e2", "e1\0") for recipient in ("r1", "r2", "")}
    assert len(ids) == 9
    assert (
        message_id("e1", "r1", "b.vn") == "<hdvuqvr7vd43ub3oq36b5hqopg3fu@b.vn>"
    )  # as in letters that are out already
    assert all(re.fullmatch(r"<[a-z2-7]{29}@b\.vn>", made) for made in ids)


@given(edition=st.text(max_size=60), newsletter=st.text(max_size=40), domain=st.text(min_size=1, max_size=80))
def test_a_feedback_id_has_four_fields_and_a_sender_of_5_to_15_characters(
    edition: str, newsletter: str, domain: str
) -> None:
    """As Gmail asks for it; the sender is the same whatever is sent."""
    fields = feedback_id(edition, newsletter, "digest", domain).split(":")
    assert len(fields) == 4 and 5 <= len(fields[3]) <= 15
    assert all(field.isascii() and not set(field) & set(" :\r\n") for field in fields)
    other = feedback_id("other", "else", "alert", domain)
    assert other.split(":")[3] == fields[3]
