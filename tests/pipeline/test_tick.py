"""Urgent articles go out at once; the next digest remembers who has had them."""

from __future__ import annotations

from distributor import pipeline
from distributor.articles import repository as article_repository
from distributor.model import DeliveryState, EditionKind
from support.clocked_newsroom import Line

RULE = "alerts: {topics: [Khẩn cấp]}"


def sent(line: Line, id: str) -> pipeline.EditionPlan | None:
    """Staff send an article at once."""
    with line.store.read() as connection:
        found = article_repository.find_article(connection, id)
    assert found is not None
    order = line.newsroom.newsletter("tin-sang")
    made = pipeline.publish_edition(
        pipeline.StepContext(line.newsroom, line.store, line.now, "Lan"),
        pipeline.EditionRequest.for_alert(order, found),
    )
    line.deliver()
    return made


def test_an_urgent_article_goes_to_all_at_once_and_the_digest_leaves_it_out_for_them(line: Line) -> None:
    line.configure(RULE)
    line.subscribe("moi")
    line.subscribe("tuan", frequency="weekly")
    line.subscribe("yte", "Y tế")
    urgent_one = line.arrives("bao", "Khẩn cấp")
    line.arrives("a", "Y tế")
    (alert,) = line.answer().made
    line.deliver()
    assert (alert.edition and alert.edition.kind, alert.audience) == (EditionKind.ALERT, 3)
    assert line.read("tuan") == line.read("yte") == line.read("moi") == [["bao"]]
    assert line.mailbox("moi")[0]["Subject"] == "Tin khẩn: Tin bao của tỉnh nhà"
    assert list(line.posts()) == [f"tin-sang-a1-{urgent_one}.txt"]
    line.subscribe("tre")
    line.day()
    assert line.read("moi") == [["bao"], ["a"]]
    assert line.read("tre") == [["a", "bao"]]
    assert [name for name in line.posts() if urgent_one in name] == [f"tin-sang-a1-{urgent_one}.txt"]
    assert line.feed().count("Tin bao của tỉnh nhà") >= 1
    line.day("2026-11-28 08:00")
    assert line.read("tuan") == [["bao"], ["a"]]


def test_marked_the_alert_stands_in_the_digest_again(line: Line) -> None:
    line.configure("alerts: {topics: [Khẩn cấp], in_digest: mark}")
    line.subscribe("moi")
    line.arrives("bao", "Khẩn cấp")
    line.answer()
    line.deliver()
    line.arrives("a")
    line.day()
    assert line.read("moi") == [["bao"], ["a", "bao"]]


def test_an_alert_alone_makes_no_digest(line: Line) -> None:
    line.configure(RULE)
    line.subscribe("moi")
    line.arrives("bao", "Khẩn cấp")
    line.answer()
    line.deliver()
    (nothing,) = line.day().made
    assert nothing.edition is None
    assert "sent as an alert" in nothing.selection.reason
    line.arrives("a")
    line.day()
    assert line.read("moi") == [["bao"], ["a"]]


def test_alerts_go_on_the_channels_that_are_named(line: Line) -> None:
    line.configure("alerts: {topics: [Khẩn cấp], channels: [posts]}")
    line.subscribe("moi")
    line.arrives("bao", "Khẩn cấp")
    line.answer()
    line.deliver()
    assert (line.read("moi"), len(line.posts())) == ([], 1)
    line.arrives("a")
    line.day()
    assert line.read("moi") == [["a", "bao"]]
    assert len(line.posts()) == 2


def test_staff_send_any_article_at_once_but_only_once(line: Line) -> None:
    line.subscribe("moi")
    id = line.arrives("a")
    assert sent(line, id) is not None
    assert sent(line, id) is None
    line.day()
    assert line.read("moi") == [["a"]]


def test_an_article_that_is_announced_already_can_be_sent_as_an_alert_when_staff_ask(line: Line) -> None:
    line.subscribe("moi")
    id = line.arrives("a")
    line.day()
    assert sent(line, id) is not None
    line.arrives("b")
    line.day()
    assert line.read("moi") == [["a"], ["a"], ["b"]]


def test_a_digest_that_does_not_carry_the_alert_to_a_reader_does_not_overtake_it(line: Line) -> None:
    line.subscribe("moi")
    line.subscribe("yte", "Y tế")
    first, _ = line.arrives("a", "Kinh tế"), line.arrives("b", "Y tế")
    line.at("06:50")
    with line.store.read() as connection:
        article = article_repository.find_article(connection, first)
    assert article
    pipeline.publish_edition(
        pipeline.StepContext(line.newsroom, line.store, line.now, "Lan"),
        pipeline.EditionRequest.for_alert(line.newsroom.newsletter("tin-sang"), article),
    )
    line.at("07:00")
    line.answer()
    line.deliver()
    assert line.read("moi") == [["a", "b"]]
    assert sorted(line.read("yte")) == [["a"], ["b"]]


def test_a_digest_overtakes_an_alert_that_is_not_out_yet(line: Line) -> None:
    """Its readers get the article once, as news of the digest."""
    line.configure(RULE)
    line.subscribe("moi")
    line.arrives("bao", "Khẩn cấp")
    line.arrives("a")
    line.answer()  # promised, but nothing runs to deliver it
    line.day()
    assert line.read("moi") == [["a", "bao"]]
    from distributor.delivery.queries import list_deliveries

    with line.store.read() as connection:
        rows = list_deliveries(connection, edition="tin-sang-a1", channel="mail")
    assert [(row.state, row.reply) for row in rows] == [
        (DeliveryState.EXPIRED, "overtaken by tin-sang-1, which carries it")
    ]
