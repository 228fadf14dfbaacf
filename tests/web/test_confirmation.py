"""The link of the confirmation email: nothing happens before a button is pressed, and pressing twice does no harm."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from distributor.model import Subscriber
from distributor.subscribers import repository
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.clocked_newsroom import text_of
from support.web_client import Visitor
from support.web_signup import LAN, emails, fill, link, send


async def signed_up(visitor: Visitor) -> str:
    await send(visitor)
    return await link(visitor)


async def subscriber(visitor: Visitor, address: str = LAN) -> Subscriber | None:
    def look() -> Subscriber | None:
        with visitor.line.store.read() as connection:
            return repository.find(connection, address)

    return await visitor.run(look)


async def test_the_page_has_one_button_first_and_shows_no_address(visitor: Visitor) -> None:
    page = await (await visitor.get(await signed_up(visitor))).text()
    assert "Xác nhận đăng\u00a0ký bản\u00a0tin “Tin sáng”?" in page
    assert LAN not in page and "l••@example.vn" in page
    assert page.index("Xác nhận đăng ký</button>") < page.index("Không phải tôi</button>")


async def test_programs_that_open_links_change_nothing(visitor: Visitor) -> None:
    path = await signed_up(visitor)
    for method in ("GET", "HEAD"):
        for headers in ({}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"User-Agent": "scanner"}):
            for page in (path, f"{path}/no", f"/en{path}"):
                assert (await visitor.ask(method, page, headers=headers)).status == 200
    assert await subscriber(visitor) is None
    answer = await visitor.post(path)
    assert "Đăng ký thành công" in await answer.text()


async def test_the_button_subscribes_and_a_second_time_shows_the_same(visitor: Visitor) -> None:
    path = await signed_up(visitor)
    first = await visitor.post(path)
    second = await visitor.post(path)
    seen = await visitor.get(path)
    assert {first.status, second.status, seen.status} == {200}
    assert await first.text() == await second.text() == await seen.text()
    assert "thứ Hai, ngày 23 tháng 11 năm 2026" in await first.text()  # when the first edition comes
    person = await subscriber(visitor)
    assert person and person.newsletters == ("tin-sang",)


async def test_the_page_speaks_the_language_in_which_somebody_signed_up(visitor: Visitor) -> None:
    await visitor.post("/en/subscribe", data=await fill(visitor, "/en/subscribe", email=LAN))
    path = await link(visitor)
    assert "Confirm your subscription" in await (await visitor.get(path)).text()
    assert "Xác nhận đăng ký" in await (await visitor.get(f"/vi{path}")).text()


async def test_a_link_that_is_too_old_says_so_and_offers_the_form(visitor: Visitor) -> None:
    path = await signed_up(visitor)
    visitor.line.now += timedelta(days=8)
    for answer in (await visitor.get(path), await visitor.post(path)):
        page = await answer.text()
        assert answer.status == 410
        assert "Liên kết đã hết hiệu lực" in page and 'name="email"' in page
    assert await subscriber(visitor) is None


async def test_not_me_deletes_the_signup_even_when_the_link_is_old(visitor: Visitor) -> None:
    path = await signed_up(visitor)
    visitor.line.now += timedelta(days=8)
    assert "Xóa địa chỉ này" in await (await visitor.get(f"{path}/no")).text()
    for _ in range(2):
        answer = await visitor.post(f"{path}/no")
        assert answer.status == 200
        assert "Chúng tôi đã xóa địa chỉ này" in await answer.text()
    assert "Chúng tôi đã xóa" in await (await visitor.get(f"{path}/no")).text()
    visitor.line.now -= timedelta(days=8)
    assert (await visitor.post(path)).status == 410
    assert await subscriber(visitor) is None


async def test_whoever_has_left_since_is_not_told_that_they_are_subscribed(visitor: Visitor) -> None:
    path = await signed_up(visitor)
    await visitor.post(path)
    person = await subscriber(visitor)
    assert person

    def leave() -> None:
        with visitor.line.store.write() as connection:
            repository.unsubscribe(connection, person, "tin-sang", now=visitor.line.now, via="link")

    await visitor.run(leave)
    answer = await visitor.post(path)
    assert "Địa chỉ này hiện không nhận bản tin “Tin sáng”" in await answer.text()
    after = await subscriber(visitor)
    assert after and after.newsletters == ()


async def test_tokens_that_are_not_ours_or_for_something_else_open_nothing(visitor: Visitor) -> None:
    path = await signed_up(visitor)
    token = path.removeprefix("/c/")
    key = await visitor.run(visitor.line.newsroom.secret)
    subject = token.split(".")[3]
    tampered = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.replace(subject, "0" * 32),
        token + "x",
        token[:-5],
    ]
    confused = [sign(key, Claim(purpose, subject)) for purpose in Purpose if purpose is not Purpose.CONFIRM] + [
        sign(b"another key that is not ours", Claim(Purpose.CONFIRM, subject))
    ]
    for one in [*tampered, *confused, "v1", "v1.c", "x", "v1.c....", "v2" + token[2:]]:
        for method in ("GET", "POST"):
            for end in ("", "/no"):
                answer = await visitor.ask(method, f"/c/{one}{end}")
                assert answer.status == 404, one
    assert await subscriber(visitor) is None


async def test_the_link_of_a_test_email_shows_everything_and_changes_nothing(visitor: Visitor) -> None:
    key = await visitor.run(visitor.line.newsroom.secret)
    path = f"/c/{sign(key, Claim(Purpose.CONFIRM, 'test'))}"
    assert "Xác nhận đăng ký" in await (await visitor.get(path)).text()
    assert "Đăng ký thành công" in await (await visitor.post(path)).text()
    assert (await visitor.post(f"{path}/no")).status == 200
    assert await subscriber(visitor, "test@example.com") is None


@pytest.mark.parametrize("end", ["", "/no"])
async def test_the_pages_are_kept_nowhere(visitor: Visitor, end: str) -> None:
    answer = await visitor.get(await signed_up(visitor) + end)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers


async def test_from_the_form_to_the_welcome_and_nothing_typed_in_is_in_the_first_email(visitor: Visitor) -> None:
    """What anybody enters must not reach somebody else's inbox. Whoever has confirmed may be called what they like."""
    line = visitor.line
    name = 'Lan <b>"Đỏ"</b> {{ 1234*4321 }}'
    await visitor.post("/subscribe", data=await fill(visitor, email=LAN, name=name))
    await visitor.run(line.send_outbox)
    (asked,) = await visitor.run(line.mailbox, "lan")
    assert "Lan" not in asked["To"] and "Đỏ" not in asked.as_string()
    path = re.search(r"https://news\.bacson\.example(/c/\S+)", text_of(asked))
    assert path
    line.now += timedelta(minutes=1)
    assert (await visitor.post(path[1])).status == 200
    await visitor.run(line.send_outbox)
    welcome = (await visitor.run(line.mailbox, "lan"))[-1]
    html = welcome.get_body(("html",))
    assert html
    content = html.get_content()
    assert "&lt;b&gt;" in content and "<b>" not in content
    assert "{{ 1234*4321 }}" in content and LAN in content
    assert welcome["Bcc"] is None and welcome["Cc"] is None


async def test_whoever_has_confirmed_is_shown_the_latest_edition(visitor: Visitor) -> None:
    line = visitor.line

    def publish() -> None:
        line.arrives("a")
        line.subscribe("mai")
        line.day("07:00")

    await visitor.run(publish)
    path = await signed_up(visitor)
    answer = await visitor.post(path)
    assert "/archive/tin-sang/" in await answer.text()
    (welcome,) = [row for row in await emails(visitor) if row.kind == "email/welcome"]
    latest = json.loads(welcome.body)["values"]["latest_url"]
    assert latest.startswith("https://news.bacson.example/archive/tin-sang/")
    assert (await visitor.get(latest)).status == 200


async def test_a_newsletter_that_has_ended_meanwhile_is_no_fault(visitor: Visitor) -> None:
    waits = await signed_up(visitor)
    await send(visitor, "mai@example.vn")
    done = await link(visitor, "mai@example.vn")
    await visitor.post(done)
    visitor.line.config = visitor.line.config.replace("  tin-sang:", "  tin-moi:")
    visitor.line.configure()
    await visitor.restart()
    for path in (waits, done):
        for method in ("GET", "POST", "GET"):
            assert (await visitor.ask(method, path)).status == 200
