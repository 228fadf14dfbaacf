"""Unsubscribing on the web: the page, the one-click POST in all its forms, undo, and what may do instead."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.model import OptOut, Subscriber
from distributor.storage.renames import NameKind, rename_everywhere
from distributor.storage.web_tables import outbox
from distributor.subscribers import opt_outs, repository
from distributor.subscribers.merge_values import PROBE
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.web_client import Visitor

LAN = "lan@example.com"
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
async def lan(visitor: Visitor) -> str:
    """The path of Lan's link."""
    await visitor.run(visitor.line.subscribe, "lan")
    return await visitor.run(link, visitor)


def link(visitor: Visitor, newsletter: str = "tin-sang", address: str = LAN) -> str:
    person = find(visitor, address)
    return f"/u/{sign(visitor.line.newsroom.secret(), Claim(Purpose.UNSUBSCRIBE, person.id, newsletter))}"


def find(visitor: Visitor, address: str = LAN) -> Subscriber:
    with visitor.line.store.read() as connection:
        found = repository.find(connection, address)
    assert found
    return found


def left(visitor: Visitor) -> list[OptOut]:
    with visitor.line.store.read() as connection:
        return opt_outs.find_by_key(connection, LAN)


def goodbyes(visitor: Visitor) -> list[dict[str, object]]:
    with visitor.line.store.read() as connection:
        rows = connection.execute(sa.select(outbox.c.body).where(outbox.c.kind == "email/goodbye")).scalars()
        return [json.loads(row) for row in rows]


async def subscribed(visitor: Visitor) -> bool:
    return "tin-sang" in (await visitor.run(find, visitor)).newsletters


class TestLooking:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize(
        "rest", ["", "/", "/undo", "/all", "/fewer", "/pause?days=30", "?List-Unsubscribe=One-Click"]
    )
    async def test_looking_changes_nothing(self, visitor: Visitor, lan: str, method: str, rest: str) -> None:
        for headers in ({}, {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}):
            answer = await visitor.ask(method, lan + rest, headers=headers)
            assert answer.status == 200
        assert await subscribed(visitor)
        assert await visitor.run(left, visitor) == []

    async def test_the_page_has_one_button_first_and_fewer_messages_under_it(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.get(lan)).text()
        buttons = re.findall(r"<button[^>]*>([^<]*)</button>", page)
        assert buttons[0] == "Hủy đăng ký nhận bản tin"
        assert buttons[1:] == ["Nhận mỗi ngày một thư", "Nhận mỗi tuần một thư", "Tạm ngừng", "Hủy đăng ký mọi bản tin"]
        assert "Tin sáng" in page and "l••@example.com" in page and LAN not in page

    async def test_it_speaks_the_other_language_as_well(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.get("/en" + lan)).text()
        assert "Unsubscribe from Tin sáng?" in page
        assert f'action="/en{lan}/leave"' in page
        assert f'href="/vi{lan}"' in page

    async def test_it_is_not_kept_nor_found_nor_told_to_others(self, visitor: Visitor, lan: str) -> None:
        headers = (await visitor.get(lan)).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert "Set-Cookie" not in headers

    async def test_a_link_that_is_nobodys_and_an_erased_subscriber_look_the_same(
        self, visitor: Visitor, lan: str
    ) -> None:
        unknown = sign(
            await visitor.run(visitor.line.newsroom.secret), Claim(Purpose.UNSUBSCRIBE, "0" * 16, "tin-sang")
        )
        wrong = f"{lan[:-1]}{'A' if lan[-1] != 'A' else 'B'}"
        for ask in (visitor.get, visitor.post):
            one, other = await ask(f"/u/{unknown}"), await ask(wrong)
            assert one.status == other.status
            paths = (f"/u/{unknown}", wrong)
            texts = [(await each.text()).replace(path, "") for each, path in zip((one, other), paths, strict=True)]
            assert texts[0] == texts[1]


class TestOneClick:
    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({"Content-Type": "application/x-www-form-urlencoded"}, ONE_CLICK),
            ({"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, ONE_CLICK),
            ({"Content-Type": "multipart/form-data"}, "no boundary"),
            ({"Content-Type": "multipart/form-data; boundary=x"}, "--y\r\nbroken"),
            ({"Content-Type": "application/json"}, "{"),
            ({"Content-Type": "no type at all"}, "\0\xff"),
            ({"Content-Type": "text/plain; charset=klingon"}, ONE_CLICK),
            ({}, None),
            ({"Origin": "null"}, ONE_CLICK),
            ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, ONE_CLICK),
            ({"User-Agent": ""}, ONE_CLICK),
            ({"Expect": "100-continue"}, ONE_CLICK),
            ({"Expect": "a miracle"}, ONE_CLICK),
            ({"Content-Type": "application/x-www-form-urlencoded"}, "a=b&" * 50_000),
        ],
    )
    async def test_any_body_takes_the_subscriber_off(
        self, visitor: Visitor, lan: str, headers: dict[str, str], body: str | None
    ) -> None:
        answer = await visitor.post(lan, headers=headers, data=body.encode() if body is not None else None)
        assert (answer.status, "Location" in answer.headers, "Set-Cookie" in answer.headers) == (200, False, False)
        assert "Đã hủy đăng ký" in await answer.text()
        assert not await subscribed(visitor)
        (one,) = await visitor.run(left, visitor)
        assert (one.newsletter, one.via, one.at) == ("tin-sang", "link", visitor.line.now)

    @pytest.mark.parametrize(
        "head",
        [
            "POST {path} HTTP/1.0\r\n\r\n",
            "POST {path} HTTP/1.0\r\nContent-Length: 26\r\n\r\nList-Unsubscribe=One-Click",
            "POST {path} HTTP/1.1\r\nHost: old.bacson.example\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n",
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
            "POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 26\r\n\r\n",
        ],
    )
    async def test_it_does_not_wait_for_the_body(self, visitor: Visitor, lan: str, head: str) -> None:
        """What a program announces may never come, and the host may be an earlier one."""
        reader, writer = await asyncio.open_connection(*visitor.address)
        writer.write(head.format(path=lan).encode())
        async with asyncio.timeout(5):
            status = await reader.readline()
            page = await reader.readuntil(b"</h1>")
        writer.close()
        assert b" 200 " in status
        assert "Đã hủy đăng ký" in page.decode()
        assert not await subscribed(visitor)

    async def test_its_page_is_short_and_leads_to_the_one_with_undo(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.post(lan, data=ONE_CLICK)).text()
        assert len(page.encode()) < 1000
        assert "Từ 12:00, Chủ Nhật" in page and f'href="{lan}"' in page
        assert f'action="{lan}/undo"' in await (await visitor.get(lan)).text()

    async def test_the_button_of_the_page_shows_what_can_follow(self, visitor: Visitor, lan: str) -> None:
        assert f'action="{lan}/leave"' in await (await visitor.get(lan)).text()
        assert f'action="{lan}/undo"' in await (await visitor.post(lan + "/leave")).text()
        assert not await subscribed(visitor)

    async def test_a_second_click_says_the_same_and_keeps_the_time(self, visitor: Visitor, lan: str) -> None:
        first = await (await visitor.post(lan)).text()
        visitor.line.now += timedelta(hours=2)
        assert await (await visitor.post(lan)).text() == first
        assert len(await visitor.run(goodbyes, visitor)) == 1

    async def test_a_link_that_is_nobodys_is_answered_all_the_same(
        self, visitor: Visitor, lan: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        for token in ("x", lan[3:9], lan.replace("v1.u.", "v1.p.")[3:], "v1.u.a.b.c.d", "x" * 5000, "%00"):
            path = f"/u/{token}"
            answer = await visitor.post(path, data=ONE_CLICK)
            assert (answer.status, "Location" in answer.headers) == (200, False), path
        assert await subscribed(visitor)
        assert [record.getMessage() for record in caplog.records if "nobody's" in record.getMessage()] == [
            "requests to unsubscribe with links that are nobody's: 1"
        ]

    async def test_another_purpose_opens_nothing(self, visitor: Visitor, lan: str) -> None:
        secret, person = await visitor.run(visitor.line.newsroom.secret), await visitor.run(find, visitor)
        for purpose in set(Purpose) - {Purpose.UNSUBSCRIBE}:
            token = sign(secret, Claim(purpose, person.id, "tin-sang"))
            for path in (f"/u/{token}", f"/u/{token.replace(f'v1.{purpose}.', 'v1.u.')}"):
                assert "Không tìm thấy đăng ký" in await (await visitor.post(path)).text()
        assert await subscribed(visitor)

    async def test_no_character_of_a_token_can_be_changed(self, visitor: Visitor, lan: str) -> None:
        for place in range(3, len(lan) - 1):
            forged = lan[:place] + ("x" if lan[place] != "x" else "y") + lan[place + 1 :]
            assert "Không tìm thấy đăng ký" in await (await visitor.post(forged)).text(), forged
        assert await subscribed(visitor)

    async def test_links_of_earlier_keys_and_names_work(self, visitor: Visitor, lan: str) -> None:
        def exchange() -> None:
            old = visitor.line.newsroom.secret().decode()
            visitor.line.configure(".secret: another key of this newsroom", f".old_secrets: ['{old}']")
            visitor.line.config = visitor.line.config.replace("  tin-sang:", "  ban-tin-sang:")
            with visitor.line.store.write() as connection:
                rename_everywhere(connection, NameKind.NEWSLETTER, "tin-sang", "ban-tin-sang", "lan", visitor.line.now)

        await visitor.run(exchange)
        await visitor.restart()
        assert "Tin sáng" in await (await visitor.get(lan)).text()
        assert (await visitor.post(lan)).status == 200
        assert (await visitor.run(find, visitor)).newsletters == ()

    async def test_a_link_of_a_test_email_works_and_changes_nothing(self, visitor: Visitor, lan: str) -> None:
        token = sign(await visitor.run(visitor.line.newsroom.secret), Claim(Purpose.UNSUBSCRIBE, PROBE, "tin-sang"))
        assert "Hủy đăng ký nhận bản tin" in await (await visitor.get(f"/u/{token}")).text()
        for rest in ("", "/all", "/undo", "/reason", "/fewer", "/pause"):
            answer = await visitor.post(
                f"/u/{token}{rest}", data={"days": "7", "frequency": "daily", "reason": "other"}
            )
            assert answer.status == 200
            assert "không có gì thay đổi" in await answer.text()
        assert await visitor.run(goodbyes, visitor) == []

    async def test_our_own_fault_is_503(self, visitor: Visitor, lan: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr("distributor.pipeline.leaving.leave_all", fail)
        answer = await visitor.post(lan)
        assert (answer.status, "Retry-After" in answer.headers) == (503, True)
        assert await subscribed(visitor)

    async def test_one_that_fails_spoils_no_other(
        self, visitor: Visitor, lan: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from distributor.pipeline import leaving

        real, broken = leaving.leave_all, "0" * 16

        def sometimes(
            newsroom: object, connection: object, requests: list[leaving.LeaveRequest], now: object
        ) -> object:
            if any(one.subscriber == broken for one in requests):
                raise RuntimeError("no")
            return real(newsroom, connection, requests, now)  # type: ignore[arg-type]

        monkeypatch.setattr(leaving, "leave_all", sometimes)
        token = sign(await visitor.run(visitor.line.newsroom.secret), Claim(Purpose.UNSUBSCRIBE, broken, "tin-sang"))
        answers = await asyncio.gather(visitor.post(f"/u/{token}"), visitor.post(lan), visitor.post(lan))
        assert [one.status for one in answers] == [503, 200, 200]
        assert not await subscribed(visitor)

    async def test_a_broken_template_of_the_newsroom_does_not_hide_that_it_is_done(
        self, visitor: Visitor, lan: str
    ) -> None:
        pages = visitor.line.folder / "templates" / "page"
        await visitor.run(pages.mkdir, parents=True)
        await visitor.run((pages / "left.html.j2").write_text, "{{ nothing.like.this }}", encoding="utf-8")
        visitor.line.configure()
        await visitor.restart()
        answer = await visitor.post(lan + "/leave")
        assert (answer.status, "Đã hủy đăng ký" in await answer.text()) == (200, True)
        assert not await subscribed(visitor)


class TestAfterwards:
    async def test_goodbye_says_when_it_was_received_and_done(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan)
        (one,) = await visitor.run(goodbyes, visitor)
        now = visitor.line.now.isoformat()
        assert one["values"] == {"received_at": now, "stopped_at": now}
        assert visitor.woken >= 1

    async def test_it_can_be_undone_for_a_day(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan)
        visitor.line.now += timedelta(hours=23)
        assert "tiếp tục nhận bản tin “Tin sáng" in await (await visitor.post(lan + "/undo")).text()
        assert await subscribed(visitor)
        assert await visitor.run(left, visitor) == []
        await visitor.post(lan)
        visitor.line.now += timedelta(hours=24)
        assert "Đã hủy đăng ký" in await (await visitor.post(lan + "/undo")).text()
        assert not await subscribed(visitor)

    async def test_leaving_again_within_a_day_says_goodbye_once(self, visitor: Visitor, lan: str) -> None:
        for _ in range(3):
            await visitor.post(lan)
            await visitor.post(lan + "/undo")
        assert len(await visitor.run(goodbyes, visitor)) == 1

    async def test_what_staff_or_a_list_have_ended_is_not_undone(self, visitor: Visitor, lan: str) -> None:
        def by_staff() -> None:
            with visitor.line.store.write() as connection:
                repository.unsubscribe(connection, find(visitor), "tin-sang", now=visitor.line.now, via="staff")

        await visitor.run(by_staff)
        await visitor.post(lan + "/undo")
        assert not await subscribed(visitor)

    async def test_a_reason_is_kept_with_the_opt_out(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan)
        data = {"reason": "too_many", "words": "<script>alert(1)</script>\r\nBcc: x"}
        page = await (await visitor.post(lan + "/reason", data=data)).text()
        assert "Cảm ơn quý vị" in page and "<script>alert" not in page
        assert (await visitor.run(left, visitor))[0].reason == "too_many: <script>alert(1)</script> Bcc: x"

    async def test_no_reason_is_a_reason_before_leaving(self, visitor: Visitor, lan: str) -> None:
        await visitor.post(lan + "/reason", data={"reason": "other"})
        assert await visitor.run(left, visitor) == []

    async def test_everything_can_be_left_and_undone(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.post(lan + "/all")).text()
        assert "không gửi bản tin nào" in page and f'action="{lan}/all/undo"' in page
        assert [one.newsletter for one in await visitor.run(left, visitor)] == ["", "tin-sang"]
        await visitor.post(lan + "/all/undo")
        assert await subscribed(visitor)
        assert await visitor.run(left, visitor) == []


class TestInstead:
    async def test_fewer_messages(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.post(lan + "/fewer", data={"frequency": "weekly"})).text()
        assert 'role="status"' in page and "ít thư hơn" in page
        assert (await visitor.run(find, visitor)).frequency == "weekly"
        assert "Nhận mỗi tuần một thư" not in page
        await visitor.post(lan + "/fewer", data={"frequency": "each"})
        assert (await visitor.run(find, visitor)).frequency == "weekly"

    async def test_a_pause_ends_by_itself(self, visitor: Visitor, lan: str) -> None:
        page = await (await visitor.post(lan + "/pause", data={"days": "7"})).text()
        assert "gửi lại từ Chủ Nhật, ngày 29 tháng 11 năm 2026" in page

        def days() -> None:
            visitor.line.arrives("a")
            visitor.line.day("2026-11-23 07:00")
            assert visitor.line.mailbox("lan") == []
            visitor.line.arrives("b")
            visitor.line.day("2026-11-29 07:00")
            assert visitor.line.read("lan") == [["b"]]

        await visitor.run(days)

    @pytest.mark.parametrize("days", ["", "0", "-7", "7.0", "100000", "90; DROP TABLE subscriptions"])
    async def test_other_pauses_change_nothing(self, visitor: Visitor, lan: str, days: str) -> None:
        assert (await visitor.post(lan + "/pause", data={"days": days})).status == 200

        def paused() -> dict[str, object]:
            with visitor.line.store.read() as connection:
                return dict(repository.paused_until(connection, find(visitor).id))

        assert await visitor.run(paused) == {}
