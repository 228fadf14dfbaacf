"""Contents: one canonical form for each value, and the same value back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.content import (
    EMAIL_TYPE,
    POST_TYPE,
    Content,
    Document,
    Email,
    Picture,
    Post,
    check_contents,
    decode_content,
    encode_content,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
PICTURES = st.builds(Picture, url=TEXT, alt=TEXT, width=st.integers(0, 9999), height=st.integers(0, 9999))
POSTS = st.builds(
    Post, variant=st.just("a1"), text=TEXT, title=TEXT, summary=TEXT, link=TEXT, language=TEXT, article=TEXT,
    follows=TEXT, pictures=st.lists(PICTURES, max_size=3).map(tuple), tags=st.lists(TEXT, max_size=3).map(tuple),
)  # fmt: skip
EMAILS = st.builds(
    Email, variant=st.just("digest"), subject=TEXT, html=TEXT, text=TEXT, language=TEXT, preheader=TEXT, list_id=TEXT,
    list_name=TEXT, feedback_id=TEXT,
    date=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=7))])),
)  # fmt: skip


@given(POSTS | EMAILS)
def test_what_was_frozen_comes_back_as_it_was(content: Content) -> None:
    media_type, body = encode_content(content)
    assert decode_content(content.variant, media_type, body) == content
    assert encode_content(decode_content(content.variant, media_type, body)) == (media_type, body)


def test_a_document_is_its_bytes() -> None:
    feed = Document(variant="rss.xml", media_type="application/rss+xml", body=b"<rss/>", title="Tin", article="a1")
    assert encode_content(feed) == ("application/rss+xml", b"<rss/>")
    assert decode_content("rss.xml", *encode_content(feed), title="Tin", article="a1") == feed


def test_a_member_that_has_its_default_is_not_written_so_that_later_ones_change_no_hash() -> None:
    bare = Post(variant="a1", text="Tin")
    assert encode_content(bare) == (POST_TYPE, b'{"text":"Tin"}')
    assert encode_content(replace(bare, variant="a2")) == encode_content(bare)


def test_a_member_that_an_older_program_does_not_know_is_passed_over() -> None:
    assert decode_content("a1", POST_TYPE, b'{"text":"Tin","mood":"glad"}') == Post(variant="a1", text="Tin")


@pytest.mark.parametrize("media_type", [POST_TYPE, EMAIL_TYPE])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{", b'"x"', b"\xff", b'{"pictures":7,"text":""}', b"[" * 9999])
def test_bytes_that_nobody_can_have_frozen_are_refused(media_type: str, body: bytes) -> None:
    with pytest.raises(ValueError):
        decode_content("a1", media_type, body)


@pytest.mark.parametrize(
    "contents",
    [
        ["a text"],
        [None],
        [Post(variant="a", text=None)],  # type: ignore[arg-type]
        [Post(variant="a", text="t", title="\0")],
        [Post(variant="a", text="t", article=None)],  # type: ignore[arg-type]
        [Post(variant=5, text="t")],  # type: ignore[arg-type]
        *([Post(variant=name, text="t")] for name in ("", "../x", "..", ".x", "a\\b", "a" * 121, "a\nb", "\ud800")),
        [Document(variant="a", media_type="text/plain", body="text")],  # type: ignore[arg-type]
        [Post(variant="a", text="t", follows="a")],
        [Post(variant="a", text="t", follows="b"), Post(variant="b", text="t")],
        [Post(variant="a", text="t", follows="nobody")],
    ],
)
def test_what_could_not_be_frozen_or_sent_is_refused(contents: list[object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        check_contents(contents)


def test_a_thread_is_a_thread() -> None:
    thread = [
        Post(variant="a", text="1"),
        Post(variant="b", text="2", follows="a"),
        Post(variant="c", text="3", follows="a"),
    ]
    assert check_contents(thread) == thread
