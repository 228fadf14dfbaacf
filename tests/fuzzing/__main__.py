"""`make fuzz`: wild input for everything that reads what strangers send, in child processes with limits.

Prints a line for each finding and a table at the end; the exit code is 1 if there was one. A finding is an error that got
out, a neighbour that was lost, a case that took longer than its limit, or memory that grows.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from distributor.errors import LimitExceeded
from distributor.isolated_child import ChildLimits
from distributor.isolation import ChildFailed, ChildProcess

from .targets import TARGETS, batch

CASES = 200  # of one call
LIMITS = ChildLimits(seconds=900.0, processor_seconds=60, memory=512 * 1024 * 1024)
GROWTH = 40_000  # kB that a child may grow by between its tenth call and its last


def main() -> int:
    options = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0, help="of each target")
    options.add_argument("--seed", type=int, default=random.randrange(10**9))
    options.add_argument("--only", choices=list(TARGETS))
    options.add_argument("--case", type=int, help="this one case of --only, here and now, with its traceback")
    chosen = options.parse_args()
    if chosen.case is not None:
        TARGETS[chosen.only](random.Random(chosen.case))
        return 0
    print(f"seed {chosen.seed}")
    bad = [fuzzed(name, chosen.minutes * 60, chosen.seed) for name in TARGETS if chosen.only in (None, name)]
    return 1 if any(bad) else 0


def fuzzed(name: str, seconds: float, seed: int) -> int:
    """One target for so long; returns the number of findings."""
    until, cases, calls, findings, memory, early = time.monotonic() + seconds, 0, 0, 0, 0, 0
    with ChildProcess(batch, limits=LIMITS) as child:
        while time.monotonic() < until:
            try:
                told = child.call(name, seed + cases, CASES)
            except LimitExceeded as error:
                findings, calls = findings + 1, 0  # another child from here on
                print(f"{name}: case {error.doing.rpartition(' ')[2]} {error}", flush=True)
                cases += CASES
                continue
            except ChildFailed as error:
                print(f"{name}: {error}\n{error.trace}", flush=True)
                return findings + 1
            for one in told["found"]:
                findings += 1
                print(f"{name}: case {one['seed']}\n{one['trace']}", flush=True)
            cases, calls, memory = cases + CASES, calls + 1, int(told["memory"])
            early = memory if calls <= 10 else early
    grown = memory - early if calls > 10 else 0
    if grown > GROWTH:
        findings += 1
        print(f"{name}: memory has grown by {grown} kB", flush=True)
    print(f"{name}: {cases:,} cases, {findings} findings, {memory // 1024} MB ({grown:+} kB)", flush=True)
    return findings


if __name__ == "__main__":
    sys.exit(main())
