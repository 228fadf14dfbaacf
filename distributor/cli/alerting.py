"""`distributor send --alert ARTICLE`."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

from .app import App, clock, confirm, plural, say, show_json, warn
from .finding import the_article

if TYPE_CHECKING:
    from ..config import Newsletter
    from ..model import Article
    from ..storage.database import Database


def send_alert(
    app: App, newsletter: str | None, asked: str, *, missed: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Send one article at once, in one newsletter or in all to which it belongs; with `missed` only to readers who have
    no letter with it."""
    from .. import pipeline
    from .outcome import as_data, exit_code, tell_report
    from .progress import deliver_with_progress

    with app.store() as database:
        article = _article(app, database, asked)
        chosen = [app.newsroom.newsletter(newsletter)] if newsletter else _belongs_to(app, article)
        for known in chosen:
            _announce(app, database, known, article, missed=missed, err=as_json)
        if dry_run:
            say("Nothing was sent: this was a dry run.")
            return
        if not yes:
            confirm("Send it?")
        made = []
        for known in chosen:
            by = f"{getpass.getuser()} by hand"
            proposal = pipeline.publish_alert(app.newsroom, database, known, article, clock(), by, missed=missed)
            if proposal is None:
                warn(f"{known.id} has sent {article.id} as an alert before; nothing is sent twice")
            elif proposal.edition is None:
                warn(f"{known.id}: nothing was sent, {proposal.selection.reason}")
            else:
                made.append(proposal.edition)
        report = deliver_with_progress(app, database)
        for fault in asyncio.run(pipeline.refresh(app.newsroom, database, clock)):
            warn(fault)
        if as_json:
            show_json({"editions": [edition.id for edition in made], **as_data(database, report)})
        else:
            for edition in made:
                say(f"Edition {edition.id}: {edition.subject}", bold=True)
            tell_report(app, database, report)
        if exit_code(database, report):
            raise SystemExit(1)


def _article(app: App, database: Database, asked: str) -> Article:
    """The article, if it may go out. Raises UserError."""
    from ..errors import UserError
    from ..gathering import marks
    from ..gathering.tellings import with_origins

    with database.read() as connection:
        found = the_article(connection, asked)
        id = found.id
        (article,) = with_origins(connection, [found])
        said = marks.of(connection, [id]).get(id, {})
    for mark, told in said.items():
        if mark in ("held", "withdrawn"):
            raise UserError(
                f"{id} is {mark} by {told.actor} ({told.reason}); `distributor articles release {id}` first"
            )
    if until := article.waits_until(clock()):
        why = "is under embargo" if article.publish_at == until else "is dated ahead and waits"
        raise UserError(f"{id} {why} until {app.local(until)}")
    return article


def _belongs_to(app: App, article: Article) -> list[Newsletter]:
    from ..editions.selection import wants
    from ..errors import UserError

    chosen = [one for one in app.newsroom.settings.newsletters.values() if wants(one, article)]
    if not chosen:
        raise UserError(f"{article.id} belongs to no newsletter by its source and topics; name one")
    return chosen


def _announce(
    app: App, database: Database, newsletter: Newsletter, article: Article, *, missed: bool, err: bool
) -> None:
    """Say what would go out, and how many of its readers have the article already."""
    from ..editions import book
    from ..editions.freezing import alert_slot
    from ..pipeline.proposing import propose_alert

    with database.read() as connection:
        if book.is_decided(connection, newsletter.id, alert_slot(article.id)):
            say(f"{newsletter.id}: nothing to send: an alert goes out once", err=err)
            return
    proposal = propose_alert(app.newsroom, database, newsletter, article, clock(), missed=missed)
    have = f"{'has' if proposal.had == 1 else 'have'} it already ({', '.join(proposal.had_in)})"
    if proposal.edition is None:
        say(f"{newsletter.id}: nothing to send: {proposal.selection.reason}", err=err)
        return
    channels = ", ".join(dict.fromkeys(one.channel for one in proposal.renditions))
    say(f"{newsletter.id}: {proposal.edition.subject}", err=err)
    whom = f" who {'has' if proposal.audience == 1 else 'have'} not had it" if missed else ""
    say(f"  at once to {plural(proposal.audience, 'subscriber')}{whom}, on {channels}", err=err)
    if proposal.had and missed:
        say(f"  {plural(proposal.had, 'subscriber')} {have}: left out", err=err)
    elif proposal.had:
        warn(f"{proposal.had} of them {have}, and would get it again; --missed leaves them out")
