"""`make torture`: hundreds of kills. Prints a line for each round that is not good, and a table at the end; exit code 1
if there was one."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .rounds import Arena, Round, Verdict, instants

SERIES = (("sqlite, resend", 200), ("sqlite, hold", 50), ("sqlite, SIGTERM", 50), ("postgresql, resend", 50))


def main() -> int:
    options = argparse.ArgumentParser(prog="torture", description=__doc__)
    options.add_argument("--rounds", type=int, help="of each series, instead of its own number")
    options.add_argument("--readers", type=int, default=5000)
    options.add_argument("--seed", type=int, default=random.randrange(10**6))
    options.add_argument("--only", choices=[name for name, _ in SERIES])
    chosen = options.parse_args()
    print(f"seed {chosen.seed}, {chosen.readers} readers")
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, number in SERIES:
            if chosen.only in (None, name):
                bad += series(name, chosen.rounds or number, chosen.readers, random.Random(chosen.seed), Path(folder))
    return 1 if bad else 0


def series(name: str, rounds: int, readers: int, chance: random.Random, folder: Path) -> int:
    """One series of rounds; returns how many of them were not good."""
    store, how = name.split(", ")
    arena = Arena(folder / name.replace(", ", "-"), readers, on_uncertain="hold" if how == "hold" else "resend")
    stop = _on_postgresql(arena) if store == "postgresql" else None
    total: Counter[str] = Counter()
    try:
        arena.prepare()
        for number in range(rounds):
            with arena.round() as round:
                verdict = one(round, how, readers, chance)
            good = verdict.good and not (how != "resend" and verdict.twice)
            total.update(
                kills=verdict.kills,
                lost=len(verdict.lost),
                twice=len(verdict.twice),
                held=len(verdict.held),
                bad=not good,
            )
            total["most in doubt"] = max(total["most in doubt"], verdict.in_doubt)
            print(f"\r{name}: round {number + 1} of {rounds}, {dict(total)}   ", end="", flush=True)
            if not good:
                print(f"\nnot good: {verdict}")
    finally:
        if stop:
            stop()
    print()
    return total["bad"]


def one(round: Round, how: str, readers: int, chance: random.Random) -> Verdict:
    if how == "SIGTERM":
        code = round.kill_at(chance.randrange(readers), signal.SIGTERM, chance.random() * 0.02)
        # -15: it was asked before it had begun, or when all was done
        assert code in (0, 130, -signal.SIGTERM), f"exit code {code}"
        assert not round._rows("sending", "uncertain"), "a clean stop leaves nothing in doubt"
    else:
        for count, later in instants(readers, chance):
            round.kill_at(count, later=later)
    round.finish()
    return round.judge()


def _on_postgresql(arena: Arena) -> Callable[[], None]:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from support import postgresql as fixtures_postgresql

    made = fixtures_postgresql.a_cluster()
    made.start()
    arena.new_store = made.new_store
    arena.copy_store = made.copy_of
    return made.remove


if __name__ == "__main__":
    sys.exit(main())
