"""Drafts edited through the API: with the version that was looked at, and by who may."""

from __future__ import annotations

from typing import Any

import pytest

from support.web_client_api import ApiClient


async def drafted(api: ApiClient) -> str:
    """A draft of tomorrow's edition, of two articles."""
    api.line.configure("review: {before: 2h}")
    await api.visitor.restart()
    await api.visitor.run(api.line.subscribe, "lan")
    for name in "ab":
        await api.visitor.run(api.line.arrives, name)
    api.line.at("05:30")
    await api.visitor.run(api.line.answer)
    (draft,) = (await api.get("/editions?state=review")).json["items"]
    return str(draft["id"])


async def test_a_draft_is_edited_and_what_is_approved_goes_out(api: ApiClient) -> None:
    id = await drafted(api)
    before = (await api.get(f"/editions/{id}")).json
    first, second = (one["id"] for one in before["articles"])
    asked = {"version": before["version"], "subject": "Bão số 5", "intro": "Lời **dẫn**", "order": [second]}
    made = (await api.ask("PATCH", f"/editions/{id}", asked)).json
    assert (made["subject"], made["intro"], made["version"]) == ("Bão số 5", "Lời **dẫn**", 1)
    assert [one["id"] for one in made["articles"]] == [second, first]
    assert (made["events"][-1]["event"], made["events"][-1]["actor"]) == ("edited", "everything")
    assert "Lời <strong>dẫn</strong>" in (await api.get(f"/editions/{id}/preview")).json
    usual = (await api.ask("PATCH", f"/editions/{id}", {"version": 1, "subject": "", "drop": [first]})).json
    assert (usual["subject"], usual["intro"]) == ("Tin a của tỉnh nhà", "Lời **dẫn**")


async def test_an_older_version_is_a_conflict(api: ApiClient) -> None:
    id = await drafted(api)
    await api.ask("PATCH", f"/editions/{id}", {"version": 0, "subject": "Một"})
    late = await api.ask("PATCH", f"/editions/{id}", {"version": 0, "subject": "Hai"})
    assert (late.status, "edited by everything" in late.json["detail"]) == (409, True)
    assert (await api.get(f"/editions/{id}")).json["subject"] == "Một"


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"subject": "x"}, 422, "/version"),
        ({"version": 0, "subject": "{ten}"}, 422, "/subject"),
        ({"version": 0, "subject": "x" * 10_000}, 422, "/subject"),
        ({"version": 0, "intro": "x" * 10_001}, 422, "/intro"),
        ({"version": 0, "title": "x"}, 422, "/title"),
        ({"version": -1}, 422, "/version"),
    ],
)
async def test_what_is_wrong_is_told_with_its_field(
    api: ApiClient, body: dict[str, Any], status: int, where: str
) -> None:
    answer = await api.ask("PATCH", f"/editions/{await drafted(api)}", body)
    assert (answer.status, answer.json["errors"][0]["field"]) == (status, where)


async def test_what_cannot_be_done_is_a_conflict(api: ApiClient) -> None:
    id = await drafted(api)
    for asked in ({"drop": ["khong-co"]}, {"order": ["khong-co"]}):
        answer = await api.ask("PATCH", f"/editions/{id}", {"version": 0, **asked})
        assert (answer.status, "has no article 'khong-co'" in answer.json["detail"]) == (409, True)
    assert (await api.ask("PATCH", "/editions/tin-sang-99", {"version": 0})).status == 404
