"""Sample pages with forms: the sign-up, the pages of a subscriber, that of a reviewer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..config.schema import Newsletter
from ..config.web import Attribute
from ..editions.repository import EditionEvent, EditionRow
from ..model import EditionState, Language, Rendition, Subscriber
from ..newsroom import Newsroom
from ..pipeline.draft_review import DraftView
from ..preflight.findings import finding
from ..web.preference_form import PreferenceOptions, TypedPreferences
from ..web.review_edit import ArticleField, EditForm, edit_form
from ..web.signup_form import FormOptions, TypedForm
from ..web.signup_view import AttributeView, SignupView
from .articles import NOW, sample_edition

_ADDRESS, _MASKED = "lan@example.com", "l…@example.com"
_REASONS = ("too_many", "not_for_me", "never_subscribed", "other")
_ATTRIBUTES = {
    "work": Attribute(label={Language.VI: "Nghề nghiệp", Language.EN: "Occupation"}, on_form=True),
    "since": Attribute(label={Language.VI: "Ngày sinh", Language.EN: "Birthday"}, type="date", on_form=True),
    "member": Attribute(label={Language.VI: "Hội viên", Language.EN: "Member"}, type="yes_no", on_form=True),
    "place": Attribute(label={Language.VI: "Nơi ở", Language.EN: "Place"}, choices=("Nà Mạ", "Phú Lâm"), on_form=True),
}
Cases = dict[str, dict[str, Any]]


def form_pages(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """The values of each page, by template and case."""
    return {
        **_signing_up(newsroom, newsletter, language),
        **_subscriber(newsroom, newsletter, language),
        "review": _review(newsroom, newsletter, language),
    }


def _signing_up(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    settings = newsroom.settings
    titles = ", ".join(one.title for one in settings.newsletters.values())
    fields = [("email", _ADDRESS), ("newsletter", newsletter.id)]
    claim = {"token": "mau", "masked": _MASKED, "titles": titles}
    form, wrong, short = (
        _form(newsroom, language, "f"),
        _form(newsroom, language, "f", wrong=True),
        _form(newsroom, language, "g", only=newsletter.id),
    )
    plain = {"heading": "", "lead": ""}
    expired = {
        "heading": newsroom.settings.texts.translate(language, "signup_expired"),
        "lead": newsroom.settings.texts.translate(language, "signup_expired_help"),
    }
    form_fault = newsroom.settings.texts.translate(language, "signup_email_wrong")
    sent = {"address": _ADDRESS, "single": False, "valid_until": NOW + timedelta(days=3)}
    return {
        "subscribe": {
            "": {"signup": form, **plain},
            "of one newsletter": {"signup": short, "newsletter": newsletter, **plain},
            "filled in wrongly": {"signup": wrong, **plain},
            "the link is too old": {"signup": form, **expired},
        },
        "subscribe_extra": {"": {"fields": fields}},
        "subscribe_sent": {
            "": sent,
            "without a confirmation": {**sent, "single": True},
            "the address is forgotten": {**sent, "address": ""},
        },
        "subscribe_suggestion": {
            "": {"address": "lan@gmial.com", "suggestion": "lan@gmail.com", "fields": fields},
        },
        "confirm": {"": claim},
        "confirm_no": {"": claim},
        "confirm_done": {
            "": {**claim, "own_url": "/p/mau", "latest_url": "/archive/mau", "next_at": NOW},
            "nothing to see yet": {**claim, "own_url": "", "latest_url": "", "next_at": None},
        },
        "message": {
            "": {"key": "signup_refused", "help_key": "signup_refused_help", "values": {}},
            "the link is sent": {"key": "signup_sent", "help_key": "own_link_sent", "values": {}},
        },
        "own_link": {
            "": {"typed": "", "errors": {}},
            "filled in wrongly": {"typed": "lan", "errors": {"email": form_fault}},
        },
        "unknown_link": {"": {}},
        "home": {"with the form": {"offers": [_offer(newsletter)], "signup": short}},
        "newsletter": {
            "with the form": {
                "newsletter": newsletter, "signup": short, "latest": None, "titles": [], "earlier": [],
                "description": newsletter.description,
            },
        },
    }  # fmt: skip


def _offer(newsletter: Newsletter) -> dict[str, object]:
    return {
        "id": newsletter.id, "title": newsletter.title, "description": newsletter.description, "language": "vi",
        "takes_signups": True, "latest": None,
    }  # fmt: skip


def _form(newsroom: Newsroom, language: Language, prefix: str, *, only: str = "", wrong: bool = False) -> SignupView:
    """The sign-up form, with the attributes of the newsroom and one of each type."""
    settings = newsroom.settings
    options = FormOptions.of(newsroom, only)
    known = {**options.attributes, **_ATTRIBUTES}
    newsletters = options.newsletters or settings.newsletters
    keys = {"email": "signup_email_wrong", "newsletter": "signup_newsletter_none", "name": "signup_name_wrong",
            "attribute.since": "signup_date_wrong", "frequency": "signup_choice_unknown"}  # fmt: skip
    return SignupView(
        newsletters=[(name, one.title, one.description) for name, one in newsletters.items() if only in ("", name)],
        topics=[(topic, topic) for topic in (*options.topics, "Kinh tế", "Y tế")],
        attributes=[AttributeView(**_attribute(name, one, language)) for name, one in known.items()],
        typed=TypedForm(
            email="lan",
            newsletters=tuple(newsletters),
            frequency="daily",
            attributes={"place": "Nà Mạ", "member": "yes"},
        )
        if wrong
        else TypedForm(),
        errors={name: newsroom.settings.texts.translate(language, key) for name, key in keys.items()} if wrong else {},
        form_time="mau",
        prefix=prefix,
    )


def _attribute(name: str, one: Attribute, language: Language) -> dict[str, Any]:
    label = one.label.get(language) or next(iter(one.label.values()))
    return {"name": name, "label": label, "type": one.type, "choices": [(text, text) for text in one.choices]}


# -- a subscriber --------------------------------------------------------------------------------------------------------


def _subscriber(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    settings = newsroom.settings
    common = {"masked": _MASKED, "action": "/p/mau", "other_language_url": "/en/p/mau", "probe": False, "saved": ""}
    saved = newsroom.settings.texts.translate(language, "prefs_saved")
    leaving = {**common, "newsletter": newsletter, "title": newsletter.title, "action": "/u/mau",
               "preferences_url": "/p/mau"}  # fmt: skip
    everything = {**leaving, "newsletter": None, "title": "", "preferences_url": ""}
    reasons = [(one, newsroom.settings.texts.translate(language, f"left_reason_{one}")) for one in _REASONS]
    left = {**leaving, "left_at": NOW, "undo": True, "reasons": reasons}
    moved = {"state": "ask", "masked": _MASKED, "before": "m…@example.com", "preferences_url": "", "action": "/a/mau"}
    preferences = {**common, **_preferences(newsroom, newsletter, language, settings.site.title)}
    wrong = {
        name: newsroom.settings.texts.translate(language, key)
        for name, key in {"name": "signup_name_wrong", "email": "signup_email_wrong",
                          f"pause.{newsletter.id}": "signup_date_wrong"}.items()
    }  # fmt: skip
    return {
        "preferences": {
            "": preferences,
            "saved": {**preferences, "saved": saved, "attributes": [], "pauses": []},
            "filled in wrongly": {**preferences, "errors": wrong, "new_address": "lan"},
            "by the link of a test email": {**preferences, "probe": True},
        },
        "leave": {
            "": {**leaving, "rarer": ("daily", "weekly")},
            "every newsletter": {**everything, "rarer": ()},
            "saved": {**leaving, "rarer": (), "saved": saved, "probe": True},
        },
        "left": {
            "": left,
            "every newsletter": {**everything, "left_at": NOW, "undo": False, "reasons": reasons},
            "already": {**leaving, "left_at": None, "undo": False, "reasons": reasons},
            "already every newsletter": {**everything, "left_at": None, "undo": False, "reasons": reasons},
            "the reason is given": {
                **left,
                "saved": newsroom.settings.texts.translate(language, "left_reason_thanks"),
                "probe": True,
            },
        },
        "erase": {
            "": {**common, "erased": False},
            "erased": {**common, "erased": True},
            "by the link of a test email": {**common, "erased": False, "probe": True},
        },
        "address": {
            "": moved,
            "done": {**moved, "state": "done", "preferences_url": "/p/mau"},
            "over": {**moved, "state": "over", "masked": "", "before": ""},
        },
    }


def _preferences(newsroom: Newsroom, newsletter: Newsletter, language: Language, site: str) -> dict[str, Any]:
    settings = newsroom.settings
    person = Subscriber(
        id="mau", address=_ADDRESS, language=language, newsletters=(newsletter.id,), topics=("Kinh tế", "Y tế")
    )
    options = PreferenceOptions.of(settings, person)
    shown: Mapping[str, Attribute] = {**options.attributes, **_ATTRIBUTES}
    return {
        "form": TypedPreferences(
            newsletters=(newsletter.id,),
            topics=("Kinh tế",),
            frequency="daily",
            language=language.value,
            name="Nguyễn Thị Lan",
            attributes={"place": "Nà Mạ", "member": "yes", "since": "1990-02-01"},
            pauses={newsletter.id: "2026-12-01"},
        ),
        "options": options,
        "newsletters": [(one.name, one.title, one.description) for one in options.newsletters.values()],
        "topics": [(topic, topic) for topic in options.topics],
        "attributes": [_attribute(name, one, language) for name, one in shown.items()],
        "pauses": [(newsletter.id, newsletter.title)],
        "first_day": "2026-11-24",
        "last_day": "2027-11-24",
        "errors": {},
        "consent": newsroom.settings.texts.translate(language, "prefs_consent", site=site),
        "new_address": "",
        "leave_url": "/u/mau",
    }


# -- a reviewer ----------------------------------------------------------------------------------------------------------


def _review(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> Cases:
    edition = sample_edition(newsroom.settings.site, newsletter, language)
    due = NOW + timedelta(hours=1)
    row = EditionRow(
        id=edition.id, newsletter=newsletter.id, slot=edition.slot, number=edition.number, subject=edition.subject,
        state=EditionState.REVIEW.value, kind=edition.kind.value, frozen_at=NOW, due_at=due, released_at=None,
        paused_at=None, expires_at=edition.expires_at, done_at=None,
    )  # fmt: skip
    emails = [
        Rendition(
            channel="mail", variant=variant, media_type="message/rfc822", body=b"", edition=edition.id, title=title
        )
        for variant, title in (("digest", edition.subject), ("digest-kinh-te", edition.subject))
    ]

    def view(*decided: EditionEvent, emails: list[Rendition] = emails) -> DraftView:
        sizes = {one.variant: 1200 + number for number, one in enumerate(emails)}
        return DraftView(
            row=row, edition=edition, newsletter=newsletter, renditions=emails, emails=emails, sizes=sizes,
            decided=decided[0] if decided else None, seen=len(decided),
        )  # fmt: skip

    found = [
        finding("unsubscribe-page", "the page shows no unsubscribe link", "line 12"),
        finding("subject-long", "long"),
    ]
    values = {
        "newsletter": newsletter, "action": "/review/mau", "other_language_url": "/en/review/mau", "draft": view(),
        "choices": ["approve", "hold", "cancel"], "deadline": due, "overdue": False, "silence": "send", "over": "",
        "released_at": None, "reviewer": "bien.tap@example.com", "who": "", "findings": [], "blocked": 0, "problem": "",
        "form": edit_form(view()),
    }  # fmt: skip
    wrong = EditForm(
        subject="",
        preheader="",
        intro="",
        articles=(ArticleField("a", "Một tin", "0", dropped=True),),
        errors=dict.fromkeys(("subject", "preheader", "intro", "drop"), "Xin nhập"),
        open=True,
    )
    events = {
        name: EditionEvent(at=NOW, event=name, actor="bien.tap@example.com", reason="Chờ số liệu")
        for name in ("approved", "held", "cancelled")
    }
    over: Cases = {
        name: {**values, "draft": view(event), "who": event.actor, "choices": [], "silence": "hold"}
        for name, event in events.items()
    }
    return {
        "": values,
        "blocked, too late": {
            **values, "findings": found, "blocked": 1, "overdue": True, "problem": "review_page_meanwhile",
            "draft": view(emails=emails[:1]), "form": wrong,
        },
        "not to be sent without an answer": {**values, "silence": "cancel", "problem": "review_page_impossible"},
        "wrongly edited": {**values, "form": wrong},
        "not to be edited": {**values, "form": None},
        "without an email": {**values, "draft": view(emails=[])},
        **over,
        "released": {**over["approved"], "over": "released"},
        "is cancelled": {**over["cancelled"], "over": "cancelled"},
    }  # fmt: skip
