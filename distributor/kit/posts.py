"""Posts: one for each article of an edition, or a thread for each; and the limits of the networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import unquote

from pydantic import Field

from ..channel import Channel, ComposeContext, Picture, Post, PostLimits
from ..errors import RenderError
from ..model import Article, Edition
from ..text import count_bytes, count_graphemes, count_utf16, graphemes, sentence_ends, word_ends
from ..text import cut_words as cut_words  # for channels: a title or summary within a limit

Count = Annotated[int, Field(ge=1)]
Tags = Annotated[int, Field(ge=0, le=10)]

ThreadPosts = Annotated[
    int,
    "most posts about one article: a lead that is too long for one goes on in answers; 1 makes no threads",
    Field(ge=1, le=25),
]
Mentions = Annotated[bool, "an @name in a headline or lead mentions that account"]

# Mastodon: grapheme clusters, 23 for each address; 500 unless the instance says otherwise (its API, v2/instance).
MASTODON = PostLimits(text=500, count=count_graphemes, url=23)
# Telegram: 4,096 "characters after entities parsing", which its entities measure in UTF-16 code units.
TELEGRAM = PostLimits(text=4096, count=count_utf16)
# Bluesky: 300 graphemes and 3,000 bytes, both at once (lexicon app.bsky.feed.post); an address counts as written.
BLUESKY = PostLimits(text=300, count=lambda text: max(count_graphemes(text), -(-count_bytes(text) // 10)))

# X: 280 weighted units, an address 23. Code points to 4351 and three ranges of punctuation weigh one, all others two
# (twitter-text, configuration 3): emoji, Chinese, and the Vietnamese letters from U+1EA0 on (ạ, ế, ự).
X = PostLimits(text=280, count=lambda text: sum(_weight_on_x(sign) for sign in text), url=23)
# Pages of Facebook: 63,206 characters (its own limit for a post's message).
FACEBOOK = PostLimits(text=63_206, count=len)


def _weight_on_x(sign: str) -> int:
    code = ord(sign)
    light = code <= 0x10FF or 0x2000 <= code <= 0x200D or 0x2010 <= code <= 0x201F or 0x2032 <= code <= 0x2037
    return 1 if light else 2


_LEAD = "post/lead.txt.j2"  # title and lead only, prepared as in any post
_HEAD_WORDS = 3  # a lead that is cut within its first sentence shows so many words at least
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


def compose_posts(
    channel: Channel,
    edition: Edition,
    context: ComposeContext,
    template: str,
    tags: int = 0,
    *,
    mentions: bool = False,
    longest: int = 1,
) -> list[Post]:
    """One post per article in the order of the edition, within the limits of the channel, or a thread of at most `longest`
    posts for each. Pure.

    `tags` is how many hashtags a post may have. With `mentions` an @ in a headline may name an account.
    """
    composer = PostComposer(channel, edition, context, template, tags, mentions, longest)
    return [post for article in edition.articles for post in composer.compose(article)]


@dataclass(frozen=True)
class PostComposer:
    """Composes the posts about an article. See `compose_posts`."""

    channel: Channel
    edition: Edition
    context: ComposeContext
    template: str
    tags: int = 0
    mentions: bool = False
    longest: int = 1

    def compose(self, article: Article) -> list[Post]:
        """The posts about an article. An address that leaves no room for anything else stands in `link` alone."""
        try:
            return self._compose(article)
        except RenderError:
            if not article.url:
                raise
            head, *rest = self._compose(replace(article, url=""))
            return [replace(head, link=article.url), *rest]

    def _compose(self, article: Article) -> list[Post]:
        """One post where the lead fits into it, or no thread is wanted; else a post with as many of its sentences as fit and
        the link, and up to `longest - 1` more with what follows, each the answer to the one before.

        They are cut after a sentence, or after a word where a sentence is too long by itself, with an ellipsis on both
        sides; a word that is too long is cut between graphemes.
        """
        lead = self._prepared_lead(article) if self.longest > 1 and self.channel.limits.text is not None else ""
        either = (self.tags, 0) if self.tags else (0,)  # hashtags give way before a sentence does
        if not lead or any(self._shows(article, lead, some) for some in either):
            return [self._post(article, self.tags)]
        for some in either:
            end = self._last(article, sentence_ends(lead), lead, some)
            if end:
                return self._thread(article, lead[:end], lead[end:], some)
        end = self._last(article, word_ends(lead)[_HEAD_WORDS - 1 :], lead, self.tags, "…")
        return self._thread(article, f"{lead[:end]}…" if end else "", lead[end:], self.tags)

    def _text(self, article: Article, limits: PostLimits, tags: int) -> str:
        return self.context.post(
            article,
            limits,
            self.template,
            tags=tags,
            medium=self.channel.name,
            campaign=self.edition.id,
            mentions=self.mentions,
        ).strip()

    def _post(self, article: Article, tags: int) -> Post:
        text, image = self._text(article, self.channel.limits, tags), article.image
        return Post(
            variant=article.id,
            text=text,
            title=article.title,
            summary=_summary_of(article, self.context),
            link=_link_of(article, text),
            pictures=(Picture(url=image.url, alt=image.alt or image.caption),) if image and image.url else (),
            tags=tuple(article.topics[:tags]),
            language=article.language or self.edition.language.value,
            article=article.id,
        )

    def _thread(self, article: Article, shown: str, rest: str, tags: int) -> list[Post]:
        """A post with the lead that is shown, and what follows."""
        summary = _summary_of(article, self.context)
        head = replace(self._post(_with_lead(article, shown), tags), summary=summary)
        return [head, *_answers(head, _continuations(rest, shown.endswith("…"), self._fits, self.longest - 1))]

    def _prepared_lead(self, article: Article) -> str:
        """The lead as posts show it, whole."""
        return self.context.post(article, PostLimits(), _LEAD, mentions=self.mentions).partition("\n\n")[2]

    def _shows(self, article: Article, lead: str, tags: int) -> bool:
        """Whether a post can show all of a lead."""
        return self._fits(self._text(_with_lead(article, lead), replace(self.channel.limits, text=None), tags))

    def _fits(self, text: str) -> bool:
        limits = self.channel.limits
        return limits.text is None or limits.measure(text) <= limits.text

    def _last(self, article: Article, ends: Sequence[int], lead: str, tags: int, ending: str = "") -> int:
        """The last of the ends up to which a post can show a lead, with an ending; 0 where there is none."""
        return _last(ends, lambda end: self._shows(article, lead[:end] + ending, tags))


def _with_lead(article: Article, lead: str) -> Article:
    """Without a body, of which a missing lead would be made."""
    return replace(article, lead=lead, body_html="")


def _summary_of(article: Article, context: ComposeContext) -> str:
    """The lead of an article; where it has none, the first sentences of its body."""
    if article.lead or not article.body_html:
        return article.lead
    return context.post(article, PostLimits(), _LEAD, mentions=True).partition("\n\n")[2].strip()


def _link_of(article: Article, text: str) -> str:
    """The address of the article as it stands in a post, perhaps with what statistics need; else as the source gives it, if
    it is one of the web."""
    page = _page(article.url)
    found = next((url for url in reversed(find_urls(text)) if _page(url) == page), article.url)
    return found if _URL.fullmatch(found) else ""


def _page(url: str) -> str:
    return unquote(re.split("[?#]", url)[0])


# -- threads -------------------------------------------------------------------------------------------------------------


def _answers(head: Post, texts: Sequence[str]) -> list[Post]:
    names = [head.variant, *(f"{head.variant}-{number}" for number in range(2, len(texts) + 2))]
    return [
        Post(
            variant=name, text=text, title=head.title, language=head.language, article=head.article, follows=before
        )
        for before, name, text in zip(names, names[1:], texts, strict=False)
    ]  # fmt: skip


def _continuations(text: str, broken: bool, fits: Callable[[str], bool], most: int) -> list[str]:
    """A text in at most so many parts that fit, what is over left out. `broken`: it begins within a sentence."""
    parts: list[str] = []
    rest = _without_space(text)
    while rest and len(parts) < most:
        opening = "…" if broken else ""
        end, broken = _next_end(opening, rest, fits)
        if not end:  # the limit is smaller than a letter
            break
        parts.append(f"{opening}{rest[:end]}…" if broken else opening + rest[:end])
        rest = _without_space(rest[end:])
    return parts


def _next_end(opening: str, text: str, fits: Callable[[str], bool]) -> tuple[int, bool]:
    """How much of a text fits, and whether that ends within a sentence."""
    if fits(opening + text):
        return len(text), False
    if end := _last(sentence_ends(text), lambda end: fits(opening + text[:end])):
        return end, False

    def broken_fits(end: int) -> bool:
        return fits(f"{opening}{text[:end]}…")

    return _last(word_ends(text), broken_fits) or _last(_grapheme_ends(text), broken_fits), True


def _last(ends: Sequence[int], fits: Callable[[int], bool]) -> int:
    """The last of ever later ends that fits, by binary search; 0 where none does."""
    best, low, high = 0, 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if fits(ends[middle]):
            best, low = ends[middle], middle + 1
        else:
            high = middle
    return best


def _grapheme_ends(text: str) -> list[int]:
    ends, at = [], 0
    for grapheme in graphemes(text):
        at += len(grapheme)
        ends.append(at)
    return ends


def _without_space(text: str) -> str:
    """A text without the spaces at its beginning; a space with a mark upon it is none."""
    at = 0
    for grapheme in graphemes(text[:100]):
        if not grapheme.isspace():
            break
        at += len(grapheme)
    return text[at:]


# -- addresses -----------------------------------------------------------------------------------------------------------


def url_spans(text: str) -> list[tuple[int, int]]:
    """Where addresses stand in a text. One with a line for itself is taken whole; at the end of another, punctuation belongs
    to the sentence, and a bracket that was not opened within it."""
    spans = []
    for found in _URL.finditer(text):
        start, end = found.span()
        line = text[text.rfind("\n", 0, start) + 1 :].partition("\n")[0]
        if line.strip() != found[0]:
            end = start + len(_without_punctuation(found[0]))
        spans.append((start, end))
    return spans


def find_urls(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return [text[start:end] for start, end in url_spans(text)]


def _without_punctuation(url: str) -> str:
    while url.endswith(tuple(".,;:!?…\"'”’»")) or (url.endswith(")") and url.count(")") > url.count("(")):
        url = url[:-1]
    return url
