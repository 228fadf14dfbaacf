"""What is said of articles and readers is what the letters hold: the ledger's story beside the Maildir."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from distributor import pipeline
from distributor.articles.search import find_exact_article, search_articles
from distributor.delivery.article_reach import articles_of_delivery, collect_reach
from distributor.delivery.queries import iterate_deliveries
from distributor.editions.explain import CoverageStats
from distributor.model import DeliveryState, EditionKind
from support.clocked_newsroom import Line, text_of
from support.newsroom import Room

S = DeliveryState
NAMES = ("moi", "yte", "kinhte", "ngay", "tuan", "sau")


def alert(line: Line, id: str, *, missed: bool = False) -> None:
    from distributor.articles import repository as article_repository

    with line.store.read() as connection:
        article = article_repository.find_article(connection, id)
    assert article
    newsletter = line.newsroom.newsletter("tin-sang")
    request = pipeline.EditionRequest.for_alert(newsletter, article, missed_only=missed)
    pipeline.publish_edition(pipeline.StepContext(line.newsroom, line.store, line.now, "toi"), request)
    line.deliver()


def days(line: Line) -> dict[str, str]:
    """Some days of a newsroom with readers of every kind; returns the ids of the articles by their names."""
    line.subscribe("moi")
    line.subscribe("yte", "Y tế")
    line.subscribe("kinhte", "Kinh tế")
    line.subscribe("ngay", frequency="daily")
    line.subscribe("tuan", "Y tế", frequency="weekly")
    ids = {name: line.arrives(name, topic) for name, topic in (("a", "Y tế"), ("b", "Kinh tế"), ("c", "Y tế"))}
    alert(line, ids["a"])
    line.subscribe("sau")
    line.day()
    line.day("18:00")
    ids["d"] = line.arrives("d", "Kinh tế")
    line.day()
    alert(line, ids["b"], missed=True)
    alert(line, ids["d"])
    line.day("18:00")
    line.day("2026-11-28 08:00")
    return ids


def letters_of(line: Line) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every letter in the Maildir: whose it is, its subject, and the names of the articles that it holds."""
    for name in NAMES:
        for letter in line.mailbox(name):
            yield name, letter["Subject"], frozenset(re.findall(r"Tin (\S+) của tỉnh nhà", text_of(letter)))


SCENES: dict[str, Callable[[Line], None]] = {
    "left out of the digest": lambda line: line.configure("alerts: {topics: [Khẩn cấp]}"),
    "marked in the digest": lambda line: line.configure("alerts: {topics: [Khẩn cấp], in_digest: mark}"),
    "at most two mails a day": lambda line: line.configure(".max_emails_per_day: 2", "alerts: {topics: [Khẩn cấp]}"),
    "few in full, the rest in brief": lambda line: line.configure("max_articles: 1", "overflow: brief"),
}


@pytest.mark.parametrize("scene", SCENES)
def test_what_is_said_of_an_article_and_a_reader_is_what_the_maildir_holds(line: Line, scene: str) -> None:
    SCENES[scene](line)
    ids = days(line)
    by_id = {id: name for name, id in ids.items()}
    got = list(letters_of(line))
    assert len(got) > 8
    with line.store.read() as connection:
        for name, id in ids.items():
            said = collect_reach(connection, id)
            assert sum(one.emails.get(S.SENT, 0) for one in said) == sum(name in held for _, _, held in got), name
            for one in said:
                everybody = sum(1 for row in iterate_deliveries(connection, edition=one.edition) if row.recipient)
                assert one.holding + one.without == everybody
        told = sorted(
            (row.address.partition("@")[0], tuple(sorted(by_id[id] for id in articles_of_delivery(connection, row))))
            for row in iterate_deliveries(connection, channel="mail")
            if row.state is S.SENT
        )
    assert told == sorted((name, tuple(sorted(held))) for name, _, held in got)


def of(line: Line, id: str) -> dict[str, CoverageStats]:
    with line.store.read() as connection:
        return {one.edition: one for one in collect_reach(connection, id)}


def test_an_alert_and_the_digest_that_leaves_it_out_are_told_apart(line: Line) -> None:
    line.configure("alerts: {topics: [Khẩn cấp]}")
    for name in ("moi", "yte", "ba"):
        line.subscribe(name)
    urgent = line.arrives("bao")
    alert(line, urgent)
    line.subscribe("tre")
    line.arrives("a")
    line.day()
    said = of(line, urgent)
    assert said["tin-sang-a1"].emails == {S.SENT: 3}
    digest = said["tin-sang-1"]
    assert (digest.emails, digest.without, digest.already_had, digest.alert) == ({S.SENT: 1}, 3, 3, "tin-sang-a1")


def test_a_correction_stands_at_the_end_with_its_letters(line: Line) -> None:
    from distributor.model import Notice, NoticeKind

    line.subscribe("moi")
    id = line.arrives("a")
    line.day()
    notice = Notice(NoticeKind.CORRECTION, "Sửa tên.", line.now)
    plan = pipeline.plan_correction(line.newsroom, line.store, id, notice, mail=True)
    pipeline.apply_correction(line.newsroom, line.store, plan, "toi")
    line.deliver()
    last = list(of(line, id).values())[-1]
    assert (last.kind, last.emails) == (EditionKind.CORRECTION, {S.SENT: 1})


def test_an_alert_to_the_missed_goes_only_to_who_has_no_letter_with_it(line: Line) -> None:
    line.configure("alerts: {topics: [Khẩn cấp]}")
    line.subscribe("moi")
    line.subscribe("yte", "Y tế")
    id = line.arrives("a", "Kinh tế")
    line.day()
    posts = line.posts()
    alert(line, id, missed=True)
    assert line.read("moi") == [["a"]]
    assert line.read("yte") == [["a"]]
    assert line.posts() == posts  # what is not written to people has it


# -- on the command line -----------------------------------------------------------------------------------------------


def test_why_and_articles_say_where_an_article_went(room: Room) -> None:
    room.good("gather")
    first, second = (one["id"] for one in room.run("articles", "--json").json)
    room.good("send", "--alert", first, "--yes")
    room.good("subscribers", "add", "sau@example.com")
    room.write("ba", "Bệnh án điện tử ở mọi bệnh viện", date="2026-11-21 09:00")
    room.good("send", "tin-sang", "--yes")
    said = room.good("why", first)
    assert "sent at once as the alert tin-sang-a1" in said
    assert "1 email holds it (1 sent), 1 leave it out, as their recipients have had it as tin-sang-a1" in said
    listed = {one["id"]: one for one in room.run("articles", "--json").json}
    assert listed[first]["editions"] == ["tin-sang-a1", "tin-sang-1"]
    assert listed[second]["editions"] == ["tin-sang-1"]
    assert "tin-sang-a1, tin-sang-1" in room.good("articles", "show", first)
    letter = room.good("why", "lan@example.com", "tin-sang-1")
    assert f"Their email holds {second} «" in letter
    assert f"It leaves out {first} «" in letter
    assert "they have had it as the alert tin-sang-a1" in letter
    assert f"Their email holds {first} «" in room.good("why", "sau@example.com", "tin-sang-1")
    data = room.run("why", "sau@example.com", "tin-sang-1", "--json").json
    assert first in data["deliveries"][0]["articles"]


def test_an_article_is_found_by_its_address_and_by_words_of_its_title(room: Room) -> None:
    room.good("gather")
    road, tea = (room.run("articles", "--search", words, "--json").json for words in ("duong tinh", "Chè"))
    assert [one["title"] for one in road] == ["Khởi công đường tỉnh 254"]
    assert [one["title"] for one in tea] == ["Chè Tân Lập sang Nhật Bản"]
    for asked in (road[0]["id"], road[0]["url"], f"{road[0]['url']}?utm_source=x#top", "đường tỉnh 254"):
        assert f"«{road[0]['title']}» ({road[0]['id']})" in room.good("why", asked)
    assert "held: " in room.good("articles", "hold", road[0]["url"])
    assert room.good("articles", "--search", "không có gì") == "No article matches.\n"
    several = room.run("why", "n")
    assert several.code == 2
    assert all(one[0]["id"] in several.err for one in (road, tea))
    acting = room.run("articles", "withdraw", "đường tỉnh", "--yes")
    assert acting.code == 2
    assert road[0]["id"] in acting.err


def test_an_alert_of_what_most_have_says_so_and_offers_the_missed(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.good("subscribers", "add", "sau@example.com")
    id = room.run("articles", "--json").json[0]["id"]
    asked = room.run("send", "--alert", id, "--dry-run")
    assert "1 of them already has it (tin-sang-1), and would get it again; --missed leaves them out" in asked.err
    said = room.good("send", "--alert", id, "--missed", "--yes")
    assert "at once to 1 subscriber who has not had it, on mail" in said
    assert "1 subscriber already has it (tin-sang-1): left out" in said
    assert "mail: 1 email" in said
    assert "posts" not in said
    assert room.run("send", "tin-sang", "--missed").code == 2


def test_an_alert_that_was_sent_is_not_promised_again(room: Room) -> None:
    room.good("gather")
    id = room.run("articles", "--json").json[0]["id"]
    room.good("send", "--alert", id, "--yes")
    room.good("subscribers", "add", "sau@example.com")
    for more in (["--dry-run"], ["--missed", "--dry-run"], ["--missed", "--yes"]):
        done = room.run("send", "--alert", id, *more)
        assert done.out.startswith("tin-sang: nothing to send: it was sent as an alert before\n"), more
        assert "at once to" not in done.out and "get it again" not in done.err


def test_where_nobody_is_missed_an_alert_to_the_missed_sends_nothing(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    id = room.run("articles", "--json").json[0]["id"]
    said = room.run("send", "--alert", id, "--missed", "--yes")
    assert said.code == 0
    assert "everybody whom it is for has it already" in said.out
    assert len(room.letters()) == 1


def test_the_same_correction_without_words_does_not_replace_the_note(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    id = room.run("articles", "--json").json[0]["id"]
    room.good("articles", "correct", id, "--note", "Sửa tên xã.", "--mail", "--yes")
    for note in ((), ("--note", "Sửa tên xã.")):
        said = room.good("articles", "correct", id, *note, "--mail", "--yes")
        assert "unfinished deliveries continue" in said
        assert len(room.letters()) == 2
    assert "Sửa tên xã." in (room.folder / "var" / "feeds" / "rss.xml").read_text(encoding="utf-8")
    assert "corrected: " in room.good("articles", "correct", id, "--again", "--mail", "--yes")
    assert len(room.letters()) == 3
    assert "Sửa tên xã." in (room.folder / "var" / "feeds" / "rss.xml").read_text(encoding="utf-8")


def test_a_search_keeps_to_its_source(line: Line) -> None:
    id = line.arrives("a")
    with line.store.read() as connection:
        assert [one.id for one in search_articles(connection, id, "cong")] == [id]
        assert list(search_articles(connection, id, "bao")) == []
        assert find_exact_article(connection, "https://nowhere.example/x") is None
