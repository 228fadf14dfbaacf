"""Delivers what a newsroom's ledger has promised, as `distributor send` does, and says what it took.

    python benchmarks/delivery_ours.py CONFIG [--profile FILE]

A process of its own, so that its memory and its processor time are its own. The last line of what it prints is JSON. Time
and processor time run from the start of the delivery to the last outcome committed, so without the start of Python.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

from delivery_profile import Recorder
from delivery_watch import Watch

from distributor.cli.context import CliContext
from distributor.cli.deliver import deliver_with_progress
from distributor.model import DeliveryState


def main() -> None:
    app = CliContext(config=Path(sys.argv[1]))
    recorder = Recorder(Path(sys.argv[3])) if sys.argv[2:3] == ["--profile"] else contextlib.nullcontext()
    app.newsroom.secret()
    with app.store() as database, recorder, Watch() as watch:
        report = deliver_with_progress(app, database)
    sent, done = report.of(DeliveryState.SENT), sum(report.counts.values())
    took = {"seconds": watch.seconds, "cpu_seconds": watch.cpu_seconds, "span": watch.span}
    print(json.dumps({"sent": sent, "not_sent": done - sent, **took, "notes": report.notes}))


if __name__ == "__main__":
    main()
