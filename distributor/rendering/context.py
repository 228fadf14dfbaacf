"""Render context: what channels compose posts, digests and pages with. Values and templates, nothing that acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from .. import i18n
from ..channel import Digest, PostLimits
from ..config.schema import Newsletter, Site
from ..merge_fields import merge_tag
from ..model import Article, Edition, Language, Notice, NoticeKind
from . import posts
from .cache import RenderCache
from .digest import DigestOptions, render_digest
from .globals import RenderSettings, common_values
from .pages import render_article_page, render_edition_page
from .templates import Templates
from .transactional import render_transactional
from .views import add_utm_parameters, article_view, clean_text, safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRenderContext:
    """Implements `distributor.channel.SiteContext`: what is shown of all articles, whatever the newsletter."""

    site: Site
    published: tuple[Article, ...]
    templates: Templates
    language: Language
    zone: ZoneInfo
    texts: i18n.Texts

    @property
    def settings(self) -> RenderSettings:
        return RenderSettings(
            site=self.site, newsletter=None, zone=self.zone, templates=self.templates, texts=self.texts
        )

    def render(self, template: str, **values: object) -> str:
        """A template with the values of every template and these. Raises RenderError."""
        common = common_values(self.settings, self.language)
        return self.templates.render(template, {**common, **values})

    def article_page(self, article: Article, url: str, creator: str = "") -> str:
        """The web page of an article. Raises RenderError."""
        return render_article_page(article, self.settings, self.language, url=url, creator=creator)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext(SiteRenderContext):
    """Implements `distributor.channel.ComposeContext` for one newsletter at one moment. `attributes` are the names of those
    that subscribers have; `notes` collects remarks for staff on the emails rendered. `has_preferences`: there are web pages
    on which subscribers change their preferences; `subscribe_url` is the page on which others subscribe."""

    newsletter: Newsletter
    announced: tuple[Article, ...]
    attributes: tuple[str, ...] = ()
    corrected: tuple[Edition, ...] = ()
    web_url: str = ""
    has_preferences: bool = False
    subscribe_url: str = ""
    render_cache: RenderCache = field(default_factory=RenderCache, compare=False, repr=False)
    notes: list[str] = field(default_factory=list, compare=False)

    @property
    def settings(self) -> RenderSettings:
        return RenderSettings(
            site=self.site,
            newsletter=self.newsletter,
            zone=self.zone,
            templates=self.templates,
            attributes=self.attributes,
            texts=self.texts,
        )

    def post(
        self,
        article: Article,
        limits: PostLimits,
        template: str = "post/article.txt.j2",
        *,
        tags: int = 0,
        medium: str = "",
        campaign: str = "",
        mentions: bool = False,
    ) -> str:
        """A post about one article. Raises RenderError, also where not even the template itself fits."""
        prepare: Callable[[str], str] = str if mentions else posts.without_mentions
        view = article_view(article, self.language, self.zone, self.newsletter.sections)
        view = replace(
            view,
            title=prepare(view.title),
            lead=prepare(view.lead),
            author=prepare(view.author),
            topic=prepare(view.topic),
        )
        heading, lead = prepare(clean_text(article.title)), prepare(clean_text(article.lead)) or view.lead
        url = self._tagged(view.url, medium, campaign)
        if not mentions:
            url = posts.link_without_mentions(url)

        def render(title: str, lead: str, tags: str) -> str:
            return self.render(template, title=title, lead=lead, url=url, tags=tags, story=view)

        own = posts.hashtags([clean_text(topic) for topic in article.topics], tags)
        return posts.compose_post(render, heading, lead, limits, own)

    def _tagged(self, url: str, medium: str, campaign: str) -> str:
        return add_utm_parameters(url, self.site.url, source=self.site.utm_source, medium=medium, campaign=campaign)

    def digest(self, edition: Edition) -> Digest:
        """The email of an edition: a digest, an alert, or a correction. Raises RenderError."""
        if edition.notice:
            return self._correction(edition, edition.notice)
        options = DigestOptions(
            notes=dict.fromkeys(edition.known, self.texts.translate(edition.language, "alerted")),
            web_url=self.web_url,
            preferences_url=merge_tag("preferences_url") if self.has_preferences else "",
            subscribe_url=self.subscribe_url,
            link=lambda url: self._tagged(url, "email", edition.id),
        )
        made = render_digest(edition, self.settings, options, self.render_cache)
        self.notes.extend(f"{edition.variant}: {note}" for note in made.notes)
        return made

    def edition_page(self, edition: Edition, url: str, creator: str = "") -> str:
        """The web page of an edition. Raises RenderError."""
        return render_edition_page(edition, self.settings, url=url, creator=creator)

    def _correction(self, edition: Edition, notice: Notice) -> Digest:
        email = render_transactional(
            "email/correction",
            self.settings,
            edition.language,
            article=edition.articles[0],
            note=notice.note or self.texts.translate(edition.language, f"notice_{notice.kind}_usual"),
            carried_at=edition.carried_at or edition.issued_at,
            corrected_at=notice.at,
            withdrawn=notice.kind is NoticeKind.WITHDRAWAL,
        )
        return replace(email, subject=safe_text(edition.subject))
