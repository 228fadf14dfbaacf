"""Newsletters through the API: what would go out, sent now or as an alert, statistics."""

from __future__ import annotations

from support.web_client_api import ApiClient


async def ready(api: ApiClient) -> str:
    """One subscriber, and one article that is new; its id."""
    await api.visitor.run(api.line.subscribe, "lan")
    return str((await api.push()).json["article"]["id"])


async def test_a_newsletter_is_seen_before_it_is_sent_and_sent_once(api: ApiClient) -> None:
    await ready(api)
    plan = (await api.get("/newsletters/tin-sang/next")).json
    assert ([one["title"] for one in plan["articles"]], plan["recipients"]) == (["Tin a của tỉnh nhà"], 1)
    assert plan["preflight"]["ready"] is True
    assert "Tin a của tỉnh nhà" in (await api.get("/newsletters/tin-sang/next/preview")).json
    headers = {"Idempotency-Key": "send-1"}
    sent = await api.post("/newsletters/tin-sang/send", headers=headers)
    assert (sent.status, sent.json["held"], sent.json["recipients"]) == (201, "", 1)
    assert (await api.post("/newsletters/tin-sang/send", headers=headers)).json == sent.json
    nothing = await api.post("/newsletters/tin-sang/send")
    assert (nothing.status, nothing.json["edition"], nothing.json["reason"]) == (200, None, "nothing new")
    await api.visitor.run(api.line.deliver)
    assert api.line.read("lan") == [["a"]]
    events = (await api.get(f"/editions/{sent.json['edition']['id']}")).json["events"]
    assert (events[0]["event"], events[0]["actor"]) == ("frozen", "everything")


async def test_nothing_to_send_has_no_preview(api: ApiClient) -> None:
    assert (await api.get("/newsletters/tin-sang/next/preview")).status == 409
    assert (await api.get("/newsletters/tin-khuya/next")).status == 404


async def test_only_channels_and_checks_that_there_are_can_be_named(api: ApiClient) -> None:
    await ready(api)
    answer = await api.post("/newsletters/tin-sang/send", {"channels": ["mail", "fax"]})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "/channels/1")
    forced = await api.post("/newsletters/tin-sang/send", {"force": ["no-such-check"]})
    assert (forced.status, "no-such-check" in forced.json["detail"]) == (409, True)
    assert (await api.get("/editions")).json["items"] == []


async def test_an_article_is_sent_as_an_alert_once(api: ApiClient) -> None:
    id = await ready(api)
    sent = await api.post("/newsletters/tin-sang/alerts", {"article": id})
    assert (sent.status, sent.json["edition"]["kind"]) == (201, "alert")
    again = await api.post("/newsletters/tin-sang/alerts", {"article": id})
    assert (again.status, "nothing is sent twice" in again.json["detail"]) == (409, True)
    assert (await api.post("/newsletters/tin-sang/alerts", {"article": "zz"})).status == 422
    await api.post(f"/articles/{id}/withdraw")
    gone = await api.post("/newsletters/tin-sang/alerts", {"article": id})
    assert (gone.status, "withdrawn" in gone.json["detail"]) == (409, True)


async def test_statistics_tell_who_came_and_went(api: ApiClient) -> None:
    await ready(api)
    await api.post("/newsletters/tin-sang/send")
    await api.visitor.run(api.line.deliver)
    person = (await api.get("/subscribers")).json["items"][0]["id"]
    await api.post(f"/subscribers/{person}/unsubscribe", {"newsletter": "tin-sang"})
    numbers = (await api.get("/newsletters/tin-sang/statistics")).json
    assert (numbers["subscribers"], numbers["joined"], numbers["left"]) == (0, 0, 1)
    assert numbers["editions"][0]["deliveries"]["mail"] == {"sent": 1}
    (listed,) = (await api.get("/newsletters")).json["items"]
    assert (listed["id"], listed["subscribers"], listed["schedule"]) == ("tin-sang", 0, ["every day at 07:00"])
