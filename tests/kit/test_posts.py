"""Threads: within the limits, cut where people would, nothing lost; and where addresses stand in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from distributor.channel import Attempt, Channel, ComposeContext, Content, Edition, Post, PostLimits, Receipt
from distributor.kit.posts import compose_posts, find_urls
from distributor.merge_fields import WORD_JOINER
from distributor.model import Image
from distributor.text import clean_line, graphemes
from support.builders import article, edition
from support.render_contexts import post_context

TEMPLATE = "post/article.txt.j2"
CONTEXT = post_context()
URL = "https://bacson.example/lu"
LEAD = " ".join(f"Câu thứ {number} kể về nước lũ ở huyện Yên Lạc sáng nay." for number in range(12))


@dataclass(frozen=True, kw_only=True)
class Short(Channel):
    """Posts of so many graphemes."""

    most: int | None = 160

    @property
    def limits(self) -> PostLimits:
        return PostLimits(text=self.most)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        raise AssertionError

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        raise AssertionError


def thread(
    lead: str, longest: int = 10, most: int | None = 160, title: str = "Lũ rút", tags: int = 0
) -> Sequence[Post]:
    told = edition(articles=(article("a1", title=title, lead=lead, url=URL),))
    return compose_posts(Short(most=most), told, CONTEXT, TEMPLATE, tags, longest=longest)


def test_a_lead_that_fits_makes_one_post() -> None:
    told = edition(articles=(article(lead="Ngắn."), article("a2", lead="Cũng ngắn.")))
    made = compose_posts(Short(), told, CONTEXT, TEMPLATE, 1, longest=5)
    assert made == compose_posts(Short(), told, CONTEXT, TEMPLATE, 1)


@pytest.mark.parametrize(("longest", "most"), [(1, 160), (5, None)], ids=["no threads", "no limit"])
def test_without_threads_or_limits_there_is_one_post_each(longest: int, most: int | None) -> None:
    (post,) = thread(LEAD, longest, most)
    assert not post.follows


def test_a_long_lead_goes_on_sentence_by_sentence_and_nothing_is_lost() -> None:
    made = thread(LEAD)
    assert [post.variant for post in made] == ["a1", *(f"a1-{number}" for number in range(2, len(made) + 1))]
    assert [post.follows for post in made] == ["", *(post.variant for post in made[:-1])]
    assert {post.article for post in made} == {"a1"}
    head, *rest = [post.text for post in made]
    title, first, url = head.split("\n\n")
    assert (title, url) == ("Lũ rút", URL)
    assert " ".join([first, *rest]) == LEAD
    assert all(len(graphemes(text)) <= 160 and text.endswith(".") for text in rest)
    assert [(bool(post.link), post.summary) for post in made] == [(True, LEAD), *((False, "") for _ in rest)]


def test_a_thread_ends_after_its_longest() -> None:
    assert len(thread(LEAD, 3)) == 3


def test_a_sentence_that_is_too_long_is_cut_at_words_with_an_ellipsis_on_both_sides() -> None:
    lead = " ".join(f"từ{number}" for number in range(80))
    head, *rest = [post.text for post in thread(lead)]
    assert head.split("\n\n")[1].endswith("…")
    assert all(text.startswith("…") for text in rest)
    pieces = [text.strip("…") for text in [head.split("\n\n")[1], *rest]]
    assert " ".join(pieces) == lead


def test_hashtags_give_way_before_a_sentence_does() -> None:
    lead = f"{'Nước rút ' * 13}hết rồi. {'Đường thông ' * 9}từ sáng."
    head, *rest = thread(lead, tags=1)
    assert "#" not in head.text
    assert "hết rồi." in head.text
    assert [post.text for post in rest] == [lead.partition(". ")[2]]


def test_a_word_without_end_is_cut_between_graphemes() -> None:
    lead = "👩‍👩‍👧" * 400
    head, *rest = thread(lead)
    assert head.text == f"Lũ rút\n\n{URL}"
    assert {piece for post in rest for piece in graphemes(post.text)} == {"👩‍👩‍👧", "…"}
    assert "".join(post.text.strip("…") for post in rest) == lead


def test_what_follows_mentions_nobody_either() -> None:
    made = thread(LEAD.replace("Câu", "Anh @lan"))
    assert len(made) > 3
    assert all("@l" not in post.text and f"@{WORD_JOINER}lan" in post.text for post in made)


@given(st.text(st.sampled_from("aế. ,…!👩\u200d👧\u0301@\u0600 "), min_size=100, max_size=500), st.integers(60, 120))
def test_any_lead_goes_on_within_the_limit_and_whole(lead: str, most: int) -> None:
    assume(clean_line(lead))
    made = thread(lead, 25, most)
    assert all(len(graphemes(post.text)) <= most for post in made)
    if len(made) > 1:
        first = made[0].text.removesuffix(URL).partition("\n\n")[2]
        shown = "".join([first, *(post.text for post in made[1:])])
        assert _letters(shown) == _letters(clean_line(lead))


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign not in f"… \n{WORD_JOINER}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Xem https://x.vn/a, rồi về.", ["https://x.vn/a"]),
        ("(https://x.vn/a_(b))", ["https://x.vn/a_(b)"]),
        ("Tin\n\nhttps://vi.example/Huế_(thành_phố)\n\n#Huế", ["https://vi.example/Huế_(thành_phố)"]),
        ("Tin\n\nhttps://x.vn/hỏi?", ["https://x.vn/hỏi?"]),
        ("“https://x.vn/a”", ["https://x.vn/a"]),
        ("https://x.vn/a<b>", ["https://x.vn/a"]),
        ("không có", []),
    ],
)
def test_addresses_are_found_whole(text: str, found: list[str]) -> None:
    assert find_urls(text) == found


def test_a_card_has_the_first_sentences_of_a_text_without_a_lead() -> None:
    one = article("a1", title="Tin", lead="", body_html="<p>Ba huyện. Mười tấn chè.</p>")
    (post,) = compose_posts(Short(), edition(articles=(one,)), CONTEXT, TEMPLATE)
    assert post.summary == "Ba huyện. Mười tấn chè."


@pytest.mark.parametrize("longest", [1, 3])
def test_an_address_that_leaves_no_room_stands_in_the_link_alone(longest: int) -> None:
    """Otherwise one absurd address would hold a whole edition up."""
    url = "https://bacson.example/" + "a" * 400
    told = edition(articles=(article(title="Tin lũ", lead=LEAD, url=url), article("b", url=URL)))
    made = compose_posts(Short(), told, CONTEXT, TEMPLATE, longest=longest)
    first = next(post for post in made if post.article == told.articles[0].id)
    assert (first.link, url in first.text) == (url, False)
    assert first.text.startswith("Tin lũ")
    assert made[-1].link == URL


@pytest.mark.parametrize("most", [0, 1])
def test_no_post_is_frozen_with_more_pictures_than_its_network_takes(most: int) -> None:
    told = edition(articles=(article(image=Image(url="https://bacson.example/lu.jpg", alt="Nước lũ")),))

    @dataclass(frozen=True, kw_only=True)
    class Gallery(Short):
        @property
        def limits(self) -> PostLimits:
            return PostLimits(text=300, pictures=most)

        def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
            (post,) = compose_posts(self, edition, context, TEMPLATE)
            return [replace(post, pictures=post.pictures * 3)]

    (made,) = Gallery(name="x").renditions(told, CONTEXT)
    assert isinstance(made.content, Post)
    assert len(made.content.pictures) == most
