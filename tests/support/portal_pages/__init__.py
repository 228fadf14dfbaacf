"""Fifty article pages in the shapes of ten publishing systems, with what each says: the gold set of this project.

Stories (`stories`) and shapes (`shapes`) are written by hand and know nothing of how Distributor reads. Each shape has the
boilerplate of its system: menus, paths, related news within the text, counters, share bars, comments, a footer.
`benchmarks/extraction.py` measures with them, `tests/test_portal_pages.py` holds what must be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .shapes import SHAPES
from .stories import STORIES, Story

PER_SHAPE = 5


@dataclass(frozen=True, slots=True)
class GoldPage:
    """A page, and the story that it tells."""

    name: str
    url: str
    html: str
    story: Story
    tells_topic: bool  # in machine-read data, without being asked to look at paths
    lead_in_body: bool

    @property
    def lead(self) -> str:
        return "" if self.lead_in_body else self.story.lead

    @property
    def body(self) -> str:
        return f"{self.story.lead}\n{self.story.text}" if self.lead_in_body else self.story.text

    @property
    def picture(self) -> str:
        return f"https://{self.url.split('/')[2]}{self.story.picture}"


def pages() -> Iterator[GoldPage]:
    """All pages, each shape with other stories, and beside each story three others for its boxes."""
    for at, shape in enumerate(SHAPES):
        for number in range(PER_SHAPE):
            first = at * 3 + number * 2
            story, *others = (STORIES[(first + more) % len(STORIES)] for more in (0, 1, 4, 7))
            yield GoldPage(
                name=f"{shape.name} {number + 1}",
                url=f"https://{shape.host}/tin-tuc/{story.slug}-{at * 100 + number}.html",
                html=shape.write(story, others, number),
                story=story,
                tells_topic=shape.tells_topic,
                lead_in_body=shape.lead_in_body,
            )
