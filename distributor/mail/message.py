"""A letter as the bytes of a message (RFC 5322, MIME). Pure.

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

from .address import Mailbox

_QP = Charset("utf-8")
_QP.body_encoding = QP  # never 8bit: a relay without 8BITMIME would rewrite it, and break its signature
_POLICY = policy.compat32.clone(linesep="\r\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST = 998  # octets of a line, RFC 5322, section 2.1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message in words. `date` is aware; `message_id` has its angle brackets.

    `unsubscribe_url` is the one-click address of this recipient (RFC 8058), `unsubscribe_mailto` an address beside it.
    `list_id` is the identifier alone (`tin-sang.bacson.example`), `list_name` what people call the list (RFC 2919).
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
    unsubscribe_url: str = ""
    unsubscribe_mailto: str = ""
    feedback_id: str = ""


def build(letter: Letter) -> bytes:
    """The message, lines ended by CRLF. The same letter gives the same bytes. Raises ValueError for control characters."""
    message = MIMEMultipart("alternative", boundary=_boundary(letter))
    for name, value in _headers(letter):
        message[name] = value
    message.attach(_part(letter.text, "plain"))
    message.attach(_part(letter.html, "html"))
    out = io.BytesIO()
    BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=_POLICY).flatten(message)
    return out.getvalue()


def message_id(edition: str, recipient: str, domain: str) -> str:
    """A Message-ID that is the same for every copy of an edition to one recipient, so that doubles can be recognised."""
    digest = hashlib.sha256(f"{edition}\0{recipient}".encode()).digest()[:18]
    return f"<{base64.b32encode(digest).decode().rstrip('=').lower()}@{domain}>"


def text_header(name: str, text: str) -> str:
    """A header of people's words, folded: encoded-words of at most 75 characters (RFC 2047, section 2)."""
    if _CONTROL.search(text):
        raise ValueError(f"{name} must not hold line ends or control characters")
    return Header(text, "us-ascii" if text.isascii() else "utf-8", maxlinelen=75, header_name=name).encode(
        linesep="\r\n"
    )


def mailbox_header(name: str, mailbox: Mailbox) -> str:
    """A name and an address; the address stands outside every encoded-word, on a line of its own if need be."""
    if not mailbox.name:
        return mailbox.address
    if mailbox.name.isascii():
        quoted = '"' + mailbox.name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        shown = quoted if len(name) + 2 + len(quoted) <= 75 else _encoded(name, mailbox.name)
    else:
        shown = _encoded(name, mailbox.name)
    line = shown.rpartition("\n")[2]
    joint = " " if len(name) + 2 + len(line) + 3 + len(mailbox.address) <= 76 else "\r\n "
    return f"{shown}{joint}<{mailbox.address}>"


def _encoded(name: str, text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(f"{name} must not hold line ends or control characters")
    return Header(text, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def _plain_header(name: str, value: str) -> str:
    """A header that programs read: ASCII, one line, never folded or encoded."""
    if not value.isascii() or _CONTROL.search(value) or len(name) + 2 + len(value) > _LONGEST:
        raise ValueError(f"{name} must be ASCII and fit on one line")
    return value


def _headers(letter: Letter) -> list[tuple[str, str]]:
    headers = [
        ("Date", format_datetime(letter.date)),
        ("From", mailbox_header("From", letter.sender)),
        ("To", mailbox_header("To", letter.to)),
        ("Subject", text_header("Subject", letter.subject)),
        ("Message-ID", _plain_header("Message-ID", letter.message_id)),
        ("Content-Language", _plain_header("Content-Language", letter.language)),
    ]
    if letter.reply_to:
        headers.append(("Reply-To", mailbox_header("Reply-To", letter.reply_to)))
    if letter.list_id:
        headers += _list_headers(letter)
    if letter.feedback_id:
        headers.append(("Feedback-ID", _plain_header("Feedback-ID", letter.feedback_id)))
    # RFC 3834: no machine is to answer; the others are not standard, but keep older Outlooks and lists quiet.
    headers += [
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    return headers


def _list_headers(letter: Letter) -> list[tuple[str, str]]:
    """RFC 2919 and 2369; RFC 8058 for the one-click pair."""
    headers = [
        ("List-Id", mailbox_header("List-Id", Mailbox(letter.list_name, letter.list_id))
         if letter.list_name else f"<{letter.list_id}>"),
        ("List-Post", "NO"),
    ]  # fmt: skip
    places = [f"<{letter.unsubscribe_url}>"] if letter.unsubscribe_url else []
    if letter.unsubscribe_mailto:
        places.append(f"<mailto:{letter.unsubscribe_mailto}?subject=unsubscribe>")
    if places:
        headers.append(("List-Unsubscribe", _plain_header("List-Unsubscribe", ", ".join(places))))
    if letter.unsubscribe_url:
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def _part(text: str, subtype: str) -> MIMEText:
    return MIMEText(text.replace("\r\n", "\n"), subtype, _QP)  # type: ignore[arg-type]  # a Charset is taken too


def _boundary(letter: Letter) -> str:
    """The same for the same letter, and not a line of either part: `_` and `=` cannot stand together in encoded text."""
    return "=_" + hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]
