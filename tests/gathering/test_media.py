"""The pictures of a body: what is one and what is none, where it really is, its caption, and what stands for a film."""

# ruff: noqa: E501  a row of a table is a line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.gathering.cleaning import CleanedBody, clean_body

PAGE = "https://bacson.example/tin/chua-chay.html"
CAPTION = "Bộ đội giúp dân chữa cháy"
PHOTO = "https://bacson.example/anh/1.jpg"


def cleaned(html: str) -> CleanedBody:
    return clean_body(f"<p>Một.</p>{html}<p>Hai.</p>", PAGE)


# -- what is no picture ------------------------------------------------------------------------------------------------

NONE = {
    "counter of no size": '<img src="/dem.gif" width="0" height="0">',
    "counter of a pixel": '<img src="/dem.gif" height=1>',
    "counter by style": '<img src="/dem.gif" style="width:1px;height:1px">',
    "counter by style, with spaces": '<img src="/dem.gif" style="border:0; height : 0 !important">',
    "counter in a box of a pixel": '<div style="width:1px;height:1px;overflow:hidden"><img src="https://dem.example/x"></div>',
    "counter of two pixels": '<img src="/dem" width=2 height=2>',
    "counter of a feed": '<img src="http://feeds.feedburner.com/~r/bao/~4/x1" height="1" width="1"/>',
    "counter of a network": '<img src="https://www.facebook.com/tr?id=1&ev=PageView">',
    "button of a feed": '<div class="feedflare"><a href="http://feeds.feedburner.com/~ff/b?a=1"><img src="http://feeds.feedburner.com/~ff/b?d=y"></a></div>',
    "button of a network": '<a href="https://www.facebook.com/sharer/sharer.php?u=x"><img src="/anh/fb.png"></a>',
    "button by its box": '<div class="social-share"><img src="/anh/zalo.png" width=48></div>',
    "spacer": '<img src="/images/spacer.gif" width=600 height=20>',
    "placeholder alone": '<img src="data:image/gif;base64,R0lGOD">',
    "loader's picture alone": '<img src="/lazy.gif">',
    "icon": '<img src="/anh/pdf.png" width=16 height=16>',
    "portrait by attributes": '<a href="/tac-gia/lan-chi"><img src="/lc.jpg" width=48 height=48></a>',
    "portrait by its address": '<div class="author"><img src="/zoom/36_36/lc.jpg"></div>',
    "portrait by size in its name": '<span class="avatar"><img src="/lc_64x64.jpg"></span>',
    "portrait by its query": '<img class="author-img" src="https://anh.example/lc.jpg?w=24">',
    "portrait by style": '<img class="avatar" src="/lc.jpg" style="width:60px">',
    "gravatar": '<img class="avatar" src="https://secure.gravatar.com/avatar/1?s=48&d=mm">',
}  # fmt: skip


@pytest.mark.parametrize("html", NONE.values(), ids=NONE.keys())
def test_what_is_no_picture_goes(html: str) -> None:
    made = cleaned(html)
    assert (made.html, made.image) == ("<p>Một.</p><p>Hai.</p>", None)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<img src="https://s.w.org/images/core/emoji/14/72x72/1f600.png" alt="😀" class="wp-smiley">', "😀"),
        ('<img src="https://static.xx.fbcdn.net/images/emoji.php/v9/t1/1/16/2764.png" alt="❤️" width=16>', "❤️"),
        ('<img src="/smilies/cuoi.gif" alt=":)" width="15">', ":)"),
        ('<img src="/x.png" alt="👍🏽">', "👍🏽"),
    ],
)
def test_an_emoji_is_the_text_that_it_stands_for(html: str, text: str) -> None:
    made = clean_body(f"<p>Chúc mừng {html} nhé.</p><p>Hai.</p>", PAGE)
    assert (made.html, made.image) == (f"<p>Chúc mừng {text} nhé.</p><p>Hai.</p>", None)


def test_a_small_picture_that_is_no_portrait_stays_in_the_text_and_is_not_the_articles() -> None:
    made = cleaned('<p><img src="/cong-thuc.png" width=60 height=40 alt="x + y"></p>')
    assert made.image is None
    assert '<img src="https://bacson.example/cong-thuc.png" alt="x + y" width="60" height="40">' in made.html


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/anh/logo-xa.png">',
        '<img src="/anh/1.jpg" class="avatar">',
        '<img src="/banner/tet.jpg">',
        '<img src="/icons/lich.svg">',
    ],
)
def test_a_picture_in_doubt_is_taken_only_where_there_is_no_other(html: str) -> None:
    alone = cleaned(f"<p>{html}</p>")
    assert alone.doubtful
    assert alone.image is not None
    beside = cleaned(f'<p>{html}</p><p><img src="/anh/that.jpg"></p>')
    assert not beside.doubtful
    assert beside.image is not None
    assert beside.image.url == "https://bacson.example/anh/that.jpg"


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/anh/1.jpg" width=640 height=360 class="news-avatar">',
        '<img src="/zoom/600_315/1.jpg">',
        '<img src="/anh/1_1200x800.jpg">',
        '<img src="/anh/1.jpg?w=680">',
        '<img src="/anh/1.jpg" style="width:100%">',
        '<img src="/anh/1.jpg" width="100%" height="auto">',
        '<img src="/anh/icons8/khai-mac.jpg">',
        '<a href="/anh/1-lon.jpg"><img src="/anh/1.jpg"></a>',
    ],
)
def test_a_picture_of_a_story_is_not_taken_for_less(html: str) -> None:
    made = cleaned(f"<p>{html}</p>")
    assert made.image is not None
    assert not made.doubtful


# -- where it is -------------------------------------------------------------------------------------------------------

WHERE = {
    "lazy": '<img src="/lazy.gif" data-src="/anh/1.jpg">',
    "lazy, another name": '<img src="data:image/gif;base64,R0" data-lazy="/anh/1.jpg">',
    "lazy, a third name": '<img src="/blank.gif" data-original-src="/anh/1.jpg">',
    "lazy set": '<img src="data:," data-lazy-srcset="/nho.jpg 320w, /anh/1.jpg 1200w">',
    "picture with sources": '<picture><source media="(min-width:600px)" srcset="/nho.webp 300w, /anh/1.jpg 900w"><img src="data:,"></picture>',
    "picture with lazy sources": '<picture><source data-srcset="/anh/1.jpg 1x"><img alt="x"></picture>',
    "AMP": '<amp-img src="/anh/1.jpg" width="640" height="360"></amp-img>',
    "noscript alone": '<noscript><img src="/anh/1.jpg"></noscript>',
    "noscript beside a placeholder": '<img class="lazy" src="/lazy.gif"><noscript><img src="/anh/1.jpg"></noscript>',
    "noscript beside a lazy picture": '<img src="data:," data-src="/anh/1.jpg"><noscript><img src="/anh/1.jpg"></noscript>',
    "noscript beside the picture": '<img src="/anh/1.jpg"><noscript><img src="/anh/1.jpg"></noscript>',
}  # fmt: skip


@pytest.mark.parametrize("html", WHERE.values(), ids=WHERE.keys())
def test_a_picture_that_waits_for_a_script_is_found_once(html: str) -> None:
    made = cleaned(f"<p>{html}</p>")
    assert made.image is not None
    assert made.image.url == PHOTO
    assert made.html == "<p>Một.</p><p>Hai.</p>"


def test_a_counter_inside_noscript_is_none() -> None:
    made = cleaned(
        '<noscript><img height="1" width="1" src="https://dem.example/p"></noscript><noscript>Bật script</noscript>'
    )
    assert (made.html, made.image) == ("<p>Một.</p><p>Hai.</p>", None)


# -- captions ----------------------------------------------------------------------------------------------------------

CAPTIONED = {
    "figure": '<figure><img src="/anh/1.jpg"><figcaption>{}</figcaption></figure>',
    "figure in boxes": '<figure class="tplCaption"><div class="fig-picture"><picture><source srcset="/anh/1.jpg"><img src="data:,"></picture></div><figcaption><p class="Image">{}</p></figcaption></figure>',
    "table of two rows": '<table align="center"><tbody><tr><td><img src="/anh/1.jpg"></td></tr><tr><td><p style="text-align:center">{}</p></td></tr></tbody></table>',
    "table of two rows, plain": "<table><tr><td><img src=/anh/1.jpg></td></tr><tr><td>{}</td></tr></table>",
    "table of one cell": "<table><tr><td><img src=/anh/1.jpg><br>{}</td></tr></table>",
    "box of an editor": '<div class="VCSortableInPreviewMode" type="Photo"><div><img src="/anh/1.jpg"></div><div class="PhotoCMS_Caption"><p>{}</p></div></div>',
    "named caption behind": '<p><img src="/anh/1.jpg"></p><p class="pCaption">{}</p>',
    "named caption, its own language": '<div><img src="/anh/1.jpg"><span class="chu-thich">{}</span></div>',
    "italics below": "<p><img src=/anh/1.jpg></p><p><em>{}</em></p>",
    "centred below": '<p align=center><img src="/anh/1.jpg"></p><p align=center>{}</p>',
    "italics in the same paragraph": "<p><img src=/anh/1.jpg><br><em>{}</em></p>",
    "centred in the same paragraph": '<p style="text-align:center"><img src="/anh/1.jpg"><br>{}</p>',
    "italics by style": '<p><img src="/anh/1.jpg"></p><p><span style="font-style: italic">{}</span></p>',
    "a list of terms": '<dl class="wp-caption"><dt><img src="/anh/1.jpg"></dt><dd class="wp-caption-text">{}</dd></dl>',
    "WordPress": '<div id="attachment_1" class="wp-caption aligncenter"><a href="/anh/1.jpg"><img src="/anh/1.jpg"></a><p class="wp-caption-text">{}</p></div>',
}  # fmt: skip


@pytest.mark.parametrize("html", CAPTIONED.values(), ids=CAPTIONED.keys())
def test_the_first_picture_has_its_caption_and_the_body_does_not_say_it_again(html: str) -> None:
    made = cleaned(html.format(CAPTION))
    assert made.image is not None
    assert (made.image.url, made.image.caption, made.image.alt) == (PHOTO, CAPTION, "")
    assert made.html == "<p>Một.</p><p>Hai.</p>"


@pytest.mark.parametrize("html", CAPTIONED.values(), ids=CAPTIONED.keys())
def test_a_later_picture_stays_in_one_figure_with_its_caption(html: str) -> None:
    made = cleaned(f'<p><img src="/anh/0.jpg"></p><p>Giữa.</p>{html.format(CAPTION)}')
    figure = f'<figure><img src="{PHOTO}" alt=""><figcaption>{CAPTION}</figcaption></figure>'
    assert made.html == f"<p>Một.</p><p>Giữa.</p>{figure}<p>Hai.</p>"


def test_a_table_of_pictures_over_captions_is_a_figure_for_each() -> None:
    table = "<table><tr><td><img src=/1.jpg></td><td><img src=/2.jpg></td></tr><tr><td>Bản Nà</td><td>Bản Pó</td></tr></table>"
    made = cleaned(f'<p><img src="/0.jpg"></p>{table}')
    assert "<figcaption>Bản Nà</figcaption></figure><figure>" in made.html
    assert "table" not in made.html


def test_a_table_of_figures_with_a_picture_stays_a_table() -> None:
    table = "<table><tbody><tr><td>Xã</td><td>Số hộ</td></tr><tr><td>Nà Pó</td><td>12 <img src=/1.jpg></td></tr></tbody></table>"
    assert "<td>Số hộ</td>" in cleaned(table).html


def test_a_gallery_with_one_caption_keeps_all_its_pictures() -> None:
    gallery = '<figure><img src="/1.jpg"><img src="/2.jpg"><figcaption>Hai ảnh</figcaption></figure>'
    made = cleaned(gallery)
    assert made.image is not None
    assert made.image.url == "https://bacson.example/1.jpg"
    assert (
        '<figure><img src="https://bacson.example/2.jpg" alt=""><figcaption>Hai ảnh</figcaption></figure>' in made.html
    )


def test_a_caption_behind_a_figure_with_a_credit_has_both() -> None:
    made = cleaned('<figure><img src="/anh/1.jpg"><div>TTXVN</div></figure><figcaption>Cổng làng Nà Pó</figcaption>')
    assert made.image is not None
    assert made.image.caption == "Cổng làng Nà Pó (TTXVN)"
    assert made.html == "<p>Một.</p><p>Hai.</p>"


def test_parts_of_a_caption_that_only_the_style_sets_apart_are_apart() -> None:
    made = cleaned(
        '<figure><img src="/anh/1.jpg"><figcaption><span>Cổng làng.</span><span>TTXVN</span></figcaption></figure>'
    )
    assert made.image is not None
    assert made.image.caption == "Cổng làng. TTXVN"


def test_a_sentence_behind_a_picture_stays_a_sentence() -> None:
    made = cleaned('<p><img src="/anh/1.jpg"></p><p>Hai bên <i>đã ký</i> biên bản.</p>')
    assert "<p>Hai bên <i>đã ký</i> biên bản.</p>" in made.html
    assert made.image is not None
    assert made.image.caption == ""


def test_a_picture_without_alt_text_has_an_empty_one() -> None:
    made = cleaned(
        '<p><img src="/0.jpg" alt="Cổng làng"></p><p>a</p><p><img src="/1.jpg"></p><p><img src="/2.jpg" alt=" Đình "></p>'
    )
    assert made.image is not None
    assert made.image.alt == "Cổng làng"
    assert 'src="https://bacson.example/1.jpg" alt=""' in made.html
    assert 'src="https://bacson.example/2.jpg" alt="Đình"' in made.html


# -- films -------------------------------------------------------------------------------------------------------------

FILMS = {
    "YouTube": ('<iframe src="https://www.youtube.com/embed/abcDEF12345?rel=0"></iframe>', "https://www.youtube.com/watch?v=abcDEF12345"),
    "YouTube, lazy": ('<iframe data-src="//www.youtube-nocookie.com/embed/abcDEF12345"></iframe>', "https://www.youtube.com/watch?v=abcDEF12345"),
    "YouTube, old": ('<object><embed src="http://www.youtube.com/v/abcDEF12345&hl=vi"></object>', "https://www.youtube.com/watch?v=abcDEF12345"),
    "Vimeo": ('<iframe src="https://player.vimeo.com/video/76979871"></iframe>', "https://vimeo.com/76979871"),
    "Facebook": ('<iframe src="https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2Fxa%2Fvideos%2F1%2F"></iframe>', "https://www.facebook.com/xa/videos/1/"),
    "a player of its own": ('<iframe src="/player/index.aspx?id=7"></iframe>', "https://bacson.example/player/index.aspx?id=7"),
    "a file": ('<video src="/phim/1.mp4" controls></video>', "https://bacson.example/phim/1.mp4"),
    "a file among sources": ('<video><source src="/phim/1.mp4" type="video/mp4">Trình duyệt cũ</video>', "https://bacson.example/phim/1.mp4"),
}  # fmt: skip


@pytest.mark.parametrize(("html", "address"), FILMS.values(), ids=FILMS.keys())
def test_a_film_leaves_a_link(html: str, address: str) -> None:
    assert cleaned(f"<div>{html}</div>").html == f'<p>Một.</p><p><a href="{address}">Video</a></p><p>Hai.</p>'


def test_a_recording_leaves_a_link() -> None:
    assert '<a href="https://bacson.example/1.mp3">Audio</a>' in cleaned('<audio controls src="/1.mp3"></audio>').html


def test_the_title_of_a_film_is_told() -> None:
    html = '<iframe title="Lễ hội Lồng Tồng" src="https://www.youtube.com/embed/abcDEF12345"></iframe>'
    assert ">Video: Lễ hội Lồng Tồng</a>" in cleaned(html).html


def test_the_still_of_a_film_is_a_picture() -> None:
    made = cleaned('<video poster="/anh/1.jpg" src="/1.mp4"></video>')
    assert made.image is not None
    assert made.image.url == PHOTO
    assert '<a href="https://bacson.example/1.mp4">Video</a>' in made.html


@pytest.mark.parametrize(
    "html",
    [
        '<iframe src="https://www.facebook.com/plugins/like.php?href=x"></iframe>',
        '<iframe src="https://quangcao.example/khung"></iframe>',
        '<iframe src="https://maps.google.com/embed?pb=1"></iframe>',
        "<iframe src='javascript:alert(1)//player/'></iframe>",
        '<video src="blob:https://x/1"></video>',
    ],
)
def test_a_frame_that_shows_no_film_leaves_nothing(html: str) -> None:
    assert cleaned(html).html == "<p>Một.</p><p>Hai.</p>"


PIECES = st.sampled_from(
    [
        *CAPTIONED.values(),
        *WHERE.values(),
        *NONE.values(),
        *(html for html, _ in FILMS.values()),
        "<table>",
        "<figure>",
        "</div>",
        "x",
    ]
)


@given(st.lists(PIECES, max_size=6))
def test_cleaning_a_mixture_of_pictures_twice_changes_nothing_but_the_first(pieces: list[str]) -> None:
    once = cleaned("".join(pieces))
    assert all(f'src="{scheme}' not in once.html for scheme in ("data:", "blob:", "/"))
    assert once.html.count("<img ") == once.html.count(' alt="')
