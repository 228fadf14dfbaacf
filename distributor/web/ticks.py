"""When the service has last checked what is due, for health and metrics; in a file where the pages are another process."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

LATE = timedelta(
    minutes=5
)  # after the last tick the service is taken to stand still; ticks come every 30 seconds at most
FILE = "last-tick"  # in the folder of the newsroom's state


@dataclass
class Ticks:
    """The last tick of the service. With a `file` it can be read by other processes of this machine, as long as the service
    has not ended in good order."""

    file: Path | None = None
    here: bool = True  # the service is in this process
    _last: datetime | None = None

    def note(self, now: datetime) -> None:
        """A tick has begun. A file that cannot be written is no reason to stop."""
        self._last = now
        if self.file:
            with suppress(OSError):
                self.file.write_text(now.isoformat(), encoding="ascii")

    def forget(self) -> None:
        """The service ends: its file says nothing any more."""
        if self.file:
            with suppress(OSError):
                self.file.unlink(missing_ok=True)

    def last(self) -> datetime | None:
        """When the last tick began; None where there was none, or nobody here knows of one."""
        if self._last is None and self.file:
            with suppress(OSError, ValueError):
                return datetime.fromisoformat(self.file.read_text(encoding="ascii"))
        return self._last
