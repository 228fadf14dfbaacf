"""Content that wants to act comes out harmless everywhere: letter, text, posts, feeds, web pages. And what we would show
ourselves passes our own gate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import lxml.html
import pytest

from distributor import merge_fields
from distributor.channel import Channel
from distributor.content import Post
from distributor.gathering.cleaning import clean_body
from distributor.i18n import Texts
from distributor.mail.address import Mailbox
from distributor.mail.message import EmailContent, build_message
from distributor.model import Article, Image
from distributor.plugins import registry
from distributor.preflight.checks import check_message
from distributor.preflight.findings import Severity
from distributor.preflight.parsed_message import CheckContext
from distributor.rendering.context import RenderContext
from distributor.rendering.digest import render_digest
from distributor.rendering.pages import render_article_page, render_edition_page
from distributor.rendering.templates import Templates
from support import reference_editions as reference
from support.builders import NOW, article, edition, newsletter, render_settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Templates(registry.template_folders(Path("/nonexistent")))
READER = {"name": "Lan", "address": "lan@example.com", "unsubscribe_url": "https://bacson.example/u/abc"}

EVIL = {
    "script": '<script>alert(1)</script><img src=x onerror="alert(1)">',
    "style breaking out": "</style><style>body{display:none}</style>",
    "braces": "{{ 7 * 7 }} {% for x in y %} {# #} ${env} {0.__class__}",
    "table ends": "</td></tr></table></div></body></html>",
    "attribute": '" onmouseover="alert(1)" x="\' onfocus=\'alert(1)',
    "turned": "tin \u202etcẻr kcac\u202c gnud",
    "joiners": "v\u200db\u200c chữ\u2060 nối \ufeff\u00ad",
    "a merge tag": "@@field:unsubscribe_url@@ @@field:name@@",
    "comment": "--><!-- <![CDATA[ ]]> &#x3c;b&#x3e;",
    "control": "a\x00b\x0bc\ud800d",
    "script end": "</script><script>fetch('//x')</script>",
}
HOSTILE_BODY = (
    "<p>Tốt</p><script>alert(1)</script><svg onload=alert(1)><script>alert(1)</script></svg><img src='file:///etc/passwd'>"
    "<a href='javascript:alert(1)'>x</a><a href='data:text/html,<script>1</script>'>y</a><iframe src=//x></iframe>"
    "<p style='position:fixed;background:url(javascript:1)' onclick=alert(1)>z</p></table>"
)


def hostile(words: str) -> Article:
    return article(
        "a1",
        title=f"Tiêu đề {words}",
        lead=f"Tóm tắt {words}",
        author=f"Tác giả {words}",
        topics=(f"Chủ đề {words}",),
        body_html=clean_body(HOSTILE_BODY + words, "https://bacson.example/").html,
        image=Image(url='https://bacson.example/a.jpg"onerror="alert(1)', alt=words, caption=words),
        url="https://bacson.example/tin/1?a=1&b=<2>",
    )


def _channel(kind: str, **values: Any) -> Channel:
    made: Any = registry.channels.find(kind)
    channel: Channel = made(name=kind, **values)
    return channel


def everything(one: Article) -> dict[str, str]:
    """All that is made of an article, by name."""
    made = edition(articles=(one, article("b2")), subject=f"Tin sáng: {one.title}")
    digest = render_digest(made, render_settings(reference.SITE, newsletter(), TEMPLATES))
    context = RenderContext(
        site=reference.SITE, newsletter=newsletter(channels=("x",)), announced=(one,), published=(one,),
        templates=TEMPLATES, language=made.language, zone=ZONE,
        texts=Texts(),
    )  # fmt: skip
    feed = _channel("feed", folder=Path("x"), url="https://bacson.example/feeds")
    posts = _channel("outbox", folder=Path("x"), network="mastodon")
    out = {"letter": merge_fields.fill_html(digest.html, READER), "text": merge_fields.fill_text(digest.text, READER)}
    out |= {part.variant: part.body.decode() for part in feed.renditions(made, context)}
    post = posts.compose(made, context)[0]
    assert isinstance(post, Post)
    out["post"] = post.text
    out["page"] = render_edition_page(made, render_settings(reference.SITE, newsletter(), TEMPLATES))
    out["article page"] = render_article_page(
        one, render_settings(reference.SITE, newsletter(), TEMPLATES), made.language
    )
    return out


@pytest.mark.parametrize("what", EVIL)
def test_hostile_words_come_out_harmless_everywhere(what: str) -> None:
    made = everything(hostile(EVIL[what].encode("utf-8", "ignore").decode()))
    for name, text in made.items():
        assert what != "braces" or "{{ 7 * 7 }}" in text, name
        assert "\u202e" not in text, name
        assert "\x00" not in text, name
    for name in ("letter", "page", "article page"):
        _harmless(made[name], name)
    for name in made:
        if name.endswith(".xml"):
            ElementTree.fromstring(made[name].encode())
        elif name.endswith(".json"):
            json.loads(made[name])
    assert made["letter"].count("https://bacson.example/u/abc") == 1
    assert made["text"].count("https://bacson.example/u/abc") == 1


def _harmless(page: str, name: str) -> None:
    document: Any = lxml.html.document_fromstring(page)
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in ("iframe", "object", "embed", "form", "svg"), name
        assert element.tag != "script" or element.get("type") == "application/ld+json", name
        assert not [key for key in element.attrib if key.startswith("on")], name
        for key in ("href", "src"):
            value = element.get(key, "")
            assert not re.match(r"\s*(javascript|data|file|vbscript):", value, re.IGNORECASE), (name, value)
    assert len(document.xpath("//style[contains(., 'display:none}')]")) == 0


@pytest.mark.slow
def test_a_lead_of_ten_megabytes_is_cut_everywhere() -> None:
    made = everything(article("a1", lead="Một câu rất dài. " * 600_000))
    for name, text in made.items():
        limit = 25_000_000 if "." in name else 300_000
        assert len(text) < limit, (name, len(text))
    assert len(made["letter"]) < 95_000
    assert len(made["post"]) < 1000


def test_pictures_from_anywhere_but_the_web_are_not_shown() -> None:
    for url in ("data:image/svg+xml,<svg onload=alert(1)>", "file:///etc/passwd", "javascript:alert(1)", "//x/a.jpg"):
        made = everything(article("a1", image=Image(url=url, alt="x")))
        for name in ("letter", "page", "article page"):
            assert "<img" not in made[name], (name, url)


@pytest.mark.parametrize("name", [name for name in reference.EDITIONS if name != "long"])
def test_the_reference_editions_pass_the_gate_clean(name: str) -> None:
    assert _findings(name) == []


def test_the_edition_of_titles_beyond_measure_is_only_warned_of() -> None:
    """A subject of 300 characters and a word without an end are real faults, but no reason to hold the news."""
    findings = _findings("long")
    assert all(one.severity is Severity.WARN for one in findings), findings


def _findings(name: str) -> list[Any]:
    made, letter, site = reference.EDITIONS[name]
    digest = render_digest(made, render_settings(site, letter, TEMPLATES))
    message = build_message(
        EmailContent(
            sender=Mailbox(site.title, "tin@bacson.example"),
            to=Mailbox("Nguyễn Thị Lan", "lan@example.com"),
            subject=digest.subject,
            text=merge_fields.fill_text(digest.text, READER),
            html=merge_fields.fill_html(digest.html, READER),
            date=NOW,
            message_id="<abc@bacson.example>",
            list_id="tin-sang.bacson.example",
            list_name=letter.title,
            unsubscribe_url=READER["unsubscribe_url"],
            unsubscribe_mailto=Mailbox("", "tin@bacson.example"),
        )
    )
    return check_message(message, CheckContext(subject=digest.subject, now=NOW, hosts=frozenset({"bacson.example"})))
