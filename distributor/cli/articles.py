"""`distributor articles`, with `correct` and `withdraw`, and how an article is named on the command line."""

from __future__ import annotations

import asyncio
import getpass
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .context import (
    CliContext,
    clock,
    complete_article,
    complete_source,
    confirm,
    dry_run_option,
    force_option,
    json_option,
    limit_option,
    pass_cli_context,
    plural,
    reason_option,
    say,
    show_remaining,
    show_table,
    warn,
    yes_option,
)
from .listing import ListingGroup

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..articles.flags import ArticleFlag
    from ..editions.coverage import CoveringEdition
    from ..model import Article
    from ..pipeline import CorrectionPlan
    from ..storage.database import Database


SHOWN = 20
_BATCH = 500  # articles read together


@click.group(
    "articles",
    cls=ListingGroup,
    short_help="List articles; hold, pin, correct or withdraw one.",
    invoke_without_command=True,
)
@click.option("-s", "--source", metavar="SOURCE", help="Only articles of this source.", shell_complete=complete_source)
@click.option("--search", metavar="WORDS", help="Only articles with these words in the title, or with this URL or id.")
@limit_option(SHOWN, "newest first")
@json_option
@click.pass_context
def command(context: click.Context, source: str | None, search: str | None, limit: int | None, as_json: bool) -> None:
    """List the articles in the store, newest first, and the editions that carried them.

    `distributor why ARTICLE` tells the whole story of one. ARTICLE is an id, the beginning of one (four
    characters or more) or a URL. A search without diacritics also finds
    words with them: `--search duong` finds «đường».
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
        """The released editions that carry it."""
        return [one.edition for one in self.carriers if one.released_at]

    @property
    def drafts(self) -> list[str]:
        """The drafts that carry it."""
        return [one.edition for one in self.carriers if not one.released_at and one.state != "cancelled"]

    def in_words(self) -> str:
        words = [*self.out, *(f"{id} (draft)" for id in self.drafts), *self.flags]
        return ", ".join(words) or ("already published at the first gather" if self.article.backlog else "new")


def _article_rows(connection: Connection, wanted: Iterator[Article]) -> Iterator[_ArticleRow]:
    """Articles with their flags and editions, read in batches."""
    from ..articles import flags as article_flags
    from ..editions.coverage import list_covering_editions

    while batch := list(itertools.islice(wanted, _BATCH)):
        ids = [article.id for article in batch]
        carried, said = list_covering_editions(connection, ids), article_flags.flags_of_articles(connection, ids)
        yield from (_ArticleRow(one, sorted(said.get(one.id, {})), carried.get(one.id, [])) for one in batch)


def _data(row: _ArticleRow) -> dict[str, object]:
    article = row.article
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
        "flags": row.flags,
        "editions": row.out,
        "drafts": row.drafts,
    }


@command.command("show", short_help="Show an article: its fields, its editions and its text.")
@click.argument("article", shell_complete=complete_article)
@pass_cli_context
def show(app: CliContext, article: str) -> None:
    """Show one article: its fields, its editions, and its text as it will be sent."""
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


@command.command("hold", short_help="Hold articles back from every edition until released.")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@pass_cli_context
def hold(app: CliContext, articles: tuple[str, ...], reason: str) -> None:
    """Hold articles: no edition carries them until they are released."""
    _flag(app, articles, "HELD", reason or "no reason given", "held")


@command.command("pin")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@pass_cli_context
def pin(app: CliContext, articles: tuple[str, ...], reason: str) -> None:
    """Pin articles to the top of the next edition."""
    _flag(app, articles, "PINNED", reason, "pinned")


@command.command("release", short_help="Release held, withdrawn or rejected articles.")
@click.argument("articles", nargs=-1, shell_complete=complete_article)
@click.option(
    "-s", "--source", metavar="SOURCE", help="Release all held articles of this source.", shell_complete=complete_source
)
@pass_cli_context
def release(app: CliContext, articles: tuple[str, ...], source: str | None) -> None:
    """Release held, withdrawn or rejected articles for the next edition."""
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
    """Unpin articles, so that they take their usual place again."""
    _unflag(app, articles, "PINNED", "unpinned", "was not pinned")


def _release(app: CliContext, ids: tuple[str, ...]) -> None:
    from ..articles import flags as article_flags
    from ..articles.flags import ArticleFlag
    from ..editions import article_status

    found = _find_all(app, ids)
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


def _find_all(app: CliContext, named: Sequence[str]) -> list[Article]:
    """The articles, each once however often it is named. Raises UserError."""
    with app.store() as database, database.read() as connection:
        found = [find_article(connection, one) for one in named]
    return list({article.id: article for article in found}.values())


def _flag(app: CliContext, ids: tuple[str, ...], name: str, reason: str, done: str) -> None:
    from ..articles import flags as article_flags
    from ..articles.flags import ArticleFlag

    found = _find_all(app, ids)
    with app.store() as database, database.write() as connection:
        for article in found:
            article_flags.set_flag(
                connection, article.id, ArticleFlag[name], reason=reason, by=getpass.getuser(), now=clock()
            )
    for article in found:
        say(f"{done}: {article.id}  {article.title}")
    if name == "HELD":
        _warn_of_sent(app, found)


def _warn_of_sent(app: CliContext, articles: Sequence[Article]) -> None:
    """Say which of these articles were already sent: a flag changes nothing there."""
    with app.store() as database, database.read() as connection:
        rows = list(_article_rows(connection, iter(articles)))
    for row in rows:
        if row.out:
            sent = ", ".join(row.out)
            warn(
                f"{row.article.id} was already sent in {sent}; "
                "`distributor articles correct` or `withdraw` changes what was sent"
            )


def _unflag(app: CliContext, ids: tuple[str, ...], name: str, done: str, not_so: str) -> None:
    from ..articles import flags as article_flags
    from ..articles.flags import ArticleFlag

    found = _find_all(app, ids)
    with app.store() as database, database.write() as connection:
        changed = {
            article.id: article_flags.remove_flag(connection, article.id, ArticleFlag[name]) for article in found
        }
    for article in found:
        say(f"{done if changed[article.id] else not_so}: {article.id}  {article.title}")


_MAX_NAMED = 10  # articles listed where several match


def find_article(connection: Connection, asked: str, *, by_title: bool = False) -> Article:
    """The article with this id, the only one whose id begins so, or the one with this URL; with `by_title`, words of its
    title will do as well.

    Raises UserError, naming the articles that may be meant.
    """
    from ..articles import search
    from ..errors import UserError

    found = search.find_exact_article(connection, asked)
    if found:
        return found
    begun = search.find_by_beginning(connection, asked, _MAX_NAMED + 1)
    if len(begun) == 1:
        return begun[0]
    near = begun or list(itertools.islice(search.search_articles(connection, asked), _MAX_NAMED + 1))
    if len(near) == 1 and by_title:
        return near[0]
    if not near:
        raise UserError(f"there is no article {asked!r}; `distributor articles --search WORDS` searches for one")
    named = "\n".join(f"  {one.id}  {one.title}" for one in near[:_MAX_NAMED])
    more = "\n  and more" if len(near) > _MAX_NAMED else ""
    what = f"{asked!r} is not an id or a URL"
    if begun or by_title:
        what = (
            f"several articles have ids that begin with {asked!r}" if begun else f"{asked!r} matches several articles"
        )
    raise UserError(f"{what}; name one by its id:\n{named}{more}")


@dataclass(frozen=True, slots=True)
class CorrectionOptions:
    """The options that `articles correct` and `articles withdraw` share."""

    note: str
    mail: bool
    again: bool
    force: tuple[str, ...]
    dry_run: bool
    yes: bool


def _correction_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        yes_option,
        dry_run_option,
        force_option,
        click.option("--again", is_flag=True, help="Repeat it, even if the same correction was already sent."),
        click.option(
            "--mail", is_flag=True, help="Also email the subscribers who were sent the article, and nobody else."
        ),
    ):
        command = option(command)
    return command


@command.command("correct", short_help="Correct an article that was already sent.")
@click.argument("article", shell_complete=complete_article)
@click.option("--note", default="", help="What was wrong, as readers see it.  [default: that it was corrected]")
@_correction_options
@pass_cli_context
def correct(app: CliContext, /, article: str, **options: Any) -> None:
    """Correct an article that was already sent, once its source has the right text.

    Shows a plan and asks for confirmation. Feeds show the new text with a visible note, posts are edited where the network
    allows it, and with --mail the subscribers who were sent the article are emailed. Run `distributor gather` first: the
    article is sent as it is in the store.

    \b
    Example:
      distributor articles correct 3f9a1c2e --note "The road is 12 km long, not 21." --mail
    """
    with app.store() as database:
        code = _run_correction(app, database, article, "correction", "", CorrectionOptions(**options))
    if code:
        raise SystemExit(code)


@command.command("withdraw")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@reason_option
@click.option("--note", default="", help="What readers see instead.  [default: that it is no longer published]")
@_correction_options
@pass_cli_context
def withdraw(app: CliContext, /, articles: tuple[str, ...], reason: str, **options: Any) -> None:
    """Withdraw articles, so that they are not sent any more.

    Shows a plan and asks for confirmation. What was sent is changed where possible: feeds show only the note in their place,
    posts are deleted where the network allows it, and with --mail the subscribers who were sent the articles are emailed.
    """
    with app.store() as database:
        codes = [
            _run_correction(app, database, article, "withdrawal", reason, CorrectionOptions(**options))
            for article in articles
        ]
    if any(codes):
        raise SystemExit(1)


def _run_correction(
    app: CliContext, database: Database, article: str, kind: str, reason: str, options: CorrectionOptions
) -> int:
    """Plan, ask and do it. Returns the exit code."""
    from .. import pipeline
    from ..model import Notice, NoticeKind
    from ..text import clean_line

    with database.read() as connection:
        id = find_article(connection, article).id
    notice = Notice(NoticeKind(kind), clean_line(options.note), clock())
    plan = pipeline.plan_correction(
        app.newsroom, database, id, notice, mail=options.mail, forced=options.force, again=options.again
    )
    _show_correction(app, plan)
    if options.dry_run:
        say("Nothing was changed: this was a dry run.")
        return 0
    if plan.parts and not options.yes:
        confirm("Do it?")
    made = pipeline.apply_correction(app.newsroom, database, plan, getpass.getuser(), reason=reason)
    if made or not plan.decided:
        say(f"{'withdrawn' if kind == 'withdrawal' else 'corrected'}: {plan.article.id}  {plan.article.title}")
    # What an interrupted command has decided is finished too.
    code = _deliver_correction(app, database) if made or plan.editions else 0
    for fault in asyncio.run(pipeline.refresh_feeds(app.newsroom, database, clock)):
        warn(fault)
    return code


def _show_correction(app: CliContext, plan: CorrectionPlan) -> None:
    say(f"{plan.article.id}  {plan.article.title} (version {plan.article.version})")
    if plan.decided:
        what = "withdrawn" if plan.notice.kind == "withdrawal" else "corrected"
        when, by = app.local(plan.decided.notice.at), plan.decided.actor
        made = f" ({', '.join(plan.editions)})" if plan.editions else ""
        say(f"  already {what} with the same words, {when} by {by}{made}; unfinished deliveries continue")
        say("  --again does it again")
    for part in plan.parts:
        say(f"  {part.newsletter.id}: {part.edition.subject}")
        for line in part.lines:
            say(f"    {line}")
    if not plan.parts and not plan.decided:
        say("  no edition has carried it; the feeds of all articles show the note")


def _deliver_correction(app: CliContext, database: Database) -> int:
    """Send the deliveries of a correction. Returns the exit code."""
    from .deliver import deliver_with_progress, exit_code, show_report

    report = deliver_with_progress(app, database)
    show_report(app, database, report)
    return exit_code(database, report)
