"""Sending the outbox: transactional emails are rendered at sending, and what goes wrong with one concerns it alone."""

from __future__ import annotations

import asyncio
import email
import re
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest

from distributor import pipeline
from distributor.bounces import suppressions
from distributor.delivery import outbox
from distributor.delivery.outbox import OutboxRow
from distributor.model import BounceType, Language, Suppression
from distributor.personal_channel import PersonalChannel
from distributor.pipeline import own_link, preferences
from distributor.pipeline.outbox import OutboxReport, build_email
from distributor.pipeline.transactional import EmailRequest, enqueue_email
from distributor.subscribers import repository
from distributor.subscribers import subscribe as subscriber_subscribe
from distributor.subscribers.requests import parse_request
from support.clocked_newsroom import Line, text_of

CONFIRM = "https://news.bacson.example/c/v1.c.abc"


def ask(line: Line, template: str = "email/confirmation", to: str = "lan@example.com", **changes: Any) -> None:
    values: dict[str, Any] = {
        "template": template,
        "address": to,
        "newsletter": "tin-sang",
        "language": Language.VI,
        "dedupe_key": f"{template} {to}",
        "expires_at": line.now + timedelta(days=7),
        "values": {"confirm_url": CONFIRM, "expires_at": (line.now + timedelta(days=7)).isoformat()},
    }
    if template != "email/confirmation":
        values["values"] = {}
    request = EmailRequest(**{**values, **changes})
    with line.store.write() as connection:
        assert enqueue_email(line.newsroom, connection, request, line.now)


def send(line: Line) -> OutboxReport:
    return asyncio.run(pipeline.send_outbox(line.newsroom, line.store, line.clock, asyncio.Event()))


def rows(line: Line) -> list[OutboxRow]:
    with line.store.read() as connection:
        return list(outbox.iterate_latest(connection))


def states(line: Line) -> dict[str, str]:
    return {row.dedupe_key: row.state for row in rows(line)}


def suppress(line: Line, address: str, type: BounceType) -> None:
    with line.store.write() as connection:
        suppressions.suppress(connection, Suppression(address=address, type=type, reason="550 no", since=line.now))


def letters(line: Line) -> list[EmailMessage]:
    files = (line.folder / "mail" / "new").glob("*")
    return [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def test_a_confirmation_goes_out_in_both_parts_and_belongs_to_no_list(line: Line) -> None:
    ask(line)
    assert send(line).sent("mail") == 1
    (letter,) = letters(line)
    assert letter["Subject"] == "Xác nhận đăng ký nhận bản tin “Tin sáng”"
    assert letter["To"] == "lan@example.com"
    assert letter["Auto-Submitted"] == "auto-generated"
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Post", "Feedback-ID", "Precedence"):
        assert letter[name] is None, name
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert CONFIRM in text_of(letter)
    assert "12:00, Chủ Nhật, ngày 29 tháng 11 năm 2026" in text_of(letter), "a time of the newsletter's zone"
    html = letter.get_body(("html",))
    assert html is not None
    assert CONFIRM in html.get_content()
    assert "/u/" not in html.get_content(), "there is nothing to leave yet"
    assert states(line) == {"email/confirmation lan@example.com": "sent"}
    assert send(line).counts == {}


def test_it_is_in_the_language_that_was_asked_for(line: Line) -> None:
    ask(line, language=Language.EN)
    send(line)
    (letter,) = letters(line)
    assert letter["Content-Language"] == "en"
    assert letter["Subject"] == "Confirm your subscription to Tin sáng"


def test_a_subscriber_gets_links_of_their_own(line: Line) -> None:
    ask(line, "email/welcome", subscriber="0123456789abcdef")
    send(line)
    (letter,) = letters(line)
    assert re.search(r"https://bacson\.example/u/v1\.u\.\w+\.0123456789abcdef\.tin-sang\.", text_of(letter))


def test_the_same_message_has_the_same_id_and_bytes_at_every_attempt(line: Line) -> None:
    ask(line)
    mail = line.newsroom.channels["mail"]
    (row,) = rows(line)
    assert isinstance(mail, PersonalChannel)
    made = [build_email(line.newsroom, mail, row, b"secret") for _ in range(2)]
    assert made[0] == made[1]
    assert made[0][1].message_id.endswith("@bacson.example>")
    ask(line, to="minh@example.com")
    other = build_email(line.newsroom, mail, rows(line)[0], b"secret")
    assert other[1].message_id != made[0][1].message_id


def test_in_test_mode_it_goes_to_the_test_address_and_says_so(line: Line) -> None:
    line.configure(".test_mode: {to: thu@bacson.example}")
    ask(line)
    send(line)
    (letter,) = letters(line)
    assert letter["To"] == "thu@bacson.example"
    assert letter["Subject"] == "[Thử] Xác nhận đăng ký nhận bản tin “Tin sáng”"


def test_a_template_that_fails_hurts_its_own_email_only_and_is_tried_again(line: Line) -> None:
    folder = line.folder / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "welcome.html.j2").write_text("<title>{{ nonsense.of.mine }}</title>")
    ask(line, "email/welcome", to="minh@example.com")
    ask(line)
    report = send(line)
    assert report.sent("mail") == 1
    assert [letter["To"] for letter in letters(line)] == ["lan@example.com"]
    (fault,) = report.faults
    assert fault.startswith("email/welcome to minh@example.com cannot be made: ")
    (waiting,) = [row for row in rows(line) if row.state == "pending"]
    assert (waiting.attempts, waiting.due) == (0, line.now + timedelta(minutes=5))
    (folder / "welcome.html.j2").write_text("<title>Xin chào</title><p>Xin chào")
    line._newsroom = None
    line.now += timedelta(minutes=5)
    assert send(line).sent("mail") == 1


def test_what_cannot_be_a_message_is_rejected_alone(line: Line) -> None:
    ask(line, to="no address")
    ask(line)
    send(line)
    assert states(line) == {"email/confirmation no address": "rejected", "email/confirmation lan@example.com": "sent"}


@pytest.mark.parametrize(
    ("template", "type", "goes"),
    [
        ("email/confirmation", BounceType.HARD, True),
        ("email/confirmation", BounceType.UNSUBSCRIBED, True),
        ("email/confirmation", BounceType.COMPLAINT, False),
        ("email/confirmation", BounceType.STAFF, False),
        ("email/welcome", BounceType.HARD, False),
        ("email/goodbye", BounceType.COMPLAINT, True),
        ("email/goodbye", BounceType.HARD, True),
    ],
)
def test_a_suppressed_address_gets_only_what_its_owner_has_just_asked_for(
    line: Line, template: str, type: BounceType, goes: bool
) -> None:
    suppress(line, "lan@example.com", type)
    ask(line, template)
    send(line)
    (row,) = rows(line)
    assert row.state == ("sent" if goes else "suppressed")
    assert len(letters(line)) == goes
    if not goes:
        assert row.reply == f"the address is suppressed ({type}: 550 no)"
        assert row.attempts == 0


def test_a_newsletter_that_is_gone_and_the_site_itself_can_write_too(line: Line) -> None:
    ask(line, "email/goodbye", newsletter="")
    ask(line, "email/goodbye", to="minh@example.com", newsletter="ban-tin-cu")
    assert send(line).sent("mail") == 2
    assert {letter["Subject"] for letter in letters(line)} == {"Đã hủy đăng ký bản tin “Báo Bắc Sơn”"}


def test_whoever_signs_up_is_told_who_has_asked_and_how_to_say_no(line: Line) -> None:
    ask(line)
    ask(line, "email/reminder", values={"confirm_url": CONFIRM, "titles": "Tin sáng, Tin chiều"})
    send(line)
    first, reminder = sorted(letters(line), key=lambda letter: str(letter["Subject"]), reverse=True)
    assert "Yêu cầu được gửi lúc 12:00, Chủ Nhật, ngày 22 tháng 11 năm 2026." in text_of(first)
    assert f"Tôi không đăng ký: xóa địa chỉ này: {CONFIRM}/no" in text_of(first)
    assert reminder["Subject"] == "Nhắc lại: Xác nhận đăng ký nhận bản tin “Tin sáng, Tin chiều”"
    assert "lần nhắc duy nhất" in text_of(reminder)


def test_what_belongs_to_the_whole_site_bears_its_name(line: Line) -> None:
    ask(line, "email/link", newsletter="", values={"link_url": "https://bacson.example/p/x"})
    ask(line, "email/address_change", newsletter="", values={"confirm_url": "https://bacson.example/c/x"})
    sections = [{"title": "Bản tin", "lines": ["Tin sáng <b>", "từ 01/11"]}]
    ask(line, "email/data", newsletter="", values={"sections": sections})
    report = send(line)
    assert (report.sent("mail"), report.faults) == (3, {})
    subjects = {str(letter["Subject"]) for letter in letters(line)}
    assert subjects == {
        "Liên kết quản lý đăng ký tại Báo Bắc Sơn",
        "Xác nhận địa chỉ mới tại Báo Bắc Sơn",
        "Dữ liệu của quý vị tại Báo Bắc Sơn",
    }
    data = next(letter for letter in letters(line) if "Dữ liệu" in letter["Subject"])
    html = data.get_body(("html",))
    assert html is not None
    assert "Tin sáng &lt;b&gt;" in html.get_content()


def test_everything_that_subscribers_ask_for_on_the_web_can_be_rendered(line: Line) -> None:
    """With the values that the pages really give."""
    line.configure('.web: {url: "https://news.bacson.example"}')
    line.subscribe("lan")
    with line.store.write() as connection:
        person = repository.find(connection, "lan@example.com")
        assert person is not None
        preferences.send_data(line.newsroom, connection, person, line.now, via="link")
        preferences.ask_new_address(line.newsroom, connection, person, "lan.moi@example.com", line.now)
        own_link.send_own_link(line.newsroom, connection, "lan@example.com", "192.0.2.1", line.now)
    report = send(line)
    assert (report.sent("mail"), report.faults) == (3, {})
    assert sorted(row.kind for row in rows(line)) == ["email/address_change", "email/data", "email/link"]
    data = next(letter for letter in letters(line) if "Dữ liệu" in letter["Subject"])
    assert "Tải toàn bộ dữ liệu (tệp JSON): https://news.bacson.example/p/" in text_of(data)


def test_what_nobody_could_send_in_time_is_given_up(line: Line) -> None:
    ask(line)
    line.now += timedelta(days=8)
    assert send(line).counts == {}
    assert letters(line) == []


# -- attributes as merge fields: as in digests, but only to the subscriber's own address ---------------------------------

ATTRIBUTES_HTML = """\
<!doctype html><html><head><title>Chào {{ subscriber.commune or "quý vị" }}</title></head><body>
<p>Xã/phường: {{ subscriber.commune or "chưa rõ" }}; {{ subscriber.children }} con; {{ subscriber.active }}</p>
<a href="https://bacson.example/?q={{ subscriber.commune }}">x</a></body></html>
"""
ATTRIBUTES_TEXT = (
    "Xã/phường: {{ subscriber.commune or 'chưa rõ' }}; {{ subscriber.children }} con; {{ subscriber.active }}\n"
)
DECLARED = (
    ".attributes: {commune: {label: {vi: Xã/phường}}, children: {label: {vi: Số con}, type: number}, "
    "active: {label: {vi: Hay đọc}, type: yes_no}}"
)


@pytest.fixture
def person(line: Line) -> str:
    """A subscriber whose commune would be markup, in a newsroom that shows attributes in two emails; returns the id."""
    folder = line.folder / "templates" / "email"
    folder.mkdir(parents=True)
    for name in ("welcome", "confirmation"):
        (folder / f"{name}.html.j2").write_text(ATTRIBUTES_HTML, encoding="utf-8")
        (folder / f"{name}.txt.j2").write_text(ATTRIBUTES_TEXT, encoding="utf-8")
    line.configure(DECLARED)
    request = parse_request(
        "lan@example.com", ["tin-sang"], known=["tin-sang"], declared=line.newsroom.settings.attributes,
        attributes={"commune": "<b>Bắc&Sơn</b>", "children": "1234.5", "active": "yes"},
    )  # fmt: skip
    with line.store.write() as connection:
        subscriber_subscribe.add(connection, request, line.now, keys=line.newsroom.secrets())
        found = repository.find(connection, "lan@example.com")
    assert found is not None
    return found.id


def first_letter(line: Line, to: str, subscriber: str, template: str = "email/welcome", **values: Any) -> EmailMessage:
    request = EmailRequest(
        template=template, address=to, subscriber=subscriber, newsletter="tin-sang", language=Language.VI,
        dedupe_key="1", expires_at=line.now + timedelta(days=1), values=values,
    )  # fmt: skip
    with line.store.write() as connection:
        assert enqueue_email(line.newsroom, connection, request, line.now)
    asyncio.run(pipeline.send_outbox(line.newsroom, line.store, line.clock, asyncio.Event()))
    (file,) = (line.folder / "mail" / "new").iterdir()
    return email.message_from_bytes(file.read_bytes(), policy=policy.default)


def test_a_subscriber_reads_their_own_values_escaped_for_where_they_stand(line: Line, person: str) -> None:
    letter = first_letter(line, "lan@example.com", person)
    page = letter.get_body(("html",))
    assert page is not None
    shown = page.get_content()
    assert letter["Subject"] == "Chào quý vị", "a subject is the same for everybody"
    assert "Xã/phường: &lt;b&gt;Bắc&amp;Sơn&lt;/b&gt;; 1234,5 con; có" in shown
    assert "?q=%3Cb%3EB%E1%BA%AFc%26S%C6%A1n%3C%2Fb%3E" in shown
    assert "Xã/phường: <b>Bắc&Sơn</b>; 1234,5 con; có" in text_of(letter)


def test_an_address_that_is_not_theirs_learns_nothing(line: Line, person: str) -> None:
    assert "Xã/phường: chưa rõ; con;" in text_of(first_letter(line, "somebody@example.com", person))


def test_whoever_has_not_confirmed_yet_is_told_nothing_of_what_was_typed(line: Line, person: str) -> None:
    letter = first_letter(line, "lan@example.com", "", "email/confirmation", confirm_url="https://bacson.example/c/x")
    assert "Xã/phường: chưa rõ;" in text_of(letter)


def test_an_attribute_that_is_not_declared_is_a_fault_of_the_template_with_its_line(line: Line, person: str) -> None:
    (line.folder / "templates" / "email" / "goodbye.txt.j2").write_text(
        "\n{{ subscriber.distric }}\n", encoding="utf-8"
    )
    faults = line.newsroom.templates.check(line.folder / "templates", tuple(line.newsroom.settings.attributes))
    assert [(fault.file, fault.line) for fault in faults] == [("templates/email/goodbye.txt.j2", 2)]


def test_a_merge_field_in_a_subject_is_refused_before_anything_is_sent(line: Line, person: str) -> None:
    (line.folder / "templates" / "email" / "welcome.html.j2").write_text(
        '{% extends "email/parts/layout.html.j2" %}\n{% block subject %}Chào {{ subscriber.commune }}{% endblock %}\n',
        encoding="utf-8",
    )
    (fault,) = line.newsroom.templates.check(line.folder / "templates", tuple(line.newsroom.settings.attributes))
    assert (fault.file, fault.line) == ("templates/email/welcome.html.j2", 2)
    assert fault.message.endswith("but a subject is the same for everybody")
