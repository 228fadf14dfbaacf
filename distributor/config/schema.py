"""config.yaml as values: read, filled from the environment, checked, every problem at once by key path and line.

    bytes ──rawconfig──▶ Raw (data + line of each key) ──validate──▶ Settings
                                                       └──registry──▶ channels and sources

`${NAME}` and `${NAME:-default}` take values from the environment; `$$` writes a dollar sign. Where a setting is a
secret, `file:PATH` reads it from a file. Each option is declared once, with its type, its default and one sentence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from ..color import MIN_CONTRAST, contrast
from ..errors import Problem
from ..model import Language
from ..storage.database import parse_store_url
from .types import Duration, Folder, Fonts, HexColor, Lines, PublicUrl, Secret, Slug, Zone
from .yaml import KeyPath, RawConfig

# -- the sections ------------------------------------------------------------------------------------------------------


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Theme(Section):
    """The look of mails and pages. Dark mode needs no settings: its colours follow from these."""

    accent: HexColor = Field("#9b1c1c", description="colour of the masthead, labels and buttons")
    page_background: HexColor = Field("#eef0f2", description="colour around the card")
    background: HexColor = Field("#ffffff", description="colour of the card, on which everything is written")
    heading: HexColor = Field("#16191d", validate_default=True, description="colour of headlines and titles")
    text: HexColor = Field("#2b3036", validate_default=True, description="colour of running text")
    muted: HexColor = Field("#565e66", validate_default=True, description="colour of dates, captions and the footer")
    fonts: Fonts = Field(
        "'Segoe UI', -apple-system, BlinkMacSystemFont, Roboto, Arial, sans-serif",
        description="fonts in order of preference; mail programs load none, so name those that readers have",
    )
    width: int = Field(600, ge=480, le=680, description="width of a mail in pixels")
    logo: PublicUrl | None = Field(
        None, description="address of the logo, shown 40 px high; the title stands there without it"
    )
    logo_dark: PublicUrl | None = Field(None, description="the logo for dark mode, of the same size; the logo if empty")
    logo_width: int | None = Field(
        None, gt=0, le=480, validate_default=True, description="width of the logo in pixels where it is 40 px high"
    )
    footer: Lines = Field((), description="further lines for the footer: licence, editor in charge, telephone")

    @field_validator("heading", "text", "muted", mode="after")
    @classmethod
    def _check_contrast(cls, colour: str, info: ValidationInfo) -> str:
        background = info.data.get("background")  # not there where it is itself a mistake
        if background and contrast(colour, background) < MIN_CONTRAST:
            ratio = f"a contrast of {contrast(colour, background):.1f}, and text needs {MIN_CONTRAST}"
            raise ValueError(f"cannot be read on the card: {colour} on {background} has {ratio}")
        return colour

    @field_validator("logo_width", mode="after")
    @classmethod
    def _check_logo_width(cls, width: int | None, info: ValidationInfo) -> int | None:
        if width is None and info.data.get("logo"):
            raise ValueError("is needed beside a logo: how many pixels wide is it where it is 40 px high?")
        return width


class Site(Section):
    """Who speaks: the newsroom and its site."""

    title: str = Field(min_length=1, description="name of the newsroom")
    url: PublicUrl = Field(description="address of the site, with https://")
    description: str = Field("", description="one sentence about the site, shown in feeds")
    language: Language = Field(
        Language.VI, description="vi or en: the language of feeds and of newsletters that name none"
    )
    timezone: Zone = Field(
        ZoneInfo("Asia/Ho_Chi_Minh"), description="zone in which dates are shown and slots are planned"
    )
    contact: str = Field(
        "", description="address of the newsroom: named to servers we read, and in the digest's footer"
    )
    postal_address: str = Field("", description="postal address of the publisher, shown in the digest's footer")
    utm_source: str = Field(
        "", description="name by which statistics know our links (utm_source); links are left as they are if empty"
    )
    service_url: PublicUrl | None = Field(
        None,
        description="address under which Distributor's own pages are reachable (unsubscribe); the site's own if empty",
    )
    theme: Theme = Field(Theme(), description="colours and logo")

    @property
    def links_url(self) -> str:
        return self.service_url or self.url


class ImageSettings(Section):
    """Pictures are fetched, checked and made as large as they are shown, before an edition is frozen."""

    url: PublicUrl = Field(description="address at which the web server shows the folder")
    folder: Folder = Field(Path("var/public/images"), description="folder in which the pictures are laid")
    max_bytes: int = Field(15_000_000, ge=10_000, description="most octets of a picture of a source")
    time_limit: Duration = Field(timedelta(seconds=30), description="most time for all pictures of an edition")


class TestMode(Section):
    """Nothing reaches readers: mails go to one address, everything else into var/test/."""

    to: str = Field(min_length=3, description="address that gets every mail")


class BounceMailboxSettings(Section):
    """A mailbox to which bounces and complaints go."""

    type: Literal["imap", "pop3", "maildir"] = Field(description="how it is read; imap and pop3 over TLS only")
    host: str = Field("", validate_default=True, description="name of the IMAP or POP3 server")
    port: int | None = Field(None, ge=1, le=65535, description="its port; 993 or 995 if empty")
    username: str = Field("", validate_default=True, description="name to log in with")
    token_command: str = Field("", description="command that prints an access token, to log in with instead (XOAUTH2)")
    password: Secret | None = Field(None, validate_default=True, description="password to log in with")
    ca_file: Folder | None = Field(None, description="file of certificates to trust, instead of the system's")
    folder: str = Field(
        "", validate_default=True, description="path of the Maildir, or folder of the IMAP server; INBOX if empty"
    )
    move_to: str = Field("", description="IMAP folder into which reports are moved; they are marked as seen if empty")
    every: Duration = Field(timedelta(minutes=15), description="how often `serve` looks")

    @field_validator("host", "username", "password", mode="after")
    @classmethod
    def _check_login(cls, value: Any, info: ValidationInfo) -> Any:
        instead = info.field_name == "password" and info.data.get("token_command")
        if value and instead:
            raise ValueError("a password or a token_command: which one?")
        if not value and not instead and info.data.get("type") in ("imap", "pop3"):
            raise ValueError("is needed to read a mailbox by imap or pop3")
        return value

    @field_validator("folder", mode="after")
    @classmethod
    def _check_folder(cls, folder: str, info: ValidationInfo) -> str:
        if info.data.get("type") != "maildir":
            return folder or "INBOX"
        if not folder:
            raise ValueError("is needed: the path of the Maildir")
        return str(Path((info.context or {}).get("folder", Path())) / Path(folder).expanduser())

    def __str__(self) -> str:
        if self.type == "maildir":
            return f"maildir {self.folder}"
        return f"{self.type} {self.username} at {self.host}:{self.port or (993 if self.type == 'imap' else 995)}"


class BounceGuard(Section):
    """When so many addresses are refused for good in one edition that staff are asked before any is suppressed."""

    min_bounces: int = Field(
        10, ge=1, description="fewer of one edition are too many only where they are half of a list"
    )
    min_bounce_rate: float = Field(0.1, gt=0, le=1, description="nor is a smaller share of the letters tried so far")
    min_increase: float = Field(
        5, ge=1, description="nor is less than so many times the share of the newsletter's earlier editions"
    )


class Store(Section):
    url: str = Field("sqlite:///var/distributor.db", description="SQLAlchemy address of the database")

    @field_validator("url", mode="after")
    @classmethod
    def _check_url(cls, url: str) -> str:
        parse_store_url(url)
        return url


class HolidaySettings(Section):
    """Days on which a newsletter does not go out."""

    country: str = Field(
        "", description="public holidays of a country, by its ISO code: VN has Tết by the lunar calendar"
    )
    dates: tuple[str, ...] = Field((), description="own days: 2026-12-24, or 2027-02-01..2027-02-10, and a reason")
    action: Literal["skip", "next", "previous"] = Field(
        "skip", description="leave the slot out, or move it to the next or previous working day"
    )


class Alerts(Section):
    """Articles that go out at once, each as an edition of its own, to every reader of the newsletter."""

    topics: tuple[str, ...] = Field((), description="articles with one of these topics are urgent")
    sources: tuple[str, ...] = Field((), description="articles of these sources are urgent")
    channels: tuple[str, ...] = Field((), description="names of the channels that carry alerts; all of it if empty")
    max_age: Duration = Field(
        timedelta(hours=6), description="an article published longer ago, or without a date, is no alert by itself"
    )
    max_per_day: int = Field(3, ge=1, description="most alerts a day by rule; staff may send more by hand")
    in_digest: Literal["leave_out", "mark"] = Field(
        "leave_out", description="the next digest, for those who have had the alert: without the article, or marked"
    )
    expires_after: Duration = Field(timedelta(hours=6), description="an alert is given up after this time")


class Review(Section):
    """A draft is frozen ahead of its slot, and reviewers approve it."""

    before: Duration = Field(timedelta(minutes=30), description="how long before the slot the draft is frozen")
    reviewers: tuple[str, ...] = Field((), description="addresses that are told of a draft")
    channels: tuple[str, ...] = Field((), description="names of channels on which a draft is told as well")
    if_unanswered: Literal["send", "hold", "skip"] = Field(
        "hold", description="nobody has answered by the slot: send it, hold it, or skip it (its articles wait)"
    )


class Newsletter(Section):
    """A standing order: what to take, when, and where to send it."""

    id: str = ""
    title: str = Field(min_length=1, description="name of the newsletter, as its readers know it")
    description: str = Field("", description="one sentence for readers")
    language: Language | None = Field(None, description="vi or en; the site's if empty")
    timezone: Zone | None = Field(None, description="zone of its schedule; the site's if empty")
    schedule: Lines = Field(
        (),
        description="when, one line or several: weekdays at 07:00, or cron with weekdays by name; none: only by hand",
    )
    daily: Lines = Field(("every day at 18:00",), description="when readers who chose one mail a day get it")
    weekly: Lines = Field(("saturday at 08:00",), description="when readers who chose one mail a week get it")
    missed: str = Field(
        "send within 2h", description="a slot that passed while nobody ran: `send within DURATION`, `merge` or `skip`"
    )
    days_off: HolidaySettings | None = Field(None, description="public holidays and own days without an edition")
    quiet_hours: str | None = Field(None, description="22:00-06:00: slots in these hours move to their end")
    sources: tuple[str, ...] = Field((), description="names of its sources; all if empty")
    topics: tuple[str, ...] = Field((), description="only articles with one of these topics; all if empty")
    min_articles: int = Field(
        1, ge=1, description="fewer new articles than this make no edition; they wait for the next slot"
    )
    max_wait: Duration | None = Field(None, description="… but no article waits longer than this for the minimum")
    max_articles: int = Field(
        40, ge=1, le=500, description="most articles of an edition; pinned and oldest ones go first"
    )
    overflow: Literal["carry", "brief"] = Field(
        "carry",
        description="what is more than the maximum: wait for the next edition, or be a line in brief in this one",
    )
    max_per_source: int | None = Field(
        None, ge=1, description="most articles of one source in an edition; the others wait"
    )
    sections: tuple[str, ...] = Field((), description="topics in the order in which the edition shows them")
    alerts: Alerts | None = Field(None, description="what goes out at once")
    review: Review | None = Field(None, description="drafts that staff approve before they go out")
    recheck: Literal["refresh", "drop", "hold"] = Field(
        "refresh",
        description="an article has changed between draft and sending: take it as it is now, drop it, or hold the edition",
    )
    channels: tuple[str, ...] = Field(min_length=1, description="names of the channels that carry it")
    expires_after: Duration = Field(timedelta(hours=24), description="deliveries are given up after this time")
    on_uncertain: Literal["resend", "hold"] = Field(
        "resend", description="a mail that may be out after a crash: send it again, or leave it to staff"
    )


class Settings(Section):
    """The whole of config.yaml, but for the settings of single sources and channels, which their own files declare."""

    site: Site = Field(description="who speaks")
    store: Store = Field(Store(), description="where everything is remembered")
    instance: str = Field(
        "", description="name of this installation; the host and folder if empty: containers need one"
    )
    test_mode: TestMode | None = Field(
        None, description="send every mail to one address, and everything else to var/test/"
    )
    images: ImageSettings | None = Field(
        None, description="make pictures as large as they are shown; letters link to the source's own if left out"
    )
    bounces: tuple[BounceMailboxSettings, ...] = Field(
        (), description="mailboxes to which bounces go; see docs/bounces.md"
    )
    bounce_guard: BounceGuard = Field(
        BounceGuard(), description="refusals out of all proportion suppress nobody until staff say so; docs/bounces.md"
    )
    max_emails_per_day: int | None = Field(
        None, ge=1, description="most mails to one reader a day, over all newsletters; what is over comes with the next"
    )
    workers: int = Field(1, ge=1, le=64, description="processes of `serve` that send; more than cores help nobody")
    secret: Secret | None = Field(None, description="signs unsubscribe links; made and kept in var/secret.key if empty")
    sources: dict[Slug, dict[str, Any]] = Field(min_length=1, description="where articles come from")
    newsletters: dict[Slug, Newsletter] = Field(min_length=1, description="what is made of them, and when")
    channels: dict[Slug, dict[str, Any]] = Field(min_length=1, description="how it goes out")

    def newsletter_language(self, newsletter: Newsletter) -> Language:
        return newsletter.language or self.site.language

    def newsletter_zone(self, newsletter: Newsletter) -> ZoneInfo:
        return newsletter.timezone or self.site.timezone


# -- checking ----------------------------------------------------------------------------------------------------------


def validate(raw: RawConfig) -> tuple[Settings | None, list[Problem]]:
    """The settings, or None and every problem of theirs. Sources and channels are looked into by the registry."""
    try:
        settings = Settings.model_validate(raw.data, context={"folder": raw.folder})
    except ValidationError as error:
        return None, problems_of(error, raw, (), Settings)
    named = {key: newsletter.model_copy(update={"id": key}) for key, newsletter in settings.newsletters.items()}
    settings = settings.model_copy(update={"newsletters": named})
    return settings, list(_unknown_references(settings, raw))


def _unknown_references(settings: Settings, raw: RawConfig) -> Iterable[Problem]:
    """Newsletters that name a source or a channel that is not there."""
    for key, newsletter in settings.newsletters.items():
        if "id" in raw.data["newsletters"][key]:
            yield raw.problem(("newsletters", key, "id"), "is not a known key: the key above it is the newsletter's id")
        for path, names in _references(newsletter):
            field = path[-1]
            known: Iterable[str] = settings.sources if field == "sources" else settings.channels
            if len(path) > 1 and field == "channels":
                known = newsletter.channels  # an alert or a draft goes where the newsletter goes
            for index, name in enumerate(names):
                if name not in known:
                    where = f"newsletter {key} has no" if known is newsletter.channels else "there is no"
                    yield raw.problem(
                        ("newsletters", key, *path, index),
                        f"{where} {field.removesuffix('s')} {name!r}{suggestion(name, known)}",
                    )


def _references(newsletter: Newsletter) -> Iterable[tuple[tuple[str, ...], Sequence[str]]]:
    """The keys of a newsletter that name sources and channels, with the names."""
    yield ("sources",), newsletter.sources
    yield ("channels",), newsletter.channels
    if newsletter.alerts:
        yield ("alerts", "sources"), newsletter.alerts.sources
        yield ("alerts", "channels"), newsletter.alerts.channels
    if newsletter.review:
        yield ("review", "channels"), newsletter.review.channels


def problems_of(error: ValidationError, raw: RawConfig, prefix: KeyPath, model: type[Any]) -> list[Problem]:
    """A validation error as problems in our words. Values never appear in them: they may be secret."""
    problems = []
    for fault in error.errors(include_url=False, include_input=False):
        path = (*prefix, *(part for part in fault["loc"] if part != "[key]"))
        problems.append(raw.problem(path, _in_words(fault, model)))
    return problems


_WORDS = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "write a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "write a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "write true or false"),
    "string_type": "write a text, in quotes where it looks like a number or a date",
}


def _in_words(fault: Any, model: type[Any]) -> str:
    match fault["type"]:
        case "missing" | "missing_argument":
            return "is missing, and there is no default"
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = _keys_at(model, fault["loc"][:-1])
            return f"is not a known key{suggestion(str(fault['loc'][-1]), known)}"
        case "value_error":
            return str(fault["ctx"]["error"])
        case "string_pattern_mismatch" if fault["loc"][-1] == "[key]":
            return "a name is made of small letters, digits and hyphens, at most 40 of them"
        case "string_pattern_mismatch":
            return "write a colour as # and six hexadecimal digits, such as #9b1c1c"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "tuple_type":
            return "write a list: [one, two]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "must hold `key: value` lines of its own"
        case kind if kind in _WORDS:
            return _WORDS[kind]
        case "greater_than_equal":
            return f"write {fault['ctx']['ge']} or more"
        case "less_than_equal":
            return f"write {fault['ctx']['le']} or less"
    message: str = fault["msg"]
    return message[0].lower() + message[1:]


def _keys_at(model: Any, path: Sequence[str | int]) -> list[str]:
    """The keys that a section allows, following a key path into pydantic models and dataclasses."""
    for part in path:
        if get_origin(model) in (dict, tuple):  # a name, or a place in a list
            model = get_args(model)[1 if get_origin(model) is dict else 0]
        else:
            model = _fields(model).get(str(part))
    return [name for name in _fields(model) if name not in ("id", "name")]


def _fields(model: Any) -> dict[str, Any]:
    """The fields of a model or dataclass with their types, without what is annotated to them."""
    if hasattr(model, "model_fields"):
        return {name: field.annotation for name, field in model.model_fields.items()}
    if not hasattr(model, "__dataclass_fields__"):
        return {}
    hints = get_type_hints(model)
    return {field.name: hints[field.name] for field in fields(model) if field.init}  # `fields` leaves ClassVar out


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'channels'?`, or the list of what there is where nothing is near."""
    options = sorted(known)
    near = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are: {', '.join(options)}" if options else ""


@lru_cache(maxsize=64)
def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def build(cls: type[Any], settings: Mapping[str, Any], raw: RawConfig, prefix: KeyPath) -> tuple[Any, list[Problem]]:
    """A channel or source from its settings, or None and the problems with them."""
    try:
        adapter = _adapter(cls)  # type: ignore[arg-type]  # mypy takes no class for hashable
        return adapter.validate_python(dict(settings), context={"folder": raw.folder}), []
    except ValidationError as error:
        return None, problems_of(error, raw, prefix, cls)
