"""A small portal from a dictionary of pages, and a probe of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from distributor.errors import SourceError
from distributor.gathering.discovery.probe import Probe
from distributor.gathering.discovery.report import DiscoveryRequest
from distributor.source import FetchedDocument

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SITE = "https://tanlap.example"
TITLES = {
    "/tin/cho-phien.html": "Tân Lập mở lại chợ phiên sau mười năm",
    "/tin/vu-che.html": "Vụ chè xuân được mùa ở các xã vùng cao",
    "/tin/cau-treo.html": "Khánh thành cầu treo nối hai thôn bên sông",
}
LISTING = "<html><head><title>Tin Tân Lập</title></head><body><h1>Tin tức</h1><ul class=ds>" + "".join(
    f"<li class=tin><h3><a href='{path}'>{title}</a></h3><span class=ngay>24/11/2026</span></li>"
    for path, title in TITLES.items()
)


def article_page(title: str, number: int) -> str:
    text = "".join(
        f"<p>Đoạn {at} của bài thứ {number}: sáng nay, bà con trong xã đã đến từ rất sớm để dự buổi lễ đầu tiên.</p>"
        for at in range(6)
    )
    return (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1><time datetime='2026-11-24T0{number}:05:00+07:00'>"
        f"</time><div class=article-body>{text}</div></body></html>"
    )


PAGES = {"/tin/": LISTING, **{path: article_page(title, at) for at, (path, title) in enumerate(TITLES.items(), 1)}}


@dataclass
class SiteFetcher:
    """A fetcher of these pages; counts what is asked for."""

    pages: dict[str, str] = field(default_factory=lambda: dict(PAGES))
    asked: list[str] = field(default_factory=list)

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        self.asked.append(url.removeprefix(SITE))
        try:
            return FetchedDocument(url=url, body=self.pages[url.removeprefix(SITE)].encode(), media_type="text/html")
        except KeyError:
            raise SourceError(f"{url} answered 404 Not Found") from None


def probe(address: str, fetcher: SiteFetcher | None = None, **request: Any) -> Probe:
    return Probe(DiscoveryRequest(address=address, **request), fetcher or SiteFetcher(), NOW)
