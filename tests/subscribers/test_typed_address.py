"""Addresses as people type them: sure slips are mended, likely ones are questioned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.address import normalize
from distributor.subscribers.signup_limits import LARGE_PROVIDERS
from distributor.subscribers.typed_address import clean_typed_address, suggest_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" lan@example.vn ", "lan@example.vn"),
        ("lan@example.vn.", "lan@example.vn"),
        ("lan@Example.VN", "lan@example.vn"),
        ("Lan@example.vn", "Lan@example.vn"),
        ("lan@ example.vn", "lan@example.vn"),
        ("lan @example.vn", "lan@example.vn"),
        ("ｌａｎ＠ｅｘａｍｐｌｅ．ｖｎ", "lan@example.vn"),
        ("lan@example。vn", "lan@example.vn"),
        ("\u3000lan@example.vn\u3000", "lan@example.vn"),
        ("\u200blan@example.vn\ufeff", "lan@example.vn"),
        ("mailto:lan@example.vn", "lan@example.vn"),
        ("“lan@example.vn”", "lan@example.vn"),
        ("Nguyễn Lan <lan@example.vn>", "lan@example.vn"),
        ("lan@tạpchí.vn", "lan@xn--tpch-ypa4376b.vn"),
        ("lần@tạpchí.vn", "lần@xn--tpch-ypa4376b.vn"),
    ],
)
def test_sure_slips_are_mended(typed: str, address: str) -> None:
    assert clean_typed_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["", "lan", "@", "lan@", "@example.vn", "lan@example", "a b@example.vn", "lan@example.vn\nBcc: mai@example.vn",
     "lan@example.vn, mai@example.vn", "lan@exa mple.vn", "lan..anh@example.vn", '"lan"@example.vn', "lan@[192.0.2.1]"],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        clean_typed_address(typed)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_an_address_or_none(typed: str) -> None:
    try:
        address = clean_typed_address(typed)
    except ValueError:
        return
    assert normalize(address) == address.lower()


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmail.con", "gmail.com"),
        ("gmial.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.cm", "gmail.com"),
        ("yaho.com", "yahoo.com"),
        ("hotnail.com", "hotmail.com"),
        ("bacson.con", "bacson.com"),
        ("bacson.vnn", "bacson.vn"),
    ],
)
def test_likely_slips_are_questioned(domain: str, meant: str) -> None:
    assert suggest_address(f"lan@{domain}") == f"lan@{meant}"


@pytest.mark.parametrize(
    "domain", sorted(LARGE_PROVIDERS | {"mail.com", "example.vn", "bacson.gov.vn", "qmail.example"})
)
def test_what_exists_is_not_questioned(domain: str) -> None:
    assert suggest_address(f"lan@{domain}") == ""
