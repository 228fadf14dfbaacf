"""A post for Bluesky, and the delivery of one as the engine does it: in several attempts."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from distributor.attempt import Attempt, MemoryState, MemorySteps, PreparedImage, outside_attempt
from distributor.channel import Picture, Post
from distributor.errors import DeliveryError, Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.model import Receipt
from support.builders import NOW
from support.fake_bluesky import APP_PASSWORD, HANDLE, FakeBluesky

module: Any = importlib.import_module("distributor.channels.bluesky")

JPEG = PreparedImage(b"\xff\xd8 a picture", "image/jpeg", 1200, 630)
POST = Post(
    variant="a1",
    text="Lũ ở huyện Yên Lạc 🇻🇳\n\nNước rút.\n\nhttps://bacson.example/lũ?a=1&b=2\n\n#KinhTế #ĐờiSống",
    title="Lũ ở huyện Yên Lạc",
    summary="Nước rút.",
    link="https://bacson.example/lũ?a=1&b=2",
    pictures=(Picture(url="https://bacson.example/lu.jpg", alt="Cầu"),),
    language="vi",
    article="a1",
)


def channel(fake: FakeBluesky, **changes: Any) -> Any:
    values = {"name": "bluesky", "account": HANDLE, "app_password": SecretStr(APP_PASSWORD), "server": fake.url}
    return module.Bluesky(**{**values, "allow_private": True, **changes})


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Delivery:
    """What one delivery keeps over all its attempts, and the state of its channel."""

    channel: Any
    key: str = "3f9a1c"
    state: MemoryState = field(default_factory=MemoryState)
    steps: MemorySteps = field(default_factory=MemorySteps)
    image: PreparedImage | None = JPEG
    thread: tuple[Receipt, ...] = ()
    http: HttpClient | None = None

    def attempt(self) -> Attempt:
        async def read_image(url: str) -> PreparedImage | None:
            return self.image

        http = self.http or self.channel.http
        made = outside_attempt(
            http,
            self.state,
            key=self.key,
            edition="tin-sang-1",
            edition_at=NOW,
            now=NOW + timedelta(seconds=len(self.thread)),
            read_image=read_image,
        )
        return replace(made, steps=self.steps, thread=self.thread)

    async def publish(self, post: Post = POST) -> Receipt:
        receipt: Receipt = await self.channel.publish(post, self.attempt())
        return receipt

    async def failure(self, post: Post = POST) -> DeliveryError:
        with pytest.raises(DeliveryError) as raised:
            await self.publish(post)
        return raised.value

    async def until_done(self, post: Post = POST) -> Receipt:
        """As the engine does it: what may be out is looked for first, what is surely not is tried again."""
        doubt = False
        for _ in range(6):
            try:
                if doubt and (found := await self.channel.find(post, self.attempt())):
                    return found  # type: ignore[no-any-return]
                return await self.publish(post)
            except (Killed, Uncertain):
                doubt = True
            except Unavailable:
                pass
        raise AssertionError("it did not come to an end")
