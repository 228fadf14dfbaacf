"""Signatures of messages: DKIM (RFC 6376), relaxed/relaxed, with RSA and Ed25519 (RFC 8301, 8463). Pure.

A signature covers two things: a hash of the body, and the header fields with that hash among them. Both are made of
pieces here, because thousands of messages differ in a few words only. What is constant is brought into its canonical
form once; of each message only the personal values are, and then the pieces are joined:

    pieces of the body ── relaxed_body ──▶ BodyHash ──┐
    fields of the head ── relaxed_header ─────────────┴──▶ sign ──▶ DKIM-Signature fields, to stand in front

There is no `l=`, which would let anybody write on below our text, and neither `t=` nor `x=`: the same message has the
same signature, so that an attempt repeated is the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from . import dkim_keys
from .address import ascii_domain
from .dkim_keys import DkimKey
from .merge import CompiledMessage

_PLACEHOLDER = b"\x00"  # stands in the head where a place is; no header can hold it


def _names(*names: str) -> frozenset[bytes]:
    return frozenset(name.lower().encode() for name in names)


# Fields that are signed where they are present: what recipients see, and what programs act on.
SIGNED = _names(
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "Content-Language",
    "Content-Transfer-Encoding", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Post", "List-Archive",
    "List-Help", "Feedback-ID", "Auto-Submitted", "CFBL-Address",
)  # fmt: skip
# Those that are listed once more than they stand there, so that adding one breaks the signature: a second one, or a
# first, would show other words or send answers elsewhere (RFC 6376, sections 5.4.2 and 8.15).
OVERSIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip

_SPACES = re.compile(rb"[ \t]{2,}|\t")
_SPACE = b" \t\r\n"
_NEXT_FIELD = re.compile(rb"\r\n(?![ \t])")
_FIELD_NAME = re.compile(rb"[!-9;-~]+")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_NAME = 253  # characters of a name in DNS
_FOLDED = 76  # octets of a line that we fold


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """Who signs: a domain, and the key whose record stands at `selector._domainkey.domain`.

    Raises ValueError in words for what cannot be a domain or selector.
    """

    domain: str
    selector: str
    key: DkimKey

    def __post_init__(self) -> None:
        domain = ascii_domain(self.domain)
        if not domain:
            raise ValueError(f"{self.domain!r} is not a domain")
        if not _SELECTOR.fullmatch(self.selector):
            raise ValueError(f"{self.selector!r} is no selector: letters, digits and hyphens, such as 2026a")
        object.__setattr__(self, "domain", domain)
        if len(self.place) > _LONGEST_NAME:
            raise ValueError(f"{self.place[:80]}... is too long for a name in DNS")

    @classmethod
    def load(cls, domain: str, selector: str, path: Path) -> DkimSigner:
        """With the key of a file. Raises ValueError in one line as `keys.read` does."""
        return cls(domain, selector, dkim_keys.read(path))

    @property
    def place(self) -> str:
        """Where receivers look for the record (RFC 6376, section 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


# -- canonical forms ---------------------------------------------------------------------------------------------------


def relaxed_header(field: bytes) -> bytes:
    """The canonical form of one field, folded or not, with its CRLF (RFC 6376, section 3.4.2).

    Raises ValueError for what is not exactly one field.
    """
    name, colon, value = field.removesuffix(b"\r\n").partition(b":")
    name = name.rstrip(b" \t")
    if not colon or not _FIELD_NAME.fullmatch(name):
        raise ValueError(f"not one header field: {field[:80]!r}")
    return name.lower() + b":" + relaxed_value(value) + b"\r\n"


def relaxed_value(value: bytes) -> bytes:
    """The canonical form of what stands behind the colon. Raises ValueError where it is more than one field."""
    if b"\n" in value or b"\r" in value:
        value = value.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
        if b"\n" in value or b"\r" in value:
            raise ValueError(f"not one header field: {value[:80]!r}")
    if b"\t" in value or b"  " in value:
        value = _SPACES.sub(b" ", value)
    return value.strip(b" \t")


def relaxed_body(piece: bytes, *, last: bool = False) -> bytes:
    """The canonical form of a piece of a body (RFC 6376, section 3.4.4).

    Forms of pieces can be joined where no white space or line end touches a cut, or the cut follows a CRLF; of any
    other pieces `BodyHash` takes care. `last`: the end of the body, from a line with text on, or all of the body.
    """
    if b"\t" in piece or b"  " in piece:
        piece = _SPACES.sub(b" ", piece)  # first, so that what is left before a CRLF is one space: no run is read twice
    piece = piece.replace(b" \r\n", b"\r\n")
    if not last:
        return piece
    text = piece.rstrip(_SPACE)
    return text + b"\r\n" if text else b""


class BodyHash:
    """The hash of a body that comes in pieces, cut anywhere, even amid white space or a CRLF.

    Each piece has gone through `relaxed_body`. A start that many messages share is hashed once, and copied.
    """

    __slots__ = ("_gap", "_hash", "_text")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._gap = b""  # white space and line ends at the end so far: what they come to is open until text follows
        self._text = False

    def update(self, piece: bytes) -> None:
        rest = piece.lstrip(_SPACE)
        if not rest:
            self._gap += piece
            return
        gap = self._gap + piece[: len(piece) - len(rest)]
        if gap:
            self._hash.update(relaxed_body(gap))
        text = rest.rstrip(_SPACE)
        self._hash.update(text)
        self._gap = rest[len(text) :]
        self._text = True

    def copy(self) -> BodyHash:
        other = BodyHash()
        other._hash, other._gap, other._text = self._hash.copy(), self._gap, self._text
        return other

    def digest(self) -> bytes:
        """SHA-256 of the canonical body. Empty lines at its end do not count."""
        whole = self._hash.copy()
        whole.update(b"\r\n" if self._text else b"")
        return whole.digest()


# -- signing -----------------------------------------------------------------------------------------------------------


def sign(signers: Iterable[DkimSigner], canonical_headers: Sequence[bytes], body_hash: bytes) -> bytes:
    """The `DKIM-Signature` fields, one per signer, complete and folded.

    `canonical_headers` are the forms of all fields of the message whose names are in SIGNED; of several with one name
    the lowest comes first (RFC 6376, section 5.4.2). Raises ValueError where From is missing.
    """
    names = tuple([header[: header.index(b":")] for header in canonical_headers])
    return sign_all(signature_prefixes(signers, names), b"".join(canonical_headers), body_hash)


def signature_prefixes(
    signers: Iterable[DkimSigner], names: tuple[bytes, ...], rewritten: frozenset[bytes] = frozenset()
) -> tuple[SignaturePrefix, ...]:
    """How the signatures begin of messages with these fields; `rewritten` are names that stand in no signature. Raises
    ValueError as `sign` does."""
    return tuple(_signature_prefix(signer, names, rewritten) for signer in signers)


def sign_all(openings: Iterable[SignaturePrefix], signed: bytes, body_hash: bytes) -> bytes:
    """`sign` for one of many messages with the same fields: `signed` are their canonical forms, one after the other."""
    hashed = base64.b64encode(body_hash)
    return b"".join([_field(opening, signed, hashed) for opening in openings])


def sign_message(signers: Iterable[DkimSigner], message: bytes) -> bytes:
    """A message with its signatures in front, as it must be sent, unchanged.

    Raises ValueError for lines that do not end with CRLF, for what is no header field, and where From is missing.
    """
    bare = message.replace(b"\r\n", b"")
    if b"\r" in bare or b"\n" in bare:
        raise ValueError("a message can be signed only when all its lines end with CRLF")
    head, _, body = message.partition(b"\r\n\r\n")
    forms = [relaxed_header(field) for field in reversed(_NEXT_FIELD.split(head.removesuffix(b"\r\n")))]
    wanted = [form for form in forms if form[: form.index(b":")] in SIGNED]
    return sign(signers, wanted, hashlib.sha256(relaxed_body(body, last=True)).digest()) + message


class SignaturePrefix(NamedTuple):
    """A signature field up to the value of `bh=`, as it is written and in canonical form."""

    signer: DkimSigner
    written: bytes
    canonical: bytes


def _field(opening: SignaturePrefix, signed: bytes, hashed: bytes) -> bytes:
    """What is signed ends with the field itself, its `b=` empty and no CRLF (RFC 6376, section 3.7)."""
    digest = hashlib.sha256(signed + opening.canonical + hashed + b"; b=").digest()
    value = b"b=" + base64.b64encode(opening.signer.key.sign(digest))
    lines = [value[start : start + _FOLDED] for start in range(0, len(value), _FOLDED)]
    return opening.written + hashed + b";\r\n " + b"\r\n ".join(lines) + b"\r\n"


@lru_cache(maxsize=256)
def _signature_prefix(signer: DkimSigner, names: tuple[bytes, ...], rewritten: frozenset[bytes]) -> SignaturePrefix:
    if b"from" not in names:
        raise ValueError("a message without From cannot be signed (RFC 6376, section 5.4)")
    *listed, last = (*names, *(name for name in OVERSIGNED if name not in rewritten))
    tags = f"v=1; a={signer.key.algorithm}; c=relaxed/relaxed; d={signer.domain}; s={signer.selector};"
    words = [b" " + tag for tag in tags.encode().split(b" ")]
    words += [b" h=" + listed[0] + b":", *(name + b":" for name in listed[1:]), last + b";"]
    written = b"DKIM-Signature:" + _folded(words, used=15) + b"\r\n bh="
    return SignaturePrefix(signer, written, relaxed_header(written).removesuffix(b"\r\n"))


def _folded(words: Sequence[bytes], used: int) -> bytes:
    """Words in lines. One of them may stand on a new line, where it begins with a space, and is never broken."""
    made = b""
    for word in words:
        if used + len(word) > _FOLDED:
            word = b"\r\n " + word.lstrip()
            used = -2
        made += word
        used += len(word)
    return made


class CompiledSignatures:
    """Signs the messages that are merged from one compiled message: what all recipients share is brought into its canonical
    form once. `rewrites` are the names of fields that the server writes anew: signed, they would break the signature. Raises
    ValueError for a message in 8bit.

    Only quoted-printable is signed: there a merge field stands on lines of its own, so that canonical forms of pieces and
    values can be joined; and no server has a reason to rewrite it on the way.
    """

    def __init__(self, signers: Sequence[DkimSigner], compiled: CompiledMessage, rewrites: Iterable[str] = ()) -> None:
        if compiled.eight_bit:
            raise ValueError("a message in 8bit is not signed: a relay may have to rewrite it")
        head, body = _PLACEHOLDER.join(compiled.pieces[: compiled.head + 1]).split(b"\r\n\r\n", 1)
        rewritten = _names(*rewrites)
        self._fields = _fields(head, SIGNED - rewritten)
        names = [field.partition(b":")[0] if isinstance(field, bytes) else field[0][:-1] for field in self._fields]
        self._openings = signature_prefixes(signers, tuple(names), rewritten)
        self._head = compiled.head
        pieces = [body, *compiled.pieces[compiled.head + 1 :]]
        forms = [relaxed_body(piece, last=number == len(pieces) - 1) for number, piece in enumerate(pieces)]
        self._start = hashlib.sha256(forms[0])  # hashed once: the beginning that all messages share
        self._forms = forms[1:]

    def sign(self, filled: Sequence[bytes]) -> bytes:
        """The signature fields of the message with these values, to stand in front of it."""
        body = self._start.copy()
        for value, piece in zip(filled[self._head :], self._forms, strict=True):
            body.update(relaxed_body(value))
            body.update(piece)
        headers = [
            field if isinstance(field, bytes) else field[0] + relaxed_value(filled[field[1]]) + b"\r\n"
            for field in self._fields
        ]
        return sign_all(self._openings, b"".join(headers), body.digest())


def _fields(head: bytes, wanted: frozenset[bytes]) -> list[bytes | tuple[bytes, int]]:
    """The fields that are `wanted`, the lowest first: canonical forms, or name and colon with the number of the place of the
    value."""
    made: list[bytes | tuple[bytes, int]] = []
    places = 0
    for field in head.replace(b"\r\n ", b"\n ").replace(b"\r\n\t", b"\n\t").split(b"\r\n"):
        name = field.partition(b":")[0].strip().lower()
        personal = _PLACEHOLDER in field
        if name in wanted:
            made.append((name + b":", places) if personal else _form(field))
        places += personal
    return made[::-1]


def _form(field: bytes) -> bytes:
    return relaxed_header(field.replace(b"\n", b"\r\n") + b"\r\n")
