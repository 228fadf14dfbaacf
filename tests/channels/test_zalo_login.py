"""Zalo: the login, the check, and no token spent twice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from distributor.attempt import MemoryState
from distributor.errors import AuthBroken, DeliveryError, Rejected
from support.builders import NOW
from support.fake_zalo import CALLBACK, OA_ID, SECRET, FakeZalo
from support.posting_on_zalo import Row, attempt_at, channel, compose, says
from support.social_networks import FakeContext

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


async def test_a_login_ends_about_three_months_after_its_last_renewal(zalo: FakeZalo) -> None:
    ends = channel(zalo).login_ends({**zalo.state(), "expires_at": (NOW + timedelta(hours=25)).timestamp()})
    assert timedelta(days=85) < ends - NOW < timedelta(days=91)
    assert channel(zalo).login_ends({}) is None
