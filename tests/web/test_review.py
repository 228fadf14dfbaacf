"""Drafts on the web: what reviewers see, what their buttons do, and what nobody else can."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from distributor import pipeline
from distributor.editions import repository as edition_repository
from distributor.editions.repository import EditionEvent
from distributor.pipeline import draft_review
from distributor.subscribers import tokens
from distributor.subscribers.tokens import Claim, Purpose
from support.clocked_newsroom import Line, text_of
from support.prepared_newsroom import Prepared
from support.web_client import Visitor

EDITION = "tin-sang-1"
LAN, MINH = "Lê Lan <lan.bt@bacson.example>", "minh.bt@bacson.example"


@pytest.fixture
async def visitor(tmp_path: Path, prepared: Prepared) -> AsyncIterator[Visitor]:
    line = Line(tmp_path)
    made = Visitor(line)
    await made.run(lambda: prepared(line, tell_draft))
    await made.start()
    yield made
    await made.close()
    await made.run(line.close)


def tell_draft(line: Line) -> None:
    """A draft, told to its two reviewers half an hour before it is due."""
    line.configure(
        '.web: {url: "https://news.bacson.example"}',
        f"review: {{before: 30m, reviewers: ['{LAN}', {MINH}], if_unanswered: hold}}",
    )
    line.subscribe("moi")
    line.arrives("a", title="Tin a của tỉnh nhà <script>alert(1)</script>")
    line.arrives("b")
    line.day("06:30")
    asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock))


def link(visitor: Visitor, name: str = "lan") -> str:
    """The link in the email to a reviewer."""
    (letter,) = visitor.line.mailbox(f"{name}.bt")
    (found,) = re.findall(r"https://news\.bacson\.example(/review/\S+)", text_of(letter))
    return str(found)


def form(decision: str, seen: int = 0, **more: str) -> dict[str, str]:
    return {"decision": decision, "seen": str(seen), **more}


async def state(visitor: Visitor) -> str:
    row = await visitor.run(_row, visitor)
    return row.state


def _row(visitor: Visitor) -> edition_repository.EditionRow:
    with visitor.line.store.read() as connection:
        row = edition_repository.find_row(connection, EDITION)
    assert row
    return row


async def said(visitor: Visitor) -> list[tuple[str, str, str]]:
    def read() -> list[EditionEvent]:
        with visitor.line.store.read() as connection:
            return edition_repository.list_events(connection, EDITION)

    wanted = ("approved", "held", "cancelled", "released")
    return [(one.event, one.actor, one.reason) for one in await visitor.run(read) if one.event in wanted]


# -- the email and the page ----------------------------------------------------------------------------------------------


async def test_each_reviewer_gets_a_link_of_their_own_instead_of_commands(visitor: Visitor) -> None:
    assert link(visitor, "lan") != link(visitor, "minh")
    (letter,) = visitor.line.mailbox("lan.bt")
    page = letter.get_body(("html",))
    assert page is not None
    for content in (text_of(letter), page.get_content()):
        assert "distributor editions" not in content
        assert "Xem và duyệt" in content
    assert "@" not in link(visitor).replace("%40", "@"), "it holds no address"


async def test_the_page_shows_what_there_is_to_decide(visitor: Visitor) -> None:
    answer = await visitor.get(link(visitor))
    page = await answer.text()
    assert answer.status == 200
    for words in (
        "Tin b của tỉnh nhà và 1 tin khác",
        "07:00, thứ Hai, ngày 23 tháng 11 năm 2026", "bản tin tiếp tục chờ", "Duyệt và cho gửi",
        "Giữ lại", "Hủy số này", "Lê Lan", 'lang="vi"',
    ):  # fmt: skip
        assert words in page, words
    assert "<script" not in page
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


async def test_the_page_is_there_in_english_too(visitor: Visitor) -> None:
    page = await (await visitor.get("/en" + link(visitor))).text()
    assert "Your decision" in page and "it keeps waiting" in page and 'lang="en"' in page


async def test_the_email_is_the_very_one_that_goes_out_and_can_do_nothing(visitor: Visitor) -> None:
    answer = await visitor.get(f"{link(visitor)}/email/0")
    content = await answer.text()
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "allow-scripts" not in policy and "form-action 'none'" in policy
    assert "Tin a của tỉnh nhà" in content and "@@field" not in content
    plain = await visitor.get(f"{link(visitor)}/text/0")
    assert plain.content_type == "text/plain"
    assert "Tin b của tỉnh nhà" in await plain.text()
    (unsubscribe,) = set(re.findall(r"https://news\.bacson\.example(/u/[\w.-]+)", await plain.text()))
    assert ".test." in unsubscribe, "its links change nothing"
    assert (await visitor.get(f"{link(visitor)}/email/7")).status == 404


async def test_what_is_sent_is_what_was_shown(visitor: Visitor) -> None:
    shown = await (await visitor.get(f"{link(visitor)}/text/0")).text()
    await visitor.post(link(visitor), data=form("approve"))
    await visitor.run(visitor.line.day, "07:00")
    (letter,) = visitor.line.mailbox("moi")
    body = letter.get_body(("plain",))
    assert body is not None
    cut = re.compile(r"https://news\S+|(?<=Kính chào ).*?(?=!)|\S+@example.com|\s+")
    assert cut.sub("", shown) == cut.sub("", body.get_content())


# -- nothing by looking --------------------------------------------------------------------------------------------------


async def test_scanners_change_nothing(visitor: Visitor) -> None:
    here = link(visitor)
    for headers in (
        {},
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"X-Forwarded-For": "192.0.2.9"},
    ):
        for method in ("GET", "HEAD"):
            for path in (here, f"/en{here}", f"{here}/email/0", f"{here}/text/0", f"{here}?decision=cancel&seen=0"):
                assert (await visitor.ask(method, path, headers=headers)).status == 200
    assert (await state(visitor), await said(visitor), visitor.woken) == ("review", [], 0)


# -- deciding ------------------------------------------------------------------------------------------------------------


async def test_approved_by_a_button_it_goes_out_at_its_time(visitor: Visitor) -> None:
    answer = await visitor.post(link(visitor), data=form("approve"))
    assert (answer.status, answer.headers["Location"]) == (303, link(visitor))
    assert visitor.woken == 1
    page = await (await visitor.get(link(visitor))).text()
    assert "Lê Lan &lt;lan.bt@bacson.example&gt; đã duyệt lúc 06:30" in page
    assert "Duyệt và cho gửi" not in page and "Giữ lại" in page
    assert await said(visitor) == [("approved", LAN, "")]
    await visitor.run(visitor.line.day, "07:00")
    assert visitor.line.read("moi") == [["a", "b"]]
    page = await (await visitor.get(link(visitor))).text()
    assert "Số này đã được gửi đi" in page and 'name="decision"' not in page


@pytest.mark.parametrize(
    ("decision", "event", "after"), [("hold", "held", "held"), ("cancel", "cancelled", "cancelled")]
)
async def test_held_or_cancelled_with_a_reason_it_does_not_go_out(
    visitor: Visitor, decision: str, event: str, after: str
) -> None:
    reason = {f"reason_{decision}": "Sai tên\r\nngười <b>ký</b>\0"}
    assert (await visitor.post(link(visitor), data=form(decision, 0, **reason))).status == 303
    assert (await state(visitor), await said(visitor)) == (after, [(event, LAN, "Sai tên người <b>ký</b>")])
    page = await (await visitor.get(link(visitor, "minh"))).text()
    assert "Lý do: Sai tên người &lt;b&gt;ký&lt;/b&gt;" in page
    await visitor.run(visitor.line.day, "07:00")
    assert visitor.line.read("moi") == []


async def test_who_held_it_may_approve_it_later_and_then_it_goes_at_once(visitor: Visitor) -> None:
    await visitor.post(link(visitor), data=form("hold"))
    await visitor.run(visitor.line.day, "08:00")
    page = await (await visitor.get(link(visitor))).text()
    assert "Bản tin được gửi ngay." in page
    assert (await visitor.post(link(visitor), data=form("approve", 1))).status == 303
    await visitor.run(visitor.line.answer)
    await visitor.run(visitor.line.deliver)
    assert visitor.line.read("moi") == [["a", "b"]]


async def test_of_two_reviewers_at_once_one_decides_and_the_other_is_told(visitor: Visitor) -> None:
    answers = await asyncio.gather(
        visitor.post(link(visitor, "lan"), data=form("approve")),
        visitor.post(link(visitor, "minh"), data=form("cancel")),
        visitor.post(link(visitor, "minh"), data=form("hold")),
    )
    assert sorted(one.status for one in answers) == [303, 409, 409]
    assert len(await said(visitor)) == 1
    lost = next(one for one in answers if one.status == 409)
    assert "Quyết định của quý vị chưa được thực hiện" in await lost.text()


async def test_pressed_twice_it_is_decided_once(visitor: Visitor) -> None:
    first = await visitor.post(link(visitor), data=form("approve"))
    again = await visitor.post(link(visitor), data=form("approve"))
    assert (first.status, again.status, len(await said(visitor))) == (303, 409, 1)


async def test_what_preflight_blocks_cannot_be_approved(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor.line.config = visitor.line.config.replace("maildir: mail", "host: smtp.example.com")
    visitor.line.configure()
    await visitor.restart()
    monkeypatch.setattr("distributor.preflight.checks.check_message", _fails)
    page = await (await visitor.get(link(visitor))).text()
    assert "Phải sửa" in page and "chưa đạt kiểm tra" in page and "Duyệt và cho gửi" not in page
    answer = await visitor.post(link(visitor), data=form("approve"))
    assert (answer.status, await state(visitor)) == (409, "review")
    assert (await visitor.post(link(visitor), data=form("hold"))).status == 303


def _fails(*_: object) -> list[object]:
    from distributor.preflight.findings import Finding, Severity

    return [Finding("parts", Severity.BLOCK, "broken <script>")]


async def test_after_it_has_gone_or_was_cancelled_nothing_can_be_decided(visitor: Visitor) -> None:
    await visitor.post(link(visitor), data=form("cancel"))
    for decision in ("approve", "hold", "cancel"):
        answer = await visitor.post(link(visitor), data=form(decision, 1))
        assert answer.status == 409
        assert "đã hủy lúc" in await answer.text()
    assert len(await said(visitor)) == 1


# -- who may ------------------------------------------------------------------------------------------------------------


async def test_the_link_ends_a_week_after_the_edition_was_due(visitor: Visitor) -> None:
    here = link(visitor)
    visitor.line.now += timedelta(minutes=30) + draft_review.VALID_AFTER - timedelta(seconds=1)
    assert (await visitor.get(here)).status == 200
    visitor.line.now += timedelta(seconds=1)
    for answer in (
        await visitor.get(here),
        await visitor.get(f"{here}/email/0"),
        await visitor.post(here, data=form("cancel")),
    ):
        assert answer.status == 410
        assert "đã hết hiệu lực" in await answer.text()
    assert await state(visitor) == "review"


async def test_who_is_no_reviewer_any_more_decides_nothing(visitor: Visitor) -> None:
    visitor.line.config = visitor.line.config.replace(f"'{LAN}', ", "")
    visitor.line.configure()
    await visitor.restart()
    assert (await visitor.get(link(visitor, "lan"))).status == 404
    assert (await visitor.post(link(visitor, "lan"), data=form("cancel"))).status == 404
    assert (await visitor.post(link(visitor, "minh"), data=form("approve"))).status == 303


async def test_links_of_other_kinds_editions_and_reviewers_are_good_for_nothing(visitor: Visitor) -> None:
    key = visitor.line.newsroom.secret()
    good = link(visitor).removeprefix("/review/")
    claim = tokens.read((key,), good, Purpose.REVIEW)
    forged = [
        tokens.sign(key, Claim(Purpose.UNSUBSCRIBE, EDITION, claim.scope, claim.expires)),
        tokens.sign(key, Claim(Purpose.REVIEW, "tin-sang-9", claim.scope, claim.expires)),
        tokens.sign(key, Claim(Purpose.REVIEW, EDITION, "", claim.expires)),
        tokens.sign(key, Claim(Purpose.REVIEW, EDITION, "0" * 20, claim.expires)),
        tokens.sign(b"another key of somebody", claim),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace(EDITION, "tin-sang-2"),
        "x", "v1.r.....", "%00", "..%2f..%2fetc", "v1.r." + "a" * 3000,
    ]  # fmt: skip
    for token in forged:
        assert (await visitor.get(f"/review/{token}")).status == 404, token[:40]
        assert (await visitor.post(f"/review/{token}", data=form("cancel"))).status == 404, token[:40]
    assert await state(visitor) == "review"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"decision": "approve"},
        {"seen": "0"},
        {"decision": "release", "seen": "0"},
        {"decision": "approve", "seen": "-1"},
        {"decision": "approve", "seen": "٣"},
        {"decision": "approve", "seen": "9" * 30},
        {"decision": "APPROVE", "seen": "0"},
    ],
)
async def test_odd_forms_are_refused(visitor: Visitor, data: dict[str, str]) -> None:
    assert (await visitor.post(link(visitor), data=data)).status == 400
    assert await said(visitor) == []


async def test_without_web_pages_the_email_names_the_commands(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.configure(f"review: {{reviewers: ['{LAN}']}}")

    def draft() -> None:
        line.subscribe("moi")
        line.arrives("a")
        line.day("06:30")
        asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock))

    await asyncio.to_thread(draft)
    (letter,) = line.mailbox("lan.bt")
    assert f"distributor editions approve {EDITION}" in text_of(letter)
    assert "/review/" not in text_of(letter)
    await asyncio.to_thread(line.close)
