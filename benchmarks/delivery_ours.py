"""Delivers what a newsroom's ledger has promised, as `distributor send` does, and says what it took.

    python benchmarks/delivery_ours.py CONFIG [--profile FILE | --without-ledger]

`--without-ledger` reads all emails from it beforehand and writes nothing down: what is left is the making of each email and
its way to the server.

A process of its own, so that its memory and its processor time are its own. The last line of what it prints is JSON. Time
and processor time run from the start of the delivery to the last outcome committed, so without the start of Python.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from delivery_profile import Recorder
from delivery_watch import Watch

from distributor import pipeline
from distributor.cli.context import CliContext, clock
from distributor.cli.deliver import deliver_with_progress, run_async
from distributor.delivery.message_worker import LedgerMessageQueue
from distributor.delivery.shard_queue import LedgerShards
from distributor.delivery.stats import RunStats
from distributor.message_queue import MessageBatch
from distributor.model import DeliveryState, Receipt
from distributor.personal_channel import PersonalChannel
from distributor.storage.database import Database


def main() -> None:
    app = CliContext(config=Path(sys.argv[1]))
    app.newsroom.secret()
    with app.store() as database:
        if sys.argv[2:] == ["--without-ledger"]:
            took = deliver_without_ledger(app, database)
        else:
            took = deliver(app, database, Path(sys.argv[3]) if sys.argv[2:3] == ["--profile"] else None)
    print(json.dumps(took))


def deliver(app: CliContext, database: Database, profile: Path | None) -> dict[str, Any]:
    recorder = Recorder(profile) if profile else contextlib.nullcontext()
    with recorder, Watch() as watch:
        report = deliver_with_progress(app, database)
    sent, done = report.of(DeliveryState.SENT), sum(report.counts.values())
    return {"sent": sent, "not_sent": done - sent, **figures(watch), "notes": report.notes}


def deliver_without_ledger(app: CliContext, database: Database) -> dict[str, Any]:
    worker = pipeline.make_delivery_worker(app.newsroom, database, clock)
    (channel,) = (one for one in worker.channels.values() if isinstance(one, PersonalChannel))
    shards = LedgerShards(worker.ledger, channel.name)
    queue = LedgerMessageQueue(channel, worker.commit, worker.rules, RunStats(), shards)
    messages = []
    while fetched := queue._read_shard(set()):
        messages += [message for message, _ in fetched.messages]
    batch, watch = MessageBatch(messages), Watch()

    async def carry() -> None:
        with watch:
            await channel.transport().send_all(batch)

    run_async(carry())
    worker.close()
    sent = sum(isinstance(outcome, Receipt) for outcome in batch.outcomes.values())
    return {"sent": sent, "not_sent": len(messages) - sent, **figures(watch), "notes": []}


def figures(watch: Watch) -> dict[str, Any]:
    return {"seconds": watch.seconds, "cpu_seconds": watch.cpu_seconds, "span": watch.span}


if __name__ == "__main__":
    main()
