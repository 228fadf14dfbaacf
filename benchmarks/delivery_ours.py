"""Delivers what a newsroom's ledger has promised, as `distributor send` does, and says what it took.

    python benchmarks/delivery_ours.py CONFIG [--profile FILE]

A process of its own, so that its memory and its processor time are its own. The last line of what it prints is JSON. Time
and processor time run from the start of the delivery to the last outcome committed, so without the start of Python.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from delivery_profile import Recorder

from distributor.cli.app import App
from distributor.cli.progress import deliver_with_progress
from distributor.model import DeliveryState


def cpu_seconds() -> float:
    """Of this process and of those children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    app = App(config=Path(sys.argv[1]))
    recorder = Recorder(Path(sys.argv[3])) if sys.argv[2:3] == ["--profile"] else None
    app.newsroom.secret()
    with app.store() as database:
        cpu, start = cpu_seconds(), time.perf_counter()
        if recorder:
            with recorder:
                report = deliver_with_progress(app, database)
        else:
            report = deliver_with_progress(app, database)
        seconds, cpu = time.perf_counter() - start, cpu_seconds() - cpu
    sent, done = report.of(DeliveryState.SENT), sum(report.counts.values())
    result = {"sent": sent, "not_sent": done - sent, "seconds": seconds, "cpu_seconds": cpu, "notes": report.notes}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
