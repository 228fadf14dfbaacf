"""CSS inlining: premailer without network and files, nothing lost, once for all emails of an edition."""

from __future__ import annotations

import logging
import re
import sys
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
from lxml import html as document

from distributor.editorial import EditionBlock, EditorWords
from distributor.errors import RenderError
from distributor.merge_fields import FIELD_NAMES, merge_tag
from distributor.model import Edition
from distributor.plugins import registry
from distributor.rendering import offline_premailer
from distributor.rendering.cache import RenderCache
from distributor.rendering.css_inlining import CssInliner, inline_css
from distributor.rendering.digest import DigestOptions, render_digest
from distributor.rendering.templates import Templates
from support import reference_editions as reference
from support.builders import render_settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Templates(registry.template_folders(Path("/nonexistent")))
SETTINGS = render_settings(reference.SITE, reference.MORNING, TEMPLATES)
FORTY = reference.FORTY


def tree(page: str) -> list[tuple[Any, ...]]:
    """Its elements. Spaces between declarations are left out of tags that were learned; they would be paid for each time."""
    document = lxml.html.document_fromstring(re.sub(r"; (?=[\w-]+:)", ";", page))
    return [
        (one.tag, dict(one.attrib), (one.text or "").split(), (one.tail or "").split())
        for one in document.iter()
        if isinstance(one.tag, str)
    ]


def digest(edition: Edition, cache: RenderCache | None = None, **more: Any) -> Any:
    return render_digest(edition, SETTINGS, DigestOptions(**more), cache)


# -- inlining by what was learned --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ORDINARY", "ONE", "FORTY", "PLAIN", "LONG"])
def test_what_was_learned_is_what_premailer_would_have_made(name: str) -> None:
    edition = getattr(reference, name)
    cache = RenderCache()
    made = digest(edition, cache, limit=10**9).html
    page = TEMPLATES.render("email/digest.html.j2", _values(edition))
    assert tree(made) == tree(inline_css(page))
    assert cache.runs == 1


def _values(edition: Edition) -> dict[str, Any]:
    from distributor.rendering.digest import edition_values
    from distributor.rendering.globals import common_values, personal_values

    return {
        **common_values(SETTINGS, edition.language),
        **personal_values(),
        **edition_values(edition, SETTINGS),
        "rest_url": reference.SITE.url,
    }


SHARED = RenderCache()
digest(FORTY, SHARED)


def test_a_sheet_with_other_selectors_is_inlined_letter_by_letter(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "email"
    own.mkdir(parents=True)
    sheet = Path(registry.template_folders(Path("/nonexistent"))[0]) / "email" / "style.css"
    (own / "style.css").write_text(sheet.read_text(encoding="utf-8") + "\n.card .lead { color: #123456; }\n")
    templates = Templates(registry.template_folders(tmp_path))
    cache = RenderCache()
    settings = render_settings(reference.SITE, reference.MORNING, templates)
    made = render_digest(reference.ONE, settings, render_cache=cache)
    assert "#123456" in made.html
    again = render_digest(reference.ORDINARY, settings, render_cache=cache)
    assert again.html.count("#123456") >= 8


def test_comments_for_outlook_and_rules_for_phones_stay_letter_for_letter() -> None:
    page = (
        '<html><head><style>.a { color: red }</style><style data-premailer="ignore">@media x { .a > b { c: d } }</style>'
        '</head><body><!--[if mso]><td class="a"><![endif]--><p class=\'a\' title="a > b">x</p></body></html>'
    )
    inliner = CssInliner()
    inliner.learn([page])
    made = inliner.apply(page)
    assert '<!--[if mso]><td class="a"><![endif]-->' in made
    assert "<style>@media x { .a > b { c: d } }</style>" in made
    assert '<p class=\'a\' title="a > b" style="color:red">' in made


# -- when inlining fails -----------------------------------------------------------------------------------------------


def test_if_inlining_fails_a_plain_letter_goes_out_and_staff_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> str:
        raise ValueError("premailer is in a bad mood")

    monkeypatch.setattr(offline_premailer.OfflinePremailer, "transform", broken)
    made = digest(reference.ORDINARY)
    assert made.notes[0].startswith("the plain template is used: ")
    assert "bad mood" in made.notes[0]
    assert "<style" not in made.html
    for article in reference.ORDINARY.articles:
        assert article.url in made.html
    assert "@@field:unsubscribe_url@@" in made.html
    assert made.text == digest(reference.ORDINARY).text


def test_the_plain_letter_says_what_the_editor_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> str:
        raise ValueError("premailer is in a bad mood")

    monkeypatch.setattr(offline_premailer.OfflinePremailer, "transform", broken)
    blocks = tuple(
        EditionBlock(text=f"*{place}*", label="Tài trợ", after=place) for place in ("greeting", "first", "Y tế")
    )
    words = EditorWords(intro="Lời của **biên tập viên**")
    made = digest(
        replace(reference.ORDINARY, blocks=blocks, words=words),
        notes={"a03": "Đính chính"}, web_url="https://bacson.example/1", preferences_url="https://bacson.example/p",
    ).html  # fmt: skip
    shown = [
        "Kính chào", "<strong>biên tập viên</strong>", "<em>greeting</em>", "Thông xe cầu Nà Mạ", "<em>first</em>",
        "(Đính chính)", "Y tế</h2>", "<em>Y tế</em>", "Tin vắn</h2>", "4 tin khác sẽ được gửi",
        "https://bacson.example/p", "https://bacson.example/1",
    ]  # fmt: skip
    places = [made.index(one, made.index("<h1")) for one in shown]
    assert places == sorted(places)
    assert made.count("Tài trợ") == 3


def elements(made: str, path: str) -> list[Any]:
    found: Any = document.fromstring(made).xpath(path)
    return list(found)


def page(body: str, style: str = "", head: str = "") -> str:
    return f"<!DOCTYPE html><html><head>{head}<style>{style}</style></head><body>{body}</body></html>"


class Web:
    """A server on this machine that writes down what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/css")
                self.end_headers()
                self.wfile.write(b"p { color: #abcdef }")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


_opened: list[str] = []
_watching = threading.Event()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching.is_set() and event in ("open", "socket.connect", "socket.getaddrinfo"):
        _opened.append(f"{event} {arguments[0] if event == 'open' else arguments}")


sys.addaudithook(_hook)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """What Python itself has opened meanwhile: files, connections, names."""
    inline_css(page("<p>warm</p>", "p { color: red }"))  # what is loaded once is loaded now
    _opened.clear()
    _watching.set()
    yield _opened
    _watching.clear()


@pytest.mark.parametrize("where", ["{web}/x.css", "//127.0.0.1:1/x.css", "file://{file}", "{file}", "x.css"])
@pytest.mark.parametrize("how", ['@import url("{0}");', '@import "{0}" screen;', "p {{ background: url({0}) }}"])
def test_no_style_sheet_and_no_picture_is_fetched_and_no_file_is_read(
    web: Web, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, how: str
) -> None:
    file = tmp_path / "x.css"
    file.write_text("p { color: #abcdef }", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    opened.clear()
    style = how.format(where.format(web=web.url, file=file)) + " p { margin: 0 }"
    made = inline_css(page("<p>Tin</p>", style))
    assert "margin:0" in made
    assert "abcdef" not in made
    assert web.asked == []
    assert [name for name in opened if "x.css" in name or "socket" in name] == []


@pytest.mark.parametrize("where", ["{web}/x.css", "file://{file}", "{file}", "x.css"])
def test_a_linked_style_sheet_is_refused_in_words(
    web: Web, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "x.css").write_text("p { color: #abcdef }", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    opened.clear()
    link = f'<link rel="stylesheet" href="{where.format(web=web.url, file=tmp_path / "x.css")}">'
    with pytest.raises(RenderError, match=r"links a style sheet, .*style\.css"):
        inline_css(page("<p>Tin</p>", head=link))
    assert web.asked == []
    assert [name for name in opened if "x.css" in name or "socket" in name] == []


def test_the_server_of_these_tests_would_notice(web: Web) -> None:
    """Otherwise the tests above would show nothing."""
    import urllib.request

    with urllib.request.urlopen(f"{web.url}/x.css") as answer:
        assert b"abcdef" in answer.read()
    assert web.asked == ["/x.css"]


def test_styles_stand_in_the_elements_and_the_sheet_is_gone() -> None:
    made = inline_css(page('<p class="lead">Tin</p>', ".lead { color: #2b3036; margin: 0 }"))
    assert "<style" not in made
    (paragraph,) = elements(made, "//p")
    assert paragraph.get("style").replace(" ", "") == "color:#2b3036;margin:0"


def test_rules_for_the_reader_s_program_stay_letter_for_letter() -> None:
    """Media queries, dark mode, font faces, and the !important without which they do nothing."""
    rules = """
@media (prefers-color-scheme: dark) { .lead > a { color: #fff !important; } }
@media screen { @media (max-width: 620px) { .x { width: calc(100% - 2px) !important } } }
[data-ogsc] .lead { color: rgb(0 0 0 / 50%) !important; }
@font-face { font-family: X; src: url(https://x.example/x.woff2) }
"""
    head = f'<style data-premailer="ignore">{rules}</style>'
    made = inline_css(page('<p class="lead">Tin</p>', ".lead { color: red }", head))
    assert rules in made
    assert made.count("<style") == 1
    assert "data-premailer" not in made


def test_marks_stay_whole_in_words_and_in_addresses() -> None:
    body = "".join(
        f'<p title="{merge_tag(name)}"><a href="{merge_tag(name)}">{merge_tag(name)}</a></p>' for name in FIELD_NAMES
    )
    made = inline_css(page(body, "p { margin: 0 }"))
    assert [made.count(merge_tag(name)) for name in FIELD_NAMES] == [3] * len(FIELD_NAMES)


def test_the_numbers_of_a_picture_stay_numbers() -> None:
    """`width="100%"` and `height="auto"` make pictures huge in Outlook."""
    made = inline_css(
        page('<img src="a.png" width="536" height="300">', "img { width: 100%; height: auto; max-width: 536px }")
    )
    (picture,) = elements(made, "//img")
    assert (picture.get("width"), picture.get("height")) == ("536", "300")
    assert "width:100%" in picture.get("style")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_text_comes_through_as_it_was(form: Any) -> None:
    text = unicodedata.normalize(form, "Thủ tướng dự lễ khởi công ở Yên Lạc 👩‍👩‍👧 1 < 2 & “hai”")
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    (paragraph,) = elements(inline_css(page(f"<p>{escaped}</p>", "p { margin: 0 }")), "//p")
    assert paragraph.text == text


def test_the_comments_that_outlook_reads_stay() -> None:
    comments = '<!--[if mso]><table width="600"><tr><td><![endif]-->', "<!--[if mso]></td></tr></table><![endif]-->"
    made = inline_css(page(f"{comments[0]}<p>Tin</p>{comments[1]}", "p { margin: 0 }"))
    assert all(comment in made for comment in comments)


@pytest.mark.parametrize("nothing", ["", " \n\t", "<!-- only a comment -->"])
def test_an_empty_document_is_an_error_in_words(nothing: str) -> None:
    with pytest.raises(RenderError):
        inline_css(nothing)


def test_rules_that_no_parser_understands_are_passed_over_in_silence(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    style = "p { mso-hide: all; colour: nonsense; margin: 0 } @wrong { x } p::first-word { a: b } a[ { }"
    with caplog.at_level(logging.DEBUG):
        made = inline_css(page("<p>Tin</p>", style))
    assert "Tin" in made
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
