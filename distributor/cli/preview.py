"""`distributor preview`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .app import App, clock, complete_channel, complete_newsletter, pass_app, plural, say

if TYPE_CHECKING:
    from ..channel import Channel
    from ..model import Edition, Recipient, Rendition


@click.command("preview", short_help="Write the next edition to a folder, without sending.")
@click.argument("newsletter", metavar="NEWSLETTER|EDITION", shell_complete=complete_newsletter)
@click.option("--channel", "-C", "channels", multiple=True, help="Only this channel.", shell_complete=complete_channel)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Where to. [default: var/preview/NAME]"
)
@click.option("--gather/--no-gather", default=True, show_default=True, help="Look at the sources first.")
@click.option("--open", "open_it", is_flag=True, help="Open the digest in the browser.")
@pass_app
def command(
    app: App, newsletter: str, channels: tuple[str, ...], output: Path | None, gather: bool, open_it: bool
) -> None:
    """Write the next edition to a folder: HTML, text, message, feeds and posts as they would go out.

    Nothing is sent and nothing is marked: the next `send` makes the same edition. The id of an edition that was made
    already (`tin-sang-1`) shows what went out, byte for byte.
    """
    name = newsletter
    if name in app.newsroom.settings.newsletters or not (shown := _made(app, name, channels)):
        shown = _proposed(app, name, channels, gather)
    if shown is None:
        return
    folder = output or app.newsroom.folder / "var" / "preview" / name
    files = write(app, folder, *shown)
    say("Nothing was sent or marked. Written:")
    for file in files:
        say(f"  {file}")
    pages = [file for file in files if file.suffix == ".html"]
    if open_it and pages:
        click.launch(str(pages[0]))


def _made(app: App, name: str, channels: tuple[str, ...]) -> tuple[Edition, tuple[Rendition, ...]] | None:
    """An edition that was made, with its frozen renditions."""
    from ..editions import book

    with app.store() as database, database.read() as connection:
        edition = book.edition(connection, name)
        if edition is None:
            return None
        kept = [one for one in book.renditions_of(connection, name) if not channels or one.channel in channels]
    say(f"{edition.subject}")
    say(f"Edition {edition.id}, frozen {app.local(edition.frozen_at)}, {plural(len(edition.articles), 'article')}.")
    return edition, tuple(one for one in kept if one.channel in app.newsroom.channels)


def _proposed(
    app: App, name: str, channels: tuple[str, ...], gather: bool
) -> tuple[Edition, tuple[Rendition, ...]] | None:
    """The edition that the next send would make."""
    from .. import pipeline
    from ..errors import UserError
    from .gather import gather as look
    from .gather import tell

    known = app.newsroom.newsletter(name)
    unknown = [channel for channel in channels if channel not in known.channels]
    if unknown:
        raise UserError(f"newsletter {name} has no channel {unknown[0]!r}; it has: {', '.join(known.channels)}")
    for seen in look(app) if gather else ():
        if seen.failure or seen.faults:
            tell(seen)
    with app.store() as database:
        proposal = pipeline.propose(app.newsroom, database, known, "preview", clock(), channels)
    if proposal.edition is None:
        say(f"Nothing to preview: {proposal.selection.reason}.")
        return None
    say(f"{proposal.edition.subject}")
    what = plural(len(proposal.edition.articles), "article")
    say(f"{what}, {plural(proposal.audience, 'subscriber')}.")
    return proposal.edition, proposal.renditions


def write(app: App, folder: Path, edition: Edition, renditions: tuple[Rendition, ...]) -> list[Path]:
    """The renditions as files. A personal one is shown as a sample reader would get it."""
    from ..errors import UserError

    files: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for rendition in renditions:
            channel = app.newsroom.channels[rendition.channel]
            for name, body in _files(app, channel, edition, rendition):
                path = folder / rendition.channel / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
                files.append(path)
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return files


_ENDINGS = {
    "application/json": ".json",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "application/feed+json": ".json",
}


def _files(app: App, channel: Channel, edition: Edition, rendition: Rendition) -> list[tuple[str, bytes]]:
    from ..channel import PersonalChannel

    if isinstance(channel, PersonalChannel):
        return _letter(channel.personalise(rendition, sample_recipient(app, edition)), rendition.part)
    ending = _ENDINGS.get(rendition.media_type.partition(";")[0], "")
    return [(rendition.part if rendition.part.endswith(ending) else rendition.part + ending, rendition.body)]


def _letter(message: bytes, part: str) -> list[tuple[str, bytes]]:
    """A message, and its HTML and text parts as files of their own."""
    import email

    files = [(f"{part}.eml", message)]
    for piece in email.message_from_bytes(message).walk():
        ending = {"text/html": ".html", "text/plain": ".txt"}.get(piece.get_content_type())
        body = piece.get_payload(decode=True)
        if ending and isinstance(body, bytes):
            files.append((part + ending, body))
    return sorted(files, key=lambda file: not file[0].endswith(".html"))


def sample_recipient(app: App, edition: Edition, address: str = "ban-doc@example.com", name: str = "") -> Recipient:
    """A reader who is on no list: the links are signed like real ones, but belong to nobody."""
    from ..subscribers.mailing import recipient

    newsroom = app.newsroom
    links = newsroom.settings.site.links_url
    return recipient(edition, "preview", address, name, secret=newsroom.secret(), links=links)
