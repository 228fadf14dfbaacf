"""What editors write is cleaned and measured before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from distributor.editorial import MAX_LINE, MAX_MARKDOWN, clean_greeting, clean_markdown, clean_preheader, clean_subject


def test_a_subject_is_one_line_without_control_characters() -> None:
    assert clean_subject("Bão số 5\r\nBcc: ke.xau@example.com\x00") == "Bão số 5 Bcc: ke.xau@example.com"
    assert clean_subject("Bão\u202e số\u2028 5") == "Bão số 5"
    assert clean_subject("Ba\u0303o") == "Bão"


def test_each_text_has_the_places_that_can_be_filled_where_it_stands() -> None:
    assert clean_preheader("{titles} – {lead}") == "{titles} – {lead}"
    assert clean_greeting("Kính chào {name}!") == "Kính chào {name}!"
    with pytest.raises(ValueError, match=r"\{name\} that there is not"):
        clean_subject("Chào {name}")
    with pytest.raises(ValueError, match=r"\{first\} that there is not"):
        clean_greeting("{first}")


@pytest.mark.parametrize("length", [MAX_LINE + 1, 10_000])
def test_what_is_too_long_for_a_line_is_refused_with_its_length(length: int) -> None:
    with pytest.raises(ValueError, match=f"has {length:,} characters; 250 are the most"):
        clean_subject("ạ" * length)
    assert clean_subject("ạ" * MAX_LINE)


def test_markdown_keeps_its_lines_and_has_a_limit() -> None:
    assert clean_markdown("\ufeffMột\r\n\r\nHai\x00 ") == "Một\n\nHai"
    with pytest.raises(ValueError, match="10,001 characters"):
        clean_markdown("x" * (MAX_MARKDOWN + 1))


@pytest.mark.parametrize("check", [clean_subject, clean_preheader, clean_greeting, clean_markdown])
@pytest.mark.parametrize("text", ["\u200b", "\u202e", "\u200b \u2066\u00ad"])
def test_a_text_of_which_nothing_is_seen_is_refused(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match="has no character that can be seen"):
        check(text)
    assert check(f"{text}Bão") == clean_markdown(f"{text}Bão")


@pytest.mark.parametrize("text", ["<!-- sau -->", "[x]: https://bacson.example", "<script>x</script>", "![](a.png)"])
def test_markdown_that_shows_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shows nothing to readers"):
        clean_markdown(text)


@pytest.mark.parametrize("check", [clean_subject, clean_preheader, clean_greeting, clean_markdown])
def test_a_merge_tag_is_refused_as_nothing_would_fill_it(check: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match=r"has @@field:, which only templates can have"):
        check("Chào @@field:name@@")
