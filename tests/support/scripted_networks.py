"""Networks that answer posts as a test says, and the posts, corrections and editions that are owed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from distributor.channel import Attempt, Channel, ComposeContext, Content, Corrections, Post, PostLimits
from distributor.delivery.queries import list_deliveries
from distributor.errors import Unavailable
from distributor.model import Delivery, Edition, Receipt, Rendition, RenditionAction
from support.builders import NOW, edition
from support.ledger import freeze
from support.scripted_channels import Bench


@dataclass(frozen=True, kw_only=True)
class Network(Channel):
    """A network with a wall. `answers` are errors by the variant of a post, each raised once; `asked` are its requests."""

    wall: dict[str, str] = field(default_factory=dict)  # text by id, in the order of posting
    parents: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[Exception]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    allowed: PostLimits = PostLimits()

    @property
    def limits(self) -> PostLimits:
        return self.allowed

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        raise AssertionError("delivering composes nothing")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)

        async def upload() -> str:
            self.uploads.append(content.variant)
            return f"picture of {content.variant}"

        await attempt.once("upload", upload)
        self.asked.append(content.variant)
        waiting = self.answers.get(content.variant)
        if waiting:
            raise waiting.pop(0)
        id = f"n{len(self.asked)}"
        self.wall[id] = content.text
        self.parents[id] = attempt.parent.remote_id if attempt.parent else ""
        return Receipt(remote_id=id)


@dataclass(frozen=True, kw_only=True)
class Editing(Network):
    corrections = Corrections.EDIT

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        assert receipt.remote_id in self.wall
        self.wall[receipt.remote_id] = content.text
        return receipt

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        self.wall.pop(receipt.remote_id, None)


@dataclass(frozen=True, kw_only=True)
class Looking(Network):
    """`found` are posts that are there, by variant; `away`: how often looking fails first."""

    found: dict[str, Receipt] = field(default_factory=dict)
    away: int = 0
    looks: list[str] = field(default_factory=list)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        self.looks.append(content.variant)
        if len(self.looks) <= self.away:
            raise Unavailable("503")
        return self.found.get(content.variant)


class Replacing(Editing):
    corrections = Corrections.REPLACE


class Replying(Editing):
    corrections = Corrections.REPLY


def post(variant: str, follows: str = "", text: str = "", made: str = "tin-sang-1") -> Rendition:
    return Network(name="wall").freeze(
        Post(variant=variant, text=text or f"text {variant}", follows=follows, article="a"), made
    )


def owe(bench: Bench, *made: Rendition, at: datetime = NOW, number: int = 1) -> None:
    freeze(bench.database, edition(number, frozen_at=at), made)


def correct(bench: Bench, number: int, action: RenditionAction, text: str, target: str = "a1") -> None:
    """A correction of a post of the first edition, decided a minute after the last one."""
    one = edition(number, frozen_at=NOW + timedelta(minutes=number))
    made = post("a1", text=text, made=one.id)
    freeze(bench.database, one, [replace(made, action=action, target="tin-sang-1", target_variant=target)])


def row_of(bench: Bench, made: str) -> Delivery:
    with bench.database.read() as connection:
        (row,) = list_deliveries(connection, edition=made)
    return row
