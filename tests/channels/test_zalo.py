"""Zalo: what is posted, broadcast and corrected, and what each answer means."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from distributor.attempt import MemoryState, PreparedImage
from distributor.channel import Corrections, Picture, Post
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.model import Image, Receipt
from support.builders import NOW, article, edition
from support.fake_zalo import FakeZalo
from support.posting_on_zalo import COVER, PHOTO, TROUBLES, Row, attempt_at, channel, compose, says
from support.social_networks import FakeContext

# -- posting -----------------------------------------------------------------------------------------------------------


async def test_an_article_of_the_account_shows_title_lead_link_and_picture(
    zalo: FakeZalo, context: FakeContext
) -> None:
    post = compose(zalo, context, image=Image(url=PHOTO, alt="Lũ"), lead="Nước lên <nhanh> & mạnh.")
    receipt = await channel(zalo).publish(post, attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    (shown,) = zalo.wall
    assert receipt == Receipt(remote_id=shown["id"], url=shown["link_view"], reply="posted")
    assert shown["title"] == "Tin a0" and shown["author"] == "Báo Bắc Sơn" and shown["comment"] == "hide"
    assert shown["description"] == "Nước lên <nhanh> & mạnh."
    assert [block["content"] for block in shown["body"]] == [
        "Nước lên &lt;nhanh&gt; & mạnh.",
        "https://bacson.example/tin/a0",
    ]
    assert shown["cover"]["photo_url"] == "https://bacson.example/anh/l%C5%A9%20l%E1%BB%A5t.jpg"


async def test_with_full_text_the_link_stands_behind_all_paragraphs(zalo: FakeZalo, context: FakeContext) -> None:
    posts = channel(zalo, full_text=True)
    story = article("a0", body_html="<p>Một.</p><h2>Hai</h2><ul><li>ba</li></ul><p></p><p>bốn<br>năm</p>")
    (post,) = posts.compose(edition(articles=(story,)), context)
    assert post.text.split("\n\n") == ["Một.", "Hai", "ba", "bốn", "năm", "https://bacson.example/tin/a0"]
    assert posts.appearance(post).text.startswith("Tin a0\n\nMột.")


async def test_what_is_cut_for_zalo_is_cut_in_the_preview_too(zalo: FakeZalo, context: FakeContext) -> None:
    post = compose(zalo, context, title="Lũ " * 100, lead="")
    assert post.title == post.summary[: len(post.title) - 1] + "…" and len(post.title) <= 140 < len(post.summary) <= 250


async def test_hidden_articles_are_for_the_account_alone(zalo: FakeZalo, context: FakeContext) -> None:
    posts = channel(zalo, status="hide", comments=True, broadcast=True)
    await posts.publish(compose(zalo, context), attempt_at(zalo, posts, MemoryState(zalo.state())))
    assert not zalo.wall and not zalo.broadcasts
    assert [one["comment"] for one in zalo.articles.values()] == ["show"]


@pytest.mark.parametrize("old", [False, True])
async def test_while_zalo_works_on_it_only_this_post_waits(zalo: FakeZalo, context: FakeContext, old: bool) -> None:
    zalo.polls, zalo.old_verify = 7, old
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    with pytest.raises(Unavailable) as caught:
        await row._alone(row._act)
    assert caught.value.all_posts is False and caught.value.retry_at
    assert timedelta() < caught.value.retry_at - zalo.now <= timedelta(minutes=1)
    await row.deliver()
    assert len(zalo.wall) == zalo.created == 1
    assert zalo.asked.count("verify") == 8


@given(
    title=st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=400),
    lead=st.text(max_size=700),
    mark=st.sampled_from(["", "👨‍👩‍👧‍👦", "ế", "🇻🇳", "é"]),
)
def test_no_title_or_lead_is_too_long_for_zalo(title: str, lead: str, mark: str) -> None:
    """It counts UTF-16 code units at worst, and refuses the limit itself."""
    posts = channel(FakeZalo(url="http://127.0.0.1:1"))
    made = posts._article(Post(variant="a", text="x", title=f"T{title}{mark * 90}", summary=mark * 90 + lead), COVER)
    for name, most in (("title", 150), ("description", 300)):
        assert 0 < len(made[name].encode("utf-16-le")) // 2 < most


# -- the cover ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("polls", [0, 2])
@pytest.mark.parametrize("size", [0, 1_000_001])
async def test_a_picture_that_zalo_cannot_use_is_replaced_by_the_cover(
    zalo: FakeZalo, context: FakeContext, size: int, polls: int
) -> None:
    zalo.polls, url = polls, "https://bacson.example/anh/a.jpg"
    zalo.pictures[url] = size
    post = compose(zalo, context, image=Image(url=url))
    await Row(zalo, channel(zalo), post, MemoryState(zalo.state())).deliver()
    assert [one["cover"]["photo_url"] for one in zalo.wall] == [COVER]


async def test_an_address_that_zalo_refuses_at_once_is_replaced_in_the_same_attempt(
    zalo: FakeZalo, context: FakeContext
) -> None:
    post = replace(compose(zalo, context), pictures=(Picture(url="ftp://bacson.example/a.jpg"),))
    await channel(zalo).publish(post, attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert [one["cover"]["photo_url"] for one in zalo.wall] == [COVER]


@pytest.mark.parametrize(
    ("image", "cover"),
    [
        (PreparedImage(b"x" * 1_000_001, "image/jpeg", 9, 9), COVER),
        (PreparedImage(b"x", "image/jpeg", 9, 9), "https://bacson.example/anh/a.jpg"),
        (PreparedImage(b"x", "image/jpeg", 9, 9, "https://bacson.example/nho.jpg"), "https://bacson.example/nho.jpg"),
    ],
)
async def test_the_prepared_picture_is_used_where_it_is_public(
    zalo: FakeZalo, context: FakeContext, image: PreparedImage, cover: str
) -> None:
    async def read(url: str) -> PreparedImage:
        return image

    post = compose(zalo, context, image=Image(url="https://bacson.example/anh/a.jpg"))
    await channel(zalo).publish(post, attempt_at(zalo, channel(zalo), MemoryState(zalo.state()), read_image=read))
    assert [one["cover"]["photo_url"] for one in zalo.wall] == [cover]


async def test_a_cover_that_cannot_be_used_is_named(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.pictures[COVER] = 0
    with pytest.raises(Rejected, match=r"setting `cover`.*Upload media failed"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))


# -- what Zalo says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error", "all_posts"),
    [
        (says(-201, "title is invalid!"), Rejected, None),
        (says(-248, "Violates our platform standards"), Rejected, None),
        (says(-32, "Your OA reached limit call api"), Unavailable, True),
        (says(-211, "Out of quota"), Unavailable, True),
        (says(-223, "Your OA has reach the limit quota create article"), Unavailable, True),
        (says(-223, "Official Account has not authorized this API"), AuthBroken, None),
        (says(-224, "The OA needs to upgrade OA Tier Package"), AuthBroken, None),
        (says(-221), AuthBroken, None),
        (says(-212), AuthBroken, None),
        (says(-209, status=404), AuthBroken, None),
        (says(-214, "Article is being processed"), Unavailable, False),
        (web.Response(status=429), Unavailable, True),
        (web.Response(status=503), Uncertain, None),
        (web.Response(status=404, text="nothing"), AuthBroken, None),
        (web.json_response({"data": {}, "error": 0}), Uncertain, None),  # without a token
        (web.Response(text="<html>Welcome</html>", content_type="text/html"), Uncertain, None),
    ],
)
async def test_each_answer_has_its_meaning(
    zalo: FakeZalo, context: FakeContext, answer: web.Response, error: type[DeliveryError], all_posts: bool | None
) -> None:
    zalo.trouble["create"] = [answer]
    with pytest.raises(error) as caught:
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert type(caught.value) is error or issubclass(type(caught.value), Rejected)
    if isinstance(caught.value, Unavailable):
        assert caught.value.all_posts is all_posts
        assert not (all_posts is False and caught.value.retry_at is None)
    assert not zalo.articles


async def test_an_article_that_zalo_finds_fault_with_later_is_rejected(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.polls, zalo.trouble["verify"] = 9, [says(-248, "Violates our platform standards")]
    with pytest.raises(Rejected, match="platform standards"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))


async def test_a_wait_is_named_by_the_limit_of_a_minute(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.calls_left = 0
    with pytest.raises(Unavailable) as caught:
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert caught.value.retry_at == zalo.now + timedelta(minutes=1)


# -- the followers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["", *TROUBLES])
async def test_an_article_is_broadcast_once_at_most(zalo: FakeZalo, context: FakeContext, trouble: str) -> None:
    zalo.polls, zalo.trouble["broadcast"] = 1, [trouble] if trouble else []
    zalo.now += timedelta(hours=1)
    row = Row(zalo, channel(zalo, broadcast=True), compose(zalo, context), MemoryState(zalo.state()))
    receipt = await row.deliver()
    assert [one["id"] for one in zalo.wall] == [receipt.remote_id]
    assert zalo.broadcasts == ([] if trouble.endswith("before") else [receipt.remote_id])
    if not trouble:
        assert receipt.reply == "posted, and sent to the followers"
    elif "die" not in trouble:
        assert "nobody knows whether it was sent" in receipt.reply


async def test_a_broadcast_that_is_refused_is_told_and_the_article_stays(zalo: FakeZalo, context: FakeContext) -> None:
    posts, state, replies = channel(zalo, broadcast=True), MemoryState(zalo.state()), []
    zalo.now, zalo.broadcasts_left = NOW + timedelta(hours=2), 0
    for change in ({}, {"package": False}, {"now": NOW + timedelta(hours=16)}):
        for name, value in change.items():
            setattr(zalo, name, value)
        zalo.package = "package" not in change
        receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
        replies.append(receipt.reply)
    assert [re.search(r"\((-\d+)\)", reply)[1] for reply in replies] == ["-211", "-224", "-234"]  # type: ignore[index]
    assert all(reply.startswith("posted, but not sent to the followers") for reply in replies)
    assert len(zalo.wall) == 3


# -- corrections -------------------------------------------------------------------------------------------------------


async def test_corrections_change_the_article_in_place_and_a_withdrawal_removes_it(
    zalo: FakeZalo, context: FakeContext
) -> None:
    zalo.polls, state, posts = 1, MemoryState(zalo.state()), channel(zalo)
    assert posts.corrections is Corrections.EDIT
    receipt = await Row(zalo, posts, compose(zalo, context), state).deliver()
    for title in ("Đính chính", "Đính chính lần hai", "Đính chính lần hai"):
        receipt = await Row(zalo, posts, compose(zalo, context, title=title), state, target=receipt).deliver()
        assert [one["title"] for one in zalo.wall] == [title]
    assert zalo.created == 1 and receipt.reply == "corrected" and receipt.url
    for _ in range(2):
        await posts.delete(receipt, attempt_at(zalo, posts, state))
        assert not zalo.wall


async def test_a_correction_leaves_an_article_hidden_or_shown_as_staff_have_it(
    zalo: FakeZalo, context: FakeContext
) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo, status="hide")
    receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    zalo.articles[receipt.remote_id].update(status="show", comment="show")
    await posts.edit(receipt, compose(zalo, context, title="Đính chính"), attempt_at(zalo, posts, state))
    assert [(one["title"], one["comment"]) for one in zalo.wall] == [("Đính chính", "show")]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ["detail", "update", "verify"])
async def test_a_correction_that_was_cut_is_made_in_the_end(
    zalo: FakeZalo, context: FakeContext, name: str, trouble: str
) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo)
    receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    zalo.polls, zalo.trouble[name] = 1, [trouble]
    await Row(zalo, posts, compose(zalo, context, title="Đính chính"), state, target=receipt).deliver()
    assert [one["title"] for one in zalo.wall] == ["Đính chính"]


async def test_an_article_that_is_gone_cannot_be_corrected(zalo: FakeZalo, context: FakeContext) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo)
    with pytest.raises(Rejected, match="id is invalid"):
        await posts.edit(Receipt(remote_id="gone"), compose(zalo, context), attempt_at(zalo, posts, state))


async def test_a_removal_that_zalo_refuses_is_told(zalo: FakeZalo, context: FakeContext) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo)
    receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    zalo.trouble["remove"] = [says(-200, "not now")]
    with pytest.raises(Rejected, match="not now"):
        await posts.delete(receipt, attempt_at(zalo, posts, state))
