"""Contact details in a line of text: email addresses, telephone numbers and web pages become links. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .views import safe_text, safe_url

_CONTACT = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<page>https?://[^\s\"<>,;]+)"
    # A number is one where a word says so or it begins with +: other footers hold licenses and tax codes.
    r"|(?:điện thoại|đt|đường dây nóng|hotline|tel|phone|liên hệ|contact)\.?:?\s*(?P<phone>[+0(][\d\s.()-]{7,18}\d)"
    r"|(?P<abroad>\+\d[\d\s.()-]{7,18}\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ContactPart:
    """A part of a line; `url` is where it leads to (`mailto:`, `tel:`, a web page), or empty."""

    text: str
    url: str = ""


def find_links(line: str) -> tuple[ContactPart, ...]:
    """The parts of a line, those that can be tapped with their address."""
    line = safe_text(line)
    parts: list[ContactPart] = []
    end = 0
    for match in _CONTACT.finditer(line):
        found = next(name for name in ("email", "page", "phone", "abroad") if match[name])
        before, shown = line[end : match.start(found)], match[found]
        parts += [ContactPart(before)] if before else []
        parts.append(ContactPart(shown, _address(found, shown)))
        end = match.end(found)
    return (*parts, ContactPart(line[end:])) if line[end:] else tuple(parts)


def _address(kind: str, shown: str) -> str:
    if kind == "email":
        return f"mailto:{shown}"
    if kind == "page":
        return safe_url(shown)
    return "tel:" + re.sub(r"[^\d+]", "", shown)
