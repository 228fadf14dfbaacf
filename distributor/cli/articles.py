"""`distributor articles`."""

from __future__ import annotations

import getpass
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from .article_argument import find_article
from .article_corrections import correct, withdraw
from .context import (
    CliContext,
    clock,
    complete_article,
    complete_source,
    json_option,
    limit_option,
    pass_cli_context,
    plural,
    reason_option,
    say,
    show_remaining,
    show_table,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..articles.flags import ArticleFlag
    from ..editions.coverage import CoveringEdition
    from ..model import Article


SHOWN = 20
_BATCH = 500  # articles that are looked up together


@click.group(
    "articles",
    short_help="Show the articles that are known; hold, pin, correct or withdraw one.",
    invoke_without_command=True,
)
@click.option("-s", "--source", help="Only of this source.", shell_complete=complete_source)
@click.option("--search", metavar="WORDS", help="Only those with these words in their title, or this address or id.")
@limit_option(SHOWN, "newest first")
@json_option
@click.pass_context
def command(context: click.Context, source: str | None, search: str | None, limit: int | None, as_json: bool) -> None:
    """Show the articles that are known, newest first, and the editions that carried them.

    `distributor why ARTICLE` tells the whole story of one. Where ARTICLE is asked for, its id or the address of its page
    will do. Words without marks find words with them: `--search duong` finds «đường».
    """
    if context.invoked_subcommand is None:
        _list(context.obj, source, search, limit, as_json)


def _list(app: CliContext, source: str | None, search: str | None, limit: int | None, as_json: bool) -> None:
    from ..articles import repository as article_repository
    from ..articles import search as article_search

    with app.store() as database, database.read(long=True) as connection:
        if search is None:
            wanted = article_repository.iterate_articles(connection, source, limit if as_json else limit or SHOWN)
            total = article_repository.count_articles(connection, source)
        else:
            matching = list(article_search.search_articles(connection, search, source))
            total = len(matching)
            wanted = iter(matching[: limit if as_json else limit or SHOWN])
        told = _article_rows(connection, wanted)
        if as_json:
            app.show_json_list(_data(one) for one in told)
            return
        rows = [
            (one.article.id, app.local(one.article.published), one.article.source, one.article.title, one.in_words())
            for one in told
        ]
    empty = "No article matches." if search else "No articles yet: run `distributor gather`."
    show_table(["id", "published", "source", "title", "editions"], rows, empty)
    show_remaining(len(rows), total)


@dataclass(frozen=True, slots=True)
class _ArticleRow:
    """An article, its flags, and the editions that carry it."""

    article: Article
    flags: Sequence[ArticleFlag]
    carriers: Sequence[CoveringEdition]

    @property
    def out(self) -> list[str]:
        """The editions that have gone out with it."""
        return [one.edition for one in self.carriers if one.released_at]

    @property
    def drafts(self) -> list[str]:
        """Those that have not, and still may."""
        return [one.edition for one in self.carriers if not one.released_at and one.state != "cancelled"]

    def in_words(self) -> str:
        words = [*self.out, *(f"{id} (draft)" for id in self.drafts), *self.flags]
        return ", ".join(words) or ("already published at the first gather" if self.article.backlog else "new")


def _article_rows(connection: Connection, wanted: Iterator[Article]) -> Iterator[_ArticleRow]:
    """Articles with what there is to say of them, looked up some at a time."""
    from ..articles import flags as article_flags
    from ..editions.coverage import list_covering_editions

    while batch := list(itertools.islice(wanted, _BATCH)):
        ids = [article.id for article in batch]
        carried, said = list_covering_editions(connection, ids), article_flags.flags_of_articles(connection, ids)
        yield from (_ArticleRow(one, sorted(said.get(one.id, {})), carried.get(one.id, [])) for one in batch)


def _data(told: _ArticleRow) -> dict[str, object]:
    article = told.article
    return {
        "id": article.id,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "author": article.author,
        "published": article.published,
        "topics": article.topics,
        "version": article.version,
        "backlog": article.backlog,
        "flags": told.flags,
        "editions": told.out,
        "drafts": told.drafts,
    }


@command.command("show")
@click.argument("article", shell_complete=complete_article)
@pass_cli_context
def show(app: CliContext, article: str) -> None:
    """Show an article as it will be sent: its data, the editions that carry it, and its text."""
    from ..text import html_to_text

    with app.store() as database, database.read() as connection:
        (told,) = _article_rows(connection, iter([find_article(connection, article, by_title=True)]))
    found = told.article
    for name in ("id", "feed_id", "title", "lead", "author", "url", "source", "language"):
        say(f"{name:<10} {getattr(found, name)}")
    say(f"{'topics':<10} {', '.join(found.topics)}")
    say(f"{'published':<10} {app.local(found.published)}, version {found.version}")
    say(f"{'editions':<10} {told.in_words()}")
    if found.image:
        say(f"{'image':<10} {found.image.url} {found.image.caption}")
    say()
    say(html_to_text(found.body_html))


@command.command("hold")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@pass_cli_context
def hold(app: CliContext, articles: tuple[str, ...], reason: str) -> None:
    """Keep articles out of every edition until they are released."""
    _flag(app, articles, "HELD", reason or "no reason given", "held")


@command.command("pin")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@pass_cli_context
def pin(app: CliContext, articles: tuple[str, ...], reason: str) -> None:
    """Let articles go first in the next edition."""
    _flag(app, articles, "PINNED", reason, "pinned")


command.add_command(correct)
command.add_command(withdraw)


@command.command("release")
@click.argument("articles", nargs=-1, shell_complete=complete_article)
@click.option("-s", "--source", help="All held articles of this source.", shell_complete=complete_source)
@pass_cli_context
def release(app: CliContext, articles: tuple[str, ...], source: str | None) -> None:
    """Let articles that are held, withdrawn or rejected go into the next edition after all."""
    from ..articles import flags as article_flags
    from ..articles import repository as article_repository
    from ..articles.flags import ArticleFlag

    if source:
        with app.store() as database, database.read() as connection:
            held = [id for id, said in article_flags.flags_of_articles(connection).items() if ArticleFlag.HELD in said]
            found = [article_repository.find_article(connection, id) for id in held]
        articles += tuple(article.id for article in found if article and article.source == source)
    _release(app, articles)


@command.command("unpin")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@pass_cli_context
def unpin(app: CliContext, articles: tuple[str, ...]) -> None:
    """Let articles take their usual place again."""
    _unflag(app, articles, "PINNED", "unpinned", "was not pinned")


def _release(app: CliContext, ids: tuple[str, ...]) -> None:
    from ..articles import flags as article_flags
    from ..articles.flags import ArticleFlag
    from ..editions import article_status

    found = [_find(app, id) for id in ids]
    with app.store() as database, database.write() as connection:
        changed = {
            one.id: sum([
                article_flags.remove_flag(connection, one.id, ArticleFlag.HELD),
                article_flags.remove_flag(connection, one.id, ArticleFlag.WITHDRAWN),
                article_status.clear_rejections(connection, one.id),
            ])
            for one in found
        }  # fmt: skip
    for one in found:
        say(f"{'released' if changed[one.id] else 'was not held'}: {one.id}  {one.title}")
    if not found:
        say(f"{plural(0, 'article')} released")


def _find(app: CliContext, id: str) -> Article:
    with app.store() as database, database.read() as connection:
        return find_article(connection, id)


def _flag(app: CliContext, ids: tuple[str, ...], name: str, reason: str, done: str) -> None:
    from ..articles import flags as article_flags
    from ..articles.flags import ArticleFlag

    found = [_find(app, id) for id in ids]
    with app.store() as database, database.write() as connection:
        for article in found:
            article_flags.set_flag(
                connection, article.id, ArticleFlag[name], reason=reason, by=getpass.getuser(), now=clock()
            )
    for article in found:
        say(f"{done}: {article.id}  {article.title}")


def _unflag(app: CliContext, ids: tuple[str, ...], name: str, done: str, not_so: str) -> None:
    from ..articles import flags as article_flags
    from ..articles.flags import ArticleFlag

    found = [_find(app, id) for id in ids]
    with app.store() as database, database.write() as connection:
        changed = {
            article.id: article_flags.remove_flag(connection, article.id, ArticleFlag[name]) for article in found
        }
    for article in found:
        say(f"{done if changed[article.id] else not_so}: {article.id}  {article.title}")
