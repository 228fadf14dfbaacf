"""A plain email to staff, made without templates: one that is broken must not keep an alert about it from them. Pure."""

from __future__ import annotations

from html import escape

from ..channel import Digest
from .views import safe_text

_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5">
<h1 style="font-size: 18px">{title}</h1>
{body}
</body></html>
"""


def plain_message(title: str, text: str) -> Digest:
    """An email with one heading, in both parts. Paragraphs of `text` are divided by empty lines."""
    subject = safe_text(title)
    paragraphs = [safe_text(one) for one in text.split("\n\n")]
    body = "\n".join(f"<p>{escape(one)}</p>" for one in paragraphs)
    html = _PAGE.format(title=escape(subject), body=body)
    plain = "\n\n".join([subject, *paragraphs])
    return Digest(subject=subject, preheader=paragraphs[0], html=html, text=f"{plain}\n")
