"""Articles of a source validated before anything of them is stored. Pure.

A source of somebody's own may put anything into an article, and what reads it back later believes it. So every field is
of its type and within its range, text is text as `distributor.text` wants it, HTML is sanitised and addresses are
addresses of the web, or the article is rejected in one line. What our own sources give passes unchanged,
unless it is in the letters of old fonts or of another encoding: those are put right where that is certain.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..credentials import remove_credentials
from ..errors import ArticleError
from ..html_sanitizer import sanitize_html
from ..model import Article, Image, ParsedArticle
from ..text import clean_line
from ..url_cleaning import web_address
from .mojibake import BODY, repair_texts

LONGEST_LINE = 4000  # characters of a title, an address, a name, an id
LONGEST_LEAD = 20_000
LONGEST_BODY = 5_000_000
MOST_TOPICS = 1000
MOST_PIXELS = 100_000  # of a side
EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, tzinfo=UTC)
# A language tag in its common form (RFC 5646, section 2.1): vi, en-GB, zh-Hant-TW.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def validate_articles(
    found: Iterable[object], source: str, *, sanitized: bool = True
) -> tuple[list[ParsedArticle], list[str]]:
    """The articles that can be kept of those that a source has found, and a line for each of the others.

    With `sanitized=False` HTML is left as it is, for articles that are validated once more.
    """
    good: list[ParsedArticle] = []
    faults = []
    for number, one in enumerate(found, 1):
        try:
            good.append(validate_article(one, source, sanitized=sanitized))
        except ArticleError as error:
            faults.append(f"article {number}{_named(one)}: {error}")
    return good, faults


def validate_article(found: object, source: str, *, sanitized: bool = True) -> ParsedArticle:
    """The article as it may be kept. Raises ArticleError in words: which field, what it must be, what it is."""
    if not isinstance(found, ParsedArticle):
        raise ArticleError(f"is no ParsedArticle, but {_kind(found)}")
    if found.source != source:
        raise ArticleError(
            f"source must be {source!r}, the name of the source that brings it, not {_shown(found.source)}"
        )
    title = _line("title", found.title)
    if not any(sign.isprintable() and not sign.isspace() for sign in title):
        raise ArticleError("title is empty")
    body = _text("body_html", found.body_html, LONGEST_BODY)
    values: dict[str, Any] = {
        "source": source,
        "title": title,
        "source_id": remove_credentials(_line("source_id", found.source_id)),
        "guid": remove_credentials(_line("guid", found.guid)),
        "url": _address("url", found.url),
        "lead": _line("lead", found.lead, LONGEST_LEAD),
        "body_html": sanitize_html(body) if sanitized else body,
        "author": _line("author", found.author),
        "topics": _topics(found.topics),
        "image": _image(found.image),
        "language": _language(found.language),
        **{name: _moment(name, getattr(found, name)) for name in ("published", "updated", "publish_at")},
        "has_time": found.has_time is not False,
        "published_estimated": found.published_estimated is True,
    }
    values |= _repair_encoding(values)
    same = all(values[field.name] == getattr(found, field.name) for field in dataclasses.fields(found))
    return found if same and type(found) is ParsedArticle else ParsedArticle(**values)


def unreadable_reason(article: Article) -> str:
    """Why an article cannot be read: its letters are those of another encoding, and it is not certain of which. Empty where
    it can be read."""
    texts = {"title": article.title, "lead": article.lead, BODY: article.body_html, "author": article.author}
    return repair_texts(texts)[1]


def _repair_encoding(values: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of an article that were in the letters of old fonts, read as another encoding, or escaped twice."""
    image = values["image"]
    texts = {name: values[name] for name in ("title", "lead", BODY, "author")}
    texts |= {f"topic {number}": topic for number, topic in enumerate(values["topics"])}
    texts |= {"alt": image.alt, "caption": image.caption} if image else {}
    made = {name: text if name == BODY else clean_line(text) for name, text in repair_texts(texts)[0].items()}
    if made == texts:
        return {}
    topics = tuple(dict.fromkeys(topic for name, topic in made.items() if name.startswith("topic ") and topic))
    return {
        **{name: made[name] for name in ("title", "lead", BODY, "author")},
        "topics": topics,
        "image": replace(image, alt=made["alt"], caption=made["caption"]) if image else None,
    }


# -- fields ------------------------------------------------------------------------------------------------------------


def _text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        raise ArticleError(f"{name} must be text, not {_kind(value)}")
    if len(value) > most:
        raise ArticleError(f"{name} is longer than {most:,} characters")
    return str.__str__(value)  # a kind of text of a library's own is no good for the store


def _line(name: str, value: object, most: int = LONGEST_LINE) -> str:
    return clean_line(_text(name, value, most))


def _address(name: str, value: object) -> str:
    given = _line(name, value)
    made = web_address(given, "")
    if given and not made:
        raise ArticleError(f"{name} {_shown(remove_credentials(given))} is no absolute address of the web")
    return made


def _moment(name: str, value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ArticleError(f"{name} must be a time or None, not {_kind(value)}")
    if value.utcoffset() is None:
        raise ArticleError(f"{name} {value.isoformat()} is a time without a zone")
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or not EARLIEST <= moment <= LATEST:
        raise ArticleError(f"{name} {value.isoformat()} is no time in which news are written")
    return moment


def _topics(value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple | list):
        raise ArticleError(f"topics must be a tuple of texts, not {_kind(value)}")
    if len(value) > MOST_TOPICS:
        raise ArticleError(f"topics are more than {MOST_TOPICS:,}")
    return tuple(dict.fromkeys(topic for topic in (_line("one of the topics", one) for one in value) if topic))


def _image(value: object) -> Image | None:
    if value is None:
        return None
    if not isinstance(value, Image):
        raise ArticleError(f"image must be an Image or None, not {_kind(value)}")
    return replace(
        value,
        url=_address("image.url", value.url),
        alt=_line("image.alt", value.alt),
        caption=_line("image.caption", value.caption),
        width=_pixels("image.width", value.width),
        height=_pixels("image.height", value.height),
        variants=(),  # files of ours, which no source can have made
    )


def _pixels(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArticleError(f"{name} must be a whole number, not {_kind(value)}")
    if not 0 <= value <= MOST_PIXELS:
        raise ArticleError(
            f"{name} must be between 0 and {MOST_PIXELS:,}, not {value if abs(value) < 10**12 else 'that'}"
        )
    return int(value)


def _language(value: object) -> str:
    tag = _line("language", value)
    if tag and not (len(tag) <= 35 and _LANGUAGE.fullmatch(tag)):
        raise ArticleError(f"language {_shown(tag)} is no language tag, such as vi or en-GB")
    return tag


# -- words -------------------------------------------------------------------------------------------------------------


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _shown(value: object) -> str:
    return str(_tried(lambda: repr(clean_line(value)[:80] if isinstance(value, str) else value)[:100], "that"))


def _named(found: object) -> str:
    """The title, where there is something like one, so that staff find the article."""
    title = _tried(lambda: getattr(found, "title", ""), "")
    words = clean_line(title)[:80] if isinstance(title, str) else ""
    words = "".join(sign for sign in words if unicodedata.category(sign) != "Cf").strip()  # signs that nobody sees
    return f" «{words}»" if words else ""


def _tried(make: Callable[[], Any], otherwise: str) -> Any:
    """What somebody else's object says of itself; it may do anything when asked."""
    try:
        return make()
    except Exception:
        return otherwise
