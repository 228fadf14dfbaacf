"""Articles as a CMS pushes, corrects and withdraws them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from distributor import pipeline
from distributor.api_access.tokens import ApiScope
from distributor.errors import ArticleError, SourceError, UnreadableContent
from support.web_client_api import ApiClient

HOSTILE = """<p onclick="x()">Sáng nay <script>alert(1)</script><a href="javascript:x()">tại</a>
<img src="https://bacson.example/a.jpg" onerror="x()" alt="Cầu"> đây.</p><iframe src="https://evil.example"></iframe>"""


async def test_an_article_is_pushed_updated_and_known_again(api: ApiClient) -> None:
    first = await api.push(topics=["Kinh tế"], published="2026-11-22T11:00:00+07:00", author="Minh Hạnh")
    assert (first.status, first.json["change"]) == (201, "new")
    article = first.json["article"]
    assert (article["source"], article["source_id"], article["version"]) == ("cms", "4711", 1)
    assert (article["published"], article["topics"]) == ("2026-11-22T04:00:00Z", ["Kinh tế"])
    same = await api.push(topics=["Kinh tế"], published="2026-11-22T11:00:00+07:00", author="Minh Hạnh")
    assert (same.status, same.json["change"]) == (200, "known")
    other = await api.push(title="Tin a của tỉnh nhà, đã sửa", topics=["Kinh tế"])
    assert (other.status, other.json["change"], other.json["article"]["version"]) == (200, "changed", 2)
    assert other.json["article"]["id"] == article["id"]
    assert api.visitor.woken == 3


async def test_a_pushed_article_is_cleaned_like_any_other(api: ApiClient) -> None:
    made = await api.push(title="  Tin\u0000 a\tcu\u0309a ", body_html=HOSTILE, lead="Một\ndòng")
    shown = (await api.get(f"/articles/{made.json['article']['id']}")).json
    assert (shown["title"], shown["lead"]) == ("Tin a của", "Một dòng")
    for word in ("script", "onclick", "onerror", "javascript", "iframe"):
        assert word not in shown["body_html"]
    assert "đây." in shown["body_html"]


async def test_an_article_is_found_by_our_id_and_by_theirs(api: ApiClient) -> None:
    theirs = "https://cms.example/?p=1&x=/a b"
    made = await api.push(id=theirs)
    id = made.json["article"]["id"]
    assert (await api.get(f"/articles/{id}")).json["source_id"] == theirs
    listed = await api.get("/articles", params={"source": "cms", "source_id": theirs})
    assert [one["id"] for one in listed.json["items"]] == [id]
    await api.push(id="4712", title="Tin b của tỉnh nhà")
    assert (await api.get("/articles/cms:4712")).json["title"] == "Tin b của tỉnh nhà"
    assert (await api.get("/articles/cms:4713")).status == 404
    assert (await api.get("/articles?source_id=4711")).status == 422


async def test_what_cannot_be_an_article_is_refused_by_its_field(api: ApiClient) -> None:
    cases: dict[str, dict[str, Any]] = {
        "/source": {"source": "cong"},
        "/title": {"title": "   "},
        "/url": {"url": "javascript:alert(1)"},
        "/image/url": {"image": {"url": "anh.jpg"}},
        "/published": {"published": "23/11/2026"},
        "/topics": {"topics": ["a"] * 101},
        "/id": {"id": " "},
        "/language": {"language": "tiếng Việt"},
    }
    for field, change in cases.items():
        answer = await api.push(**change)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, field), answer.json
    far = await api.push(published="0001-01-01T00:00:00+07:00")
    assert (far.status, far.json["errors"][0]["field"]) == (422, "/published")
    assert "no time in which news are written" in far.json["detail"]
    assert (await api.get("/articles?source=cms")).json["items"] == []


@pytest.mark.parametrize(
    ("fault", "status", "fields"),
    [
        (UnreadableContent("took more memory than it may to read"), 422, ["/body_html"]),
        (ArticleError("4711: took more than 20 s of computing to read"), 422, ["/body_html"]),
        (ArticleError("article 1 (Tin: mới): topics must be a list of words"), 422, ["/topics"]),
        (SourceError("no process can be started"), 503, []),
    ],
)
async def test_content_at_fault_is_the_clients_and_the_machine_ours(
    api: ApiClient, fault: Exception, status: int, fields: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(pipeline, "push_article", fail)
    answer = await api.push()
    assert (answer.status, [one["field"] for one in answer.json["errors"]]) == (status, fields)
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_an_archive_that_is_pushed_is_no_news(api: ApiClient) -> None:
    old = await api.push(published="2020-01-01T07:00:00+07:00")
    assert "longer ago than `announce_since`" in old.json["notes"][0]
    plan = await api.get("/newsletters/tin-sang/next")
    assert (plan.json["articles"], plan.json["reason"]) == ([], "nothing new")
    await api.push(id="4712", title="Tin b của tỉnh nhà")
    plan = await api.get("/newsletters/tin-sang/next")
    assert [one["title"] for one in plan.json["articles"]] == ["Tin b của tỉnh nhà"]


async def test_lists_come_in_pages(api: ApiClient) -> None:
    for number in range(3):
        api.line.now += timedelta(minutes=1)
        await api.push(id=str(number), title=f"Tin số {number} của tỉnh nhà")
    seen, cursor = [], ""
    while True:
        page = (await api.get(f"/articles?source=cms&limit=2{cursor}")).json
        seen += [one["source_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["2", "1", "0"]
    foreign = await api.get(f"/editions?cursor={cursor.removeprefix('&cursor=')}")
    assert (foreign.status, foreign.json["errors"][0]["field"]) == (422, "cursor")


async def test_an_urgent_article_goes_out_at_once_within_the_limits_of_the_rule(api: ApiClient) -> None:
    api.line.configure("alerts: {topics: [Khẩn cấp], max_per_day: 2}")
    await api.visitor.restart()
    await api.visitor.run(api.line.subscribe, "lan")
    by_topic = await api.push(topics=["Khẩn cấp"], published=api.line.now.isoformat())
    assert [one["newsletter"] for one in by_topic.json["alerts"]] == ["tin-sang"]
    said = await api.push(id="2", title="Tin b của tỉnh nhà", urgent=True)
    assert said.json["alerts"][0]["edition"]
    quiet = await api.push(id="3", title="Tin c của tỉnh nhà")
    assert quiet.json["alerts"] == []
    third = await api.push(id="4", title="Tin d của tỉnh nhà", urgent=True)
    assert third.json["alerts"][0]["edition"] is None
    assert "does not allow it" in third.json["alerts"][0]["reason"]
    again = await api.push(id="2", title="Tin b của tỉnh nhà", urgent=True)
    assert again.json["alerts"][0]["edition"] is None
    await api.visitor.run(api.line.deliver)
    assert api.line.read("lan") == [["a"], ["b"]]


async def test_urgent_needs_the_scope_of_sending(api: ApiClient) -> None:
    token = await api.make_token("writer", ApiScope.ARTICLES_WRITE)
    body = {"source": "cms", "id": "1", "title": "Tin", "urgent": True}
    assert (await api.post("/articles", body, token=token)).status == 403
    assert (await api.post("/articles", {**body, "urgent": False}, token=token)).status == 201
    answer = await api.post("/articles/cms:1/withdraw", {"email": True}, token=token)
    assert (answer.status, "editions:send" in answer.json["detail"]) == (403, True)


async def test_an_embargo_is_kept(api: ApiClient) -> None:
    later = (api.line.now + timedelta(days=1)).isoformat()
    await api.push(publish_at=later)
    assert (await api.get("/newsletters/tin-sang/next")).json["articles"] == []


async def test_an_article_that_is_out_is_corrected_and_withdrawn_by_name(api: ApiClient) -> None:
    await api.visitor.run(api.line.subscribe, "lan")
    await api.push()
    await api.visitor.run(api.line.day)
    fixed = await api.push(title="Tin a của tỉnh nhà, bản đúng")
    assert fixed.json["article"]["editions"][0]["newsletter"] == "tin-sang"
    corrected = await api.post("/articles/cms:4711/correct", {"note": "38 km", "email": True})
    assert (corrected.status, len(corrected.json["editions"])) == (200, 1)
    assert any("1 recipient" in line or "email" in line for line in corrected.json["lines"]), corrected.json
    gone = await api.post("/articles/cms:4711/withdraw", {"note": "Tin đã gỡ", "reason": "nhầm"})
    assert gone.json["article"]["flags"] == ["withdrawn"]
    edition = (await api.get(f"/editions/{gone.json['editions'][0]}")).json
    assert {one["actor"] for one in edition["events"]} == {"everything"}
    refused = await api.post("/articles/cms:4711/correct")
    assert (refused.status, "has been withdrawn" in refused.json["detail"]) == (409, True)


async def test_many_pushes_at_once_are_all_taken_in(api: ApiClient) -> None:
    pushes = [api.push(id=str(number), title=f"Tin thứ {number} của tỉnh nhà") for number in range(6)]
    assert {one.status for one in await asyncio.gather(*pushes)} == {201}
    assert len((await api.get("/articles?source=cms")).json["items"]) == 6
