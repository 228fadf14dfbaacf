"""The subject: whether it arrives as it was meant, and whether people and filters like it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header

from ..text import count_graphemes
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage, decode_field

MAX_ENCODED_WORD, MAX_ENCODED_LINE = (
    75,
    76,
)  # characters of an encoded-word and of a line that holds one, RFC 2047, section 2
MAX_SUBJECT_LENGTH = 120  # graphemes of a subject
_MIN_CAPITALS = 10  # letters; "HĐND TP" is a name, not a shout
_DISPLAYED_HEADERS = ("subject", "from", "to", "sender", "reply-to", "cc", "list-id")
_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")


def check_decoded_subject(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if not letter.values("Subject"):
        return
    raw = letter.values("Subject")[0]
    if not raw.isascii():
        told = "it stands there in raw letters, which many servers refuse; encode it (RFC 2047)"
        yield finding("subject", told, "Subject")
        return
    read = decode_field(raw)
    if read != context.subject:
        told = f"receivers read “{read[:80]}”, not “{context.subject[:80]}”; the header is folded or encoded wrongly"
        yield finding("subject", told, "Subject")


def check_encoded_words(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for name, value in letter.fields:
        if name.lower() in _DISPLAYED_HEADERS and "=?" in value:
            yield from (finding("encoded-word", fault, name) for fault in _faults(name, value))


def _faults(name: str, value: str) -> Iterator[str]:
    words = _WORD.findall(value)
    if longest := max((len(word) for word in words if len(word) > MAX_ENCODED_WORD), default=0):
        yield f"an encoded word has {longest} characters; some receivers refuse more than {MAX_ENCODED_WORD}: fold it"
    lines = f"{name}: {value}".splitlines()
    if any(len(line) > MAX_ENCODED_LINE and _WORD.search(line) for line in lines):
        yield f"a line with an encoded word is longer than {MAX_ENCODED_LINE} characters; fold it"
    if re.search(r"\?==\?", value):
        yield "two encoded words touch, which Yahoo refuses; put a space between them"
    if not all(_is_decodable(word) for word in words):
        yield "an encoded word cannot be decoded by itself: a letter is cut in two, or its charset is unknown"


def _is_decodable(word: str) -> bool:
    try:
        ((data, charset),) = decode_header(word)
        if isinstance(data, bytes):
            data.decode(charset or "ascii")
    except (MessageError, LookupError, ValueError):
        return False
    return True


def check_empty(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if letter.values("Subject") and not letter.value("Subject").strip():
        yield finding("subject-empty", "the subject is empty; give the newsletter a title", "Subject")


def check_length(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if (length := count_graphemes(context.subject)) > MAX_SUBJECT_LENGTH:
        yield finding(
            "subject-long",
            f"it has {length} letters; say the first story in fewer than {MAX_SUBJECT_LENGTH}",
            "Subject",
        )


def check_capitals(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    letters = [sign for sign in context.subject if sign.isalpha()]
    if len(letters) >= _MIN_CAPITALS and " " in context.subject and all(sign.isupper() for sign in letters):
        yield finding(
            "subject-capitals", "it is written in capitals only, as spam is; write it as a sentence", "Subject"
        )


def check_exclamation_marks(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if (count := len(re.findall("[!！‼❗]", context.subject))) > 1:
        yield finding(
            "subject-marks", f"it has {count} exclamation marks; filters count them: keep one at most", "Subject"
        )


CHECKS = (
    check_decoded_subject,
    check_encoded_words,
    check_empty,
    check_length,
    check_capitals,
    check_exclamation_marks,
)
