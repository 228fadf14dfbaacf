"""What an editor changes in a draft: its subject, preheader and introduction, the order of its articles, what is left out.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..editorial import EditorWords, clean_markdown, clean_preheader, clean_subject
from ..errors import UserError
from ..i18n import Texts
from ..model import Article, Edition, EditionKind
from ..text import clean_line, cut_words
from ..url_cleaning import canonical_url

_SHOWN = 100  # characters of a text in a history
_PER_SUBSCRIBER = (
    "It is made of what each subscriber has not had yet; `distributor editions approve`, `hold` or `cancel` decides. "
    "For later ones, `distributor articles hold ARTICLE` leaves an article out, and `subject`, `preheader` and `blocks` in "
    "config.yaml change what they say"
)
_INSTEAD = {
    EditionKind.DAILY: _PER_SUBSCRIBER,
    EditionKind.WEEKLY: _PER_SUBSCRIBER,
    EditionKind.CORRECTION: "`distributor articles correct ARTICLE --note TEXT` says what it says",
}
_LISTED = 20  # articles that an error names


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEdit:
    """What is asked for. None leaves a text as it is, an empty one brings the usual one back. Articles are named by id;
    those of `order` come first and in this order, the others follow as they stood."""

    subject: str | None = None
    preheader: str | None = None
    intro: str | None = None
    order: Sequence[str] = ()
    drop: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EditedDraft:
    """A draft as an editor wants it, not yet frozen: its articles and words. `changes` says in the language of the
    newsletter what is different, and is empty where nothing is."""

    articles: tuple[Article, ...]
    briefs: tuple[Article, ...]
    words: EditorWords
    dropped: tuple[Article, ...]
    changes: tuple[str, ...]


def clean_words(words: EditorWords, edit: DraftEdit) -> EditorWords:
    """The words of a draft after an edit. Raises UserError for a text that is too long or has an unknown place."""
    checks = {"subject": clean_subject, "preheader": clean_preheader, "intro": clean_markdown}
    for name, check in checks.items():
        text = getattr(edit, name)
        if text is not None:
            try:
                words = replace(words, **{name: check(text)})
            except ValueError as error:
                raise UserError(f"{name} {error}") from None
    return words


def edit_draft_contents(edition: Edition, edit: DraftEdit, texts: Texts) -> EditedDraft:
    """The draft after an edit. Raises UserError where an article is not in it, is named twice, or would be the last one."""
    if edition.kind not in (EditionKind.DIGEST, EditionKind.ALERT):
        raise UserError(
            f"{edition.id} is a {edition.kind} edition, and only digests and alerts can be edited. {_INSTEAD[edition.kind]}"
        )
    order, drop = _named(edition, edit.order), set(_named(edition, edit.drop))
    if twice := next((id for id in order if order.count(id) > 1), ""):
        raise UserError(f"the order names {twice} twice")
    if both := drop.intersection(order):
        raise UserError(f"{min(both)} is both in the order and left out")
    by_id = {article.id: article for article in edition.carried}
    first = [by_id[id] for id in order]
    articles = (*first, *(one for one in edition.articles if one.id not in {*order, *drop}))
    briefs = tuple(one for one in edition.briefs if one.id not in {*order, *drop})
    if not articles:
        articles, briefs = briefs, ()
    if not articles:
        raise UserError(
            f"{edition.id} would have no article left; `distributor editions cancel {edition.id}` stops it, and its "
            "articles wait for the next one"
        )
    words = clean_words(edition.words, edit)
    dropped = tuple(by_id[id] for id in by_id if id in drop)
    made = replace(edition, articles=articles, briefs=briefs)
    changes = (*_changed_words(edition, words, texts), *_changed_articles(edition, made, dropped, texts))
    return EditedDraft(articles, briefs, words, dropped, changes)


def _named(edition: Edition, asked: Sequence[str]) -> list[str]:
    """The ids of articles that are named by an id, by how it begins, or by the address of their page. Raises UserError."""
    return [_find_named(edition, text.strip()) for text in asked]


def _find_named(edition: Edition, text: str) -> str:
    ids = [article.id for article in edition.carried]
    if text in ids:
        return text
    near = [id for id in ids if text and id.startswith(text.lower())]
    near = near or [one.id for one in edition.carried if text and canonical_url(one.url) == canonical_url(text)]
    if len(near) == 1:
        return near[0]
    what = "several articles whose ids begin with" if near else "no article"
    listed = "".join(f"\n  {one.id}  {cut_words(one.title, _SHOWN)}" for one in edition.carried[:_LISTED])
    more = "\n  and more" if len(ids) > _LISTED else ""
    raise UserError(f"{edition.id} has {what} {text[:60]!r}; it has:{listed}{more}")


def _changed_words(edition: Edition, words: EditorWords, texts: Texts) -> list[str]:
    lines = []
    for name in ("subject", "preheader", "intro"):
        old, new = getattr(edition.words, name), getattr(words, name)
        if old == new:
            continue
        key = f"edited_{name}" if new else f"edited_{name}_usual"
        lines.append(texts.translate(edition.language, key, text=cut_words(clean_line(new), _SHOWN)))
    return lines


def _changed_articles(edition: Edition, made: Edition, dropped: Sequence[Article], texts: Texts) -> list[str]:
    language = edition.language
    lines = [texts.translate(language, "edited_dropped", title=one.title, id=one.id) for one in dropped]
    gone = {article.id for article in dropped}
    before = [article.id for article in edition.carried if article.id not in gone]
    if before != [article.id for article in made.carried] or len(edition.articles) - len(gone) < len(made.articles):
        titles = "; ".join(f"{number}. {one.title}" for number, one in enumerate(made.carried[:3], 1))
        more = "; …" if len(made.carried) > 3 else ""
        lines.append(texts.translate(language, "edited_order", titles=f"{titles}{more}"))
    return lines
