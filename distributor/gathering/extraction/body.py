"""The body of an article on its page: candidates of every origin, and one rule that chooses among them. Pure.

Candidates are the elements that the page itself names (`itemprop=articleBody`, the class names of publishing systems;
neighbours of one name are one body in parts), what trafilatura takes for the main text, and the element that holds most
sentences. They are compared as sets of text runs (`runs`). Each run counts its letters: in full where trafilatura or the
page's JSON-LD has it too, half where it only reads like a sentence, and half against the candidate where it does neither.
The highest sum is the body. An element that the page calls its body counts a little more than a guess.

What the newsroom's selector finds is taken as it is.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..boilerplate import parse_html, remove_illegal_characters, remove_interactive
from ..widgets import find_widgets, is_aside, remove_widgets
from .text_runs import Run, TextRuns, prune_tree, read_runs

_MOST_ELEMENTS = 20_000  # trafilatura takes quadratic time; an article's page has some thousands
_SHORTEST = 80  # characters; what is shorter is no body, unless the page calls it one
_SHORTEST_CALLED = 12  # characters of a body that the page calls so: a notice of one sentence
_LONGEST_SEARCH = 50_000_000  # characters searched for runs that trafilatura has joined with others
_LEAD_RUNS = 12  # between a headline and its body
_ENOUGH = 600  # characters of sentences in a named element
_FEW = 400  # characters of main text: with less it was hardly found
_MOSTLY = 0.7  # of the letters that are known to be text
_SIGNS = re.compile(r"[\W_]+")

# What the parts of a class or id say: `article-body`, `detail_content`, `noidung`, `td-post-content`.
_BODY_NAMES = re.compile(
    r"noi-?dung(?:-?(?:tin|bai-?viet|chi-?tiet|chinh))?|(?:chi-?tiet|ct)-?(?:tin|bai-?viet|noi-?dung)"
    r"|(?:[a-z]{1,12}-)?(?:article|post|entry|story|news|detail|single|singular|baiviet|tin)s?-?(?:full-?)?"
    r"(?:body|content|text|noidung|entry)(?:-?(?:inner|text|wrap|detail|main|body|area))?"
    r"|(?:body|content|text|noidung)-?(?:detail|article|chi-?tiet|news|post|body|main|text|tin)"
    r"|(?:fck|cms|ck)-?(?:detail|body|content)|asset-full-content|journal-content-article|(?:field-)?(?:name-)?field-name-body"
    r"|field--name-body|com-content-article-body|ms-rtestate-field|externalclass[0-9a-f]*|the-article-body|afcbc-body"
    r"|[a-z]{1,12}-?articlecontent|maincontent-?(?:detail|body)?|html-?content"
)
_COUNTED = etree.XPath("count(descendant::*)")
_MAY_HOLD_BODY = frozenset({"div", "section", "article", "td", "main", "span", "p", "table"})
_JOINERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class BodyCandidate:
    """A body as it might be: which runs it has, the run before which no picture is its own, and how far its origin is to be
    believed (1: a guess)."""

    kept: Sequence[bool]
    pictures_from: int
    trust: float = 1.0
    prose: float = 0.5  # what a sentence counts that nobody else takes for text


def main_text(page: HtmlElement, url: str, *, fast: bool = False) -> str:
    """What trafilatura takes for the main text of a page, a line for each block; empty where it finds none. `fast` leaves
    out its comparison with two other extractors."""
    if float(str(_COUNTED(page))) > _MOST_ELEMENTS:
        return ""
    import trafilatura  # takes half a second to load: only when it is needed

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it logs about a page is no use to staff
    found = trafilatura.bare_extraction(page, url=url, include_comments=False, fast=fast)
    return str(getattr(found, "text", None) or "")


def join_selected_body(chosen: Sequence[HtmlElement]) -> HtmlElement:
    """What the newsroom's selector finds, in a `div`; an element within another one is there already."""
    found, around = set(chosen), lxml.html.Element("div")
    for element in chosen:
        if not any(up in found for up in element.iterancestors()):
            copied = deepcopy(element)
            copied.tail = None
            copied.tag = "div" if copied.tag in ("td", "th") else copied.tag
            around.append(copied)
    remove_interactive(around)
    remove_widgets(around)
    return around


def find_body(page: HtmlElement, url: str, declared: str = "", title: str = "") -> HtmlElement | None:
    """The body, in a `div`; None where the page has none. `declared` is the body in the page's JSON-LD."""
    read = read_runs(page)
    text = main_text(page, url, fast=_is_plain(read))
    matched = _matched(read.runs, [*text.splitlines(), *declared.splitlines()])
    boxes = {box for box in find_widgets(read) if not _holds_most(read.span(box), read.runs, matched)}
    for box in boxes:
        for number in read.span(box):
            matched[number] = False
    top = _below_headline(read, matched, title)
    outside = _outside(read, boxes, top)
    found = [BodyCandidate(_filled(read.runs, matched), top), *_named(read, matched, top), *_densest(read, matched)]
    best = max(
        (replace(one, kept=_without(one.kept, outside)) for one in found),
        key=lambda one: _worth(one, read.runs, matched),
    )
    letters = sum(len(run.text) for run, keep in zip(read.runs, best.kept, strict=True) if keep)
    if letters < len(declared) / 2 and len(declared) >= _SHORTEST:
        return _structured_data_body(declared)  # the page makes its text of its data only when it is shown
    if letters < _SHORTEST:
        return _short_body(read, outside, boxes)
    return prune_tree(read, best.kept, boxes, best.pictures_from)


def _short_body(read: TextRuns, outside: Sequence[bool], boxes: Set[HtmlElement]) -> HtmlElement | None:
    """What the page calls its body or its article, where nothing longer is found: a notice of one sentence. Several are a
    list of stories."""
    called = {element for element in read.spans if _body_name(element) or element.tag == "article"}
    called = {element for element in called if called.isdisjoint(element.iterancestors())}
    if len(called) != 1:
        return None
    span = read.span(called.pop())
    kept = [at in span and not outside[at] for at in range(len(read.runs))]
    words = [run for run, keep in zip(read.runs, kept, strict=True) if keep]
    letters, links = sum(len(run.text) for run in words), sum(run.links for run in words)
    return prune_tree(read, kept, boxes, span.start) if letters >= _SHORTEST_CALLED and links * 2 < letters else None


def _holds_most(span: range, runs: Sequence[Run], matched: Sequence[bool]) -> bool:
    """Whether the text is in there: whatever it is called, it is no box."""
    if len(span) <= 1:
        return False
    whole = sum(len(run.text) for run, known in zip(runs, matched, strict=True) if known)
    return sum(len(runs[number].text) for number in span if matched[number]) * 3 > whole


def _is_plain(read: TextRuns) -> bool:
    """Whether the page names an element that holds most of its sentences: then one opinion is enough."""
    sentences = [0, *accumulate(len(run.text) * run.is_prose for run in read.runs)]
    named = (read.spans[element] for element in read.spans if _body_name(element))
    most = max((sentences[last] - sentences[first] for first, last in named), default=0)
    return most >= _ENOUGH and most * 2 >= sentences[-1]


def _below_headline(read: TextRuns, matched: Sequence[bool], title: str) -> int:
    """The first run below the headline; 0 where none stands above most of the text."""
    letters = [0, *accumulate(len(run.text) * known for run, known in zip(read.runs, matched, strict=True))]
    headlines = [last for element, (first, last) in read.spans.items() if element.tag == "h1" and first < last]
    wanted = _key(title)
    headlines += [at + 1 for at, run in enumerate(read.runs) if wanted and _key(run.text[: len(title) * 2]) == wanted]
    return max((at for at in headlines if letters[-1] - letters[at] >= letters[-1] * _MOSTLY), default=0)


def _outside(read: TextRuns, boxes: Set[HtmlElement], top: int) -> list[bool]:
    """Which runs no candidate has: those of boxes, and those above the headline."""
    outside = [number < top for number in range(len(read.runs))]
    for box in boxes:
        for number in read.span(box):
            outside[number] = True
    return outside


def _without(kept: Sequence[bool], outside: Sequence[bool]) -> list[bool]:
    return [keep and not out for keep, out in zip(kept, outside, strict=True)]


def _structured_data_body(declared: str) -> HtmlElement | None:
    """The body that the page's data holds, as text or, against the rules, as markup."""
    text = html.unescape(declared)
    if re.search(r"<(?:p|br|div)\b", text):
        return parse_html(text)
    around = lxml.html.Element("div")
    for line in filter(str.strip, remove_illegal_characters(text).splitlines()):
        paragraph = lxml.html.Element("p")
        paragraph.text = line.strip()
        around.append(paragraph)
    return around


def _worth(candidate: BodyCandidate, runs: Sequence[Run], matched: Sequence[bool]) -> float:
    """What a candidate is worth, in letters."""
    worth = 0.0
    for run, keep, known in zip(runs, candidate.kept, matched, strict=True):
        if keep:
            worth += len(run.text) * _share(run, known, candidate.prose)
    return worth * candidate.trust if worth > 0 else worth


def _share(run: Run, known: bool, prose: float) -> float:
    if run.links * 2 > len(run.text):
        return 0.0 if known else -0.5
    if run.is_prose:
        return 1.0 if known else prose
    return 0.5 if known else -0.5


# -- trafilatura's text on the page ------------------------------------------------------------------------------------


def _matched(runs: Sequence[Run], lines: Iterable[str]) -> list[bool]:
    """Which runs these lines hold. Letters are compared: signs and spaces differ."""
    keys = [_key(line) for line in lines]
    known = set(keys)
    for line in lines:
        if "|" in line:  # a row of a table
            known.update(map(_key, line.split("|")))
    known.discard("")
    whole = "\n".join(keys)
    joined = "".join(keys)  # trafilatura breaks lines behind links
    left = _LONGEST_SEARCH
    made = []
    for run in runs:
        key = _key(run.text)
        found = key in known
        if not found and len(key) >= 12 and left > 0:
            found = key in (joined if run.links else whole)
            left -= len(whole)
        made.append(found)
    return made


def _filled(runs: Sequence[Run], matched: Sequence[bool]) -> list[bool]:
    """The runs that are matched, with what is too short to be: a heading right above one of them, and what stands alone
    between two of them in one element."""
    made = list(matched)
    for at in range(len(runs) - 2, -1, -1):
        run, following = runs[at], runs[at + 1]
        beside = run.within.getparent() is following.within.getparent()
        if not made[at] and made[at + 1] and beside and run.links * 2 < len(run.text):
            before = at > 0 and matched[at - 1] and runs[at - 1].within.getparent() is run.within.getparent()
            made[at] = before or run.within.tag in ("h2", "h3", "h4")
    return made


def _key(text: str) -> str:
    return _SIGNS.sub("", text).casefold()


# -- elements that are called a body -----------------------------------------------------------------------------------


def _named(read: TextRuns, matched: Sequence[bool], top: int) -> Iterator[BodyCandidate]:
    groups: dict[tuple[HtmlElement | None, str], list[HtmlElement]] = {}
    for element in read.spans:
        name = _body_name(element)
        if name:
            groups.setdefault((element.getparent(), name), []).append(element)
    for (_, name), elements in groups.items():
        kept = _within(read, elements, matched)
        first = min((read.span(element).start for element in elements), default=0)
        for number in range(max(top, first - _LEAD_RUNS) if top else first, first):
            # The lead stands between the headline and the body. The rest there are dates, names and buttons.
            kept[number] = matched[number] and read.runs[number].is_prose
        yield BodyCandidate(kept, top or first, 1.35 if name == "itemprop" else 1.3)


def _body_name(element: HtmlElement) -> str:
    """What says that an element is a body: its microdata, its id, or one of its classes; empty where nothing does."""
    if element.tag not in _MAY_HOLD_BODY:
        return ""
    if "articlebody" in (element.get("itemprop") or "").lower():
        return "itemprop"
    number, classes = element.get("id"), element.get("class")
    return (_first_body_name(number) if number else "") or (_first_body_name(classes) if classes else "")


@lru_cache(maxsize=4096)
def _first_body_name(names: str) -> str:
    for name in names[:400].lower().split():
        if len(name) <= 60 and _BODY_NAMES.fullmatch(_JOINERS.sub("-", name).strip("-")):
            return name
    return ""


def _densest(read: TextRuns, matched: Sequence[bool]) -> Iterator[BodyCandidate]:
    """The element that holds most sentences: a paragraph counts for what it stands in, half for what is around that."""
    sums: dict[HtmlElement, float] = {}
    for run in read.runs:
        if run.is_prose:
            share = float(len(run.text))
            up = run.within if run.within.tag not in ("p", "li", "h2", "h3", "blockquote") else run.within.getparent()
            for _ in range(2):
                if up is not None:
                    sums[up] = sums.get(up, 0.0) + share
                    up, share = up.getparent(), share / 2
    if sums:
        best = max(sums, key=lambda element: sums[element])
        known = sum(len(run.text) for run, is_known in zip(read.runs, matched, strict=True) if is_known)
        yield BodyCandidate(_within(read, [best], matched), read.span(best).start, prose=0.5 if known < _FEW else 0.1)


def _within(read: TextRuns, elements: Iterable[HtmlElement], matched: Sequence[bool]) -> list[bool]:
    """The runs of some elements without what is made of links, and without comments, videos and the like, which
    trafilatura has left out as well."""
    kept = [False] * len(read.runs)
    for element in elements:
        for number in read.span(element):
            run = read.runs[number]
            kept[number] = matched[number] or run.links * 2 < len(run.text)
        for inner in element.iterdescendants(
            "div", "section", "aside", "ul", "ol", "header", "footer", "form", "details"
        ):
            span = read.span(inner)
            if span and is_aside(inner) and not any(matched[span.start : span.stop]):
                kept[span.start : span.stop] = [False] * len(span)
    return kept
