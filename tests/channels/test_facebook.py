"""Facebook: what is posted and corrected, and what each refusal of the Graph API means."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from distributor.attempt import MemoryState, PreparedImage
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.model import Receipt
from support.builders import articles, edition
from support.fake_facebook import PAGE, PAGE_TOKEN, PERSON_TOKEN, SECRET, FakeFacebook, How, refuse
from support.posting_on_facebook import CUTS, JPEG, LINK, OTHER, POST, Answers, Work, channel, with_app
from support.social_networks import FakeContext

# -- posting -----------------------------------------------------------------------------------------------------------


async def test_a_post_goes_out_with_its_text_and_the_card_of_its_link(facebook: FakeFacebook) -> None:
    receipt = await Work(facebook, channel(facebook)).publish()
    assert facebook.wall == [(POST.text, LINK, 0)]
    assert receipt == Receipt(remote_id=f"{PAGE}_1001", url=f"https://www.facebook.com/{PAGE}_1001", reply="posted")
    assert [one.name for one in facebook.requests] == ["feed"]


async def test_a_photo_is_uploaded_unseen_and_attached_to_the_post(facebook: FakeFacebook) -> None:
    await Work(facebook, channel(facebook, style="photo")).publish()
    assert facebook.wall == [(POST.text, "", 1)]
    assert [(one.alt, one.used) for one in facebook.photos.values()] == [("Cây cầu mới", True)]


@pytest.mark.parametrize(
    "image",
    [None, replace(JPEG, media_type="image/webp"), replace(JPEG, body=JPEG.body * 5000), replace(JPEG, body=b"BM")],
    ids=["not to be had", "of a type that is not taken", "too large", "refused"],
)
async def test_a_picture_that_cannot_be_used_stops_no_post(facebook: FakeFacebook, image: PreparedImage | None) -> None:
    await Work(facebook, channel(facebook, style="photo"), image=image).publish()
    assert facebook.wall == [(POST.text, LINK, 0)]


async def test_what_is_composed_is_what_is_sent_and_fits(facebook: FakeFacebook, context: FakeContext) -> None:
    page = channel(facebook, max_posts=1)
    long = articles(2, lead="Ngõ nhỏ. " * 10_000)
    made = edition(articles=tuple(long))
    posts = page.compose(made, context)
    assert len(page.renditions(made, context)) == 1
    assert 60_000 < len(posts[0].text) <= 63_206
    work = Work(facebook, page)
    await work.publish(posts[0])
    assert facebook.wall == [(posts[0].text, posts[0].link, 0)]
    assert page.appearance(posts[0]).text == posts[0].text
    assert (page.limits.pictures, channel(facebook, style="photo").limits.pictures) == (0, 1)


async def test_no_token_is_ever_in_an_address(facebook: FakeFacebook) -> None:
    work = Work(facebook, with_app(facebook, style="photo"))
    receipt = await work.publish()
    await work.channel.find(POST, work.attempt())
    await work.channel.edit(receipt, OTHER, work.attempt())
    await work.channel.check(work.attempt())
    await work.channel.delete(receipt, work.attempt())
    await with_app(facebook, token=None).login(Answers(PERSON_TOKEN), work.attempt())
    assert len(facebook.requests) >= 9
    assert not [one.address for one in facebook.requests if "EAA" in one.address or SECRET in one.address]


async def test_an_app_that_asks_for_a_proof_gets_it(facebook: FakeFacebook) -> None:
    facebook.require_proof = True
    with pytest.raises(AuthBroken, match="secret of the app is missing or wrong") as caught:
        await Work(facebook, channel(facebook)).publish()
    assert caught.value.keys[0] == "app_secret"
    with pytest.raises(AuthBroken, match="missing or wrong"):
        await Work(facebook, with_app(facebook, app_secret=SecretStr("other"))).publish()
    await Work(facebook, with_app(facebook, style="photo")).publish()
    assert len(facebook.wall) == 1


# -- what answers mean -------------------------------------------------------------------------------------------------

MEANINGS: list[tuple[web.Response, type[DeliveryError], str]] = [
    (refuse(1, "An unknown error occurred", status=500), Uncertain, "unknown error"),
    (refuse(2, "Service temporarily unavailable", status=503), Uncertain, "temporarily"),
    (refuse(1, "An unknown error occurred"), Uncertain, "unknown error"),
    (web.json_response({"error": {"code": 999, "message": "x", "is_transient": True}}, status=400), Uncertain, "999"),
    *[
        (refuse(code, "Limit reached", status=403), Unavailable, "Limit")
        for code in (4, 17, 32, 341, 613, 80001, 80006)
    ],
    (refuse(100, "Too fast", subcode=1390008), Unavailable, "Too fast"),
    *[
        (refuse(code, "Permissions error", status=403), AuthBroken, "lacks a permission")
        for code in (3, 10, 200, 283, 299)
    ],
    (refuse(190, "Error validating access token", status=401), AuthBroken, "not valid.*put a new one into `token`"),
    (refuse(102, "Session"), AuthBroken, "token is dead"),
    (refuse(190, "x", subcode=458), AuthBroken, "removed the app"),
    (refuse(190, "x", subcode=459), AuthBroken, "locked the person out"),
    (refuse(190, "x", subcode=460), AuthBroken, "changed the password"),
    (refuse(190, "x", subcode=463), AuthBroken, "expired"),
    (refuse(190, "x", subcode=464), AuthBroken, "confirm the account"),
    (refuse(190, "x", subcode=467), AuthBroken, "revoked"),
    (refuse(190, "x", subcode=492), AuthBroken, "no role on the Page"),
    (refuse(368, "The action is deemed abusive"), AuthBroken, "Support Inbox"),
    (refuse(100, "Confirm", subcode=1404078), AuthBroken, "may post for the Page"),
    (refuse(100, "Object does not exist", subcode=33), AuthBroken, "no such Page"),
    (refuse(803, "Some of the aliases do not exist", status=404), AuthBroken, "no such Page"),
    (refuse(2635, "Deprecated version"), AuthBroken, "version of the API is over"),
    (refuse(101, "Error validating application"), AuthBroken, "does not know the app"),
    (refuse(100, "(#100) Invalid parameter"), Rejected, "Invalid parameter"),
    (refuse(100, "Invalid link", subcode=1609008), Rejected, "Invalid link"),
    (web.Response(status=429), Unavailable, "429"),
    (web.Response(status=502, text="<h1>Bad Gateway</h1>"), Uncertain, "502"),
    (web.Response(text="<html>Log in</html>", content_type="text/html"), Uncertain, "without an id"),
    (web.json_response({"id": "../1"}), Uncertain, "without an id"),
    (web.json_response({"error": {"code": [190], "error_subcode": {}, "message": None}}, status=400), Rejected, "400"),
]


@pytest.mark.parametrize(("answer", "error", "words"), MEANINGS, ids=range(len(MEANINGS)))
async def test_each_answer_has_its_meaning(
    answer: web.Response, error: type[DeliveryError], words: str, facebook: FakeFacebook
) -> None:
    facebook.misbehave("feed", "answer", answer)
    with pytest.raises(DeliveryError, match=words) as caught:
        await Work(facebook, channel(facebook)).publish()
    assert type(caught.value) is error
    assert not facebook.wall


@pytest.mark.parametrize("code", [1, 2])
async def test_what_may_be_out_after_a_post_is_harmless_elsewhere(facebook: FakeFacebook, code: int) -> None:
    work = Work(facebook, channel(facebook))
    receipt = await work.publish()
    for name in ("edit", "delete", "published_posts"):
        facebook.misbehave(name, "answer", refuse(code, "An unexpected error has occurred", status=500))
    with pytest.raises(Unavailable):
        await work.channel.edit(receipt, OTHER, work.attempt())
    with pytest.raises(Unavailable):
        await work.channel.delete(receipt, work.attempt())
    with pytest.raises(Unavailable):
        await work.channel.find(POST, work.attempt())


async def test_a_dead_token_of_a_login_asks_for_a_login_and_is_not_shown(facebook: FakeFacebook) -> None:
    facebook.misbehave("feed", "answer", refuse(190, f"Error validating {PAGE_TOKEN}", subcode=463))
    work = Work(facebook, channel(facebook, token=None), state=MemoryState({"token": PAGE_TOKEN}))
    with pytest.raises(AuthBroken, match="run `distributor channels login facebook`") as caught:
        await work.publish()
    assert PAGE_TOKEN not in f"{caught.value} {caught.value.reply}"
    with pytest.raises(AuthBroken, match="there is no token yet"):
        await Work(facebook, channel(facebook, token=None)).publish()


async def test_a_version_that_is_over_is_told(facebook: FakeFacebook) -> None:
    with pytest.raises(AuthBroken) as caught:
        await Work(facebook, channel(facebook, version="v3.2")).publish()
    assert caught.value.keys[0] == "version"


# -- limits ------------------------------------------------------------------------------------------------------------


async def test_throttling_rests_the_whole_channel_as_long_as_facebook_says(facebook: FakeFacebook) -> None:
    facebook.budget, facebook.regain = 0, 7
    with pytest.raises(Unavailable) as caught:
        await Work(facebook, channel(facebook)).publish()
    assert caught.value.retry_at == facebook.now + timedelta(minutes=7)
    assert caught.value.all_posts


@pytest.mark.parametrize(("usage", "regain", "minutes"), [(91, 0, 10), (97, 25, 25), (100, 100_000, 24 * 60)])
async def test_a_limit_that_is_nearly_reached_lets_the_post_out_and_then_rests(
    facebook: FakeFacebook, usage: int, regain: int, minutes: int
) -> None:
    facebook.usage, facebook.regain = usage, regain
    work = Work(facebook, channel(facebook))
    receipt = await work.publish()
    again = Work(facebook, work.channel, state=work.state)
    with pytest.raises(Unavailable, match="rests") as caught:
        await again.publish(OTHER)
    assert caught.value.retry_at == facebook.now + timedelta(minutes=minutes)
    assert caught.value.all_posts
    assert facebook.asked("feed") == 1
    await again.channel.edit(receipt, replace(POST, text="Đính chính"), again.attempt())  # a correction does not wait
    again.after = timedelta(minutes=minutes)
    await again.publish(OTHER)
    assert [text for text, _, _ in facebook.wall] == ["Đính chính", OTHER.text]


@pytest.mark.parametrize(
    "usage", ['{"call_count":90}', "[]", "{", '{"1":[{"call_count":NaN,"estimated_time_to_regain_access":Infinity}]}']
)
async def test_headers_that_say_nothing_let_the_channel_go_on(facebook: FakeFacebook, usage: str) -> None:
    answer = web.json_response({"id": f"{PAGE}_7"}, headers={"X-Business-Use-Case-Usage": usage, "X-App-Usage": usage})
    facebook.misbehave("feed", "after", answer)
    work = Work(facebook, channel(facebook))
    await work.publish()
    await work.publish(OTHER)
    assert len(facebook.wall) == 2


async def test_two_posts_at_once_note_a_rest_and_keep_the_login(facebook: FakeFacebook) -> None:
    facebook.usage = 95
    state = MemoryState({"token": PAGE_TOKEN})
    works = [Work(facebook, channel(facebook, token=None), state=state) for _ in range(2)]
    await asyncio.gather(works[0].publish(POST), works[1].publish(OTHER))
    assert len(facebook.wall) == 2
    rest = int((facebook.now + timedelta(minutes=10)).timestamp())
    assert state.values == {"token": PAGE_TOKEN, "rest_until": rest}


async def test_a_rest_is_noted_beside_what_somebody_else_writes_meanwhile(facebook: FakeFacebook) -> None:
    class Shared(MemoryState):
        async def renew(self, seen: Any, renew: Any) -> Any:
            if "other" not in self.values:
                self.values = {**self.values, "other": 1}
            return await super().renew(seen, renew)

    facebook.usage, state = 95, Shared()
    await Work(facebook, channel(facebook), state=state).publish()
    assert sorted(state.values) == ["other", "rest_until"]


async def test_a_note_that_cannot_be_kept_makes_no_unclear_post(facebook: FakeFacebook) -> None:
    class Locked(MemoryState):
        async def renew(self, seen: Any, renew: Any) -> Any:
            raise Unavailable("another process has the lock")

    facebook.usage = 95
    await Work(facebook, channel(facebook), state=Locked()).publish()
    assert len(facebook.wall) == 1


# -- correcting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["link", "photo"])
async def test_a_post_is_corrected_twice_and_withdrawn_and_the_same_again_does_nothing(
    facebook: FakeFacebook, style: str
) -> None:
    work = Work(facebook, channel(facebook, style=style))
    receipt = await work.publish()
    for text in ("Đính chính: cầu thông xe ngày mai", "Đính chính lần hai", "Đính chính lần hai"):
        assert await work.channel.edit(receipt, replace(POST, text=text), work.attempt()) == receipt
        assert facebook.wall == [(text, LINK if style == "link" else "", style == "photo")]
    for _ in range(2):
        await work.channel.delete(receipt, work.attempt())
        assert not facebook.wall
    with pytest.raises(Rejected, match="the post is gone"):
        await work.channel.edit(receipt, POST, work.attempt())


async def test_a_post_of_another_app_stops_only_its_own_correction(facebook: FakeFacebook) -> None:
    post = facebook.put(POST.text, LINK, by_app=False)
    work = Work(facebook, channel(facebook))
    with pytest.raises(Rejected, match="only the app that made the post"):
        await work.channel.edit(Receipt(remote_id=post.id), OTHER, work.attempt())


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("name", ["edit", "delete"])
async def test_a_cut_correction_or_withdrawal_is_done_again(facebook: FakeFacebook, name: str, how: How) -> None:
    work = Work(facebook, channel(facebook))
    receipt = await work.publish()
    facebook.misbehave(name, how)

    async def act() -> None:
        corrected = replace(POST, text="Đính chính")
        doing = work.channel.edit(receipt, corrected, work.attempt()) if name == "edit" else None
        await (doing or work.channel.delete(receipt, work.attempt()))

    with contextlib.suppress(Unavailable):  # the client repeats a DELETE itself, once
        await act()
    await act()
    assert [text for text, _, _ in facebook.wall] == (["Đính chính"] if name == "edit" else [])


async def test_a_post_that_the_token_may_not_see_is_not_taken_for_deleted(facebook: FakeFacebook) -> None:
    work = Work(facebook, channel(facebook))
    receipt = await work.publish()
    facebook.misbehave("delete", "answer", refuse(100, "Object does not exist", subcode=33))
    facebook.tokens[PAGE_TOKEN].owner = "555"
    with pytest.raises(AuthBroken, match="none of Page"):
        await work.channel.delete(receipt, work.attempt())
    assert facebook.wall
