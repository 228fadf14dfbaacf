"""Mastodon: one post per article, whatever goes wrong on the way."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain
from distributor.model import DeliveryState
from support.attempts import attempt, publish
from support.builders import article, edition
from support.ledger import freeze, states
from support.misbehaving_server import TOKEN
from support.scripted_channels import Bench
from support.social_networks import FakeContext, FakeMastodon, markup

module: Any = importlib.import_module("distributor.channels.mastodon")


def channel(fake: FakeMastodon, **changes: Any) -> Any:
    values = {"name": "mastodon", "instance": fake.url, "token": SecretStr(TOKEN), "allow_private": True, **changes}
    return module.Mastodon(**values)


async def test_a_post_arrives_with_its_language_and_comes_back_with_its_address(
    mastodon: FakeMastodon, context: FakeContext
) -> None:
    posts = channel(mastodon)
    first, second = posts.compose(edition(), context)
    receipt = await publish(posts, first)
    assert (receipt.remote_id, receipt.url) == ("1000", f"{mastodon.url}/@bacson/1000")
    await publish(posts, second)
    sources = [status["source"] for status in reversed(mastodon.statuses)]
    assert sources[0] == {"status": first.text, "visibility": "public", "language": "vi"}
    assert sources[1]["status"] == second.text


class Forgetful(dict[str, Any]):
    """Idempotency keys of a server that ignores them, as GoToSocial does."""

    def __setitem__(self, key: str, value: Any) -> None:
        pass


@pytest.mark.parametrize("keys", [dict[str, Any], Forgetful], ids=["keys honoured", "keys ignored"])
async def test_an_unclear_outcome_leads_to_no_second_post_on_any_server(
    mastodon: FakeMastodon, context: FakeContext, bench: Bench, keys: type[dict[str, Any]]
) -> None:
    mastodon.keys, mastodon.trouble = keys(), ["after-504"]
    posts = channel(mastodon)
    made = edition()
    freeze(bench.database, made, posts.renditions(made, context))
    await bench.run(posts)
    await bench.run(posts, after=timedelta(minutes=2))
    assert len(mastodon.statuses) == len(made.articles)
    assert states(bench.database) == {DeliveryState.SENT: len(made.articles)}


async def test_a_504_after_the_post_was_made_leads_to_no_second_post(
    mastodon: FakeMastodon, context: FakeContext
) -> None:
    """Neither within the hour of the idempotency key nor after it, when only looking helps."""
    mastodon.trouble = ["after-504"]
    posts = channel(mastodon)
    (rendition, _) = posts.compose(edition(), context)
    with pytest.raises(Uncertain):
        await publish(posts, rendition)
    assert (await publish(posts, rendition)).remote_id == "1000"
    assert len(mastodon.statuses) == 1
    mastodon.keys.clear()
    found = await posts.find(rendition, attempt(posts, rendition))
    assert found and found.remote_id == "1000"


async def test_looking_finds_nothing_where_nothing_was_posted(mastodon: FakeMastodon, context: FakeContext) -> None:
    """A 500 before the post was made; posts of other articles, and 50 by hand, are in the way."""
    posts = channel(mastodon)
    ours, other = posts.compose(edition(), context)
    await publish(posts, other)
    for number in range(50):
        mastodon._new({"status": f"Xin chào {number}", "language": "vi", "visibility": "public"})
    mastodon.trouble = [web.Response(status=500, text="oops")]
    with pytest.raises(Uncertain):
        await publish(posts, ours)
    assert await posts.find(ours, attempt(posts, ours)) is None
    found = await posts.find(other, attempt(posts, other))
    assert found and found.remote_id == "1000"  # on the second page


@given(
    title=st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40),
    url=st.sampled_from(["https://bacson.example/tin/1", "https://bacson.example/t%E1%BB%89nh?a=1&b=2", ""]),
)
def test_our_own_text_is_known_again_in_the_markup_of_the_server(title: str, url: str) -> None:
    text = f"{title}\n\nDòng một.\nDòng hai.\n\n{url}".strip()
    assert module.same_post(text, markup(text))
    assert not module.same_post(f"{title}{title}", markup(text))
    if url:
        assert not module.same_post(text.replace(url, f"{url}0"), markup(text))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.json_response({"error": "This action is not allowed"}, status=403), AuthBroken),
        (web.json_response({"error": "Record not found"}, status=404), AuthBroken),  # no Mastodon at this address
        (web.json_response({"error": "Validation failed"}, status=422), Rejected),
        (web.Response(status=429), Unavailable),
        (web.Response(status=503), Uncertain),
        (web.Response(text="<html>Welcome</html>", content_type="text/html"), Uncertain),  # 200, but no post
        (web.json_response({"id": "../1"}), Uncertain),
    ],
)
async def test_each_answer_has_its_meaning(
    answer: web.Response, error: type[Exception], mastodon: FakeMastodon, context: FakeContext
) -> None:
    mastodon.trouble = [answer]
    posts = channel(mastodon)
    with pytest.raises(error):
        await publish(posts, posts.compose(edition(), context)[0])
    assert not mastodon.statuses


async def test_a_rate_limit_names_the_time_of_the_next_try(mastodon: FakeMastodon, context: FakeContext) -> None:
    mastodon.trouble = [web.Response(status=429, headers={"X-RateLimit-Reset": "2026-11-23T08:15:00.123456+07:00"})]
    posts = channel(mastodon)
    with pytest.raises(Unavailable) as caught:
        await publish(posts, posts.compose(edition(), context)[0])
    assert caught.value.retry_at == datetime(2026, 11, 23, 1, 15, 0, 123456, tzinfo=UTC)


async def test_a_server_that_takes_longer_posts_gets_longer_posts(mastodon: FakeMastodon, context: FakeContext) -> None:
    """The limit is the server's, and an address counts 23 however long it is."""
    mastodon.max_characters = 700
    long = article(lead="ẫ" * 2000, url="https://bacson.example/" + "tin-" * 100)
    posts = channel(mastodon, max_characters=700)
    (rendition,) = posts.compose(edition(articles=(long,)), context)
    await publish(posts, rendition)
    assert len(rendition.text) > 700
    (rendition,) = channel(mastodon, max_characters=701).compose(edition(articles=(long,)), context)
    with pytest.raises(Rejected, match="character limit"):
        await publish(posts, rendition)


async def test_a_post_can_be_corrected_and_taken_back_also_twice(mastodon: FakeMastodon, context: FakeContext) -> None:
    posts = channel(mastodon)
    receipt = await publish(posts, posts.compose(edition(), context)[0])
    (corrected,) = posts.compose(edition(articles=(article("a0", title="Đính chính"),)), context)
    assert (await posts.edit(receipt, corrected, attempt(posts, corrected))).remote_id == receipt.remote_id
    assert mastodon.statuses[0]["source"]["status"].startswith("Đính chính")
    await posts.delete(receipt, attempt(posts))
    await posts.delete(receipt, attempt(posts))
    assert not mastodon.statuses


async def test_checking_finds_a_dead_token_and_a_wrong_limit_and_posts_nothing(mastodon: FakeMastodon) -> None:
    await channel(mastodon).check(attempt(channel(mastodon)))
    with pytest.raises(Rejected, match="500"):
        await channel(mastodon, max_characters=1000).check(attempt(channel(mastodon, max_characters=1000)))
    with pytest.raises(AuthBroken, match="access token is invalid"):
        other = channel(mastodon, token=SecretStr("other"))
        await other.check(attempt(other))
    assert not mastodon.statuses


async def test_a_token_with_a_line_end_is_told_before_anything_leaves(
    mastodon: FakeMastodon, context: FakeContext
) -> None:
    posts = channel(mastodon, token=SecretStr(f"{TOKEN}\r\nX-Other: 1"))
    with pytest.raises(AuthBroken, match="look at the address and the token"):
        await publish(posts, posts.compose(edition(), context)[0])


async def test_a_private_address_is_not_posted_to(mastodon: FakeMastodon, context: FakeContext) -> None:
    posts = channel(mastodon, allow_private=False)
    with pytest.raises(Unavailable, match="allow_private"):
        await publish(posts, posts.compose(edition(), context)[0])
    assert not mastodon.statuses
