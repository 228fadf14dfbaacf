"""`distributor migrate`."""

from __future__ import annotations

import click

from .context import CliContext, pass_cli_context, say


@click.command("migrate", short_help="Show or run the migrations of the store.")
@click.option("--dry-run", is_flag=True, help="Only show what would run.")
@pass_cli_context
def command(app: CliContext, dry_run: bool) -> None:
    """Show or run the migrations of the store. Every other command runs them by itself at its start."""
    database = app.newsroom.open_store(migrate=False)
    try:
        pending = database.pending()
        say(f"store {database.name} is at version {database.revision() or 'none'}")
        if not pending:
            say("up to date")
        elif dry_run:
            say(f"would run: {', '.join(pending)}")
        else:
            say(f"ran: {', '.join(database.migrate())}")
    finally:
        database.close()
