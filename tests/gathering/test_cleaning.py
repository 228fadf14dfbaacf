"""What is left of foreign HTML: the story, small and safe; and what a portal's page added to it is gone."""

from __future__ import annotations

import re
import unicodedata

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.gathering.cleaning import clean_body
from distributor.html_sanitizer import sanitize_html
from gathering.cleaned_body import BOILERPLATE, PAGE, body

# What stands on the page, and what is kept of it.
KEPT = {
    "plain paragraphs": ("<p>Một.</p>\n<p>Hai.</p>", "<p>Một.</p><p>Hai.</p>"),
    "presentation is unwrapped": (
        '<p class="MsoNormal" style="text-align:justify"><span style="font:1em"><font color=red>Một</font></span> hai.</p>',
        "<p>Một hai.</p>",
    ),
    "empty paragraphs go": ("<p>Một.</p><p>&nbsp;</p><p><br></p><p>\u200b</p><div> </div>", "<p>Một.</p>"),
    "hard spaces are spaces": ("<p>Một&nbsp;hai\u00a0ba.</p>", "<p>Một hai ba.</p>"),
    "boxes are opened": ("<div><section><p>Một.</p><div>Hai.</div></section></div>", "<p>Một.</p><p>Hai.</p>"),
    "loose text becomes paragraphs": ("Một <b>hai</b>.<br><br>Ba.", "<p>Một <b>hai</b>.<br></p><p>Ba.</p>"),
    "headings begin below the title's": ("<h1>A</h1><p>x</p><h6>B</h6><p>y</p>", "<h2>A</h2><p>x</p><h4>B</h4><p>y</p>"),
    "lists, quotes and tables stay": (
        "<ul><li>Một</li></ul><blockquote>Hai</blockquote><table border=1><tr><td colspan=2>Ba</td></tr></table>",
        '<ul><li>Một</li></ul><blockquote>Hai</blockquote><table><tbody><tr><td colspan="2">Ba</td></tr></tbody></table>',
    ),
    "decomposed letters are composed": (unicodedata.normalize("NFD", "<p>Đường tỉnh</p>"), "<p>Đường tỉnh</p>"),
    "characters that feeds cannot carry go": ("<p>a\x00b\x0bc&#8;d\ufffee</p>", "<p>abcde</p>"),
    "comments go": ("<p>a<!-- b --></p><!-- c -->", "<p>a</p>"),
    "broken markup is mended": ("<p>Một <b>hai<p>Ba", "<p>Một <b>hai</b></p><p>Ba</p>"),
    "nothing at all": ("", ""),
    "loose boilerplate": ("Tăng cỡ chữ | In bài<br><br>Một.", "<p>Một.</p>"),
    "toolbars of scripts go": (
        "<p>Câu một. <a href='javascript:x()'>In bài</a> <a href='javascript:x()'>Xem thêm</a></p>"
        "<div><a href='javascript:x()'>Cỡ vừa</a> 12 <a href='javascript:x()'>Đầu trang</a></div><p>Hai.</p>"
        "<ul><li><a href='javascript:x()'>Góp ý</a></li></ul>",
        "<p>Câu một.  </p><p> 12 </p><p>Hai.</p>",
    ),
    "words that open a text stay": (
        "<h3><a href='javascript:void(0)'>Ai được vay?</a></h3><p>Hộ nghèo.</p>", "<h3>Ai được vay?</h3><p>Hộ nghèo.</p>"
    ),
    "a link of a script in a sentence leaves its words": (
        "<p>Có <i><a href='javascript:;'>ba xã</a></i> được chọn.</p>Hai <a href='javascript:;'>đợt</a><br>Một",
        "<p>Có <i>ba xã</i> được chọn.</p><p>Hai đợt<br>Một</p>",
    ),
    "only boilerplate": ("<div class=tools><a href='javascript:x()'>In bài</a></div>", ""),
}  # fmt: skip


@pytest.mark.parametrize(("html", "kept"), KEPT.values(), ids=KEPT.keys())
def test_what_is_kept_of_a_body(html: str, kept: str) -> None:
    assert body(html) == kept


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ('<a href="../van-ban/1.pdf" onclick="x()" target="_blank">x</a>', '<a href="https://bacson.example/van-ban/1.pdf">x</a>'),
        ('<a href="//cdn.example/a" title="Một">x</a>', '<a href="https://cdn.example/a" title="Một">x</a>'),
        ('<a href="mailto:toasoan@bacson.example">x</a>', '<a href="mailto:toasoan@bacson.example">x</a>'),
        ('<a href="#chu-thich">x</a>', "x"),
        ('<a name="dau">x</a>', "x"),
        ('<a href="">x</a>', "x"),
        ('<a href="file:///etc/passwd">x</a>', "x"),
        ('<a href="data:text/html,x">x</a>', "x"),
        ('<a href="java\tscript:alert(1)"><b>x</b></a>', "<b>x</b>"),
        ('<a href="&#x6a;avascript:alert(1)">xin chào</a>', "xin chào"),
        ('<a href="javascript:void(0)" role="button">12 <b>xã</b></a>', "12 <b>xã</b>"),
        ('<a href="vbscript:x()">x</a>', "x"),
        ('<a onclick="x()">x</a>', "x"),
        ('<a href="http://[::1">x</a>', "x"),
    ],
)  # fmt: skip
def test_links_are_absolute_or_only_words(link: str, kept: str) -> None:
    assert body(f"<p>a {link} b</p>") == f"<p>a {kept} b</p>"


@pytest.mark.parametrize(
    ("picture", "address"),
    [
        ('src="anh/1.jpg"', "https://bacson.example/tin/anh/1.jpg"),
        ('src="//cdn.example/1.jpg"', "https://cdn.example/1.jpg"),
        ('src="data:image/gif;base64,R0lGOD" data-src="/1.jpg"', "https://bacson.example/1.jpg"),
        ('src="/cho.gif" data-original="/1.jpg"', "https://bacson.example/1.jpg"),
        ('srcset="/nho.jpg 320w, /to,hon.jpg 1280w, /vua.jpg 640w"', "https://bacson.example/to,hon.jpg"),
        ('srcset="/1.jpg 1x,/2.jpg 2.5x"', "https://bacson.example/2.jpg"),
        ('src="data:image/gif;base64,R0lGOD" data-srcset="/1.jpg"', "https://bacson.example/1.jpg"),
    ],
)
def test_a_picture_is_where_it_really_is(picture: str, address: str) -> None:
    image = clean_body(f'<p><img {picture} width="640" height="100%" alt=" Lễ  khởi công "></p><p>Một.</p>', PAGE).image
    assert image is not None
    assert (image.url, image.alt, image.width, image.height) == (address, "Lễ khởi công", 640, 0)


@pytest.mark.parametrize(
    "picture",
    [
        '<img alt="a">',
        '<img src="data:image/png;base64,AAAA">',
        '<img src="javascript:alert(1)">',
        '<img src="https://dem.example/1.gif" width="1" height="1">',
        '<img alt="> <img src=x onerror=alert(1)>">',
    ],
)
def test_a_picture_that_shows_nothing_goes(picture: str) -> None:
    made = clean_body(f"<p>Một {picture}hai.</p>", PAGE)
    assert (made.html, made.image) == ("<p>Một hai.</p>", None)


@pytest.mark.parametrize("size", ["²", "9" * 5000, "-3", "1e3", "", "٣٤"])
def test_a_size_that_is_none_is_left_out(size: str) -> None:
    image = clean_body(f'<p><img src="/1.jpg" width="{size}"></p>', PAGE).image
    assert image is not None
    assert image.width == 0


# -- the picture and the signature -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signed",
    [
        '<p align="right"><b>Minh Hạnh</b></p>',
        '<p style="text-align:right">Minh Hạnh</p>',
        "<p><strong>Minh Hạnh</strong></p>",
    ],
)
def test_a_name_at_the_end_is_the_author(signed: str) -> None:
    made = clean_body(f"<p>Một.</p>{signed}<p>&nbsp;</p>", PAGE)
    assert (made.html, made.author) == ("<p>Một.</p>", "Minh Hạnh")


@pytest.mark.parametrize(
    "last",
    [
        "<p>Bắc Sơn, ngày 28/11/2026</p>",
        "<p align=right>Bắc Sơn, ngày 28/11/2026</p>",
        "<p><b>Hết</b></p>",
        "<p>Tuyến đường</p>",
        "<p><b>Đường dài 38 km.</b></p>",
        "<p align=right>theo báo cáo của sở</p>",
        "<p><b>ĐT: 0209</b></p>",
    ],
)
def test_what_is_no_name_stays(last: str) -> None:
    made = clean_body(f"<p>Một.</p>{last}", PAGE)
    assert made.author == ""
    assert "<p>Một.</p><p>" in made.html


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("<p>… đề án./.</p>", "<p>… đề án.</p>"),
        ("<p><span>… đề án</span> <b>./.</b></p>", "<p>… đề án <b>.</b></p>"),
        ("<p>… đề án./.&nbsp;</p><p>&nbsp;</p>", "<p>… đề án.</p>"),
        ("<p>Xem bacson.example/./a</p>", "<p>Xem bacson.example/./a</p>"),
    ],
)
def test_the_closing_mark_of_official_texts_becomes_a_full_stop(end: str, kept: str) -> None:
    assert body(end) == kept


def test_title_and_lead_are_not_said_twice() -> None:
    html = "<h1>Khởi công đường 254</h1><p><b>Sáng 23/11, lễ khởi công…</b></p><p>Một.</p><p>Khởi công đường 254</p>"
    kept = body(html, title="Khởi công đường 254", lead="Sáng 23/11,  lễ khởi công")
    assert kept == "<p>Một.</p><p>Khởi công đường 254</p>"


def test_a_picture_in_the_repeated_lead_is_not_lost() -> None:
    made = clean_body('<a href="/1"><img src="/1.jpg"></a></br>Sáng 23/11.', PAGE, lead="Sáng 23/11.")
    assert made.html == ""
    assert made.image is not None
    assert made.image.url == "https://bacson.example/1.jpg"


# -- harm --------------------------------------------------------------------------------------------------------------

HARM = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mi//xlink:href='javascript:alert(1)'>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<p style='background:url(javascript:alert(1))' onmouseover=alert(1)>x</p>",
    "<style>@import 'https://bad.example/x.css'</style>",
    "<link rel=stylesheet href=https://bad.example/x.css><base href=https://bad.example/>",
    "<meta http-equiv=refresh content='0; url=https://bad.example/'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<table><td><form><input formaction=javascript:alert(1)></table>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
ALLOWED = {"href", "title", "src", "alt", "width", "height", "colspan", "rowspan", "start"}


def assert_harmless(html: str) -> None:
    """Read as a browser would: no element or attribute that can act, no address that is not of the web."""
    if not html:
        return
    for element in lxml.html.fragment_fromstring(html, create_parent="div").iter():
        assert element.tag not in {"script", "style", "iframe", "svg", "math", "form", "input", "link", "base", "meta"}
        assert set(element.attrib) <= ALLOWED
        for name in ("href", "src"):
            assert re.match(r"https?://|mailto:", element.get(name, "https://"))


@pytest.mark.parametrize("harm", HARM)
def test_nothing_that_can_act_is_left(harm: str) -> None:
    made = body(f"<p>Một.</p>{harm}<p>Hai.</p>")
    assert_harmless(made)
    assert "<p>Một.</p>" in made


@pytest.mark.parametrize("harm", HARM)
def test_the_sanitiser_alone_would_do(harm: str) -> None:
    """Two walls: whatever the steps before it overlook, nothing that can act comes behind it."""
    absolute = harm.replace("src=x", "src=https://bad.example/")
    rest = "<a href='data:text/html,x'>x</a><img src='javascript:alert(1)'>"
    assert_harmless(sanitize_html(f"<p>Một.</p>{absolute}{rest}"))


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*HARM, *BOILERPLATE, "<p>", "</p>", "<b>", "</div>", "<td>", "<", ">", '"', "'", "x "]),
        max_size=12,
    )
)
def test_no_mixture_of_harm_gets_through(pieces: list[str]) -> None:
    assert_harmless(body("".join(pieces)))


@settings(deadline=None)
@given(st.text(max_size=200))
def test_cleaning_twice_gives_the_same_words(text: str) -> None:
    once = body(text)
    assert unicodedata.is_normalized("NFC", once)
    assert body(once) == once


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul><li", "table><tr><td", "a href=x", "font", "x-y"])
def test_a_hundred_thousand_nested_elements_are_harmless(tag: str) -> None:
    """Deep trees have taken quadratic time or overflowed the stack elsewhere."""
    made = body(f"<p>Một.</p>{f'<{tag}>' * 100_000}<script>alert(1)</script>x")
    assert "<p>Một.</p>" in made
    assert "alert" not in made


@pytest.mark.parametrize("piece", ["<!--", "<", "<a ", "&", "<![CDATA[", "</p>", "<p title='", "\x00", "]]>"])
def test_megabytes_of_rubbish_are_harmless(piece: str) -> None:
    made = body(f"<p>Một.</p>{piece * (4_000_000 // len(piece))}")
    assert made.startswith("<p>Một.</p>")
    assert len(made) < 1_100_000


def test_pictures_written_into_a_page_do_not_push_out_its_words() -> None:
    picture = f'<p><img src="data:image/png;base64,{"A" * 1_500_000}"></p>'
    assert body(f"<p>Một.</p>{picture}{picture}<p>Hai.</p>") == "<p>Một.</p><p>Hai.</p>"
