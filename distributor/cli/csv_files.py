"""CSV files of addresses on the command line: imported row by row, exported for their owner only."""

from __future__ import annotations

import contextlib
import gc
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

from ..files import UnsafeFile, open_ordinary
from .context import CliContext, on_terminal, plural, say, warn

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..subscribers.csv.records import BadRow


T = TypeVar("T")


class ImportOutcome(NamedTuple):
    """What became of a good row: a word that is counted, and a note for staff, if any."""

    change: str
    note: str = ""


_CHUNK = 20_000  # rows handed over at once: the more, the fewer pages of a large store are looked at for each
_ROWS_PER_TRANSACTION = (
    200_000  # rows of one transaction: the more, the less a store has to sort; but others wait for its end
)
_MAX_TRANSACTION_SECONDS = (
    5.0  # seconds within which a turn ends all the same: staff who want to pause an edition cannot wait
)
_MAX_COLUMNS_SHOWN = 40  # columns that are skipped, by name
_ROWS_PER_LINE = 100_000  # rows between two plain lines
_PAUSE_BETWEEN_TRANSACTIONS = (
    0.12  # seconds at least between two transactions: who waits for a SQLite store looks every tenth of a second
)


encoding_option = click.option(
    "--encoding",
    metavar="NAME",
    default="",
    help="The encoding of the file, if not UTF-8 or UTF-16: windows-1258, windows-1252 …",
)


@contextlib.contextmanager
def open_csv(file: Path, encoding: str = "") -> Iterator[TextIO]:
    """Open a list in the named or the detected encoding; undecodable bytes become U+DC80 to U+DCFF or U+FFFD.

    Raises UserError if there is no file, or its encoding cannot be detected.
    """
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
                say(f"{file}: read as {found.name}; if letters look wrong, name the encoding with --encoding")
            errors = ("surrogateescape" if found.name == "utf-8-sig" else "replace") if found.damaged else "strict"
            lines = io.TextIOWrapper(raw, encoding=found.name, errors=errors, newline="")
            yield lines
            lines.detach()
    except UnsafeFile as error:
        raise UserError(f"{file}: {error}") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from None


def _checked_encoding(encoding: str) -> str:
    try:
        "".encode(encoding)
    except (LookupError, ValueError):
        raise ValueError(
            f"--encoding: {encoding!r} is not an encoding; write utf-8, windows-1258, windows-1252 …"
        ) from None
    return encoding


@contextlib.contextmanager
def _open_seekable(file: Path) -> Iterator[BinaryIO]:
    """A file that can be read more than once; a pipe is copied into a temporary file."""
    with open_ordinary(file, piped=True) as raw:
        if raw.seekable():
            yield raw
            return
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(raw, kept)
            kept.seek(0)
            yield kept


def show_skipped_columns(file: Path, columns: Sequence[str]) -> None:
    """Name the columns that are skipped."""
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
    note_summary: str = "",
    refused: Path | None = None,
) -> None:
    """Read rows and `put` the good ones into the store; `put` is None in a dry run. Rows that are not imported are written
    to `refused`, with line (of a bad row) and reason.

    `note_summary` is what the summary says of the rows with a note. Notes are shown once their rows are stored. Raises
    SystemExit(1) at the end if there were bad rows.
    """
    bad_rows: list[BadRow] = []
    good = _good_rows(file, rows, bad_rows)
    counts: Counter[str] = Counter()
    notes: list[str] = []
    with _progress_bar(total) as progress:
        if put is None:
            for chunk in _chunks(good):
                progress(len(chunk))
                counts["dry run"] += len(chunk)
        else:
            _store_rows(app, file, good, put, counts, progress, notes)
    if refused:
        _write_refused(refused, bad_rows, notes)
    done = ", ".join(f"{number} {change}" for change, number in counts.items()) or "nothing changed"
    number = counts.total()
    say(f"{file}: {plural(number, 'good row')}, {plural(len(bad_rows), 'bad row')}; {done if put else 'dry run'}")
    if notes:
        say(f"{file}: {len(notes)} {note_summary}")
    if bad_rows:
        raise SystemExit(1)


def _store_rows(
    app: CliContext,
    file: Path,
    good: Iterator[T],
    put: Callable[[Connection, Sequence[T]], Iterable[ImportOutcome]],
    counts: Counter[str],
    progress: Callable[[int], None],
    notes: list[str],
) -> None:
    """Store the rows in transactions of limited length and time, and collect the notes on rows."""
    from ..errors import StoreError
    from ..storage import statements

    chunks = _chunks(good)
    turn = 0.0  # when the next transaction may begin
    try:
        with app.store() as database:
            for first in chunks:
                time.sleep(max(0.0, turn - time.monotonic()))
                outcomes: list[ImportOutcome] = []
                with _collector_paused(), database.write(long=True) as connection:
                    statements.enlarge_cache(connection)
                    begun = ended = time.monotonic()
                    for chunk in chain([first], islice(chunks, _ROWS_PER_TRANSACTION // _CHUNK - 1)):
                        outcomes += put(connection, chunk)
                        progress(len(chunk))
                        last, ended = ended, time.monotonic()
                        if ended + (ended - last) > begun + _MAX_TRANSACTION_SECONDS:
                            break
                turn = time.monotonic() + _PAUSE_BETWEEN_TRANSACTIONS
                counts.update(outcome.change for outcome in outcomes)
                for outcome in outcomes:
                    if outcome.note:
                        notes.append(outcome.note)
                        warn(f"{file}: {outcome.note}")
    except (StoreError, KeyboardInterrupt):
        if counts:
            warn(f"{file}: {plural(counts.total(), 'row')} are already imported; import the file again for the rest")
        raise


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for reference cycles meanwhile: rows have none, and looking through them takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _write_refused(file: Path, bad_rows: Sequence[BadRow], notes: Sequence[str]) -> None:
    """The rows that were not imported, as CSV: line and reason. Raises UserError."""
    import csv

    from ..subscribers.csv.records import escape_formulas

    def write(text: TextIO) -> int:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["line", "reason"])
        writer.writerows((row.line, escape_formulas(row.reason)) for row in bad_rows)
        writer.writerows(("", escape_formulas(note)) for note in notes)
        return len(bad_rows) + len(notes)

    say(f"{file}: {plural(export(file, write) or 0, 'refused row')}")


def _good_rows(file: Path, rows: Iterable[T | BadRow], bad_rows: list[BadRow]) -> Iterator[T]:
    from ..subscribers.csv.records import BadRow

    for row in rows:
        if not isinstance(row, BadRow):
            yield row
            continue
        bad_rows.append(row)
        warn(f"{file}:{row.line}: {row.reason}")


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


@contextlib.contextmanager
def _progress_bar(total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, lines elsewhere."""
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
_BOM = "\ufeff"  # without it, Excel reads a CSV file in the old encoding of the country

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


def export(output: Path | None, write: Callable[[TextIO], int], *, bom: bool = True) -> int | None:
    """Let `write` write to a file, or to standard output; for a file, returns what it returns.

    Files start with a byte order mark, for Excel, unless `bom` is False; what is piped to other programs does not. Raises
    UserError.
    """
    from .. import permissions
    from ..errors import UserError

    if output is None:
        sys.stdout.flush()
        _write_text(sys.stdout.buffer, write, bom=bom and _is_file(sys.stdout.buffer))
        return None
    try:
        if output.exists() and not output.is_file():  # a device or a pipe
            with output.open("wb") as stream:
                return _write_text(stream, write, bom=False)
        with permissions.atomic_writer(output.resolve(), permissions.PRIVATE) as stream:
            return _write_text(stream, write, bom=bom)
    except OSError as error:
        raise UserError(f"{output}: cannot be written: {error.strerror or error}") from None


def _write_text(stream: BinaryIO, write: Callable[[TextIO], int], *, bom: bool) -> int:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    try:
        if bom:
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
