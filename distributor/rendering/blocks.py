"""What the newsroom says itself in an edition, beside its articles: its introduction, announcements, sponsors. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..editorial import BLOCK_PLACES, EditionBlock
from ..markdown import USUAL_WIDTH, is_seen, render_markdown
from .views import safe_text

_LAST = "stories"  # where a block stands whose section is not in the email
_AROUND = 106  # pixels of an email beside a block: the margins of the card, the frame


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block as templates see it: `html` is sanitized, `text` is plain; `label` stands above it, or is empty."""

    label: str
    html: Markup
    text: str


def picture_width(email_width: int) -> int:
    """How wide a picture in a block can be, in pixels."""
    return email_width - _AROUND


def block_view(markdown: str, label: str = "", width: int = USUAL_WIDTH) -> BlockView | None:
    """Markdown as templates show it; None where nothing of it is seen."""
    html, text = render_markdown(markdown, width)
    return BlockView(safe_text(label), Markup(html), text) if is_seen(html, text) else None  # noqa: S704  # nh3 has made it


def place_blocks(
    blocks: Iterable[EditionBlock], headings: Sequence[str], width: int = USUAL_WIDTH
) -> dict[str, list[BlockView]]:
    """The blocks in a list for each place: those of BLOCK_PLACES, or the heading of a section as it is written there. What
    stands after a section that the email does not have comes after all stories: a sponsor has paid for it."""
    known = {heading.casefold(): heading for heading in headings if heading}
    known |= {place: place for place in BLOCK_PLACES}
    placed: dict[str, list[BlockView]] = {}
    for block in blocks:
        if view := block_view(block.text, block.label, width):
            placed.setdefault(known.get(safe_text(block.after).casefold(), _LAST), []).append(view)
    return placed
