"""What a run of the delivery worker leaves open, in values and in words."""

from __future__ import annotations

from distributor.delivery import channel_state
from distributor.delivery.unfinished import UnfinishedDeliveries, describe_unfinished, list_unfinished
from support.scripted_channels import Bench


def left(bench: Bench, *touched: str) -> list[UnfinishedDeliveries]:
    with bench.database.read() as connection:
        return list_unfinished(connection, bench.clock.now, touched)


def told(bench: Bench, *touched: str) -> list[str]:
    with bench.database.read() as connection:
        known = channel_state.faults_by_channel(connection)
    return describe_unfinished(left(bench, *touched), known, lambda moment: f"{moment:%H:%M}" if moment else "")
