"""`distributor doctor`: what keeps this newsroom from working, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ..terminal import printable_line
from .context import CliContext, clock, json_option, pass_cli_context, plural, say, show_table

if TYPE_CHECKING:
    from ..doctor.dns_client import DnsClient
    from ..doctor.results import CheckResult
    from ..errors import Problem
    from ..mail.setup import MailSetup
    from ..newsroom import Newsroom
    from ..pipeline.store_check import Damage
    from ..storage.database import Database

_RECENT = timedelta(days=30)  # editions whose size is compared with what a relay takes
_ENCODED = 1.4  # octets of an email on the wire for each octet of its content, about: quoted-printable or base64
_COLORS = {"broken": "red", "warning": "yellow", "unknown": "cyan", "ok": "green"}


@click.command("doctor", short_help="Find what keeps this newsroom from working.")
@click.option("--online", is_flag=True, help="Also read each source once. Stores and sends nothing.")
@click.option("--offline", is_flag=True, help="Ask nobody: no DNS, no mail server, no channel.")
@click.option("--dns", metavar="ADDRESS", help="Ask this DNS server (ADDRESS or ADDRESS:PORT), not the system's.")
@click.option(
    "--repair", "mend", is_flag=True, help="Repair damaged rows; the originals are kept in a file in var/set-aside."
)
@json_option
@pass_cli_context
def command(app: CliContext, online: bool, offline: bool, dns: str | None, mend: bool, as_json: bool) -> None:
    """Find what keeps this newsroom from working, and say what to do about it.

    Looks at the configuration, the store, the machine, the schedules of the coming week, the feeds, the mail servers, the
    sender's records in DNS (SPF, DKIM, DMARC, MX, PTR, BIMI), the link to unsubscribe, the logins of channels and bounce
    mailboxes, and compares all that with the rules of the large providers. Sends nothing. docs/doctor.md has every check.

    With --repair, damaged rows of the store are repaired instead. A repair never sends anything again, and never removes a
    suppression.

    Exit code: 1 if something is broken, 2 if the configuration is wrong.
    """
    from ..doctor.dns_client import DnsResolver
    from ..doctor.providers import judge_rules
    from ..doctor.results import is_broken

    if online and offline:
        raise click.UsageError("--online and --offline exclude each other")
    if mend:
        _repair(app, as_json)
        return
    try:
        client = None if offline else DnsResolver(dns or "")
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--dns") from None
    visit = _examine(app, client, online)
    results = visit.results
    if as_json:
        app.show_json(
            {
                "ok": not is_broken(results),
                "results": [asdict(one) for one in results],
                "providers": [asdict(one) for one in judge_rules(results)] if visit.sends else [],
                "damaged": [str(one) for one in visit.damaged],
                "repaired": False,
                "kept_in": "",
            }
        )
    else:
        _show(visit)
    if is_broken(results):
        raise SystemExit(2 if any(one.fault == "config-wrong" for one in results) else 1)


@dataclass
class _Visit:
    """What was found. `sends`: emails go to people, so that the rules of providers apply."""

    results: list[CheckResult] = field(default_factory=list)
    damaged: Sequence[Damage] = ()
    sends: bool = False


def _examine(app: CliContext, dns: DnsClient | None, online: bool) -> _Visit:
    """Everything, in the order of docs/doctor.md. What cannot be looked at because of a fault is left out."""
    import contextlib

    from ..doctor.results import fault
    from ..errors import ConfigError, DamagedRow, StoreError

    visit = _Visit()
    app.tell_faults = False  # they are results here
    try:
        newsroom = app.newsroom
    except ConfigError as error:
        visit.results += map(_problem, error.problems)
        return visit
    try:
        with contextlib.suppress(DamagedRow):  # it is told below, with all others
            visit.results += _config(app)
        with app.store() as database:
            for one in _store(app, database, visit):
                visit.results.append(one)
    except StoreError as error:
        visit.results.append(fault("store-lost", "store.url", str(error)))
    visit.results += _machine(newsroom)
    setups = _mail_setups(newsroom)
    visit.sends = bool(setups)
    if dns:
        visit.results += _ask(app, setups, dns)
    if online:
        visit.results += _sources(app)
    return visit


def _problem(problem: Problem) -> CheckResult:
    from ..doctor.results import fault

    where = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    return fault("config-wrong", where, f"{problem.path}: {problem.message}" if problem.path else problem.message)


def _config(app: CliContext) -> Iterator[CheckResult]:
    """As `check` does. Raises StoreError."""
    from ..design.check import files_without_effect
    from ..doctor.results import fault, passed
    from ..errors import ConfigError
    from .check import check_offline, placeholders
    from .check_web import warnings_of_old_links, warnings_of_web

    newsroom, name = app.newsroom, app.config.name
    try:
        _, strange, sent = check_offline(app, tell_clock=False)
    except ConfigError as error:
        yield from map(_problem, error.problems)
        return
    notices = [*strange, *files_without_effect(newsroom.templates), *placeholders(newsroom)]
    yield from (fault("config-notice", name, line.removeprefix(f"{name}: ")) for line in notices)
    if not notices:
        yield passed("config", name, "nothing is wrong")
    for kind, lines in (
        ("one-click-setup", warnings_of_web(newsroom)),
        ("links-old", warnings_of_old_links(newsroom, sent)),
    ):
        yield from (fault(kind, name, line.removeprefix(f"{name}: ")) for line in lines)


def _store(app: CliContext, database: Database, visit: _Visit) -> Iterator[CheckResult]:
    from .. import pipeline
    from ..doctor.expiry import check_ends
    from ..doctor.facts import find_ends, see_clock
    from ..doctor.machine import check_clock, check_store
    from ..doctor.results import fault
    from ..pipeline import store_check
    from ..storage import identity

    here = identity.instance_name(app.newsroom.settings.instance, app.newsroom.folder)
    with database.read(long=True) as connection:
        if owner := identity.find_other_owner(connection, here):
            yield fault("store-elsewhere", database.name, f"belongs to {owner}, not to {here}: nothing is sent from it")
        visit.damaged = store_check.find_damage(connection, clock())
    yield from check_store(database.name, database.revision(), [str(one) for one in visit.damaged])
    if visit.damaged:
        return  # times that cannot be read say nothing of the clock
    with database.read() as connection:
        ends = find_ends(app.newsroom, connection, clock())
    yield from check_ends(ends, clock(), app.newsroom.settings.alerts.expires_within)
    ahead = pipeline.preview_clock_repair(app.newsroom, database, clock())
    facts, granularity = see_clock(app.newsroom, database, clock)
    yield from check_clock(facts, list(ahead), granularity)


def _machine(newsroom: Newsroom) -> Iterator[CheckResult]:
    from ..doctor.facts import see_disks, see_feeds, see_mode
    from ..doctor.feeds import check_feed
    from ..doctor.machine import check_disk, check_files
    from ..doctor.schedules import check_schedule

    yield from map(check_disk, see_disks(newsroom))
    yield from check_files(newsroom.file, see_mode(newsroom.file), newsroom.exposed)
    for name, timing in newsroom.timing.items():
        yield from check_schedule(name, timing, clock())
    for file, body in see_feeds(newsroom):
        if result := check_feed(str(file), body):
            yield result


def _mail_setups(newsroom: Newsroom) -> dict[str, MailSetup]:
    """How each channel sends its emails to people, by its name."""
    from ..mail.setup import HasMailSetup

    return {
        name: channel.mail_setup()
        for name, channel in newsroom.channels.items()
        if isinstance(channel, HasMailSetup) and newsroom.reaches_audience([name])
    }


def _ask(app: CliContext, setups: dict[str, MailSetup], dns: DnsClient) -> list[CheckResult]:
    """What mail servers, DNS, the public address, channels and mailboxes answer: all side by side, so that the slowest
    decides how long that takes (about 40 s)."""
    import asyncio
    import contextlib

    from ..delivery.queries import largest_rendition
    from ..errors import DamagedRow, StoreError

    newsroom, largest = app.newsroom, dict.fromkeys(setups, 0)
    names = [name for name in newsroom.channels if name not in setups]

    async def ask(database: Database | None) -> list[Sequence[CheckResult]]:
        found = await asyncio.gather(
            *(_ask_mail(name, setup, largest[name], dns) for name, setup in setups.items()),
            *([_ask_public_url(newsroom)] if setups else []),
            *([_ask_logins(newsroom, database, names)] if database else []),
            asyncio.to_thread(_ask_mailboxes, newsroom),
        )
        return list(found)

    with contextlib.ExitStack() as stack:
        database = None  # sessions lie in the store, of which is said above what is wrong with it
        with contextlib.suppress(StoreError):
            database = stack.enter_context(app.store())
            with contextlib.suppress(DamagedRow), database.read() as connection:
                for name in setups:
                    largest[name] = round(largest_rendition(connection, name, clock() - _RECENT) * _ENCODED)
        return [result for results in asyncio.run(ask(database)) for result in results]


async def _ask_mail(name: str, setup: MailSetup, largest: int, dns: DnsClient) -> list[CheckResult]:
    """The mail servers of a channel, and what DNS says of its sender."""
    import asyncio
    import socket
    from functools import partial

    from ..doctor.dns_client import settle
    from ..doctor.probe import look_at_relay
    from ..doctor.relays import check_relay
    from ..doctor.sender import check_sender

    check = partial(check_sender, channel=name, setup=setup, own_name=socket.gethostname())
    relays = asyncio.gather(*map(look_at_relay, setup.servers))
    seen, sender = await asyncio.gather(relays, settle(dns, check))
    return [*(one for facts in seen for one in check_relay(facts, name, largest, clock())), *sender]


async def _ask_public_url(newsroom: Newsroom) -> list[CheckResult]:
    from ..doctor.results import fault, passed
    from .check_web import check_public_url

    url = newsroom.settings.links_url
    if newsroom.settings.web is None or newsroom.settings.web.url is None:
        return [fault("one-click-unknown", "web.url", "no public address is set, so none was asked")]
    faults = await check_public_url(newsroom)
    broken = [fault("one-click-broken", url, line.partition(": ")[2] or line) for line in faults]
    return broken or [passed("one-click", url, "answers a POST with 200, and shows people a button")]


async def _ask_logins(newsroom: Newsroom, database: Database, names: Sequence[str]) -> list[CheckResult]:
    from ..doctor.results import fault, passed
    from ..errors import StoreError
    from .check import failing_channels

    try:
        failing = await failing_channels(newsroom, database, names)
    except StoreError:
        return []
    found = []
    for name in names:
        if name in failing:
            found.append(fault("channel-login", f"channel {name}", failing[name], channel=name))
        else:
            can = newsroom.channels[name].can("check")
            found.append(
                passed("channels", f"channel {name}", "its settings work" if can else "nothing to try beforehand")
            )
    return found


def _ask_mailboxes(newsroom: Newsroom) -> list[CheckResult]:
    from ..doctor.results import fault, passed
    from .check import failing_mailboxes

    closed = failing_mailboxes(newsroom)
    return [
        fault("mailbox-login", f"bounces: {name}", closed[name])
        if name in closed
        else passed("mailboxes", f"bounces: {name}", "can be opened")
        for name in map(str, newsroom.settings.bounces)
    ]


def _sources(app: CliContext) -> Iterator[CheckResult]:
    from ..doctor.results import fault, passed
    from .check import describe_inspection, inspect_sources

    for one in inspect_sources(app):
        where = f"source {one.source}"
        if not one.usable:
            yield fault("source-unreadable", where, one.failure or "gives nothing that can be used")
            continue
        yield passed("sources", where, describe_inspection(one))
        if one.faults:
            yield fault("source-notes", where, "; ".join(map(str, one.faults[:3])), source=one.source)


# -- showing -----------------------------------------------------------------------------------------------------------


def _show(visit: _Visit) -> None:
    from ..doctor.providers import PROVIDERS, judge_rules
    from ..doctor.results import CheckState

    numbers = {state: sum(one.state is state for one in visit.results) for state in CheckState}
    rest = f"{plural(numbers[CheckState.WARNING], 'warning')}, {numbers[CheckState.UNKNOWN]} unknown"
    if numbers[CheckState.BROKEN]:
        say(f"{plural(numbers[CheckState.BROKEN], 'thing is', 'things are')} broken; {rest}", fg="red")
    else:
        say(f"ok: nothing is broken; {rest}", fg="green")
    for state in CheckState:
        for one in (result for result in visit.results if result.state is state):
            line = printable_line(f"{one.where}: {one.what}")  # what others have written begins no line
            say(f"{state.value:8} {one.check:10} {line}", fg=_COLORS[state.value])
            if one.remedy:
                say(f"{'':19} → {printable_line(one.remedy)}")
    if visit.sends:
        say("\nRules of large providers for bulk senders:")
        rows = [
            (
                rule.state.value,
                rule.rule,
                ", ".join(rule.providers) if rule.providers != PROVIDERS else "all",
                rule.todo,
            )
            for rule in judge_rules(visit.results)
        ]
        show_table(("", "rule", "of", "what to do"), rows, "")


# -- repairing ---------------------------------------------------------------------------------------------------------


def _repair(app: CliContext, as_json: bool) -> None:
    """Raises StoreError; nothing is changed then."""
    from ..errors import StoreError
    from ..pipeline import store_check

    folder = app.newsroom.folder / "var" / "set-aside"
    with app.store() as database:
        database.check_tables()
        try:
            with database.write() as connection:
                found = store_check.find_damage(connection, clock())
                file = store_check.repair_damage(connection, found, folder, clock())
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written: {error.strerror}; nothing was changed") from None
    if as_json:
        kept = {"damaged": [str(one) for one in found], "repaired": bool(file), "kept_in": str(file) if file else ""}
        app.show_json({"ok": True, **kept})
        return
    for one in found:
        say(str(one))
    if file:
        say(f"{plural(len(found), 'damaged value')} repaired; the rows as they were are in {file}")
    else:
        say("ok: every row of the store can be read", fg="green")
