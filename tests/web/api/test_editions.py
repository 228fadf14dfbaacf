"""Editions through the API: shown, previewed, checked; drafts decided about."""

from __future__ import annotations

from datetime import timedelta

from support.web_client_api import ApiClient


async def drafted(api: ApiClient) -> str:
    """A draft of tomorrow's edition, of one article for one subscriber."""
    api.line.configure("review: {before: 2h}")
    await api.visitor.restart()
    await api.visitor.run(api.line.subscribe, "lan")
    await api.visitor.run(api.line.arrives, "a")
    api.line.at("05:30")
    await api.visitor.run(api.line.answer)
    (draft,) = (await api.get("/editions?state=review")).json["items"]
    return str(draft["id"])


async def test_a_draft_is_shown_held_approved_and_goes_out(api: ApiClient) -> None:
    id = await drafted(api)
    shown = (await api.get(f"/editions/{id}")).json
    assert ([one["title"] for one in shown["articles"]], shown["state"]) == (["Tin a của tỉnh nhà"], "review")
    held = await api.post(f"/editions/{id}/hold", {"reason": "chờ ý kiến"})
    assert (held.json["state"], held.json["events"][-1]["reason"]) == ("held", "chờ ý kiến")
    woken = api.visitor.woken
    approved = await api.post(f"/editions/{id}/approve")
    assert (approved.json["events"][-1]["event"], approved.json["events"][-1]["actor"]) == ("approved", "everything")
    assert api.visitor.woken == woken + 1
    await api.visitor.run(api.line.day)
    assert api.line.read("lan") == [["a"]]
    again = await api.post(f"/editions/{id}/approve")
    assert (again.status, "there is nothing to approve" in again.json["detail"]) == (409, True)


async def test_an_edition_is_cancelled_and_its_articles_wait(api: ApiClient) -> None:
    id = await drafted(api)
    gone = await api.post(f"/editions/{id}/cancel", {"reason": "sai"})
    assert gone.json["state"] == "cancelled"
    assert (await api.post(f"/editions/{id}/cancel")).status == 409
    assert (await api.post(f"/editions/{id}/pause")).status == 409
    assert (await api.post(f"/editions/{id}/resume")).status == 409
    plan = (await api.get("/newsletters/tin-sang/next")).json
    assert len(plan["articles"]) == 1


async def test_the_very_email_is_seen_in_both_parts(api: ApiClient) -> None:
    id = await drafted(api)
    html = await api.get(f"/editions/{id}/preview")
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "sandbox" in html.headers["Content-Security-Policy"]
    assert "Tin a của tỉnh nhà" in html.json
    text = await api.get(f"/editions/{id}/preview?format=text&variant=digest")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "<" not in text.json.split("https://")[0]
    assert (await api.get(f"/editions/{id}/preview?variant=no")).status == 404
    assert (await api.get(f"/editions/{id}/preview?format=pdf")).status == 422


async def test_preflight_and_statistics_of_an_edition(api: ApiClient) -> None:
    id = await drafted(api)
    checked = (await api.get(f"/editions/{id}/preflight")).json
    assert checked["ready"] is True
    assert all(not one["blocks"] for one in checked["findings"])
    await api.post(f"/editions/{id}/approve")
    await api.visitor.run(api.line.day)
    numbers = (await api.get(f"/editions/{id}/statistics")).json
    assert (numbers["recipients"], numbers["deliveries"]["mail"], numbers["bounces"]) == (1, {"sent": 1}, {})


async def test_what_is_no_edition_is_not_found(api: ApiClient) -> None:
    for path in ("", "/preview", "/preflight", "/statistics"):
        assert (await api.get(f"/editions/tin-sang-x{path}")).status == 404
    for verb in ("approve", "hold", "cancel", "pause", "resume"):
        assert (await api.post(f"/editions/tin-sang-x/{verb}")).status == 404


async def test_editions_come_in_pages_newest_first(api: ApiClient) -> None:
    for name in ("a", "b", "c"):
        await api.visitor.run(api.line.arrives, name)
        await api.visitor.run(api.line.day)
        api.line.now += timedelta(minutes=1)
    first = (await api.get("/editions?limit=2&newsletter=tin-sang")).json
    second = (await api.get(f"/editions?limit=2&newsletter=tin-sang&cursor={first['next_cursor']}")).json
    numbers = [one["number"] for one in first["items"] + second["items"]]
    assert (numbers, second["next_cursor"]) == ([3, 2, 1], None)
