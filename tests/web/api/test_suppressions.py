"""Suppressions and deliveries through the API."""

from __future__ import annotations

from support.web_client_api import ApiClient

LAN = {"address": "lan@example.com"}


async def test_an_address_is_suppressed_found_and_let_go(api: ApiClient) -> None:
    added = await api.post("/suppressions", {**LAN, "reason": "gọi điện"})
    assert (added.status, added.json["type"], added.json["reason"]) == (201, "staff", "gọi điện")
    again = await api.post("/suppressions", {**LAN, "reason": "lần nữa"})
    assert (again.status, again.json["reason"]) == (200, "gọi điện")
    assert (await api.post("/suppressions/find", {"address": "LAN@example.com"})).json == added.json
    assert (await api.post("/suppressions/remove", LAN)).json == added.json
    assert (await api.post("/suppressions/remove", LAN)).status == 404
    assert (await api.post("/suppressions/find", LAN)).status == 404


async def test_suppressions_come_in_pages_and_no_address_stands_in_a_cursor(api: ApiClient) -> None:
    for name in ("a", "b", "c"):
        await api.post("/suppressions", {"address": f"{name}@example.com"})
    first = (await api.get("/suppressions?limit=2&type=staff")).json
    assert "example" not in first["next_cursor"]
    second = (await api.get(f"/suppressions?limit=2&type=staff&cursor={first['next_cursor']}")).json
    assert [one["address"][0] for one in first["items"] + second["items"]] == ["a", "b", "c"]
    assert (await api.get("/suppressions?type=hard")).json["items"] == []
    assert (await api.get("/suppressions?type=mild")).status == 422


async def test_deliveries_are_listed_by_edition_subscriber_and_state(api: ApiClient) -> None:
    for name in ("lan", "mai"):
        await api.visitor.run(api.line.subscribe, name)
    await api.visitor.run(api.line.arrives, "a")
    await api.visitor.run(api.line.day)
    every = (await api.get("/deliveries")).json["items"]
    assert {one["state"] for one in every} == {"sent"}
    emails = [one for one in every if one["subscriber"]]
    assert {one["address"] for one in emails} == {"lan@example.com", "mai@example.com"}
    lan = next(one["subscriber"] for one in emails if one["address"].startswith("lan"))
    own = (await api.get(f"/deliveries?subscriber={lan}&edition={emails[0]['edition']}&channel=mail&state=sent")).json
    assert [one["address"] for one in own["items"]] == ["lan@example.com"]
    assert (await api.get("/deliveries?state=rejected")).json["items"] == []
    pages = [(await api.get("/deliveries?limit=1")).json]
    while pages[-1]["next_cursor"]:
        pages.append((await api.get(f"/deliveries?limit=1&cursor={pages[-1]['next_cursor']}")).json)
    assert [one["items"][0]["id"] for one in pages] == [one["id"] for one in every]
