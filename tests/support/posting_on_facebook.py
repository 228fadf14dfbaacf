"""Posts for Facebook, and the delivery of one as the engine carries it: in several attempts."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from distributor.attempt import Attempt, MemoryState, MemorySteps, PreparedImage, outside_attempt
from distributor.channel import Picture, Post
from distributor.errors import Unavailable, Uncertain
from distributor.model import Receipt
from support.fake_facebook import APP, PAGE, PAGE_TOKEN, SECRET, FakeFacebook, How

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

CUTS: tuple[How, ...] = ("answer", "after", "close", "close after", "silent", "silent after")


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
