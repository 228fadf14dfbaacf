"""`distributor doctor`."""

from __future__ import annotations

import click

from .context import CliContext, clock, json_option, pass_cli_context, plural, say


@click.command("doctor", short_help="Look for damaged rows in the store, and repair them.")
@click.option("--repair", "mend", is_flag=True, help="Set damaged rows aside: each is kept in a file of var/set-aside.")
@json_option
@pass_cli_context
def command(app: CliContext, mend: bool, as_json: bool) -> None:
    """Look for damaged rows in the store, and repair them.

    Every command names such a row and passes over it; here all of them are found, with what a repair would do to each.
    The exit code is 1 where something is damaged and was not repaired. Nothing that was sent is sent again by a repair,
    and whoever must not be written to is not.
    """
    from ..errors import StoreError
    from ..pipeline import store_check

    folder = app.newsroom.folder / "var" / "set-aside"
    with app.store() as database:
        database.check_tables()
        if mend:
            try:
                with database.write() as connection:
                    found = store_check.find_damage(connection, clock())
                    file = store_check.repair_damage(connection, found, folder, clock())
            except OSError as error:
                raise StoreError(f"{folder}: cannot be written: {error.strerror}; nothing was changed") from None
        else:
            with database.read() as connection:
                found, file = store_check.find_damage(connection, clock()), None
    if as_json:
        app.show_json(
            {"damaged": [str(one) for one in found], "repaired": bool(file), "kept_in": str(file) if file else ""}
        )
    else:
        for one in found:
            say(str(one))
        if file:
            say(f"{plural(len(found), 'damaged value')} repaired; the rows as they were are in {file}")
        elif found:
            say(f"{plural(len(found), 'damaged value')}; `distributor doctor --repair` does what is said above")
        else:
            say("ok: every row of the store can be read", fg="green")
    if found and not file:
        raise SystemExit(1)
