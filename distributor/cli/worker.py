"""`distributor worker`."""

from __future__ import annotations

import asyncio

import click

from .context import CliContext, clock, pass_cli_context, say

_QUEUES = ("mail", "posts", "editions", "gather", "bounces", "pages")


@click.command("worker", short_help="Work on the tasks of a store on PostgreSQL, on any host.")
@click.option(
    "--queues",
    metavar="NAMES",
    default="mail",
    show_default=True,
    help=f"What to work on, with commas between: {', '.join(_QUEUES)}; or all.",
)
@pass_cli_context
def command(app: CliContext, queues: str) -> None:
    """Work on tasks until stopped, beside `serve` and other workers, on this host or another one.

    The store must be a PostgreSQL, and config.yaml, templates, channels and keys the same on every host, with the same
    `instance`. Any worker may die at any time: another one goes on.

    Ctrl-C or SIGTERM stops cleanly: the messages being sent are finished and recorded.
    """
    from .. import pipeline
    from ..errors import UserError
    from ..service_steps import ServiceSteps
    from ..task_worker import TaskWorker
    from ..tasks import queue
    from .deliver import run_until_stopped, stop_on_signals

    wanted = _parse_queues(queues)
    app.log_progress()
    stop = asyncio.Event()
    with app.store() as database:
        if not database.is_server:
            raise click.UsageError(
                "a store on SQLite has no tasks: `distributor serve` does all its work; for more hosts than one, "
                "copy it to a PostgreSQL with `distributor store copy`"
            )
        if not app.newsroom.present_key():
            raise UserError(
                f"{app.newsroom.key_location} is missing: start `serve` once, which makes it, and copy it and "
                "var/store.id from its host to this one"
            )
        if difference := pipeline.find_difference(database, pipeline.compute_fingerprint(app.newsroom)):
            raise UserError(difference)
        worker = TaskWorker(app.newsroom, database, clock, stop, queues=wanted)
        steps = ServiceSteps(worker, worker.wake.set, by_tasks=True)
        worker.add_handlers(steps.handlers())

        async def run() -> None:
            with stop_on_signals(stop, last=True):
                say(f"Working on {', '.join(name for name in queue.QUEUES if name in wanted)}. Ctrl-C stops.")
                try:
                    await worker.run()
                finally:
                    await steps.close()

        run_until_stopped(run())


def _parse_queues(names: str) -> list[str]:
    """Raises UsageError for a name that is none of a queue."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if wanted == ["all"]:
        return list(_QUEUES)
    unknown = [name for name in wanted if name not in _QUEUES]
    if unknown or not wanted:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'nothing'} is no queue; there are {', '.join(_QUEUES)}", param_hint="--queues"
        )
    return wanted
