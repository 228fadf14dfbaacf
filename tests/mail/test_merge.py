"""Spliced letters: each reader's copy is what building it alone would have made, whatever stands in the places."""

from __future__ import annotations

import email
import hashlib
import quopri
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import merge_fields, quoted_printable
from distributor.mail.address import Mailbox
from distributor.mail.merge import CompiledMessage, compile_message, merge_for_wire, merge_message, values_for_recipient
from distributor.mail.message import EmailContent, message_id
from distributor.mail.smtp_protocol import dot_stuff
from distributor.model import Recipient

SENDER = Mailbox.parse("Báo Bắc Sơn <tin@bacson.example>")
UNSUBSCRIBE = "https://bacson.example/u/v1.u.lan.tin-sang.x"
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)
LINES = st.text(st.sampled_from("ab. =\t\n\r@ếữ.😀"), max_size=300) | st.just("." * 300) | st.just("ẫ " * 200)
MARKS = st.sampled_from([merge_fields.merge_tag(name) for name in merge_fields.FIELD_NAMES])
TEXTS = st.lists(LINES | MARKS, max_size=8).map("".join)


def letter(text: str = "", html: str = "") -> EmailContent:
    return EmailContent(
        sender=SENDER,
        to=SENDER,
        subject="Tin sáng 23/11: Khởi công cầu Suối Lớn, khám bệnh miễn phí ở ba xã vùng cao",
        text=text,
        html=html,
        date=datetime(2026, 11, 23, tzinfo=UTC),
        message_id="<x@bacson.example>",
        list_id="tin-sang.bacson.example",
        list_name="Tin sáng",
        unsubscribe_url=UNSUBSCRIBE,
        unsubscribe_mailto=SENDER,
    )


def person(name: str = "Nguyễn Lan", address: str = "lan@example.vn", url: str = UNSUBSCRIBE) -> Recipient:
    return Recipient(
        id="lan",
        address=address,
        name=name,
        message_id=message_id("tin-sang-1", "lan", "bacson.example"),
        bounce_token="t" * 32,
        merge_values={"name": name, "address": address, "unsubscribe_url": url, "preferences_url": url},
    )


def compiled(made: EmailContent, eight_bit: bool = False) -> CompiledMessage:
    result = compile_message(made, eight_bit=eight_bit, usual={"name": "bạn đọc"})
    assert result
    return result


def parts(message: bytes) -> tuple[Message, str, str]:
    parsed = email.message_from_bytes(message)
    assert not parsed.defects
    text, html = (part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart())
    assert isinstance(text, bytes) and isinstance(html, bytes)
    return parsed, text.decode(), html.decode()


def crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@given(TEXTS, TEXTS, WORDS)
def test_every_copy_reads_as_if_it_had_been_filled_by_hand(text: str, html: str, name: str) -> None:
    reader = person(name)
    message = merge_message(compiled(letter(text, html)), reader)
    _, plain, page = parts(message)
    usual = {"name": "bạn đọc"}
    assert plain == merge_fields.fill_text(crlf(text), reader.merge_values, usual)
    assert page == merge_fields.fill_html(crlf(html), reader.merge_values, usual)
    assert message.isascii()
    lines = message.split(b"\r\n")
    body = lines[lines.index(b"") :]
    assert max(map(len, body)) <= 76, "RFC 2045, section 6.7"
    assert not any(b"\r" in line or b"\n" in line for line in lines)


@given(TEXTS, TEXTS, WORDS, st.booleans())
def test_on_the_wire_dots_are_doubled_and_nothing_ends_the_message_early(
    text: str, html: str, name: str, eight_bit: bool
) -> None:
    made = compile_message(letter(text, html), eight_bit=eight_bit)
    if made is None:
        return  # a line too long for 8bit
    reader = person(name)
    wire = merge_for_wire(made, values_for_recipient(made, reader))
    assert wire == dot_stuff(merge_message(made, reader))
    assert b"\r\n.\r\n" not in wire


@given(TEXTS, WORDS)
def test_8bit_says_the_same_in_fewer_octets_and_in_lines_that_may_be(text: str, name: str) -> None:
    made = compile_message(letter(text, "<p>tin</p>"), eight_bit=True, usual={"name": "bạn đọc"})
    if made is None:
        return
    message = merge_message(made, person(name))
    _, plain, _ = parts(message)
    shown = merge_fields.fill_text(crlf(text), {**person(name).merge_values, "name": name[:120]}, {"name": "bạn đọc"})
    assert plain == shown or len(name.encode()) > 400
    assert max(map(len, message.split(b"\r\n"))) <= 998, "RFC 5322, section 2.1.1"


def test_a_line_too_long_for_8bit_is_sent_in_quoted_printable() -> None:
    assert compile_message(letter("x" * 999), eight_bit=True) is None
    assert compile_message(letter("x" * 600 + merge_fields.merge_tag("name")), eight_bit=True) is None, (
        "a long value would make it too long"
    )
    assert compile_message(letter("x" * 999)) is not None


def test_the_head_is_personal_where_it_must_be_and_nowhere_else() -> None:
    made = compiled(letter("Chào", "<p>Chào"))
    lan, _, _ = parts(merge_message(made, person()))
    hoa, _, _ = parts(merge_message(made, replace(person("Hoa", "hoa@example.vn"), message_id="<y@bacson.example>")))
    different = {name for name in lan.keys() if lan[name] != hoa[name]}  # noqa: SIM118
    assert different == {"To", "Message-ID"}
    assert str(make_header(decode_header(lan["To"]))) == "Nguyễn Lan <lan@example.vn>"
    assert lan["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>, <mailto:tin@bacson.example?subject=unsubscribe>"


@pytest.mark.parametrize("bad", ["Lan\r\nBcc: x@example.vn", "Lan\0", "Lan\u2028x"])
def test_a_name_cannot_add_a_header(bad: str) -> None:
    made = compiled(letter("Chào"))
    usual, _, _ = parts(merge_message(made, person()))
    odd, _, _ = parts(merge_message(made, person(bad)))
    assert odd.keys() == usual.keys()


def test_a_value_with_line_ends_stays_on_its_line() -> None:
    reader = replace(person(), merge_values={**person().merge_values, "name": "Lan\r\n.\r\nQUIT"})
    wire = merge_for_wire(*_filled(reader))
    assert b"\r\n.\r\n" not in wire and b"\r\nQUIT" not in wire


def _filled(reader: Recipient) -> tuple[CompiledMessage, list[bytes]]:
    made = compiled(letter(f"Chào {merge_fields.merge_tag('name')}!"))
    return made, values_for_recipient(made, reader)


def test_a_value_that_stands_in_many_places_is_made_once_and_stands_in_all() -> None:
    text = "\n".join(f"{number} {merge_fields.merge_tag('name')}" for number in range(20))
    made = compiled(letter(text))
    assert len(made.order) > len(made.distinct)
    _, plain, _ = parts(merge_message(made, person()))
    assert plain.count("Nguyễn Lan") == 20


def test_the_same_reader_gets_the_same_bytes() -> None:
    one = merge_message(compiled(letter("Chào")), person())
    assert hashlib.sha256(one).digest() == hashlib.sha256(merge_message(compiled(letter("Chào")), person())).digest()


def test_soft_line_breaks_around_a_place_vanish_when_it_is_read() -> None:
    encoded = b"".join(
        _body(merge_message(compiled(letter(f"Xin chào {merge_fields.merge_tag('name')}, tin hôm nay")), person()))
    )
    assert b"=\r\nNguy=E1=BB=85n Lan=\r\n" in encoded
    assert quopri.decodestring(encoded).decode().split("\r\n")[0] == "Xin chào Nguyễn Lan, tin hôm nay"


def _body(message: bytes) -> Iterator[bytes]:
    part = message.split(b"quoted-printable\r\n\r\n")[1]
    yield part.split(b"\r\n--=_")[0]


# -- how large it is ---------------------------------------------------------------------------------------------------


@given(TEXTS, WORDS, WORDS)
def test_the_size_is_that_of_the_part_as_it_travels(html: str, name: str, path: str) -> None:
    """What is measured to keep a letter from being clipped is what goes out, and the quick bound is never below it."""
    reader = person(name=name or "Lan", url=f"https://b.vn/{quote(path)}")
    message = merge_message(compiled(letter("x", html)), reader)
    head, _, part = message.partition(b"Content-Type: text/html")
    boundary = head.partition(b'boundary="')[2].partition(b'"')[0]
    body = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n--" + boundary + b"--\r\n")
    assert quoted_printable.size(merge_fields.split_html(html), reader.merge_values) == len(body)
    assert quoted_printable.largest_size(html, reader.merge_values) >= len(body)
