"""What is fuzzed, and what must hold. Each target takes chance and does one case; it raises AssertionError where
something does not hold, and lets out whatever else is raised: both are findings.

Two kinds of case take turns: bytes that were mutated anywhere, which may be refused in words; and a wild value at one
place of something good, which must leave its neighbours as they are.
"""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from random import Random
from unicodedata import category
from zoneinfo import ZoneInfo

from distributor import isolated_child
from distributor.articles.keys import identity_keys
from distributor.articles.matching import content_hash
from distributor.bounces import parser
from distributor.bounces.classify import classify_bounce
from distributor.errors import SourceError
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.listings.listing import ArticleLink, read_listing
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.sources.page import PageSource
from distributor.html_sanitizer import sanitize_html
from distributor.mail.smtp_protocol import ProtocolError, SmtpProtocol
from distributor.model import ParsedArticle
from distributor.source import FetchedDocument
from distributor.subscribers.csv.records import BadRow
from distributor.subscribers.csv.subscribers import SubscriberList
from distributor.subscribers.csv.suppressions import SuppressionList
from support.bounce_cases import BOUNCES

from .wild import line, mutated, text, value

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, tzinfo=UTC)
URL = "https://bacson.example/tin/rss"
STORY = "https://bacson.example/tin/a"


def feeds(chance: Random) -> None:
    """RSS, Atom and JSON Feed: a wild item between two good ones costs itself at most."""
    make = chance.choice((_rss, _atom, _json))
    whole = chance.random() < 0.6
    body = make(chance) if whole else mutated(chance, make(chance))
    try:
        harvest = FeedSource(name="tin", url=URL).read(FetchedDocument(url=URL, body=body))
    except SourceError as error:
        _one_line(str(error))
        assert not whole, f"a wild value cost the whole feed: {error}"
        return
    for found in harvest.articles:
        _usable(found)
    if whole:
        titles = [found.title for found in harvest.articles]
        assert {"Tin tốt số một", "Tin tốt số hai"} <= set(titles), titles
    for fault in harvest.faults:
        _one_line(fault)


def _one_line(words: str) -> None:
    """What staff read is one line, and holds nothing that acts on a terminal."""
    bad = [sign for sign in words if category(sign) in ("Cc", "Cs", "Zl", "Zp")]
    assert not bad, (bad, words)


def _usable(found: ParsedArticle) -> None:
    """What must hold of every article, whatever it was made of."""
    _one_line(found.title)
    assert sanitize_html(found.body_html) == found.body_html
    assert found.url == "" or found.url.startswith(("http://", "https://"))
    assert content_hash(found)
    for key in identity_keys(found, ZONE):
        key.encode()


def _item(chance: Random, names: tuple[str, ...]) -> dict[str, str]:
    return {name: text(chance) for name in chance.sample(names, chance.randrange(1, len(names)))}


def _xml_text(chance: Random, words: str) -> str:
    words = "".join(sign for sign in words if sign in "\t\n" or " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd")
    return f"<![CDATA[{words.replace(']]>', ']] >')}]]>" if chance.random() < 0.3 else escape(words)


RSS_FIELDS = (
    "title", "link", "guid", "description", "author", "pubDate", "category", "content:encoded", "dc:creator", "dc:date",
    "media:title", "enclosure", "comments", "source",
)  # fmt: skip


def _rss(chance: Random) -> bytes:
    def good(name: str, number: int) -> str:
        return (
            f"<item><title>Tin tốt số {name}</title><link>https://bacson.example/{number}</link>"
            f"<guid>tot-{number}</guid><description>Tóm tắt của tin số {name}.</description></item>"
        )

    fields = _item(chance, RSS_FIELDS)
    odd = "".join(f"<{name}>{_xml_text(chance, words)}</{name}>" for name, words in fields.items())
    attribute = f' xml:base="{_xml_attribute(line(chance))}"' if chance.random() < 0.3 else ""
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/"'
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" {spaces}><channel><title>Tin</title>{good("một", 1)}'
        f"<item{attribute}>{odd}</item>{good('hai', 2)}</channel></rss>"
    ).encode("utf-8", "replace")


def _xml_attribute(words: str) -> str:
    kept = "".join(sign for sign in words if " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd")
    return escape(kept, quote=True)


ATOM_FIELDS = ("title", "id", "updated", "published", "summary", "content", "rights")


def _atom(chance: Random) -> bytes:
    def good(name: str, number: int) -> str:
        return (
            f"<entry><title>Tin tốt số {name}</title><id>urn:tot:{number}</id><updated>2026-11-2{number}T08:00:00Z</updated>"
            f'<link href="https://bacson.example/{number}"/><summary>Tóm tắt.</summary></entry>'
        )

    fields = _item(chance, ATOM_FIELDS)
    kinds = ("", ' type="html"', ' type="text"', ' type="xhtml"', f' type="{_xml_attribute(line(chance, 2))}"')
    odd = "".join(
        f"<{name}{chance.choice(kinds)}>{_xml_text(chance, words)}</{name}>" for name, words in fields.items()
    )
    link = f'<link href="{_xml_attribute(line(chance))}" rel="{_xml_attribute(line(chance, 1))}"/>'
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Tin</title>'
        f"<id>urn:tin</id>{good('một', 1)}<entry>{odd}{link}</entry>{good('hai', 2)}</feed>"
    ).encode("utf-8", "replace")


JSON_FIELDS = (
    "id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image", "tags",
    "date_published", "date_modified", "author", "authors", "attachments", "language",
)  # fmt: skip


def _json(chance: Random) -> bytes:
    def good(name: str, number: int) -> dict[str, object]:
        return {"id": f"tot-{number}", "title": f"Tin tốt số {name}", "url": f"https://bacson.example/{number}"}

    fields = chance.sample(JSON_FIELDS, chance.randrange(1, len(JSON_FIELDS)))
    odd: object = {name: value(chance) for name in fields}
    if chance.random() < 0.1:
        odd = value(chance)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Tin",
        "items": [good("một", 1), odd, good("hai", 2)],
    }
    return json.dumps(feed, allow_nan=True).encode()


# -- pages -------------------------------------------------------------------------------------------------------------

ARTICLE = """<html><head><title>Khởi công đường tỉnh 254</title><meta name="description" content="Tóm tắt.">
<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-11-28T08:00:00+07:00"}</script></head>
<body><nav><a href="/">Trang chủ</a></nav><h1>Khởi công đường tỉnh 254</h1><p class="date">28/11/2026 08:15</p>
<div id="noidung"><p>Sáng nay, huyện Bắc Sơn khởi công đường tỉnh 254 dài mười hai cây số qua bốn xã.</p>
<p><img src="/anh.jpg" width="600"><em>Lễ khởi công.</em></p><p>Công trình xong trong năm 2027, theo ban quản lý.</p>
<p style="text-align:right"><b>Bế Thị Hoa</b></p></div><div class="related"><a href="/khac">Tin khác</a></div></body></html>
"""


def pages(chance: Random) -> None:
    """Article pages and listings: refused in words or read; a wild entry of a listing leaves the others there."""
    source = PageSource(name="cong", url="https://bacson.example/tin/")
    if chance.random() < 0.7:
        body = mutated(chance, ARTICLE.encode())
        try:
            _usable(source.article(FetchedDocument(url=STORY, body=body), ArticleLink(STORY, "")))
        except SourceError as error:
            _one_line(str(error))
        return
    entry = '<li><a href="/tin/{0}.html">Tin số {0} nói về đường tỉnh 254 hôm nay</a><span>28/11/2026</span></li>'
    odd = f"<li><a href='{_xml_attribute(line(chance))}'>{escape(text(chance))}</a>{_xml_attribute(text(chance))}</li>"
    html = f"<html><body><ul>{entry.format(1)}{odd}{entry.format(2)}</ul></body></html>"
    page = parse_page(html.encode("utf-8", "replace"), "utf-8")
    assert page is not None
    urls = {link.url for link in read_listing(page, source.url, NOW, source.timezone).links}
    assert {"https://bacson.example/tin/1.html", "https://bacson.example/tin/2.html"} <= urls


# -- what comes back ---------------------------------------------------------------------------------------------------

_MAILS = tuple(case.raw(token="") for case in BOUNCES.values())


def returned_mails(chance: Random) -> None:
    """Bounces, complaints and answers: whatever they say, they are read or left, and reports are lines."""
    raw = chance.choice(_MAILS)
    if chance.random() < 0.3:
        raw = f"{chance.choice(('To', 'Cc', 'Content-Type', 'Subject', 'From'))}: {line(chance, 60)}\r\n".encode() + raw
    for report in parser.parse_reports(mutated(chance, raw), (b"secret",)):
        _one_line(report.text)
        assert len(report.text) <= 500
        classify_bounce(report.status, 0, report.text)


# -- lists -------------------------------------------------------------------------------------------------------------

_HEADERS = (
    "address,name,topics",
    "Email Address;First Name;Last Name",
    "email\tname",
    "Địa chỉ email,Họ tên",
    "sep=;\naddress;name",
)


def lists(chance: Random) -> None:
    """Lists of subscribers and suppressions with one wild line: each good line is read, or stands where a bad row is told
    to be, and no cell holds other lines."""
    header = chance.choice(_HEADERS)
    parts = next(sign for sign in "\t;," if sign in header.splitlines()[-1])
    good = [f"ban{number}@example.com" for number in range(6)]
    lines = [f"{address}{parts}Lan" for address in good]
    lines.insert(3, line(chance))
    body = "\n".join([header, *lines]) + chance.choice(("\n", ""))
    subscribers = SubscriberList(io.StringIO(body, newline=""), known=("tin-sang",), newsletters=("tin-sang",))
    _all_told(good, list(subscribers))
    suppressions = SuppressionList(io.StringIO(body, newline=""), now=NOW, zone=ZONE)
    _all_told(good, list(suppressions))


def _all_told(good: Sequence[str], rows: Sequence[object]) -> None:
    bad = [row for row in rows if isinstance(row, BadRow)]
    read = {str(getattr(row, "address", "")) for row in rows if not isinstance(row, BadRow)}
    for row in bad:
        _one_line(row.reason)
    assert not any("\n" in address or "," in address for address in read)
    lost = [address for address in good if address not in read]
    assert len(lost) <= len(bad), (lost, rows)


# -- servers -----------------------------------------------------------------------------------------------------------

_REPLIES = (
    b"220 mx.example ESMTP\r\n", b"250-mx.example\r\n250-PIPELINING\r\n250 SIZE 1000\r\n", b"250 2.1.0 ok\r\n",
    b"354 go\r\n",
    b"550 5.1.1 nobody\r\n", b"421 4.3.2 closing\r\n", b"452 4.2.2 full\r\n", b"554-5.7.1 no\r\n554 5.7.1 no\r\n",
)  # fmt: skip


def replies(chance: Random) -> None:
    """What servers say: understood, or refused as no SMTP, however it was cut."""
    talk = SmtpProtocol("may.example")
    data = b"".join(chance.choice(_REPLIES) for _ in range(4))
    if chance.random() < 0.7:
        data = mutated(chance, data)
    try:
        while data:
            cut = chance.randrange(1, len(data) + 1)
            talk.receive(data[:cut])
            data = data[cut:]
            while (reply := talk.next_reply()) is not None:
                _one_line(" ".join(reply.lines))
                if talk.phase is None and not talk.in_transaction:
                    talk.ehlo()
                    talk.outgoing()
    except ProtocolError as error:
        assert str(error)
    classify_bounce("", chance.choice((0, 421, 450, 550, 554)), text(chance))
    classify_bounce(line(chance, 1), 550, line(chance))


TARGETS: dict[str, Callable[[Random], None]] = {
    "feeds": feeds,
    "pages": pages,
    "returned mails": returned_mails,
    "lists": lists,
    "replies": replies,
}


def batch(name: str, seed: int, count: int) -> dict[str, object]:
    """So many cases of a target, in a child process: what was found, with the seed of its case, and the memory now in kB."""
    logging.disable(logging.CRITICAL)
    found = []
    for number in range(count):
        isolated_child.report_progress(f"{name} {seed + number}")
        try:
            TARGETS[name](Random(seed + number))
        except Exception:
            found.append({"seed": seed + number, "trace": traceback.format_exc()[-2500:]})
    status = Path("/proc/self/status").read_text(encoding="ascii")
    memory = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS:"))
    return {"found": found, "memory": memory}
