"""Checks of the message: MIME parts, line ends and lengths, size, headers and subject. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email.errors import MessageError
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime

from ..mail.address import Mailbox
from ..text import count_graphemes
from .findings import Finding, finding
from .links import host_of, unsubscribe_url
from .parsed_message import CheckContext, ParsedMessage, decode_field

MAX_LINE_LENGTH = 998  # octets without the line end, RFC 5322, section 2.1.1
_LINE_END = re.compile(rb"\r\n|\r|\n")
# Gmail cuts an email at about 102 kB of HTML and hides the rest. What it counts is not known: senders report figures for the
# HTML itself as well as for its encoded form. So the HTML itself blocks, with a margin, and the encoded form warns;
# Vietnamese text grows by 40 % in quoted-printable.
MAX_ENCODED_SIZE = 102_000  # octets
REQUIRED_HEADERS = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip
# RFC 5322, section 3.6; RFC 2045; RFC 2369, section 3.4; RFC 2919, section 3; RFC 8058; Feedback-ID: Gmail.
SINGLE_HEADERS = frozenset(
    name.lower()
    for name in (
        *REQUIRED_HEADERS, "Sender", "Reply-To", "Cc", "Bcc", "In-Reply-To", "References", "Content-Type",
        "Content-Transfer-Encoding", "List-Post", "List-Help", "List-Archive", "List-Owner", "List-Subscribe", "Feedback-ID",
    )
)  # fmt: skip
MAX_AHEAD, MAX_BEHIND = timedelta(hours=1), timedelta(days=7)  # clocks differ; an email waits for days at most
MAX_LIST_ID = 255  # RFC 2919, section 2
_ANGLED = re.compile(r"<([^<>]*)>")
_MESSAGE_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")
MAX_ENCODED_WORD, MAX_ENCODED_LINE = (
    75,
    76,
)  # characters of an encoded-word and of a line that holds one, RFC 2047, section 2
MAX_SUBJECT_LENGTH = 120  # graphemes of a subject
_MIN_CAPITALS = 10  # letters; "HĐND TP" is a name, not a shout
_DISPLAYED_HEADERS = ("subject", "from", "to", "sender", "reply-to", "cc", "list-id")
_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")


def check_parts(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for fault in message.faults:
        yield finding("parts", f"{fault}; render the email again")


def check_line_ends(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A lone CR or LF lets receivers see another message than senders (SMTP smuggling, CVE-2023-51764)."""
    raw = message.raw
    if b"\0" in raw:
        yield finding(
            "line-ends",
            "there is a NUL, at which servers cut the message or reject it; remove it",
            _line(raw, raw.index(b"\0")),
        )
    lone = re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    if lone:
        yield finding("line-ends", "a line ends in a lone CR or LF; write CRLF", _line(raw, lone.start()))


def check_line_lengths(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for number, line in enumerate(_LINE_END.split(message.raw), start=1):
        if len(line) > MAX_LINE_LENGTH:
            text = f"a line is {len(line)} octets long, more than {MAX_LINE_LENGTH}; fold the header or encode the body"
            yield finding("long-line", text, f"line {number} of the message")


def check_eight_bit(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """Headers may hold UTF-8 where an address needs it (RFC 6532); a body never has to."""
    start = re.search(rb"\r\n\r\n|\n\n|\r\r", message.raw)
    body = message.raw[start.end() :] if start else b""
    if not body.isascii():
        yield finding("eight-bit", "the body has octets beyond ASCII; encode it as quoted-printable or base64")


def _line(raw: bytes, at: int) -> str:
    return f"line {len(_LINE_END.findall(raw[:at])) + 1} of the message"


def check_html_size(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if (octets := len(message.html.encode("utf-8", "replace"))) > context.size_limit:
        text = f"the HTML is {octets:,} octets, more than {context.size_limit:,}; carry fewer articles or shorter leads"
        yield finding("size", text, "the HTML part")


def check_encoded_size(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if message.encoded > MAX_ENCODED_SIZE:
        text = f"the encoded HTML is {message.encoded:,} octets, more than {MAX_ENCODED_SIZE:,}; Gmail may cut it"
        yield finding("size-encoded", text, "the HTML part")


# -- headers -----------------------------------------------------------------------------------------------------------


def check_required(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for name in REQUIRED_HEADERS:
        if not message.values(name):
            yield finding("missing-header", f"there is no {name}; add it before sending", name)
        elif name != "Subject" and not message.value(name).strip():
            yield finding("missing-header", f"{name} is empty; fill it before sending", name)


def check_duplicates(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    count = Counter(name.lower() for name, _ in message.fields)
    shown = {name.lower(): name for name, _ in message.fields}
    for name in sorted(count.keys() & SINGLE_HEADERS):
        if count[name] > 1:
            text = f"{shown[name]} occurs {count[name]} times; receivers reject that or use one of them: keep one"
            yield finding("duplicate-header", text, shown[name])


def check_date(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = message.value("Date").strip()
    if not value:
        return
    try:
        moment = parsedate_to_datetime(value)
        away = moment - context.now if moment.tzinfo else None
    except (ValueError, TypeError, OverflowError, IndexError):
        yield finding("date", f"{value[:60]!r} is no date; write it as RFC 5322, section 3.3, requires", "Date")
        return
    if away is None:
        yield finding("date", f"{value[:60]!r} has no time zone; write the offset, as in +0700", "Date")
    elif not -MAX_BEHIND <= away <= MAX_AHEAD:
        text = (
            f"{value[:60]!r} is too far from now, and filters distrust that; check the clock and the day of the edition"
        )
        yield finding("date", text, "Date")


def check_sender(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for name in ("From", "To"):
        value = message.value(name)
        if not value.strip():
            continue
        addresses = [address for _, address in getaddresses([value]) if address]
        if len(addresses) != 1 or not _is_address(addresses[0]):
            yield finding("sender", f"{name} must hold exactly one valid address", name)


def check_message_id(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = message.value("Message-ID").strip()
    if value and not _MESSAGE_ID.fullmatch(value):
        yield finding("message-id", f"{value[:60]!r} is not of the form <left@right>", "Message-ID")


def check_list_id(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = message.value("List-Id").strip()
    if not value:
        return
    match = re.search(r"<([^<>\s]+)>$", value)
    if not match or len(match.group(1)) > MAX_LIST_ID or "." not in match.group(1):
        text = "it must end in an identifier such as <tin-sang.bacson.example>, at most 255 octets, that never changes"
        yield finding("list-id", text, "List-Id")


def check_list_unsubscribe(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A fold or an encoded-word in it, and one-click is silently gone."""
    name = "List-Unsubscribe"
    raw = next(iter(message.values(name)), "")
    if not raw.strip():
        return
    if "\n" in raw or "\r" in raw or "=?" in raw or not raw.isascii():
        yield finding(
            "list-unsubscribe", "it is folded or encoded, so programs find no link in it: one plain line", name
        )
    places = _ANGLED.findall(message.value(name))
    web = [place for place in places if place.lower().startswith("https://") and host_of(place)]
    if len(web) != 1:
        text = f"it names {len(web) or 'no'} https links; RFC 8058 asks for exactly one, between < and >"
        yield finding("list-unsubscribe", text, name)
    if any(not place.lower().startswith(("https://", "mailto:")) for place in places):
        yield finding("list-unsubscribe", "only https and mailto belong into it", name)


def check_unsubscribe_mailto(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = message.value("List-Unsubscribe")
    if value.strip() and not any(_is_mailto(place) for place in _ANGLED.findall(value)):
        text = "it names no mailto address; older programs know that way only: give the channel a reply address"
        yield finding("unsubscribe-mailto", text, "List-Unsubscribe")


def check_one_click(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    name = "List-Unsubscribe-Post"
    value = next(iter(message.values(name)), "")
    if value.strip() and value.strip() != "List-Unsubscribe=One-Click":
        yield finding("one-click", "it must say exactly List-Unsubscribe=One-Click", name)


def check_own_host(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(message)
    if url and context.hosts and host_of(url) not in context.hosts:
        text = f"it leads to {host_of(url)}, which is not ours; set web.url to the address of our own pages"
        yield finding("own-host", text, "List-Unsubscribe")


def _is_address(text: str) -> bool:
    try:
        Mailbox("", text)
    except ValueError:
        return False
    return True


def _is_mailto(place: str) -> bool:
    scheme, _, rest = place.partition(":")
    return scheme.lower() == "mailto" and "@" in rest


# -- the subject -------------------------------------------------------------------------------------------------------


def check_decoded_subject(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if not message.values("Subject"):
        return
    raw = message.values("Subject")[0]
    if not raw.isascii():
        text = "it is not encoded, which many servers reject; encode it (RFC 2047)"
        yield finding("subject", text, "Subject")
        return
    read = decode_field(raw)
    if read != context.subject:
        text = f"it is decoded as “{read[:80]}”, not “{context.subject[:80]}”; the header is folded or encoded wrongly"
        yield finding("subject", text, "Subject")


def check_encoded_words(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for name, value in message.fields:
        if name.lower() in _DISPLAYED_HEADERS and "=?" in value:
            yield from (finding("encoded-word", fault, name) for fault in _faults(name, value))


def _faults(name: str, value: str) -> Iterator[str]:
    words = _WORD.findall(value)
    if longest := max((len(word) for word in words if len(word) > MAX_ENCODED_WORD), default=0):
        yield f"an encoded word has {longest} characters; some receivers reject more than {MAX_ENCODED_WORD}: fold it"
    lines = f"{name}: {value}".splitlines()
    if any(len(line) > MAX_ENCODED_LINE and _WORD.search(line) for line in lines):
        yield f"a line with an encoded word is longer than {MAX_ENCODED_LINE} characters; fold it"
    if re.search(r"\?==\?", value):
        yield "two encoded words touch, which Yahoo rejects; put a space between them"
    if not all(_is_decodable(word) for word in words):
        yield "an encoded word cannot be decoded by itself: a character is cut in two, or its charset is unknown"


def _is_decodable(word: str) -> bool:
    try:
        ((data, charset),) = decode_header(word)
        if isinstance(data, bytes):
            data.decode(charset or "ascii")
    except (MessageError, LookupError, ValueError):
        return False
    return True


def check_empty(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if message.values("Subject") and not message.value("Subject").strip():
        yield finding("subject-empty", "the subject is empty; give the newsletter a title", "Subject")


def check_length(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if (length := count_graphemes(context.subject)) > MAX_SUBJECT_LENGTH:
        yield finding(
            "subject-long",
            f"it has {length} characters; shorten the first headline to fewer than {MAX_SUBJECT_LENGTH}",
            "Subject",
        )


def check_capitals(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    letters = [sign for sign in context.subject if sign.isalpha()]
    if len(letters) >= _MIN_CAPITALS and " " in context.subject and all(sign.isupper() for sign in letters):
        yield finding(
            "subject-capitals", "it is written in capitals only, as spam is; write it as a sentence", "Subject"
        )


def check_exclamation_marks(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if (count := len(re.findall("[!！‼❗]", context.subject))) > 1:
        yield finding(
            "subject-exclamation", f"it has {count} exclamation marks; filters count them: keep one at most", "Subject"
        )


CHECKS = (
    check_parts, check_line_ends, check_line_lengths, check_eight_bit, check_html_size, check_encoded_size, check_required,
    check_duplicates, check_date, check_sender, check_message_id, check_list_id, check_list_unsubscribe,
    check_unsubscribe_mailto, check_one_click, check_own_host, check_decoded_subject, check_encoded_words, check_empty,
    check_length, check_capitals, check_exclamation_marks,
)  # fmt: skip
