"""The web pages beside the service: in its event loop, or in a process of their own. Whatever becomes of them, what is sent
goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from .delivery import outbox, queries
from .editions.web_archive import fill_index
from .errors import DistributorError
from .newsroom import Newsroom
from .storage.database import Database
from .web.ticks import FILE, Ticks
from .workers import FaultLog, describe_fault, follow_clock_of, keep_process_alive, wait_for_any

if TYPE_CHECKING:
    from .web.context import WebContext

NOTICE_EVERY = 0.25  # seconds between two looks for what pages in another process have asked for
_RETRY_AFTER = 5.0  # seconds after which pages that failed are served again


class PagesLoop:
    """Serves the pages until `stop`. `wake` tells the service that a page has given it something to do. Unless `here`, they
    are served elsewhere, and only what they ask for is noticed."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        faults: FaultLog,
        wake: Callable[[], None] = lambda: None,
        *,
        here: bool = True,
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.stop = stop
        self.faults = faults
        self.wake = wake
        self.here = here
        self._settings = newsroom.settings.web_settings
        self._listening: socket.socket | None = None
        self._ticks: Ticks | None = None  # of the service, which has them where it runs here

    def note_tick(self) -> None:
        """The service, which runs in this process, has checked what is due."""
        self.service_ticks().note(self.clock())

    def service_ticks(self) -> Ticks:
        """The ticks of the service in this process; in a file as well where the pages are another process."""
        if self._ticks is None:
            elsewhere = not self.here or self._settings.own_process
            self._ticks = Ticks(self.newsroom.state / FILE if elsewhere else None)
        return self._ticks

    @property
    def in_words(self) -> str:
        """Where the pages are, and on this machine the mailbox, for whoever has started them."""
        from .web.mailbox import is_for_this_machine

        context = self._context()
        mailbox = f", and the emails they send at {context.url}/mailbox." if is_for_this_machine(context) else ""
        return f"{context.url}/{mailbox}"

    def listen(self) -> None:
        """Take the address. Raises UserError where another process has it."""
        if self.here:
            from .web.server import listen

            self._listening = listen(self._settings.listen)

    async def run(self) -> None:
        """Serve, in this process or in one of their own as the settings say."""
        self.service_ticks()
        try:
            await self._run()
        finally:
            self.service_ticks().forget()

    async def _run(self) -> None:
        if not self.here:
            await self._notice_requests()
            return
        if not self._settings.own_process:
            await self.serve()
            return
        if self._listening:  # it is free: the other process can have it
            self._listening.close()
        arguments = ("web", "--quiet")
        other = keep_process_alive(self.newsroom.file, "the process of the web pages", arguments, self.stop)
        await asyncio.gather(other, self._notice_requests())

    async def serve(self) -> None:
        """Serve in this process. What fails is logged once while it lasts, and tried again."""
        from .web.server import WebServer, listen

        context = self._context(self._ticks or Ticks(self.newsroom.state / FILE, here=False))
        following = asyncio.create_task(follow_clock_of(self.database, self.stop, self.faults))
        while not self.stop.is_set():
            try:
                listening, self._listening = self._listening or listen(self._settings.listen), None
                await self.database.write_in_thread(fill_index)
                await WebServer(context, listening).run(self.stop)
            except Exception as error:
                then = f"tried again in {_RETRY_AFTER:.0f} s"
                self.faults.report("web pages", describe_fault(error, "serving the web pages failed", then))
            await wait_for_any(self.stop, asyncio.Event(), _RETRY_AFTER)
        await following

    def _context(self, ticks: Ticks | None = None) -> WebContext:
        from .web.context import WebContext  # large: with all that serves pages it takes 15 MB

        return WebContext(self.newsroom, self.database, self.clock, self.wake, ticks)

    async def _notice_requests(self) -> None:
        """Wake the service when pages in another process have put something into the store. Two questions of indexes four
        times a second are cheaper than a channel between processes, which may run on two machines."""
        last, step = None, "looking for requests of the web pages"
        while not self.stop.is_set():
            await wait_for_any(self.stop, asyncio.Event(), NOTICE_EVERY)
            try:
                newest = await self.database.read_in_thread(_newest_requests)
            except DistributorError:
                continue  # busy, or not to be reached: whoever needs it says so
            except Exception as bug:
                self.faults.report(step, describe_fault(bug, f"{step} failed", "tried again at once"))
                continue
            self.faults.report(step)
            if last is not None and newest != last:
                self.wake()
            last = newest


def _newest_requests(connection: Connection) -> tuple[int, int]:
    """What changes with each new message of the outbox, and each new delivery: alerts come in through the API."""
    return outbox.newest_id(connection), queries.growing_number(connection)
