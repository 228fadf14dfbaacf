"""Posts: within the network's limit as it counts, the link whole, no character broken."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from distributor.channel import PostLimits
from distributor.content import Post
from distributor.errors import RenderError
from distributor.model import Article
from distributor.plugins import registry
from distributor.rendering import posts
from distributor.rendering.views import add_utm_parameters, clean_text
from distributor.text import count_graphemes, count_utf16, graphemes
from support.builders import article, edition
from support.clocked_newsroom import Line
from support.render_contexts import post_context

URL = "https://bacson.example/tin/khoi-cong-duong-tinh-254"
MASTODON = PostLimits(text=500, url=23)
TELEGRAM = PostLimits(text=4096, count=count_utf16)
CONTEXT = post_context()
TITLE = "Khởi công tuyến đường nối hai huyện miền núi"
LEAD = "Sáng 22/11, tại huyện Yên Lạc, tỉnh khởi công đường tỉnh 254. Đường dài 38 km, qua TP. Bắc Sơn. Xong năm 2028."


def post(limit: int | None, title: str = TITLE, lead: str = LEAD, url: str = URL, **limits: object) -> str:
    made = PostLimits(text=limit, **limits)  # type: ignore[arg-type]  # the fields of Limits, as named
    return CONTEXT.post(article(title=title, lead=lead, url=url), made)


def test_title_lead_and_link_stand_apart() -> None:
    assert post(None) == post(500) == f"{TITLE}\n\n{LEAD}\n\n{URL}"


@pytest.mark.parametrize(
    ("room", "lead"),
    [
        (len(LEAD), LEAD),
        (
            len(LEAD) - 1,
            "Sáng 22/11, tại huyện Yên Lạc, tỉnh khởi công đường tỉnh 254. Đường dài 38 km, qua TP. Bắc Sơn.",
        ),
        (94, "Sáng 22/11, tại huyện Yên Lạc, tỉnh khởi công đường tỉnh 254."),
        (60, "Sáng 22/11, tại huyện Yên Lạc, tỉnh khởi công đường tỉnh…"),
        (31, "Sáng 22/11, tại huyện Yên Lạc…"),
        (29, "Sáng 22/11, tại huyện Yên…"),
    ],
)
def test_the_lead_gives_way_by_sentences_then_by_words(room: int, lead: str) -> None:
    frame = len(f"{TITLE}\n\n\n\n{URL}")
    assert post(frame + room) == f"{TITLE}\n\n{lead}\n\n{URL}"


def test_without_room_for_a_lead_title_and_link_are_left() -> None:
    whole = f"{TITLE}\n\n{URL}"
    assert post(len(whole) + 12) == post(len(whole)) == whole


def test_only_a_title_that_is_too_long_by_itself_is_cut() -> None:
    whole = f"{TITLE}\n\n{URL}"
    assert post(len(whole) - 1) == f"Khởi công tuyến đường nối hai huyện miền…\n\n{URL}"
    assert post(len(URL) + 4) == f"K…\n\n{URL}"
    assert post(len(URL) + 5, title="Nghiêng") == f"Ng…\n\n{URL}"


def test_where_not_even_a_letter_fits_it_is_said_so() -> None:
    with pytest.raises(RenderError, match="cannot fit into 54 characters"):
        post(len(URL) + 3)
    with pytest.raises(RenderError, match="cannot fit into 10 characters"):
        post(10)


def test_an_article_without_a_link_has_a_post_without_one() -> None:
    assert post(None, url="", lead="Ngắn.") == f"{TITLE}\n\nNgắn."


def test_an_address_counts_as_the_network_says() -> None:
    """Mastodon counts 23 for each, however long it is."""
    long = "https://bacson.example/" + "a" * 400
    made = CONTEXT.post(article(title="T" * 100, lead="Từ " * 300, url=long), MASTODON)
    assert long in made
    assert 490 < MASTODON.measure(made) <= 500 < len(made)


def test_telegram_counts_utf_16() -> None:
    made = CONTEXT.post(article(title=TITLE, lead="👩‍👩‍👧 gia đình " * 2000, url=URL), TELEGRAM)
    assert 4060 < count_utf16(made) <= 4096
    assert "👩‍👩‍👧" in made
    assert not re.search("\u200d(?![👩👧])", made)


def test_decomposed_letters_are_counted_and_cut_as_letters() -> None:
    title = unicodedata.normalize("NFD", TITLE)
    made = posts.compose_post(lambda title, lead, tags: title + lead, title, "", PostLimits(text=5))
    assert made == unicodedata.normalize("NFD", "Khởi…")


def test_what_a_source_writes_is_words_only() -> None:
    title, lead = "{{ 7 * 7 }} {% x %} <b>\u202eđậm</b>", "{{ url }}"
    assert post(None, title=title, lead=lead) == f"{{{{ 7 * 7 }}}} {{% x %}} <b>đậm</b>\n\n{{{{ url }}}}\n\n{URL}"


def test_a_long_text_costs_no_more_than_a_few_tries() -> None:
    tries: list[str] = []

    def render(title: str, lead: str, tags: str = "") -> str:
        tries.append(lead)
        return f"{title}\n{lead}"

    posts.compose_post(render, TITLE, "từ " * 100_000, MASTODON)
    assert len(tries) < 40


wild = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)
pieces = st.lists(
    st.sampled_from(
        [
            "Ngày hội",
            " ",
            ". ",
            "ế",
            "e\u0302\u0301",
            "👩‍👩‍👧",
            "🇻🇳",
            "👍🏽",
            "!",
            "“",
            "”",
            "…",
            "https://x.vn/a",
            "日本",
            "\u0301",
            "TP. ",
        ]
    ),
    min_size=1,
    max_size=80,
).map("".join)
networks = st.sampled_from(
    [
        PostLimits(text=500, url=23),
        PostLimits(text=300),
        PostLimits(text=120, count=count_utf16),
        PostLimits(text=60, url=23),
        PostLimits(text=200, count=lambda text: len(text.encode())),
    ]
)


def one(title: str, lead: str) -> Article:
    return article(title=title, lead=lead, url="https://x.vn/1")


@given(wild | pieces, wild | pieces, networks)
def test_whatever_is_written_the_post_fits_and_its_link_is_whole(title: str, lead: str, network: PostLimits) -> None:
    """And it begins with the title's own letters, none of them halved."""
    try:
        made = CONTEXT.post(one(title, lead), network)
    except RenderError:  # right only where even one letter is too much: a grapheme may have any number of marks
        first = graphemes(clean_text(title))[0]
        assert network.measure(f"{first}…\n\nhttps://x.vn/1") > (network.text or 0)
        return
    assert network.text is not None
    assert network.measure(made) <= network.text
    assert made == "https://x.vn/1" or made.endswith("\nhttps://x.vn/1")


@given(pieces, pieces, st.integers(3, 60))
def test_no_grapheme_is_halved(title: str, lead: str, limit: int) -> None:
    title, lead = (re.sub(r"\s+", " ", text).strip() for text in (title, lead))
    assume(title)  # every article has one

    def render(title: str, lead: str, tags: str = "") -> str:
        return f"{title}\n{lead}"

    try:
        made = posts.compose_post(render, title, lead, PostLimits(text=limit))
    except RenderError:
        return
    shown, _, rest = made.partition("\n")
    for part, whole in ((shown, title), (rest, lead)):
        kept = graphemes(part.removesuffix("…"))
        assert kept == graphemes(whole)[: len(kept)]
    assert count_graphemes(made) <= limit


# -- hashtags and where a reader came from -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topics", "tags"),
    [
        (["Kinh tế", "Y tế"], "#KinhTế #YTế"),
        (["COVID-19"], "#COVID19"),
        (["chuyển đổi số", "Chuyển đổi SỐ"], "#ChuyểnĐổiSố"),
        (["24/7", "2026", "🙂", ""], ""),
        (["Bà Rịa - Vũng Tàu", "TP. Hồ Chí Minh", "Ba"], "#BàRịaVũngTàu #TPHồChíMinh"),
        ([unicodedata.normalize("NFD", "Giáo dục")], "#GiáoDục"),
        (["#đã có", "a_b"], "#ĐãCó #AB"),
    ],
)
def test_topics_become_hashtags_without_losing_their_meaning(topics: list[str], tags: str) -> None:
    assert posts.hashtags(topics, 2) == tags
    assert posts.hashtags(topics, 0) == ""


def test_hashtags_go_before_a_sentence_is_broken_and_never_push_out_a_word() -> None:
    def made(limit: int) -> str:
        return CONTEXT.post(
            article(title="Tin", lead="Câu một. Câu hai dài.", url=URL, topics=("Y tế",)),
            PostLimits(text=limit),
            tags=2,
        )

    whole = made(500)
    assert whole.endswith(f"{URL}\n\n#YTế")
    assert "Câu hai dài." in whole
    assert "Câu một." in made(len(whole) - 1)
    assert "#YTế" in made(len(whole) - 1)
    without = len(f"Tin\n\nCâu một.\n\n{URL}")
    assert made(without) == f"Tin\n\nCâu một.\n\n{URL}"


@given(pieces, st.lists(pieces, max_size=4), st.integers(40, 300))
def test_whatever_the_topics_a_post_fits(lead: str, topics: list[str], limit: int) -> None:
    one = article(title="Tin", lead=lead, url="https://x.vn/1", topics=tuple(topics))
    made = CONTEXT.post(one, PostLimits(text=limit), tags=3)
    assert count_graphemes(made) <= limit
    assert "https://x.vn/1" in made


SITE_URL = "https://bacson.example"


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        (f"{SITE_URL}/tin/1", f"{SITE_URL}/tin/1?utm_source=bs&utm_medium=mail&utm_campaign=tin-sang-1"),
        (f"{SITE_URL}/tin?id=1#anh", f"{SITE_URL}/tin?id=1&utm_source=bs&utm_medium=mail&utm_campaign=tin-sang-1#anh"),
        (f"{SITE_URL}/tin?utm_source=x", f"{SITE_URL}/tin?utm_source=x&utm_medium=mail&utm_campaign=tin-sang-1"),
        (
            "https://www.bacson.example/a",
            "https://www.bacson.example/a?utm_source=bs&utm_medium=mail&utm_campaign=tin-sang-1",
        ),
        ("https://khac.example/tin", "https://khac.example/tin"),
        (f"{SITE_URL}/tìm?q=chữ", f"{SITE_URL}/tìm?q=chữ&utm_source=bs&utm_medium=mail&utm_campaign=tin-sang-1"),
        ("", ""),
    ],
)
def test_links_to_our_own_site_say_where_a_reader_came_from(url: str, becomes: str) -> None:
    assert add_utm_parameters(url, SITE_URL, source="bs", medium="mail", campaign="tin-sang-1") == becomes
    assert add_utm_parameters(url, SITE_URL, source="", medium="mail", campaign="tin-sang-1") == url


def test_letters_and_posts_are_tagged_only_where_it_is_switched_on(line: Line) -> None:
    line.config = line.config.replace(
        'url: "https://bacson.example"}', 'url: "https://bacson.example", utm_source: bs}'
    )
    line.subscribe("moi")
    line.arrives("a", "Y tế")
    line.day()
    (post,) = line.posts().values()
    assert "https://bacson.example/tin/a?utm_source=bs&utm_medium=posts&utm_campaign=tin-sang-1" in post
    assert "#YTế" in post
    letter = line.mailbox("moi")[0]
    for part in ("plain", "html"):
        body = letter.get_body((part,))
        assert body is not None
        assert "utm_source=bs&utm_medium=email&utm_campaign=tin-sang-1" in body.get_content().replace("&amp;", "&")
    assert "utm_" not in line.feed()


# -- names of accounts -------------------------------------------------------------------------------------------------

# What networks take for a mention, from their own code: Mastodon (Account::MENTION_RE), Telegram (tdlib, match_mentions),
# X (twitter-text) and Bluesky (its app's facets).
MENTIONS = {
    "Mastodon": re.compile(r"(?<![=/\w])@[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*(?:@[\w.-]+\w)?", re.IGNORECASE),
    "Telegram": re.compile(r"(?<!\w)@[a-z0-9_]{2,32}(?!\w)", re.IGNORECASE | re.ASCII),
    "X": re.compile(r"(?:^|[^a-z0-9_!#$%&*@＠]|(?:^|[^a-z0-9_+~.-])RT:?)[@＠][a-z0-9_]{1,20}", re.IGNORECASE),
    "Bluesky": re.compile(r"(?:^|\s|\()@[a-z0-9.-]+\b", re.IGNORECASE),
}
HEADLINES = (
    "Nhà thơ @lan@mastodon.social nhận giải",
    "@lan và (@minh), “@hoa”, .@nam, RT @binh, @@an, x/@chi, ＠tu, -@vi",
    "@lan",
    "<@lan> @everyone a=@b",
    "xem (https://x.example/)@lan và https://x.example/a @minh",
)


def _without_links(text: str) -> str:
    """What is left where a network has made links of the addresses."""
    return re.sub(r"https?://[^\s<>()]+", "", text)


@pytest.mark.parametrize("network", MENTIONS)
@pytest.mark.parametrize("headline", HEADLINES)
def test_a_headline_mentions_no_account(headline: str, network: str) -> None:
    made = CONTEXT.post(article(title=headline, lead=f"Lời dẫn của {headline}", url=URL), MASTODON)
    assert MENTIONS[network].search(_without_links(headline)) or network == "Bluesky"
    assert not MENTIONS[network].search(_without_links(made))
    assert made.replace("\u2060", "") == CONTEXT.post(
        article(title=headline, lead=f"Lời dẫn của {headline}", url=URL), MASTODON, mentions=True
    )


@given(st.text("@＠ab_1.-/ ()“\n", max_size=30))
def test_no_way_to_write_it_mentions_an_account(text: str) -> None:
    made = posts.without_mentions(text)
    assert made.replace("\u2060", "") == text
    for network in ("Mastodon", "Telegram", "X"):
        assert not MENTIONS[network].search(made)


@pytest.mark.parametrize(
    "text",
    [
        "Thư gửi toasoan@bacson.example trước 8 giờ",
        "Xem https://bacson.example/@lan/1 và https://x.example/?u=@lan",
        "5 kg @ 20.000 đồng",
        "Giá 3@",
        "Hội nghị #MeToo",
    ],
)
def test_what_is_no_name_of_an_account_is_left_as_it_is(text: str) -> None:
    assert posts.without_mentions(text) == text


def test_the_number_of_a_page_in_brackets_names_no_page_of_facebook() -> None:
    """Programs that post through the Graph API write mentions so; no page of its documentation was found that says it."""
    assert posts.without_mentions("Cảm ơn @[101234567890123]!") == "Cảm ơn @\u2060[101234567890123]!"


def test_a_newsroom_may_want_mentions() -> None:
    one = article(title="Trò chuyện với @lan@mastodon.social", url=URL)
    assert "@lan@mastodon.social" in CONTEXT.post(one, MASTODON, mentions=True)
    assert "@lan" not in CONTEXT.post(one, MASTODON)


@pytest.mark.parametrize("kind", ["mastodon", "telegram", "outbox"])
def test_each_channel_that_posts_asks_for_mentions_only_where_it_is_told_to(kind: str) -> None:
    needed = {
        "mastodon": {"instance": "https://mastodon.example", "token": "x"},
        "telegram": {"chat": "@tin", "token": "1:x"},
        "outbox": {"folder": "x"},
    }
    title = "Nhà thơ @lan@mastodon.social nhận giải"
    for mentions in (False, True):
        settings_of = {"name": "posts", "mentions": mentions, **needed[kind]}
        channel = TypeAdapter(registry.channels.find(kind)).validate_python(settings_of)
        (made,) = channel.compose(edition(articles=(article(title=title),)), CONTEXT)
        assert isinstance(made, Post)
        assert ("@lan@mastodon.social" in made.text) is mentions
