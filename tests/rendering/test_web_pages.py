"""Parts of web pages: what a form needs so that everybody can fill it in, and a style sheet that is small and readable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import html as document

from distributor.color import contrast
from distributor.config.schema import Theme
from distributor.model import Language
from distributor.newsroom import open_newsroom
from distributor.rendering.web_pages import WebPages
from support.clocked_newsroom import CONFIG

FORM = """\
{% extends "page/parts/base.html.j2" %}
{% from "page/parts/forms.html.j2" import field, checkboxes, radios, select, button, error_summary,
   notice, honeypot, checkbox, text_area with context %}
{% block title %}Form{% endblock %}
{% block content %}
{{ error_summary({"email": wrong}) }}
{{ notice("Đã lưu thay đổi.") }}
<h1>Form</h1>
<form method="post" action="/subscribe" novalidate>
{{ field("email", "Địa chỉ", typed, "Ví dụ: ten@example.vn", wrong, type="email", required=true, autocomplete="email") }}
{{ field("name", "Họ và tên") }}
{{ checkboxes("topics", "Chuyên mục", [("a", "Tin"), ("b", "Chính sách", "Văn bản mới")], ["b"], error="Xin chọn") }}
{{ radios("frequency", "Tần suất", [("each", "Mỗi số"), ("daily", "Mỗi ngày")], "each") }}
{{ select("language", "Ngôn ngữ", [("vi", "Tiếng Việt"), ("en", "English", "en")], "en") }}
{{ checkbox("ads", "Tôi đồng ý", hint="Không bắt buộc") }}
{{ text_area("reason", "Lý do", typed) }}
{{ honeypot("thoi-tiet") }}
{{ button("Đăng ký") }}
</form>
{% endblock %}
"""
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def pages(tmp_path: Path) -> WebPages:
    file = tmp_path / "config.yaml"
    config = CONFIG.replace("site: {", "site: {contact: toasoan@bacson.example, ") + "web: {}\n"
    file.write_text(config, encoding="utf-8")
    (tmp_path / "templates" / "page").mkdir(parents=True)
    (tmp_path / "templates" / "page" / "mine.html.j2").write_text(FORM, encoding="utf-8")
    newsroom = open_newsroom(file)
    return WebPages(newsroom.settings, newsroom.templates)


def form(pages: WebPages, language: Language = Language.VI) -> Any:
    html = pages.render("mine", language, path="/subscribe", typed=HOSTILE, wrong="Xin nhập đúng")
    return document.document_fromstring(html)


def test_every_field_has_a_label_and_no_id_stands_twice(pages: WebPages) -> None:
    page = form(pages)
    ids = page.xpath("//@id")
    assert sorted(ids) == sorted(set(ids))
    labelled = set(page.xpath("//label/@for"))
    fields = page.xpath("//input | //select | //textarea")
    assert len(fields) == 10
    assert {one.get("id") for one in fields} == labelled
    assert all(group.find("legend") is not None for group in page.xpath("//fieldset"))


def test_what_is_said_of_a_field_is_tied_to_it(pages: WebPages) -> None:
    page = form(pages)
    ids = set(page.xpath("//@id"))
    described = [one for value in page.xpath("//@aria-describedby") for one in value.split()]
    assert described and set(described) <= ids
    (email,) = page.xpath("//input[@name='email']")
    assert email.get("aria-invalid") == "true"
    assert email.get("autocomplete") == "email"
    assert page.xpath("//div[@role='alert']//a/@href") == ["#f-email"]
    assert {one.removeprefix("#") for one in page.xpath("//a[starts-with(@href, '#')]/@href")} <= ids


def test_what_was_typed_and_chosen_stays_and_acts_as_text(pages: WebPages) -> None:
    page = form(pages)
    assert page.xpath("//script") == []
    assert page.xpath("//input[@name='email']/@value") == [HOSTILE]
    assert page.xpath("//textarea/text()") == [HOSTILE]
    assert page.xpath("//input[@checked]/@value") == ["b", "each"]
    assert page.xpath("//option[@selected]/@value") == ["en"]


def test_nobody_meets_the_honeypot(pages: WebPages) -> None:
    (trap,) = form(pages).xpath("//div[@class='trap']")
    assert trap.get("aria-hidden") == "true"
    (hidden,) = trap.xpath("input")
    assert (hidden.get("tabindex"), hidden.get("autocomplete")) == ("-1", "off")


@pytest.mark.parametrize("language", list(Language))
def test_every_page_has_its_landmarks_and_the_other_language(pages: WebPages, language: Language) -> None:
    page = form(pages, language)
    assert page.get("lang") == language.value
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.findall(f".//{landmark}")) == 1, landmark
    assert page.find(".//body")[0].get("href") == "#" + page.find(".//main").get("id")
    (other,) = page.xpath("//a[@hreflang]")
    assert other.get("hreflang") != language.value
    assert other.get("href") == ("/en/subscribe" if language is Language.VI else "/subscribe")
    assert page.xpath("//footer//a[starts-with(@href, 'mailto:')]/@href") == ["mailto:toasoan@bacson.example"]


def test_no_style_stands_in_a_page_of_the_web_service(pages: WebPages) -> None:
    page = form(pages)
    assert page.xpath("//@style | //style | //@*[starts-with(name(), 'on')]") == []


def test_the_style_sheet_is_small(pages: WebPages) -> None:
    assert len(pages.stylesheet) < 11_000


def test_the_colors_of_forms_can_be_told_apart() -> None:
    """Text 4.5 to 1, the edges of controls 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11), light and dark."""
    light, dark = Theme().background, "#1b1f24"
    for color, background, ratio in [
        ("#b3261e", light, 4.5), ("#b3261e", "#fdf0ef", 4.5), ("#757d86", light, 3), ("#5c4100", "#fcefc9", 4.5),
        ("#ff9d94", dark, 4.5), ("#ff9d94", "#361c1b", 4.5), ("#8b949d", dark, 3), ("#fbe3a2", "#4a3b12", 4.5),
    ]:  # fmt: skip
        assert contrast(color, background) >= ratio, (color, background)
