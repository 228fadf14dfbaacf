"""What one more cohort costs: a 40-article edition rendered for 1 cohort and for 1,000, each with articles of its own.

Run with `make bench`. Both are HTML with styles inlined and plain text, as they go to the channel; premailer is asked
about the tags of the edition once, and what cohorts share is made once.
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from distributor.config.schema import Newsletter, Site
from distributor.i18n import Texts
from distributor.model import Article, Edition, Image
from distributor.plugins import registry
from distributor.rendering.context import RenderContext
from distributor.rendering.templates import Templates

NOW = datetime(2026, 11, 23, tzinfo=UTC)
COHORTS = 1000
TOPICS = ("Kinh tế", "Y tế", "Giáo dục", "Văn hóa", "Thể thao")


def edition() -> Edition:
    lead = "Sáng 20/11, tại xã Nà Mạ, Ủy ban nhân dân tỉnh khởi công tuyến đường dài 38 km nối năm xã miền núi. " * 2
    articles = tuple(
        Article(
            id=f"a{i}", feed_id=f"tag:x,2026:{i}", source="s", title=f"Tin số {i}: tuyến đường nối năm xã miền núi",
            published=NOW - timedelta(hours=i), first_seen=NOW, url=f"https://bacson.example/tin/{i}", lead=lead,
            topics=(TOPICS[i % 5],),
            image=Image(url=f"https://bacson.example/{i}.jpg", width=1200, height=800) if i % 3 == 0 else None,
        )
        for i in range(40)
    )  # fmt: skip
    return Edition(
        id="bench-1", newsletter="bench", slot="s", number=1, subject="Tin sáng 23/11", articles=articles, frozen_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )  # fmt: skip


def shares(whole: Edition, count: int) -> list[Edition]:
    """Random choices of articles in their order, as choices of topics make them."""
    chance = random.Random(7)
    made = []
    for number in range(count):
        some = sorted(chance.sample(range(40), chance.randint(1, 40)))
        made.append(replace(whole, articles=tuple(whole.articles[i] for i in some), segment=f"c{number}"))
    return made


def context() -> RenderContext:
    newsletter = Newsletter(id="bench", title="Tin sáng", channels=("mail",))
    site = Site(title="Báo Bắc Sơn", url="https://bacson.example")
    templates = Templates(registry.template_folders(Path("/nonexistent")))
    return RenderContext(
        site=site, newsletter=newsletter, announced=(), published=(), templates=templates,
        language=edition().language, zone=site.timezone, texts=Texts(),
    )  # fmt: skip


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else COHORTS
    whole = edition()
    context().digest(whole)  # what is loaded once is loaded now
    here = context()
    start = time.perf_counter()
    one = here.digest(whole)
    first = time.perf_counter() - start
    start = time.perf_counter()
    made = [here.digest(share) for share in shares(whole, count)]
    rest = time.perf_counter() - start
    print(f"the whole edition: {first * 1000:8.1f} ms ({len(one.html) / 1000:.0f} kB of HTML)")
    print(f"{count:,} cohorts:     {rest * 1000:8.1f} ms, {rest / count * 1000:.2f} ms each ({len(made)} letters)")
    print(f"premailer was asked {here.render_cache.runs} times; a cohort costs {rest / count / first:.3f} of the first")
    row = {
        "first_ms": first * 1000,
        "cohort_ms": rest / count * 1000,
        "cohorts": count,
        "premailer": here.render_cache.runs,
    }
    target = Path("var/bench-rendering.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
