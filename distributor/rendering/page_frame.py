"""What stands around the content of a web page: style sheet, menu, other language, feeds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..config.schema import Newsletter, Settings
from ..model import Language

# A page that is a file in a folder: its styles within, no menu.
STANDALONE: Mapping[str, object] = MappingProxyType(
    {
        "web": None,
        "stylesheet_url": "",
        "home_url": "",
        "base": "",
        "feeds": (),
        "text_size": "",
        "tools": None,
        "content_language": "",
        "corrected": (),
    }
)


def web_frame(
    settings: Settings, language: Language, path: str, stylesheet_url: str, newsletter: Newsletter | None = None
) -> Mapping[str, object]:
    """The frame of a page of the web service; `path` is that of the request. A page of a newsletter is in the newsletter's
    language where the path names none."""
    site = settings.site.language
    usual = settings.newsletter_language(newsletter) if newsletter else site
    other = Language.EN if language is Language.VI else Language.VI
    return {
        **STANDALONE,
        "web": settings.web_settings,
        "stylesheet_url": stylesheet_url,
        "home_url": localized("/", language, site),
        "base": localized("", language, site),
        "other_language": other.value,
        "other_language_url": localized(without_language(path), other, usual),
    }


def localized(path: str, language: Language, usual: Language) -> str:
    """A path in a language: the site's own has no prefix."""
    return path if language is usual else f"/{language.value}{path}"


def without_language(path: str) -> str:
    """`/archive` for `/en/archive`."""
    first, _, rest = path.removeprefix("/").partition("/")
    rest = rest if first in list(Language) else path
    return "/" + rest.lstrip("/\\")  # `//` would begin the name of another server
