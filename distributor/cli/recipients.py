"""Who gets an edition, in words: how many letters there are, and who gets none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .context import plural

if TYPE_CHECKING:
    from ..editions.repository import EditionRow
    from ..pipeline import EditionPlan


def recipient_lines(proposal: EditionPlan) -> list[str]:
    """What there is to say beside the number of readers; nothing where all get the same."""
    division = proposal.segmentation
    letters = len(division.segments)
    lines = []
    if letters > 1:
        lines.append(f"{letters} different letters, as readers have chosen topics or are owed earlier articles")
    if division.excluded_count:
        lines.append(f"nothing in it for {plural(division.excluded_count, 'reader')}: not their topics")
    if proposal.over_cap:
        lines.append(
            f"{plural(proposal.over_cap, 'reader')} had enough mails for today (max_emails_per_day): it comes with the next"
        )
    lines += proposal.notes
    return lines


def draft_state(row: EditionRow) -> str:
    """How the state of a draft is called in a sentence."""
    return "waiting for review" if row.state == "review" else row.state


def recipient_data(proposal: EditionPlan) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "readers": proposal.audience,
        "letters": [
            {"variant": one.edition.variant, "readers": one.size, "articles": [each.id for each in one.edition.carried]}
            for one in proposal.segmentation.segments
        ],
        "nothing_in_it_for": proposal.segmentation.excluded_count,
        "over_cap": proposal.over_cap,
    }
