"""Procrastinate, as we use it. Imported only where a store has a queue."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import procrastinate
from procrastinate import exceptions, jobs, manager

for _name in ("procrastinate", "psycopg.pool"):  # what matters is told by us, once, and in the ledger
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_DELETE = "DELETE FROM procrastinate_jobs WHERE id = %(job)s AND (worker_id = %(worker)s OR worker_id IS NULL)"
_TRIES, _PAUSE = 3, 1.0  # to delete a task that has ended, and seconds between them
_TIMEOUT = 10.0  # seconds that a connection may take


@functools.cache
def sync_app() -> procrastinate.App:
    """An app without connections of its own: it writes on ours. One whose pool is open could not."""
    return procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def working_app(
    driver_arguments: Mapping[str, Any],
    connections: int,
    handlers: Mapping[str, Callable[..., Awaitable[None]]],
    failed: Callable[[], None],
) -> procrastinate.App:
    """An app with connections of its own, and a task for each queue. `failed` is called when the end of a task could not be
    written down: then its worker must not go on as if it still had it."""
    connector = procrastinate.PsycopgConnector(
        kwargs=dict(driver_arguments), min_size=1, max_size=connections, timeout=_TIMEOUT, reconnect_timeout=_TIMEOUT
    )
    app = procrastinate.App(connector=connector)
    app.job_manager = _JobManager(connector, failed)
    for queue, handler in handlers.items():
        app.task(name=queue, queue=queue)(_as_task(handler))
    return app


class _JobManager(manager.JobManager):
    """Deletes what has ended, if it is still ours. The engine's own function closes whoever's run it is, and raises where
    there is none any more: where it was given to somebody else because we had stopped, or deleted by hand."""

    def __init__(self, connector: procrastinate.PsycopgConnector, failed: Callable[[], None]) -> None:
        super().__init__(connector)
        self._failed = failed

    async def finish_job(self, job: jobs.Job, status: jobs.Status, delete_job: bool) -> None:
        for _ in range(_TRIES):
            try:
                await self.connector.execute_query_async(_DELETE, job=job.id, worker=job.worker_id)
                return
            except exceptions.ConnectorException:
                await asyncio.sleep(_PAUSE)
        self._failed()


def _as_task(handler: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The engine looks whether a task is a coroutine function."""

    async def task(**arguments: Any) -> None:
        await handler(**arguments)

    return task
