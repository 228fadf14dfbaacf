"""Sample pages with forms: the sign-up, the pages of a subscriber, that of a reviewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..config.schema import Newsletter, Settings
from ..config.web import Attribute
from ..editions.repository import EditionEvent, EditionRow
from ..model import Edition, EditionState, Language, Rendition, Subscriber
from ..newsroom import Newsroom
from ..pipeline.draft_review import DraftView
from ..preflight.findings import finding
from ..web.preference_form import PreferenceOptions, TypedPreferences
from ..web.review_edit import ArticleField, EditForm, edit_form
from ..web.signup_form import FormOptions, TypedForm
from ..web.signup_view import AttributeView, SignupView
from .articles import NOW, sample_edition
from .samples import Cases

_ADDRESS, _MASKED = "lan@example.com", "l…@example.com"
_REASONS = ("too_many", "not_for_me", "never_subscribed", "other")
_ATTRIBUTES = {
    "work": Attribute(label={Language.VI: "Nghề nghiệp", Language.EN: "Occupation"}, on_form=True),
    "since": Attribute(label={Language.VI: "Ngày sinh", Language.EN: "Birthday"}, type="date", on_form=True),
    "member": Attribute(label={Language.VI: "Hội viên", Language.EN: "Member"}, type="yes_no", on_form=True),
    "place": Attribute(label={Language.VI: "Nơi ở", Language.EN: "Place"}, choices=("Nà Mạ", "Phú Lâm"), on_form=True),
}


def form_pages(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """The values of each page, by template and case."""
    return {
        **_signing_up(newsroom, newsletter, language),
        **_confirming(newsroom.settings),
        **_asking_for_the_link(newsroom.settings, language),
        **_pages_with_the_form(newsroom, newsletter, language),
        "preferences": _preferences(newsroom, newsletter, language),
        **_leaving(newsroom.settings, newsletter, language),
        **_erasing_and_moving(),
        "review": _review(newsroom, newsletter, language),
    }


def _signing_up(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """The form, and what follows it until the email is sent."""
    texts = newsroom.settings.texts
    fields = [("email", _ADDRESS), ("newsletter", newsletter.id)]
    form = _form(newsroom, language, "f")
    plain = {"heading": "", "lead": ""}
    expired = {
        "heading": texts.translate(language, "signup_expired"),
        "lead": texts.translate(language, "signup_expired_help"),
    }
    sent = {"address": _ADDRESS, "single": False, "valid_until": NOW + timedelta(days=3)}
    return {
        "subscribe": {
            "": {"signup": form, **plain},
            "of one newsletter": {
                "signup": _form(newsroom, language, "g", only=newsletter.id), "newsletter": newsletter, **plain,
            },
            "filled in wrongly": {"signup": _form(newsroom, language, "f", wrong=True), **plain},
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
    }  # fmt: skip


def _confirming(settings: Settings) -> dict[str, Cases]:
    titles = ", ".join(one.title for one in settings.newsletters.values())
    claim = {"token": "mau", "masked": _MASKED, "titles": titles}
    return {
        "confirm": {"": claim},
        "confirm_no": {"": claim},
        "confirm_done": {
            "": {**claim, "own_url": "/p/mau", "latest_url": "/archive/mau", "next_at": NOW},
            "nothing to see yet": {**claim, "own_url": "", "latest_url": "", "next_at": None},
        },
    }


def _asking_for_the_link(settings: Settings, language: Language) -> dict[str, Cases]:
    """How a subscriber asks for the link to the own page, and the messages of that way."""
    fault = settings.texts.translate(language, "signup_email_wrong")
    return {
        "message": {
            "": {"key": "signup_refused", "help_key": "signup_refused_help", "values": {}},
            "the link is sent": {"key": "signup_sent", "help_key": "own_link_sent", "values": {}},
        },
        "own_link": {
            "": {"typed": "", "errors": {}},
            "filled in wrongly": {"typed": "lan", "errors": {"email": fault}},
        },
        "unknown_link": {"": {}},
    }


def _pages_with_the_form(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """Pages that are there for something else, and have the form too."""
    form = _form(newsroom, language, "g", only=newsletter.id)
    return {
        "home": {"with the form": {"offers": [_offer(newsletter)], "signup": form}},
        "newsletter": {
            "with the form": {
                "newsletter": newsletter, "signup": form, "latest": None, "titles": [], "earlier": [],
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


_SUBSCRIBER_PAGE: Mapping[str, Any] = {
    "masked": _MASKED, "action": "/p/mau", "other_language_url": "/en/p/mau", "probe": False, "saved": "",
}  # fmt: skip


def _preferences(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> Cases:
    texts = newsroom.settings.texts
    filled_in = {**_SUBSCRIBER_PAGE, **_filled_in(newsroom, newsletter, language)}
    saved = texts.translate(language, "prefs_saved")
    keys = {"name": "signup_name_wrong", "email": "signup_email_wrong", f"pause.{newsletter.id}": "signup_date_wrong"}
    wrong = {name: texts.translate(language, key) for name, key in keys.items()}
    return {
        "": filled_in,
        "saved": {**filled_in, "saved": saved, "attributes": [], "pauses": []},
        "filled in wrongly": {**filled_in, "errors": wrong, "new_address": "lan"},
        "by the link of a test email": {**filled_in, "probe": True},
    }


def _filled_in(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Any]:
    """The values of the form of preferences as a subscriber has them."""
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
        "consent": settings.texts.translate(language, "prefs_consent", site=settings.site.title),
        "new_address": "",
        "leave_url": "/u/mau",
    }


def _leaving(settings: Settings, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """The page of the unsubscribe link, and the one after it, which asks why."""
    texts = settings.texts
    leaving = {
        **_SUBSCRIBER_PAGE, "newsletter": newsletter, "title": newsletter.title, "action": "/u/mau",
        "preferences_url": "/p/mau",
    }  # fmt: skip
    everything = {**leaving, "newsletter": None, "title": "", "preferences_url": ""}
    reasons = [(one, texts.translate(language, f"left_reason_{one}")) for one in _REASONS]
    left = {**leaving, "left_at": NOW, "undo": True, "reasons": reasons}
    without_undo = {"undo": False, "reasons": reasons}
    thanks = texts.translate(language, "left_reason_thanks")
    return {
        "leave": {
            "": {**leaving, "rarer": ("daily", "weekly")},
            "every newsletter": {**everything, "rarer": ()},
            "saved": {**leaving, "rarer": (), "saved": texts.translate(language, "prefs_saved"), "probe": True},
        },
        "left": {
            "": left,
            "every newsletter": {**everything, "left_at": NOW, **without_undo},
            "already": {**leaving, "left_at": None, **without_undo},
            "already every newsletter": {**everything, "left_at": None, **without_undo},
            "the reason is given": {**left, "saved": thanks, "probe": True},
        },
    }


def _erasing_and_moving() -> dict[str, Cases]:
    """The erasure of a subscriber's data, and the change of the address."""
    moved = {"state": "ask", "masked": _MASKED, "before": "m…@example.com", "preferences_url": "", "action": "/a/mau"}
    return {
        "erase": {
            "": {**_SUBSCRIBER_PAGE, "erased": False},
            "erased": {**_SUBSCRIBER_PAGE, "erased": True},
            "by the link of a test email": {**_SUBSCRIBER_PAGE, "erased": False, "probe": True},
        },
        "address": {
            "": moved,
            "done": {**moved, "state": "done", "preferences_url": "/p/mau"},
            "over": {**moved, "state": "over", "masked": "", "before": ""},
        },
    }


# -- a reviewer ----------------------------------------------------------------------------------------------------------


_REVIEWER = "bien.tap@example.com"
_DUE = NOW + timedelta(hours=1)


def _review(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> Cases:
    edition = sample_edition(newsroom.settings.site, newsletter, language)
    draft = _draft(edition, newsletter)
    values = {
        "newsletter": newsletter, "action": "/review/mau", "other_language_url": "/en/review/mau", "draft": draft,
        "choices": ["approve", "hold", "cancel"], "deadline": _DUE, "overdue": False, "silence": "send", "over": "",
        "released_at": None, "reviewer": _REVIEWER, "who": "", "findings": [], "blocked": 0, "problem": "",
        "form": edit_form(draft),
    }  # fmt: skip
    found = [
        finding("unsubscribe-page", "the page shows no unsubscribe link", "line 12"),
        finding("subject-long", "long"),
    ]
    wrong = _wrongly_edited()
    over = _decided(values, draft)
    return {
        "": values,
        "blocked, too late": {
            **values, "findings": found, "blocked": 1, "overdue": True, "problem": "review_page_meanwhile",
            "draft": _with_emails(draft, 1), "form": wrong,
        },
        "not to be sent without an answer": {**values, "silence": "cancel", "problem": "review_page_impossible"},
        "wrongly edited": {**values, "form": wrong},
        "not to be edited": {**values, "form": None},
        "without an email": {**values, "draft": _with_emails(draft, 0)},
        **over,
        "released": {**over["approved"], "over": "released"},
        "is cancelled": {**over["cancelled"], "over": "cancelled"},
    }  # fmt: skip


def _draft(edition: Edition, newsletter: Newsletter) -> DraftView:
    """A draft of two emails that nobody has decided on."""
    row = EditionRow(
        id=edition.id, newsletter=newsletter.id, slot=edition.slot, number=edition.number, subject=edition.subject,
        state=EditionState.REVIEW.value, kind=edition.kind.value, frozen_at=NOW, due_at=_DUE, released_at=None,
        paused_at=None, expires_at=edition.expires_at, done_at=None,
    )  # fmt: skip
    emails = [
        Rendition(
            channel="mail", variant=variant, media_type="message/rfc822", body=b"", edition=edition.id,
            title=edition.subject,
        )
        for variant in ("digest", "digest-kinh-te")
    ]  # fmt: skip
    return DraftView(
        row=row, edition=edition, newsletter=newsletter, renditions=emails, emails=emails,
        sizes={one.variant: 1200 + number for number, one in enumerate(emails)}, decided=None, seen=0,
    )  # fmt: skip


def _with_emails(draft: DraftView, number: int) -> DraftView:
    """The same draft with its first emails only."""
    emails = draft.emails[:number]
    sizes = {one.variant: draft.sizes[one.variant] for one in emails}
    return replace(draft, renditions=emails, emails=emails, sizes=sizes)


def _wrongly_edited() -> EditForm:
    return EditForm(
        subject="",
        preheader="",
        intro="",
        articles=(ArticleField("a", "Một tin", "0", dropped=True),),
        errors=dict.fromkeys(("subject", "preheader", "intro", "drop"), "Xin nhập"),
        open=True,
    )


def _decided(values: Mapping[str, Any], draft: DraftView) -> Cases:
    """A draft that somebody has decided on, by the decision."""
    events = [
        EditionEvent(at=NOW, event=name, actor=_REVIEWER, reason="Chờ số liệu")
        for name in ("approved", "held", "cancelled")
    ]
    return {
        event.event: {
            **values, "draft": replace(draft, decided=event, seen=1), "who": event.actor, "choices": [],
            "silence": "hold",
        }
        for event in events
    }  # fmt: skip
