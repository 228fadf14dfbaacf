"""Front matter, the data at the beginning of a file: YAML, TOML or JSON, with the keys of static site generators. Pure.

    ---                     +++                     {
    title: Một              title = "Một"             "title": "Một"
    ---                     +++                     }

The keys are ours (`lead`, `topics`, `publish_at`) and those of Hugo, Jekyll, Zola and Eleventy for the same things; what
such programs keep for themselves is passed over. An unknown key that is spelled almost like one of ours is a mistake.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..errors import ArticleError
from ..text import clean_line
from .media import parse_pixels

KEYS = (
    "author", "date", "id", "image", "language", "lead", "publish_at", "published", "summary", "tags", "title", "topics",
    "updated", "url",
)  # fmt: skip
# The same things by other names. Hugo: publishDate, lastmod; Jekyll: last_modified_at, excerpt; Eleventy and Astro: pubDate.
_DATES = ("date", "published", "publishdate", "pubdate", "published_at", "publish_date", "datepublished", "created")
_UPDATED = (
    "updated", "lastmod", "last_modified_at", "lastupdated", "modified", "updated_at", "moddate", "datemodified",
)  # fmt: skip
_EMBARGO = ("publish_at", "publishdate")
_LEADS = ("lead", "summary", "description", "excerpt", "subtitle", "abstract")
_AUTHORS = ("author", "authors")
_TOPICS = ("topics", "tags", "categories", "category", "topic", "tag")
_PICTURES = (
    "image", "images", "featured_image", "featuredimage", "feature_image", "featureimage", "cover", "thumbnail",
    "cover_image", "coverimage", "heroimage", "hero_image", "banner",
)  # fmt: skip
_LANGUAGES = ("language", "lang", "locale")
_KNOWN = frozenset(
    {*KEYS, *_DATES, *_UPDATED, *_EMBARGO, *_LEADS, *_AUTHORS, *_TOPICS, *_PICTURES, *_LANGUAGES, "slug", "draft"}
)
# What programs keep for themselves although it is spelled almost like a key of ours.
_OTHERS = frozenset(
    {"data", "titles", "layout", "template", "links", "state", "rating", "paginate", "permalink", "aliases"}
)
_LIKE = 0.8  # how near a key must be to one of ours to be taken for it
_ADDRESS_KEYS = ("url", "src", "path", "image", "href", "relative_path")
_OPENING = re.compile(r"(---|\+\+\+)(yaml|yml|toml|json)?[ \t]*")
_FORMATS = {"yml": "yaml", "": ""}


class UnpublishedFile(ArticleError):
    """A file that says of itself that it is not to be published yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What the front matter of a file says of its article, dates and addresses as they are written there."""

    title: str
    lead: str = ""
    author: str = ""
    id: str = ""
    url: str = ""
    slug: str = ""
    language: str = ""
    published: str = ""
    updated: str = ""
    publish_at: str = ""
    topics: tuple[str, ...] = ()
    image: Mapping[str, Any] = field(default_factory=dict)


def split_front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    """The data of a file and the body behind them; no data where a file begins with none. Raises ArticleError in words."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text.startswith("{"):
        return _json_first(text)
    lines = text.split("\n")
    opening = _OPENING.fullmatch(lines[0])
    if not opening:
        return {}, text
    fence = opening[1]
    closing = ("---", "...") if fence == "---" else (fence,)
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() in closing), None)
    if end is None:
        raise ArticleError(f"its first lines begin with {fence} but are not closed by another {fence}")
    name = _FORMATS.get(opening[2] or "", opening[2]) or ("yaml" if fence == "---" else "toml")
    data = {"yaml": _yaml, "toml": _toml, "json": _json}[name]("\n".join(lines[1:end]))
    if not isinstance(data, dict):
        raise ArticleError("its first lines must be `key: value`")
    return data, "\n".join(lines[end + 1 :])


def parse_fields(data: Mapping[str, Any]) -> FrontMatter:
    """What the data say. Raises ArticleError in words; UnpublishedFile where the file is not to be published."""
    fields = _flat(data)
    unknown = sorted(str(key) for key in data if _is_mistaken(str(key)))
    if unknown:
        raise ArticleError(f"{unknown[0]!r} in its first lines is not known; known are {', '.join(KEYS)}")
    if _truth(fields.get("draft")) is True or _truth(fields.get("published")) is False:
        raise UnpublishedFile("is a draft")
    if _truth(fields.get("published")) is not None:
        del fields["published"]
    title = clean_line(_words(fields, "title"))
    if not title:
        raise ArticleError("has no title: begin the file with --- title: … ---")
    return FrontMatter(
        title=title,
        lead=clean_line(_words(fields, *_LEADS)),
        author=", ".join(dict.fromkeys(_names(fields))),
        id=clean_line(_words(fields, "id")),
        url=_words(fields, "url"),
        slug=_words(fields, "slug").strip("/"),
        language=clean_line(_words(fields, *_LANGUAGES)),
        published=_words(fields, *_DATES),
        updated=_words(fields, *_UPDATED),
        publish_at=_words(fields, *_EMBARGO),
        topics=tuple(dict.fromkeys(_list(fields, *_TOPICS))),
        image=_picture(fields),
    )


# -- the three ways to write them --------------------------------------------------------------------------------------


def _yaml(text: str) -> Any:
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # texts only, no objects, no dates
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark.line + 2 if error.problem_mark else 1
        hint = "; put text that holds a colon in quotes" if "mapping values" in str(error.problem) else ""
        raise ArticleError(f"line {at}: its first lines are not YAML: {error.problem}{hint}") from None
    except RecursionError:
        raise ArticleError("its first lines are nested too deep") from None
    except yaml.YAMLError as error:
        raise ArticleError(f"its first lines are not YAML: {str(error).splitlines()[0]}") from None
    return {} if data is None or data == "" else data


def _toml(text: str) -> Any:
    try:
        return _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) + 1 if at else text.count("\n") + 2
        reason = re.sub(r" \(at [^()]*\)$", "", str(error))
        raise ArticleError(f"line {line}: its first lines are not TOML: {reason}") from None
    except RecursionError:
        raise ArticleError("its first lines are nested too deep") from None


def _json(text: str) -> Any:
    try:
        return _plain(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise _not_json(error, 1) from None


def _json_first(text: str) -> tuple[Mapping[str, Any], str]:
    """Hugo's: a JSON object at the very beginning. What is none is the story itself, in braces or a template's."""
    if not re.match(r"\{\s*[\"}]", text):
        return {}, text
    try:
        data, end = json.JSONDecoder().raw_decode(text)
        data = _plain(data)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _not_json(error, 0) from None
    return data, text[end:]


def _not_json(error: Exception, above: int) -> ArticleError:
    if isinstance(error, json.JSONDecodeError):
        return ArticleError(f"line {error.lineno + above}: its first lines are not JSON: {error.msg}")
    return ArticleError("its first lines are nested too deep")


# -- what they say -----------------------------------------------------------------------------------------------------


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data by their keys in small letters, values as texts. Zola keeps topics and authors under `taxonomies`, and what
    is not its own under `extra`, as Hugo does under `params`."""
    fields: dict[str, Any] = {}
    for key, value in data.items():
        fields.setdefault(str(key).lower(), value)
    for table in ("taxonomies", "params", "extra"):
        inner = fields.get(table)
        for key, value in inner.items() if isinstance(inner, dict) else ():
            if str(key).lower() in _KNOWN:
                fields.setdefault(str(key).lower(), value)
    return fields


def _plain(value: Any) -> Any:
    """Texts instead of numbers, truths and dates, which TOML and JSON tell apart; from YAML come texts, and its aliases may
    stand in one another a thousand million times."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _is_mistaken(key: str) -> bool:
    low = key.lower()
    if low in _KNOWN or low in _OTHERS:
        return False
    near = difflib.get_close_matches(low[:40], KEYS, n=1, cutoff=_LIKE)
    return bool(near) and abs(len(near[0]) - len(low)) <= 2


def _truth(value: object) -> bool | None:
    """A truth as YAML, TOML and JSON write it; None for what is none."""
    return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(str(value).lower())


def _words(fields: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        value = fields.get(key, "")
        if not isinstance(value, str):
            raise ArticleError(f"{key} must be text")
        if value.strip():
            return value.strip()
    return ""


def _list(fields: Mapping[str, Any], *keys: str) -> Iterator[str]:
    for key in keys:
        value = fields.get(key, [])
        if not isinstance(value, str | list):
            raise ArticleError(f"{key} must be a list of words")
        for item in value.split(",") if isinstance(value, str) else value:
            if not isinstance(item, str):
                raise ArticleError(f"{key} must be a list of words")
            if clean_line(item):
                yield clean_line(item)


def _names(fields: Mapping[str, Any]) -> Iterator[str]:
    """The authors: a name, a list of names, or records that hold one."""
    for key in _AUTHORS:
        value = fields.get(key, "")
        for one in value if isinstance(value, list) else [value]:
            name = one.get("name", "") if isinstance(one, dict) else one
            if not isinstance(name, str):
                raise ArticleError(f"{key} must be text")
            if clean_line(name):
                yield clean_line(name)


def _picture(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The record of the first picture that is named: address, alt, caption, width and height."""
    for key in _PICTURES:
        value = fields.get(key) or {}
        if isinstance(value, list) and key != "image":
            value = value[0] if value else {}
        given = {"url": value} if isinstance(value, str) else value
        if not isinstance(given, dict):
            raise ArticleError(f"{key} must be an address, or {{url: …, alt: …, caption: …}}")
        address = _words(given, *_ADDRESS_KEYS)
        if address:
            texts = {name: clean_line(_words(given, name)) for name in ("alt", "caption")}
            return {
                "url": address,
                **texts,
                "width": parse_pixels(given.get("width")),
                "height": parse_pixels(given.get("height")),
            }
    return {}
