"""Preflight: a clean email has no findings, and each fault is found by its own check alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from distributor.mail.address import Mailbox
from distributor.mail.message import build_message
from distributor.preflight.checks import check_message, links_in_message
from distributor.preflight.findings import CHECKS, MAX_PER_CHECK, Severity, blocking_findings
from distributor.preflight.parsed_message import CheckContext, parse_page
from preflight.link_answers import JUDGED
from preflight.preflight_cases import CASES, SUBJECT, WAY_OUT, Case, changed, clean, only, put, style
from support.builders import NOW
from support.effort import examples
from support.headlines import headline


def context(**changes: Any) -> CheckContext:
    return CheckContext(**{"subject": SUBJECT, "now": NOW, "hosts": frozenset({"bacson.example"}), **changes})


def test_a_clean_letter_passes_clean() -> None:
    assert check_message(build_message(clean()), context()) == []


# -- each check fires on its own fault, and no other does --------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.what}")
def test_each_fault_is_found_by_its_own_check_alone(case: Case) -> None:
    found = check_message(case.made(), context(**(case.meant or {})))
    assert {one.check for one in found} == {case.check} | case.also, found
    for one in found:
        assert one.severity is CHECKS[one.check].severity
        assert one.message.isprintable()
        assert one.where.isprintable()


def test_every_check_has_a_case() -> None:
    of_the_newsroom = {
        "placeholder",
        "placeholder-local",
        "sample-article",
        "wording",
    }  # see test_config_keys.py, test_wording.py
    of_the_links = {check for found, _ in JUDGED for check in found}
    assert {case.check for case in CASES} | of_the_links | of_the_newsroom == set(CHECKS)


# -- what is no fault --------------------------------------------------------------------------------------------------

FINE: dict[str, Callable[[str], str]] = {
    "an ornament has no words": put('<img src="https://bacson.example/x.png" alt="" role="presentation" width="9">'),
    "a table of data has no role": put("<table><tr><th>Xã</th></tr><tr><td>38 km</td></tr></table>"),
    "a mail link to the newsroom": put('<p><a href="mailto:toasoan@bacson.example?subject=Tin">Viết cho tòa soạn</a></p>'),
    "hidden words may be small and pale": put('<div style="display:none;font-size:1px;color:#ffffff">Tin</div>'),
    "a picture as ground, on which nobody can measure": put('<p style="background: element(a); color: #fff">Tin</p>'),
    "a colour that nobody here knows": put('<p style="color: hsl(0 0% 99%)">Tin</p>'),
    "large words need less contrast": put('<p style="font-size: 26px; color: #7f7f7f">Lớn</p>'),
    "a family of emoji is joined": put("<p>\U0001f468\u200d\U0001f469\u200d\U0001f467</p>"),
    "small words that only print has": style("@media print { .lead { font-size: 8px !important } }"),
    "an attribute that programs of Microsoft know": put("<!--[if mso]><p style='font-size:8px'>x</p><![endif]-->"),
}  # fmt: skip


@pytest.mark.parametrize("what", FINE)
def test_what_is_no_fault_is_not_found(what: str) -> None:
    one = replace(clean(), html=changed(clean().html, FINE[what]))
    assert check_message(build_message(one), context()) == []


def test_in_two_parts_one_address_may_be_written_in_two_ways() -> None:
    """The header has the link in ASCII, the page as people write it (RFC 3987)."""
    written = "https://bắc-sơn.vn/ngừng?tên=lân"
    one = replace(
        clean(),
        unsubscribe_url=written,
        html=clean().html.replace(WAY_OUT, written),
        text=clean().text.replace(WAY_OUT, written),
    )
    assert check_message(build_message(one), context(hosts=frozenset({"xn--bc-sn-xob6713c.vn"}))) == []


def test_an_article_s_address_may_have_letters() -> None:
    """The page's serialiser writes them in ASCII, the text part has them as they are."""
    page = put('<h2><a href="https://x.vn/%C4%91%C6%B0%E1%BB%9Dng?t=%C3%A9&amp;u=1%2C2">Đường</a></h2>')(clean().html)
    text = clean().text + "\nĐường\nhttps://x.vn/đường?t=é&u=1%2C2\n"
    assert check_message(build_message(replace(clean(), html=page, text=text)), context()) == []
    other = text.replace("%2C2", "%2C3")
    assert [one.check for one in check_message(build_message(replace(clean(), html=page, text=other)), context())] == [
        "text-articles"
    ]


def test_our_own_hosts_are_no_placeholders() -> None:
    """A newsroom that tries things out on one machine."""
    here = put('<p><a href="http://localhost:8000/tin">Tin</a></p>')
    one = replace(clean(), html=here(clean().html), text=clean().text + "\nhttp://localhost:8000/tin\n")
    assert {found.check for found in check_message(build_message(one), context())} == {"link-placeholder"}
    assert check_message(build_message(one), context(hosts=frozenset({"bacson.example", "localhost"}))) == []


def test_images_of_ours_in_one_folder_are_told_as_one() -> None:
    made = clean()
    pictures = "".join(
        f'<img src="http://{name}" alt="Nà Mạ" width="9">'
        for name in (
            "bacson.example/images/1.jpg",
            "bacson.example/images/2.jpg",
            "khac.example/a.jpg",
            "khac.example/b.jpg",
        )
    )
    found = check_message(build_message(replace(made, html=put(pictures)(made.html))), context())
    told = [one.message for one in found if one.check == "image-http"]
    assert [message.partition(",")[0] for message in told] == [
        "http://bacson.example/images/1.jpg is",
        "http://khac.example/a.jpg is not https",
        "http://khac.example/b.jpg is not https",
    ]
    assert "like 1 more beside it" in told[0]


def test_a_link_is_not_taken_for_a_longer_one() -> None:
    """/tin/a1 is not in a text that only holds /tin/a10."""
    one = replace(clean(), text=clean().text.replace("/tin/a1\n", "/tin/a10\n"))
    (found,) = check_message(build_message(one), context())
    assert found.check == "text-articles"
    assert "https://bacson.example/tin/a1," in found.message


def test_many_faults_of_one_kind_are_told_in_short() -> None:
    found = check_message(
        build_message(replace(clean(), html=put('<p><a href="/x">Tin</a></p>' * 40)(clean().html))), context()
    )
    assert len(found) == 1  # all on one line, in the same words: one fault
    many = "".join(f'<p><a href="/x{i}">Tin</a></p>' for i in range(40))
    found = check_message(build_message(replace(clean(), html=put(many)(clean().html))), context())
    assert len(found) == MAX_PER_CHECK + 1
    assert found[-1].message == "and 35 more of this kind"
    assert "“Tin”" in found[0].where
    assert re.match(r"line \d+ of the HTML", found[0].where)


def test_the_limit_of_size_is_a_setting() -> None:
    octets = len(clean().html.encode().replace(b"\n", b"\r\n"))
    assert check_message(build_message(clean()), context(size_limit=octets)) == []
    assert {found.check for found in check_message(build_message(clean()), context(size_limit=octets - 1))} == {"size"}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        context(now=NOW.replace(tzinfo=None))


def test_what_is_forced_does_not_block() -> None:
    found = check_message(
        build_message(replace(clean(), html=only("<p>Tin</p>")(clean().html), message_id="abc")), context()
    )
    assert {one.check for one in found} >= {"message-id", "little-text"}
    assert [one.check for one in blocking_findings(found)] == ["message-id"]
    assert blocking_findings(found, ["message-id"]) == []
    with pytest.raises(ValueError, match="there is no check 'mesage-id'; there are: parts, "):
        blocking_findings(found, ["mesage-id"])


def test_the_links_to_ask_are_those_of_the_page_without_the_reader_s_own() -> None:
    links = links_in_message(build_message(clean()))
    stories = [f"https://bacson.example/tin/{name}" for name in ("a1", "a3", "a5", "a2", "a4", "a0", "b")]
    assert links == [*stories, "https://bacson.example"]
    assert links_in_message(b"") == []


def test_the_letter_is_left_as_it_is() -> None:
    assert Severity.BLOCK in {check.severity for check in CHECKS.values()}
    data = build_message(clean())
    assert check_message(data, context()) == check_message(bytes(data), context())


# -- wild input --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_three_thousand_headlines_pass_as_subjects() -> None:
    """What `mail.message` folds is read back by the gate's own reader: no space lost, no word too long."""
    chance = random.Random(1945)
    small = replace(clean(), text="x", html="<p>x</p>")
    for _ in range(3000):
        subject, name = headline(chance), headline(chance)
        data = build_message(replace(small, subject=subject, sender=Mailbox(name, "tin@bacson.example")))
        found = check_message(data, context(subject=subject))
        assert {"subject", "encoded-word", "sender", "long-line", "line-ends", "parts"}.isdisjoint(
            one.check for one in found
        ), subject


@effort(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=400), st.text(max_size=40))
def test_no_bytes_at_all_make_the_gate_fail(data: bytes, subject: str) -> None:
    assert blocking_findings(check_message(data, context(subject=subject)))


@effort(max_examples=examples(100), deadline=None)
@given(st.data())
def test_no_damage_to_a_letter_makes_the_gate_fail(data: st.DataObject) -> None:
    letter = build_message(clean())
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
    check_message(letter[:place] + data.draw(wild) + letter[cut:], context())


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
            "@@field:",
            "{{",
            "%",
            "\ud800",
        ]
    )
    | st.text(max_size=6),
    max_size=40,
).map("".join)


@effort(max_examples=examples(300), deadline=None)
@given(PIECES, PIECES)
def test_no_page_makes_the_gate_fail(html: str, css: str) -> None:
    page = f"<html><head><style>{css}</style></head><body>{html}</body></html>"
    words = page.encode("utf-8", "replace").decode()
    check_message(build_message(replace(clean(), html=words, text=html.encode("utf-8", "replace").decode())), context())
    parse_page(page)


def test_a_deep_page_is_read_in_good_time() -> None:
    deep = "<div>" * 20_000 + "x"
    nested = "<style>" + "@media screen {" * 5_000 + "</style>" + "<style>" + "(" * 20_000 + "a{b:c}</style>"
    check_message(build_message(replace(clean(), html=deep)), context())
    check_message(build_message(replace(clean(), html=nested + "<p>x</p>")), context())
