"""The promises about what a channel declares and composes, each with its trial: the faults found, in words."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from ...channel import Corrections, Document, Email, Post
from ...content import decode_content, encode_content
from ...plugins.info import describe
from .evidence import Evidence, NotPromised
from .samples import compose_context, trial_edition, wild_edition
from .watch import Unwatched, untouched


async def manual(evidence: Evidence) -> list[str]:
    described = describe("", evidence.trial.cls, "channels")
    found = [f"setting {setting.name} has no sentence" for setting in described.settings if not setting.help]
    if not described.summary:
        found.append("the docstring of its module is empty")
    if not described.example:
        found.append("the docstring of its module has no example: an indented block that begins with `channels:`")
    return found


async def abilities(evidence: Evidence) -> list[str]:
    cls = evidence.trial.cls
    found = []
    if cls.corrections is Corrections.EDIT and not cls.can("edit"):
        found.append("it declares corrections by EDIT, and has no `edit`")
    if cls.corrections is Corrections.REPLACE and not cls.can("delete"):
        found.append("it declares corrections by REPLACE, and has no `delete`")
    if cls.corrections is not Corrections.EDIT and cls.can("edit"):
        found.append(f"it has an `edit`, which nobody calls: it declares {cls.corrections.name}")
    if evidence.trial.channel.compose_site_wide(compose_context()) and not cls.repeatable:
        found.append("it has site-wide contents, and is not repeatable")
    return found


async def pure(evidence: Evidence) -> list[str]:
    channel, context = evidence.trial.channel, compose_context(evidence.trial.subject.newsroom)

    def compose(with_context: Any) -> list[object]:
        return [*channel.compose(trial_edition(), with_context), *channel.compose_site_wide(with_context)]

    first = compose(context)
    await asyncio.sleep(0.01)  # whoever asks the clock shall get another answer
    with untouched() as touched:
        again = compose(Unwatched(context))
    found = [f"composing touches {event}" for event in touched[:3]]
    if first != again:
        found.append("composing twice gives two different contents")
    return found if first else ["it composes nothing"]


async def variants(evidence: Evidence) -> list[str]:
    names = [content.variant for content in evidence.trial.contents]
    found = [f"{name!r} is no safe file name" for name in names if not re.fullmatch(r"[\w][\w.-]{0,120}", name)]
    if len(set(names)) < len(names):
        found.append("two contents of an edition have the same variant")
    return found


async def wild(evidence: Evidence) -> list[str]:
    try:
        made = evidence.trial.channel.compose(wild_edition(), compose_context(evidence.trial.subject.newsroom))
    except Exception as error:
        return [f"{type(error).__name__}: {str(error)[:200]}"]
    return [f"nothing is left of {content.variant}" for content in made if not encode_content(content)[1]]


async def canonical(evidence: Evidence) -> list[str]:
    found = []
    made = [*evidence.trial.contents, *evidence.trial.channel.compose_site_wide(compose_context())]
    for content in made:
        media_type, body = encode_content(content)
        article = "" if isinstance(content, Email) else content.article
        if decode_content(content.variant, media_type, body, title=content.title, article=article) != content:
            found.append(f"{content.variant} is another one after it was stored and read back")
    return found


async def articles(evidence: Evidence) -> list[str]:
    if evidence.trial.cls.corrections is Corrections.NONE:
        raise NotPromised("it declares that it corrects nothing")
    ids = {article.id for article in trial_edition().articles}
    contents = evidence.trial.contents
    return [
        f"{content.variant} does not say which article it is about, so no correction finds it"
        for content in contents
        if isinstance(content, (Post, Document)) and content.article not in ids
    ]


async def lengths(evidence: Evidence) -> list[str]:
    trial = evidence.trial
    limits = trial.channel.limits
    made = [*trial.contents, *trial.channel.compose(wild_edition(), compose_context(trial.subject.newsroom))]
    posts = [content for content in made if isinstance(content, Post)]
    if not posts or limits.text is None:
        raise NotPromised("its limits have no length of text" if posts else "it makes no posts")
    counted = [(post.variant, limits.measure(post.text)) for post in posts]
    return [f"{variant} has {length} of {limits.text}" for variant, length in counted if length > limits.text]
