"""`distributor init`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from .context import pass_cli_context, say


@click.command("init", short_help="Make a new newsroom folder that runs as it is.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@pass_cli_context
def command(_app: object, directory: Path) -> None:
    """Make a new newsroom folder that runs as it is: config.yaml, two articles, folders for your own files.

    DIRECTORY is created if it does not exist. Existing files are never changed. config.yaml has the settings that a newsroom
    needs; `distributor config` shows all the others.
    """
    from .. import starter
    from ..errors import UserError

    origin = Path(next(iter(starter.__path__)))
    if (directory / "config.yaml").exists():
        raise UserError(f"{directory / 'config.yaml'} exists already: nothing was changed")
    files = sorted(
        path for path in origin.rglob("*") if path.is_file() and path.suffix != ".py" and path.suffix != ".pyc"
    )
    try:
        for path in files:
            target = directory / path.relative_to(origin)
            if target.name == "gitignore":
                target = target.with_name(".gitignore")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copyfile(path, target)
    except OSError as error:
        raise UserError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None
    say(f"The newsroom is in {directory.absolute()}. Next:")
    where = "" if directory == Path() else f"cd {directory} && "
    say(f"  {where}distributor check")
    say("  distributor subscribers add you@example.com")
    say("  distributor preview tin-sang --open")
    say("  distributor send tin-sang")
    say("  distributor serve, then open http://127.0.0.1:8080/: sign-up, archive, feeds; emails at /mailbox")
    say("Put your site, sources and mail server in config.yaml; `distributor config` explains every setting.")
