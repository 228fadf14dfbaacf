"""Web pages of editions and articles, for subscribers, search engines and the link previews of networks. Pure.

Pages hold nothing personal and no script. Everything is escaped by the templates' environment except the body of an
article, which is sanitized here once more (a store may hold what an older version let in), and the structured data,
which `tojson` writes so that no `</script>` can stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ..config.schema import Site
from ..html_sanitizer import sanitize_html
from ..model import Article, Edition, Language
from ..text import cut_words, html_to_text
from .digest import DigestOptions, edition_values
from .globals import RenderSettings, common_values
from .page_frame import STANDALONE
from .views import ArticleView, article_view, safe_text, safe_url

MAX_STANDFIRST = 2000  # characters
MAX_DESCRIPTION = 200  # characters; search engines and networks show no more
_Value = TypeVar("_Value")
_LOCALES = {Language.VI: "vi_VN", Language.EN: "en_GB"}


def render_edition_page(
    edition: Edition,
    settings: RenderSettings,
    options: DigestOptions = DigestOptions(),
    *,
    url: str = "",
    subscribe_url: str = "",
    creator: str = "",
    frame: Mapping[str, object] = STANDALONE,
) -> str:
    """The page of an edition. `url` is its own address, `creator` a name on the fediverse (`@tin@bacson.example`), `frame`
    what stands around it on the web service.

    Raises RenderError where the template fails.
    """
    values = edition_values(edition, settings, options)
    first: ArticleView = values["first"]
    title, description = values["edition"].subject, cut_words(f"{first.title}. {values['preheader']}", MAX_DESCRIPTION)
    return settings.templates.render(
        "page/edition.html.j2",
        {
            **common_values(settings, edition.language),
            **frame,
            **values,
            "canonical": safe_url(url),
            "description": description,
            "creator": safe_text(creator),
            "open_graph": _open_graph(
                settings.site, edition.language, "website", title, description, safe_url(url), first
            ),
            "structured": _collection(
                settings.site, edition, title, safe_url(url), [*values["stories"], *values["briefs"]]
            ),
            "subscribe_url": safe_url(subscribe_url),
        },
    )


def render_article_page(
    article: Article,
    settings: RenderSettings,
    language: Language,
    *,
    url: str = "",
    note: str = "",
    subscribe_url: str = "",
    creator: str = "",
    frame: Mapping[str, object] = STANDALONE,
) -> str:
    """The page of an article. The canonical address is the article's own where it has one, otherwise `url`.

    `article.body_html` is shown sanitized, with the notices of corrections in it, and the lead above it unless the body
    contains it; `note` is a short label above the title. Raises RenderError where the template fails.
    """
    site, zone = settings.site, settings.zone
    about = article_view(article, language, zone, settings.sections, note)
    canonical = about.url or safe_url(url)
    description = cut_words(about.lead, MAX_DESCRIPTION)
    shared = _open_graph(site, language, "article", about.title, description, canonical, about)
    return settings.templates.render(
        "page/article.html.j2",
        {
            **common_values(settings, language),
            **frame,
            "story": about,
            "lead": ""
            if safe_text(article.lead) in safe_text(html_to_text(article.body_html))
            else cut_words(safe_text(article.lead), MAX_STANDFIRST),
            "body": Markup(sanitize_html(article.body_html)),  # noqa: S704  # the one value that is not escaped
            "published": article.moment if article.has_date else None,
            "has_time": article.has_time,
            "updated": article.updated,
            "canonical": canonical,
            "description": description,
            "creator": safe_text(creator),
            "open_graph": shared | _article_properties(article, about, zone),
            "structured": _news_article(site, article, about, description, canonical, zone),
            "subscribe_url": safe_url(subscribe_url),
        },
    )


def _article_properties(article: Article, about: ArticleView, zone: ZoneInfo) -> dict[str, str]:
    """What the Open Graph protocol says of articles alone."""
    return _without_empty(
        {
            "article:published_time": _published(article, zone),
            "article:modified_time": article.updated.isoformat() if article.updated else "",
            "article:section": about.topic,
        }
    )


def _published(article: Article, zone: ZoneInfo) -> str:
    """The time of publication in ISO 8601; the day alone where no time is known."""
    if not article.has_date:
        return ""
    return article.published.isoformat() if article.has_time else f"{article.moment.astimezone(zone):%Y-%m-%d}"


def _open_graph(
    site: Site, language: Language, type: str, title: str, description: str, url: str, about: ArticleView
) -> dict[str, str]:
    """The Open Graph protocol (ogp.me), which networks read for their previews."""
    image = about.image
    known = {
        "og:type": type,
        "og:title": title,
        "og:description": description,
        "og:url": url,
        "og:site_name": safe_text(site.title),
        "og:locale": _LOCALES[language],
        "og:image": image.url if image else "",
        "og:image:alt": (image.alt or image.caption) if image else "",
        "og:image:width": str(image.width or "") if image else "",
        "og:image:height": str(image.height or "") if image else "",
    }
    return _without_empty(known)


def _without_empty(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """The values that are not empty."""
    return {name: value for name, value in values.items() if value}


def _publisher(site: Site) -> dict[str, Any]:
    logo = {"logo": {"@type": "ImageObject", "url": site.theme.logo}} if site.theme.logo else {}
    return {"@type": "NewsMediaOrganization", "name": safe_text(site.title), "url": site.url, **logo}


def _news_article(
    site: Site, article: Article, about: ArticleView, description: str, url: str, zone: ZoneInfo
) -> dict[str, Any]:
    """schema.org/NewsArticle, as Google's structured data guide for articles asks for it."""
    publisher = _publisher(site)
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": about.title,
        "description": description,
        "url": url,
        "mainEntityOfPage": url,
        "image": [about.image.url] if about.image else [],
        "datePublished": _published(article, zone),
        "dateModified": article.changed.isoformat() if article.updated else _published(article, zone),
        "author": {"@type": "Person", "name": about.author} if about.author else publisher,
        "publisher": publisher,
        "articleSection": about.topic,
        "inLanguage": article.language,
    }
    return _without_empty(data)


def _collection(site: Site, edition: Edition, title: str, url: str, stories: list[ArticleView]) -> dict[str, Any]:
    """schema.org/CollectionPage: the articles in their order."""
    items = [
        {"@type": "ListItem", "position": position, "name": one.title, **({"url": one.url} if one.url else {})}
        for position, one in enumerate(stories, start=1)
    ]
    data = {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": title,
        "url": url,
        "datePublished": edition.issued_at.isoformat(),
        "inLanguage": edition.language.value,
        "publisher": _publisher(site),
        "mainEntity": {"@type": "ItemList", "numberOfItems": len(items), "itemListElement": items},
    }
    return _without_empty(data)
