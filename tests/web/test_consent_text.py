"""The record of consent says which text somebody saw, also on another site, and also after the text has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from distributor.i18n import Texts
from distributor.model import Language
from distributor.subscribers.sealed import seal
from distributor.web.consent_text import FIELD, seen_text, text_now, version_of
from distributor.web.signup_form import FORM_TIME, form_time
from distributor.web.snippet import render_snippet
from support.web_client import Visitor
from support.web_signup import LAN, fields_of, fill, waiting

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY, EARLIER, OTHER = b"k" * 32, b"e" * 32, b"o" * 32
SITE = "Báo Bắc Sơn"
UNKNOWN = "(Biểu mẫu không cho biết lời văn mà người đăng ký đã thấy. Lời văn vào lúc đó là: "


def seen(**form: str) -> str:
    return seen_text({name: [value] for name, value in form.items()}, Language.VI, SITE, (KEY, EARLIER), NOW, Texts())


async def test_a_form_copied_before_the_text_changed_is_recorded_with_the_text_that_it_shows(visitor: Visitor) -> None:
    newsroom = visitor.line.newsroom
    settings = newsroom.settings.model_copy(
        update={"site": newsroom.settings.site.model_copy(update={"title": "Báo cũ"})}
    )
    html = render_snippet(
        settings, newsroom.templates, settings.newsletters["tin-sang"], Language.VI, newsroom.secret()
    )
    assert text_now(Language.VI, "Báo cũ", Texts()) in html
    headers = {"Origin": "https://bacson.example"}
    answer = await visitor.post("/subscribe", data={"email": LAN, **fields_of(html), "mh7": ""}, headers=headers)
    done = await visitor.post("/subscribe", data=fields_of(await answer.text()))  # the one click more
    assert done.status == 303
    signup = await waiting(visitor)
    assert signup is not None
    assert signup.asks[0].text == text_now(Language.VI, "Báo cũ", Texts()) != text_now(Language.VI, SITE, Texts())


async def test_a_form_made_by_hand_is_recorded_as_one_of_which_nobody_knows_the_text(visitor: Visitor) -> None:
    answer = await visitor.post("/subscribe", data={"email": LAN, "newsletter": "tin-sang"})
    await visitor.post("/subscribe", data=fields_of(await answer.text()))
    signup = await waiting(visitor)
    assert signup is not None and signup.asks[0].text == f"{UNKNOWN}{text_now(Language.VI, SITE, Texts())})"


async def test_our_own_form_is_recorded_with_the_text_of_today_also_after_a_question(visitor: Visitor) -> None:
    typed = await fill(visitor, email=LAN, mh7="x")
    answer = await visitor.post("/subscribe", data=typed)
    await visitor.post("/subscribe", data=fields_of(await answer.text()))
    signup = await waiting(visitor)
    assert signup is not None and signup.asks[0].text == text_now(Language.VI, SITE, Texts())


def test_a_version_sealed_with_an_earlier_key_and_long_ago_is_known() -> None:
    assert seen(**{FIELD: version_of(EARLIER, "once")}) == "once"
    assert version_of(KEY, "once") == version_of(KEY, "once"), "printed again, the form is the same"


@pytest.mark.parametrize(
    "version",
    [
        version_of(OTHER, "forged"),
        seal(KEY, "sent", {"text": "forged"}, NOW + timedelta(days=1)),  # made for something else
        version_of(KEY, "once")[:-4],
        "x",
        "Ngày mai 🙂",
    ],
)
def test_a_version_that_we_have_not_made_is_not_believed(version: str) -> None:
    told = seen(**{FIELD: version, FORM_TIME: form_time(KEY, NOW)})
    assert told == f"{UNKNOWN}{text_now(Language.VI, SITE, Texts())})"
