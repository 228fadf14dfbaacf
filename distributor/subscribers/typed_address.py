"""Addresses as people type them on telephones: cleaned of sure slips, and questioned where something may be one. Pure."""

from __future__ import annotations

from ..mail.address import Mailbox
from .signup_limits import LARGE_PROVIDERS

# Full-width forms (U+FF01 to U+FF5E) are what East Asian keyboards write for ASCII; the ideographic full stops too.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3002: ".", 0xFF61: ".", 0x3000: " "}
# Blanks and marks that cannot be seen and are copied along (U+00AD, U+200B to U+200F, U+2060, U+FEFF).
_UNSEEN = dict.fromkeys((0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF))
_AROUND = " \t\r\n\xa0.,;:'\"“”‘’"

_OFTEN_MEANT = (
    "gmail.com", "yahoo.com", "yahoo.com.vn", "hotmail.com", "outlook.com", "icloud.com", "live.com", "protonmail.com"
)  # fmt: skip
_ALSO_REAL = LARGE_PROVIDERS | {"mail.com", "email.com", "olive.com"}
_NO_ENDINGS = {  # top-level domains that do not exist, and what is meant
    "con": "com", "cmo": "com", "ocm": "com", "comm": "com", "cpm": "com", "xom": "com", "vom": "com", "coom": "com",
    "nte": "net", "ent": "net", "ogr": "org", "vnn": "vn", "vm": "vn",
}  # fmt: skip


def clean_typed_address(text: str) -> str:
    """The address that was typed, in its one form; a domain in any script as A-labels. Raises ValueError in words."""
    text = text.translate(_FULL_WIDTH).translate(_UNSEEN).strip(_AROUND)
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if text.endswith(">"):
        return Mailbox.parse(text).address
    local, at, domain = text.rpartition("@")
    return Mailbox("", f"{local.rstrip()}{at}{domain.strip().rstrip('.')}").address


def suggest_address(address: str) -> str:
    """What was probably meant by an address in its one form: `lan@gmail.com` for `lan@gmail.con`. Empty where nothing is
    likely to be wrong."""
    local, _, domain = address.rpartition("@")
    if domain in _ALSO_REAL:
        return ""
    for meant in _OFTEN_MEANT:
        if domain != meant and _is_one_slip(domain, meant):
            return f"{local}@{meant}"
    rest, _, ending = domain.rpartition(".")
    return f"{local}@{rest}.{_NO_ENDINGS[ending]}" if ending in _NO_ENDINGS else ""


def _is_one_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, too much or wrong, or two neighbours have changed places."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = next((at for at, (one, other) in enumerate(zip(typed, meant, strict=False)) if one != other), None)
    if start is None:
        return len(typed) != len(meant)
    here, there = typed[start:], meant[start:]
    return (
        here[1:] == there[1:]
        or here[1:] == there
        or here == there[1:]
        or (len(here) > 1 and len(there) > 1 and here[:2] == there[1::-1] and here[2:] == there[2:])
    )
