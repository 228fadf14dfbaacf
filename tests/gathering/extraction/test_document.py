"""Selectors match as browsers match them."""

from __future__ import annotations

import lxml.html
import pytest

from distributor.gathering.extraction.document import compile_selector
from distributor.gathering.extraction.selectors import Selectors
from gathering.extraction.body_page import BODY, TITLE, page, read


@pytest.mark.parametrize("selector", ["div.noi-dung", "DIV.Noi-Dung", ".NOI-DUNG", "#chitiet", "TD > #ChiTiet"])
def test_elements_classes_and_ids_in_selectors_match_in_any_case(selector: str) -> None:
    html = page(f"<table><tr><td><h1>{TITLE}</h1><DIV Class='Noi-Dung' ID='ChiTiet'>{BODY}</DIV></td></tr></table>")
    assert read(html, Selectors(body=selector)).body_html == BODY


def test_a_class_is_still_matched_as_a_whole() -> None:
    path = compile_selector(".tin")
    assert path is not None
    assert not path(lxml.html.fromstring("<div class='Tin-Moi tintuc'>x</div>"))
