"""Time and processor time of a stretch of a program. Small, so that measuring a small program does not make it large."""

from __future__ import annotations

import os
import time


class Watch:
    """Runs between `with` and its end; then it has `seconds` and `cpu_seconds`, and as `span` the time of day at both."""

    def __enter__(self) -> Watch:
        self.span = [time.time()]
        self.cpu_seconds, self.seconds = -_used(), -time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()
        self.cpu_seconds += _used()
        self.span.append(time.time())


def _used() -> float:
    """Processor seconds of this process and of those children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
