"""A segment's message, compiled once to bytes with places, and joined for each recipient. Pure.

Everything that is the same for all recipients is encoded once: headers, both parts, transfer encoding, doubled dots. For a
recipient only the values of the places are encoded, and the pieces are joined. `quoted_printable` says how a place stands in
its lines. In 8bit a value stands where it stands in the text; an email of which a line could grow too long is never sent so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import quoted_printable
from ..merge_fields import NO_VALUES, Escaping, MergeField, TextOrField, split_html, split_text
from ..model import Recipient
from ..quoted_printable import crlf, one_line
from .address import Mailbox
from .message import EmailContent, headers, list_unsubscribe, recipient_header
from .provider_headers import TOKEN
from .smtp_protocol import dot_stuff, reject_bare_newlines

LONGEST = 998  # octets of a line, RFC 5322, section 2.1.1
_ROOM = 512  # octets that a value may have for 8bit: a longer one would make a line too long

# What of a message differs from recipient to recipient in its head; everything else of it is the same.
_PERSONAL = ("To", "Message-ID", "List-Unsubscribe")
_TOKEN_PLACE = "header token"  # noqa: S105  that of the delivery, in the header that a provider sends back


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """A message with places. `pieces` stand around them: there is one more of them than of places.

    `head` counts the places of the head, which come first. A value that stands in several places is made once: `distinct`
    are the different ones, `order` says which of them stands where. `wire` are the pieces as they travel, with dots doubled.
    """

    content: EmailContent
    head: int
    distinct: tuple[MergeField, ...]
    order: tuple[int, ...]
    pieces: tuple[bytes, ...]
    wire: tuple[bytes, ...]
    eight_bit: bool
    usual: Mapping[str, str]


def compile_message(
    content: EmailContent,
    *,
    eight_bit: bool = False,
    usual: Mapping[str, str] = NO_VALUES,
    added: Sequence[tuple[str, str]] = (),
) -> CompiledMessage | None:
    """Compile an email whose text and HTML hold marks; `to`, `message_id` and `unsubscribe_url` of it are not used.

    `usual` are the values for recipients who have none, `added` further headers (`mail/provider_headers`). Returns None
    where 8bit is asked for and a line would be too long.
    """
    encode = _eight_bit if eight_bit else quoted_printable.encode
    text, html = encode(split_text(content.text)), encode(split_html(content.html))
    if text is None or html is None:
        return None
    boundary = _boundary(content)
    transfer = b"8bit" if eight_bit else b"quoted-printable"
    head = _head(content, boundary, added)
    parts = [
        *head[:-1],
        *_joined(head[-1], _part(boundary, b"plain", transfer)),
        *text,
        _part(boundary, b"html", transfer),
        *html,
        b"\r\n--" + boundary + b"--\r\n",
    ]
    pieces, places = _separated(parts)
    distinct = tuple(dict.fromkeys(places))
    return CompiledMessage(
        content,
        len([part for part in head if isinstance(part, MergeField)]),
        distinct,
        tuple(distinct.index(place) for place in places),
        pieces,
        _on_the_wire(pieces),
        eight_bit,
        usual,
    )


def merge_message(compiled: CompiledMessage, recipient: Recipient) -> bytes:
    """The message of one recipient, as it is signed and stored. Raises ValueError for a value that no header may hold."""
    return _join(compiled.pieces, values_for_recipient(compiled, recipient))


def merge_for_wire(compiled: CompiledMessage, filled: Sequence[bytes], before: bytes = b"") -> bytes:
    """The message as it travels: leading dots doubled (RFC 5321, section 4.5.2), ended by CRLF, the dot not included.

    In quoted-printable no value begins a line with a dot, so doubled pieces are joined; in 8bit one may. `before` are
    fields to stand in front, which begin no line with a dot: signatures.
    """
    if compiled.eight_bit:
        return dot_stuff(_join(compiled.pieces, filled, before))
    return _join(compiled.wire, filled, before)


def values_for_recipient(compiled: CompiledMessage, recipient: Recipient) -> list[bytes]:
    """What stands in each place for one recipient. Raises ValueError for a value that no header may hold."""
    content, values, usual = compiled.content, recipient.merge_values, compiled.usual
    made = [_header_value(content, place.name, recipient) for place in compiled.distinct[: compiled.head]]
    texts = [place.fill(values, usual) for place in compiled.distinct[compiled.head :]]
    encoded = {
        text: _body_value(text, compiled.eight_bit) for text in set(texts)
    }  # a value is often the same in both parts
    made += [encoded[text] for text in texts]
    return [made[number] for number in compiled.order]


def _join(pieces: Sequence[bytes], filled: Sequence[bytes], before: bytes = b"") -> bytes:
    parts = [before] * (2 * len(filled) + 2)
    parts[1::2] = pieces
    parts[2::2] = filled
    return b"".join(parts)


# -- values ------------------------------------------------------------------------------------------------------------


def _header_value(content: EmailContent, name: str, recipient: Recipient) -> bytes:
    if name == "header To":
        return recipient_header(recipient.name, recipient.address).encode()
    if name == "header Message-ID":
        return recipient.message_id.encode("ascii")
    if name == _TOKEN_PLACE:
        return recipient.bounce_token.encode("ascii")
    mailto = content.unsubscribe_mailto
    if content.leave_address and recipient.leave_token:
        local, _, domain = content.leave_address.address.rpartition("@")
        mailto = Mailbox("", f"{local}+{recipient.leave_token}@{domain}")
    return list_unsubscribe(recipient.merge_values["unsubscribe_url"], mailto).encode("ascii")


def _body_value(value: str, eight_bit: bool) -> bytes:
    if not eight_bit:
        return quoted_printable.encode_value(value)
    return one_line(value).encode()[:_ROOM].decode("utf-8", "ignore").encode()


# -- compiling ---------------------------------------------------------------------------------------------------------


def _eight_bit(pieces: Sequence[TextOrField]) -> list[bytes | MergeField] | None:
    made: list[bytes | MergeField] = [
        piece if isinstance(piece, MergeField) else crlf(piece).encode() for piece in pieces
    ]
    longest = b"".join(b"x" * _ROOM if isinstance(part, MergeField) else part for part in made)
    if any(len(line) > LONGEST for line in longest.split(b"\r\n")):
        return None
    return made


def _head(content: EmailContent, boundary: bytes, added: Sequence[tuple[str, str]] = ()) -> list[bytes | MergeField]:
    made: list[bytes | MergeField] = [b""]
    fields = [*headers(content), ("MIME-Version", "1.0")]
    for name, value in fields:
        assert isinstance(made[-1], bytes)
        made[-1] += f"{name}: ".encode()
        if name in _PERSONAL:
            made += [MergeField(f"header {name}", Escaping.TEXT), b"\r\n"]
        else:
            made[-1] += value.encode() + b"\r\n"
    for name, value in added:
        before, token, after = f"{name}: {value}\r\n".partition(TOKEN)
        assert isinstance(made[-1], bytes)
        made[-1] += before.encode("ascii")
        if token:
            made += [MergeField(_TOKEN_PLACE, Escaping.TEXT), after.encode("ascii")]
    assert isinstance(made[-1], bytes)
    made[-1] += b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n'
    return made


def _part(boundary: bytes, subtype: bytes, transfer: bytes) -> bytes:
    return (
        b"\r\n--" + boundary + b"\r\nContent-Type: text/" + subtype + b'; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: " + transfer + b"\r\n\r\n"
    )  # fmt: skip


def _joined(first: bytes | MergeField, second: bytes) -> list[bytes | MergeField]:
    return [first + second] if isinstance(first, bytes) else [first, second]


def _separated(parts: Sequence[bytes | MergeField]) -> tuple[tuple[bytes, ...], tuple[MergeField, ...]]:
    pieces, places = [b""], []
    for part in parts:
        if isinstance(part, MergeField):
            places.append(part)
            pieces.append(b"")
        else:
            pieces[-1] += part
    return tuple(pieces), tuple(places)


def _on_the_wire(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Pieces with leading dots doubled. Raises SmuggledLine for a bare CR or LF."""
    made = []
    for piece in pieces:
        reject_bare_newlines(piece)
        made.append(piece.replace(b"\r\n.", b"\r\n.."))
    return tuple(made)


def _boundary(content: EmailContent) -> bytes:
    """The same for all recipients, and not a line of either part: nobody can write what holds its own hash."""
    whole = "\0".join((content.subject, content.text, content.html))
    return b"=_" + hashlib.sha256(whole.encode()).hexdigest()[:24].encode()
