"""Mail addresses, checked before anything is built from them.

One type carries every address in the program, so that a line end or a control character can never reach a header or
an SMTP command (CVE-2024-6923 and its kin).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr

import idna

from ..text import clean_line

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# RFC 5321, section 4.1.2, `Dot-string`, with RFC 6531's letters beyond ASCII. Quoted local parts are legal and unused.
_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, which may be empty, and an address whose domain is ASCII (A-labels, IDNA 2008)."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Mailbox:
        """Read `lan@example.vn` or `Nguyễn Lan <lan@example.vn>`. Raises ValueError in words."""
        if _CONTROL.search(text):
            raise ValueError("an address must not hold line ends or control characters")
        name, address = parseaddr(text)
        if not address or ("<" not in text and address != text.strip()):
            address = text.strip()
        return cls(clean_line(name), _checked(address))

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def is_ascii(self) -> bool:
        """False where only a server with SMTPUTF8 can take the address (RFC 6531)."""
        return self.address.isascii()

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def normalise(address: str) -> str:
    """The key under which an address is one: domain as A-labels, all in small letters. Raises ValueError in words."""
    return Mailbox.parse(address).address.casefold()


def _checked(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at or not local:
        raise ValueError(f"{address!r} is not an address: it has no name before an @")
    if not domain:
        raise ValueError(f"{address!r} is not an address: it has no domain after the @")
    if not _LOCAL.fullmatch(local):
        raise ValueError(f"{address!r} is not an address: {local!r} cannot stand before the @")
    if len(local.encode()) > 64:  # RFC 5321, section 4.5.3.1.1
        raise ValueError(f"{address!r} is not an address: more than 64 octets before the @")
    return f"{local}@{_ascii_domain(address, domain)}"


def _ascii_domain(address: str, domain: str) -> str:
    try:
        name = idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise ValueError(f"{address!r} is not an address: {domain!r} is no domain") from None
    if "." not in name and name != "localhost":
        raise ValueError(f"{address!r} is not an address: {domain!r} is no full domain")
    if len(name) > 255:
        raise ValueError(f"{address!r} is not an address: the domain is too long")
    return name
