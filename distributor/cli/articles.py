"""`distributor articles`."""

from __future__ import annotations

import getpass
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from .app import (
    App,
    clock,
    complete_article,
    complete_source,
    json_option,
    limit_option,
    pass_app,
    plural,
    reason_option,
    say,
    show_json_list,
    show_table,
    tell_rest,
)
from .correcting import correct, withdraw

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..gathering.marks import Mark
    from ..model import Article


SHOWN = 20
_BATCH = 500  # articles that are looked up together


@click.group(
    "articles",
    short_help="Show the articles that are known; hold, pin, correct or withdraw one.",
    invoke_without_command=True,
)
@click.option("-s", "--source", help="Only of this source.", shell_complete=complete_source)
@limit_option(SHOWN, "newest first")
@json_option
@click.pass_context
def command(context: click.Context, source: str | None, limit: int | None, as_json: bool) -> None:
    """Show the articles that are known, newest first, and the editions that carried them.

    `distributor why ARTICLE` tells the whole story of one.
    """
    if context.invoked_subcommand is None:
        _list(context.obj, source, limit, as_json)


def _list(app: App, source: str | None, limit: int | None, as_json: bool) -> None:
    from ..editions import items
    from ..gathering import archive, marks

    with app.store() as database, database.read(long=True) as connection:
        if as_json:
            show_json_list(_each(connection, source, limit))
            return
        found = archive.newest(connection, limit or SHOWN, source)
        total = archive.count(connection, source)
        ids = [article.id for article in found]
        carried = items.announced_in(connection, ids)
        said = marks.of(connection, ids)
    rows = [
        (
            article.id,
            app.local(article.published),
            article.source,
            article.title,
            ", ".join([*carried.get(article.id, []), *sorted(said.get(article.id, {}))])
            or ("old at first look" if article.backlog else "new"),
        )
        for article in found
    ]
    show_table(
        ["id", "published", "source", "title", "went out in"], rows, "No articles yet: run `distributor gather`."
    )
    tell_rest(len(found), total)


def _each(connection: Connection, source: str | None, limit: int | None) -> Iterator[dict[str, object]]:
    """All articles as data, some at a time."""
    from ..editions import items
    from ..gathering import archive, marks

    articles = archive.each(connection, source, limit)
    while batch := list(itertools.islice(articles, _BATCH)):
        ids = [article.id for article in batch]
        carried, said = items.announced_in(connection, ids), marks.of(connection, ids)
        yield from (_data(one, carried.get(one.id, []), sorted(said.get(one.id, {}))) for one in batch)


def _data(article: Article, editions: list[str], said: list[Mark]) -> dict[str, object]:
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
        "marks": said,
        "editions": editions,
    }


@command.command("show")
@click.argument("article", shell_complete=complete_article)
@pass_app
def show(app: App, article: str) -> None:
    """Show an article as it will be sent: its data and its text."""
    from ..text import plain

    found = _find(app, article)
    for name in ("id", "feed_id", "title", "lead", "author", "url", "source", "language"):
        say(f"{name:<10} {getattr(found, name)}")
    say(f"{'topics':<10} {', '.join(found.topics)}")
    say(f"{'published':<10} {app.local(found.published)}, version {found.version}")
    if found.image:
        say(f"{'image':<10} {found.image.url} {found.image.caption}")
    say()
    say(plain(found.body_html))


@command.command("hold")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@pass_app
def hold(app: App, articles: tuple[str, ...], reason: str) -> None:
    """Keep articles out of every edition until they are released."""
    _mark(app, articles, "HELD", reason or "no reason given", "held")


@command.command("pin")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@pass_app
def pin(app: App, articles: tuple[str, ...], reason: str) -> None:
    """Let articles go first in the next edition."""
    _mark(app, articles, "PINNED", reason, "pinned")


command.add_command(correct)
command.add_command(withdraw)


@command.command("release")
@click.argument("articles", nargs=-1, shell_complete=complete_article)
@click.option("-s", "--source", help="All held articles of this source.", shell_complete=complete_source)
@pass_app
def release(app: App, articles: tuple[str, ...], source: str | None) -> None:
    """Let articles that are held, withdrawn or rejected go into the next edition after all."""
    from ..gathering import archive, marks
    from ..gathering.marks import Mark

    if source:
        with app.store() as database, database.read() as connection:
            held = [id for id, said in marks.of(connection).items() if Mark.HELD in said]
            found = [archive.by_id(connection, id) for id in held]
        articles += tuple(article.id for article in found if article and article.source == source)
    _release(app, articles)


@command.command("unpin")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@pass_app
def unpin(app: App, articles: tuple[str, ...]) -> None:
    """Let articles take their usual place again."""
    _unmark(app, articles, "PINNED", "unpinned", "was not pinned")


def _release(app: App, ids: tuple[str, ...]) -> None:
    from ..editions import items
    from ..gathering import marks
    from ..gathering.marks import Mark

    found = [_find(app, id) for id in ids]
    with app.store() as database, database.write() as connection:
        changed = {
            one.id: sum([
                marks.take(connection, one.id, Mark.HELD),
                marks.take(connection, one.id, Mark.WITHDRAWN),
                items.forgive(connection, one.id),
            ])
            for one in found
        }  # fmt: skip
    for one in found:
        say(f"{'released' if changed[one.id] else 'was not held'}: {one.id}  {one.title}")
    if not found:
        say(f"{plural(0, 'article')} released")


def _find(app: App, id: str) -> Article:
    from ..errors import UserError
    from ..gathering import archive

    with app.store() as database, database.read() as connection:
        found = archive.by_id(connection, id)
    if found is None:
        raise UserError(f"there is no article {id!r}; `distributor articles` lists them")
    return found


def _mark(app: App, ids: tuple[str, ...], name: str, reason: str, done: str) -> None:
    from ..gathering import marks
    from ..gathering.marks import Mark

    found = [_find(app, id) for id in ids]
    with app.store() as database, database.write() as connection:
        for article in found:
            marks.put(connection, article.id, Mark[name], reason=reason, by=getpass.getuser(), now=clock())
    for article in found:
        say(f"{done}: {article.id}  {article.title}")


def _unmark(app: App, ids: tuple[str, ...], name: str, done: str, not_so: str) -> None:
    from ..gathering import marks
    from ..gathering.marks import Mark

    found = [_find(app, id) for id in ids]
    with app.store() as database, database.write() as connection:
        changed = {article.id: marks.take(connection, article.id, Mark[name]) for article in found}
    for article in found:
        say(f"{done if changed[article.id] else not_so}: {article.id}  {article.title}")
