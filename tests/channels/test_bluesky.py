"""Bluesky: what is posted and corrected: bytes of facets, cards, threads; and what each answer means."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from distributor.attempt import MemoryState, PreparedImage
from distributor.channel import Corrections, Post
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.model import Receipt
from support.builders import NOW, article, edition
from support.fake_bluesky import APP_PASSWORD, HANDLE, TID, FakeBluesky, Trouble, error
from support.posting_on_bluesky import POST, Delivery, channel, module
from support.render_contexts import post_context

# -- a post ------------------------------------------------------------------------------------------------------------


async def test_a_post_has_language_time_card_and_picture(bluesky: FakeBluesky) -> None:
    receipt = await Delivery(channel(bluesky)).publish()
    ((key, found),) = bluesky.records.items()
    record, (cid,) = found["value"], bluesky.blobs
    assert TID.fullmatch(key)
    assert receipt.url == f"https://bsky.app/profile/{HANDLE}/post/{key}"
    assert receipt.remote_id == f"{found['uri']}#{found['cid']}"
    assert (record["text"], record["langs"], record["createdAt"]) == (POST.text, ["vi"], "2026-11-23T00:00:00.000Z")
    card = record["embed"]["external"]
    assert card["uri"] == "https://bacson.example/l%C5%A9?a=1&b=2"
    assert (card["title"], card["description"], card["thumb"]["ref"]["$link"]) == (POST.title, "Nước rút.", cid)
    assert bluesky.blobs[cid]["mimeType"] == "image/jpeg"


async def test_links_and_hashtags_are_marked_by_bytes_and_nobody_is_mentioned(bluesky: FakeBluesky) -> None:
    post = replace(POST, text=f"@lan và ＠minh: {POST.text} #1 #KinhTế, a#b")
    await Delivery(channel(bluesky)).publish(post)
    (record,) = [one["value"] for one in bluesky.records.values()]
    marked = [
        (record["text"].encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(), *facet["features"])
        for facet in record["facets"]
    ]
    assert [(text, feature["$type"].partition("#")[2]) for text, feature in marked] == [
        ("https://bacson.example/lũ?a=1&b=2", "link"),
        ("#KinhTế", "tag"),
        ("#ĐờiSống", "tag"),
        ("#KinhTế", "tag"),
    ]
    assert marked[0][1]["uri"] == "https://bacson.example/l%C5%A9?a=1&b=2"
    assert marked[2][1]["tag"] == "ĐờiSống"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["https://a.vn/é", "#Tin", "@lan", "👩‍👩‍👧"]))
def test_facets_of_any_text_stand_where_they_say(text: str, word: str) -> None:
    whole = f"{text} {word} {text}"
    for facet in module.facets(whole):
        part = whole.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        assert part.startswith(("#", "http"))
        assert {feature["$type"].partition("#")[2] for feature in facet["features"]} <= {"link", "tag"}


@pytest.mark.parametrize("image", [None, PreparedImage(b"x" * 1_000_001, "image/jpeg", 9, 9)], ids=["missing", "large"])
async def test_without_a_picture_that_fits_the_card_goes_without(
    bluesky: FakeBluesky, image: PreparedImage | None
) -> None:
    await Delivery(channel(bluesky), image=image).publish()
    (record,) = [one["value"] for one in bluesky.records.values()]
    assert "thumb" not in record["embed"]["external"]
    assert "uploadBlob" not in bluesky.requests


async def test_a_picture_that_the_server_refuses_stops_no_post(bluesky: FakeBluesky) -> None:
    bluesky.trouble["uploadBlob"].append(Trouble(error(413, "PayloadTooLarge")))
    await Delivery(channel(bluesky)).publish()
    assert bluesky.wall == [POST.text]


async def test_a_post_without_a_link_shows_its_picture_itself(bluesky: FakeBluesky) -> None:
    await Delivery(channel(bluesky)).publish(replace(POST, link=""))
    (record,) = [one["value"] for one in bluesky.records.values()]
    (image,) = record["embed"]["images"]
    assert (image["alt"], image["aspectRatio"]) == ("Cầu", {"width": 1200, "height": 630})


async def test_a_picture_that_the_server_has_thrown_away_is_uploaded_again(bluesky: FakeBluesky) -> None:
    """Servers keep a blob that no record names for some hours only."""
    delivery = Delivery(channel(bluesky))
    bluesky.trouble["putRecord"].append(Trouble(error(503, "NotEnoughResources")))
    assert type(await delivery.failure()) is Uncertain
    bluesky.blobs.clear()
    await delivery.publish()
    assert bluesky.requests.count("uploadBlob") == 2
    assert bluesky.wall == [POST.text]


def test_the_record_key_is_a_tid_of_the_content_and_the_edition() -> None:
    keys = {module.record_key(f"{number}", NOW) for number in range(1000)}
    assert len(keys) == 1000
    assert all(TID.fullmatch(key) for key in keys)
    assert module.record_key("1", NOW) in keys
    later = module.record_key("1", NOW + timedelta(hours=1))
    assert all(key < later for key in keys)


def test_a_tid_holds_the_time() -> None:
    """The example of the specification, read back: its microseconds lie where ours do."""
    alphabet = "234567abcdefghijklmnopqrstuvwxyz"
    value = 0
    for sign in module.record_key("1", NOW):
        value = value << 5 | alphabet.index(sign)
    made = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value >> 10)
    assert NOW - timedelta(minutes=18) <= made <= NOW


# -- threads -----------------------------------------------------------------------------------------------------------


async def test_a_thread_names_its_root_and_the_post_before(bluesky: FakeBluesky) -> None:
    state = MemoryState()
    receipts: list[Receipt] = []
    for number in range(3):
        delivery = Delivery(channel(bluesky), key=f"k{number}", state=state, thread=tuple(receipts))
        receipts.append(await delivery.publish(Post(variant=f"a-{number}", text=f"phần {number}")))
    assert bluesky.wall == ["phần 0", ">phần 1", ">>phần 2"]
    assert bluesky.requests.count("createSession") == 1


async def test_an_answer_to_what_is_no_post_of_bluesky_is_refused(bluesky: FakeBluesky) -> None:
    delivery = Delivery(channel(bluesky), thread=(Receipt(remote_id="1000"),))
    assert type(await delivery.failure()) is Rejected
    assert not bluesky.records


# -- corrections -------------------------------------------------------------------------------------------------------


async def test_correct_correct_again_and_withdraw(bluesky: FakeBluesky) -> None:
    """Replacing: the engine deletes, then publishes with steps of its own."""
    posts, state = channel(bluesky), MemoryState()
    assert posts.corrections is Corrections.REPLACE
    first = Delivery(posts, key="first", state=state)
    receipt = await first.publish()
    for name in ("second", "third"):
        correction = Delivery(posts, key=name, state=state)
        for _ in range(2):  # the same again does nothing
            await posts.delete(receipt, correction.attempt())
            changed = await correction.publish(replace(POST, text=f"Đính chính: {name}"))
            assert bluesky.wall == [f"Đính chính: {name}"]
        receipt = changed
    for _ in range(2):
        await posts.delete(receipt, first.attempt())
        assert bluesky.wall == []


async def test_only_posts_of_the_account_are_deleted(bluesky: FakeBluesky) -> None:
    delivery = Delivery(channel(bluesky))
    await delivery.publish()
    other = "at://did:plc:other/app.bsky.feed.post/3k43tv4rft22g#bafyreia"
    with pytest.raises(Rejected, match="belongs to did:plc:other"):
        await delivery.channel.delete(Receipt(remote_id=other), delivery.attempt())
    with pytest.raises(Rejected):
        await delivery.channel.delete(Receipt(remote_id="1000"), delivery.attempt())
    assert bluesky.wall == [POST.text]


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "InvalidRequest", "Invalid record"), Rejected),
        (error(400, "AccountTakedown"), AuthBroken),
        (error(401, "AccountDeactivated"), AuthBroken),
        (error(401, "AuthMissing"), AuthBroken),
        (error(403, "Forbidden"), AuthBroken),
        (error(404, "XRPCNotSupported"), AuthBroken),
        (error(501, "MethodNotImplemented"), AuthBroken),
        (error(413, "PayloadTooLarge"), Rejected),
        (error(429, "RateLimitExceeded"), Unavailable),
        (error(500, "InternalServerError"), Uncertain),
        (error(502, "UpstreamFailure"), Uncertain),
        (error(503, "NotEnoughResources"), Uncertain),
        (error(504, "UpstreamTimeout"), Uncertain),
        (web.json_response({"uri": "nonsense"}), Uncertain),
        (web.Response(text="<html>", content_type="text/html"), Uncertain),
        (None, Uncertain),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(getattr(value, "text", "no answer"))[:40],
)
async def test_every_answer_to_a_post_has_its_meaning(
    bluesky: FakeBluesky, answer: web.Response | None, kind: type[DeliveryError]
) -> None:
    bluesky.trouble["putRecord"].append(Trouble(answer))
    assert type(await Delivery(channel(bluesky)).failure()) is kind
    assert not bluesky.records


async def test_an_expired_token_right_after_a_login_stops_the_channel(bluesky: FakeBluesky) -> None:
    bluesky.trouble["putRecord"] += [Trouble(error(400, "ExpiredToken")), Trouble(error(400, "ExpiredToken"))]
    assert type(await Delivery(channel(bluesky)).failure()) is AuthBroken


async def test_a_wait_that_is_named_is_told(bluesky: FakeBluesky) -> None:
    reset = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=7)
    answer = error(429, "RateLimitExceeded", **{"RateLimit-Reset": str(int(reset.timestamp()))})
    bluesky.trouble["putRecord"].append(Trouble(answer))
    failure = await Delivery(channel(bluesky)).failure()
    assert isinstance(failure, Unavailable)
    assert failure.retry_at
    assert abs(failure.retry_at - reset) < timedelta(seconds=2)


@pytest.mark.parametrize("method", ["createSession", "uploadBlob"])
@pytest.mark.parametrize("trouble", [Trouble(), Trouble(done=True), Trouble(error(500, "InternalServerError"))])
async def test_trouble_before_the_post_is_no_doubt(bluesky: FakeBluesky, method: str, trouble: Trouble) -> None:
    bluesky.trouble[method].append(trouble)
    delivery = Delivery(channel(bluesky))
    assert type(await delivery.failure()) is Unavailable
    await delivery.publish()
    assert bluesky.wall == [POST.text]


async def test_no_session_token_and_no_password_shows_in_a_message(bluesky: FakeBluesky) -> None:
    for name in ("createSession", "putRecord"):
        words = " ".join([APP_PASSWORD, "eyJ.access-1.sig", "eyJ.refresh-1.sig"])
        bluesky.trouble[name].append(Trouble(error(400, "InvalidRequest", words)))
        failure = await Delivery(channel(bluesky)).failure()
        text = f"{failure} {failure.reply} {failure!r}"
        assert APP_PASSWORD not in text
        assert name == "createSession" or not re.search(r"eyJ\.(access|refresh)-\d", text)


# -- check, compose ----------------------------------------------------------------------------------------------------


async def test_checking_tells_what_is_wrong_and_posts_nothing(bluesky: FakeBluesky) -> None:
    async def check(**changes: Any) -> None:
        made = channel(bluesky, **changes)
        await made.check(Delivery(made).attempt())

    await check()
    await check(account=f"@{HANDLE}")
    with pytest.raises(AuthBroken, match="Invalid identifier or password"):
        await check(app_password=SecretStr("wrong"))
    with pytest.raises(AuthBroken, match="501"):
        await check(server=f"{bluesky.url}/elsewhere")
    bluesky.active = False
    with pytest.raises(AuthBroken, match="deactivated"):
        await check()
    assert not bluesky.records


CONTEXT = post_context()


def test_an_address_that_is_longer_than_a_post_stands_in_the_card_alone(bluesky: FakeBluesky) -> None:
    url = "https://bacson.example/" + "a" * 400
    (post,) = channel(bluesky).compose(edition(articles=(article(url=url, title="Tin lũ"),)), CONTEXT)
    assert (post.link, url in post.text) == (url, False)
    assert post.text.startswith("Tin lũ")


async def test_a_long_lead_becomes_a_thread_that_the_server_takes(bluesky: FakeBluesky) -> None:
    lead = " ".join(f"Câu thứ {number} kể về nước lũ ở huyện Yên Lạc sáng nay." for number in range(30))
    posts = channel(bluesky, thread_posts=4)
    made = posts.compose(edition(articles=(article(lead=lead),)), CONTEXT)
    state = MemoryState()
    receipts: list[Receipt] = []
    for post in made:
        delivery = Delivery(posts, key=post.variant, state=state, image=None, thread=tuple(receipts))
        receipts.append(await delivery.publish(post))
    assert [post.follows for post in made] == ["", "a1", "a1-2", "a1-3"]
    assert bluesky.wall == [f"{'>' * number}{post.text}" for number, post in enumerate(made)]
    assert [bool(record["value"].get("embed")) for record in bluesky.records.values()] == [True, False, False, False]
