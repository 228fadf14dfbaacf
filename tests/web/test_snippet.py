"""The form to copy works on another site as it stands."""

from __future__ import annotations

import re

from distributor.model import Language
from distributor.web.snippet import render_snippet
from support.clocked_newsroom import Line
from support.web_client import Visitor
from support.web_signup import LAN, fields_of, waiting


def snippet(line: Line, language: Language = Language.VI) -> str:
    newsroom = line.newsroom
    newsletter = newsroom.settings.newsletters["tin-sang"]
    return render_snippet(newsroom.settings, newsroom.templates, newsletter, language, newsroom.secret())


async def test_what_it_sends_signs_somebody_up_after_one_more_click(visitor: Visitor) -> None:
    html = snippet(visitor.line)
    action = re.search(r'action="([^"]+)"', html)
    assert action and action[1] == "https://news.bacson.example/subscribe"
    typed = {"email": LAN, **fields_of(html), "mh7": ""}
    answer = await visitor.post("/subscribe", data=typed, headers={"Origin": "https://bacson.example"})
    done = await visitor.post("/subscribe", data=fields_of(await answer.text()))
    assert done.status == 303
    assert await waiting(visitor)


async def test_it_speaks_english_and_leads_to_english_pages(visitor: Visitor) -> None:
    html = snippet(visitor.line, Language.EN)
    assert 'lang="en"' in html and "Subscribe</button>" in html
    assert 'action="https://news.bacson.example/en/subscribe"' in html


async def test_it_needs_nothing_but_itself(visitor: Visitor) -> None:
    html = snippet(visitor.line)
    for word in ("<script", "<style", "<link", "class=", "src=", "onclick"):
        assert word not in html
    labels = re.findall(r'<label for="([^"]+)"', html)
    assert labels and all(f'id="{one}"' in html for one in labels)
