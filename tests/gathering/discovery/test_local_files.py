"""Files and folders that are probed: a copy of a portal, a folder of articles, one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import SourceError
from distributor.gathering.discovery.report import AddressKind
from gathering.discovery.probed_site import LISTING, PAGES, SITE, TITLES, probe


async def test_a_copy_of_a_portal_is_a_source_of_type_page_with_its_folder(tmp_path: Path) -> None:
    told = f"<link rel=canonical href='{SITE}/tin/'></head>"
    (tmp_path / "index.html").write_text(LISTING.replace("</head>", told), encoding="utf-8")
    for path in TITLES:
        (tmp_path / path.removeprefix("/tin/")).write_text(PAGES[path], encoding="utf-8")
    report = await probe(str(tmp_path), is_path=True).run()
    assert report.what == "is a listing of 3 articles, in a folder"
    assert {article.title for article in report.articles} == set(TITLES.values())
    (proposal,) = report.proposals
    assert {**proposal.settings, "select": None} == {
        "type": "page",
        "url": f"{SITE}/tin/",
        "folder": str(tmp_path),
        "select": None,
    }


async def test_a_folder_of_articles_is_one_and_a_bad_file_is_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: Một\n---\nMột câu.\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("---\ntitel: Hai\n---\nHai câu.\n", encoding="utf-8")
    report = await probe(str(tmp_path), is_path=True).run()
    assert (report.kind, report.what) == (AddressKind.FOLDER, "is a folder of 1 article")
    assert report.doubts[0].startswith("b.md: ")
    assert report.proposals[0].settings == {"type": "folder", "folder": str(tmp_path)}


async def test_one_saved_page_is_its_article(tmp_path: Path) -> None:
    file = tmp_path / "vu-che.html"
    file.write_text(PAGES["/tin/vu-che.html"], encoding="utf-8")
    report = await probe(str(file), is_path=True).run()
    assert (report.kind, report.what) == (AddressKind.ARTICLE, "is a page with an article")
    assert report.articles[0].title == TITLES["/tin/vu-che.html"]


async def test_an_empty_folder_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no index\.html and no files named \*\.md"):
        await probe(str(tmp_path), is_path=True).run()
