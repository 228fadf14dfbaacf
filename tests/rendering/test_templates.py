"""Templates: the newsroom's own first, errors with file and line, the sandbox, and merge fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distributor import merge_fields
from distributor.errors import RenderError
from distributor.i18n import Texts
from distributor.merge_fields import fill_html, fill_text, merge_tag
from distributor.model import Language
from distributor.plugins import registry
from distributor.rendering import templates as rendering_templates
from distributor.rendering.templates import Templates
from support.clocked_newsroom import Line, text_of

VALUES: dict[str, object] = {
    "title": "<b>Tin</b>",
    "items": [1, 2],
    "say": lambda key: Texts().translate(Language.VI, key),
}


class Own:
    """A newsroom's folder of templates, before ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        file = self.folder / "templates" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    @property
    def templates(self) -> Templates:
        return Templates(registry.template_folders(self.folder))

    def render(self, text: str, name: str = "page/mine.txt.j2") -> str:
        self.write(name, text)
        return self.templates.render(name, VALUES)


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


def test_a_file_of_the_newsroom_takes_the_place_of_ours(own: Own) -> None:
    own.write("post/article.txt.j2", "{{ title }} của chúng tôi")
    assert own.templates.render("post/article.txt.j2", VALUES) == "<b>Tin</b> của chúng tôi"


def test_a_part_of_the_newsroom_is_used_by_our_templates(own: Own) -> None:
    own.write("email/style.css", ".mine { color: #123456; }")
    own.write("page/mine.html.j2", '{% include "email/style.css" %}')
    assert own.templates.render("page/mine.html.j2", VALUES) == ".mine { color: #123456; }"


def test_html_is_escaped_and_text_is_not(own: Own) -> None:
    assert own.render("{{ title }}", "page/a.html.j2") == "&lt;b&gt;Tin&lt;/b&gt;"
    assert own.render("{{ title }}", "page/a.txt.j2") == "<b>Tin</b>"


def test_a_value_is_never_template_source(own: Own) -> None:
    own.write("page/a.txt.j2", "{{ title }}")
    assert own.templates.render("page/a.txt.j2", {"title": "{{ 7 * 7 }}{% raw %}"}) == "{{ 7 * 7 }}{% raw %}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n{{ titel }}", "templates/page/mine.txt.j2:2: 'titel' is undefined"),
        ("\n\n{{ say('nonsense') }}", "templates/page/mine.txt.j2:3: there is no translation for 'nonsense'"),
        (
            "{{ title }}\n{% include 'page/none.txt.j2' %}",
            "templates/page/mine.txt.j2:2: there is no template page/none.txt.j2",
        ),
        ("{{ title", "templates/page/mine.txt.j2:1: unexpected end of template"),
        ("\n{{ title | safe }}", "templates/page/mine.txt.j2:2: No filter named 'safe'."),
        ("{% for x in items %}\n{{ 1 / 0 }}{% endfor %}", "templates/page/mine.txt.j2:2: division by zero"),
    ],
)
def test_a_mistake_is_told_with_file_and_line_in_one_line(own: Own, text: str, message: str) -> None:
    with pytest.raises(RenderError, match="^" + re.escape(message)) as caught:
        own.render(text)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_an_included_part_is_told_with_the_name_of_the_part(own: Own) -> None:
    own.write("page/part.txt.j2", "\n{{ nobody }}")
    with pytest.raises(RenderError, match=r"^templates/page/part\.txt\.j2:2: 'nobody' is undefined"):
        own.render("{% include 'page/part.txt.j2' %}")


def test_a_template_that_is_not_there_is_named_with_the_folders(own: Own) -> None:
    with pytest.raises(RenderError, match=r"^there is no template page/none\.txt\.j2 in .*/templates"):
        own.templates.render("page/none.txt.j2", {})


def test_the_check_finds_every_mistake_at_once_and_none_in_ours(own: Own) -> None:
    assert own.templates.check() == []
    own.write("page/a.txt.j2", "\n{% if %}")
    own.write("post/article.txt.j2", "{{ title | titlecase }}")
    (own.folder / "templates" / "page" / "b.txt.j2").write_bytes(b"\xff")
    found = {fault.file: fault for fault in own.templates.check()}
    assert set(found) == {"templates/page/a.txt.j2", "templates/page/b.txt.j2", "templates/post/article.txt.j2"}
    assert found["templates/page/a.txt.j2"].line == 2
    assert "titlecase" in found["templates/post/article.txt.j2"].message


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ title['__class__'] }}",
    "{{ say.__globals__ }}",
    "{{ say.__code__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ [title] | map(attribute='__class__') | first }}",
    "{{ '{0.__class__}'.format(title) }}",
    "{{ '{t.__class__}'.format_map({'t': title}) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ range(10**9) }}",
    "{{ range(1000000000) | list }}",
    "{{ 'a' * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ 2 * 'a' }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a'.zfill(1000000000) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ [1] | batch(1000000000, 0) | list }}",
    "{{ items.append(3) }}",
    "{{ items.clear() }}",
    "{{ cycler }}",
    "{{ lipsum() }}",
    "{{ namespace() }}",
    "{{ title | safe }}",
    "{% include '/etc/hostname' %}",
    "{% include '../../../../../../../../etc/hostname' %}",
    "{% import 'os' as os %}",
    "{% for a in range(9999) %}{% for b in range(9999) %}aaaaaaaaaa{% endfor %}{% endfor %}",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_the_sandbox_refuses(own: Own, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_templates, "MAX_OUTPUT", 100_000)
    with pytest.raises(RenderError, match=r"mine\.txt\.j2|is not there"):
        own.render(text)
    assert VALUES["items"] == [1, 2]


def test_numbers_can_be_reckoned_with(own: Own) -> None:
    assert own.render("{{ 3 * items[1] + 7 % 4 }} {{ range(3) | join(',') }}") == "9 0,1,2"


MERGE_TAGS = {
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
    return fill_html(templates(folder, source).render("email/x.html.j2", MERGE_TAGS), {**NASTY, **reader})


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
    assert re.search(r"differs from subscriber to subscriber: .* write \{\{ \S+ or \"…\" \}\}", fault.message)
    with pytest.raises(RenderError, match=r"templates/email/x\.html\.j2:3: "):
        Templates([tmp_path / "templates"]).render("email/x.html.j2", MERGE_TAGS)


def test_our_own_templates_only_show_them() -> None:
    assert Templates(registry.template_folders(Path("/nonexistent"))).check() == []


def test_a_reader_without_a_name_is_greeted_by_the_usual_word_or_that_of_the_template(line: Line) -> None:
    from distributor.storage.tables import subscribers

    line.subscribe("moi")
    with line.store.write() as connection:
        connection.execute(subscribers.update().values(name=""))
    line.arrives("a")
    line.day()
    assert "Kính chào quý bạn đọc! Bản tin số này có 1 tin." in text_of(line.mailbox("moi")[0])


def test_words_of_articles_are_never_a_slot() -> None:
    words = merge_fields.neutralize(f"{merge_tag('name')} @@field:name.41@@")
    assert fill_text(words, NASTY) == words
    assert fill_html(words, NASTY) == words
