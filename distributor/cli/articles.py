"""`distributor articles`."""

from __future__ import annotations

import click

from .app import App, complete_source, json_option, pass_app, show_json, show_table


@click.command("articles", short_help="Show the articles that are known.")
@click.option("-s", "--source", help="Only of this source.", shell_complete=complete_source)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@json_option
@pass_app
def command(app: App, source: str | None, limit: int, as_json: bool) -> None:
    """Show the articles that are known, newest first, and the editions that carried them."""
    from ..editions import book
    from ..gathering import archive

    with app.store() as database, database.read() as connection:
        found = archive.newest(connection, limit, source)
        carried = book.announced_in(connection, [article.id for article in found])
    if as_json:
        show_json(
            [
                {
                    "id": article.id,
                    "title": article.title,
                    "source": article.source,
                    "url": article.url,
                    "author": article.author,
                    "published": article.published,
                    "topics": article.topics,
                    "version": article.version,
                    "backlog": article.backlog,
                    "editions": carried.get(article.id, []),
                }
                for article in found
            ]
        )
        return
    rows = [
        (
            article.id,
            app.local(article.published),
            article.source,
            article.title,
            ", ".join(carried.get(article.id, [])) or ("old at first look" if article.backlog else "new"),
        )
        for article in found
    ]
    show_table(
        ["id", "published", "source", "title", "went out in"], rows, "No articles yet: run `distributor gather`."
    )
