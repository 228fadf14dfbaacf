"""DKIM signatures as receivers check them (`mail.dkim_receiver`): what is signed, and what a change breaks."""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from itertools import pairwise

import dkim as receiver
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.mail.dkim import (
    OVERSIGNED,
    SIGNED,
    BodyHash,
    DkimSigner,
    relaxed_body,
    relaxed_header,
    sign,
    sign_message,
)  # fmt: skip
from mail.dkim_receiver import BOTH, ED25519, unsigned, verdicts
from support.effort import examples

# The example of RFC 8463, appendix A, with its Ed25519 signature.
EXAMPLE = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()


def listed(message: bytes) -> list[list[str]]:
    """The names in `h=` of each signature."""
    found = [value for name, value in receiver.DKIM(message).headers if name == b"DKIM-Signature"]
    tags = [value.decode().replace("\r\n", "").split(" h=")[1].split(";")[0] for value in found]
    return [tag.replace(" ", "").split(":") for tag in tags]


# -- what is signed can be checked -------------------------------------------------------------------------------------

spaces = st.text(" \t", max_size=3)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=8)
joints = st.one_of(st.text(" \t", min_size=1, max_size=3), st.sampled_from(["\r\n ", "\r\n\t", " \r\n  "]))
values = st.lists(st.tuples(words, joints), max_size=6).map(lambda parts: "".join(a + b for a, b in parts) + "end")
names = st.sampled_from(["To", "subject", "DATE", "Reply-To", "X-Odd", "List-Unsubscribe", "Received", "MIME-Version"])
vietnamese = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60).map(
    lambda text: quopri.encodestring(text.encode()).decode().replace("\n", "\r\n")
)
lines = st.lists(st.one_of(values, spaces, vietnamese, st.just("")), max_size=8)
bodies = lines.map(lambda made: "".join(line.replace("\r\n ", " ") + "\r\n" for line in made))


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    fields = draw(st.lists(st.tuples(names, spaces, values, spaces), max_size=6))
    fields.insert(draw(st.integers(0, len(fields))), ("From", " ", "Lan  <lan@bacson.example>", ""))
    head = "".join(f"{name}:{before}{value}{after}\r\n" for name, before, value, after in fields)
    return f"{head}\r\n{draw(bodies)}".encode()


@given(messages())
def test_every_signature_can_be_checked_by_others(message: bytes) -> None:
    assert verdicts(sign_message(BOTH, message)) == [True, True]


def test_an_email_is_signed_with_its_list_headers() -> None:
    signed = sign_message(BOTH, unsigned())
    assert verdicts(signed) == [True, True]
    for here in listed(signed):
        assert {
            "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-language", "list-id",
            "list-unsubscribe", "list-unsubscribe-post", "list-archive", "list-post", "feedback-id", "auto-submitted",
        } <= set(here)  # fmt: skip
        assert "precedence" not in here


def test_a_signature_keeps_to_short_lines_and_is_the_same_each_time() -> None:
    signed = sign_message(BOTH, unsigned())
    fields = signed[: -len(unsigned())]
    assert signed.endswith(unsigned())
    assert max(map(len, fields.split(b"\r\n"))) <= 78
    assert fields.count(b"DKIM-Signature: ") == 2
    assert sign_message(BOTH, unsigned()) == signed
    assert not {tag.strip()[:2] for tag in fields.replace(b"\r\n", b"").split(b";")} & {b"l=", b"t=", b"x="}
    assert sign_message((), unsigned()) == unsigned()


def test_the_longest_domain_there_may_be_still_fits_on_a_line() -> None:
    long = DkimSigner(".".join(["a" * 60] * 3) + ".example", "b" * 40, ED25519.key)
    signed = sign_message([long], unsigned())
    assert verdicts(signed, {f"{long.place}.": long.key.record}) == [True]
    assert max(map(len, signed.split(b"\r\n"))) <= 998


def test_the_example_of_the_rfc_is_good_and_its_body_has_our_hash() -> None:
    record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    records = {"brisbane._domainkey.football.example.com.": record}
    assert verdicts(EXAMPLE, records) == [True]
    assert verdicts(EXAMPLE.replace(b"dinner", b"supper"), records) == [False]
    body = EXAMPLE.partition(b"\r\n\r\n")[2]
    assert hashlib.sha256(relaxed_body(body, last=True)).digest() == base64.b64decode(
        "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    )


# -- what was changed is seen ------------------------------------------------------------------------------------------


@settings(max_examples=examples(50))
@given(st.data())
def test_a_changed_byte_of_the_body_is_seen(data: st.DataObject) -> None:
    signed = sign_message(BOTH, unsigned())
    start = signed.index(b"\r\n\r\n") + 4
    visible = [at for at in range(start, len(signed)) if signed[at] not in b" \t\r\n"]
    at = data.draw(st.sampled_from(visible))
    assert verdicts(signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]) == [False, False]


def test_a_changed_dropped_or_renamed_field_is_seen() -> None:
    signatures, head, body = _parts(sign_message(BOTH, unsigned()))
    for number, field in enumerate(head):
        name, _, value = field.partition(b": ")
        expected = [name.lower() not in SIGNED] * 2
        for other in (name + b": x" + value, b"", b"X-" + field):
            changed = b"".join([*signatures, *head[:number], other, *head[number + 1 :], b"\r\n", body])
            assert verdicts(changed) == expected, other


def test_a_closed_field_cannot_be_added_above_or_below() -> None:
    signatures, head, body = _parts(sign_message(BOTH, unsigned()))
    for name in OVERSIGNED:
        more = name + b": attacker@example.org\r\n"
        for fields in ([more, *head], [*head, more]):
            assert verdicts(b"".join([*signatures, *fields, b"\r\n", body])) == [False, False], name
    assert {b"from", b"to", b"subject"} < set(OVERSIGNED) <= SIGNED


def test_white_space_that_relays_change_does_no_harm() -> None:
    signed = sign_message(BOTH, unsigned())
    moved = (
        signed.replace(b"Auto-Submitted: auto", b"auto-submitted:\r\n\tauto").replace(b"Tin h", b"Tin   h")
        + b"\r\n\r\n"
    )
    assert moved != signed
    assert verdicts(moved) == [True, True]


def _parts(signed: bytes) -> tuple[list[bytes], list[bytes], bytes]:
    """Signatures, fields, body."""
    head, _, body = signed.partition(b"\r\n\r\n")
    fields = [name + b":" + value for name, value in map(tuple, receiver.DKIM(head + b"\r\n\r\n").headers)]
    return fields[:2], fields[2:], body


# -- pieces ------------------------------------------------------------------------------------------------------------


def test_the_canonical_forms_are_those_of_the_rfc() -> None:
    """RFC 6376, section 3.4.5."""
    assert relaxed_header(b"A: X\r\n") == b"a:X\r\n"
    assert relaxed_header(b"B : Y\t\r\n\tZ  \r\n") == b"b:Y Z\r\n"
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n", last=True) == b" C\r\nD E\r\n"
    assert relaxed_body(b"\r\n \r\n", last=True) == b""
    assert relaxed_body(b"C", last=True) == b"C\r\n"


@given(
    st.lists(st.sampled_from([" ", "\t", "\r\n", "a", "b="]), max_size=20).map("".join),
    st.sets(st.integers(0, 30)),
)
def test_a_body_in_pieces_has_the_hash_of_the_whole(text: str, cuts: set[int]) -> None:
    body = text.encode()
    ends = sorted({0, *(min(cut, len(body)) for cut in cuts), len(body)})
    pieces = BodyHash()
    for start, end in pairwise(ends):
        pieces = pieces.copy()
        pieces.update(relaxed_body(body[start:end]))
    assert pieces.digest() == hashlib.sha256(relaxed_body(body, last=True)).digest()
    theirs = receiver.canonicalization.Relaxed.canonicalize_body(body + b"\r\n")
    assert pieces.digest() == hashlib.sha256(theirs).digest()


@given(bodies)
def test_pieces_that_end_with_their_lines_can_simply_be_joined(text: str) -> None:
    body = (text + "end").encode()
    *lines, last = body.splitlines(keepends=True)
    joined = b"".join(map(relaxed_body, lines)) + relaxed_body(last, last=True)
    assert joined == relaxed_body(body, last=True)


def test_a_copied_hash_goes_its_own_way() -> None:
    start = BodyHash()
    start.update(b"Xin ch\xc3\xa0o ")
    other = start.copy()
    other.update(b"Lan\r\n")
    start.update(b"Minh\r\n")
    assert start.digest() == hashlib.sha256("Xin chào Minh\r\n".encode()).digest()
    assert other.digest() == hashlib.sha256("Xin chào Lan\r\n".encode()).digest()


def test_a_message_joined_from_pieces_is_signed_like_the_whole() -> None:
    head, _, body = unsigned().partition(b"\r\n\r\n")
    forms = [relaxed_header(field) for field in reversed(re.split(rb"\r\n(?! )", head))]
    chosen = [form for form in forms if form.partition(b":")[0] in SIGNED]
    pieces = BodyHash()
    for piece in (body[:40], body[40:41], body[41:]):
        pieces.update(relaxed_body(piece))
    assert sign(BOTH, chosen, pieces.digest()) + unsigned() == sign_message(BOTH, unsigned())


def test_what_is_no_message_is_not_signed() -> None:
    for message, reason in (
        (b"From: a@b.example\nTo: c\n\nx", "lines end with CRLF"),
        (b"From: a@b.example\r\n\r\nx\ry\r\n", "lines end with CRLF"),
        (b"To: c\r\n\r\nx\r\n", "without From"),
        (b"From: a@b.example\r\nno field\r\n\r\nx\r\n", "not one header field"),
    ):
        with pytest.raises(ValueError, match=reason):
            sign_message(BOTH, message)
    with pytest.raises(ValueError, match="not one header field"):
        relaxed_header(b"To: a\r\nBcc: b\r\n")


@pytest.mark.parametrize("domain", ["", "bacson", "bac son.example", "a..example", "1.2.3.4", "x;y.example"])
def test_a_signer_needs_a_domain(domain: str) -> None:
    with pytest.raises(ValueError, match="is not a domain"):
        DkimSigner(domain, "2026a", ED25519.key)


@pytest.mark.parametrize("selector", ["", "2026_a", "a..b", "-a", "a;s=b", "a\n", "a" * 64])
def test_a_signer_needs_a_selector(selector: str) -> None:
    with pytest.raises(ValueError, match="is no selector"):
        DkimSigner("bacson.example", selector, ED25519.key)


def test_a_domain_beyond_ascii_is_signed_as_dns_knows_it() -> None:
    assert DkimSigner("Báo.example", "2026a", ED25519.key).place == "2026a._domainkey.xn--bo-mia.example"
