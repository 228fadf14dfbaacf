"""How log lines are written for people; `json_log` is for programs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ..terminal import printable

TEXT, JSON = "text", "json"


class LogFormatter(logging.Formatter):
    """Log lines, with times in the newsroom's zone and its offset; in the machine's zone before config.yaml is read.

    Control characters are escaped, and lines after the first are indented, so that no message can forge a log line.
    """

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, UTC).astimezone(self.zone).isoformat(timespec="seconds")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = record.message.replace("\n", "\n    ")
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
