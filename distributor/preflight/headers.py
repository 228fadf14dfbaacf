"""The headers of a letter, as the receiver's programs read them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email.utils import getaddresses, parsedate_to_datetime

from ..mail.address import Mailbox
from .findings import Finding, finding
from .links import host_of
from .parsed_message import CheckContext, ParsedMessage

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
MAX_AHEAD, MAX_BEHIND = timedelta(hours=1), timedelta(days=7)  # clocks differ; a letter waits for days at most
MAX_LIST_ID = 255  # RFC 2919, section 2
_ANGLED = re.compile(r"<([^<>]*)>")
_MESSAGE_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")


def check_required(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for name in REQUIRED_HEADERS:
        if not letter.values(name):
            yield finding("header-missing", f"there is no {name}; add it before sending", name)
        elif name != "Subject" and not letter.value(name).strip():
            yield finding("header-missing", f"{name} is empty; fill it before sending", name)


def check_duplicates(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    count = Counter(name.lower() for name, _ in letter.fields)
    shown = {name.lower(): name for name, _ in letter.fields}
    for name in sorted(count.keys() & SINGLE_HEADERS):
        if count[name] > 1:
            told = f"{shown[name]} stands {count[name]} times; receivers refuse that or believe one of them: keep one"
            yield finding("header-twice", told, shown[name])


def check_date(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = letter.value("Date").strip()
    if not value:
        return
    try:
        moment = parsedate_to_datetime(value)
        away = moment - context.now if moment.tzinfo else None
    except (ValueError, TypeError, OverflowError, IndexError):
        yield finding("date", f"{value[:60]!r} is no date; write it as RFC 5322, section 3.3, says", "Date")
        return
    if away is None:
        yield finding("date", f"{value[:60]!r} has no zone; write the offset, as in +0700", "Date")
    elif not -MAX_BEHIND <= away <= MAX_AHEAD:
        told = f"{value[:60]!r} is too far from now; filters distrust it: look at the clock and the edition's day"
        yield finding("date", told, "Date")


def check_sender(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for name in ("From", "To"):
        value = letter.value(name)
        if not value.strip():
            continue
        addresses = [address for _, address in getaddresses([value]) if address]
        if len(addresses) != 1 or not _is_address(addresses[0]):
            yield finding("sender", f"{name} must hold exactly one address that mail can be sent to", name)


def check_message_id(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = letter.value("Message-ID").strip()
    if value and not _MESSAGE_ID.fullmatch(value):
        yield finding("message-id", f"{value[:60]!r} is not of the form <left@right>", "Message-ID")


def check_list_id(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = letter.value("List-Id").strip()
    if not value:
        return
    match = re.search(r"<([^<>\s]+)>$", value)
    if not match or len(match.group(1)) > MAX_LIST_ID or "." not in match.group(1):
        told = "it must end in an identifier such as <tin-sang.bacson.example>, at most 255 octets, that never changes"
        yield finding("list-id", told, "List-Id")


def check_list_unsubscribe(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A fold or an encoded-word in it, and one-click is silently gone."""
    name = "List-Unsubscribe"
    raw = next(iter(letter.values(name)), "")
    if not raw.strip():
        return
    if "\n" in raw or "\r" in raw or "=?" in raw or not raw.isascii():
        yield finding(
            "list-unsubscribe", "it is folded or encoded, so programs find no link in it: one plain line", name
        )
    places = _ANGLED.findall(letter.value(name))
    web = [place for place in places if place.lower().startswith("https://") and host_of(place)]
    if len(web) != 1:
        told = f"it names {len(web) or 'no'} https links; RFC 8058 asks for exactly one, between < and >"
        yield finding("list-unsubscribe", told, name)
    if any(not place.lower().startswith(("https://", "mailto:")) for place in places):
        yield finding("list-unsubscribe", "only https and mailto belong into it", name)


def check_unsubscribe_mailto(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    value = letter.value("List-Unsubscribe")
    if value.strip() and not any(_is_mailto(place) for place in _ANGLED.findall(value)):
        told = "it names no mailto address; older programs know that way only: give the channel a reply address"
        yield finding("unsubscribe-mailto", told, "List-Unsubscribe")


def check_one_click(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    name = "List-Unsubscribe-Post"
    value = next(iter(letter.values(name)), "")
    if value.strip() and value.strip() != "List-Unsubscribe=One-Click":
        yield finding("one-click", "it must say List-Unsubscribe=One-Click, letter by letter", name)


def check_own_host(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(letter)
    if url and context.hosts and host_of(url) not in context.hosts:
        told = f"it leads to {host_of(url)}, which is not ours; set site.service_url to the address of our own pages"
        yield finding("own-host", told, "List-Unsubscribe")


def unsubscribe_url(letter: ParsedMessage) -> str:
    """The first https link of List-Unsubscribe; empty where there is none."""
    places = _ANGLED.findall(letter.value("List-Unsubscribe"))
    return next((place for place in places if place.lower().startswith("https://")), "")


def _is_address(text: str) -> bool:
    try:
        Mailbox("", text)
    except ValueError:
        return False
    return True


def _is_mailto(place: str) -> bool:
    scheme, _, rest = place.partition(":")
    return scheme.lower() == "mailto" and "@" in rest


CHECKS = (
    check_required, check_duplicates, check_date, check_sender, check_message_id, check_list_id, check_list_unsubscribe,
    check_unsubscribe_mailto, check_one_click, check_own_host,
)  # fmt: skip
