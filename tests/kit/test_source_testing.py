"""The promise suite of sources: one that lies about a promise is caught by it, and an honest one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from distributor.cli.context import CliContext
from distributor.cli.plugin_author import write_skeleton
from distributor.errors import UserError
from distributor.kit.source_testing import broken_promises, check_promises, load_source
from distributor.plugins import registry

pytestmark = pytest.mark.real

GATHER = "        return await read_pages(fetcher, self.url, self.read, most_pages=self.max_pages)\n"
READ = "        return PageResult(articles=articles, faults=faults, next_url=next_link(document))\n"
Lie = Callable[..., Path]


def gathering(*lines: str) -> tuple[str, str]:
    """A change of the method that gathers."""
    return GATHER, "".join(f"        {line}\n" for line in lines)


def reading(*lines: str) -> tuple[str, str]:
    """A change of the method that reads a page."""
    return READ, "".join(f"        {line}\n" for line in lines) + READ


IMPORTS = "from dataclasses import dataclass, replace\nfrom distributor.source import *\n"
IGNORE = (
    "try:",
    "    return await read_pages(fetcher, self.url, self.read)",
    "except SourceError:",
    "    return FetchResult()",
)
LATER = (
    "first = await fetcher.get(self.url, conditional=True)",
    "page = self.read(first)",
    "if page.next_url:",
    "    try: page = self.read(await fetcher.get(page.next_url))",
    "    except SourceError as error: page = PageResult(articles=page.articles, faults=[str(error)])",
    "return FetchResult(articles=page.articles, faults=page.faults, validators={self.url: first.validators})",
)
FOR_EVER = (
    "got, url = [], self.url",
    "while url:",
    "    page = self.read(await fetcher.get(url))",
    "    got, url = [*got, *page.articles], page.next_url",
    "return FetchResult(articles=got)",
)
LIES: dict[str, tuple[Any, ...]] = {  # words of the promise, and the changes of the file
    "cannot be copied": (
        "copied to another process",
        ("    max_pages:", "    hook: object = lambda: None\n    max_pages:"),
    ),
    "has a token that no header takes": (
        "logs in",
        ("return bearer_token(self.url, self.token)", 'return Credentials.to(self.url, headers={"A": "x\\ny"})'),
    ),
    "cannot read its own sample": ("reads its samples", ('title="title"', 'title="headline"')),
    "uses the clock": (
        "same answers",
        reading("import time", "articles = [replace(one, lead=str(time.time_ns())) for one in articles]"),
    ),
    "names no article": (
        "identifies",
        reading("articles = [replace(one, source_id='', guid='', url='') for one in articles]"),
    ),
    "guesses dates": (
        "without a date",
        reading(
            "from datetime import datetime, UTC",
            "articles = [replace(one, published=one.published or datetime(2026, 1, 1, tzinfo=UTC)) for one in articles]",
        ),
    ),
    "lets scripts through": (
        "a body is clean",
        reading(
            "raw = read_json_list(document)",
            "articles = [replace(one, body_html=item['content']) for one, item in zip(articles, raw)]",
        ),
    ),
    "falls over a bad item": ("one bad item", reading("for item in read_json_list(document): item['title'].strip()")),
    "falls over far years": (
        "years 1 and 9999",
        reading(
            "from datetime import datetime, timedelta",
            "for item in read_json_list(document): datetime.fromisoformat(item['published']) + timedelta(days=400)",
        ),
    ),
    "falls over illegal characters": (
        "illegal characters",
        reading("for item in read_json_list(document): item['title'].encode()"),
    ),
    "takes nonsense for nothing": (
        "random bytes",
        gathering(
            "try:",
            "    return self.page(await fetcher.get(self.url))",
            "except ValueError:",
            "    return FetchResult()",
        ),
    ),
    "takes a login page for nothing": ("a login page", gathering(*IGNORE)),
    "takes null for nothing": ("that is null", gathering(*IGNORE)),
    "takes a refusal for nothing": ("that refuses: SourceError", gathering(*IGNORE)),
    "takes 401 for nothing": ("answers 401: SourceError", gathering(*IGNORE)),
    "takes 500 for nothing": ("answers 500: SourceError", gathering(*IGNORE)),
    "takes 404 for nothing": ("answers 404: SourceError", gathering(*IGNORE)),
    "takes half an answer for nothing": ("breaks off: SourceError", gathering(*IGNORE)),
    "hides that it is to wait": (
        "Retry-After",
        gathering(
            "try:",
            "    return await read_pages(fetcher, self.url, self.read)",
            "except Busy: raise SourceError('later')",
        ),
    ),
    "takes a private address for nothing": ("of this machine", gathering(*IGNORE)),
    "takes 304 for nothing": (
        "nothing new",
        gathering(
            "try:",
            "    return await read_pages(fetcher, self.url, self.read)",
            "except NotModified: return FetchResult()",
        ),
    ),
    "hides a page that failed": ("a later page", gathering(*LATER)),
    "reads the same page for ever": ("the page itself", gathering(*FOR_EVER)),
    "reads pages for ever": ("pages without end", gathering(*FOR_EVER)),
    "puts its token in the address": (
        "secrets go to",
        gathering(
            "url = f'{self.url}?key={self.token.get_secret_value()}'",
            "return await read_pages(fetcher, url, self.read)",
        ),
    ),
    "puts its token into articles": (
        "secrets go to",
        reading("articles = [replace(one, lead=self.token.get_secret_value()) for one in articles]"),
    ),
    "logs in on another server": (
        "next page on another server",
        gathering(*FOR_EVER),
        (
            "token(self.url, self.token)",
            "token(self.url, self.token) | bearer_token('https://elsewhere.example', self.token)",
        ),
    ),
    "calls what is down gone": (
        "answers 500 says nothing",
        (
            "    async def gather",
            "    async def check_availability(self, fetcher, article):\n"
            "        try: await fetcher.get(article.url)\n"
            "        except SourceError: return Availability(False, 'gone')\n"
            "        return Availability(True)\n\n"
            "    async def gather",
        ),
    ),
}


@pytest.fixture
def lie(tmp_path: Path) -> Iterator[Lie]:
    """The source that `sources new` writes, changed."""
    write_skeleton(CliContext(config=tmp_path / "config.yaml"), "sources", "tin_la")
    file = tmp_path / "sources" / "tin_la.py"

    def changed(*changes: tuple[str, str]) -> Path:
        text = file.read_text(encoding="utf-8").replace("from dataclasses import dataclass\n", IMPORTS)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        registry.sources.join(tmp_path / "sources")
        return file

    yield changed
    registry.sources.leave(tmp_path / "sources")


@pytest.mark.parametrize("name", LIES)
def test_a_source_that_lies_about_a_promise_is_caught(lie: Lie, name: str) -> None:
    promise, *changes = LIES[name]
    lie(*changes)
    found = check_promises("tin_la", only=promise)
    assert len(found) >= 1
    assert [one.promise for one in found if one.kept is False], list(map(str, found))


def test_an_honest_one_is_not(lie: Lie) -> None:
    lie()
    for promise, *_ in LIES.values():
        assert [str(one) for one in check_promises("tin_la", only=promise) if one.kept is not True] == []


def test_a_bug_is_told_with_its_line(lie: Lie) -> None:
    file = lie(reading("1 / 0"))
    (found,) = check_promises("tin_la", only="it reads its samples")
    line = file.read_text(encoding="utf-8").splitlines().index("        1 / 0") + 1
    assert found.why == f"it failed with ZeroDivisionError: division by zero (tin_la.py, line {line})"


def test_a_file_that_is_not_there_or_has_no_example_is_told(lie: Lie, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        load_source(tmp_path / "sources" / "khac.py")
    file = lie(("    sources:\n", "    nguon:\n"))
    with pytest.raises(UserError, match="has no example that begins with `sources:`"):
        broken_promises(file)


def test_a_server_that_has_a_number_for_a_name_is_played_too(lie: Lie) -> None:
    """As that of an editorial system in the house."""
    settings = {"type": "tin_la", "name": "toa-soan", "url": "http://10.0.0.7:8080/api/articles", "allow_private": True}
    lie()
    found = check_promises("tin_la", settings, only="reads its samples")
    assert [(one.kept, one.why) for one in found] == [(True, "")]


def test_an_example_without_what_is_needed_is_told(lie: Lie) -> None:
    lie(("token: Annotated[Secret | None,", "token: Annotated[Secret,"), ('TOKEN}"] = None', 'TOKEN}"]'))
    with pytest.raises(UserError, match="the example in its manual has no token"):
        check_promises("tin_la", only="reads its samples")
