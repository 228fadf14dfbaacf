"""All emails: what mail programs require, screen readers and dark mode, in each template alike."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from lxml import html as document

from distributor import merge_fields
from distributor.color import contrast
from distributor.config.schema import Theme
from distributor.rendering.digest import DigestOptions, render_digest
from distributor.rendering.plaintext import display_width
from distributor.text import clean_line
from support import reference_editions as reference
from support.builders import render_settings
from support.rendered_emails import LINKS, NAMES, READER, TEMPLATES, mail

every_mail = pytest.mark.parametrize("name", NAMES)


def tree(name: str) -> Any:
    return document.document_fromstring(merge_fields.fill_html(mail(name).html, READER))


def text(name: str) -> str:
    return merge_fields.fill_text(mail(name).text, READER)


def rules(element: Any) -> dict[str, str]:
    """The inline style; white written short is written out."""
    found = dict(rule.split(":", 1) for rule in (element.get("style") or "").split(";") if ":" in rule)
    return {
        key.strip(): re.sub(r"^#(.)(.)(.)$", r"#\1\1\2\2\3\3", value.strip().replace("!important", ""))
        for key, value in found.items()
    }


def inherited(element: Any, rule: str, default: str) -> str:
    above = [element, *element.iterancestors()]
    return next((rules(one)[rule] for one in above if rule in rules(one)), default)


def readable(name: str) -> list[Any]:
    """Elements with words of their own that a reader sees."""
    found = []
    for one in tree(name).xpath("//body//*"):
        if not isinstance(one.tag, str) or any("hidden" in up.get("class", "") for up in [one, *one.iterancestors()]):
            continue
        if clean_line((one.text or "") + "".join(child.tail or "" for child in one)).strip("·\xa0 "):
            found.append(one)
    return found


@every_mail
def test_it_has_a_title_a_language_and_one_main_heading(name: str) -> None:
    page = tree(name)
    assert page.findtext(".//title") == mail(name).subject
    assert set(page.xpath("//@lang")) == {"en"} if name.endswith("en") or name == "english" else {"vi"}
    assert len(page.xpath("//@lang")) == 2  # some webmails drop the first one
    levels = [int(one.tag[1]) for one in page.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_mail
def test_tables_are_for_looks_and_only_cells_and_buttons_have_padding(name: str) -> None:
    page = tree(name)
    assert {one.get("role") for one in page.xpath("//table")} == {"presentation"}
    padded = {
        one.tag if "button" not in one.get("class", "") else "button"
        for one in page.xpath("//body//*[@style]")
        if any(rule.startswith("padding") and set(value.split()) - {"0"} for rule, value in rules(one).items())
    }
    assert padded <= {"td", "button", "span"}  # a label is a span: without its padding it is a little narrower


@every_mail
def test_pictures_have_words_numbers_and_one_address(name: str) -> None:
    for one in tree(name).xpath("//img"):
        assert one.get("alt")
        assert re.fullmatch(r"\d+", one.get("width"))
        assert re.fullmatch(r"\d+", one.get("height"))
        assert one.get("srcset") is None
        assert one.get("src").startswith("https://")


@every_mail
def test_words_are_large_enough_high_enough_and_stand_out_by_day(name: str) -> None:
    seen = readable(name)
    assert len(seen) >= 6
    for one in seen:
        size, line = (inherited(one, rule, "0") for rule in ("font-size", "line-height"))
        pixels = int(size.removesuffix("px"))
        assert pixels >= 14, one.text
        height = float(line.removesuffix("px")) if line.endswith("px") else float(line) * pixels
        assert height >= pixels * 1.28, one.text  # two marks on a capital letter
        ground = inherited(one, "background-color", "#ffffff")
        assert contrast(inherited(one, "color", "#000000"), ground) >= 4.5, one.text


def night(name: str) -> dict[str, dict[str, str]]:
    """What the style sheet for dark mode says: class → rules."""
    sheet = next(one.text for one in tree(name).xpath("//style") if "prefers-color-scheme: dark" in one.text)
    found: dict[str, dict[str, str]] = {}
    for names, body in re.findall(r"^ +([.\w, -]+) { (.+?) }", sheet, re.MULTILINE):
        for one in names.split(", "):
            found.setdefault(one, {}).update(re.findall(r"([\w-]+): (#\w{6}) !important", body))
    return found


@every_mail
def test_words_stand_out_at_night(name: str) -> None:
    sheet = night(name)

    def dark(element: Any, rule: str, default: str) -> str:
        for one in [element, *element.iterancestors()]:
            classes = [f".{word}" for word in one.get("class", "").split()] + [one.tag]
            by_class = [sheet[word][rule] for word in classes if rule in sheet.get(word, {})]
            if by_class:
                return by_class[-1]
            if rule in rules(one):
                return rules(one)[rule]
        return default

    for one in readable(name):
        ground = dark(one, "background-color", "#ffffff")
        assert contrast(dark(one, "color", "#000000"), ground) >= 4.5, (one.get("class"), one.text)


@every_mail
def test_outlook_gets_the_same_night_by_its_own_marks(name: str) -> None:
    asked, marked = (re.findall(r"<style[^>]*>(.*?)</style>", mail(name).html, re.DOTALL)[i] for i in (-2, -1))
    texts = re.findall(r"^\[data-ogsc\] (.+?) { (color: #\w{6}) !important; }", marked, re.MULTILINE)
    grounds = re.findall(r"^\[data-ogsb\] (.+?) { (background-color: #\w{6}) !important; }", marked, re.MULTILINE)
    assert len(texts) > 5
    assert len(grounds) > 3
    for names, rule in [*texts, *grounds]:
        plain = re.sub(r"\[data-ogs[cb]\] ", "", names)
        assert f"  {plain} {{ {rule} !important; }}" in asked


@every_mail
def test_what_outlook_alone_reads_is_whole(name: str) -> None:
    html = mail(name).html
    opened, closed = re.findall(r"<!--\[if [^>]+>", html), re.findall(r"<!\[endif\]-->", html)
    assert len(opened) == len(closed) >= 3
    inside = "".join(re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html, re.DOTALL))
    assert inside.count("<table") == inside.count("</table>") == 1 + html.count('class="picture thumb"')
    assert 'width="600"' in inside
    assert "font-family: 'Segoe UI', " in inside  # as CSS, not escaped as HTML
    assert len(html.encode()) < 95_000  # Gmail cuts at 102 kB


@every_mail
def test_a_button_is_one_in_outlook_too(name: str) -> None:
    for cell in tree(name).xpath("//td[contains(@class, 'button-cell')]"):
        assert cell.get("bgcolor") == "#9b1c1c"
        assert rules(cell)["mso-padding-alt"] == "12px 28px"
        (link,) = cell
        assert rules(link)["display"] == "inline-block"
        assert rules(link)["mso-padding-alt"] == "0"


@every_mail
def test_the_preheader_is_first_hidden_and_filled_up(name: str) -> None:
    first = tree(name).xpath("//body/*[1]")[0]
    assert rules(first)["display"] == "none"
    assert first.get("aria-hidden") == "true"
    assert mail(name).preheader
    assert first.text.replace("\u00a0", " ").startswith(mail(name).preheader + "\u034f\u200c")
    assert first.text.count("\u034f") == 90


@every_mail
def test_the_plain_text_says_and_links_all_that_the_html_does(name: str) -> None:
    words = clean_line(text(name))
    for one in tree(name).xpath("//h1 | //h2 | //h3 | //li | //*[contains(@class, 'badge')]"):
        assert clean_line("".join(one.xpath("text() | a/text()"))) in words
    linked = set(re.findall(r"^https?://\S+$", text(name), re.MULTILINE))
    links = {link for link in tree(name).xpath("//a/@href") if not link.startswith(("mailto:", "tel:"))}
    titles = clean_line(" ".join(one.text_content() for one in tree(name).xpath("//h2 | //h3")))
    assert links <= linked
    assert linked - links <= set(titles.split())  # a title may be an address


@every_mail
def test_the_plain_text_is_narrow_and_has_no_long_gaps(name: str) -> None:
    lines = text(name).splitlines()
    assert [line for line in lines if display_width(line) > 72 and len(line.split()) > 1] == []
    assert "\n\n\n" not in text(name)
    assert [line for line in lines if line != line.strip()] == []


@pytest.mark.parametrize("name", ["ordinary", "alert", "email/welcome vi", "email/correction vi"])
def test_readers_are_told_who_writes_and_how_to_leave(name: str) -> None:
    words = clean_line(tree(name).text_content())
    for said in (words, clean_line(text(name))):
        assert "lan@example.com" in said
        assert "12 phố Hồ Xuân Hương, phường Bắc Sơn" in said
        assert "toasoan@bacson.example" in said
    assert READER["unsubscribe_url"] in tree(name).xpath("//a/@href")


def test_a_logo_takes_the_place_of_the_name_and_has_a_twin_for_the_dark() -> None:
    theme = Theme(
        logo="https://bacson.example/logo.png", logo_dark="https://bacson.example/night.png", logo_width=160,
        footer=("Giấy phép số 12/GP-TTĐT", "Chịu trách nhiệm: Lê Minh"), width=640, accent="#0057b8",
    )  # fmt: skip
    site = reference.SITE.model_copy(update={"theme": theme})
    made = render_digest(reference.ORDINARY, render_settings(site, reference.MORNING, TEMPLATES))
    page = document.document_fromstring(made.html)
    logos: Any = page.xpath("//img[contains(@class, 'logo')]")
    assert [(one.get("src")[23:], one.get("width"), one.get("height"), one.get("alt")) for one in logos] == [
        ("logo.png", "160", "40", site.title),
        ("night.png", "160", "40", site.title),
    ]
    day, twin = logos
    assert "light-only" in day.get("class")
    assert rules(twin.getparent())["display"] == "none"
    assert ".dark-only { display: block !important;" in made.html
    assert page.xpath("//p[@class='site']") == []
    assert "Giấy phép số 12/GP-TTĐT\nChịu trách nhiệm: Lê Minh\n" in made.text
    assert '<table role="presentation" width="640"' in made.html
    assert page.xpath("//img[contains(@class, 'wide')]/@width") == ["576"]
    assert "max-width:640px" in made.html


@pytest.mark.parametrize(("kind", "said"), [("weekly", "Bản tin tuần"), ("daily", "Bản tin ngày"), ("digest", "")])
def test_a_digest_says_whether_it_is_the_day_s_or_the_week_s(kind: str, said: str) -> None:
    made = render_digest(
        reference.ORDINARY, render_settings(reference.SITE, reference.MORNING, TEMPLATES), DigestOptions(kind=kind)
    )
    for part in (made.text, clean_line(made.html)):
        assert ("Số 128 · " + said in part) == bool(said)
        assert "hôm nay có" not in part  # what a week brought is not today's


def test_a_note_stands_beside_its_story_in_both_parts() -> None:
    notes = {"a03": "Đính chính", "a10": "Cập nhật"}
    made = render_digest(
        reference.ORDINARY, render_settings(reference.SITE, reference.MORNING, TEMPLATES), DigestOptions(notes=notes)
    )
    badges: Any = document.document_fromstring(made.html).xpath("//span[@class='badge']/text()")
    assert badges == ["Đính chính", "Cập nhật"]
    assert "3. Chợ phiên Yên Lạc mở thêm gian hàng không dùng tiền mặt\n[Đính chính]\n" in made.text
    assert "10. Thi tìm hiểu lịch sử Đảng bộ tỉnh: hơn 3.000 bài dự thi\n[Cập nhật]\n" in made.text


@pytest.mark.parametrize("name", ["email/confirmation vi", "email/goodbye en", "email/review vi"])
def test_who_is_no_reader_yet_or_any_more_is_not_asked_to_leave(name: str) -> None:
    assert "unsubscribe_url" not in mail(name).html + mail(name).text
    assert READER["unsubscribe_url"] not in tree(name).xpath("//a/@href")


def test_links_for_the_reader_stand_in_the_footer_where_they_are_known() -> None:
    links = tree("ordinary").xpath("//a/@href")
    footer = [LINKS["preferences_url"], LINKS["web_url"], READER["unsubscribe_url"]]
    assert [link for link in links if link in footer] == footer
    assert not set(LINKS.values()) & set(tree("email/welcome vi").xpath("//a/@href"))


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(" en")])
def test_an_english_mail_has_not_one_vietnamese_word_of_ours(name: str) -> None:
    seen = [one for one in tree(name).xpath("//body//text()[not(ancestor::*[@aria-hidden])]") if one.strip()]
    for part in (text(name), " ".join(seen), mail(name).subject, mail(name).preheader):
        assert re.sub("[·→\xa0]", "", part).isascii()
