"""Mail addresses: read, checked and compared."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail import address as addresses
from distributor.mail.address import Mailbox, normalize


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("lan@example.vn", "", "lan@example.vn"),
        (" lan@example.vn ", "", "lan@example.vn"),
        ("<lan@example.vn>", "", "lan@example.vn"),
        ("Nguyễn Thị Lan <lan@example.vn>", "Nguyễn Thị Lan", "lan@example.vn"),
        ("Lan Nguyễn<lan@example.vn>", "Lan Nguyễn", "lan@example.vn"),
        ('"Báo Bắc Sơn, tin \\"nóng\\"" <tin@bacson.example>', 'Báo Bắc Sơn, tin "nóng"', "tin@bacson.example"),
        ("Báo Bắc Sơn, bản tin sáng <tin@bacson.example>", "Báo Bắc Sơn, bản tin sáng", "tin@bacson.example"),
        ("lan@example.vn <lan@example.vn>", "lan@example.vn", "lan@example.vn"),
        (unicodedata.normalize("NFD", "Bắc <lân@example.vn>"), "Bắc", "lân@example.vn"),
        ("Lan@EXAMPLE.VN", "", "Lan@example.vn"),
        ("lan+tin.sáng@example.vn", "", "lan+tin.sáng@example.vn"),
        ("lan@bắc-sơn.vn", "", "lan@xn--bc-sn-xob6713c.vn"),
        ("lan@faß.example", "", "lan@xn--fa-hia.example"),  # IDNA 2008; the older IDNA made fass.example of it
        ("root@localhost", "", "root@localhost"),
        ("a" * 64 + "@example.vn", "", "a" * 64 + "@example.vn"),
    ],
)
def test_what_is_an_address(text: str, name: str, address: str) -> None:
    read = Mailbox.parse(text)
    assert (read.name, read.address) == (name, address)
    assert read == Mailbox(name, address)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("lan", "has no @"),
        ("Lan <>", "missing"),
        ("Lan lan@example.vn>", "the < is missing"),
        ("@example.vn", "nothing before the @"),
        ("lan@", "no domain"),
        ("lan@example", "no full domain name"),
        ("lan@.vn", "no full domain name"),
        ("lan@example..vn", "no full domain name"),
        ("lan@example.vn.", "no full domain name"),
        ("lan@-example.vn", "no full domain name"),
        ("lan@exa mple.vn", "no full domain name"),
        ("lan@exa_mple.vn", "no full domain name"),
        ("lan@[192.0.2.1]", "no full domain name"),
        ("lan@192.0.2.1", "no full domain name"),
        ("lan@" + "a" * 64 + ".vn", "no full domain name"),
        ("lan@" + "a." * 5000 + "vn", "no full domain name"),
        ("lan@example.vn>", "the < is missing"),
        ("lan nguyen@example.vn", "before the @"),
        ("lan..nguyen@example.vn", "before the @"),
        (".lan@example.vn", "before the @"),
        ('"lan"@example.vn', "before the @"),
        ("lan@b@example.vn", "before the @"),
        ("lan,hoa@example.vn", "before the @"),
        ("lan\u00a0@example.vn", "before the @"),
        ("\u200blan@example.vn", "before the @"),  # pasted from a web page
        ("lan\ud800@example.vn", "before the @"),
        ("a" * 65 + "@example.vn", "more than 64 octets"),
        ("ế" * 22 + "@example.vn", "more than 64 octets"),
        ("a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".vn", "longer than 254 octets"),
        ("lan@example.vn\r\nBcc: all@example.vn", "line ends or control characters"),
        ("Lan\n<lan@example.vn>", "line ends or control characters"),
        ("Lan <lan@example.vn\u2028>", "line ends or control characters"),
        ("lan\0@example.vn", "line ends or control characters"),
    ],
)
def test_what_is_none_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Mailbox.parse(text)


@pytest.mark.parametrize("address", ["lan@example.vn\r\nRCPT TO:<x@y.vn>", "lan", "lan@exam\u2029ple.vn"])
def test_there_is_no_mailbox_that_was_not_checked(address: str) -> None:
    """Whoever makes one, and however."""
    with pytest.raises(ValueError):
        Mailbox("Lan", address)
    with pytest.raises(ValueError):
        normalize(address)


def test_a_name_is_one_line() -> None:
    """What would be a header of its own becomes a word of the name."""
    assert Mailbox(" Lan\r\nBcc:\u2028 x ", "lan@example.vn").name == "Lan Bcc: x"


@pytest.mark.parametrize(
    "text",
    [
        "Lan@Example.VN",
        "LAN@example.vn",
        "Lan Nguyễn <lan@EXAMPLE.vn>",
        "lan@example\u3002vn",
        "lan@ｅxample.vn",
    ],
)
def test_one_person_has_one_key(text: str) -> None:
    """However the address is written."""
    assert normalize(text) == "lan@example.vn"


def test_a_domain_is_the_same_in_letters_and_in_ascii() -> None:
    assert normalize("lan@BẮC-SƠN.vn") == normalize("lan@xn--bc-sn-xob6713c.vn")


def test_only_the_part_before_the_at_may_be_beyond_ascii() -> None:
    assert Mailbox.parse("lan@bắc-sơn.vn").is_ascii
    assert not Mailbox.parse("lân@example.vn").is_ascii
    assert Mailbox.parse("lân@bắc-sơn.vn").domain == "xn--bc-sn-xob6713c.vn"


@given(st.text() | st.from_regex(r"[^@\n]{0,20}@[^@\n]{0,20}(\.vn)?>?"))
def test_whatever_comes_it_is_an_address_or_a_value_error(text: str) -> None:
    """And what was read once is read the same again."""
    try:
        read = Mailbox.parse(text)
    except ValueError:
        return
    assert read.domain.isascii()
    assert not any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in str(read))
    assert Mailbox(read.name, read.address) == read
    assert Mailbox.parse(read.address).address == read.address
    assert normalize(normalize(text)) == normalize(text)


_NEARLY = st.text(alphabet="aZ0-._+@", min_size=3, max_size=12)
_USUAL = st.from_regex(r"[a-zA-Z0-9.+_-]{1,66}@([a-zA-Z0-9-]{1,66}\.){1,5}[a-zA-Z0-9-]{1,8}", fullmatch=True)
_A_LABELS = st.from_regex(r"[a-z]@(xn--[a-z0-9]{1,8}|[a-z]-?-?[0-9]?)(\.(vn|[0-9]{1,3}|\u0111))+", fullmatch=True)


@given(_NEARLY | _USUAL | _A_LABELS | st.text())
def test_the_short_way_to_an_address_comes_to_the_same(text: str) -> None:
    """Whatever it takes, the long way takes too, and makes the same of it."""
    short = addresses.canonical_if_usual(text)
    if short:
        assert short == addresses.validate_address(text)


def test_the_short_way_is_open_to_what_most_addresses_look_like() -> None:
    assert addresses.canonical_if_usual("Nguyen.Lan+tin@Mail-2.Example.VN") == "Nguyen.Lan+tin@mail-2.example.vn"
    assert addresses.canonical_if_usual("lan@xn--bc-sn-xob6713c.vn") == ""
    assert (
        addresses.canonical_if_usual("a" * 65 + "@example.vn")
        == addresses.canonical_if_usual("lan@" + "b" * 64 + ".vn")
        == ""
    )
