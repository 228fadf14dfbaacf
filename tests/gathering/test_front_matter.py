"""The data at the beginning of a file: in YAML, TOML and JSON, with the names that static sites use."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ArticleError
from distributor.gathering.front_matter import parse_fields, split_front_matter
from distributor.gathering.sources.folder import FolderSource
from distributor.model import Image, ParsedArticle
from support.builders import NOW, article
from support.newsroom import Room

YAML = """\
---
title: "Mùa hoa ban"
date: 2026-11-23T08:00:00+07:00
lastmod: 2026-11-23T10:00:00+07:00
draft: false
description: Hoa nở trắng các triền núi.
authors: [Lò Thị Mai, {name: A Páo}]
tags: [Du lịch]
categories: [Văn hóa, Du lịch]
featured_image: /anh/ban.jpg
layout: post
toc: true
params: {math: true}
---
Một đoạn.
"""
TOML = """\
+++
title = "Mùa hoa ban"
date = 2026-11-23T08:00:00+07:00
lastmod = 2026-11-23T10:00:00+07:00
draft = false
description = "Hoa nở trắng các triền núi."
weight = 10

[taxonomies]
authors = ["Lò Thị Mai", "A Páo"]
tags = ["Du lịch"]
categories = ["Văn hóa", "Du lịch"]

[extra]
image = "/anh/ban.jpg"
+++
Một đoạn.
"""
JSON = """\
{
  "title": "Mùa hoa ban",
  "date": "2026-11-23T08:00:00+07:00",
  "lastmod": "2026-11-23T10:00:00+07:00",
  "draft": false,
  "summary": "Hoa nở trắng các triền núi.",
  "authors": [{"name": "Lò Thị Mai"}, {"name": "A Páo"}],
  "tags": ["Du lịch"],
  "categories": ["Văn hóa", "Du lịch"],
  "images": ["/anh/ban.jpg"],
  "weight": 10
}

Một đoạn.
"""


def read(text: str, name: str = "hoa-ban.md", **settings: Any) -> ParsedArticle:
    source = FolderSource(**{"name": "bai", "folder": Path(), "url": "https://muongla.example/{slug}/", **settings})
    return source.article(name, text.encode())


@pytest.mark.parametrize("text", [YAML, TOML, JSON, YAML.replace("\n", "\r\n"), "\ufeff" + TOML], ids=range(5))
def test_one_story_is_the_same_in_each_of_the_three(text: str) -> None:
    assert read(text) == ParsedArticle(
        source="bai",
        source_id="hoa-ban.md",
        title="Mùa hoa ban",
        url="https://muongla.example/hoa-ban/",
        lead="Hoa nở trắng các triền núi.",
        body_html="<p>Một đoạn.</p>",
        author="Lò Thị Mai, A Páo",
        published=datetime(2026, 11, 23, 1, tzinfo=UTC),
        updated=datetime(2026, 11, 23, 3, tzinfo=UTC),
        topics=("Du lịch", "Văn hóa"),
        image=Image(url="https://muongla.example/anh/ban.jpg"),
    )


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("pubDate: 2026-11-23 08:00", "published", datetime(2026, 11, 23, 1, tzinfo=UTC)),
        ("last_modified_at: 2026-11-23 08:00", "updated", datetime(2026, 11, 23, 1, tzinfo=UTC)),
        ("publishDate: 2026-12-01 08:00", "publish_at", datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ("excerpt: Tóm tắt", "lead", "Tóm tắt"),
        ("author: {name: A Páo, email: a@muongla.example}", "author", "A Páo"),
        ("category: Văn hóa", "topics", ("Văn hóa",)),
        ("tags: Văn hóa, Du lịch", "topics", ("Văn hóa", "Du lịch")),
        ("cover: {image: /1.jpg, alt: Hoa, caption: Hoa ban}", "image",
         Image(url="https://muongla.example/1.jpg", alt="Hoa", caption="Hoa ban")),
        ("image: {path: /1.jpg, width: 640, height: 480}", "image",
         Image(url="https://muongla.example/1.jpg", width=640, height=480)),
        ("slug: mua-hoa", "url", "https://muongla.example/mua-hoa/"),
        ("lang: vi_VN", "language", "vi-VN"),
        ("language: tay", "language", "tay"),
        ("Title: Hai", "title", "Một"),
        ("layout: post\naliases: [/a]\nmenu: {main: {weight: 1}}\nauthor_id: 7", "author", ""),
    ],
)  # fmt: skip
def test_names_that_programs_of_static_sites_use_are_known(line: str, field: str, value: object) -> None:
    assert getattr(read(f"---\ntitle: Một\n{line}\n---\n"), field) == value


@pytest.mark.parametrize(
    ("name", "url"),
    [("hoa-ban/index.md", "hoa-ban"), ("2026/hoa/index.md", "hoa"), ("index.md", "index"), ("hoa-ban.md", "hoa-ban")],
)
def test_the_page_of_a_folder_has_the_folders_name(name: str, url: str) -> None:
    assert read("---\ntitle: Một\n---\n", name).url == f"https://muongla.example/{url}/"


def test_a_date_in_the_name_of_a_file_is_its_date_where_it_has_no_other() -> None:
    name = "_posts/2026-11-23-hoa-ban.md"
    assert read("---\ntitle: Một\n---\n", name).published == datetime(2026, 11, 22, 17, tzinfo=UTC)
    dated = read("---\ntitle: Một\ndate: 2026-11-24\n---\n", name)
    assert dated.published == datetime(2026, 11, 23, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Một\ndraft: true\n---\n",
        "---\ntitle: Một\npublished: false\n---\n",
        "+++\ntitle = 'Một'\ndraft = true\n+++\n",
        '{"title": "Một", "draft": true}\n',
        "---\ndraft: yes\n---\n",
    ],
)
async def test_a_draft_is_left_out_and_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "nhap.md").write_text(text, encoding="utf-8")
    (tmp_path / "bai.md").write_text("---\ntitle: Một\npublished: true\n---\n", encoding="utf-8")
    source = FolderSource(name="bai", folder=tmp_path)
    harvest = await source.gather(None, NOW)  # type: ignore[arg-type]
    assert [one.source_id for one in harvest.articles] == ["bai.md"]
    assert (harvest.faults, harvest.notes) == ([], ["left out as drafts: nhap.md"])


async def test_what_becomes_a_draft_before_it_goes_out_is_there_no_more(tmp_path: Path) -> None:
    (tmp_path / "bai.md").write_text("---\ntitle: Một\n---\n", encoding="utf-8")
    source = FolderSource(name="bai", folder=tmp_path)
    stored = article("a1", source="bai", source_id="bai.md", title="Một", url="")
    assert (await source.check_availability(None, stored)).available is True  # type: ignore[arg-type]
    (tmp_path / "bai.md").write_text("---\ntitle: Một\ndraft: true\n---\n", encoding="utf-8")
    presence = await source.check_availability(None, stored)  # type: ignore[arg-type]
    assert (presence.available, presence.reason) == (False, "its file says that it is a draft")


async def test_the_page_of_a_section_is_no_article(tmp_path: Path) -> None:
    (tmp_path / "_index.md").write_text("---\ntitle: Tin tức\n---\n", encoding="utf-8")
    assert (await FolderSource(name="bai", folder=tmp_path).gather(None, NOW)).articles == []  # type: ignore[arg-type]


BROKEN = {
    "open TOML": ("+++\ntitle = 'Một'\n", "its first lines begin with +++ but are not closed by another +++"),
    "no TOML": ("+++\ntitle = 'Một'\ndate = \n+++\n", "line 3: its first lines are not TOML: Invalid value"),
    "deep TOML": ("+++\na = " + "[" * 50_000 + "\n+++\n", "its first lines are nested too deep"),
    "no JSON": ('{\n"title": "Một",\n}\n', "line 3: its first lines are not JSON: "),
    "deep JSON": ('{"a":' * 50_000, "its first lines are nested too deep"),
    "a typing mistake in TOML": (
        "+++\ntitle = 'Một'\ntopic_s = ['a']\n+++\n",
        "'topic_s' in its first lines is not known",
    ),
    "JSON without a title": ('{"lead": "Một"}\n', "has no title: begin the file with"),
    "a title of many": ('{"title": ["a"]}\n', "title must be text"),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_beginning_is_told_in_words(text: str, words: str) -> None:
    with pytest.raises(ArticleError) as caught:
        read(text)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    "text", ["{{ macro }}\nMột", "{một}", "{\n% block %}", "+ một\n", "---- một ----", "------\nx"]
)
def test_what_begins_otherwise_is_a_story_without_data(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


def test_laughs_of_yaml_in_records_take_no_time() -> None:
    levels = "\n".join(f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(10))}}}" for n in range(1, 12))
    assert read(f"---\ntitle: Một\na0: &a0 ha\n{levels}\nextra: *a11\n---\n").title == "Một"


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["title", "date", "tags", "authors", "images", "cover", "draft", "extra", "slug"]), wild
    )
)
def test_whatever_stands_there_is_read_or_told(data: dict[str, Any]) -> None:
    matter, _ = split_front_matter(json.dumps(data))
    try:
        parse_fields(matter)
    except ArticleError as error:
        assert "\n" not in str(error)


def test_a_folder_of_a_static_site_is_gathered(room: Room) -> None:
    (room.folder / "articles" / "hoa-ban.md").write_text(TOML, encoding="utf-8")
    (room.folder / "articles" / "nhap.md").write_text("+++\ntitle = 'x'\ndraft = true\n+++\n", encoding="utf-8")
    said = room.good("gather")
    assert "note: left out as drafts: nhap.md" in said
    assert "Mùa hoa ban" in room.good("articles")
