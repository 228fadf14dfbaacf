"""Addresses in foreign HTML: of the web, or none."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.url_cleaning import web_address
from gathering.cleaned_body import PAGE


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(["", PAGE]))
def test_an_address_is_of_the_web_or_none(text: str, base: str) -> None:
    made = web_address(text, base)
    assert made == "" or re.match(r"https?://[^/]", made)
