"""Facebook: one post per article, whatever goes wrong on the way, and what each refusal of the Graph API means."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from distributor.attempt import Attempt, MemoryState, MemorySteps, PreparedImage, outside_attempt
from distributor.channel import Picture, Post
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.http_client import HttpCall
from distributor.model import Receipt
from support.builders import articles, edition
from support.fake_facebook import (
    APP,
    PAGE,
    PAGE_TOKEN,
    PERSON,
    PERSON_TOKEN,
    SECRET,
    FakeFacebook,
    FakeToken,
    How,
    refuse,
)
from support.social_networks import FakeContext

module: Any = importlib.import_module("distributor.channels.facebook")

JPEG = PreparedImage(b"\xff\xd8\xff" + b"x" * 1000, "image/jpeg", 1200, 630)
LINK = "https://bacson.example/tin/cau-moi"
POST = Post(
    variant="a1",
    text=f"Cầu mới thông xe\n\nTừ sáng nay, xe đã qua cầu.\n\n{LINK}\n\n#BắcSơn",
    title="Cầu mới thông xe",
    link=LINK,
    pictures=(Picture(url="https://bacson.example/cau.jpg", alt="Cây cầu mới"),),
    tags=("Bắc Sơn",),
    article="a1",
)
OTHER = replace(POST, variant="a2", text=f"Chợ mở lại\n\n{LINK}-2", link=f"{LINK}-2", article="a2")


def channel(fake: FakeFacebook, **changes: Any) -> Any:
    values = {"name": "facebook", "page": PAGE, "token": SecretStr(PAGE_TOKEN), "api": fake.url, "allow_private": True}
    return module.Facebook(**{**values, **changes})


def with_app(fake: FakeFacebook, **changes: Any) -> Any:
    return channel(fake, **{"app_id": APP, "app_secret": SecretStr(SECRET), **changes})


@dataclass
class Work:
    """One delivery as the engine carries it: the same steps and state in each attempt, a look before a repetition."""

    fake: FakeFacebook
    channel: Any
    steps: MemorySteps = field(default_factory=MemorySteps)
    state: MemoryState = field(default_factory=MemoryState)
    image: PreparedImage | None = JPEG
    number: int = 0
    after: timedelta = timedelta()
    begun: datetime | None = None

    def attempt(self) -> Attempt:
        self.number += 1
        self.begun = self.begun or self.fake.now

        async def read_image(url: str) -> PreparedImage | None:
            return self.image

        http = self.channel.http
        silence = any(how.startswith("silent") for many in self.fake.trouble.values() for how, _ in many)
        http.timeout = 0.5 if silence else 10
        now = self.fake.now + self.after
        return outside_attempt(
            http,
            self.state,
            now=now,
            number=self.number,
            key="k1",
            edition_at=self.begun,
            steps=self.steps,
            read_image=read_image,
        )

    async def publish(self, post: Post = POST) -> Receipt:
        receipt: Receipt = await self.channel.publish(post, self.attempt())
        return receipt

    async def carry(self, post: Post = POST) -> Receipt:
        unclear = False
        for _ in range(6):
            try:
                if unclear and (found := await self.channel.find(post, self.attempt())):
                    receipt: Receipt = found
                    return receipt
                unclear = False
                return await self.publish(post)
            except Unavailable:
                pass
            except Uncertain:
                unclear = True
        raise AssertionError("it never came out")


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


# -- once --------------------------------------------------------------------------------------------------------------

CUTS: tuple[How, ...] = ("answer", "after", "close", "close after", "silent", "silent after")


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize(("style", "name"), [("link", "feed"), ("photo", "feed"), ("photo", "photos")])
async def test_a_cut_anywhere_leads_to_one_post(facebook: FakeFacebook, style: str, name: str, how: How) -> None:
    facebook.misbehave(name, how)
    receipt = await Work(facebook, channel(facebook, style=style)).carry()
    assert facebook.wall == [(POST.text, LINK if style == "link" else "", style == "photo")]
    assert receipt.remote_id == facebook.posts[0].id
    if name == "feed":
        assert facebook.asked("photos") == (style == "photo")  # the step was saved: no second upload


@pytest.mark.parametrize("how", CUTS)
async def test_a_cut_of_the_look_for_a_post_leads_to_one_post(facebook: FakeFacebook, how: How) -> None:
    facebook.misbehave("feed", "close after")
    facebook.misbehave("published_posts", how)
    receipt = await Work(facebook, channel(facebook)).carry()
    assert len(facebook.wall) == 1
    assert receipt.url == f"https://www.facebook.com/{PAGE}/posts/1001"


@pytest.mark.parametrize("how", ["silent", "silent after"])
@pytest.mark.parametrize("name", ["photos", "feed"])
async def test_a_process_that_dies_on_the_way_leads_to_one_post(facebook: FakeFacebook, name: str, how: How) -> None:
    facebook.misbehave(name, how)
    work = Work(facebook, channel(facebook, style="photo"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work.publish(), 0.2)
    if not await work.channel.find(POST, work.attempt()):
        await work.carry()
    assert facebook.wall == [(POST.text, "", 1)]
    assert [one.used for one in facebook.photos.values()].count(True) == 1
    assert facebook.asked("photos") == (2 if name == "photos" else 1)


class Crash(BaseException):
    """The process is killed."""


class CrashingHttp:
    """Dies just before the request of that number is made, or just after its answer has come."""

    def __init__(self, http: Any, number: int, when: str) -> None:
        self.http, self.number, self.when = http, number, when

    def hide(self, *secrets: str) -> None:
        self.http.hide(*secrets)

    async def send(self, call: HttpCall, rules: Any) -> Any:
        self.number -= 1
        if self.number == 0 and self.when == "before":
            raise Crash
        answer = await self.http.send(call, rules)
        if self.number == 0:
            raise Crash
        return answer


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("style", "number"), [("link", 1), ("photo", 1), ("photo", 2)])
async def test_a_process_killed_around_a_request_leads_to_one_post(
    facebook: FakeFacebook, style: str, number: int, when: str
) -> None:
    work = Work(facebook, channel(facebook, style=style))
    attempt = work.attempt()
    http: Any = CrashingHttp(attempt.http, number, when)
    with pytest.raises(Crash):
        await work.channel.publish(POST, replace(attempt, http=http))
    if not await work.channel.find(POST, work.attempt()):  # what was being sent is looked for
        await work.publish()
    assert facebook.wall == [(POST.text, LINK if style == "link" else "", style == "photo")]
    if number == 2:
        assert facebook.asked("photos") == 1


async def test_a_process_killed_while_it_notes_a_rest_leads_to_one_post(facebook: FakeFacebook) -> None:
    class Dying(MemoryState):
        async def renew(self, seen: Any, renew: Any) -> Any:
            raise Crash

    facebook.usage = 95
    work = Work(facebook, channel(facebook), state=Dying())
    with pytest.raises(Crash):
        await work.publish()
    assert await work.channel.find(POST, work.attempt())
    assert len(facebook.wall) == 1


async def test_a_photo_that_facebook_has_removed_is_uploaded_anew(facebook: FakeFacebook) -> None:
    work = Work(facebook, channel(facebook, style="photo"))
    facebook.misbehave("feed", "answer", refuse(4, "Limit"))
    with pytest.raises(Unavailable):
        await work.publish()
    facebook.now += timedelta(hours=30)
    await work.publish()
    assert facebook.wall == [(POST.text, "", 1)]
    assert facebook.asked("photos") == 2


async def test_a_duplicate_of_the_last_post_is_that_post(facebook: FakeFacebook) -> None:
    work = Work(facebook, channel(facebook))
    first = await work.publish()
    assert (await work.publish()).remote_id == first.remote_id
    assert len(facebook.wall) == 1


async def test_a_duplicate_from_before_the_edition_is_not_taken_for_ours(facebook: FakeFacebook) -> None:
    facebook.put(POST.text, LINK)
    facebook.now += timedelta(days=2)
    with pytest.raises(Rejected, match=f"the same.*it is https://www.facebook.com/{PAGE}/posts/1001"):
        await Work(facebook, channel(facebook)).publish()


async def test_a_duplicate_that_is_not_shown_yet_is_unclear(facebook: FakeFacebook) -> None:
    facebook.misbehave("feed", "answer", refuse(506, "Duplicate status message"))
    with pytest.raises(Uncertain, match="not among the posts of the Page yet"):
        await Work(facebook, channel(facebook)).publish()


async def test_a_link_that_facebook_cannot_read_goes_out_without_its_card_in_the_end(facebook: FakeFacebook) -> None:
    facebook.unreadable.add(LINK)
    work = Work(facebook, channel(facebook))
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot read the page behind the link") as caught:
            await work.publish()
        assert caught.value.wait == timedelta(minutes=5)
    await work.publish()
    assert facebook.wall == [(POST.text, "", 0)]


async def test_a_post_without_its_card_is_not_repeated_either(facebook: FakeFacebook) -> None:
    facebook.unreadable.add(LINK)
    work = Work(facebook, channel(facebook), number=5)
    first = await work.publish()
    assert (await work.publish()).remote_id == first.remote_id
    assert facebook.wall == [(POST.text, "", 0)]


async def test_an_unreadable_link_that_the_text_does_not_name_is_rejected(facebook: FakeFacebook) -> None:
    facebook.unreadable.add(LINK)
    with pytest.raises(Rejected, match="cannot read"):
        await Work(facebook, channel(facebook), number=5).publish(replace(POST, text="Cầu mới thông xe"))
    assert not facebook.wall


# -- looking -----------------------------------------------------------------------------------------------------------


async def test_looking_finds_the_own_post_and_nothing_else(facebook: FakeFacebook) -> None:
    work = Work(facebook, channel(facebook))
    assert await work.channel.find(POST, work.attempt()) is None
    facebook.now -= timedelta(days=3)
    facebook.put(POST.text, LINK)  # of an earlier edition
    facebook.now += timedelta(days=3)
    facebook.put("Chào buổi sáng", by_app=False)
    facebook.put(f"{POST.text} – đọc ngay", LINK)
    assert await work.channel.find(POST, work.attempt()) is None
    ours = await work.publish()
    for number in range(250):
        facebook.put(f"Tin {number}", by_app=False)
    found = await work.channel.find(POST, work.attempt())
    assert (found.remote_id, found.url) == (ours.remote_id, f"https://www.facebook.com/{PAGE}/posts/1004")
    assert facebook.asked("published_posts") == 5


async def test_an_older_post_is_not_ours_even_where_facebook_lists_it(facebook: FakeFacebook) -> None:
    made = facebook.now - timedelta(hours=2)
    old = {"id": f"{PAGE}_5", "message": POST.text, "created_time": f"{made:%Y-%m-%dT%H:%M:%S}+0000"}
    facebook.misbehave("published_posts", "answer", web.json_response({"data": [old, {**old, "created_time": "x"}]}))
    work = Work(facebook, channel(facebook))
    assert await work.channel.find(POST, work.attempt()) is None


async def test_a_text_with_its_link_is_ours_whatever_address_the_page_gives_itself(facebook: FakeFacebook) -> None:
    facebook.put(POST.text, "https://bacson.example/other")
    work = Work(facebook, channel(facebook))
    assert await work.channel.find(POST, work.attempt())


async def test_too_many_posts_to_look_through_are_no_proof_that_there_is_none(facebook: FakeFacebook) -> None:
    facebook.shown = 10
    for number in range(60):
        facebook.put(f"Tin {number}")
    work = Work(facebook, channel(facebook))
    with pytest.raises(Unavailable, match="too many posts"):
        await work.channel.find(POST, work.attempt())


@pytest.mark.parametrize("link", [LINK, f"{LINK}-2"])
async def test_a_text_without_its_link_is_known_by_the_link(facebook: FakeFacebook, link: str) -> None:
    short = replace(POST, text="Bản tin sáng")
    facebook.put("Bản tin sáng", link)
    work = Work(facebook, channel(facebook))
    assert (await work.channel.find(short, work.attempt()) is not None) == (link == LINK)


async def test_a_text_in_which_facebook_has_changed_spaces_and_unseen_signs_is_known(facebook: FakeFacebook) -> None:
    ours = replace(POST, text=f"Hỏi @\u2060lan \n\n\nhôm nay\n\n{LINK}")
    facebook.put(f"Hỏi @lan\n\nhôm nay\n\n{LINK}", LINK)
    work = Work(facebook, channel(facebook))
    assert await work.channel.find(ours, work.attempt())


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


# -- the token ---------------------------------------------------------------------------------------------------------


@dataclass
class Answers:
    """Staff at a login: what they type, in order, and what they were asked."""

    typed: tuple[str, ...]
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def __init__(self, *typed: str) -> None:
        self.typed, self.asked = typed, []

    def __call__(self, question: str, *, secret: bool = False) -> str:
        self.asked.append((question, secret))
        return self.typed[len(self.asked) - 1]


@pytest.mark.parametrize("make", [channel, with_app])
async def test_checking_a_good_token_says_nothing_and_posts_nothing(
    facebook: FakeFacebook, make: Callable[[FakeFacebook], Any]
) -> None:
    work = Work(facebook, make(facebook))
    await work.channel.check(work.attempt())
    assert not facebook.wall


async def test_checking_tells_what_is_wrong(facebook: FakeFacebook) -> None:
    async def told(error: type[DeliveryError], words: str, **changes: Any) -> None:
        work = Work(facebook, with_app(facebook, **changes))
        with pytest.raises(error, match=words):
            await work.channel.check(work.attempt())

    soon, later = (int((facebook.now + timedelta(days=days)).timestamp()) for days in (13, 15))
    await told(AuthBroken, "none of Page", token=SecretStr(PERSON_TOKEN))
    await told(AuthBroken, "token is dead", token=SecretStr("other"))
    await told(AuthBroken, "missing or wrong", app_secret=SecretStr("other"))
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, ends=soon)
    await told(Rejected, f"good until {datetime.fromtimestamp(soon, UTC):%Y-%m-%d}.*put a new one into `token`")
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, data_ends=soon)
    await told(Rejected, "good until")
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, ("pages_read_engagement",))
    await told(AuthBroken, "lacks the permission pages_manage_posts")
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, ends=later, data_ends=later)
    work = Work(facebook, with_app(facebook))
    await work.channel.check(work.attempt())


async def test_a_token_of_a_person_becomes_a_lasting_token_of_the_page(facebook: FakeFacebook) -> None:
    facebook.tokens[PERSON_TOKEN].ends = int((facebook.now + timedelta(hours=1)).timestamp())
    page = with_app(facebook, token=None)
    ask = Answers(PERSON_TOKEN)
    work = Work(facebook, page)
    state = await page.login(ask, work.attempt())
    assert facebook.tokens[state["token"]] == FakeToken(PAGE)
    assert [secret for _, secret in ask.asked] == [True]
    await Work(facebook, page, state=MemoryState(state)).publish()
    assert len(facebook.wall) == 1


async def test_a_login_asks_for_the_app_where_the_settings_do_not_name_it(facebook: FakeFacebook) -> None:
    page = channel(facebook, token=None)
    ask = Answers(PERSON_TOKEN, APP, SECRET)
    state = await page.login(ask, Work(facebook, page).attempt())
    assert [secret for _, secret in ask.asked] == [True, False, True]
    assert facebook.tokens[state["token"]].owner == PAGE


async def test_a_token_of_the_page_is_kept_as_it_is(facebook: FakeFacebook) -> None:
    page = channel(facebook, token=None)
    assert await page.login(Answers(PAGE_TOKEN), Work(facebook, page).attempt()) == {"token": PAGE_TOKEN}


async def test_a_login_that_cannot_work_says_why(facebook: FakeFacebook) -> None:
    async def told(error: type[DeliveryError], words: str, *typed: str, page: Any = None) -> None:
        page = page or with_app(facebook, token=None)
        with pytest.raises(error, match=words) as caught:
            await page.login(Answers(*typed), Work(facebook, page).attempt())
        assert "EAA" not in str(caught.value) and SECRET not in str(caught.value)

    await told(Rejected, "the setting `token` comes first", PAGE_TOKEN, page=channel(facebook))
    await told(AuthBroken, "no token was given", "")
    await told(AuthBroken, "token is dead", "EAAunknown")
    await told(AuthBroken, "secret of the app", PERSON_TOKEN, APP, "other", page=channel(facebook, token=None))
    await told(AuthBroken, "does not know the app", PERSON_TOKEN, "1", SECRET, page=channel(facebook, token=None))
    facebook.tokens[PERSON_TOKEN] = FakeToken(PERSON, ("pages_manage_posts",))
    await told(AuthBroken, "pages_show_list", PERSON_TOKEN)
    facebook.tokens[PAGE_TOKEN].ends = int((facebook.now + timedelta(hours=1)).timestamp())
    await told(Rejected, "good until", PAGE_TOKEN)


@pytest.mark.parametrize("name", ["me", "exchange", "page", "debug_token"])
@pytest.mark.parametrize("how", ["close", "close after", "answer"])
async def test_a_cut_login_can_be_done_again(facebook: FakeFacebook, name: str, how: How) -> None:
    """Nothing that it asks for can be had only once."""
    page = with_app(facebook, token=None)
    facebook.misbehave(name, how)
    with contextlib.suppress(Unavailable):  # the client repeats a GET itself, once
        await page.login(Answers(PERSON_TOKEN), Work(facebook, page).attempt())
    assert (await page.login(Answers(PERSON_TOKEN), Work(facebook, page).attempt()))["token"]


async def test_the_examples_carry_a_post_from_the_upload_to_its_deletion(facebook: FakeFacebook) -> None:
    """Each request that the channel makes has an example of its answer."""
    names: list[str] = []

    class Examples:
        timeout = 1.0

        def hide(self, *secrets: str) -> None: ...

        async def send(self, call: HttpCall, rules: Any) -> Any:
            names.append(call.name)
            return module.HttpResponse(200, {}, module.json_bytes(module.Facebook.example_answer(call)))

    page = with_app(facebook, token=None, style="photo")
    work = Work(facebook, page, state=MemoryState(module.Facebook.example_state()))
    http: Any = Examples()
    attempt = replace(work.attempt(), http=http)
    receipt = await page.publish(POST, attempt)
    await page.edit(receipt, POST, attempt)
    await page.delete(receipt, attempt)
    await page.check(attempt)
    assert await page.find(POST, attempt) is None
    assert names == ["upload", "publish", "edit", "delete", "me", "debug_token", "find"]
