"""A clean email as it is really sent, and for each check the change that makes it fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from distributor import merge_fields
from distributor.mail.address import Mailbox
from distributor.mail.message import EmailContent, build_message
from distributor.model import Image
from distributor.preflight.message import REQUIRED_HEADERS
from distributor.rendering.digest import render_digest
from support.builders import NOW, article, edition, newsletter, render_settings, settings

WAY_OUT = "https://bacson.example/u/abc"
READER = {"name": "Lan", "address": "lan@example.com", "unsubscribe_url": WAY_OUT}
PICTURE = Image(url="https://bacson.example/a.jpg", alt="Lễ khởi công", caption="Ảnh: Hà", width=1200, height=800)
SUBJECT = "Khởi công tuyến đường dài 38 km nối hai huyện miền núi"


@cache
def clean() -> EmailContent:
    """A letter as it really goes out: our templates, with everything that a digest can have."""
    topics = [("Kinh tế",), ("Y tế",)] * 3
    carried = tuple(
        article(f"a{i}", title=f"Tin thứ {i} của tỉnh nhà", author="Hà", image=PICTURE, topics=topic)
        for i, topic in enumerate(topics)
    )
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
        render_settings(site, newsletter()),
    )
    return EmailContent(
        sender=Mailbox("Báo Bắc Sơn", "tin@bacson.example"),
        to=Mailbox("Nguyễn Thị Lan", "lan@example.com"),
        subject=digest.subject,
        text=merge_fields.fill_text(digest.text, READER),
        html=merge_fields.fill_html(digest.html, READER),
        date=NOW,
        message_id="<abc@bacson.example>",
        list_id="tin-sang.bacson.example",
        list_name="Tin sáng Bắc Sơn",
        unsubscribe_url=WAY_OUT,
        unsubscribe_mailto=Mailbox("", "tin@bacson.example"),
    )


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
            one = replace(one, html=changed(one.html, self.html))
        if self.text:
            one = replace(one, text=changed(one.text, self.text))
        data = build_message(one)
        return changed(data, self.raw) if self.raw else data


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    made = change(value)
    assert made != value, "the change changed nothing"
    return made


def put(fragment: str) -> Callable[[str], str]:
    """A piece of HTML in a paragraph of its own, after the greeting."""
    return lambda html: re.sub(r'(<p class="greeting".*?</p>)', lambda found: found.group(1) + fragment, html, count=1)


def style(rules: str) -> Callable[[str], str]:
    return lambda html: html.replace("</head>", f"<style>{rules}</style></head>")


def add(line: str) -> Callable[[str], str]:
    return lambda text: f"{text}\n{line}\n"


def swap(old: str, new: str, count: int = 1) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, count)


def header(name: str, becomes: str) -> Callable[[bytes], bytes]:
    """A header with its folds, replaced; `becomes` is written as lines with their ends."""
    pattern = re.compile(rb"^" + name.encode() + rb":.*?\r\n(?![ \t])", re.MULTILINE | re.DOTALL)
    return lambda data: pattern.sub(lambda _: becomes.encode(), data, count=1)


def preheader(words: str) -> Callable[[str], str]:
    return lambda html: re.sub(
        r'(<div class="hidden[^>]*>).*?(</div>)', rf"\g<1>{words}\g<2>", html, count=1, flags=re.DOTALL
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


def footer_of(pixels: int) -> Callable[[str], str]:
    """The small print in this size."""
    pattern = re.compile(r'(<p class="foot" style="[^"]*)font-size:\s*14px')
    return lambda html: pattern.sub(rf"\g<1>font-size:{pixels}px", html)


def unheaded(html: str) -> str:
    """The same page with its sections and stories one level deeper."""
    return html.replace("<h2", "<h4").replace("</h2>", "</h4>")


LONG_WORD = "a" * 64
PLACEHOLDERS = ("#", "", "TODO", "https://", "https://example.com/x", "http://localhost:8000/x", "http://127.0.0.1/x")
LONG_TITLE = "Tỉnh " + "khởi công nhiều tuyến đường mới nối các huyện miền núi " * 3 + "nữa"
HUGE = "<p>" + "chữ " * 25_000 + "</p>"

CASES = [
    # the message
    Case("parts", "no text part", text=lambda text: " \n"),
    Case("parts", "another charset", raw=lambda data: data.replace(b'charset="utf-8"', b'charset="us-ascii"', 1)),
    Case(
        "parts",
        "octets that are no UTF-8",
        raw=lambda data: data.replace(b"printable\r\n\r\n", b"printable\r\n\r\n=FF", 1),
        also=frozenset({"replacement-characters"}),
    ),
    Case("parts", "not a multipart", raw=lambda data: data.replace(b"multipart/alternative", b"multipart/mixed")),
    Case("line-ends", "a NUL", raw=lambda data: data.replace(b"Content-Language: vi", b"Content-Language: v\0i")),
    Case("line-ends", "a lone LF", raw=lambda data: data.replace(b"Precedence: bulk\r\n", b"Precedence: bulk\n")),
    Case("line-ends", "a lone CR", raw=lambda data: data + b"\rend\r\n"),
    Case("long-line", "a header of 999 octets", raw=header("Precedence", "Precedence: " + "b" * 987 + "\r\n")),
    Case("eight-bit", "raw UTF-8 after the end", raw=lambda data: data + "ế\r\n".encode()),
    # headers
    *[Case("missing-header", f"no {name}", raw=header(name, "")) for name in REQUIRED_HEADERS],
    Case("duplicate-header", "two dates", raw=lambda data: re.sub(rb"(Date: .*?\r\n)", rb"\1\1", data, count=1)),
    Case("date", "no date", raw=header("Date", "Date: tomorrow\r\n")),
    Case(
        "duplicate-header",
        "two ways out",
        raw=lambda data: f"List-Unsubscribe: <{WAY_OUT}>\r\n".encode() + data,
        also=frozenset({"unsubscribe-mailto"}),
    ),
    Case("date", "no zone", raw=header("Date", "Date: Mon, 23 Nov 2026 07:00:00 -0000\r\n")),
    Case("date", "tomorrow", meant={"now": NOW - timedelta(days=1)}),
    Case("date", "last month", meant={"now": NOW + timedelta(days=30)}),
    Case("sender", "no address in From", raw=header("From", "From: Toa soan\r\n")),
    Case("sender", "two readers", raw=header("To", "To: <a@example.vn>, <b@example.vn>\r\n")),
    Case("message-id", "without its brackets", letter={"message_id": "abc@bacson.example"}),
    Case("list-id", "without its brackets", raw=header("List-Id", "List-Id: tin-sang\r\n")),
    Case("list-unsubscribe", "folded", raw=lambda data: data.replace(b"/u/abc>, <mailto", b"/u/abc>,\r\n <mailto")),
    Case(
        "list-unsubscribe",
        "only http",
        raw=lambda data: data.replace(b"<https://bacson.example/u/abc>", b"<http://bacson.example/u/abc>"),
    ),
    Case(
        "list-unsubscribe",
        "two links",
        raw=lambda data: data.replace(b"/u/abc>,", b"/u/abc>, <https://bacson.example/v>,"),
    ),
    Case("unsubscribe-mailto", "no mailto", letter={"unsubscribe_mailto": None}),
    Case("one-click", "other words", raw=header("List-Unsubscribe-Post", "List-Unsubscribe-Post: One-Click\r\n")),
    Case("own-host", "another's host", meant={"hosts": frozenset({"tin.bacson.example"})}),
    # the subject
    Case("subject", "raw letters", raw=header("Subject", f"Subject: {SUBJECT}\r\n")),
    Case("subject", "another one", meant={"subject": SUBJECT + "."}),
    Case(
        "subject",
        "a space lost in folding",
        raw=header("Subject", "Subject: =?utf-8?q?kh=E1=BB=9Fi?=\r\n =?utf-8?q?c=C3=B4ng?=\r\n"),
        meant={"subject": "khởi công"},
    ),
    Case(
        "encoded-word",
        "too long",
        raw=header("Subject", f"Subject:\r\n =?utf-8?q?{LONG_WORD}?=\r\n"),
        meant={"subject": LONG_WORD},
    ),
    Case(
        "encoded-word",
        "a letter cut in two",
        raw=header("Subject", "Subject: =?utf-8?q?=E1=BB?= =?utf-8?q?=9F?=\r\n"),
        meant={"subject": "ở"},
    ),
    Case(
        "encoded-word",
        "two that touch",
        raw=header("Subject", "Subject: =?utf-8?q?a?==?utf-8?q?b?=\r\n"),
        meant={"subject": "ab"},
    ),
    Case("subject-empty", "none", letter={"subject": ""}, meant={"subject": ""}),
    Case("subject-long", "a whole paragraph", letter={"subject": LONG_TITLE}, meant={"subject": LONG_TITLE}),
    Case("subject-capitals", "shouted", letter={"subject": SUBJECT.upper()}, meant={"subject": SUBJECT.upper()}),
    Case("subject-exclamation", "exclaimed", letter={"subject": "Nóng! Nóng!"}, meant={"subject": "Nóng! Nóng!"}),
    # what a mail must not hold
    Case("script", "a script", html=put("<script>alert(1)</script>")),
    Case("script", "an event handler", html=swap("<h1 ", '<h1 onclick="x()" ')),
    Case("form", "a field", html=put("<form action='https://bacson.example/'><p>Tên</p></form>")),
    Case("embedded", "a frame", html=put('<iframe src="https://bacson.example/"></iframe>')),
    Case(
        "external-style",
        "linked",
        html=swap("</head>", '<link rel="stylesheet" href="https://bacson.example/a.css"></head>'),
    ),
    Case("external-style", "imported", html=style("@import url(https://bacson.example/a.css);")),
    Case("external-font", "a font face", html=style("@font-face { src: url(https://bacson.example/a.woff) }")),
    Case("lazy-loading", "a lazy picture", html=swap("<img ", '<img loading="lazy" ')),
    Case("srcset", "a choice of pictures", html=swap("<img ", '<img srcset="https://bacson.example/b.jpg 2x" ')),
    Case(
        "data-uri",
        "a picture inside",
        html=swap('src="https://bacson.example/a.jpg"', 'src="data:image/gif;base64,R0"'),
    ),
    Case("data-uri", "a ground inside", html=swap("<h1 ", '<td style="background: url(data:image/png,x)"></td><h1 ')),
    Case("style-size", "17 kB", html=style("/*" + "x" * 17_000 + "*/")),
    *(
        Case("css-support", what, html=style(f".mine {{ {what} }}"))
        for what in (
            "display: flex",
            "display: inline-grid",
            "row-gap: 4px",
            "position: absolute",
            "--ink: #111111",
            "margin: var(--gap)",
            "width: calc(100% - 8px)",
            "width: min(100%, 20px)",
            "margin: 1.5rem",
            "height: 50vh",
            "background: linear-gradient(#ffffff, #eeeeee)",
            "background-image: url(https://bacson.example/a.png)",
            "transform: rotate(3deg)",
            "animation: blink 1s",
            "filter: blur(2px)",
            "object-fit: cover",
        )
    ),
    Case("css-support", "in an element", html=swap("<h1 ", '<td style="DISPLAY:FLEX"></td><h1 ')),
    Case("css-support", "for phones", html=style("@media (max-width: 600px) { .mine { position: sticky } }")),
    # for those who listen
    Case("page-language", "none", html=lambda html: re.sub(r"<html[^>]*>", "<html>", html)),
    Case("page-title", "empty", html=lambda html: re.sub(r"<title>.*?</title>", "<title> </title>", html)),
    Case("headings", "two names", html=put("<h1>Lớn</h1>"), text=lambda text: text + "\nLớn\n"),
    Case("headings", "no name", html=lambda html: html.replace("<h1", "<p").replace("</h1>", "</p>")),
    Case("headings", "a level skipped", html=unheaded),
    Case("layout-table", "a table without a role", html=swap('role="presentation" class="card"', 'class="card"')),
    # links
    Case("link-url", "a path", html=put('<p><a href="/tin/1">Tin</a></p>')),
    Case("link-url", "a mailto without an address", html=put('<p><a href="mailto:toa soan">Tin</a></p>')),
    Case("link-url", "a telephone number in words", html=put('<p><a href="tel:khong chin">Gọi</a></p>')),
    Case("link-url", "a mailto with nothing in it", html=put('<p><a href="mailto:">Tin</a></p>')),
    *[
        Case("link-placeholder", f"{url!r}", html=put(f'<p><a href="{url}">Tin</a></p>'), text=add(f"{url} ."))
        for url in PLACEHOLDERS
    ],
    Case("link-text", "a link of nothing", html=put('<p><a href="https://bacson.example/tin/a1"></a></p>')),
    Case("unfilled-field", "a slot in the text", text=lambda text: text + merge_fields.merge_tag("name")),
    Case(
        "unfilled-field",
        "a place in an address",
        html=put('<p><a href="https://bacson.example/{{ slug }}">Tin</a></p>'),
        text=lambda text: text + "\nhttps://bacson.example/{{ slug }}\n",
        also=frozenset({"template-syntax"}),
    ),
    Case("template-syntax", "a name that was not filled in", html=put("<p>Chào {{ name }},</p>")),
    Case("template-syntax", "a field of another tool", text=lambda text: text + "Chào *|FNAME|*\n"),
    # pictures
    Case("image-url", "a path", html=swap('src="https://bacson.example/a.jpg"', 'src="/a.jpg"')),
    Case(
        "image-http",
        "in the clear",
        html=swap('src="https://bacson.example/a.jpg"', 'src="http://bacson.example/a.jpg"'),
    ),
    Case("image-alt", "none", html=picture(swap('alt="Lễ khởi công" ', ""))),
    Case("image-alt", "empty, and no ornament", html=picture(swap('alt="Lễ khởi công"', 'alt=""'))),
    Case("image-size", "a width in percent", html=swap('width="536"', 'width="100%"')),
    Case("image-size", "a height in words", html=swap('height="357"', 'height="auto"')),
    Case("image-format", "WebP", html=swap("a.jpg", "a.webp")),
    # reading
    Case("contrast", "grey on white", html=put('<p style="color: #8a8a8a" class="lead">Xám</p>')),
    Case(
        "contrast",
        "by the ground of a cell",
        html=put(
            '<table role="presentation"><tr><td bgcolor="#a0a0a0"><font color="white">Trắng</font></td></tr></table>'
        ),
        also=frozenset({"contrast-dark"}),
    ),
    Case("contrast-dark", "grey that stays grey", html=put('<p style="color: #707070; margin: 0">Xám</p>')),
    Case("invisible-text", "white on white", html=put('<p class="lead" style="color: #ffffff">Trắng</p>')),
    Case("small-text", "in the body", html=put('<p class="lead" style="font-size: 13px">Nhỏ</p>')),
    Case(
        "small-text",
        "by a rule for phones",
        html=style("@media (max-width: 500px) { .lead { font-size: 11px !important } }"),
    ),
    Case("small-text", "tiny in the footer", html=footer_of(10)),
    Case("small-footer", "small in the footer", html=footer_of(12)),
    Case("bidi-characters", "in the page", html=put("<p>an toàn \u202elẹm nàot</p>")),
    Case("bidi-characters", "in the subject", letter={"subject": "\u202enit"}, meant={"subject": "\u202enit"}),
    Case("invisible-characters", "zero width", text=lambda text: text + "Tin\u200bsáng\n"),
    Case("replacement-characters", "in the text", text=lambda text: text + "Ti\ufffdng Vi\ufffdt\n"),
    Case(
        "preheader", "none", html=lambda html: re.sub(r'<div class="hidden[^>]*>.*?</div>', "", html, flags=re.DOTALL)
    ),
    Case("preheader", "filled only", html=preheader("&#847;&zwnj;&nbsp;" * 9)),
    Case("preheader", "the subject again", html=preheader(SUBJECT)),
    Case("preheader-long", "a whole story", html=preheader("chữ " * 60)),
    Case("images-only", "a poster", html=only('<img src="https://bacson.example/a.jpg" alt="Áp phích" width="536">')),
    Case("little-text", "a bare link", html=only('<p><a href="https://bacson.example/tin/a1">Xem</a></p>')),
    # the text part
    Case("text-articles", "a story without its link", text=swap("https://bacson.example/tin/a2\n", "\n")),
    Case("text-links", "another link", html=put('<p><a href="https://bacson.example/tin">Mọi tin</a></p>')),
    Case("text-headlines", "a headline in other words", text=swap("Tin thứ 3 của tỉnh nhà", "Tin thứ ba", -1)),
    # the way out
    Case("unsubscribe-page", "gone", html=swap(f'href="{WAY_OUT}"', 'href="https://bacson.example"')),
    Case("unsubscribe-page", "hidden", html=swap(f'href="{WAY_OUT}"', f'style="display:none" href="{WAY_OUT}"')),
    Case("unsubscribe-text", "gone", text=swap(WAY_OUT, "https://bacson.example/u/x"), also=frozenset({"text-links"})),
    Case("unsubscribe-clipped", "behind too much", html=put(HUGE), also=frozenset({"size", "size-encoded"})),
    # weight
    Case(
        "size",
        "too much, all of it after the footer",
        html=swap("</body>", HUGE[:98_000] + "</p></body>"),
        also=frozenset({"size-encoded"}),
    ),
    Case("size-encoded", "Vietnamese letters travel in three times their size", html=put("<p>" + "ế" * 9_000 + "</p>")),
]
