"""How far a copy or a pruning of the store is: a bar on a terminal, a line for each table elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from .context import on_terminal, plural, say


@contextlib.contextmanager
def table_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Called with the table, the rows of it that are done, and how many it has."""
    if not on_terminal():

        def line(table: str, done: int, total: int) -> None:
            if done >= total:
                say(f"{table}: {plural(done, 'row')}")

        yield line
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        task = bar.add_task("")
        yield lambda table, done, total: bar.update(task, description=table, completed=done, total=total)
