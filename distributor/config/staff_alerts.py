"""The section `alerts` of config.yaml: who of the staff hears of what keeps the newsroom from working, and how."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator

from .section import Section
from .types import Duration

_DAY = timedelta(days=1)


class AlertKind(StrEnum):
    """What staff can be alerted to."""

    SOURCE_FAILING = "source-failing"
    SOURCE_SILENT = "source-silent"
    EDITION_BLOCKED = "edition-blocked"
    EDITION_WAITING = "edition-waiting"
    RUN_STALLED = "run-stalled"
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"
    CHANNEL_BROKEN = "channel-broken"
    CHANNEL_WAITING = "channel-waiting"
    OUTBOX_LATE = "outbox-late"
    TOKEN_EXPIRES = "token-expires"  # noqa: S105
    DISK_LOW = "disk-low"
    CLOCK_WRONG = "clock-wrong"
    STORE_BUSY = "store-busy"
    STEP_FAILING = "step-failing"
    TEST = "test"


class StaffAlerts(Section):
    """Alerts to staff: a source is silent, an edition is blocked, nothing leaves, the disk is nearly full."""

    to: tuple[str, ...] = Field(
        (), description="addresses of staff who get alerts by email", examples=[["bien.tap@bacson.example"]]
    )
    channels: tuple[str, ...] = Field(
        (),
        description="channels that carry alerts, best first; those that send emails if left out",
        examples=[["mail"]],
    )
    through: Literal["first", "all"] = Field(
        "first", description="first: the first channel that works carries it; all: each of them"
    )
    leave_out: tuple[AlertKind, ...] = Field(
        (), description="kinds of alerts that nobody wants; see docs/alerts.md", examples=[["source-silent"]]
    )
    remind_after: Duration = Field(_DAY, description="how long until a reminder of what lasts; a day at least")
    stalled_after: Duration = Field(
        timedelta(minutes=15), description="how long what is due may wait before staff are told that nothing leaves"
    )
    expires_within: Duration = Field(
        timedelta(days=14), description="how long before the end of a token or a login staff are told"
    )

    @field_validator("remind_after", mode="after")
    @classmethod
    def _check_remind_after(cls, value: timedelta) -> timedelta:
        if value < _DAY:
            raise ValueError("write a day or more: 1d, 2d")
        return value
