"""What a channel carries, as values: posts of a network, emails, and documents such as feeds and pages.

`compose` returns them. The engine stores each in one canonical form, hashes it, previews it, and hands back an equal value
when it is sent, so that what staff approve is what goes out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import datetime
from typing import Any

POST_TYPE = "application/vnd.distributor.post+json"
EMAIL_TYPE = "application/vnd.distributor.email+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a post. `url` is its address at the source, by which `Attempt.read_image` finds it; `alt` says what it
    shows; `width` and `height` are in pixels, 0 where nobody knows."""

    url: str
    alt: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post of a network.

    `variant` is its name within the edition: a safe file name. `text` is what readers see, as it was composed and counted;
    `title`, `summary` and `link` are for networks that show a card of their own. `tags` are hashtags without their #.
    `language` is an ISO 639-1 code. `article` is the id of the article that it is about, by which corrections find it.
    `follows` is the variant of the post of the same edition that this one answers, in a thread. Posts go out in the order
    in which `compose` returns them.
    """

    variant: str
    text: str
    title: str = ""
    summary: str = ""
    link: str = ""
    pictures: tuple[Picture, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    article: str = ""
    follows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An email as all its recipients get it, apart from merge tags in `html` and `text`.

    `date` is aware. `list_id`, `list_name` and `feedback_id` make its headers; a transactional email belongs to no list and
    has none of them.
    """

    variant: str
    subject: str
    html: str
    text: str
    language: str
    date: datetime
    preheader: str = ""
    list_id: str = ""
    list_name: str = ""
    feedback_id: str = ""

    @property
    def title(self) -> str:
        return self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes of a media type: a feed, a page, a message to another program. `article` is the id of the one article that it
    is about, if any."""

    variant: str
    media_type: str
    body: bytes
    title: str = ""
    article: str = ""


Content = Post | Email | Document

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what PostgreSQL or UTF-8 refuses
_NAME = re.compile(r"(?!\.)[^\x00-\x1f/\\\ud800-\udfff]{1,120}")


def check_contents(contents: Sequence[object]) -> list[Content]:
    """What a channel has composed, if all of it can be frozen and sent: values of these types, each under a name of its own
    that is safe for a file, each answer behind the post that it answers. Raises ValueError or TypeError in words."""
    posts: set[str] = set()
    found: list[Content] = []
    for content in contents:
        if not isinstance(content, Post | Email | Document):
            raise TypeError(f"{type(content).__name__} is no Post, Email or Document")
        for field in fields(content):
            value = getattr(content, field.name)
            if field.type == "str" and not (isinstance(value, str) and not _UNSTORABLE.search(value)):
                raise TypeError(f"{field.name} is no text: {value!r:.80}")
        if not _NAME.fullmatch(content.variant):
            raise ValueError(f"variant is no safe name for a file: {content.variant!r:.150}")
        if isinstance(content, Post):
            if content.follows and content.follows not in posts:
                raise ValueError(f"{content.variant} follows {content.follows}, which is no post before it")
            posts.add(content.variant)
        if isinstance(content, Document) and not isinstance(content.body, bytes):
            raise TypeError(f"the body of {content.variant} is not bytes: {type(content.body).__name__}")
        found.append(content)
    return found


def encode_content(content: Content) -> tuple[str, bytes]:
    """Media type and bytes of a content in its canonical form: equal values give equal bytes. The variant is no part of
    them, nor is what has its default, so that a member that is added later changes no hash."""
    if isinstance(content, Document):
        return content.media_type, content.body
    plain = {
        field.name: value
        for field in fields(content)
        if field.name != "variant" and (value := getattr(content, field.name)) != field.default
    }
    if isinstance(content, Email):
        return EMAIL_TYPE, _canonical({**plain, "date": content.date.isoformat()})
    return POST_TYPE, _canonical(plain | ({"pictures": [*map(_given, content.pictures)]} if content.pictures else {}))


def decode_content(variant: str, media_type: str, body: bytes, *, title: str = "", article: str = "") -> Content:
    """The content that was encoded so. Raises ValueError for bytes of a post or an email that are none."""
    kind = media_type.partition(";")[0]
    try:
        if kind == POST_TYPE:
            return _post(variant, json.loads(body))
        if kind == EMAIL_TYPE:
            return _email(variant, json.loads(body))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"no content of {kind}: {error}") from None
    return Document(variant=variant, media_type=media_type, body=body, title=title, article=article)


def _post(variant: str, data: Mapping[str, Any]) -> Post:
    pictures = tuple(Picture(**_known(Picture, one)) for one in data.get("pictures", ()))
    tags = tuple(data.get("tags", ()))
    return Post(**{**_known(Post, data), "variant": variant, "pictures": pictures, "tags": tags})


def _email(variant: str, data: Mapping[str, Any]) -> Email:
    return Email(**{**_known(Email, data), "variant": variant, "date": datetime.fromisoformat(data["date"])})


def _known(cls: type, data: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(cls)}
    return {name: value for name, value in data.items() if name in names}


def _given(value: Picture) -> dict[str, Any]:
    """The members of a value that differ from their defaults."""
    defaults = {field.name: field.default for field in fields(value) if field.default is not MISSING}
    return {name: one for name, one in asdict(value).items() if name not in defaults or defaults[name] != one}


def _canonical(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
