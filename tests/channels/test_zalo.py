"""Zalo: one article per article, whatever goes wrong on the way, and no token spent twice."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from distributor.attempt import Attempt, MemoryState, MemorySteps, PreparedImage
from distributor.channel import Corrections, Picture, Post
from distributor.delivery.attempts import replace_state
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.model import DeliveryState, Image, Receipt
from support.builders import NOW, article, edition
from support.fake_zalo import APP_ID, CALLBACK, OA_ID, SECRET, FakeZalo
from support.ledger import freeze, states
from support.scripted_channels import Bench
from support.social_networks import FakeContext

module: Any = importlib.import_module("distributor.channels.zalo")
COVER = "https://bacson.example/anh/bia.jpg"
PHOTO = "https://bacson.example/anh/lũ lụt.jpg"


def channel(fake: FakeZalo, **changes: Any) -> Any:
    values = {
        "name": "zalo",
        "app_id": APP_ID,
        "secret_key": SecretStr(SECRET),
        "callback": CALLBACK,
        "author": "Báo Bắc Sơn",
        "cover": COVER,
        "api": fake.url,
        "oauth": fake.url,
        "allow_private": True,
    }
    return module.Zalo(**{**values, **changes})


def compose(fake: FakeZalo, context: FakeContext, **changes: Any) -> Post:
    made = channel(fake).compose(edition(articles=(article("a0", **changes),)), context)
    post: Post = made[0]
    return post


def attempt_at(fake: FakeZalo, posts: Any, state: MemoryState, **more: Any) -> Attempt:
    values = {"now": fake.now, "number": 1, "key": "k1", "edition": "tin-sang-1", "edition_at": NOW, "http": posts.http}
    return Attempt(**{**values, "steps": MemorySteps(), "state": state, **more})


class Died(BaseException):
    """The process is gone."""


@dataclass
class DyingSteps(MemorySteps):
    """Steps of a process that dies right after it has written so many of them."""

    lives: int = 1000

    async def begin(self, name: str) -> None:
        await super().begin(name)
        self._live()

    async def finish(self, name: str, result: Any) -> None:
        await super().finish(name, result)
        self._live()

    async def forget(self, name: str) -> None:
        await super().forget(name)
        self._live()

    def _live(self) -> None:
        self.lives -= 1
        if self.lives == 0:
            raise Died


@dataclass
class Row:
    """A delivery, as the engine works on it: it looks where it is in doubt, waits where it is told to, and staff log in
    where they are asked to."""

    fake: FakeZalo
    posts: Any
    post: Post
    state: MemoryState
    steps: MemorySteps = field(default_factory=MemorySteps)
    target: Receipt | None = None  # of what is corrected
    number: int = 0
    logins: int = 0
    told: list[str] = field(default_factory=list)

    async def deliver(self) -> Receipt:
        """The receipt in the end. Each attempt is one process, which `fake.kill` ends."""
        doubt = False
        for _ in range(40):
            try:
                if doubt and self.target is None and (found := await self._alone(self.posts.find)):
                    return found
                if doubt:
                    for name in [name for name, result in self.steps.results.items() if result is None]:
                        await self.steps.forget(name)
                doubt = False
                receipt = await self._alone(self._act)
                assert receipt
                return receipt
            except Unavailable as error:
                self.told.append(str(error))
                assert error.retry_at is None or error.all_posts is not None
                self.fake.now = max(error.retry_at or self.fake.now, self.fake.now + timedelta(minutes=1))
            except (Uncertain, Died, asyncio.CancelledError) as error:
                self.told.append(f"in doubt: {error}")
                doubt = True
                self.fake.now += timedelta(minutes=1)
            except AuthBroken as error:
                self.told.append(str(error))
                assert "distributor channels login zalo" in str(error)
                self.logins += 1
                self.state.values, self.state.interrupted = self.fake.state(), False
        raise AssertionError(self.told)

    async def _alone(self, act: Callable[[Post, Attempt], Awaitable[Receipt | None]]) -> Receipt | None:
        self.number += 1
        attempt = attempt_at(self.fake, self.posts, self.state, steps=self.steps, number=self.number)
        task = asyncio.ensure_future(act(self.post, attempt))
        self.fake.kill = task.cancel
        return await task

    async def _act(self, post: Post, attempt: Attempt) -> Receipt:
        done: Receipt = await (
            self.posts.edit(self.target, post, attempt) if self.target else self.posts.publish(post, attempt)
        )
        return done


# -- posting -----------------------------------------------------------------------------------------------------------


async def test_an_article_of_the_account_shows_title_lead_link_and_picture(
    zalo: FakeZalo, context: FakeContext
) -> None:
    post = compose(zalo, context, image=Image(url=PHOTO, alt="Lũ"), lead="Nước lên <nhanh> & mạnh.")
    receipt = await channel(zalo).publish(post, attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    (shown,) = zalo.wall
    assert receipt == Receipt(remote_id=shown["id"], url=shown["link_view"], reply="posted")
    assert shown["title"] == "Tin a0" and shown["author"] == "Báo Bắc Sơn" and shown["comment"] == "hide"
    assert shown["description"] == "Nước lên <nhanh> & mạnh."
    assert [block["content"] for block in shown["body"]] == [
        "Nước lên &lt;nhanh&gt; & mạnh.",
        "https://bacson.example/tin/a0",
    ]
    assert shown["cover"]["photo_url"] == "https://bacson.example/anh/l%C5%A9%20l%E1%BB%A5t.jpg"


async def test_with_full_text_the_link_stands_behind_all_paragraphs(zalo: FakeZalo, context: FakeContext) -> None:
    posts = channel(zalo, full_text=True)
    story = article("a0", body_html="<p>Một.</p><h2>Hai</h2><ul><li>ba</li></ul><p></p><p>bốn<br>năm</p>")
    (post,) = posts.compose(edition(articles=(story,)), context)
    assert post.text.split("\n\n") == ["Một.", "Hai", "ba", "bốn", "năm", "https://bacson.example/tin/a0"]
    assert posts.appearance(post).text.startswith("Tin a0\n\nMột.")


async def test_what_is_cut_for_zalo_is_cut_in_the_preview_too(zalo: FakeZalo, context: FakeContext) -> None:
    post = compose(zalo, context, title="Lũ " * 100, lead="")
    assert post.title == post.summary[: len(post.title) - 1] + "…" and len(post.title) <= 140 < len(post.summary) <= 250


async def test_hidden_articles_are_for_the_account_alone(zalo: FakeZalo, context: FakeContext) -> None:
    posts = channel(zalo, status="hide", comments=True, broadcast=True)
    await posts.publish(compose(zalo, context), attempt_at(zalo, posts, MemoryState(zalo.state())))
    assert not zalo.wall and not zalo.broadcasts
    assert [one["comment"] for one in zalo.articles.values()] == ["show"]


@pytest.mark.parametrize("old", [False, True])
async def test_while_zalo_works_on_it_only_this_post_waits(zalo: FakeZalo, context: FakeContext, old: bool) -> None:
    zalo.polls, zalo.old_verify = 7, old
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    with pytest.raises(Unavailable) as caught:
        await row._alone(row._act)
    assert caught.value.all_posts is False and caught.value.retry_at
    assert timedelta() < caught.value.retry_at - zalo.now <= timedelta(minutes=1)
    await row.deliver()
    assert len(zalo.wall) == zalo.created == 1
    assert zalo.asked.count("verify") == 8


@given(
    title=st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=400),
    lead=st.text(max_size=700),
    mark=st.sampled_from(["", "👨‍👩‍👧‍👦", "ế", "🇻🇳", "é"]),
)
def test_no_title_or_lead_is_too_long_for_zalo(title: str, lead: str, mark: str) -> None:
    """It counts UTF-16 code units at worst, and refuses the limit itself."""
    posts = channel(FakeZalo(url="http://127.0.0.1:1"))
    made = posts._article(Post(variant="a", text="x", title=f"T{title}{mark * 90}", summary=mark * 90 + lead), COVER)
    for name, most in (("title", 150), ("description", 300)):
        assert 0 < len(made[name].encode("utf-16-le")) // 2 < most


# -- the cover ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("polls", [0, 2])
@pytest.mark.parametrize("size", [0, 1_000_001])
async def test_a_picture_that_zalo_cannot_use_is_replaced_by_the_cover(
    zalo: FakeZalo, context: FakeContext, size: int, polls: int
) -> None:
    zalo.polls, url = polls, "https://bacson.example/anh/a.jpg"
    zalo.pictures[url] = size
    post = compose(zalo, context, image=Image(url=url))
    await Row(zalo, channel(zalo), post, MemoryState(zalo.state())).deliver()
    assert [one["cover"]["photo_url"] for one in zalo.wall] == [COVER]


async def test_an_address_that_zalo_refuses_at_once_is_replaced_in_the_same_attempt(
    zalo: FakeZalo, context: FakeContext
) -> None:
    post = replace(compose(zalo, context), pictures=(Picture(url="ftp://bacson.example/a.jpg"),))
    await channel(zalo).publish(post, attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert [one["cover"]["photo_url"] for one in zalo.wall] == [COVER]


@pytest.mark.parametrize(
    ("image", "cover"),
    [
        (PreparedImage(b"x" * 1_000_001, "image/jpeg", 9, 9), COVER),
        (PreparedImage(b"x", "image/jpeg", 9, 9), "https://bacson.example/anh/a.jpg"),
        (PreparedImage(b"x", "image/jpeg", 9, 9, "https://bacson.example/nho.jpg"), "https://bacson.example/nho.jpg"),
    ],
)
async def test_the_prepared_picture_is_used_where_it_is_public(
    zalo: FakeZalo, context: FakeContext, image: PreparedImage, cover: str
) -> None:
    async def read(url: str) -> PreparedImage:
        return image

    post = compose(zalo, context, image=Image(url="https://bacson.example/anh/a.jpg"))
    await channel(zalo).publish(post, attempt_at(zalo, channel(zalo), MemoryState(zalo.state()), read_image=read))
    assert [one["cover"]["photo_url"] for one in zalo.wall] == [cover]


async def test_a_cover_that_cannot_be_used_is_named(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.pictures[COVER] = 0
    with pytest.raises(Rejected, match=r"setting `cover`.*Upload media failed"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))


# -- what Zalo says ----------------------------------------------------------------------------------------------------


def says(code: int, message: str = "No", status: int = 200) -> web.Response:
    return web.json_response({"error": code, "message": message}, status=status)


@pytest.mark.parametrize(
    ("answer", "error", "all_posts"),
    [
        (says(-201, "title is invalid!"), Rejected, None),
        (says(-248, "Violates our platform standards"), Rejected, None),
        (says(-32, "Your OA reached limit call api"), Unavailable, True),
        (says(-211, "Out of quota"), Unavailable, True),
        (says(-223, "Your OA has reach the limit quota create article"), Unavailable, True),
        (says(-223, "Official Account has not authorized this API"), AuthBroken, None),
        (says(-224, "The OA needs to upgrade OA Tier Package"), AuthBroken, None),
        (says(-221), AuthBroken, None),
        (says(-212), AuthBroken, None),
        (says(-209, status=404), AuthBroken, None),
        (says(-214, "Article is being processed"), Unavailable, False),
        (web.Response(status=429), Unavailable, True),
        (web.Response(status=503), Uncertain, None),
        (web.Response(status=404, text="nothing"), AuthBroken, None),
        (web.json_response({"data": {}, "error": 0}), Uncertain, None),  # without a token
        (web.Response(text="<html>Welcome</html>", content_type="text/html"), Uncertain, None),
    ],
)
async def test_each_answer_has_its_meaning(
    zalo: FakeZalo, context: FakeContext, answer: web.Response, error: type[DeliveryError], all_posts: bool | None
) -> None:
    zalo.trouble["create"] = [answer]
    with pytest.raises(error) as caught:
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert type(caught.value) is error or issubclass(type(caught.value), Rejected)
    if isinstance(caught.value, Unavailable):
        assert caught.value.all_posts is all_posts
        assert not (all_posts is False and caught.value.retry_at is None)
    assert not zalo.articles


async def test_an_article_that_zalo_finds_fault_with_later_is_rejected(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.polls, zalo.trouble["verify"] = 9, [says(-248, "Violates our platform standards")]
    with pytest.raises(Rejected, match="platform standards"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))


async def test_a_wait_is_named_by_the_limit_of_a_minute(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.calls_left = 0
    with pytest.raises(Unavailable) as caught:
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert caught.value.retry_at == zalo.now + timedelta(minutes=1)


# -- tokens ------------------------------------------------------------------------------------------------------------


async def test_two_posts_at_once_renew_once(zalo: FakeZalo, context: FakeContext) -> None:
    state = MemoryState(zalo.state())
    zalo.now += timedelta(hours=24, minutes=30)
    post, posts = compose(zalo, context), channel(zalo)
    other = replace(post, title="Tin khác")
    await asyncio.gather(*(posts.publish(one, attempt_at(zalo, posts, state)) for one in (post, other)))
    assert len(zalo.spent) == 1 and len(zalo.wall) == 2


@pytest.mark.parametrize("status", [200, 401])
async def test_a_refused_token_is_renewed_once(zalo: FakeZalo, context: FakeContext, status: int) -> None:
    zalo.trouble["create"] = [says(-216, "Access token is invalid", status)]
    await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert len(zalo.spent) == len(zalo.wall) == 1
    zalo.trouble["create"] = [says(-216, "Access token is invalid", status) for _ in range(2)]
    with pytest.raises(AuthBroken, match="Access token is invalid"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state())))
    assert len(zalo.spent) == 2


async def test_a_token_that_was_used_already_asks_for_a_login(zalo: FakeZalo, context: FakeContext) -> None:
    state = MemoryState(zalo.state())
    zalo.spent.append(state.values["refresh_token"])  # by another program
    zalo.now += timedelta(days=2)
    with pytest.raises(AuthBroken, match=r"used already \(-14020\): run `distributor channels login zalo`"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), state))


async def test_after_three_months_a_login_is_needed(zalo: FakeZalo, context: FakeContext) -> None:
    state = MemoryState(zalo.state())
    zalo.now += timedelta(days=91)
    with pytest.raises(AuthBroken, match=r"-14014.*channels login zalo"):
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), state))


@pytest.mark.parametrize("trouble", ["cut before", "cut after", "die before", "die after", "502 after"])
async def test_a_refresh_token_that_may_be_spent_is_not_sent_again(
    zalo: FakeZalo, context: FakeContext, trouble: str
) -> None:
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    zalo.now += timedelta(days=2)
    zalo.trouble["token"] = [trouble]
    await row.deliver()
    assert row.logins == 1 and len(zalo.wall) == 1
    assert any("may be spent: run `distributor channels login zalo`" in one for one in row.told)
    assert len(set(zalo.spent)) == len(zalo.spent)


async def test_no_secret_stands_in_a_message(zalo: FakeZalo, context: FakeContext) -> None:
    state = MemoryState(zalo.state())
    secrets = [SECRET, state.values["access_token"], state.values["refresh_token"]]
    zalo.trouble["create"] = [says(-201, f"not with {' '.join(secrets)}")]
    with pytest.raises(Rejected) as caught:
        await channel(zalo).publish(compose(zalo, context), attempt_at(zalo, channel(zalo), state))
    assert not any(secret in f"{caught.value} {caught.value.reply}" for secret in secrets)


# -- login and check ---------------------------------------------------------------------------------------------------


def staff(zalo: FakeZalo, *answers: str) -> Callable[..., str]:
    """Staff who open the address in the first question, or answer as they are told."""
    waiting = list(answers)

    def ask(question: str, *, secret: bool = False) -> str:
        assert secret
        if waiting:
            return waiting.pop(0)
        (address,) = re.findall(r"https?://\S+", question)
        return zalo.consent(address)

    return ask


@pytest.mark.parametrize("console", [True, False])
async def test_a_login_exchanges_the_code_and_posts_with_it(
    zalo: FakeZalo, context: FakeContext, console: bool
) -> None:
    """The code challenge of the settings counts where there is one: it is the same at each login."""
    posts, state = channel(zalo), MemoryState()
    zalo.console_challenge = posts._zalo.pkce()[1] if console else ""
    with pytest.raises(AuthBroken, match="channels login zalo"):
        await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    state.values = await posts.login(staff(zalo), attempt_at(zalo, posts, state))
    await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    assert len(zalo.wall) == 1


async def test_a_refresh_token_can_be_pasted_instead(zalo: FakeZalo) -> None:
    token = zalo.give_tokens()["refresh_token"]
    posts = channel(zalo)
    made = await posts.login(staff(zalo, "", token), attempt_at(zalo, posts, MemoryState()))
    assert set(made) == {"access_token", "refresh_token", "expires_at"} and zalo.spent == [token]


async def test_a_login_without_a_code_or_to_another_account_is_refused(zalo: FakeZalo) -> None:
    posts = channel(zalo, account="1")
    for answer, words in (
        (f"{zalo.url}/v4/permission/error?error_code=-14003", "no code in this address"),
        (f"{CALLBACK}?oa_id={OA_ID}&code=c", f"Official Account {OA_ID}, not 1"),
        ("a-code-that-is-none", "-14010"),
    ):
        with pytest.raises(AuthBroken, match=words):
            await posts.login(staff(zalo, answer), attempt_at(zalo, posts, MemoryState()))


async def test_the_verifier_is_43_letters_and_digits_and_stays(zalo: FakeZalo) -> None:
    verifier, challenge = channel(zalo)._zalo.pkce()
    assert re.fullmatch("[A-Za-z0-9]{43}", verifier)
    assert channel(zalo)._zalo.pkce() == (verifier, challenge)
    assert channel(zalo, secret_key=SecretStr("another"))._zalo.pkce()[0] != verifier


async def test_checking_posts_nothing_and_tells_what_is_wrong(zalo: FakeZalo) -> None:
    state, cover = MemoryState(zalo.state()), f"{zalo.url}/pictures/1000000.jpg"
    await channel(zalo, cover=cover, account=OA_ID).check(attempt_at(zalo, channel(zalo), state))
    for changes, words in (
        ({"cover": f"{zalo.url}/pictures/1000001.jpg"}, "larger than 1 MB"),
        ({"cover": f"{zalo.url}/pictures/0.jpg"}, "cannot be fetched: status 404"),
        ({"account": "1"}, "not 1"),
    ):
        with pytest.raises(DeliveryError, match=words):
            await channel(zalo, **{"cover": cover, **changes}).check(attempt_at(zalo, channel(zalo), state))
    zalo.trouble["find"] = [says(-223, "Official Account has not authorized this API")]
    with pytest.raises(AuthBroken, match="not authorized"):
        await channel(zalo, cover=cover).check(attempt_at(zalo, channel(zalo), state))
    zalo.verified = False
    with pytest.raises(AuthBroken, match="not verified"):
        await channel(zalo, cover=cover).check(attempt_at(zalo, channel(zalo), state))
    assert not zalo.articles


# -- cut at every point ------------------------------------------------------------------------------------------------

TROUBLES = ["cut before", "cut after", "502 after", "die before", "die after"]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ["token", "create", "verify", "find"])
async def test_a_cut_at_any_request_leads_to_one_article_and_no_token_spent_twice(
    zalo: FakeZalo, context: FakeContext, name: str, trouble: str, nth: int
) -> None:
    zalo.polls = 2
    post = compose(zalo, context)
    row = Row(zalo, channel(zalo), post, MemoryState(zalo.state()))
    zalo.now += timedelta(hours=24, minutes=30)  # the token is renewed on the way
    zalo.trouble[name] = [*("" for _ in range(nth - 1)), trouble]
    receipt = await row.deliver()
    assert [one["id"] for one in zalo.wall] == [receipt.remote_id]
    assert zalo.created == 1
    assert len(set(zalo.spent)) == len(zalo.spent)


@pytest.mark.parametrize("polls", [0, 2])
@pytest.mark.parametrize("lives", range(1, 12))
async def test_a_death_between_any_two_steps_leads_to_one_article(
    zalo: FakeZalo, context: FakeContext, lives: int, polls: int
) -> None:
    zalo.polls, zalo.pictures["https://bacson.example/anh/a.jpg"] = polls, 0
    post = compose(zalo, context, image=Image(url="https://bacson.example/anh/a.jpg"))
    row = Row(zalo, channel(zalo), post, MemoryState(zalo.state()), DyingSteps(lives=lives))
    await row.deliver()
    assert len(zalo.wall) == 1 and zalo.created == 2  # the first had a picture that cannot be used


async def test_an_article_that_appears_late_is_waited_for(zalo: FakeZalo, context: FakeContext) -> None:
    """Zalo still works on it when it is looked for: to create another one would make two."""
    zalo.polls, zalo.works_for, zalo.trouble["create"] = 1000, timedelta(minutes=29), ["cut after"]
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    with pytest.raises(Uncertain):
        await row._alone(row._act)
    for _ in range(3):
        zalo.now += timedelta(minutes=9)
        with pytest.raises(Unavailable, match="may still appear"):
            await row._alone(row.posts.find)
        with pytest.raises(Unavailable, match="may still appear"):
            await row._alone(row._act)
    zalo.now += timedelta(minutes=2)
    found = await row._alone(row.posts.find)
    assert found and found.remote_id == zalo.wall[0]["id"]
    assert (await row.deliver()).remote_id == found.remote_id
    assert len(zalo.wall) == zalo.created == 1


async def test_silence_is_no_answer(zalo: FakeZalo, context: FakeContext) -> None:
    zalo.trouble["create"] = ["silent"]
    http = HttpClient(allow_private=True, timeout=0.2)
    with pytest.raises(Uncertain, match="took too long"):
        await channel(zalo).publish(
            compose(zalo, context), attempt_at(zalo, channel(zalo), MemoryState(zalo.state()), http=http)
        )


async def test_a_job_that_zalo_has_forgotten_leaves_doubt_and_is_looked_for(
    zalo: FakeZalo, context: FakeContext
) -> None:
    zalo.polls = 3
    row = Row(zalo, channel(zalo), compose(zalo, context), MemoryState(zalo.state()))
    with pytest.raises(Unavailable):
        await row._alone(row._act)
    zalo.now += zalo.works_for
    zalo.finish_jobs()
    zalo.jobs.clear()
    with pytest.raises(Uncertain, match="does not know"):
        await row._alone(row._act)
    assert (await row._alone(row.posts.find)) == Receipt(
        remote_id=zalo.wall[0]["id"], url=zalo.wall[0]["link_view"], reply="posted"
    )


@pytest.mark.parametrize("trouble", ["", "cut after", "502 after"])
async def test_with_the_store_all_articles_of_an_edition_come_out_once(
    zalo: FakeZalo, context: FakeContext, bench: Bench, trouble: str
) -> None:
    """Deferred while Zalo works on them, each by its own steps; the tokens are renewed once, and the pair is kept."""
    zalo.polls, zalo.trouble["create"] = 2, [trouble]
    posts, made = channel(zalo), edition(count=3)
    with bench.database.write() as connection:
        replace_state(connection, posts.name, zalo.state())
    zalo.now = bench.clock.now = NOW + timedelta(hours=24, minutes=5)
    made = replace(made, frozen_at=zalo.now, expires_at=zalo.now + timedelta(hours=24))
    freeze(bench.database, made, posts.renditions(made, context))
    for _ in range(60):
        zalo.now = bench.clock.now
        await bench.run(posts)
        if states(bench.database) == {DeliveryState.SENT: 3}:
            break
        bench.clock.now += timedelta(minutes=1)
    assert states(bench.database) == {DeliveryState.SENT: 3}, bench.rows()
    assert sorted(one["title"] for one in zalo.wall) == ["Tin a0", "Tin a1", "Tin a2"]
    assert zalo.created == 3 and len(zalo.spent) == 1


# -- looking -----------------------------------------------------------------------------------------------------------


async def test_looking_finds_our_own_article_and_no_other(zalo: FakeZalo, context: FakeContext) -> None:
    posts, state, post = channel(zalo), MemoryState(zalo.state()), compose(zalo, context)
    assert await posts.find(post, attempt_at(zalo, posts, state)) is None
    zalo.now -= timedelta(days=1)
    await posts.publish(post, attempt_at(zalo, posts, state))  # by yesterday's edition
    zalo.now += timedelta(days=1)
    zalo.post_by_hand(post.title)
    assert await posts.find(post, attempt_at(zalo, posts, state)) is None
    receipt = await posts.publish(post, attempt_at(zalo, posts, state))
    for number in range(30):
        zalo.post_by_hand(f"Bài {number}")
    assert await posts.find(post, attempt_at(zalo, posts, state)) == receipt
    assert await posts.find(replace(post, title="Tin a1"), attempt_at(zalo, posts, state)) is None


# -- the followers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["", *TROUBLES])
async def test_an_article_is_broadcast_once_at_most(zalo: FakeZalo, context: FakeContext, trouble: str) -> None:
    zalo.polls, zalo.trouble["broadcast"] = 1, [trouble] if trouble else []
    zalo.now += timedelta(hours=1)
    row = Row(zalo, channel(zalo, broadcast=True), compose(zalo, context), MemoryState(zalo.state()))
    receipt = await row.deliver()
    assert [one["id"] for one in zalo.wall] == [receipt.remote_id]
    assert zalo.broadcasts == ([] if trouble.endswith("before") else [receipt.remote_id])
    if not trouble:
        assert receipt.reply == "posted, and sent to the followers"
    elif "die" not in trouble:
        assert "nobody knows whether it was sent" in receipt.reply


async def test_a_broadcast_that_is_refused_is_told_and_the_article_stays(zalo: FakeZalo, context: FakeContext) -> None:
    posts, state, replies = channel(zalo, broadcast=True), MemoryState(zalo.state()), []
    zalo.now, zalo.broadcasts_left = NOW + timedelta(hours=2), 0
    for change in ({}, {"package": False}, {"now": NOW + timedelta(hours=16)}):
        for name, value in change.items():
            setattr(zalo, name, value)
        zalo.package = "package" not in change
        receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
        replies.append(receipt.reply)
    assert [re.search(r"\((-\d+)\)", reply)[1] for reply in replies] == ["-211", "-224", "-234"]  # type: ignore[index]
    assert all(reply.startswith("posted, but not sent to the followers") for reply in replies)
    assert len(zalo.wall) == 3


# -- corrections -------------------------------------------------------------------------------------------------------


async def test_corrections_change_the_article_in_place_and_a_withdrawal_removes_it(
    zalo: FakeZalo, context: FakeContext
) -> None:
    zalo.polls, state, posts = 1, MemoryState(zalo.state()), channel(zalo)
    assert posts.corrections is Corrections.EDIT
    receipt = await Row(zalo, posts, compose(zalo, context), state).deliver()
    for title in ("Đính chính", "Đính chính lần hai", "Đính chính lần hai"):
        receipt = await Row(zalo, posts, compose(zalo, context, title=title), state, target=receipt).deliver()
        assert [one["title"] for one in zalo.wall] == [title]
    assert zalo.created == 1 and receipt.reply == "corrected" and receipt.url
    for _ in range(2):
        await posts.delete(receipt, attempt_at(zalo, posts, state))
        assert not zalo.wall


async def test_a_correction_leaves_an_article_hidden_or_shown_as_staff_have_it(
    zalo: FakeZalo, context: FakeContext
) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo, status="hide")
    receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    zalo.articles[receipt.remote_id].update(status="show", comment="show")
    await posts.edit(receipt, compose(zalo, context, title="Đính chính"), attempt_at(zalo, posts, state))
    assert [(one["title"], one["comment"]) for one in zalo.wall] == [("Đính chính", "show")]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ["detail", "update", "verify"])
async def test_a_correction_that_was_cut_is_made_in_the_end(
    zalo: FakeZalo, context: FakeContext, name: str, trouble: str
) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo)
    receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    zalo.polls, zalo.trouble[name] = 1, [trouble]
    await Row(zalo, posts, compose(zalo, context, title="Đính chính"), state, target=receipt).deliver()
    assert [one["title"] for one in zalo.wall] == ["Đính chính"]


async def test_an_article_that_is_gone_cannot_be_corrected(zalo: FakeZalo, context: FakeContext) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo)
    with pytest.raises(Rejected, match="id is invalid"):
        await posts.edit(Receipt(remote_id="gone"), compose(zalo, context), attempt_at(zalo, posts, state))


async def test_a_removal_that_zalo_refuses_is_told(zalo: FakeZalo, context: FakeContext) -> None:
    state, posts = MemoryState(zalo.state()), channel(zalo)
    receipt = await posts.publish(compose(zalo, context), attempt_at(zalo, posts, state))
    zalo.trouble["remove"] = [says(-200, "not now")]
    with pytest.raises(Rejected, match="not now"):
        await posts.delete(receipt, attempt_at(zalo, posts, state))
