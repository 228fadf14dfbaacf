"""What trials of a channel are made of: the example of its manual as settings, articles, an edition, a picture, texts."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...attempt import PreparedImage
from ...channel import Channel
from ...config.schema import Newsletter, Site
from ...config.validation import build
from ...config.yaml import RawConfig, parse
from ...i18n import Texts
from ...model import Article, Edition, Image, Recipient
from ...plugins.info import describe, settings_of
from ...plugins.registry import template_folders
from ...rendering.context import RenderContext
from ...rendering.templates import Templates

CANARY = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"  # the value of every secret; "canary" over and over
FROZEN = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
PICTURE = "https://pictures.example/cau-na-ma.jpg"

# Titles and leads that have broken something somewhere.
WILD = (
    ("“Tết” & <b>]]></b> 👩‍👩‍👧‍👦 Ế" + "ẫ" * 400, "😀" * 3000),
    ("@lan @bacson.example hỏi: 1 < 2 && 3 > 2?", "#hashtag https://bacson.example/@lan " * 40),
    ("ا" * 300, "مرحبا بالعالم. " * 300),
    ("e\u0301" * 350, "🇻🇳" * 800),
    ("Một dòng", ""),
    ("%s {0} ${X} {{ y }} \\n", "' OR 1=1; --"),
)


class _Canaries(Mapping[str, str]):
    """An environment in which every variable is a secret of ours."""

    def __getitem__(self, name: str) -> str:
        return CANARY

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _AnyValue(dict[str, str]):
    """A value for every merge field there is."""

    def __missing__(self, key: str) -> str:
        return f"https://bacson.example/{key}"

    def __contains__(self, key: object) -> bool:
        return True


@dataclass(frozen=True)
class Subject:
    """What is tried: a channel type, and settings as config.yaml has them."""

    cls: type[Channel]
    settings: Mapping[str, Any]
    newsroom: Path | None = None

    def build(self, place: Path, more: Mapping[str, Any] = MappingProxyType({})) -> Channel:
        """The channel, with the folders of its settings below `place`, and other settings for some. Raises ValueError with
        what is wrong."""
        raw = RawConfig(place / "config.yaml", {}, {})
        values = {**self.settings, **more}
        channel, problems = build(self.cls, {**values, "name": "trial"}, raw, ())
        if problems or not isinstance(channel, Channel):
            raise ValueError("; ".join(str(problem) for problem in problems))
        return channel

    def without_secrets(self) -> Subject:
        """The same without the secrets that may be left out."""
        optional = [
            one.name for one in settings_of(self.cls) if one.type.startswith("secret") and one.default is not None
        ]
        return replace(self, settings={key: value for key, value in self.settings.items() if key not in optional})


def subject_of(
    cls: type[Channel], settings: Mapping[str, Any] | None = None, *, newsroom: Path | None = None
) -> Subject:
    """What is tried of a class: with the settings given, or those of the example in its manual; secrets become canaries.
    Those given need not have the secrets, which may be in variables that are not set here.

    Raises ValueError where the manual has no example.
    """
    secrets = {one.name: one.default is None for one in settings_of(cls) if one.type.startswith("secret")}
    needed = [name for name, is_needed in secrets.items() if is_needed and settings is not None]
    known = example_settings(cls) if settings is None else settings
    given = {key: value for key, value in known.items() if key != "type" and value is not None}
    given |= dict.fromkeys(needed, CANARY)
    return Subject(cls, {key: CANARY if key in secrets else value for key, value in given.items()}, newsroom)


def example_settings(cls: type[Channel]) -> Mapping[str, Any]:
    """The settings of the example in the manual, with canaries for its secrets. Raises ValueError."""
    example = describe("", cls, "channels").example
    if not example:
        raise ValueError("the docstring of its module has no example: an indented block that begins with `channels:`")
    raw = parse(example, Path("config.yaml"), _Canaries())
    if raw.problems:
        raise ValueError("; ".join(map(str, raw.problems)))
    (values,) = raw.data["channels"].values()
    return dict(values)


# -- content -----------------------------------------------------------------------------------------------------------


def trial_article(id: str = "a1", **changes: Any) -> Article:
    values: dict[str, Any] = {
        "id": id,
        "feed_id": f"tag:bacson.example,2026-11-23:{id}",
        "source": "cong",
        "title": f"Thông xe cầu Nà Mạ ({id})",
        "published": FROZEN,
        "first_seen": FROZEN,
        "url": f"https://bacson.example/tin/{id}",
        "lead": "Sáng 22/11, cầu Nà Mạ dài 412 mét đón những chuyến xe đầu tiên. Người dân không còn phải đi vòng.",
        "body_html": "<p>Sáng 22/11, cầu Nà Mạ đón những chuyến xe đầu tiên.</p>",
        "topics": ("Kinh tế", "Giao thông"),
        "image": Image(url=PICTURE, alt="Cầu Nà Mạ", width=1200, height=800),
    }
    return Article(**{**values, **changes})


def trial_edition(articles: Sequence[Article] = ()) -> Edition:
    return Edition(
        id="tin-sang-1",
        newsletter="tin-sang",
        slot="2026-11-23T07:00",
        number=1,
        subject="Tin sáng 23/11",
        articles=tuple(articles) or tuple(trial_article(f"a{number}") for number in range(3)),
        frozen_at=FROZEN,
        expires_at=FROZEN + timedelta(hours=24),
    )


def wild_edition() -> Edition:
    made = [
        trial_article(f"w{number}", title=title, lead=lead, url=f"https://bacson.example/a?b={number}&c=%20d#e")
        for number, (title, lead) in enumerate(WILD)
    ]
    return trial_edition(made)


def corrected_edition() -> Edition:
    """The edition again, its first article corrected."""
    edition = trial_edition()
    first, *others = edition.articles
    return replace(edition, articles=(replace(first, title=f"{first.title}, bản đã sửa", version=2), *others))


def trial_recipient() -> Recipient:
    return Recipient(
        id="s1",
        address="lan@example.com",
        name="Lan",
        message_id="<1.s1@bacson.example>",
        merge_values=_AnyValue(),
    )


def compose_context(newsroom: Path | None = None) -> RenderContext:
    """What channels compose with, of a site that is invented, with our templates and the newsroom's own."""
    newest = tuple(reversed(trial_edition().articles))
    site = Site(title="Báo Bắc Sơn", url="https://bacson.example")
    return RenderContext(
        site=site,
        published=newest,
        announced=newest,
        corrected=(),
        templates=Templates(template_folders(newsroom or Path("/nonexistent"))),
        language=site.language,
        zone=site.timezone,
        texts=Texts(),
        newsletter=Newsletter(id="tin-sang", title="Tin sáng", channels=("trial",)),
    )


@functools.cache
def picture() -> PreparedImage:
    """A small JPEG."""
    from PIL import Image as Canvas

    body = io.BytesIO()
    Canvas.radial_gradient("L").resize((64, 48)).convert("RGB").save(body, "JPEG", quality=70)
    return PreparedImage(body.getvalue(), "image/jpeg", 64, 48)


async def read_picture(url: str) -> PreparedImage | None:
    """Every picture that is asked for."""
    return picture()
