"""Facebook: one post per article, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from distributor.attempt import MemoryState
from distributor.errors import Rejected, Unavailable, Uncertain
from distributor.http_client import HttpCall
from support.fake_facebook import PAGE, FakeFacebook, How, refuse
from support.posting_on_facebook import CUTS, LINK, POST, Work, channel


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
