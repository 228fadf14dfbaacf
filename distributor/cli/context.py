"""What every command shares: the newsroom, the store, the clock, options, logging and output.

On a terminal, tables and progress are drawn with rich; elsewhere they are plain lines for `grep` and `cut`.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import logging
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ..clock import clock as clock
from ..terminal import printable, printable_json, printable_line
from .log_format import JSON, TEXT, LogFormatter

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..newsroom import Newsroom
    from ..storage.database import Database

log = logging.getLogger("distributor.cli")

_MOST_LINES = 20

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class CliContext:
    """What a command needs of the newsroom; opened when first used."""

    config: Path
    verbose: int = 0
    log_format: str = TEXT
    tell_faults: bool = True  # warn of channels and sources that cannot be loaded, when the newsroom is opened
    _newsroom: Newsroom | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._start_logging()

    def log_progress(self) -> None:
        """Log what happens, as with `-v`: for commands that run until they are stopped."""
        self.verbose = max(self.verbose, 1)
        self._start_logging()

    def _start_logging(self) -> None:
        level = {0: logging.WARNING, 1: logging.INFO}.get(self.verbose, logging.DEBUG)
        start_logging(level, self.zone if self._newsroom else None, self.log_format)

    @property
    def newsroom(self) -> Newsroom:
        from ..newsroom import open_newsroom

        if self._newsroom is None:
            self._newsroom = open_newsroom(self.config)
            if not gc.get_freeze_count():
                gc.freeze()  # what is loaded stays: the collector need never look at it
            gc.enable()  # see main.run
            self._start_logging()
            for fault in self._newsroom.faults if self.tell_faults else ():
                warn(f"{fault}; it is left out, and everything else works")
        return self._newsroom

    @property
    def zone(self) -> ZoneInfo:
        return self.newsroom.settings.site.timezone

    @contextlib.contextmanager
    def store(self) -> Iterator[Database]:
        database = self.newsroom.open_store()
        try:
            yield database
        finally:
            database.close()

    def local(self, moment: datetime | None) -> str:
        """A time for staff: in the site's zone, to the minute."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if moment else ""

    def show_json(self, value: Any) -> None:
        """Print a value as JSON, with times in the site's zone."""
        click.echo(self._json(value))

    def show_json_list(self, values: Iterable[Any]) -> None:
        """Print a list of any length as JSON: each value is written at once, and none is kept in memory."""
        begun = False
        for value in values:
            click.echo(",\n" if begun else "[\n", nl=False)
            click.echo("  " + self._json(value).replace("\n", "\n  "), nl=False)
            begun = True
        click.echo("\n]" if begun else "[]")

    def _json(self, value: Any) -> str:
        return printable_json(json.dumps(_finite(value), ensure_ascii=False, indent=2, default=self._plain))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return (value.astimezone(self.zone) if self._newsroom else value).isoformat()
        if isinstance(value, (tuple, set, frozenset)):
            return list(value)
        return str(value)


def _finite(value: Any) -> Any:
    """The same with null for NaN and the infinities, which are no JSON (RFC 8259, section 6)."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value


@contextlib.contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the command as Ctrl-C does, so that nothing half done stays behind."""
    import signal

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


pass_cli_context = click.make_pass_decorator(CliContext)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
gather_option = click.option(
    "--gather/--no-gather", default=True, show_default=True, help="Gather from the sources first."
)
force_option = click.option(
    "--force",
    multiple=True,
    metavar="CHECK",
    help="Send although this preflight check blocks it. The decision is recorded. Can be given several times.",
)
reason_option = click.option("-m", "--reason", default="", help="The reason, recorded with the action.")
by_option = click.option("--by", metavar="NAME", help="Who decided this.  [default: your user name]")


def warn_of_unknown_topics(app: CliContext, connection: Connection, wanted: Iterable[str]) -> None:
    """Warn of each topic that somebody asks for and that no article or source has ever had."""
    from ..articles.search import describe_unknown_topics

    named = list(dict.fromkeys(wanted))
    known = known_topics(app, connection) if named else None
    lines = describe_unknown_topics(named, known) if known is not None else []
    for line in lines[:_MOST_LINES]:
        warn(line)
    if len(lines) > _MOST_LINES:
        warn(f"… and {len(lines) - _MOST_LINES} more unknown topics")


def known_topics(app: CliContext, connection: Connection) -> frozenset[str] | None:
    """The topics that articles and sources have ever had; None before the first article, when nobody can know."""
    from ..articles import repository as article_repository

    if not article_repository.count_articles(connection):
        return None
    from ..source import FROM_PAGE

    return article_repository.list_topics(connection).union(
        *(source.topics for source in app.newsroom.sources.values())
    ) - {FROM_PAGE}


def start_logging(level: int, zone: ZoneInfo | None, log_format: str = TEXT) -> None:
    """Log to stderr: the program's own loggers from `level` on, those of libraries from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(log_format, zone))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("distributor").setLevel(level)


def _formatter(log_format: str, zone: ZoneInfo | None) -> logging.Formatter:
    if log_format == JSON:
        from .json_log import JsonLogFormatter

        return JsonLogFormatter(zone)
    return LogFormatter(zone)


def on_terminal() -> bool:
    return sys.stdout.isatty()


def say(text: str = "", *, err: bool = False, **style: Any) -> None:
    """Print a line; on stderr if stdout is for something else. Control characters are escaped."""
    text = printable(text)
    click.echo(click.style(text, **style) if style and on_terminal() else text, err=err)


def warn(text: str) -> None:
    """Tell staff something on stderr; as a log line where the log is for programs."""
    current = click.get_current_context(silent=True)
    if current and isinstance(current.obj, CliContext) and current.obj.log_format == JSON:
        log.warning("%s", text)
        return
    click.echo(f"warning: {printable(text)}", err=True)


def confirm(question: str) -> None:
    """Ask for confirmation. Raises click.Abort for any answer but yes."""
    click.confirm(printable(question), abort=True)


def prompt(question: str, default: str | None, *, show_default: bool) -> str:
    """Put a question; `default` is the answer of who gives none, and without it one has to be given."""
    answer: str = click.prompt(printable(question), default=default, show_default=show_default, type=str)
    return answer


def ask(question: str, *, secret: bool = False) -> str:
    """Put a question, and return the answer without spaces around it; an empty one is an answer too. What is `secret` does
    not show."""
    answer: str = click.prompt(printable(question), default="", show_default=False, hide_input=secret, err=True)
    return answer.strip()


def warn_of_clock(app: CliContext) -> None:
    """Warn if the store holds times later than now, and say what becomes of them."""
    from .. import pipeline

    with app.store() as database:
        for line in pipeline.preview_clock_repair(app.newsroom, database, clock()):
            warn(line)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows under their headings, or `empty` if there are none."""
    if not rows:
        say(empty)
        return
    cells = [[printable_line(str(cell)) for cell in row] for row in rows]
    if not on_terminal():
        widths = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns))]
        for row in [list(columns), *cells]:
            say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def limit_option(shown: int, order: str) -> Callable[[F], F]:
    """The number of rows of a long list: `shown` in a table by default, all of them in JSON."""
    text = f"How many to show, {order}.  [default: {shown} in a table, all with --json]"
    return click.option("-n", "--limit", metavar="N", type=click.IntRange(1), default=None, help=text)


def show_remaining(shown: int, total: int) -> None:
    """Say how many rows of a table are not shown, and how to see them."""
    if total > shown:
        say(f"{total - shown:,} more; --limit {total} or --json shows all {total:,}")


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 article`, `3 articles`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def complete(names: Callable[[Newsroom], Sequence[str]]) -> Callable[..., list[str]]:
    """Shell completion from the newsroom; silent if its configuration is wrong."""

    @functools.wraps(names)
    def completer(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        from ..newsroom import open_newsroom

        root = ctx.find_root()
        try:
            newsroom = open_newsroom(Path(root.params.get("config") or "config.yaml"))
            return [name for name in names(newsroom) if name.startswith(incomplete)]
        except Exception:
            return []

    return completer


complete_newsletter = complete(lambda newsroom: list(newsroom.settings.newsletters))
complete_channel = complete(lambda newsroom: list(newsroom.channels))
complete_source = complete(lambda newsroom: list(newsroom.sources))


def _edition_ids(newsroom: Newsroom) -> list[str]:
    from ..editions import repository as edition_repository

    database = newsroom.open_store(migrate=False)
    try:
        with database.read() as connection:
            return [row.id for row in edition_repository.list_editions(connection, limit=100)]
    finally:
        database.close()


complete_edition = complete(_edition_ids)


def _article_ids(newsroom: Newsroom) -> list[str]:
    from ..articles import repository as article_repository

    database = newsroom.open_store(migrate=False)
    try:
        with database.read() as connection:
            return [article.id for article in article_repository.list_newest_articles(connection, 100)]
    finally:
        database.close()


complete_article = complete(_article_ids)
