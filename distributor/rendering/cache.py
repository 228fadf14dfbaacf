"""Where the letters of one edition are made: what is the same in many of them is made once.

A render cache lives as long as one edition is rendered. It keeps what premailer has said of the tags (`css_inlining`), the
pieces of pages that are done (`pieces`), and the stories as templates see them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..model import Article
from .css_inlining import CssInliner
from .inlining import inline_css
from .pieces import FRAGMENTS_VARIABLE, FragmentCache
from .templates import Templates
from .views import ArticleView

_GAP = re.compile(r"\n{3,}")


@dataclass(slots=True)
class _TemplateCache:
    """What is known of one template."""

    inliner: CssInliner = field(default_factory=CssInliner)
    pages: FragmentCache = field(init=False)
    texts: FragmentCache = field(default_factory=lambda: FragmentCache(str))
    learned: bool = False

    def __post_init__(self) -> None:
        self.pages = FragmentCache(self.inliner.apply)

    def inline_page(self, page: str, others: Callable[[], Iterable[str]]) -> str:
        if not self.learned:
            self.inliner.learn([self.pages.whole(one) for one in (page, *others())])
            self.learned = True
        if self.inliner.plain:
            return self.pages.join(page)
        self.inliner.runs += 1
        return inline_css(self.pages.whole(page))


@dataclass(slots=True)
class RenderCache:
    """Tools and half-finished things; nothing of it changes what is made, only how fast."""

    _by_template: dict[str, _TemplateCache] = field(default_factory=dict)
    _article_views: dict[tuple[int, object], tuple[Article, ArticleView]] = field(default_factory=dict)

    def render_both_parts(self, name: str, values: Mapping[str, object], templates: Templates) -> tuple[str, str]:
        """The HTML of a mail, styles inlined, and its plain text. `name` is that of both templates without their ending.

        Raises RenderError where a template or the inlining fails.
        """
        return self.page(name, values, templates), self.text(name, values, templates)

    def page(
        self,
        name: str,
        values: Mapping[str, object],
        templates: Templates,
        shapes: Callable[[], Iterable[Mapping[str, object]]] = tuple,
    ) -> str:
        """The HTML. `shapes` are values that show what other letters of the edition may need: premailer is asked about
        their tags at the same time."""
        bench = self._by_template.setdefault(name, _TemplateCache())

        def render(given: Mapping[str, object]) -> str:
            return templates.render(f"{name}.html.j2", {**given, FRAGMENTS_VARIABLE: bench.pages})

        return bench.inline_page(render(values), lambda: map(render, shapes()))

    def text(self, name: str, values: Mapping[str, object], templates: Templates) -> str:
        bench = self._by_template.setdefault(name, _TemplateCache())
        plain = bench.texts.join(templates.render(f"{name}.txt.j2", {**values, FRAGMENTS_VARIABLE: bench.texts}))
        return _GAP.sub("\n\n", plain).strip() + "\n"

    @property
    def runs(self) -> int:
        """How often premailer was asked."""
        return sum(bench.inliner.runs for bench in self._by_template.values())

    def story(self, article: Article, key: object, make: Callable[[], ArticleView]) -> ArticleView:
        """A story as templates see it. `key` is whatever else it depends on."""
        found = self._article_views.get((id(article), key))
        if found is None:
            found = self._article_views[id(article), key] = (
                article,
                make(),
            )  # the article stays, so its id stays its own
        return found[1]
