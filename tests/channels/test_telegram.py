"""Telegram: a text without markup, counted in UTF-16, never repeated in doubt."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from distributor.config.validation import build
from distributor.config.yaml import RawConfig
from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain
from support.attempts import attempt, publish
from support.builders import article, edition
from support.misbehaving_server import TOKEN
from support.social_networks import FakeContext, FakeTelegram

module: Any = importlib.import_module("distributor.channels.telegram")


def channel(fake: FakeTelegram, **changes: Any) -> Any:
    values = {"name": "tg", "chat": "@bacson", "token": SecretStr(TOKEN), "api": fake.url, "allow_private": True}
    return module.Telegram(**{**values, **changes})


async def test_a_post_has_its_title_in_bold_and_a_preview_of_its_link(
    telegram: FakeTelegram, context: FakeContext
) -> None:
    posts = channel(telegram, silent=True)
    title = "👩‍👩‍👧‍👦 Giá <b>lúa</b> & cà phê_*"
    (rendition,) = posts.compose(edition(articles=(article(title=title),)), context)
    receipt = await publish(posts, rendition)
    message = telegram.messages[1]
    assert (receipt.remote_id, receipt.url) == ("1", "https://t.me/bacson/1")
    assert message["text"] == rendition.text
    assert "parse_mode" not in message
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": len(title.encode("utf-16-le")) // 2}]
    assert message["link_preview_options"]["url"] == "https://bacson.example/tin/a1"
    assert message["disable_notification"] is True


async def test_a_long_post_is_as_long_as_telegram_allows_and_no_longer(
    telegram: FakeTelegram, context: FakeContext
) -> None:
    """An emoji beyond the basic plane counts two."""
    posts = channel(telegram)
    (rendition,) = posts.compose(edition(articles=(article(lead="😀" * 5000),)), context)
    await publish(posts, rendition)
    assert 4094 <= len(rendition.text.encode("utf-16-le")) // 2 <= 4096


async def test_flood_control_names_the_time_of_the_next_try(telegram: FakeTelegram, context: FakeContext) -> None:
    telegram.trouble = [telegram.no(429, "Too Many Requests: retry after 35", retry_after=35)]
    posts = channel(telegram)
    before = datetime.now(UTC)
    with pytest.raises(Unavailable) as caught:
        await publish(posts, posts.compose(edition(), context)[0])
    assert caught.value.retry_at
    assert before + timedelta(seconds=35) <= caught.value.retry_at <= datetime.now(UTC) + timedelta(seconds=35)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (FakeTelegram.no(400, "Bad Request: message text is empty"), Rejected),
        (FakeTelegram.no(400, "Bad Request: chat not found"), AuthBroken),  # wrong for every post, not for this one
        (FakeTelegram.no(403, "Forbidden: bot was kicked from the channel chat"), AuthBroken),
        (FakeTelegram.no(502, "Bad Gateway"), Uncertain),
        (FakeTelegram.no(429, "Too Many Requests", retry_after="soon"), Unavailable),
        (web.json_response({"ok": True, "result": {}}), Uncertain),
        (web.Response(text="<html>"), Uncertain),
    ],
)
async def test_each_answer_has_its_meaning(
    answer: web.Response, error: type[Exception], telegram: FakeTelegram, context: FakeContext
) -> None:
    telegram.trouble = [answer]
    posts = channel(telegram)
    with pytest.raises(error):
        await publish(posts, posts.compose(edition(), context)[0])


async def test_a_group_that_became_a_supergroup_is_told_with_its_new_number(
    telegram: FakeTelegram, context: FakeContext
) -> None:
    said = "Bad Request: group chat was upgraded to a supergroup chat"
    telegram.trouble = [telegram.no(400, said, migrate_to_chat_id=-100777)]
    posts = channel(telegram)
    with pytest.raises(AuthBroken, match="-100777"):
        await publish(posts, posts.compose(edition(), context)[0])


async def test_doubt_is_left_to_people(telegram: FakeTelegram) -> None:
    """There is no way to look for one's own posts, so the engine must not think there is."""
    posts = channel(telegram)
    assert not posts.can("find")
    assert not posts.repeatable


async def test_a_post_can_be_corrected_and_taken_back_also_twice(telegram: FakeTelegram, context: FakeContext) -> None:
    posts = channel(telegram)
    receipt = await publish(posts, posts.compose(edition(), context)[0])
    (corrected,) = posts.compose(edition(articles=(article("a0", title="Đính chính"),)), context)
    await posts.edit(receipt, corrected, attempt(posts, corrected))
    await posts.edit(receipt, corrected, attempt(posts, corrected))  # "message is not modified" is no fault
    assert telegram.messages[1]["text"] == corrected.text
    await posts.delete(receipt, attempt(posts))
    await posts.delete(receipt, attempt(posts))
    assert not telegram.messages


async def test_checking_finds_what_would_go_wrong_and_posts_nothing(telegram: FakeTelegram) -> None:
    await channel(telegram).check(attempt(channel(telegram)))
    with pytest.raises(AuthBroken, match="chat not found"):
        await channel(telegram, chat="@other").check(attempt(channel(telegram, chat="@other")))
    with pytest.raises(AuthBroken, match="Unauthorized"):
        other = channel(telegram, token=SecretStr("1:x"))
        await other.check(attempt(other))
    telegram.may_post = False
    with pytest.raises(AuthBroken, match="right to post"):
        await channel(telegram).check(attempt(channel(telegram)))
    assert "sendMessage" not in telegram.asked


async def test_a_chat_may_be_written_as_a_number(telegram: FakeTelegram, context: FakeContext, tmp_path: Any) -> None:
    """YAML reads -1001 as a number. A private chat has no public address for its posts."""
    values = {"chat": -1001, "token": TOKEN, "api": telegram.url, "allow_private": True}
    posts, problems = build(module.Telegram, values, RawConfig(tmp_path / "config.yaml", {}, {}), ())
    assert not problems
    assert (await publish(posts, posts.compose(edition(), context)[0])).url == ""
