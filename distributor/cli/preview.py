"""`distributor preview`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .context import (
    CliContext,
    clock,
    complete_channel,
    complete_newsletter,
    gather_option,
    pass_cli_context,
    plural,
    say,
)
from .images import prepare_images
from .newsletters import check_channels, newsletter_or_edition

if TYPE_CHECKING:
    from ..channel import Channel
    from ..editions.segments import Segmentation
    from ..model import Edition, Recipient, Rendition
    from ..preview.collect import EmailRecipients, PreviewInput, RenditionFiles
    from ..preview.page import EditionPreview

MAX_FINDINGS = 20  # lines of preflight on the terminal; the page has all


@click.command("preview", short_help="Write the next edition to a folder, without sending it.")
@click.argument("newsletter", metavar="[NEWSLETTER|EDITION]", default="", shell_complete=complete_newsletter)
@click.option("--all", "every", is_flag=True, help="Write every email, page and post with sample values instead.")
@click.option(
    "--channel",
    "-C",
    "--only",
    "channels",
    metavar="CHANNEL",
    multiple=True,
    help="Write this channel only. Repeatable.",
    shell_complete=complete_channel,
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to.  [default: var/preview/NAME]",
)
@gather_option
@click.option("--open", "open_it", is_flag=True, help="Open the preview page in the browser.")
@pass_cli_context
def command(
    app: CliContext,
    newsletter: str,
    every: bool,
    channels: tuple[str, ...],
    output: Path | None,
    gather: bool,
    open_it: bool,
) -> None:
    """Write the next edition of NEWSLETTER to a folder as it would be sent: HTML, text, message, feeds and posts.

    `index.html` in that folder shows everything on one page: the emails on a phone and on a desktop, light and dark, with
    images and without, the preflight findings, the posts with their length, the feeds and the web page.

    With --all, writes every email, web page and post of both languages with sample values, in your theme, templates and
    wording. It needs no articles and no store.

    Nothing is sent or recorded: the next `send` makes the same edition. For an EDITION (such as `tin-sang-1`), writes what
    was sent, byte for byte.
    """
    if every or not newsletter:
        if not every or newsletter or channels:
            raise click.UsageError("name a newsletter or an edition, or write --all by itself")
        _write_samples(app, output or app.newsroom.folder / "var" / "preview" / "all", open_it)
        return
    name = newsletter
    if name in app.newsroom.settings.newsletters or not (preview := _existing_edition(app, name, channels)):
        preview = _planned_edition(app, name, channels, gather)
    if preview is not None:
        _write_edition(app, name, preview, output or app.newsroom.folder / "var" / "preview" / name, open_it)


def _write_edition(app: CliContext, name: str, preview: PreviewInput, folder: Path, open_it: bool) -> None:
    """The renditions of an edition and the page that shows them, with what preflight finds."""
    from ..preview.collect import collect_preview
    from ..preview.local_images import embed_images
    from ..preview.page import INDEX, render_preview

    written = _rendition_files(app, preview)
    shown = collect_preview(app.newsroom, name, preview, written)
    pages = render_preview(shown, app.newsroom.templates)
    copies = embed_images(pages, app.newsroom.images.cache) if app.newsroom.images else pages
    files = {path: body for one in written for path, body in one.files}
    _write(folder, {**files, **copies})
    _print_findings(shown)
    say("Nothing was sent, and no edition was made. Written:")
    for path in (*files, INDEX):
        say(f"  {folder / path}")
    if open_it:
        click.launch(str(folder / INDEX))


def _write_samples(app: CliContext, folder: Path, open_it: bool) -> None:
    """Every template with sample values. A template that cannot be rendered is told, and makes the run a failed one."""
    from ..design.gallery import INDEX, render_gallery

    files, entries = render_gallery(app.newsroom)
    _write(folder, files)
    faults = [one for one in entries if one.fault]
    for one in faults:
        say(f"{one.title}: {one.fault}", fg="red")
    say(f"{plural(len(entries) - len(faults), 'sample')} in {folder / INDEX}. Nothing was sent.")
    if open_it:
        click.launch(str(folder / INDEX))
    if faults:
        raise SystemExit(1)


# -- the edition -------------------------------------------------------------------------------------------------


def _existing_edition(app: CliContext, name: str, channels: tuple[str, ...]) -> PreviewInput | None:
    """An existing edition, with its frozen renditions."""
    from ..editions import repository as edition_repository
    from ..preview.collect import EmailRecipients, PreviewInput

    with app.store() as database, database.read() as connection:
        edition = edition_repository.find(connection, name)
        if edition is None:
            return None
        kept = [
            one
            for one in edition_repository.list_renditions(connection, name)
            if not channels or one.channel in channels
        ]
        sizes = edition_repository.count_segment_sizes(connection, name)
    what = f"Edition {edition.id}, frozen {app.local(edition.frozen_at)}, {plural(len(edition.articles), 'article')}."
    say(f"{edition.subject}")
    say(what)
    return PreviewInput(
        edition=edition,
        renditions=tuple(one for one in kept if one.channel in app.newsroom.channels),
        recipients_by_variant={variant: EmailRecipients(size=size) for variant, size in sizes.items()}
        if sizes
        else None,
        facts=(what,),
    )


def _planned_edition(app: CliContext, name: str, channels: tuple[str, ...], gather: bool) -> PreviewInput | None:
    """The edition that the next send would make."""
    from .. import pipeline
    from ..preview.collect import PreviewInput
    from .gather import gather_and_warn

    newsletter = newsletter_or_edition(app, name)
    check_channels(newsletter, channels)
    if gather:
        gather_and_warn(app)
    with app.store() as database:
        prepare_images(app, database, newsletter)
        request = pipeline.EditionRequest(newsletter=newsletter, channels=channels or None)
        plan = pipeline.plan_edition(pipeline.StepContext(app.newsroom, database, clock()), request)
    if plan.edition is None:
        say(f"Nothing to preview: {plan.selection.reason}.")
        return None
    what = f"{plural(len(plan.edition.articles), 'article')}, {plural(plan.audience, 'subscriber')}."
    left_out = [
        f"{channel} does not carry {plural(count, 'article')}, because of its limit."
        for channel, count in plan.left_out.items()
    ]
    say(f"{plan.edition.subject}")
    say(what)
    for note in (*plan.notes, *left_out):
        say(f"note: {note}")
    return PreviewInput(
        edition=plan.edition,
        renditions=plan.renditions,
        recipients_by_variant=_recipients_by_variant(plan.segmentation),
        facts=(what,),
        notes=(*plan.notes, *left_out),
    )


def _recipients_by_variant(division: Segmentation) -> Mapping[str, EmailRecipients]:
    """Who would get which email."""
    from ..preview.collect import EmailRecipients

    made = {}
    for segment in division.segments:
        chosen = [preference.topics for preference in segment.preferences]
        topics = sorted({topic for topic in "\n".join(chosen).split("\n") if topic}) if all(chosen) else ()
        made[segment.edition.variant] = EmailRecipients(size=segment.size, topics=tuple(topics))
    return made


# -- what is written ---------------------------------------------------------------------------------------------------


def _rendition_files(app: CliContext, preview: PreviewInput) -> list[RenditionFiles]:
    """Each rendition with its bytes; a personal one as a sample recipient would get it."""
    from ..personal_channel import PersonalChannel
    from ..preview.collect import RenditionFiles

    recipient = sample_recipient(app, preview.edition)
    made = []
    for rendition in preview.renditions:
        channel = app.newsroom.channels[rendition.channel]
        body = channel.personalize(rendition, recipient) if isinstance(channel, PersonalChannel) else rendition.body
        files = [(f"{rendition.channel}/{name}", content) for name, content in _files(channel, rendition, body)]
        made.append(RenditionFiles(rendition=rendition, body=body, files=tuple(files)))
    return made


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raises UserError where that is not possible."""
    from .. import permissions
    from ..errors import UserError

    try:
        permissions.make_folder(folder, permissions.PRIVATE_FOLDER)
        for name, body in files.items():
            permissions.make_folder((folder / name).parent, permissions.PRIVATE_FOLDER)
            (folder / name).unlink(missing_ok=True)
            with permissions.create(folder / name, permissions.PRIVATE) as stream:
                stream.write(body)
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None


_EXTENSIONS = {
    "application/json": ".json",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "application/feed+json": ".json",
}


def _files(channel: Channel, rendition: Rendition, body: bytes) -> list[tuple[str, bytes]]:
    """The names and bytes of what is written of one rendition."""
    if channel.personal:
        return _message_files(body, rendition.variant)
    from ..content import Post

    content = rendition.content
    if isinstance(content, Post):
        return [(f"{rendition.variant}.txt", content.text.encode())]
    ending = _EXTENSIONS.get(rendition.media_type.partition(";")[0], "")
    return [(rendition.variant if rendition.variant.endswith(ending) else rendition.variant + ending, body)]


def _message_files(message: bytes, variant: str) -> list[tuple[str, bytes]]:
    """A message, and its HTML and text parts as files of their own."""
    import email

    files = [(f"{variant}.eml", message)]
    for piece in email.message_from_bytes(message).walk():
        ending = {"text/html": ".html", "text/plain": ".txt"}.get(piece.get_content_type())
        body = piece.get_payload(decode=True)
        if ending and isinstance(body, bytes):
            files.append((variant + ending, body))
    return sorted(files, key=lambda file: not file[0].endswith(".html"))


def sample_recipient(
    app: CliContext, edition: Edition, address: str = "ban-doc@example.com", name: str = ""
) -> Recipient:
    """A recipient who is on no list: the links are signed like real ones, but belong to nobody."""
    from ..subscribers.merge_values import build_recipient

    newsroom = app.newsroom
    links = newsroom.settings.links_url
    return build_recipient(edition, "preview", address, name, secret=newsroom.secret(), links=links)


# -- what is said ------------------------------------------------------------------------------------------------------


def _print_findings(shown: EditionPreview) -> None:
    """Say what preflight finds, each fault once, and which posts are too long."""
    from ..preview.page import group_findings

    if not shown.emails and not shown.posts:
        return
    found = group_findings(shown.emails)
    for one in found[:MAX_FINDINGS]:
        remark = one.finding
        where = f" ({one.where})" if one.where else ""
        some = len(one.emails) < shown.examined
        emails = f", in {len(one.emails)} of {shown.examined} emails" if some else ""
        weight = "BLOCK" if remark.blocks else "warn"
        say(f"{weight} {remark.check}: {remark.message}{where}{emails}", fg="red" if remark.blocks else "yellow")
    if len(found) > MAX_FINDINGS:
        say(f"and {len(found) - MAX_FINDINGS} more, shown on the page")
    for post in shown.posts:
        if post.over:
            say(f"warn {post.channel}: a post of {post.length}, over {post.limit}: {post.title}", fg="yellow")
    if shown.emails:
        part = f" {shown.examined} of {len(shown.emails)} emails were checked."
        say(_summary([one.finding.blocks for one in found]) + (part if shown.examined < len(shown.emails) else ""))


def _summary(found: Sequence[bool]) -> str:
    """The findings in one sentence, from whether each one blocks."""
    if any(found):
        return f"Preflight: {plural(sum(found), 'finding')} would hold the edition."
    return f"Preflight: {plural(len(found), 'warning')}." if found else "Preflight: nothing found."
