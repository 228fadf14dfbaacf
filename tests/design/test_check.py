"""The check of templates: every kind of mistake, in every template, is found with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distributor.channel import Digest
from distributor.design.check import (
    Asked,
    all_samples,
    check_templates,
    files_without_effect,
    follow_templates,
    what_is_asked,
)
from distributor.errors import ConfigError
from distributor.model import Language
from distributor.newsroom import Newsroom, open_newsroom
from distributor.plugins import registry
from distributor.rendering.templates import TemplateFault, Templates
from distributor.rendering.transactional import TRANSACTIONAL_TEMPLATES

OURS = Path(__file__).parents[2] / "templates"
CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example", theme: {accent: "#14532d", footer: [Giấy phép]}}
sources: {cong: {type: folder, folder: articles}}
web: {listen: "127.0.0.1:8080"}
attributes: {place: {label: {vi: Nơi ở, en: Place}}}
newsletters:
  tin-sang: {title: Tin sáng, schedule: every day at 07:00, channels: [mail], sections: [Kinh tế, Y tế]}
  weekly: {title: Weekly, language: en, schedule: monday at 07:00, channels: [mail]}
channels: {mail: {type: email, sender: "a@bacson.example", maildir: var/mail}}
"""


class Designer:
    """A newsroom with templates of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "articles").mkdir()
        (folder / "templates").mkdir()
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        file = self.folder / "templates" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    @property
    def templates(self) -> Templates:
        return Templates(registry.template_folders(self.folder))

    @property
    def newsroom(self) -> Newsroom:
        return open_newsroom(self.folder / "config.yaml")

    def faults(self) -> list[TemplateFault]:
        return check_templates(self.newsroom)


@pytest.fixture
def designer(tmp_path: Path) -> Designer:
    return Designer(tmp_path)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """What the program gives templates; it does not depend on them."""
    return what_is_asked(Designer(tmp_path_factory.mktemp("newsroom")).newsroom)


def test_our_own_templates_have_no_fault(designer: Designer) -> None:
    """So a template that gets a value which the samples do not know is found here."""
    assert designer.faults() == []


def test_the_samples_have_every_value_that_an_email_may_have(asked: Asked) -> None:
    given: dict[str, set[str]] = {}
    for name, values in asked:
        given.setdefault(name, set()).update(key for key, value in values.items() if value)
    for template, stated in TRANSACTIONAL_TEMPLATES.items():
        wanted = {*stated.required, *stated.optional} - {"article"} - ({"unsubscribe_url"} & {*stated.optional})
        assert wanted <= given[f"{template}.html.j2"], template
    digest = [values for name, values in asked if name == "email/digest.html.j2"]
    assert set(digest[0]) <= given["email/digest.html.j2"]


# -- every kind of mistake in every template -----------------------------------------------------------------------------

TEMPLATES = sorted(path.relative_to(OURS).as_posix() for path in OURS.rglob("*.*"))
_MACROS = '{% from "email/parts/macros.html.j2" import '
# A line of a template → what is said of it.
MISTAKES = {
    "variable": ("{{ nobody }}", r"there is no variable `nobody`.*; there are \w+, "),
    "variable in a branch never taken": ("{% if 1 == 2 %}{{ nobdy }}{% endif %}", r"there is no variable `nobdy`"),
    "theme": ("{% if 1 == 2 %}{{ theme.inkk }}{% endif %}", r"theme has no `inkk`; it has accent, background, "),
    "site": ("{% if 1 == 2 %}{{ site.titel }}{% endif %}", r"site has no `titel`; did you mean `title`\?; it has "),
    "newsletter": (
        "{% if newsletter %}{{ newsletter.titel }}{% endif %}",
        r"newsletter has no `titel`; did you mean `ti",
    ),
    "colors": ("{% if 1 == 2 %}{{ colors.acent }}{% endif %}", r"colors has no `acent`; did you mean `accent`\?"),
    "wording key": ('{% if 1 == 2 %}{{ say("unsubscrib") }}{% endif %}', r"'unsubscrib'; did you mean 'unsubscribe'\?"),
    "one of two wording keys": (
        '{{ say("unsubscribe" if language else "prefernces") }}',
        r"'prefernces'; did you mean 'preferences'\?",
    ),
    "value of a text": ('{% if 1 == 2 %}{{ say("contact") }}{% endif %}', r"the text 'contact' needs contact: “"),
    "imported macro": (
        _MACROS + "buton %}",
        r"email/parts/macros\.html\.j2 has no macro `buton`; did you mean `button`\?",
    ),
    "arguments of a macro": (
        _MACROS + 'button as b with context %}{% if 1 == 2 %}{{ b("x") }}{% endif %}',
        r"button\(\) needs `\w+`; it takes ",
    ),
    "named argument of a macro": (
        _MACROS + 'button as b with context %}{% if 1 == 2 %}{{ b("x", txt="y") }}{% endif %}',
        r"button\(\) takes no `txt`; did you mean `text`\?",
    ),
    "call of a macro": (
        _MACROS + "row as r with context %}{% if 1 == 2 %}{{ r(3) }}{% endif %}",
        r"row\(\) needs what stands between: \{% call",
    ),
    "arguments of a function": ('{% if 1 == 2 %}{{ long_date("today") }}{% endif %}', r"'str' object has no attribute"),
    "filter": (
        "{% if 1 == 2 %}{{ site.title | uper }}{% endif %}",
        r"there is no filter `uper`; did you mean `upper`\?",
    ),
    "test": ("{% if 1 == 2 %}{{ 1 is od }}{% endif %}", r"there is no test `od`; did you mean `odd`\?"),
    "include": (
        '{% if 1 == 2 %}{% include "email/styl.css" %}{% endif %}',
        r"no template email/styl\.css; did you mean `em",
    ),
    "import": (
        '{% import "email/parts/macros.htm.j2" as m %}',
        r"there is no template email/parts/macros\.htm\.j2; did",
    ),
    "division by zero": ("{% if 1 == 2 %}{{ 1 / 0 }}{% endif %}", r"division by zero"),
    "loop over a number": ("{% if 1 == 2 %}{% for x in 5 %}{% endfor %}{% endif %}", r"5 is no list"),
    "attribute to group by": (
        "{% if 1 == 2 %}{% for a, b in [site] | groupby('titel') %}{% endfor %}{% endif %}",
        r"no attribute 'titel'",
    ),
    "attribute to sort by": (
        "{% if 1 == 2 %}{{ [site] | sort(attribute='titel') }}{% endif %}",
        r"no attribute 'titel'",
    ),
    "names for what is no list": (
        "{% if 1 == 2 %}{% for a, b in [1, 2] %}{% endfor %}{% endif %}",
        r"it cannot be divided into 2 names",
    ),
    "default of a macro": ("{% macro mine(a=theme.inkk) %}{{ a }}{% endmacro %}", r"theme has no `inkk`"),
    "calling what is no function": ('{% if 1 == 2 %}{{ site.title("x") }}{% endif %}', r"site\.title cannot be called"),
}
_OF_STAFF = (
    "page/preview.html.j2",
    "page/samples.html.j2",
    "page/parts/preview.css",
    "page/parts/preview.js.j2",
)  # get values of their own
_OPENS = re.compile(r"\{%-? (?:block|macro) (?!.*(?:endblock|endmacro))")


def spoil(designer: Designer, name: str) -> int:
    """Write all mistakes into a copy of one of our templates where they are rendered: within its first block or macro, or at
    the end. Returns the line of the first."""
    lines = (OURS / name).read_text(encoding="utf-8").splitlines()
    at = next((number for number, line in enumerate(lines, start=1) if _OPENS.match(line)), len(lines))
    mistakes = [mistake for mistake, _ in MISTAKES.values()]
    designer.write(name, "\n".join([*lines[:at], *mistakes, *lines[at:]]) + "\n")
    return at + 1


@pytest.fixture(scope="module")
def told(asked: Asked, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """What is said of each line of all our templates, each with every mistake: counted from the first mistake."""
    designer = Designer(tmp_path_factory.mktemp("spoiled"))
    first = {f"templates/{name}": spoil(designer, name) for name in TEMPLATES}
    found: dict[str, dict[int, str]] = {file.removeprefix("templates/"): {} for file in first}
    for fault in follow_templates(designer.templates, asked):
        assert fault.line is not None
        found[fault.file.removeprefix("templates/")][fault.line - first[fault.file]] = fault.message
    return found


@pytest.mark.parametrize("kind", MISTAKES)
def test_every_kind_of_mistake_in_every_template_is_told_with_its_line(
    kind: str, told: dict[str, dict[int, str]]
) -> None:
    place, (_, words) = list(MISTAKES).index(kind), MISTAKES[kind]
    for name, found in told.items():
        expected = words + (r"|there is no variable" if name in _OF_STAFF else "")
        assert re.search(expected, found.get(place, "nothing")), f"{name}: {found.get(place)}"


def test_nothing_else_is_told_of_them(told: dict[str, dict[int, str]]) -> None:
    assert {name: sorted(found) for name, found in told.items()} == {
        name: [*range(len(MISTAKES))] for name in TEMPLATES
    }


# -- what is seen only by rendering, or only in an own template ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\n{{ edition.number / edition.overflow }}", 2, "division by zero"),
        (
            "{% for a in range(9999) %}\n{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            2,
            "more than 100000 numbers",
        ),
        ("\n{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", 2, "maximum recursion depth exceeded"),
        ("\n\n{{ newsletter.description[500] }}", 3, "500"),
    ],
)
def test_what_fails_for_some_values_only_is_found_by_rendering(
    designer: Designer, text: str, line: int, words: str
) -> None:
    designer.write("email/digest.txt.j2", text)
    (fault,) = designer.faults()
    assert (fault.file, fault.line) == ("templates/email/digest.txt.j2", line)
    assert words in fault.message


@pytest.mark.parametrize(
    ("rule", "words"), [(".mine { color: red; ", "does not end: a } is missing"), ("}", "there is a } too many")]
)
def test_a_brace_of_a_style_sheet_that_is_missing_or_too_many_is_told(
    designer: Designer, rule: str, words: str
) -> None:
    lines = {}
    for name in ("email/parts/dark.css.j2", "email/style.css", "page/parts/style.css"):
        text = (OURS / name).read_text(encoding="utf-8").replace("{% else %}", "{% endif %}{% if 1 %}")
        designer.write(name, f"{text}\n{rule}\n")
        lines[f"templates/{name}"] = len(text.splitlines()) + 2
    told = [one for one in designer.faults() if "}" in one.message]
    assert {one.file: one.line for one in told} == lines
    assert len(told) == len(lines) and all(words in one.message for one in told)


def test_a_comment_of_a_style_sheet_that_does_not_end_is_told(designer: Designer) -> None:
    designer.write("email/style.css", "p { color: red }\n/* ours\n.mine { color: red }\n")
    (fault,) = (one for one in designer.faults() if "comment" in one.message)
    assert (fault.file, fault.line) == ("templates/email/style.css", 2)


@pytest.mark.parametrize("lost", ["{{ site.title }}", "<p>Tin</p>", "<!-- a\nb -->\n<p>Tin</p>"])
def test_what_stands_outside_of_the_blocks_is_told(designer: Designer, asked: Asked, lost: str) -> None:
    designer.write("email/digest.html.j2", f'{{% extends "default/email/digest.html.j2" %}}\n<!-- ours -->\n\n{lost}')
    (fault,) = follow_templates(designer.templates, asked)
    assert (fault.file, fault.line) == ("templates/email/digest.html.j2", 4 + 2 * lost.startswith("<!--"))
    assert "it is not shown" in fault.message


@pytest.mark.parametrize("ending", ["html", "txt"])
def test_a_block_within_one_that_is_overridden_is_no_mistake(designer: Designer, asked: Asked, ending: str) -> None:
    name = f"email/digest.{ending}.j2"
    designer.write(name, f'{{% extends "default/{name}" %}}\n{{% block content %}}{{{{ site.title }}}}{{% endblock %}}')
    assert follow_templates(designer.templates, asked) == []


def test_a_mistake_within_a_macro_that_nothing_calls_is_found(designer: Designer, asked: Asked) -> None:
    designer.write("email/parts/mine.html.j2", "{% macro card(story) %}\n{{ say('wyh') }}\n{% endmacro %}")
    (fault,) = follow_templates(designer.templates, asked)
    assert (fault.file, fault.line) == ("templates/email/parts/mine.html.j2", 2)
    assert "did you mean 'why'?" in fault.message


def test_a_template_of_ones_own_may_get_any_value_but_no_wrong_one(designer: Designer, asked: Asked) -> None:
    designer.write("email/thanks.html.j2", "{{ gift }}{{ gift.name }}\n{{ theme.inkk }}")
    (fault,) = follow_templates(designer.templates, asked)
    assert (fault.file, fault.line) == ("templates/email/thanks.html.j2", 2)


def test_our_templates_are_told_from_those_of_the_newsroom(designer: Designer, asked: Asked) -> None:
    """A part of its own that lacks what ours use: the lines at fault are ours."""
    designer.write("email/parts/macros.txt.j2", "{% macro section(title) %}{{ title }}{% endmacro %}")
    told = follow_templates(designer.templates, asked)
    assert {one.file for one in told} >= {"default/email/digest.txt.j2"}
    assert all("email/parts/macros.txt.j2 has no macro `" in one.message for one in told)


RIGHT = [
    "{{ thanks | default('…') }}",
    "{% if thanks is defined %}{{ thanks.name }}{% endif %}",
    "{{ thanks.name if thanks is defined }}",
    "{% if thanks is not defined or thanks.name %}x{% endif %}",
    "{% if thanks is defined and thanks.name %}x{% endif %}",
    "{% set mine = stories | map(attribute='title') | join(', ') %}{{ mine | upper }}",
    "{% for story in stories %}{{ loop.index }}{{ loop.previtem.title if not loop.first }}{% endfor %}",
    "{% for story in stories if story.image %}{{ story.image.at(300).url }}{% else %}{{ site.title }}{% endfor %}",
    "{% for heading, some in stories | groupby('topic') %}{{ heading }}{{ some[0].title }}{% endfor %}",
    "{% macro mine(a, b=none) %}{{ a }}{{ b }}{{ varargs }}{% endmacro %}{{ mine(1, 2, 3) }}",
    "{% macro mine() %}{{ caller(1) }}{% endmacro %}{% call(x) mine() %}{{ x }}{% endcall %}",
    "{% filter upper %}{{ site.title }}{% endfilter %}{% with a = 1 %}{{ a + 1 }}{% endwith %}",
    "{% set words %}{{ site.title }}{% endset %}{{ words | length }}",
    "{{ subscriber.name or 'bạn đọc' }} {{ subscriber.place | default('–') }}",
    "{{ say('kind_' ~ edition.kind) if edition.kind in ('daily', 'weekly') }}",
    "{{ (date ~ ' · ' ~ say('edition', number=edition.number)) | wrapped }}",
    "{% include ['email/none.txt.j2', 'email/parts/none.txt.j2'] ignore missing %}",
    "{{ edition.frozen_at.strftime('%H') }}{{ clock(edition.frozen_at) }}{{ first.image.width if first.image }}",
]


def test_what_is_right_is_not_found_fault_with(designer: Designer, asked: Asked) -> None:
    """All at once, each in a block of its own, where nothing that another has set is known; a fault would name its line."""
    blocks = [f"{{% block right_{number} %}}{text}{{% endblock %}}" for number, text in enumerate(RIGHT)]
    designer.write("email/digest.txt.j2", "\n".join(blocks))
    assert [(one.line, one.message) for one in follow_templates(designer.templates, asked)] == []


def test_faults_in_blocks_beside_each_other_are_all_found(designer: Designer, asked: Asked) -> None:
    """So the test above would find each."""
    blocks = [
        f"{{% block wrong_{number} %}}{text}{{{{ nobody }}}}{{% endblock %}}" for number, text in enumerate(RIGHT)
    ]
    designer.write("email/digest.txt.j2", "\n".join(blocks))
    found = [one.line for one in follow_templates(designer.templates, asked)]
    assert found == [*range(1, len(RIGHT) + 1)]


# -- the templates that come with the program ----------------------------------------------------------------------------


def test_a_template_of_the_same_name_extends_the_one_that_comes_with_the_program(designer: Designer) -> None:
    designer.write(
        "email/digest.html.j2",
        '{% extends "default/email/digest.html.j2" %}\n{% block after_stories %}{{ site.title }}!{% endblock %}\n'
        "{% block before_stories %}<p>{{ super() }}{{ edition.numbr }}</p>{% endblock %}",
    )
    (fault,) = designer.faults()
    assert (fault.file, fault.line) == ("templates/email/digest.html.j2", 3)
    assert fault.message.startswith("edition has no `numbr`; did you mean `number`?")


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            "{% block after_storys %}x{% endblock %}",
            "no template above has a block `after_storys`; did you mean `after_stories`?",
        ),
        (
            "{% block after_stories %}{{ self.contnt() }}{% endblock %}",
            "there is no block `contnt`; did you mean `content`?",
        ),
    ],
)
def test_a_block_that_no_template_above_has_is_told(designer: Designer, asked: Asked, block: str, words: str) -> None:
    designer.write("email/digest.html.j2", f'{{% extends "default/email/digest.html.j2" %}}\n{block}')
    (fault,) = follow_templates(designer.templates, asked)
    assert (fault.file, fault.line) == ("templates/email/digest.html.j2", 2)
    assert words in fault.message


def test_a_template_that_extends_itself_is_told(designer: Designer) -> None:
    designer.write("email/digest.html.j2", '\n{% extends "email/digest.html.j2" %}')
    with pytest.raises(ConfigError) as caught:
        designer.faults()
    assert str(caught.value) == (
        'templates/email/digest.html.j2:2: it extends itself; write {% extends "default/email/digest.html.j2" %} '
        "for the one that comes with the program"
    )


def test_two_templates_that_extend_each_other_are_told(designer: Designer, asked: Asked) -> None:
    designer.write("email/digest.html.j2", '{% extends "email/mine.html.j2" %}')
    designer.write("email/mine.html.j2", '\n{% extends "email/digest.html.j2" %}')
    (fault,) = follow_templates(designer.templates, asked)
    assert (fault.file, fault.line) == ("templates/email/mine.html.j2", 2)
    assert "it extends itself, by way of email/digest.html.j2" in fault.message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "email/digest.html.jinja",
            "templates/email/digest.html.jinja overrides nothing; did you mean email/digest.html.j2?",
        ),
        ("digest.html.j2", "templates/digest.html.j2 overrides nothing; did you mean email/digest.html.j2?"),
        (
            "email/Digest.html.j2",
            "templates/email/Digest.html.j2 overrides nothing; did you mean email/digest.html.j2?",
        ),
        (
            "email/corection.txt.j2",
            "templates/email/corection.txt.j2 overrides nothing; did you mean email/correction.txt.j2?",
        ),
        ("email/styles.css", "templates/email/styles.css overrides nothing; did you mean email/style.css?"),
        ("email/thanks.html.j2", ""),
        ("email/digest.html.j2", ""),
        ("README.md", ""),
        ("email/.digest.html.j2.swp", ""),
    ],
)
def test_a_file_without_effect_is_told_with_the_name_it_nearly_has(designer: Designer, name: str, words: str) -> None:
    designer.write(name, "x")
    assert "".join(files_without_effect(designer.templates)) == words


def test_a_part_that_an_own_template_uses_has_an_effect(designer: Designer) -> None:
    designer.write("email/digests.html.j2", "x")
    designer.write("email/digest.html.j2", '{% include "email/digests.html.j2" %}')
    assert files_without_effect(designer.templates) == []


# -- wording -------------------------------------------------------------------------------------------------------------


def test_own_wording_is_in_every_email_and_page(designer: Designer) -> None:
    wording = "wording: {vi: {unsubscribe: Thôi nhận, home: Trang nhà, other_topics: Chuyện khác}}\n"
    (designer.folder / "config.yaml").write_text(CONFIG + wording, encoding="utf-8")
    newsroom = designer.newsroom
    made = {
        (one.template, one.language): one.render(newsroom.templates)
        for one in all_samples(newsroom)
        if one.template in ("email/digest", "page/home.html.j2") and not one.case
    }
    vietnamese, english = made["email/digest", Language.VI], made["email/digest", Language.EN]
    assert isinstance(vietnamese, Digest) and isinstance(english, Digest)
    assert "Thôi nhận" in vietnamese.html and "Thôi nhận" in vietnamese.text and "Chuyện khác" in vietnamese.html
    assert "Thôi nhận" not in english.html
    assert "Trang nhà" in str(made["page/home.html.j2", Language.VI])


def test_wrong_wording_is_told_with_its_line(designer: Designer) -> None:
    wording = "wording:\n  vi:\n    unsubscrib: x\n    greeting: Chào {nam}\n"
    (designer.folder / "config.yaml").write_text(CONFIG + wording, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        _ = designer.newsroom
    first = len(CONFIG.splitlines()) + 3
    assert str(caught.value).splitlines() == [
        f"config.yaml:{first}: wording.vi.unsubscrib: there is no text 'unsubscrib'; did you mean 'unsubscribe'?",
        f"config.yaml:{first + 1}: wording.vi.greeting: the text has no place {{nam}}; did you mean {{name}}?",
    ]
