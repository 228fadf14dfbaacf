"""The documentation as a site, built as `make docs` does it: no warning, no page left out, nothing from other servers, and
every setting, command and operation on its page."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
from lxml import html
from markdown_it import MarkdownIt

from distributor.cli.main import COMMANDS, main
from distributor.config.schema import Settings
from distributor.plugins.example import list_keys
from distributor.plugins.registry import sources
from distributor.web.api.routes import TABLE
from support.chromium import find_chromium, open_tab

CHECKOUT = Path(__file__).parents[3]
DOCS = CHECKOUT / "docs"
_STRUCTURE = ("h1", "h2", "h3", "h4", "ol", "ul", "li", "pre", "table", "tr", "blockquote", "img", "em", "strong")


def test_the_site(tmp_path: Path) -> None:
    """One test, because the site is built once."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=CHECKOUT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "WARNING" not in built.stdout + built.stderr
    pages = {file.relative_to(tmp_path).as_posix(): html.parse(file).getroot() for file in tmp_path.rglob("*.html")}
    nothing_comes_from_another_server(tmp_path, pages)
    pages_mean_what_they_mean_elsewhere(pages)
    the_settings_are_on_their_page(pages)
    the_commands_are_on_their_page(pages)
    the_api_is_on_its_page(pages)
    if find_chromium():
        asyncio.run(the_search_works_from_the_disk(tmp_path))


def nothing_comes_from_another_server(site: Path, pages: dict[str, html.HtmlElement]) -> None:
    for name, page in pages.items():
        loaded = page.xpath(
            "//script/@src | //img/@src | //iframe/@src | //link[@rel='stylesheet' or @rel='icon']/@href"
        )
        assert [address for address in loaded if "//" in address] == [], name
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")) == [], sheet


def pages_mean_what_they_mean_elsewhere(pages: dict[str, html.HtmlElement]) -> None:
    """The same headings, lists, tables and code as CommonMark makes of a page, which is how it is read in the checkout."""
    parser = MarkdownIt("commonmark").enable("table")
    for file in DOCS.rglob("*.md"):
        there = html.fromstring(f"<div>{parser.render(file.read_text(encoding='utf-8'))}</div>")
        name = file.relative_to(DOCS).with_suffix(".html").as_posix()
        (here,) = pages[name].xpath("//article")
        assert structure(here) == structure(there), name
        assert code_of(here) == code_of(there), name


def structure(root: html.HtmlElement) -> Counter[str]:
    return Counter(one.tag for one in root.iter(*_STRUCTURE))


def code_of(root: html.HtmlElement) -> list[str]:
    texts = [(one.text_content().strip().expandtabs(4), one.getparent()) for one in root.iter("code")]
    return [text if parent is not None and parent.tag == "pre" else " ".join(text.split()) for text, parent in texts]


def codes(page: html.HtmlElement) -> set[str]:
    return {one.text_content() for one in page.xpath("//article//code")}


def the_settings_are_on_their_page(pages: dict[str, html.HtmlElement]) -> None:
    page = pages["reference/configuration.html"]
    shown = codes(page)

    def names(cls: type) -> set[str]:
        keys = list(list_keys(cls))
        return {key.name for key in keys} | {name for key in keys if key.section for name in names(key.section)}

    named = {"newsletters", "attributes"}
    assert names(Settings) - named <= shown
    assert {f"{one}.NAME" for one in named} | {"newsletters.NAME.alerts", "web.hooks.ses", "site.theme"} <= shown
    headings = {one.text_content().rstrip("¶") for one in pages["reference/sources.html"].xpath("//h2")}
    assert headings == set(sources.names())


def the_commands_are_on_their_page(pages: dict[str, html.HtmlElement]) -> None:
    page = pages["reference/commands.html"]
    headings = {one.text_content().rstrip("¶") for one in page.xpath("//h2 | //h3 | //h4")}
    shown, seen = codes(page), 0
    context = click.Context(main, info_name="distributor")
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        for one in (command, *(part for part in inner if not part.hidden)):
            seen += 1
            assert f"distributor {name}{'' if one is command else f' {one.name}'}" in headings
            for option in one.params:
                if isinstance(option, click.Option) and not option.hidden and option.help:
                    assert any(option.opts[0] in text for text in shown), (name, option.opts)
    assert seen > 2 * len(COMMANDS)


def the_api_is_on_its_page(pages: dict[str, html.HtmlElement]) -> None:
    blocks = {one.text_content().strip() for one in pages["reference/api.html"].xpath("//pre")}
    assert {f"{route.method} /api/v1{route.path}" for route in TABLE} <= blocks


async def the_search_works_from_the_disk(site: Path) -> None:
    """Opened as a file, on a page that lies deeper than the first."""
    found = "document.querySelector('.md-search-result__link')?.href ?? ''"
    typed = """document.querySelector("#__search").click(); const box = document.querySelector(".md-search__input");
        box.focus(); box.value = "retention"; box.dispatchEvent(new Event("keyup"))"""
    async with open_tab(site.parent / "profile", 1200) as tab:
        await tab.command("Emulation.setScriptExecutionDisabled", value=False)
        await tab.open((site / "reference" / "commands.html").as_uri())
        await tab.evaluate(typed)
        async with asyncio.timeout(60):
            while not (first := await tab.evaluate(found)):
                await asyncio.sleep(0.1)
    assert first.startswith(site.as_uri()), first
