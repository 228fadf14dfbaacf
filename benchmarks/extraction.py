"""How much of an article's page is read right, beside trafilatura and readability, and what it costs.

    python benchmarks/extraction.py [--rounds 3] [--folder PAGES]

Reads the gold set of tests/support/portal_pages with each tool, without selectors, in a process of its own. Printed for
each: F1 of the words of lead and body together (the other tools do not tell them apart), titles and authors that are exactly
right, dates of the right day, pictures of the right address, processor time per page (mean and longest), and memory. What a
tool does not tell is a dash. Time is compared with trafilatura's own for the same work, its metadata included; its text
alone is told as well. `--folder` measures the body on other pages instead: each NAME.html beside NAME.txt, its text.
Writes var/bench-extraction.json. It ends with 1 where ours takes more than 1.2 times as long as trafilatura, or one page
more than 5 s.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("ours", "trafilatura", "readability")
FIELDS = ("title", "author", "date", "picture")
SLOWER = 1.2  # times trafilatura's time
LONGEST = 5.0  # seconds for a page
_BREAK = re.compile(r"</?(?:p|div|br|li|tr|td|th|h[1-6]|blockquote|figcaption|table|ul|ol)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """A page and what is right: the words of lead and body, and the fields, None where nobody has said."""

    url: str
    html: bytes
    text: str
    title: str | None = None
    author: str | None = None
    date: str | None = None
    picture: str | None = None


@dataclass(frozen=True)
class Told:
    """What a tool tells of a page; None is what it never tells."""

    text: str
    title: str | None = None
    author: str | None = None
    date: str | None = None
    picture: str | None = None


def gold(folder: str) -> list[Page]:
    if folder:
        return [
            Page(
                f"https://example.org/{file.stem}",
                file.read_bytes(),
                file.with_suffix(".txt").read_text(encoding="utf-8"),
            )
            for file in sorted(Path(folder).glob("*.html"))
            if file.with_suffix(".txt").exists()
        ]
    sys.path.insert(0, str(ROOT / "tests"))
    from support.portal_pages import pages

    return [
        Page(
            url=page.url,
            html=page.html.encode(),
            text=f"{page.lead}\n{page.body}",
            title=page.story.title,
            author=page.story.author,
            date=page.story.published.date().isoformat(),
            picture=page.picture,
        )
        for page in pages()
    ]


# -- the tools ---------------------------------------------------------------------------------------------------------


def ours(page: Page) -> Told:
    from zoneinfo import ZoneInfo

    from distributor.errors import SourceError
    from distributor.gathering.listings.listing import ArticleLink
    from distributor.gathering.sources.page import PageSource
    from distributor.source import FetchedDocument

    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    source = PageSource(name="portal", url=f"{page.url.rpartition('/')[0]}/", timezone=zone)
    try:
        found = source.article(FetchedDocument(url=page.url, body=page.html), ArticleLink(page.url, ""))
    except SourceError:
        return Told("", "", "", "", "")
    return Told(
        text=f"{found.lead}\n{words(found.body_html)}",
        title=found.title,
        author=found.author,
        date=found.published.astimezone(zone).date().isoformat() if found.published else "",
        picture=found.image.url if found.image else "",
    )


def trafilatura(page: Page) -> Told:
    from trafilatura import extract

    made = extract(page.html, url=page.url, include_comments=False, with_metadata=True, output_format="json")
    data: dict[str, Any] = json.loads(made) if made else {}
    return Told(
        text=str(data.get("text") or ""),
        title=str(data.get("title") or ""),
        author=str(data.get("author") or ""),
        date=str(data.get("date") or ""),
        picture=str(data.get("image") or ""),
    )


def text_by_trafilatura(page: Page) -> Told:
    """The text alone, without title, author, date and picture."""
    from trafilatura import extract

    return Told(extract(page.html, url=page.url, include_comments=False) or "")


def readability(page: Page) -> Told:
    from readability import Document

    document = Document(page.html.decode("utf-8", "replace"))
    return Told(words(document.summary()), title=document.short_title())


READ: dict[str, Callable[[Page], Told]] = {
    "ours": ours,
    "trafilatura": trafilatura,
    "text by trafilatura": text_by_trafilatura,
    "readability": readability,
}


# -- measuring ---------------------------------------------------------------------------------------------------------


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", _BREAK.sub(" ", html)))


def overlap(made: str, right: str) -> float:
    """F1 of the words that two texts have in common, however they are ordered."""
    one, other = (Counter(re.findall(r"\w+", text.casefold())) for text in (made, right))
    common = sum((one & other).values())
    return 2 * common / (sum(one.values()) + sum(other.values())) if common else 0.0


def measure(tool: str, folder: str) -> dict[str, Any]:
    logging.disable(logging.CRITICAL)
    pages, read = gold(folder), READ[tool]
    if not pages:
        sys.exit("there is no page with a text beside it")
    read(pages[0])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for page in pages[1:]:  # what is loaded late is loaded now, and is no page's time
        read(page)
    times, told = [], []
    for page in pages:
        begun = time.process_time()
        told.append(read(page))
        times.append(time.process_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made: dict[str, Any] = {
        "pages": len(pages),
        "F1": statistics.mean(overlap(one.text, page.text) for one, page in zip(told, pages, strict=True)),
        "times": times,
        "peak_mb": peak / 1024,
        "raised_mb": (peak - before) / 1024,
    }
    for field in FIELDS:
        pairs = [(getattr(one, field), getattr(page, field)) for one, page in zip(told, pages, strict=True)]
        known = [(mine, right) for mine, right in pairs if mine is not None and right is not None]
        made[field] = sum(mine == right for mine, right in known) / len(known) if known else None
    return made


def measured(tool: str, folder: str, rounds: int) -> dict[str, Any]:
    """One tool in processes of its own; of each page the least time, since others use the machine too."""
    made: list[dict[str, Any]] = []
    for _ in range(rounds):
        command = [sys.executable, __file__, "--one", tool, "--folder", folder]
        made.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    least = [min(times) for times in zip(*(one.pop("times") for one in made), strict=True)]
    return {**made[0], "seconds": statistics.mean(least), "longest": max(least)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.folder)))
        return 0
    found = {tool: measured(tool, arguments.folder, arguments.rounds) for tool in READ}
    print(f"{found['ours']['pages']} pages{'':14}F1   title  author    date picture    ms, longest  memory, raised by")
    for tool in TOOLS:
        one = found[tool]
        shares = "".join(f"{'–' if one[field] is None else f'{one[field]:.3f}':>8}" for field in FIELDS)
        print(
            f"{tool:18}{one['F1']:8.4f}{shares}{one['seconds'] * 1000:8.1f}{one['longest'] * 1000:9.1f}"
            f"{one['peak_mb']:6.0f} MB{one['raised_mb']:6.1f} MB"
        )
    ratio, alone = (
        found["ours"]["seconds"] / found[name]["seconds"] for name in ("trafilatura", "text by trafilatura")
    )
    print(
        f"ours takes {ratio:.2f} times as long as trafilatura (at most {SLOWER}), {alone:.2f} times as its text alone"
    )
    out = Path("var/bench-extraction.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({**found, "ratio": ratio}, indent=1), encoding="utf-8")
    return 1 if ratio > SLOWER or found["ours"]["longest"] > LONGEST else 0


if __name__ == "__main__":
    sys.exit(main())
