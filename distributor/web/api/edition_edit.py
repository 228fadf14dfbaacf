"""Drafts edited through the API: subject, preheader, introduction, order of the articles, articles left out."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ... import pipeline
from ...api_access.tokens import ApiScope
from ...editions.editing import DraftEdit
from ...editorial import clean_markdown, clean_preheader, clean_subject
from .editions import EDITION_PARAMETER, EditionDetail, edition_detail, find_row
from .route import ApiAnswer, ApiCall, ApiRoute
from .values import RequestModel

_ArticleId = Annotated[str, StringConstraints(min_length=1, max_length=60)]
_MOST = 1000  # articles that are named


class EditionEdit(RequestModel):
    """What is to be different in a draft. What is left out stays; an empty text brings the usual one back."""

    version: int = Field(ge=0, description="`version` of the draft that was looked at", examples=[0])
    subject: Annotated[str, AfterValidator(clean_subject)] | None = Field(
        default=None, description="its subject; places such as {first} and {count} work as in config.yaml"
    )
    preheader: Annotated[str, AfterValidator(clean_preheader)] | None = Field(
        default=None, description="the text that mail programs show beside the subject"
    )
    intro: Annotated[str, AfterValidator(clean_markdown)] | None = Field(
        default=None, description="an introduction in Markdown, before the stories"
    )
    order: list[_ArticleId] = Field(
        default=[], max_length=_MOST, description="ids of the articles that come first; the others follow"
    )
    drop: list[_ArticleId] = Field(
        default=[], max_length=_MOST, description="ids of articles to leave out; they wait for the next edition"
    )


def edit(call: ApiCall) -> ApiAnswer:
    wanted: EditionEdit = call.body
    context = call.context
    with context.database.read() as connection:
        id = find_row(connection, call).id
    asked = DraftEdit(
        subject=wanted.subject,
        preheader=wanted.preheader,
        intro=wanted.intro,
        order=wanted.order,
        drop=wanted.drop,
    )
    pipeline.edit_draft(context.newsroom, context.database, id, asked, call.by, call.now, seen=wanted.version)
    context.wake()
    with context.database.read() as connection:
        return ApiAnswer(edition_detail(connection, call))


ROUTES = (
    ApiRoute(
        method="PATCH",
        path="/editions/{edition}",
        name="editEdition",
        summary="Edit a draft: its subject, introduction and articles",
        description="Its emails, posts and pages are made anew at once. An approval given before is void, and the "
        "reviewers are told. 409 where it is no draft any more, or was changed since `version`.",
        scope=ApiScope.EDITIONS_WRITE,
        handler=edit,
        parameters=EDITION_PARAMETER,
        body=EditionEdit,
        answers={200: EditionDetail},
    ),
)
