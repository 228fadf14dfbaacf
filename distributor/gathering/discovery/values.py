"""What `sources try` asks for and finds out, as frozen values: they come out of a child process as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class AddressKind(StrEnum):
    """What an address turned out to be."""

    LISTING = "listing"
    ARTICLE = "article"
    FEED = "feed"
    FOLDER = "folder"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRequest:
    """What to try: an address of the web, or the absolute path of a file or folder.

    `kind` is what it is where staff say so, else it is found out. `articles` is how many are read to the end. `select` are
    CSS selectors by key, as under `select:` in config.yaml. `language` and `timezone` are those of the newsroom.
    """

    address: str
    is_path: bool = False
    kind: AddressKind | None = None
    articles: int = 5
    select: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    language: str = "vi"
    timezone: str = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedField:
    """One field as it was understood, and the places that say the same: `JSON-LD headline`, `h1.title`."""

    name: str
    value: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePreview:
    """One article as it was understood, beside what it was made of. `fault` says why there is none.

    `first` and `last` are the beginnings of the body's first and last block; `paragraphs`, `pictures` and `characters`
    count what is in it. `warnings` are half sentences: `no date`.
    """

    address: str
    title: str = ""
    published: datetime | None = None
    fields: tuple[ParsedField, ...] = ()
    first: str = ""
    last: str = ""
    paragraphs: int = 0
    pictures: int = 0
    characters: int = 0
    warnings: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OmittedLinks:
    """Links of a listing that are taken for no articles: why, how many, and the words of one or two."""

    reason: str
    number: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedSelector:
    """A selector that is proposed or was given: on how many of the pages tried it finds something, and why it is there."""

    key: str
    css: str
    pages: int
    of: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProposal:
    """A source for config.yaml: a suggestion for its name, its settings, and what speaks for it."""

    name: str
    settings: Mapping[str, Any]
    why: str = ""
    selectors: tuple[ProposedSelector, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryReport:
    """What came of trying an address.

    `what` says in a sentence what it is. `found` counts the articles that it names, `articles` are those that were read.
    `doubts` are what staff should look at, `hints` what else there is: feeds, sections, a map of the site.
    """

    address: str
    kind: AddressKind
    what: str
    found: int = 0
    articles: tuple[ArticlePreview, ...] = ()
    left_out: tuple[OmittedLinks, ...] = ()
    proposals: tuple[SourceProposal, ...] = ()
    doubts: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def readable(self) -> bool:
        return any(not article.fault for article in self.articles)
