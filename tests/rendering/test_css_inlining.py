"""Many letters of one edition: inlined by what premailer said once, joined of pieces, shortened until they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest

from distributor.model import Edition
from distributor.plugins import registry
from distributor.rendering import inlining
from distributor.rendering.cache import RenderCache
from distributor.rendering.css_inlining import CssInliner
from distributor.rendering.digest import render_digest
from distributor.rendering.inlining import inline_css
from distributor.rendering.templates import Templates
from support import reference_editions as reference

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Templates(registry.template_folders(Path("/nonexistent")))
FORTY = reference.FORTY


def tree(page: str) -> list[tuple[Any, ...]]:
    document = lxml.html.document_fromstring(page)
    return [
        (one.tag, dict(one.attrib), (one.text or "").split(), (one.tail or "").split())
        for one in document.iter()
        if isinstance(one.tag, str)
    ]


def digest(edition: Edition, shop: RenderCache | None = None, **more: Any) -> Any:
    return render_digest(edition, reference.SITE, reference.MORNING, ZONE, TEMPLATES, render_cache=shop, **more)


# -- inlining by what was learned --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ORDINARY", "ONE", "FORTY", "PLAIN", "LONG"])
def test_what_was_learned_is_what_premailer_would_have_made(name: str) -> None:
    edition = getattr(reference, name)
    shop = RenderCache()
    made = digest(edition, shop, limit=10**9).html
    page = TEMPLATES.render("email/digest.html.j2", _values(edition))
    assert tree(made) == tree(inline_css(page))
    assert shop.runs == 1


def _values(edition: Edition) -> dict[str, Any]:
    from distributor.rendering.digest import edition_values
    from distributor.rendering.globals import common_values, personal_values

    return {
        **common_values(reference.SITE, reference.MORNING, edition.language, ZONE),
        **personal_values(),
        **edition_values(edition, reference.MORNING, ZONE),
        "rest_url": reference.SITE.url,
    }


SHOP = RenderCache()
digest(FORTY, SHOP)


def test_a_sheet_with_other_selectors_is_inlined_letter_by_letter(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "email"
    own.mkdir(parents=True)
    sheet = Path(registry.template_folders(Path("/nonexistent"))[0]) / "email" / "style.css"
    (own / "style.css").write_text(sheet.read_text(encoding="utf-8") + "\n.card .lead { color: #123456; }\n")
    templates = Templates(registry.template_folders(tmp_path))
    shop = RenderCache()
    made = render_digest(reference.ONE, reference.SITE, reference.MORNING, ZONE, templates, render_cache=shop)
    assert "#123456" in made.html
    again = render_digest(reference.ORDINARY, reference.SITE, reference.MORNING, ZONE, templates, render_cache=shop)
    assert again.html.count("#123456") >= 8


def test_comments_for_outlook_and_rules_for_phones_stay_letter_for_letter() -> None:
    page = (
        '<html><head><style>.a { color: red }</style><style data-premailer="ignore">@media x { .a > b { c: d } }</style>'
        '</head><body><!--[if mso]><td class="a"><![endif]--><p class=\'a\' title="a > b">x</p></body></html>'
    )
    book = CssInliner()
    book.learn([page])
    made = book.apply(page)
    assert '<!--[if mso]><td class="a"><![endif]-->' in made
    assert "<style>@media x { .a > b { c: d } }</style>" in made
    assert '<p class=\'a\' title="a > b" style="color:red">' in made


# -- when inlining fails -----------------------------------------------------------------------------------------------


def test_if_inlining_fails_a_plain_letter_goes_out_and_staff_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> str:
        raise ValueError("premailer is in a bad mood")

    monkeypatch.setattr(inlining._OfflinePremailer, "transform", broken)
    made = digest(reference.ORDINARY)
    assert made.notes[0].startswith("the plain template is used: ")
    assert "bad mood" in made.notes[0]
    assert "<style" not in made.html
    for article in reference.ORDINARY.articles:
        assert article.url in made.html
    assert "@@slot:unsubscribe_url@@" in made.html
    assert made.text == digest(reference.ORDINARY).text
