"""`distributor editions`."""

from __future__ import annotations

import click

from .app import App, complete_newsletter, json_option, pass_app, show_json, show_table


@click.command("editions", short_help="Show the editions that were made.")
@click.argument("newsletter", required=False, shell_complete=complete_newsletter)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@json_option
@pass_app
def command(app: App, newsletter: str | None, limit: int, as_json: bool) -> None:
    """Show the editions that were made, newest first, and how far each has come."""
    from ..delivery import ledger
    from ..editions import book

    if newsletter:
        app.newsroom.newsletter(newsletter)
    with app.store() as database, database.read() as connection:
        found = book.listing(connection, newsletter, limit)
        tallies = {row.id: ledger.tally(connection, row.id) for row in found}
    if as_json:
        show_json(
            [{name: getattr(row, name) for name in row.__slots__} | {"deliveries": tallies[row.id]} for row in found]
        )
        return
    rows = []
    for row in found:
        counts: dict[str, int] = {}
        for states in tallies[row.id].values():
            for state, number in states.items():
                counts[state] = counts.get(state, 0) + number
        progress = ", ".join(f"{number} {state}" for state, number in counts.items())
        rows.append((row.id, app.local(row.frozen_at), row.slot, row.subject, progress))
    show_table(["id", "frozen", "slot", "subject", "deliveries"], rows, "No editions yet.")
