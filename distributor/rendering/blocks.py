"""What the newsroom says itself in an edition, beside its articles: its introduction, announcements, sponsors. Pure.

It is written in Markdown and made safe here, the HTML for emails and pages, the text for plain text.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block as templates see it: `html` is sanitized, `text` is plain; `label` stands above it, or is empty."""

    label: str
    html: Markup
    text: str
