"""`distributor backup` and `distributor restore`."""

from __future__ import annotations

from pathlib import Path

import click

from .context import CliContext, clock, pass_cli_context, plural, say, stopped_by_sigterm, warn
from .progress import table_progress


@click.command("backup", short_help="Write the whole newsroom into one file.")
@click.argument("target", metavar="FOLDER|FILE", type=click.Path(path_type=Path))
@pass_cli_context
def command(app: CliContext, target: Path) -> None:
    """Write the whole newsroom into one file, while everything goes on.

    FILE ends in .tar.gz or .tar and must not exist; in a FOLDER, a file with the time in its name is made. It holds the
    store as it is at one moment, config.yaml, templates/, channels/, sources/, keys and other files that config.yaml names,
    feeds, pages and pictures, but no articles of folder sources, nor emails that were only saved: what of it is needed
    again is named. Others on this machine cannot read it; encrypt it before it leaves, as it holds every address.

    `distributor restore` makes a newsroom of it again.
    """
    from contextlib import closing

    from ..pipeline import backup

    database = app.newsroom.open_store(migrate=False)
    with closing(database), stopped_by_sigterm(), table_progress() as progress:
        made = backup.make_backup(app.newsroom, database, target, clock(), progress)
    for path in made.left_out:
        warn(f"{path} is not in the backup: keep a copy of it yourself")
    say(f"{plural(made.files, 'file')} and {made.rows:,} rows, {made.size / 1_000_000:.1f} MB: {made.file}")


@click.command("restore", short_help="Make a newsroom of a backup, in a new folder.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@pass_cli_context
def restore(_app: CliContext, file: Path, folder: Path) -> None:
    """Make a newsroom of a backup, in a new folder.

    FOLDER must be new or empty: nothing is ever overwritten. Every file is compared with the backup's manifest. Nothing is
    sent from there until `distributor store claim` says that the newsroom belongs there now, and that the other one is
    switched off.
    """
    from ..pipeline import backup

    with stopped_by_sigterm():
        made = backup.restore_backup(file, folder)
    say(f"The newsroom as it was at {made.made} is in {made.folder}. Next:")
    for path in made.left_out:
        say(f"  put {path} back: it was not in the backup")
    if made.kept_elsewhere:
        say(f"  its store is in {made.store}; config.yaml names another one. Copy it there, or name this file:")
        say(f"  distributor -c {made.config} store copy sqlite:///{made.store} ADDRESS")
    say(f"  distributor -c {made.config} check")
    say(f"  distributor -c {made.config} deliveries, for what was open then and may have been sent since")
    say(f"  distributor -c {made.config} store claim, once the other newsroom is switched off: nothing is sent before")
