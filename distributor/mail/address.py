"""Email addresses, checked before anything is built from them.

One type carries every address in the program, and no value of it exists that has not been checked, so that a line end
or a control character can never reach a header or an SMTP command (CVE-2024-6923 and its kin).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna

from ..text import clean_line

_LONGEST_LOCAL = 64  # octets before the @, RFC 5321, section 4.5.3.1.1
_LONGEST = 254  # octets of the whole, so that <address> keeps to the 256 of a path, section 4.5.3.1.3
# What U+0000 to U+007F may stand before the @: RFC 5321, section 4.1.2, `Dot-string`. RFC 6531 adds all beyond ASCII.
# Quoted local parts are legal and unused; an address of that form is nearly always a slip.
_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
)
# What most addresses look like, and nothing that would need a closer look: ASCII throughout, no hyphens side by side in
# the domain (as in A-labels), and a letter in its last label, so that it is no number. Such a domain is its own A-label.
_LABEL = r"(?![A-Za-z0-9-]{64})[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_USUAL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*").fullmatch
_USUAL_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
_SEVERAL = re.compile(r"[^\s@,;:<>()\"']+@[^\s@,;:<>()\"']+")  # what looks like an address
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, which may be empty, and an address whose domain is ASCII (A-labels, IDNA 2008).

    Both are brought into their one form here; raises ValueError in words for what is no address.
    """

    name: str
    address: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", clean_line(self.name))
        object.__setattr__(self, "address", canonical_address(self.address))

    @classmethod
    def parse(cls, text: str) -> Mailbox:
        """Read `lan@example.vn` or `Nguyễn Lan <lan@example.vn>`, the name in quotes or not. Raises ValueError in words."""
        if _CONTROL.search(text):
            raise ValueError("an address must not hold line ends or control characters")
        text = text.strip()
        if not text.endswith(">"):
            return cls("", text)
        name, opening, address = text[:-1].rpartition("<")
        if not opening:
            raise ValueError(f"{text!r} is not an address: the < is missing")
        others = [one for one in _SEVERAL.findall(name) if one.casefold() != address.strip().casefold()]
        if others or "<" in name or ">" in name:
            raise ValueError(f"{text[:80]!r} is not an address, but several")
        return cls(_unquoted(name.strip()), address.strip())

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def is_ascii(self) -> bool:
        """False where only a server with SMTPUTF8 can take the address (RFC 6531)."""
        return self.address.isascii()

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def normalize(address: str) -> str:
    """The key under which an address is one: domain as A-labels, all in small letters. Raises ValueError in words.

    A server may tell Lan@ from lan@ (RFC 5321, section 2.4); people do not, and nobody wants the same email twice.
    """
    return (canonical_if_usual(address) or Mailbox.parse(address).address).lower()


@lru_cache(maxsize=4096)  # most recipients are at a few providers
def ascii_domain(domain: str) -> str:
    """The domain as A-labels in small letters (IDNA 2008); empty where it is no full domain name."""
    if len(domain) > 255:
        return ""
    try:
        name = idna.encode(domain, uts46=True).decode("ascii").lower()
    except UnicodeError:  # idna.IDNAError is one
        return ""
    if name.endswith(".") or ("." not in name and name != "localhost") or re.fullmatch(r"[\d.]+", name):
        return ""
    return name


def mask_address(address: str) -> str:
    """`l••@example.vn`: on a page that others may see, enough for its owner to know it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}••@{domain}"


def _unquoted(name: str) -> str:
    """A quoted-string as what it says (RFC 5322, section 3.2.4)."""
    if len(name) >= 2 and name.startswith('"') and name.endswith('"'):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def canonical_address(address: str) -> str:
    """The address in its one form. Raises ValueError in words."""
    return canonical_if_usual(address) or validate_address(address)


def canonical_if_usual(address: str) -> str:
    """The same as `canonical_address` for addresses of the usual form, sooner; empty for all others."""
    local, _, domain = address.rpartition("@")
    if len(local) > _LONGEST_LOCAL or len(address) > _LONGEST or not _USUAL_LOCAL(local):
        return ""
    name = _usual_domain(domain)
    return f"{local}@{name}" if name else ""


@lru_cache(maxsize=4096)
def _usual_domain(domain: str) -> str:
    return domain.lower() if _USUAL_DOMAIN.fullmatch(domain) else ""


def validate_address(address: str) -> str:
    """The address in its one form. Raises ValueError in words, saying what is wrong with it."""

    def no(reason: str) -> ValueError:
        return ValueError(f"{address!r} is not an address: it {reason}")

    if not address:
        raise ValueError("an address is missing")
    if _CONTROL.search(address):
        raise ValueError("an address must not hold line ends or control characters")
    local, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    if not at:
        raise no("has no @")
    if not local:
        raise no("has nothing before the @")
    if not domain:
        raise no("has no domain after the @")
    if not _LOCAL.fullmatch(local) or any(_is_invisible(sign) for sign in local):
        raise no(f"has {local!r} before the @, where only letters, digits, single dots and a few signs may stand")
    if len(local.encode()) > _LONGEST_LOCAL:
        raise no(f"has more than {_LONGEST_LOCAL} octets before the @")
    name = ascii_domain(domain)
    if not name:
        raise no(f"has no full domain name after the @, but {domain[:80]!r}")
    if len(local.encode()) + 1 + len(name) > _LONGEST:
        raise no(f"is longer than {_LONGEST} octets")
    return f"{local}@{name}"


def _is_invisible(sign: str) -> bool:
    """Spaces, invisible signs, lone surrogates, unassigned code points: pasted along by accident, or to deceive."""
    return unicodedata.category(sign)[0] in "ZC"
