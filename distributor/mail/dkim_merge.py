"""Signs the copies of a compiled message: what is the same for all readers is brought into its canonical form once. Pure.

Only quoted-printable is signed: there a place stands on lines of its own, so that canonical forms of pieces and values
can be joined; and no relay has a reason to rewrite it on the way. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .dkim import SIGNED, DkimSigner, relaxed_body, relaxed_header, relaxed_value, sign_all, signature_prefixes
from .merge import CompiledMessage

_PLACEHOLDER = b"\x00"  # stands in the head where a place is; no header can hold it


class CompiledSignatures:
    """The signatures of one compiled message. Raises ValueError for one in 8bit."""

    def __init__(self, signers: Sequence[DkimSigner], compiled: CompiledMessage) -> None:
        if compiled.eight_bit:
            raise ValueError("a message in 8bit is not signed: a relay may have to rewrite it")
        head, body = _PLACEHOLDER.join(compiled.pieces[: compiled.head + 1]).split(b"\r\n\r\n", 1)
        self._fields = _fields(head)
        names = [field.partition(b":")[0] if isinstance(field, bytes) else field[0][:-1] for field in self._fields]
        self._openings = signature_prefixes(signers, tuple(names))
        self._head = compiled.head
        pieces = [body, *compiled.pieces[compiled.head + 1 :]]
        forms = [relaxed_body(piece, last=number == len(pieces) - 1) for number, piece in enumerate(pieces)]
        self._start = hashlib.sha256(forms[0])  # hashed once: the beginning that all copies share
        self._forms = forms[1:]

    def sign(self, filled: Sequence[bytes]) -> bytes:
        """The signature fields of the copy with these values, to stand in front of it."""
        body = self._start.copy()
        for value, piece in zip(filled[self._head :], self._forms, strict=True):
            body.update(relaxed_body(value))
            body.update(piece)
        headers = [
            field if isinstance(field, bytes) else field[0] + relaxed_value(filled[field[1]]) + b"\r\n"
            for field in self._fields
        ]
        return sign_all(self._openings, b"".join(headers), body.digest())


def _fields(head: bytes) -> list[bytes | tuple[bytes, int]]:
    """The fields to be signed, the lowest first: canonical forms, or name and colon with the number of the place of the
    value."""
    made: list[bytes | tuple[bytes, int]] = []
    places = 0
    for field in head.replace(b"\r\n ", b"\n ").replace(b"\r\n\t", b"\n\t").split(b"\r\n"):
        name = field.partition(b":")[0].strip().lower()
        personal = _PLACEHOLDER in field
        if name in SIGNED:
            made.append((name + b":", places) if personal else _form(field))
        places += personal
    return made[::-1]


def _form(field: bytes) -> bytes:
    return relaxed_header(field.replace(b"\n", b"\r\n") + b"\r\n")
