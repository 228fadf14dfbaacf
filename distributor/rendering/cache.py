"""Render cache: what several emails of one edition share is rendered and inlined once.

A cache lives as long as one edition is rendered. It keeps the inlined styles of tags (`css_inlining`), the finished
fragments of templates, and the views of articles. A template marks a fragment with the tag `fragment` (`templates`):

    {% fragment story, level %} … {% endfragment %}

The same place with equal values gives the same text, so it is rendered and inlined for the first segment and joined for
all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from ..model import Article
from .css_inlining import CssInliner, inline_css
from .templates import FRAGMENTS_VARIABLE, Templates
from .views import ArticleView

_BLANK_LINES = re.compile(r"\n{3,}")
_FRAGMENT_MARKER = re.compile("\0(\\d+)\0")  # NUL stands in no text: `text.clean_line` removes it where text comes in


@dataclass(slots=True)
class FragmentCache:
    """The fragments rendered so far. `finish` is done to each of them once (inlining)."""

    finish: Callable[[str], str]
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _raw: list[str] = field(default_factory=list)
    _finished: dict[int, str] = field(default_factory=dict)

    def mark(self, key: Hashable, render: Callable[[], str]) -> str:
        """The marker that stands in a page for a fragment until the page is joined."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._raw)
            self._raw.append(render())
        return f"\0{number}\0"

    def expand(self, page: str) -> str:
        """A page with its fragments as they were rendered."""
        return _FRAGMENT_MARKER.sub(lambda match: self._raw[int(match[1])], page)

    def join(self, page: str) -> str:
        """A page with its fragments, all of it finished."""
        parts = _FRAGMENT_MARKER.split(page)
        frame = self.finish("\0".join(parts[0::2])).split("\0")
        joined = [frame[0]]
        for number, rest in zip(parts[1::2], frame[1:], strict=True):
            joined += (self._finished_fragment(int(number)), rest)
        return "".join(joined)

    def _finished_fragment(self, number: int) -> str:
        finished = self._finished.get(number)
        if finished is None:
            finished = self._finished[number] = self.finish(self._raw[number])
        return finished


@dataclass(slots=True)
class _TemplateCache:
    """The fragments and inlined styles of one template."""

    inliner: CssInliner = field(default_factory=CssInliner)
    pages: FragmentCache = field(init=False)
    texts: FragmentCache = field(default_factory=lambda: FragmentCache(str))
    learned: bool = False

    def __post_init__(self) -> None:
        self.pages = FragmentCache(self.inliner.apply)

    def inline_page(self, page: str, others: Callable[[], Iterable[str]]) -> str:
        if not self.learned:
            self.inliner.learn([self.pages.expand(one) for one in (page, *others())])
            self.learned = True
        if self.inliner.simple:
            return self.pages.join(page)
        self.inliner.runs += 1
        return inline_css(self.pages.expand(page))


@dataclass(slots=True)
class RenderCache:
    """What the emails of one edition share. It changes how fast they are rendered, and nothing else."""

    _by_template: dict[str, _TemplateCache] = field(default_factory=dict)
    _article_views: dict[tuple[int, object], tuple[Article, ArticleView]] = field(default_factory=dict)

    def render_both_parts(self, name: str, values: Mapping[str, object], templates: Templates) -> tuple[str, str]:
        """The HTML of an email, styles inlined, and its plain text. `name` is that of both templates without their ending.

        Raises RenderError where a template or the inlining fails.
        """
        return self.render_html(name, values, templates), self.render_text(name, values, templates)

    def render_html(
        self,
        name: str,
        values: Mapping[str, object],
        templates: Templates,
        variants: Callable[[], Iterable[Mapping[str, object]]] = tuple,
    ) -> str:
        """The HTML, styles inlined. `variants` are values as other emails of the edition may need them: the tags that
        they bring are inlined at the same time."""
        cached = self._by_template.setdefault(name, _TemplateCache())

        def render(given: Mapping[str, object]) -> str:
            return templates.render(f"{name}.html.j2", {**given, FRAGMENTS_VARIABLE: cached.pages.mark})

        return cached.inline_page(render(values), lambda: map(render, variants()))

    def render_text(self, name: str, values: Mapping[str, object], templates: Templates) -> str:
        """The plain text, with no more than one blank line in a row."""
        texts = self._by_template.setdefault(name, _TemplateCache()).texts
        plain = texts.join(templates.render(f"{name}.txt.j2", {**values, FRAGMENTS_VARIABLE: texts.mark}))
        return _BLANK_LINES.sub("\n\n", plain).strip() + "\n"

    @property
    def runs(self) -> int:
        """How often premailer was called."""
        return sum(cached.inliner.runs for cached in self._by_template.values())

    def article_view(self, article: Article, key: object, make: Callable[[], ArticleView]) -> ArticleView:
        """The view of an article. `key` is whatever else it depends on."""
        found = self._article_views.get((id(article), key))
        if found is None:  # the article is kept, so that no other one gets its id
            found = self._article_views[id(article), key] = (article, make())
        return found[1]
