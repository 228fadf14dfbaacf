"""Subscribers through the API: added with their consent, found, changed, unsubscribed, forgotten."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from distributor.api_access.tokens import ApiScope
from distributor.storage.web_tables import outbox
from support.web_client_api import ApiClient

LAN: dict[str, Any] = {
    "address": "Lan@Example.com",
    "newsletters": ["tin-sang"],
    "confirm": False,
    "consent": "Đồng ý tại quầy tiếp dân",
}


async def test_somebody_is_added_at_once_with_the_proof_of_their_consent(api: ApiClient) -> None:
    made = await api.post("/subscribers", {**LAN, "name": "Lan", "topics": ["Kinh tế"], "frequency": "daily"})
    assert (made.status, made.json["state"]) == (201, "added")
    found = await api.post("/subscribers/find", {"address": "lan@example.COM"})
    person = found.json
    assert (person["address"], person["topics"], person["frequency"]) == ("Lan@example.com", ["Kinh tế"], "daily")
    (consent,) = person["consents"]
    assert (consent["newsletter"], consent["text"], consent["via"]) == ("tin-sang", "Đồng ý tại quầy tiếp dân", "api")
    assert (await api.get(f"/subscribers/{person['id']}")).json == person
    again = await api.post("/subscribers", LAN)
    assert (again.status, again.json["state"]) == (200, "unchanged")


async def test_nobody_is_added_at_once_without_a_consent(api: ApiClient) -> None:
    answer = await api.post("/subscribers", {**LAN, "consent": " "})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "/consent")


async def test_who_has_left_is_not_added_again(api: ApiClient) -> None:
    id = (await api.post("/subscribers", LAN)).json["subscriber"]["id"]
    left = await api.post(f"/subscribers/{id}/unsubscribe", {"newsletter": "tin-sang", "reason": "quá nhiều"})
    assert (left.json["newsletters"], left.json["opt_outs"][0]["via"]) == ([], "api")
    answer = await api.post("/subscribers", LAN)
    assert (answer.status, answer.json["type"]) == (409, "urn:distributor:problem:conflict")
    assert "lan@" not in str(answer.json).lower()


async def test_what_is_changed_is_what_is_named(api: ApiClient) -> None:
    api.line.configure(".attributes: {commune: {label: {vi: Xã/phường}, choices: [Bắc Sơn, Hữu Lũng]}}")
    await api.visitor.restart()
    made = await api.post("/subscribers", {**LAN, "name": "Lan", "attributes": {"commune": "bắc sơn"}})
    path = f"/subscribers/{made.json['subscriber']['id']}"
    changed = await api.ask("PATCH", path, {"topics": ["Y tế"], "language": "en", "attributes": {"commune": None}})
    assert changed.status == 200
    assert (changed.json["name"], changed.json["topics"], changed.json["language"]) == ("Lan", ["Y tế"], "en")
    assert (made.json["subscriber"]["attributes"], changed.json["attributes"]) == ({"commune": "Bắc Sơn"}, {})
    wrong = await api.ask("PATCH", path, {"attributes": {"commune": "Huế"}})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "/attributes/commune")


async def test_who_is_forgotten_is_gone_and_not_brought_back(api: ApiClient) -> None:
    id = (await api.post("/subscribers", LAN)).json["subscriber"]["id"]
    assert (await api.ask("DELETE", f"/subscribers/{id}")).status == 204
    assert (await api.ask("DELETE", f"/subscribers/{id}")).status == 404
    assert (await api.post("/subscribers/find", {"address": LAN["address"]})).status == 404
    assert (await api.post("/subscribers", LAN)).status == 409


async def test_a_token_for_one_newsletter_sees_nothing_of_the_other(api: ApiClient) -> None:
    other = "  tin-toi:\n    title: Tin tối\n    channels: [mail]\n"
    api.line.config = api.line.config.replace("newsletters:\n", "newsletters:\n" + other)
    api.line.configure()
    await api.visitor.restart()
    narrow = await api.make_token("narrow", *ApiScope, newsletters=("tin-toi",))
    both = await api.post("/subscribers", {**LAN, "newsletters": ["tin-sang", "tin-toi"]})
    await api.post("/subscribers", {**LAN, "address": "mai@example.com"})
    id = both.json["subscriber"]["id"]
    listed = (await api.get("/subscribers", token=narrow)).json["items"]
    assert [(one["id"], one["newsletters"]) for one in listed] == [(id, ["tin-toi"])]
    assert (await api.post("/subscribers/find", {"address": "mai@example.com"}, token=narrow)).status == 404
    assert (await api.ask("PATCH", f"/subscribers/{id}", {"name": "x"}, token=narrow)).status == 403
    assert (await api.ask("DELETE", f"/subscribers/{id}", token=narrow)).status == 403
    assert (await api.post("/subscribers", LAN, token=narrow)).status == 422
    assert (await api.post(f"/subscribers/{id}/unsubscribe", token=narrow)).status == 403
    assert (await api.get("/subscribers?newsletter=tin-sang", token=narrow)).status == 404
    for path in ("/newsletters/tin-sang/next", "/newsletters/tin-sang/statistics", "/editions?newsletter=tin-sang"):
        assert (await api.get(path, token=narrow)).status == 404
    assert (await api.post("/newsletters/tin-sang/send", token=narrow)).status == 404
    assert [one["id"] for one in (await api.get("/newsletters", token=narrow)).json["items"]] == ["tin-toi"]
    assert (await api.get("/suppressions", token=narrow)).status == 403
    assert (await api.post("/articles/cong:cu/withdraw", token=narrow)).status == 403
    left = await api.post(f"/subscribers/{id}/unsubscribe", {"newsletter": "tin-toi"}, token=narrow)
    assert left.status in (200, 404)
    assert (await api.get(f"/subscribers/{id}")).json["newsletters"] == ["tin-sang"]


async def test_a_token_for_one_newsletter_subscribes_people_of_another_and_changes_no_choice_of_theirs(
    api: ApiClient,
) -> None:
    other = "  tin-toi:\n    title: Tin tối\n    channels: [mail]\n"
    api.line.config = api.line.config.replace("newsletters:\n", "newsletters:\n" + other)
    api.line.configure(".attributes: {commune: {label: {vi: Xã/phường}}}")
    await api.visitor.restart()
    narrow = await api.make_token("narrow", *ApiScope, newsletters=("tin-toi",))
    id = (await api.post("/subscribers", {**LAN, "name": "Lan", "topics": ["Kinh tế"]})).json["subscriber"]["id"]
    before = (await api.get(f"/subscribers/{id}")).json
    own = {"name": "x", "topics": ["Y tế"], "frequency": "weekly", "language": "en", "attributes": {"commune": "Huế"}}
    added = await api.post("/subscribers", {**LAN, **own, "newsletters": ["tin-toi"]}, token=narrow)
    after = (await api.get(f"/subscribers/{id}")).json
    assert (added.status, set(after.pop("newsletters"))) == (200, {"tin-sang", "tin-toi"})
    chosen = ("name", "topics", "frequency", "language", "attributes")
    assert {name: after[name] for name in chosen} == {name: before[name] for name in chosen}


async def test_subscribers_come_in_pages(api: ApiClient) -> None:
    for number in range(5):
        await api.post("/subscribers", {**LAN, "address": f"p{number}@example.com"})
    first = (await api.get("/subscribers?limit=3")).json
    second = (await api.get(f"/subscribers?limit=3&cursor={first['next_cursor']}")).json
    seen = {one["address"] for one in first["items"] + second["items"]}
    assert (len(seen), second["next_cursor"]) == (5, None)


async def test_who_is_asked_to_confirm_gets_an_email_and_nothing_is_told(api: ApiClient) -> None:
    known = (await api.post("/subscribers", {**LAN, "address": "mai@example.com"})).json["subscriber"]["id"]

    def outbox_addresses() -> list[str]:
        with api.line.store.read() as connection:
            return list(connection.execute(sa.select(outbox.c.address).order_by(outbox.c.id)).scalars())

    woken = api.visitor.woken
    answers = [
        await api.post("/subscribers", {"address": address, "newsletters": ["tin-sang"], "consent": "Form tại quầy"})
        for address in ("lan@example.com", "mai@example.com", "lan@example.com")
    ]
    assert [(one.status, one.json) for one in answers] == [
        (202, {"state": "asked", "subscriber": None, "not_subscribed": []})
    ] * 3
    assert api.visitor.woken == woken + 3
    assert (await api.visitor.run(outbox_addresses)).count("lan@example.com") == 1
    assert [one["id"] for one in (await api.get("/subscribers")).json["items"]] == [known]
