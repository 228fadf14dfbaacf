"""Sample emails: digests with all that one may have, and every transactional email."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from ..channel import Digest
from ..config.schema import Newsletter, Settings
from ..merge_fields import merge_tag
from ..model import Article, Edition, EditionKind, Language
from ..rendering.blocks import BlockView
from ..rendering.digest import DigestOptions, render_digest
from ..rendering.templates import Templates
from ..rendering.transactional import render_transactional
from .articles import NOW, sample_articles, sample_edition
from .samples import Cases, Sample, SampleKind, newsletter_in, render_settings

_WORDS = {
    Language.VI: {
        "note": "Cầu dài 412 mét, không phải 421 mét như tin đã đưa. Nguồn: Sở Xây dựng.",
        "problem": "unsubscribe-page: the page shows no unsubscribe link",
        "intro": "Tuần này bản tin ra sớm hơn một ngày vì nghỉ lễ. Chúc quý bạn đọc một ngày tốt lành!",
        "sponsor": "Hội chợ hàng Việt Bắc Sơn mở cửa từ 28/11 tại quảng trường trung tâm.",
        "label": "Tài trợ",
        "data": ("Địa chỉ nhận thư", "Chuyên mục đã chọn"),
    },
    Language.EN: {
        "note": "The bridge is 412 metres long, not 421 as first reported. Source: department of construction.",
        "problem": "unsubscribe-page: the page shows no unsubscribe link",
        "intro": "This week's edition comes a day early because of the holiday. Have a good day!",
        "sponsor": "The Bắc Sơn fair opens on 28 November on the central square.",
        "label": "Sponsor",
        "data": ("Address", "Chosen topics"),
    },
}
_PLACES = ("greeting", "first", "stories")


def email_samples(settings: Settings, language: Language) -> Iterator[Sample]:
    """Every email in a language."""
    shown = newsletter_in(settings, language)
    yield from _digests(settings, shown, language)
    for other in settings.newsletters.values():
        if other is not shown and settings.newsletter_language(other) is language:
            yield _digest(settings, other, sample_edition(settings.site, other, language), f"newsletter {other.id}")
    yield from _plain(settings, shown, language)
    for template, cases in _transactional(settings, shown, language).items():
        for case, values in cases.items():
            yield _single(settings, shown, language, template, case, values)


# -- digests -------------------------------------------------------------------------------------------------------------


def _digests(settings: Settings, newsletter: Newsletter, language: Language) -> Iterator[Sample]:
    edition = sample_edition(settings.site, newsletter, language)
    notes = {edition.articles[0].id: "09:12", edition.articles[2].id: "09:12", edition.briefs[0].id: "09:12"}
    intro, blocks = _own_words(language, [*newsletter.sections, *newsletter.topics])
    yield _digest(settings, newsletter, edition, "")
    changes = {"intro": intro, "blocks": blocks, "rest": 12, "rest_url": f"{settings.site.url}/archive"}
    yield _digest(
        settings, newsletter, edition, "notes, introduction, announcements, some left to the web", notes, changes
    )
    bare = replace(edition.articles[5], image=None, lead="", body_html="", author="", url="", topics=(), has_date=False)
    one = replace(edition, articles=(bare,), briefs=(), overflow=1, kind=EditionKind.DAILY)
    yield _digest(settings, newsletter, one, "one story, without anything", {}, {"rest": 1})
    weekly = replace(edition, articles=edition.articles[:2], briefs=(), overflow=0, kind=EditionKind.WEEKLY)
    yield _digest(settings, newsletter, weekly, "weekly, two stories")
    counted = newsletter.model_copy(update={"greeting": "{name}: {count}"})
    yield _digest(settings, counted, edition, "a greeting that counts")
    alert = replace(edition, articles=edition.articles[:1], briefs=(), overflow=0, kind=EditionKind.ALERT)
    yield _digest(settings, newsletter, alert, "", notes)
    unlinked = replace(bare, lead=edition.articles[0].lead)
    yield _digest(settings, newsletter, replace(alert, articles=(unlinked,)), "without picture and address")


def _own_words(language: Language, headings: list[str]) -> tuple[BlockView, dict[str, list[BlockView]]]:
    """An introduction, and announcements at every place."""
    words = _WORDS[language]
    intro = BlockView(label="", html=Markup("<p>{}</p>").format(words["intro"]), text=str(words["intro"]))
    sponsor = str(words["sponsor"])
    block = BlockView(label=str(words["label"]), html=Markup("<p>{}</p>").format(sponsor), text=sponsor)
    return intro, {place: [block, replace(block, label="")] for place in (*_PLACES, *headings)}


def _digest(
    settings: Settings,
    newsletter: Newsletter,
    edition: Edition,
    case: str,
    notes: Mapping[str, str] | None = None,
    changes: Mapping[str, object] | None = None,
) -> Sample:
    options = DigestOptions(
        notes=notes or {},
        subscribe_url=f"{settings.links_url}/subscribe",
        web_url=f"{settings.links_url}/archive/mau",
        preferences_url=merge_tag("preferences_url"),
    )

    def make(templates: Templates) -> Digest:
        return render_digest(edition, render_settings(settings, newsletter, templates), options)

    alert = edition.kind is EditionKind.ALERT
    name = "email/alert" if alert else "email/digest"
    return Sample(
        kind=SampleKind.EMAIL, template=name, case=case, language=edition.language, make=make, changes=changes or {}
    )


def _plain(settings: Settings, newsletter: Newsletter, language: Language) -> Iterator[Sample]:
    """The digest where styles cannot be inlined."""
    edition = sample_edition(settings.site, newsletter, language)

    def make(templates: Templates) -> str:
        found: dict[str, object] = {}

        class Asked(Templates):
            """Takes the values of the digest for the plain template."""

            def __init__(self) -> None:
                self.environment = templates.environment

            def render(self, name: str, values: Mapping[str, object]) -> str:
                found.update(values)
                return "<html><head><title></title></head><body></body></html>"

        render_digest(edition, render_settings(settings, newsletter, Asked()))
        return templates.render("email/plain.html.j2", found)

    yield Sample(
        kind=SampleKind.EMAIL,
        template="email/plain.html.j2",
        case="where styles cannot be inlined",
        language=language,
        make=make,
    )


# -- transactional emails -----------------------------------------------------------------------------------------------


def _single(
    settings: Settings, newsletter: Newsletter, language: Language, template: str, case: str, values: dict[str, Any]
) -> Sample:
    about = values.pop("newsletter", newsletter)

    def make(templates: Templates) -> Digest:
        return render_transactional(template, render_settings(settings, about, templates), language, **values)

    return Sample(kind=SampleKind.EMAIL, template=template, case=case, language=language, make=make)


_WHOLE_SITE: Mapping[str, Any] = {"newsletter": None}


def _transactional(settings: Settings, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """The values of every transactional email, by template and case."""
    site = settings.site
    alert = sample_edition(site, newsletter, language, kind=EditionKind.ALERT, overflow=0)
    alert = replace(alert, articles=alert.articles[:1], briefs=())
    return {
        "email/correction": _correction(sample_articles(site, newsletter, language), language),
        **_signing_up(settings, newsletter),
        **_subscriber(settings, language),
        "email/review": _review(settings, sample_edition(site, newsletter, language), language),
        "email/alert": {"by itself": {"edition": alert}},
    }


def _correction(articles: Sequence[Article], language: Language) -> Cases:
    corrected = {"article": articles[0], "note": _WORDS[language]["note"], "carried_at": NOW, "corrected_at": NOW}
    bare = replace(articles[5], url="", lead="", body_html="")
    return {
        "": corrected,
        "without picture and address": {**corrected, "article": bare},
        "withdrawn": {**corrected, "withdrawn": True},
    }


def _asked(settings: Settings) -> dict[str, Any]:
    """When a subscriber asked for an email, and how to answer that it was somebody else."""
    return {"asked_at": NOW, "unsubscribe_url": f"{settings.links_url}/c/mau/no"}


def _confirmation(settings: Settings) -> dict[str, Any]:
    titles = ", ".join(one.title for one in settings.newsletters.values())
    url, until = f"{settings.links_url}/c/mau", NOW + timedelta(days=3)
    return {"confirm_url": url, "expires_at": until, "titles": titles, **_asked(settings)}


def _signing_up(settings: Settings, newsletter: Newsletter) -> dict[str, Cases]:
    """From the sign-up to the welcome."""
    links, confirmation = settings.links_url, _confirmation(settings)
    welcome = {
        "titles": confirmation["titles"], "sender": "ban-tin@example.com", "latest_url": f"{links}/archive/mau",
    }  # fmt: skip
    return {
        "email/confirmation": {"": dict(confirmation), "of the whole site, nothing optional": _bare(confirmation)},
        "email/reminder": {"": dict(confirmation), "of the whole site, nothing optional": _bare(confirmation)},
        "email/welcome": {"": welcome, "nothing optional": {"newsletter": newsletter}},
    }


def _subscriber(settings: Settings, language: Language) -> dict[str, Cases]:
    """What a subscriber asks for later: the link, another address, the own data, to leave."""
    links, asked, confirmation = settings.links_url, _asked(settings), _confirmation(settings)
    data = [{"title": title, "lines": ["lan@example.com", "Tin trong tỉnh"]} for title in _WORDS[language]["data"]]
    left = {"received_at": NOW, "stopped_at": NOW}
    return {
        "email/link": {"": {"link_url": f"{links}/p/mau", **asked, **_WHOLE_SITE}},
        "email/address_change": {
            "": {**confirmation, "old_address": "l…@example.com", **_WHOLE_SITE},
            "nothing optional": _bare(confirmation),
        },
        "email/address_changed": {
            "": {"new_address": "l…@example.com", "changed_at": NOW, **asked, **_WHOLE_SITE},
            "nothing optional": {"new_address": "l…@example.com", **_WHOLE_SITE},
        },
        "email/data": {
            "": {"sections": data, "link_url": f"{links}/p/mau/data.json", **asked, **_WHOLE_SITE},
            "nothing optional": {"sections": data, **_WHOLE_SITE},
        },
        "email/goodbye": {
            "": {**left, "again_url": f"{links}/subscribe", **asked},
            "of the whole site": {**left, **_WHOLE_SITE},
        },
    }


def _review(settings: Settings, edition: Edition, language: Language) -> Cases:
    links, words = settings.links_url, _WORDS[language]
    review = {
        "edition": edition,
        "audience": 12_345,
        "deadline": NOW + timedelta(days=3),
        "preview_url": f"{links}/archive",
        "review_url": f"{links}/review/mau",
        "problem": words["problem"],
        "changes": [words["intro"]],
        "unsubscribe_url": "",
    }
    bare = {**review, "review_url": "", "preview_url": "", "problem": "", "changes": [], "deadline": None}
    return {
        "": {**review, "on_silence": "send"},
        "without web pages": {**bare, "on_silence": "hold"},
        "cancelled without an answer": {**review, "on_silence": "cancel"},
    }


def _bare(values: Mapping[str, Any]) -> dict[str, Any]:
    """The one value that is required, for the whole site."""
    return {"confirm_url": values["confirm_url"], "titles": values["titles"], "newsletter": None}
