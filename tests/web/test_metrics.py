"""`/metrics`: who may read it, what stands in it, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.api_access import tokens
from distributor.api_access.tokens import ApiScope
from distributor.delivery import channel_state, monitoring, outbox
from distributor.delivery.outbox import OutboxMessage
from distributor.delivery.retry import Decision
from distributor.errors import StoreBusy
from distributor.gathering import source_state
from distributor.model import DeliveryState
from distributor.storage.tables import bounces, edition_events, editions
from distributor.web.figures import METRICS
from distributor.web.ticks import Ticks
from support.web_client import Visitor

PROXIED = {"X-Forwarded-For": "203.0.113.9"}


async def figures(visitor: Visitor) -> dict[str, float]:
    """The values, by name and labels."""
    answer = await visitor.get("/metrics")
    assert answer.status == 200
    lines = [line for line in (await answer.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def send_edition(visitor: Visitor) -> str:
    def send() -> str:
        line = visitor.line
        for name in ("lan", "binh"):
            line.subscribe(name)
        line.arrives("a")
        line.day("2026-11-23 07:00")
        with line.store.read() as connection:
            return str(connection.execute(sa.select(editions.c.id)).scalar_one())

    return await visitor.run(send)


async def make_token(visitor: Visitor, *scopes: ApiScope, newsletters: tuple[str, ...] = ()) -> dict[str, str]:
    def make() -> str:
        with visitor.line.store.write() as connection:
            return tokens.create(
                connection, f"t{len(scopes)}{len(newsletters)}", scopes=scopes, newsletters=newsletters, by="lan",
                now=visitor.line.now, expires_at=visitor.line.now + timedelta(days=30),
            )[1]  # fmt: skip

    return {**PROXIED, "Authorization": f"Bearer {await visitor.run(make)}"}


async def test_it_is_text_of_prometheus(visitor: Visitor) -> None:
    answer = await visitor.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (await answer.text()).startswith("# HELP distributor_up ")


async def test_it_is_for_this_machine_and_for_tokens_that_may_read_all_statistics(visitor: Visitor) -> None:
    refused = await visitor.get("/metrics", headers=PROXIED)
    assert (refused.status, "Bearer" in refused.headers["WWW-Authenticate"]) == (401, True)
    assert (await visitor.get("/metrics", headers={"Host": "news.bacson.example"})).status == 401
    assert (await visitor.get("/metrics", headers={**PROXIED, "Authorization": "Bearer dst_no"})).status == 401
    everything = [scope for scope in ApiScope if scope is not ApiScope.STATISTICS_READ]
    for headers, status in (
        (await make_token(visitor, *everything), 401),
        (await make_token(visitor, ApiScope.STATISTICS_READ, newsletters=("tin-sang",)), 401),
        (good := await make_token(visitor, ApiScope.STATISTICS_READ), 200),
    ):
        assert (await visitor.get("/metrics", headers=headers)).status == status
    visitor.line.now += timedelta(days=31)
    assert (await visitor.get("/metrics", headers=good)).status == 401


async def test_a_sent_edition_shows_in_deliveries_and_leaves_nothing_waiting(visitor: Visitor) -> None:
    await send_edition(visitor)
    found = await figures(visitor)
    assert found['distributor_recent_deliveries{newsletter="tin-sang",channel="mail",state="sent"}'] == 2
    assert found['distributor_recent_bounce_ratio{newsletter="tin-sang"}'] == 0
    assert found['distributor_queue_shards{channel="mail"}'] == 0
    assert found['distributor_editions{newsletter="tin-sang",state="frozen"}'] == 0
    assert found['distributor_outbox_messages{channel="mail"}'] == 0
    assert found["distributor_up"] == 1
    assert found["distributor_store_size_bytes"] > 10_000
    visitor.line.now += timedelta(days=3)
    assert not any(name.startswith("distributor_recent_deliveries") for name in await figures(visitor))


async def test_bounces_show_by_type_and_as_a_share_of_what_was_tried(visitor: Visitor) -> None:
    edition = await send_edition(visitor)

    def bounce() -> None:
        with visitor.line.store.write() as connection:
            values = {"address_key": "lan@example.com", "at": visitor.line.now, "edition_id": edition, "via": "test"}
            for kind in ("hard", "soft"):
                connection.execute(sa.insert(bounces).values(type=kind, **values))

    await visitor.run(bounce)
    found = await figures(visitor)
    assert found['distributor_recent_bounces{newsletter="tin-sang",type="soft"}'] == 1
    assert found['distributor_recent_bounce_ratio{newsletter="tin-sang"}'] == 0.5


async def test_what_waits_shows_with_the_time_that_it_has_waited(visitor: Visitor) -> None:
    def freeze() -> None:
        visitor.line.subscribe("lan")
        visitor.line.arrives("a")
        visitor.line.at("2026-11-23 07:00")
        visitor.line.answer()
        message = OutboxMessage(
            dedupe_key="k", channel="mail", kind="confirm", body=b"{}", expires_at=visitor.line.now + timedelta(days=1)
        )
        with visitor.line.store.write() as connection:
            outbox.add(connection, message, visitor.line.now)

    await visitor.run(freeze)
    visitor.line.now += timedelta(minutes=10)
    found = await figures(visitor)
    assert found['distributor_queue_shards{channel="mail"}'] == 1
    assert found['distributor_queue_overdue_seconds{channel="mail"}'] == 600
    assert found['distributor_editions{newsletter="tin-sang",state="frozen"}'] == 1
    assert found['distributor_recent_deliveries{newsletter="tin-sang",channel="mail",state="pending"}'] == 1
    assert found['distributor_outbox_messages{channel="mail"}'] == 1
    assert found['distributor_outbox_overdue_seconds{channel="mail"}'] == 600

    def put_off() -> None:
        again = Decision(DeliveryState.DEFERRED, due=visitor.line.now + timedelta(hours=1), reply="451 try later")
        with visitor.line.store.write() as connection:
            row = outbox.claim(connection, "mail", "me", visitor.line.now)
            assert row
            assert outbox.settle(connection, row, again, visitor.line.now)

    await visitor.run(put_off)
    assert (await figures(visitor))['distributor_outbox_overdue_seconds{channel="mail"}'] == 600


async def test_an_edition_that_staff_have_to_look_at_shows(visitor: Visitor) -> None:
    edition = await send_edition(visitor)

    def hold(actor: str) -> None:
        with visitor.line.store.write() as connection:
            connection.execute(sa.update(editions).values(state="held"))
            connection.execute(sa.delete(edition_events))
            values = {"edition_id": edition, "seq": 1, "at": visitor.line.now, "event": "held", "actor": actor}
            connection.execute(sa.insert(edition_events).values(**values))

    blocked = 'distributor_editions_blocked{newsletter="tin-sang",by="preflight"}'
    await visitor.run(hold, "preflight")
    assert (await figures(visitor))[blocked] == 1
    await visitor.run(hold, "lan")
    found = await figures(visitor)
    assert found[blocked] == 0
    assert found['distributor_editions{newsletter="tin-sang",state="held"}'] == 1


async def test_channels_sources_tokens_and_ticks_show(visitor: Visitor) -> None:
    visitor.ticks = Ticks()
    visitor.ticks.note(visitor.line.now)
    await visitor.restart()
    await make_token(visitor, ApiScope.STATISTICS_READ)
    now = visitor.line.now

    def break_things() -> None:
        store = visitor.line.store
        channel_state.begin_backoff(store, "posts", now + timedelta(hours=1), "429", now)
        with store.write() as connection:
            channel_state.record_fault(connection, "mail", "refused", now)
            source_state.save_fault(connection, "cong", "", now)
            source_state.save_fault(connection, "bao", "404", now)

    await visitor.run(break_things)
    found, at = await figures(visitor), now.timestamp()
    assert found['distributor_channel_broken{channel="mail"}'] == 1
    assert found['distributor_channel_broken_since_timestamp_seconds{channel="mail"}'] == at
    assert found['distributor_channel_broken{channel="posts"}'] == 0
    assert found['distributor_channel_backing_off{channel="posts"}'] == 1
    assert found['distributor_source_fault{source="bao"}'] == 1
    assert found['distributor_source_fault{source="cong"}'] == 0
    assert found['distributor_source_last_success_timestamp_seconds{source="cong"}'] == at
    assert found['distributor_source_interval_seconds{source="cong"}'] == 900
    assert found['distributor_api_token_expiry_timestamp_seconds{token="t10"}'] == at + 30 * 86400
    assert found["distributor_last_tick_timestamp_seconds"] == at


async def test_a_store_that_fails_leaves_what_is_known_without_it(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreBusy("store x: is busy")

    monkeypatch.setattr(monitoring, "list_editions_since", fail)
    found = await figures(visitor)
    assert found["distributor_up"] == 0
    assert found["distributor_disk_free_bytes"] > 0


async def test_no_figure_but_the_seldom_count_reads_the_rows_of_the_ledger(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the seldom count reads those of its edition by an index."""
    await send_edition(visitor)
    asked: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *args: asked.append(args[2]))
    try:
        await visitor.get("/metrics")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    of_rows = [statement for statement in asked if "deliveries" in statement]
    assert len(of_rows) == 1 and "GROUP BY deliveries.channel, deliveries.state" in of_rows[0]
    with visitor.line.store.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {of_rows[0]}", ("x",)).fetchall()
        shards = [one for one in asked if "FROM shards" in one]
        plan_of_shards = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {shards[0]}", ("x", "y", "z", 1, 2)).fetchall()
    assert any("SEARCH deliveries USING INDEX" in str(step) for step in plan)
    assert any(
        "SEARCH shards USING INDEX ix_shards_channel_due (channel=? AND due>?)" in str(one) for one in plan_of_shards
    )


def test_names_and_units_follow_the_conventions() -> None:
    for metric in METRICS:
        assert metric.name.startswith("distributor_") and metric.help.endswith(".")
        assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket"))  # of counters and histograms
    assert len({metric.name for metric in METRICS}) == len(METRICS)
