"""The gate: a clean letter passes it clean, and each fault is found, by its name, alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import NOW
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from preflight_cases import CASES, SUBJECT, WAY_OUT, Case, changed, clean, only, put, style
from test_mail_message import headline
from test_preflight_links import JUDGED

from distributor.mail.address import Mailbox
from distributor.mail.message import build
from distributor.preflight.css import DARK, LIGHT, PHONE
from distributor.preflight.findings import CHECKS, SHOWN, Severity, blocking
from distributor.preflight.letter import Context, examine, links_of
from distributor.preflight.page import read_page


def context(**changes: Any) -> Context:
    return Context(**{"subject": SUBJECT, "now": NOW, "hosts": frozenset({"bacson.example"}), **changes})


def test_a_clean_letter_passes_clean() -> None:
    assert examine(build(clean()), context()) == []


# -- each check fires on its own fault, and no other does --------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.what}")
def test_each_fault_is_found_by_its_own_check_alone(case: Case) -> None:
    found = examine(case.made(), context(**(case.meant or {})))
    assert {one.check for one in found} == {case.check} | case.also, found
    for one in found:
        assert one.severity is CHECKS[one.check].severity
        assert one.message.isprintable()
        assert one.where.isprintable()


def test_every_check_has_a_case() -> None:
    of_the_newsroom = {"placeholder", "placeholder-beside", "sample-article"}  # see test_placeholders.py
    of_the_links = {check for found, _ in JUDGED for check in found}
    assert {case.check for case in CASES} | of_the_links | of_the_newsroom == set(CHECKS)


# -- what is no fault --------------------------------------------------------------------------------------------------

FINE: dict[str, Callable[[str], str]] = {
    "an ornament has no words": put('<img src="https://bacson.example/x.png" alt="" role="presentation" width="9">'),
    "a table of data has no role": put("<table><tr><th>Xã</th></tr><tr><td>38 km</td></tr></table>"),
    "a mail link to the desk": put('<p><a href="mailto:toasoan@bacson.example?subject=Tin">Viết cho tòa soạn</a></p>'),
    "hidden words may be small and pale": put('<div style="display:none;font-size:1px;color:#ffffff">Tin</div>'),
    "a picture as ground, on which nobody can measure": put('<p style="background: url(a.png); color: #fff">Tin</p>'),
    "a colour that nobody here knows": put('<p style="color: hsl(0 0% 99%)">Tin</p>'),
    "large words need less contrast": put('<p style="font-size: 26px; color: #7f7f7f">Lớn</p>'),
    "a family of emoji is joined": put("<p>\U0001f468\u200d\U0001f469\u200d\U0001f467</p>"),
    "small words that only print has": style("@media print { .lead { font-size: 8px !important } }"),
    "an attribute that programs of Microsoft know": put("<!--[if mso]><p style='font-size:8px'>x</p><![endif]-->"),
}  # fmt: skip


@pytest.mark.parametrize("what", FINE)
def test_what_is_no_fault_is_not_found(what: str) -> None:
    one = replace(clean(), html=changed(clean().html, FINE[what]))
    assert examine(build(one), context()) == []


def test_in_two_parts_one_address_may_be_written_in_two_ways() -> None:
    """The header has the link in ASCII, the page as people write it (RFC 3987)."""
    written = "https://bắc-sơn.vn/ngừng?tên=lân"
    one = replace(
        clean(),
        unsubscribe_url=written,
        html=clean().html.replace(WAY_OUT, written),
        text=clean().text.replace(WAY_OUT, written),
    )
    assert examine(build(one), context(hosts=frozenset({"xn--bc-sn-xob6713c.vn"}))) == []


def test_an_article_s_address_may_have_letters() -> None:
    """The page's serialiser writes them in ASCII, the text part has them as they are."""
    page = put('<h2><a href="https://x.vn/%C4%91%C6%B0%E1%BB%9Dng?t=%C3%A9&amp;u=1%2C2">Đường</a></h2>')(clean().html)
    text = clean().text + "\nĐường\nhttps://x.vn/đường?t=é&u=1%2C2\n"
    assert examine(build(replace(clean(), html=page, text=text)), context()) == []
    other = text.replace("%2C2", "%2C3")
    assert [one.check for one in examine(build(replace(clean(), html=page, text=other)), context())] == ["text-stories"]


def test_our_own_hosts_are_no_placeholders() -> None:
    """A newsroom that tries things out on one machine."""
    here = put('<p><a href="http://localhost:8000/tin">Tin</a></p>')
    one = replace(clean(), html=here(clean().html), text=clean().text + "\nhttp://localhost:8000/tin\n")
    assert {found.check for found in examine(build(one), context())} == {"link-placeholder"}
    assert examine(build(one), context(hosts=frozenset({"bacson.example", "localhost"}))) == []


def test_a_link_is_not_taken_for_a_longer_one() -> None:
    """/tin/a1 is not in a text that only holds /tin/a10."""
    one = replace(clean(), text=clean().text.replace("/tin/a1\n", "/tin/a10\n"))
    (found,) = examine(build(one), context())
    assert found.check == "text-stories"
    assert "https://bacson.example/tin/a1," in found.message


def test_many_faults_of_one_kind_are_told_in_short() -> None:
    found = examine(build(replace(clean(), html=put('<p><a href="/x">Tin</a></p>' * 40)(clean().html))), context())
    assert len(found) == 1  # all on one line, in the same words: one fault
    many = "".join(f'<p><a href="/x{i}">Tin</a></p>' for i in range(40))
    found = examine(build(replace(clean(), html=put(many)(clean().html))), context())
    assert len(found) == SHOWN + 1
    assert found[-1].message == "and 35 more of this kind"
    assert "“Tin”" in found[0].where
    assert re.match(r"line \d+ of the HTML", found[0].where)


def test_the_limit_of_size_is_a_setting() -> None:
    octets = len(clean().html.encode().replace(b"\n", b"\r\n"))
    assert examine(build(clean()), context(size_limit=octets)) == []
    assert {found.check for found in examine(build(clean()), context(size_limit=octets - 1))} == {"size"}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        context(now=NOW.replace(tzinfo=None))


def test_what_is_forced_does_not_block() -> None:
    found = examine(build(replace(clean(), html=only("<p>Tin</p>")(clean().html), message_id="abc")), context())
    assert {one.check for one in found} >= {"message-id", "little-text"}
    assert [one.check for one in blocking(found)] == ["message-id"]
    assert blocking(found, ["message-id"]) == []
    with pytest.raises(ValueError, match="there is no check 'mesage-id'; there are: parts, "):
        blocking(found, ["mesage-id"])


def test_the_links_to_ask_are_those_of_the_page_without_the_reader_s_own() -> None:
    links = links_of(build(clean()))
    stories = [f"https://bacson.example/tin/{name}" for name in ("a0", "a1", "a3", "a5", "a2", "a4", "b")]
    assert links == [*stories, "https://bacson.example"]
    assert links_of(b"") == []


def test_the_letter_is_left_as_it_is() -> None:
    assert Severity.BLOCK in {check.severity for check in CHECKS.values()}
    data = build(clean())
    assert examine(data, context()) == examine(bytes(data), context())


# -- looks -------------------------------------------------------------------------------------------------------------


def look(html: str, screen: Any = LIGHT) -> tuple[str, str, float, bool]:
    """Colour, ground, size and boldness of the element with the id x."""
    page = read_page(html)
    assert page
    (element,) = page.root.xpath("//*[@id='x']")
    found = page.looks[screen][element]
    return str(found.colour), str(found.ground), found.size, found.bold


@pytest.mark.parametrize(
    ("css", "inline", "colour"),
    [
        ("", "", "#000000"),
        ("p { color: #111 }", "", "#111111"),
        ("p { color: #111 } .a { color: #222 }", "", "#222222"),
        (".a { color: #222 } p { color: #111 }", "", "#222222"),  # a class weighs more, wherever it stands
        (".a { color: #222 } .a { color: #333 }", "", "#333333"),
        (".a { color: #222 }", "color: #444", "#444444"),
        (".a { color: #222 !important }", "color: #444", "#222222"),
        (".a { color: #222 !important }", "color: #444 !important", "#444444"),
        ("div .a, h1 { color: #222 }", "", "#222222"),
        ("td .a { color: #222 }", "", "#000000"),
        (".a:nonsense( { color: #222 }", "", "#000000"),
        ("/* .a { color: #222 } */", "", "#000000"),
        ("@media print { .a { color: #222 } } .a { color: rgb(1, 2, 3) }", "", "#010203"),
        ("@media screen and (min-width: 600px) { .a { color: navy } }", "", "#000080"),
        ("@media (max-width: 600px), (prefers-color-scheme: light) { .a { color: #333 } }", "", "#333333"),
        (".a { color: rgba(0, 0, 0, 0.5) }", "", "#808080"),
        (".a { color: rgb(0 0 0 / 50%) }", "", "#808080"),
        (".a { color: #00000080 }", "", "#7f7f7f"),
        (".a { color: var(--x) }", "", "None"),
    ],
)
def test_colours_follow_the_cascade(css: str, inline: str, colour: str) -> None:
    assert look(f"<style>{css}</style><div><p class=a id=x style='{inline}'>x</p></div>")[0] == colour


def test_the_ground_is_that_of_the_nearest_element_that_has_one() -> None:
    card = "<body bgcolor=eef0f2><table bgcolor='#ffffff'><tr><td style='background: #123 none'><p id=x>x</p>"
    assert look(card)[1] == "#112233"
    assert look(card.replace("background: #123 none", "background: transparent"))[1] == "#ffffff"
    assert look(card.replace("background: #123 none", "background: rgba(0,0,0,.5)"))[1] == "#808080"
    assert look(card.replace("background: #123 none", "background: #123 url(a.png)"))[1] == "None"
    assert look("<p id=x>x</p>")[1] == "#ffffff"


def test_dark_mode_has_its_own_rules_and_its_own_ground() -> None:
    html = "<style>.a { color: #111 } @media (prefers-color-scheme: dark) { .a { color: #eee !important } }</style>"
    html += "<p class=a id=x style='color: #111'>x</p>"
    assert look(html)[0] == "#111111"
    assert look(html, DARK)[:2] == ("#eeeeee", "#ffffff")  # a page that does not know dark mode stays on white
    knows = '<meta name="color-scheme" content="light dark">'
    assert look(knows + html, DARK)[:2] == ("#eeeeee", "#121212")


def test_sizes_are_in_pixels_whatever_they_are_written_in() -> None:
    for css, size in (("9pt", 12), ("1.5em", 30), ("80%", 16), ("2rem", 32), ("small", 13), ("inherit", 20), ("", 20)):
        assert look(f"<div style='font-size:20px'><p id=x style='font-size:{css}'>x</p></div>")[2] == size
    assert look("<h1 id=x>x</h1>")[2:] == (32.0, True)
    phone = "<style>@media (max-width: 400px) { #x { font-size: 11px } }</style><p id=x>x</p>"
    assert (look(phone)[2], look(phone, PHONE)[2]) == (16, 11)


# -- wild input --------------------------------------------------------------------------------------------------------


def test_three_thousand_headlines_pass_as_subjects() -> None:
    """What `mail.message` folds is read back by the gate's own reader: no space lost, no word too long."""
    chance = random.Random(1945)
    small = replace(clean(), text="x", html="<p>x</p>")
    for _ in range(3000):
        subject, name = headline(chance), headline(chance)
        data = build(replace(small, subject=subject, sender=Mailbox(name, "tin@bacson.example")))
        found = examine(data, context(subject=subject))
        assert {"subject", "encoded-word", "sender", "long-line", "line-ends", "parts"}.isdisjoint(
            one.check for one in found
        ), subject


@effort(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.text(max_size=40))
def test_no_bytes_at_all_make_the_gate_fail(data: bytes, subject: str) -> None:
    assert blocking(examine(data, context(subject=subject)))


@effort(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_to_a_letter_makes_the_gate_fail(data: st.DataObject) -> None:
    letter = build(clean())
    head = letter[: letter.index(b"\r\n\r\n") + 2000]
    place = data.draw(st.integers(0, len(head)))
    wild = st.binary(max_size=20) | st.sampled_from(
        [
            b"\r\n",
            b"=?utf-8?b?",
            b"=?x?q?=",
            b"?=",
            b"<",
            b"\0",
            b'"',
            b"(",
            b";",
            b"boundary=",
            b"charset*=x'",
            b"--",
            b"=FF",
            b"<https://\xe1x>",
            b"\xff",
        ]
    )
    cut = place + data.draw(st.integers(0, 60))
    examine(letter[:place] + data.draw(wild) + letter[cut:], context())


PIECES = st.lists(
    st.sampled_from(
        [
            "<a href='",
            "'>",
            "<style>",
            "</style>",
            "@media (",
            "{",
            "}",
            ";",
            "color:",
            "#12",
            "rgb(1,",
            ")",
            "<img ",
            "<h1>",
            "<!--",
            "-->",
            "<table>",
            "<td bgcolor=",
            "&#0;",
            "&#xd800;",
            "http://[",
            "mailto:",
            ":",
            "*",
            ">",
            "<body",
            " style='",
            "font-size:",
            "9em",
            ".",
            ".a",
            "::before",
            "[",
            "@@slot:",
            "{{",
            "%",
            "\ud800",
        ]
    )
    | st.text(max_size=6),
    max_size=40,
).map("".join)


@effort(max_examples=300, deadline=None)
@given(PIECES, PIECES)
def test_no_page_makes_the_gate_fail(html: str, css: str) -> None:
    page = f"<html><head><style>{css}</style></head><body>{html}</body></html>"
    words = page.encode("utf-8", "replace").decode()
    examine(build(replace(clean(), html=words, text=html.encode("utf-8", "replace").decode())), context())
    read_page(page)


def test_a_deep_page_is_read_in_good_time() -> None:
    deep = "<div>" * 20_000 + "x"
    nested = "<style>" + "@media screen {" * 5_000 + "</style>" + "<style>" + "(" * 20_000 + "a{b:c}</style>"
    examine(build(replace(clean(), html=deep)), context())
    examine(build(replace(clean(), html=nested + "<p>x</p>")), context())


# -- the page on it ----------------------------------------------------------------------------------------------------


def test_the_documentation_lists_every_check_as_it_is() -> None:
    page = (Path(__file__).parent.parent / "docs" / "preflight.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (block|warn) \| (.+?) \|$", page, re.MULTILINE)
    escaped = {name: check.sentence.replace("|", "\\|") for name, check in CHECKS.items()}
    assert rows == [(name, check.severity.value, escaped[name]) for name, check in CHECKS.items()]
