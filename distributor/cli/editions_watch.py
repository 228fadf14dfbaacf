"""`distributor editions watch`: how far an edition has come, again and again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from .context import CliContext, clock, complete_edition, json_option, on_terminal, pass_cli_context, say

if TYPE_CHECKING:
    from ..delivery.queries import DeliveryProgress

_EVERY = 2.0  # seconds between two counts; counting a large edition takes longer, and waits longer


@dataclass(frozen=True, slots=True)
class DeliverySpeed:
    """How fast deliveries are finished: how many a second, and when the last one will be."""

    rate: float
    ends: datetime | None


def measure_speed(counts: Sequence[tuple[datetime, DeliveryProgress]]) -> DeliverySpeed:
    """The speed over the last ten counts. Pure."""
    (before, first), (now, last) = counts[-10:][0], counts[-1]
    seconds = (now - before).total_seconds()
    rate = (last.closed - first.closed) / seconds if seconds > 0 else 0.0
    ends = now + timedelta(seconds=last.open / rate) if rate > 0 and last.open else None
    return DeliverySpeed(rate, ends)


@click.command("watch", short_help="Watch an edition until all of it is sent.")
@click.argument("edition", shell_complete=complete_edition)
@click.option("--once", is_flag=True, help="Show the progress once and exit.")
@json_option
@pass_cli_context
def watch(app: CliContext, edition: str, once: bool, as_json: bool) -> None:
    """Watch an edition until all of it is sent: progress, speed, and the replies, grouped.

    Ctrl-C stops watching; sending continues.
    """
    from ..delivery import channel_state
    from ..delivery.queries import edition_progress
    from ..editions import repository as edition_repository
    from ..errors import UserError

    counts: list[tuple[datetime, DeliveryProgress]] = []
    with app.store() as database:
        while True:
            started = time.monotonic()
            with database.read(long=True) as connection:
                row = edition_repository.find_row(connection, edition)
                if row is None:
                    raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
                now = edition_progress(connection, edition)
                broken = [
                    fault
                    for name, fault in channel_state.faults_by_channel(connection).items()
                    if now.open and name in now.channels
                ]
            counts.append((clock(), now))
            speed = measure_speed(counts)
            if as_json:
                app.show_json(
                    now.as_data()
                    | {"rate": round(speed.rate, 1), "ends": speed.ends, "paused": bool(row.paused_at)}
                    | {"channel_faults": {one.channel: {"text": one.text, "at": one.at} for one in broken}}
                )
            else:
                for line in progress_lines(app, edition, now, speed, paused=bool(row.paused_at)):
                    say(line)
                for one in broken:
                    say(f"  the channel {one.channel} failed {app.local(one.at)}: {one.text}")
            if once or not now.open:
                return
            try:
                time.sleep(max(_EVERY, 4 * (time.monotonic() - started)))
            except KeyboardInterrupt:
                return
            if on_terminal() and not as_json:
                click.clear()


def progress_lines(
    app: CliContext, edition: str, now: DeliveryProgress, speed: DeliverySpeed, *, paused: bool
) -> list[str]:
    """The progress: one line for the whole, and one for each kind of reply."""
    share = 100 * now.closed / now.total if now.total else 100.0
    line = f"{edition}: {now.closed} of {now.total} ({share:.1f} %)"
    if paused:
        line += ", paused"
    elif now.open:
        line += f", {speed.rate:.0f}/s" + (f", ends about {app.local(speed.ends)}" if speed.ends else "")
    states = ", ".join(f"{number} {state}" for state, number in now.states.items())
    return [line, f"  {states or 'no deliveries'}", *(f"  {number:>8} x {reply}" for reply, number in now.replies)]
