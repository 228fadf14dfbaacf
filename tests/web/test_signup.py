"""Signing up on the web: the same answer for every address, one click more for what looks like a program, nobody dropped."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiohttp import ClientResponse

from distributor.bounces import suppressions
from distributor.model import BounceType, Suppression
from distributor.subscribers import signups
from distributor.subscribers.address_hash import hash_address
from distributor.subscribers.sealed import seal
from distributor.web import pace
from support.web_client import Visitor
from support.web_signup import LAN, emails, fields_of, fill, send, text_of, waiting

# -- the form -----------------------------------------------------------------------------------------------------------


async def test_signing_up_leads_to_a_page_that_names_the_address_and_not_in_its_url(visitor: Visitor) -> None:
    answer = await send(visitor)
    assert answer.status == 303
    where = answer.headers["Location"]
    assert where.startswith("/subscribe/sent/") and "lan" not in where and "example" not in where
    page = await text_of(await visitor.get(where))
    assert "Xin kiểm tra hộp thư" in page and LAN in page
    assert len(await emails(visitor)) == 1
    assert visitor.woken == 1


async def test_the_page_speaks_the_language_of_its_address(visitor: Visitor) -> None:
    answer = await visitor.post("/en/subscribe", data=await fill(visitor, "/en/subscribe", email=LAN))
    assert answer.headers["Location"].startswith("/en/subscribe/sent/")
    assert "Check your inbox" in await text_of(await visitor.get(answer.headers["Location"]))
    signup = await waiting(visitor)
    assert signup and signup.wish.language == "en"
    assert signup.asks[0].text.startswith("By choosing “Subscribe”")


async def test_after_an_hour_the_page_says_the_same_without_the_address(visitor: Visitor) -> None:
    where = (await send(visitor)).headers["Location"]
    visitor.line.now += timedelta(hours=2)
    page = await text_of(await visitor.get(where))
    assert "Xin kiểm tra hộp thư" in page and LAN not in page


async def test_only_one_newsletter_needs_no_choice(visitor: Visitor) -> None:
    page = await (await visitor.get("/subscribe")).text()
    assert 'name="newsletter" value="tin-sang"' in page
    assert 'type="checkbox"' not in page


TWO = "newsletters:\n  tin-tuan: {title: Tin tuần, channels: [mail], description: Mỗi tuần một lần}\n"
HIDDEN = "  noi-bo: {title: Nội bộ, channels: [mail], on_the_web: false}\n  bai: {title: Bài viết, channels: [feeds]}\n"


async def with_newsletters(visitor: Visitor, more: str = TWO + HIDDEN) -> None:
    visitor.line.config = visitor.line.config.replace("newsletters:\n", more)
    visitor.line.configure()
    await visitor.restart()


async def test_of_several_newsletters_none_is_ticked(visitor: Visitor) -> None:
    await with_newsletters(visitor)
    page = await (await visitor.get("/subscribe")).text()
    assert page.count('type="checkbox"') == 2
    assert not re.search(r'type="checkbox"[^>]*checked', page)
    assert "Nội bộ" not in page and "Bài viết" not in page
    answer = await send(visitor)
    assert answer.status == 422
    assert "Xin chọn ít nhất một bản tin" in await answer.text()


async def test_a_newsletter_has_a_form_of_its_own(visitor: Visitor) -> None:
    await with_newsletters(visitor)
    page = await (await visitor.get("/n/tin-tuan/subscribe")).text()
    assert "Tin tuần" in page and 'name="newsletter" value="tin-tuan"' in page
    assert (await visitor.get("/n/noi-bo/subscribe")).status == 404
    assert (await visitor.get("/n/bai/subscribe")).status == 404
    assert (await visitor.get("/n/khong-co/subscribe")).status == 404


async def test_nobody_signs_up_for_what_is_not_on_the_web(visitor: Visitor) -> None:
    await with_newsletters(visitor)
    assert (await send(visitor, newsletter="noi-bo")).status == 422


async def test_what_is_wrong_is_said_on_top_and_at_the_field_and_what_was_typed_is_kept(visitor: Visitor) -> None:
    answer = await send(visitor, "lan@", name='Lan "& Mai', frequency="weekly")
    page = await answer.text()
    assert answer.status == 422
    assert "<title>Lỗi:" in page
    assert '<a href="#f-email">Xin nhập địa chỉ đúng dạng ten@example.vn</a>' in page
    field = re.search(r'<input id="f-email"[^>]*>', page)
    assert field and 'aria-invalid="true"' in field[0] and 'value="lan@"' in field[0]
    assert 'aria-describedby="f-email-hint f-email-error"' in field[0]
    assert "Lan &#34;&amp; Mai" in page
    assert re.search(r'value="weekly" checked', page)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": ""}, "Xin nhập địa chỉ thư điện tử"),
        ({"email": "lan"}, "Xin nhập địa chỉ đúng dạng"),
        ({"email": "lan@example.vn, mai@example.vn"}, "Xin nhập địa chỉ đúng dạng"),
        ({"email": "lan@example.vn\r\nBcc: mai@example.vn"}, "Xin nhập địa chỉ đúng dạng"),
        ({"email": "a" * 300 + "@example.vn"}, "Xin nhập địa chỉ đúng dạng"),
        ({"name": "x" * 101}, "Xin nhập tên"),
        ({"name": "Xem ngay https://evil.example"}, "Xin nhập tên"),
        ({"name": "Casino www.evil.example"}, "Xin nhập tên"),
        ({"frequency": "hourly"}, "Xin chọn trong danh sách"),
        ({"language": "fr"}, "Xin chọn trong danh sách"),
        ({"topic": "khong-co"}, "Xin chọn trong danh sách"),
        ({"newsletter": "khong-co"}, "Xin chọn trong danh sách"),
    ],
)
async def test_what_is_wrong_is_said(visitor: Visitor, typed: dict[str, str], words: str) -> None:
    answer = await visitor.post("/subscribe", data=await fill(visitor, **{"email": LAN, **typed}))
    assert answer.status == 422
    assert words in await text_of(answer)
    assert await emails(visitor) == []


async def test_all_that_was_chosen_is_kept_until_it_is_confirmed(visitor: Visitor) -> None:
    visitor.line.configure("sections: [Y tế, Kinh tế]")
    visitor.line.configure(
        ".attributes: {commune: {label: {vi: Xã/phường}, choices: [Bắc Sơn, Hữu Lũng], on_form: true}, "
        "born: {label: {vi: Ngày sinh}, type: date, on_form: true}, secret: {label: {vi: Kín}}}"
    )
    await visitor.restart()
    page = await (await visitor.get("/subscribe")).text()
    assert "Xã/phường" in page and "Ngày sinh" in page and "Kín" not in page
    typed = {
        "name": "Nguyễn  Lan",
        "topic": "Y tế",
        "frequency": "daily",
        "attribute.commune": "Bắc Sơn",
        "attribute.born": "23/11/1990",
        "attribute.secret": "no",
    }
    assert (await send(visitor, **typed)).status == 303
    signup = await waiting(visitor)
    assert signup
    assert (signup.wish.name, signup.wish.topics, signup.wish.frequency) == ("Nguyễn Lan", ("Y tế",), "daily")
    assert signup.wish.attributes == {"commune": "Bắc Sơn", "born": "1990-11-23"}
    answer = await send(visitor, **{**typed, "attribute.born": "gestern", "attribute.commune": "Hà Nội"})
    page = await text_of(answer)
    assert answer.status == 422
    assert "Ngày sinh: Xin nhập ngày đúng dạng" in page and "Xã/phường: Xin nhập tối đa" in page


# -- slips --------------------------------------------------------------------------------------------------------------


async def test_a_slip_is_questioned_and_either_answer_works(visitor: Visitor) -> None:
    answer = await send(visitor, "lan@gmail.con", name="Lan")
    page = await text_of(answer)
    assert answer.status == 200
    assert "Có phải quý vị muốn nhập lan@gmail.com?" in page
    assert 'name="email" value="lan@gmail.com"' in page and 'name="email" value="lan@gmail.con"' in page
    for address in ("lan@gmail.com", "lan@gmail.con"):
        answer = await visitor.post("/subscribe", data={**fields_of(page), "email": address})
        assert answer.status == 303
        signup = await waiting(visitor, address)
        assert signup and signup.wish.name == "Lan"


# -- who looks like a program -------------------------------------------------------------------------------------------


async def press_continue(visitor: Visitor, answer: ClientResponse) -> ClientResponse:
    page = await answer.text()
    assert answer.status == 200 and "Tiếp tục" in page
    return await visitor.post("/subscribe", data=fields_of(page))


@pytest.mark.parametrize(
    "typed",
    [{"mh7": "https://spam.example"}, {"shown": ""}, {"shown": "v1.f.000000.1.shown.AAAA"}, {"shown": "rubbish"}],
)
async def test_what_looks_like_a_program_is_shown_one_page_more_and_not_dropped(
    visitor: Visitor, typed: Mapping[str, str]
) -> None:
    answer = await visitor.post("/subscribe", data={**await fill(visitor, email=LAN, name="Lan"), **typed})
    assert await emails(visitor) == []
    assert (await press_continue(visitor, answer)).status == 303
    signup = await waiting(visitor)
    assert signup and signup.wish.name == "Lan"


async def test_whoever_is_too_fast_is_shown_one_page_more(visitor: Visitor) -> None:
    data = await fill(visitor, email=LAN)
    visitor.line.now -= timedelta(seconds=4)
    answer = await visitor.post("/subscribe", data=data)
    assert (await press_continue(visitor, answer)).status == 303


async def test_a_form_of_yesterday_is_shown_again_filled_in(visitor: Visitor) -> None:
    data = await fill(visitor, email=LAN, name="Lan")
    visitor.line.now += timedelta(hours=25)
    answer = await visitor.post("/subscribe", data=data)
    page = await text_of(answer)
    assert "Xin bấm “Đăng ký” lần nữa" in page
    assert f'value="{LAN}"' in page and 'value="Lan"' in page
    visitor.line.now += timedelta(seconds=5)
    assert (await visitor.post("/subscribe", data={**fields_of(page), "email": LAN})).status == 303


async def test_the_extra_page_is_good_for_its_address_alone_and_for_a_while(visitor: Visitor) -> None:
    answer = await visitor.post("/subscribe", data={"email": LAN})
    passed = fields_of(await answer.text())
    other = await visitor.post("/subscribe", data={**passed, "email": "mai@example.vn"})
    assert other.status == 200 and "Tiếp tục" in await other.text()
    visitor.line.now += timedelta(hours=2)
    late = await visitor.post("/subscribe", data=passed)
    assert late.status == 200 and "Tiếp tục" in await late.text()
    assert await emails(visitor) == []


@pytest.mark.parametrize("purpose", ["u", "p", "c", "a", "r"])
async def test_a_token_for_something_else_passes_nothing(visitor: Visitor, purpose: str) -> None:
    from distributor.subscribers.tokens import Claim, Purpose, sign

    key = await visitor.run(visitor.line.newsroom.secret)
    for scope in ("shown", "passed"):
        subject = hash_address(key, LAN)[:32] if scope == "passed" else str(int(visitor.line.now.timestamp()) - 60)
        token = sign(key, Claim(Purpose(purpose), subject, scope))
        answer = await visitor.post("/subscribe", data={"email": LAN, "shown": token, "passed": token})
        assert "Tiếp tục" in await answer.text()


async def test_a_form_on_another_site_works_without_cookies_and_its_site_is_recorded(visitor: Visitor) -> None:
    headers = {"Origin": "https://bacson.example", "Referer": "https://bacson.example/"}
    answer = await visitor.post("/subscribe", data={"email": LAN, "newsletter": "tin-sang"}, headers=headers)
    done = await visitor.post("/subscribe", data=fields_of(await answer.text()), headers=headers)
    assert done.status == 303
    signup = await waiting(visitor)
    assert signup and signup.asks[0].url == "https://bacson.example"


@pytest.mark.parametrize(
    "origin", ["null", "javascript:alert(1)", "https://", "not a url", "https://news.bacson.example"]
)
async def test_an_odd_origin_is_not_recorded(visitor: Visitor, origin: str) -> None:
    data = await fill(visitor, email=LAN)
    assert (await visitor.post("/subscribe", data=data, headers={"Origin": origin})).status == 303
    signup = await waiting(visitor)
    assert signup and signup.asks[0].url == "https://news.bacson.example/subscribe"


async def test_the_sixth_signup_of_a_network_is_shown_one_page_more(visitor: Visitor) -> None:
    for number in range(5):
        assert (await send(visitor, f"a{number}@gmail.com")).status == 303
    answer = await send(visitor, "a9@gmail.com")
    assert (await press_continue(visitor, answer)).status == 303


async def test_when_the_site_takes_no_more_it_says_when_to_come_back(visitor: Visitor) -> None:
    visitor.line.configure(
        ".web: {max_signups_per_hour: 10, url: 'https://news.bacson.example'}".replace(".web", ".web")
    )
    visitor.line.config = visitor.line.config.replace('web: {url: "https://news.bacson.example"}\n', "", 1)
    await visitor.restart()
    for number in range(10):
        await press_on(visitor, f"a{number}@gmail.com")
    answer = await press_on(visitor, "a11@gmail.com")
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "3600"
    assert "Có quá nhiều yêu cầu" in await answer.text()


async def press_on(visitor: Visitor, address: str) -> ClientResponse:
    answer = await send(visitor, address)
    return await press_continue(visitor, answer) if answer.status == 200 else answer


# -- what nobody may learn ----------------------------------------------------------------------------------------------


async def addresses_of_every_kind(visitor: Visitor) -> list[str]:
    line = visitor.line
    await visitor.run(line.subscribe, "known")
    key = await visitor.run(line.newsroom.secret)

    def prepare() -> None:
        with line.store.write() as connection:
            signups.refuse(connection, hash_address(key, "refused@example.com"), line.now)
            for name, type in (("staff", BounceType.STAFF), ("hard", BounceType.HARD), ("spam", BounceType.COMPLAINT)):
                suppressions.suppress(
                    connection, Suppression(address=f"{name}@example.com", type=type, reason="", since=line.now)
                )

    await visitor.run(prepare)
    await send(visitor, "waiting@example.com")
    return [f"{name}@example.com" for name in ("known", "newone", "waiting", "refused", "staff", "hard", "spam")]


async def test_every_address_gets_the_same_answer(visitor: Visitor) -> None:
    answers = set()
    for address in await addresses_of_every_kind(visitor):
        answer = await press_on(visitor, address)
        page = await text_of(await visitor.get(answer.headers["Location"]))
        headers = frozenset(name for name in answer.headers)
        length = len(answer.headers["Location"]) - len(address) * 4 // 3
        said = re.sub(r"\d\d:\d\d", "", page.replace(address, "ADDRESS"))
        answers.add((answer.status, headers, length // 3, re.sub(r'href="[^"]*sent/[^"]*"', "", said)))
    assert len({answer[:2] for answer in answers}) == 1
    assert len({answer[3] for answer in answers}) == 1


async def test_every_address_is_answered_on_the_beat(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured apart, the medians of 25 of each kind lie within two milliseconds; without the beat it is eight."""
    addresses = await addresses_of_every_kind(visitor)
    monkeypatch.setattr(pace, "BEAT", 0.2)
    for address in addresses[:3]:
        data = await fill(visitor, email=address)
        begun = time.perf_counter()
        assert (await visitor.post("/subscribe", data=data)).status == 303
        assert time.perf_counter() - begun >= 0.2
        begun = time.perf_counter()
        await visitor.post("/me", data={"email": address})
        assert time.perf_counter() - begun >= 0.2


@pytest.mark.parametrize("path", ["/subscribe", "/me", "/subscribe/sent", "/n/tin-sang/subscribe"])
async def test_no_page_sets_a_cookie(visitor: Visitor, path: str) -> None:
    assert "Set-Cookie" not in (await visitor.get(path)).headers
    assert "Set-Cookie" not in (await send(visitor)).headers


async def test_no_page_leads_where_somebody_else_says(visitor: Visitor) -> None:
    for name in ("next", "url", "redirect", "return", "continue"):
        typed = {name: "https://evil.example/"}
        answer = await visitor.post("/subscribe?next=//evil.example", data={**await fill(visitor, email=LAN), **typed})
        assert answer.status in (200, 303)
        assert answer.headers.get("Location", "/").startswith("/subscribe/sent/") or answer.status == 200
        assert "evil.example" not in await answer.text()


async def test_the_form_may_be_found_by_search_engines_and_its_results_may_not(visitor: Visitor) -> None:
    assert "X-Robots-Tag" not in (await visitor.get("/subscribe")).headers
    answer = await send(visitor, "lan@")
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"


XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 1234*4321 }}{% raw %}",
    "@@field:unsubscribe_url@@",
    "</title><script>",
    "<!--",
    "\u202eevil",
)


async def test_no_field_is_markup_on_any_page(visitor: Visitor) -> None:
    for text in XSS:
        await try_markup(visitor, text)


async def try_markup(visitor: Visitor, text: str) -> None:
    names = ("email", "name", "topic", "newsletter", "frequency", "language", "mh7", "shown", "sure")
    everything = dict.fromkeys(names, text)
    pages = [await visitor.post("/subscribe", data=everything)]
    pages.append(await visitor.post("/subscribe", data={**everything, "email": LAN, "newsletter": "tin-sang"}))
    only_name = {"email": "lan@gmail.con", "name": text}
    pages.append(await visitor.post("/subscribe", data=only_name))
    pages.append(await visitor.post("/subscribe", data={**only_name, "sure": "1"}))
    pages.append(await visitor.get("/subscribe", params={"newsletter": text}))
    for answer in pages:
        page = await answer.text()
        assert answer.status in (200, 422)
        for bad in ("<script", "<img src=x", "<svg/onload", "5332114", "<!--"):
            assert bad not in page.replace("<!DOCTYPE", "")
        assert 'href="javascript:' not in page


async def test_a_strange_local_part_is_text_everywhere(visitor: Visitor) -> None:
    address = "o'brien&co+{{x}}@example.vn"
    answer = await send(visitor, address)
    page = await (await visitor.get(answer.headers["Location"])).text()
    assert "o&#39;brien&amp;co+{{x}}@example.vn" in page


# -- bodies that no browser sends ---------------------------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"


BODIES = [
    (b"", ""),
    (b"", FORM),
    (b"email=lan%40example.vn", "multipart/form-data"),  # without a boundary
    (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=email\r\n\r\nlan", "multipart/form-data; boundary=x"),
    (
        b"--x\r\nContent-Disposition: form-data; name=email; filename=a\r\n\r\nlan\r\n--x--",
        "multipart/form-data; boundary=x",
    ),
    (b"&".join(b"f%d=1" % n for n in range(1000)), FORM),
    (b"email=" + b"a" * 20_000, FORM),
    (b"email=" + b"a" * 100_000, FORM),
    (b"email=\xff\xfe%ff%00&name=%c3%28", FORM),
    ("email=lần@example.vn".encode("utf-16"), f"{FORM}; charset=utf-8"),
    (b"email=lan", f"{FORM}; charset=no-such-thing"),
    (b"email=lan", f"{FORM}; charset=utf-16"),
    (b'{"email": "lan@example.vn"}', "application/json"),
    (b"\0" * 1000, "application/octet-stream"),
    (b"email=lan%0d%0aBcc%3a%20x%40example.vn", FORM),
    (b"%%%&&&===;;;", FORM),
    (b"email=x&name=\\ud800&newsletter=\\ud800&\\ud800=x", f"{FORM}; charset=raw_unicode_escape"),
    (b"email=+2AA-&name=+2AA-", f"{FORM}; charset=utf-7"),
    (b"email=lan", f"{FORM}; charset=zlib"),
    (b"email[]=a&email[x]=b", FORM),
]


@pytest.mark.parametrize("path", ["/subscribe", "/me", "/c/v1.c.x", "/c/v1.c.x/no"])
async def test_no_body_is_our_fault(visitor: Visitor, path: str) -> None:
    for body, kind in BODIES:
        answer = await visitor.post(path, data=body, headers={"Content-Type": kind} if kind else {})
        assert 200 <= answer.status < 500, (body[:80], kind)
    assert await emails(visitor) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("path", ["/subscribe", "/me"])
async def test_a_body_that_is_not_encoded_as_it_says_is_refused(visitor: Visitor, path: str, encoding: str) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": encoding}
    answer = await visitor.post(path, data=b"email=lan%40example.vn", headers=headers)
    assert answer.status == 400


async def test_a_cursor_of_the_api_shows_the_page_without_an_address(visitor: Visitor) -> None:
    line = visitor.line
    cursor = seal(line.newsroom.secret(), "cursor", {"listing": "subscribers"}, line.now + timedelta(hours=1))
    answer = await visitor.get(f"/subscribe/sent/{cursor}")
    assert answer.status == 200


async def test_a_sealed_word_that_is_none_shows_the_page_without_an_address(visitor: Visitor) -> None:
    for word in ("", "A", "%00", "%ff", "..", "đ", "A" * 2000, "%2e%2e%2f"):
        answer = await visitor.get(f"/subscribe/sent/{word}")
        assert answer.status in (200, 404), word


@pytest.mark.parametrize("path", ["/", "/n/tin-sang"])
async def test_the_form_on_a_page_that_is_cached_signs_somebody_up(visitor: Visitor, path: str) -> None:
    visitor.line.now += timedelta(minutes=3)  # a page that is made anew every ten minutes looks older than it is
    answer = await visitor.post("/subscribe", data=await fill(visitor, path, email=LAN))
    assert answer.status == 303
    assert await waiting(visitor)


async def test_a_newsletter_that_sends_no_emails_offers_no_form(visitor: Visitor) -> None:
    await with_newsletters(visitor, "newsletters:\n" + HIDDEN)
    page = await (await visitor.get("/n/bai")).text()
    assert 'name="email"' not in page
    assert "/n/bai/subscribe" not in await (await visitor.get("/")).text()
