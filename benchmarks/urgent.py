"""From the POST of an urgent article to the mail server that has it, while `serve` runs.

    python benchmarks/urgent.py [--count 20] [--subscribers 200]

Prints the seconds from the first octet of the request until the relay has accepted the first message, and until it has
accepted the last one. Writes var/bench-urgent.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from delivery_servers import free_port, running


class Relay:
    """A mail server that notes when each message was accepted."""

    def __init__(self) -> None:
        self.times: list[float] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # aiosmtpd's name
        self.times.append(time.perf_counter())
        return "250 accepted"


def newsroom(folder: Path, relay: int, web: int, count: int, subscribers: int) -> str:
    """Made by the commands of staff. Returns the token of the CMS."""

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "distributor", *words]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"error: {' '.join(words)}: {done.stderr}")
        return done.stdout

    run("init", str(folder))
    file = folder / "config.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    name = next(iter(config["newsletters"]))
    config["site"] = {"title": "Báo Bắc Sơn", "url": "https://bacson.example", "import_consent": "bench"}
    config["sources"]["cms"] = {"type": "push"}
    config["web"] = {"listen": f"127.0.0.1:{web}"}
    config["channels"] = {
        "mail": {
            "type": "email",
            "sender": "Tin <tin@bacson.example>",
            "host": "127.0.0.1",
            "port": relay,
            "tls": "none",
        }
    }
    config["newsletters"] = {
        name: {
            "title": "Tin",
            "alerts": {"topics": ["Khẩn cấp"], "max_per_day": 10 * count},
            "channels": ["mail"],
        }
    }
    file.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    people = folder / "people.csv"
    people.write_text("address,consent\n" + "".join(f"p{k}@example.com,bench\n" for k in range(subscribers)))
    at = ("-c", str(file))
    run(*at, "subscribers", "import", str(people), "--newsletter", name)
    run(*at, "gather")
    made = run(*at, "tokens", "create", "cms", "--scope", "articles:write", "--json")
    return str(json.loads(made)["token"])


def push(web: int, token: str, number: int) -> None:
    article = {
        "source": "cms",
        "id": str(number),
        "title": f"Sơ tán dân khỏi vùng lũ, đợt {number}",
        "lead": "Người dân ven sông được đưa đến nơi an toàn.",
        "topics": ["Khẩn cấp"],
        "published": datetime.now(UTC).isoformat(),
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{web}/api/v1/articles",
        data=json.dumps(article).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    answer = json.loads(urllib.request.urlopen(request, timeout=60).read())
    if not answer["alerts"]:
        raise SystemExit(f"error: it is no alert: {answer}")


def measure(relay: Relay, web: int, token: str, number: int, subscribers: int) -> tuple[float, float]:
    relay.times.clear()
    begun = time.perf_counter()
    push(web, token, number)
    while len(relay.times) < subscribers and time.perf_counter() < begun + 60:
        time.sleep(0.002)
    if len(relay.times) < subscribers:
        raise SystemExit(f"error: after a minute {len(relay.times)} of {subscribers} messages are with the relay")
    return relay.times[0] - begun, relay.times[-1] - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--subscribers", type=int, default=200)
    asked = parser.parse_args()
    Path("var").mkdir(exist_ok=True)
    relay, port, web = Relay(), free_port(), free_port()
    controller = Controller(relay, hostname="127.0.0.1", port=port)
    controller.start()
    with tempfile.TemporaryDirectory(dir="var", prefix="bench-urgent-") as name:
        folder = Path(name).absolute()
        token = newsroom(folder, port, web, asked.count, asked.subscribers)
        command = [sys.executable, "-m", "distributor", "-c", str(folder / "config.yaml"), "serve"]
        with (folder / "serve.log").open("w") as log, running(command, web, stdout=log, stderr=log):
            time.sleep(2)
            seen = [measure(relay, web, token, number, asked.subscribers) for number in range(asked.count)]
    controller.stop()
    result = {}
    for what, times in zip(("first", "last"), zip(*seen, strict=True), strict=True):
        result[what] = {"median": statistics.median(times), "most": max(times)}
        print(f"{what} of {asked.subscribers}: median {statistics.median(times):.2f} s, most {max(times):.2f} s")
    Path("var/bench-urgent.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
