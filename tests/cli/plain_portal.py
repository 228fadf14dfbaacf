"""A portal that needs no selectors, and commands that run beside its server."""

from __future__ import annotations

import asyncio

from support.newsroom import Done, Room
from support.web_site import WebSite


def story_page(number: int, more: str = "") -> str:
    text = "".join(
        f"<p>Đoạn {part} của tin số {number}, kể rằng công trình thứ {number * 10 + part} đã xong trước hạn và được bàn "
        "giao cho người dân trong niềm vui chung của cả thôn bản.</p>"
        for part in range(1, 5)
    )
    return (
        f'<html lang="vi"><head><title>Công trình số {number} đã hoàn thành</title>'
        f'<meta property="article:published_time" content="2026-11-2{number}T08:0{number}:00+07:00">'
        f'<meta property="og:image" content="/anh/{number}.jpg"></head><body><h1>Công trình số {number} đã hoàn thành</h1>'
        f'<p class="author">Nguyễn Văn {"ABCDE"[number]}</p><div class="article-content">{text}</div>{more}</body></html>'
    )


def plain_portal(site: WebSite, head: str = "") -> str:
    """A portal on which everything is found by itself."""
    links = "".join(
        f'<li><h3><a href="/tin/{number}.html">Công trình số {number} đã hoàn thành</a></h3></li>'
        for number in range(1, 5)
    )
    for number in range(1, 5):
        site.page(f"/tin/{number}.html", story_page(number))
    return site.page("/tin/", f"<html><head><title>Tin</title>{head}</head><body><ul>{links}</ul></body></html>")


async def at_work(room: Room, *arguments: str) -> Done:
    """A command beside a server that lives in this loop."""
    return await asyncio.to_thread(room.run, *arguments)
