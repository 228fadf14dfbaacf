"""What an editor may change in a draft, as values."""

from __future__ import annotations

import pytest

from distributor.editions.editing import DraftEdit, edit_draft_contents
from distributor.errors import UserError
from distributor.i18n import Texts
from distributor.model import EditionKind, Language
from support.builders import edition


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        (EditionKind.DAILY, "For later ones, `distributor articles hold ARTICLE` leaves an article out"),
        (EditionKind.WEEKLY, "For later ones, `distributor articles hold ARTICLE` leaves an article out"),
        (EditionKind.CORRECTION, "`distributor articles correct ARTICLE --note TEXT` says what it says"),
    ],
)
def test_what_cannot_be_edited_is_told_with_what_to_do_instead(kind: EditionKind, instead: str) -> None:
    with pytest.raises(UserError, match="only digests and alerts can be edited") as refused:
        edit_draft_contents(edition(kind=kind), DraftEdit(subject="Bão"), Texts())
    assert instead in str(refused.value)


def test_changes_are_told_in_the_words_of_the_newsroom() -> None:
    texts = Texts({Language.VI: {"edited_subject": "“{text}” là tiêu đề mới"}})
    assert edit_draft_contents(edition(), DraftEdit(subject="Bão"), texts).changes == ("“Bão” là tiêu đề mới",)
