"""CSV files of addresses on the command line: imported row by row, exported for their owner only."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO, TypeVar

import click

from .context import CliContext, on_terminal, plural, say, warn

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..subscribers.csv.records import BadRow


T = TypeVar("T")


class ImportOutcome(NamedTuple):
    """What came of a good row: a word that is counted, and what else staff must know of it."""

    change: str
    note: str = ""


_CHUNK = 2_000  # rows handed over at once
_ROWS_PER_TRANSACTION = (
    100_000  # rows of one transaction: the more, the less a store has to sort; but others wait for its end
)
_MAX_TRANSACTION_SECONDS = (
    5.0  # seconds after which a turn ends all the same: staff who want to pause an edition cannot wait
)
_MAX_COLUMNS_SHOWN = 40  # columns that are skipped, by name
_ROWS_PER_LINE = 100_000  # rows between two plain lines
_PAUSE_BETWEEN_TRANSACTIONS = (
    0.12  # seconds between two transactions: who waits for a SQLite store looks every tenth of a second
)


encoding_option = click.option(
    "--encoding",
    metavar="NAME",
    default="",
    help="The encoding of the file, if not UTF-8 or UTF-16: windows-1258, windows-1252 …",
)


@contextlib.contextmanager
def open_csv(file: Path, encoding: str = "") -> Iterator[TextIO]:
    """A list to be read, in the encoding that is named or that its bytes show; what cannot be read in it stands as
    U+DC80 to U+DCFF or U+FFFD. Raises UserError where there is no file, or its encoding cannot be told."""
    from ..errors import UserError
    from ..subscribers.csv.encoding import Encoding, detect

    try:
        with _open_seekable(file) as raw:
            try:
                found = Encoding(_checked_encoding(encoding), damaged=True) if encoding else detect(raw)
            except ValueError as error:
                raise UserError(f"{file}: {error}") from None
            raw.seek(0)
            if found.guessed:
                say(f"{file}: read as {found.name}; if letters are wrong, name another with --encoding")
            errors = ("surrogateescape" if found.name == "utf-8-sig" else "replace") if found.damaged else "strict"
            lines = io.TextIOWrapper(raw, encoding=found.name, errors=errors, newline="")
            yield lines
            lines.detach()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from None


def _checked_encoding(encoding: str) -> str:
    try:
        "".encode(encoding)
    except (LookupError, ValueError):
        raise ValueError(
            f"--encoding: {encoding!r} is no encoding; write utf-8, windows-1258, windows-1252 …"
        ) from None
    return encoding


@contextlib.contextmanager
def _open_seekable(file: Path) -> Iterator[BinaryIO]:
    """A file that can be read more than once; a pipe is copied into one that has no name."""
    with file.open("rb") as raw:
        if raw.seekable():
            yield raw
            return
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(raw, kept)
            kept.seek(0)
            yield kept


def show_skipped_columns(file: Path, columns: Sequence[str]) -> None:
    """One line for the columns of a list that are passed over."""
    if columns:
        more = f" and {len(columns) - _MAX_COLUMNS_SHOWN} more" if len(columns) > _MAX_COLUMNS_SHOWN else ""
        say(
            f"{file}: skips {plural(len(columns), 'column')}: "
            f"{', '.join(name[:40] for name in columns[:_MAX_COLUMNS_SHOWN])}{more}"
        )


def import_rows(
    app: CliContext,
    file: Path,
    rows: Iterable[T | BadRow],
    put: Callable[[Connection, Sequence[T]], Iterable[ImportOutcome]] | None,
    total: int | None = None,
    noted: str = "",
) -> None:
    """Read rows and `put` the good ones into the store; `put` says of each what came of it, and is None in a dry run.
    `noted` says in the summary what those are of whom there was more to say.

    What they say besides is told when it stands in the store. Raises SystemExit(1) at the end where there were bad rows.
    """
    told: list[BadRow] = []
    good = _good_rows(file, rows, told)
    counts: Counter[str] = Counter()
    remarks = 0
    with _progress_bar(total) as progress:
        if put is None:
            for chunk in _chunks(good):
                progress(len(chunk))
                counts["dry run"] += len(chunk)
        else:
            remarks = _store_rows(app, file, good, put, counts, progress)
    done = ", ".join(f"{number} {change}" for change, number in counts.items()) or "nothing changed"
    number = counts.total()
    say(f"{file}: {plural(number, 'good row')}, {plural(len(told), 'bad row')}; {done if put else 'dry run'}")
    if remarks:
        say(f"{file}: {remarks} {noted}")
    if told:
        raise SystemExit(1)


def _store_rows(
    app: CliContext,
    file: Path,
    good: Iterator[T],
    put: Callable[[Connection, Sequence[T]], Iterable[ImportOutcome]],
    counts: Counter[str],
    progress: Callable[[int], None],
) -> int:
    """Turn by turn. One that fails is undone as a whole; those before it stand. Returns how many remarks were made."""
    from ..errors import StoreError
    from ..storage import statements

    chunks = _chunks(good)
    remarks = 0
    try:
        with app.store() as database:
            for first in chunks:
                outcomes: list[ImportOutcome] = []
                with database.write(long=True) as connection:
                    statements.enlarge_cache(connection)
                    begun = time.monotonic()
                    for chunk in chain([first], islice(chunks, _ROWS_PER_TRANSACTION // _CHUNK - 1)):
                        outcomes += put(connection, chunk)
                        progress(len(chunk))
                        if time.monotonic() - begun > _MAX_TRANSACTION_SECONDS:
                            break
                counts.update(outcome.change for outcome in outcomes)
                for outcome in outcomes:
                    if outcome.note:
                        remarks += 1
                        warn(f"{file}: {outcome.note}")
                time.sleep(_PAUSE_BETWEEN_TRANSACTIONS)
    except (StoreError, KeyboardInterrupt):
        if counts:
            warn(f"{file}: {plural(counts.total(), 'row')} are in already; import the file again for the rest")
        raise
    return remarks


def _good_rows(file: Path, rows: Iterable[T | BadRow], told: list[BadRow]) -> Iterator[T]:
    from ..subscribers.csv.records import BadRow

    for row in rows:
        if isinstance(row, BadRow):
            told.append(row)
            warn(f"{file}:{row.line}: {row.reason}")
        else:
            yield row


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


@contextlib.contextmanager
def _progress_bar(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, lines elsewhere, for lists that take a while."""
    if not on_terminal():
        done = 0

        def line(number: int) -> None:
            nonlocal done
            done += number
            if done % _ROWS_PER_LINE == 0:
                say(f"{done} rows read")

        yield line
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        task = bar.add_task("importing", total=total)
        yield lambda number: bar.advance(task, number)


DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_BOM = "\ufeff"  # Excel takes a CSV file without it for the old encoding of the country

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write.  [default: standard output]",
)
delimiter_option = click.option(
    "--delimiter",
    type=click.Choice(list(DELIMITERS)),
    default="comma",
    show_default=True,
    help="The character between fields. Excel with Vietnamese or European settings expects semicolons.",
)


def export(output: Path | None, write: Callable[[TextIO], int]) -> int | None:
    """Let `write` write to a file, or to standard output; returns what it returns, for a file. A file is UTF-8 with its
    mark, what is piped to other programs is without. Raises UserError."""
    from .. import permissions
    from ..errors import UserError

    if output is None:
        sys.stdout.flush()
        _write_text(sys.stdout.buffer, write, mark=_is_file(sys.stdout.buffer))
        return None
    try:
        if output.exists() and not output.is_file():  # a device or a pipe
            with output.open("wb") as stream:
                return _write_text(stream, write, mark=False)
        with permissions.atomic_writer(output.resolve(), permissions.PRIVATE) as stream:
            return _write_text(stream, write, mark=True)
    except OSError as error:
        raise UserError(f"{output}: cannot be written: {error.strerror or error}") from None


def _write_text(stream: BinaryIO, write: Callable[[TextIO], int], *, mark: bool) -> int:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    try:
        if mark:
            text.write(_BOM)
        return write(text)
    finally:
        text.flush()
        text.detach()


def _is_file(stream: BinaryIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False
