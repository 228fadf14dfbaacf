"""Webhook: signed so that the Standard Webhooks library takes it, and acted on once however often it is tried."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from distributor.config.validation import build
from distributor.config.yaml import RawConfig
from distributor.errors import AuthBroken, Rejected, Unavailable
from distributor.model import Image
from support.attempts import publish
from support.builders import article, edition
from support.misbehaving_server import TOKEN
from support.social_networks import FakeContext, FakeReceiver

module: Any = importlib.import_module("distributor.channels.webhook")
NEW = "whsec_" + "QUJD" * 10


def channel(fake: FakeReceiver, **changes: Any) -> Any:
    values = {"name": "app", "url": f"{fake.url}/hook", "secret": SecretStr(TOKEN), "allow_private": True}
    return module.Webhook(**{**values, **changes})


async def test_the_receiver_verifies_the_signature_and_reads_the_edition(
    receiver: FakeReceiver, context: FakeContext
) -> None:
    hook = channel(receiver, full_text=True)
    picture = Image(url="https://bacson.example/a.jpg", alt="Lúa")
    news = article("a1", title="Lúa “Đài Thơm” 👩‍🌾", author="Lê An", image=picture)
    (rendition,) = hook.compose(edition(articles=(news,)), context)
    receipt = await publish(hook, rendition)
    (message,) = receiver.acted.values()
    assert list(receiver.acted) == [receipt.remote_id]
    assert (message["type"], message["timestamp"]) == ("edition.published", "2026-11-23T00:00:00Z")
    assert message["data"]["newsletter"] == {"id": "tin-sang", "title": "Tin sáng"}
    (sent,) = message["data"]["articles"]
    assert (sent["id"], sent["title"], sent["url"]) == (news.feed_id, news.title, news.url)
    assert (sent["author"], sent["published"]) == ("Lê An", "2026-11-23T00:00:00Z")
    assert sent["image"]["alt"] == "Lúa"
    assert sent["body_html"] == news.body_html
    assert json.loads(rendition.body) == message


async def test_however_often_it_is_tried_the_receiver_acts_once(receiver: FakeReceiver, context: FakeContext) -> None:
    """Also where the answer was lost after the receiver had acted; another edition is another message."""
    receiver.answers = [web.Response(status=502), web.Response(status=504, headers={"Retry-After": "120"})]
    hook = channel(receiver)
    (rendition,) = hook.compose(edition(), context)
    with pytest.raises(Unavailable):
        await publish(hook, rendition)
    with pytest.raises(Unavailable) as caught:
        await publish(hook, rendition)
    assert caught.value.retry_at is not None
    await publish(hook, rendition)
    assert (receiver.tries, len(receiver.acted)) == (3, 1)
    await publish(hook, hook.compose(edition(2), context)[0])
    assert len(receiver.acted) == 2


async def test_while_the_secret_changes_both_sides_understand_each_other(
    receiver: FakeReceiver, context: FakeContext
) -> None:
    hook = channel(receiver, secret=SecretStr(NEW), old_secret=SecretStr(TOKEN))
    await publish(hook, hook.compose(edition(), context)[0])
    receiver.secret = NEW
    await publish(hook, hook.compose(edition(2), context)[0])
    assert len(receiver.acted) == 2
    receiver.secret = "whsec_" + "WFla" * 10
    with pytest.raises(AuthBroken, match="No matching signature"):
        await publish(hook, hook.compose(edition(3), context)[0])


@pytest.mark.parametrize(
    ("status", "error"), [(302, AuthBroken), (307, AuthBroken), (400, Rejected), (410, AuthBroken), (429, Unavailable)]
)
async def test_only_2xx_is_success(
    status: int, error: type[Exception], receiver: FakeReceiver, context: FakeContext
) -> None:
    """A redirect is not followed: the message and its signature were meant for one address."""
    receiver.answers = [web.Response(status=status, headers={"Location": f"{receiver.url}/hook"})]
    hook = channel(receiver)
    with pytest.raises(error, match="gone" if status == 410 else str(status)):
        await publish(hook, hook.compose(edition(), context)[0])
    assert receiver.tries == 1


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_" + "QUJD" * 30, "not base64 at all!", ""])
def test_a_secret_that_is_none_is_told_at_start_without_showing_it(secret: str, tmp_path: Path) -> None:
    raw = RawConfig(tmp_path / "config.yaml", {}, {})
    made, problems = build(module.Webhook, {"url": "https://app.example", "secret": secret}, raw, ("channels", "app"))
    assert made is None
    assert [problem.path for problem in problems] == ["channels.app.secret"]
    assert "whsec_ and the base64 form" in problems[0].message
    assert not secret or secret not in str(problems[0])
