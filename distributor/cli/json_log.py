"""Log lines as JSON, for programs."""

from __future__ import annotations

import json
import logging
import math
from datetime import UTC, datetime
from typing import Any

from ..terminal import printable_json
from .log_events import OTHER, find_event
from .log_format import LogFormatter


class JsonLogFormatter(LogFormatter):
    """Each line is one JSON object: `time`, `level`, `event` (see `log_events`), `logger`, `message`, the values of the
    message under their names as `fields`, and `trace` where a bug is logged. Control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        event = find_event(str(record.msg), record.module, record.funcName or "")
        values = record.args if isinstance(record.args, tuple) else ()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .astimezone(self.zone)
            .isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": event.name if event else OTHER,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if event and event.fields:
            fields = zip(event.fields.split(), values, strict=False)
            line["fields"] = {name: _plain(value) for name, value in fields}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return printable_json(json.dumps(line, ensure_ascii=False))


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else str(value)  # JSON has no NaN
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
