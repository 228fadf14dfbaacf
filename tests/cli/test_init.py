"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import email
import shutil
from email import policy
from pathlib import Path

from support.newsroom import Room

CHECKOUT = Path(__file__).parents[2]


def leave_time_for_images(folder: Path) -> None:
    """However much the machine has to do beside the tests."""
    with (folder / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("\nimages: {time_limit: 10m}\n")


def test_init_makes_a_newsroom_that_runs_as_it_is(tmp_path: Path, room: Room) -> None:
    folder = tmp_path / "mine"
    assert room.run_here("init", str(folder)).code == 0
    mine = Room(folder, room.run_here)
    leave_time_for_images(folder)
    assert mine.good("check").startswith("ok: ")
    mine.good("subscribers", "add", "you@example.com")
    assert "Edition tin-sang-1" in mine.good("send", "tin-sang", "--yes")
    (letter,) = mine.letters()
    html = email.message_from_bytes(letter.read_bytes(), policy=policy.default).get_body(("html",))
    assert html is not None
    assert html.get_content().count("http://127.0.0.1:8080/images/") == 2
    again = room.run_here("init", str(folder))
    assert (again.code, "nothing was changed" in again.err) == (2, True)


def test_the_sample_newsroom_runs_twice_and_sends_once(tmp_path: Path, room: Room) -> None:
    """What `make run` does, on a copy of the sample newsroom."""
    folder = tmp_path / "sample"
    shutil.copytree(CHECKOUT / "samples", folder / "samples")
    shutil.copy(CHECKOUT / "config.yaml", folder)
    leave_time_for_images(folder)
    sample = Room(folder, room.run_here)
    sample.good("subscribers", "import", "--consent", "form", str(folder / "samples" / "subscribers.csv"))
    done = sample.run("send", "tin-sang", "--yes")
    assert (done.code, done.err) == (0, "")
    said = done.out
    assert "13 articles" in said
    assert "feeds: 3 files written to " in said
    assert len(sample.letters()) == 3
    assert len(list((folder / "var" / "public" / "images").glob("*.jpg"))) == 16
    assert len(sample.posts()) == 10
    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert (folder / "var" / "public" / "feeds" / "tin-sang" / name).stat().st_size > 1000
    before = {
        file: file.read_bytes() for file in (folder / "var").rglob("*") if file.is_file() and ".db" not in file.name
    }
    assert "No new edition of tin-sang" in sample.good("send", "tin-sang", "--yes")
    after = {
        file: file.read_bytes() for file in (folder / "var").rglob("*") if file.is_file() and ".db" not in file.name
    }
    assert after == before
