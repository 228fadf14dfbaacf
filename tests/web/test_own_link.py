""" "Send me my link": the same answer for every address."""

from __future__ import annotations

import pytest

from support.web_client import Visitor


async def test_every_address_gets_the_same_answer(visitor: Visitor) -> None:
    await visitor.run(visitor.line.subscribe, "lan")
    known = await visitor.post("/me", data={"email": "lan@example.com"})
    unknown = await visitor.post("/me", data={"email": "mai@example.com"})
    again = await visitor.post("/me", data={"email": "lan@example.com"})
    assert {known.status, unknown.status, again.status} == {200}
    assert await known.text() == await unknown.text() == await again.text()
    assert "Nếu địa chỉ này có trong danh sách" in await known.text()
    assert set(known.headers) == set(unknown.headers)


async def test_the_english_page_speaks_english(visitor: Visitor) -> None:
    assert "Send me a link" in await (await visitor.get("/en/me")).text()
    assert "a link is on its way" in await (await visitor.post("/en/me", data={"email": "a@example.com"})).text()


@pytest.mark.parametrize("typed", ["", "lan", "a@b@c", "<script>"])
async def test_what_is_no_address_is_said_and_kept(visitor: Visitor, typed: str) -> None:
    answer = await visitor.post("/me", data={"email": typed})
    page = await answer.text()
    assert answer.status == 422
    assert 'aria-invalid="true"' in page and "<script" not in page
