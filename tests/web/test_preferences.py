"""The page of preferences: what it shows and saves, another address, a copy of the data, erasure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.model import Subscriber
from distributor.pipeline.signup import tend_signups
from distributor.storage.web_tables import address_changes, data_requests, erased_addresses, outbox
from distributor.subscribers import consents, opt_outs, repository, subscribe
from distributor.subscribers.merge_values import PROBE
from distributor.subscribers.requests import parse_request
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.clocked_newsroom import text_of
from support.web_client import Visitor

LAN = "lan@example.com"
EVIL = "<script>alert('x')</script>\"'><img src=x onerror=y>{{7777*7777}}"
FORM = {"newsletter": "tin-sang", "frequency": "each", "language": "vi", "name": "Lan"}


@pytest.fixture
async def lan(visitor: Visitor) -> str:
    """The path of Lan's page. There is a second newsletter, and the commune is asked for."""
    visitor.line.config = visitor.line.config.replace(
        "newsletters:\n",
        "newsletters:\n  tin-toi: {title: Tin tối, topics: [Y tế, Giáo dục], channels: [mail]}\n"
        "  noi-bo: {title: Nội bộ, channels: [mail], on_the_web: false}\n",
    )
    visitor.line.configure(
        ".attributes: {xa: {label: {vi: Xã/phường}, choices: [Bắc Sơn, Hữu Lũng], on_form: true}, "
        "diem: {label: {vi: Điểm}, type: number}, sinh: {label: {vi: Ngày sinh}, type: date, on_form: true}}"
    )
    await visitor.restart()
    await visitor.run(visitor.line.subscribe, "lan")
    return await visitor.run(link, visitor)


def link(visitor: Visitor, address: str = LAN) -> str:
    id = find(visitor, address).id
    return f"/p/{sign(visitor.line.newsroom.secret(), Claim(Purpose.PREFERENCES, id))}"


def find(visitor: Visitor, address: str = LAN) -> Subscriber:
    with visitor.line.store.read() as connection:
        found = repository.find(connection, address)
    assert found
    return found


def emails(visitor: Visitor, kind: str) -> list[Mapping[str, Any]]:
    with visitor.line.store.read() as connection:
        rows = connection.execute(sa.select(outbox).where(outbox.c.kind == kind).order_by(outbox.c.id)).all()
    return [{**json.loads(row.body)["values"], "address": row.address} for row in rows]


def count(visitor: Visitor, table: sa.Table) -> int:
    with visitor.line.store.read() as connection:
        number: int = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    return number


class TestChoosing:
    async def test_it_shows_what_the_address_has_and_what_it_may_have(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.get(lan)).text()
        boxes = re.findall(r'name="newsletter" value="([^"]*)"( checked)?', page)
        assert boxes == [("tin-toi", ""), ("tin-sang", " checked")]
        assert "Xã/phường" in page and "Điểm" not in page
        assert "l••@example.com" in page and LAN not in page

    async def test_it_saves_everything_and_says_so(self, visitor: Visitor, lan: str) -> None:
        data = [
            ("newsletter", "tin-sang"), ("newsletter", "tin-toi"), ("topic", "Y tế"), ("frequency", "weekly"),
            ("language", "en"), ("name", "Nguyễn Thị Lan"), ("attribute.xa", "Bắc Sơn"),
            ("attribute.sinh", "23/11/1990"), ("pause.tin-sang", "2026-12-24"),
        ]  # fmt: skip
        answer = await visitor.post(lan, data=data)
        assert (answer.status, answer.headers["Location"]) == (303, f"{lan}?saved=1")
        person = await visitor.run(find, visitor)
        assert set(person.newsletters) == {"tin-sang", "tin-toi"}
        assert (person.name, person.language, person.frequency, person.topics) == (
            "Nguyễn Thị Lan",
            "en",
            "weekly",
            ("Y tế",),
        )
        assert person.attributes == {"xa": "Bắc Sơn", "sinh": "1990-11-23"}
        page = await (await visitor.get(answer.headers["Location"])).text()
        assert 'role="status"' in page and "Your changes are saved." in page and 'value="2026-12-24"' in page

    async def test_a_newsletter_that_is_joined_is_a_consent(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan, data=[("newsletter", "tin-toi"), *FORM.items()])

        def given() -> list[tuple[str, str]]:
            with visitor.line.store.read() as connection:
                return [(one.newsletter, one.via) for one in consents.list_of(connection, find(visitor).id)]

        assert await visitor.run(given) == [("tin-toi", "link")]

    async def test_a_box_without_its_tick_is_an_opt_out_with_a_goodbye(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan, data={"frequency": "each", "language": "vi"})

        def left() -> list[tuple[str, str]]:
            with visitor.line.store.read() as connection:
                return [(one.newsletter, one.via) for one in opt_outs.find_by_key(connection, LAN)]

        assert await visitor.run(left) == [("tin-sang", "link")]
        assert len(await visitor.run(emails, visitor, "email/goodbye")) == 1
        await visitor.post(lan, data=FORM)
        assert await visitor.run(left) == []

    async def test_a_newsletter_that_is_not_on_the_web_cannot_be_joined(self, visitor: Visitor, lan: str) -> None:
        answer = await visitor.post(lan, data={**FORM, "newsletter": "noi-bo"})
        assert answer.status == 422
        assert (await visitor.run(find, visitor)).newsletters == ("tin-sang",)

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("frequency", "hourly", "Xin chọn trong danh sách"),
            ("language", "fr", "Xin chọn trong danh sách"),
            ("topic", "Thể thao", "Xin chọn trong danh sách"),
            ("name", "x" * 101, "tối đa 100 ký tự"),
            ("attribute.xa", "Hà Nội", "chọn trong danh sách"),
            ("attribute.sinh", "31/02/1990", "23/11/1990"),
            ("pause.tin-sang", "2026-11-22", "Xin chọn một ngày từ ngày mai"),
            ("pause.tin-sang", "2027-12-24", "Xin chọn một ngày từ ngày mai"),
            ("pause.tin-sang", "99/99/9999", "Xin chọn một ngày từ ngày mai"),
        ],
    )
    async def test_what_is_wrong_is_said_and_what_was_typed_stays(
        self, visitor: Visitor, lan: str, field: str, value: str, said: str
    ) -> None:
        before = await visitor.run(find, visitor)
        answer = await visitor.post(lan, data={**FORM, field: value})
        page = await answer.text()
        assert answer.status == 422
        assert said in page and 'role="alert"' in page and "Lỗi:" in page
        assert await visitor.run(find, visitor) == before

    @pytest.mark.parametrize("body", [b"", b"a=b", b"\xff\0", b"newsletter=tin-sang"])
    async def test_what_is_not_our_form_changes_nothing(self, visitor: Visitor, lan: str, body: bytes) -> None:
        before = await visitor.run(find, visitor)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await visitor.post(lan, data=body, headers=headers)).status == 400
        assert await visitor.run(find, visitor) == before

    async def test_nothing_that_is_typed_acts_on_any_page(self, visitor: Visitor, lan: str) -> None:
        def join() -> None:
            with visitor.line.store.write() as connection:
                person = find(visitor)
                changed = person._replace(topics=(EVIL,), name=EVIL, attributes={"xa": EVIL})
                repository.update(connection, [(person, changed)], visitor.line.now)

        await visitor.run(join)
        for answer in (
            await visitor.get(lan),
            await visitor.post(lan, data={**FORM, "name": EVIL * 9, "topic": EVIL, "attribute.xa": EVIL}),
            await visitor.post(f"{lan}/address", data={"email": EVIL}),
            await visitor.get(f"{lan}?saved={EVIL}"),
        ):
            page = await answer.text()
            assert "<script>alert" not in page and "<img src=x" not in page and "60481729" not in page
            assert "script-src" not in answer.headers["Content-Security-Policy"]

    async def test_a_name_has_no_line_breaks(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan, data={**FORM, "name": "Lan\r\nBcc: nam@example.com"})
        assert (await visitor.run(find, visitor)).name == "Lan Bcc: nam@example.com"

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_looking_changes_nothing(self, visitor: Visitor, lan: str, method: str) -> None:
        before = await visitor.run(find, visitor)
        for rest in ("", "/", "/address", "/data", "/erase", "?frequency=weekly&language=en"):
            answer = await visitor.ask(method, lan + rest, headers={"Sec-Purpose": "prefetch"})
            assert answer.status == 200, rest
            assert (answer.headers["Cache-Control"], "Set-Cookie" in answer.headers) == ("no-store", False)
        assert await visitor.run(find, visitor) == before
        assert await visitor.run(count, visitor, outbox) == 0

    async def test_links_for_other_purposes_open_nothing(self, visitor: Visitor, lan: str) -> None:
        secret, id = await visitor.run(visitor.line.newsroom.secret), (await visitor.run(find, visitor)).id
        for purpose in set(Purpose) - {Purpose.PREFERENCES}:
            token = sign(secret, Claim(purpose, id))
            for forged in (token, token.replace(f"v1.{purpose}.", "v1.p.")):
                for rest in ("", "/erase"):
                    assert (await visitor.post(f"/p/{forged}{rest}", data=FORM)).status == 404
        assert (await visitor.run(find, visitor)).id == id

    async def test_a_link_of_a_test_email_shows_all_and_changes_nothing(self, visitor: Visitor, lan: str) -> None:
        token = sign(await visitor.run(visitor.line.newsroom.secret), Claim(Purpose.PREFERENCES, PROBE))
        assert (await visitor.post(f"/p/{token}", data=FORM)).status == 303
        assert (await visitor.post(f"/p/{token}/erase")).status == 200
        assert (await visitor.post(f"/p/{token}/data")).status == 303
        assert "không có gì thay đổi" in await (await visitor.get(f"/p/{token}")).text()
        assert await visitor.run(count, visitor, outbox) == await visitor.run(count, visitor, data_requests) == 0


class TestPausing:
    async def test_nothing_comes_during_a_pause_and_nothing_is_made_up_for(self, visitor: Visitor, lan: str) -> None:
        await visitor.run(visitor.line.subscribe, "nam")
        assert (await visitor.post(lan, data={**FORM, "pause.tin-sang": "2026-11-25"})).status == 303

        def days() -> None:
            for name, day in (("a", "2026-11-23"), ("b", "2026-11-24"), ("c", "2026-11-25")):
                visitor.line.arrives(name)
                visitor.line.day(f"{day} 07:00")
            assert visitor.line.read("lan") == [["c"]]
            assert visitor.line.read("nam") == [["a"], ["b"], ["c"]]

        await visitor.run(days)

    async def test_a_pause_stops_what_is_on_its_way(self, visitor: Visitor, lan: str) -> None:
        def enqueue() -> None:
            visitor.line.arrives("a")
            visitor.line.at("2026-11-23 07:00")
            visitor.line.answer()

        await visitor.run(enqueue)
        await visitor.post(lan, data={**FORM, "pause.tin-sang": "2026-12-24"})
        await visitor.run(visitor.line.deliver)
        assert await visitor.run(visitor.line.mailbox, "lan") == []


class TestAddress:
    async def confirm(self, visitor: Visitor, lan: str, address: str) -> str:
        """The path in the email to the new address."""
        answer = await visitor.post(f"{lan}/address", data={"email": address})
        assert (answer.status, answer.headers["Location"]) == (303, f"{lan}?saved=address")
        url: str = (await visitor.run(emails, visitor, "email/address_change"))[-1]["confirm_url"]
        return url.removeprefix("https://news.bacson.example")

    async def test_its_owner_confirms_it(self, visitor: Visitor, lan: str) -> None:
        path = await self.confirm(visitor, lan, "Lan.Moi@Example.VN")
        for method in ("GET", "HEAD"):
            assert (await visitor.ask(method, path)).status == 200
        before = await visitor.run(find, visitor)
        page = await (await visitor.get(path)).text()
        assert "L••@example.vn" in page and "l••@example.com" in page
        assert "Đã đổi địa chỉ" in await (await visitor.post(path)).text()
        after = await visitor.run(find, visitor, "lan.moi@example.vn")
        assert (after.id, after.newsletters) == (before.id, before.newsletters)
        assert (await visitor.get(lan)).status == 200

    async def test_a_second_click_says_done_and_the_old_address_is_told_once(self, visitor: Visitor, lan: str) -> None:
        path = await self.confirm(visitor, lan, "moi@example.vn")
        for method in ("POST", "POST", "GET"):
            answer = await visitor.ask(method, path)
            assert (answer.status, "Đã đổi địa chỉ" in await answer.text()) == (200, True)
        await visitor.run(visitor.line.send_outbox)
        (letter,) = await visitor.run(visitor.line.mailbox, "lan")
        text = text_of(letter)
        assert "được gửi đến địa chỉ m••@example.vn thay cho lan@example.com" in " ".join(text.split())
        assert "/p/" not in text and "/u/" not in text

    async def test_what_is_on_its_way_goes_to_the_new_one(self, visitor: Visitor, lan: str) -> None:
        path = await self.confirm(visitor, lan, "moi@example.vn")

        def enqueue() -> None:
            visitor.line.arrives("a")
            visitor.line.at("2026-11-23 07:00")
            visitor.line.answer()

        await visitor.run(enqueue)
        await visitor.post(path)
        await visitor.run(visitor.line.deliver)
        assert len(await visitor.run(visitor.line.mailbox, "moi")) == 1
        assert await visitor.run(visitor.line.mailbox, "lan") == []

    async def test_an_address_that_is_on_the_list_gets_the_same_answer_and_becomes_one(
        self, visitor: Visitor, lan: str
    ) -> None:
        def join() -> None:
            wanted = parse_request("nam@example.com", ["tin-toi"], known=["tin-toi"])
            with visitor.line.store.write() as connection:
                subscribe.add(connection, wanted, visitor.line.now, keys=())

        await visitor.run(join)
        path = await self.confirm(visitor, lan, "nam@example.com")
        assert (await visitor.post(path)).status == 200
        assert set((await visitor.run(find, visitor, "nam@example.com")).newsletters) == {"tin-toi", "tin-sang"}
        assert (await visitor.get(lan)).status == 404

    async def test_a_link_is_good_for_three_days(self, visitor: Visitor, lan: str) -> None:
        path = await self.confirm(visitor, lan, "moi@example.vn")
        visitor.line.now += timedelta(days=3)
        assert (await visitor.post(path)).status == (await visitor.get(path)).status == 404
        assert (await visitor.run(find, visitor)).address == LAN

    async def test_nobody_can_have_us_write_again_and_again(self, visitor: Visitor, lan: str) -> None:
        for address in ["nan@example.com"] * 5 + [f"n{number}@example.com" for number in range(9)]:
            assert (await visitor.post(f"{lan}/address", data={"email": address})).status == 303
        sent = [one["address"] for one in await visitor.run(emails, visitor, "email/address_change")]
        assert sent == ["nan@example.com", "n0@example.com", "n1@example.com"]

    @pytest.mark.parametrize(
        "typed", ["", "lan", "a@b", "x@example.com\r\nBcc: y@example.com", "@example.com", "a b@c.vn"]
    )
    async def test_what_is_no_address_is_said(self, visitor: Visitor, lan: str, typed: str) -> None:
        answer = await visitor.post(f"{lan}/address", data={"email": typed})
        assert answer.status in (303, 422)
        assert await visitor.run(count, visitor, address_changes) == (1 if answer.status == 303 else 0)
        assert answer.status == 422 or typed == "a@b"


class TestData:
    async def test_a_copy_goes_to_the_address_once_a_day(self, visitor: Visitor, lan: str) -> None:
        for _ in range(3):
            answer = await visitor.post(f"{lan}/data")
            assert answer.headers["Location"] == f"{lan}?saved=data"
        (one,) = await visitor.run(emails, visitor, "email/data")
        assert {"title": "Địa chỉ", "lines": [LAN]} in one["sections"]
        path = one["link_url"].removeprefix("https://news.bacson.example")
        found = await (await visitor.get(path)).json()
        assert found["address"] == LAN
        assert [row["newsletter"] for row in found["newsletters"]] == ["tin-sang"]
        assert [row["kind"] for row in found["requests"]] == ["access"]

    async def test_the_link_of_a_newsletter_does_not_show_it(self, visitor: Visitor, lan: str) -> None:
        assert (await visitor.get(f"{lan}/data.json")).status == 404

    async def test_erasing_asks_first_and_leaves_only_a_code(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.get(f"{lan}/erase")).text()
        assert "Xóa dữ liệu của quý vị?" in page and f'action="{lan}/erase"' in page
        answer = await visitor.post(f"{lan}/erase")
        assert (answer.status, "Đã xóa dữ liệu" in await answer.text()) == (200, True)
        assert await visitor.run(count, visitor, erased_addresses) == 1
        for rest in ("", "/erase"):
            assert (await visitor.get(lan + rest)).status == 404
        with pytest.raises(AssertionError):
            await visitor.run(find, visitor)


def test_a_day_can_be_written_by_hand() -> None:
    from distributor.web.preference_form import _parse_day

    assert _parse_day("24/12/2026") == _parse_day("2026-12-24") == date(2026, 12, 24)
    assert _parse_day("24/13/2026") is None


async def test_changes_that_nobody_confirms_are_forgotten(visitor: Visitor, lan: str) -> None:
    await visitor.post(f"{lan}/address", data={"email": "moi@example.vn"})

    def tend() -> None:
        tend_signups(visitor.line.newsroom, visitor.line.store, visitor.line.now + timedelta(days=3))

    assert await visitor.run(count, visitor, address_changes) == 1
    await visitor.run(tend)
    assert await visitor.run(count, visitor, address_changes) == 0
