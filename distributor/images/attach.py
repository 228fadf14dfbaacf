"""Attaching images: articles with what the cache knows of their images. It asks no network and loads no decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model import Article
from ..source import LocalFile, Source
from .cache import CachedImage, ImageCache


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """An image of an article, and the source with whose permissions it is fetched; None if it is not configured. `file` is
    where it lies on this machine, if its source has it on the disk."""

    address: str
    source: Source | None
    file: LocalFile | None = None

    @property
    def cache_scope(self) -> str:
        """The name of the source where its permissions or credentials are used: the result must not be used for others. Of
        a file also which one it is, and of when: one address may stand for several files, and for another one later."""
        if self.source is None:
            return ""
        if self.file is not None:
            return f"{self.source.name} {self.file.inner} {self.file.changed_at()}"
        own = self.source.allow_private or self.source.credentials or type(self.source).login is not Source.login
        return self.source.name if own else ""


@dataclass(frozen=True, slots=True)
class ImageAttacher:
    """Finds the images of articles in the cache.

    An image is fetched with the permissions of the article's source and of no other; an article whose source is not among
    `sources` has none.
    """

    cache: ImageCache
    sources: Mapping[str, Source] = field(default_factory=dict)

    def request(self, article: Article) -> ImageRequest | None:
        """What the image of an article is asked for with; None where it has none."""
        if article.image is None or not article.image.url:
            return None
        source = self.sources.get(article.source)
        return ImageRequest(article.image.url, source, source.image_file(article) if source else None)

    def find(self, article: Article) -> CachedImage | None:
        """What the cache knows of the image of an article."""
        wanted = self.request(article)
        return self.cache.find(wanted.address, wanted.cache_scope) if wanted else None

    def attach(self, article: Article) -> Article:
        """The article with the size and the files of its image; without an image that nobody can show."""
        cached = self.find(article)
        if cached is None or article.image is None:
            return article
        if cached.fault:
            return replace(article, image=None) if cached.unusable else article
        image = replace(article.image, width=cached.width, height=cached.height, variants=cached.files)
        return replace(article, image=image)
