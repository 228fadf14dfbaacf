"""config.yaml as values: every section with its keys. Each is declared once, with type, default and explanation.

bytes ──yaml──▶ RawConfig (data + line of each key) ──validation──▶ Settings
                                                   └──registry──▶ channels and sources
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from ..color import MIN_CONTRAST, contrast
from ..editorial import DEFAULT_PREHEADER, DEFAULT_SUBJECT
from ..i18n import Texts
from ..model import Language
from ..storage.address import parse_store_url
from .bounces import BounceGuard, BounceMailboxSettings
from .editorial import GreetingTemplate, Label, NewsletterBlock, PreheaderTemplate, SubjectTemplate
from .gathering import Gathering
from .images import Images
from .retention import Retention
from .section import Section
from .staff_alerts import StaffAlerts
from .types import AttributeName, Duration, Fonts, HexColor, Lines, PublicUrl, Secret, Slug, Zone
from .web import Attribute, Web

# -- the sections ------------------------------------------------------------------------------------------------------


class Theme(Section):
    """Colors, fonts and logo of emails and pages. The colors of dark mode follow from these."""

    accent: HexColor = Field("#9b1c1c", description="color of the header, labels and buttons")
    page_background: HexColor = Field("#eef0f2", description="color around the content")
    background: HexColor = Field("#ffffff", description="color behind the content")
    heading: HexColor = Field("#16191d", validate_default=True, description="color of headlines and titles")
    text: HexColor = Field("#2b3036", validate_default=True, description="color of the text")
    muted: HexColor = Field("#565e66", validate_default=True, description="color of dates, captions and the footer")
    fonts: Fonts = Field(
        "'Segoe UI', -apple-system, BlinkMacSystemFont, Roboto, Arial, sans-serif",
        description="fonts in order of preference; email clients load none",
    )
    width: int = Field(600, ge=480, le=680, description="width of an email in pixels")
    logo: PublicUrl | None = Field(
        None,
        description="logo, shown 40 px high in place of the title; needs `logo_width`",
        examples=["https://bacson.example/logo.png"],
    )
    logo_dark: PublicUrl | None = Field(
        None,
        description="logo for dark mode, of the same size; `logo` if left out",
        examples=["https://bacson.example/logo-light.png"],
    )
    logo_width: int | None = Field(
        None,
        gt=0,
        le=480,
        validate_default=True,
        description="width of the logo in pixels when it is 40 px high",
        examples=[160],
    )
    logo_on_band: bool = Field(
        False, description="the logo is made for the color of the header: show it there, not above on the background"
    )
    footer: Lines = Field(
        (),
        description="more lines for the footer",
        examples=[["Giấy phép số 12/GP-TTĐT", "Chịu trách nhiệm nội dung: Lê Minh"]],
    )

    @field_validator("heading", "text", "muted", mode="after")
    @classmethod
    def _check_contrast(cls, color: str, info: ValidationInfo) -> str:
        background = info.data.get("background")  # missing where it is itself a mistake
        if background and contrast(color, background) < MIN_CONTRAST:
            ratio = f"a contrast of {contrast(color, background):.1f}, and text needs {MIN_CONTRAST}"
            raise ValueError(f"cannot be read on the background: {color} on {background} has {ratio}")
        return color

    @field_validator("logo_width", mode="after")
    @classmethod
    def _check_logo_width(cls, width: int | None, info: ValidationInfo) -> int | None:
        if width is None and info.data.get("logo"):
            raise ValueError("is needed with a logo: how many pixels wide is it when it is 40 px high?")
        return width


class Site(Section):
    """The publisher and its site."""

    title: str = Field(min_length=1, description="name of the publisher", examples=["Báo Bắc Sơn"])
    url: PublicUrl = Field(description="address of the site, with https://", examples=["https://bacson.example"])
    description: str = Field(
        "", description="one sentence about the site, shown in feeds", examples=["Tin tức chính thức của tỉnh"]
    )
    language: Language = Field(
        Language.VI, description="vi or en: language of feeds, and of newsletters that set no other"
    )
    timezone: Zone = Field(
        ZoneInfo("Asia/Ho_Chi_Minh"), description="time zone of schedules and of the dates that subscribers see"
    )
    contact: str = Field(
        "",
        description="email or https:// address of the editors, in the footer and in requests to sources",
        examples=["toasoan@bacson.example"],
    )
    postal_address: str = Field(
        "",
        description="postal address of the publisher, shown in the footer",
        examples=["12 phố Hồ Xuân Hương, phường Bắc Sơn"],
    )
    links: dict[str, PublicUrl] = Field(
        {},
        description="pages of yours elsewhere, each with its name; in the footer of emails",
        examples=[{"Facebook": "https://www.facebook.com/bacson", "Zalo": "https://zalo.me/bacson"}],
    )
    utm_source: str = Field(
        "", description="adds utm_source and its companions to links; off if left out", examples=["tin-bacson"]
    )
    import_consent: str = Field(
        "",
        description="how people on imported lists have agreed, if a list does not say",
        examples=["lớp tập huấn 2026"],
    )
    theme: Theme = Field(
        Theme(), description="colors, fonts and logo; dark mode follows from them", examples=[{"accent": "#9b1c1c"}]
    )


class TestMode(Section):
    """Test mode: no subscriber is reached."""

    to: str = Field(min_length=3, description="address that gets every email", examples=["bien.tap@bacson.example"])


class Store(Section):
    """The database."""

    url: str = Field(
        "sqlite:///var/distributor.db",
        description="an SQLite file, or postgresql+psycopg://user:password@host/database",
    )

    @field_validator("url", mode="after")
    @classmethod
    def _check_url(cls, url: str) -> str:
        parse_store_url(url)
        return url


def _number_as_text(day: object) -> object:
    """YAML reads 20261201 as a number; what a day looks like is told where days are read."""
    return str(day) if type(day) is int else day


class HolidaySettings(Section):
    """Days without an edition."""

    country: str = Field("", description="public holidays of a country; VN includes Tết", examples=["VN"])
    dates: tuple[Annotated[str, BeforeValidator(_number_as_text)], ...] = Field(
        (),
        description="more days, each with a reason; a range is 2027-02-01..2027-02-10",
        examples=[["2026-12-31 kiểm kê cuối năm"]],
    )
    action: Literal["skip", "next", "previous"] = Field(
        "skip", description="skip the slot, or move it to the next or previous working day"
    )


class Alerts(Section):
    """Urgent articles, each sent at once as an edition of its own to all subscribers of the newsletter."""

    topics: tuple[str, ...] = Field(
        (), description="articles with one of these topics are urgent", examples=[["Khẩn cấp"]]
    )
    sources: tuple[str, ...] = Field((), description="articles from these sources are urgent", examples=[["bai-viet"]])
    label: Label = Field(
        "",
        description="what the subject of an alert begins with; “Tin khẩn” or “Breaking” if left out",
        examples=["Khẩn cấp"],
    )
    channels: tuple[str, ...] = Field(
        (), description="channels that carry alerts; all of the newsletter's if left out", examples=[["feeds"]]
    )
    max_age: Duration = Field(
        timedelta(hours=6), description="older articles, and articles without a date, are never alerts by rule"
    )
    max_per_day: int = Field(3, ge=1, description="most alerts a day by rule; `send --alert` is not counted")
    in_digest: Literal["leave_out", "mark"] = Field(
        "leave_out", description="leave_out or mark the article in the next digest of its recipients"
    )
    expires_after: Duration = Field(timedelta(hours=6), description="an alert is no longer tried after this time")


class Review(Section):
    """Drafts that reviewers approve before they go out."""

    before: Duration = Field(timedelta(minutes=30), description="how long before the slot the draft is made")
    reviewers: tuple[str, ...] = Field(
        (), description="addresses that get the draft by email", examples=[["bien.tap@bacson.example"]]
    )
    channels: tuple[str, ...] = Field((), description="channels that announce the draft as well", examples=[["feeds"]])
    if_unanswered: Literal["send", "hold", "skip"] = Field(
        "hold", description="send, hold or skip the draft when nobody has answered by the slot"
    )


class Newsletter(Section):
    """A newsletter: which articles it takes, when it goes out, and on which channels."""

    id: str = ""
    title: str = Field(min_length=1, description="name of the newsletter, as subscribers see it")
    description: str = Field(
        "", description="one sentence about the newsletter", examples=["Tin mới trong tỉnh, mỗi sáng"]
    )
    language: Language | None = Field(
        None,
        description="vi or en: language of everything around the articles; the site's if left out",
        examples=["vi"],
    )
    timezone: Zone | None = Field(
        None, description="time zone of its schedule; the site's if left out", examples=["Asia/Ho_Chi_Minh"]
    )
    schedule: Lines = Field((), description="one line or several; cron works too: 0 7 * * mon-fri")
    daily: Lines = Field(("every day at 18:00",), description="when subscribers who want one email a day get it")
    weekly: Lines = Field(("saturday at 08:00",), description="when subscribers who want one email a week get it")
    missed: str = Field(
        "send within 2h",
        description="a slot that passed while `serve` was down: send within …, merge, or skip",
    )
    days_off: HolidaySettings | None = Field(None, description="days without an edition", examples=[{"country": "VN"}])
    quiet_hours: str | None = Field(
        None, description="slots in these hours move to their end", examples=["22:00-06:00"]
    )
    sources: tuple[str, ...] = Field((), description="names of its sources; all if left out", examples=[["bai-viet"]])
    topics: tuple[str, ...] = Field(
        (), description="only articles with one of these topics; all if left out", examples=[["Kinh tế"]]
    )
    min_articles: int = Field(
        1, ge=1, description="with fewer new articles there is no edition; they wait for the next"
    )
    max_wait: Duration | None = Field(
        None, description="longest time that an article waits for `min_articles`", examples=["3d"]
    )
    max_articles: int = Field(40, ge=1, le=500, description="most articles in an edition, pinned and oldest ones first")
    overflow: Literal["carry", "brief"] = Field(
        "carry", description="carry the other articles over to the next edition, or list them in brief"
    )
    max_per_source: int | None = Field(
        None, ge=1, description="most articles of one source in an edition; the others wait", examples=[10]
    )
    sections: tuple[str, ...] = Field(
        (), description="topics in the order in which an edition shows them", examples=[["Kinh tế", "Văn hóa"]]
    )
    subject: SubjectTemplate = Field(
        DEFAULT_SUBJECT,
        description="subject; places: {first}, {others}, {count}, {date}, {newsletter}, {site}, {number}",
    )
    preheader: PreheaderTemplate = Field(
        DEFAULT_PREHEADER,
        description="what mail programs show beside the subject; also {titles}, those after the first, and {lead}",
    )
    greeting: GreetingTemplate = Field(
        "",
        description="first line; places: {name}, {count}, {date}, {newsletter}, {site}",
        examples=["Kính chào {name}!"],
    )
    blocks: tuple[NewsletterBlock, ...] = Field(
        (),
        description="announcements and sponsors in its editions; see docs/editing.md",
        examples=[[{"label": "Thông báo", "text": "Tòa soạn nghỉ lễ từ **1/9** đến hết **3/9**."}]],
    )
    alerts: Alerts | None = Field(
        None, description="urgent articles that go out at once", examples=[{"topics": ["Khẩn cấp"]}]
    )
    review: Review | None = Field(
        None,
        description="drafts that reviewers approve before they go out",
        examples=[{"reviewers": ["bien.tap@bacson.example"]}],
    )
    recheck: Literal["refresh", "drop", "hold"] = Field(
        "refresh", description="an article changed after the draft: refresh it, drop it, or hold the edition"
    )
    channels: tuple[str, ...] = Field(min_length=1, description="names of the channels that carry it")
    expires_after: Duration = Field(timedelta(hours=24), description="deliveries are no longer tried after this time")
    confirm: Literal["double", "single"] = Field(
        "double", description="double: who signs up on the web gets an email and confirms; single: subscribed at once"
    )
    audience: str = Field(
        "",
        description="who gets it, of its subscribers; all if left out; see docs/audience.md",
        examples=["language == 'vi' and joined < '2026-10-01'"],
    )
    on_the_web: bool = Field(True, description="show it on the web pages: sign-up, archive, feeds")
    on_uncertain: Literal["resend", "hold"] = Field(
        "resend", description="resend or hold an email that may or may not have been sent before a crash"
    )


class Settings(Section):
    """The whole of config.yaml, except the settings of single sources and channels, which their own files declare."""

    site: Site = Field(
        description="the publisher and its site",
        examples=[{"title": "Báo Bắc Sơn", "url": "https://bacson.example"}],
    )
    store: Store = Field(
        Store(),
        description="the database",
        examples=[{"url": "sqlite:///var/distributor.db"}],
    )
    instance: str = Field(
        "",
        description="name of this installation; host and folder if left out; set it in containers",
        examples=["app-1"],
    )
    test_mode: TestMode | None = Field(
        None,
        description="send every email to one address, write everything else to var/test/",
        examples=[{"to": "bien.tap@bacson.example"}],
    )
    images: Images = Field(
        {},
        validate_default=True,
        description="images, resized for emails and pages; `images: off` leaves them to their sources",
        examples=[{"url": "https://bacson.example/images"}],
    )
    bounces: tuple[BounceMailboxSettings, ...] = Field(
        (),
        description="mailboxes that receive bounces and complaints; see docs/bounces.md",
        examples=[
            [
                {
                    "type": "imap",
                    "host": "imap.bacson.example",
                    "username": "bounce@bacson.example",
                    "password": "${BOUNCE_PASSWORD}",
                }
            ]
        ],
    )
    bounce_guard: BounceGuard = Field(
        BounceGuard(),
        description="when an edition bounces so often that staff are asked first",
        examples=[{"min_bounces": 10}],
    )
    retention: Retention = Field(
        Retention(),
        description="how long what is over is kept; see docs/retention.md",
        examples=[{"deliveries": "90d"}],
    )
    alerts: StaffAlerts = Field(
        StaffAlerts(),
        description="who of the staff is told what keeps the newsroom from working; see docs/alerts.md",
        examples=[{"to": ["bien.tap@bacson.example"]}],
    )
    wording: dict[Language, dict[str, str]] = Field(
        {},
        description="your own sentences by language, in place of ours; `distributor config wording` lists them",
        examples=[{"vi": {"unsubscribe": "Ngừng nhận bản tin này"}}],
    )
    max_emails_per_day: int | None = Field(
        None,
        ge=1,
        description="most emails to one subscriber a day; the rest comes with the next edition",
        examples=[3],
    )
    workers: int = Field(1, ge=1, le=64, description="processes of `serve` that send; at most one per core")
    gathering: Gathering = Field(
        Gathering(),
        description="how many sources are asked at once, and how long each server is left alone in between",
        examples=[{"pause": 1.5}],
    )
    web: Web | None = Field(
        None,
        description="web pages of subscribers, and the API; without it `serve` has none",
        examples=[{"listen": "127.0.0.1:8080", "url": "https://news.bacson.example"}],
    )
    attributes: dict[AttributeName, Attribute] = Field(
        {},
        description="what is known of subscribers beside name and language",
        examples=[{"commune": {"label": {"vi": "Xã/phường", "en": "Commune"}}}],
    )
    secret: Secret | None = Field(
        None,
        description="key that signs links to subscribers; var/secret.key if left out",
        examples=["file:var/link.key"],
    )
    old_secrets: tuple[Secret, ...] = Field(
        (),
        description="earlier keys: links in sent emails that they have signed still work",
        examples=[["${OLD_LINK_KEY}"]],
    )
    sources: dict[Slug, dict[str, Any]] = Field(
        min_length=1, description="where articles come from; `distributor sources` shows the types"
    )
    newsletters: dict[Slug, Newsletter] = Field(
        min_length=1,
        description="what goes out, and when",
        examples=[
            {
                "tin-sang": {
                    "title": "Tin sáng",
                    "schedule": "weekdays at 07:00",
                    "channels": ["mail", "feeds", "posts"],
                }
            }
        ],
    )
    channels: dict[Slug, dict[str, Any]] = Field(
        min_length=1, description="how editions go out; `distributor channels` shows the types"
    )

    @property
    def texts(self) -> Texts:
        """The texts that subscribers see."""
        return Texts(self.wording)

    @property
    def web_settings(self) -> Web:
        """The settings of the web pages; the usual ones where nothing is set."""
        return self.web or Web()

    @property
    def links_url(self) -> str:
        """The address below which links of subscribers lie."""
        return self.web.public_url if self.web else self.site.url

    @property
    def images_url(self) -> str:
        """The address below which resized images lie: that of their folder, or of the web pages; empty where there is
        none."""
        if self.images is None or self.images.url:
            return self.images.url or "" if self.images else ""
        return f"{self.web.public_url}/images" if self.web else ""

    def newsletter_language(self, newsletter: Newsletter) -> Language:
        return newsletter.language or self.site.language

    def newsletter_zone(self, newsletter: Newsletter) -> ZoneInfo:
        return newsletter.timezone or self.site.timezone
