"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import email
import io
import re
import shutil
from email import policy
from pathlib import Path

import pytest

from distributor.cli import init
from distributor.errors import SourceError
from distributor.gathering.discovery import probe
from distributor.gathering.discovery.report import (
    AddressKind,
    ArticlePreview,
    DiscoveryReport,
    DiscoveryRequest,
    SourceProposal,
)
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


# -- questions on a terminal -------------------------------------------------------------------------------------------


class Typed(io.StringIO):
    """What somebody types on a terminal."""

    def isatty(self) -> bool:
        return True


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", Typed("".join(f"{line}\n" for line in lines)))
    monkeypatch.setattr(init, "on_terminal", lambda: True)


def test_answers_make_a_newsroom_that_passes_check(tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "Báo Bắc Sơn", "bacson", "bacson.vn", "fr", "", "", "", "thư", "", "a b", "smtp.bacson.vn")
    made = room.run_here("init", str(tmp_path / "mine"))
    assert made.code == 0, made
    assert re.findall(r"  '(.*)': ", made.out) == ["bacson", "fr", "thư", "a b"]
    mine = Room(tmp_path / "mine", room.run_here)
    checked = mine.run("check")
    assert checked.out.startswith("ok: ")
    assert "Báo Bắc Sơn (https://bacson.vn), vi, Asia/Ho_Chi_Minh" in checked.out
    assert "site.postal_address" in checked.err
    assert "example.com" not in checked.err
    text = (mine.folder / "config.yaml").read_text(encoding="utf-8")
    assert "sender: Báo Bắc Sơn <tin@bacson.vn>" in text
    again = room.run_here("init", str(mine.folder))
    assert (again.code, "nothing was changed" in again.err) == (2, True)


def test_an_address_that_can_be_read_becomes_the_first_source(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    async def discover(request: DiscoveryRequest, _site: object, _now: object) -> DiscoveryReport:
        tried.append(request.address)
        if "rss" not in request.address:
            raise SourceError("it answers 404")
        article = ArticlePreview(address=f"{request.address}/1", title="Mưa")
        proposal = SourceProposal(name="hill", settings={"type": "feed", "url": request.address})
        return DiscoveryReport(
            address=request.address, kind=AddressKind.FEED, what="is a feed", articles=(article,), proposals=(proposal,)
        )

    monkeypatch.setattr(probe, "discover_source", discover)
    answer(monkeypatch, "Hill", "hill.vn", "en", "", "hill.vn/404", "https://hill.vn/rss", "", "")
    made = room.run_here("init", str(tmp_path / "mine"))
    assert made.code == 0, made
    assert tried == ["https://hill.vn/404", "https://hill.vn/rss"]
    assert "'hill.vn/404': could not be read: it answers 404" in made.out
    mine = Room(tmp_path / "mine", room.run_here)
    assert "1 source: hill\n  newsletter   morning" in mine.good("check")
    assert not (mine.folder / "articles").exists()


def test_who_stops_in_the_middle_finds_nothing_written(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "Báo Bắc Sơn")
    assert room.run_here("init", str(tmp_path / "mine")).code == 130
    assert not (tmp_path / "mine").exists()


def test_nothing_is_asked_with_yes_and_existing_files_stay(
    tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "chao-mung.md").write_text("của tôi", encoding="utf-8")
    assert room.run_here("init", "--yes", str(tmp_path)).code == 0
    assert (tmp_path / "articles" / "chao-mung.md").read_text(encoding="utf-8") == "của tôi"
    starter = CHECKOUT / "distributor" / "starter" / "config.yaml"
    assert (tmp_path / "config.yaml").read_bytes() == starter.read_bytes()
