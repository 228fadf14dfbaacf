"""The gate: a clean letter passes it clean, and each fault is found, by its name, alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, article, edition, newsletter, settings
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from test_mail_message import headline
from test_preflight_links import CASES as LINK_CASES

from distributor import registry, slots
from distributor.mail.address import Mailbox
from distributor.mail.message import Letter, build
from distributor.model import Image
from distributor.preflight.css import DARK, LIGHT, PHONE
from distributor.preflight.findings import CHECKS, SHOWN, Severity, blocking
from distributor.preflight.letter import Context, examine, links_of
from distributor.preflight.page import read_page
from distributor.rendering.digest import render_digest
from distributor.rendering.environment import Templates

WAY_OUT = "https://bacson.example/u/abc"
READER = {"name": "Lan", "address": "lan@example.com", "unsubscribe_url": WAY_OUT}
PICTURE = Image(url="https://bacson.example/a.jpg", alt="Lễ khởi công", caption="Ảnh: Hà", width=1200, height=800)
SUBJECT = "Khởi công tuyến đường dài 38 km nối hai huyện miền núi"


@cache
def clean() -> Letter:
    """A letter as it really goes out: our templates, with everything that a digest can have."""
    carried = tuple(
        article(f"a{i}", title=f"Tin thứ {i} của tỉnh nhà", author="Hà", image=PICTURE, topics=("Kinh tế", "Y tế")[i % 2 :][:1])
        for i in range(6)
    )  # fmt: skip
    site = settings(
        site={
            "title": "Báo Bắc Sơn",
            "url": "https://bacson.example",
            "contact": "toasoan@bacson.example",
            "postal_address": "Số 12 phố Hồ Xuân Hương, Bắc Sơn",
        }
    ).site
    digest = render_digest(
        edition(articles=carried, briefs=(article("b", title="Tin vắn cuối ngày"),), overflow=2, subject=SUBJECT),
        site,
        newsletter(),
        site.timezone,
        Templates(registry.template_folders(Path("/nonexistent"))),
    )
    return Letter(
        sender=Mailbox("Báo Bắc Sơn", "tin@bacson.example"),
        to=Mailbox("Nguyễn Thị Lan", "lan@example.com"),
        subject=digest.subject,
        text=slots.fill_text(digest.text, READER),
        html=slots.fill_html(digest.html, READER),
        date=NOW,
        message_id="<abc@bacson.example>",
        list_id="tin-sang.bacson.example",
        list_name="Tin sáng Bắc Sơn",
        unsubscribe_url=WAY_OUT,
        unsubscribe_mailto=Mailbox("", "tin@bacson.example"),
    )


def context(**changes: Any) -> Context:
    return Context(**{"subject": SUBJECT, "now": NOW, "hosts": frozenset({"bacson.example"}), **changes})


def test_a_clean_letter_passes_clean() -> None:
    assert examine(build(clean()), context()) == []


# -- each check fires on its own fault, and no other does --------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What is done to the clean letter: to its words, its page, its text part, its bytes; and what was meant of it.

    `also` are checks that cannot but find the same fault.
    """

    check: str
    what: str
    letter: dict[str, Any] | None = None
    html: Callable[[str], str] | None = None
    text: Callable[[str], str] | None = None
    raw: Callable[[bytes], bytes] | None = None
    meant: dict[str, Any] | None = None
    also: frozenset[str] = frozenset()

    def made(self) -> bytes:
        one = replace(clean(), **(self.letter or {}))
        if self.html:
            one = replace(one, html=_changed(one.html, self.html))
        if self.text:
            one = replace(one, text=_changed(one.text, self.text))
        data = build(one)
        return _changed(data, self.raw) if self.raw else data


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    made = change(value)
    assert made != value, "the change changed nothing"
    return made


def put(fragment: str) -> Callable[[str], str]:
    """A piece of HTML in a paragraph of its own, after the greeting."""
    return lambda html: re.sub(r'(<p class="greeting".*?</p>)', lambda found: found.group(1) + fragment, html, count=1)


def style(rules: str) -> Callable[[str], str]:
    return lambda html: html.replace("</head>", f"<style>{rules}</style></head>")


def swap(old: str, new: str, count: int = 1) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, count)


def header(name: str, becomes: str) -> Callable[[bytes], bytes]:
    """A header with its folds, replaced; `becomes` is written as lines with their ends."""
    pattern = re.compile(rb"^" + name.encode() + rb":.*?\r\n(?![ \t])", re.MULTILINE | re.DOTALL)
    return lambda data: pattern.sub(lambda _: becomes.encode(), data, count=1)


def preheader(words: str) -> Callable[[str], str]:
    return lambda html: re.sub(
        r'(<div class="hidden"[^>]*>).*?(</div>)', rf"\g<1>{words}\g<2>", html, count=1, flags=re.DOTALL
    )


def only(fragment: str) -> Callable[[str], str]:
    """A page with the heading, this, and the footer."""

    def change(html: str) -> str:
        start, end = html.index('<p class="greeting"'), html.index('<p class="foot"')
        return html[:start] + fragment + html[end:]

    return change


def picture(change: Callable[[str], str]) -> Callable[[str], str]:
    """The first picture, changed."""
    return lambda html: re.sub(r"<img [^>]*>", lambda found: change(found.group()), html, count=1)


def unheaded(html: str) -> str:
    """The same page with its sections and stories one level deeper."""
    return html.replace("<h2", "<h4").replace("</h2>", "</h4>")


LONG_TITLE = "Tỉnh " + "khởi công nhiều tuyến đường mới nối các huyện miền núi " * 3
HUGE = "<p>" + "chữ " * 25_000 + "</p>"

CASES = [
    # the message
    Case("parts", "no text part", text=lambda text: " \n"),
    Case("parts", "another charset", raw=lambda data: data.replace(b'charset="utf-8"', b'charset="us-ascii"', 1)),
    Case("parts", "octets that are no UTF-8", raw=lambda data: data.replace(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=FF", 1), also=frozenset({"damaged-letters"})),
    Case("parts", "not a multipart", raw=lambda data: data.replace(b"multipart/alternative", b"multipart/mixed")),
    Case("line-ends", "a NUL", raw=lambda data: data.replace(b"Content-Language: vi", b"Content-Language: v\0i")),
    Case("line-ends", "a lone LF", raw=lambda data: data.replace(b"Precedence: bulk\r\n", b"Precedence: bulk\n")),
    Case("line-ends", "a lone CR", raw=lambda data: data + b"\rend\r\n"),
    Case("long-line", "a header of 999 octets", raw=header("Precedence", "Precedence: " + "b" * 987 + "\r\n")),
    Case("eight-bit", "raw UTF-8 after the end", raw=lambda data: data + "ế\r\n".encode()),
    # headers
    *[Case("header-missing", f"no {name}", raw=header(name, "")) for name in ("Date", "Message-ID", "List-Id", "List-Unsubscribe-Post", "MIME-Version", "To", "From", "List-Unsubscribe", "Subject")],
    Case("header-twice", "two dates", raw=lambda data: re.sub(rb"(Date: .*?\r\n)", rb"\1\1", data, count=1)),
    Case("date", "no date", raw=header("Date", "Date: tomorrow\r\n")),
    Case("header-twice", "two ways out", raw=lambda data: data.replace(b"List-Unsubscribe:", b"List-Unsubscribe: <https://bacson.example/u/abc>\r\nList-Unsubscribe:"), also=frozenset({"unsubscribe-mailto"})),
    Case("date", "no zone", raw=header("Date", "Date: Mon, 23 Nov 2026 07:00:00 -0000\r\n")),
    Case("date", "tomorrow", meant={"now": NOW - timedelta(days=1)}),
    Case("date", "last month", meant={"now": NOW + timedelta(days=30)}),
    Case("sender", "no address in From", raw=header("From", "From: Toa soan\r\n")),
    Case("sender", "two readers", raw=header("To", "To: <a@example.vn>, <b@example.vn>\r\n")),
    Case("message-id", "without its brackets", letter={"message_id": "abc@bacson.example"}),
    Case("list-id", "without its brackets", raw=header("List-Id", "List-Id: tin-sang\r\n")),
    Case("list-unsubscribe", "folded", raw=lambda data: data.replace(b"/u/abc>, <mailto", b"/u/abc>,\r\n <mailto")),
    Case("list-unsubscribe", "only http", raw=lambda data: data.replace(b"<https://bacson.example/u/abc>", b"<http://bacson.example/u/abc>")),
    Case("list-unsubscribe", "two links", raw=lambda data: data.replace(b"/u/abc>,", b"/u/abc>, <https://bacson.example/v>,")),
    Case("unsubscribe-mailto", "no mailto", letter={"unsubscribe_mailto": None}),
    Case("one-click", "other words", raw=header("List-Unsubscribe-Post", "List-Unsubscribe-Post: One-Click\r\n")),
    Case("own-host", "another's host", meant={"hosts": frozenset({"tin.bacson.example"})}),
    # the subject
    Case("subject", "another one", meant={"subject": SUBJECT + "."}),
    Case("subject", "a space lost in folding", raw=header("Subject", "Subject: =?utf-8?q?kh=E1=BB=9Fi?=\r\n =?utf-8?q?c=C3=B4ng?=\r\n"), meant={"subject": "khởi công"}),
    Case("encoded-word", "too long", raw=header("Subject", f"Subject:\r\n =?utf-8?q?{'a' * 64}?=\r\n"), meant={"subject": "a" * 64}),
    Case("encoded-word", "a letter cut in two", raw=header("Subject", "Subject: =?utf-8?q?=E1=BB?= =?utf-8?q?=9F?=\r\n"), meant={"subject": "ở"}),
    Case("encoded-word", "two that touch", raw=header("Subject", "Subject: =?utf-8?q?a?==?utf-8?q?b?=\r\n"), meant={"subject": "ab"}),
    Case("subject-empty", "none", letter={"subject": ""}, meant={"subject": ""}),
    Case("subject-long", "a whole paragraph", letter={"subject": LONG_TITLE.strip()}, meant={"subject": LONG_TITLE.strip()}),
    Case("subject-capitals", "shouted", letter={"subject": SUBJECT.upper()}, meant={"subject": SUBJECT.upper()}),
    Case("subject-marks", "exclaimed", letter={"subject": "Nóng! Nóng!"}, meant={"subject": "Nóng! Nóng!"}),
    # what a mail must not hold
    Case("script", "a script", html=put("<script>alert(1)</script>")),
    Case("script", "an event handler", html=swap("<h1 ", '<h1 onclick="x()" ')),
    Case("form", "a field", html=put("<form action='https://bacson.example/'><p>Tên</p></form>")),
    Case("embedded", "a frame", html=put('<iframe src="https://bacson.example/"></iframe>')),
    Case("outside-style", "linked", html=swap("</head>", '<link rel="stylesheet" href="https://bacson.example/a.css"></head>')),
    Case("outside-style", "imported", html=style("@import url(https://bacson.example/a.css);")),
    Case("outside-font", "a font face", html=style("@font-face { font-family: A; src: url(https://bacson.example/a.woff) }")),
    Case("lazy-loading", "a lazy picture", html=swap("<img ", '<img loading="lazy" ')),
    Case("srcset", "a choice of pictures", html=swap("<img ", '<img srcset="https://bacson.example/b.jpg 2x" ')),
    Case("data-uri", "a picture inside", html=swap('src="https://bacson.example/a.jpg"', 'src="data:image/gif;base64,R0"')),
    Case("data-uri", "a ground inside", html=swap("<h1 ", '<td style="background: url(data:image/png,x)"></td><h1 ')),
    Case("style-weight", "17 kB", html=style("/*" + "x" * 17_000 + "*/")),
    # for those who listen
    Case("page-language", "none", html=lambda html: re.sub(r'<html[^>]*>', "<html>", html)),
    Case("page-title", "empty", html=lambda html: re.sub(r"<title>.*?</title>", "<title> </title>", html)),
    Case("headings", "two names", html=put("<h1>Lớn</h1>"), text=lambda text: text + "\nLớn\n"),
    Case("headings", "no name", html=lambda html: html.replace("<h1", "<p").replace("</h1>", "</p>")),
    Case("headings", "a level skipped", html=unheaded),
    Case("layout-table", "a table without a role", html=swap('role="presentation" class="card"', 'class="card"')),
    # links
    Case("link-address", "a path", html=put('<p><a href="/tin/1">Tin</a></p>')),
    Case("link-address", "a mailto without an address", html=put('<p><a href="mailto:toa soan">Tin</a></p>')),
    *[Case("link-placeholder", f"{url!r}", html=put(f'<p><a href="{url}">Tin</a></p>'), text=lambda text, url=url: f"{text}\n{url} .\n") for url in ("#", "", "TODO", "https://", "https://example.com/x", "http://localhost:8000/x", "http://127.0.0.1/x")],
    Case("link-words", "a link of nothing", html=put('<p><a href="https://bacson.example/tin/a1"></a></p>')),
    Case("unexpanded", "a slot in the text", text=lambda text: text + slots.mark("name")),
    Case("unexpanded", "a place in an address", html=put('<p><a href="https://bacson.example/{{ slug }}">Tin</a></p>'), text=lambda text: text + "\nhttps://bacson.example/{{ slug }}\n", also=frozenset({"template-words"})),
    Case("template-words", "a name that was not filled in", html=put("<p>Chào {{ name }},</p>")),
    Case("template-words", "a field of another tool", text=lambda text: text + "Chào *|FNAME|*\n"),
    # pictures
    Case("image-address", "a path", html=swap('src="https://bacson.example/a.jpg"', 'src="/a.jpg"')),
    Case("image-http", "in the clear", html=swap('src="https://bacson.example/a.jpg"', 'src="http://bacson.example/a.jpg"')),
    Case("image-alt", "none", html=picture(swap('alt="Lễ khởi công" ', ""))),
    Case("image-alt", "empty, and no ornament", html=picture(swap('alt="Lễ khởi công"', 'alt=""'))),
    Case("image-size", "a width in percent", html=swap('width="536"', 'width="100%"')),
    Case("image-size", "a height in words", html=swap('height="357"', 'height="auto"')),
    Case("image-format", "WebP", html=swap("a.jpg", "a.webp")),
    # reading
    Case("contrast", "grey on white", html=put('<p style="color: #8a8a8a" class="lead">Xám</p>')),
    Case("contrast", "by the ground of a cell", html=put('<table role="presentation"><tr><td bgcolor="#a0a0a0"><span style="color:#ffffff;font-size:16px">Trắng</span></td></tr></table>'), also=frozenset({"contrast-dark"})),
    Case("contrast-dark", "grey that stays grey", html=put('<p style="color: #707070; margin: 0">Xám</p>')),
    Case("invisible-words", "white on white", html=put('<p class="lead" style="color: #ffffff">Trắng</p>')),
    Case("small-text", "in the body", html=put('<p class="lead" style="font-size: 13px">Nhỏ</p>')),
    Case("small-text", "by a rule for phones", html=style("@media (max-width: 500px) { .lead { font-size: 11px !important } }")),
    Case("small-text", "tiny in the footer", html=lambda html: re.sub(r'(<p class="foot" style="[^"]*)font-size:\s*14px', r"\g<1>font-size:10px", html)),
    Case("small-footer", "small in the footer", html=lambda html: re.sub(r'(<p class="foot" style="[^"]*)font-size:\s*14px', r"\g<1>font-size:12px", html)),
    Case("turning-characters", "in the page", html=put("<p class='lead' style='color:#2b3036'>an toàn \u202elẹm nàot</p>")),
    Case("turning-characters", "in the subject", letter={"subject": "\u202enit"}, meant={"subject": "\u202enit"}),
    Case("invisible-characters", "zero width", text=lambda text: text + "Tin\u200bsáng\n"),
    Case("damaged-letters", "in the text", text=lambda text: text + "Ti\ufffdng Vi\ufffdt\n"),
    Case("preheader", "none", html=lambda html: re.sub(r'<div class="hidden".*?</div>', "", html, flags=re.DOTALL)),
    Case("preheader", "filled only", html=preheader("&#847;&zwnj;&nbsp;" * 9)),
    Case("preheader", "the subject again", html=preheader(SUBJECT)),
    Case("preheader-long", "a whole story", html=preheader("chữ " * 60)),
    Case("images-only", "a poster", html=only('<img src="https://bacson.example/a.jpg" alt="Áp phích" width="536" height="700">')),
    Case("little-text", "a bare link", html=only('<p class="lead" style="color:#2b3036"><a class="title-link" style="color:#16191d" href="https://bacson.example/tin/a1">Xem</a></p>')),
    # the text part
    Case("text-stories", "a story without its link", text=swap("https://bacson.example/tin/a2\n", "\n")),
    Case("text-links", "another link", html=put('<p class="lead"><a class="foot-link" style="color:#2b3036" href="https://bacson.example/tin">Mọi tin</a></p>')),
    Case("text-headlines", "a headline in other words", text=swap("Tin thứ 3 của tỉnh nhà", "Tin thứ ba")),
    # the way out
    Case("unsubscribe-page", "gone", html=swap(f'href="{WAY_OUT}"', 'href="https://bacson.example"')),
    Case("unsubscribe-page", "hidden", html=swap(f'href="{WAY_OUT}"', f'style="display:none" href="{WAY_OUT}"')),
    Case("unsubscribe-text", "gone", text=swap(WAY_OUT, "https://bacson.example/u/x"), also=frozenset({"text-links"})),
    Case("unsubscribe-clipped", "behind too much", html=put(HUGE), also=frozenset({"size", "size-encoded"})),
    # weight
    Case("size", "too much, all of it after the footer", html=swap("</body>", HUGE[:98_000] + "</p></body>"), also=frozenset({"size-encoded"})),
    Case("size-encoded", "Vietnamese letters travel in three times their size", html=put("<p class='lead' style='color:#2b3036'>" + "ế" * 9_000 + "</p>")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.what}")
def test_each_fault_is_found_by_its_own_check_alone(case: Case) -> None:
    found = examine(case.made(), context(**(case.meant or {})))
    assert {one.check for one in found} == {case.check} | case.also, found
    for one in found:
        assert one.severity is CHECKS[one.check].severity
        assert one.message.isprintable()
        assert one.where.isprintable()


def test_every_check_has_a_case() -> None:
    assert {case.check for case in CASES} | {case.check for case in LINK_CASES} == set(CHECKS)


# -- what is no fault --------------------------------------------------------------------------------------------------

FINE: dict[str, Callable[[str], str]] = {
    "an ornament has no words": put('<img src="https://bacson.example/x.png" alt="" role="presentation" width="9">'),
    "a table of data has no role": put("<table><tr><th>Xã</th></tr><tr><td>38 km</td></tr></table>"),
    "a mail link to the desk": put('<p><a href="mailto:toasoan@bacson.example?subject=Tin">Viết cho tòa soạn</a></p>'),
    "hidden words may be small and pale": put('<div style="display:none;font-size:1px;color:#ffffff">Tin</div>'),
    "a picture as ground, on which nobody can measure": put('<p style="background: url(https://x.vn/a.png); color: #fff">Tin</p>'),
    "a colour that nobody here knows": put('<p style="color: hsl(0 0% 99%)">Tin</p>'),
    "large words need less contrast": put('<p style="font-size: 26px; color: #7f7f7f">Lớn</p>'),
    "a family of emoji is joined": put("<p>\U0001f468\u200d\U0001f469\u200d\U0001f467</p>"),
    "small words that only print has": style("@media print { .lead { font-size: 8px !important } }"),
    "an attribute that programs of Microsoft know": put("<!--[if mso]><p style='font-size:8px'>x</p><![endif]-->"),
}  # fmt: skip


@pytest.mark.parametrize("what", FINE)
def test_what_is_no_fault_is_not_found(what: str) -> None:
    one = replace(clean(), html=_changed(clean().html, FINE[what]))
    assert examine(build(one), context()) == []


def test_in_two_parts_one_address_may_be_written_in_two_ways() -> None:
    """The header has the link in ASCII, the page as people write it (RFC 3987)."""
    written = "https://bắc-sơn.vn/ngừng?tên=lân"
    one = replace(
        clean(),
        unsubscribe_url=written,
        html=clean().html.replace(WAY_OUT, written),
        text=clean().text.replace(WAY_OUT, written),
    )
    assert examine(build(one), context(hosts=frozenset({"xn--bc-sn-xob6713c.vn"}))) == []


def test_our_own_hosts_are_no_placeholders() -> None:
    """A newsroom that tries things out on one machine."""
    here = put('<p><a href="http://localhost:8000/tin">Tin</a></p>')
    one = replace(clean(), html=here(clean().html), text=clean().text + "\nhttp://localhost:8000/tin\n")
    assert {found.check for found in examine(build(one), context())} == {"link-placeholder"}
    assert examine(build(one), context(hosts=frozenset({"bacson.example", "localhost"}))) == []


def test_a_link_is_not_taken_for_a_longer_one() -> None:
    """/tin/a1 is not in a text that only holds /tin/a10."""
    one = replace(clean(), text=clean().text.replace("/tin/a1\n", "/tin/a10\n"))
    (found,) = examine(build(one), context())
    assert found.check == "text-stories"
    assert "https://bacson.example/tin/a1," in found.message


def test_many_faults_of_one_kind_are_told_in_short() -> None:
    found = examine(build(replace(clean(), html=put('<p><a href="/x">Tin</a></p>' * 40)(clean().html))), context())
    assert len(found) == 1 + 1  # all on one line, in the same words: one fault
    many = "".join(f'<p><a href="/x{i}">Tin</a></p>' for i in range(40))
    found = examine(build(replace(clean(), html=put(many)(clean().html))), context())
    assert len(found) == SHOWN + 1
    assert found[-1].message == "and 35 more of this kind"
    assert "“Tin”" in found[0].where
    assert re.match(r"line \d+ of the HTML", found[0].where)


def test_the_limit_of_size_is_a_setting() -> None:
    octets = len(clean().html.encode().replace(b"\n", b"\r\n"))
    assert examine(build(clean()), context(size_limit=octets)) == []
    assert {found.check for found in examine(build(clean()), context(size_limit=octets - 1))} == {"size"}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        context(now=NOW.replace(tzinfo=None))


def test_what_is_forced_does_not_block() -> None:
    found = examine(build(replace(clean(), html=only("<p>Tin</p>")(clean().html), message_id="abc")), context())
    assert {one.check for one in found} >= {"message-id", "little-text"}
    assert [one.check for one in blocking(found)] == ["message-id"]
    assert blocking(found, ["message-id"]) == []
    with pytest.raises(ValueError, match="there is no check 'mesage-id'; there are: parts, "):
        blocking(found, ["mesage-id"])


def test_the_links_to_ask_are_those_of_the_page_without_the_reader_s_own() -> None:
    links = links_of(build(clean()))
    assert links == [*(f"https://bacson.example/tin/a{i}" for i in (0, 1, 3, 5, 2, 4)), "https://bacson.example/tin/b", "https://bacson.example"]  # fmt: skip
    assert links_of(b"") == []


def test_the_letter_is_left_as_it_is() -> None:
    assert Severity.BLOCK in {check.severity for check in CHECKS.values()}
    data = build(clean())
    assert examine(data, context()) == examine(bytes(data), context())


# -- looks -------------------------------------------------------------------------------------------------------------


def look(html: str, screen: Any = LIGHT) -> tuple[str, str, float, bool]:
    """Colour, ground, size and boldness of the element with the id x."""
    page = read_page(html)
    assert page
    (element,) = page.root.xpath("//*[@id='x']")
    found = page.looks[screen][element]
    return str(found.colour), str(found.ground), found.size, found.bold


@pytest.mark.parametrize(
    ("css", "inline", "colour"),
    [
        ("", "", "#000000"),
        ("p { color: #111 }", "", "#111111"),
        ("p { color: #111 } .a { color: #222 }", "", "#222222"),
        (".a { color: #222 } p { color: #111 }", "", "#222222"),  # a class weighs more, wherever it stands
        (".a { color: #222 } .a { color: #333 }", "", "#333333"),
        (".a { color: #222 }", "color: #444", "#444444"),
        (".a { color: #222 !important }", "color: #444", "#222222"),
        (".a { color: #222 !important }", "color: #444 !important", "#444444"),
        ("div .a, h1 { color: #222 }", "", "#222222"),
        ("td .a { color: #222 }", "", "#000000"),
        (".a:nonsense( { color: #222 }", "", "#000000"),
        ("/* .a { color: #222 } */", "", "#000000"),
        ("@media print { .a { color: #222 } } .a { color: rgb(1, 2, 3) }", "", "#010203"),
        ("@media screen and (min-width: 600px) { .a { color: navy } }", "", "#000080"),
        ("@media (max-width: 600px), (prefers-color-scheme: light) { .a { color: #333 } }", "", "#333333"),
        (".a { color: rgba(0, 0, 0, 0.5) }", "", "#808080"),
        (".a { color: rgb(0 0 0 / 50%) }", "", "#808080"),
        (".a { color: #00000080 }", "", "#7f7f7f"),
        (".a { color: var(--x) }", "", "None"),
    ],
)
def test_colours_follow_the_cascade(css: str, inline: str, colour: str) -> None:
    assert look(f"<style>{css}</style><div><p class=a id=x style='{inline}'>x</p></div>")[0] == colour


def test_the_ground_is_that_of_the_nearest_element_that_has_one() -> None:
    card = "<body bgcolor=eef0f2><table bgcolor='#ffffff'><tr><td style='background: #123 none'><p id=x>x</p>"
    assert look(card)[1] == "#112233"
    assert look(card.replace("background: #123 none", "background: transparent"))[1] == "#ffffff"
    assert look(card.replace("background: #123 none", "background: rgba(0,0,0,.5)"))[1] == "#808080"
    assert look(card.replace("background: #123 none", "background: #123 url(a.png)"))[1] == "None"
    assert look("<p id=x>x</p>")[1] == "#ffffff"


def test_dark_mode_has_its_own_rules_and_its_own_ground() -> None:
    html = "<style>.a { color: #111 } @media (prefers-color-scheme: dark) { .a { color: #eee !important } }</style>"
    html += "<p class=a id=x style='color: #111'>x</p>"
    assert look(html)[0] == "#111111"
    assert look(html, DARK)[:2] == ("#eeeeee", "#ffffff")  # a page that does not know dark mode stays on white
    knows = '<meta name="color-scheme" content="light dark">'
    assert look(knows + html, DARK)[:2] == ("#eeeeee", "#121212")


def test_sizes_are_in_pixels_whatever_they_are_written_in() -> None:
    for css, size in (("9pt", 12), ("1.5em", 30), ("80%", 16), ("2rem", 32), ("small", 13), ("inherit", 20), ("", 20)):
        assert look(f"<div style='font-size:20px'><p id=x style='font-size:{css}'>x</p></div>")[2] == size
    assert look("<h1 id=x>x</h1>")[2:] == (32.0, True)
    phone = "<style>@media (max-width: 400px) { #x { font-size: 11px } }</style><p id=x>x</p>"
    assert (look(phone)[2], look(phone, PHONE)[2]) == (16, 11)


# -- wild input --------------------------------------------------------------------------------------------------------


def test_three_thousand_headlines_pass_as_subjects() -> None:
    """What `mail.message` folds is read back by the gate's own reader: no space lost, no word too long."""
    chance = random.Random(1945)
    small = replace(clean(), text="x", html="<p>x</p>")
    for _ in range(3000):
        subject, name = headline(chance), headline(chance)
        data = build(replace(small, subject=subject, sender=Mailbox(name, "tin@bacson.example")))
        found = examine(data, context(subject=subject))
        assert {"subject", "encoded-word", "sender", "long-line", "line-ends", "parts"}.isdisjoint(
            one.check for one in found
        ), subject


@effort(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.text(max_size=40))
def test_no_bytes_at_all_make_the_gate_fail(data: bytes, subject: str) -> None:
    assert blocking(examine(data, context(subject=subject)))


@effort(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_to_a_letter_makes_the_gate_fail(data: st.DataObject) -> None:
    letter = build(clean())
    head = letter[: letter.index(b"\r\n\r\n") + 2000]
    place = data.draw(st.integers(0, len(head)))
    wild = st.binary(max_size=20) | st.sampled_from(
        [
            b"\r\n",
            b"=?utf-8?b?",
            b"=?x?q?=",
            b"?=",
            b"<",
            b"\0",
            b'"',
            b"(",
            b";",
            b"boundary=",
            b"charset*=x'",
            b"--",
            b"=FF",
        ]
    )
    cut = place + data.draw(st.integers(0, 60))
    examine(letter[:place] + data.draw(wild) + letter[cut:], context())


PIECES = st.lists(
    st.sampled_from(
        ["<a href='", "'>", "<style>", "</style>", "@media (", "{", "}", ";", "color:", "#12", "rgb(1,", ")", "<img ", "<h1>", "<!--",
         "-->", "<table>", "<td bgcolor=", "&#0;", "&#xd800;", "http://[", "mailto:", ":", "*", ">", "<body", " style='", "font-size:", "9em",
         ".", ".a", "::before", "[", "@@slot:", "{{", "%", "\ud800"]
    )
    | st.text(max_size=6),
    max_size=40,
).map("".join)  # fmt: skip


@effort(max_examples=300, deadline=None)
@given(PIECES, PIECES)
def test_no_page_makes_the_gate_fail(html: str, css: str) -> None:
    page = f"<html><head><style>{css}</style></head><body>{html}</body></html>"
    words = page.encode("utf-8", "replace").decode()
    examine(build(replace(clean(), html=words, text=html.encode("utf-8", "replace").decode())), context())
    read_page(page)


def test_a_deep_page_is_read_in_good_time() -> None:
    deep = "<div>" * 20_000 + "x"
    nested = "<style>" + "@media screen {" * 5_000 + "</style>" + "<style>" + "(" * 20_000 + "a{b:c}</style>"
    examine(build(replace(clean(), html=deep)), context())
    examine(build(replace(clean(), html=nested + "<p>x</p>")), context())


# -- the page on it ----------------------------------------------------------------------------------------------------


def test_the_documentation_lists_every_check_as_it_is() -> None:
    page = (Path(__file__).parent.parent / "docs" / "preflight.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (block|warn) \| (.+?) \|$", page, re.MULTILINE)
    escaped = {name: check.sentence.replace("|", "\\|") for name, check in CHECKS.items()}
    assert rows == [(name, check.severity.value, escaped[name]) for name, check in CHECKS.items()]
