"""The form with which a reviewer edits a draft: what it shows, and what is read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..editions.editing import DraftEdit
from ..editorial import MAX_MARKDOWN, SUBJECT_PLACES, clean_markdown, clean_preheader, clean_subject
from ..i18n import Texts
from ..model import Article, EditionKind, Language
from ..pipeline.draft_review import DraftView
from ..test_mode import without_mark
from ..text_template import escape_template
from .forms import FormLimits, first

# An edition has at most a thousand articles or so, each with two fields; Vietnamese takes nine octets a letter in a form.
LIMITS = FormLimits(octets=500_000, fields=2_000, characters=MAX_MARKDOWN + 1)
_CHECKS: Mapping[str, Callable[[str], str]] = {
    "subject": clean_subject,
    "preheader": clean_preheader,
    "intro": clean_markdown,
}


@dataclass(frozen=True, slots=True)
class ArticleField:
    """An article in the form; `place` is as it was typed, empty for one in brief."""

    id: str
    title: str
    place: str
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class EditForm:
    """The form as it is shown. `errors` say what is wrong, by field; `open`: somebody is at work on it."""

    subject: str
    preheader: str
    intro: str
    articles: tuple[ArticleField, ...]
    errors: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    places: str = " ".join(f"{{{name}}}" for name in SUBJECT_PLACES)


def edit_form(draft: DraftView) -> EditForm | None:
    """The form with the draft as it is; None where it cannot be edited."""
    edition = draft.edition
    if not draft.choices or edition.kind not in (EditionKind.DIGEST, EditionKind.ALERT):
        return None
    rows = [ArticleField(one.id, one.title, str(place)) for place, one in enumerate(edition.articles, 1)]
    rows += [ArticleField(one.id, one.title, "") for one in edition.briefs]
    subject = edition.words.subject or escape_template(without_mark(edition.subject, edition.language))
    return EditForm(subject, edition.words.preheader, edition.words.intro, tuple(rows))


def read_edit(
    draft: DraftView, shown: EditForm, form: Mapping[str, Sequence[str]], language: Language, texts: Texts
) -> tuple[DraftEdit, EditForm]:
    """What is asked for, and the form as it was filled in, with its errors."""
    typed, faults = _read_texts(shown, form)
    errors = {name: texts.translate(language, key, places=shown.places) for name, key in faults.items()}
    dropped = set(form.get("drop", ()))
    places = {one.id: first(form, f"place_{one.id}") for one in draft.edition.articles}
    if dropped.issuperset(one.id for one in draft.edition.carried):
        errors["drop"] = texts.translate(language, "review_page_edit_none")
    rows = tuple(
        ArticleField(row.id, row.title, places.get(row.id, "") if row.place else "", row.id in dropped)
        for row in shown.articles
    )
    before = [one.id for one in draft.edition.articles]
    order = [id for id in _sorted(draft.edition.articles, places) if id not in dropped]
    kept = [id for id in before if id not in dropped]
    edit = DraftEdit(
        **{name: text if text != getattr(shown, name) else None for name, text in typed.items()},
        order=order if order != kept else (),
        drop=[row.id for row in rows if row.dropped],
    )
    return edit, EditForm(**typed, articles=rows, errors=errors, open=True)


def _read_texts(shown: EditForm, form: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts as they were typed, and for each that cannot be taken the key of the sentence that says why."""
    texts, errors = {}, {}
    for name, check in _CHECKS.items():
        typed = first(form, name)
        try:
            texts[name] = check(typed) if typed != getattr(shown, name) else typed
        except ValueError:
            texts[name] = typed
            errors[name] = "review_page_edit_markdown" if name == "intro" else "review_page_edit_line"
    return texts, errors


def _sorted(articles: Sequence[Article], places: Mapping[str, str]) -> list[str]:
    """The ids by the places typed. What was moved comes before what stood at that place, and behind it if moved down."""

    def key(numbered: tuple[int, Article]) -> tuple[int, int, int]:
        number, article = numbered
        typed = places.get(article.id, "")
        place = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else number
        return place, (place > number) - (place < number), number

    return [article.id for _, article in sorted(enumerate(articles, 1), key=key)]
