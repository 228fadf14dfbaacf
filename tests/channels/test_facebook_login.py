"""Facebook: the token of the Page, from the login to the check."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from distributor.attempt import MemoryState
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable
from distributor.http_client import HttpCall
from support.fake_facebook import APP, PAGE, PAGE_TOKEN, PERSON, PERSON_TOKEN, SECRET, FakeFacebook, FakeToken, How
from support.posting_on_facebook import POST, Answers, Work, channel, module, with_app


@pytest.mark.parametrize("make", [channel, with_app])
async def test_checking_a_good_token_says_nothing_and_posts_nothing(
    facebook: FakeFacebook, make: Callable[[FakeFacebook], Any]
) -> None:
    work = Work(facebook, make(facebook))
    await work.channel.check(work.attempt())
    assert not facebook.wall


async def test_checking_tells_what_is_wrong(facebook: FakeFacebook) -> None:
    async def told(error: type[DeliveryError], words: str, **changes: Any) -> None:
        work = Work(facebook, with_app(facebook, **changes))
        with pytest.raises(error, match=words):
            await work.channel.check(work.attempt())

    soon, later = (int((facebook.now + timedelta(days=days)).timestamp()) for days in (13, 15))
    await told(AuthBroken, "none of Page", token=SecretStr(PERSON_TOKEN))
    await told(AuthBroken, "token is dead", token=SecretStr("other"))
    await told(AuthBroken, "missing or wrong", app_secret=SecretStr("other"))
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, ends=soon)
    await told(Rejected, f"good until {datetime.fromtimestamp(soon, UTC):%Y-%m-%d}.*put a new one into `token`")
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, data_ends=soon)
    await told(Rejected, "good until")
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, ("pages_read_engagement",))
    await told(AuthBroken, "lacks the permission pages_manage_posts")
    facebook.tokens[PAGE_TOKEN] = FakeToken(PAGE, ends=later, data_ends=later)
    work = Work(facebook, with_app(facebook))
    await work.channel.check(work.attempt())


async def test_a_token_of_a_person_becomes_a_lasting_token_of_the_page(facebook: FakeFacebook) -> None:
    facebook.tokens[PERSON_TOKEN].ends = int((facebook.now + timedelta(hours=1)).timestamp())
    page = with_app(facebook, token=None)
    ask = Answers(PERSON_TOKEN)
    work = Work(facebook, page)
    state = await page.login(ask, work.attempt())
    assert facebook.tokens[state["token"]] == FakeToken(PAGE)
    assert [secret for _, secret in ask.asked] == [True]
    await Work(facebook, page, state=MemoryState(state)).publish()
    assert len(facebook.wall) == 1


async def test_a_login_asks_for_the_app_where_the_settings_do_not_name_it(facebook: FakeFacebook) -> None:
    page = channel(facebook, token=None)
    ask = Answers(PERSON_TOKEN, APP, SECRET)
    state = await page.login(ask, Work(facebook, page).attempt())
    assert [secret for _, secret in ask.asked] == [True, False, True]
    assert facebook.tokens[state["token"]].owner == PAGE


async def test_a_token_of_the_page_is_kept_as_it_is(facebook: FakeFacebook) -> None:
    page = channel(facebook, token=None)
    assert await page.login(Answers(PAGE_TOKEN), Work(facebook, page).attempt()) == {"token": PAGE_TOKEN}


async def test_the_end_of_a_token_is_kept_so_that_staff_hear_of_it(facebook: FakeFacebook) -> None:
    page, ends = channel(facebook, token=None), int((facebook.now + timedelta(days=50)).timestamp())
    facebook.tokens[PAGE_TOKEN].data_ends = ends
    state = await page.login(Answers(PAGE_TOKEN), Work(facebook, page).attempt())
    assert state == {"token": PAGE_TOKEN, "ends": ends}
    found = page.login_ends(state)
    assert found is not None and found.timestamp() == ends
    assert page.login_ends({"token": PAGE_TOKEN}) is page.login_ends({"ends": "soon"}) is None


async def test_a_login_that_cannot_work_says_why(facebook: FakeFacebook) -> None:
    async def told(error: type[DeliveryError], words: str, *typed: str, page: Any = None) -> None:
        page = page or with_app(facebook, token=None)
        with pytest.raises(error, match=words) as caught:
            await page.login(Answers(*typed), Work(facebook, page).attempt())
        assert "EAA" not in str(caught.value) and SECRET not in str(caught.value)

    await told(Rejected, "the setting `token` comes first", PAGE_TOKEN, page=channel(facebook))
    await told(AuthBroken, "no token was given", "")
    await told(AuthBroken, "token is dead", "EAAunknown")
    await told(AuthBroken, "secret of the app", PERSON_TOKEN, APP, "other", page=channel(facebook, token=None))
    await told(AuthBroken, "does not know the app", PERSON_TOKEN, "1", SECRET, page=channel(facebook, token=None))
    facebook.tokens[PERSON_TOKEN] = FakeToken(PERSON, ("pages_manage_posts",))
    await told(AuthBroken, "pages_show_list", PERSON_TOKEN)
    facebook.tokens[PAGE_TOKEN].ends = int((facebook.now + timedelta(hours=1)).timestamp())
    await told(Rejected, "good until", PAGE_TOKEN)


@pytest.mark.parametrize("name", ["me", "exchange", "page", "debug_token"])
@pytest.mark.parametrize("how", ["close", "close after", "answer"])
async def test_a_cut_login_can_be_done_again(facebook: FakeFacebook, name: str, how: How) -> None:
    """Nothing that it asks for can be had only once."""
    page = with_app(facebook, token=None)
    facebook.misbehave(name, how)
    with contextlib.suppress(Unavailable):  # the client repeats a GET itself, once
        await page.login(Answers(PERSON_TOKEN), Work(facebook, page).attempt())
    assert (await page.login(Answers(PERSON_TOKEN), Work(facebook, page).attempt()))["token"]


async def test_the_examples_carry_a_post_from_the_upload_to_its_deletion(facebook: FakeFacebook) -> None:
    """Each request that the channel makes has an example of its answer."""
    names: list[str] = []

    class Examples:
        timeout = 1.0

        def hide(self, *secrets: str) -> None: ...

        async def send(self, call: HttpCall, rules: Any) -> Any:
            names.append(call.name)
            return module.HttpResponse(200, {}, module.json_bytes(module.Facebook.example_answer(call)))

    page = with_app(facebook, token=None, style="photo")
    work = Work(facebook, page, state=MemoryState(module.Facebook.example_state()))
    http: Any = Examples()
    attempt = replace(work.attempt(), http=http)
    receipt = await page.publish(POST, attempt)
    await page.edit(receipt, POST, attempt)
    await page.delete(receipt, attempt)
    await page.check(attempt)
    assert await page.find(POST, attempt) is None
    assert names == ["upload", "publish", "edit", "delete", "me", "debug_token", "find"]
