"""`distributor editions settle`: staff say what became of posts that may be out."""

from __future__ import annotations

import getpass

import click

from .context import CliContext, by_option, clock, complete_channel, complete_edition, pass_cli_context, plural, say


@click.command("settle", short_help="Say what became of posts that may be out.")
@click.argument("edition", shell_complete=complete_edition)
@click.option("--channel", required=True, metavar="CHANNEL", help="The channel.", shell_complete=complete_channel)
@click.option(
    "--post", "variant", default="", metavar="POST", help="Only this post, as `distributor deliveries` names it."
)
@click.option("--out", "verdict", flag_value="out", help="It is there.")
@click.option("--again", "verdict", flag_value="again", help="It is not there: post it again.")
@click.option("--give-up", "verdict", flag_value="give up", help="It is not there, and stays so.")
@click.option("--id", "remote_id", default="", metavar="ID", help="With --out: its id at the network, for corrections.")
@click.option("--url", default="", metavar="URL", help="With --out: its address.")
@by_option
@pass_cli_context
def settle(
    app: CliContext,
    edition: str,
    channel: str,
    variant: str,
    verdict: str | None,
    remote_id: str,
    url: str,
    by: str | None,
) -> None:
    """Say what became of posts that may be out, after you have looked at the network.

    A post of which no clear answer came is not repeated by itself where the network cannot be asked. What follows it in a
    thread waits with it. Where you learn the id of a post later, say --out --id again: then corrections can change it.
    """
    from .. import pipeline
    from ..delivery.settle import Verdict
    from ..errors import UserError
    from ..model import Receipt

    if verdict is None:
        raise UserError("say what you have found: --out, --again or --give-up")
    if (remote_id or url) and verdict != "out":
        raise UserError("--id and --url are those of a post that is there: they go with --out")
    with app.store() as database:
        receipt = Receipt(remote_id=remote_id, url=url)
        who = by or getpass.getuser()
        found, woken = pipeline.settle_posts(
            database, edition, channel, variant, Verdict(verdict), receipt, who, clock()
        )
    done = {"out": "sent", "again": "queued again", "give up": "given up"}[verdict]
    say(f"{edition}: {plural(len(found), 'post')} on {channel} {done}: {', '.join(row.variant for row in found)}")
    if verdict == "out" and not remote_id:
        say(
            "  without --id, corrections cannot change or delete it from here; say it again with --post and --id, any time"
        )
    if woken:
        say(f"  {plural(woken, 'post')} to go out; `distributor serve` or `distributor deliver` sends them")
