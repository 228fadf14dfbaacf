"""`distributor send --alert ARTICLE`."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

from .article_argument import find_article
from .context import CliContext, clock, confirm, plural, say, warn

if TYPE_CHECKING:
    from ..config.schema import Newsletter
    from ..model import Article
    from ..storage.database import Database


def send_alert(
    app: CliContext, newsletter: str | None, asked: str, *, missed: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Send one article at once, in one newsletter or in all to which it belongs; with `missed` only to readers who have
    no letter with it."""
    from .. import pipeline
    from .outcome import as_data, exit_code, show_report
    from .progress import deliver_with_progress

    with app.store() as database:
        article = _article(app, database, asked)
        chosen = [app.newsroom.newsletter(newsletter)] if newsletter else _newsletters_for(app, article)
        for known in chosen:
            _show_alert(app, database, known, article, missed=missed, err=as_json)
        if dry_run:
            say("Nothing was sent: this was a dry run.")
            return
        if not yes:
            confirm("Send it?")
        made = []
        for known in chosen:
            by = getpass.getuser()
            proposal = pipeline.publish_alert(app.newsroom, database, known, article, clock(), by, missed=missed)
            if proposal is None:
                warn(f"{known.id} has sent {article.id} as an alert before; nothing is sent twice")
            elif proposal.edition is None:
                warn(f"{known.id}: nothing was sent, {proposal.selection.reason}")
            else:
                made.append(proposal.edition)
        report = deliver_with_progress(app, database)
        for fault in asyncio.run(pipeline.refresh_feeds(app.newsroom, database, clock)):
            warn(fault)
        if as_json:
            app.show_json({"editions": [edition.id for edition in made], **as_data(database, report)})
        else:
            for edition in made:
                say(f"Edition {edition.id}: {edition.subject}", bold=True)
            show_report(app, database, report)
        if exit_code(database, report):
            raise SystemExit(1)


def _article(app: CliContext, database: Database, asked: str) -> Article:
    """The article, if it may go out. Raises UserError."""
    from ..articles import flags
    from ..articles.repository import load_origins
    from ..errors import UserError

    with database.read() as connection:
        found = find_article(connection, asked)
        id = found.id
        (article,) = load_origins(connection, [found])
        said = flags.flags_of_articles(connection, [id]).get(id, {})
    for mark, told in said.items():
        if mark in ("held", "withdrawn"):
            raise UserError(
                f"{id} is {mark} by {told.actor} ({told.reason}); `distributor articles release {id}` first"
            )
    if until := article.waits_until(clock()):
        why = "is under embargo" if article.publish_at == until else "is dated ahead and waits"
        raise UserError(f"{id} {why} until {app.local(until)}")
    return article


def _newsletters_for(app: CliContext, article: Article) -> list[Newsletter]:
    from ..editions.selection import belongs_to_newsletter
    from ..errors import UserError

    chosen = [one for one in app.newsroom.settings.newsletters.values() if belongs_to_newsletter(one, article)]
    if not chosen:
        raise UserError(f"{article.id} belongs to no newsletter by its source and topics; name one")
    return chosen


def _show_alert(
    app: CliContext, database: Database, newsletter: Newsletter, article: Article, *, missed: bool, err: bool
) -> None:
    """Say what would go out, and how many of its readers have the article already."""
    from ..editions import repository as edition_repository
    from ..editions.build import alert_slot
    from ..pipeline.plan import plan_alert

    with database.read() as connection:
        if edition_repository.is_decided(connection, newsletter.id, alert_slot(article.id)):
            say(f"{newsletter.id}: nothing to send: an alert goes out once", err=err)
            return
    proposal = plan_alert(app.newsroom, database, newsletter, article, clock(), missed=missed)
    have = f"{'has' if proposal.already_had == 1 else 'have'} it already ({', '.join(proposal.already_had_in)})"
    if proposal.edition is None:
        say(f"{newsletter.id}: nothing to send: {proposal.selection.reason}", err=err)
        return
    channels = ", ".join(dict.fromkeys(one.channel for one in proposal.renditions))
    say(f"{newsletter.id}: {proposal.edition.subject}", err=err)
    whom = f" who {'has' if proposal.audience == 1 else 'have'} not had it" if missed else ""
    say(f"  at once to {plural(proposal.audience, 'subscriber')}{whom}, on {channels}", err=err)
    if proposal.already_had and missed:
        say(f"  {plural(proposal.already_had, 'subscriber')} {have}: left out", err=err)
    elif proposal.already_had:
        warn(f"{proposal.already_had} of them {have}, and would get it again; --missed leaves them out")
