"""CSS that mail programs lack: told once, with its place, the programs and what to write; and nothing of ours is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distributor.mail.message import build_message
from distributor.preflight.css_support import check_css_support
from distributor.preflight.parsed_message import CheckContext, parse_message
from preflight.preflight_cases import clean, style
from support.builders import NOW


def found(rules: str) -> list[tuple[str, str]]:
    letter = replace(clean(), html=style(rules)(clean().html))
    seen = check_css_support(parse_message(build_message(letter)), CheckContext(subject="", now=NOW, hosts=frozenset()))
    return [(one.message, one.where) for one in seen]


def test_it_names_the_programs_the_place_and_what_to_write() -> None:
    ((message, where),) = found(".a { display: flex } .b { display: inline-flex }")
    assert message == "display: flex is not known to Outlook on Windows (caniemail.com, 2021-11); use a table"
    assert where == "display: flex in the rule .a; and 1 more"


@pytest.mark.parametrize(
    "rule",
    [
        "position: static",
        "color: #123456",
        "font-family: Premier",
        "background: #ffffff",
        "animation: none",
        "margin: 2px",
    ],
)
def test_what_every_program_knows_is_not_found(rule: str) -> None:
    assert found(f".a {{ {rule} }}") == []
