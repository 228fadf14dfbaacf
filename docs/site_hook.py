"""What MkDocs is told beside mkdocs.yml: the reference pages are made from the code, links to files of the checkout work,
lists are read as CommonMark reads them, the search works from the disk.

A page may link to a file beside `docs/` (`../samples/…`), as it must for people who read it in the checkout. In the site
that file stands below its own path, and the link leads there. A link to a file that is not there is left as it is, and
the build, which is strict, ends with its name.

MkDocs reads what belongs to an item of a list only where it is indented by four spaces. Everybody else, and CommonMark
0.31 (section 5.2), goes by where the text of the item begins; so do the pages here. In a table, `\\|` within code is a
line for everybody else (GitHub Flavored Markdown 0.29, section 4.10), and for MkDocs a backslash and a line.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from api_page import api_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from reference_pages import all_pages

from distributor.web.api.openapi import document_json
from distributor.web.api.routes import TABLE

CHECKOUT = Path(__file__).parent.parent
CHANGES = "CHANGELOG.md"
_MARK = re.compile(r"( *)([-*+]|\d{1,9}[.)])( +)(?=\S)")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_FENCE = re.compile(r" *(```+|~~~+)")
_LINK = re.compile(r"(\]\(|(?:src|href)=\")((?:\.\./)+[\w./-]+)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made, the changelog, and the files of the checkout that pages link to."""
    for path, make in {**all_pages(), "reference/api.md": api_page}.items():
        files.append(File.generated(config, path, content=make()))
    files.append(File.generated(config, "reference/openapi.json", content=document_json(TABLE)))
    files.append(File.generated(config, CHANGES, content=_changes()))
    for target in sorted({target for file in files.documentation_pages() for target in _outside(file)}):
        if files.get_file_from_path(target) is None:
            level = InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, target, abs_src_path=str(CHECKOUT / target), inclusion=level))
    return files


def on_post_build(*, config: MkDocsConfig) -> None:
    """Write the index of the search as a script too: a page from the disk may read no other file."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    index.with_suffix(".js").write_text(f"var __index = {index.read_text(encoding='utf-8')}", encoding="utf-8")


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of the checkout lead to where they stand in the site."""

    def inside(found: re.Match[str]) -> str:
        target = find_target(page.file.src_uri, found[2])
        link = posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or ".") if target else found[2]
        return found[1] + link

    return show_lines(indent_lists(_LINK.sub(inside, markdown)))


def show_lines(markdown: str) -> str:
    """The same text with no backslash before the lines in code in tables."""
    rows = re.compile(r"^ *\|.*$", re.MULTILINE)
    return rows.sub(lambda row: _CODE.sub(lambda found: found[0].replace("\\|", "|"), row[0]), markdown)


def indent_lists(markdown: str) -> str:
    """The same text with everything in an item of a list indented by four spaces for each list that it is in."""
    columns: list[
        int
    ] = []  # where the text begins of each item that a line is in; `apart`: the last item has paragraphs
    fence, blank, apart, made = "", False, False, []
    for line in markdown.splitlines():
        column = len(line) - len(line.lstrip(" "))
        mark = _MARK.match(line)
        if line.strip() and not fence and (blank or mark):
            columns = [one for one in columns if one <= column]
        inner = columns[-1] if columns else 0
        made.append(" " * 4 * len(columns) + line[min(inner, column) :] if line.strip() else "")
        found = _FENCE.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
        elif mark and not fence and column - inner < 4:
            made[-1] = "\n" * (apart and not blank) + " " * 4 * len(columns) + line[column:]
            columns.append(mark.end())
            apart = False
        blank = not line.strip()
        apart = apart or blank
    return "\n".join(made)


def _outside(file: File) -> set[str]:
    found = {find_target(file.src_uri, link) for _, link in _LINK.findall(file.content_string)}
    return found - {""}


def find_target(src_uri: str, link: str) -> str:
    """The path in the checkout of the file that a page links to; empty where it is none, or one of `docs/`."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(src_uri), link))
    known = not path.startswith(("docs/", "..")) and (CHECKOUT / path).is_file()
    return path if known else ""


def _changes() -> str:
    """The changelog, with links as they are within the site."""
    return (CHECKOUT / CHANGES).read_text(encoding="utf-8").replace("](docs/", "](")


def on_config(config: MkDocsConfig) -> Any:
    """Watch the code too while `mkdocs serve` runs."""
    config.watch += [str(CHECKOUT / "distributor"), str(CHECKOUT / "channels")]
    return config
