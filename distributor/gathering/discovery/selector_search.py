"""Selectors for an article's fields, found and tested on several articles of one listing. Pure.

Automatic extraction comes first: where it is good on every page nothing is proposed, so that the block stays short and
goes on working when the portal changes its names. There is no right answer to compare with, so what speaks against it
is: a field that is missing, a date that all articles share, a title that two share, a body that holds what other articles
hold too or less than a block of the page. A selector is proposed where it is at least as good on every page that
was tried, and better on one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

from ...model import ParsedArticle
from ..bylines import is_name
from ..cleaning import clean_body
from ..dates import parse_date
from ..extraction.document import element_text, first_text, select
from ..extraction.selectors import Selectors
from .css_selectors import is_small, selectors_for, stable_names
from .report import ProposedSelector
from .text_matching import BodyMeasure, fold_text, measure_bodies

_MOST_ELEMENTS = 6000  # of a page that are searched
_MOST_CANDIDATES = 120  # selectors of one field
_MOST_BODIES = 8  # candidates for the body that are read to the end
_LEAD = (40, 700)  # characters
_LONGEST_DATE = 120
_LONGEST_BYLINE = 80
_SOMEWHERE = "https://example.com/"  # what links are relative to that are only counted
_GAIN = 1.1  # a body must be so much fuller than the automatic one to be proposed for that alone
_KEPT = 0.97  # and must keep so much of its text in any case
_HINTS = {
    "lead": (
        "sapo", "lead", "tomtat", "tom-tat", "summary", "desc", "chapeau", "intro", "mota", "mo-ta", "trich",
    ),
    "author": (
        "tacgia", "tac-gia", "author", "writer", "byline", "butdanh", "but-danh", "nguoiviet", "nguoi-viet", "kyten",
        "ky-ten", "signature", "reporter", "phongvien", "phong-vien",
    ),
}  # fmt: skip
_FRAMES = {"nav", "footer", "aside", "header", "form"}


@dataclass(frozen=True, slots=True)
class SamplePage:
    """One article's page: its tree, which nothing here changes, the words and the date that its listing gives, and what
    automatic extraction makes of it (None where it is no article to it)."""

    tree: HtmlElement
    found: ParsedArticle | None
    hint: str = ""
    listed: datetime | None = None


ArticleReader = Callable[[int, Selectors], ParsedArticle | None]  # the article of sample number … by these selectors


def find_selectors(
    samples: Sequence[SamplePage], read: ArticleReader, zone: tzinfo, given: Selectors
) -> tuple[tuple[ProposedSelector, ...], tuple[str, ...]]:
    """The selectors to propose, each better than automatic extraction on the pages tried, and what may be one. `given` are
    kept as they are. Nothing for fewer than two pages: what two articles share cannot be seen on one."""
    if len(samples) < 2:
        return (), ()
    finder = _Finder(samples, read, zone, given)
    searches = {"title": finder.title, "date": finder.date, "author": finder.author, "lead": finder.lead}
    found = [one for key, search in searches.items() if not getattr(given, key) and (one := search()) is not None]
    if not given.body and (body := finder.body(found)) is not None:
        found.append(body)
    kept = finder.confirmed(found)
    perhaps = "" if given.author or any(one.key == "author" for one in kept) else finder.perhaps_author()
    return kept, (perhaps,) if perhaps else ()


@dataclass(frozen=True, slots=True)
class _Finder:
    samples: Sequence[SamplePage]
    read: ArticleReader
    zone: tzinfo
    given: Selectors

    # -- the fields --------------------------------------------------------------------------------------------------

    def title(self) -> ProposedSelector | None:
        now = [fold_text(one.found.title) if one.found else "" for one in self.samples]
        why = _missing("title", now) or (
            "without it two articles get the same title" if len(set(now)) < len(now) and self._differ_by_hint() else ""
        )
        if not why:
            return None
        hints = [fold_text(one.hint) for one in self.samples]

        def good(words: Sequence[str]) -> bool:
            said = [fold_text(one) for one in words]
            agrees = sum(one == hint for one, hint in zip(said, hints, strict=True))
            return len(set(said)) == len(said) and all(8 <= len(one) <= 300 for one in said) and 2 * agrees > len(said)

        return self._first("title", why, lambda element: 8 <= len(element_text(element)) <= 300, good)

    def _differ_by_hint(self) -> bool:
        hints = [fold_text(one.hint) for one in self.samples]
        return all(hints) and len(set(hints)) == len(hints)

    def date(self) -> ProposedSelector | None:
        now = [one.found.published if one.found else None for one in self.samples]
        listed = [one.listed for one in self.samples]
        why = _missing("date", now)
        if not why and len(now) > 2 and len(set(now)) == 1 and (None in listed or len(set(listed)) > 1):
            why = "without it all articles get one date, which is the page's rather than theirs"
        if not why:
            return None

        def good(words: Sequence[str]) -> bool:
            moments = [parse_date(one, self.zone) for one in words]
            if None in moments or (len(moments) > 2 and len(set(moments)) == 1):
                return False
            return all(
                day is None or moment is None or abs((moment - day).days) <= 1
                for moment, day in zip(moments, listed, strict=True)
            )

        def wanted(element: HtmlElement) -> bool:
            text = element.get("datetime") or element_text(element)
            return len(text) <= _LONGEST_DATE and any(map(str.isdigit, text)) and bool(parse_date(text, self.zone))

        return self._first("date", why, wanted, good, attribute="datetime")

    def author(self) -> ProposedSelector | None:
        now = [one.found.author if one.found else "" for one in self.samples]
        why = _missing("author", now)
        if not why:
            return None

        def good(words: Sequence[str]) -> bool:
            return all(
                0 < len(one) <= _LONGEST_BYLINE and (not known or fold_text(known) in fold_text(one))
                for one, known in zip(words, now, strict=True)
            )

        def wanted(element: HtmlElement) -> bool:
            return _is_hinted(element, "author") and _can_be_name(element_text(element))

        return self._first("author", why, wanted, good)

    def perhaps_author(self) -> str:
        """What may be the author, where nothing around it says so: a name of its own on every page, once. It may as well be
        a place. Empty where there is none."""
        if any(one.found and one.found.author for one in self.samples):
            return ""
        said = [_said(one, one.found) for one in self.samples]

        def good(words: Sequence[str]) -> bool:
            new = all(fold_text(one) not in known for one, known in zip(words, said, strict=True))
            return new and all(map(_can_be_name, words)) and 2 * len(set(words)) > len(words)

        for css in self._candidates(lambda element: is_small(element) and _can_be_name(element_text(element))):
            held = [select(one.tree, css) for one in self.samples]
            words = [first_text(elements) for elements in held]
            if all(len(elements) == 1 for elements in held) and all(words) and good(words):
                names = ", ".join(f"«{one}»" for one in dict.fromkeys(words[:3]))
                return f"perhaps {css} holds the authors: {names}; --select 'author={css}' tries it"
        return ""

    def lead(self) -> ProposedSelector | None:
        now = [one.found.lead if one.found else "" for one in self.samples]
        cut = [text.rstrip().endswith(("…", "...")) for text in now]
        why = _missing("lead", now) or ("without it the lead is cut off" if any(cut) else "")
        if not why:
            return None

        def good(words: Sequence[str]) -> bool:
            said = [fold_text(one) for one in words]
            fits = all(
                _LEAD[0] <= len(one) <= _LEAD[1] and (not known or one.startswith(fold_text(known)[:40]))
                for one, known in zip(said, now, strict=True)
            )
            return fits and len(set(said)) == len(said)

        def wanted(element: HtmlElement) -> bool:
            words = element_text(element)
            if not _LEAD[0] <= len(words) <= _LEAD[1] or next(element.iter("a"), None) is not None:
                return False
            return _is_hinted(element, "lead") or any(
                known and fold_text(words).startswith(fold_text(known)[:40]) for known in now
            )

        return self._first("lead", why, wanted, good)

    def body(self, others: Sequence[ProposedSelector]) -> ProposedSelector | None:
        """The block of the text. `others` are the selectors of the other fields: what they find is no part of it."""
        by = replace(self.given, **{one.key: one.css for one in others})
        read = [self.read(at, by) for at in range(len(self.samples))] if others else [one.found for one in self.samples]
        said = [_said(one, found) for one, found in zip(self.samples, read, strict=True)]
        auto = measure_bodies([found.body_html if found else "" for found in read], said, self.zone)
        best: tuple[tuple[int, int], str] | None = None
        for css in islice(self._bodies(auto), _MOST_BODIES):
            bodies = [_cleaned(one, css, found) for one, found in zip(self.samples, read, strict=True)]
            made = measure_bodies(bodies, said, self.zone)
            if not _is_better(auto, made):
                continue
            rank = (sum(one.foreign for one in made) - sum(one.own for one in made), len(css))
            if best is None or rank < best[0]:
                best = (rank, css)
        return self._selected("body", best[1], _why_body(auto)) if best else None

    def _bodies(self, auto: Sequence[BodyMeasure]) -> Iterable[str]:
        """Selectors of blocks that hold much text outside links on every page, those with most of it first and of equal
        ones the innermost. Where the automatic bodies hold nothing foreign, only those that may be fuller."""
        least = 0 if any(one.foreign for one in auto) else sum(one.own for one in auto)

        def wanted(element: HtmlElement) -> bool:
            return str(element.tag) in ("div", "section", "article", "td", "main") and _plain(element) >= 200

        scored = []
        for css in self._candidates(wanted):
            held = [select(one.tree, css) for one in self.samples]
            if not all(held):
                continue
            texts = [_texts(elements) for elements in held]
            common = {text for text in texts[0] if any(text in other for other in texts[1:])}
            own = sum(len(text) for each in texts for text in each if text not in common)
            shared = sum(len(text) for each in texts for text in each if text in common)
            if own <= least:
                continue
            scored.append((-(own - 2 * shared), sum(map(_size, held)), len(css), css))
        return [css for *_, css in sorted(scored)]

    # -- candidates --------------------------------------------------------------------------------------------------

    def _first(
        self,
        key: str,
        why: str,
        wanted: Callable[[HtmlElement], bool],
        good: Callable[[Sequence[str]], bool],
        attribute: str = "",
    ) -> ProposedSelector | None:
        """The first selector whose first match fits on all pages."""
        for css in self._candidates(lambda element: is_small(element) and wanted(element)):
            words = [_words(select(one.tree, css), attribute) for one in self.samples]
            if all(words) and good(words):
                return self._selected(key, css, why)
        return None

    def _candidates(self, wanted: Callable[[HtmlElement], bool]) -> list[str]:
        """Selectors of the elements that are wanted, of any page: those outside of frames first, then of the innermost
        elements."""
        found: dict[str, tuple[bool, int, int, int]] = {}
        for sample in self.samples:
            for place, element in enumerate(islice(sample.tree.iter(), _MOST_ELEMENTS)):
                if not isinstance(element.tag, str) or element.tag in ("script", "style", "a", "html", "body", "head"):
                    continue
                if not stable_names(element) and (element.getparent() is None or not stable_names(element.getparent())):
                    continue
                if not wanted(element):
                    continue
                framed = any(up.tag in _FRAMES for up in element.iterancestors())
                size = sum(1 for _ in element.iter())
                for rank, css in enumerate(selectors_for(element)):
                    found.setdefault(css, (framed, size, rank, place))
            if len(found) > _MOST_CANDIDATES:
                break
        return sorted(found, key=found.__getitem__)[:_MOST_CANDIDATES]

    def _selected(self, key: str, css: str, why: str) -> ProposedSelector:
        pages = sum(bool(select(one.tree, css)) for one in self.samples)
        return ProposedSelector(key=key, css=css, pages=pages, of=len(self.samples), why=why)

    # -- the last word -----------------------------------------------------------------------------------------------

    def confirmed(self, found: Sequence[ProposedSelector]) -> tuple[ProposedSelector, ...]:
        """Those of the selectors that are no worse than nothing when all of them are used together, on every page."""
        kept = list(found)
        while kept:
            together = replace(self.given, **{one.key: one.css for one in kept})
            read = [self.read(at, together) for at in range(len(self.samples))]
            bad = next((one for one in kept if not self._holds(one.key, read)), None)
            if bad is None:
                break
            kept.remove(bad)
        return tuple(kept)

    def _holds(self, key: str, read: Sequence[ParsedArticle | None]) -> bool:
        if None in read:
            return False
        if key == "author":
            return all(one is not None and one.author and is_name(one.author) for one in read)
        name = {"date": "published", "body": "body_html"}.get(key, key)
        return all(one is not None and getattr(one, name) for one in read)


def _missing(what: str, values: Sequence[object]) -> str:
    """Why a field is searched for: on how many pages it was not found."""
    missing = sum(not value for value in values)
    return f"without it no {what} is found on {missing} of {len(values)} pages" if missing else ""


def _is_better(auto: Sequence[BodyMeasure], made: Sequence[BodyMeasure]) -> bool:
    """Whether bodies are at least as full on every page and share no more, and are clearly fuller or share less."""
    if any(new.own < _KEPT * old.own or not new.own for old, new in zip(auto, made, strict=True)):
        return False
    own, shared = sum(one.own for one in auto), sum(one.foreign for one in auto)
    now, common = sum(one.own for one in made), sum(one.foreign for one in made)
    if common > shared:
        return False
    return now > _GAIN * own or any(not one.own for one in auto) or (shared > 0 and 2 * common < shared)


def _why_body(auto: Sequence[BodyMeasure]) -> str:
    if any(not one.own for one in auto):
        return _missing("text", [one.own for one in auto])
    if any(one.foreign for one in auto):
        return "without it the text holds what is no part of the article"
    return "without it a part of the text is lost"


def _cleaned(sample: SamplePage, css: str, found: ParsedArticle | None) -> str:
    """The body that a selector gives, without reading the whole page anew."""
    held = select(sample.tree, css)
    outer = [one for one in held if not any(up in held for up in one.iterancestors())]
    made = "".join(etree.tostring(one, encoding="unicode", method="html", with_tail=False) for one in outer)
    lead, title = (found.lead, found.title) if found else ("", "")
    return clean_body(made, _SOMEWHERE, lead=lead, title=title).html if made else ""


def _said(sample: SamplePage, found: ParsedArticle | None) -> set[str]:
    """What an article's fields say already, folded: no part of its body."""
    values = (sample.hint, *((found.title, found.lead, found.author, *found.topics) if found else ()))
    return {fold_text(one) for one in values if one}


def _can_be_name(words: str) -> bool:
    return 0 < len(words) <= _LONGEST_BYLINE and (is_name(words) or is_name(words.rpartition(":")[2].strip()))


def _is_hinted(element: HtmlElement, field: str) -> bool:
    names = f"{element.get('id') or ''} {element.get('class') or ''} {element.get('itemprop') or ''}"[:500].lower()
    return any(hint in names for hint in _HINTS[field])


def _words(elements: Sequence[HtmlElement], attribute: str) -> str:
    if attribute and elements and elements[0].get(attribute):
        return elements[0].get(attribute) or ""
    return first_text(elements)


def _plain(element: HtmlElement) -> int:
    """Characters outside links, of scripts and the like none."""
    linked = sum(len(element_text(anchor)) for anchor in islice(element.iter("a"), 200))
    hidden = sum(len(str(one.text or "")) for one in element.iter("script", "style"))
    return len(element_text(element)) - linked - hidden


def _texts(elements: Sequence[HtmlElement]) -> list[str]:
    """The texts between tags that are no links and more than a word or two."""
    made = []
    for element in elements[:20]:
        for inner in islice(element.iter(), _MOST_ELEMENTS):
            if not isinstance(inner.tag, str) or inner.tag in ("script", "style", "a"):
                continue
            made += [text for text in (inner.text, *(child.tail for child in inner)) if text and len(text.strip()) > 15]
    return made


def _size(elements: Sequence[HtmlElement]) -> int:
    return sum(sum(1 for _ in element.iter()) for element in elements[:20])
