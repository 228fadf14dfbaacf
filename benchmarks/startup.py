"""How long a command takes to start, and how much memory `serve` has when it idles, beside `python -c 'import click'`.

Run with `make bench`. Times are of the processor, in the program and in the kernel, the least of several runs, each command
in turn with the bare import, in the sample newsroom; what counts is the ratio, because machines are noisy. Memory is that of
`serve` without web pages, in megabytes that are its own (PSS), after its first ticks.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
ROUNDS = 5
SETTLED = 20  # seconds after which `serve` idles
COMMANDS = (
    "--help", "editions", "deliveries", "subscribers list", "articles", "newsletters", "sources", "channels", "config",
    "plan", "check",
)  # fmt: skip
CLICK = [sys.executable, "-c", "import click"]
OURS = [sys.executable, "-m", "distributor"]


def seconds(command: Sequence[str], folder: Path) -> float:
    """Processor time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=_environment(), stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _environment() -> dict[str, str]:
    """Without bytecode each run would compile the program anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def idle_memory(folder: Path) -> dict[str, float]:
    """Megabytes of `serve` and of the processes that it has started then, by the name of each."""
    process = subprocess.Popen([*OURS, "serve", "--no-web"], cwd=folder, env=_environment(), stderr=subprocess.DEVNULL)
    try:
        time.sleep(SETTLED)
        children = [int(one) for task in Path(f"/proc/{process.pid}/task").iterdir() for one in _children(task)]
        return {"serve": _megabytes(process.pid)} | {_name(one): _megabytes(one) for one in children}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _children(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def _name(process: int) -> str:
    """Of a child: what it runs, as its command line tells, such as the server that children are forked from."""
    words = Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    return next((name for name in ("forkserver", "resource_tracker") if name in words), f"process {process}")


def _megabytes(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(kilobytes) / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copytree(CHECKOUT / "samples", folder / "samples")
        shutil.copy(CHECKOUT / "config.yaml", folder)
        for first in ("migrate", "gather"):
            subprocess.run([*OURS, first], cwd=folder, env=_environment(), stdout=subprocess.DEVNULL, check=True)
        for command in COMMANDS:
            runs = [(seconds([*OURS, *command.split()], folder), seconds(CLICK, folder)) for _ in range(ROUNDS)]
            ours, click = (min(each) for each in zip(*runs, strict=True))
            print(f"{command:20} {ours:.2f} s; {ours / click:4.1f} times `import click`")
        for name, megabytes in idle_memory(folder).items():
            print(f"{name:20} {megabytes:.0f} MB when idle")


if __name__ == "__main__":
    main()
