"""How much it saves to render a digest once and fill it per reader, against rendering it for each reader.

Run with `make bench`. Both ways make the same finished messages, in one process, one after the other; what counts is the
ratio, because machines are noisy.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from distributor.config.schema import Newsletter, Site
from distributor.i18n import Texts
from distributor.model import Article, Edition, Recipient, Rendition
from distributor.personal_channel import PersonalChannel
from distributor.plugins import registry
from distributor.rendering.context import RenderContext
from distributor.rendering.templates import Templates
from distributor.subscribers.merge_values import build_recipient

NOW = datetime(2026, 11, 23, tzinfo=UTC)
READERS_ONCE, READERS_EACH = 2000, 20


def _edition(count: int = 15) -> Edition:
    lead = "Sáng 20/11, tại xã Nà Mạ, Ủy ban nhân dân tỉnh khởi công tuyến đường dài 38 km nối năm xã miền núi. " * 2
    articles = tuple(
        Article(
            id=f"a{i}", feed_id=f"tag:x,2026:{i}", source="s", title=f"Tin số {i}: tuyến đường nối năm xã miền núi",
            published=NOW - timedelta(hours=i), first_seen=NOW, url=f"https://bacson.example/tin/{i}", lead=lead,
            topics=(("Kinh tế", "Giáo dục", "Y tế")[i % 3],),
        )
        for i in range(count)
    )  # fmt: skip
    return Edition(
        id="bench-1", newsletter="bench", slot="s", number=1, subject="Tin sáng 23/11", articles=articles, frozen_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )  # fmt: skip


def _per_second(work: Callable[[int], object], times: int) -> float:
    start = time.perf_counter()
    for number in range(times):
        work(number)
    return times / (time.perf_counter() - start)


def main() -> None:
    newsletter = Newsletter(id="bench", title="Tin sáng", channels=("mail",))
    site = Site(title="Báo Bắc Sơn", url="https://bacson.example")
    templates = Templates(registry.template_folders(Path("/nonexistent")))
    edition = _edition()
    context = RenderContext(
        site=site, newsletter=newsletter, announced=edition.articles, published=edition.articles, templates=templates,
        language=edition.language, zone=site.timezone, texts=Texts(),
    )  # fmt: skip
    settings = {"name": "mail", "sender": "tin@bacson.example"}
    channel = TypeAdapter(registry.channels.find("email")).validate_python(settings)
    assert isinstance(channel, PersonalChannel)

    def reader(number: int) -> Recipient:
        return build_recipient(edition, f"s{number}", f"s{number}@example.com", "Lan", secret=b"0" * 32, links=site.url)

    def compose() -> Rendition:
        return channel.renditions(edition, context)[0]

    rendition = compose()
    size = len(channel.personalize(rendition, reader(0)))
    once = _per_second(lambda n: channel.personalize(rendition, reader(n)), READERS_ONCE)
    each = _per_second(lambda n: channel.personalize(compose(), reader(n)), READERS_EACH)
    result = {
        "articles": len(edition.articles),
        "message_bytes": size,
        "rendered_once_per_second": round(once),
        "rendered_for_each_per_second": round(each, 1),
        "ratio": round(once / each, 1),
    }
    print(json.dumps(result, indent=1))
    Path("var").mkdir(exist_ok=True)
    Path("var/bench-digest.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
