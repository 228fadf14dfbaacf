"""An email as the bytes of a message (RFC 5322, MIME). Pure.

Headers are folded here and never again: Python's own folding drops spaces between the words of long Vietnamese
subjects (python/cpython#92081) and wraps a long List-Unsubscribe into an encoded-word, with which one-click is silently
gone. So text headers are made by `email.header.Header` at 75 characters, machine-read ones stay on one line, and the
generator is told to fold nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import QP, Charset
from email.generator import BytesGenerator
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from .. import base32
from ..text import clean_line
from .address import Mailbox, ascii_domain, canonical_address

_QP = Charset("utf-8")
_QP.body_encoding = QP  # never 8bit: a relay without 8BITMIME would rewrite it, and break its signature
_POLICY = policy.compat32.clone(linesep="\r\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_URI = re.compile(r"https?://[!#-;=?-~]+")  # what may stand between < and >
_LONGEST = 998  # octets of a line, RFC 5322, section 2.1.1
_FOLDED = 75  # characters of a line that we fold: those of an encoded-word, RFC 2047, section 2
_NO_IDENTIFIER = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST_SENDER_ID = 15
_LONGEST_LIST_ID = 255  # RFC 2919, section 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    """One message in words. `date` is aware; `message_id` has its angle brackets.

    `unsubscribe_url` is the one-click address of this recipient (RFC 8058), `unsubscribe_mailto` an address beside it.
    `leave_address` takes its place for a recipient with a token, which joins its local part.
    `list_id` is the identifier alone (`tin-sang.bacson.example`), `list_name` what subscribers call the list (RFC 2919).
    `feedback_id` is Gmail's `a:b:c:sender`.
    """

    sender: Mailbox
    to: Mailbox
    subject: str
    text: str
    html: str
    date: datetime
    message_id: str
    language: str = "vi"
    reply_to: Mailbox | None = None
    list_id: str = ""
    list_name: str = ""
    list_archive: str = ""
    list_help: str = ""
    unsubscribe_url: str = ""
    unsubscribe_mailto: Mailbox | None = None
    leave_address: Mailbox | None = None
    feedback_id: str = ""


def build_message(content: EmailContent) -> bytes:
    """The message, lines ended by CRLF. The same email gives the same bytes.

    All of it is ASCII, except where the sender's or the recipient's address is not (RFC 6532). Raises ValueError for a
    control character in a header, a date without a zone, and a URL or identifier that cannot stand in a header.
    """
    message = MIMEMultipart("alternative", boundary=_boundary(content))
    for name, value in headers(content):
        # Letters beyond ASCII, as only an address may have them here, pass the generator as raw UTF-8.
        message[name] = value.encode().decode("ascii", "surrogateescape")
    message.attach(_part(content.text, "plain"))
    message.attach(_part(content.html, "html"))
    out = io.BytesIO()
    BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=_POLICY).flatten(message)
    return out.getvalue()


def message_id(edition: str, recipient: str, domain: str) -> str:
    """A Message-ID, the same for every attempt to send an edition to one recipient, so that duplicates can be recognised."""
    digest = hashlib.sha256(f"{edition}\0{recipient}".encode()).digest()[:18]
    place = domain if domain.isascii() else ascii_domain(domain) or "localhost"
    return f"<{base32.encode(digest)}@{place}>"


def feedback_id(edition: str, newsletter: str, kind: str, domain: str) -> str:
    """What Gmail counts complaints by: `edition:newsletter:kind:sender` (support.google.com, "Feedback loop").

    The first three are ours, and none of them may hold a colon; the last one is the same for all email of a sender, 5 to 15
    characters, here made of the domain that email comes from.
    """
    name = _NO_IDENTIFIER.sub("-", (ascii_domain(domain) or domain).lower()).strip("-")
    if not 5 <= len(name) <= _LONGEST_SENDER_ID:
        name = f"{name[:8]}-{hashlib.sha256(domain.lower().encode()).hexdigest()[:6]}"
    return ":".join([*(_NO_IDENTIFIER.sub("-", part) for part in (edition, newsletter, kind)), name])


def text_header(name: str, text: str) -> str:
    """A header of people's words, folded: encoded-words of at most 75 characters (RFC 2047, section 2).

    Plain ASCII stays readable where it fits on the line and no recipient can take it for an encoded-word.
    """
    _refuse_control(name, text)
    if text.isascii() and "=?" not in text and len(name) + 2 + len(text) <= _FOLDED:
        return text
    return Header(text, "utf-8", maxlinelen=_FOLDED, header_name=name).encode(linesep="\r\n")


def mailbox_header(name: str, mailbox: Mailbox) -> str:
    """A name and an address; the address stands outside every encoded-word, on a line of its own if need be."""
    return _with_angle(name, mailbox.name, mailbox.address) if mailbox.name else mailbox.address


def recipient_header(name: str, address: str) -> str:
    """`To` of a recipient: `mailbox_header` for millions. Raises ValueError for what is no address."""
    phrase, inner = clean_line(name), canonical_address(address)
    return _with_angle("To", phrase, inner) if phrase else inner


def _with_angle(name: str, phrase: str, inner: str) -> str:
    """`phrase <inner>`, the phrase a quoted-string or encoded-words (RFC 5322, section 3.4; RFC 2047, section 5)."""
    _refuse_control(name, phrase)
    shown = _words(name, phrase)
    end_of_line = shown.rfind("\n")
    used = len(shown) - end_of_line - 1 if end_of_line >= 0 else len(name) + 2 + len(shown)
    joint = " " if used + 3 + len(inner) <= _FOLDED else "\r\n "
    return f"{shown}{joint}<{inner}>"


def _words(name: str, phrase: str) -> str:
    """A phrase as it is written; most go into one word, which is made a hundred times faster than by Header."""
    if phrase.isascii():
        word = '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        word = f"=?utf-8?b?{base64.b64encode(phrase.encode()).decode()}?="
    if len(name) + 2 + len(word) <= _FOLDED and not (word[0] == '"' and "=?" in phrase):
        return word
    return Header(phrase, "utf-8", maxlinelen=_FOLDED, header_name=name).encode(linesep="\r\n")


def _refuse_control(name: str, text: str) -> None:
    if _CONTROL.search(text):
        raise ValueError(f"{name} must not hold line ends or control characters")


def _for_programs(name: str, value: str) -> str:
    """A header that programs read: ASCII, one line, never folded or encoded."""
    _refuse_control(name, value)
    if not value.isascii() or len(name) + 2 + len(value) > _LONGEST:
        raise ValueError(f"{name} must be ASCII and fit on one line")
    return value


def _angled_uri(name: str, url: str) -> str:
    uri = url
    if not url.isascii():
        _refuse_control(name, url)  # of which urlsplit would make something else
        uri = _ascii_url(url)
    if not _URI.fullmatch(uri):
        raise ValueError(f"{name}: {url!r} is no URL that can stand in a header")
    return f"<{uri}>"


def _ascii_url(url: str) -> str:
    """The URI of an address with letters beyond ASCII (RFC 3987, section 3.1), the host as A-labels."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    kept = "%/:?#[]@!$&'()*+,;="
    path, query, fragment = (quote(part, safe=kept) for part in (parts.path, parts.query, parts.fragment))
    host = ascii_domain(parts.hostname or "")
    return urlunsplit((parts.scheme, host + port, path, query, fragment)) if host else url


def headers(content: EmailContent) -> list[tuple[str, str]]:
    """The head of an email, without what MIME adds, in its order. Raises ValueError as `build` does."""
    if content.date.tzinfo is None:
        raise ValueError(f"a date without a zone: {content.date!r}")
    headers = [
        ("Date", format_datetime(content.date)),
        ("From", mailbox_header("From", content.sender)),
        ("To", mailbox_header("To", content.to)),
        ("Subject", text_header("Subject", content.subject)),
        ("Message-ID", _for_programs("Message-ID", content.message_id)),
        ("Content-Language", _for_programs("Content-Language", content.language)),
    ]
    if content.reply_to:
        headers.append(("Reply-To", mailbox_header("Reply-To", content.reply_to)))
    if content.list_id:
        headers += _list_headers(content)
    if content.feedback_id:
        headers.append(("Feedback-ID", _for_programs("Feedback-ID", content.feedback_id)))
    # RFC 3834: no machine is to answer; the others are not standard, but keep older Outlooks and lists quiet.
    headers.append(("Auto-Submitted", "auto-generated"))
    if content.list_id:  # an email to one person is not bulk
        headers.append(("Precedence", "bulk"))
    headers.append(("X-Auto-Response-Suppress", "OOF, AutoReply"))
    return headers


def _list_headers(content: EmailContent) -> list[tuple[str, str]]:
    """RFC 2919 and 2369; RFC 8058 for the one-click pair, which is for https alone."""
    identifier = _for_programs("List-Id", content.list_id)
    if len(identifier) > _LONGEST_LIST_ID or set(identifier) & set("<> "):
        raise ValueError(f"List-Id: {identifier[:80]!r} cannot stand there")
    named = _with_angle("List-Id", content.list_name, identifier) if content.list_name else f"<{identifier}>"
    headers = [("List-Id", named), ("List-Post", "NO")]
    for name, uri in (("List-Archive", content.list_archive), ("List-Help", content.list_help)):
        if uri:
            headers.append((name, _for_programs(name, _angled_uri(name, uri))))
    way_out = list_unsubscribe(content.unsubscribe_url, content.unsubscribe_mailto)
    if way_out:
        headers.append(("List-Unsubscribe", way_out))
    if content.unsubscribe_url.startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def list_unsubscribe(url: str, mailto: Mailbox | None) -> str:
    """The value of List-Unsubscribe: an address to be called, one to be written to, or both."""
    name = "List-Unsubscribe"
    places = [_angled_uri(name, url)] if url else []
    if mailto:
        places.append(_mailto(mailto.address))
    return _for_programs(name, ", ".join(places))


@lru_cache(maxsize=16)  # one of ours, for all recipients
def _mailto(address: str) -> str:
    return f"<mailto:{quote(address, safe='@+')}?subject=unsubscribe>"


def _part(text: str, subtype: str) -> MIMEText:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return MIMEText(lines, subtype, _QP)  # type: ignore[arg-type]  # a Charset is taken too


def _boundary(content: EmailContent) -> str:
    """The same for the same email, and not a line of either part: `_` and `=` cannot stand together in encoded text."""
    return "=_" + hashlib.sha256(content.message_id.encode()).hexdigest()[:24]
