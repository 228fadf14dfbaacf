"""Writes lists of addresses as CSV files: for their owner's eyes only, whole or not at all, and so that Excel shows the
letters right."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

import click

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_BOM = "\ufeff"  # Excel takes a CSV file without it for the old encoding of the country

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write. [default: the terminal]"
)
delimiter_option = click.option(
    "--delimiter",
    type=click.Choice(list(DELIMITERS)),
    default="comma",
    show_default=True,
    help="Between fields. Excel with Vietnamese or European settings opens files with semicolons.",
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
