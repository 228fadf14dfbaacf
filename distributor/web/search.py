"""The search in the archive, with and without diacritics."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from ..articles.folding import MAX_QUERY, Words, parse_query
from ..articles.search_index import IndexedArticle, SearchResult
from ..articles.snippets import Match, mark, passage
from ..editions import web_archive
from ..text import clean_line
from .context import CONTEXT
from .public import both_languages, local_path, page_number, public_newsletters, visitor_language
from .responses import PageKind, html_page

ON_A_PAGE = 20
MAX_PAGES = 50


def routes() -> list[web.RouteDef]:
    return both_languages("/search", _search)


async def _search(request: web.Request) -> web.StreamResponse:
    context, language = request.app[CONTEXT], visitor_language(request)
    asked = clean_line(request.query.get("q", ""))[:MAX_QUERY]
    page = min(page_number(request), MAX_PAGES)
    query = parse_query(asked)

    def find(connection: Connection) -> SearchResult:
        shown = list(public_newsletters(context))
        return web_archive.search_public_articles(
            connection, query, shown, limit=ON_A_PAGE, offset=(page - 1) * ON_A_PAGE
        )

    result = await context.database.read_in_thread(find)
    return html_page(
        request,
        "search",
        language,
        kind=PageKind.SEARCH,
        asked=asked,
        total=result.total,
        match=result.match.value,
        results=[_result(one, query, result.match) for one in result.articles],
        page=page,
        more=page * ON_A_PAGE < result.total and page < MAX_PAGES,
        canonical=context.url + local_path(context, "/search", language),
    )


def _result(article: IndexedArticle, query: Words, match: Match) -> dict[str, object]:
    """An article as the list of results shows it."""
    return {
        "id": article.id,
        "title": mark(article.title, query, match),
        "passage": passage(article.text, query, match),
        "published": article.published,
        "has_date": article.has_date,
    }
