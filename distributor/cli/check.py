"""`distributor check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..files import UnsafeFile, open_ordinary
from .context import (
    CliContext,
    clock,
    json_option,
    known_topics,
    pass_cli_context,
    plural,
    say,
    warn,
    warn_of_clock,
)

if TYPE_CHECKING:
    from ..config.bounces import BounceMailboxSettings
    from ..errors import Problem
    from ..newsroom import Newsroom
    from ..pipeline.check_sources import GatherStats
    from ..storage.database import Database
    from ..storage.link_addresses import LinkAddress

PATIENCE = 30.0  # seconds for the channels, and for the mailboxes: they are asked side by side


@click.command("check", short_help="Check config.yaml, templates, channels and the store.")
@click.option(
    "--online",
    is_flag=True,
    help="Also read each source once, log in to each channel and open each bounce mailbox. Stores and sends nothing.",
)
@json_option
@pass_cli_context
def command(app: CliContext, online: bool, as_json: bool) -> None:
    """Check config.yaml, templates, channels and the store.

    Prints every problem at once, each with its key path and line, or "ok" and a summary. A folder or file of a source that
    cannot be read is a problem. So is a mistake in a template: each is rendered with sample values in both languages, and
    its rarely used branches are looked at.

    With --online, also shows what each source yields: how many articles, how many of them with text, date, image, author and
    topics, the newest one, and what was left out.

    Exit code: 1 if a source cannot be read, 2 if the configuration is wrong.
    """
    from ..errors import ConfigError, UserError

    try:
        store, strange, sent = check_offline(app)
    except ConfigError as error:
        if not as_json:
            raise
        app.show_json({"ok": False, "problems": [asdict(problem) for problem in error.problems]})
        raise SystemExit(2) from None
    found = inspect_sources(app) if online else []
    faults, tried = _check_online(app) if online else ([], [])
    if faults:
        if not as_json:
            show_inspections(app, found)
        raise UserError("\n".join(faults))
    unreadable = [one.source for one in found if not one.usable]
    if as_json:
        read = {"read": [_inspection_data(one) for one in found]} if online else {}
        app.show_json({**_summary(app.newsroom, store, strange), "ok": not unreadable, **read})
    else:
        _show_summary(app, app.newsroom, store, unreadable)
        for line in tried:
            say(f"  channel      {line}")
        show_inspections(app, found)
        _show_warnings(app.newsroom, strange, sent)
    if unreadable:
        raise SystemExit(1)


def check_offline(app: CliContext, *, tell_clock: bool = True) -> tuple[str, list[str], Sequence[LinkAddress]]:
    """Check the configuration and the store.

    Returns the name of the store, a line for each topic that nobody has ever used, and the other addresses that links in
    sent emails lead to. With `tell_clock` warns of times later than now. Raises ConfigError with every problem, and
    StoreLost.
    """
    from .. import pipeline
    from ..design.check import check_templates
    from ..errors import ConfigError, Problem, StoreLost
    from ..storage import identity, link_addresses
    from ..storage.failures import DAMAGED

    app.tell_faults = False  # they are problems here
    newsroom = app.newsroom
    problems = [*newsroom.faults, *_unreadable_paths(newsroom)]
    with app.store() as database, database.read() as connection:
        store = database.name
        database.check_tables()
        identity.check_key(database, newsroom.present_keys(), newsroom.key_location)
        damage = database.find_damage()
        missing = pipeline.list_missing(newsroom, connection)
        strange = _unknown_topics(newsroom, known_topics(app, connection))
        sent = link_addresses.list_others(connection, newsroom.settings.links_url)
    if tell_clock:
        warn_of_clock(app)
    if damage:
        raise StoreLost(f"store {store}: {DAMAGED} ({damage})")
    problems += [Problem(one.path, one.in_words(), app.config.name) for one in missing]
    problems += [Problem("", one.message, one.file, one.line) for one in check_templates(newsroom)]
    if problems:
        raise ConfigError(problems)
    return store, strange, sent


def _unreadable_paths(newsroom: Newsroom) -> list[Problem]:
    """A problem for each folder or file of a source that cannot be read."""
    from ..config import yaml

    raw = yaml.read(newsroom.file)
    problems = []
    for name, source in newsroom.sources.items():
        paths = {one.name: getattr(source, one.name) for one in fields(source)}
        for key, path in paths.items():
            if isinstance(path, Path) and (reason := _why_unreadable(path)):
                problems.append(raw.problem(("sources", name, key), f"{path} cannot be read: {reason}"))
    return problems


def _why_unreadable(path: Path) -> str:
    """Why a folder or file cannot be read; empty if it can."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            open_ordinary(path).close()
    except UnsafeFile as error:
        return f"it {error}"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _unknown_topics(newsroom: Newsroom, known: frozenset[str] | None) -> list[str]:
    """Topics in config.yaml that no article or source has ever had, each with its place."""
    from ..articles.search import describe_unknown_topics
    from ..config import yaml

    if known is None:
        return []
    raw = yaml.read(newsroom.file)
    lines = []
    for name, newsletter in newsroom.settings.newsletters.items():
        asked: dict[tuple[str, ...], tuple[str, ...]] = {
            ("topics",): newsletter.topics,
            ("sections",): newsletter.sections,
        }
        if newsletter.alerts:
            asked["alerts", "topics"] = newsletter.alerts.topics
        for path, topics in asked.items():
            for place, topic in enumerate(topics):
                problems = describe_unknown_topics([topic], known)
                lines += [str(raw.problem(("newsletters", name, *path, place), line)) for line in problems]
    return lines


def _summary(newsroom: Newsroom, store: str, strange: list[str]) -> dict[str, Any]:
    from ..design.check import files_without_effect

    settings = newsroom.settings
    return {
        "ok": True,
        "site": settings.site.title,
        "store": store,
        "sources": list(newsroom.sources),
        "newsletters": {
            name: list(newsletter.schedule) or "only by hand" for name, newsletter in settings.newsletters.items()
        },
        "channels": list(newsroom.channels),
        "web": settings.links_url if settings.web else None,
        "mailboxes": [str(mailbox) for mailbox in settings.bounces],
        "placeholders": placeholders(newsroom),
        "readable_by_others": [str(path) for path in newsroom.exposed],
        "topics": strange,
        "unused_templates": files_without_effect(newsroom.templates),
    }


def _show_summary(app: CliContext, newsroom: Newsroom, store: str, unreadable: Sequence[str]) -> None:
    settings = newsroom.settings
    if unreadable:
        say(f"{app.config}: {plural(len(unreadable), 'source')} cannot be read: {', '.join(unreadable)}", fg="red")
    else:
        say(f"ok: {app.config}", fg="green")
    say(
        f"  site         {settings.site.title} ({settings.site.url}), {settings.site.language}, {settings.site.timezone}"
    )
    say(f"  store        {store}")
    say(f"  sources      {plural(len(newsroom.sources), 'source')}: {', '.join(newsroom.sources)}")
    for name, newsletter in settings.newsletters.items():
        when = "; ".join(newsletter.schedule) or "only by hand"
        say(f"  newsletter   {name}: {when}, to {', '.join(newsletter.channels)}")
    say(f"  channels     {plural(len(newsroom.channels), 'channel')}: {', '.join(newsroom.channels)}")
    if settings.web:
        say(f"  web pages    {settings.links_url}, listening on {settings.web.listen}")
    for mailbox in settings.bounces:
        say(f"  bounces      {mailbox}")
    for line in placeholders(newsroom):
        warn(line)
    for path in newsroom.exposed:
        warn(f"{path}: others can read it, and this could not be changed; as its owner: chmod go-rw {path}")


def _show_warnings(newsroom: Newsroom, strange: Sequence[str], sent: Sequence[LinkAddress]) -> None:
    """What keeps nobody from sending: odd topics, templates without effect, pages and old links that lead nowhere."""
    from ..design.check import files_without_effect
    from .check_web import warnings_of_old_links, warnings_of_web

    unused = files_without_effect(newsroom.templates)
    for line in (*strange, *unused, *warnings_of_web(newsroom), *warnings_of_old_links(newsroom, sent)):
        warn(line)


def placeholders(newsroom: Newsroom) -> list[str]:
    """Values of the example that are still there, if anything is sent to subscribers: preflight would block it."""
    if not newsroom.reaches_audience(newsroom.channels):
        return []
    return [str(problem) for _, problem in newsroom.placeholders]


def _check_online(app: CliContext) -> tuple[list[str], list[str]]:
    """What is wrong with the channels, mailboxes and public addresses; and of each other channel whether it was tried."""
    import asyncio

    from .check_web import check_public_url

    with app.store() as database:
        channels = asyncio.run(failing_channels(app.newsroom, database, list(app.newsroom.channels)))
    faults = [f"channel {name}: {fault}" for name, fault in channels.items()]
    faults += [f"bounces: {fault}" for fault in failing_mailboxes(app.newsroom).values()]
    tried = [
        f"{name}: {'its settings work' if channel.can('check') else 'nothing to try beforehand'}"
        for name, channel in app.newsroom.channels.items()
        if name not in channels
    ]
    return [*faults, *asyncio.run(check_public_url(app.newsroom))], tried


async def failing_channels(newsroom: Newsroom, database: Database, names: Sequence[str]) -> dict[str, str]:
    """Log in to each of these channels, side by side: those that do not let us, and why."""
    import asyncio

    from ..delivery.attempts import open_outside_attempt
    from ..errors import DeliveryError

    faults = {}

    async def look(name: str) -> None:
        channel = newsroom.channels[name]
        try:
            async with asyncio.timeout(PATIENCE):
                await channel.check(open_outside_attempt(database, channel))
        except DeliveryError as error:
            faults[name] = str(error)
        except TimeoutError:
            faults[name] = f"took longer than {PATIENCE:g} s"
        except Exception as bug:  # of a channel of the newsroom's own: the others are looked at
            faults[name] = f"its check fails with a bug: {type(bug).__name__}: {bug}"[:400]

    await asyncio.gather(*map(look, names))
    return {name: faults[name] for name in names if name in faults}


def failing_mailboxes(newsroom: Newsroom) -> dict[str, str]:
    """Open each bounce mailbox, side by side: those that cannot be opened, and why."""
    import threading
    import time

    from ..bounces import mailboxes
    from ..errors import DeliveryError

    names = [str(mailbox) for mailbox in newsroom.settings.bounces]
    faults = dict.fromkeys(names, f"took longer than {PATIENCE:g} s")
    opened = set()

    def look(mailbox: BounceMailboxSettings) -> None:
        try:
            with mailboxes.open_mailbox(mailbox):
                opened.add(str(mailbox))
        except DeliveryError as error:
            faults[str(mailbox)] = str(error)
        except Exception as odd:  # what no mail server answers
            faults[str(mailbox)] = f"gives a strange answer: {type(odd).__name__}: {odd}"[:400]

    until = time.monotonic() + PATIENCE
    threads = [threading.Thread(target=look, args=(one,), daemon=True) for one in newsroom.settings.bounces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))  # one that waits on ends with the process
    return {name: faults[name] for name in names if name not in opened}


def inspect_sources(app: CliContext) -> list[GatherStats]:
    """Read each source once. No article is stored."""
    import asyncio

    from .. import pipeline

    with app.store() as database:
        return asyncio.run(pipeline.inspect_sources(app.newsroom, database, clock))


def show_inspections(app: CliContext, found: Sequence[GatherStats]) -> None:
    """Show each source with its newest article, what was left out, and what staff should know."""
    for one in found:
        if one.failure:
            warn(f"source {one.source}: {one.failure}")
            continue
        say(f"  source       {one.source}: {describe_inspection(one)}")
        if one.newest:
            when = f" ({app.local(one.newest_date)})" if one.newest_date else " (without a date)"
            say(f"               newest: {one.newest}{when}")
        for note in one.notes:
            say(f"               note: {note}")
        _show_left_out(one)
        _show_faults(one)


def describe_inspection(one: GatherStats) -> str:
    """`12 articles: text 12, date 12, image 9, author 0, topics 12`."""
    parts = ", ".join(f"{name} {getattr(one, name)}" for name in ("text", "date", "image", "author", "topics"))
    return plural(one.articles, "article") + (f", of which with {parts}" if one.articles else "")


def _show_left_out(one: GatherStats) -> None:
    from ..pipeline.check_sources import MAX_EXAMPLES

    if one.left_out:
        total = sum(reason.number for reason in one.left_out)
        named = ", ".join(f"{reason.number} × {reason.words}" for reason in one.left_out[:MAX_EXAMPLES])
        rest = ", …" if len(one.left_out) > MAX_EXAMPLES else ""
        say(
            f"               {plural(total, 'link')} left out: {named}{rest} (`distributor gather --explain {one.source}`)"
        )


def _show_faults(one: GatherStats) -> None:
    from ..pipeline.check_sources import MAX_EXAMPLES

    for fault in one.faults[:MAX_EXAMPLES]:
        warn(f"source {one.source}: {fault}")
    if len(one.faults) > MAX_EXAMPLES:
        warn(f"source {one.source}: and {len(one.faults) - MAX_EXAMPLES} more that cannot be used")


def _inspection_data(one: GatherStats) -> dict[str, Any]:
    return {"ok": one.usable, **asdict(one)}
