"""The form of a reviewer who edits a draft: what it shows, what it takes, and what it refuses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path

import pytest

from distributor import pipeline
from distributor.editions import repository as edition_repository
from distributor.model import Edition
from support.clocked_newsroom import Line, text_of
from support.prepared_newsroom import Prepared
from support.web_client import Visitor

EDITION = "tin-sang-1"
LAN = "Lê Lan <lan.bt@bacson.example>"
USUAL = "Tin c của tỉnh nhà và 2 tin khác"


@pytest.fixture
def wording() -> str:
    return "{}"


@pytest.fixture
async def visitor(tmp_path: Path, wording: str, prepared: Prepared) -> AsyncIterator[Visitor]:
    line = Line(tmp_path)
    made = Visitor(line)
    await made.run(lambda: prepared(line, telling_draft(wording)))
    await made.start()
    yield made
    await made.close()
    await made.run(line.close)


@cache
def telling_draft(wording: str) -> Callable[[Line], None]:
    """A draft of three articles, told to its reviewer."""

    def tell(line: Line) -> None:
        line.configure('.web: {url: "https://news.bacson.example"}', f".wording: {wording}")
        line.configure(f"review: {{before: 30m, reviewers: ['{LAN}']}}")
        line.subscribe("moi")
        for name in "abc":
            line.arrives(name)
        line.day("06:30")
        asyncio.run(pipeline.notify_reviewers(line.newsroom, line.store, line.clock))

    return tell


def link(visitor: Visitor) -> str:
    (letter,) = visitor.line.mailbox("lan.bt")
    (found,) = re.findall(r"https://news\.bacson\.example(/review/\S+)", text_of(letter))
    return str(found)


async def content(visitor: Visitor) -> Edition:
    def read() -> Edition:
        with visitor.line.store.read() as connection:
            found = edition_repository.find(connection, EDITION)
        assert found
        return found

    return await visitor.run(read)


async def form(visitor: Visitor, seen: int = 0, **places: str) -> dict[str, str]:
    """The form as a browser sends it when nothing was typed but these numbers, by the letters of articles."""
    edition = await content(visitor)
    numbered = {f"place_{one.id}": str(place) for place, one in enumerate(edition.articles, 1)}
    for one in edition.articles:
        letter = one.title.split()[1]
        numbered[f"place_{one.id}"] = places.get(letter, numbered[f"place_{one.id}"])
    return {"seen": str(seen), "subject": USUAL, "preheader": "", "intro": "", **numbered}


async def order(visitor: Visitor) -> str:
    return "".join(one.title.split()[1] for one in (await content(visitor)).articles)


async def test_the_form_shows_the_draft_as_it_is(visitor: Visitor) -> None:
    page = await (await visitor.get(link(visitor))).text()
    assert f'value="{USUAL}"' in page
    assert re.findall(r"Vị trí của “Tin (\w)", page) == ["c", "b", "a"]
    assert "Edit it" in await (await visitor.get("/en" + link(visitor))).text()


async def test_what_is_typed_is_frozen_and_recorded_with_the_name(visitor: Visitor) -> None:
    typed = {**await form(visitor), "subject": "Bão số 5", "intro": "Ba **lưu ý**\r\nsau"}
    answer = await visitor.post(f"{link(visitor)}/edit", data=typed, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, link(visitor))
    made = await content(visitor)
    assert (made.subject, made.words.intro) == ("Bão số 5", "Ba **lưu ý**\nsau")
    page = await (await visitor.get(link(visitor))).text()
    assert "Lê Lan &lt;lan.bt@bacson.example&gt; đã sửa lúc 06:30" in page
    assert "Tiêu đề thư: “Bão số 5”" in page


async def test_nothing_typed_changes_nothing(visitor: Visitor) -> None:
    answer = await visitor.post(f"{link(visitor)}/edit", data=await form(visitor), allow_redirects=False)
    assert answer.status == 303
    made = await content(visitor)
    assert (made.words.subject, made.subject) == ("", USUAL)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ({"a": "1"}, "acb"),
        ({"c": "3"}, "bac"),
        ({"c": "2"}, "bca"),
        ({"a": "2"}, "cab"),
        ({"a": "", "b": "x", "c": "99999999999"}, "cba"),
        ({"c": "9", "a": "0"}, "abc"),
    ],
)
async def test_numbers_move_articles(visitor: Visitor, places: dict[str, str], expected: str) -> None:
    await visitor.post(f"{link(visitor)}/edit", data=await form(visitor, 0, **places))
    assert await order(visitor) == expected


async def test_an_article_is_left_out(visitor: Visitor) -> None:
    middle = (await content(visitor)).articles[1].id
    await visitor.post(f"{link(visitor)}/edit", data={**await form(visitor), "drop": middle})
    assert await order(visitor) == "ca"


async def test_a_form_of_an_older_state_is_refused_and_keeps_what_was_typed(visitor: Visitor) -> None:
    here = f"{link(visitor)}/edit"
    await visitor.post(here, data={**await form(visitor), "subject": "Của Lan"})
    late = await visitor.post(here, data={**await form(visitor), "subject": "Của Minh"})
    page = await late.text()
    assert late.status == 409
    assert "Số này đã thay đổi trong lúc quý vị sửa" in page
    assert 'value="Của Minh"' in page and 'name="seen" value="1"' in page
    assert (await content(visitor)).subject == "Của Lan"
    english = await visitor.post("/en" + here, data={**await form(visitor), "subject": "Của Minh"})
    assert "It has changed while you were editing" in await english.text()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"subject": "ạ" * 300}, "Nhiều nhất 250 ký tự"),
        ({"subject": "{ten}"}, "chỉ dùng được {first}"),
        ({"preheader": "{"}, "chỉ dùng được {first}"),
        ({"intro": "ạ" * 10_001}, "Nhiều nhất 10.000 ký tự"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(visitor: Visitor, typed: dict[str, str], words: str) -> None:
    answer = await visitor.post(f"{link(visitor)}/edit", data={**await form(visitor), **typed})
    page = await answer.text()
    assert (answer.status, words in page) == (422, True)
    (name,) = typed
    assert f'href="#f-{name}"' in page
    assert (await content(visitor)).subject == USUAL


async def test_the_last_article_stays(visitor: Visitor) -> None:
    ids = [one.id for one in (await content(visitor)).articles]
    data = [*(await form(visitor)).items(), *(("drop", id) for id in ids)]
    answer = await visitor.post(f"{link(visitor)}/edit", data=data)
    assert (answer.status, "Phải còn ít nhất một tin" in await answer.text()) == (422, True)


async def test_what_is_out_cannot_be_edited(visitor: Visitor) -> None:
    here, typed = link(visitor), {**await form(visitor, seen=1), "subject": "Muộn"}
    await visitor.post(here, data={"decision": "approve", "seen": "0"})
    await visitor.run(visitor.line.day, "07:00")
    answer = await visitor.post(f"{here}/edit", data=typed)
    assert (answer.status, "form action" in await answer.text()) == (409, False)
    assert (await content(visitor)).subject == USUAL


@pytest.mark.parametrize("seen", ["", "x", "-1", "1" * 9])
async def test_a_form_of_another_make_is_refused(visitor: Visitor, seen: str) -> None:
    answer = await visitor.post(f"{link(visitor)}/edit", data={**await form(visitor), "seen": seen})
    assert answer.status == 400


async def test_without_a_good_link_nothing_is_edited(visitor: Visitor) -> None:
    head, _, signature = link(visitor).rpartition(".")
    other = "B" if signature[0] == "A" else "A"  # the last one may be an A, and its last bits say nothing
    answer = await visitor.post(f"{head}.{other}{signature[1:]}/edit", data={**await form(visitor), "subject": "Khác"})
    assert answer.status == 404
    assert (await content(visitor)).subject == USUAL


@pytest.mark.parametrize(
    "wording", ["{vi: {review_page_edit_none: Cần ít nhất một tin, edited_subject: '“{text}” là tiêu đề mới'}}"]
)
async def test_a_newsroom_s_own_sentences_tell_reviewers_what_is_wrong_and_what_was_changed(visitor: Visitor) -> None:
    typed = await form(visitor)
    all_dropped = [*typed.items(), *(("drop", one.id) for one in (await content(visitor)).articles)]
    answer = await visitor.post(f"{link(visitor)}/edit", data=all_dropped, allow_redirects=False)
    assert answer.status == 422
    assert "Cần ít nhất một tin" in await answer.text()
    await visitor.post(f"{link(visitor)}/edit", data={**typed, "subject": "Bão"}, allow_redirects=False)
    assert "“Bão” là tiêu đề mới" in await (await visitor.get(link(visitor))).text()
