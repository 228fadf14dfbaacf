"""Drafts for reviewers, behind a signed link: the very email, its preflight, and buttons that approve, hold or cancel it.

    GET  /review/<token>            the page; it changes nothing, whoever fetches it
    GET  /review/<token>/email/0    the frozen HTML of an email, in a document that can do nothing; /text/0 its text
    POST /review/<token>            `decision`, with `seen`: how many decisions the reviewer had before them
    POST /review/<token>/edit       another subject, introduction, order; `seen` likewise

The link is the authority: there is no session and no cookie that another site could use. A decision is recorded with the
name of the reviewer, and answered with a redirect to the page, which says what was decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from .. import i18n, pipeline
from ..errors import RenderError, UserError
from ..model import EditionState, Language
from ..pipeline import draft_review
from ..pipeline.draft_review import DraftView, ReviewDecision
from ..pipeline.release import DecidedMeanwhile
from ..preflight.findings import Finding
from ..subscribers import tokens
from ..text import clean_line
from . import review_edit
from .context import CONTEXT, page_language
from .forms import first, read_form
from .personal import localized, other_language_path, page_path
from .responses import EMAIL_POLICY, PAGE_POLICY, PageKind, error_page, html_page, html_response

_FRAME_POLICY = PAGE_POLICY.replace("img-src", "frame-src 'self'; img-src", 1)
_TEXT_POLICY = "default-src 'none'; frame-ancestors 'self'; sandbox"
_LONGEST_REASON = 500
_MOST_FINDINGS = 50
_BY_ITSELF = {
    "preflight": "review_page_preflight",
    "the recheck": "review_page_recheck",
    "silence": "review_page_nobody",
}
_OVER = {EditionState.CANCELLED: "cancelled", EditionState.FROZEN: "released", EditionState.DONE: "released"}


@dataclass(frozen=True, slots=True)
class _Visit:
    """A good link: the draft that it is about, and whose it is."""

    draft: DraftView
    reviewer: str


class _NotReviewable(Exception):
    """A link that opens no draft; `response` says why."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


def routes() -> list[web.RouteDef]:
    return [
        *localized("GET", "/review/{token}", _page),
        *localized("HEAD", "/review/{token}", _page),
        *localized("POST", "/review/{token}", _decide),
        *localized("POST", "/review/{token}/edit", _edit),
        *localized("GET", r"/review/{token}/{part:email|text}/{number:\d{1,3}}", _email),
        *localized("HEAD", r"/review/{token}/{part:email|text}/{number:\d{1,3}}", _email),
    ]


async def _page(request: web.Request) -> web.Response:
    try:
        return await _show(request, await _visit(request))
    except _NotReviewable as reason:
        return reason.response


async def _email(request: web.Request) -> web.Response:
    """A copy of an email as it would go out, whose links change nothing."""
    context = request.app[CONTEXT]
    try:
        visit = await _visit(request)
        number = int(request.match_info["number"])
        html, text = await asyncio.to_thread(draft_review.email_parts, context.newsroom, visit.draft, number)
    except _NotReviewable as reason:
        return reason.response
    except IndexError:
        raise web.HTTPNotFound from None
    if request.match_info["part"] == "email":
        return html_response(request, html.encode(), kind=PageKind.PERSONAL, policy=EMAIL_POLICY)
    response = html_response(request, text.encode(), kind=PageKind.PERSONAL, policy=_TEXT_POLICY)
    response.content_type = "text/plain"
    return response


async def _decide(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    try:
        visit = await _visit(request)
    except _NotReviewable as reason:
        return reason.response
    form = await read_form(request)
    decision, seen = first(form, "decision"), first(form, "seen")
    if decision not in list(ReviewDecision) or not (seen.isascii() and seen.isdigit() and len(seen) < 6):
        raise web.HTTPBadRequest
    why = clean_line(first(form, f"reason_{decision}"))[:_LONGEST_REASON]
    try:
        await asyncio.to_thread(
            draft_review.decide,
            context.newsroom,
            context.database,
            visit.draft.row.id,
            ReviewDecision(decision),
            visit.reviewer,
            context.clock(),
            why=why,
            seen=int(seen),
        )
    except DecidedMeanwhile:
        return await _show(request, await _visit(request), problem="review_page_meanwhile")
    except UserError:  # preflight still blocks it, or it is out
        return await _show(request, await _visit(request), problem="review_page_impossible")
    context.wake()
    raise web.HTTPSeeOther(page_path(request, "review"))


async def _edit(request: web.Request) -> web.Response:
    """Freeze the draft anew as the reviewer wants it; a form made of an older state changes nothing."""
    context = request.app[CONTEXT]
    try:
        visit = await _visit(request)
    except _NotReviewable as reason:
        return reason.response
    form = await read_form(request, review_edit.LIMITS)
    seen, shown = first(form, "seen"), review_edit.edit_form(visit.draft)
    if not (seen.isascii() and seen.isdigit() and len(seen) < 6):
        raise web.HTTPBadRequest
    if shown is None:
        return await _show(request, visit, problem="review_page_impossible")
    language = _language(request, visit.draft)
    newsroom, database, id = context.newsroom, context.database, visit.draft.row.id
    edit, filled = review_edit.read_edit(visit.draft, shown, form, language, newsroom.settings.texts)
    if filled.errors:
        return await _show(request, visit, form=filled)
    try:
        await asyncio.to_thread(
            pipeline.edit_draft, newsroom, database, id, edit, visit.reviewer, context.clock(), seen=int(seen)
        )
    except DecidedMeanwhile:
        return await _show(request, await _visit(request), problem="review_page_edit_stale", form=filled)
    except (UserError, RenderError):
        return await _show(request, await _visit(request), problem="review_page_impossible", form=filled)
    context.wake()
    raise web.HTTPSeeOther(page_path(request, "review"))


# -- the link ------------------------------------------------------------------------------------------------------------


async def _visit(request: web.Request) -> _Visit:
    """Raises _NotReviewable."""
    context = request.app[CONTEXT]
    try:
        claim = tokens.read(context.secrets, request.match_info["token"], tokens.Purpose.REVIEW, context.clock())
    except tokens.ExpiredToken:
        raise _NotReviewable(error_page(request, 410, "review_page_expired", "review_page_expired_help")) from None
    except tokens.BadToken:
        raise _NotReviewable(_unknown(request)) from None
    draft = await context.database.read_in_thread(draft_review.find_draft, context.newsroom, claim.subject)
    reviewer = draft_review.find_reviewer(context.newsroom, draft.newsletter, claim.scope) if draft else ""
    if draft is None or not reviewer:
        raise _NotReviewable(_unknown(request))
    return _Visit(draft, reviewer)


def _unknown(request: web.Request) -> web.Response:
    return error_page(request, 404, "link_invalid", "link_invalid_help")


# -- the page ------------------------------------------------------------------------------------------------------------


def _language(request: web.Request, draft: DraftView) -> Language:
    context = request.app[CONTEXT]
    return page_language(request, context.newsroom.settings.newsletter_language(draft.newsletter))


async def _show(
    request: web.Request, visit: _Visit, problem: str = "", form: review_edit.EditForm | None = None
) -> web.Response:
    context = request.app[CONTEXT]
    draft = visit.draft
    findings: Sequence[Finding] = ()
    blocking: Sequence[Finding] = ()
    if draft.choices:
        findings, blocking = await asyncio.to_thread(draft_review.check_draft, context.newsroom, draft, context.clock())
    language = _language(request, draft)
    usual = review_edit.edit_form(draft)
    return html_page(
        request,
        "review",
        language,
        status=409 if problem else 422 if form else 200,
        newsletter=draft.newsletter,
        policy=_FRAME_POLICY,
        action=page_path(request, "review"),
        other_language_url=other_language_path(request, "review", language),
        draft=draft,
        choices=[choice.value for choice in draft.choices if not (choice is ReviewDecision.APPROVE and blocking)],
        deadline=draft.row.due_at,
        overdue=draft.row.due_at <= context.clock(),
        silence=_silence(draft),
        over=_OVER.get(EditionState(draft.row.state), "") if draft.row.state in list(EditionState) else "",
        released_at=draft.row.released_at,
        reviewer=visit.reviewer,
        who=_shown_actor(draft, language, context.newsroom.settings.texts),
        findings=[*blocking, *(one for one in findings if one not in blocking)][:_MOST_FINDINGS],
        blocked=len(blocking),
        problem=problem,
        form=(form or usual) if usual else None,
    )


def _silence(draft: DraftView) -> str:
    review = draft.newsletter.review
    return {"send": "send", "skip": "cancel"}.get(review.if_unanswered if review else "", "hold")


def _shown_actor(draft: DraftView, language: Language, texts: i18n.Texts) -> str:
    """Who has decided; what decides by itself has a name in words."""
    actor = draft.decided.actor if draft.decided else ""
    return texts.translate(language, _BY_ITSELF[actor]) if actor in _BY_ITSELF else actor
