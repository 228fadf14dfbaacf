"""Letters: what they say, what they must be given, and that nothing given to them can act."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import reference_editions as reference
from builders import NOW, article, edition
from fixtures_mails import TEMPLATES, ZONE, letter, voices
from lxml import html as document

from distributor import registry, slots
from distributor.channel import Digest
from distributor.errors import RenderError
from distributor.model import EditionKind, Language
from distributor.rendering.digest import render_digest
from distributor.rendering.environment import Templates
from distributor.rendering.letters import LETTERS, render_letter
from distributor.text import clean_line


def elements(made: Digest, path: str) -> list[Any]:
    found: Any = document.document_fromstring(made.html).xpath(path)
    return list(found)


def words(made: Digest) -> str:
    return clean_line(elements(made, "//body")[0].text_content())


def links(made: Digest) -> list[str]:
    return elements(made, "//a/@href")


def test_an_alert_is_the_mail_of_an_edition_with_one_urgent_article() -> None:
    site, newsletter = voices("vi")
    by_edition = render_digest(reference.ALERT, site, newsletter, ZONE, TEMPLATES)
    assert by_edition == letter("email/alert")
    assert by_edition.subject == reference.ALERT.subject
    assert "Tin khẩn" in words(by_edition)
    assert "Gửi lúc 09:12, Thứ Hai, ngày 23 tháng 11 năm 2026" in by_edition.text
    assert "số này có" not in words(by_edition)


def test_an_alert_of_several_articles_is_a_digest() -> None:
    site, newsletter = voices("vi")
    several = render_digest(edition(count=2, kind=EditionKind.ALERT), site, newsletter, ZONE, TEMPLATES)
    assert "số này có 2 tin" in words(several)


def test_a_correction_tells_what_was_wrong_and_which_edition_carried_it() -> None:
    made = letter("email/correction")
    assert made.subject == "Đính chính: Hợp tác xã chè Phú Lâm ký đơn hàng xuất khẩu đầu tiên"
    for part in (words(made), clean_line(made.text)):
        assert "Con số đúng là 18 tấn" in part
        assert "đăng trong bản tin Tin sáng Bắc Sơn ngày 23/11/2026, đã được sửa" in part
        assert "vì bản tin Tin sáng Bắc Sơn ngày 23/11/2026 đã đăng tin nói trên" in part
        assert "Mười tám tấn chè shan tuyết" in part
    assert "https://bacson.example/tin/2" in links(made)


def test_a_withdrawn_story_is_neither_told_again_nor_linked() -> None:
    made = letter("email/correction", withdrawn=True)
    assert made.subject.startswith("Gỡ bài: ")
    for part in (words(made), clean_line(made.text)):
        assert "đã được gỡ" in part
        assert "Mười tám tấn" not in part
    assert "https://bacson.example/tin/2" not in made.html + made.text


def test_a_confirmation_has_one_link_to_follow_as_a_button_and_as_text() -> None:
    made = letter("email/confirmation")
    link = "https://bacson.example/xac-nhan/3f9c0a7be2d14c58"
    assert [one for one in links(made) if one != "https://bacson.example"] == [link, link]
    assert link in words(made)
    assert f"\n{link}\n" in made.text
    assert "đến 07:00, Thứ Năm, ngày 26 tháng 11 năm 2026" in made.text
    assert "xin bỏ qua thư này" in words(made)


@pytest.mark.parametrize("template", ["email/confirmation", "email/welcome", "email/goodbye", "email/review"])
def test_what_is_not_given_is_not_shown(template: str) -> None:
    """Without its optional values a letter has no empty place and no link to nowhere."""
    site, newsletter = voices("vi")
    needed = {name: reference.letter_values(template, "vi")[name] for name in LETTERS[template].needed}
    made = render_letter(
        template, site=site, newsletter=newsletter, language=Language.VI, zone=ZONE, templates=TEMPLATES, **needed
    )
    assert all(link.startswith(("https://", "@@slot:")) for link in links(made))
    assert elements(made, "//p[not(normalize-space())]") == []
    assert re.search(r":\n\n", made.text) is None


def test_a_goodbye_says_when_it_was_asked_and_since_when_it_holds() -> None:
    made = letter("email/goodbye")
    assert "Nhận yêu cầu: 07:00, Thứ Hai, ngày 23 tháng 11 năm 2026\nNgừng gửi từ: 07:01," in made.text
    assert "https://bacson.example/dang-ky/tin-sang" in links(made)


def test_staff_get_everything_they_need_to_decide() -> None:
    made = letter("email/review")
    assert made.subject == f"Chờ duyệt: {reference.ORDINARY.subject}"
    for part in (words(made), clean_line(made.text)):
        for action in ("approve", "hold", "cancel"):
            assert f"distributor editions {action} tin-sang-day" in part
        for one in reference.ORDINARY.carried:
            assert one.title in part
            assert one.id in part
        assert "12.345" in part
        assert "07:45, Thứ Hai, ngày 23 tháng 11 năm 2026" in part


@pytest.mark.parametrize(("silence", "said"), [("send", "tự gửi đi"), ("hold", "tiếp tục chờ"), ("cancel", "bị hủy")])
def test_staff_are_told_what_silence_means(silence: str, said: str) -> None:
    assert said in words(letter("email/review", on_silence=silence))


# -- what is given -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", [name for name, letter in LETTERS.items() if letter.needed])
def test_a_letter_without_what_it_needs_is_refused_in_words(template: str) -> None:
    site, newsletter = voices("vi")
    with pytest.raises(RenderError, match=rf"{template} needs {', '.join(LETTERS[template].needed)}"):
        render_letter(template, site=site, newsletter=newsletter, language=Language.VI, zone=ZONE, templates=TEMPLATES)


def test_a_newsroom_may_add_a_letter_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "thanks.html.j2").write_text(
        '{% extends "email/parts/layout.html.j2" %}{% block subject %}Cảm ơn & {{ who }}{% endblock %}'
        "{% block preheader %}Một lời{% endblock %}",
        encoding="utf-8",
    )
    (folder / "thanks.txt.j2").write_text("Cảm ơn {{ who }}", encoding="utf-8")
    site, newsletter = voices("vi")
    made = render_letter(
        "email/thanks", site=site, newsletter=newsletter, language=Language.VI, zone=ZONE,
        templates=Templates(registry.template_folders(tmp_path)), who="<Lan>",
    )  # fmt: skip
    assert (made.subject, made.preheader, made.text) == ("Cảm ơn & <Lan>", "Một lời", "Cảm ơn <Lan>\n")


def skeleton(made: Digest) -> list[tuple[str, list[str]]]:
    return [(str(one.tag), sorted(map(str, one.attrib))) for one in document.fromstring(made.html).iter()]


HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><h1>Lớn</h1>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}",
    "--><b>",
    "Xin @@slot:unsubscribe_url@@ chào",
    "&amp; \u202eđảo",
]


def filled(template: str, text: str) -> Digest:
    value: Any = {
        "email/alert": {"edition": replace(reference.ALERT, subject=text, articles=(article(title=text, lead=text),))},
        "email/correction": {"article": article(title=text, lead=text, author=text), "note": text, "carried_at": NOW},
        "email/confirmation": {"confirm_url": "https://x.example/1", "subscriber": {"name": text, "address": text}},
        "email/welcome": {"sender": text, "subscriber": {"name": text, "address": text}},
        "email/goodbye": {"subscriber": {"name": text, "address": text}},
        "email/review": {
            "edition": edition(subject=text, articles=(article(title=text, topics=(text,)),)),
            "audience": 1,
        },
    }[template]
    return letter(template, **value)


@pytest.mark.parametrize("template", LETTERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_written_is_words_only(template: str, text: str) -> None:
    made, harmless = filled(template, text), filled(template, "Tin")
    assert skeleton(made) == skeleton(harmless)
    assert made.html.count("@@slot:") == harmless.html.count("@@slot:")
    expected = clean_line(text.replace("\u202e", ""))
    for part in (words(made), clean_line(made.text)):
        assert expected in part.replace(slots.WORD_JOINER, "")
    assert "\u202e" not in made.html + made.text + made.subject + made.preheader


def test_a_whole_mark_stays_a_mark_and_only_addresses_of_the_web_become_links() -> None:
    made = letter("email/welcome", latest_url=slots.mark("unsubscribe_url"))
    assert links(made).count(slots.mark("unsubscribe_url")) == 2
    for wrong in ("javascript:alert(1)", "data:text/html,x", "/tin", 'https://x"y'):
        assert wrong not in letter("email/welcome", latest_url=wrong).html
        assert "Đọc số mới nhất" not in words(letter("email/welcome", latest_url=wrong))
