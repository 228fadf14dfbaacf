"""Personal values: shown with fallbacks, escaped for where they stand, and refused where nobody could fill them in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distributor import merge_fields
from distributor.errors import RenderError
from distributor.merge_fields import fill_html, fill_text, merge_tag
from distributor.plugins import registry
from distributor.rendering.templates import Templates
from support.clocked_newsroom import Line, text_of

VALUES = {
    "subscriber": {"name": merge_tag("name"), "address": merge_tag("address")},
    "unsubscribe_url": merge_tag("unsubscribe_url"),
    "web_url": "",
    "say": lambda key, **values: f"{key}: {values}",
}
NASTY = {"name": "\"><b>Lan & 'Hoa'", "address": "a+b@example.com", "unsubscribe_url": "https://x.example/u/a?b=1&c=2"}


def templates(folder: Path, source: str, name: str = "email/x.html.j2") -> Templates:
    file = folder / "templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return Templates([folder / "templates"])


def rendered(folder: Path, source: str, reader: dict[str, str]) -> str:
    return fill_html(templates(folder, source).render("email/x.html.j2", VALUES), {**NASTY, **reader})


@pytest.mark.parametrize(
    ("source", "name", "shown"),
    [
        ('Chào {{ subscriber.name or "bạn đọc" }}!', "Lan", "Chào Lan!"),
        ('Chào {{ subscriber.name or "bạn đọc" }}!', "", "Chào bạn đọc!"),
        ('Chào {{ subscriber.name or "<b>" }}!', "", "Chào &lt;b&gt;!"),
        ("Chào {{ subscriber.name | default('bạn') }}!", "", "Chào bạn!"),
        ("{{ 'Chào ' ~ (subscriber.name or 'bạn') ~ '!' }}", "", "Chào bạn!"),
        ("{% if unsubscribe_url and not web_url %}<a href=\"{{ unsubscribe_url }}\">x</a>{% endif %}", "Lan",
         '<a href="https://x.example/u/a?b=1&amp;c=2">x</a>'),
        ('<a href="https://x.example/?n={{ subscriber.name }}&amp;a={{ subscriber.address }}">x</a>', "Lan & Hoa",
         '<a href="https://x.example/?n=Lan%20%26%20Hoa&amp;a=a%2Bb%40example.com">x</a>'),
        ('<p title="{{ subscriber.name }}">x</p>', '"><b>', '<p title="&quot;&gt;&lt;b&gt;">x</p>'),
    ],
)  # fmt: skip
def test_what_can_be_filled_in(tmp_path: Path, source: str, name: str, shown: str) -> None:
    assert rendered(tmp_path, source, {"name": name}) == shown


@pytest.mark.parametrize(
    "source",
    [
        "{% if subscriber.name %}x{% endif %}",
        "{% if subscriber.name == 'Lan' %}x{% endif %}",
        "{{ subscriber.name | upper }}",
        "{{ subscriber.name | length }}",
        "{{ subscriber.name.upper() }}",
        "{{ subscriber.name[0] }}",
        "{{ subscriber.name + 'x' }}",
        "{% for letter in subscriber.name %}x{% endfor %}",
        "{% set name = subscriber.name %}{{ name }}",
        "{{ 'x' if subscriber.address else 'y' }}",
        "{{ subscriber.name is defined }}",
        "{{ unsubscribe_url | replace('http', 'x') }}",
        "{{ unsubscribe_url == 'x' }}",
    ],
)
def test_what_could_never_be_filled_in_is_refused_with_file_line_and_the_way_to_write_it(
    tmp_path: Path, source: str
) -> None:
    (fault,) = templates(tmp_path, f"one\ntwo\n{source}\n").check()
    assert (fault.file, fault.line) == ("templates/email/x.html.j2", 3)
    assert re.search(r"differs from reader to reader: .* write \{\{ \S+ or \"…\" \}\}", fault.message)
    with pytest.raises(RenderError, match=r"templates/email/x\.html\.j2:3: "):
        Templates([tmp_path / "templates"]).render("email/x.html.j2", VALUES)


def test_our_own_templates_only_show_them() -> None:
    assert Templates(registry.template_folders(Path("/nonexistent"))).check() == []


def test_a_reader_without_a_name_is_greeted_by_the_usual_word_or_that_of_the_template(line: Line) -> None:
    from distributor.storage.tables import subscribers

    line.subscribe("moi")
    with line.store.write() as connection:
        connection.execute(subscribers.update().values(name=""))
    line.arrives("a")
    line.day()
    assert "Chào bạn đọc, số này có 1 tin." in text_of(line.mailbox("moi")[0])


def test_words_of_articles_are_never_a_slot() -> None:
    words = merge_fields.neutralize(f"{merge_tag('name')} @@slot:name.41@@")
    assert fill_text(words, NASTY) == words
    assert fill_html(words, NASTY) == words
