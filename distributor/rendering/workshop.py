"""Where the letters of one edition are made: what is the same in many of them is made once.

A workshop lives as long as one edition is rendered. It keeps what premailer has said of the tags (`stylebook`), the
pieces of pages that are done (`pieces`), and the stories as templates see them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..model import Article
from .environment import Templates
from .inlining import inline
from .pieces import NAME, Pieces
from .shown import Story
from .stylebook import Stylebook

_GAP = re.compile(r"\n{3,}")


@dataclass(slots=True)
class _Bench:
    """What is known of one template."""

    book: Stylebook = field(default_factory=Stylebook)
    pages: Pieces = field(init=False)
    texts: Pieces = field(default_factory=lambda: Pieces(str))
    learned: bool = False

    def __post_init__(self) -> None:
        self.pages = Pieces(self.book.apply)

    def inlined(self, page: str, others: Callable[[], Iterable[str]]) -> str:
        if not self.learned:
            self.book.learn([self.pages.whole(one) for one in (page, *others())])
            self.learned = True
        if self.book.plain:
            return self.pages.join(page)
        self.book.runs += 1
        return inline(self.pages.whole(page))


@dataclass(slots=True)
class Workshop:
    """Tools and half-finished things; nothing of it changes what is made, only how fast."""

    _benches: dict[str, _Bench] = field(default_factory=dict)
    _stories: dict[tuple[int, object], tuple[Article, Story]] = field(default_factory=dict)

    def both_parts(self, name: str, values: Mapping[str, object], templates: Templates) -> tuple[str, str]:
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
        bench = self._benches.setdefault(name, _Bench())

        def render(given: Mapping[str, object]) -> str:
            return templates.render(f"{name}.html.j2", {**given, NAME: bench.pages})

        return bench.inlined(render(values), lambda: map(render, shapes()))

    def text(self, name: str, values: Mapping[str, object], templates: Templates) -> str:
        bench = self._benches.setdefault(name, _Bench())
        plain = bench.texts.join(templates.render(f"{name}.txt.j2", {**values, NAME: bench.texts}))
        return _GAP.sub("\n\n", plain).strip() + "\n"

    @property
    def runs(self) -> int:
        """How often premailer was asked."""
        return sum(bench.book.runs for bench in self._benches.values())

    def story(self, article: Article, key: object, make: Callable[[], Story]) -> Story:
        """A story as templates see it. `key` is whatever else it depends on."""
        found = self._stories.get((id(article), key))
        if found is None:
            found = self._stories[id(article), key] = (article, make())  # the article stays, so its id stays its own
        return found[1]
