"""Values for tests, each with what the test does not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from distributor.channel import Channel
from distributor.config.schema import Newsletter, Settings, Site
from distributor.i18n import Texts
from distributor.model import Article, Edition, ParsedArticle, Rendition
from distributor.newsroom import Newsroom
from distributor.plugins import registry
from distributor.rendering.globals import RenderSettings
from distributor.rendering.templates import Templates
from distributor.schedule.settings import ScheduleSettings
from distributor.source import FetchedDocument, Fetcher, FetchResult, Source

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
KEYS = (b"a key of the newsroom, in tests",)


class NoNetwork:
    """A fetcher for sources that must not use the network."""

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        raise AssertionError(f"the network was asked for {url}")


NO_NETWORK: Fetcher = NoNetwork()


@dataclass(frozen=True, kw_only=True)
class GivenSource(Source):
    """A source whose articles the test gives to the store itself: it is never gathered."""

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        raise AssertionError


def article(id: str = "a1", **changes: Any) -> Article:
    values: dict[str, Any] = {
        "id": id,
        "feed_id": f"tag:bacson.example,2026-11-23:{id}",
        "source": "cong",
        "title": f"Tin {id}",
        "published": NOW,
        "first_seen": NOW,
        "url": f"https://bacson.example/tin/{id}",
        "lead": f"Tóm tắt của tin {id}.",
        "body_html": f"<p>Nội dung của tin {id}.</p>",
        "topics": ("Kinh tế",),
    }
    return Article(**{**values, **changes})


def articles(count: int, **changes: Any) -> list[Article]:
    """Articles a0, a1, … each a minute younger than the one before."""
    return [article(f"a{i}", published=NOW + timedelta(minutes=i), **changes) for i in range(count)]


def found(name: str = "a1", **changes: Any) -> ParsedArticle:
    values: dict[str, Any] = {
        "source": "cong",
        "title": f"Tin số {name} của tỉnh nhà",
        "source_id": name,
        "guid": f"guid-{name}",
        "url": f"https://bacson.example/tin/{name}",
        "lead": f"Tóm tắt của tin {name}.",
        "body_html": f"<p>Nội dung của tin {name}.</p>",
        "published": NOW,
    }
    return ParsedArticle(**{**values, **changes})


def newsletter(**changes: Any) -> Newsletter:
    return Newsletter(**{"id": "tin-sang", "title": "Tin sáng", "channels": ("mail",), **changes})


def settings(**changes: Any) -> Settings:
    data: dict[str, Any] = {
        "site": {"title": "Báo Bắc Sơn", "url": "https://bacson.example"},
        "sources": {"cong": {"type": "folder", "folder": "articles"}},
        "newsletters": {"tin-sang": {"title": "Tin sáng", "channels": ["mail"]}},
        "channels": {"mail": {"type": "email"}},
    }
    return Settings.model_validate({**data, **changes})


def newsroom(
    folder: Path, settings: Settings, order: Newsletter, channels: Mapping[str, Channel], timing: ScheduleSettings
) -> Newsroom:
    """A newsroom with one newsletter and no config.yaml."""
    settings = settings.model_copy(update={"newsletters": {order.id: order}})
    templates = Templates(registry.template_folders(folder))
    return Newsroom(folder / "config.yaml", settings, {}, channels, {order.id: timing}, templates)


def render_settings(site: Site, newsletter: Newsletter, templates: Templates | None = None) -> RenderSettings:
    """What a newsletter is rendered with: our own templates if no others are given, and the time of Việt Nam."""
    own = templates or Templates(registry.template_folders(Path("/nonexistent")))
    return RenderSettings(
        site=site, newsletter=newsletter, zone=ZoneInfo("Asia/Ho_Chi_Minh"), templates=own, texts=Texts()
    )


def edition(number: int = 1, count: int = 2, **changes: Any) -> Edition:
    value = Edition(
        id=f"tin-sang-{number}",
        newsletter="tin-sang",
        slot=f"2026-11-{22 + number}T07:00",
        number=number,
        subject="Tin sáng 23/11",
        articles=tuple(articles(count)),
        frozen_at=NOW,
        expires_at=NOW + timedelta(hours=24),
    )
    return replace(value, **changes)


def rendition(
    channel: str = "posts", variant: str = "a1", body: str = "Xin chào", edition: str = "tin-sang-1"
) -> Rendition:
    return Rendition(channel=channel, variant=variant, media_type="text/plain", body=body.encode(), edition=edition)
