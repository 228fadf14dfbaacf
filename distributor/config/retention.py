"""The section `retention` of config.yaml: how long what is over is kept."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, ValidationInfo, field_validator

from .section import Section
from .types import Duration

# What looks back how far: the daily cap and alerts that a digest repeats; the weight of soft bounces; repeated events.
_LEAST = {
    "deliveries": timedelta(days=30),
    "bounces": timedelta(days=180),
    "outbox": timedelta(days=7),
    "reports": timedelta(days=7),
    "images": timedelta(days=7),
}


class Retention(Section):
    """How long what is over is kept. `distributor prune` removes it, and so does `serve`, once an hour. Articles, what was
    announced, posts and their receipts, subscribers, consents, opt-outs and suppressions are never removed."""

    deliveries: Duration = Field(
        timedelta(days=400), description="who got which email, and the emails themselves; their counts stay for good"
    )
    bounces: Duration = Field(timedelta(days=400), description="bounces and complaints; suppressions stay for good")
    outbox: Duration = Field(timedelta(days=30), description="transactional emails and events that were sent")
    reports: Duration = Field(timedelta(days=30), description="what providers have reported, once it was dealt with")
    images: Duration = Field(timedelta(days=30), description="resized images that no edition shows")

    @field_validator(*_LEAST, mode="after")
    @classmethod
    def _check_long_enough(cls, kept: timedelta, info: ValidationInfo) -> timedelta:
        least = _LEAST[info.field_name or ""]
        if kept < least:
            raise ValueError(f"is shorter than {least.days}d: what still looks back so far would find nothing")
        return kept
